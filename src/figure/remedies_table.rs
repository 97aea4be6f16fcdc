//! The table of remedies: one row each, its numbers as text.

use crate::study::{Remedies, RemedyRow};

use super::number::{grouped, percent};
use super::words::remedies as words;

/// The columns' headings, and what each means.
pub const COLUMNS: [(&str, &str); 9] = [
    ("remedy", "What is changed."),
    (
        "verdict",
        "Whether it cures: the median of decades per layer within ±0.02 with its 95 % interval, at most 20 % of the hidden units saturated or dead, and examples that stay apart.",
    ),
    (
        "decades/layer",
        "log10(‖δ⁽¹⁾‖/‖δ⁽ᴸ⁾‖)/(L − 1): the median over the networks, and half the width of its 95 % interval.",
    ),
    ("5–95 %", "Decades per layer of nine networks in ten."),
    ("theory", "What the theory expects of the median, where there is one."),
    (
        "forward",
        "log10(‖a‖ of the last over the first hidden layer) per layer, the median: 0 keeps the forward signal’s size.",
    ),
    ("lost", "Hidden units that are saturated or dead, the mean."),
    (
        "apart",
        "What is left at layer L of two examples’ difference, 1 − cos, over that of the inputs.",
    ),
    (
        "cost",
        "Multiply-adds of a forward and a backward pass of one example, beside those of the variant as it is.",
    ),
];

/// The fields of a row.
pub fn row(table: &Remedies, row: &RemedyRow) -> [String; COLUMNS.len()] {
    let signed = |number: f64, decimals: usize| match number.is_finite() {
        true => format!("{number:+.decimals$}").replace('-', "−"),
        false => "0".to_owned(),
    };
    let measured = &row.measured;
    let decades = measured.decades;
    let [low, high] = decades.interval;
    let half = 0.5 * (high - low);
    let median = match (decades.median.is_finite(), half.is_finite()) {
        (true, true) => format!("{} ±{half:.3}", signed(decades.median, 3)),
        (true, false) => signed(decades.median, 3),
        (false, _) => "dead".to_owned(),
    };
    let end = |end: f64| if end.is_finite() { signed(end, 2) } else { "dead".to_owned() };
    let cost = row.remedy.multiply_adds as f64 / table.before.remedy.multiply_adds as f64;
    let number = |number: Option<f64>| number.map_or_else(|| "–".to_owned(), |n| signed(n, 3));
    [
        words::name(&row.remedy),
        words::verdict(row.verdict).to_owned(),
        median,
        format!("{} … {}", end(decades.spread[0]), end(decades.spread[1])),
        number(measured.expected),
        number(measured.forward),
        percent(measured.lost(), 0),
        words::small(measured.difference),
        if cost == 1.0 {
            grouped(u128::from(row.remedy.multiply_adds))
        } else {
            format!("× {cost:.1}")
        },
    ]
}
