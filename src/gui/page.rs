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
    /// How z, a and δ are spread in every layer.
    Spread,
    /// What narrow floating-point formats keep of δ.
    Precision,
}

impl Page {
    /// Every page, in the order of the tabs.
    pub const ALL: [Self; 10] = [
        Self::Flow,
        Self::Steps,
        Self::Graph,
        Self::Why,
        Self::Spread,
        Self::Precision,
        Self::Check,
        Self::Law,
        Self::Sweep,
        Self::Chapter,
    ];

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
        }
    }

    /// What there is to do, in a sentence.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Flow => "TaskContext ‖δ⁽ˡ⁾‖ shrink or grow through the layers.",
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
                "How z, a and δ are spread in every layer, zeros and saturation included."
            }
            Self::Precision => {
                "What fp8, fp16, bf16 and fp32 would keep of δ, and the loss scale that would save it."
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
        matches!(self, Self::Flow | Self::Precision | Self::Chapter)
    }
}
