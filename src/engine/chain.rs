//! What normalization and a skip leave of a layer.

use crate::engine::number::{Scaled, Signal};

/// What normalization and a skip leave of a layer whose ops are more than a dense one and φ.
///
/// Its signals are counted from z, the 0th; op k after the dense one makes the k-th of the one
/// before, and the last is a.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainTrace<T> {
    /// The signals between z and a, n × B each.
    pub(crate) made: Vec<Signal<T>>,
    /// Which signal φ is taken of.
    pub(super) activated: usize,
    /// Which signal the normalization makes, where there is one.
    pub(super) normalized: Option<usize>,
    /// Which signal the skips go on with, where there are skips.
    pub(super) handed_on: Option<usize>,
    /// What the normalization leaves.
    pub norm: NormTrace<T>,
    /// Whether a bias does nothing: batch normalization takes the same number off every example.
    pub(super) idle_bias: bool,
    /// ∂L/∂h of the layer below along the skip, n × B, where the layer adds one.
    pub along_skip: Option<Signal<T>>,
}

impl<T> ChainTrace<T> {
    /// Whether the normalization comes after the sum with the skip, so that what it sends back is
    /// what goes along the skip.
    pub(super) fn is_norm_above_skip(&self) -> bool {
        self.normalized.zip(self.handed_on).is_some_and(|(norm, skip)| skip <= norm)
    }

    /// Whether the normalization comes after φ, of the sum with the skip.
    pub(super) fn is_sum_normalized(&self) -> bool {
        self.normalized.is_some_and(|place| place > self.activated)
    }
}

/// What the forward pass of a normalization leaves for the way back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NormTrace<T> {
    /// Of each group: 1/√(v + ε), and 0 where v and ε are 0, a group of equal numbers.
    pub inverse: Vec<Scaled>,
    /// Of each group: ε/(v + ε).
    pub share: Vec<f64>,
    /// ẑ, n × B, where γ and β make u another.
    pub normalized: Option<Signal<T>>,
    /// ∂L/∂u, n × B.
    pub above: Option<Signal<T>>,
}
