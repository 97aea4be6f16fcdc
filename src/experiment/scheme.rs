//! Initialization schemes: one block for each, with its names, its words, its parameters, its
//! law and its scale.

use std::f64::consts::SQRT_2;

use serde::{Deserialize, Serialize};

/// How weights (or biases) are drawn. Definitions follow PyTorch's `torch.nn.init` and
/// Keras' initializers; fan_in = n_{l−1}, fan_out = n_l.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// All zero.
    Zeros,
    /// All equal to `value`.
    Constant,
    /// N(0, std²).
    Normal,
    /// U(−bound, bound).
    Uniform,
    /// N(0, 1/fan_in).
    LecunNormal,
    /// U(±√(3/fan_in)).
    LecunUniform,
    /// N(0, 2/(fan_in + fan_out)) (Glorot & Bengio 2010).
    XavierNormal,
    /// U(±√(6/(fan_in + fan_out))) (Glorot & Bengio 2010).
    XavierUniform,
    /// N(0, 1/fan), times the gain; the ReLU's gain √2 is the default (He et al. 2015).
    HeNormal,
    /// U(±√(3/fan)), times the gain (He et al. 2015).
    HeUniform,
    /// A random matrix with orthonormal rows or columns (Saxe et al. 2013).
    Orthogonal,
    /// Orthonormal, then each layer divided by the standard deviation of its own z over the batch
    /// (LSUV; Mishkin and Matas 2016).
    Lsuv,
    /// Ones on the main diagonal, zeros elsewhere (`eye_`; with ReLU Le et al. 2015).
    Identity,
    /// `nn.Linear`'s default, U(±1/√fan_in), so that Var W = 1/(3 fan_in).
    TorchDefault,
}

/// Which side of the matrix He's scheme counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FanMode {
    /// fan = n_{l−1}: keeps the forward pass steady.
    #[default]
    FanIn,
    /// fan = n_l: keeps the backward pass steady.
    FanOut,
}

impl FanMode {
    /// Both modes.
    pub const ALL: [Self; 2] = [Self::FanIn, Self::FanOut];

    /// The name in files.
    pub fn id(self) -> &'static str {
        match self {
            Self::FanIn => "fan_in",
            Self::FanOut => "fan_out",
        }
    }

    /// The fan of this mode.
    pub(super) fn of(self, fan_in: f64, fan_out: f64) -> f64 {
        match self {
            Self::FanIn => fan_in,
            Self::FanOut => fan_out,
        }
    }
}

/// A parameter that a scheme may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// Multiplies the scheme's standard deviation or bound.
    Gain,
    /// The standard deviation of `normal`.
    Std,
    /// The bound of `uniform`.
    Bound,
    /// The value of `constant`.
    Value,
    /// fan_in or fan_out.
    Mode,
    /// Cut at ±2σ, σ widened by 1/0.8796 to keep the variance, as Keras does; PyTorch's
    /// `trunc_normal_` keeps σ, and loses variance.
    Truncated,
}

/// All that the lab knows of a scheme.
struct Spec {
    /// The name in files.
    id: &'static str,
    /// The name on screen.
    label: &'static str,
    /// One sentence for a tooltip.
    hint: &'static str,
    /// The parameters that it takes, and no others.
    parameters: &'static [Parameter],
    /// The gain where none is given.
    gain: f64,
    /// The law of its entries at scale 1, before a normal one is cut.
    law: UnitLaw,
    /// Its scale before the gain.
    scale: fn(&Given) -> f64,
}

/// What a scale may depend on.
pub(super) struct Given {
    pub std: f64,
    pub bound: f64,
    pub value: f64,
    pub fan_in: f64,
    pub fan_out: f64,
    /// The one of the two that the mode chooses.
    pub fan: f64,
}

impl Scheme {
    /// Every scheme, in the order in which menus show them.
    pub const ALL: [Self; 14] = [
        Self::Zeros,
        Self::Constant,
        Self::Normal,
        Self::Uniform,
        Self::LecunNormal,
        Self::LecunUniform,
        Self::XavierNormal,
        Self::XavierUniform,
        Self::HeNormal,
        Self::HeUniform,
        Self::Orthogonal,
        Self::Lsuv,
        Self::Identity,
        Self::TorchDefault,
    ];

    /// The schemes that make sense for a bias vector.
    pub const FOR_BIAS: [Self; 5] =
        [Self::Zeros, Self::Constant, Self::Normal, Self::Uniform, Self::TorchDefault];

    #[rustfmt::skip]
    const fn spec(self) -> Spec {
        use Parameter::{Bound, Gain, Mode, Std, Truncated, Value};
        match self {
            Self::Zeros => Spec {
                id: "zeros",
                label: "Zeros",
                hint: "All zero: no signal passes, forward or backward.",
                parameters: &[],
                gain: 1.0,
                law: UnitLaw::Fixed(Pattern::Ones),
                scale: |_| 0.0,
            },
            Self::Constant => Spec {
                id: "constant",
                label: "Constant",
                hint: "All equal: every unit of a layer learns the same thing.",
                parameters: &[Value],
                gain: 1.0,
                law: UnitLaw::Fixed(Pattern::Ones),
                scale: |given| given.value,
            },
            Self::Normal => Spec {
                id: "normal",
                label: "Normal",
                hint: "N(0, std²), whatever the layer's size.",
                parameters: &[Std, Gain, Truncated],
                gain: 1.0,
                law: UnitLaw::Normal,
                scale: |given| given.std,
            },
            Self::Uniform => Spec {
                id: "uniform",
                label: "Uniform",
                hint: "U(−bound, bound), whatever the layer's size.",
                parameters: &[Bound, Gain],
                gain: 1.0,
                law: UnitLaw::Uniform,
                scale: |given| given.bound,
            },
            Self::LecunNormal => Spec {
                id: "lecun_normal",
                label: "LeCun normal",
                hint: "N(0, 1/fan_in): keeps the variance of linear units and SELU.",
                parameters: &[Gain, Truncated],
                gain: 1.0,
                law: UnitLaw::Normal,
                scale: |given| (1.0 / given.fan_in).sqrt(),
            },
            Self::LecunUniform => Spec {
                id: "lecun_uniform",
                label: "LeCun uniform",
                hint: "U(±√(3/fan_in)): LeCun's variance 1/fan_in.",
                parameters: &[Gain],
                gain: 1.0,
                law: UnitLaw::Uniform,
                scale: |given| (3.0 / given.fan_in).sqrt(),
            },
            Self::XavierNormal => Spec {
                id: "xavier_normal",
                label: "Xavier normal",
                hint: "N(0, 2/(fan_in + fan_out)): a compromise between forward and backward for slope-1 units. The chapter's choice.",
                parameters: &[Gain, Truncated],
                gain: 1.0,
                law: UnitLaw::Normal,
                scale: |given| (2.0 / (given.fan_in + given.fan_out)).sqrt(),
            },
            Self::XavierUniform => Spec {
                id: "xavier_uniform",
                label: "Xavier uniform",
                hint: "U(±√(6/(fan_in + fan_out))): Xavier's variance, uniform.",
                parameters: &[Gain],
                gain: 1.0,
                law: UnitLaw::Uniform,
                scale: |given| (6.0 / (given.fan_in + given.fan_out)).sqrt(),
            },
            Self::HeNormal => Spec {
                id: "he_normal",
                label: "He normal",
                hint: "N(0, gain²/fan), gain √2 by default: makes up for the half that ReLU cuts.",
                parameters: &[Gain, Mode, Truncated],
                gain: SQRT_2,
                law: UnitLaw::Normal,
                scale: |given| (1.0 / given.fan).sqrt(),
            },
            Self::HeUniform => Spec {
                id: "he_uniform",
                label: "He uniform",
                hint: "U(±gain √(3/fan)): He's variance, uniform.",
                parameters: &[Gain, Mode],
                gain: SQRT_2,
                law: UnitLaw::Uniform,
                scale: |given| (3.0 / given.fan).sqrt(),
            },
            Self::Orthogonal => Spec {
                id: "orthogonal",
                label: "Orthogonal",
                hint: "Orthonormal rows or columns: every singular value equals the gain.",
                parameters: &[Gain],
                gain: 1.0,
                law: UnitLaw::Orthogonal,
                scale: |_| 1.0,
            },
            Self::Lsuv => Spec {
                id: "lsuv",
                label: "LSUV",
                hint: "Orthonormal, then layer by layer divided by the standard deviation of its own z over units and examples until the variance is 1 (at gain 1) to a tenth. It looks at the data.",
                parameters: &[Gain],
                gain: 1.0,
                law: UnitLaw::Orthogonal,
                scale: |_| 1.0,
            },
            Self::Identity => Spec {
                id: "identity",
                label: "Identity",
                hint: "Not drawn: the gain on the main diagonal, 0 elsewhere. At gain 1 equally wide linear layers hand on every signal, ReLU layers every positive one.",
                parameters: &[Gain],
                gain: 1.0,
                law: UnitLaw::Fixed(Pattern::Identity),
                scale: |_| 1.0,
            },
            Self::TorchDefault => Spec {
                id: "torch_default",
                label: "PyTorch default",
                hint: "U(±1/√fan_in), what nn.Linear starts with: Var W = 1/(3 fan_in).",
                parameters: &[Gain],
                gain: 1.0,
                law: UnitLaw::Uniform,
                scale: |given| (1.0 / given.fan_in).sqrt(),
            },
        }
    }

    /// The name in files and on the command line.
    pub fn id(self) -> &'static str {
        self.spec().id
    }

    /// The name on screen.
    pub fn label(self) -> &'static str {
        self.spec().label
    }

    /// One sentence for a tooltip.
    pub fn hint(self) -> &'static str {
        self.spec().hint
    }

    /// The parameters that this scheme takes, and no others.
    pub fn parameters(self) -> &'static [Parameter] {
        self.spec().parameters
    }

    /// Whether this scheme takes the parameter.
    pub fn takes(self, parameter: Parameter) -> bool {
        self.parameters().contains(&parameter)
    }

    /// The gain where none is given: He's schemes are made for the ReLU's √2, all others
    /// have gain 1.
    pub fn default_gain(self) -> f64 {
        self.spec().gain
    }

    /// The law of the entries at scale 1, neither scaled nor cut.
    pub(super) fn law(self) -> UnitLaw {
        self.spec().law
    }

    /// The scale before gain and truncation.
    pub(super) fn scale(self, given: &Given) -> f64 {
        (self.spec().scale)(given)
    }
}

/// The distribution behind a scheme, with unit scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnitLaw {
    /// Not drawn: the entries that the pattern names.
    Fixed(Pattern),
    /// Standard normal.
    Normal,
    /// Standard normal conditioned on |z| ≤ 2.
    TruncatedNormal,
    /// U(−1, 1).
    Uniform,
    /// Orthonormal rows or columns.
    Orthogonal,
}

impl UnitLaw {
    /// Whether entries are drawn at all.
    pub fn is_random(self) -> bool {
        !matches!(self, Self::Fixed(_))
    }
}

/// Weights that are not drawn, at scale 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// Every entry 1.
    Ones,
    /// 1 on the main diagonal, 0 elsewhere, also where the matrix is not square.
    Identity,
}

impl Pattern {
    /// An entry; rows and columns count from 0.
    pub fn entry(self, row: usize, column: usize) -> f64 {
        match self {
            Self::Ones => 1.0,
            Self::Identity => f64::from(u8::from(row == column)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_what_the_file_format_writes() {
        for scheme in Scheme::ALL {
            let written = serde_json::to_string(&scheme).expect("an enum serialises");
            assert_eq!(written, format!("\"{}\"", scheme.id()));
        }
    }
}
