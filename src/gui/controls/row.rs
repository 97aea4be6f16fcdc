//! A row of the panel of controls.

use eframe::egui::{Rangef, Rect, RectAlign, Response, RichText, Tooltip, Ui};

use crate::paint::fonts;

/// The widest that a sentence below a control is set, in points.
const SENTENCE: f32 = 190.0;

/// A labelled row: the word on the left, the control beside it.
/// The word is the control's name for a screen reader.
pub fn row(ui: &mut Ui, label: &str, hint: &str, add: impl FnOnce(&mut Ui) -> Response) {
    let word = ui.label(label);
    let control = add(ui).labelled_by(word.id);
    let right = ui.clip_rect().right();
    tell(&word, hint, right);
    tell(&control, hint, right);
    ui.end_row();
}

/// A hint beside the panel, where it covers no other control.
fn tell(response: &Response, hint: &str, right: f32) {
    let place = response.rect;
    let whole = Rect::from_x_y_ranges(Rangef::new(place.left(), right), place.y_range());
    let mut tooltip = Tooltip::for_enabled(response);
    tooltip.popup = tooltip.popup.anchor(whole).align(RectAlign::RIGHT_START);
    if !hint.is_empty() {
        tooltip.show(|ui| ui.label(hint));
    }
}

/// An entry of a list, which closes when it is chosen, by mouse or by key; whether it is.
pub fn entry(ui: &mut Ui, is_on: bool, label: &str, hint: &str) -> bool {
    let entry = ui.selectable_label(is_on, label);
    tell(&entry, hint, ui.max_rect().right());
    if entry.clicked() {
        ui.close();
    }
    entry.clicked() && !is_on
}

/// Why a control's setting is not accepted, in a row below it.
pub fn complaint(ui: &mut Ui, sentence: Option<&str>) {
    let Some(sentence) = sentence else { return };
    ui.label("");
    ui.vertical(|ui| {
        ui.set_max_width(SENTENCE);
        let colour = ui.visuals().error_fg_color;
        ui.add(eframe::egui::Label::new(RichText::new(sentence).small().color(colour)).wrap());
    });
    ui.end_row();
}

/// Tells of characters that no font has, where they are typed.
pub fn code_points(ui: &mut Ui, text: &str) {
    if let Some(sentence) = fonts::sentence([text]) {
        ui.label(RichText::new(sentence).small().weak());
    }
}
