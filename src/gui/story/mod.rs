//! The chapter in short, as plain data: what the page “The chapter” shows and what its
//! buttons do. The lab's numbers that it quotes are tested in `tests/story.rs`.

mod action;
mod cost;
mod equations;
mod exercises;
mod gradients;
mod history;
mod notation;
pub mod prose;
mod remedies;

pub use action::{Action, Place, Setup};

/// A heading and what stands under it.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// The heading, also the entry of the contents.
    pub title: &'static str,
    /// 1, or 2 for a part of the section before it.
    pub level: u8,
    /// What stands under the heading.
    pub blocks: &'static [Block],
}

/// One thing on the page. Texts are as [`prose`] reads them, formulas are LaTeX.
#[derive(Clone, Copy, Debug)]
pub enum Block {
    /// A paragraph.
    Text(&'static str),
    /// A formula on a line of its own, and its name at the right margin, which may be empty.
    Formula(&'static str, &'static str),
    /// Terms and what they mean, or years and what happened: a narrow column and a wide one.
    Pairs(&'static [(&'static str, &'static str)]),
    /// Points of a list.
    Points(&'static [&'static str]),
    /// Buttons that set the lab up.
    Actions(&'static [Action]),
    /// What is folded away until it is asked for: its name, and what it holds.
    Fold(&'static str, &'static [Block]),
}

/// The page's title.
pub const TITLE: &str = "Backpropagation, and the fate of δ";

/// The whole page, in reading order.
pub fn sections() -> impl Iterator<Item = &'static Section> {
    let parts = [
        notation::SECTIONS,
        equations::SECTIONS,
        gradients::SECTIONS,
        remedies::SECTIONS,
        cost::SECTIONS,
        history::SECTIONS,
        exercises::SECTIONS,
    ];
    parts.into_iter().flatten()
}

/// Every block of the page, those inside folds too.
pub fn blocks() -> Vec<&'static Block> {
    let mut found = Vec::new();
    let mut open: Vec<&'static Block> = sections().flat_map(|section| section.blocks).collect();
    while let Some(block) = open.pop() {
        found.push(block);
        if let Block::Fold(_, inner) = block {
            open.extend(*inner);
        }
    }
    found
}

/// Every button of the page.
pub fn actions() -> Vec<&'static Action> {
    let of = |block: &'static Block| match block {
        Block::Actions(actions) => *actions,
        _ => &[],
    };
    blocks().into_iter().flat_map(of).collect()
}
