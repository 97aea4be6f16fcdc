//! The table of norms: one row a layer, all variants' ‖δ‖, and one variant's whole record.

use crate::engine::{LayerRecord, Scaled};
use crate::study::Draw;

use super::number::{percent, plain_or_scientific, scientific};
use super::words;
use super::words::zero::{lost_sign, why_zero};

/// A column of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub label: String,
    /// What it means, in a sentence.
    pub hint: String,
    /// The variant whose colour the heading has.
    pub variant: Option<usize>,
}

/// Columns behind the norms, of one variant.
pub const DETAILS: usize = 7;

/// The columns for a draw, with the details of one variant.
pub fn columns(draw: &Draw, detail: usize) -> Vec<Column> {
    let plain = |label: &str, hint: &str| Column {
        label: label.to_owned(),
        hint: hint.to_owned(),
        variant: None,
    };
    let mut columns = vec![
        plain("l", "Layer, 1 next to the input."),
        plain("fan_in→fan_out", "Units in the layer below and in this one."),
    ];
    columns.extend(draw.experiment.shown(&draw.variants).map(|(index, variant)| Column {
        label: format!("‖δ‖ {}", variant.name),
        hint: format!("Norm of the error signal ∂L/∂z of the variant {}.", variant.name),
        variant: Some(index),
    }));
    let own = |label: &str, hint: &str| Column {
        label: label.to_owned(),
        hint: hint.to_owned(),
        variant: Some(draw.experiment.shown_variant(detail)),
    };
    columns.extend([
        own("‖∂W‖", "Frobenius norm of the gradient by the weights, of the mean loss."),
        own("‖∂b‖", "Norm of the gradient by the biases, of the mean loss."),
        own("mean a", "Mean activation over units and examples."),
        own("std a", "Standard deviation of the activations."),
        own("std z", "Standard deviation of the pre-activations."),
        own("saturated", "Share of units and examples whose slope is below 5 % of the largest."),
        own(
            words::without_slope(draw.examples),
            "Share of units whose slope is exactly 0 in every example. With one example they are inactive; dead needs a batch.",
        ),
    ]);
    columns
}

/// The fields of one row; `index` counts from 0.
pub fn row(draw: &Draw, detail: usize, index: usize) -> Vec<String> {
    let shown = || draw.experiment.shown(&draw.variants);
    let records = || shown().filter_map(|(_, variant)| variant.layers.get(index));
    let Some(first) = records().next() else { return Vec::new() };
    let mut fields = vec![first.layer.to_string(), format!("{}→{}", first.fan_in, first.fan_out)];
    fields.extend(records().map(norm));
    let detail = draw.experiment.shown_variant(detail);
    if let Some(record) = draw.variants[detail].layers.get(index) {
        fields.extend(details(record));
    }
    fields
}

/// ‖δ‖ with seven digits, or that an emulated format does not keep it.
fn norm(record: &LayerRecord) -> String {
    let lost = record.zero.and_then(lost_sign);
    lost.map_or_else(|| scientific(record.delta, 6), |(_, words)| words.to_owned())
}

fn details(record: &LayerRecord) -> [String; DETAILS] {
    let number = |number: Option<Scaled>| {
        let Some(number) = number else { return "not finite".to_owned() };
        plain_or_scientific(number, 4, 1e-3, 3)
    };
    [
        scientific(record.weight_grad, 3),
        scientific(record.bias_grad, 3),
        number(record.activation_mean),
        number(record.activation_std),
        number(record.preactivation_std),
        percent(record.saturated_share, 1),
        percent(record.dead_share, 1),
    ]
}

/// Why δ is zero in a layer of the variant in that column, from 0, for a tooltip.
pub fn why(draw: &Draw, column: usize, index: usize) -> Option<String> {
    draw.experiment.shown(&draw.variants).nth(column)?.1.layers.get(index)?.zero.map(why_zero)
}
