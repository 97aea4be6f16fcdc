//! What counts as kept.

use crate::engine::{Format, Magnitudes, TRUE_ZERO};

/// What a loss scale has to keep of δ, ∂W and ∂b of every layer; nothing may overflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// All but less than a hundredth of the entries.
    Entries,
    /// All but less than a hundredth of the entries that matter to the norm: those below are
    /// together less than its rounding.
    Norms,
    /// As [`Rule::Norms`], but for what the format loses on the way forward already.
    Backward,
}

impl Rule {
    /// The strictest first.
    pub const ALL: [Self; 3] = [Self::Entries, Self::Norms, Self::Backward];

    /// The depth of the last of a tensor's entries that are to be kept.
    pub fn deepest(self, entries: &Magnitudes, format: Format) -> u8 {
        match self {
            Self::Entries => TRUE_ZERO - 1,
            Self::Norms | Self::Backward => entries.last_that_matters(format),
        }
    }
}
