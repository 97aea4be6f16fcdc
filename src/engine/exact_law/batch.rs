//! A dense layer in law for several examples.

use ndarray::Array2;

use super::factors::Factors;
use crate::engine::draws::Stream;
use crate::engine::kernels::{self, STANDARD};
use crate::engine::number::ScaledColumns;

/// What the passes of a batch know of W, whose entries are N(0, s²).
///
/// With A = QR, Q of r orthonormal columns, WQ = sN has independent normal entries, and given WQ the
/// rest of W is fresh: W(I − QQᵀ) = sH(I − QQᵀ). So
///
/// WA = sNR,  and with Δ = DC, D orthonormal,  WᵀΔ = s[M + Q(NᵀD − QᵀM)]C,  M = HᵀD ~ N(0, 1).
///
/// No inverse is taken: examples may be collinear, and few or many. Draws are r n_out on the way
/// forward, r′ n_in on the way back, where r and r′ are the ranks of A and Δ.
#[derive(Clone, Debug, Default)]
pub(super) struct BatchInLaw {
    /// Of A, once the examples have come by.
    input: Option<Factors>,
    /// Nᵀ, r × n_out.
    normals: Array2<f64>,
}

impl BatchInLaw {
    /// WA in mantissas and exponents of each column.
    ///
    /// # Shapes
    /// `input` = A is n_in × B, `out` n_out × B.
    pub fn forward(
        &mut self,
        scale: f64,
        input: &ScaledColumns<f64>,
        stream: &mut Stream,
        out: &mut ScaledColumns<f64>,
    ) {
        let factors = Factors::of(input);
        self.normals = normals(stream, factors.rank(), out.units());
        factors.image(&self.normals, scale, out);
        self.input = Some(factors);
    }

    /// WᵀΔ of the W that [`Self::forward`] has met.
    ///
    /// # Shapes
    /// `delta` = Δ is n_out × B, `out` n_in × B.
    ///
    /// # Panics
    /// If nothing has come by.
    pub fn backward(
        &self,
        scale: f64,
        delta: &ScaledColumns<f64>,
        stream: &mut Stream,
        out: &mut ScaledColumns<f64>,
    ) {
        let input = self.input.as_ref().expect("a backward pass follows a forward pass");
        let factors = Factors::of(delta);
        let mut vectors = normals(stream, factors.rank(), out.units());
        if input.rank() > 0 && factors.rank() > 0 {
            // NᵀD − QᵀM, r × r′.
            let mut known = Array2::zeros((input.rank(), factors.rank()));
            let mut drawn = known.clone();
            kernels::outer(&self.normals, factors.basis(), 1.0, &mut known);
            kernels::outer(input.basis(), &vectors, 1.0, &mut drawn);
            known -= &drawn;
            let mut along = Array2::zeros(vectors.raw_dim());
            kernels::product_transposed(&known.view(), input.basis(), 1.0, &mut along);
            vectors += &along;
        }
        factors.image(&vectors, scale, out);
    }
}

/// Standard normal numbers.
fn normals(stream: &mut Stream, rows: usize, columns: usize) -> Array2<f64> {
    let mut numbers = Array2::zeros((rows, columns));
    stream.fill_normal(numbers.as_slice_mut().expect(STANDARD));
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kernels::same_bits;
    use crate::engine::number::Scaled;

    const SCALE: f64 = 0.3;

    /// Columns that have 2^−step of their own beside the first, with these exponents.
    fn columns(seed: u64, units: usize, step: i32, exponents: &[i64]) -> ScaledColumns<f64> {
        let mut columns = ScaledColumns::zeros(units, exponents.len());
        Stream::in_law(seed).fill_normal(columns.entries_mut());
        for b in 1..exponents.len() {
            let share = f64::from(step * b as i32).exp2().recip();
            let mixed = &columns.mantissa.column(0) + &(&columns.mantissa.column(b) * share);
            columns.mantissa.column_mut(b).assign(&mixed);
        }
        columns.exponent = exponents.to_vec();
        columns
    }

    fn draw(
        seed: u64,
        [a, delta]: [&ScaledColumns<f64>; 2],
    ) -> (ScaledColumns<f64>, ScaledColumns<f64>) {
        let mut stream = Stream::in_law(seed);
        let mut law = BatchInLaw::default();
        let mut z = ScaledColumns::zeros(delta.units(), a.batch());
        let mut u = ScaledColumns::zeros(a.units(), a.batch());
        law.forward(SCALE, a, &mut stream, &mut z);
        law.backward(SCALE, delta, &mut stream, &mut u);
        (z, u)
    }

    /// Column b of one array times column c of another, in units of their norms.
    fn product(one: &ScaledColumns<f64>, b: usize, other: &ScaledColumns<f64>, c: usize) -> Scaled {
        let pairs = one.column(b).into_iter().zip(other.column(c));
        pairs.fold(Scaled::ZERO, |sum, (x, y)| sum + x * y)
    }

    /// There is one W behind both: Aᵀ(WᵀΔ) = (WA)ᵀΔ, to rounding, however far the columns' exponents
    /// lie apart and however collinear they are.
    #[test]
    fn one_matrix_made_both() {
        for (inputs, units, step) in [(30, 20, 0), (30, 20, 12), (4, 20, 1), (30, 1, 2), (1, 5, 0)]
        {
            let a = columns(1, inputs, step, &[0, 0, 900, -3000, 5]);
            let delta = columns(2, units, step, &[-700, 0, 12, 4000, -4000]);
            let (z, u) = same_bits(|| draw(3, [&a, &delta]));
            for b in 0..5 {
                for c in 0..5 {
                    let off = product(&a, b, &u, c) - product(&z, b, &delta, c);
                    let size = a.norm(b) * delta.norm(c) * SCALE;
                    let off = off.checked_div(size).expect("not zero").to_f64();
                    assert!(off.abs() < 1e-12, "{inputs} {units} {step}: {b} {c} {off}");
                }
            }
        }
    }

    #[test]
    fn of_nothing_comes_nothing() {
        let (a, zero) = (columns(1, 6, 0, &[0; 3]), ScaledColumns::zeros(6, 3));
        let (z, u) = draw(5, [&zero, &a]);
        assert!(z.norms().iter().all(|norm| norm.is_zero()));
        assert!(u.norms().iter().all(|norm| !norm.is_zero()));
        let (_, u) = draw(5, [&a, &zero]);
        assert!(u.norms().iter().all(|norm| norm.is_zero()));
    }

    /// Means of 20,000 draws within four standard errors: E ZᵀZ = s² n_out AᵀA, and for a Δ that
    /// knows nothing of Z E UᵀU = s² n_in ΔᵀΔ, E ZᵀΔ = 0.
    #[test]
    fn covariances_are_those_of_a_drawn_matrix() {
        let a = columns(1, 7, 1, &[0; 3]);
        let delta = columns(2, 5, 1, &[0; 3]);
        let pairs: Vec<[usize; 2]> = (0..9).map(|pair| [pair / 3, pair % 3]).collect();
        let mut sums = vec![[[0.0_f64; 2]; 3]; pairs.len()];
        let draws = 20_000;
        for seed in 0..draws {
            let (z, u) = draw(seed, [&a, &delta]);
            for (sums, &[b, c]) in sums.iter_mut().zip(&pairs) {
                let seen = [(&z, &z), (&u, &u), (&z, &delta)];
                for (sum, (one, other)) in sums.iter_mut().zip(seen) {
                    let value = product(one, b, other, c).to_f64();
                    *sum = [sum[0] + value, sum[1] + value * value];
                }
            }
        }
        for (sums, [b, c]) in sums.into_iter().zip(pairs) {
            let variance = SCALE * SCALE;
            let expected = [
                5.0 * variance * product(&a, b, &a, c).to_f64(),
                7.0 * variance * product(&delta, b, &delta, c).to_f64(),
                0.0,
            ];
            for ([sum, squares], expected) in sums.into_iter().zip(expected) {
                let (mean, count) = (sum / draws as f64, draws as f64);
                let error = ((squares / count - mean * mean) / count).sqrt();
                assert!((mean - expected).abs() < 4.0 * error, "{b} {c}: {mean} {expected}");
            }
        }
    }
}
