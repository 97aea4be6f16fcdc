//! The passes of a network, layer by layer.

use crate::engine::build::BuildStopped;
use crate::engine::kernels;
use crate::engine::loss::{finish_output, output_gradient};
use crate::engine::network::{Layer, Network};
use crate::engine::number::{Real, Scaled, Signal};
use crate::engine::op::backward::{pull_back, recover, times_slope};
use crate::engine::op::cancellation::drop_rounding_noise;
use crate::engine::pass::{LayerTrace, Pass};
use crate::engine::rows::{Alone, Crew, shares};

impl<T: Real> Network<T> {
    /// The mean loss of the batch that a forward pass of this network leaves.
    pub fn loss_of(&self, pass: &Pass<T>) -> Scaled {
        let output = pass.layers.last().cloned();
        output.map_or(Scaled::ZERO, |mut last| {
            output_gradient(self.loss, self.output_activation(), &mut last, &self.target)
        })
    }

    /// Forward and backward over the batch: BP1 and BP2 for every layer.
    pub fn pass(&self) -> Pass<T> {
        let mut pass = self.room();
        self.run(&mut pass);
        pass
    }

    /// The same in the room of an earlier pass, or in new room that is left there, by a crew
    /// that changes no bit of it, asking `proceed` before each layer's product.
    ///
    /// # Errors
    /// [`BuildStopped`] when it says stop.
    pub fn pass_in<'a>(
        &self,
        room: &'a mut Option<Pass<T>>,
        crew: &impl Crew,
        proceed: &mut dyn FnMut() -> bool,
    ) -> Result<&'a Pass<T>, BuildStopped> {
        let mut pass = room.take().filter(|pass| self.fits(pass)).unwrap_or_else(|| self.room());
        if self.forward_while(&mut pass, crew, proceed)
            && self.backward_while(&mut pass, crew, proceed)
        {
            Ok(room.insert(pass))
        } else {
            Err(BuildStopped)
        }
    }

    /// Into how many shares a crew cuts the largest layer of a pass.
    pub fn most_shares(&self, crew: &impl Crew) -> usize {
        let batch = self.input.batch();
        let works = self.layers.iter().map(|layer| layer.unit.len() * batch);
        works.map(|work| shares(crew, work)).max().unwrap_or(1)
    }

    /// Whether a pass has this network's shape.
    pub fn fits(&self, pass: &Pass<T>) -> bool {
        let shape = |signal: &Signal<T>| (signal.units(), signal.batch());
        let shapes = pass.layers.iter().map(|trace| shape(&trace.z));
        let batch = self.input.batch();
        shape(&pass.input) == self.input.mantissa.dim()
            && shapes.eq(self.layers.iter().map(|layer| (layer.unit.nrows(), batch)))
    }

    /// The same into room made by [`Self::room`] of a network of the same shape.
    pub fn run(&self, pass: &mut Pass<T>) {
        self.forward_into(pass);
        self.backward(pass);
    }

    /// Room for a pass: everything zero. It can be used for pass after pass.
    pub fn room(&self) -> Pass<T> {
        let batch = self.input.batch();
        let trace = |layer: &Layer<T>| LayerTrace::zeros(layer.unit.nrows(), batch);
        let layers = self.layers.iter().map(trace).collect();
        Pass { input: self.input.clone().into(), layers, loss: Scaled::ZERO }
    }

    /// The forward pass alone; δ is left zero.
    pub fn forward(&self) -> Pass<T> {
        let mut pass = self.room();
        self.forward_into(&mut pass);
        pass
    }

    /// The same into room made by [`Self::room`] of a network of the same shape.
    pub fn forward_into(&self, pass: &mut Pass<T>) {
        self.forward_while(pass, &Alone, &mut || true);
    }

    /// Whether `proceed`, asked before each layer, let it come to its end.
    pub(crate) fn forward_while(
        &self,
        pass: &mut Pass<T>,
        crew: &impl Crew,
        proceed: &mut dyn FnMut() -> bool,
    ) -> bool {
        pass.input.columns_mut().clone_from(&self.input);
        for (index, layer) in self.layers.iter().enumerate() {
            let (before, from) = pass.layers.split_at_mut(index);
            let Some(trace) = from.first_mut().filter(|_| proceed()) else { return false };
            layer.forward(before.last().map_or(&pass.input, |before| &before.a), trace, crew);
        }
        if let Some(output) = pass.layers.last_mut() {
            finish_output(self.loss, output);
        }
        true
    }

    /// BP1 and BP2: fills δ of every layer, and the loss.
    ///
    /// δ^(L) = ∇ₐL ⊙ φ′(z^(L)) and δ^(l) = (W^(l+1)ᵀ δ^(l+1)) ⊙ φ′(z^(l)), for each example
    /// of the batch with its own loss. With a cross-entropy δ^(L) = a^(L) − y outright.
    pub fn backward(&self, pass: &mut Pass<T>) {
        self.backward_while(pass, &Alone, &mut || true);
    }

    /// Whether `proceed`, asked before each layer, let it come to its end.
    pub(crate) fn backward_while(
        &self,
        pass: &mut Pass<T>,
        crew: &impl Crew,
        proceed: &mut dyn FnMut() -> bool,
    ) -> bool {
        let Some(last) = pass.layers.last_mut() else { return true };
        pass.loss = output_gradient(self.loss, self.output_activation(), last, &self.target);
        for index in (0..self.layers.len()).rev() {
            let (until, from) = pass.layers.split_at_mut(index + 1);
            let Some(trace) = until.last_mut().filter(|_| proceed()) else { return false };
            let activation = self.layers[index].activation;
            match from.first() {
                Some(next) => {
                    let layer = &self.layers[index + 1];
                    pull_back(layer, &next.delta, activation, trace, crew);
                    if !layer.is_random {
                        drop_rounding_noise(layer, &next.delta, trace);
                    }
                }
                None if self.loss.cancels_slope() => {}
                None => times_slope(activation, trace),
            }
        }
        true
    }

    /// W^(l)ᵀ δ^(l), n_{l−1} × B, what layer l sends back before it meets the slopes below;
    /// `index` = l − 1.
    pub fn sent_back(&self, pass: &Pass<T>, index: usize) -> Signal<T> {
        let (layer, delta) = (&self.layers[index], &pass.layers[index].delta);
        let mut sent = Signal::zeros(layer.unit.ncols(), delta.batch());
        let columns = sent.columns_mut();
        columns.exponent.copy_from_slice(&delta.columns().exponent);
        let (w, scale) = (layer.unit.view(), layer.scale);
        kernels::product_transposed(&w, &delta.columns().mantissa, scale, &mut columns.mantissa);
        recover(layer, delta, &mut sent);
        sent
    }
}
