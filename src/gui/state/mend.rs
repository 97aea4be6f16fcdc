//! Values of a saved state with which the window could not be used.

use eframe::egui::{InputOptions, Memory, Options, Pos2, Vec2};
use eframe::epaint::TessellationOptions;
use serde::Deserialize;
use std::collections::BTreeMap;

use crate::gui::saved::{self, Saved};

/// What the file holds: RON texts by key.
pub type Entries = BTreeMap<String, String>;

/// eframe's key for egui's memory.
pub const EGUI: &str = "egui";
/// eframe's key for the window's size and place.
pub const WINDOW: &str = "window";

/// The zoom factors that egui's own keys lead to.
const ZOOM: std::ops::RangeInclusive<f32> = 0.2..=5.0;
/// The least width and height of a window, in points.
const SMALLEST: f32 = 100.0;
/// The largest width and height of a window, in pixels: where a graphics card's pictures end.
const LARGEST_WINDOW: f32 = 16384.0;
/// Pixels from the origin of the screens; a window beyond is on none.
const FARTHEST: f32 = 16384.0;
/// Pixels of the screen for each point.
const SCALE: std::ops::RangeInclusive<f32> = 0.1..=16.0;
/// The largest offset of a scroll bar and edge of a panel, in points.
const LARGEST: f64 = 1e7;

/// Mends what is harmful, and says what it was in sentences. A value that is no good gives way
/// to that of a first start: what it should have been, nobody knows.
pub fn entries(entries: &mut Entries) -> Vec<String> {
    let mut said = Vec::new();
    if let Some(why) = entries.get(saved::KEY).and_then(|text| Saved::refused(text)) {
        entries.remove(saved::KEY);
        said.push(why);
    }
    let mut zoom = Options::default().zoom_factor;
    if let Some(text) = entries.get_mut(EGUI) {
        match Some(&*text).filter(|text| !overflows(text)).map(|text| ron::from_str(text)) {
            Some(Ok(memory)) => said.extend(mend_memory(memory, text, &mut zoom)),
            _ => {
                entries.remove(EGUI);
                said.push("The saved zoom and panels could not be read, so they begin anew.");
            }
        }
    }
    if entries.get(WINDOW).is_some_and(|text| !is_sane_window(text, zoom)) {
        entries.remove(WINDOW);
        said.push("The saved window had no usable size or place, so it opens with its first.");
    }
    said.into_iter().map(str::to_owned).collect()
}

/// What eframe keeps of a window; its own type shows none of it.
#[derive(Deserialize)]
struct Window {
    normal_geometry: Geometry,
    #[serde(rename = "fullscreen")]
    _fullscreen: bool,
    #[serde(rename = "maximized")]
    _maximized: bool,
}

#[derive(Deserialize)]
struct Geometry {
    outer_position_pixels: Option<Pos2>,
    scale_factor: f32,
    inner_size_points: Vec2,
}

fn is_sane_window(text: &str, zoom: f32) -> bool {
    let Ok(Window { normal_geometry: window, .. }) = ron::from_str(text) else { return false };
    let size = window.inner_size_points;
    // Written so that NaN, in a range or out of it, is refused.
    let is_near = |at: Pos2| at.x.abs() <= FARTHEST && at.y.abs() <= FARTHEST;
    let pixels = size * window.scale_factor * zoom;
    size.is_finite()
        && size.min_elem() >= SMALLEST
        && pixels.max_elem() <= LARGEST_WINDOW
        && SCALE.contains(&window.scale_factor)
        && window.outer_position_pixels.is_none_or(is_near)
}

fn mend_memory(mut memory: Memory, text: &mut String, zoom: &mut f32) -> Vec<&'static str> {
    let mut said = Vec::new();
    if !ZOOM.contains(&memory.options.zoom_factor) {
        memory.options.zoom_factor = Options::default().zoom_factor;
        *text = memory_text(&memory);
        said.push("The saved zoom was out of its range of 20 % to 500 %, so it is 100 %.");
    }
    *zoom = memory.options.zoom_factor;
    let options = &memory.options;
    // The lab has no control for these: other values come from no session of it.
    let is_own = options.tessellation_options == TessellationOptions::default()
        && options.input_options == InputOptions::default()
        && options.max_passes == Options::default().max_passes;
    if !is_own || has_bad_number(text) {
        let mut fresh = Memory::default();
        fresh.options.theme_preference = options.theme_preference;
        fresh.options.zoom_factor = options.zoom_factor;
        *text = memory_text(&fresh);
        said.push("The saved scroll bars and panels had no usable places, so they begin anew.");
    }
    said
}

fn memory_text(memory: &Memory) -> String {
    ron::to_string(memory).expect("egui's memory is made to become RON")
}

/// Whether a number in this RON text is none, or none that a place on a screen can be.
///
/// egui keeps the state of each widget as text within the text and reads it when the widget is
/// shown, so that the text is all there is to look at.
fn has_bad_number(text: &str) -> bool {
    // Written so that NaN is bad.
    let is_good = |number: f64| number.abs() <= LARGEST;
    has_word(text, |word| word.parse().is_ok_and(|number| !is_good(number)))
}

/// Whether a whole number is the largest that there is, or is written in another way than egui does:
/// egui adds 1 to the age of each widget's state while it reads, without asking whether it can.
fn overflows(text: &str) -> bool {
    has_word(text, |word| {
        let is_number = word.starts_with(|c: char| c.is_ascii_digit() || c == '+');
        let is_whole = word.bytes().all(|byte| byte.is_ascii_digit());
        let most = usize::MAX as f64;
        is_number && word.parse::<f64>().map_or(true, |number| is_whole && number >= most)
    })
}

/// Whether a word or number of this RON text is bad. Whole numbers that stand first in
/// parentheses are identifiers and may be large.
fn has_word(text: &str, is_bad: impl Fn(&str) -> bool) -> bool {
    let is_inside = |c: char| c.is_ascii_alphanumeric() || "+-._".contains(c);
    let mut before = ' ';
    let mut rest = text;
    while let Some(begin) = rest.find(is_inside) {
        if let Some(last) = rest[..begin].chars().next_back() {
            before = last;
        }
        let word = &rest[begin..];
        let end = word.find(|c| !is_inside(c)).unwrap_or(word.len());
        let (word, after) = word.split_at(end);
        let is_id = before == '(' && word.bytes().all(|byte| byte.is_ascii_digit());
        if !is_id && is_bad(word) {
            return true;
        }
        rest = after;
    }
    false
}
