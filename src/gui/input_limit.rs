//! Texts from outside are bounded before egui lays them out: a paste of millions of letters would
//! take more memory than a graphics card's buffers hold, and end the window.

use eframe::egui::accesskit::{Action, ActionData, ActionRequest};
use eframe::egui::{Context, Event, Id, ImeEvent, Plugin, RawInput};

/// Letters that one field takes: a path's on most systems, and more than any other field needs.
pub const LETTERS: usize = 4096;

/// The one place through which all events pass. What is refused is told in [`Self::take_refused`].
#[derive(Default)]
pub struct InputLimit {
    /// The field with the keyboard.
    field: Option<Id>,
    /// Letters that it has received since it got the keyboard: a number's field has no limit of
    /// its own, and a key that is held down pastes again and again.
    received: usize,
    refused: Option<String>,
}

impl InputLimit {
    /// Why a text has been refused since this was last asked, as a sentence.
    pub fn take_refused(context: &Context) -> Option<String> {
        context.with_plugin(|limit: &mut Self| limit.refused.take()).flatten()
    }

    /// Whether an event may pass.
    fn admits(&mut self, event: &Event) -> bool {
        let (text, is_whole) = match event {
            Event::Text(text)
            | Event::Paste(text)
            | Event::MiddleClickPaste { text, .. }
            | Event::Ime(ImeEvent::Commit(text)) => (text.as_str(), false),
            Event::Ime(ImeEvent::Preedit { text, .. }) => (text.as_str(), true),
            Event::AccessKitActionRequest(ActionRequest {
                action,
                data: Some(ActionData::Value(text)),
                ..
            }) => (text.as_ref(), *action == Action::SetValue),
            _ => return true,
        };
        let letters = text.chars().count();
        // A preedit or a screen reader's value replaces the one before.
        let sum = if is_whole { letters } else { self.received + letters };
        if sum <= LETTERS {
            self.received = if is_whole { self.received } else { sum };
            return true;
        }
        self.refused = Some(if letters <= LETTERS {
            format!(
                "This field has received {LETTERS} letters, the most that one takes, so nothing more was put in; press Escape or leave it, and begin anew."
            )
        } else {
            format!(
                "The pasted text has {letters} letters, and a field takes at most {LETTERS}, so nothing was put in; paste a shorter one, or open an experiment as a file."
            )
        });
        false
    }
}

impl Plugin for InputLimit {
    fn debug_name(&self) -> &'static str {
        "input limit"
    }

    fn input_hook(&mut self, context: &Context, input: &mut RawInput) {
        let field = context.memory(|memory| memory.focused());
        if field != self.field {
            (self.field, self.received) = (field, 0);
        }
        input.events.retain(|event| self.admits(event));
    }
}
