//! What a map over settings shows.

use serde::{Deserialize, Serialize};

/// What a map shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// The median over the seeds of log10(‖δ^(1)‖/‖δ^(L)‖)/(L − 1), a dead network's being −∞.
    DecadesPerLayer,
    /// The median over the seeds of log10 ‖δ^(1)‖/‖δ^(L)‖, a dead network's being −∞.
    FirstOverLast,
    /// The mean share of dead units over hidden layers and seeds.
    DeadShare,
    /// The mean share of saturated units over hidden layers and seeds.
    SaturatedShare,
    /// The share of its loss that a training takes off, the mean over the seeds.
    Learned,
}

impl Quantity {
    /// Every quantity, in the order in which menus show them.
    pub const ALL: [Self; 5] = [
        Self::DecadesPerLayer,
        Self::FirstOverLast,
        Self::DeadShare,
        Self::SaturatedShare,
        Self::Learned,
    ];

    /// The name in files and on the command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::DecadesPerLayer => "decades_per_layer",
            Self::FirstOverLast => "first_over_last",
            Self::DeadShare => "dead_share",
            Self::SaturatedShare => "saturated_share",
            Self::Learned => "learned",
        }
    }

    /// The name on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::DecadesPerLayer => "Decades per layer",
            Self::FirstOverLast => "Decades, first over last",
            Self::DeadShare => "Dead share",
            Self::SaturatedShare => "Saturated share",
            Self::Learned => "Learned share",
        }
    }

    /// What it is, in a sentence.
    pub fn hint(self) -> &'static str {
        match self {
            Self::DecadesPerLayer => {
                "log10(‖δ^(1)‖/‖δ^(L)‖)/(L − 1), the median over the seeds, dead networks below all others: 0 is healthy, below it gradients vanish, above it they explode."
            }
            Self::FirstOverLast => {
                "log10(‖δ^(1)‖/‖δ^(L)‖), the median over the seeds, dead networks below all others: 0 is healthy, below it gradients vanish, above it they explode."
            }
            Self::DeadShare => {
                "The mean share of hidden units whose slope is exactly 0 in every example."
            }
            Self::SaturatedShare => {
                "The mean share of hidden units whose slope has faded below 5 % of the largest."
            }
            Self::Learned => {
                "The share of the loss that the experiment's training takes off, the mean over the seeds: 1 is all of it, 0 none, or divergence."
            }
        }
    }

    /// Whether it is a share from 0 to 1 rather than decades around 0.
    pub fn is_share(self) -> bool {
        matches!(self, Self::DeadShare | Self::SaturatedShare | Self::Learned)
    }
}
