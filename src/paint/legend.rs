//! What legends are made of: swatches, and samples of strokes.

use eframe::egui::{self, Color32, Rect, RichText, Stroke, Ui, vec2};

use crate::figure::{Mark, MarkShape};

/// A small square and a name.
pub fn swatch(ui: &mut Ui, colour: Color32, name: &str) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let (rect, _) = ui.allocate_exact_size(vec2(11.0, 11.0), egui::Sense::hover());
        ui.painter().rect_filled(
            Rect::from_center_size(rect.center(), vec2(11.0, 11.0)),
            2.0,
            colour,
        );
        elided(ui, RichText::new(name).small(), name);
    });
}

/// Words cut to the width that is left, with all of them on hover.
fn elided(ui: &mut Ui, words: RichText, all: &str) {
    ui.add(egui::Label::new(words).truncate()).on_hover_text(all);
}

/// What kinds of marks there are, each once with one of them.
pub fn kinds_of(marks: &[Mark]) -> Vec<(&str, &Mark)> {
    let mut kinds: Vec<(&str, &Mark)> = Vec::new();
    for mark in marks {
        if let Some((_, kind)) = mark.parts()
            && kinds.iter().all(|(other, _)| *other != kind)
        {
            kinds.push((kind, mark));
        }
    }
    kinds
}

/// The kinds of marks, each with a sample of its stroke.
pub fn kinds(ui: &mut Ui, marks: &[Mark]) {
    for (kind, mark) in kinds_of(marks) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            let (rect, _) = ui.allocate_exact_size(vec2(16.0, 11.0), egui::Sense::hover());
            sample(ui, rect, &mark.shape);
            elided(ui, RichText::new(kind).small().weak(), kind);
        });
    }
}

/// A mark's stroke in the text's colour: the owner's colour stands elsewhere.
fn sample(ui: &Ui, rect: Rect, shape: &MarkShape) {
    let colour = ui.visuals().weak_text_color();
    let painter = ui.painter();
    let stroke = Stroke::new(1.8, colour);
    let ends = [rect.left_center(), rect.right_center()];
    match shape {
        MarkShape::Line(_) => {
            painter.line_segment(ends, stroke);
        }
        MarkShape::Dashed(_) | MarkShape::Level(_) => {
            painter.extend(egui::Shape::dashed_line(&ends, stroke, 5.0, 2.5));
        }
        MarkShape::Points(_) => {
            painter.circle_filled(rect.center(), 3.0, colour);
        }
        MarkShape::Band(_) => {
            painter.rect_filled(rect, 0.0, colour.gamma_multiply(0.3));
        }
        MarkShape::Edges(_) => {
            painter.extend(egui::Shape::dotted_line(&ends, colour, 4.0, 0.9));
        }
        MarkShape::Columns(_) => {
            painter.rect_filled(rect.shrink2(vec2(4.0, 0.0)), 0.0, colour.gamma_multiply(0.75));
        }
        MarkShape::At(_) => {
            let ends = [rect.center_top(), rect.center_bottom()];
            painter.extend(egui::Shape::dashed_line(&ends, stroke, 3.5, 2.0));
        }
    }
}
