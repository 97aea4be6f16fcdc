//! A whole figure: title, panels one above the other, the diagnosis, the settings.

use std::sync::Arc;

use eframe::egui::{self, FontId, RichText, Ui, vec2};

use crate::figure::{Figure, Note, Panel, Rows};

use super::layout::Medium;
use super::painter::{Painter, natural_height};
use crate::paint::{fonts, theme};

/// The paper's margin, in points.
const PAPER_MARGIN: i8 = 22;

/// Fills the ui with the figure.
pub fn show(painter: &mut Painter, ui: &mut Ui, figure: &Arc<Figure>, medium: Medium) {
    egui::Frame::new().inner_margin(PAPER_MARGIN).show(ui, |ui| {
        ui.set_min_size(ui.available_size());
        title(ui, figure);
        let below = words_height(ui, figure);
        let room = ui.available_height() - below;
        let size = |height: f32| vec2(ui.available_width(), height);
        let heights: Vec<_> = share_out(figure, room).into_iter().map(size).collect();
        for (index, size) in heights.into_iter().enumerate() {
            let top = ui.cursor().top();
            ui.push_id(index, |ui| painter.panel(ui, figure, index, size, medium));
            ui.add_space((size.y + 6.0 - (ui.cursor().top() - top)).max(0.0));
        }
        ui.add_space(4.0);
        for each in &figure.notes {
            note(ui, each);
        }
        caption(ui, figure);
    });
}

fn title(ui: &mut Ui, figure: &Figure) {
    if !figure.title.is_empty() {
        ui.label(RichText::new(&figure.title).font(FontId::new(theme::TITLE, fonts::bold())));
        ui.add_space(2.0);
    }
}

/// The height that notes and caption will take in this width.
fn words_height(ui: &Ui, figure: &Figure) -> f32 {
    let width = ui.available_width();
    let height = |text: String, size: f32| {
        let font = FontId::proportional(size);
        let galley = ui.painter().layout(text, font, egui::Color32::WHITE, width - 22.0);
        galley.size().y + ui.spacing().item_spacing.y
    };
    // A note's first row is as high as a widget.
    let row = (ui.spacing().interact_size.y - theme::BODY).max(0.0) * 0.5;
    let notes = figure.notes.iter();
    let notes = notes.map(|n| height(format!("{} {}", n.name, n.text), theme::BODY) + row);
    let caption = caption_lines(figure).into_iter().map(|line| height(line, theme::SMALL));
    notes.chain(caption).sum::<f32>() + 18.0
}

/// Strips keep their height; bars and unit maps share what is left.
fn share_out(figure: &Figure, room: f32) -> Vec<f32> {
    let gaps = 6.0 * figure.panels.len() as f32;
    let natural: Vec<f32> = figure.panels.iter().map(natural_height).collect();
    let is_strip = |panel: &Panel| match panel {
        Panel::Heat(heat) => matches!(heat.rows, Rows::Named(_) | Rows::Formats { .. }),
        _ => false,
    };
    let strips: f32 =
        figure.panels.iter().zip(&natural).filter(|(p, _)| is_strip(p)).map(|(_, h)| h).sum();
    let flexible: f32 = natural.iter().sum::<f32>() - strips;
    let alone = flexible == 0.0;
    let stretch = if alone { (room - gaps) / strips } else { (room - gaps - strips) / flexible };
    let of = |(panel, height): (&Panel, &f32)| {
        if is_strip(panel) && !alone { *height } else { height * stretch }
    };
    figure.panels.iter().zip(&natural).map(of).collect()
}

/// A variant's name in its colour, and the sentence.
pub fn note(ui: &mut Ui, note: &Note) {
    let colour = theme::variant(note.variant, ui.visuals());
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        if !note.name.is_empty() {
            ui.label(RichText::new(&note.name).color(colour).family(fonts::bold()));
        }
        ui.label(&note.text);
    });
}

/// The settings, and what became of characters that no font has.
fn caption_lines(figure: &Figure) -> Vec<String> {
    figure.caption.iter().cloned().chain(fonts::sentence_for(&figure.experiment)).collect()
}

fn caption(ui: &mut Ui, figure: &Figure) {
    ui.add_space(4.0);
    for line in caption_lines(figure) {
        ui.label(RichText::new(line).small().weak());
    }
}
