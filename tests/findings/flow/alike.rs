//! Layers whose units are alike, and what rounding changes of those that are not.

use gradient_lab::experiment::Precision;

use super::ensure;
use crate::raw::{Entries, Raw, rms_of_norms};

/// The layers of the range are alike, and the next ones are not: weights, activations, δ.
pub fn alike(raw: &Raw, layers: &std::ops::RangeInclusive<usize>) -> Result<(), String> {
    let is_alike = |l: usize| are_alike(raw, l);
    ensure(*layers.end() < raw.last(), "there is no such hidden layer")?;
    ensure(is_alike(*layers.start()) && is_alike(*layers.end()), "units differ")?;
    // A single unit is like itself.
    let single = |l: &usize| raw.layer(*l).weight.len() == 1;
    ensure(layers.clone().all(|l| is_alike(l) || single(&l)), "units of one layer differ")?;
    let below = (1..*layers.start()).rev().find(|l| !single(l));
    let above = (layers.end() + 1..raw.last()).find(|l| !single(l));
    ensure(!below.into_iter().chain(above).any(is_alike), "the next layers are alike, too")
}

/// Whether the units of a layer below L do all the same.
fn are_alike(raw: &Raw, l: usize) -> bool {
    let (layer, above) = (raw.layer(l), raw.layer(l + 1));
    let same = |entries: &Entries| {
        entries.iter().all(|column| column.iter().all(|entry| *entry == column[0]))
    };
    layer.weight.len() > 1
        && layer.weight.iter().all(|row| *row == layer.weight[0])
        && layer.bias.iter().all(|bias| *bias == layer.bias[0])
        && above.weight.iter().all(|row| row.iter().all(|w| *w == row[0]))
        && same(&layer.z)
        && same(&layer.a)
        && same(&layer.delta)
}

/// log10 of what rounding is expected to change of z^(l), a share of it, of a typical example.
pub fn rounding_log10(raw: &Raw, l: usize) -> Option<f64> {
    let unit: f64 = match raw.experiment.architecture.precision {
        Precision::F32 => 2_f64.powi(-24),
        _ => 2_f64.powi(-53),
    };
    let typical = |columns: &Entries| -> Option<f64> {
        let logs: Option<Vec<f64>> =
            columns.iter().map(|column| rms_of_norms(&vec![column.clone()], 0)).collect();
        Some(logs?.iter().sum::<f64>() / columns.len() as f64)
    };
    let weight = |k: usize| {
        let layer = raw.layer(k);
        let is_alike = k < raw.last() && are_alike(raw, k);
        let size = typical(&layer.delta)? + typical(&layer.z)?;
        (!is_alike).then_some(size - 0.5 * (layer.weight.len() as f64).log10())
    };
    let own = weight(l)?;
    let beside = |k: usize| Some(10_f64.powf(2.0 * (weight(k)? - own)));
    let squares: f64 = (1..=l).filter_map(beside).sum();
    Some((unit * squares.sqrt()).log10())
}
