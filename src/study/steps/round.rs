//! The two forward passes of a run by hand.

use super::latex::Digits;
use super::step::StepKind;

/// Which of the two passes an equation belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Round {
    Before,
    After,
}

impl Round {
    /// What the names of its steps begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Before => "",
            Self::After => "again-",
        }
    }

    /// The kind of its steps but for the loss.
    pub fn kind(self) -> StepKind {
        match self {
            Self::Before => StepKind::Forward,
            Self::After => StepKind::ForwardAgain,
        }
    }

    /// How parameters are shown: after an update every digit counts.
    pub fn parameters(self) -> Digits {
        match self {
            Self::Before => Digits::Given,
            Self::After => Digits::Updated,
        }
    }
}
