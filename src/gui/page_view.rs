//! What a page is to the window that shows it.

use std::any::Any;

use eframe::egui::Ui;

use crate::paint::Painter;

use super::command::Commands;
use super::lab::Lab;
use super::study_handle::Study;

/// What a page shows, what it paints with, and where its wishes go.
pub struct PageContext<'a> {
    /// The experiment and its result.
    pub lab: &'a mut Lab,
    /// The figures' painter.
    pub painter: &'a mut Painter,
    /// What the page asks the app to do at the end of the frame.
    pub commands: &'a mut Commands,
}

/// A page: its studies, and how it is shown.
pub trait PageView: Any {
    /// The studies that it waits for; they are polled in every frame, whichever page is shown.
    fn studies(&mut self) -> Vec<&mut dyn Study> {
        Vec::new()
    }

    /// Asks its study about what is set, where the page asks by itself.
    fn ask(&mut self, _lab: &Lab) {}

    /// Takes note of a new answer of one of its studies.
    fn answered(&mut self) {}

    /// Shows it.
    fn show(&mut self, ui: &mut Ui, context: PageContext<'_>);
}
