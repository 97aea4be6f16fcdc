//! What is found in a pass, verified against its raw numbers.

mod alike;
mod lies;
mod zero;

use gradient_lab::experiment::{Activation, Experiment, LeakyRelu, Loss, NormKind, Scheme, Skip};
use gradient_lab::figure::words::flow::sentence;
use gradient_lab::study::{Advice, Diagnosis, DrawStudy, FlowFinding, Kind, Swing, TaskContext};

use alike::{alike, rounding_log10};
use lies::lies;
use zero::{plainly, zero};

use crate::random::Population;
use crate::raw::Raw;

/// Two ways of adding up the same squares differ by rounding.
const CLOSE: f64 = 1e-4;

pub fn diagnose(experiment: &Experiment) -> Diagnosis {
    let draw = DrawStudy::on_threads(1).run(experiment, &TaskContext::unattended());
    draw.expect("nobody stops it").variants.remove(0).diagnosis
}

/// Logarithms have the digits of an `f64`, some 16.
fn close(a: f64, b: f64) -> Result<(), String> {
    ensure((a - b).abs() <= CLOSE + 4.0 * f64::EPSILON * a.abs(), &format!("{a} is not {b}"))
}

fn ensure(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

fn number(log10: Option<f64>) -> Result<f64, String> {
    log10.ok_or_else(|| "there is no such number".to_owned())
}

/// Whether a finding is true of the raw numbers.
fn verify(raw: &Raw, finding: &FlowFinding) -> Result<(), String> {
    match finding {
        FlowFinding::Zero { cause, layer, output_preactivation, examples } => {
            ensure(*examples == raw.target.len(), "the batch")?;
            zero(raw, *cause, *layer, *output_preactivation)
        }
        FlowFinding::Gap { cause, layers } => zero::gap(raw, *cause, layers),
        FlowFinding::SaturatedOutput { steepest, error_log10, delta_log10 } => {
            let last = raw.layer(raw.last());
            let slopes = last.slope.iter().flatten().map(|slope| slope.abs());
            let found = slopes.fold(0.0, f64::max) / last.activation.largest_slope();
            ensure(raw.experiment.architecture.loss == Loss::Mse, "no slope counts")?;
            ensure(found < 0.05 && (found - steepest).abs() <= 1e-6 * found, "the slope")?;
            close(*delta_log10, number(raw.delta_log10(raw.last()))?)?;
            close(number(*error_log10)?, number(raw.error_log10())?)
        }
        FlowFinding::SmallError { error_log10 } => {
            ensure(*error_log10 < -6.0, "not small")?;
            close(*error_log10, number(raw.error_log10())?)
        }
        FlowFinding::OutputStep { decades, outputs, units } => {
            let last = raw.last();
            ensure(*outputs == raw.layer(last).weight.len(), "outputs")?;
            ensure(*units == raw.layer(last - 1).weight.len(), "units")?;
            close(*decades, number(raw.delta_ratio_log10(last - 1, last))?)
        }
        FlowFinding::DeltaSwing(swing) => swung(swing, true, &hidden(raw, sent_back)),
        FlowFinding::ForwardSwing(swing) => {
            swung(swing, false, &stretch(&hidden(raw, Raw::z_log10), swing.from))
        }
        FlowFinding::Across { decades, from, to } => {
            let points = hidden(raw, sent_back);
            let (Some(low), Some(high)) = (points.first(), points.last()) else {
                return Err("no hidden layer has a signal".to_owned());
            };
            ensure((*from, *to) == (high.0, low.0), "the ends")?;
            close(*decades, low.1 - high.1)
        }
        FlowFinding::ZeroExamples { layer, zero, examples } => {
            ensure(*examples == raw.target.len(), "the batch")?;
            ensure(*zero > 0 && *zero < *examples, "some, not all")?;
            ensure(*layer <= raw.last(), "there is no such layer")?;
            ensure(raw.zero_examples(*layer) == *zero, "as many in that layer")?;
            // A layer with no signal at all is told of otherwise.
            let above = (layer + 1..=raw.last()).filter(|l| raw.delta_log10(*l).is_some());
            let above = above.map(|l| raw.zero_examples(l));
            ensure(above.clone().all(|count| count < *zero), "no layer above has as many")
        }
        FlowFinding::AlikeUnits { layers } => alike(raw, layers),
        FlowFinding::InactiveUnits { layers, share, examples } => {
            ensure(*examples == raw.target.len(), "the batch")?;
            let least = if *examples == 1 { 0.75 } else { 0.5 };
            let found = |l: usize| match raw.layer(l).activation.saturates() {
                true => 0.0,
                false => raw.layer(l).inactive_share(),
            };
            run(raw, layers, |l| (least..1.0).contains(&found(l)))?;
            close(*share, layers.clone().map(found).fold(0.0, f64::max))
        }
        FlowFinding::SaturatedUnits { layers, share } => {
            let found = |l: usize| match raw.layer(l).activation.saturates() {
                true => raw.layer(l).faded_share(),
                false => 0.0,
            };
            run(raw, layers, |l| found(l) >= 0.5)?;
            close(*share, layers.clone().map(found).fold(0.0, f64::max))
        }
        FlowFinding::IdleBias { layers } => {
            let variant = &raw.experiment.variants[0];
            let batch = variant.normalization.is_some_and(|norm| norm.kind == NormKind::Batch);
            ensure(batch && variant.skip != Some(Skip::PostNorm), "no batch normalization of z")?;
            ensure(*layers == (1..=raw.last() - 1), "the hidden layers")
        }
        FlowFinding::ForwardRounding { layer, precision } => {
            ensure(*precision == raw.experiment.architecture.precision, "the precision")?;
            let error = |l: usize| rounding_log10(raw, l).is_some_and(|log10| log10 > -2.0);
            ensure((1..=*layer).find(|l| error(*l)) == Some(*layer), "another layer")
        }
        FlowFinding::Plain { prints, layers, precision } => {
            ensure(*precision == raw.experiment.architecture.precision, "the precision")?;
            let printed = plainly(raw);
            let is = |l: usize| printed[l - 1] == *prints && raw.delta_log10(l).is_some();
            ensure(layers.clone().all(is), "a layer prints its norm")?;
            let beside = [layers.start() - 1, layers.end() + 1];
            let inside = beside.into_iter().filter(|l| (1..=raw.last()).contains(l));
            ensure(!inside.into_iter().any(is), "the range is too short")
        }
        FlowFinding::Advice { what } => advised(raw, *what),
    }
}

/// Layers and log10 of a quantity of the hidden layers, the lowest first, without what is zero.
fn hidden(raw: &Raw, of: fn(&Raw, usize) -> Option<f64>) -> Vec<(usize, f64)> {
    (1..raw.last()).filter_map(|l| Some((l, of(raw, l)?))).collect()
}

/// The points of the layers around this one between which none is missing.
fn stretch(points: &[(usize, f64)], layer: usize) -> Vec<(usize, f64)> {
    let unbroken = points.chunk_by(|a, b| a.0 + 1 == b.0);
    let around = unbroken.into_iter().find(|chunk| chunk.iter().any(|point| point.0 == layer));
    around.map(<[_]>::to_vec).unwrap_or_default()
}

/// log10 ‖δ^(l)‖ over that of the last hidden layer that has a signal.
fn sent_back(raw: &Raw, l: usize) -> Option<f64> {
    let first = (1..raw.last()).rev().find(|l| raw.delta_log10(*l).is_some())?;
    raw.delta_ratio_log10(l, first)
}

/// A swing's ends, and that nothing between them turns back by as much as a swing.
fn swung(swing: &Swing, back: bool, points: &[(usize, f64)]) -> Result<(), String> {
    let at = |layer: usize| {
        let found = points.iter().find(|point| point.0 == layer);
        found.map(|point| point.1).ok_or_else(|| format!("layer {layer} has no number"))
    };
    ensure(if back { swing.from > swing.to } else { swing.from < swing.to }, "the direction")?;
    close(swing.decades, at(swing.to)? - at(swing.from)?)?;
    let numbers = || points.iter().map(|point| point.1);
    let range =
        numbers().fold(f64::NEG_INFINITY, f64::max) - numbers().fold(f64::INFINITY, f64::min);
    let least = (0.2 * range).max(1.0);
    ensure(swing.decades.abs() >= least - CLOSE, "less than a swing")?;
    let ends = [swing.from.min(swing.to), swing.from.max(swing.to)];
    let mut inside: Vec<f64> =
        points.iter().filter(|p| (ends[0]..=ends[1]).contains(&p.0)).map(|p| p.1).collect();
    if back {
        inside.reverse();
    }
    let sign = swing.decades.signum();
    let mut farthest = f64::NEG_INFINITY;
    for number in inside.iter().map(|number| number * sign) {
        farthest = farthest.max(number);
        ensure(farthest - number < least + CLOSE, "it turns back on its way")?;
    }
    // From extreme to extreme.
    let (low, high) = (sign * at(swing.from)?, sign * at(swing.to)?);
    ensure(
        inside.iter().all(|n| (low - CLOSE..=high + CLOSE).contains(&(sign * n))),
        "an end is no extreme",
    )
}

/// Every layer of the range has it, and the next on either side, if hidden, has not.
fn run(
    raw: &Raw,
    layers: &std::ops::RangeInclusive<usize>,
    has: impl Fn(usize) -> bool,
) -> Result<(), String> {
    let hidden = 1..raw.last();
    ensure(hidden.contains(layers.start()) && hidden.contains(layers.end()), "hidden layers")?;
    ensure(layers.clone().all(&has), "a layer of the range has not")?;
    let beside = [layers.start() - 1, layers.end() + 1];
    ensure(!beside.into_iter().any(|l| hidden.contains(&l) && has(l)), "the next layer has, too")
}

fn advised(raw: &Raw, what: Advice) -> Result<(), String> {
    let variant = &raw.experiment.variants[0];
    let init = |l: usize| {
        let own = variant.exceptions.iter().find(|own| own.index == l);
        own.and_then(|own| own.init).unwrap_or(variant.init)
    };
    let fixed = |l: usize| {
        let scheme = init(l).scheme;
        matches!(scheme, Scheme::Zeros | Scheme::Constant | Scheme::Identity)
    };
    let all = || 1..=raw.last();
    match what {
        Advice::LinearOutput => {
            let mut mended = raw.experiment.clone();
            mended.variants[0].output_activation = Some(Activation::Linear);
            let mended = Raw::of(&mended);
            ensure(mended.delta_log10(mended.last()).is_some(), "a linear output does not help")
        }
        Advice::He => {
            let half = |l: usize| {
                let sizes = raw.experiment.sizes();
                sizes[l] as f64 * init(l + 1).variance(sizes[l], sizes[l + 1]) / 2.0
            };
            let relu = |l: usize| match raw.layer(l).activation {
                Activation::Relu => true,
                Activation::LeakyRelu(LeakyRelu { slope }) => slope <= 0.1,
                _ => false,
            };
            // By fan_in, as He's own: unequal layers multiply it by n_l/n_(l+1).
            ensure((1..raw.last()).all(relu), "no ReLU")?;
            ensure(!(2..raw.last()).any(fixed), "not drawn")?;
            ensure((1..raw.last() - 1).all(|l| half(l) < 0.9), "the weights are not small")
        }
        Advice::NewDraw => {
            ensure(!all().all(fixed) && variant.weights.is_none(), "nothing is drawn")
        }
        Advice::RandomWeights => {
            ensure(all().any(fixed) || variant.weights.is_some(), "they are random")
        }
    }
}

/// Whether the word follows from the raw numbers.
fn verify_kind(raw: &Raw, kind: Kind) -> Result<(), String> {
    if let Kind::Zero(_) = kind {
        // Only a skip leads past a layer that sends nothing back.
        let none = |l: usize| raw.delta_log10(l).is_none();
        let leads_past = raw.experiment.variants[0].skip.is_some();
        let all = if leads_past { 1..=raw.last() } else { 1..=1 };
        return ensure(all.into_iter().any(none), "layer 1 has a signal");
    }
    let skips = raw.experiment.variants[0].skip.is_some();
    let all = (1..=raw.last()).all(|l| raw.delta_log10(l).is_some());
    ensure(skips || all, "a layer has no signal")?;
    let points = hidden(raw, sent_back);
    let numbers = || points.iter().map(|point| point.1);
    let range =
        numbers().fold(f64::NEG_INFINITY, f64::max) - numbers().fold(f64::INFINITY, f64::min);
    let across = points[0].1 - points[points.len() - 1].1;
    let steps = points.len() as f64 - 1.0;
    let (low, high) = (1.0 - CLOSE, 1.0 + CLOSE);
    let alive = (1..=raw.last()).filter(|l| raw.delta_log10(*l).is_some());
    let zero_examples = alive.map(|l| raw.zero_examples(l)).max().unwrap_or(0);
    let saturated = || {
        let last = raw.layer(raw.last());
        let steepest = last.slope.iter().flatten().fold(0.0_f64, |top, s| top.max(s.abs()));
        raw.experiment.architecture.loss == Loss::Mse
            && last.activation.saturates()
            && steepest < 0.05 * last.activation.largest_slope()
    };
    match kind {
        Kind::Vanishing => ensure(-across >= 0.5 * low && range > low, "it does not fall"),
        Kind::Exploding => ensure(across >= 0.5 * low && range > low, "it does not rise"),
        Kind::Uneven => ensure(range > low, "it is even"),
        Kind::SaturatedOutput => ensure(saturated(), "the output is not saturated"),
        // Whatever is graver is told first.
        _ if saturated() || range > high => Err("something graver".to_owned()),
        Kind::ZeroExamples => ensure(2 * zero_examples >= raw.target.len(), "few are zero"),
        _ if zero_examples > 0 && 2 * zero_examples >= raw.target.len() => {
            Err("most examples are zero".to_owned())
        }
        Kind::AlikeUnits | Kind::SmallError => Ok(()),
        Kind::TooFewLayers => {
            ensure(steps < 3.0 || across.abs() > 0.1 * steps - CLOSE, "there are enough")
        }
        Kind::Healthy => {
            ensure(raw.error_log10().is_some_and(|e| e > -6.0 - CLOSE), "no error")?;
            ensure(steps >= 3.0 && across.abs() < 0.1 * steps + CLOSE, "too few layers")
        }
        Kind::Zero(_) => unreachable!("told above"),
    }
}

/// Every finding of a population is true.
fn verify_all(numbers: std::ops::Range<u64>, population: &Population) -> Vec<(Raw, Diagnosis)> {
    verify_each(numbers, |number| population.experiment(number))
}

fn verify_each(
    numbers: std::ops::Range<u64>,
    experiment: impl Fn(u64) -> Experiment,
) -> Vec<(Raw, Diagnosis)> {
    let verified = |number: u64| {
        let experiment = experiment(number);
        let (raw, diagnosis) = (Raw::of(&experiment), diagnose(&experiment));
        let place = || format!("experiment {number}: {diagnosis:?}\n{}", experiment.to_toml());
        for finding in &diagnosis.findings {
            verify(&raw, finding).unwrap_or_else(|e| panic!("{e}: {finding:?}\n{}", place()));
        }
        verify_kind(&raw, diagnosis.kind).unwrap_or_else(|e| panic!("{e}\n{}", place()));
        assert!(!sentence(&diagnosis).contains("NaN"), "{}", place());
        (raw, diagnosis)
    };
    numbers.map(verified).collect()
}

#[test]
fn every_finding_of_two_thousand_networks_is_true() {
    let mut kinds = std::collections::BTreeMap::<&str, usize>::new();
    let mut findings = std::collections::BTreeMap::<String, usize>::new();
    for start in (0..2000).step_by(100) {
        for (_, diagnosis) in verify_all(start..start + 100, &Population::wide()) {
            *kinds.entry(diagnosis.kind.word()).or_default() += 1;
            for finding in &diagnosis.findings {
                let name = format!("{finding:?}");
                let name = name.split(['(', ' ']).next().unwrap_or_default().to_owned();
                *findings.entry(name).or_default() += 1;
            }
        }
    }
    // None of it is untried.
    assert!(kinds.len() >= 12, "{kinds:?}");
    assert_eq!(findings.len(), 14, "{findings:?}");
}

#[test]
fn planted_lies_are_caught() {
    let mut planted = 0;
    for (raw, diagnosis) in verify_all(0..300, &Population { depth: 1..=40, ..Population::wide() })
    {
        for lie in diagnosis.findings.iter().flat_map(lies) {
            planted += 1;
            assert!(verify(&raw, &lie).is_err(), "not caught: {lie:?}\n{diagnosis:?}");
        }
    }
    assert!(planted > 1500, "{planted}");
}

/// With normalization, skips, tied weights and `lsuv`.
#[test]
fn every_finding_of_a_thousand_networks_with_remedies_is_true() {
    let (mut skips, mut norms) = (0, 0);
    for start in (60_000..61_000).step_by(100) {
        for (raw, _) in verify_each(start..start + 100, |n| Population::wide().with_remedies(n)) {
            skips += usize::from(raw.experiment.variants[0].skip.is_some());
            norms += usize::from(raw.experiment.variants[0].normalization.is_some());
        }
    }
    assert!(skips > 300 && norms > 300, "{skips} {norms}");
}

/// With layers that are set up unlike the others, and lies about them.
#[test]
fn every_finding_of_a_thousand_networks_with_exceptions_is_true() {
    let (mut ranges, mut planted) = (0, 0);
    for start in (40_000..41_000).step_by(100) {
        let all = verify_each(start..start + 100, |n| Population::wide().with_exceptions(n));
        for (raw, diagnosis) in all {
            let alike = |f: &&FlowFinding| matches!(f, FlowFinding::AlikeUnits { .. });
            ranges += usize::from(diagnosis.findings.iter().filter(alike).count() > 1);
            // Of layers and their units; swings may end anywhere among layers that hand on what
            // comes in.
            let of_layers = |f: &&FlowFinding| {
                use FlowFinding::{AlikeUnits, InactiveUnits, SaturatedUnits, Zero};
                matches!(
                    f,
                    Zero { .. } | AlikeUnits { .. } | InactiveUnits { .. } | SaturatedUnits { .. }
                )
            };
            for lie in diagnosis.findings.iter().filter(of_layers).flat_map(lies) {
                planted += 1;
                assert!(verify(&raw, &lie).is_err(), "not caught: {lie:?}\n{diagnosis:?}");
            }
        }
    }
    assert!(planted > 2000 && ranges > 3, "{planted} {ranges}");
}
