//! Weights that stand in a file of their own.

use serde::{Deserialize, Serialize};

use super::{Experiment, FileHash, Variant};

/// The table `weights = { file = … }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightsFile {
    /// A safetensors file, relative to the experiment's.
    pub file: String,
    /// What that file was when it was last read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<FileHash>,
}

/// γ and β of one normalized layer: the table `[[variant.norm]]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GivenNorm {
    /// l, from 1.
    pub index: usize,
    /// γ, n_l numbers.
    pub gamma: Vec<f64>,
    /// β, n_l numbers.
    pub beta: Vec<f64>,
}

/// What a weights file gives a variant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GivenNetwork {
    /// W^(1)…W^(L), n_l × n_{l−1}.
    pub weights: Vec<Vec<Vec<f64>>>,
    /// b^(1)…b^(L).
    pub biases: Vec<Vec<f64>>,
    /// γ and β of the layers that have any, in order.
    pub norms: Vec<GivenNorm>,
}

impl Variant {
    /// γ and β that are given for layer l, from 1.
    pub fn given_norm(&self, layer: usize) -> Option<&GivenNorm> {
        self.weights.as_ref()?;
        self.norms.iter().find(|norm| norm.index == layer)
    }
}

impl Experiment {
    /// Gives a variant all its parameters: those of its weights file, or of a training.
    pub fn give(&mut self, variant: usize, given: GivenNetwork) {
        let variant = &mut self.variants[variant];
        let GivenNetwork { weights, biases, norms } = given;
        (variant.weights, variant.biases, variant.norms) = (Some(weights), Some(biases), norms);
    }
}
