//! The chapter in short, as plain data: what the page “The chapter” shows and what its
//! buttons do. The text lies in `assets/chapter`; the lab's numbers that it quotes are tested
//! in `tests/chapter_page/main.rs`.

pub mod prose;

use std::sync::LazyLock;

use serde::Deserialize;

use crate::experiment::{Experiment, ExperimentError, Preset};

use super::page::Page;

/// The page's title.
pub const TITLE: &str = "Backpropagation, and the fate of δ";

/// The parts of the page, in reading order.
const PARTS: [&str; 7] = [
    include_str!("../../../assets/chapter/notation.toml"),
    include_str!("../../../assets/chapter/equations.toml"),
    include_str!("../../../assets/chapter/gradients.toml"),
    include_str!("../../../assets/chapter/remedies.toml"),
    include_str!("../../../assets/chapter/cost.toml"),
    include_str!("../../../assets/chapter/history.toml"),
    include_str!("../../../assets/chapter/exercises.toml"),
];

static SECTIONS: LazyLock<Vec<Section>> = LazyLock::new(|| {
    let part = |text| toml::from_str::<Part>(text).expect("a test reads every part");
    PARTS.into_iter().flat_map(|text| part(text).section).collect()
});

/// One file of the text.
#[derive(Deserialize)]
struct Part {
    section: Vec<Section>,
}

/// A heading and what stands under it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// The heading, also the entry of the contents.
    pub title: String,
    /// 1, or 2 for a part of the section before it.
    pub level: u8,
    /// What stands under the heading.
    #[serde(rename = "block")]
    pub blocks: Vec<Block>,
}

/// One thing on the page. Texts are as [`prose`] reads them, formulas are LaTeX.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Block {
    /// What is folded away until it is asked for.
    Fold {
        /// Its name.
        fold: String,
        /// What it holds.
        block: Vec<Block>,
    },
    /// A paragraph.
    Text {
        /// Its words.
        text: String,
    },
    /// A formula on a line of its own.
    Formula {
        /// LaTeX.
        formula: String,
        /// Its name at the right margin, which may be empty.
        #[serde(default)]
        name: String,
    },
    /// Terms and what they mean, or years and what happened: a narrow column and a wide one.
    Pairs {
        /// Each term with its meaning.
        pairs: Vec<(String, String)>,
    },
    /// A list.
    Points {
        /// Its points.
        points: Vec<String>,
    },
    /// Buttons that set the lab up.
    Actions {
        /// The buttons.
        action: Vec<Action>,
    },
}

/// A button: it sets an experiment and goes to a page.
#[derive(Clone, Debug, Deserialize)]
pub struct Action {
    /// What it shows, in a few words; no two buttons have the same.
    pub label: String,
    /// The experiment that it sets.
    #[serde(flatten)]
    pub setup: Setup,
    /// Where it is shown.
    pub page: Page,
}

/// Where an action's experiment comes from.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setup {
    /// The preset of that name.
    Preset(String),
    /// An experiment file's text.
    Experiment(String),
}

impl Action {
    /// The experiment that it sets.
    ///
    /// # Errors
    /// What is wrong with it; a test sees to it that nothing is.
    pub fn experiment(&self) -> Result<Experiment, ExperimentError> {
        match &self.setup {
            Setup::Preset(id) => {
                Ok(Preset::find(id).expect("a test finds every preset").experiment())
            }
            Setup::Experiment(text) => Experiment::from_toml(text),
        }
    }

    /// What will happen, for the tooltip.
    pub fn hint(&self) -> String {
        format!(
            "Sets this experiment and opens the page “{}”. Undo (Ctrl+Z) brings your own back.",
            self.page.label()
        )
    }
}

/// The whole page, in reading order.
pub fn sections() -> &'static [Section] {
    &SECTIONS
}

/// Every block of the page, those inside folds too.
pub fn blocks() -> Vec<&'static Block> {
    let mut found = Vec::new();
    let mut open: Vec<&'static Block> =
        sections().iter().flat_map(|section| &section.blocks).collect();
    while let Some(block) = open.pop() {
        found.push(block);
        if let Block::Fold { block, .. } = block {
            open.extend(block);
        }
    }
    found
}

/// Every button of the page.
pub fn actions() -> Vec<&'static Action> {
    let of = |block: &'static Block| match block {
        Block::Actions { action } => action.as_slice(),
        _ => &[],
    };
    blocks().into_iter().flat_map(of).collect()
}
