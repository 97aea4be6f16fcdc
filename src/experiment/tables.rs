//! Tables that are read by their keys alone, and choices by their names: serde's structs would
//! also take a list of values by position, and its enums a table, which no file means.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// A struct that stands as a table.
struct Table<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Keys<T> {
            type Value = T;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a table")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }

        deserializer.deserialize_map(Keys(PhantomData)).map(Self)
    }
}

/// A choice that stands as its name.
struct Word<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Name<T> {
            type Value = T;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a name")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<T, E> {
                T::deserialize(StrDeserializer::new(name))
            }
        }

        deserializer.deserialize_str(Name(PhantomData)).map(Self)
    }
}

/// For `#[serde(deserialize_with)]` on an enum.
///
/// # Errors
/// What the deserializer says, also of a table.
pub fn word<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Word::deserialize(deserializer).map(|Word(value)| value)
}

/// For `#[serde(deserialize_with)]` on an enum that may be absent.
///
/// # Errors
/// What the deserializer says, also of a table.
pub fn optional_word<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Option::<Word<T>>::deserialize(deserializer).map(|word| word.map(|Word(value)| value))
}

/// For `#[serde(deserialize_with)]` on a struct.
///
/// # Errors
/// What the deserializer says, also of a list.
pub fn table<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Table::deserialize(deserializer).map(|Table(value)| value)
}

/// For `#[serde(deserialize_with)]` on a struct that may be absent.
///
/// # Errors
/// What the deserializer says, also of a list.
pub fn optional_table<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Option::<Table<T>>::deserialize(deserializer).map(|table| table.map(|Table(value)| value))
}

/// For `#[serde(deserialize_with)]` on a list of structs and gaps.
///
/// # Errors
/// What the deserializer says, also of a list in a table's place.
pub fn optional_tables<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<Option<T>>, D::Error> {
    let tables = Vec::<Option<Table<T>>>::deserialize(deserializer)?;
    Ok(tables.into_iter().map(|table| table.map(|Table(value)| value)).collect())
}

/// For `#[serde(deserialize_with)]` on a list of structs.
///
/// # Errors
/// What the deserializer says, also of a list in a table's place.
pub fn tables<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let tables = Vec::<Table<T>>::deserialize(deserializer)?;
    Ok(tables.into_iter().map(|Table(value)| value).collect())
}
