//! Mixed precision: passes as a narrow format computes them, with a loss scale; the parameters and
//! what the optimizer keeps of them stay in the trainer's own numbers, as in `torch.amp`.

use std::sync::Arc;

use crate::engine::network::Network;
use crate::engine::number::{Format, Real, Scaled, ldexp};
use crate::engine::op::{Dense, Op};
use crate::engine::pass::Pass;
use crate::engine::rows::Serial;
use crate::engine::training::loss_scaler::LossScaler;
use crate::engine::training::progress::LayerProgress;
use crate::engine::training::report::{Diverged, MixedReport, StepReport};
use crate::engine::training::slots::{LayerSlots, SlotKind};
use crate::experiment::LossScaling;

use super::{Trainer, accuracy};

/// What a training in a narrow format has besides.
#[derive(Clone, Debug)]
pub(super) struct Mixed {
    pub format: Format,
    pub scaler: LossScaler,
    /// Steps whose gradient overflowed: nothing was updated.
    pub skipped: usize,
    /// The network as passes take it.
    network: Network<f64>,
}

/// The largest share of a layer's gradient that may flush to zero and still count as kept.
const KEPT: f64 = 0.01;

impl<T: Real> Network<T> {
    /// The same numbers in double precision.
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

impl<T: Real> Trainer<T> {
    /// Computes passes in a narrow format from the next step on.
    pub fn mix(&mut self, format: Format, scaling: Option<LossScaling>) {
        let scaler = LossScaler::new(scaling, format);
        let network = self.network.to_double();
        self.mixed = Some(Box::new(Mixed { format, scaler, skipped: 0, network }));
    }

    /// log2 of the least loss scale, a power of two from 1 to the largest of the format and 2^24,
    /// that keeps 99 % of every layer's gradient of the last minibatch and lets nothing overflow.
    /// Nothing where none does, or passes are not those of a narrow format.
    pub fn loss_scale_needed(&self) -> Option<i64> {
        let mixed = self.mixed.as_deref()?;
        let mut mixed = mixed.clone();
        mixed.take_parameters(&self.network);
        let exact = mixed.network.pass();
        let mut pass = mixed.forward();
        let mut at = |power| {
            mixed.backward(power, &mut pass);
            let layers = 0..mixed.network.depth();
            let shares = layers.map(|index| mixed.flushed(&pass, &exact, index));
            shares.collect::<Option<Vec<f64>>>()
        };
        let most = (*mixed.format.loss_scales().end()).min(24);
        let is_kept = |shares: Vec<f64>| shares.iter().all(|share| *share < KEPT);
        (0..=most).find(|&power| at(power).is_some_and(is_kept))
    }

    pub(super) fn step_mixed(
        &mut self,
        mixed: &mut Mixed,
        is_reported: bool,
    ) -> Result<Option<StepReport>, Diverged> {
        mixed.take_parameters(&self.network);
        let mut pass = mixed.forward();
        if !pass.layers[mixed.network.depth() - 1].is_finite() {
            return Err(Diverged::Loss);
        }
        let power = mixed.scaler.power();
        mixed.backward(power, &mut pass);
        let exact = is_reported.then(|| mixed.network.pass());
        let is_finite = self.take_stored_gradients(mixed, power, &pass);
        mixed.scaler.update(is_finite);
        mixed.skipped += usize::from(!is_finite);
        let told = exact.map(|exact| {
            let layers = 0..mixed.network.depth();
            let flushed = |index| mixed.flushed(&pass, &exact, index).unwrap_or(0.0);
            let (is_skipped, skipped) = (!is_finite, mixed.skipped);
            MixedReport { power, is_skipped, skipped, flushed: layers.map(flushed).collect() }
        });
        let gradients: Vec<Scaled> = self.gradient_norms(is_finite);
        if is_finite {
            let norm = if self.optimizer.needs_norm() { self.gradient_norm() } else { 0.0 };
            let numbers = self.optimizer.numbers(norm);
            let mut updated = true;
            for index in 0..self.layers.len() {
                updated &= self.update(index, &numbers, true, &Serial);
            }
            if !updated {
                return Err(Diverged::Parameter);
            }
        } else {
            self.stay();
        }
        let report = told.map(|told| StepReport {
            loss: pass.loss.to_f64(),
            accuracy: accuracy(
                &pass.layers[pass.layers.len() - 1].a,
                &self.network.target.mantissa,
            ),
            layers: self.mixed_progress(&pass, &gradients),
            mixed: Some(told),
        });
        if is_finite {
            for running in &mut self.running {
                running.take(&pass.layers[running.layer - 1]);
            }
            self.take_new_parameters();
            self.optimizer.steps_taken += 1;
        }
        Ok(report)
    }

    /// Gradients as the format stores them, over the loss scale. Whether all are finite.
    fn take_stored_gradients(&mut self, mixed: &Mixed, power: i64, pass: &Pass<f32>) -> bool {
        let unscale = ldexp(1.0, -power);
        let mut is_finite = true;
        let mut take = |to: &mut [T], from: &[f32]| {
            for (to, &from) in to.iter_mut().zip(from) {
                is_finite &= from.is_finite();
                *to = T::from_f64(f64::from(from) * unscale);
            }
        };
        for index in (0..self.layers.len()).rev() {
            let LayerSlots { weight, bias, norm, .. } = &mut self.layers[index];
            let columns = weight.gradient.ncols();
            let entries = weight.entries_mut();
            let taken = pass.stored_weight_gradient(mixed.format, index, &mut |row, stored| {
                take(&mut entries[row * columns..][..columns], stored);
                true
            });
            taken.expect("nobody stops it");
            match pass.layers[index].is_bias_idle() {
                true => bias.entries_mut().fill(T::ZERO),
                false => take(bias.entries_mut(), &pass.stored_bias_gradient(mixed.format, index)),
            }
            if let Some([gamma, beta]) = norm {
                let [by_gamma, by_beta] = mixed.network.stored_norm_gradients(pass, index);
                take(gamma.entries_mut(), &by_gamma);
                take(beta.entries_mut(), &by_beta);
            }
            let is_shared = self.layers.get(index + 1).is_some_and(|above| above.owner.is_some());
            if is_shared {
                let (own, above) = self.layers.split_at_mut(index + 1);
                own[index].weight.gradient += &above[0].weight.gradient;
                own[index].bias.gradient += &above[0].bias.gradient;
            }
        }
        is_finite
    }

    /// ‖∂L/∂W^(l)‖ of layers 1…L before an update, 0 where the gradient overflowed.
    fn gradient_norms(&self, is_finite: bool) -> Vec<Scaled> {
        let norm = |layer: &LayerSlots<T>| {
            let squares = layer.weight.entries().iter().map(|entry| entry.to_f64().powi(2));
            if is_finite { squares.sum::<f64>().sqrt().into() } else { Scaled::ZERO }
        };
        self.layers.iter().map(norm).collect()
    }

    /// The new parameters are the old ones.
    fn stay(&mut self) {
        for (index, layer) in self.layers.iter_mut().enumerate() {
            let network = &self.network;
            for (kind, slot) in layer.own_mut() {
                slot.entries_mut().copy_from_slice(network.array(index, kind));
            }
        }
    }

    fn mixed_progress(&self, pass: &Pass<f32>, gradients: &[Scaled]) -> Vec<LayerProgress> {
        let layer = |(index, slots): (usize, &LayerSlots<T>)| {
            let own = slots.owner.unwrap_or(index);
            let (old, new) =
                (self.network.array(own, SlotKind::Weight), self.layers[own].weight.entries());
            LayerProgress::of(&pass.layers[index], gradients[index], old, new)
        };
        self.layers.iter().enumerate().map(layer).collect()
    }
}

impl Mixed {
    /// Takes the trainer's parameters and minibatch.
    fn take_parameters<T: Real>(&mut self, from: &Network<T>) {
        self.network = from.to_double();
    }

    fn forward(&self) -> Pass<f32> {
        let pass = self.network.emulated_forward(self.format, &mut || true);
        pass.expect("nobody stops it")
    }

    fn backward(&self, power: i64, pass: &mut Pass<f32>) {
        let back = self.network.emulated_backward(self.format, power, pass, &mut || true);
        back.expect("nobody stops it");
    }

    /// The share of ∂L/∂W's entries that are stored as 0 among those that are not 0 exactly;
    /// nothing where an entry is not finite. `index` = l − 1.
    fn flushed(&self, pass: &Pass<f32>, exact: &Pass<f64>, index: usize) -> Option<f64> {
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
