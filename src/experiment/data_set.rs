//! Examples as the file gives or names them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::FileHash;
use super::tables::word;

/// Explicit inputs and targets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// One list for each example, n_0 numbers each.
    pub x: Vec<Vec<f64>>,
    /// One list for each example, n_L numbers each.
    pub y: Vec<Vec<f64>>,
}

/// Which examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetKind {
    /// Clouds at the corners of a square, opposite ones of one class.
    Xor,
    /// A circle of radius 1 around one of ½.
    Circles,
    /// Two spirals of one and three quarter turns.
    Spirals,
    /// Clouds at (1, 1) and (−1, −1).
    Clusters,
    /// Handwritten digits, 8 × 8 grey levels from 0 to 1.
    Digits,
    /// A file's rows.
    File,
}

impl SetKind {
    /// Every set.
    pub const ALL: [Self; 6] =
        [Self::Xor, Self::Circles, Self::Spirals, Self::Clusters, Self::Digits, Self::File];

    /// The name in files.
    pub fn id(self) -> &'static str {
        match self {
            Self::Xor => "xor",
            Self::Circles => "circles",
            Self::Spirals => "spirals",
            Self::Clusters => "clusters",
            Self::Digits => "digits",
            Self::File => "file",
        }
    }

    /// One sentence for a list.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Xor => {
                "clouds at the corners of the unit square; with noise = 0 its four corners"
            }
            Self::Circles => "a circle of radius 1 around one of 0.5",
            Self::Spirals => "two spirals of 1.75 turns, radius up to 1",
            Self::Clusters => "clouds at (1, 1) and (-1, -1)",
            Self::Digits => "1,797 handwritten digits of 8 × 8 grey levels (UCI, CC BY 4.0)",
            Self::File => {
                "the file at path: a CSV file, its last column the label or target, or X and y in a .npz file"
            }
        }
    }

    pub(super) fn is_generated(self) -> bool {
        !matches!(self, Self::Digits | Self::File)
    }

    /// n_0 and the number of classes; none for a file.
    pub(super) fn inputs_and_classes(self) -> Option<[usize; 2]> {
        match self {
            Self::File => None,
            Self::Digits => Some([64, 10]),
            _ => Some([2, 2]),
        }
    }
}

/// The keys of `[data]` with a set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSet {
    /// Which examples.
    #[serde(deserialize_with = "word")]
    pub set: SetKind,
    /// Where a file's rows are, relative to the experiment's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What that file was when it was last read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<FileHash>,
    /// How many are generated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub examples: Option<usize>,
    /// The standard deviation of what is added to each generated input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<f64>,
    /// The share that no step learns from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<f64>,
    /// Whether inputs get mean 0 and variance 1 over the examples that are learned from.
    #[serde(default, skip_serializing_if = "is_false")]
    pub standardize: bool,
    /// What was read from `path`.
    #[serde(skip)]
    pub loaded: Option<Arc<Examples>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// Examples with one label or target each.
#[derive(Clone, Debug, PartialEq)]
pub struct Examples {
    /// n_0 numbers a row.
    pub inputs: usize,
    /// Row by row.
    pub x: Vec<f64>,
    /// One a row: the number of its class, from 0, or what is to be met.
    pub targets: Vec<f64>,
}

/// Examples that are learned from, and those that are held out.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// Learned from.
    pub training: Data,
    /// Held out; may be none.
    pub test: Data,
}

impl DataSet {
    /// A set with what the file leaves out.
    pub fn of(set: SetKind) -> Self {
        Self {
            set,
            path: None,
            sha256: None,
            examples: None,
            noise: None,
            test: None,
            standardize: false,
            loaded: None,
        }
    }
}
