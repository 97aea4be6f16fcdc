//! How a step ends.

use super::progress::LayerProgress;

/// A step after which numbers would not be finite any more. The network stays as it was before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Diverged {
    /// The loss of the minibatch.
    #[error("the loss is beyond every number of its precision")]
    Loss,
    /// The norm of all gradients, by which they are clipped.
    #[error("the gradient is beyond every number of its precision")]
    Gradient,
    /// A parameter after the update.
    #[error("a parameter is beyond every number of its precision")]
    Parameter,
}

/// What one step tells.
#[derive(Clone, Debug, PartialEq)]
pub struct StepReport {
    /// The minibatch's mean loss before the update.
    pub loss: f64,
    /// The share of the minibatch that was right before the update.
    pub accuracy: Option<f64>,
    /// Layers 1…L.
    pub layers: Vec<LayerProgress>,
}
