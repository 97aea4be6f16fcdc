//! The ends of floating-point formats, and what formats keep of norms.

use crate::engine::{Scaled, StoredDelta};
use crate::study::LayerPrecision;

use super::number::{full, readable};

/// One end of a format, as a line through bars.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// `fp16 largest`.
    pub name: String,
    /// The number.
    pub number: f64,
    /// Its logarithm.
    pub log10: f64,
    /// Whether the axis reaches as far.
    pub in_sight: bool,
    /// What it is, in a sentence.
    pub hint: String,
}

/// What a format keeps of one variant's norms, as marks on its bars.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredNorms {
    /// The format's name.
    pub format: &'static str,
    /// The variant's index.
    pub variant: usize,
    /// The variant's name.
    pub name: String,
    /// One for each layer.
    pub norms: Vec<StoredNorm>,
}

/// The norm that a format keeps of a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum StoredNorm {
    /// This norm.
    Norm(Scaled),
    /// Zero, as it is.
    TrueZero,
    /// Zero, as it is not.
    Flushed,
    /// Something is infinite or no number.
    NotFinite,
}

impl StoredNorm {
    pub(super) fn of(stored: &StoredDelta, exact: &LayerPrecision) -> Self {
        match stored.norm {
            None => Self::NotFinite,
            Some(norm) if !norm.is_zero() => Self::Norm(norm),
            Some(_) if exact.norm.is_zero() => Self::TrueZero,
            Some(_) => Self::Flushed,
        }
    }

    /// log10, where it is a number and not zero.
    pub fn log10(self) -> Option<f64> {
        match self {
            Self::Norm(norm) => norm.log10(),
            Self::TrueZero | Self::Flushed | Self::NotFinite => None,
        }
    }

    /// The norm with all its digits, or what became of it.
    pub(super) fn exact(self) -> String {
        self.words(full)
    }

    /// The norm with seven digits, to be read beside the axis, or what became of it.
    pub fn told(self) -> String {
        self.words(|norm| readable(norm, 7))
    }

    fn words(self, number: impl Fn(Scaled) -> String) -> String {
        match self {
            Self::Norm(norm) => number(norm),
            Self::TrueZero => "0".to_owned(),
            Self::Flushed => "flushed to 0".to_owned(),
            Self::NotFinite => "not finite".to_owned(),
        }
    }
}
