//! Remedies in words: what is changed, and what it comes to.

use crate::figure::number::{percent, trimmed};
use crate::study::{
    ALIKE, CURED, Change, LOST, Measured, Prescription, Remedies, Remedy, RemedyRow, Verdict,
};

/// One change, in a few words.
fn change(change: Change, remedy: &Remedy) -> String {
    let variant = &remedy.experiment.variants[0];
    match change {
        Change::LinearOutput => "linear output".to_owned(),
        Change::NoBias => "no biases".to_owned(),
        Change::Untie => "weights of its own in each layer".to_owned(),
        Change::Scheme(scheme) => format!("{} weights", scheme.label()),
        // The four digits that stand in the file.
        Change::CriticalGain => format!("critical gain {}", variant.init.gain()),
        Change::Activation(activation) => activation.describe(),
        Change::Normalize(kind) => kind.label().to_lowercase().replace("rms", "RMS"),
        Change::Plain => "neither normalization nor skips".to_owned(),
        Change::Skip(skip) => format!("{} skips", skip.id().replace('_', "-")),
        Change::InverseSqrtDepth => "α = 1/√depth".to_owned(),
        Change::Widen(width) => format!("hidden layers of {width}"),
        Change::Batch(batch) => format!("batches of {batch}"),
    }
}

/// What a remedy does: “Leaky ReLU, He normal weights, critical gain 1.43”.
pub fn name(remedy: &Remedy) -> String {
    let changes: Vec<String> = remedy.changes.iter().map(|&c| change(c, remedy)).collect();
    if changes.is_empty() { "As it is".to_owned() } else { super::capitalized(&changes.join(", ")) }
}

/// A name for the changed variant, short enough for a file: “Sigmoid: Tanh, critical gain 1.2”.
pub fn variant_name(of: &str, remedy: &Remedy) -> String {
    const MOST: usize = 60;
    let name = format!("{of}: {}", name(remedy).replace(" weights", ""));
    if name.chars().count() <= MOST {
        return name;
    }
    name.chars().take(MOST - 1).chain(['…']).collect()
}

/// A verdict in a word or two.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Cures => "cures",
        Verdict::Undecided => "undecided",
        Verdict::Alike => "examples alike",
        Verdict::Lost => "units lost",
        Verdict::Vanishes => "vanishes",
        Verdict::Explodes => "explodes",
        Verdict::Dead => "dead",
    }
}

/// What a row comes to, as a sentence.
pub fn sentence(row: &RemedyRow) -> String {
    let Measured { decades, dead, saturated, difference, zero_share, seeds, .. } = &row.measured;
    let median = format!("{:+.3}", decades.median).replace('-', "−");
    match row.verdict {
        Verdict::Cures => format!(
            "‖δ‖ keeps its size: the median over {seeds} networks is {median} decades per layer, its 95 % interval within ±{}.",
            trimmed(CURED)
        ),
        Verdict::Undecided
            if decades.median.abs() < CURED
                && row.measured.lost() + 2.0 * row.measured.lost_error > LOST =>
        {
            format!(
                "It keeps ‖δ‖, but {} of the hidden units are saturated or dead: too near the limit of {} to be called a cure.",
                percent(dead + saturated, 0),
                percent(LOST, 0)
            )
        }
        Verdict::Undecided => format!(
            "The median over {seeds} networks is {median} decades per layer, but its 95 % interval is too wide beside ±{}: more seeds would tell.",
            trimmed(CURED)
        ),
        Verdict::Alike => format!(
            "It keeps ‖δ‖, but cannot tell examples apart: at layer L {} of their difference is left, below the {} at which networks stop learning.",
            small(*difference),
            small(ALIKE)
        ),
        Verdict::Lost => {
            let what = match (*dead > 0.0, *saturated > 0.0) {
                (true, false) => "dead",
                (false, true) => "saturated",
                _ => "saturated or dead",
            };
            format!(
                "It keeps ‖δ‖, but {} of the hidden units are {what}, more than {}.",
                percent(dead + saturated, 0),
                percent(LOST, 0)
            )
        }
        Verdict::Vanishes => format!("‖δ‖ vanishes: {median} decades per layer."),
        Verdict::Explodes => format!("‖δ‖ explodes: {median} decades per layer."),
        Verdict::Dead => {
            format!("{} of the networks send nothing back at all.", percent(*zero_share, 0))
        }
    }
}

/// What follows from the rows as far as they are known, as sentences.
pub fn prescription(table: &Remedies) -> String {
    let of = &table.experiment.variants[0].name;
    let before = sentence(&table.before);
    match table.prescription() {
        Prescription::Healthy => format!("{of} needs no cure. {before}"),
        Prescription::Take(row) => {
            format!("Smallest change that cures {of}: {}.", name(&row.remedy))
        }
        _ if !table.is_complete => format!("{of}: {before} Nothing cures it so far."),
        Prescription::Undecided(row) => format!(
            "{of}: {before} Nothing cures it for sure. Nearest comes: {}, for which {} networks are too few.",
            name(&row.remedy),
            row.measured.seeds
        ),
        Prescription::Nothing => format!("{of}: {before} Nothing that was tried cures it."),
    }
}

/// What a narrow format adds to a table, which is measured in double precision; nothing for others.
pub fn of_format(table: &Remedies) -> Option<String> {
    let precision = table.experiment.architecture.precision;
    precision.is_emulated().then(|| {
        format!(
            "Measured in f64. What {} loses, and which loss scale saves it, stands on the page Precision.",
            precision.id()
        )
    })
}

/// A share that may be far below a percent.
pub fn small(share: f64) -> String {
    match share {
        share if share >= 0.1 => percent(share, 0),
        share if share >= 0.001 => percent(share, 2),
        share if share < 1e-99 => "none".to_owned(),
        share => format!("{share:.0e}").replace('-', "−"),
    }
}

/// The keys that a remedy changes, as they stand in the file.
pub fn keys(remedy: &Remedy) -> String {
    let keys: Vec<String> = remedy.keys.iter().map(ToString::to_string).collect();
    keys.join(", ")
}
