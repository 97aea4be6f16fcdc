//! The axes on which values stand, and the bins along them.

use crate::engine::Scaled;

use super::Reach;

/// Bins at the most, but for one that the last edge may take.
pub const MOST_BINS: usize = 96;
/// Bins aimed at for the smallest networks: of few entries finer ones would be empty.
const LEAST_BINS: usize = 40;

/// On which kind of axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ValueAxis {
    /// log10 |v|: how large, without the sign.
    #[default]
    Log,
    /// Logarithmic on both sides of a linear stretch around 0.
    SignedLog,
    /// The values as they are.
    Linear,
}

impl ValueAxis {
    /// Every axis, in the order in which menus show them.
    pub const ALL: [Self; 3] = [Self::Log, Self::SignedLog, Self::Linear];

    /// The word on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::SignedLog => "signed log",
            Self::Linear => "linear",
        }
    }

    /// What it shows, in a sentence.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Log => "Sizes by decades, signs left out; exact zeros stand apart",
            Self::SignedLog => "Decades on both sides of 0, and a linear stretch between them",
            Self::Linear => "The values as they are",
        }
    }

    /// The axis with what it needs to know of the values. The linear stretch of a signed
    /// logarithmic one ends at the power of ten just below the root mean square of the
    /// hidden layer with the faintest entries.
    pub(super) fn scale_for(self, reach: &Reach) -> ValueScale {
        let largest = reach.decades.map_or(0.0, |[_, most]| most);
        match self {
            Self::Log => ValueScale::Log,
            Self::SignedLog => {
                let faintest = reach.layers.map_or(largest, |[faintest, _]| faintest);
                ValueScale::SignedLog { threshold: faintest.floor() as i64 }
            }
            // Plain numbers as long as they read well.
            Self::Linear if (-2.0..4.0).contains(&largest) => ValueScale::Linear { power: 0 },
            Self::Linear => ValueScale::Linear { power: largest.floor() as i64 },
        }
    }
}

/// Where values stand on an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueScale {
    /// v at log10 |v|.
    Log,
    /// v at sign(v) log10(1 + |v|/t) with t = 10^`threshold`: nearly linear within ±t,
    /// logarithmic beyond.
    SignedLog {
        /// log10 t.
        threshold: i64,
    },
    /// v at v/10^`power`.
    Linear {
        /// The power of ten.
        power: i64,
    },
}

impl ValueScale {
    /// Which kind of axis it is.
    pub fn axis(self) -> ValueAxis {
        match self {
            Self::Log => ValueAxis::Log,
            Self::SignedLog { .. } => ValueAxis::SignedLog,
            Self::Linear { .. } => ValueAxis::Linear,
        }
    }

    /// Where a value stands; nothing for 0 on a logarithmic axis.
    ///
    /// ```
    /// use gradient_lab::engine::Scaled;
    /// use gradient_lab::study::ValueScale;
    /// let signed = ValueScale::SignedLog { threshold: -2 };
    /// assert_eq!(signed.position((-0.99).into()), Some(-2.0)); // −log10(1 + 99)
    /// assert_eq!(ValueScale::Log.position(Scaled::ZERO), None);
    /// ```
    pub fn position(self, value: Scaled) -> Option<f64> {
        let log10 = value.log10();
        match self {
            Self::Log => log10,
            Self::Linear { power } => {
                let plain = value.to_f64();
                let in_reach = power == 0 && plain.is_finite();
                Some(if in_reach { plain } else { signed(value, exp10(log10, power)) })
            }
            Self::SignedLog { threshold } => {
                let beyond = log10.map_or(f64::NEG_INFINITY, |log10| log10 - threshold as f64);
                Some(signed(value, if beyond > 16.0 { beyond } else { log1p10(beyond) }))
            }
        }
    }

    /// The value at a position.
    pub fn value(self, position: f64) -> Scaled {
        match self {
            Self::Log => from_log10(position),
            Self::Linear { power: 0 } => position.into(),
            Self::Linear { power } => Scaled::from(position) * from_log10(power as f64),
            Self::SignedLog { threshold } => {
                let size = position.abs();
                let over = if size > 16.0 {
                    from_log10(size)
                } else {
                    libm::expm1(size * std::f64::consts::LN_10).into()
                };
                let sign = Scaled::from(position.signum());
                (over * from_log10(threshold as f64)) * sign
            }
        }
    }
}

fn signed(value: Scaled, size: f64) -> f64 {
    if value.mantissa() < 0.0 { -size } else { size }
}

/// 10^(log10 − power), 0 where there is no logarithm.
fn exp10(log10: Option<f64>, power: i64) -> f64 {
    log10.map_or(0.0, |log10| libm::pow(10.0, log10 - power as f64))
}

/// log10(1 + 10^x).
fn log1p10(x: f64) -> f64 {
    libm::log1p(libm::pow(10.0, x)) * std::f64::consts::LOG10_E
}

fn from_log10(log10: f64) -> Scaled {
    Scaled::from_ln(log10 * std::f64::consts::LN_10)
}

/// Equal bins along an axis: bin i holds the positions from (`first` + i) × `width` up to, but
/// without, the next edge. The width is a round number (1, 2 or 5 times a power of ten), so
/// that 0 is an edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bins {
    /// The first bin's lower edge, in widths.
    pub first: i64,
    /// In positions.
    pub width: f64,
    /// How many, at most [`MOST_BINS`] + 1.
    pub count: usize,
}

impl Bins {
    /// Bins for all values within reach: about 4 √N for N of them, from 40 to [`MOST_BINS`].
    pub(super) fn covering(scale: ValueScale, reach: &Reach) -> Self {
        let ends = match scale {
            ValueScale::Log => reach.decades,
            _ => reach
                .ends
                .and_then(|[low, high]| Some([scale.position(low)?, scale.position(high)?])),
        };
        // Where all is zero there is an axis all the same.
        let [low, high] = reach.decades.and(ends).unwrap_or([-1.0, 0.0]);
        let largest = low.abs().max(high.abs());
        // Values that are all alike still have a bin with a width, and no bin is so narrow
        // that rounding decides what falls into it.
        let least = if high > low { 1e-9 * largest } else { 0.01 * largest };
        let aim = ((4.0 * (reach.count as f64).sqrt()) as usize).clamp(LEAST_BINS, MOST_BINS);
        let width = round_up(((high - low) / aim as f64).max(least).max(1e-12));
        let edge = |position: f64| (position / width).floor() as i64;
        let first = edge(low);
        Self { first, width, count: (edge(high) - first + 1) as usize }
    }

    /// The bin of a position.
    pub fn of(&self, position: f64) -> usize {
        let index = (position / self.width).floor() as i64 - self.first;
        (index.max(0) as usize).min(self.count - 1)
    }

    /// The lower edge of a bin, or the upper end of the one before it.
    pub fn edge(&self, bin: usize) -> f64 {
        (self.first + bin as i64) as f64 * self.width
    }

    /// The outer edges.
    pub fn ends(&self) -> (f64, f64) {
        (self.edge(0), self.edge(self.count))
    }
}

/// The next larger of 1, 2 or 5 times a power of ten.
fn round_up(width: f64) -> f64 {
    let power = libm::log10(width).floor() as i32;
    let digit = width / 10_f64.powi(power);
    let round = [1.0, 2.0, 5.0].into_iter().find(|round| digit <= round * (1.0 + 1e-12));
    // A power below 1 is divided by: 0.1 × 3 is not 3/10.
    let digit = round.unwrap_or(10.0);
    if power < 0 { digit / 10_f64.powi(-power) } else { digit * 10_f64.powi(power) }
}
