//! The theory in words: what holds in the limit of wide layers, and what to expect at this width.

use crate::experiment::NormKind;
use crate::figure::number::{decades, four_digits, percent};
use crate::study::{
    FixedPoint, Footing, MANY_EXAMPLES, NoSpread, NormalizedLimit, Phase, TheoryFinding,
    VariantTheory,
};

use super::steps as step_count;

/// All that the theory claims of a variant.
pub fn limit(theory: &VariantTheory) -> String {
    theory.findings().iter().map(claim).collect::<Vec<_>>().join(" ")
}

/// One claim of the theory, as a sentence.
pub fn claim(finding: &TheoryFinding) -> String {
    match *finding {
        TheoryFinding::NoTheory { reason } => format!("No theory: {reason}."),
        TheoryFinding::Normalized { limit } => normalized(limit),
        TheoryFinding::NoLimit => {
            "No wide and deep limit: it takes at least two hidden layers, all of one width and set up alike."
                .to_owned()
        }
        TheoryFinding::Limit {
            weight_variance,
            bias_mean,
            bias_variance,
            fixed_point,
            chi,
            phase,
            depth_scale,
            trainable_depth,
        } => {
            let bias = if bias_mean == 0.0 {
                String::new()
            } else {
                format!(", every bias {}", four_digits(bias_mean))
            };
            format!(
                "In the limit of wide layers: σ_w² = {}, σ_b² = {}{bias}: {}, χ = {}, {}.",
                four_digits(weight_variance),
                four_digits(bias_variance),
                settles(fixed_point),
                four_digits(chi),
                match phase {
                    _ if weight_variance == 0.0 =>
                        "ordered: the weights are 0 and nothing passes".to_owned(),
                    _ => phase_words(phase, chi, depth_scale, trainable_depth),
                },
            )
        }
        TheoryFinding::Basins { .. } => basins(finding),
        TheoryFinding::Critical { activation, weight_variance: Some(critical), times } => format!(
            "{} is critical at σ_w² = {}; here it is {} times that.",
            activation.label(),
            four_digits(critical),
            four_digits(times.unwrap_or(f64::NAN)),
        ),
        TheoryFinding::Critical { activation, weight_variance: None, .. } => format!(
            "{} has no critical σ_w² with these biases that is reached without a jump.",
            activation.label()
        ),
        TheoryFinding::AtThisSize { .. } => at_this_size(finding),
        TheoryFinding::NoSpread { width, wide_log10, reason } => {
            no_spread(width, wide_log10, reason)
        }
        TheoryFinding::Silence { survival, layer, active, units, footing } => format!(
            "{} some hidden layer has no active unit, and δ is a true zero from there down ({}): {} of {units} units are expected active in layer {layer}.",
            networks(1.0 - survival),
            exactness(footing),
            four_digits(active),
        ),
    }
}

fn settles(point: FixedPoint) -> String {
    match point {
        FixedPoint::At(0.0) => "q* = 0 (the forward signal dies out)".to_owned(),
        FixedPoint::At(q) => format!("q* = {}", four_digits(q)),
        FixedPoint::Every => "every q is kept".to_owned(),
        FixedPoint::Diverges => "q grows without bound".to_owned(),
    }
}

/// Where the lab has a limit and no layers.
const NO_MORE: &str = "Of single layers and of finite widths the lab predicts nothing here.";

fn normalized(limit: NormalizedLimit) -> String {
    match limit {
        NormalizedLimit::Plain { normalization, chi, few_examples } => {
            let (name, formula) = match normalization {
                NormKind::Batch => ("batch norm", "E[φ′²]/Var φ"),
                NormKind::Layer => ("layer norm", "E[φ′²]/E[φ²]"),
                NormKind::Rms => ("RMS norm", "E[φ′²]/E[φ²]"),
            };
            let says = match Phase::of(chi) {
                Phase::Ordered => "δ vanishes",
                Phase::Critical => "δ neither vanishes nor explodes",
                Phase::Chaotic => "δ explodes",
            };
            let words = format!(
                "Wide layers with {name}: one step back multiplies ‖δ‖² by χ = {formula} = {}, whatever the gain of the weights: {says}",
                four_digits(chi)
            );
            match few_examples {
                None => format!("{words}. {NO_MORE}"),
                Some(examples) => format!(
                    "{words} in the limit of many examples. With {examples} that limit does not apply, only from {MANY_EXAMPLES} on: go by the measurement."
                ),
            }
        }
        NormalizedLimit::PreSkips { growth_log10, depth } => format!(
            "Wide layers with pre-normalized skips: from hidden layer {depth} back to 1 ‖∂L/∂h‖ changes by {}, a power of the depth and no exponential. {NO_MORE}",
            decades(growth_log10)
        ),
    }
}

fn phase_words(phase: Phase, chi: f64, depth_scale: f64, trainable: Option<f64>) -> String {
    let scale = four_digits(depth_scale);
    match phase {
        Phase::Critical => "critical: ‖δ‖ neither shrinks nor grows by a factor a layer".to_owned(),
        Phase::Ordered if chi == 0.0 => {
            "ordered: the slopes are 0, or too small for any plain number, and next to nothing passes"
                .to_owned()
        }
        Phase::Ordered => {
            let depth = trainable.map_or(String::new(), |depth| {
                format!(", trainable to a depth of about 6ξ = {}", four_digits(depth))
            });
            format!("ordered: ‖δ‖² shrinks by e in ξ = {scale} layers{depth}")
        }
        Phase::Chaotic => format!(
            "chaotic: ‖δ‖² grows by e in {scale} layers; the trainable depth belongs to another fixed point, which the lab does not compute"
        ),
    }
}

fn basins(finding: &TheoryFinding) -> String {
    let TheoryFinding::Basins {
        first_q,
        boundary,
        here,
        there,
        chi_there,
        examples_beyond,
        examples,
    } = *finding
    else {
        unreachable!("the one caller matches the kind")
    };
    let side = if first_q > boundary { "above" } else { "below" };
    let fate = |point| match point {
        FixedPoint::At(0.0) => "the signal dies out".to_owned(),
        FixedPoint::At(q) => format!("q settles at {}", four_digits(q)),
        FixedPoint::Every => "q is kept".to_owned(),
        FixedPoint::Diverges => "q grows without bound".to_owned(),
    };
    let mut words = format!(
        "The input decides: with q = {} in layer 1 it lies {side} the boundary at {}, where {}; on the other side {}, with χ = {}.",
        four_digits(first_q),
        four_digits(boundary),
        fate(here),
        fate(there),
        four_digits(chi_there),
    );
    if examples > 1 {
        words += &format!(" {examples_beyond} of the {examples} examples lie on the other side.");
    }
    words
}

fn at_this_size(finding: &TheoryFinding) -> String {
    let TheoryFinding::AtThisSize {
        width,
        steps,
        wide_log10,
        mean_log10,
        std_log10,
        leaves_a_decade_after,
        footing,
    } = *finding
    else {
        unreachable!("the one caller matches the kind")
    };
    let decade = match leaves_a_decade_after {
        None => "so it stays within a decade".to_owned(),
        Some(layers) => format!("within a decade for {}", step_count(layers - 1)),
    };
    format!(
        "At this size, {} between hidden layers of {width} units: wide layers would change ‖δ‖ by {} decades, a typical network changes it by {} ± {} ({}), {decade}.",
        step_count(steps),
        decades(wide_log10),
        decades(mean_log10),
        decades(std_log10),
        match footing {
            Footing::Exact => "exact",
            Footing::Heuristic => "an estimate, good to about that spread",
        },
    )
}

fn no_spread(width: usize, wide_log10: f64, reason: NoSpread) -> String {
    let change = if reason == NoSpread::NoSignal {
        "pass no error back".to_owned()
    } else {
        format!("would change ‖δ‖ by {} decades between hidden layers", decades(wide_log10))
    };
    format!(
        "Wide layers of this depth {change}. How far networks of {width} units stray from that the lab cannot tell: {}. Draw an ensemble.",
        cannot_tell(reason)
    )
}

/// Why the lab cannot tell.
pub(super) fn cannot_tell(reason: NoSpread) -> &'static str {
    match reason {
        NoSpread::NoSignal => "whatever passes, single units let through",
        NoSpread::Orthogonal => {
            "the estimate takes the weights as independent, and orthogonal ones are not"
        }
        NoSpread::MixedLayers => {
            "the estimate was tried on layers that are set up alike, and here some are not"
        }
        NoSpread::FewUnits => "in some layer a few units decide",
        NoSpread::ClosedLayer => {
            "in some of them every unit of a layer lies where the slope is next to nothing"
        }
        NoSpread::Sensitive => "the accidents of the forward signal decide",
    }
}

fn networks(share: f64) -> String {
    if share > 0.999_95 {
        "In nearly every network".to_owned()
    } else {
        format!("In {} of networks", percent(share, 1))
    }
}

fn exactness(footing: Footing) -> &'static str {
    match footing {
        Footing::Exact => "exact",
        Footing::Heuristic => "an estimate",
    }
}
