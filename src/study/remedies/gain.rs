//! The gain at which δ neither vanishes nor explodes, for an activation and these very sizes.

use crate::experiment::{Experiment, Parameter};
use crate::study::{Sampler, Stopped, TaskContext, band};

use super::measure::{budget, log10_ratio};

/// Gains among which a critical one is looked for.
const GAINS: (f64, f64) = (1e-3, 1e3);
/// Halvings of that range by the theory.
const HALVINGS: usize = 40;
/// Measured corrections at the most.
const CORRECTIONS: usize = 6;
/// Decades per layer that are near enough to 0: a tenth of what counts as cured.
const NEAR: f64 = 0.002;
/// The most that one correction changes the gain by.
const STEP: f64 = 4.0;
/// Networks that a gain is measured on, at the least and at the most.
const NETWORKS: (u64, u64) = (41, 801);
/// What a median may take, in units of a normal random number.
const WORK: u64 = 7_500_000;
/// How far the seeds for it lie from those that a remedy is measured on.
const SEEDS_AWAY: u64 = 1 << 31;
/// Significant digits of a gain in a file.
const DIGITS: i32 = 4;

/// The gain of the one variant's scheme at which the median of ‖δ^(1)‖/‖δ^(L)‖ is 1, to four digits.
///
/// Where theory speaks of the variant, its mean at this width ([`band`]) gives the first value; then
/// secant steps on the medians of measured networks, on seeds 2³¹ away from the experiment's own, so
/// that what is measured on those is independent of it. Other layers' exceptions stay as they are.
/// `None` where the scheme has no gain, or none between 10⁻³ and 10³ brings the median to within .002
/// decades per layer.
///
/// # Errors
/// [`Stopped`] when told to stop.
///
/// ```
/// use gradient_lab::experiment::{Activation, Experiment, Init, Scheme, Variant};
/// use gradient_lab::study::{TaskContext, critical_gain};
/// let init = Init::of(Scheme::HeNormal);
/// let relu = Variant { init, ..Variant::of(Activation::Linear) };
/// let mut experiment = Experiment { variants: vec![relu], ..Experiment::default() };
/// experiment.architecture.width = 200;
/// let gain = critical_gain(&experiment, &TaskContext::unattended()).expect("nobody stops it");
/// assert!((gain.expect("there is one") - 1.0).abs() < 0.03); // 1 in the limit of wide layers
/// ```
pub fn critical_gain(
    experiment: &Experiment,
    task: &TaskContext<'_>,
) -> Result<Option<f64>, Stopped> {
    if !experiment.variants[0].init.scheme.takes(Parameter::Gain) {
        return Ok(None);
    }
    let steps = (experiment.layers() - 1) as f64;
    let own = experiment.variants[0].init.gain();
    let start = if own > 0.0 { own } else { 1.0 };
    let mut gain = rounded(by_theory(experiment, task)?.unwrap_or(start));
    let mut before: Option<[f64; 2]> = None;
    let mut best: Option<[f64; 2]> = None;
    for _ in 0..CORRECTIONS {
        let Some(median) = median(&with_gain(experiment, gain), task)? else { return Ok(None) };
        if best.is_none_or(|[_, least]| median.abs() < least) {
            best = Some([gain, median.abs()]);
        }
        if median.abs() < 0.25 * NEAR * steps {
            break;
        }
        // Each step back multiplies by the gain, but for what the slopes do about it.
        let slope = before.map_or(steps, |[other, its]| (median - its) / (gain / other).log10());
        let slope = if slope.is_finite() && slope > 0.02 * steps { slope } else { steps };
        before = Some([gain, median]);
        let factor = libm::pow(10.0, -median / slope).clamp(1.0 / STEP, STEP);
        let next = rounded((gain * factor).clamp(GAINS.0, GAINS.1));
        if next == gain {
            break;
        }
        gain = next;
    }
    Ok(best.filter(|[_, off]| *off < NEAR * steps).map(|[gain, _]| gain))
}

/// The experiment with this gain.
pub(super) fn with_gain(experiment: &Experiment, gain: f64) -> Experiment {
    let mut changed = experiment.clone();
    changed.variants[0].init.gain = Some(gain);
    changed
}

/// Where the theory's mean of log10 ‖δ^(1)‖/‖δ^(L)‖ crosses 0.
fn by_theory(experiment: &Experiment, task: &TaskContext<'_>) -> Result<Option<f64>, Stopped> {
    let mean = |ln: f64| {
        let changed = with_gain(experiment, libm::exp(ln));
        let bands = band(&changed, &changed.variants[0]).ok()?;
        bands.first().map(|first| first.mean_log10).filter(|mean| !mean.is_nan())
    };
    let (mut low, mut high) = (libm::log(GAINS.0), libm::log(GAINS.1));
    let crosses = mean(low).is_some_and(|m| m < 0.0) && mean(high).is_some_and(|m| m > 0.0);
    if !crosses {
        return Ok(None);
    }
    for _ in 0..HALVINGS {
        task.proceed()?;
        let middle = 0.5 * (low + high);
        match mean(middle) {
            Some(mean) if mean < 0.0 => low = middle,
            Some(_) => high = middle,
            None => return Ok(None),
        }
        if high - low < 1e-5 {
            break;
        }
    }
    Ok(Some(libm::exp(0.5 * (low + high))))
}

/// The median of log10 ‖δ^(1)‖/‖δ^(L)‖ over seeds of its own; nothing where half of them are dead.
fn median(experiment: &Experiment, task: &TaskContext<'_>) -> Result<Option<f64>, Stopped> {
    let Ok(mut sampler) = Sampler::new(experiment, None) else { return Ok(None) };
    let proceed = || task.proceed().is_ok();
    let seeds = budget(experiment, WORK, NETWORKS.0..=NETWORKS.1);
    let first = (experiment.seed + SEEDS_AWAY) % (1 << 32);
    let mut ratios = Vec::new();
    for seed in 0..seeds {
        let norms = sampler.sample((first + seed) % (1 << 32), &proceed)?;
        ratios.push(log10_ratio(norms));
    }
    ratios.sort_by(f64::total_cmp);
    Ok(Some(ratios[ratios.len() / 2]).filter(|median| median.is_finite()))
}

/// To so many digits as stand in a file.
fn rounded(gain: f64) -> f64 {
    let unit = libm::pow(10.0, f64::from(libm::log10(gain).floor() as i32 + 1 - DIGITS));
    let digits = (gain / unit).round();
    // Digits times a power of ten is not always the nearest double to the decimal.
    format!("{:e}", digits * unit).parse::<f64>().map_or(gain, |number| {
        format!("{number:.*e}", (DIGITS - 1) as usize).parse().unwrap_or(number)
    })
}
