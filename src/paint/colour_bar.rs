//! Paints colour bars.

use eframe::egui::{self, Align2, FontId, Mesh, Pos2, Rect, Shape, Ui, pos2, vec2};

use crate::figure::{ColourScale, percent, tick};

use super::{axis, theme};

/// What stands on a colour bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ticks {
    /// The scale's numbers are logarithms.
    Decades,
    /// They are shares.
    Shares,
}

/// The bar beside the plot's frame, with the mark of a true zero below its lower end.
pub fn show(
    ui: &Ui,
    scale: &ColourScale,
    quantity: &str,
    has_zero: bool,
    rect: Rect,
    frame: egui::Rangef,
    which: Ticks,
) {
    let painter = ui.painter();
    let ink = ui.visuals().text_color();
    let font = FontId::proportional(theme::SMALL);
    let zero_room = if has_zero { 20.0 } else { 0.0 };
    let left = rect.left() + 14.0;
    let bar = Rect::from_min_max(
        pos2(left, frame.min + 17.0),
        pos2(left + 14.0, (frame.max - zero_room - 4.0).max(frame.min + 20.0)),
    );
    painter.add(Shape::mesh(gradient(scale, bar)));
    for (label, y) in which.on(scale, bar) {
        painter.hline(bar.right()..=bar.right() + 3.0, y, (1.0, ink));
        // At the upper end there are words above.
        let at = pos2(bar.right() + 6.0, y.max(bar.top() + 5.0));
        painter.text(at, Align2::LEFT_CENTER, label, font.clone(), ink);
    }
    painter.text(pos2(left, frame.min), Align2::LEFT_TOP, quantity, font.clone(), ink);
    if has_zero {
        let box_top = bar.bottom() + 6.0;
        let mark = Rect::from_min_size(pos2(left, box_top), vec2(14.0, 12.0));
        painter.rect_filled(mark, 1.0, theme::zero(ui.visuals()));
        let at = pos2(bar.right() + 6.0, mark.center().y);
        painter.text(at, Align2::LEFT_CENTER, "0 true zero", font, ink);
    }
}

impl Ticks {
    /// Labels and where they stand.
    fn on(self, scale: &ColourScale, bar: Rect) -> Vec<(String, f32)> {
        let label = |(log10, y)| (tick(log10), y);
        let share = |share: f32| (percent(share.into(), 0), bar.bottom() - share * bar.height());
        match self {
            Self::Decades => ticks(scale, bar).into_iter().map(label).collect(),
            Self::Shares => [0.0, 0.5, 1.0].map(share).into(),
        }
    }
}

/// Whole decades, or 1-2-5 where there are few, as many as the bar has room for.
fn ticks(scale: &ColourScale, bar: Rect) -> Vec<(f64, f32)> {
    // Side by side where there is little room; a long bar is read at fewer.
    let labels = (bar.height() / 18.0).min(4.0 + bar.height() / 60.0);
    let mut marks = axis::decades((scale.min, scale.max), labels);
    let apart = 13.0 / f64::from(bar.height()) * (scale.max - scale.min);
    // Whole decades come first; what would print over them gives way.
    let mut kept: Vec<f64> = Vec::new();
    for mark in marks.drain(..) {
        if kept.iter().all(|other| (other - mark.value).abs() > apart) {
            kept.push(mark.value);
        }
    }
    let share = |log10: f64| ((log10 - scale.min) / (scale.max - scale.min)) as f32;
    kept.into_iter().map(|log10| (log10, bar.bottom() - share(log10) * bar.height())).collect()
}

/// The scale's colours from bottom to top.
pub fn gradient(scale: &ColourScale, bar: Rect) -> Mesh {
    const STEPS: u32 = 64;
    let mut mesh = Mesh::default();
    for step in 0..=STEPS {
        let share = step as f32 / STEPS as f32;
        let y = bar.bottom() - share * bar.height();
        let colour = theme::colour(scale.map.at(f64::from(share)));
        mesh.colored_vertex(Pos2::new(bar.left(), y), colour);
        mesh.colored_vertex(Pos2::new(bar.right(), y), colour);
        if step > 0 {
            let at = 2 * step;
            mesh.add_triangle(at - 2, at - 1, at);
            mesh.add_triangle(at - 1, at, at + 1);
        }
    }
    mesh
}
