//! W X and Wᵀ D.

use std::ops::Range;

use ndarray::{Array2, ArrayView2};

use super::STANDARD;
use super::blocked::{matmul, matmul_outer, matmul_transposed, upper_gram};
use super::vectors::{matvec, matvec_transposed};
use crate::engine::number::Real;

/// scale · W X for a batch of any size.
///
/// # Shapes
/// W is n × m, X is m × B, out is n × B; all in standard (row-major) layout.
///
/// # Panics
/// If they are not.
pub fn product<T: Real>(w: &ArrayView2<'_, T>, x: &Array2<T>, scale: T, out: &mut Array2<T>) {
    let out = out.as_slice_mut().expect(STANDARD);
    product_rows(w, 0..w.nrows(), x, scale, out);
}

/// scale · Wᵀ D for a batch of any size.
///
/// # Shapes
/// W is n × m, D is n × B, out is m × B; all in standard (row-major) layout.
///
/// # Panics
/// If they are not.
pub fn product_transposed<T: Real>(
    w: &ArrayView2<'_, T>,
    d: &Array2<T>,
    scale: T,
    out: &mut Array2<T>,
) {
    let out = out.as_slice_mut().expect(STANDARD);
    product_transposed_rows(w, 0..w.ncols(), d, scale, out);
}

/// Some of the rows of scale · W X, each with the bits that it has in the whole.
///
/// # Shapes
/// W is n × m, X is m × B, both in standard layout; out has B numbers for each of the rows.
///
/// # Panics
/// If that is not so.
pub fn product_rows<T: Real>(
    w: &ArrayView2<'_, T>,
    rows: Range<usize>,
    x: &Array2<T>,
    scale: T,
    out: &mut [T],
) {
    let (inner, batch) = x.dim();
    assert_eq!((w.ncols(), out.len()), (inner, rows.len() * batch), "shapes of a product");
    let (w, x) = (w.to_slice().expect(STANDARD), x.as_slice().expect(STANDARD));
    let w = &w[rows.start * inner..rows.end * inner];
    if batch == 1 {
        matvec(w, x, scale, out);
    } else {
        matmul(w, x, batch, scale, out);
    }
}

/// Some of the rows of scale · Wᵀ D, each with the bits that it has in the whole.
///
/// # Shapes
/// W is n × m, D is n × B, both in standard layout; out has B numbers for each of the rows,
/// which belong to columns of W.
///
/// # Panics
/// If that is not so.
pub fn product_transposed_rows<T: Real>(
    w: &ArrayView2<'_, T>,
    rows: Range<usize>,
    d: &Array2<T>,
    scale: T,
    out: &mut [T],
) {
    let (stride, batch) = (w.ncols(), d.ncols());
    let shapes = (w.nrows(), out.len());
    assert_eq!(shapes, (d.nrows(), rows.len() * batch), "shapes of a transposed product");
    let (w, d) = (w.to_slice().expect(STANDARD), d.as_slice().expect(STANDARD));
    let w = &w[rows.start..];
    if batch == 1 {
        matvec_transposed(w, stride, d, scale, out);
    } else {
        matmul_transposed(w, stride, d, batch, scale, out);
    }
}

/// scale · D Aᵀ, a sum over the examples of a batch.
///
/// # Shapes
/// D is n × B, A is m × B, out is n × m; all in standard (row-major) layout.
///
/// # Panics
/// If they are not.
pub fn outer<T: Real>(d: &Array2<T>, a: &Array2<T>, scale: T, out: &mut Array2<T>) {
    outer_rows(d, 0..d.nrows(), &[a], scale, out.as_slice_mut().expect(STANDARD));
}

/// Some of the rows of scale · D Aᵀ, each with the bits that it has in the whole, and where the columns
/// of A lie in several arrays, one's beside the other's, with the bits that it has in one.
///
/// # Shapes
/// D is n × B; the parts of A are m × Bᵢ with ΣBᵢ = B, and a single one where m = 1, all in standard
/// layout; out has m numbers for each of the rows.
///
/// # Panics
/// If that is not so.
pub fn outer_rows<T: Real>(
    d: &Array2<T>,
    rows: Range<usize>,
    parts: &[&Array2<T>],
    scale: T,
    out: &mut [T],
) {
    let batch = d.ncols();
    let d = &d.as_slice().expect(STANDARD)[rows.start * batch..rows.end * batch];
    let mut first = 0;
    for (number, part) in parts.iter().enumerate() {
        let (inputs, examples) = part.dim();
        assert_eq!(out.len(), rows.len() * inputs, "shapes of outer products");
        let part = part.as_slice().expect(STANDARD);
        if inputs == 1 {
            assert_eq!(examples, batch, "a single unit's examples lie in one array");
            matvec(d, part, scale, out);
        } else {
            let scale = (number + 1 == parts.len()).then_some(scale);
            matmul_outer((&d[first..], batch), (part, examples), number > 0, scale, out);
        }
        first += examples;
    }
    assert_eq!(first, batch, "examples of outer products");
}

/// MᵀM of an n × B array in standard layout, its sums in `f64`: B × B numbers, of which those
/// above the diagonal and on it count.
///
/// # Panics
/// If the layout is another.
pub fn gram<T: Real>(columns: &Array2<T>) -> Vec<f64> {
    let batch = columns.ncols();
    let mut gram = vec![0.0; batch * batch];
    upper_gram(columns.as_slice().expect(STANDARD), batch, &mut gram);
    gram
}

#[cfg(test)]
pub mod tests {
    use ndarray::s;

    use super::*;

    /// Numbers without a pattern, from a linear congruential generator.
    pub fn noise(count: usize) -> Vec<f64> {
        let mut state = 12345_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
        };
        (0..count).map(|_| next()).collect()
    }

    pub fn narrow(numbers: &[f64]) -> Vec<f32> {
        numbers.iter().map(|&x| x as f32).collect()
    }

    /// The largest difference from the plain triple loop, relative to Σ|w||x|.
    fn check(rows: usize, inner: usize, batch: usize) {
        let w = Array2::from_shape_vec((rows, inner), noise(rows * inner)).expect("shape");
        let x = Array2::from_shape_vec((inner, batch), noise(inner * batch)).expect("shape");
        let d = Array2::from_shape_vec((rows, batch), noise(rows * batch)).expect("shape");
        let (mut out, mut back) = (Array2::zeros((rows, batch)), Array2::zeros((inner, batch)));
        product(&w.view(), &x, 1.5, &mut out);
        product_transposed(&w.view(), &d, 1.5, &mut back);
        for ((i, b), &value) in out.indexed_iter() {
            let plain: f64 = (0..inner).map(|k| w[[i, k]] * x[[k, b]]).sum();
            assert!((value - 1.5 * plain).abs() < 1e-14 * inner as f64, "{rows} {inner} {batch}");
        }
        let mut outer_products = Array2::zeros((rows, inner));
        outer(&d, &x, 1.5, &mut outer_products);
        for ((i, k), &value) in outer_products.indexed_iter() {
            let plain: f64 = (0..batch).map(|b| d[[i, b]] * x[[k, b]]).sum();
            assert!((value - 1.5 * plain).abs() < 1e-14 * batch as f64, "{rows} {inner} {batch}");
        }
        if batch > 2 && inner > 1 {
            let [first, second] = [s![.., ..2], s![.., 2..]]
                .map(|part| x.slice(part).as_standard_layout().into_owned());
            let mut in_parts = vec![0.0; rows * inner];
            outer_rows(&d, 0..rows, &[&first, &second], 1.5, &mut in_parts);
            assert_eq!(in_parts, outer_products.as_slice().expect("standard layout"));
        }
        for ((j, b), &value) in back.indexed_iter() {
            let plain: f64 = (0..rows).map(|k| w[[k, j]] * d[[k, b]]).sum();
            assert!((value - 1.5 * plain).abs() < 1e-14 * rows as f64, "{rows} {inner} {batch}");
        }
    }

    #[test]
    fn products_agree_with_the_plain_loop() {
        for (rows, inner, batch) in
            [(1, 1, 1), (7, 33, 1), (64, 100, 1), (5, 31, 3), (9, 40, 16), (13, 70, 37), (1, 8, 50)]
        {
            check(rows, inner, batch);
        }
    }

    /// A share of the rows has the bits that it has in the whole, wherever it is cut.
    #[test]
    fn shares_of_the_rows_are_those_of_the_whole() {
        let (rows, inner) = (70, 53);
        let w = Array2::from_shape_vec((rows, inner), noise(rows * inner)).expect("shape");
        for batch in [1, 2, 19, 40] {
            let x = Array2::from_shape_vec((inner, batch), noise(inner * batch)).expect("shape");
            let d = Array2::from_shape_vec((rows, batch), noise(rows * batch)).expect("shape");
            let (mut out, mut back) = (Array2::zeros((rows, batch)), Array2::zeros((inner, batch)));
            product(&w.view(), &x, 1.5, &mut out);
            product_transposed(&w.view(), &d, 1.5, &mut back);
            for range in [0..16, 16..53, 7..8, 31..50] {
                let mut share = vec![0.0; range.len() * batch];
                let of = |whole: &Array2<f64>| {
                    let whole = whole.as_slice().expect("standard layout");
                    whole[range.start * batch..range.end * batch].to_vec()
                };
                product_rows(&w.view(), range.clone(), &x, 1.5, &mut share);
                assert_eq!(share, of(&out), "{batch} {range:?}");
                product_transposed_rows(&w.view(), range.clone(), &d, 1.5, &mut share);
                assert_eq!(share, of(&back), "{batch} {range:?}");
            }
        }
    }
}
