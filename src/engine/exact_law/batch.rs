//! A dense layer in law for several examples.

use ndarray::Array2;

use super::norm::PLAIN_EXPONENT;
use super::span::Span;
use crate::engine::draws::Stream;
use crate::engine::kernels::{self, STANDARD};
use crate::engine::number::{Scaled, ScaledColumns};

/// What the passes of a batch know of W, whose entries are N(0, s²).
///
/// With A = QR, Q of r orthonormal columns, WQ = sN has independent normal entries, and given WQ the
/// rest of W is fresh: W(I − QQᵀ) = sH(I − QQᵀ). So
///
/// WA = sNR,  and with Δ = DC, D orthonormal,  WᵀΔ = s[MC + Q(NᵀΔ − QᵀMC)],  M = HᵀD ~ N(0, 1).
///
/// Examples may be collinear, and few or many. Draws are r n_out on the way forward, r′ n_in on the
/// way back, where r and r′ are the ranks of A and Δ.
#[derive(Clone, Debug, Default)]
pub(super) struct BatchInLaw {
    /// Of A, once the examples have come by.
    input: Option<Span>,
    /// Nᵀ, r × n_out.
    normals: Array2<f64>,
}

/// Memory of a way back.
#[derive(Clone, Debug, Default)]
pub(super) struct BatchBuffers {
    /// Mᵀ, r′ × n_in.
    vectors: Array2<f64>,
    /// What is added along A, n_in × B.
    along: Array2<f64>,
}

impl BatchInLaw {
    /// WA in mantissas and exponents of each column; `next` is memory that is filled soon afterwards.
    ///
    /// # Shapes
    /// `input` = A is n_in × B, `out` n_out × B.
    pub fn forward(
        &mut self,
        scale: f64,
        input: &ScaledColumns<f64>,
        (stream, next): (&mut Stream, &[f64]),
        out: &mut ScaledColumns<f64>,
    ) {
        let span = Span::of(input);
        resize(&mut self.normals, [span.rank(), out.units()]);
        let normals = self.normals.as_slice_mut().expect(STANDARD);
        stream.fill_normal_prefetching(normals, [out.entries(), next]);
        image(&self.normals, span.coefficients(), span.norms(), scale, out);
        self.input = Some(span);
    }

    /// WᵀΔ of the W that [`Self::forward`] has met with `input`; `next` is read soon afterwards.
    ///
    /// # Shapes
    /// `input` = A is n_in × B, `delta` = Δ is n_out × B, `out` n_in × B.
    ///
    /// # Panics
    /// If nothing has come by.
    pub fn backward(
        &mut self,
        scale: f64,
        [input, delta]: [&ScaledColumns<f64>; 2],
        (stream, buffers, next): (&mut Stream, &mut BatchBuffers, &[f64]),
        out: &mut ScaledColumns<f64>,
    ) {
        let known = self.input.as_ref().expect("a backward pass follows a forward pass");
        let span = Span::of(delta);
        let BatchBuffers { vectors, along } = buffers;
        resize(vectors, [span.rank(), out.units()]);
        let next = [self.normals.as_slice().expect(STANDARD), next];
        stream.fill_normal_prefetching(vectors.as_slice_mut().expect(STANDARD), next);
        let sizes = image(vectors, span.coefficients(), span.norms(), scale, out);
        if known.rank() > 0 && span.rank() > 0 {
            let mut missing = span.seen_by(&self.normals, delta);
            kernels::scale_columns(missing.as_slice_mut().expect(STANDARD), &sizes);
            missing -= &known.overlaps(input, &out.mantissa);
            resize(along, [out.units(), out.batch()]);
            known.add_along(input, missing, &mut out.mantissa, along);
        }
    }
}

/// VR diag(s‖a_b‖), n × B, for Vᵀ of rank × n: what a map that takes Q to sV makes of A. Returns what
/// the columns of VR were multiplied by.
pub(super) fn image(
    vectors: &Array2<f64>,
    coefficients: &Array2<f64>,
    norms: &[Scaled],
    scale: f64,
    out: &mut ScaledColumns<f64>,
) -> Vec<f64> {
    let sizes = norms.iter().zip(&mut out.exponent).map(|(&norm, exponent)| {
        let size = norm * scale;
        let plain = size.exponent().abs() < PLAIN_EXPONENT;
        *exponent = if plain { 0 } else { size.exponent() };
        if plain { size.to_f64() } else { size.mantissa() }
    });
    let sizes: Vec<f64> = sizes.collect();
    if coefficients.is_empty() {
        out.mantissa.fill(0.0);
        return sizes;
    }
    let mut scaled = coefficients.clone();
    kernels::scale_columns(scaled.as_slice_mut().expect(STANDARD), &sizes);
    kernels::product_transposed(&vectors.view(), &scaled, 1.0, &mut out.mantissa);
    sizes
}

/// Makes room for another shape; what is in it is any numbers.
fn resize(numbers: &mut Array2<f64>, shape: [usize; 2]) {
    if numbers.shape() != shape {
        *numbers = Array2::zeros(shape);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kernels::same_bits;

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
        law.forward(SCALE, a, (&mut stream, &[]), &mut z);
        law.backward(SCALE, [a, delta], (&mut stream, &mut BatchBuffers::default(), &[]), &mut u);
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
