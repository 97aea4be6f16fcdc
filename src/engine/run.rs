//! The passes of a network, layer by layer.

use std::ops::Range;

use crate::engine::build::BuildStopped;
use crate::engine::loss::{finish_output, output_gradient};
use crate::engine::network::Network;
use crate::engine::number::{Real, Scaled, ScaledColumns, Signal};
use crate::engine::op::{self, Op};
use crate::engine::pass::{Below, LayerTrace, Pass};
use crate::engine::rows::{Executor, Serial, shares, work_of_product};

/// That a pass on one thread without a question comes to its end.
const NEVER_STOPPED: &str = "nobody stops it";

impl<T: Real> Network<T> {
    /// The mean loss of the batch that a forward pass of this network leaves.
    pub fn loss_of(&self, pass: &Pass<T>) -> Scaled {
        let last = self.depth() - 1;
        let mut output = pass.layers[last].clone();
        output_gradient(self.loss, self.activation(last), &mut output, &self.target)
    }

    /// One example's own loss, counted from 0, in a pass over the batch.
    pub fn loss_of_example(&self, pass: &Pass<T>, example: usize) -> Scaled {
        let last = self.depth() - 1;
        let all = &pass.layers[last];
        let mut output = LayerTrace::zeros(all.z.units(), 1);
        output.z.set_settled(0, &all.z.column(example));
        output.a.set_settled(0, &all.a.column(example));
        output.slope.column_mut(0).assign(&all.slope.column(example));
        output_gradient(
            self.loss,
            self.activation(last),
            &mut output,
            &self.target.example(example),
        )
    }

    /// Forward and backward over the batch: BP1 and BP2 for every layer.
    pub fn pass(&self) -> Pass<T> {
        let mut pass = self.forward();
        self.backward(&mut pass);
        pass
    }

    /// [`Self::pass`] in the memory of an earlier pass, or in new memory that is left there. An
    /// executor changes no bit of it; `proceed` is asked before each layer's product.
    ///
    /// # Errors
    /// [`BuildStopped`] when it says stop.
    pub fn pass_in<'a>(
        &self,
        buffers: &'a mut Option<Pass<T>>,
        executor: &impl Executor,
        proceed: &mut dyn FnMut() -> bool,
    ) -> Result<&'a Pass<T>, BuildStopped> {
        self.pass_of([&self.input, &self.target], buffers, executor, proceed)
    }

    /// [`Self::pass_in`] of these examples in place of its own.
    fn pass_of<'a>(
        &self,
        [input, target]: [&ScaledColumns<T>; 2],
        buffers: &'a mut Option<Pass<T>>,
        executor: &impl Executor,
        proceed: &mut dyn FnMut() -> bool,
    ) -> Result<&'a Pass<T>, BuildStopped> {
        // Also a stopped pass leaves its memory: to give back much of it takes time.
        let pass = self.memory_in(buffers, input);
        self.forward_with(input, pass, executor, proceed)?;
        self.backward_with(target, pass, executor, proceed)?;
        Ok(pass)
    }

    /// A pass for each of the buffers over a share of the examples, which lie side by side; each in
    /// turn or at once, as the executor has it. Every example has the bits that it has in one pass over
    /// all, where the ops are dense and activations alone and no share is a single example.
    ///
    /// # Panics
    /// If there are no buffers.
    pub(super) fn pass_in_shares(&self, buffers: &mut [Option<Pass<T>>], executor: &impl Executor) {
        self.pass_shares(0..self.input.batch(), buffers, executor);
    }

    fn pass_shares(
        &self,
        examples: Range<usize>,
        buffers: &mut [Option<Pass<T>>],
        executor: &impl Executor,
    ) {
        if let [buffers] = buffers {
            let data = [&self.input, &self.target].map(|data| data.examples(examples.clone()));
            let pass = self.pass_of(data.each_ref(), buffers, &Serial, &mut || true);
            pass.expect(NEVER_STOPPED);
            return;
        }
        let first = buffers.len() / 2;
        let middle = examples.start + examples.len() * first / buffers.len();
        let (mine, others) = buffers.split_at_mut(first);
        executor.join(
            || self.pass_shares(examples.start..middle, mine, executor),
            || self.pass_shares(middle..examples.end, others, executor),
        );
    }

    /// What of an earlier pass's memory fits this one. What is missing is made on the way, and left there.
    fn memory_in<'a>(
        &self,
        buffers: &'a mut Option<Pass<T>>,
        input: &ScaledColumns<T>,
    ) -> &'a mut Pass<T> {
        let pass = buffers.get_or_insert_with(|| Pass::before(input.clone().into()));
        pass.layers.truncate(self.fitting_layers(pass, input.batch()));
        pass
    }

    /// The forward pass alone in the memory of an earlier pass, or in new memory that is left there;
    /// δ is what it was.
    pub fn forward_in<'a>(&self, buffers: &'a mut Option<Pass<T>>) -> &'a Pass<T> {
        let pass = self.memory_in(buffers, &self.input);
        self.forward_with(&self.input, pass, &Serial, &mut || true).expect(NEVER_STOPPED);
        pass
    }

    /// Into how many shares an executor cuts the largest layer of a pass.
    pub fn most_shares(&self, executor: &impl Executor) -> usize {
        let batch = self.input.batch();
        let works = self.ops().iter().map(|op| work_of_product(op.shape().multiply_adds(), batch));
        works.map(|work| shares(executor, work)).max().unwrap_or(1)
    }

    /// The forward pass alone; δ is left zero.
    pub fn forward(&self) -> Pass<T> {
        let mut pass = Pass::before(self.input.clone().into());
        self.forward_with(&self.input, &mut pass, &Serial, &mut || true).expect(NEVER_STOPPED);
        pass
    }

    /// BP1 and BP2: fills δ of every layer, and the loss.
    ///
    /// δ^(L) = ∇ₐL ⊙ φ′(z^(L)) and δ^(l) = (W^(l+1)ᵀ δ^(l+1)) ⊙ φ′(z^(l)), for each example
    /// of the batch with its own loss. With a cross-entropy δ^(L) = a^(L) − y outright.
    pub fn backward(&self, pass: &mut Pass<T>) {
        self.backward_with(&self.target, pass, &Serial, &mut || true).expect(NEVER_STOPPED);
    }

    /// W^(l)ᵀ δ^(l), n_{l−1} × B, what layer l sends back before it meets the slopes below;
    /// `index` = l − 1.
    pub fn sent_back(&self, pass: &Pass<T>, index: usize) -> Signal<T> {
        self.dense(index).send_back(&pass.layers[index].delta)
    }

    /// What each op between z^(l) and z^(l+1) sends back in a pass that went back, n_l × B each, the
    /// last op's first: ∂L/∂ of what that op takes in, where a skip starts the sum with what comes
    /// back along it. `index` = l − 1, not the output layer's.
    ///
    /// The first is [`Self::sent_back`] of layer l + 1 without its rounding noise, the last δ^(l).
    pub fn errors_between(&self, pass: &Pass<T>, index: usize) -> Vec<Signal<T>> {
        let (above, mut trace) = (&pass.layers[index + 1], pass.layers[index].clone());
        trace.delta = self.sent_back(pass, index + 1);
        let dense = self.dense(index + 1);
        if !dense.is_random {
            op::drop_rounding_noise(dense, &above.delta, &mut trace);
        }
        let mut errors = vec![trace.delta.clone()];
        let between = self.ops_behind(index);
        op::backward_each(between, above.along_skip(), &mut trace, |error| {
            errors.push(error.clone());
        });
        errors
    }

    /// The norms, each the root mean square over the batch, of [`Self::errors_between`]. The last one
    /// is that of δ^(l).
    pub fn norms_back(&self, pass: &Pass<T>, index: usize) -> Vec<Scaled> {
        let errors = self.errors_between(pass, index);
        let mut norms: Vec<Scaled> = errors.iter().map(Signal::rms_norm).collect();
        // The pass itself drops what is rounding alone.
        *norms.last_mut().expect("at least one") = pass.layers[index].delta.rms_norm();
        norms
    }

    /// How many layers of a pass, from the first on, are such as this network's with so many examples.
    fn fitting_layers(&self, pass: &Pass<T>, batch: usize) -> usize {
        let fits = |(index, trace): &(usize, &LayerTrace<T>)| {
            let has_layout = match self.layer_ops(*index) {
                [Op::Dense(_), Op::Activation(_)] => trace.chain.is_none(),
                [_, between @ ..] => trace.has_layout_of(&LayerTrace::<T>::of_ops(between, 0, 0)),
                [] => unreachable!("a layer begins with a dense op"),
            };
            has_layout && (trace.z.units(), trace.z.batch()) == (self.dense(*index).units(), batch)
        };
        pass.layers.iter().enumerate().take(self.depth()).take_while(fits).count()
    }

    /// Layer l of a pass on its way forward, and what lies below it; `index` = l − 1.
    ///
    /// Its memory is made as the pass gets there: the system may take milliseconds for each megabyte,
    /// and between layers a pass can be stopped.
    pub(super) fn step<'a, U: Real>(
        &self,
        pass: &'a mut Pass<U>,
        index: usize,
    ) -> (Below<'a, U>, &'a mut LayerTrace<U>) {
        if pass.layers.len() == index {
            let units = self.dense(index).units();
            let batch = pass.input.batch();
            pass.layers.push(LayerTrace::of_ops(self.ops_behind(index), units, batch));
        }
        pass.step(index)
    }

    fn forward_with(
        &self,
        input: &ScaledColumns<T>,
        pass: &mut Pass<T>,
        executor: &impl Executor,
        proceed: &mut dyn FnMut() -> bool,
    ) -> Result<(), BuildStopped> {
        pass.input.columns_mut().clone_from(input);
        for index in 0..self.depth() {
            BuildStopped::unless(proceed())?;
            let (below, trace) = self.step(pass, index);
            op::forward(self.layer_ops(index), below, trace, executor);
        }
        finish_output(self.loss, &mut pass.layers[self.depth() - 1]);
        Ok(())
    }

    fn backward_with(
        &self,
        target: &ScaledColumns<T>,
        pass: &mut Pass<T>,
        executor: &impl Executor,
        proceed: &mut dyn FnMut() -> bool,
    ) -> Result<(), BuildStopped> {
        let last = self.depth() - 1;
        let (output, activation) = (&mut pass.layers[last], self.activation(last));
        pass.loss = output_gradient(self.loss, activation, output, target);
        for index in (0..=last).rev() {
            BuildStopped::unless(proceed())?;
            match pass.step_back(index) {
                (Some(above), trace) => {
                    op::backward(self.ops_between(index), above, trace, executor);
                }
                (None, _) if self.loss.cancels_slope() => {}
                (None, trace) => op::times_slope(activation, trace),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::DrawCache;
    use crate::experiment::Experiment;

    fn network(architecture: &str, variant: &str) -> Network<f64> {
        let text = format!("[architecture]\nwidth = 9\n{architecture}\n[[variant]]\n{variant}");
        let experiment = Experiment::from_toml(&text).expect("valid");
        let variant = &experiment.variants[0];
        Network::build(&experiment, variant, &mut DrawCache::new(), &mut || true)
            .expect(NEVER_STOPPED)
    }

    /// Whatever pass left it: one that was stopped, or of more or fewer layers, other examples, other
    /// ops.
    #[test]
    fn memory_of_another_pass_leaves_no_trace() {
        let skips = "normalization = 'layer'\nskip = 'pre'";
        let networks = [
            network("depth = 6\nbatch = 3", ""),
            network("depth = 8\nbatch = 3", "activation = 'relu'"),
            network("depth = 4\nbatch = 3", ""),
            network("depth = 6\nbatch = 3", skips),
            network("depth = 7\nbatch = 3", skips),
            network("depth = 7\nbatch = 5", "normalization = 'batch'"),
        ];
        let mut kept = None;
        for network in networks.iter().chain(networks.iter().rev()) {
            for steps in [2, 5, 2 * network.depth() - 1] {
                let mut left = steps;
                let proceed = &mut || {
                    left -= 1;
                    left > 0
                };
                assert!(network.pass_in(&mut kept, &Serial, proceed).is_err(), "{steps}");
            }
            let pass = network.pass_in(&mut kept, &Serial, &mut || true).expect(NEVER_STOPPED);
            assert_eq!(format!("{pass:?}"), format!("{:?}", network.pass()));
        }
    }

    /// Memory is made layer by layer, and what fits is kept.
    #[test]
    fn a_stopped_pass_has_made_no_more_than_it_needed() {
        let (deep, deeper) = (network("depth = 6", ""), network("depth = 9", ""));
        let mut kept = None;
        let mut left = 4;
        let mut proceed = || {
            left -= 1;
            left > 0
        };
        assert!(deep.pass_in(&mut kept, &Serial, &mut proceed).is_err());
        assert_eq!(kept.as_ref().map(|pass| pass.layers.len()), Some(3));
        deep.pass_in(&mut kept, &Serial, &mut || true).expect(NEVER_STOPPED);
        let place =
            |kept: &Option<Pass<f64>>| kept.as_ref().expect("a pass").layers[0].slope.as_ptr();
        let before = place(&kept);
        deeper.pass_in(&mut kept, &Serial, &mut || true).expect(NEVER_STOPPED);
        assert_eq!(place(&kept), before);
    }
}
