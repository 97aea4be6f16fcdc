//! The pages by name: their tabs, and what each is for.

use serde::{Deserialize, Serialize};

/// Every page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Page {
    /// The chapter's gradient-flow figure, live.
    #[default]
    Flow,
    /// One example by hand, equation by equation.
    Steps,
    /// The network's diagram.
    Graph,
    /// The product behind BP2.
    Why,
    /// The gradient check, the cost of a pass and the losses.
    Check,
    /// Thousands of networks beside the theory.
    Law,
    /// The chapter in short, with buttons that set the lab up.
    #[serde(alias = "Story")]
    Chapter,
    /// Maps over one or two settings.
    Sweep,
    /// How z, a, δ, W and ∂W are spread in every layer.
    Spread,
    /// What narrow floating-point formats keep of δ.
    Precision,
    /// All variants learning side by side.
    Training,
    /// What cures a variant, measured.
    Remedies,
}

/// Pages of one purpose; their tabs stand side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Pictures of the present networks.
    See,
    /// Where their gradients come from.
    Understand,
    /// What holds for many networks.
    Law,
    /// What becomes of the networks.
    Learn,
    /// The text.
    Read,
}

impl Group {
    /// Every group, in the order of the tabs.
    pub const ALL: [Self; 5] = [Self::See, Self::Understand, Self::Law, Self::Learn, Self::Read];

    /// Its word.
    pub fn label(self) -> &'static str {
        match self {
            Self::See => "See",
            Self::Understand => "Understand",
            Self::Law => "Law",
            Self::Learn => "Learn",
            Self::Read => "Read",
        }
    }
}

impl Page {
    /// Every page, in the order of the tabs: group by group.
    pub const ALL: [Self; 12] = [
        Self::Flow,
        Self::Spread,
        Self::Graph,
        Self::Steps,
        Self::Why,
        Self::Check,
        Self::Law,
        Self::Sweep,
        Self::Precision,
        Self::Remedies,
        Self::Training,
        Self::Chapter,
    ];

    /// What it is for, among the others.
    pub fn group(self) -> Group {
        match self {
            Self::Flow | Self::Spread | Self::Graph => Group::See,
            Self::Steps | Self::Why | Self::Check => Group::Understand,
            Self::Law | Self::Sweep | Self::Precision => Group::Law,
            Self::Remedies | Self::Training => Group::Learn,
            Self::Chapter => Group::Read,
        }
    }

    /// The tab's words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Flow => "Gradient flow",
            Self::Steps => "Step by step",
            Self::Graph => "Graph",
            Self::Why => "Why",
            Self::Check => "Check and cost",
            Self::Law => "Ensemble and theory",
            Self::Chapter => "The chapter",
            Self::Sweep => "Sweep",
            Self::Spread => "Distributions",
            Self::Precision => "Precision",
            Self::Training => "Training",
            Self::Remedies => "Remedies",
        }
    }

    /// What there is to do, in a sentence.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Flow => "See ‖δ⁽ˡ⁾‖ shrink or grow through the layers.",
            Self::Steps => {
                "One example by hand: forward, BP1 to BP4, one update, with every number put in."
            }
            Self::Graph => "The network as a diagram: units, weights, and δ on its way back.",
            Self::Why => "The product behind BP2: what the weights and the slopes do to δ.",
            Self::Check => {
                "Backpropagation against finite differences, what a pass costs, the losses."
            }
            Self::Law => {
                "How ‖δ⁽ˡ⁾‖ is distributed over thousands of networks, and what theory says."
            }
            Self::Chapter => "Read the chapter in short; every paragraph can set the lab up.",
            Self::Spread => {
                "How z, a, δ, W and ∂W are spread in every layer, zeros and saturation included."
            }
            Self::Precision => {
                "What fp8, fp16, bf16 and fp32 would keep of δ, and the loss scale that would save it."
            }
            Self::Training => {
                "Watch every variant learn: losses, gradients and updates of each layer, step by step."
            }
            Self::Remedies => {
                "What cures a variant whose gradients vanish or explode: every remedy, measured."
            }
            Self::Sweep => "Map where gradients vanish and explode over one or two settings.",
        }
    }

    /// Whether what is set stands beside the page. Where there is nothing to see of it, the
    /// room is for reading.
    pub fn has_controls(self) -> bool {
        self != Self::Chapter
    }

    /// Whether it shows passes as fp16 and bf16 compute them, or nothing that is computed.
    pub fn shows_emulation(self) -> bool {
        matches!(self, Self::Flow | Self::Precision | Self::Training | Self::Chapter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabs_of_a_group_stand_side_by_side() {
        let place = |page: &Page| Group::ALL.iter().position(|group| *group == page.group());
        assert!(Page::ALL.iter().map(place).is_sorted());
    }
}
