//! The equations of one run, one after the other.

use crate::experiment::Clip;

use super::arrays::Arrays;
use super::backward::backward;
use super::forward::forward;
use super::gradients::gradients;
use super::round::Round;
use super::step::Step;
use super::update::update;

/// The run of a network by hand.
pub(super) struct Walk {
    pub steps: Vec<Step>,
    pub loss: f64,
    pub loss_after: f64,
}

impl Walk {
    /// Forward, back, one update with a learning rate, and forward again.
    pub fn of(mut arrays: Arrays, rate: f64, clip: Option<Clip>) -> Self {
        let pass = arrays.network.pass();
        let mut steps = forward(&arrays, &pass, Round::Before);
        steps.extend(backward(&arrays, &pass));
        let gradients = gradients(&arrays, &pass);
        let updates = update(&mut arrays, &gradients, rate, clip);
        steps.extend(gradients.into_iter().chain(updates));
        let after = arrays.network.forward();
        steps.extend(forward(&arrays, &after, Round::After));
        let loss_after = arrays.network.loss_of(&after).to_f64();
        Self { steps, loss: pass.loss.to_f64(), loss_after }
    }
}
