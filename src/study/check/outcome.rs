//! What a gradient check found.

use crate::engine::{Parameter, Scaled};

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
    /// The forward passes that were run: 1 + 2N for each step size. L(θ + h) serves both
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

impl Errors {
    pub(super) fn of(compared: &[Compared]) -> Self {
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

    /// The parameter of this finding with the largest error, at the best step.
    pub fn worst_of(&self, finding: Finding) -> Option<&Compared> {
        let found = self.details.iter().filter(|compared| compared.finding == finding);
        found.max_by(|a, b| a.relative_error.total_cmp(&b.relative_error))
    }

    /// A few sentences: the outcome, and what differences cannot say.
    pub fn sentence(&self) -> String {
        let step = self.steps[self.best].step;
        let wrong = self.worst_of(Finding::Wrong);
        let mut words = match wrong.or_else(|| self.worst_of(Finding::Agrees)) {
            Some(worst) if wrong.is_some() => format!(
                "Backpropagation fails: {} of {} derivatives are off by more than {:.1e} of themselves and what the rounding of L adds; the worst, {}, by {:.1e} at h = {step:.1e}.",
                self.count(Finding::Wrong),
                self.checked,
                self.threshold,
                worst.parameter,
                worst.relative_error
            ),
            Some(worst) => format!(
                "Backpropagation passes: {} of {} derivatives agree with centred differences at h = {step:.1e}; the worst, {}, is off by {:.1e} of itself. Allowed are {:.1e} of a derivative and what the rounding of L adds, which counts most for the smallest.",
                self.count(Finding::Agrees),
                self.checked,
                worst.parameter,
                worst.relative_error,
                self.threshold
            ),
            None => "No derivative could be compared.".to_owned(),
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
