//! Initialization schemes: names, words, parameters and the scale of each in one place.

use serde::{Deserialize, Serialize};

use super::tables::{optional_word, word};

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

impl Scheme {
    /// Every scheme, in the order in which menus show them.
    pub const ALL: [Self; 12] = [
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
        Self::TorchDefault,
    ];

    /// The schemes that make sense for a bias vector.
    pub const FOR_BIAS: [Self; 5] =
        [Self::Zeros, Self::Constant, Self::Normal, Self::Uniform, Self::TorchDefault];

    /// The name in files and on the command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::Zeros => "zeros",
            Self::Constant => "constant",
            Self::Normal => "normal",
            Self::Uniform => "uniform",
            Self::LecunNormal => "lecun_normal",
            Self::LecunUniform => "lecun_uniform",
            Self::XavierNormal => "xavier_normal",
            Self::XavierUniform => "xavier_uniform",
            Self::HeNormal => "he_normal",
            Self::HeUniform => "he_uniform",
            Self::Orthogonal => "orthogonal",
            Self::TorchDefault => "torch_default",
        }
    }

    /// The name on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Zeros => "Zeros",
            Self::Constant => "Constant",
            Self::Normal => "Normal",
            Self::Uniform => "Uniform",
            Self::LecunNormal => "LeCun normal",
            Self::LecunUniform => "LeCun uniform",
            Self::XavierNormal => "Xavier normal",
            Self::XavierUniform => "Xavier uniform",
            Self::HeNormal => "He normal",
            Self::HeUniform => "He uniform",
            Self::Orthogonal => "Orthogonal",
            Self::TorchDefault => "PyTorch default",
        }
    }

    /// One sentence for a tooltip.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Zeros => "All zero: no signal passes, forward or backward.",
            Self::Constant => "All equal: every unit of a layer learns the same thing.",
            Self::Normal => "N(0, std²), whatever the layer's size.",
            Self::Uniform => "U(−bound, bound), whatever the layer's size.",
            Self::LecunNormal => "N(0, 1/fan_in): keeps the variance of linear units and SELU.",
            Self::LecunUniform => "U(±√(3/fan_in)): LeCun's variance 1/fan_in.",
            Self::XavierNormal => {
                "N(0, 2/(fan_in + fan_out)): a compromise between forward and backward for slope-1 units. The chapter's choice."
            }
            Self::XavierUniform => "U(±√(6/(fan_in + fan_out))): Xavier's variance, uniform.",
            Self::HeNormal => {
                "N(0, gain²/fan), gain √2 by default: makes up for the half that ReLU cuts."
            }
            Self::HeUniform => "U(±gain √(3/fan)): He's variance, uniform.",
            Self::Orthogonal => {
                "Orthonormal rows or columns: every singular value equals the gain."
            }
            Self::TorchDefault => {
                "U(±1/√fan_in), what nn.Linear starts with: Var W = 1/(3 fan_in)."
            }
        }
    }

    /// The parameters that this scheme takes, and no others.
    pub fn parameters(self) -> &'static [Parameter] {
        use Parameter::{Bound, Gain, Mode, Std, Truncated, Value};
        match self {
            Self::Zeros => &[],
            Self::Constant => &[Value],
            Self::Normal => &[Std, Gain, Truncated],
            Self::Uniform => &[Bound, Gain],
            Self::LecunNormal | Self::XavierNormal => &[Gain, Truncated],
            Self::HeNormal => &[Gain, Mode, Truncated],
            Self::HeUniform => &[Gain, Mode],
            Self::LecunUniform | Self::XavierUniform | Self::Orthogonal | Self::TorchDefault => {
                &[Gain]
            }
        }
    }

    /// Whether this scheme takes the parameter.
    pub fn takes(self, parameter: Parameter) -> bool {
        self.parameters().contains(&parameter)
    }

    /// The gain where none is given: He's schemes are made for the ReLU's √2, all others
    /// have gain 1.
    pub fn default_gain(self) -> f64 {
        match self {
            Self::HeNormal | Self::HeUniform => std::f64::consts::SQRT_2,
            _ => 1.0,
        }
    }
}

/// The distribution behind a scheme, with unit scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnitLaw {
    /// Every entry 1.
    Ones,
    /// Standard normal.
    Normal,
    /// Standard normal conditioned on |z| ≤ 2.
    TruncatedNormal,
    /// U(−1, 1).
    Uniform,
    /// Orthonormal rows or columns.
    Orthogonal,
}

/// An initialization: the scheme and its parameters.
///
/// Parameters that the scheme does not take are kept at their defaults.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Init {
    /// Which scheme.
    #[serde(deserialize_with = "word")]
    pub scheme: Scheme,
    /// Multiplies the scheme's standard deviation or bound; absent, the scheme's own default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gain: Option<f64>,
    /// Standard deviation of `normal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub std: Option<f64>,
    /// Bound of `uniform`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bound: Option<f64>,
    /// Value of `constant`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Which fan He's schemes use.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "optional_word")]
    pub mode: Option<FanMode>,
    /// Cut at ±2σ, as Keras' `*_normal` are: σ is widened by 1/0.8796 first, so that the variance
    /// stays the scheme's.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

impl Default for Init {
    fn default() -> Self {
        Self::of(Scheme::XavierNormal)
    }
}

/// Standard deviation of a standard normal cut at ±2 (Keras divides by it to keep the variance).
pub const TRUNCATED_STD: f64 = 0.879_625_661_034_239_8;

impl Init {
    /// The scheme with its default parameters.
    pub const fn of(scheme: Scheme) -> Self {
        Self {
            scheme,
            gain: None,
            std: None,
            bound: None,
            value: None,
            mode: None,
            truncated: false,
        }
    }

    /// The gain in force.
    pub fn gain(&self) -> f64 {
        self.gain.unwrap_or(self.scheme.default_gain())
    }

    /// The standard deviation of `normal`, 0.01 where none is given.
    pub fn std(&self) -> f64 {
        self.std.unwrap_or(0.01)
    }

    /// The bound of `uniform`, 0.05 where none is given.
    pub fn bound(&self) -> f64 {
        self.bound.unwrap_or(0.05)
    }

    /// The value of `constant`, 0 where none is given.
    pub fn value(&self) -> f64 {
        self.value.unwrap_or(0.0)
    }

    /// The fan in force.
    pub fn mode(&self) -> FanMode {
        self.mode.unwrap_or_default()
    }

    /// The unit law that the entries are drawn from before scaling.
    pub fn unit_law(&self) -> UnitLaw {
        match self.scheme {
            Scheme::Zeros | Scheme::Constant => UnitLaw::Ones,
            Scheme::Normal | Scheme::LecunNormal | Scheme::XavierNormal | Scheme::HeNormal => {
                if self.truncated {
                    UnitLaw::TruncatedNormal
                } else {
                    UnitLaw::Normal
                }
            }
            Scheme::Uniform
            | Scheme::LecunUniform
            | Scheme::XavierUniform
            | Scheme::HeUniform
            | Scheme::TorchDefault => UnitLaw::Uniform,
            Scheme::Orthogonal => UnitLaw::Orthogonal,
        }
    }

    /// What a unit draw is multiplied by for a layer with these fans: W = scale · U.
    ///
    /// ```
    /// use gradient_lab::experiment::{Init, Scheme};
    /// let xavier = Init::of(Scheme::XavierNormal);
    /// assert_eq!(xavier.scale(10, 20), (2.0_f64 / 30.0).sqrt());
    /// ```
    pub fn scale(&self, fan_in: usize, fan_out: usize) -> f64 {
        let (fan_in, fan_out) = (fan_in as f64, fan_out as f64);
        let fan = match self.mode() {
            FanMode::FanIn => fan_in,
            FanMode::FanOut => fan_out,
        };
        let plain = match self.scheme {
            Scheme::Zeros => return 0.0,
            Scheme::Constant => return self.value(),
            Scheme::Normal => self.std(),
            Scheme::Uniform => self.bound(),
            Scheme::LecunNormal => (1.0 / fan_in).sqrt(),
            Scheme::LecunUniform => (3.0 / fan_in).sqrt(),
            Scheme::XavierNormal => (2.0 / (fan_in + fan_out)).sqrt(),
            Scheme::XavierUniform => (6.0 / (fan_in + fan_out)).sqrt(),
            Scheme::HeNormal => (1.0 / fan).sqrt(),
            Scheme::HeUniform => (3.0 / fan).sqrt(),
            Scheme::Orthogonal => 1.0,
            Scheme::TorchDefault => (1.0 / fan_in).sqrt(),
        };
        let widened =
            if self.unit_law() == UnitLaw::TruncatedNormal { plain / TRUNCATED_STD } else { plain };
        self.gain() * widened
    }

    /// Var W of one entry for a layer with these fans. For `constant` it is 0 and for
    /// `orthogonal` gain²/max(fan_in, fan_out), the mean square of an entry.
    pub fn variance(&self, fan_in: usize, fan_out: usize) -> f64 {
        let scale = self.scale(fan_in, fan_out);
        match self.unit_law() {
            UnitLaw::Ones => 0.0,
            UnitLaw::Normal => scale * scale,
            UnitLaw::TruncatedNormal => (scale * TRUNCATED_STD).powi(2),
            UnitLaw::Uniform => scale * scale / 3.0,
            UnitLaw::Orthogonal => scale * scale / fan_in.max(fan_out) as f64,
        }
    }

    /// A short name with the parameters that differ from the scheme's defaults,
    /// for captions: “Xavier normal, gain 2”.
    pub fn describe(&self) -> String {
        let mut words = self.scheme.label().to_owned();
        for parameter in self.scheme.parameters() {
            match parameter {
                Parameter::Std => words += &format!(", std {}", self.std()),
                Parameter::Bound => words += &format!(", bound {}", self.bound()),
                Parameter::Value => words += &format!(", value {}", self.value()),
                Parameter::Gain => {
                    if let Some(gain) = self.gain
                        && gain != self.scheme.default_gain()
                    {
                        words += &format!(", gain {}", (gain * 1e4).round() / 1e4);
                    }
                }
                Parameter::Mode => {
                    if self.mode() == FanMode::FanOut {
                        words += ", fan_out";
                    }
                }
                Parameter::Truncated => {
                    if self.truncated {
                        words += ", truncated (Keras)";
                    }
                }
            }
        }
        words
    }

    /// Forgets parameters that the scheme does not take, as a file may not hold them.
    pub fn tidy(&mut self) {
        let scheme = self.scheme;
        let drop_unless = |parameter, slot: &mut Option<f64>| {
            if !scheme.takes(parameter) {
                *slot = None;
            }
        };
        drop_unless(Parameter::Gain, &mut self.gain);
        drop_unless(Parameter::Std, &mut self.std);
        drop_unless(Parameter::Bound, &mut self.bound);
        drop_unless(Parameter::Value, &mut self.value);
        if !scheme.takes(Parameter::Mode) {
            self.mode = None;
        }
        self.truncated &= scheme.takes(Parameter::Truncated);
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

    #[test]
    fn variances_are_those_of_the_sources() {
        let var = |scheme| Init::of(scheme).variance(30, 50);
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-15, "{a} {b}");
        close(var(Scheme::XavierNormal), 2.0 / 80.0);
        close(var(Scheme::XavierUniform), 2.0 / 80.0);
        close(var(Scheme::HeNormal), 2.0 / 30.0);
        close(var(Scheme::HeUniform), 2.0 / 30.0);
        close(var(Scheme::LecunNormal), 1.0 / 30.0);
        close(var(Scheme::LecunUniform), 1.0 / 30.0);
        close(var(Scheme::TorchDefault), 1.0 / 90.0);
        let keras = Init { truncated: true, ..Init::of(Scheme::XavierNormal) };
        close(keras.variance(30, 50), 2.0 / 80.0);
    }
}
