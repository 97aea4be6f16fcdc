//! One step of gradient descent.

use std::sync::Arc;

use ndarray::Array2;

use crate::experiment::Clip;

use super::arrays::Arrays;
use super::latex::{Digits, bracketed, computed, matrix};
use super::rows::Rows;
use super::step::{Part, Step, StepKind, Values};

/// θ ← θ − η ∂L/∂θ of every parameter, with the gradients that the steps of one pass have; clipped
/// where that is set. Leaves the new ones in the network.
pub(super) fn update(
    arrays: &mut Arrays,
    gradients: &[Step],
    rate: f64,
    clip: Option<Clip>,
) -> Vec<Step> {
    let [factor, limit] = Clip::factor_and_limit(clip, norm(arrays, gradients));
    let clipped = |g: &f64| (g * factor).clamp(-limit, limit);
    let how = if clip.is_some() { ", with the clipped gradient" } else { "" };
    let moved = |step: &Step| {
        let rows = step.result.rows.iter().map(|row| row.iter().map(clipped).collect());
        let gradient = Values { part: step.result.part, rows: rows.collect() };
        moved(arrays, step.layer, &gradient, rate, how)
    };
    let steps: Vec<Step> = gradients.iter().map(moved).collect();
    steps.iter().for_each(|step| write(arrays, &step.result));
    steps
}

/// ‖g‖ over all parameters: W and b of one layer after the other, then γ and β.
fn norm(arrays: &Arrays, gradients: &[Step]) -> f64 {
    let (weights, rest) = gradients.split_at(arrays.groups_down().len());
    let (biases, norms) = rest.split_at(weights.len());
    let layers = weights.iter().zip(biases).flat_map(|(weight, bias)| [weight, bias]);
    let entries = layers.chain(norms).flat_map(|step| step.result.rows.iter().flatten());
    entries.map(|g| g * g).sum::<f64>().sqrt()
}

/// Whose gradient it is, its name in a step's id, and what it is called in words.
fn parameter(gradient: Part) -> (Part, &'static str, &'static str) {
    match gradient {
        Part::WeightGradient(layer) => (Part::Weight(layer), "w", "weights"),
        Part::SharedWeightGradient => (Part::SharedWeight, "w", "weights"),
        Part::BiasGradient(layer) => (Part::Bias(layer), "b", "biases"),
        Part::SharedBiasGradient => (Part::SharedBias, "b", "biases"),
        Part::GammaGradient(layer) => (Part::Gamma(layer), "gamma", "γ"),
        Part::BetaGradient(layer) => (Part::Beta(layer), "beta", "β"),
        other => unreachable!("{other:?} is no parameter's gradient"),
    }
}

fn moved(arrays: &Arrays, layer: Option<usize>, gradient: &Values, rate: f64, how: &str) -> Step {
    let (part, name, words) = parameter(gradient.part);
    let (suffix, whose) = match layer {
        Some(layer) => (layer.to_string(), format!("layer {layer}")),
        None => ("-shared".to_owned(), "the layers that share them".to_owned()),
    };
    let old = arrays.parameter(part);
    let move_row = |(old, gradient): (&Vec<f64>, &Vec<f64>)| {
        old.iter().zip(gradient).map(|(old, g)| old - rate * g).collect()
    };
    let new: Rows = old.iter().zip(&gradient.rows).map(move_row).collect();
    let symbol = part.symbol();
    Step {
        id: format!("update-{name}{suffix}"),
        title: format!("Move the {words} of {whose} down the slope{how}"),
        symbols: format!(r"{symbol}\leftarrow {symbol}-\eta{}", gradient.part.symbol()),
        numbers: format!(
            r"{}-{}\cdot{}={}",
            matrix(&old, Digits::Given),
            matrix(&[vec![rate]], Digits::Given),
            bracketed(&computed(&gradient.rows)),
            matrix(&new, Digits::Updated)
        ),
        reads: vec![part, gradient.part],
        ..Step::making(StepKind::Update, layer, Values { part, rows: new })
    }
}

/// Sets an array of parameters, of every layer that has it.
fn write(arrays: &mut Arrays, values: &Values) {
    let rows = &values.rows;
    let vector = || rows.iter().flatten().copied().collect::<Vec<f64>>();
    for layer in arrays.layers_with(values.part) {
        let network = &mut arrays.network;
        match values.part {
            Part::Weight(_) | Part::SharedWeight => {
                let shape = (rows.len(), rows.first().map_or(0, Vec::len));
                let weight = Array2::from_shape_vec(shape, vector()).expect("rows of one length");
                network.dense_mut(layer - 1).unit = Arc::new(weight);
            }
            Part::Bias(_) | Part::SharedBias => {
                network.dense_mut(layer - 1).bias = Some(vector());
            }
            Part::Gamma(_) => network.norm_mut(layer - 1).expect(NORMALIZED).gamma = Some(vector()),
            Part::Beta(_) => network.norm_mut(layer - 1).expect(NORMALIZED).beta = Some(vector()),
            other => unreachable!("{other:?} is no parameter"),
        }
    }
}

/// γ and β are parameters of a normalization.
const NORMALIZED: &str = "the layer is normalized";
