//! Sentences that the window says of itself.

use eframe::egui::{self, RichText, Ui};

use crate::experiment::visible;

/// What the bar at the bottom says.
pub struct Message {
    /// A sentence.
    pub text: String,
    /// Whether something went wrong.
    pub is_error: bool,
}

/// The last message, until its cause is gone.
#[derive(Default)]
pub struct Messages(Option<Message>);

impl Messages {
    /// What went well.
    pub fn say(&mut self, text: &str) {
        self.0 = Some(Message { text: visible(text), is_error: false });
    }

    /// What went wrong.
    pub fn complain(&mut self, text: &str) {
        self.0 = Some(Message { text: visible(text), is_error: true });
    }

    /// What was said no longer holds.
    pub fn clear(&mut self) {
        self.0 = None;
    }

    /// The last one.
    pub fn last(&self) -> Option<&Message> {
        self.0.as_ref()
    }
}

/// A sentence in the colour of trouble or of nothing special.
pub fn sentence(ui: &mut Ui, text: &str, is_error: bool) {
    let words = RichText::new(text);
    let words = if is_error { words.color(ui.visuals().error_fg_color) } else { words.weak() };
    ui.add(egui::Label::new(words).truncate()).on_hover_text(text);
}
