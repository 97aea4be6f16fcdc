//! The small choices of an architecture: loss, precision, stream of draws.

use serde::{Deserialize, Serialize};

/// The loss L of one example; a batch's loss is the mean of its examples' losses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// ½‖a − y‖², so that ∇ₐL = a − y.
    #[default]
    Mse,
}

impl Loss {
    /// Every loss.
    pub const ALL: [Self; 1] = [Self::Mse];

    /// The name in files and on the command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::Mse => "mse",
        }
    }

    /// The name on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Mse => "Squared error",
        }
    }

    /// One sentence for a tooltip.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Mse => "½‖a − y‖² for one example: ∇L = a − y, then times σ′(z).",
        }
    }
}

/// The floating-point format in which a pass is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// IEEE double precision.
    #[default]
    F64,
    /// IEEE single precision.
    F32,
}

impl Precision {
    /// Every precision.
    pub const ALL: [Self; 2] = [Self::F64, Self::F32];

    /// The name in files and on screen.
    pub fn id(self) -> &'static str {
        match self {
            Self::F64 => "f64",
            Self::F32 => "f32",
        }
    }

    /// One sentence for a tooltip.
    pub fn hint(self) -> &'static str {
        match self {
            Self::F64 => "Double precision: 16 digits.",
            Self::F32 => "Single precision: 7 digits. The lab still never loses a norm.",
        }
    }

    /// log10 of the smallest positive (subnormal) number.
    pub fn log10_smallest(self) -> f64 {
        match self {
            Self::F64 => -323.306_215_343_115_8,
            Self::F32 => -44.846_496_744_103_38,
        }
    }
}

/// Where the random numbers come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Draws {
    /// NumPy's legacy generator, one stream for the whole network: the chapter's digits.
    #[default]
    Numpy,
    /// One Xoshiro256++ stream for each layer: a layer more draws one layer more.
    Layered,
}

impl Draws {
    /// Both streams.
    pub const ALL: [Self; 2] = [Self::Numpy, Self::Layered];

    /// The name in files.
    pub fn id(self) -> &'static str {
        match self {
            Self::Numpy => "numpy",
            Self::Layered => "layered",
        }
    }

    /// The name on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Numpy => "NumPy's stream",
            Self::Layered => "A stream for each layer",
        }
    }

    /// One sentence for a tooltip.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Numpy => {
                "np.random.seed(seed), then W1…WL, x, y with randn: the chapter's own digits. Any other size changes every draw."
            }
            Self::Layered => {
                "Each layer has its own Xoshiro256++ stream: one layer more leaves the others' draws as they are, and sliding is faster."
            }
        }
    }
}
