//! What a forward and a backward pass leave.

use crate::engine::number::{Real, Scaled, Signal};
use ndarray::Array2;

/// What a forward and a backward pass leave.
#[derive(Clone, Debug)]
pub struct Pass<T> {
    /// a^(0) = x, n_0 × B.
    pub input: Signal<T>,
    /// z, a, φ′ and δ of each layer.
    pub layers: Vec<LayerTrace<T>>,
    /// The mean loss of the batch.
    pub loss: Scaled,
}

/// The last pass of each precision, where its memory is to serve the next.
#[derive(Default)]
pub struct PassBuffers {
    pub(super) double: Option<Pass<f64>>,
    pub(super) single: Option<Pass<f32>>,
}

/// What the passes leave of one layer.
#[derive(Clone, Debug)]
pub struct LayerTrace<T> {
    /// z, n_l × B.
    pub z: Signal<T>,
    /// a = φ(z), n_l × B; at a softmax output the probabilities softmax(z).
    pub a: Signal<T>,
    /// φ′(z), n_l × B.
    pub slope: Array2<T>,
    /// δ = ∂L/∂z of each example's own loss, n_l × B.
    pub delta: Signal<T>,
}

impl<T: Real> LayerTrace<T> {
    pub(crate) fn zeros(units: usize, batch: usize) -> Self {
        Self {
            z: Signal::zeros(units, batch),
            a: Signal::zeros(units, batch),
            slope: Array2::from_elem((units, batch), T::ZERO),
            delta: Signal::zeros(units, batch),
        }
    }
}

impl<T: Real> Pass<T> {
    /// a^(l−1), and what is to be filled of layer l; `index` = l − 1.
    pub(super) fn step(&mut self, index: usize) -> (&Signal<T>, &mut LayerTrace<T>) {
        let (below, from) = self.layers.split_at_mut(index);
        (below.last().map_or(&self.input, |below| &below.a), &mut from[0])
    }

    /// δ^(l+1), where there is such a layer, and what is to be filled of layer l; `index` = l − 1.
    pub(super) fn step_back(&mut self, index: usize) -> (Option<&Signal<T>>, &mut LayerTrace<T>) {
        let (until, above) = self.layers.split_at_mut(index + 1);
        (above.first().map(|above| &above.delta), &mut until[index])
    }

    /// a^(l−1), n_{l−1} × B; `index` = l − 1.
    pub fn inputs_of(&self, index: usize) -> &Signal<T> {
        if index == 0 { &self.input } else { &self.layers[index - 1].a }
    }
}
