//! The squared error.

use crate::engine::number::{Real, Scaled, ScaledColumns};
use crate::engine::op::scaled_activation;
use crate::engine::pass::LayerTrace;
use crate::experiment::Activation;

/// ½‖a − y‖² and a − y, where a = m 2^e and y stands in plain numbers.
pub fn squared_error<T: Real>(
    activation: Activation,
    output: &mut LayerTrace<T>,
    target: &ScaledColumns<T>,
) -> Scaled {
    let LayerTrace { z, a, delta: error, .. } = output;
    let ScaledColumns { mantissa, exponent } = error.columns_mut();
    let differences = mantissa.iter_mut().zip(&a.columns().mantissa).zip(&target.mantissa);
    differences.for_each(|((error, &a), &y)| *error = a - y);
    exponent.fill(0);
    let near = T::EPSILON.sqrt();
    for (b, &exponent) in a.columns().exponent.iter().enumerate() {
        let errors = error.columns().mantissa.column(b);
        let rounded = |(error, y): (&T, &T)| error.to_f64().abs() <= near * y.to_f64().abs();
        let touches =
            activation.is_bounded() && errors.iter().zip(target.mantissa.column(b)).any(rounded);
        if touches || exponent != 0 || !a.underflowed_of(b).is_empty() {
            // Beside a target of exactly 0 even the smallest output is an error.
            let entry = |unit: usize| {
                let y = target.mantissa[[unit, b]].to_f64();
                let at_bound = beside_bound(activation, z.entry(unit, b), y).filter(|_| touches);
                at_bound.unwrap_or_else(|| a.entry(unit, b) + Scaled::from(-y))
            };
            let entries: Vec<Scaled> = (0..a.units()).map(entry).collect();
            error.set_column(b, &entries);
        }
    }
    let norm = error.rms_norm();
    (norm * norm) * 0.5
}

/// φ(z) − y where the target is a bound of φ, beside which rounding takes φ(z)'s digits.
fn beside_bound(activation: Activation, z: Scaled, y: f64) -> Option<Scaled> {
    let factor = -activation.gap_to(y)?;
    Some(scaled_activation::value(Activation::Sigmoid, z * factor) * factor)
}
