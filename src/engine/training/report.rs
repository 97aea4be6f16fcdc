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

/// How much a step is to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Nothing.
    Nothing,
    /// Loss and accuracy.
    Loss,
    /// What there is, layer by layer.
    Layers,
}

/// What one step tells.
#[derive(Clone, Debug, PartialEq)]
pub struct StepReport {
    /// The minibatch's mean loss before the update.
    pub loss: f64,
    /// The share of the minibatch that was right before the update.
    pub accuracy: Option<f64>,
    /// Layers 1…L; nothing where only the loss was asked for.
    pub layers: Vec<LayerProgress>,
    /// What a narrow format tells besides, with the layers.
    pub mixed: Option<MixedReport>,
}

/// What one step in a narrow format tells besides.
#[derive(Clone, Debug, PartialEq)]
pub struct MixedReport {
    /// log2 of the loss scale.
    pub power: i64,
    /// Whether the gradient overflowed, so that nothing was updated.
    pub is_skipped: bool,
    /// Steps that were skipped so far, this one included.
    pub skipped: usize,
    /// Of layers 1…L, the share of ∂L/∂W's entries that are stored as 0 among those that are not 0
    /// exactly; nothing of a layer with an entry that is not finite, whose step is skipped.
    pub flushed: Vec<Option<f64>>,
}
