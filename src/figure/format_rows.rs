//! Rows of floating-point formats: their names, and what a format makes of a layer.

use crate::engine::Format;
use crate::study::{BackwardTensor, VariantPrecision};

use super::table::of_layer;

/// The formats from the bottom row to the top one.
pub(super) fn rows() -> impl DoubleEndedIterator<Item = (usize, Format)> {
    Format::ALL.into_iter().enumerate().rev()
}

/// A strip's name.
pub(super) fn row_name(row: usize) -> String {
    rows().nth(row).map(|(_, format)| format.label().to_owned()).unwrap_or_default()
}

/// A derivative's name in tooltips and tables.
fn symbol(derivative: BackwardTensor) -> &'static str {
    match derivative {
        BackwardTensor::Delta => "δ⁽ˡ⁾",
        BackwardTensor::Weight => "∂W⁽ˡ⁾",
        BackwardTensor::Bias => "∂b⁽ˡ⁾",
    }
}

/// What a format makes of a layer, a line each.
pub fn cell_words(report: &VariantPrecision, row: usize, column: usize) -> Option<Vec<String>> {
    let (_, format) = rows().nth(row)?;
    let layer = report.layers.get(column)?;
    let mut lines = Vec::new();
    for derivative in BackwardTensor::ALL {
        let (entries, name) = (layer.of(derivative), symbol(derivative));
        let share = |count: u64| 100.0 * count as f64 / entries.nonzero.max(1) as f64;
        let mut line = |what: &str, count: u64| {
            let nonzero = entries.nonzero;
            lines.push(format!("{name} {what}: {count} of {nonzero} ({:.1} %)", share(count)));
        };
        line("flushed to 0", entries.flushed(format, 0));
        line("kept with fewer digits", entries.subnormal(format));
        if entries.overflow(format) > 0 {
            line("too large", entries.overflow(format));
        }
    }
    let delta = layer.of(BackwardTensor::Delta);
    if delta.nonzero < delta.total {
        lines.push(format!("true zeros of δ besides: {}", delta.total - delta.nonzero));
    }
    Some(lines)
}

/// Counts of every format and layer, as shares of the entries that are not a true zero.
pub(super) fn flush_rows(report: &VariantPrecision) -> Vec<Vec<String>> {
    let mut table = Vec::new();
    for format in Format::ALL {
        for derivative in BackwardTensor::ALL {
            for (index, layer) in report.layers.iter().enumerate() {
                let entries = layer.of(derivative);
                for (what, count) in [
                    ("flushed to 0", entries.flushed(format, 0)),
                    ("subnormal", entries.subnormal(format)),
                    ("too large", entries.overflow(format)),
                ] {
                    let share = match entries.nonzero {
                        0 => "true zero".to_owned(),
                        nonzero => (count as f64 / nonzero as f64).to_string(),
                    };
                    let quantity = format!("share of {} {what}", symbol(derivative));
                    let format = format.label().to_owned();
                    table.push(of_layer(quantity, format, index + 1, share, None));
                }
            }
        }
    }
    table
}
