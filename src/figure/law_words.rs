//! The ensemble and the theory in words: whether they agree, what the constants are, and what
//! the theory leaves out.

use crate::engine::ExactLaw;
use crate::experiment::{Experiment, UnitLaw, Variant};
use crate::study::{
    Comparison, Distribution, Engine, Ensemble, FixedPoint, Footing, Limit, Phase, RatioComparison,
    VariantEnsemble, VariantTheory,
};

/// Layers narrower than this make the wide limit a rough guide.
const NARROW: usize = 100;
/// A spread in decades below this is rounding noise.
const NO_SPREAD: f64 = 1e-9;
/// Standard errors beyond which a difference is no accident.
const ACCIDENT: f64 = 3.0;

/// The share of networks in the theory's band from which on it counts as holding; 0.9 if true.
const MOST_INSIDE: f64 = 0.8;

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
    match (engine, ExactLaw::applies(experiment, variant)) {
        (Engine::ExactInLaw, _) => {
            "exact in law: the weights are normal and there is one example, so 2n numbers a layer do in place of n². Each seed is another network than the flow page's; the ensemble is the same.".to_owned()
        }
        (Engine::Direct, Ok(())) => {
            "drawing the weights, as chosen: each seed is the network that the flow page shows for it. Exact in law would be faster.".to_owned()
        }
        (Engine::Direct, Err(reason)) => format!("drawing the weights: {reason}."),
    }
}

/// Whether measured and expected agree: decades, standard deviations, coverage.
pub fn verdict(
    measured: &VariantEnsemble,
    theory: &VariantTheory,
    comparison: Option<&Comparison>,
) -> String {
    if let Err(error) = &theory.layers {
        return format!("No theory to compare with: {error}.");
    }
    let Some(comparison) = comparison else {
        return nothing_to_compare(measured);
    };
    let mut words = ratio(&comparison.ratio, measured.layers.len());
    words += &place(comparison);
    words += &spread(&comparison.ratio);
    words += &zeros(measured);
    words
}

fn nothing_to_compare(measured: &VariantEnsemble) -> String {
    let every = measured.layers.iter().all(|layer| layer.zeros() == layer.total());
    if every {
        "Every network's error signal is a true zero: there is nothing to compare.".to_owned()
    } else {
        "No network's error signal reaches the first layer: there is nothing to compare.".to_owned()
    }
}

fn ratio(ratio: &RatioComparison, last: usize) -> String {
    let plus_minus = |std: Option<f64>| std.map_or(String::new(), |std| format!(" ± {std:.3}"));
    format!(
        "log₁₀ ‖δ⁽¹⁾‖/‖δ⁽{}⁾‖ is {}{} over {} living networks; the theory at this width ({}) expects {} ± {:.3}.",
        superscript(last),
        signed(ratio.measured_mean),
        plus_minus(ratio.measured_std),
        ratio.count,
        match ratio.footing {
            Footing::Exact => "exact",
            Footing::Heuristic => "heuristic",
        },
        signed(ratio.expected_mean),
        ratio.expected_std,
    )
}

fn superscript(number: usize) -> String {
    super::superscript(i64::try_from(number).unwrap_or(i64::MAX))
}

fn place(comparison: &Comparison) -> String {
    let Some(layer) = comparison.farthest() else { return String::new() };
    let place = match (comparison.is_inside(), layer.inside >= MOST_INSIDE) {
        (true, true) => "Inside",
        (true, false) => "Half inside",
        (false, _) => "Outside",
    };
    format!(
        " {place} the theory’s 5–95 % band: farthest off in layer {}, by {:.3} decades or {:.2} of a network’s standard deviations; {:.0} % of the networks lie in the band there (90 % if it holds).",
        layer.layer,
        layer.off_decades().abs(),
        layer.off_stds().abs(),
        100.0 * layer.inside,
    )
}

/// Whether the difference is more than the seeds' own accident.
fn spread(ratio: &RatioComparison) -> String {
    if ratio.measured_std.is_some_and(|std| std < NO_SPREAD) {
        return " The networks have one and the same ratio, whatever is drawn.".to_owned();
    }
    match ratio.off_errors() {
        Some(errors) if errors.abs() > ACCIDENT => format!(
            " The difference in layer 1 is {:.0} standard errors of the mean: small or not, it is the theory’s, not the seeds’.",
            errors.abs()
        ),
        Some(errors) => format!(
            " The difference in layer 1 is {:.1} standard errors of the mean: what chance alone makes.",
            errors.abs()
        ),
        None => " One network has no spread: take more seeds.".to_owned(),
    }
}

fn zeros(measured: &VariantEnsemble) -> String {
    let share = measured.layers.first().map_or(0.0, Distribution::zero_share);
    if share == 0.0 {
        return String::new();
    }
    format!(" {:.1} % of the networks are true zeros in layer 1 and stand apart.", 100.0 * share)
}

/// One layer's distribution in a sentence.
pub fn layer(measured: &VariantEnsemble, theory: &VariantTheory, layer: usize) -> String {
    let distribution = &measured.layers[layer - 1];
    let quantile = |p| distribution.log10_quantile(p);
    let (Some(low), Some(median), Some(high)) = (quantile(0.05), quantile(0.5), quantile(0.95))
    else {
        return "Every network is a true zero here.".to_owned();
    };
    let (low, median, high) = (signed(low), signed(median), signed(high));
    let mut words = format!("log₁₀: median {median}, 5–95 % from {low} to {high}");
    if let Some(rms) = distribution.rms().log10() {
        words += &format!(", root mean square {}", signed(rms));
    }
    let predicted = theory.layers.as_ref().ok();
    let predicted = predicted.and_then(|t| t.prediction.layers.get(layer - 1)?.delta.log10());
    if let Some(rms) = predicted {
        words += &format!(" (mean field: {})", signed(rms));
    }
    words += ".";
    if distribution.zeros() > 0 {
        let percent = 100.0 * distribution.zero_share();
        words += &format!(
            " {percent:.1} % are true zeros; the root mean square counts them, the rest does not."
        );
    }
    words
}

/// q*, χ, ξ, the trainable depth and the critical line.
pub fn limit(theory: &VariantTheory) -> String {
    if let Err(error) = &theory.layers {
        return format!("No theory: {error}.");
    }
    let Some(limit) = &theory.limit else {
        return "No wide and deep limit: it takes at least two hidden layers, all of one width."
            .to_owned();
    };
    let mut words = format!(
        "σ_w² = {}, σ_b² = {}: {}, χ = {}, {}.",
        number(limit.field.weight_variance),
        number(limit.field.bias.spread()),
        fixed_point(limit.fixed_point),
        number(limit.chi),
        phase(limit),
    );
    words += &critical(limit);
    words
}

fn fixed_point(point: FixedPoint) -> String {
    match point {
        FixedPoint::At(0.0) => "q* = 0 (the forward signal dies out)".to_owned(),
        FixedPoint::At(q) => format!("q* = {}", number(q)),
        FixedPoint::Every => "every q is kept".to_owned(),
        FixedPoint::Diverges => "q grows without bound".to_owned(),
    }
}

fn phase(limit: &Limit) -> String {
    let scale = number(limit.depth_scale.abs());
    match limit.phase {
        Phase::Critical => "critical: ‖δ‖ keeps its size at any depth".to_owned(),
        Phase::Ordered => {
            let depth = limit.trainable_depth.map_or(String::new(), |depth| {
                format!(", trainable to a depth of about 6ξ = {}", number(depth))
            });
            format!("ordered: ‖δ‖² shrinks by e in ξ = {scale} layers{depth}")
        }
        Phase::Chaotic => format!(
            "chaotic: ‖δ‖² grows by e in {scale} layers; the trainable depth belongs to another fixed point, which the lab does not compute"
        ),
    }
}

fn critical(limit: &Limit) -> String {
    let Some(line) = &limit.critical else { return String::new() };
    match line.weight_variance {
        Some(critical) => format!(
            " {} is critical at σ_w² = {}; here it is {} times that.",
            limit.field.activation.label(),
            number(critical),
            number(limit.field.weight_variance / critical),
        ),
        None => format!(
            " {} has no critical σ_w² at this σ_b² that is reached without a jump.",
            limit.field.activation.label()
        ),
    }
}

/// Three decimals, with a true minus sign.
fn signed(number: f64) -> String {
    format!("{number:.3}").replace('-', "−")
}

/// Four digits, plain where they read well.
fn number(number: f64) -> String {
    let size = number.abs();
    if size == 0.0 {
        "0".to_owned()
    } else if (1e-3..1e5).contains(&size) {
        let decimals = (3.0 - size.log10().floor()).clamp(0.0, 6.0) as usize;
        let text = format!("{number:.decimals$}");
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text
        }
    } else {
        format!("{number:.3e}")
    }
}

/// What of the theory's assumptions this variant breaks, a sentence each.
pub fn caveats(
    experiment: &Experiment,
    variant: &Variant,
    measured: &VariantEnsemble,
    theory: &VariantTheory,
) -> Vec<String> {
    let Ok(layers) = &theory.layers else { return Vec::new() };
    let mut caveats = Vec::new();
    caveats.extend(about_width(experiment, layers.bands.first().map(|band| band.std_log10)));
    caveats.extend(about_rms(measured, layers.prediction.layers[0].delta.log10()));
    caveats.extend(about_output(experiment));
    caveats.extend(about_zeros(measured));
    caveats.extend(about_weights(variant));
    caveats.extend(about_bias(variant));
    if experiment.architecture.batch > 1 {
        caveats.push("Batch: the examples share the weights and the norm is their root mean square, so networks stray less than the band of one example.".to_owned());
    }
    caveats
}

fn about_width(experiment: &Experiment, std: Option<f64>) -> Option<String> {
    let sizes = experiment.sizes();
    let narrowest = sizes[1..sizes.len() - 1].iter().min().copied()?;
    let std = std.filter(|std| std.is_finite())?;
    (narrowest < NARROW).then(|| {
        format!(
            "Finite width: the dashed line is the wide limit’s root mean square; with {narrowest} units a network strays by {std:.2} decades over all layers, and the median lies below the line."
        )
    })
}

/// A sample's root mean square lies below the law's where few large draws carry it.
fn about_rms(measured: &VariantEnsemble, predicted: Option<f64>) -> Option<String> {
    let first = measured.layers.first()?;
    let (rms, std) = (first.rms().log10()?, first.log10_std()?);
    let variance_ln = (2.0 * std::f64::consts::LN_10 * std).powi(2);
    let count = (first.total() - first.zeros()) as f64;
    let off = predicted.map_or(String::new(), |predicted| {
        format!(
            "Root mean square in layer 1: {:+.3} decades from the dashed line. ",
            rms - predicted
        )
    });
    // The relative standard error of a lognormal's mean square, √((e^V − 1)/n), above ¼.
    let heavy = if libm::expm1(variance_ln) > count / 16.0 {
        "The norms spread so widely that a few of the largest carry it: more seeds would move it up."
    } else {
        ""
    };
    let words = format!("{off}{heavy}").trim_end().to_owned();
    (!words.is_empty()).then_some(words)
}

fn about_output(experiment: &Experiment) -> Option<String> {
    let architecture = &experiment.architecture;
    let sizes = experiment.sizes();
    let differs = sizes[sizes.len() - 1] != sizes[sizes.len() - 2];
    let several = architecture.output > 1;
    (differs || several).then(|| {
        let mut words = "Output layer: χ and ξ speak of hidden layers alone; the last step has its own widths and slope, and the theory’s bands start from the measured ‖δ‖ of the output layer, as if it were independent of the steps below.".to_owned();
        if several {
            words += " With several outputs the output’s δ depends on the weights that it meets on its way back.";
        }
        words
    })
}

fn about_zeros(measured: &VariantEnsemble) -> Option<String> {
    let share = measured.layers.first()?.zero_share();
    (share > 0.0).then(|| {
        "Dead zeros: bands, medians and the expected spread leave true zeros out; the dashed line counts them as 0, and so does a root mean square.".to_owned()
    })
}

fn about_weights(variant: &Variant) -> Option<String> {
    let words = match variant.init.unit_law() {
        UnitLaw::Orthogonal => {
            "Orthogonal weights: the theory takes the entries as independent; in truth no direction is stretched, and networks stray less."
        }
        UnitLaw::Uniform => {
            "Uniform weights: the theory knows their variance only; at this width the fourth moment still shows a little."
        }
        UnitLaw::TruncatedNormal => "Truncated weights: the theory knows their variance only.",
        UnitLaw::Normal | UnitLaw::Ones => return None,
    };
    Some(words.to_owned())
}

fn about_bias(variant: &Variant) -> Option<String> {
    let has_bias = variant.bias.scale(1, 1) != 0.0;
    let words = match variant.bias.unit_law() {
        _ if !has_bias => return None,
        UnitLaw::Ones => {
            "Equal biases: every unit has the same, so that it counts as a shift in the layers’ prediction, but as a variance in q* and χ."
        }
        UnitLaw::Uniform => "Uniform biases count by their variance in q* and χ.",
        _ => return None,
    };
    Some(words.to_owned())
}
