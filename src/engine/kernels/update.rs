//! One step of an optimizer over an array of parameters.
//!
//! Each takes the gradient and leaves the new parameters in its place: the old ones stay until all
//! of a network's are known to be finite.

use super::dispatch;
use crate::engine::number::Real;

/// Lanes in which what is not finite is kept: two registers of AVX-512.
const LANES: usize = 32;

/// The numbers of one step, in the type of the parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UpdateNumbers<T> {
    /// By which clipping multiplies the gradient, 1 where it does not.
    pub factor: T,
    /// What no entry of the gradient exceeds; infinite where nothing clips.
    pub limit: T,
    /// λ where decay is added to the gradient, else 0.
    pub decay: T,
    /// By which decay multiplies the parameters themselves, else 1.
    pub shrink: T,
    /// η, over Adam's 1 − β₁ᵗ.
    pub rate: T,
    /// μ, or β₁.
    pub momentum: T,
    /// 1 − β₁, or what a step takes of g beside μv: 1 with Nesterov, else 0.
    pub share: T,
    /// β₂ and 1 − β₂.
    pub second: [T; 2],
    /// 1/√(1 − β₂ᵗ).
    pub inverse: T,
    /// ε.
    pub epsilon: T,
}

impl<T: Real> UpdateNumbers<T> {
    /// The gradient that an optimizer takes: clipped, then decayed.
    #[inline(always)]
    fn taken(&self, parameter: T, gradient: T) -> T {
        let scaled = gradient * self.factor;
        let clipped = if scaled > self.limit {
            self.limit
        } else if scaled < -self.limit {
            -self.limit
        } else {
            scaled
        };
        parameter.mul_add(self.decay, clipped)
    }
}

dispatch!(
    /// θ − η(g + λθ). Whether all are finite.
    update_sgd, update_sgd_body,
    (parameters: &[T], gradient: &mut [T], numbers: &UpdateNumbers<T>) -> bool
);
dispatch!(
    /// v ← μv + g and θ − ηv, or with `share` 1 θ − η(g + μv). Whether all are finite.
    update_momentum, update_momentum_body,
    (parameters: &[T], gradient: &mut [T], velocity: &mut [T], numbers: &UpdateNumbers<T>) -> bool
);
dispatch!(
    /// m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g² and θ − η m̂/(√v̂ + ε). Whether all are finite.
    update_adam, update_adam_body,
    (parameters: &[T], gradient: &mut [T], first: &mut [T], second: &mut [T], numbers: &UpdateNumbers<T>) -> bool
);

/// 0, or NaN where the number is not finite.
#[inline(always)]
#[expect(clippy::eq_op, reason = "infinity less itself is no number, and neither is NaN")]
fn zero_if_finite<T: Real>(number: T) -> T {
    number - number
}

/// 0, or no number where one of them is not finite.
#[inline(always)]
fn trace_of<T: Real, const N: usize>(traces: &mut [T; N], new: &[T; N]) {
    for lane in 0..N {
        traces[lane] += zero_if_finite(new[lane]);
    }
}

#[inline(always)]
fn is_finite<T: Real>(traces: &[T; LANES], rest: T) -> bool {
    traces.iter().all(|&trace| trace == T::ZERO) && rest == T::ZERO
}

#[inline(always)]
fn update_sgd_body<T: Real>(
    parameters: &[T],
    gradient: &mut [T],
    numbers: &UpdateNumbers<T>,
) -> bool {
    let new = |p: T, g: T| (-numbers.rate).mul_add(numbers.taken(p, g), p * numbers.shrink);
    let mut traces = [T::ZERO; LANES];
    let (parameters, last) = parameters.as_chunks::<LANES>();
    let (gradient, rest) = gradient.as_chunks_mut::<LANES>();
    for (p, g) in parameters.iter().zip(gradient) {
        for lane in 0..LANES {
            g[lane] = new(p[lane], g[lane]);
        }
        trace_of(&mut traces, g);
    }
    let mut trace = T::ZERO;
    for (&p, g) in last.iter().zip(rest) {
        *g = new(p, *g);
        trace += zero_if_finite(*g);
    }
    is_finite(&traces, trace)
}

#[inline(always)]
fn update_momentum_body<T: Real>(
    parameters: &[T],
    gradient: &mut [T],
    velocity: &mut [T],
    numbers: &UpdateNumbers<T>,
) -> bool {
    let UpdateNumbers { momentum, share, rate, .. } = *numbers;
    // With Nesterov g + μv, else v.
    let beside = if share == T::ZERO { T::from_f64(1.0) } else { momentum };
    let new = |p: T, g: T, v: &mut T| {
        let g = numbers.taken(p, g);
        *v = momentum.mul_add(*v, g);
        (-rate).mul_add(beside.mul_add(*v, share * g), p)
    };
    let mut traces = [T::ZERO; LANES];
    let (parameters, last) = parameters.as_chunks::<LANES>();
    let (gradient, rest) = gradient.as_chunks_mut::<LANES>();
    let (velocity, slow) = velocity.as_chunks_mut::<LANES>();
    for ((p, g), v) in parameters.iter().zip(gradient).zip(velocity) {
        for lane in 0..LANES {
            g[lane] = new(p[lane], g[lane], &mut v[lane]);
        }
        trace_of(&mut traces, g);
    }
    let mut trace = T::ZERO;
    for ((&p, g), v) in last.iter().zip(rest).zip(slow) {
        *g = new(p, *g, v);
        trace += zero_if_finite(*g);
    }
    is_finite(&traces, trace)
}

#[inline(always)]
fn update_adam_body<T: Real>(
    parameters: &[T],
    gradient: &mut [T],
    first: &mut [T],
    second: &mut [T],
    numbers: &UpdateNumbers<T>,
) -> bool {
    let UpdateNumbers { momentum, share, rate, shrink, inverse, epsilon, .. } = *numbers;
    let [keep, take] = numbers.second;
    let new = |p: T, g: T, m: &mut T, v: &mut T| {
        let g = numbers.taken(p, g);
        *m = momentum.mul_add(*m, share * g);
        *v = keep.mul_add(*v, take * g * g);
        p * shrink - rate * *m / v.sqrt().mul_add(inverse, epsilon)
    };
    let mut traces = [T::ZERO; LANES];
    let (parameters, last) = parameters.as_chunks::<LANES>();
    let (gradient, rest) = gradient.as_chunks_mut::<LANES>();
    let (first, first_rest) = first.as_chunks_mut::<LANES>();
    let (second, second_rest) = second.as_chunks_mut::<LANES>();
    for (((p, g), m), v) in parameters.iter().zip(gradient).zip(first).zip(second) {
        for lane in 0..LANES {
            g[lane] = new(p[lane], g[lane], &mut m[lane], &mut v[lane]);
        }
        trace_of(&mut traces, g);
    }
    let mut trace = T::ZERO;
    for (((&p, g), m), v) in last.iter().zip(rest).zip(first_rest).zip(second_rest) {
        *g = new(p, *g, m, v);
        trace += zero_if_finite(*g);
    }
    is_finite(&traces, trace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kernels::same_bits;

    fn numbers() -> UpdateNumbers<f64> {
        UpdateNumbers {
            factor: 0.5,
            limit: 0.75,
            decay: 0.1,
            shrink: 0.99,
            rate: 0.2,
            momentum: 0.9,
            share: 0.1,
            second: [0.99, 0.01],
            inverse: 2.0,
            epsilon: 1e-3,
        }
    }

    fn row(of: impl Fn(usize) -> f64) -> Vec<f64> {
        (0..77).map(of).collect()
    }

    #[test]
    fn kernels_do_what_the_formulas_say_on_every_instruction_set() {
        let parameters = row(|i| (i as f64).sin());
        let gradient = row(|i| 3.0 * (i as f64).cos());
        let taken = |i: usize| (0.5 * gradient[i]).clamp(-0.75, 0.75) + 0.1 * parameters[i];
        let near = |found: &[f64], expected: &dyn Fn(usize) -> f64| {
            for (i, &found) in found.iter().enumerate() {
                assert!((found - expected(i)).abs() < 1e-15, "{i}: {found} {}", expected(i));
            }
        };
        let sgd = same_bits(|| {
            let mut g = gradient.clone();
            (update_sgd(&parameters, &mut g, &numbers()), g)
        });
        near(&sgd.1, &|i| 0.99 * parameters[i] - 0.2 * taken(i));
        let adam = same_bits(|| {
            let (mut g, mut m, mut v) = (gradient.clone(), vec![0.5; 77], vec![0.25; 77]);
            (update_adam(&parameters, &mut g, &mut m, &mut v, &numbers()), g, m, v)
        });
        let m = |i: usize| 0.45 + 0.1 * taken(i);
        let v = |i: usize| 0.2475 + 0.01 * taken(i) * taken(i);
        near(&adam.1, &|i| 0.99 * parameters[i] - 0.2 * m(i) / (2.0 * v(i).sqrt() + 1e-3));
        near(&adam.2, &m);
        near(&adam.3, &v);
        for share in [0.0, 1.0] {
            let momentum = same_bits(|| {
                let (mut g, mut v) = (gradient.clone(), vec![0.5; 77]);
                let numbers = UpdateNumbers { share, ..numbers() };
                (update_momentum(&parameters, &mut g, &mut v, &numbers), g, v)
            });
            let v = |i: usize| 0.45 + taken(i);
            let step = |i: usize| if share == 0.0 { v(i) } else { taken(i) + 0.9 * v(i) };
            near(&momentum.1, &|i| parameters[i] - 0.2 * step(i));
            near(&momentum.2, &v);
        }
        assert!(sgd.0 && adam.0);
    }

    #[test]
    fn what_is_not_finite_is_told_wherever_it_stands() {
        let free = UpdateNumbers { limit: f64::INFINITY, ..numbers() };
        for place in [0, 40, 76] {
            for bad in [f64::INFINITY, f64::NAN] {
                let mut gradient = row(|i| if i == place { bad } else { 1.0 });
                assert!(!same_bits(|| update_sgd(&row(|_| 1.0), &mut gradient.clone(), &free)));
                assert!(!update_sgd(&row(|_| 1.0), &mut gradient, &free));
            }
        }
    }
}
