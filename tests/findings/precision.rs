//! What the precision page claims, verified against raw numbers: entries of δ, ∂W and ∂b as the
//! exact pass has them and as a pass in the format stores them, counted here.

#[path = "precision/cases.rs"]
mod cases;
#[path = "precision/raw.rs"]
mod raw;

use gradient_lab::engine::{Format, ZeroCause};
use gradient_lab::experiment::Experiment;
use gradient_lab::study::{
    BackwardTensor, DrawStudy, ForwardLoss, ForwardTensor, LossScale, NoScale, NormSum, PlainLoss,
    PrecisionFinding, Rule, ScaleRange, Share, TaskContext, VariantPrecision, precision,
};

use crate::random::Population;
use raw::{Counts, Raw};

fn report(experiment: &Experiment) -> VariantPrecision {
    let report = precision(&mut DrawStudy::new(), experiment, &TaskContext::unattended());
    report.expect("nobody stops it").variants.remove(0)
}

fn ensure(holds: bool, what: impl Fn() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

/// Whether a finding is true of the raw numbers.
fn verify(raw: &Raw, finding: &PrecisionFinding) -> Result<(), String> {
    match finding {
        PrecisionFinding::NoSignal { cause } => {
            let deltas = raw.exact.iter().flat_map(|layer| &layer[0]);
            let silent = deltas.clone().all(|delta| delta.is_zero());
            let flat = raw.output_is_flat();
            ensure(silent && (*cause != ZeroCause::DeadOutput || flat), || "a signal".to_owned())
        }
        PrecisionFinding::ForwardOverflow { format, layer } => {
            let first = raw.first_forward_overflow(*format);
            ensure(first == Some(*layer), || format!("{first:?}"))
        }
        PrecisionFinding::Plain { format, loss } => {
            plain(&raw.counts(*format, 0, Rule::Entries), loss)
        }
        PrecisionFinding::NormSum { format, sum, layers } => {
            let found = raw.norm_sums(*format, *sum == NormSum::Infinite);
            ensure(found == *layers, || format!("{found:?}"))
        }
        PrecisionFinding::Scale { format, scale } => match scale {
            LossScale::NoSignal => Err("told otherwise".to_owned()),
            LossScale::Range(range) => verify_range(raw, *format, range),
            LossScale::None(why) => none(raw, *format, why),
        },
    }
}

fn plain(counts: &[[Counts; 3]], loss: &PlainLoss) -> Result<(), String> {
    let layers = |derivative: usize, holds: &dyn Fn(&Counts) -> bool| -> Vec<usize> {
        let layers = counts.iter().enumerate().filter(|(_, layer)| holds(&layer[derivative]));
        layers.map(|(index, _)| index + 1).collect()
    };
    let overflow = |derivative: usize| layers(derivative, &|counts| counts.not_finite > 0);
    let flushed = |derivative: usize| layers(derivative, &|c| c.of > 0 && c.flushed == c.of);
    let none =
        |of: &dyn Fn(usize) -> Vec<usize>| (0..3).all(|derivative| of(derivative).is_empty());
    let ratio = |counts: &Counts| counts.flushed as f64 / counts.of.max(1) as f64;
    let worst = counts.iter().flatten().map(ratio).fold(0.0, f64::max);
    let holds = match loss {
        PlainLoss::Overflow { derivative, layers } => {
            !layers.is_empty() && overflow(*derivative as usize) == *layers
        }
        PlainLoss::Flushed { derivative, layers } => {
            none(&overflow) && !layers.is_empty() && flushed(*derivative as usize) == *layers
        }
        PlainLoss::Partly { place, share } => {
            let there = counts[place.layer - 1][place.derivative as usize];
            none(&overflow)
                && none(&flushed)
                && (there.flushed, there.of) == (share.flushed, share.of)
                && ratio(&there) == worst
                && worst > 0.0
        }
        PlainLoss::Nothing => none(&overflow) && worst == 0.0,
    };
    ensure(holds, || format!("{loss:?}, the worst share is {worst}"))
}

/// Whether a loss scale flushes too much, and whether something overflows.
fn faults(raw: &Raw, format: Format, power: i64, rule: Rule) -> [bool; 2] {
    let counts = raw.counts(format, power, rule);
    let all = || counts.iter().flatten();
    // A hundredth or more.
    let flushes = all().any(|counts| counts.flushed > 0 && 100 * counts.flushed >= counts.of);
    [flushes, all().any(|counts| counts.not_finite > 0)]
}

fn verify_range(raw: &Raw, format: Format, range: &ScaleRange) -> Result<(), String> {
    let ends = format.loss_scales();
    let ScaleRange { rule, least, most, chosen, forward, norms } = *range;
    ensure((rule == Rule::Backward) == forward.is_some(), || "what is lost forward".to_owned())?;
    if let Some(loss) = forward {
        forward_loss(raw, format, &loss)?;
    }
    ensure(ends.contains(&least) && ends.contains(&most), || "not in the format".to_owned())?;
    ensure((least..=most).contains(&chosen), || "the advised one is outside".to_owned())?;
    ensure(chosen == 0 || !(least..=most).contains(&0), || "none is needed".to_owned())?;
    for power in [least, chosen, most] {
        let faults = faults(raw, format, power, rule);
        ensure(faults == [false; 2], || format!("2^{power} {faults:?}"))?;
    }
    if ends.contains(&(least - 1)) {
        let [flushes, _] = faults(raw, format, least - 1, rule);
        ensure(flushes, || format!("2^{} would do", least - 1))?;
    }
    if ends.contains(&(most + 1)) {
        let [_, overflows] = faults(raw, format, most + 1, rule);
        ensure(overflows, || format!("2^{} would do", most + 1))?;
    }
    let Some(norms) = norms else { return Ok(()) };
    let worst = raw.worst_norm(format, chosen);
    let same = match (worst, norms.factor) {
        (Some(worst), Some(factor)) => (worst / factor - 1.0).abs() < 1e-9,
        (worst, factor) => worst.is_none() && factor.is_none(),
    };
    ensure(same, || format!("the norms are off by {worst:?}, not {:?}", norms.factor))
}

fn forward_loss(raw: &Raw, format: Format, loss: &ForwardLoss) -> Result<(), String> {
    let there = raw.forward_flush(format, loss.tensor == ForwardTensor::Slope, loss.layer);
    let told = (there.flushed, there.of) == (loss.share.flushed, loss.share.of);
    let holds = told && 100 * there.flushed >= there.of && there.flushed > 0;
    ensure(holds, || format!("{there:?}"))
}

fn none(raw: &Raw, format: Format, why: &NoScale) -> Result<(), String> {
    match *why {
        NoScale::ForwardOverflow { layer } => {
            let first = raw.first_forward_overflow(format);
            ensure(first == Some(layer), || format!("{first:?}"))
        }
        NoScale::ForwardFlush(loss) => forward_loss(raw, format, &loss),
        NoScale::TooWide { power, flushed, share, overflow } => {
            let [flushes, overflows] = faults(raw, format, power, Rule::Backward);
            ensure(flushes && !overflows, || format!("2^{power}: {flushes} {overflows}"))?;
            let place = flushed.derivative as usize;
            let there = raw.counts(format, power, Rule::Entries)[flushed.layer - 1][place];
            let told = (there.flushed, there.of) == (share.flushed, share.of);
            ensure(told && 100 * there.flushed >= there.of, || format!("{there:?}"))?;
            match overflow {
                None => ensure(power == *format.loss_scales().end(), || "more is held".to_owned()),
                Some(place) => {
                    let counts = raw.counts(format, power + 1, Rule::Norms);
                    let there = counts[place.layer - 1][place.derivative as usize];
                    ensure(there.not_finite > 0, || format!("{there:?}"))
                }
            }
        }
        NoScale::TooLarge { place } => {
            let counts = raw.counts(format, *format.loss_scales().start(), Rule::Norms);
            let there = counts[place.layer - 1][place.derivative as usize];
            ensure(there.not_finite > 0, || format!("{there:?}"))
        }
    }
}

/// Findings that say something else.
fn lies(finding: &PrecisionFinding) -> Vec<PrecisionFinding> {
    let more = |share: &Share| Share { flushed: share.flushed.saturating_sub(1), ..*share };
    match finding.clone() {
        PrecisionFinding::NoSignal { .. } => vec![PrecisionFinding::Plain {
            format: Format::Fp16,
            loss: PlainLoss::Overflow { derivative: BackwardTensor::Delta, layers: vec![1] },
        }],
        PrecisionFinding::ForwardOverflow { format, layer } => {
            vec![PrecisionFinding::ForwardOverflow { format, layer: layer + 1 }]
        }
        PrecisionFinding::Plain { format, loss } => {
            let told = |loss| PrecisionFinding::Plain { format, loss };
            let moved = |layers: &[usize]| layers.iter().map(|layer| layer + 1).collect::<Vec<_>>();
            match loss {
                PlainLoss::Overflow { derivative, layers } => vec![
                    told(PlainLoss::Nothing),
                    told(PlainLoss::Flushed { derivative, layers: layers.clone() }),
                    told(PlainLoss::Overflow { derivative, layers: moved(&layers) }),
                ],
                PlainLoss::Flushed { derivative, layers } => vec![
                    told(PlainLoss::Nothing),
                    told(PlainLoss::Overflow { derivative, layers: layers.clone() }),
                    told(PlainLoss::Flushed { derivative, layers: moved(&layers) }),
                ],
                PlainLoss::Partly { place, share } => {
                    let share = more(&share);
                    vec![told(PlainLoss::Nothing), told(PlainLoss::Partly { place, share })]
                }
                PlainLoss::Nothing => {
                    let (derivative, layers) = (BackwardTensor::Weight, vec![1]);
                    vec![told(PlainLoss::Flushed { derivative, layers })]
                }
            }
        }
        PrecisionFinding::NormSum { format, sum, layers } => {
            let other = match sum {
                NormSum::Zero => NormSum::Infinite,
                NormSum::Infinite => NormSum::Zero,
            };
            let fewer = layers[1..].to_vec();
            vec![
                PrecisionFinding::NormSum { format, sum: other, layers },
                PrecisionFinding::NormSum { format, sum, layers: fewer },
            ]
        }
        PrecisionFinding::Scale { format, scale } => {
            let told = |scale| PrecisionFinding::Scale { format, scale };
            let range = |range| told(LossScale::Range(range));
            match scale {
                LossScale::NoSignal => Vec::new(),
                LossScale::Range(own) => vec![
                    range(ScaleRange { least: own.least + 1, ..own }),
                    range(ScaleRange { least: own.least - 1, ..own }),
                    range(ScaleRange { most: own.most + 1, ..own }),
                    range(ScaleRange { most: own.most - 1, ..own }),
                    range(ScaleRange { chosen: own.most + 1, ..own }),
                ],
                LossScale::None(why) => vec![told(LossScale::None(match why {
                    NoScale::ForwardOverflow { layer } => {
                        NoScale::ForwardOverflow { layer: layer + 1 }
                    }
                    NoScale::ForwardFlush(loss) => {
                        NoScale::ForwardFlush(ForwardLoss { share: more(&loss.share), ..loss })
                    }
                    NoScale::TooWide { power, flushed, share, overflow } => {
                        NoScale::TooWide { power, flushed, share: more(&share), overflow }
                    }
                    NoScale::TooLarge { place } => {
                        let place = gradient_lab::study::EntryPlace { layer: 1, ..place };
                        if place.layer == 1 {
                            NoScale::ForwardOverflow { layer: 1 }
                        } else {
                            NoScale::TooLarge { place }
                        }
                    }
                }))],
            }
        }
    }
}

/// Verifies every finding of an experiment and catches lies about it; how many of each.
fn check(experiment: &Experiment, seen: &mut Vec<PrecisionFinding>) -> usize {
    let report = report(experiment);
    let raw = Raw::of(experiment);
    let mut caught = 0;
    for finding in &report.findings {
        verify(&raw, finding)
            .unwrap_or_else(|why| panic!("{finding:?}: {why}\n{}", experiment.to_toml()));
        for lie in lies(finding) {
            assert!(verify(&raw, &lie).is_err(), "{lie:?} is believed\n{}", experiment.to_toml());
            caught += 1;
        }
    }
    seen.extend(report.findings);
    caught
}

#[test]
fn every_finding_of_random_networks_is_true() {
    let near = Population { depth: 1..=12, width: 2..=24, batch: 1..=64, gain: 0.1..=10.0 };
    let far = Population { depth: 1..=80, ..Population::wide() };
    let (mut seen, mut caught) = (Vec::new(), 0);
    for number in 0..120 {
        caught += check(&near.experiment(number), &mut seen);
    }
    for number in 1000..1060 {
        caught += check(&far.experiment(number), &mut seen);
    }
    assert!(caught > 2000, "{caught} lies are caught");
    let count = |of: &dyn Fn(&PrecisionFinding) -> bool| seen.iter().filter(|f| of(f)).count();
    type F = PrecisionFinding;
    let scale = |of: &dyn Fn(&LossScale) -> bool| {
        count(&|finding| matches!(finding, F::Scale { scale, .. } if of(scale)))
    };
    let counts = [
        ("no signal", count(&|f| matches!(f, F::NoSignal { .. }))),
        ("forward", count(&|f| matches!(f, F::ForwardOverflow { .. }))),
        ("overflow", count(&|f| matches!(f, F::Plain { loss: PlainLoss::Overflow { .. }, .. }))),
        ("flushed", count(&|f| matches!(f, F::Plain { loss: PlainLoss::Flushed { .. }, .. }))),
        ("partly", count(&|f| matches!(f, F::Plain { loss: PlainLoss::Partly { .. }, .. }))),
        ("kept", count(&|f| matches!(f, F::Plain { loss: PlainLoss::Nothing, .. }))),
        ("norm 0", count(&|f| matches!(f, F::NormSum { sum: NormSum::Zero, .. }))),
        ("norm inf", count(&|f| matches!(f, F::NormSum { sum: NormSum::Infinite, .. }))),
        ("entries", scale(&|s| matches!(s, LossScale::Range(r) if r.rule == Rule::Entries))),
        ("norms", scale(&|s| matches!(s, LossScale::Range(r) if r.rule == Rule::Norms))),
        ("backward", scale(&|s| matches!(s, LossScale::Range(r) if r.rule == Rule::Backward))),
        ("wide", scale(&|s| matches!(s, LossScale::None(NoScale::TooWide { .. })))),
        ("slopes", scale(&|s| matches!(s, LossScale::None(NoScale::ForwardFlush(_))))),
    ];
    assert!(counts.iter().all(|(_, count)| *count > 0), "{counts:?}");
}
