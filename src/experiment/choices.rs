//! The small choices of an architecture: loss, precision, stream of draws.

use serde::{Deserialize, Serialize};

use super::Activation;

/// The loss L of one example; a batch's loss is the mean of its examples' losses.
///
/// The two cross-entropies decide the output layer's law themselves: a sigmoid, or the softmax
/// of all logits. There the Jacobian cancels and δ^(L) = a^(L) − y.
///
/// ```
/// use gradient_lab::experiment::{Activation, Loss};
/// assert_eq!(Loss::Mse.output_activation(), None); // the variant's choice
/// assert_eq!(Loss::Bce.output_activation(), Some(Activation::Sigmoid));
/// assert!(Loss::SoftmaxCe.cancels_slope());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// ½‖a − y‖², so that ∇ₐL = a − y.
    #[default]
    Mse,
    /// −Σ_j (y_j ln a_j + (1 − y_j) ln(1 − a_j)) with a = σ(z), 0 ≤ y_j ≤ 1.
    Bce,
    /// −Σ_j y_j ln a_j with a = softmax(z), y_j ≥ 0 and Σ y_j = 1.
    SoftmaxCe,
}

impl Loss {
    /// Every loss.
    pub const ALL: [Self; 3] = [Self::Mse, Self::Bce, Self::SoftmaxCe];

    /// The name in files and on the command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::Mse => "mse",
            Self::Bce => "bce",
            Self::SoftmaxCe => "softmax_ce",
        }
    }

    /// The name on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Mse => "Squared error",
            Self::Bce => "Binary cross-entropy",
            Self::SoftmaxCe => "Softmax cross-entropy",
        }
    }

    /// One sentence for a tooltip.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Mse => "½‖a − y‖² for one example: ∇L = a − y, then times σ′(z).",
            Self::Bce => {
                "−y ln a − (1 − y) ln(1 − a) on a sigmoid output: σ′ cancels and δ of the output layer is a − y."
            }
            Self::SoftmaxCe => {
                "−Σ y ln a on a softmax output of 2 or more units: the Jacobian cancels and δ of the output layer is a − y."
            }
        }
    }

    /// φ of the output layer's units where the loss decides it, `None` where the variant does.
    ///
    /// The softmax acts on the layer as a whole and belongs to the loss: unit by unit its
    /// layer is linear, and what stands for a^(L) is the softmax of its logits.
    pub fn output_activation(self) -> Option<Activation> {
        match self {
            Self::Mse => None,
            Self::Bce => Some(Activation::Sigmoid),
            Self::SoftmaxCe => Some(Activation::Linear),
        }
    }

    /// Whether the output's slope cancels, so that δ^(L) = a^(L) − y.
    pub fn cancels_slope(self) -> bool {
        self != Self::Mse
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
    /// IEEE half precision, emulated.
    Fp16,
    /// bfloat16, emulated.
    Bf16,
}

impl Precision {
    /// Every precision.
    pub const ALL: [Self; 4] = [Self::F64, Self::F32, Self::Fp16, Self::Bf16];

    /// The name in files and on screen.
    pub fn id(self) -> &'static str {
        match self {
            Self::F64 => "f64",
            Self::F32 => "f32",
            Self::Fp16 => "fp16",
            Self::Bf16 => "bf16",
        }
    }

    /// Whether one draw is computed as the format would, with all that it loses. Everything
    /// else is then computed in double precision.
    pub fn is_emulated(self) -> bool {
        matches!(self, Self::Fp16 | Self::Bf16)
    }

    /// One sentence for a tooltip.
    pub fn hint(self) -> &'static str {
        match self {
            Self::F64 => "Double precision: 16 digits.",
            Self::F32 => "Single precision: 7 digits. The lab still never loses a norm.",
            Self::Fp16 => {
                "Half precision, emulated for one seed: 3 digits, 6e-8 to 65504, and what is lost is lost."
            }
            Self::Bf16 => {
                "bfloat16, emulated for one seed: 2 digits and single precision’s range, and what is lost is lost."
            }
        }
    }

    /// log10 of the smallest positive (subnormal) number.
    pub fn log10_smallest(self) -> f64 {
        match self {
            Self::F64 => -323.306_215_343_115_8,
            Self::F32 => -44.846_496_744_103_38,
            Self::Fp16 => -7.224_719_895_935_548,
            Self::Bf16 => -40.036_989_423_309_5,
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
                "np.random.seed(seed), then W1…WL, x, y, b1…bL with randn: the chapter's own digits. Variants share x, y and equal laws; any other size changes every number."
            }
            Self::Layered => {
                "Each layer has its own Xoshiro256++ stream: one layer more leaves the others' random numbers as they are, and sliding is faster."
            }
        }
    }
}
