//! What a gradient check leaves.

use crate::engine::{Parameter, Real, Scaled};

use super::Derivative;

/// The outcome of a gradient check.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientCheck {
    /// P.
    pub parameters: usize,
    /// N ≤ P, how many of them were checked.
    pub checked: usize,
    /// L(θ).
    pub loss: Scaled,
    /// ε of the precision in which backpropagation ran.
    pub epsilon: f64,
    /// Every checked parameter at its own step, in the network's order.
    pub details: Vec<Compared>,
    /// Passes that carried differences from a parameter's layer to the loss.
    pub carried_passes: u64,
    /// Plain differences, one result for each step size, in the order in which they were
    /// asked for.
    pub steps: Vec<StepCheck>,
    /// The forward passes that plain differences took: 1, and 2 for each step size and each
    /// derivative that can be compared. L(θ + h) serves both kinds of differences; alone,
    /// one-sided ones of N parameters take 1 + N and centred ones 2N.
    pub forward_passes: u64,
}

/// Plain differences at one step size, over all derivatives that are resolved, are not 0, and
/// stay on their sides of every kink.
#[derive(Clone, Debug, PartialEq)]
pub struct StepCheck {
    /// h.
    pub step: f64,
    /// (L(θ + h) − L(θ))/h; none where there is nothing to compare.
    pub one_sided: Option<Errors>,
    /// (L(θ + h) − L(θ − h))/2h; none where there is nothing to compare.
    pub centred: Option<Errors>,
}

/// Relative errors of plain differences.
#[derive(Clone, Debug, PartialEq)]
pub struct Errors {
    /// How many derivatives were compared.
    pub compared: usize,
    /// The median; of an even number the upper of the two in the middle.
    pub median: f64,
    /// The largest, with its parameter.
    pub worst: PlainDifference,
}

/// One parameter's plain difference beside its derivative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlainDifference {
    /// Which.
    pub parameter: Parameter,
    /// What is checked: backpropagation's derivative, or what was given in its place.
    pub analytic: Scaled,
    /// The difference.
    pub numeric: Scaled,
    /// |analytic − numeric| / max(|analytic|, |numeric|), and 0 where both are zero.
    pub relative_error: f64,
}

/// One parameter's derivative beside the extrapolated differences at its own step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compared {
    /// What is checked: backpropagation's derivative, or what was given in its place.
    pub analytic: Scaled,
    /// What the differences say.
    pub differences: Derivative,
    /// |analytic − differences| / max(|analytic|, |differences|), and 0 where both are zero.
    pub relative_error: f64,
    /// What it means.
    pub outcome: Outcome,
}

/// What a comparison says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// They agree within the error bound.
    Agrees,
    /// They differ by more than the error bound: the derivative is wrong.
    Differs,
    /// Exactly 0 both ways.
    Zero,
    /// It cannot be told.
    Unresolved(Unresolved),
}

/// Why a comparison tells nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unresolved {
    /// A pre-activation sits on a kink, and every step takes it to the other side.
    OnKink,
    /// The derivative is what is left of terms that cancel, and no larger than their rounding.
    BelowRounding,
}

impl Derivative {
    /// Sets a derivative that was computed in precision `T` beside the differences.
    ///
    /// It is resolved where the error bound is at most ∛ε of it: what a plain centred
    /// difference at its best step cannot get far below either.
    pub fn compare<T: Real>(&self, analytic: Scaled) -> Compared {
        let resolution = libm::cbrt(T::EPSILON);
        let error = (analytic - self.value).abs();
        let size = analytic.abs().max(self.value.abs());
        let outcome = if self.still && analytic.is_zero() {
            Outcome::Zero
        } else if self.kink.is_some() {
            Outcome::Unresolved(Unresolved::OnKink)
        } else if error > self.bound {
            Outcome::Differs
        } else if self.bound > size * resolution {
            Outcome::Unresolved(Unresolved::BelowRounding)
        } else {
            Outcome::Agrees
        };
        let relative_error = relative_error(analytic, self.value);
        Compared { analytic, differences: *self, relative_error, outcome }
    }
}

impl Compared {
    /// Whether it is resolved and not 0.
    pub fn is_comparable(&self) -> bool {
        matches!(self.outcome, Outcome::Agrees | Outcome::Differs)
    }

    /// The error bound beside the larger of the two; none where both are zero.
    pub fn relative_bound(&self) -> Option<f64> {
        let size = self.analytic.abs().max(self.differences.value.abs());
        self.differences.bound.checked_div(size).map(Scaled::to_f64)
    }

    /// |analytic − differences| beside the error bound; none where that is 0.
    pub fn share_of_bound(&self) -> Option<f64> {
        let error = (self.analytic - self.differences.value).abs();
        error.checked_div(self.differences.bound).map(Scaled::to_f64)
    }
}

impl Errors {
    /// None of nothing.
    pub(super) fn of(differences: &[PlainDifference]) -> Option<Self> {
        let by_error = |a: &&PlainDifference, b: &&PlainDifference| {
            a.relative_error.total_cmp(&b.relative_error)
        };
        let worst = *differences.iter().max_by(by_error)?;
        let errors = differences.iter().map(|difference| difference.relative_error);
        let median = median(errors.collect())?;
        Some(Self { compared: differences.len(), median, worst })
    }
}

/// |a − b| / max(|a|, |b|), and 0 where both are zero.
pub(super) fn relative_error(a: Scaled, b: Scaled) -> f64 {
    let error = (a - b).abs();
    error.checked_div(a.abs().max(b.abs())).map_or(0.0, Scaled::to_f64)
}

/// The median, of an even number the upper of the two in the middle; none of nothing.
pub(super) fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied()
}

impl GradientCheck {
    /// How many parameters have this outcome.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.with(outcome).count()
    }

    /// The parameters with this outcome.
    pub fn with(&self, outcome: Outcome) -> impl Iterator<Item = &Compared> {
        self.details.iter().filter(move |compared| compared.outcome == outcome)
    }

    /// Whether no checked derivative is wrong.
    pub fn passes(&self) -> bool {
        self.count(Outcome::Differs) == 0
    }

    /// The parameter of this outcome with the largest relative error.
    pub fn worst_of(&self, outcome: Outcome) -> Option<&Compared> {
        self.with(outcome).max_by(|a, b| a.relative_error.total_cmp(&b.relative_error))
    }

    /// The step at which plain centred differences have the least median error; none where
    /// there is nothing to compare.
    pub fn best_step(&self) -> Option<&StepCheck> {
        self.best_by(|step| step.centred.as_ref())
    }

    /// The step with the least median error of one kind of difference, among those at which no
    /// more than half of the derivatives cross a kink.
    pub fn best_by(&self, of: impl Fn(&StepCheck) -> Option<&Errors>) -> Option<&StepCheck> {
        let all = self.details.iter().filter(|compared| compared.is_comparable()).count();
        let steps = self.steps.iter().filter_map(|step| Some((step, of(step)?)));
        let steps = steps.filter(|(_, errors)| 2 * errors.compared >= all);
        let best = steps.min_by(|a, b| a.1.median.total_cmp(&b.1.median));
        best.map(|(step, _)| step)
    }

    /// The median of the error bounds beside the derivatives, over those that are resolved and
    /// not 0.
    pub fn median_bound(&self) -> Option<f64> {
        let comparable = self.details.iter().filter(|compared| compared.is_comparable());
        median(comparable.filter_map(Compared::relative_bound).collect())
    }
}
