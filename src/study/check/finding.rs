//! What a gradient check claims, each claim with its numbers.

use super::{Compared, Errors, GradientCheck, KinkUnit, Outcome, Unresolved};

/// One claim of a gradient check.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CheckFinding {
    /// Derivatives lie farther from the differences than the error bound: they are wrong.
    Differs {
        /// How many.
        count: usize,
        /// Of how many that were checked.
        checked: usize,
        /// The one with the largest relative error.
        worst: Compared,
    },
    /// Derivatives agree with the differences, and none differs.
    Agrees {
        /// How many.
        count: usize,
        /// Of how many that were checked.
        checked: usize,
        /// The one with the largest relative error.
        worst: Compared,
    },
    /// No derivative that is not exactly 0 could be told from its error bound.
    NothingResolved,
    /// Derivatives are exactly 0 both ways.
    Zero {
        /// How many.
        count: usize,
        /// Of how many that were checked.
        checked: usize,
    },
    /// Derivatives cannot be resolved because a unit sits on a kink.
    OnKink {
        /// How many.
        count: usize,
        /// The first unit on a kink that the first of them moves.
        unit: KinkUnit,
    },
    /// Derivatives cannot be resolved because terms cancel down to their rounding.
    BelowRounding {
        /// How many.
        count: usize,
        /// Whether double precision has more digits than this check's.
        single: bool,
    },
    /// How close plain centred differences of the loss come with one h for all.
    PlainDifferences {
        /// The h with the least median error.
        step: f64,
        /// The median of the relative errors there.
        median: f64,
        /// Over how many derivatives.
        compared: usize,
    },
}

impl GradientCheck {
    /// Everything that the check claims, the most important first.
    pub fn findings(&self) -> Vec<CheckFinding> {
        let single = self.epsilon > f64::EPSILON;
        let below = self.counted(Outcome::Unresolved(Unresolved::BelowRounding));
        [
            self.verdict(),
            self.counted(Outcome::Zero)
                .map(|count| CheckFinding::Zero { count, checked: self.checked }),
            self.on_kink(),
            below.map(|count| CheckFinding::BelowRounding { count, single }),
            self.plain_differences(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Whether backpropagation is right; nothing where all that it says is 0, and is.
    fn verdict(&self) -> Option<CheckFinding> {
        let checked = self.checked;
        if let Some(&worst) = self.worst_of(Outcome::Differs) {
            let count = self.count(Outcome::Differs);
            return Some(CheckFinding::Differs { count, checked, worst });
        }
        if let Some(&worst) = self.worst_of(Outcome::Agrees) {
            let count = self.count(Outcome::Agrees);
            return Some(CheckFinding::Agrees { count, checked, worst });
        }
        (self.count(Outcome::Zero) < checked).then_some(CheckFinding::NothingResolved)
    }

    fn on_kink(&self) -> Option<CheckFinding> {
        let outcome = Outcome::Unresolved(Unresolved::OnKink);
        let unit = self.with(outcome).find_map(|compared| compared.differences.kink)?;
        Some(CheckFinding::OnKink { count: self.count(outcome), unit })
    }

    fn plain_differences(&self) -> Option<CheckFinding> {
        let best = self.best_step()?;
        let &Errors { median, compared, .. } = best.centred.as_ref()?;
        Some(CheckFinding::PlainDifferences { step: best.step, median, compared })
    }

    /// How many have this outcome, where any has.
    fn counted(&self, outcome: Outcome) -> Option<usize> {
        Some(self.count(outcome)).filter(|&count| count > 0)
    }
}
