//! The lab's pages, one file each.

pub mod flow;

use serde::{Deserialize, Serialize};

/// Every page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Page {
    /// The chapter's gradient-flow figure, live.
    #[default]
    Flow,
}

impl Page {
    /// Every page, in the order of the tabs.
    pub const ALL: [Self; 1] = [Self::Flow];

    /// The tab's words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Flow => "Gradient flow",
        }
    }

    /// What there is to do, in a sentence.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Flow => "Watch ‖δ⁽ˡ⁾‖ shrink or grow through the layers.",
        }
    }
}
