//! The softmax and its Jacobian, safe for logits of any size.

use crate::engine::number::Scaled;
use ndarray::Array2;

/// p_i = e^{z_i} / Σ_j e^{z_j}. The largest logit is taken off first, so that no exponential
/// overflows.
///
/// ```
/// use gradient_lab::engine::softmax;
/// assert_eq!(softmax(&[1000.0, 1000.0, -1000.0]), [0.5, 0.5, 0.0]);
/// ```
pub fn softmax(logits: &[f64]) -> Vec<f64> {
    let logits: Vec<Scaled> = logits.iter().map(|&z| Scaled::from(z)).collect();
    LogSoftmax::of(&logits).probabilities().map(Scaled::to_f64).collect()
}

/// ∂p_i/∂z_j = p_i (1{i = j} − p_j): the n × n matrix diag(p) − p pᵀ, symmetric, its rows
/// summing to 0.
///
/// ```
/// use gradient_lab::engine::softmax_jacobian;
/// assert_eq!(softmax_jacobian(&[0.25, 0.75]), ndarray::array![[0.1875, -0.1875], [-0.1875, 0.1875]]);
/// ```
pub fn softmax_jacobian(p: &[f64]) -> Array2<f64> {
    Array2::from_shape_fn((p.len(), p.len()), |(i, j)| {
        p[i] * (if i == j { 1.0 } else { 0.0 } - p[j])
    })
}

/// The softmax of logits with exponents of their own, in parts that do not cancel.
pub(crate) struct LogSoftmax {
    /// Which logit is the largest, the first of equals.
    pub top: usize,
    /// z_i − z_top ≤ 0.
    gaps: Vec<Scaled>,
    /// e^{z_i − z_top}.
    terms: Vec<Scaled>,
    /// Σ e^{z_i − z_top} without the largest logit's own 1.
    rest: Scaled,
}

impl LogSoftmax {
    pub fn of(logits: &[Scaled]) -> Self {
        let top = (0..logits.len()).fold(0, |top, i| if logits[i] > logits[top] { i } else { top });
        let gaps: Vec<Scaled> = logits.iter().map(|&z| z - logits[top]).collect();
        let terms: Vec<Scaled> = gaps.iter().map(|&gap| exp(gap)).collect();
        let others = terms.iter().enumerate().filter(|(i, _)| *i != top);
        let rest = others.fold(Scaled::ZERO, |sum, (_, &term)| sum + term);
        Self { top, gaps, terms, rest }
    }

    /// p_i.
    pub fn probabilities(&self) -> impl Iterator<Item = Scaled> {
        let total = self.rest + 1.0.into();
        self.terms.iter().map(move |term| term.checked_div(total).expect("the sum is at least 1"))
    }

    /// 1 − p_top, in full even where p_top rounds to 1.
    pub fn beside_top(&self) -> Scaled {
        self.rest.checked_div(self.rest + 1.0.into()).expect("the sum is at least 1")
    }

    /// −ln p_i = ln Σ_j e^{z_j} − z_i ≥ 0.
    pub fn minus_ln(&self, i: usize) -> Scaled {
        ln_1_plus(self.rest) - self.gaps[i]
    }
}

/// eˣ for x ≤ 0.
pub(super) fn exp(x: Scaled) -> Scaled {
    let x = x.to_f64();
    // Above this e^x is a plain number, and the C library's rounding is the best there is.
    if x > -700.0 { libm::exp(x).into() } else { Scaled::from_ln(x) }
}

/// ln(1 + x) for x ≥ 0 that `f64` holds or that is smaller; far below 1 it is x itself.
pub(crate) fn ln_1_plus(x: Scaled) -> Scaled {
    if x.exponent() < -60 { x } else { libm::log1p(x.to_f64()).into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jacobian_is_the_slope_of_the_softmax() {
        let z = [0.3, -1.2, 2.0, 0.0];
        let jacobian = softmax_jacobian(&softmax(&z));
        for j in 0..z.len() {
            let shifted = |by: f64| {
                let mut z = z;
                z[j] += by;
                softmax(&z)
            };
            let (above, below) = (shifted(1e-6), shifted(-1e-6));
            for i in 0..z.len() {
                let numeric = (above[i] - below[i]) / 2e-6;
                assert!((numeric - jacobian[[i, j]]).abs() < 1e-9, "{i} {j}");
                assert_eq!(jacobian[[i, j]], jacobian[[j, i]]);
            }
            assert!(jacobian.row(j).sum().abs() < 1e-16);
        }
    }

    #[test]
    fn nothing_overflows_and_nothing_is_lost() {
        let logits = [1000.0, -1000.0, 0.0].map(Scaled::from);
        let parts = LogSoftmax::of(&logits);
        assert_eq!(softmax(&[1000.0, -1000.0, 0.0]), [1.0, 0.0, 0.0]);
        let lowest = parts.probabilities().nth(1).expect("three");
        assert!(
            (lowest.log10().expect("not zero") + 2000.0 / std::f64::consts::LN_10).abs() < 1e-9
        );
        assert_eq!(parts.minus_ln(1).to_f64(), 2000.0);
        let faint = parts.minus_ln(0).log10().expect("not zero");
        assert!((faint + 1000.0 / std::f64::consts::LN_10).abs() < 1e-9);
    }
}
