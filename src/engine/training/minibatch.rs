//! From the passes of a minibatch to gradients and new parameters, layer by layer.

use crate::engine::kernels::{self, STANDARD, UpdateNumbers};
use crate::engine::network::Network;
use crate::engine::number::{Real, Scaled};
use crate::engine::pass::Pass;
use crate::engine::rows::{Executor, Serial};

use super::optimizer::Optimizer;
use super::plain_gradient::plain_parts;
use super::slots::LayerSlots;

/// A minibatch that went through the network and back.
pub(super) struct Minibatch<'a, T> {
    pub network: &'a Network<T>,
    /// Its passes, each over some of the examples, side by side.
    pub passes: &'a [&'a Pass<T>],
    pub optimizer: Optimizer,
}

impl<T: Real> Minibatch<'_, T> {
    /// The mean loss.
    pub fn loss(&self) -> Scaled {
        let share = |pass: &&Pass<T>| pass.loss * (pass.input.batch() as f64 / self.batch() as f64);
        match self.passes {
            [pass] => pass.loss,
            passes => passes.iter().map(share).sum(),
        }
    }

    fn batch(&self) -> usize {
        self.passes.iter().map(|pass| pass.input.batch()).sum()
    }

    /// The gradients of all layers, from the last to the first; with numbers each is updated while
    /// it is in a near cache. Whether all new parameters are finite.
    ///
    /// Of several passes the layers are shared out, of a single one each layer's rows.
    pub fn take_gradients(
        &self,
        layers: &mut [LayerSlots<T>],
        numbers: Option<&UpdateNumbers<T>>,
        executor: &impl Executor,
    ) -> bool {
        match self.passes {
            [_] => self.take_in_turn(0, layers, numbers, executor),
            passes => {
                let tied = layers.iter().any(|layer| layer.owner.is_some());
                assert!(!tied, "layers that share weights are done in turn");
                self.take_in_shares(0, layers, numbers, (executor, passes.len()))
            }
        }
    }

    /// Of the layers from `first` on, the last one first.
    fn take_in_turn(
        &self,
        first: usize,
        layers: &mut [LayerSlots<T>],
        numbers: Option<&UpdateNumbers<T>>,
        executor: &impl Executor,
    ) -> bool {
        let mut is_finite = true;
        for place in (0..layers.len()).rev() {
            let index = first + place;
            let [own, above @ ..] = &mut layers[place..] else { unreachable!("there is a layer") };
            let sharer = above.first().filter(|above| above.owner.is_some());
            let is_single = sharer.is_none() && own.owner.is_none();
            is_finite &= self.take_layer(index, own, numbers.filter(|_| is_single), executor);
            if let Some(sharer) = sharer {
                own.weight.gradient += &sharer.weight.gradient;
                own.bias.gradient += &sharer.bias.gradient;
            }
            if let Some(numbers) = numbers {
                let update = (&self.optimizer, numbers);
                is_finite &= own.update(self.network, index, update, !is_single, executor);
            }
        }
        is_finite
    }

    /// Of the layers from `first` on, in so many shares.
    fn take_in_shares<E: Executor>(
        &self,
        first: usize,
        layers: &mut [LayerSlots<T>],
        numbers: Option<&UpdateNumbers<T>>,
        (executor, shares): (&E, usize),
    ) -> bool {
        if shares > 1 && layers.len() > 1 {
            let half = layers.len() * (shares / 2) / shares;
            let (mine, others) = layers.split_at_mut(half.max(1));
            let middle = first + mine.len();
            let (shares, rest) = (shares / 2, shares - shares / 2);
            let (mine, others) = executor.join(
                || self.take_in_shares(first, mine, numbers, (executor, shares)),
                || self.take_in_shares(middle, others, numbers, (executor, rest)),
            );
            return mine && others;
        }
        self.take_in_turn(first, layers, numbers, &Serial)
    }

    /// BP3 and BP4 for the mean loss: ∂L/∂W = (1/B) Σ_b δ_b a_bᵀ, and with numbers the update of the
    /// rows of W that have just been made.
    fn take_layer(
        &self,
        index: usize,
        layer: &mut LayerSlots<T>,
        numbers: Option<&UpdateNumbers<T>>,
        executor: &impl Executor,
    ) -> bool {
        layer.take_vector_gradients(&self.passes.iter().map(|pass| &pass.layers[index]));
        let LayerSlots { weight, delta, input, .. } = layer;
        let inputs = self.passes.iter().map(|pass| pass.inputs_of(index)).collect();
        let inputs = plain_parts(inputs, input);
        let share = T::from_f64(1.0 / self.batch() as f64);
        let (delta, optimizer) = (&delta.entries, self.optimizer);
        let parameters = self.network.dense(index).unit.as_slice().expect(STANDARD);
        weight.share(executor, self.batch(), &|rows, width| {
            let [gradient, first, second] = rows.entries;
            kernels::outer_rows(delta, rows.range.clone(), &inputs, share, gradient);
            let own = &parameters[rows.range.start * width..rows.range.end * width];
            numbers.is_none_or(|numbers| optimizer.update(numbers, own, gradient, [first, second]))
        })
    }
}
