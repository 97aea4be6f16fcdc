//! Rows of values: bins, and below them exact zeros with a gap.

use crate::engine::Scaled;
use crate::study::{LayerSpread, Spread};

use super::number::{full, percent, readable, scientific};
use super::table::of_layer;

/// Rows that zeros and the gap above them take.
const ZERO_ROWS: usize = 2;

/// Whether any layer has an exact zero.
pub(super) fn has_zeros(spread: &Spread) -> bool {
    spread.layers.iter().any(|layer| layer.zeros > 0)
}

/// Rows below the bins: exact zeros and a gap, where there are any.
pub(super) fn zero_rows(spread: &Spread) -> usize {
    if has_zeros(spread) { ZERO_ROWS } else { 0 }
}

/// What a row holds of a layer; nothing where it is the gap.
pub(super) fn counted(spread: &Spread, row: usize, layer: &LayerSpread) -> Option<u64> {
    match row.checked_sub(zero_rows(spread)) {
        Some(bin) => layer.counts.get(bin).copied(),
        None if row == 0 => Some(layer.zeros),
        None => None,
    }
}

/// `1.000e-03 to 2.000e-03`: what a bin holds.
fn bin_name(spread: &Spread, bin: usize) -> String {
    let edge = |bin: usize| scientific(spread.scale.value(spread.bins.edge(bin)), 3);
    format!("{} to {}", edge(bin), edge(bin + 1))
}

/// `0.001000 to 0.002000`: what a bin holds, to be read beside the axis.
pub fn bin_words(spread: &Spread, bin: usize) -> String {
    let edge = |bin: usize| readable(spread.scale.value(spread.bins.edge(bin)), 4);
    format!("{} to {}", edge(bin), edge(bin + 1))
}

/// A row of the heatmap, named by `bin` where it is one.
fn named(spread: &Spread, row: usize, bin: fn(&Spread, usize) -> String) -> String {
    let index = row.checked_sub(zero_rows(spread));
    index.map_or_else(|| "exactly 0".to_owned(), |index| bin(spread, index))
}

/// A row of the heatmap in words.
pub(super) fn row_name(spread: &Spread, row: usize) -> String {
    named(spread, row, bin_name)
}

/// A cell of the heatmap in words; nothing in the gap above the zeros.
pub fn row_words(spread: &Spread, row: usize, layer: usize) -> Option<[String; 2]> {
    let counts = spread.layers.get(layer)?;
    let count = counted(spread, row, counts)?;
    Some([named(spread, row, bin_words), share_words(count, counts.total)])
}

/// `3 of 20 entries (15.0 %)`.
pub fn share_words(count: u64, total: u64) -> String {
    let share = percent(count as f64 / total.max(1) as f64, 1);
    format!("{count} of {total} entries ({share})")
}

/// Every count and every summary; empty bins are left out.
pub(super) fn table_rows(spread: &Spread) -> Vec<Vec<String>> {
    let letter = spread.signal.letter();
    let mut rows = Vec::new();
    for (index, layer) in spread.layers.iter().enumerate() {
        let mut row = |quantity: String, series: String, value: String, log10: Option<f64>| {
            rows.push(of_layer(quantity, series, index + 1, value, log10));
        };
        let count = || format!("count of {letter}");
        row(count(), "exactly 0".to_owned(), layer.zeros.to_string(), None);
        for (bin, &counted) in layer.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            row(count(), bin_name(spread, bin), counted.to_string(), None);
        }
        let mut value = |series: &str, value: Scaled| {
            row(letter.to_owned(), series.to_owned(), full(value), value.log10());
        };
        value("mean", layer.mean);
        value("rms", layer.rms);
        for (name, position) in
            ["5 %", "median", "95 %"].iter().zip(layer.quantiles.iter().flatten())
        {
            value(name, spread.scale.value(*position));
        }
    }
    rows
}
