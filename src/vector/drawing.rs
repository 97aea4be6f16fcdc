//! A picture as outlines, text and images.

use eframe::egui::{Color32, Rect, Vec2};

use super::outline::Outline;
use super::run::Run;
use crate::raster::Image;

/// A picture as it is painted, one mark over the other.
#[derive(Clone, Debug)]
pub struct Drawing {
    /// Width and height in points, 1/96 inch.
    pub size: Vec2,
    /// The colour of the ground.
    pub ground: Color32,
    /// In the order in which they are painted.
    pub pieces: Vec<Piece>,
}

/// A mark, and where it may be seen.
#[derive(Clone, Debug)]
pub struct Piece {
    /// What lies outside of this is not painted.
    pub clip: Rect,
    /// What is painted.
    pub mark: Mark,
}

/// Something that is painted.
#[derive(Clone, Debug)]
pub enum Mark {
    /// An outline filled with a colour; where it overlaps itself it is filled once.
    Fill(Outline, Color32),
    /// A line of some width.
    Line(Outline, f32, Color32),
    /// Text in one font.
    Text(Run),
    /// Pixels; each is a sharp rectangle, however large.
    Image(Rect, Image),
}
