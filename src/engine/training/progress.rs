//! What one step tells of a layer.

use crate::engine::kernels;
use crate::engine::number::{Real, Scaled, Signal};
use crate::engine::pass::LayerTrace;

/// What one step tells of a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerProgress {
    /// ‖∂L/∂W‖ of the minibatch's mean loss, before clipping; as a narrow format stores it, 0 where
    /// it overflowed.
    pub gradient: Scaled,
    /// ‖ΔW‖/‖W‖ of the step; nothing where W is 0.
    pub update_ratio: Option<f64>,
    /// The share of units whose slope is exactly 0 in every example of the minibatch.
    pub dead_share: f64,
    /// The root mean square of the minibatch's activations a^(l).
    pub activation: Scaled,
}

impl LayerProgress {
    /// Of the layer with that gradient, W and what W becomes.
    pub(super) fn of<T: Real, U: Real>(
        trace: &LayerTrace<U>,
        gradient: Scaled,
        weight: &[T],
        new: &[T],
    ) -> Self {
        let size = kernels::square_sum(weight).sqrt();
        let moved = kernels::squared_distance(new, weight).sqrt();
        Self {
            gradient,
            update_ratio: (size > 0.0).then(|| moved / size),
            dead_share: dead_share(trace),
            activation: rms(&trace.a),
        }
    }
}

fn rms<T: Real>(signal: &Signal<T>) -> Scaled {
    signal.rms_norm() * Scaled::from(1.0 / (signal.units() as f64).sqrt())
}

fn dead_share<T: Real>(trace: &LayerTrace<T>) -> f64 {
    let rows = trace.slope.rows().into_iter();
    let dead = rows.filter(|row| row.iter().all(|&slope| slope == T::ZERO)).count();
    dead as f64 / trace.slope.nrows() as f64
}
