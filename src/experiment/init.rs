//! An initialization: a scheme with its parameters, and what it draws.

use serde::{Deserialize, Serialize};

use super::scheme::{FanMode, Given, Parameter, Scheme, UnitLaw};
use super::tables::{optional_word, word};

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
        match self.scheme.law() {
            UnitLaw::Normal if self.truncated => UnitLaw::TruncatedNormal,
            law => law,
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
        let plain = self.scheme.scale(&Given {
            std: self.std(),
            bound: self.bound(),
            value: self.value(),
            fan_in,
            fan_out,
            fan: self.mode().of(fan_in, fan_out),
        });
        let widened =
            if self.unit_law() == UnitLaw::TruncatedNormal { plain / TRUNCATED_STD } else { plain };
        if self.scheme.takes(Parameter::Gain) { self.gain() * widened } else { widened }
    }

    /// Var W of one entry for a layer with these fans. Of weights that are not drawn it is 0, and
    /// for `orthogonal` gain²/max(fan_in, fan_out), the mean square of an entry.
    pub fn variance(&self, fan_in: usize, fan_out: usize) -> f64 {
        let scale = self.scale(fan_in, fan_out);
        match self.unit_law() {
            UnitLaw::Fixed(_) => 0.0,
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
