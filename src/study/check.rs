//! The gradient check: backpropagation against finite differences of the loss.
//!
//! The verdict takes each derivative at its own best step: differences of two forward passes,
//! carried through the layers so that they do not cancel against a large loss, and
//! extrapolated to h = 0 with a bound on their error.
//!
//! Beside it stand the plain differences at one h for all. One-sided,
//! (L(θ + h) − L(θ))/h, with an error of O(h), and centred,
//! (L(θ + h) − L(θ − h))/2h, with O(h²). Both lose to rounding as ε|L|/h when h shrinks:
//! against h the errors draw a V. One-sided differences over P parameters take a base pass
//! and P passes beyond it; centred ones take 2P and no base pass. Backpropagation takes one
//! forward and one backward pass.

mod carried;
mod derivative;
mod finding;
mod noise;
mod normalized;
mod outcome;
mod plain;
mod quotient;
mod rise;

use crate::engine::{FromDraws, Network, Parameter, Real, Scaled, in_precision};
use crate::experiment::Experiment;

use super::sample::Sample;
use super::{Cost, DrawStudy, Stopped, TaskContext};

pub use carried::KinkUnit;
use derivative::USUAL_PASSES;
pub use derivative::{Derivative, Differences};
pub use finding::CheckFinding;
pub use outcome::{
    Compared, Errors, GradientCheck, Outcome, PlainDifference, StepCheck, Unresolved,
};
use plain::Probe;

/// Smallest and largest step h.
pub const STEP: std::ops::RangeInclusive<f64> = 1e-16..=1.0;
/// Most steps of a sweep.
pub const MOST_STEPS: usize = 200;
/// What to check.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckSettings {
    /// All parameters, or some.
    pub sample: Sample,
    /// The step sizes h of the plain differences; one, or a sweep such as [`log_spaced`] gives.
    pub steps: Vec<f64>,
}

impl CheckSettings {
    /// Forward passes that the plain differences of a network with that many parameters take
    /// at the most: 1 + 2N for each step, the first pass counted once.
    pub fn forward_passes(&self, parameters: u64) -> u64 {
        1 + 2 * self.checked(parameters) * self.steps.len() as u64
    }

    /// Whole passes' worth of work that a parameter takes: two for each step, and those that
    /// carry differences, half a pass each on average.
    pub fn passes_each(&self) -> u64 {
        2 * self.steps.len() as u64 + USUAL_PASSES.div_ceil(2)
    }

    /// Multiply-adds of the whole check.
    pub fn multiply_adds(&self, cost: &Cost) -> u128 {
        let passes = 1 + self.checked(cost.parameters()) * self.passes_each();
        u128::from(passes) * u128::from(cost.forward())
    }

    fn checked(&self, parameters: u64) -> u64 {
        match self.sample {
            Sample::All => parameters,
            Sample::Some { count, .. } => parameters.min(count as u64),
        }
    }
}

/// Every parameter, with steps from 1e-12 to 1e-1: the whole V.
impl Default for CheckSettings {
    fn default() -> Self {
        Self { sample: Sample::All, steps: log_spaced(1e-12, 1e-1, 23) }
    }
}

/// `count` numbers from `from` to `to`, equal factors apart.
///
/// ```
/// use gradient_lab::study::log_spaced;
/// assert_eq!(log_spaced(1e-4, 1e-2, 3)[1], 1e-3);
/// ```
pub fn log_spaced(from: f64, to: f64, count: usize) -> Vec<f64> {
    let (low, high) = (libm::log10(from), libm::log10(to));
    let gap = (high - low) / count.saturating_sub(1).max(1) as f64;
    (0..count).map(|i| libm::exp10(low + gap * i as f64)).collect()
}

/// Why there is no gradient check.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CheckError {
    /// A step size that is not accepted.
    #[error("step h = {0} is not accepted: it takes a number from 1e-16 to 1.")]
    Step(f64),
    /// None, or too many steps.
    #[error("{0} step sizes are not accepted: a check takes 1 to {MOST_STEPS}.")]
    Steps(usize),
    /// No such variant.
    #[error("There is no variant {0}.")]
    NoVariant(usize),
    /// Told to stop.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// Checks backpropagation's gradient of one variant, counted from 0, in the experiment's
/// precision.
///
/// # Errors
/// Steps out of range, a variant that is not there, or [`Stopped`].
///
/// ```
/// use gradient_lab::experiment::Experiment;
/// use gradient_lab::study::{CheckSettings, DrawStudy, TaskContext, gradient_check};
/// let experiment = Experiment::from_toml("[architecture]\nhidden = [4, 4]")?;
/// let (settings, task) = (CheckSettings::default(), TaskContext::unattended());
/// let check = gradient_check(&experiment, 0, &settings, &mut DrawStudy::new(), &task)?;
/// assert!(check.passes() && check.parameters == 10 * 4 + 4 + 4 * 4 + 4 + 4 + 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn gradient_check(
    experiment: &Experiment,
    variant: usize,
    settings: &CheckSettings,
    study: &mut DrawStudy,
    task: &TaskContext<'_>,
) -> Result<GradientCheck, CheckError> {
    in_precision!(experiment.architecture.precision, T => check_as::<T>(experiment, variant, settings, study, task))
}

fn check_as<T: Real + FromDraws>(
    experiment: &Experiment,
    variant: usize,
    settings: &CheckSettings,
    study: &mut DrawStudy,
    task: &TaskContext<'_>,
) -> Result<GradientCheck, CheckError> {
    let chosen = experiment.variants.get(variant).ok_or(CheckError::NoVariant(variant + 1))?;
    let passed = |task: &TaskContext<'_>| study.passed(experiment, chosen, task);
    let (network, pass): (Network<T>, _) = task.quietly(passed)?;
    check_against(&network, &|parameter| pass.gradient(parameter), settings, task)
}

/// Checks any claimed gradient of a network's mean loss: backpropagation's, or a wrong one.
///
/// # Errors
/// Steps out of range, or [`Stopped`].
pub fn check_against<T: Real>(
    network: &Network<T>,
    claimed: &dyn Fn(Parameter) -> Scaled,
    settings: &CheckSettings,
    task: &TaskContext<'_>,
) -> Result<GradientCheck, CheckError> {
    refuse(&settings.steps)?;
    let indices = settings.sample.indices(network.parameter_count());
    let parameters: Vec<Parameter> =
        indices.iter().filter_map(|&index| network.parameter(index)).collect();
    let plain_share = 2 * settings.steps.len() as u64;
    let first = USUAL_PASSES as f32 / (USUAL_PASSES + 2 * plain_share) as f32;
    let details = task.part(0.0..first, |task| compare_all(network, &parameters, claimed, task))?;
    let carried_passes = details.iter().map(|of| u64::from(of.differences.passes)).sum();
    let mut probe = Probe::new(network);
    let steps = task.part(first..1.0, |task| plain_steps(&mut probe, &details, settings, task))?;
    Ok(GradientCheck {
        parameters: network.parameter_count(),
        checked: parameters.len(),
        loss: probe.loss,
        epsilon: T::EPSILON,
        details,
        carried_passes,
        steps,
        forward_passes: probe.passes,
    })
}

/// Every derivative at its own step.
fn compare_all<T: Real>(
    network: &Network<T>,
    parameters: &[Parameter],
    claimed: &dyn Fn(Parameter) -> Scaled,
    task: &TaskContext<'_>,
) -> Result<Vec<Compared>, Stopped> {
    let differences = Differences::new(network);
    let compare = |(done, &parameter): (usize, &Parameter)| {
        task.proceed()?;
        task.report(done as f32 / parameters.len() as f32);
        Ok(differences.derivative(parameter).compare::<T>(claimed(parameter)))
    };
    parameters.iter().enumerate().map(compare).collect()
}

/// Plain differences of what can be compared, at each step.
fn plain_steps<T: Real>(
    probe: &mut Probe<T>,
    details: &[Compared],
    settings: &CheckSettings,
    task: &TaskContext<'_>,
) -> Result<Vec<StepCheck>, Stopped> {
    let comparable: Vec<&Compared> = details.iter().filter(|of| of.is_comparable()).collect();
    let mut steps = Vec::with_capacity(settings.steps.len());
    for (index, &step) in settings.steps.iter().enumerate() {
        let (mut one_sided, mut centred) = (Vec::new(), Vec::new());
        for (done, of) in comparable.iter().enumerate() {
            task.proceed()?;
            let share = done as f32 / comparable.len() as f32;
            task.report((index as f32 + share) / settings.steps.len() as f32);
            let [one, both] = probe.compare(of.differences.parameter, of.analytic, step);
            one_sided.extend(one);
            centred.extend(both);
        }
        let (one_sided, centred) = (Errors::of(&one_sided), Errors::of(&centred));
        steps.push(StepCheck { step, one_sided, centred });
    }
    Ok(steps)
}

fn refuse(steps: &[f64]) -> Result<(), CheckError> {
    if steps.is_empty() || steps.len() > MOST_STEPS {
        return Err(CheckError::Steps(steps.len()));
    }
    match steps.iter().find(|step| !STEP.contains(step)) {
        Some(step) => Err(CheckError::Step(*step)),
        None => Ok(()),
    }
}
