//! A window larger than the largest picture that the graphics card paints.

use eframe::egui::{Context, Vec2, ViewportCommand};

/// What is done about it.
#[derive(Default)]
pub struct CardLimit {
    /// Pixels of the window, where they are too many.
    oversize: Option<Vec2>,
}

impl CardLimit {
    /// Asks for a smaller window where this one is too large, and says so. Once for each size:
    /// who manages the windows may refuse, and then asking again would never end.
    pub fn fit(&mut self, context: &Context) -> Option<String> {
        let (size, most) = context
            .input(|i| (i.viewport_rect().size() * i.pixels_per_point, i.max_texture_side as f32));
        let oversize = Some(size.round()).filter(|size| size.max_elem() > most);
        let before = std::mem::replace(&mut self.oversize, oversize);
        let size = oversize.filter(|_| oversize != before)?;
        let fitting = size.min(Vec2::splat(most)) / context.pixels_per_point();
        context.send_viewport_cmd(ViewportCommand::InnerSize(fitting));
        Some(format!(
            "The window has {} × {} pixels, and the graphics card paints at most {most} a side, so it is made smaller.",
            size.x, size.y
        ))
    }
}
