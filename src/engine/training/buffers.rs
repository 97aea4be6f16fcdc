//! Memory for the passes of a step.

use crate::engine::network::Network;
use crate::engine::number::Real;
use crate::engine::pass::Pass;
use crate::engine::rows::Executor;

/// The last passes of a training, whose memory is to serve the next.
#[derive(Clone, Debug)]
pub(super) struct StepBuffers<T> {
    whole: Option<Pass<T>>,
    shares: Vec<Option<Pass<T>>>,
}

impl<T> Default for StepBuffers<T> {
    fn default() -> Self {
        Self { whole: None, shares: Vec::new() }
    }
}

impl<T: Real> StepBuffers<T> {
    /// The minibatch forward and backward, in so many passes over some of its examples each.
    pub fn pass(
        &mut self,
        network: &Network<T>,
        shares: usize,
        executor: &impl Executor,
    ) -> Vec<&Pass<T>> {
        if shares == 1 {
            let pass = network.pass_in(&mut self.whole, executor, &mut || true);
            return vec![pass.expect("nobody stops it")];
        }
        self.shares.resize_with(shares, || None);
        network.pass_in_shares(&mut self.shares, executor);
        self.shares.iter().flatten().collect()
    }
}
