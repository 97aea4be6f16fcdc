//! Weights that stand in a file of their own.

use serde::{Deserialize, Serialize};

use super::{Experiment, Variant};

/// The table `weights = { file = … }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightsFile {
    /// A safetensors file, relative to the experiment's.
    pub file: String,
    /// γ and β of each hidden layer that the file has any of.
    #[serde(skip)]
    pub norms: Vec<Option<[Vec<f64>; 2]>>,
}

/// What a weights file gives a variant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GivenNetwork {
    /// W^(1)…W^(L), n_l × n_{l−1}.
    pub weights: Vec<Vec<Vec<f64>>>,
    /// b^(1)…b^(L).
    pub biases: Vec<Vec<f64>>,
    /// γ and β of layers 1…L, where there are any.
    pub norms: Vec<Option<[Vec<f64>; 2]>>,
}

impl Variant {
    /// γ and β that are given for layer l, from 1.
    pub fn given_norm(&self, layer: usize) -> Option<&[Vec<f64>; 2]> {
        self.weights.as_ref()?;
        self.weights_file.as_ref()?.norms.get(layer - 1)?.as_ref()
    }
}

impl Experiment {
    /// Gives a variant what was read from its weights file.
    pub fn give(&mut self, variant: usize, given: GivenNetwork) {
        let variant = &mut self.variants[variant];
        let GivenNetwork { weights, biases, norms } = given;
        (variant.weights, variant.biases) = (Some(weights), Some(biases));
        if let Some(file) = &mut variant.weights_file {
            file.norms = norms;
        }
    }
}
