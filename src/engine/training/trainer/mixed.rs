//! Mixed precision: passes as a narrow format computes them, with a loss scale; the parameters and
//! what the optimizer keeps of them stay in the trainer's own numbers, as in `torch.amp`.

use crate::engine::kernels;
use crate::engine::number::{Format, Real, Scaled, ldexp};
use crate::engine::pass::Pass;
use crate::engine::rows::Serial;
use crate::engine::training::mixed::{Mixed, MixedState};
use crate::engine::training::report::{Diverged, MixedReport, StepReport, Told};
use crate::engine::training::slots::LayerSlots;
use crate::experiment::LossScaling;

use super::Trainer;

/// The largest share of a layer's gradient that may flush to zero and still count as kept.
const KEPT: f64 = 0.01;

impl<T: Real> Trainer<T> {
    /// Computes passes in a narrow format from the next step on.
    pub fn mix(&mut self, format: Format, scaling: Option<LossScaling>) {
        self.mixed = Some(Box::new(Mixed::new(&self.network, format, scaling)));
    }

    /// What a training in a narrow format needs besides to go on later.
    pub fn mixed_state(&self) -> Option<MixedState> {
        self.mixed.as_deref().map(|mixed| MixedState {
            power: mixed.scaler.power(),
            finite_steps: mixed.scaler.finite_steps(),
            skipped: mixed.skipped,
        })
    }

    /// Goes on from such a state, but for a loss scale that the experiment fixes; of another format than
    /// a narrow one it changes nothing.
    pub fn resume_mixed(&mut self, state: MixedState) {
        if let Some(mixed) = self.mixed.as_deref_mut() {
            mixed.scaler.resume(state.power, state.finite_steps);
            mixed.skipped = state.skipped;
        }
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
        told: Told,
    ) -> Result<Option<StepReport>, Diverged> {
        mixed.take_parameters(&self.network);
        let mut pass = mixed.forward();
        if !pass.layers[mixed.network.depth() - 1].is_finite() {
            return Err(Diverged::Loss);
        }
        let power = mixed.scaler.power();
        mixed.backward(power, &mut pass);
        let exact = (told == Told::Layers).then(|| mixed.network.pass());
        let is_finite = self.take_stored_gradients(mixed, power, &pass);
        mixed.scaler.update(is_finite);
        mixed.skipped += usize::from(!is_finite);
        let flushed = exact.map(|exact| {
            let layers = 0..mixed.network.depth();
            let flushed = |index| mixed.flushed(&pass, &exact, index);
            let (is_skipped, skipped) = (!is_finite, mixed.skipped);
            MixedReport { power, is_skipped, skipped, flushed: layers.map(flushed).collect() }
        });
        let gradients = match told {
            Told::Layers => self.gradient_norms(is_finite),
            Told::Loss | Told::Nothing => Vec::new(),
        };
        if is_finite {
            let norm = if self.optimizer.needs_norm() { self.gradient_norm() } else { 0.0 };
            let numbers = self.optimizer.numbers(norm);
            if !self.update_all(&numbers, &Serial) {
                return Err(Diverged::Parameter);
            }
        } else {
            self.stay();
        }
        let report = (told != Told::Nothing).then(|| StepReport {
            loss: pass.loss.to_f64(),
            accuracy: self.accuracy(&pass.layers),
            layers: self.progress(&pass.layers, &gradients),
            mixed: flushed,
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
            let squares = kernels::square_sum(layer.weight.entries());
            if is_finite { squares.sqrt().into() } else { Scaled::ZERO }
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
}
