//! The gradient check: backpropagation against finite differences of the loss.
//!
//! One-sided, (L(θ + h) − L(θ))/h, with an error of O(h), and centred,
//! (L(θ + h) − L(θ − h))/2h, with O(h²). Both lose to rounding as ε|L|/h when h shrinks:
//! against h the errors draw a V. One-sided differences over P parameters take a base pass
//! and P passes beyond it; centred ones take 2P and no base pass. Backpropagation takes one
//! forward and one backward pass.

use crate::engine::{FromDraws, Network, Parameter, Pass, Real, Scaled};
use crate::experiment::Experiment;

use super::sample::Sample;
use super::{Cost, DrawStudy, Stopped, Watch};

/// Smallest and largest step h.
pub const STEP: std::ops::RangeInclusive<f64> = 1e-16..=1.0;
/// Most steps of a sweep.
pub const MOST_STEPS: usize = 200;
/// Multiples of the loss's rounding that a difference may be off by.
const ROUNDINGS: f64 = 64.0;

/// What to check.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckSettings {
    /// All parameters, or some.
    pub sample: Sample,
    /// The step sizes h; one, or a sweep such as [`log_spaced`] gives.
    pub steps: Vec<f64>,
}

impl CheckSettings {
    /// Forward passes that a check of a network with that many parameters runs: 1 + 2N for
    /// each step, the first pass counted once.
    pub fn forward_passes(&self, parameters: u64) -> u64 {
        let checked = match self.sample {
            Sample::All => parameters,
            Sample::Some { count, .. } => parameters.min(count as u64),
        };
        1 + 2 * checked * self.steps.len() as u64
    }

    /// Multiply-adds of those passes.
    pub fn multiply_adds(&self, cost: &Cost) -> u128 {
        u128::from(self.forward_passes(cost.parameters())) * u128::from(cost.forward())
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

/// The outcome of a gradient check.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientCheck {
    /// P.
    pub parameters: usize,
    /// N ≤ P, how many of them were checked.
    pub checked: usize,
    /// L(θ).
    pub loss: Scaled,
    /// One result for each step size, in the order in which they were asked for.
    pub steps: Vec<StepCheck>,
    /// The forward passes that were run: a first one, and 2N for each step size. L(θ + h) serves both
    /// differences; alone, one-sided ones would take 1 + N and centred ones 2N.
    pub forward_passes: u64,
    /// Where the centred difference is best: index of the smallest median error.
    pub best: usize,
    /// Every checked parameter at the best step, centred, in the network's order.
    pub details: Vec<Compared>,
    /// The relative error that counts as agreement, ∛ε of the precision, beside what rounding
    /// may add.
    pub threshold: f64,
}

/// One step size.
#[derive(Clone, Debug, PartialEq)]
pub struct StepCheck {
    /// h.
    pub step: f64,
    /// (L(θ + h) − L(θ))/h.
    pub one_sided: Errors,
    /// (L(θ + h) − L(θ − h))/2h.
    pub centred: Errors,
}

/// Relative errors over all checked parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Errors {
    /// The largest.
    pub max: f64,
    /// The median; of an even number the upper of the two in the middle.
    pub median: f64,
    /// The parameter with the largest.
    pub worst: Option<Compared>,
}

/// One parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compared {
    /// Which.
    pub parameter: Parameter,
    /// What is checked: backpropagation's derivative, or what was given in its place.
    pub analytic: Scaled,
    /// The finite difference.
    pub numeric: Scaled,
    /// |analytic − numeric| / max(|analytic|, |numeric|), and 0 where both are zero.
    pub relative_error: f64,
    /// What it means.
    pub finding: Finding,
}

/// What a comparison says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// They agree within the difference's own error.
    Agrees,
    /// They differ by more than that: the derivative is wrong.
    Wrong,
    /// The derivative is below the rounding of L over h, where a difference says nothing:
    /// vanished gradients are out of finite differences' reach.
    BelowRounding,
    /// A pre-activation changed its side of a kink on the way: a difference across a kink is
    /// not a derivative.
    CrossesKink,
}

impl GradientCheck {
    /// The parameters whose derivative is wrong, at the best step.
    pub fn wrong(&self) -> impl Iterator<Item = &Compared> {
        self.details.iter().filter(|compared| compared.finding == Finding::Wrong)
    }

    /// How many parameters have this finding, at the best step.
    pub fn count(&self, finding: Finding) -> usize {
        self.details.iter().filter(|compared| compared.finding == finding).count()
    }

    /// Whether no checked derivative is wrong.
    pub fn passes(&self) -> bool {
        self.wrong().next().is_none()
    }

    /// The parameter with the largest relative error among those with this finding, at the
    /// best step.
    pub fn worst(&self, finding: Finding) -> Option<&Compared> {
        let found = self.details.iter().filter(|compared| compared.finding == finding);
        found.max_by(|a, b| a.relative_error.total_cmp(&b.relative_error))
    }

    /// The verdict in one to three sentences.
    pub fn sentence(&self) -> String {
        let mut words = match (self.worst(Finding::Wrong), self.worst(Finding::Agrees)) {
            (Some(worst), _) => format!(
                "Backpropagation fails: {} of {} derivatives are off by more than the threshold, {:.1e} of themselves and rounding; the worst, {}, by {:.1e}.",
                self.count(Finding::Wrong),
                self.checked,
                self.threshold,
                worst.parameter,
                worst.relative_error
            ),
            (None, Some(worst)) => format!(
                "Backpropagation passes: {} of {} derivatives agree with centred differences at h = {:.1e}; the worst, {}, is off by {:.1e} of itself, and the threshold is {:.1e} and rounding.",
                self.count(Finding::Agrees),
                self.checked,
                self.steps[self.best].step,
                worst.parameter,
                worst.relative_error,
                self.threshold
            ),
            (None, None) => "The check proves nothing here.".to_owned(),
        };
        let (faint, kinks) = (self.count(Finding::BelowRounding), self.count(Finding::CrossesKink));
        if faint > 0 {
            words += &format!(" {faint} are too small for a difference of losses to show.");
        }
        if kinks > 0 {
            words += &format!(" {kinks} differences cross a kink and prove nothing.");
        }
        words
    }
}

/// Checks backpropagation's gradient of one variant, counted from 0, in the experiment's
/// precision.
///
/// # Errors
/// Steps out of range, a variant that is not there, or [`Stopped`].
///
/// ```
/// use gradient_lab::experiment::Experiment;
/// use gradient_lab::study::{CheckSettings, DrawStudy, Watch, gradient_check};
/// let experiment = Experiment::from_toml("[architecture]\nhidden = [4, 4]")?;
/// let (settings, watch) = (CheckSettings::default(), Watch::unattended());
/// let check = gradient_check(&experiment, 0, &settings, &mut DrawStudy::new(), &watch)?;
/// assert!(check.passes() && check.parameters == 10 * 4 + 4 + 4 * 4 + 4 + 4 + 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn gradient_check(
    experiment: &Experiment,
    variant: usize,
    settings: &CheckSettings,
    study: &mut DrawStudy,
    watch: &Watch<'_>,
) -> Result<GradientCheck, CheckError> {
    use crate::experiment::Precision;
    match experiment.architecture.precision {
        Precision::F64 => check_as::<f64>(experiment, variant, settings, study, watch),
        Precision::F32 => check_as::<f32>(experiment, variant, settings, study, watch),
    }
}

fn check_as<T: Real + FromDraws>(
    experiment: &Experiment,
    variant: usize,
    settings: &CheckSettings,
    study: &mut DrawStudy,
    watch: &Watch<'_>,
) -> Result<GradientCheck, CheckError> {
    let chosen = experiment.variants.get(variant).ok_or(CheckError::NoVariant(variant + 1))?;
    let network: Network<T> = study.network(experiment, chosen, watch)?;
    let pass = network.pass();
    check_against(&network, &|parameter| pass.gradient(parameter), settings, watch)
}

/// Checks any claimed gradient of a network's mean loss: backpropagation's, or a wrong one.
///
/// # Errors
/// Steps out of range, or [`Stopped`].
pub fn check_against<T: Real>(
    network: &Network<T>,
    claimed: &dyn Fn(Parameter) -> Scaled,
    settings: &CheckSettings,
    watch: &Watch<'_>,
) -> Result<GradientCheck, CheckError> {
    refuse(&settings.steps)?;
    let mut probe = Probe::new(network);
    let indices = settings.sample.indices(network.parameter_count());
    let parameters: Vec<Parameter> =
        indices.iter().filter_map(|&index| network.parameter(index)).collect();
    let mut steps = Vec::with_capacity(settings.steps.len());
    let (mut best, mut details) = (0, Vec::new());
    for (index, &step) in settings.steps.iter().enumerate() {
        let (mut one_sided, mut centred) = (Vec::new(), Vec::new());
        for (done, &parameter) in parameters.iter().enumerate() {
            watch.proceed()?;
            let share = done as f32 / parameters.len() as f32;
            watch.report((index as f32 + share) / settings.steps.len() as f32);
            let [one, both] = probe.compare(parameter, claimed(parameter), step);
            one_sided.push(one);
            centred.push(both);
        }
        steps.push(StepCheck {
            step,
            one_sided: Errors::of(&one_sided),
            centred: Errors::of(&centred),
        });
        if index == 0 || steps[index].centred.median < steps[best].centred.median {
            (best, details) = (index, centred);
        }
    }
    Ok(GradientCheck {
        parameters: network.parameter_count(),
        checked: parameters.len(),
        loss: probe.loss,
        steps,
        forward_passes: probe.passes,
        best,
        details,
        threshold: tolerance::<T>(),
    })
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

impl Errors {
    fn of(compared: &[Compared]) -> Self {
        let mut errors: Vec<f64> = compared.iter().map(|c| c.relative_error).collect();
        errors.sort_by(f64::total_cmp);
        let by_error = |a: &&Compared, b: &&Compared| a.relative_error.total_cmp(&b.relative_error);
        Self {
            max: errors.last().copied().unwrap_or(0.0),
            median: errors.get(errors.len() / 2).copied().unwrap_or(0.0),
            worst: compared.iter().max_by(by_error).copied(),
        }
    }
}

/// A network whose parameters can be moved one at a time.
struct Probe<T> {
    network: Network<T>,
    base: Pass<T>,
    loss: Scaled,
    /// Forward passes run so far.
    passes: u64,
}

impl<T: Real> Probe<T> {
    fn new(network: &Network<T>) -> Self {
        let network = network.with_plain_parameters();
        let base = network.forward();
        let loss = network.loss_of(&base);
        Self { network, base, loss, passes: 1 }
    }

    /// The one-sided and the centred comparison. The step is the one that arithmetic takes:
    /// (θ + h) − θ after rounding.
    fn compare(&mut self, parameter: Parameter, analytic: Scaled, step: f64) -> [Compared; 2] {
        let value = self.network.value(parameter);
        let h = T::from_f64(step);
        let (above, below) = (value + h, value - h);
        let (upper, crosses_above) = self.loss_at(parameter, above);
        let (lower, crosses_below) = self.loss_at(parameter, below);
        self.network.set(parameter, value);
        let one = Difference {
            rise: upper.minus(self.loss),
            run: above.to_f64() - value.to_f64(),
            crosses_kink: crosses_above,
        };
        let both = Difference {
            rise: upper.minus(lower),
            run: above.to_f64() - below.to_f64(),
            crosses_kink: crosses_above || crosses_below,
        };
        [one, both].map(|difference| self.judge(parameter, analytic, &difference))
    }

    /// L with one parameter moved, and whether a pre-activation changed its side of a kink.
    fn loss_at(&mut self, parameter: Parameter, value: T) -> (Scaled, bool) {
        self.network.set(parameter, value);
        let pass = self.network.forward();
        self.passes += 1;
        (self.network.loss_of(&pass), self.crosses_kink(&pass))
    }

    fn crosses_kink(&self, pass: &Pass<T>) -> bool {
        let layers = self.network.layers.iter().zip(self.base.layers.iter().zip(&pass.layers));
        layers.filter(|(layer, _)| layer.activation.has_kink()).any(|(_, (base, moved))| {
            let pairs = base.z.mantissa.iter().zip(&moved.z.mantissa);
            pairs.into_iter().any(|(&base, &moved)| (base > T::ZERO) != (moved > T::ZERO))
        })
    }

    fn judge(&self, parameter: Parameter, analytic: Scaled, by: &Difference) -> Compared {
        let numeric = by.rise.over(by.run.into()).unwrap_or_default();
        let error = size(analytic.minus(numeric));
        let larger = if exceeds(size(numeric), size(analytic)) { numeric } else { analytic };
        let relative_error = error.over(size(larger)).map_or(0.0, Scaled::to_f64);
        let rounding = self.rounding(by.run);
        let allowed = rounding.plus(size(larger).times(tolerance::<T>().into()));
        let finding = if by.crosses_kink {
            Finding::CrossesKink
        } else if exceeds(error, allowed) {
            Finding::Wrong
        } else if exceeds(rounding, size(larger)) {
            Finding::BelowRounding
        } else {
            Finding::Agrees
        };
        Compared { parameter, analytic, numeric, relative_error, finding }
    }

    /// What rounding may add to a difference: some ε(L + √(2L))/h. The root is for a squared
    /// error, whose own error is that of a, of the order of 1, times |a − y|.
    fn rounding(&self, run: f64) -> Scaled {
        let root = self.loss.times(2.0.into()).sqrt();
        let factor = ROUNDINGS * T::EPSILON / run.abs();
        // A step that rounding swallows shows nothing at all.
        let factor = if factor.is_finite() { factor } else { f64::MAX };
        self.loss.plus(root).times(factor.into())
    }
}

/// Rise over run.
struct Difference {
    rise: Scaled,
    run: f64,
    crosses_kink: bool,
}

fn size(number: Scaled) -> Scaled {
    Scaled::new(number.mantissa().abs(), number.exponent())
}

fn exceeds(a: Scaled, b: Scaled) -> bool {
    a.minus(b).mantissa() > 0.0
}

/// The relative error that a centred difference at its best step may leave: ∛ε, generously
/// above its own ∛ε².
fn tolerance<T: Real>() -> f64 {
    libm::cbrt(T::EPSILON)
}

#[cfg(test)]
mod tests;
