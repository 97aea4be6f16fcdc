//! What legends are made of: swatches, and samples of strokes.

use eframe::egui::{self, Color32, Rect, RichText, Stroke, Ui, vec2};

use crate::figure::{Mark, MarkShape};

/// Room for a sample, in points: two dashes.
const SAMPLE: egui::Vec2 = vec2(18.0, 11.0);

/// A sample, and a name cut to the width that is left, with all of it on hover.
pub fn entry(ui: &mut Ui, name: &str, words: RichText, paint: impl FnOnce(&Ui, Rect)) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let (rect, _) = ui.allocate_exact_size(SAMPLE, egui::Sense::hover());
        paint(ui, rect);
        ui.add(egui::Label::new(words.small()).truncate()).on_hover_text(name);
    });
}

/// A small square and a name.
pub fn swatch(ui: &mut Ui, colour: Color32, name: &str) {
    entry(ui, name, RichText::new(name), |ui, rect| {
        let square = Rect::from_center_size(rect.center(), vec2(11.0, 11.0));
        ui.painter().rect_filled(square, 2.0, colour);
    });
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

/// The kinds of marks, each with a sample of its stroke in the text's colour: the owner's colour
/// stands elsewhere.
pub fn kinds(ui: &mut Ui, marks: &[Mark]) {
    for (kind, mark) in kinds_of(marks) {
        entry(ui, kind, RichText::new(kind).weak(), |ui, rect| {
            sample(ui, rect, &mark.shape, ui.visuals().weak_text_color());
        });
    }
}

/// A mark as it looks in its plot: the same dash, the same dot.
pub fn sample(ui: &Ui, rect: Rect, shape: &MarkShape, colour: Color32) {
    let painter = ui.painter();
    let ends = [rect.left_center(), rect.right_center()];
    match shape {
        MarkShape::Line(_) => {
            painter.line_segment(ends, Stroke::new(2.0, colour));
        }
        MarkShape::Dashed(_) => {
            painter.extend(egui::Shape::dashed_line(&ends, Stroke::new(1.6, colour), 7.0, 4.0));
        }
        MarkShape::Level(_) => {
            painter.extend(egui::Shape::dashed_line(&ends, Stroke::new(1.2, colour), 5.0, 3.0));
        }
        MarkShape::Points(_) => {
            painter.circle_filled(rect.center(), 3.0, colour);
        }
        MarkShape::Band(_) => {
            painter.rect_filled(rect, 0.0, colour.gamma_multiply(0.3));
        }
        MarkShape::Edges(_) => {
            painter.extend(egui::Shape::dotted_line(&ends, colour, 4.5, 0.9));
        }
        MarkShape::Columns(_) => {
            painter.rect_filled(rect.shrink2(vec2(5.0, 0.0)), 0.0, colour.gamma_multiply(0.75));
        }
        MarkShape::At(_) => {
            let ends = [rect.center_top(), rect.center_bottom()];
            painter.extend(egui::Shape::dashed_line(&ends, Stroke::new(1.2, colour), 3.5, 2.0));
        }
    }
}
