//! Sentences that the window says of itself.

use eframe::egui::{self, RichText, Ui};

/// What the bar at the bottom says.
pub struct Message {
    /// A sentence.
    pub text: String,
    /// Whether something went wrong.
    pub is_error: bool,
}

/// A sentence in the colour of trouble or of nothing special.
pub fn sentence(ui: &mut Ui, text: &str, is_error: bool) {
    let words = RichText::new(text);
    let words = if is_error { words.color(ui.visuals().error_fg_color) } else { words.weak() };
    ui.add(egui::Label::new(words).truncate()).on_hover_text(text);
}
