//! The numbers that a network is drawn with, in the form in which a person gives them.

use crate::engine::{Network, ScaledColumns};
use crate::experiment::{Data, Experiment, GivenNorm, Variant};

use crate::study::{DrawStudy, Stopped, TaskContext};

/// Inputs, targets, weights and biases of one variant, whether they were drawn or given.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// Every example of the batch.
    pub data: Data,
    /// W^(1) … W^(L).
    pub weights: Vec<Vec<Vec<f64>>>,
    /// b^(1) … b^(L).
    pub biases: Vec<Vec<f64>>,
    /// γ and β of the layers that are normalized.
    pub norms: Vec<GivenNorm>,
}

impl Given {
    /// The numbers of one variant.
    ///
    /// # Errors
    /// [`Stopped`] when told to stop.
    pub fn of(
        experiment: &Experiment,
        variant: &Variant,
        study: &mut DrawStudy,
        task: &TaskContext<'_>,
    ) -> Result<Self, Stopped> {
        let network = study.network::<f64>(experiment, variant, task)?.with_plain_parameters();
        let batch = experiment.architecture.batch;
        let data = Data { x: examples(&network.input, batch), y: examples(&network.target, batch) };
        let (weights, biases) = parameters(&network);
        Ok(Self { data, weights, biases, norms: norms(&network) })
    }

    /// Puts the numbers where the experiment has none of its own.
    pub fn fill(self, experiment: &mut Experiment, variant: usize) {
        experiment.data.get_or_insert(self.data);
        if let Some(variant) = experiment.variants.get_mut(variant) {
            variant.weights.get_or_insert(self.weights);
            variant.biases.get_or_insert(self.biases);
            if variant.norms.is_empty() {
                variant.norms = self.norms;
            }
        }
    }
}

fn examples(columns: &ScaledColumns<f64>, batch: usize) -> Vec<Vec<f64>> {
    let column = |example| columns.column(example).into_iter().map(|entry| entry.to_f64());
    (0..batch).map(|example| column(example).collect()).collect()
}

type Parameters = (Vec<Vec<Vec<f64>>>, Vec<Vec<f64>>);

fn parameters(network: &Network<f64>) -> Parameters {
    let weight = |index| super::rows::plain(&network.weight(index));
    let weights = (0..network.depth()).map(weight).collect();
    let biases = network.denses().map(|dense| dense.bias.clone().unwrap_or_default());
    (weights, biases.collect())
}

fn norms(network: &Network<f64>) -> Vec<GivenNorm> {
    let given = |layer: usize| {
        let norm = network.norm(layer - 1)?;
        Some(GivenNorm { index: layer, gamma: norm.gamma.clone()?, beta: norm.beta.clone()? })
    };
    (1..=network.depth()).filter_map(given).collect()
}
