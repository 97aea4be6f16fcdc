//! A whole layer for one example: what would be four calls over so few numbers that the calls
//! themselves are felt.

use super::activate::activate_body;
use super::dispatch;
use super::extremes::range_body;
use super::registers::Registers;
use super::slopes::product_extremes_body;
use super::vectors::{matvec_body, matvec_transposed_body};
use crate::engine::number::Real;
use crate::experiment::Activation;

/// A dense op's own share of a layer: rows of W, n × m, what they are multiplied by, and the rows'
/// b, where there is one.
#[derive(Clone, Copy)]
pub struct DenseRows<'a, T> {
    /// Row by row.
    pub w: &'a [T],
    /// What W is multiplied by.
    pub scale: T,
    /// n numbers.
    pub bias: Option<&'a [T]>,
}

dispatch!(
    /// z = scale · W x + b, a = φ(z) and slope = φ′(z), with the smallest and the largest |z|.
    forward_one, forward_one_body by registers,
    (dense: DenseRows<'_, T>, activation: Activation, x: &[T], out: [&mut [T]; 3]) -> [T; 2]
);
dispatch!(
    /// u = scale · Wᵀ d, with W's rows `stride` numbers apart, and the extremes of u · slope as
    /// [`super::product_extremes`] has them: the largest, and the smallest of what must not be lost.
    backward_one, backward_one_body by registers,
    (w: (&[T], usize), d: &[T], scale: T, slope: (&[T], bool), u: &mut [T]) -> [T; 2]
);

#[inline(always)]
fn forward_one_body<T: Real, S: Registers>(
    DenseRows { w, scale, bias }: DenseRows<'_, T>,
    activation: Activation,
    x: &[T],
    [z, a, slope]: [&mut [T]; 3],
) -> [T; 2] {
    assert_eq!(w.len(), z.len() * x.len(), "shapes of a layer");
    matvec_body(w, x, scale, z);
    if let Some(bias) = bias {
        z.iter_mut().zip(bias).for_each(|(z, &bias)| *z += bias);
    }
    activate_body(activation, z, a, slope);
    range_body::<T, S>(z)
}

#[inline(always)]
fn backward_one_body<T: Real, S: Registers>(
    (w, stride): (&[T], usize),
    d: &[T],
    scale: T,
    (slope, may_be): (&[T], bool),
    u: &mut [T],
) -> [T; 2] {
    matvec_transposed_body(w, stride, d, scale, u);
    let (mut top, mut least) = ([T::ZERO], [T::ZERO]);
    product_extremes_body::<T, S>(u, slope, may_be, &mut top, &mut least);
    [top[0], least[0]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kernels::product::tests::{narrow, noise};
    use crate::engine::kernels::vectors::matvec_transposed;
    use crate::engine::kernels::{activate, matvec, product_extremes, range, same_bits};

    /// One call leaves what its parts leave one after the other.
    fn check<T: Real + From<f32>>(narrowed: impl Fn(Vec<f64>) -> Vec<T>) {
        for (rows, columns) in [(37, 53), (20, 20), (1, 20), (64, 64)] {
            let w = narrowed(noise(rows * columns));
            let (x, bias) = (narrowed(noise(columns)), narrowed(noise(rows)));
            let scale = T::from(0.3);
            for activation in [Activation::Sigmoid, Activation::Relu, Activation::Gelu] {
                let [mut z, mut a, mut slope] = [(); 3].map(|()| vec![T::ZERO; rows]);
                matvec(&w, &x, scale, &mut z);
                z.iter_mut().zip(&bias).for_each(|(z, &bias)| *z += bias);
                activate(activation, &z, &mut a, &mut slope);
                let expected = (range(&z), z, a, slope.clone());
                let whole = same_bits(|| {
                    let [mut z, mut a, mut slope] = [(); 3].map(|()| vec![T::ZERO; rows]);
                    let dense = DenseRows { w: &w, scale, bias: Some(&bias) };
                    let range = forward_one(dense, activation, &x, [&mut z, &mut a, &mut slope]);
                    (range, z, a, slope)
                });
                assert_eq!(whole, expected);

                let below = &x;
                let mut u = vec![T::ZERO; columns];
                matvec_transposed(&w, columns, &slope, scale, &mut u);
                let (mut top, mut least) = ([T::ZERO], [T::ZERO]);
                product_extremes(&u, below, true, &mut top, &mut least);
                let whole = same_bits(|| {
                    let mut u = vec![T::ZERO; columns];
                    let extremes =
                        backward_one((&w, columns), &slope, scale, (below, true), &mut u);
                    (extremes, u)
                });
                assert_eq!(whole, ([top[0], least[0]], u));
            }
        }
    }

    #[test]
    fn one_call_is_its_parts() {
        check(|double| double);
        check(|double| narrow(&double));
    }
}
