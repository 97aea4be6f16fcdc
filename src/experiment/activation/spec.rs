//! What every activation says of itself.

use std::ops::RangeInclusive;

/// The number that an activation takes besides z.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivationParameter {
    /// Its name in files.
    pub key: &'static str,
    /// The number in force.
    pub value: f64,
    /// What it is where a file gives none.
    pub default: f64,
    /// What is accepted.
    pub range: RangeInclusive<f64>,
    /// What it does, for a tooltip.
    pub hint: &'static str,
}

/// `factor` · e^`exponent`: a number that may lie below the smallest `f64`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// Of e.
    pub exponent: f64,
    /// What the power is multiplied by.
    pub factor: f64,
}

impl Term {
    /// 0.
    pub const NONE: Self = Self { exponent: 0.0, factor: 0.0 };

    pub(super) fn of(factor: f64) -> Self {
        Self { exponent: 0.0, factor }
    }

    /// A sum of one plain number.
    pub(super) fn alone(factor: f64) -> [Self; 2] {
        [Self::of(factor), Self::NONE]
    }

    pub(super) fn times(self, number: f64) -> Self {
        Self { factor: self.factor * number, ..self }
    }
}

/// (e^d − 1)/d.
pub(super) fn growth(d: f64) -> f64 {
    if d == 0.0 { 1.0 } else { libm::expm1(d) / d }
}

/// What computes φ and φ′ of whole slices fastest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kernel {
    /// Straight lines of these slopes that meet at 0.
    Lines(f64, f64),
    /// The vectorized sigmoid.
    Sigmoid,
    /// The vectorized tanh.
    Tanh,
    /// [`Spec::value`] and [`Spec::derivative`], number by number.
    General,
}

/// All that names, explains and computes one activation φ.
///
/// What has a default is a property that only some have.
pub trait Spec: Sync {
    /// [`Self::id`] and [`Self::label`].
    fn names(&self) -> [&'static str; 2];

    /// The name in files and on the command line; PyTorch's where it has one.
    fn id(&self) -> &'static str {
        self.names()[0]
    }

    /// The name on screen.
    fn label(&self) -> &'static str {
        self.names()[1]
    }

    /// One sentence for a tooltip: the formula and what it does to the error signal.
    fn hint(&self) -> String;

    /// The number that it takes besides z.
    fn parameter(&self) -> Option<ActivationParameter> {
        None
    }

    /// φ(z).
    fn value(&self, z: f64) -> f64;

    /// φ′(z). At a kink it is the slope on the left, as in the chapter (ReLU: φ′(0) = 0).
    fn derivative(&self, z: f64) -> f64;

    /// ln |φ′(z)|, finite wherever the slope is not truly zero, even where
    /// [`Self::derivative`] underflows: for a sigmoid at z = 2000 it is −2000.
    /// Negative infinity marks a true zero.
    fn ln_derivative(&self, z: f64) -> f64 {
        libm::log(self.derivative(z).abs())
    }

    /// The sign of φ′(z), 1 or −1, right even where [`Self::derivative`] underflows: where φ
    /// fades towards the left, it rises if it is positive and falls if it is negative.
    fn derivative_sign(&self, z: f64) -> f64 {
        1_f64.copysign(self.tail(z).map_or_else(|| self.derivative(z), |tail| tail.factor))
    }

    /// sup |φ′|, the largest slope.
    fn largest_slope(&self) -> f64 {
        1.0
    }

    /// The slopes on the left and on the right where φ is two straight lines that meet at
    /// φ(0) = 0, so that φ(cz) = cφ(z) for c > 0.
    fn lines(&self) -> Option<(f64, f64)> {
        None
    }

    /// φ(z)/z as z → −∞ and z → +∞. With these the engine carries a forward pass past the
    /// largest floating-point number: far out an unbounded φ is linear or constant.
    fn slopes_at_infinity(&self) -> (f64, f64) {
        self.lines().unwrap_or((0.0, if self.is_bounded() { 0.0 } else { 1.0 }))
    }

    /// The one-sided slopes at 0 where φ(0) = 0, and `None` where φ(0) ≠ 0. With these a
    /// forward pass can shrink past the smallest floating-point number.
    fn slopes_at_origin(&self) -> Option<(f64, f64)> {
        self.lines()
    }

    /// φ(z) where it fades with an exponential on the left and an `f64` holds it no more.
    fn tail(&self, _z: f64) -> Option<Term> {
        None
    }

    /// From which |z| on |φ(z)| may fall below e^`ln_smallest`, where there is such a tail.
    fn tail_from(&self, ln_smallest: f64) -> f64 {
        if self.tail(f64::MIN).is_some() { -ln_smallest - 1.0 } else { f64::INFINITY }
    }

    /// Whether |φ| ≤ 1.
    fn is_bounded(&self) -> bool {
        false
    }

    /// f with φ(z) − `bound` = −f σ(−fz), where φ tends to this bound: beside it rounding takes
    /// φ(z)'s digits.
    fn gap_to(&self, _bound: f64) -> Option<f64> {
        None
    }

    /// Whether the slope fades smoothly to zero far out, so that a unit may be *saturated*.
    fn saturates(&self) -> bool {
        !self.is_piecewise_linear()
    }

    /// Whether φ is made of straight lines.
    fn is_piecewise_linear(&self) -> bool {
        self.lines().is_some()
    }

    /// Whether φ and φ′ are exactly 0 on the left, so that a unit may be *inactive*.
    fn switches_off(&self) -> bool {
        self.lines().is_some_and(|(left, _)| left == 0.0)
    }

    /// Whether φ′ jumps at 0, so that a difference across 0 says nothing of it.
    fn has_kink(&self) -> bool {
        self.slopes_at_origin().is_some_and(|(left, right)| left != right)
    }

    /// Whether φ has one formula on the left of 0 and another on the right. Without a kink a
    /// difference across 0 nears φ′ by its step, not by the square of it.
    fn is_piecewise(&self) -> bool {
        self.has_kink()
    }

    /// The period of a periodic φ: an average over a wide law is one over a period.
    fn period(&self) -> Option<f64> {
        None
    }

    /// Whether E φ(√q g)² is concave in q, so that its recursion has one attractor at the most.
    fn has_concave_variance_map(&self) -> bool {
        self.is_piecewise_linear()
    }

    /// What computes it fastest.
    fn kernel(&self) -> Kernel {
        self.lines().map_or(Kernel::General, |(left, right)| Kernel::Lines(left, right))
    }

    /// φ′ from φ, where training libraries compute it from the stored output.
    fn slope_of_value(&self) -> Option<fn(f32) -> f32> {
        None
    }

    /// The distance over which φ changes its curvature around z, up to a small factor.
    fn smooth_distance(&self, _z: f64) -> f64 {
        1.0
    }

    /// (φ(z + d) − φ(z))/d as a sum without cancellation, for z and z + d on the same side of a
    /// kink and |d| not far beyond [`Self::smooth_distance`]; at d = 0 its limit. Made of
    /// values of φ alone, so that it can check derivatives.
    ///
    /// Subtracting φ(z) from φ(z + d) loses every digit that they share. Written out, the
    /// difference has none to lose: e^(z+d) − e^z = e^z (e^d − 1), and what is built on it.
    /// Which side z is on is told by `positive`: z itself may be too small for an `f64`.
    fn rise(&self, z: f64, d: f64, positive: bool) -> [Term; 2];
}
