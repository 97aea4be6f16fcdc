//! What a pass does to its error signal, in sentences.

use std::mem::discriminant;
use std::ops::RangeInclusive;

use crate::engine::{PlainNorm, ZeroCause};
use crate::figure::number::{five_decimals, percent, small_percent, three_digits, with_minus};
use crate::study::{Advice, Diagnosis, FlowFinding, Kind, NOTABLE_ROUNDING, Swing};

use super::zero::why_zero;
use super::{capitalized, layers, ranges, steps};

/// Decades of the output step below which it goes without saying.
const SLIGHT_STEP: f64 = 0.1;

/// The whole diagnosis: the gravest finding first, with the diagnosis in a word before it.
///
/// ```
/// use gradient_lab::experiment::Experiment;
/// use gradient_lab::figure::words::flow;
/// use gradient_lab::study::{DrawStudy, TaskContext};
/// let draw = DrawStudy::new().run(&Experiment::default(), &TaskContext::unattended())?;
/// let sentence = flow::sentence(&draw.variants[0].diagnosis);
/// assert!(sentence.starts_with("Vanishing: ‖δ‖ loses 0.659 decades a layer"));
/// # Ok::<(), gradient_lab::study::Stopped>(())
/// ```
pub fn sentence(diagnosis: &Diagnosis) -> String {
    let decides = |finding: &&FlowFinding| decides(finding, diagnosis.kind);
    let mut words = format!("{}:", heading(diagnosis.kind));
    let grave = diagnosis.findings.iter().filter(decides);
    for (place, finding) in grave.enumerate() {
        let said = said(finding);
        words += &if place == 0 { format!(" {said}.") } else { format!(" Then {said}.") };
    }
    let told =
        |finding: &&FlowFinding| !decides(finding) && !goes_without_saying(finding, diagnosis.kind);
    let told: Vec<&FlowFinding> = diagnosis.findings.iter().filter(told).collect();
    // One sentence about all ranges of layers of which the same is true.
    let is_of_layers = |finding: &FlowFinding| {
        share(finding).is_some() || matches!(finding, FlowFinding::Gap { .. })
    };
    for alike in told.chunk_by(|a, b| is_of_layers(a) && discriminant(*a) == discriminant(*b)) {
        words += &format!(" {}.", capitalized(&said_of_all(alike)));
    }
    with_minus(&words)
}

/// The layers and the share of what is said of a range of layers.
fn share(finding: &FlowFinding) -> Option<(&RangeInclusive<usize>, f64)> {
    match finding {
        FlowFinding::InactiveUnits { layers, share, .. }
        | FlowFinding::SaturatedUnits { layers, share } => Some((layers, *share)),
        _ => None,
    }
}

fn said_of_all(alike: &[&FlowFinding]) -> String {
    let gaps = alike.iter().filter_map(|finding| match finding {
        FlowFinding::Gap { layers, .. } => Some(layers),
        _ => None,
    });
    let gaps: Vec<_> = gaps.collect();
    if gaps.len() > 1 {
        return format!("δ is 0 in {} and goes past them along the skips", ranges(&gaps));
    }
    let shares: Vec<_> = alike.iter().filter_map(|finding| share(finding)).collect();
    if shares.is_empty() {
        return said(alike[0]);
    }
    let most = shares.iter().map(|(_, share)| *share).fold(0.0, f64::max);
    let place = ranges(&shares.iter().map(|(layers, _)| *layers).collect::<Vec<_>>());
    match alike[0] {
        FlowFinding::InactiveUnits { examples, .. } => inactive(&place, most, *examples),
        _ => saturated(&place, most),
    }
}

/// The diagnosis in a word, as a sentence begins.
fn heading(kind: Kind) -> &'static str {
    match kind {
        Kind::Healthy => "Healthy",
        Kind::Vanishing => "Vanishing",
        Kind::Exploding => "Exploding",
        Kind::Uneven => "Uneven",
        Kind::TooFewLayers => "Too few layers to tell",
        Kind::SaturatedOutput => "Saturated output",
        Kind::SmallError => "Next to no error",
        Kind::ZeroExamples => "Mostly zero",
        Kind::AlikeUnits => "Units that are alike",
        Kind::Zero(cause) => match cause {
            ZeroCause::DeadOutput => "Dead output",
            ZeroCause::DeadLayer(_) => "Dead layer",
            ZeroCause::NoError => "No error",
            ZeroCause::ZeroWeights(_) => "Zero weights",
            ZeroCause::SaturatedOutput => "Saturated output",
            ZeroCause::SaturatedLayer(_) => "Saturated layer",
            ZeroCause::NoPath(_) => "No path",
            ZeroCause::Normalized(_) => "Normalized away",
            ZeroCause::ZeroScale(_) => "Zero scale",
            ZeroCause::SkipCancels(_) => "Cancelled by a skip",
            ZeroCause::Cancelled(_) => "Cancelled",
            ZeroCause::Underflow { .. } => "Underflow",
            ZeroCause::NotFinite { .. } => "Overflow",
        },
    }
}

/// Whether this finding is why the diagnosis is what it is.
fn decides(finding: &FlowFinding, kind: Kind) -> bool {
    match finding {
        FlowFinding::Zero { .. } | FlowFinding::Gap { .. } => matches!(kind, Kind::Zero(_)),
        FlowFinding::SaturatedOutput { .. } => kind == Kind::SaturatedOutput,
        FlowFinding::SmallError { .. } => kind == Kind::SmallError,
        FlowFinding::DeltaSwing(_) => {
            matches!(kind, Kind::Vanishing | Kind::Exploding | Kind::Uneven)
        }
        FlowFinding::Across { .. } => matches!(kind, Kind::Healthy | Kind::TooFewLayers),
        FlowFinding::ZeroExamples { .. } => kind == Kind::ZeroExamples,
        FlowFinding::AlikeUnits { .. } => kind == Kind::AlikeUnits,
        _ => false,
    }
}

/// What is true and says nothing that matters here.
fn goes_without_saying(finding: &FlowFinding, kind: Kind) -> bool {
    match finding {
        FlowFinding::OutputStep { decades, .. } => decades.abs() < SLIGHT_STEP,
        // A single swing says it already; and where the signal ends, how it came explains nothing.
        FlowFinding::Across { .. } => kind != Kind::Uneven,
        _ => false,
    }
}

/// One finding, without a full stop and without a capital.
fn said(finding: &FlowFinding) -> String {
    match finding {
        FlowFinding::Zero { cause, output_preactivation, examples, .. } => {
            zero(*cause, *output_preactivation, *examples)
        }
        FlowFinding::Gap { cause, layers: range } => format!(
            "δ is 0 in {} and goes on below, along the skips ({})",
            layers(range),
            why_zero(*cause)
        ),
        FlowFinding::SaturatedOutput { steepest, error_log10, delta_log10 } => {
            saturated_output(*steepest, *error_log10, *delta_log10)
        }
        FlowFinding::SmallError { error_log10 } => format!(
            "the output is within {} of the target, so there is next to nothing to send back",
            three_digits(*error_log10)
        ),
        FlowFinding::OutputStep { decades, outputs, units } => format!(
            "the one step from the output ({outputs}) to the last hidden layer ({units}) {} {:.2} decades",
            verb(*decades),
            decades.abs()
        ),
        FlowFinding::DeltaSwing(swing) => delta_swing(swing),
        FlowFinding::Across { decades, from, to } => across(*decades, from - to),
        FlowFinding::ZeroExamples { layer, zero, examples } => format!(
            "{zero} of {examples} examples have a gradient of exactly 0 from layer {layer} down"
        ),
        FlowFinding::AlikeUnits { layers: range } => format!(
            "all units of {} start alike, get the same gradient and stay alike, whatever is learned: each layer is worth one unit",
            layers(range)
        ),
        FlowFinding::InactiveUnits { layers: range, share, examples } => {
            inactive(&layers(range), *share, *examples)
        }
        FlowFinding::SaturatedUnits { layers: range, share } => saturated(&layers(range), *share),
        FlowFinding::IdleBias { layers: range } => format!(
            "the biases of {} do nothing: batch normalization takes the same number off every example, so their gradient is exactly 0",
            layers(range)
        ),
        FlowFinding::ForwardSwing(swing) => forward_swing(swing),
        FlowFinding::ForwardRounding { layer, precision } => format!(
            "the rounding errors of the forward pass ({}) grow from layer to layer and reach about {} of z at layer {layer}: the numbers above it, and ‖δ‖ everywhere, are typical of such networks, but another order of summation would give others",
            precision.id(),
            percent(NOTABLE_ROUNDING, 0)
        ),
        FlowFinding::Plain { prints, layers: range, precision } => format!(
            "plain {} arithmetic would print {} as the norm of {}; the lab carries the exponent",
            precision.id(),
            if *prints == PlainNorm::Infinite { "inf" } else { "0" },
            layers(range)
        ),
        FlowFinding::Advice { what } => advised(*what).to_owned(),
    }
}

fn verb(decades: f64) -> &'static str {
    if decades < 0.0 { "loses" } else { "gains" }
}

fn delta_swing(swing: &Swing) -> String {
    let rate = match swing.steps() {
        1 => String::new(),
        _ => format!("{:.3} decades a layer, ", swing.decades_per_layer().abs()),
    };
    format!(
        "‖δ‖ {} {rate}{:.2} decades from layer {} back to layer {} ({})",
        verb(swing.decades),
        swing.decades.abs(),
        swing.from,
        swing.to,
        steps(swing.steps())
    )
}

fn across(decades: f64, count: usize) -> String {
    if count == 0 {
        return "there is one hidden layer with a signal, and no step between hidden layers"
            .to_owned();
    }
    let rate = match count {
        1 => String::new(),
        _ => format!(", {:+.3} a layer", decades / count as f64),
    };
    format!("‖δ‖ changes by {decades:+.2} decades in {} between hidden layers{rate}", steps(count))
}

fn forward_swing(swing: &Swing) -> String {
    let (word, verb) =
        if swing.decades < 0.0 { ("dies away", "loses") } else { ("grows", "gains") };
    format!(
        "the forward signal {word}: z {verb} {:.2} decades from layer {} to layer {}",
        swing.decades.abs(),
        swing.from,
        swing.to
    )
}

fn saturated(place: &str, share: f64) -> String {
    format!(
        "in {place} up to {} of the slopes have faded below a twentieth of the largest: those units are saturated",
        percent(share, 0)
    )
}

fn inactive(place: &str, share: f64, examples: usize) -> String {
    let percent = percent(share, 0);
    if examples == 1 {
        format!("in {place} up to {percent} of the units are inactive for this example")
    } else {
        format!("in {place} up to {percent} of the units are dead: no example reaches them")
    }
}

fn saturated_output(steepest: f64, error_log10: Option<f64>, delta_log10: f64) -> String {
    let slope = match steepest {
        0.0 => "too small for any plain number".to_owned(),
        share => format!("at most {} of the largest", small_percent(share)),
    };
    let error = error_log10.map_or_else(|| "0".to_owned(), three_digits);
    format!(
        "the slope of every output unit is {slope}, so of an error of {error} only ‖δ‖ = {} arrives",
        three_digits(delta_log10)
    )
}

fn zero(cause: ZeroCause, output_preactivation: f64, examples: usize) -> String {
    let here = if examples == 1 { "for this example" } else { "for every example" };
    match cause {
        ZeroCause::DeadOutput => format!(
            "the largest output pre-activation is {} ≤ 0 {here}, where ReLU's slope is exactly 0. Every gradient is a true zero; nothing has vanished",
            five_decimals(output_preactivation)
        ),
        ZeroCause::DeadLayer(layer) => format!(
            "every unit of layer {layer} has a pre-activation ≤ 0 {here}, so δ is a true zero there and in every layer below"
        ),
        ZeroCause::NoError => {
            "the output equals the target wherever its slope is not 0, so there is nothing to send back"
                .to_owned()
        }
        ZeroCause::ZeroWeights(layer) => format!(
            "all weights of layer {layer} are 0, so no signal passes to the layers below"
        ),
        ZeroCause::SaturatedOutput => {
            "the slope there is smaller than any number can hold".to_owned()
        }
        ZeroCause::SaturatedLayer(layer) => {
            format!("every slope of layer {layer} is smaller than any number can hold")
        }
        ZeroCause::NoPath(layer) => format!(
            "the active units of layer {layer} receive no signal from the layer above"
        ),
        ZeroCause::Normalized(layer) => format!(
            "all that comes back to layer {layer} lies in the directions that its normalization takes off, shifts and stretches of what it normalizes, so nothing of it passes"
        ),
        ZeroCause::ZeroScale(layer) => format!(
            "the skip adds 0 times what layer {layer} makes (α = 0), so its weights do not matter yet; the signal goes past it along the skip"
        ),
        ZeroCause::SkipCancels(layer) => format!(
            "what comes back to layer {layer} along the skip and what comes through the layer above cancel exactly"
        ),
        ZeroCause::Cancelled(layer) => format!(
            "the terms of Wᵀδ cancel exactly on the way to layer {layer}, as those of a softmax below equal weights do; δ is 0 there and below, and what floating point leaves is rounding noise"
        ),
        ZeroCause::Underflow { format, layer } => format!(
            "in {} every δ is rounded to 0 from layer {layer} down, though none of these layers’ δ is truly 0. The page Precision shows what is lost, and whether a loss scale would save it",
            format.label()
        ),
        ZeroCause::NotFinite { format, layer } => format!(
            "in {} δ is infinite or no number from layer {layer} down. The page Precision shows whether a loss scale would save it",
            format.label()
        ),
    }
}

fn advised(what: Advice) -> &'static str {
    match what {
        Advice::LinearOutput => "a linear output cannot die",
        Advice::He => "He’s initialization, gain √2, makes up for the slopes that are 0",
        Advice::NewDraw => "another seed may be alive",
        Advice::RandomWeights => "draw the weights at random, so that units differ",
    }
}
