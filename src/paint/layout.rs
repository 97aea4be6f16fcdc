//! How a panel is laid out on the screen and on paper.

use eframe::egui::{Label, Response, RichText, Ui};

/// Height of a row of a legend with the space below it, in points.
pub const LEGEND_ROW: f32 = 27.0;
/// Width kept free beside every plot for its legend or colour bar, in points. One width for
/// all, so that layers stand above one another.
pub const MARGIN: f32 = 124.0;
/// Width of the axis labels left of every plot, for the same reason.
pub const AXIS_WIDTH: f32 = 74.0;
/// Height of the labels below a plot, ticks and words with air between them, in points.
pub const AXIS_HEIGHT: f32 = 42.0;

/// What a figure is painted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// A window: it can be hovered, zoomed and dragged.
    Screen,
    /// An exported picture: it holds still, and carries its title and its settings.
    Paper,
}

/// A panel's heading in one row; what does not fit is seen on hover, and stands below a picture.
pub fn heading(ui: &mut Ui, words: &str) -> Response {
    ui.add(Label::new(RichText::new(words).heading()).truncate())
}
