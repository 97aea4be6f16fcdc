//! A row of the panel of controls.

use eframe::egui::{Response, RichText, Ui};

use crate::paint::fonts;

/// A labelled row: the word on the left, the control beside it.
/// The word is the control's name for a screen reader.
pub fn row(ui: &mut Ui, label: &str, hint: &str, add: impl FnOnce(&mut Ui) -> Response) {
    let word = ui.label(label).on_hover_text(hint);
    add(ui).labelled_by(word.id).on_hover_text(hint);
    ui.end_row();
}

/// Tells of characters that no font has, where they are typed.
pub fn code_points(ui: &mut Ui, text: &str) {
    if let Some(sentence) = fonts::sentence([text]) {
        ui.label(RichText::new(sentence).small().weak());
    }
}
