//! The gradients of the mean loss: BP3 and BP4, and their norms.

use crate::engine::build::BuildStopped;
use crate::engine::kernels;
use crate::engine::number::{Real, SAFE_SQUARES, Scaled, ScaledColumns, Signal, ldexp};
use crate::engine::op::{MARGIN, sum_and_top};
use crate::engine::pass::Pass;
use crate::engine::rows::blocks;
use ndarray::Array2;

/// Where the squares cancel to less than this share of what they are made of, the norm is
/// taken from the matrix itself: the Gram form loses half of the digits that cancel.
const CANCELLED: f64 = 1e-4;
/// Beside the largest entry one of at least this size has lost nothing to underflow that could
/// be seen in it.
const SURE: f64 = 1e-270;
/// Powers of two of a column's largest mantissa whose squares are safe in `f64`, with room for
/// what is smaller.
const SAFE_EXPONENT: i64 = 450;

/// ∂L/∂W or ∂L/∂b of one layer, n_l × n_{l−1} for weights and n_l × 1 for biases: mantissas that
/// share a power of two, and in full what they cannot hold beside the largest.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradient {
    /// No entry exceeds 1 by much.
    mantissa: Array2<f64>,
    exponent: i64,
    /// Sorted by place.
    underflowed: Vec<([usize; 2], Scaled)>,
}

impl Gradient {
    /// Rows and columns.
    pub fn dim(&self) -> (usize, usize) {
        self.mantissa.dim()
    }

    /// One entry.
    pub fn get(&self, row: usize, column: usize) -> Scaled {
        match self.underflowed.binary_search_by_key(&[row, column], |(place, _)| *place) {
            Ok(index) => self.underflowed[index].1,
            Err(_) => Scaled::new(self.mantissa[[row, column]], self.exponent),
        }
    }

    /// The Frobenius norm.
    pub fn norm(&self) -> Scaled {
        let squares: f64 = self.mantissa.iter().map(|g| g * g).sum();
        if SAFE_SQUARES.contains(&squares) {
            return Scaled::new(squares.sqrt(), self.exponent);
        }
        let (rows, columns) = self.dim();
        let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        let entries = places.map(|(row, column)| self.get(row, column));
        entries.fold(Scaled::ZERO, |sum, g| sum + g * g).sqrt()
    }

    /// Plain numbers: 0 below and infinite above what `f64` holds.
    pub fn to_f64(&self) -> Array2<f64> {
        let mut plain = self.mantissa.mapv(|m| Scaled::new(m, self.exponent).to_f64());
        self.underflowed.iter().for_each(|(place, value)| plain[*place] = value.to_f64());
        plain
    }
}

impl<T: Real> Pass<T> {
    /// BP3 for the mean loss: ∂L/∂W^(l) = (1/B) Σ_b δ_b a_bᵀ, n_l × n_{l−1}; `index` = l − 1.
    pub fn weight_gradient(&self, index: usize) -> Gradient {
        let (delta, input) = (&self.layers[index].delta, self.inputs_of(index));
        OuterProducts { delta, input }.mean()
    }

    /// BP4 for the mean loss: ∂L/∂b^(l) = (1/B) Σ_b δ_b, n_l × 1; `index` = l − 1.
    pub fn bias_gradient(&self, index: usize) -> Gradient {
        let delta = &self.layers[index].delta;
        if self.layers[index].is_bias_idle() {
            let mantissa = Array2::zeros((delta.units(), 1));
            return Gradient { mantissa, exponent: 0, underflowed: Vec::new() };
        }
        let mut ones = ScaledColumns::zeros(1, delta.batch());
        ones.mantissa.fill(T::from_f64(1.0));
        OuterProducts { delta, input: &ones.into() }.mean()
    }

    /// BP3 for the mean loss, entry by entry with an exponent of its own, however far below the
    /// largest, and without the whole matrix: `take` gets the rows of ∂L/∂W^(l), each with its
    /// number from 0; `index` = l − 1.
    ///
    /// # Errors
    /// [`BuildStopped`] when `take` says stop.
    pub fn exact_weight_gradient(
        &self,
        index: usize,
        take: &mut dyn FnMut(usize, &[Scaled]) -> bool,
    ) -> Result<(), BuildStopped> {
        let (delta, input) = (&self.layers[index].delta, self.inputs_of(index));
        let outer = OuterProducts { delta, input };
        let Factors { delta, input, exponent } = outer.factors();
        let (mut block, mut entries, mut columns) = (Vec::new(), Vec::new(), None);
        for rows in blocks(delta.nrows(), input.len()) {
            block.resize(rows.len() * input.nrows(), 0.0);
            kernels::outer_rows(&delta, rows.clone(), &[&input], 1.0, &mut block);
            for (row, mantissas) in rows.zip(block.chunks_exact(input.nrows())) {
                entries.clear();
                entries.extend(mantissas.iter().enumerate().map(|(column, &mantissa)| {
                    if mantissa.abs() >= SURE {
                        return Scaled::new(mantissa, exponent);
                    }
                    // What underflowed beside the largest is still in the factors.
                    let columns = columns.get_or_insert_with(|| outer.columns());
                    let terms = columns.iter().map(|[delta, input]| delta[row] * input[column]);
                    let sum = terms.filter(|t| !t.is_zero()).sum::<Scaled>();
                    sum * (1.0 / columns.len() as f64)
                }));
                BuildStopped::unless(take(row, &entries))?;
            }
        }
        Ok(())
    }

    /// BP4 for the mean loss, each entry with an exponent of its own; `index` = l − 1.
    pub fn exact_bias_gradient(&self, index: usize) -> Vec<Scaled> {
        let gradient = self.bias_gradient(index);
        (0..gradient.dim().0).map(|unit| gradient.get(unit, 0)).collect()
    }

    /// ‖∂L/∂W^(l)‖_F without the matrix where that is cheaper: ‖δ‖‖a‖ for one example, and
    /// √Σ (ΔᵀΔ ∘ AᵀA) for a batch smaller than the layer; `index` = l − 1.
    pub fn weight_gradient_norm(&self, index: usize) -> Scaled {
        let (delta, input) = (&self.layers[index].delta, self.inputs_of(index));
        if delta.batch() == 1 {
            return delta.rms_norm() * input.rms_norm();
        }
        let (outs, ins) = (delta.units(), input.units());
        let gram_is_cheaper = delta.batch() * (outs + ins) < 2 * outs * ins;
        let norm = if gram_is_cheaper { gram_norm(delta.columns(), input.columns()) } else { None };
        norm.unwrap_or_else(|| self.weight_gradient(index).norm())
    }

    /// ‖∂L/∂b^(l)‖; `index` = l − 1.
    pub fn bias_gradient_norm(&self, index: usize) -> Scaled {
        let delta = &self.layers[index].delta;
        if self.layers[index].is_bias_idle() {
            return Scaled::ZERO;
        }
        if delta.batch() == 1 {
            return delta.rms_norm();
        }
        norm_of_mean(delta.columns()).unwrap_or_else(|| self.bias_gradient(index).norm())
    }
}

/// ScaledColumns whose largest entries lie in [½, 1), and each one's power of two; none for a
/// column of zeros.
struct Normalized {
    mantissa: Array2<f64>,
    exponent: Vec<Option<i64>>,
}

impl Normalized {
    fn of<T: Real>(signal: &Signal<T>) -> Self {
        let shifts = signal.columns().tops();
        let mantissa = Array2::from_shape_fn((signal.units(), signal.batch()), |(unit, b)| {
            shifts[b].map_or(0.0, |top| signal.entry(unit, b).over_power_of_two(top))
        });
        Self { mantissa, exponent: shifts }
    }
}

/// Two matrices of which δaᵀ, summed over the examples, times 2^`exponent`, is a gradient.
struct Factors {
    /// n_l × B, over B.
    delta: Array2<f64>,
    /// n_{l−1} × B.
    input: Array2<f64>,
    exponent: i64,
}

/// δ_b a_bᵀ of every example, before the mean.
struct OuterProducts<'a, T> {
    /// n_l × B.
    delta: &'a Signal<T>,
    /// n_{l−1} × B.
    input: &'a Signal<T>,
}

impl<T: Real> OuterProducts<'_, T> {
    /// (1/B) Σ_b δ_b a_bᵀ.
    fn mean(&self) -> Gradient {
        let Factors { delta, input, exponent } = self.factors();
        let mut mantissa = Array2::zeros((delta.nrows(), input.nrows()));
        kernels::outer(&delta, &input, 1.0, &mut mantissa);
        let mut gradient = Gradient { mantissa, exponent, underflowed: Vec::new() };
        self.recover(&mut gradient);
        gradient
    }

    /// What [`Self::mean`] multiplies.
    fn factors(&self) -> Factors {
        let Normalized { mantissa: mut delta, exponent } = Normalized::of(self.delta);
        let Normalized { mantissa: input, exponent: inputs } = Normalized::of(self.input);
        let pairs = exponent.iter().zip(&inputs);
        let exponents: Vec<Option<i64>> = pairs.map(|(d, a)| Some((*d)? + (*a)?)).collect();
        let top = exponents.iter().copied().flatten().max().unwrap_or(0);
        let share = 1.0 / exponents.len() as f64;
        for (mut column, exponent) in delta.columns_mut().into_iter().zip(&exponents) {
            let factor = exponent.map_or(0.0, |e| Scaled::new(share, e - top).to_f64());
            column.mapv_inplace(|delta| delta * factor);
        }
        Factors { delta, input, exponent: top }
    }

    /// δ and a of every example.
    fn columns(&self) -> Vec<[Vec<Scaled>; 2]> {
        let column = |b| [self.delta.column(b), self.input.column(b)];
        (0..self.delta.batch()).map(column).collect()
    }

    /// Puts back the entries that are too small beside the largest.
    fn recover(&self, gradient: &mut Gradient) {
        let end = gradient.exponent + f64::SMALLEST_EXPONENT + MARGIN;
        if self.least_exponent().is_none_or(|least| least >= end) {
            return;
        }
        let columns = self.columns();
        let share = Scaled::from(1.0 / columns.len() as f64);
        for ((row, column), mantissa) in gradient.mantissa.indexed_iter() {
            if mantissa.abs() >= ldexp(1.0, f64::SMALLEST_EXPONENT) {
                continue;
            }
            let terms = columns.iter().map(|[delta, input]| delta[row] * input[column]);
            let (sum, top) = sum_and_top(terms);
            if top.is_some_and(|top| top < end) && !sum.is_zero() {
                gradient.underflowed.push(([row, column], sum * share));
            }
        }
    }

    /// The exponent of the smallest |δ_j a_k| of any example that is not 0, or one below it.
    fn least_exponent(&self) -> Option<i64> {
        let least = |signal: &Signal<T>, b: usize| {
            let column = signal.column(b).into_iter().filter(|entry| !entry.is_zero());
            column.map(Scaled::exponent).min()
        };
        let products = (0..self.delta.batch())
            .filter_map(|b| Some(least(self.delta, b)? + least(self.input, b)? - 1));
        products.min()
    }
}

/// ‖(1/B) Σ_b δ_b‖, or nothing where a square may be lost or a column's power of two beside the
/// others leaves the range.
fn norm_of_mean<T: Real>(delta: &ScaledColumns<T>) -> Option<Scaled> {
    let tops = delta.tops();
    let Some(top) = tops.iter().copied().flatten().max() else { return Some(Scaled::ZERO) };
    let share = 1.0 / delta.batch() as f64;
    let columns = delta.exponent.iter().zip(&tops);
    // A column of zeros has no say, and its exponent may be far above.
    let factor = |(e, own): (&i64, &Option<i64>)| own.map_or(0.0, |_| ldexp(share, e - top));
    let factors: Vec<f64> = columns.map(factor).collect();
    let mut means = vec![0.0; delta.units()];
    kernels::weighted_row_sums(delta.entries(), &factors, &mut means);
    let square = kernels::square_sum(&means);
    SAFE_SQUARES.contains(&square).then(|| Scaled::new(square.sqrt(), top))
}

/// √Σ (ΔᵀΔ ∘ AᵀA) of the mean loss, or nothing where the examples cancel or squares of the
/// mantissas leave the range.
fn gram_norm<T: Real>(delta: &ScaledColumns<T>, input: &ScaledColumns<T>) -> Option<Scaled> {
    let tops = |columns: &ScaledColumns<T>| {
        let tops = columns.tops();
        let own = tops.iter().zip(&columns.exponent).map(|(top, e)| Some((*top)? - e));
        own.flatten().all(|own| own.abs() < SAFE_EXPONENT).then_some(tops)
    };
    let pairs = tops(delta)?.into_iter().zip(tops(input)?);
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
