//! An activation in a file: its name, or a table with its name and its parameter.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::Activation;

impl Serialize for Activation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.own_parameter() {
            Some(own) => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("kind", self.id())?;
                map.serialize_entry(own.key, &own.value)?;
                map.end()
            }
            None => serializer.serialize_str(self.id()),
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
        let keys = || Activation::ALL.iter().filter_map(|a| a.parameter()).map(|own| own.key);
        let (mut kind, mut given) = (None, Vec::new());
        while let Some(key) = map.next_key::<String>()? {
            if key == "kind" {
                kind = Some(self.visit_str(&map.next_value::<String>()?)?);
            } else if keys().any(|own| own == key) {
                given.push((key, map.next_value()?));
            } else {
                map.next_value::<IgnoredAny>()?;
                given.push((key, f64::NAN));
            }
        }
        let kind: Activation = kind.ok_or_else(|| Error::custom("no activation"))?;
        let own = kind.parameter().map(|own| own.key);
        if let Some((key, _)) = given.iter().find(|(key, _)| own != Some(key.as_str())) {
            // In the words that serde has for keys of a struct.
            let own = own.map_or(String::new(), |own| format!(" or `{own}`"));
            let words = format!("unknown field `{key}`, expected `kind`{own}");
            return Err(Error::custom(words));
        }
        Ok(given.first().map_or(kind, |(_, number)| kind.with_parameter(*number)))
    }
}
