//! The diagnosis: what a pass's records say of its error signal, as typed findings.

mod finding;
mod profile;
mod rounding;

use std::ops::RangeInclusive;

use crate::engine::{LayerRecord, OutputRecord, PlainNorm, Scaled, ZeroCause};
use crate::experiment::{Experiment, Precision, Scheme, Skip, Variant};

pub use finding::{Advice, FlowFinding};
pub use profile::{SWING_DECADES, SWING_SHARE, Swing, swings};
pub use rounding::NOTABLE_ROUNDING;

/// Steps between hidden layers on which a rate must rest to be called healthy.
pub const ENOUGH_STEPS: usize = 3;
/// Decades per layer, up or down, beyond which a signal that has not yet changed by much is only
/// short of layers: over twenty it would.
pub const HEALTHY_RATE: f64 = 0.1;
/// The share of a single swing that must be left from end to end to make it a trend.
pub const TREND_SHARE: f64 = 0.5;
/// The share of the activation's largest slope below which the whole output counts as saturated:
/// [`SATURATED_BELOW`](crate::engine::SATURATED_BELOW).
pub const SATURATED_OUTPUT: f64 = crate::engine::SATURATED_BELOW;
/// An error of the output below this is next to nothing.
pub const SMALL_ERROR: f64 = 1e-6;
/// The share of a layer's units, or of its slopes, from which on a finding names it.
pub const NOTABLE_SHARE: f64 = 0.5;
/// Of one example's ReLU units half are inactive anyhow; this many are not.
pub const NOTABLE_INACTIVE: f64 = 0.75;

/// The diagnosis in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// ‖δ‖ keeps its size between the hidden layers.
    Healthy,
    /// ‖δ‖ falls.
    Vanishing,
    /// ‖δ‖ rises.
    Exploding,
    /// ‖δ‖ falls and rises.
    Uneven,
    /// There are too few layers to tell.
    TooFewLayers,
    /// The output's slope lets next to nothing through.
    SaturatedOutput,
    /// The output is the target but for next to nothing.
    SmallError,
    /// At least half of the examples send nothing back.
    ZeroExamples,
    /// All units of the hidden layers are alike.
    AlikeUnits,
    /// ‖δ‖ is zero, or kept as zero, in the first layer or in others, and why.
    Zero(ZeroCause),
}

impl Kind {
    /// Whether δ does not keep its size, so that a remedy may be sought.
    pub fn is_ailing(self) -> bool {
        match self {
            Self::Vanishing | Self::Exploding | Self::Uneven | Self::ZeroExamples => true,
            Self::Zero(cause) => cause.is_true_zero(),
            Self::Healthy
            | Self::TooFewLayers
            | Self::SaturatedOutput
            | Self::SmallError
            | Self::AlikeUnits => false,
        }
    }

    /// The word in tables, JSON and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Vanishing => "vanishing",
            Self::Exploding => "exploding",
            Self::Uneven => "uneven",
            Self::TooFewLayers => "too few layers",
            Self::SaturatedOutput => "saturated output",
            Self::SmallError => "small error",
            Self::ZeroExamples => "zero examples",
            Self::AlikeUnits => "alike units",
            Self::Zero(cause) => cause.word(),
        }
    }
}

/// The diagnosis of one variant's error signal.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnosis {
    /// In a word: the gravest of the findings.
    pub kind: Kind,
    /// log10 ‖δ^(1)‖/‖δ^(L)‖, where both are not zero.
    pub log10_ratio: Option<f64>,
    /// What is claimed, the gravest first.
    pub findings: Vec<FlowFinding>,
}

impl Diagnosis {
    /// Reads the records of layers 1…L of a variant.
    pub fn of(
        experiment: &Experiment,
        variant: &Variant,
        layers: &[LayerRecord],
        output: &OutputRecord,
    ) -> Self {
        let log10_ratio = layers.first().and_then(|first| beside(first, layers.last()?));
        let mut findings = zero(layers, output);
        findings.extend(at_the_output(experiment, variant, layers, output));
        findings.extend(on_the_way_back(layers));
        findings.extend(zero_examples(layers));
        findings.extend(units(layers));
        findings.extend(idle_biases(experiment, variant));
        findings.extend(forward(layers));
        let precision = experiment.architecture.precision;
        findings.extend(rounding::forward_rounding(precision, variant, layers));
        findings.extend(plain(precision, layers));
        let kind = kind(&findings);
        findings.extend(advice(kind, experiment, variant).map(|what| FlowFinding::Advice { what }));
        Self { kind, log10_ratio, findings }
    }
}

/// The gravest of the findings.
fn kind(findings: &[FlowFinding]) -> Kind {
    let zero = findings.iter().find_map(|finding| match finding {
        FlowFinding::Zero { cause, .. } => Some(Kind::Zero(*cause)),
        FlowFinding::SaturatedOutput { .. } => Some(Kind::SaturatedOutput),
        _ => None,
    });
    let mut swings = findings.iter().filter_map(|finding| match finding {
        FlowFinding::DeltaSwing(swing) => Some(swing),
        _ => None,
    });
    let across = findings.iter().find_map(|finding| match finding {
        FlowFinding::Across { decades, from, to } => Some((*decades, from - to)),
        _ => None,
    });
    let (across, steps) = across.unwrap_or_default();
    let trend = match (swings.next(), swings.next()) {
        (None, _) => None,
        // What falls and comes back is no trend.
        (Some(swing), None) if across / swing.decades >= TREND_SHARE => {
            Some(if across < 0.0 { Kind::Vanishing } else { Kind::Exploding })
        }
        _ => Some(Kind::Uneven),
    };
    let other = || {
        findings.iter().find_map(|finding| match finding {
            FlowFinding::ZeroExamples { zero, examples, .. } if 2 * zero >= *examples => {
                Some(Kind::ZeroExamples)
            }
            FlowFinding::AlikeUnits { .. } => Some(Kind::AlikeUnits),
            FlowFinding::SmallError { .. } => Some(Kind::SmallError),
            _ => None,
        })
    };
    let gap = findings.iter().find_map(|finding| match finding {
        FlowFinding::Gap { cause, .. } => Some(Kind::Zero(*cause)),
        _ => None,
    });
    let steady = || {
        let is_fast = across.abs() > HEALTHY_RATE * steps as f64;
        if let Some(gap) = gap.filter(|_| steps < ENOUGH_STEPS) {
            return gap;
        }
        if steps < ENOUGH_STEPS || is_fast { Kind::TooFewLayers } else { Kind::Healthy }
    };
    zero.or(trend).or_else(other).unwrap_or_else(steady)
}

/// log10 of a layer's ‖δ‖ over that of a layer above, where both are not zero. The quotient is
/// taken first: far down, the logarithms themselves have no digits left for a difference.
fn beside(layer: &LayerRecord, above: &LayerRecord) -> Option<f64> {
    layer.delta.checked_div(above.delta)?.log10()
}

/// Where δ ends, if it does, and where skips lead it past layers.
fn zero(layers: &[LayerRecord], output: &OutputRecord) -> Vec<FlowFinding> {
    let output_preactivation = output.largest_preactivation;
    let zeros = runs(layers, |layer| layer.zero.is_some()).into_iter().filter_map(|run| {
        let highest = &layers[run.end() - 1];
        let (cause, examples) = (highest.zero?, highest.examples);
        Some(match *run.start() {
            1 => FlowFinding::Zero { cause, layer: *run.end(), output_preactivation, examples },
            _ => FlowFinding::Gap { cause, layers: run },
        })
    });
    zeros.collect()
}

/// The error itself, and the step from the output to the last hidden layer.
fn at_the_output(
    experiment: &Experiment,
    variant: &Variant,
    layers: &[LayerRecord],
    output: &OutputRecord,
) -> Vec<FlowFinding> {
    let mut found = Vec::new();
    let [.., below, last] = layers else { return found };
    let Some(delta_log10) = last.delta.log10() else { return found };
    let error_log10 = output.error.and_then(Scaled::log10);
    let activation = experiment.activation_of(variant, last.layer);
    if activation.saturates() && output.steepest < SATURATED_OUTPUT {
        found.push(FlowFinding::SaturatedOutput {
            steepest: output.steepest,
            error_log10,
            delta_log10,
        });
    }
    if let Some(error_log10) = error_log10.filter(|log10| *log10 < SMALL_ERROR.log10()) {
        found.push(FlowFinding::SmallError { error_log10 });
    }
    if let Some(decades) = beside(below, last) {
        found.push(FlowFinding::OutputStep {
            decades,
            outputs: last.fan_out,
            units: below.fan_out,
        });
    }
    found
}

/// The way from the last hidden layer to the first, over the layers that have a signal.
fn on_the_way_back(layers: &[LayerRecord]) -> Vec<FlowFinding> {
    let Some((_, hidden)) = layers.split_last() else { return Vec::new() };
    // Skips lead past layers that have none.
    let alive: Vec<&LayerRecord> = hidden.iter().rev().filter(|l| !l.delta.is_zero()).collect();
    let size = |layer: &&LayerRecord| Some((layer.layer, beside(layer, alive.first()?)?));
    let points: Vec<(usize, f64)> = alive.iter().filter_map(size).collect();
    let (Some((from, top)), Some((to, bottom))) = (points.first(), points.last()) else {
        return Vec::new();
    };
    let across = FlowFinding::Across { decades: bottom - top, from: *from, to: *to };
    swings(&points).into_iter().map(FlowFinding::DeltaSwing).chain([across]).collect()
}

/// The layer in which the most examples have no signal, where not all of them have none.
fn zero_examples(layers: &[LayerRecord]) -> Option<FlowFinding> {
    let alive = layers.iter().filter(|layer| !layer.delta.is_zero());
    let most = alive.max_by_key(|layer| (layer.zero_examples, layer.layer))?;
    (most.zero_examples > 0).then_some(FlowFinding::ZeroExamples {
        layer: most.layer,
        zero: most.zero_examples,
        examples: most.examples,
    })
}

/// Layers whose units are alike, let nothing through, or little.
fn units(layers: &[LayerRecord]) -> Vec<FlowFinding> {
    let Some((_, hidden)) = layers.split_last() else { return Vec::new() };
    let mut found = Vec::new();
    // A single unit between layers of alike ones makes no difference.
    for run in runs(hidden, |layer| layer.alike || layer.fan_out == 1) {
        let alike = || hidden[run.start() - 1..*run.end()].iter().filter(|layer| layer.alike);
        if let (Some(first), Some(last)) = (alike().next(), alike().next_back()) {
            found.push(FlowFinding::AlikeUnits { layers: first.layer..=last.layer });
        }
    }
    let most = |layers: &RangeInclusive<usize>, share: fn(&LayerRecord) -> f64| {
        hidden[layers.start() - 1..*layers.end()].iter().map(share).fold(0.0, f64::max)
    };
    let examples = hidden.first().map_or(1, |layer| layer.examples);
    let least = if examples == 1 { NOTABLE_INACTIVE } else { NOTABLE_SHARE };
    // A layer that is wholly inactive has its own finding: the signal ends there.
    let inactive = |layer: &LayerRecord| (least..1.0).contains(&layer.dead_share);
    for layers in runs(hidden, inactive) {
        let share = most(&layers, |layer| layer.dead_share);
        found.push(FlowFinding::InactiveUnits { layers, share, examples });
    }
    for layers in runs(hidden, |layer| layer.saturated_share >= NOTABLE_SHARE) {
        let share = most(&layers, |layer| layer.saturated_share);
        found.push(FlowFinding::SaturatedUnits { layers, share });
    }
    found
}

/// Hidden layers with a bias in front of batch normalization. What a skip adds to it first changes
/// nothing: the same number comes off every example.
fn idle_biases(experiment: &Experiment, variant: &Variant) -> Option<FlowFinding> {
    let depth = experiment.layers() - 1;
    let has_bias = |l: usize| variant.biases.is_some() || variant.bias_of(l).scale(1, 1) != 0.0;
    let all = variant.couples_examples()
        && variant.skip != Some(Skip::PostNorm)
        && (1..=depth).all(has_bias);
    all.then_some(FlowFinding::IdleBias { layers: 1..=depth })
}

/// The forward signal of the hidden layers. Where z is zero a stretch ends; a bias, or a φ that is
/// not 0 at 0, begins another.
fn forward(layers: &[LayerRecord]) -> Vec<FlowFinding> {
    let Some((_, hidden)) = layers.split_last() else { return Vec::new() };
    let size = |layer: &LayerRecord| Some((layer.layer, layer.preactivation_rms.log10()?));
    let stretches = hidden.split(|layer| layer.preactivation_rms.is_zero());
    let points = stretches.map(|stretch| stretch.iter().filter_map(size).collect::<Vec<_>>());
    points.flat_map(|points| swings(&points)).map(FlowFinding::ForwardSwing).collect()
}

/// Ranges of layers whose norm plain arithmetic would not print.
fn plain(precision: Precision, layers: &[LayerRecord]) -> Vec<FlowFinding> {
    let printed = [PlainNorm::Zero, PlainNorm::Infinite].into_iter().flat_map(|prints| {
        let ranges = runs(layers, move |layer| layer.plain == prints && !layer.delta.is_zero());
        ranges.into_iter().map(move |layers| FlowFinding::Plain { prints, layers, precision })
    });
    printed.collect()
}

/// Maximal runs of layers of which something is true.
fn runs(layers: &[LayerRecord], is: impl Fn(&LayerRecord) -> bool) -> Vec<RangeInclusive<usize>> {
    let mut runs: Vec<RangeInclusive<usize>> = Vec::new();
    for layer in layers.iter().filter(|layer| is(layer)).map(|layer| layer.layer) {
        match runs.last_mut() {
            Some(run) if *run.end() + 1 == layer => *run = *run.start()..=layer,
            _ => runs.push(layer..=layer),
        }
    }
    runs
}

/// What to do next, where one thing suggests itself.
fn advice(kind: Kind, experiment: &Experiment, variant: &Variant) -> Option<Advice> {
    let drawn = |l: usize| variant.weights.is_none() && variant.init_of(l).unit_law().is_random();
    let random = |needed: bool| (!needed).then_some(Advice::RandomWeights);
    match kind {
        Kind::Zero(ZeroCause::DeadOutput) => Some(Advice::LinearOutput),
        Kind::Zero(ZeroCause::DeadLayer(layer)) if (1..=layer).any(drawn) => Some(Advice::NewDraw),
        Kind::Zero(ZeroCause::ZeroWeights(layer)) => random(drawn(layer)),
        // It is the weights above that the sums are taken over.
        Kind::Zero(ZeroCause::Cancelled(layer)) => random(drawn(layer + 1)),
        Kind::AlikeUnits => random((1..=experiment.layers()).all(drawn)),
        Kind::Vanishing if is_below_he(experiment, variant) => Some(Advice::He),
        _ => None,
    }
}

/// Whether the hidden layers are of ReLU kind and their weights smaller than He's.
fn is_below_he(experiment: &Experiment, variant: &Variant) -> bool {
    // A normalization undoes any gain.
    if !variant.is_plain() {
        return false;
    }
    let sizes = experiment.sizes();
    let he = crate::experiment::Init::of(Scheme::HeNormal);
    // A leak of a tenth makes He's δ grow by 1 % of ‖δ‖² in a layer; more is not He's case.
    let is_relu =
        |l| matches!(experiment.activation_of(variant, l).lines(), Some((0.0..=0.1, 1.0)));
    let is_small = |l: usize| {
        let (init, fan_in, fan_out) = (variant.init_of(l), sizes[l - 1], sizes[l]);
        let (own, he) = (init.variance(fan_in, fan_out), he.variance(fan_in, fan_out));
        init.unit_law().is_random() && init.scheme != Scheme::Lsuv && own < 0.9 * he
    };
    let depth = experiment.layers() - 1;
    variant.weights.is_none() && (1..=depth).all(is_relu) && (2..=depth).all(is_small)
}
