//! The spectral radius of a square matrix.

use ndarray::Array2;

use crate::engine::kernels::{self, STANDARD};
use crate::engine::number::{Scaled, exponent_of, ldexp};

/// Squarings: ‖A^k‖^(1/k) with k = 2^30.
const SQUARINGS: i32 = 30;

/// ρ(A), the largest magnitude of an eigenvalue, by Gelfand's formula ρ = lim ‖A^k‖_F^(1/k).
///
/// A is squared 30 times, each power in units of its own size. What the Frobenius norm is too large
/// by, a power of k at the most, shrinks to nine digits under the root; the rounding is that of A's
/// first squares. Unlike power iteration it knows no difference between a real eigenvalue and a
/// complex pair, or equal ones of either sign. The eigenvalues themselves nobody asks for, so that no
/// Schur decomposition is needed, and a library's would not have the same bits on every machine.
///
/// # Panics
/// If the matrix is not square or not finite.
///
/// ```
/// use gradient_lab::engine::spectral_radius;
/// let turn = ndarray::array![[0.0, -2.0], [2.0, 0.0]]; // eigenvalues ±2i
/// assert!((spectral_radius(&turn).to_f64() - 2.0).abs() < 1e-8);
/// ```
pub fn spectral_radius(matrix: &Array2<f64>) -> Scaled {
    assert!(matrix.is_square(), "only a square matrix has eigenvalues");
    let mut power = matrix.as_standard_layout().into_owned();
    let mut square = power.clone();
    // log2 of what `power` must be multiplied by to be A^k, over k.
    let mut log2 = 0.0;
    for step in 0..=SQUARINGS {
        let top = kernels::largest(power.as_slice().expect(STANDARD));
        assert!(top.is_finite(), "a finite matrix");
        if top == 0.0 {
            return Scaled::ZERO;
        }
        let exponent = exponent_of(top);
        // Two factors: the power of two alone may lie beyond a number.
        let halves = crate::engine::number::halves(-exponent);
        power.mapv_inplace(|entry| entry * halves[0] * halves[1]);
        log2 += ldexp(exponent as f64, i64::from(-step));
        if step < SQUARINGS {
            kernels::product(&power.view(), &power, 1.0, &mut square);
            std::mem::swap(&mut power, &mut square);
        }
    }
    let squares = kernels::square_sum(power.as_slice().expect(STANDARD));
    log2 += ldexp(0.5 * libm::log2(squares), i64::from(-SQUARINGS));
    Scaled::from_ln(log2 * std::f64::consts::LN_2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn radius(matrix: &Array2<f64>) -> f64 {
        spectral_radius(matrix).to_f64()
    }

    #[test]
    fn known_eigenvalues() {
        for (matrix, expected) in [
            (array![[3.0]], 3.0),
            (array![[-3.0, 0.0], [0.0, 3.0]], 3.0),
            (array![[0.5, 100.0], [0.0, 0.4]], 0.5),
            // A Jordan block: ‖A^k‖ grows like k ρ^k.
            (array![[0.7, 1.0], [0.0, 0.7]], 0.7),
            // Complex pair .6 ± .8i beside .9.
            (array![[0.6, -0.8, 0.0], [0.8, 0.6, 0.0], [0.0, 0.0, 0.9]], 1.0),
            (array![[1e-200, 2e-200], [3e-200, 4e-200]], 0.5 * (5.0 + 33_f64.sqrt()) * 1e-200),
        ] {
            let found = radius(&matrix);
            assert!((found / expected - 1.0).abs() < 3e-8, "{matrix}: {found} {expected}");
        }
    }

    #[test]
    fn nilpotent_matrices_have_none() {
        assert!(spectral_radius(&array![[0.0, 5.0, 1.0], [0.0, 0.0, 2.0], [0.0; 3]]).is_zero());
        assert!(spectral_radius(&Array2::zeros((4, 4))).is_zero());
    }

    /// Against nalgebra's eigenvalues.
    #[test]
    fn random_matrices() {
        for (seed, n) in [(1, 2), (2, 7), (3, 40)] {
            let mut matrix = Array2::zeros((n, n));
            let normals = matrix.as_slice_mut().expect(STANDARD);
            crate::engine::draws::Stream::in_law(seed).fill_normal(normals);
            let other = nalgebra::DMatrix::from_fn(n, n, |i, j| matrix[[i, j]]);
            let largest = other.complex_eigenvalues().iter().map(|v| v.norm()).fold(0.0, f64::max);
            let found = radius(&matrix);
            assert!((found / largest - 1.0).abs() < 3e-8, "{n}: {found} {largest}");
        }
    }
}
