//! An activation in a file: its name, or a table with its name and its parameter.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::Activation;

impl Serialize for Activation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.parameter_key(), self.parameter()) {
            (Some(key), Some(parameter)) if parameter.value != parameter.default => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("kind", self.id())?;
                map.serialize_entry(key, &parameter.value)?;
                map.end()
            }
            _ => serializer.serialize_str(self.id()),
        }
    }
}

impl<'de> Deserialize<'de> for Activation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NameOrTable)
    }
}

#[derive(Clone, Copy)]
struct NameOrTable;

impl<'de> Visitor<'de> for NameOrTable {
    type Value = Activation;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a name or a table")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Activation, E> {
        let mut all = Activation::ALL.into_iter();
        all.find(|activation| activation.id() == name)
            .ok_or_else(|| E::custom("no activation of that name"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Activation, A::Error> {
        let (mut kind, mut given) = (None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "kind" => kind = Some(self.visit_str(&map.next_value::<String>()?)?),
                key if Activation::ALL.iter().any(|a| a.parameter_key() == Some(key)) => {
                    given = Some((key.to_owned(), map.next_value()?));
                }
                key => return Err(unknown(key, None)),
            }
        }
        let kind: Activation = kind.ok_or_else(|| Error::missing_field("kind"))?;
        match given {
            None => Ok(kind),
            Some((key, number)) if kind.parameter_key() == Some(&key) => {
                Ok(kind.with_parameter(number))
            }
            Some((key, _)) => Err(unknown(&key, Some(kind))),
        }
    }
}

/// In the words that serde has for keys of a struct.
fn unknown<E: Error>(key: &str, kind: Option<Activation>) -> E {
    let own = kind.and_then(Activation::parameter_key);
    let expected = own.map_or(String::new(), |own| format!(" or `{own}`"));
    E::custom(format_args!("unknown field `{key}`, expected `kind`{expected}"))
}
