//! What a pass leaves at the output: how large the error is, and how much of it the slope lets
//! through.

use crate::engine::network::Network;
use crate::engine::number::{Real, Scaled, root_mean_square};
use crate::engine::pass::Pass;

/// The output layer's own numbers, over units and examples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OutputRecord {
    /// The largest pre-activation.
    pub largest_preactivation: f64,
    /// The largest |φ′(z^(L))| as a share of the activation's largest slope; 1 where the loss
    /// cancels the slope. 0 where `f64` cannot hold it.
    pub steepest: f64,
    /// ‖a^(L) − y‖, the root mean square over the batch; none where an emulated format's output is
    /// not finite.
    pub error: Option<Scaled>,
}

impl OutputRecord {
    /// Of a pass of a network, in whatever precision it was computed.
    pub fn of<T: Real, U: Real>(network: &Network<U>, pass: &Pass<T>) -> Self {
        let last = network.depth() - 1;
        let (activation, trace) = (network.activation(last), &pass.layers[last]);
        let entries =
            || (0..trace.z.batch()).flat_map(|b| (0..trace.z.units()).map(move |unit| (unit, b)));
        let largest = entries().map(|(unit, b)| trace.z.entry(unit, b).to_f64());
        let slopes = trace.slope.iter().map(|slope| slope.to_f64().abs());
        let steepest = match network.loss.cancels_slope() {
            true => 1.0,
            false => slopes.fold(0.0, f64::max) / activation.largest_slope(),
        };
        let norms = (0..trace.a.batch()).map(|b| {
            let target = |unit| Scaled::from(network.target.mantissa[[unit, b]].to_f64());
            let difference = |unit| trace.a.entry(unit, b) - target(unit);
            let squares = (0..trace.a.units()).map(difference).map(|error| error * error);
            squares.sum::<Scaled>().sqrt()
        });
        let is_finite = trace.a.columns().mantissa.iter().all(|a| a.abs() <= T::LARGEST);
        Self {
            largest_preactivation: largest.fold(f64::NEG_INFINITY, f64::max),
            steepest,
            error: is_finite.then(|| root_mean_square(norms)),
        }
    }
}
