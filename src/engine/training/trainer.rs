//! One network that learns, step by step.

mod mixed;

use std::ops::RangeInclusive;
use std::sync::Arc;

use ndarray::Array2;

use crate::engine::kernels::{self, STANDARD, UpdateNumbers};
use crate::engine::network::Network;
use crate::engine::number::{Real, Scaled};
use crate::engine::op::Dense;
use crate::engine::pass::{LayerTrace, Pass};
use crate::engine::rows::Executor;
use crate::experiment::{Experiment, Schedule, Variant};

use super::buffers::StepBuffers;
use super::evaluate::accuracy;
use super::minibatch::Minibatch;
use super::mixed::Mixed;
use super::optimizer::{Moments, Optimizer};
use super::progress::LayerProgress;
use super::report::{Diverged, StepReport, Told};
use super::running::RunningStatistics;
use super::slots::{LayerSlots, SlotKind, SlotState};

/// A network that learns, with all the memory that a step takes.
#[derive(Clone, Debug)]
pub struct Trainer<T> {
    network: Network<T>,
    optimizer: Optimizer,
    layers: Vec<LayerSlots<T>>,
    running: Vec<RunningStatistics>,
    buffers: StepBuffers<T>,
    /// Stands in a layer while its owner's weights change.
    nothing: Arc<Array2<T>>,
    /// Where passes are those of a narrow format.
    mixed: Option<Box<Mixed>>,
}

impl<T: Real> Trainer<T> {
    /// Of a variant's network, before the first step. Its minibatches have the batch's size.
    pub fn new(network: &Network<T>, experiment: &Experiment, variant: &Variant) -> Self {
        let mut network = network.with_plain_parameters();
        let optimizer = Optimizer::new(experiment.optimization_of(variant));
        let depth = network.depth();
        // The layer that shares its weights with those above.
        let owner = |index: usize| variant.shares_weights(index + 1, depth).then_some(1);
        let kind = optimizer.settings.optimizer;
        let slots = |index| LayerSlots::new(&network, index, owner(index), kind);
        let layers: Vec<LayerSlots<T>> = (0..depth).map(slots).collect();
        let coupled = |&index: &usize| {
            network.norm(index).is_some_and(|norm| norm.spec.kind.couples_examples())
        };
        let running = (0..depth).filter(coupled);
        let units = |index: usize| network.dense(index).units();
        let running = running.map(|index| RunningStatistics::new(index + 1, units(index)));
        let running = running.collect();
        for index in 0..depth {
            // Rounding noise where sums cancel does no harm to a step, and looking for it takes time.
            network.dense_mut(index).is_random = true;
        }
        let nothing = Arc::new(Array2::from_elem((0, 0), T::ZERO));
        let mut trainer = Self {
            network,
            optimizer,
            layers,
            running,
            buffers: StepBuffers::default(),
            nothing,
            mixed: None,
        };
        trainer.share_weights();
        trainer
    }

    /// L.
    pub fn depth(&self) -> usize {
        self.layers.len()
    }

    /// Into how many shares an executor cuts the largest layer.
    pub fn most_shares(&self, executor: &impl Executor) -> usize {
        self.network.most_shares(executor)
    }

    /// Updates so far.
    pub fn steps_taken(&self) -> usize {
        self.optimizer.steps_taken
    }

    /// How it learns.
    pub fn optimizer(&self) -> &Optimizer {
        &self.optimizer
    }

    /// From the next step on η is this, whatever schedule there was.
    pub fn set_constant_rate(&mut self, rate: f64) {
        let settings = &mut self.optimizer.settings;
        (settings.learning_rate, settings.schedule, settings.warmup) =
            (rate, Schedule::Constant, 0);
    }

    /// x and y of the minibatch, n_0 × B and n_L × B, to be filled before a step.
    pub fn minibatch_mut(&mut self) -> [&mut Array2<T>; 2] {
        [&mut self.network.input.mantissa, &mut self.network.target.mantissa]
    }

    /// The network as it is now, with the minibatch of the last step.
    pub fn network(&self) -> Network<T> {
        let mut network = self.network.clone();
        for index in 0..network.depth() {
            // What has learned is no random draw.
            network.dense_mut(index).is_random = false;
        }
        network
    }

    /// The network for other examples: batch normalization takes the running statistics.
    pub fn network_for(&self, [input, target]: [Array2<T>; 2]) -> Network<T> {
        let mut network = self.network.clone();
        for (data, new) in [(&mut network.input, input), (&mut network.target, target)] {
            data.exponent = vec![0; new.ncols()];
            data.mantissa = new;
        }
        for running in &self.running {
            if let Some(norm) = network.norm_mut(running.layer - 1) {
                norm.fix(&running.mean, &running.variance);
            }
        }
        network
    }

    /// Running statistics of the batch-normalized layers.
    pub fn running(&self) -> &[RunningStatistics] {
        &self.running
    }

    /// What the optimizer keeps of each array of parameters.
    pub fn states(&self) -> impl Iterator<Item = SlotState<T>> {
        self.layers.iter().enumerate().flat_map(|(index, layer)| {
            layer.own().map(move |(kind, slot)| SlotState {
                layer: index + 1,
                kind,
                moments: slot.moments.clone(),
            })
        })
    }

    /// One array of parameters, those of `kind` in the layer l from 1, row by row.
    ///
    /// # Panics
    /// If the layer has none of that kind.
    pub fn parameters(&self, layer: usize, kind: SlotKind) -> &[T] {
        self.network.array(layer - 1, kind)
    }

    /// Sets one array of parameters; where layers share it, the first of them decides, at
    /// [`Self::resume`].
    ///
    /// # Panics
    /// If the layer has no such array.
    pub fn set_parameters(&mut self, layer: usize, kind: SlotKind, numbers: &[T]) {
        if kind == SlotKind::Weight {
            let unit = Arc::make_mut(&mut self.network.dense_mut(layer - 1).unit);
            unit.as_slice_mut().expect(STANDARD).copy_from_slice(numbers);
        } else {
            self.network.vector_mut(layer - 1, kind).copy_from_slice(numbers);
        }
    }

    /// Goes on where an earlier training of this network stopped: the arrays in the order of
    /// [`Self::states`].
    ///
    /// # Panics
    /// If they are those of another network or optimizer.
    pub fn resume(
        &mut self,
        steps_taken: usize,
        states: impl IntoIterator<Item = Moments<T>>,
        running: Vec<RunningStatistics>,
    ) {
        let sizes = |all: &[RunningStatistics]| -> Vec<(usize, usize, usize)> {
            all.iter().map(|r| (r.layer, r.mean.len(), r.variance.len())).collect()
        };
        assert_eq!(sizes(&running), sizes(&self.running), "{FOREIGN}");
        let mut states = states.into_iter();
        for (_, slot) in self.layers.iter_mut().flat_map(LayerSlots::own_mut) {
            let state = states.next().expect(FOREIGN);
            let lengths = |moments: &Moments<T>| (moments.first.len(), moments.second.len());
            assert_eq!(lengths(&state), lengths(&slot.moments), "{FOREIGN}");
            slot.moments = state;
        }
        assert!(states.next().is_none(), "{FOREIGN}");
        (self.running, self.optimizer.steps_taken) = (running, steps_taken);
        self.share_weights();
    }

    /// One step on the minibatch: forward, backward, update; and what it tells, as much as is asked
    /// for. An executor changes no bit of it.
    ///
    /// # Errors
    /// [`Diverged`]; the network is then the one before the step.
    pub fn step(
        &mut self,
        executor: &impl Executor,
        told: Told,
    ) -> Result<Option<StepReport>, Diverged> {
        if let Some(mut mixed) = self.mixed.take() {
            let stepped = self.step_mixed(&mut mixed, told);
            self.mixed = Some(mixed);
            return stepped;
        }
        let mut buffers = std::mem::take(&mut self.buffers);
        let stepped = self.step_in(&mut buffers, executor, told);
        self.buffers = buffers;
        stepped
    }

    fn step_in(
        &mut self,
        buffers: &mut StepBuffers<T>,
        executor: &impl Executor,
        told: Told,
    ) -> Result<Option<StepReport>, Diverged> {
        let shares = if told == Told::Nothing { self.shares_of_examples(executor) } else { 1 };
        let passes = buffers.pass(&self.network, shares, executor);
        let (network, optimizer) = (&self.network, self.optimizer);
        let minibatch = Minibatch { network, passes: &passes, optimizer };
        let loss = minibatch.loss().to_f64();
        if !loss.is_finite() {
            return Err(Diverged::Loss);
        }
        let mut gradients = Vec::new();
        let is_finite = if optimizer.needs_norm() || told == Told::Layers {
            minibatch.take_gradients(&mut self.layers, None, executor);
            if told == Told::Layers {
                gradients =
                    (0..self.layers.len()).map(|i| self.weight_norm(passes[0], i)).collect();
            }
            let norm = if optimizer.needs_norm() { self.gradient_norm() } else { 0.0 };
            if !norm.is_finite() {
                return Err(Diverged::Gradient);
            }
            self.update_all(&optimizer.numbers(norm), executor)
        } else {
            let numbers = optimizer.numbers(0.0);
            minibatch.take_gradients(&mut self.layers, Some(&numbers), executor)
        };
        if !is_finite {
            return Err(Diverged::Parameter);
        }
        let report = (told != Told::Nothing).then(|| StepReport {
            loss,
            accuracy: self.accuracy(&passes[0].layers),
            layers: self.progress(&passes[0].layers, &gradients),
            mixed: None,
        });
        for running in &mut self.running {
            running.take(&passes[0].layers[running.layer - 1]);
        }
        self.take_new_parameters();
        self.optimizer.steps_taken += 1;
        Ok(report)
    }

    /// Makes all gradients new parameters. Whether all are finite.
    fn update_all(&mut self, numbers: &UpdateNumbers<T>, executor: &impl Executor) -> bool {
        let update = (&self.optimizer, numbers);
        let layers = self.layers.iter_mut().enumerate();
        layers.fold(true, |is_finite, (index, layer)| {
            layer.update(&self.network, index, update, true, executor) & is_finite
        })
    }

    /// Into how many passes an executor cuts a minibatch: one where examples meet in a normalization,
    /// share weights, are few, or where one layer has most of the work, whose rows are then shared out.
    fn shares_of_examples(&self, executor: &impl Executor) -> usize {
        if executor.threads() == 1 {
            return 1;
        }
        let network = &self.network;
        let works = || network.denses().map(|dense| dense.unit.len());
        let most = works().max().expect("a network has a layer");
        let all = works().sum::<usize>();
        let is_tied = self.layers.iter().any(|layer| layer.owner.is_some());
        let batch = network.input.batch();
        let is_worth = network.is_plain()
            && !is_tied
            && most * executor.threads() <= all
            && all * batch >= WORTH_SHARES;
        if is_worth { executor.threads().min(batch / LEAST_EXAMPLES).max(1) } else { 1 }
    }

    /// ‖g‖ over all parameters, those that layers share once.
    fn gradient_norm(&self) -> f64 {
        let own = self.layers.iter().flat_map(LayerSlots::own);
        own.map(|(_, slot)| kernels::square_sum(slot.entries())).sum::<f64>().sqrt()
    }

    /// ‖∂L/∂W^(l)‖, while the gradients are there; `index` = l − 1.
    fn weight_norm(&self, pass: &Pass<T>, index: usize) -> Scaled {
        // The slots of layers that share one W hold sums over them.
        let is_shared = [index, index + 1]
            .iter()
            .any(|&index| self.layers.get(index).is_some_and(|layer| layer.owner.is_some()));
        let norm = kernels::square_sum(self.layers[index].weight.entries()).sqrt();
        match WHOLE_NORMS.contains(&norm) && !is_shared {
            true => norm.into(),
            false => pass.weight_gradient_norm(index),
        }
    }

    fn accuracy<U: Real>(&self, layers: &[LayerTrace<U>]) -> Option<f64> {
        accuracy(&layers[layers.len() - 1].a, &self.network.target.mantissa)
    }

    /// Of each layer with a gradient of that norm, while the new parameters stand in the gradients'
    /// place.
    fn progress<U: Real>(
        &self,
        layers: &[LayerTrace<U>],
        gradients: &[Scaled],
    ) -> Vec<LayerProgress> {
        let layer = |(index, (trace, &gradient)): (usize, (&LayerTrace<U>, &Scaled))| {
            let own = self.layers[index].owner.unwrap_or(index);
            let new = self.layers[own].weight.entries();
            LayerProgress::of(trace, gradient, self.network.array(own, SlotKind::Weight), new)
        };
        layers.iter().zip(gradients).enumerate().map(layer).collect()
    }

    /// The new parameters, which stand in the gradients' place, become the network's.
    fn take_new_parameters(&mut self) {
        for (index, slots) in self.layers.iter_mut().enumerate() {
            if slots.owner.is_some() {
                // So that the owner is the only one to hold what changes.
                self.network.dense_mut(index).unit = self.nothing.clone();
            }
        }
        for (index, slots) in self.layers.iter_mut().enumerate() {
            if slots.owner.is_none() {
                let unit = Arc::make_mut(&mut self.network.dense_mut(index).unit);
                std::mem::swap(unit, &mut slots.weight.gradient);
            }
            for (kind, slot) in slots.own().filter(|(kind, _)| *kind != SlotKind::Weight) {
                self.network.vector_mut(index, kind).copy_from_slice(slot.entries());
            }
        }
        self.share_weights();
    }

    /// Layers that share W and b have their owner's.
    fn share_weights(&mut self) {
        for index in 0..self.layers.len() {
            if let Some(owner) = self.layers[index].owner {
                let Dense { unit, bias, .. } = self.network.dense(owner).clone();
                let dense = self.network.dense_mut(index);
                (dense.unit, dense.bias) = (unit, bias);
            }
        }
    }
}

/// The fewest examples of a share of a minibatch: a register of AVX-512.
const LEAST_EXAMPLES: usize = 16;
/// Multiply-adds of a forward pass worth cutting a minibatch: a round number that was not tuned.
const WORTH_SHARES: usize = 1_000_000;

/// Norms of gradients that are plain numbers of either precision, of which no entry that counts was
/// lost below its smallest.
const WHOLE_NORMS: RangeInclusive<f64> = 1e-25..=1e25;

/// What [`Trainer::resume`] takes for granted.
const FOREIGN: &str = "a training goes on with its own state";
