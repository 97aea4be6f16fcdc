//! What the page's controls ask for during a frame.

use eframe::egui::{Id, Response};

/// The step to go to, and whether one of the page's own controls has the focus.
#[derive(Default)]
pub struct Wish {
    pub step: Option<usize>,
    pub focused: Option<Id>,
}

impl Wish {
    /// Takes note of a control; true where it was clicked.
    pub fn clicked(&mut self, response: &Response) -> bool {
        if response.has_focus() {
            self.focused = Some(response.id);
        }
        response.clicked()
    }
}
