//! A network as passes in a narrow format take it.

use std::sync::Arc;

use crate::engine::network::Network;
use crate::engine::number::{Format, Real};
use crate::engine::op::{Dense, Op};
use crate::engine::pass::Pass;

use super::loss_scaler::LossScaler;
use crate::experiment::LossScaling;

/// What a stopped training in a narrow format keeps besides to go on later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MixedState {
    /// log2 of the loss scale of the next step.
    pub power: i64,
    /// Steps since the scale changed or a gradient overflowed.
    pub finite_steps: u32,
    /// Steps whose gradient overflowed: nothing was updated.
    pub skipped: usize,
}

/// What a training in a narrow format has besides.
#[derive(Clone, Debug)]
pub(super) struct Mixed {
    pub format: Format,
    pub scaler: LossScaler,
    /// Steps whose gradient overflowed: nothing was updated.
    pub skipped: usize,
    /// The network as passes take it.
    pub network: Network<f64>,
}

impl Mixed {
    /// Passes of this network in a format, before the first step.
    pub fn new<T: Real>(
        network: &Network<T>,
        format: Format,
        scaling: Option<LossScaling>,
    ) -> Self {
        let scaler = LossScaler::new(scaling, format);
        Self { format, scaler, skipped: 0, network: network.to_double() }
    }

    /// Takes the trainer's parameters and minibatch.
    pub fn take_parameters<T: Real>(&mut self, from: &Network<T>) {
        self.network = from.to_double();
    }

    /// What the format computes and stores on the way forward.
    pub fn forward(&self) -> Pass<f32> {
        let pass = self.network.emulated_forward(self.format, &mut || true);
        pass.expect("nobody stops it")
    }

    /// The way back at a loss scale of 2^power.
    pub fn backward(&self, power: i64, pass: &mut Pass<f32>) {
        let back = self.network.emulated_backward(self.format, power, pass, &mut || true);
        back.expect("nobody stops it");
    }

    /// The share of ∂L/∂W's entries that are stored as 0 among those that are not 0 exactly;
    /// nothing where an entry is not finite. `index` = l − 1.
    pub fn flushed(&self, pass: &Pass<f32>, exact: &Pass<f64>, index: usize) -> Option<f64> {
        let mut stored: Vec<f32> = Vec::new();
        let taken = pass.stored_weight_gradient(self.format, index, &mut |_, row| {
            stored.extend(row);
            true
        });
        taken.expect("nobody stops it");
        if !stored.iter().all(|entry| entry.is_finite()) {
            return None;
        }
        let (mut nonzero, mut lost, mut place) = (0_usize, 0_usize, 0);
        let taken = exact.exact_weight_gradient(index, &mut |_, row| {
            for entry in row {
                nonzero += usize::from(!entry.is_zero());
                lost += usize::from(!entry.is_zero() && stored[place] == 0.0);
                place += 1;
            }
            true
        });
        taken.expect("nobody stops it");
        Some(lost as f64 / nonzero.max(1) as f64)
    }
}

impl<T: Real> Network<T> {
    /// This network with weights, biases, γ, β and examples in double precision.
    fn to_double(&self) -> Network<f64> {
        let numbers = |of: &[T]| -> Vec<f64> { of.iter().map(|number| number.to_f64()).collect() };
        let ops = (0..self.depth()).flat_map(|index| {
            self.layer_ops(index).iter().map(move |op| {
                let op = match op {
                    Op::Dense(dense) => Op::Dense(Dense {
                        unit: Arc::new(dense.unit.mapv(Real::to_f64)),
                        scale: dense.scale.to_f64(),
                        bias: dense.bias.as_deref().map(numbers),
                        is_random: dense.is_random,
                    }),
                    Op::Norm(norm) => Op::Norm(norm.to_double()),
                    Op::Activation(activation) => Op::Activation(*activation),
                    Op::Add { alpha } => Op::Add { alpha: *alpha },
                    Op::Save => Op::Save,
                };
                (index + 1, op)
            })
        });
        let data = [&self.input, &self.target].map(|data| data.to_double());
        Network::new(ops.collect(), data, self.loss)
    }
}
