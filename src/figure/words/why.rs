//! Why δ shrinks or grows, in sentences.

use crate::figure::number::{percent, three_digits, with_minus};
use crate::study::{Cause, Cut, CutBy, Factor, WhyFinding};

use super::{steps, without_slope};

/// What was found, one sentence after the other.
pub fn sentences(findings: &[WhyFinding]) -> String {
    let sentences: Vec<String> = findings.iter().map(sentence).collect();
    with_minus(&sentences.join(" "))
}

fn sentence(finding: &WhyFinding) -> String {
    match finding {
        WhyFinding::Product { steps, weights, slopes, measured } => {
            product(*steps, *weights, *slopes, *measured)
        }
        WhyFinding::Blame { grows, cause, against } => blame(*grows, *cause, *against).to_owned(),
        WhyFinding::Step(step, examples) => units(step, *examples),
        WhyFinding::Identity { layer } => {
            format!("From layer {layer} to itself every signal stays as it is.")
        }
        WhyFinding::Span { top, layer, largest: None, .. } => format!(
            "No signal at all gets from layer {top} to layer {layer} in numbers that this page can hold: all singular values count as zero."
        ),
        WhyFinding::Span { top, layer, largest: Some(largest), smallest } => format!(
            "On the way from layer {top} to layer {layer} the length of any signal is multiplied by something between {} and {}.",
            smallest.map_or("0".to_owned(), three_digits),
            three_digits(*largest),
        ),
        WhyFinding::Lost { directions, of, causes } => lost(*directions, *of, causes),
        WhyFinding::Untrusted => {
            "The smallest values here are rounding: their digits are not to be trusted.".to_owned()
        }
    }
}

fn product(count: usize, weights: f64, slopes: f64, measured: f64) -> String {
    let (each, over) = match count {
        1 => ("The one step back", String::new()),
        _ => (
            "On average each step back",
            format!(" Over {}: {}.", steps(count), three_digits(measured)),
        ),
    };
    format!(
        "{each} multiplies ‖δ‖ by {} from the weights and {} from the slopes: {}.{over}",
        three_digits(weights),
        three_digits(slopes),
        three_digits(measured / count as f64),
    )
}

fn blame(grows: Option<bool>, cause: Cause, against: bool) -> &'static str {
    match (grows, cause, against) {
        (None, _, true) => "The two keep each other in balance.",
        (None, _, false) => "Neither changes it by much.",
        (Some(false), Cause::Weights, true) => {
            "The weights make it shrink, more than the slopes make up for."
        }
        (Some(false), Cause::Weights, false) => {
            "The weights make it shrink: the slopes alone would not."
        }
        (Some(false), Cause::Slopes, true) => {
            "The slopes make it shrink, more than the weights make up for."
        }
        (Some(false), Cause::Slopes, false) => {
            "The slopes make it shrink: the weights alone would not."
        }
        (Some(false), Cause::Both, _) => "Weights and slopes both make it shrink.",
        (Some(true), Cause::Weights, true) => {
            "The weights make it grow, more than the slopes take away."
        }
        (Some(true), Cause::Weights, false) => {
            "The weights make it grow: the slopes alone would not."
        }
        (Some(true), Cause::Slopes, true) => {
            "The slopes make it grow, more than the weights take away."
        }
        (Some(true), Cause::Slopes, false) => {
            "The slopes make it grow: the weights alone would not."
        }
        (Some(true), Cause::Both, _) => "Weights and slopes both make it grow.",
    }
}

/// What the units of a step's layer do. With one example a unit is inactive; dead needs a batch.
fn units(step: &Factor, examples: usize) -> String {
    let inactive = match examples {
        1 => "inactive for this example",
        examples => without_slope(examples),
    };
    format!(
        "In layer {} the mean |σ′| is {:.3} and the largest {:.3}; {} of its units are {inactive}, {} of the slopes have faded.",
        step.layer,
        step.mean_slope,
        step.max_slope,
        percent(step.dead_share, 0),
        percent(step.saturated_share, 0),
    )
}

fn lost(directions: usize, of: usize, causes: &[Cut]) -> String {
    let mut because: Vec<String> = Vec::new();
    for by in [CutBy::Narrow, CutBy::Inactive, CutBy::LowRank, CutBy::TinySlopes] {
        let layers: Vec<usize> =
            causes.iter().filter(|cut| cut.by == by).map(|c| c.layer).collect();
        if layers.is_empty() {
            continue;
        }
        let place = place(&layers);
        because.push(match by {
            CutBy::Narrow => format!("{place} has fewer units"),
            CutBy::Inactive => format!("units of {place} have slope 0"),
            CutBy::LowRank => format!("the weights above {place} have a low rank"),
            CutBy::TinySlopes => format!(
                "slopes of {place} are below the smallest number of this page and count as 0 here, though they are not"
            ),
        });
    }
    let for_good =
        if causes.iter().all(|cut| cut.by == CutBy::TinySlopes) { "" } else { " for good" };
    format!("{directions} of {of} directions are lost{for_good}: {}.", because.join("; "))
}

/// `layer 3`, `layers 3 and 5`, `5 layers (3 first)`.
fn place(layers: &[usize]) -> String {
    match layers {
        [layer] => format!("layer {layer}"),
        [first, second] => format!("layers {first} and {second}"),
        [first, ..] => format!("{} layers, {first} first,", layers.len()),
        [] => String::new(),
    }
}
