//! Integrals by Gauss–Legendre quadrature on panels, and expectations over the laws that
//! pre-activations follow.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use crate::experiment::Activation;

/// Positive nodes and weights of the 20-point rule on [−1, 1], the roots of the Legendre
/// polynomial P₂₀ and 2/((1 − x²) P₂₀′(x)²), computed to 40 digits and rounded.
const NODES: [(f64, f64); 10] = [
    (0.076_526_521_133_497_34, 0.152_753_387_130_725_84),
    (0.227_785_851_141_645_07, 0.149_172_986_472_603_74),
    (0.373_706_088_715_419_55, 0.142_096_109_318_382_04),
    (0.510_867_001_950_827_1, 0.131_688_638_449_176_64),
    (0.636_053_680_726_515, 0.118_194_531_961_518_41),
    (0.746_331_906_460_150_8, 0.101_930_119_817_240_44),
    (0.839_116_971_822_218_8, 0.083_276_741_576_704_75),
    (0.912_234_428_251_326, 0.062_672_048_334_109_07),
    (0.963_971_927_277_913_8, 0.040_601_429_800_386_94),
    (0.993_128_599_185_094_9, 0.017_614_007_139_152_118),
];

/// Standard deviations beyond which a normal density adds nothing to a double.
const REACH: f64 = 12.0;
/// The activations' own marks: the kink at 0, and powers of two up to where every smooth one
/// has become a straight line to the last digit.
const MARKS: [f64; 15] =
    [-64.0, -32.0, -16.0, -8.0, -4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
/// Panels of one period: φ²φ′² has waves a fourth as long as φ.
const PARTS: usize = 2;
/// Below this share of the normal part, a uniform part is as good as normal: the difference
/// is its fourth cumulant, the fourth power of the share.
const FAINT_UNIFORM: f64 = 1e-4;

/// ∫ f over the panels between consecutive `breaks`, K integrands at once.
///
/// Each panel takes the 20-point rule, exact for polynomials up to degree 39; `f` must be
/// smooth within a panel, so that kinks belong among the breaks.
///
/// ```
/// use gradient_lab::engine::quadrature::integrate;
/// let [area, moment] = integrate(&[0.0, 1.0, 3.0], |x| [x.exp(), x.powi(5)]);
/// assert!((area - (3_f64.exp() - 1.0)).abs() < 1e-13);
/// assert!((moment - 121.5).abs() < 1e-12);
/// ```
pub fn integrate<const K: usize>(breaks: &[f64], f: impl Fn(f64) -> [f64; K]) -> [f64; K] {
    let mut sums = [0.0; K];
    for panel in breaks.windows(2) {
        let (middle, half) = (0.5 * (panel[0] + panel[1]), 0.5 * (panel[1] - panel[0]));
        if half <= 0.0 {
            continue;
        }
        for (node, weight) in NODES {
            let (left, right) = (f(middle - half * node), f(middle + half * node));
            for k in 0..K {
                sums[k] += half * weight * (left[k] + right[k]);
            }
        }
    }
    sums
}

/// The law of one pre-activation: z = mean + std·g + u with g ~ N(0, 1) and
/// u ~ U(−uniform, uniform), the limit of a wide layer whatever law its weights have.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Law {
    /// The part that all units share, a constant bias.
    pub mean: f64,
    /// Standard deviation of the normal part.
    pub std: f64,
    /// Half the width of a uniform part, 0 where there is none.
    pub uniform: f64,
}

impl Law {
    /// N(0, variance).
    pub fn normal(variance: f64) -> Self {
        Self { std: variance.sqrt(), ..Self::default() }
    }

    /// E z².
    pub fn mean_square(&self) -> f64 {
        self.mean * self.mean + self.std * self.std + self.uniform * self.uniform / 3.0
    }

    /// E[f(z)], K functions at once, to about 14 digits for any f made of φ and φ′ of the
    /// lab's activations: panels end at the kink z = 0, at powers of two and at every 1½
    /// standard deviations.
    ///
    /// ```
    /// use gradient_lab::engine::quadrature::Law;
    /// let [half_square] = Law::normal(9.0).expectation(|z| [z.max(0.0).powi(2)]);
    /// assert!((half_square - 4.5).abs() < 1e-13); // ReLU keeps half of the variance
    /// ```
    pub fn expectation<const K: usize>(&self, f: impl Fn(f64) -> [f64; K]) -> [f64; K] {
        self.expectation_in(f64::INFINITY, f)
    }

    /// E[f(z)] of an f made of φ and φ′ of this activation: [`Self::expectation`], and for a
    /// periodic φ to the same digits however many periods the law spreads over.
    pub fn expectation_of<const K: usize>(
        &self,
        activation: Activation,
        f: impl Fn(f64) -> [f64; K],
    ) -> [f64; K] {
        let law = self.without_faint_uniform();
        let Some(period) = activation.period() else { return law.expectation(f) };
        let average = || {
            let edges: Vec<f64> = (0..=PARTS).map(|i| period * i as f64 / PARTS as f64).collect();
            integrate(&edges, &f).map(|sum| sum / period)
        };
        // The normal part alone wipes out every wave: e^(−2π² 4²) is less than any rounding.
        if law.std >= 4.0 * period {
            return average();
        }
        // Over pairs of whole periods a uniform part averages; what is left of it stays uniform.
        let pairs = (law.uniform / period).floor();
        let rest = Self { uniform: law.uniform - pairs * period, ..law };
        let near = rest.expectation_in(period / PARTS as f64, &f);
        if pairs == 0.0 {
            return near;
        }
        let (share, average) = (pairs * period / law.uniform, average());
        std::array::from_fn(|k| share * average[k] + (1.0 - share) * near[k])
    }

    /// E[f(z)] with panels no wider than `widest`.
    fn expectation_in<const K: usize>(&self, widest: f64, f: impl Fn(f64) -> [f64; K]) -> [f64; K] {
        let law = self.without_faint_uniform();
        let scale = law.std + law.uniform;
        if scale == 0.0 {
            return f(law.mean);
        }
        let spread = Spread { normal: law.std / scale, uniform: law.uniform / scale };
        let breaks = spread.breaks(MARKS.map(|mark| (mark - law.mean) / scale));
        let mut fine = Vec::new();
        for pair in breaks.windows(2) {
            let parts = ((pair[1] - pair[0]) * scale / widest).ceil().max(1.0);
            let width = (pair[1] - pair[0]) / parts;
            fine.extend((0..parts as usize).map(|i| pair[0] + width * i as f64));
        }
        fine.extend(breaks.last());
        integrate(&fine, |t| {
            let density = spread.density(t);
            f(law.mean + scale * t).map(|value| value * density)
        })
    }

    fn without_faint_uniform(self) -> Self {
        if self.uniform > FAINT_UNIFORM * self.std {
            return self;
        }
        let variance = self.std * self.std + self.uniform * self.uniform / 3.0;
        Self { std: variance.sqrt(), uniform: 0.0, ..self }
    }
}

/// A law brought to scale 1: normal + uniform = 1.
struct Spread {
    normal: f64,
    uniform: f64,
}

impl Spread {
    /// Where panels end, in ascending order: the marks, and the density's own.
    fn breaks(&self, marks: [f64; MARKS.len()]) -> Vec<f64> {
        let end = self.uniform + REACH * self.normal;
        let mut breaks = vec![-end, end];
        for step in -8..=8 {
            let offset = 1.5 * f64::from(step) * self.normal;
            breaks.extend([-self.uniform + offset, self.uniform + offset]);
        }
        breaks.extend(marks);
        breaks.retain(|t| t.abs() <= end);
        breaks.sort_by(f64::total_cmp);
        breaks.dedup();
        breaks
    }

    fn density(&self, t: f64) -> f64 {
        if self.uniform == 0.0 {
            let g = t / self.normal;
            return libm::exp(-0.5 * g * g) / (self.normal * (2.0 * PI).sqrt());
        }
        let height = 0.5 / self.uniform;
        if self.normal == 0.0 {
            return if t.abs() <= self.uniform { height } else { 0.0 };
        }
        // By symmetry the far tail is a difference of small numbers, not of ones.
        let tail = |edge: f64| 0.5 * libm::erfc(edge / self.normal * FRAC_1_SQRT_2);
        height * (tail(t.abs() - self.uniform) - tail(t.abs() + self.uniform))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_every_law_are_exact() {
        for (mean, std, uniform) in [
            (0.0, 1.0, 0.0),
            (2.0, 1e-3, 0.0),
            (-1.0, 30.0, 0.0),
            (0.3, 0.0, 0.5),
            (0.0, 0.2, 0.5),
            (5.0, 1.0, 1e-5),
            (1.0, 1e-9, 2.0),
            (1e4, 1e-3, 0.0),
            (0.0, 1e100, 1.0),
        ] {
            let law = Law { mean, std, uniform };
            let [one, first, second] = law.expectation(|z| [1.0, z, z * z]);
            let scale = law.mean_square();
            assert!((one - 1.0).abs() < 1e-13, "{law:?}: {one}");
            assert!((first - mean).abs() < 1e-13 * scale.sqrt(), "{law:?}: {first}");
            assert!((second / scale - 1.0).abs() < 1e-13, "{law:?}: {second} {scale}");
        }
    }

    #[test]
    fn kinks_cost_no_digits() {
        // E[max(m + g, 0)²] = (1 + m²) Φ(m) + m φ(m).
        for mean in [-3.0, -0.1, 0.0, 0.7, 2.0] {
            let law = Law { mean, std: 1.0, uniform: 0.0 };
            let [square] = law.expectation(|z| [Activation::Relu.value(z).powi(2)]);
            let cdf = 0.5 * libm::erfc(-mean * FRAC_1_SQRT_2);
            let density = (-0.5 * mean * mean).exp() / (2.0 * PI).sqrt();
            let exact = (1.0 + mean * mean) * cdf + mean * density;
            assert!((square - exact).abs() < 1e-14, "{mean}: {square} {exact}");
        }
    }

    #[test]
    fn a_narrow_slope_under_a_wide_law_is_found() {
        // E[φ′(s g)²] of tanh for large s is ∫ sech⁴(x) dx / (s √(2π)) = (4/3)/(s √(2π)).
        for std in [1e4, 1e9, 1e60] {
            let law = Law { mean: 0.0, std, uniform: 0.0 };
            let [square] = law.expectation(|z| [Activation::Tanh.derivative(z).powi(2)]);
            let limit = 4.0 / 3.0 / (std * (2.0 * PI).sqrt());
            assert!((square / limit - 1.0).abs() < 1e-7, "{std}: {square} {limit}");
        }
    }
}
