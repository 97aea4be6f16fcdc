//! The loss scale of training in a narrow format, as `[training]` has it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::{Serialize, Serializer};

/// By what the loss is multiplied before the backward pass of a narrow format; gradients are
/// divided by it before the update (Micikevicius et al., *Mixed Precision Training*, 2018).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LossScaling {
    /// A power of two.
    Static(f64),
    /// Halved when a gradient overflows, doubled after 2000 steps without one, as in
    /// `torch.amp.GradScaler`.
    Dynamic,
}

impl LossScaling {
    /// The name in files of a scale that changes.
    pub const DYNAMIC: &'static str = "dynamic";
}

impl Serialize for LossScaling {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Static(scale) => serializer.serialize_f64(*scale),
            Self::Dynamic => serializer.serialize_str(Self::DYNAMIC),
        }
    }
}

impl<'de> Deserialize<'de> for LossScaling {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrName;

        impl Visitor<'_> for NumberOrName {
            type Value = LossScaling;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a number or a name")
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<LossScaling, E> {
                Ok(LossScaling::Static(number))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<LossScaling, E> {
                Ok(LossScaling::Static(number as f64))
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<LossScaling, E> {
                match name {
                    LossScaling::DYNAMIC => Ok(LossScaling::Dynamic),
                    _ => Err(E::custom("no loss scale of that name")),
                }
            }
        }

        deserializer.deserialize_any(NumberOrName)
    }
}
