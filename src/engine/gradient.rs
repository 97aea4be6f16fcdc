//! The gradients of the mean loss: BP3 and BP4, and their norms.

use ndarray::Array2;

use super::network::Pass;
use super::scaled::ldexp;
use super::{Columns, Real, Scaled, Signal, kernels};

/// Where the squares cancel to less than this share of what they are made of, the norm is
/// taken from the matrix itself: the Gram form loses half of the digits that cancel.
const CANCELLED: f64 = 1e-4;

/// ∂L/∂W or ∂L/∂b of one layer, mantissa × 2^exponent.
///
/// Entries more than 300 decades below the largest are 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradient {
    /// n_l × n_{l−1} for weights, n_l × 1 for biases; no entry exceeds 1 by much.
    pub mantissa: Array2<f64>,
    /// The power of two that all entries share.
    pub exponent: i64,
}

impl Gradient {
    /// One entry.
    pub fn get(&self, row: usize, column: usize) -> Scaled {
        Scaled::new(self.mantissa[[row, column]], self.exponent)
    }

    /// The Frobenius norm.
    pub fn norm(&self) -> Scaled {
        let squares: f64 = self.mantissa.iter().map(|g| g * g).sum();
        Scaled::new(squares.sqrt(), self.exponent)
    }

    /// Plain numbers: 0 below and infinite above what `f64` holds.
    pub fn to_f64(&self) -> Array2<f64> {
        self.mantissa.mapv(|m| Scaled::new(m, self.exponent).to_f64())
    }
}

impl<T: Real> Pass<T> {
    /// BP3 for the mean loss: ∂L/∂W^(l) = (1/B) Σ_b δ_b a_bᵀ, n_l × n_{l−1}; `index` = l − 1.
    pub fn weight_gradient(&self, index: usize) -> Gradient {
        self.outer_products(index).gradient()
    }

    /// BP4 for the mean loss: ∂L/∂b^(l) = (1/B) Σ_b δ_b, n_l × 1; `index` = l − 1.
    pub fn bias_gradient(&self, index: usize) -> Gradient {
        let delta = Normalized::of(self.layers[index].delta.columns());
        let ones = Normalized::ones(delta.exponent.len());
        OuterProducts::of(delta, ones).gradient()
    }

    /// ‖∂L/∂W^(l)‖_F without the matrix where that is cheaper: ‖δ‖‖a‖ for one example, and
    /// √Σ (ΔᵀΔ ∘ AᵀA) for a batch smaller than the layer; `index` = l − 1.
    pub fn weight_gradient_norm(&self, index: usize) -> Scaled {
        let (delta, input) = (&self.layers[index].delta, self.inputs_of(index));
        if delta.batch() == 1 {
            return delta.rms_norm().times(input.rms_norm());
        }
        let (outs, ins) = (delta.units(), input.units());
        let gram_is_cheaper = delta.batch() * (outs + ins) < 2 * outs * ins;
        let norm = if gram_is_cheaper { gram_norm(delta.columns(), input.columns()) } else { None };
        norm.unwrap_or_else(|| self.weight_gradient(index).norm())
    }

    /// ‖∂L/∂b^(l)‖; `index` = l − 1.
    pub fn bias_gradient_norm(&self, index: usize) -> Scaled {
        let delta = &self.layers[index].delta;
        if delta.batch() == 1 {
            return delta.rms_norm();
        }
        norm_of_mean(delta.columns()).unwrap_or_else(|| self.bias_gradient(index).norm())
    }

    /// a^(l−1), n_{l−1} × B; `index` = l − 1.
    pub fn inputs_of(&self, index: usize) -> &Signal<T> {
        if index == 0 { &self.input } else { &self.layers[index - 1].a }
    }

    fn outer_products(&self, index: usize) -> OuterProducts {
        let delta = Normalized::of(self.layers[index].delta.columns());
        OuterProducts::of(delta, Normalized::of(self.inputs_of(index).columns()))
    }
}

/// Columns whose largest entries lie in [½, 1), and each one's power of two; none for a
/// column of zeros.
struct Normalized {
    mantissa: Array2<f64>,
    exponent: Vec<Option<i64>>,
}

impl Normalized {
    fn of<T: Real>(columns: &Columns<T>) -> Self {
        let shifts = columns.tops();
        let mantissa = Array2::from_shape_fn(columns.mantissa.dim(), |(unit, b)| {
            shifts[b].map_or(0.0, |top| columns.get(unit, b).over_power_of_two(top))
        });
        Self { mantissa, exponent: shifts }
    }

    fn ones(batch: usize) -> Self {
        Self { mantissa: Array2::ones((1, batch)), exponent: vec![Some(0); batch] }
    }
}

/// (1/B) Σ_b δ_b a_bᵀ before the sum: δ's columns in one shared exponent with the inputs'.
struct OuterProducts {
    /// n_l × B, divided by B.
    delta: Array2<f64>,
    /// n_{l−1} × B.
    input: Array2<f64>,
    exponent: i64,
}

impl OuterProducts {
    fn of(delta: Normalized, input: Normalized) -> Self {
        let pairs = delta.exponent.iter().zip(&input.exponent);
        let exponents: Vec<Option<i64>> = pairs.map(|(d, a)| Some((*d)? + (*a)?)).collect();
        let top = exponents.iter().copied().flatten().max().unwrap_or(0);
        let mut scaled = delta.mantissa;
        let share = 1.0 / exponents.len() as f64;
        for (mut column, exponent) in scaled.columns_mut().into_iter().zip(&exponents) {
            let factor = exponent.map_or(0.0, |e| Scaled::new(share, e - top).to_f64());
            column.mapv_inplace(|delta| delta * factor);
        }
        Self { delta: scaled, input: input.mantissa, exponent: top }
    }

    fn gradient(&self) -> Gradient {
        let mut mantissa = Array2::zeros((self.delta.nrows(), self.input.nrows()));
        let transposed = self.input.t().as_standard_layout().into_owned();
        kernels::product(&self.delta.view(), &transposed, 1.0, &mut mantissa);
        Gradient { mantissa, exponent: self.exponent }
    }
}

/// ‖(1/B) Σ_b δ_b‖, or nothing where a column's mantissas are so small that its power of two
/// beside the others leaves the range.
fn norm_of_mean<T: Real>(delta: &Columns<T>) -> Option<Scaled> {
    let tops = delta.tops();
    let Some(top) = tops.iter().copied().flatten().max() else { return Some(Scaled::ZERO) };
    let share = 1.0 / delta.batch() as f64;
    let columns = delta.exponent.iter().zip(&tops);
    // A column of zeros has no say, and its exponent may be far above.
    let factor = |(e, own): (&i64, &Option<i64>)| own.map_or(0.0, |_| ldexp(share, e - top));
    let factors: Vec<f64> = columns.map(factor).collect();
    let mut means = vec![0.0; delta.units()];
    kernels::weighted_row_sums(delta.mantissa.as_slice()?, &factors, &mut means);
    let norm = kernels::square_sum(&means).sqrt();
    norm.is_finite().then(|| Scaled::new(norm, top))
}

/// √Σ (ΔᵀΔ ∘ AᵀA) of the mean loss, or nothing where the examples cancel.
fn gram_norm<T: Real>(delta: &Columns<T>, input: &Columns<T>) -> Option<Scaled> {
    let pairs = delta.tops().into_iter().zip(input.tops());
    let top = pairs.filter_map(|(d, a)| Some(d? + a?)).max().unwrap_or(0);
    let share = 1.0 / delta.batch() as f64;
    let exponents = delta.exponent.iter().zip(&input.exponent);
    let factors: Vec<f64> = exponents.map(|(d, a)| ldexp(share, d + a - top)).collect();
    let (outer, inner) = (kernels::gram(&delta.mantissa), kernels::gram(&input.mantissa));
    let (mut squares, mut alone) = (0.0, 0.0);
    for (i, factor) in factors.iter().enumerate() {
        // The pairs to the right of the diagonal stand for those to the left as well.
        let (begin, end) = (i * factors.len() + i, (i + 1) * factors.len());
        let (outer, inner) = (&outer[begin..end], &inner[begin..end]);
        let own = (outer[0] * factor) * (inner[0] * factor);
        let pairs = kernels::weighted_dot(&outer[1..], &inner[1..], &factors[i + 1..]);
        squares += own + 2.0 * (factor * pairs);
        alone += own;
    }
    (squares > CANCELLED * alone).then(|| Scaled::new(squares.sqrt(), top))
}
