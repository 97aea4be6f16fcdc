//! A network ready to run: its layers' weights as unit draws with a scale, its data.

use std::sync::Arc;

use ndarray::Array2;

use crate::engine::number::{Real, ScaledColumns};
use crate::experiment::{Activation, Loss};

/// One layer: z = scale · U a + b, a = φ(z).
#[derive(Clone, Debug)]
pub struct Layer<T> {
    /// U, n_l × n_{l−1}; W = scale · U.
    pub unit: Arc<Array2<T>>,
    /// What the unit draw is multiplied by.
    pub scale: T,
    /// b, n_l numbers, or nothing where all are zero.
    pub bias: Option<Vec<T>>,
    /// φ.
    pub activation: Activation,
    /// Whether the weights are random draws, so that sums over them do not cancel.
    pub is_random: bool,
}

/// A variant's network with its data.
#[derive(Clone, Debug)]
pub struct Network<T> {
    /// W^(1) … W^(L).
    pub layers: Vec<Layer<T>>,
    /// x, n_0 × B.
    pub input: ScaledColumns<T>,
    /// y, n_L × B.
    pub target: ScaledColumns<T>,
    /// The loss.
    pub loss: Loss,
}

impl<T: Real> Network<T> {
    /// W^(l) = scale · U as a plain matrix, n_l × n_{l−1}; `index` counts from 0.
    pub fn weight(&self, index: usize) -> Array2<f64> {
        let layer = &self.layers[index];
        let scale = layer.scale.to_f64();
        layer.unit.mapv(|u| u.to_f64() * scale)
    }

    /// φ of layer L.
    pub(super) fn output_activation(&self) -> Activation {
        self.layers.last().map_or(Activation::Linear, |layer| layer.activation)
    }
}
