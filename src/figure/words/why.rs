//! Why δ shrinks or grows, in sentences.

use crate::figure::number::{percent, three_digits, with_minus};
use crate::study::{Cause, Cut, CutBy, Factor, WhyFinding};

use super::{capitalized, steps, without_slope};

/// What was found, one sentence after the other.
pub fn sentences(findings: &[WhyFinding]) -> String {
    let sentences: Vec<String> = findings.iter().map(sentence).collect();
    with_minus(&sentences.join(" "))
}

fn sentence(finding: &WhyFinding) -> String {
    match finding {
        WhyFinding::Product { steps, weights, slopes, norms, skips, measured } => {
            let parts = [
                (Cause::Weights, Some(*weights)),
                (Cause::Slopes, Some(*slopes)),
                (Cause::Normalization, *norms),
                (Cause::Skip, *skips),
            ];
            product(*steps, parts, *measured)
        }
        WhyFinding::Blame { grows: None, by, against, .. } => balance(by, against).to_owned(),
        WhyFinding::Blame { grows: Some(grows), by, against, idle } => {
            blame(*grows, by, against, idle)
        }
        WhyFinding::Tied { norm, radius, steepest, .. } => tied(*norm, *radius, *steepest),
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
        WhyFinding::Coupled { examples } => format!(
            "Batch normalization couples the {examples} examples: a signal here is that of all of them together."
        ),
        WhyFinding::Bypassed { top } => format!(
            "What the skip carries round z of layer {top} is not in it: start from the output layer to have every way."
        ),
    }
}

impl Cause {
    /// `weights`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Weights => "weights",
            Self::Slopes => "slopes",
            Self::Normalization => "normalization",
            Self::Skip => "skip",
        }
    }
}

fn product(count: usize, parts: [(Cause, Option<f64>); 4], measured: f64) -> String {
    let (each, over) = match count {
        1 => ("The one step back", String::new()),
        _ => (
            "On average each step back",
            format!(" Over {}: {}.", steps(count), three_digits(measured)),
        ),
    };
    let from = |(cause, log10): (Cause, Option<f64>)| {
        Some(format!("{} from the {}", three_digits(log10?), cause.name()))
    };
    let parts: Vec<String> = parts.into_iter().filter_map(from).collect();
    let (parts, each_one) = (listed(&parts), three_digits(measured / count as f64));
    format!("{each} multiplies ‖δ‖ by {parts}: {each_one}.{over}")
}

/// `a`, `a and b`, `a, b and c`.
fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [item] => item.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Of what keeps its size.
fn balance(all: &[Cause], changing: &[Cause]) -> &'static str {
    match (all, changing) {
        ([_, _], []) => "Neither changes it by much.",
        (_, []) => "None of them changes it by much.",
        ([_, _], _) => "The two keep each other in balance.",
        _ => "Together they keep it in balance.",
    }
}

fn blame(grows: bool, by: &[Cause], against: &[Cause], idle: &[Cause]) -> String {
    let the = |parts: &[Cause]| {
        listed(&parts.iter().map(|cause| format!("the {}", cause.name())).collect::<Vec<_>>())
    };
    let one = |parts: &[Cause]| matches!(parts, [Cause::Normalization | Cause::Skip]);
    let makes = if one(by) { "makes" } else { "make" };
    let grow = if grows { "grow" } else { "shrink" };
    let that = capitalized(&the(by));
    if !against.is_empty() {
        let undone = match (grows, one(against)) {
            (true, true) => "takes away",
            (true, false) => "take away",
            (false, true) => "makes up for",
            (false, false) => "make up for",
        };
        return format!("{that} {makes} it {grow}, more than {} {undone}.", the(against));
    }
    if let [_] = by {
        return format!("{that} {makes} it {grow}: {} alone would not.", the(idle));
    }
    let names: Vec<String> = by.iter().map(|cause| cause.name().to_owned()).collect();
    let all = if by.len() == 2 { "both" } else { "all" };
    format!("{} {all} make it {grow}.", capitalized(&listed(&names)))
}

fn tied(norm: f64, radius: Option<f64>, steepest: f64) -> String {
    let [norm, steepest, bound] = [norm, steepest, norm * steepest].map(|number| number.log10());
    let radius = radius
        .map_or_else(String::new, |radius| format!(", spectral radius {}", three_digits(radius)));
    let so = match bound < 0.0 {
        true => "that alone makes it vanish",
        false => "so it may grow, but need not",
    };
    format!(
        "The hidden layers share one W (σ_max {}{radius}); with slopes of at most {} a step between them multiplies ‖δ‖ by at most {}: {so}.",
        three_digits(norm),
        three_digits(steepest),
        three_digits(bound),
    )
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
    for by in [
        CutBy::Narrow,
        CutBy::Inactive,
        CutBy::LowRank,
        CutBy::Normalized,
        CutBy::SkipScale,
        CutBy::TinySlopes,
    ] {
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
            CutBy::Normalized => format!("the normalization of {place} lets nothing of them through"),
            CutBy::SkipScale => format!("the skip of {place} adds nothing, its α being 0"),
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
