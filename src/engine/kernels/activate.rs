//! Activations over whole slices.
//!
//! Far out, where the vector form of the sigmoid and of tanh leaves its range, the exact scalar
//! form takes over.

use crate::engine::number::Real;
use crate::experiment::{Activation, Kernel};

use super::dispatch;
use super::extremes::largest_body;

/// Numbers at a time.
const BLOCK: usize = 16;

dispatch!(
    /// a = φ(z) and slope = φ′(z), element by element; of straight lines a alone where there is no
    /// memory for slopes.
    activate, activate_body,
    (activation: Activation, z: &[T], a: &mut [T], slope: &mut [T])
);

#[inline(always)]
pub(super) fn activate_body<T: Real>(
    activation: Activation,
    z: &[T],
    a: &mut [T],
    slope: &mut [T],
) {
    let one = T::from_f64(1.0);
    if let (Kernel::Lines(left, right), []) = (activation.kernel(), &*slope) {
        return lines(z, a, [left, right]);
    }
    assert_eq!(z.len(), slope.len(), "a slope each");
    let elements = z.iter().zip(a.iter_mut()).zip(slope.iter_mut());
    match activation.kernel() {
        // Not 0 · z, which is −0 on the left.
        Kernel::Lines(0.0, 1.0) => elements.for_each(|((&z, a), s)| {
            let on = z > T::ZERO;
            (*a, *s) = (if on { z } else { T::ZERO }, if on { one } else { T::ZERO });
        }),
        Kernel::Lines(left, right) => {
            let (left, right) = (T::from_f64(left), T::from_f64(right));
            elements.for_each(|((&z, a), s)| {
                let slope = if z > T::ZERO { right } else { left };
                (*a, *s) = (slope * z, slope);
            });
        }
        Kernel::Sigmoid => {
            in_blocks(z, a, slope, T::sigmoid);
            mend_far_out(z, T::SIGMOID_REACH, |i, z| (a[i], slope[i]) = exact(activation, z));
        }
        Kernel::Tanh => {
            in_blocks(z, a, slope, T::tanh);
            let reach = T::SIGMOID_REACH * T::from_f64(0.5);
            mend_far_out(z, reach, |i, z| (a[i], slope[i]) = exact(activation, z));
        }
        Kernel::General => {
            elements.for_each(|((&z, a), s)| (*a, *s) = exact(activation, z));
        }
    }
}

/// a of straight lines.
#[inline(always)]
fn lines<T: Real>(z: &[T], a: &mut [T], [left, right]: [f64; 2]) {
    let elements = z.iter().zip(a);
    if [left, right] == [0.0, 1.0] {
        elements.for_each(|(&z, a)| *a = if z > T::ZERO { z } else { T::ZERO });
        return;
    }
    let [left, right] = [left, right].map(T::from_f64);
    elements.for_each(|(&z, a)| *a = if z > T::ZERO { right } else { left } * z);
}

/// The last few numbers make a block of their own, filled up with zeros: a loop over them alone
/// would take longer than all the others.
#[inline(always)]
fn in_blocks<T: Real>(z: &[T], a: &mut [T], slope: &mut [T], f: impl Fn(T) -> (T, T)) {
    let (z, z_rest) = z.as_chunks::<BLOCK>();
    let (a, a_rest) = a.as_chunks_mut::<BLOCK>();
    let (slope, slope_rest) = slope.as_chunks_mut::<BLOCK>();
    for ((z, a), slope) in z.iter().zip(a).zip(slope) {
        for lane in 0..BLOCK {
            (a[lane], slope[lane]) = f(z[lane]);
        }
    }
    if !z_rest.is_empty() {
        let [mut z, mut a, mut slope] = [[T::ZERO; BLOCK]; 3];
        z[..z_rest.len()].copy_from_slice(z_rest);
        for lane in 0..BLOCK {
            (a[lane], slope[lane]) = f(z[lane]);
        }
        a_rest.copy_from_slice(&a[..z_rest.len()]);
        slope_rest.copy_from_slice(&slope[..z_rest.len()]);
    }
}

#[inline(always)]
fn exact<T: Real>(activation: Activation, z: T) -> (T, T) {
    let z = z.to_f64();
    (T::from_f64(activation.value(z)), T::from_f64(activation.derivative(z)))
}

#[inline(always)]
fn mend_far_out<T: Real>(z: &[T], reach: T, mut mend: impl FnMut(usize, T)) {
    if largest_body(z) > reach {
        for (i, &z) in z.iter().enumerate() {
            if z.abs() > reach {
                mend(i, z);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kernels::same_bits;

    fn points() -> Vec<f64> {
        let mut z: Vec<f64> = (-3000..3000).map(|i| f64::from(i) * 0.0137).collect();
        z.extend((0..40).flat_map(|i| {
            let small = 10_f64.powi(-i);
            [small, -small]
        }));
        z.extend([0.0, 699.9, -699.9, 720.0, -720.0, 5000.0, -5000.0]);
        z
    }

    /// The slice form against the scalar one, on every instruction set.
    fn check<T: Real>(tolerance: f64, floor: f64) {
        let z: Vec<T> = points().into_iter().map(T::from_f64).collect();
        for activation in Activation::ALL {
            let (a, slope) = same_bits(|| {
                let (mut a, mut slope) = (vec![T::ZERO; z.len()], vec![T::ZERO; z.len()]);
                activate(activation, &z, &mut a, &mut slope);
                (a, slope)
            });
            if activation.is_piecewise_linear() {
                let alone = same_bits(|| {
                    let mut alone = vec![T::ZERO; z.len()];
                    activate(activation, &z, &mut alone, &mut []);
                    alone
                });
                assert!(alone == a, "{}", activation.id());
            }
            for (i, z) in z.iter().map(|z| z.to_f64()).enumerate() {
                let value = (a[i], activation.value(z));
                for (fast, exact) in [value, (slope[i], activation.derivative(z))] {
                    let error = (fast.to_f64() - exact).abs();
                    let id = activation.id();
                    assert!(error <= tolerance * exact.abs() + floor, "{id} {z}: {fast:?} {exact}");
                }
            }
        }
    }

    #[test]
    fn both_precisions_agree_with_the_scalar_form() {
        check::<f64>(4e-15, 0.0);
        check::<f32>(1e-6, f64::from(f32::MIN_POSITIVE));
    }
}
