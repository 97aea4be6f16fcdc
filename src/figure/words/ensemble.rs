//! Ensembles in words: how they were drawn, and whether networks and theory agree.

use crate::engine::ExactLaw;
use crate::experiment::{Experiment, UnitLaw, Variant};
use crate::figure::number::{percent, superscript, with_minus};
use crate::study::{Engine, Ensemble, EnsembleFinding, Footing, Place};

use super::theory::cannot_tell;

/// Standard errors beyond which a difference is no accident.
const ACCIDENT: f64 = 3.0;

/// Exact or heuristic, in a word.
pub fn footing(footing: Footing) -> &'static str {
    match footing {
        Footing::Exact => "exact steps",
        Footing::Heuristic => "heuristic steps",
    }
}

/// How many networks there are, and how they were drawn.
pub fn ensemble(ensemble: &Ensemble) -> String {
    let first = ensemble.experiment.seed;
    let last = first + u64::from(ensemble.seeds.max(1)) - 1;
    let engines = ensemble
        .variants
        .iter()
        .map(|variant| format!("{}: {}", variant.name, variant.engine.label().to_lowercase()));
    let engines: Vec<_> = engines.collect();
    format!("{} networks, seeds {first} to {last} · {}", ensemble.seeds, engines.join(" · "))
}

/// Which engine a variant has, and why.
pub fn engine(experiment: &Experiment, variant: &Variant, engine: Engine) -> String {
    let batch = experiment.architecture.batch;
    match (engine, ExactLaw::applies(experiment, variant)) {
        (Engine::ExactInLaw, _) => {
            let numbers = if batch == 1 { "2n".to_owned() } else { format!("{} n", 2 * batch) };
            format!(
                "exact in law: the weights are normal, so {numbers} numbers a layer do in place of n². Each seed is another network than the flow page's; the ensemble is the same."
            )
        }
        (Engine::Direct, Ok(())) if ExactLaw::is_cheaper(experiment, variant) => {
            "drawing the weights, as chosen: each seed is the network that the flow page shows for it. Exact in law would be faster.".to_owned()
        }
        (Engine::Direct, Ok(())) => {
            format!(
                "drawing the weights: each seed is the network that the flow page shows for it. With {batch} examples in layers of this width, exact in law would take longer."
            )
        }
        (Engine::Direct, Err(reason)) => format!("drawing the weights: {reason}."),
    }
}

/// Claims about an ensemble, as one text.
pub fn verdict(findings: &[EnsembleFinding]) -> String {
    findings.iter().map(found).collect::<Vec<_>>().join(" ")
}

/// One claim about an ensemble, as a sentence.
pub fn found(finding: &EnsembleFinding) -> String {
    with_minus(&said(finding))
}

fn said(finding: &EnsembleFinding) -> String {
    match *finding {
        EnsembleFinding::NoTheory { reason } => format!("No theory to compare with: {reason}."),
        EnsembleFinding::NothingToCompare { everywhere: true } => {
            "Every network's error signal is a true zero: there is nothing to compare.".to_owned()
        }
        EnsembleFinding::NothingToCompare { everywhere: false } => {
            "No network's error signal reaches the first layer: there is nothing to compare."
                .to_owned()
        }
        EnsembleFinding::Ratio { .. } | EnsembleFinding::RatioAlone { .. } => ratio(finding),
        EnsembleFinding::Band { place, layer, off_decades, off_stds, inside } => format!(
            "{} the theory’s 5–95 % band: farthest off in layer {layer}, by {:.3} decades or {:.2} of a network’s standard deviations; {} of the networks lie in the band there (90 % if it holds).",
            match place {
                Place::Inside => "Inside",
                Place::HalfInside => "Half inside",
                Place::Outside => "Outside",
            },
            off_decades.abs(),
            off_stds.abs(),
            percent(inside, 0),
        ),
        EnsembleFinding::NoSpread => {
            "The networks have one and the same ratio, whatever is drawn.".to_owned()
        }
        EnsembleFinding::Chance { errors: Some(errors) } if errors.abs() > ACCIDENT => format!(
            "The difference in layer 1 is {:.0} standard errors of the mean: small or not, it is the theory’s, not the seeds’.",
            errors.abs()
        ),
        EnsembleFinding::Chance { errors: Some(errors) } => format!(
            "The difference in layer 1 is {:.1} standard errors of the mean: what chance alone makes.",
            errors.abs()
        ),
        EnsembleFinding::Chance { errors: None } => {
            "One network has no spread: take more seeds.".to_owned()
        }
        EnsembleFinding::Zeros { share } => format!(
            "{} of the networks are true zeros in layer 1 and stand apart.",
            percent(share, 1)
        ),
        EnsembleFinding::Layer { .. } => layer(finding),
        _ => caveat(finding),
    }
}

fn layer(finding: &EnsembleFinding) -> String {
    let EnsembleFinding::Layer { quantiles, rms, predicted_rms, zero_share, .. } = *finding else {
        unreachable!("the one caller matches the kind")
    };
    let [Some(low), Some(median), Some(high)] = quantiles else {
        return "Every network is a true zero here.".to_owned();
    };
    let mut words = format!("log₁₀: median {median:.3}, 5–95 % from {low:.3} to {high:.3}");
    words += &rms.map_or(String::new(), |rms| format!(", root mean square {rms:.3}"));
    words += &predicted_rms.map_or(String::new(), |rms| format!(" (mean field: {rms:.3})"));
    words += ".";
    if zero_share > 0.0 {
        words += &format!(
            " {} are true zeros; the root mean square counts them, the rest does not.",
            percent(zero_share, 1)
        );
    }
    words
}

fn ratio(finding: &EnsembleFinding) -> String {
    let measured = |layers: usize, mean: f64, std: Option<f64>, networks: u64| {
        format!(
            "log₁₀ ‖δ⁽¹⁾‖/‖δ⁽{}⁾‖ is {mean:.3}{} over {networks} living networks",
            superscript(i64::try_from(layers).unwrap_or(i64::MAX)),
            std.map_or(String::new(), |std| format!(" ± {std:.3}")),
        )
    };
    match *finding {
        EnsembleFinding::Ratio {
            layers,
            networks,
            measured_mean,
            measured_std,
            expected_mean,
            expected_std,
            footing,
        } => format!(
            "{}; the theory at this width ({}) expects {expected_mean:.3} ± {expected_std:.3}.",
            measured(layers, measured_mean, measured_std, networks),
            match footing {
                Footing::Exact => "exact",
                Footing::Heuristic => "heuristic",
            },
        ),
        EnsembleFinding::RatioAlone { layers, networks, measured_mean, measured_std, reason } => {
            format!(
                "{}; what to expect at this width the lab cannot tell: {}.",
                measured(layers, measured_mean, measured_std, networks),
                cannot_tell(reason),
            )
        }
        _ => unreachable!("the one caller matches the kinds"),
    }
}

fn caveat(finding: &EnsembleFinding) -> String {
    match *finding {
        EnsembleFinding::CaveatWidth { width, std_log10, median_off } => {
            let median = median_off.map_or(String::new(), |off| {
                let side = if off < 0.0 { "below" } else { "above" };
                format!("; in layer 1 the median living network lies {:.3} decades {side} it", off.abs())
            });
            format!(
                "Finite width: the dashed line is the wide limit’s root mean square; with {width} units a network strays by {std_log10:.2} decades over all layers{median}."
            )
        }
        EnsembleFinding::CaveatRms { .. } => root_mean_square(finding),
        EnsembleFinding::CaveatOutput { several } => {
            let mut words = "Output layer: χ and ξ speak of hidden layers alone; the last step has its own widths and slope, and the theory’s bands start from the measured ‖δ‖ of the output layer, as if it were independent of the steps below.".to_owned();
            if several {
                words += " With several outputs the output’s δ depends on the weights that it meets on its way back.";
            }
            words
        }
        EnsembleFinding::CaveatZeros => {
            "Dead zeros: bands, medians and the expected spread leave true zeros out; the dashed line counts them as 0, and so does a root mean square.".to_owned()
        }
        EnsembleFinding::CaveatWeights { law } => weights(law).to_owned(),
        EnsembleFinding::CaveatBatch => {
            "Batch: the examples share the weights and the norm is their root mean square, so networks stray less than the band of one example.".to_owned()
        }
        _ => unreachable!("the one caller matches the other kinds"),
    }
}

fn root_mean_square(finding: &EnsembleFinding) -> String {
    let EnsembleFinding::CaveatRms { networks, off_decades, largest_share, carried_at_stds } =
        *finding
    else {
        unreachable!("the one caller matches the kind")
    };
    let mut words = Vec::new();
    words.extend(off_decades.map(|off| {
        format!("Root mean square in layer 1: {off:+.3} decades from the dashed line.")
    }));
    words.extend(largest_share.map(|share| {
        let without = 0.5 * libm::log10((1.0 - share).max(f64::MIN_POSITIVE));
        format!(
            "One of the {networks} networks has {} of the mean square; without it the root would lie {:.2} decades lower, so that it says little of a typical network.",
            percent(share, 0),
            without.abs(),
        )
    }));
    words.extend(carried_at_stds.map(|stds| {
        format!(
            "If the law is lognormal, its mean square is carried {stds:.1} standard deviations above the mean logarithm, where {networks} networks have none: expect the sample’s root below the line, and go by the median and the band."
        )
    }));
    words.join(" ")
}

fn weights(law: UnitLaw) -> &'static str {
    match law {
        UnitLaw::Orthogonal => {
            "Orthogonal weights: the theory takes the entries as independent; in truth no direction is stretched, and networks stray less."
        }
        UnitLaw::Uniform => {
            "Uniform weights: the theory knows their variance only; at this width the fourth moment still shows a little."
        }
        UnitLaw::TruncatedNormal | UnitLaw::Normal | UnitLaw::Fixed(_) => {
            "Truncated weights: the theory knows their variance only."
        }
    }
}
