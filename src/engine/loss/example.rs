//! What a loss makes of one example's logits.

use crate::engine::number::Scaled;

/// δ = ∂L/∂z of one example and its loss.
pub struct ExampleLoss {
    /// a_i − y_i for each output.
    pub delta: Vec<Scaled>,
    /// L ≥ 0.
    pub loss: Scaled,
}
