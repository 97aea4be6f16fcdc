//! Letters in their places.

use std::sync::Arc;

use eframe::egui::epaint::text::FontData;
use eframe::egui::{Color32, Pos2};
use skrifa::{FontRef, MetadataProvider};

/// A font file.
#[derive(Clone, Debug)]
pub struct Face {
    /// The name that egui has it under.
    pub name: String,
    /// The file.
    pub data: Arc<FontData>,
}

impl Face {
    /// The file as one reads it.
    pub(super) fn font(&self) -> Option<FontRef<'_>> {
        FontRef::from_index((*self.data.font).as_ref(), self.data.index).ok()
    }

    /// The glyph of a character.
    pub(super) fn glyph(&self, letter: char) -> Option<u32> {
        let id = self.font()?.charmap().map(letter)?.to_u32();
        (id != 0).then_some(id)
    }
}

/// A character in its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Letter {
    /// Which.
    pub character: char,
    /// Its glyph's number in the font.
    pub glyph: u32,
    /// Where it begins on its baseline, before the run is turned.
    pub at: Pos2,
    /// How far the next one is, if they stand as they are.
    pub advance: f32,
}

/// Letters of one font, size and colour on one line, spaces among them.
#[derive(Clone, Debug)]
pub struct Run {
    /// The font.
    pub face: Face,
    /// Its size in points.
    pub size: f32,
    /// The ink.
    pub colour: Color32,
    /// From left to right, one at least.
    pub letters: Vec<Letter>,
    /// Radians by which the run is turned clockwise.
    pub angle: f32,
    /// About which point.
    pub pivot: Pos2,
}
