//! How much a normalization's output moves when its input does.
//!
//! With c = z − μ, d = Δz − mean(Δz) and s = √(v + ε), v rises by mean(2 c d + d²), s by that over
//! s + s′, and ẑ by d/s′ − c (s′ − s)/(s s′): no difference of large numbers is taken.

use crate::engine::{Norm, Real, Scaled};
use crate::experiment::NormKind;

use super::noise::{Noise, shaken};

/// Makes Δz of each example Δu; `before` is z of each. `reach` becomes the largest Δz beside its
/// group's deviation, if it is not more already.
pub(super) fn norm_moved<T: Real>(
    norm: &Norm<T>,
    before: &[Vec<Scaled>],
    moved: &mut [Vec<Scaled>],
    reach: &mut Scaled,
    noise: &mut Option<&mut Noise>,
) {
    let gamma = |unit: usize| norm.gamma.as_ref().map_or(1.0, |gamma| gamma[unit].to_f64());
    if norm.spec.kind.couples_examples() {
        for unit in 0..before.first().map_or(0, Vec::len) {
            let z: Vec<Scaled> = before.iter().map(|column| column[unit]).collect();
            let mut step: Vec<Scaled> = moved.iter().map(|column| column[unit]).collect();
            group_moved(norm, &z, &mut step, reach, noise);
            moved.iter_mut().zip(step).for_each(|(column, step)| column[unit] = step * gamma(unit));
        }
        return;
    }
    for (z, step) in before.iter().zip(moved) {
        group_moved(norm, z, step, reach, noise);
        step.iter_mut().enumerate().for_each(|(unit, step)| *step *= gamma(unit));
    }
}

fn group_moved<T: Real>(
    norm: &Norm<T>,
    z: &[Scaled],
    step: &mut [Scaled],
    reach: &mut Scaled,
    noise: &mut Option<&mut Noise>,
) {
    if step.iter().all(|step| step.is_zero()) {
        return;
    }
    let share = 1.0 / z.len() as f64;
    let mean = |numbers: &[Scaled]| numbers.iter().copied().sum::<Scaled>() * share;
    let centred = |numbers: &[Scaled]| -> Vec<Scaled> {
        if norm.spec.kind == NormKind::Rms {
            return numbers.to_vec();
        }
        // Equal numbers differ by exactly 0 from the first of them.
        let from_first: Vec<Scaled> = numbers.iter().map(|&number| number - numbers[0]).collect();
        let mean = mean(&from_first);
        from_first.into_iter().map(|number| number - mean).collect()
    };
    let (c, d) = (centred(z), centred(step));
    let squares: Vec<Scaled> = c.iter().map(|&c| c * c).collect();
    let rises: Vec<Scaled> = c.iter().zip(&d).map(|(&c, &d)| (c * 2.0 + d) * d).collect();
    let (square, rise) = (mean(&squares) + norm.spec.epsilon.into(), mean(&rises));
    let (s, after) = (square.sqrt(), (square + rise).sqrt());
    let over = |number: Scaled, by: Scaled| number.checked_div(by).unwrap_or_default();
    let stretched = over(rise, s + after);
    for ((step, c), d) in step.iter_mut().zip(c).zip(d) {
        let (own, of_all) = (over(d, after), over(over(c * stretched, s), after));
        *reach = (*reach).max(over(d.abs(), s));
        *step = shaken(own - of_all, own.abs().max(of_all.abs()), noise);
    }
}
