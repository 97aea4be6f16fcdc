//! A whole figure: title, panels one above the other, the diagnosis, the settings.

use std::sync::Arc;

use eframe::egui::{self, FontId, Rect, RichText, Ui, UiBuilder, Vec2, vec2};

use crate::figure::{Figure, Note, Panel};

use super::layout::Medium;
use super::painter::{Painter, least_height, least_width, natural_height};
use crate::paint::{fonts, theme};

/// The paper's margin, in points.
const PAPER_MARGIN: i8 = 22;
/// The least width of any paper, in points.
const LEAST_WIDTH: f32 = 500.0;

/// Fills the ui with the figure.
pub fn show(painter: &mut Painter, ui: &mut Ui, figure: &Arc<Figure>, medium: Medium) {
    egui::Frame::new().inner_margin(PAPER_MARGIN).show(ui, |ui| {
        ui.set_min_size(ui.available_size());
        title(ui, figure);
        let width = ui.available_width();
        let room = ui.available_height() - words_height(ui, figure, width);
        let size = |height: f32| vec2(ui.available_width(), height);
        let heights: Vec<_> = share_out(figure, room).into_iter().map(size).collect();
        for (index, size) in heights.into_iter().enumerate() {
            let top = ui.cursor().top();
            ui.push_id(index, |ui| painter.panel(ui, figure, index, size, medium));
            ui.add_space((size.y + 6.0 - (ui.cursor().top() - top)).max(0.0));
        }
        words(ui, figure);
    });
}

fn title(ui: &mut Ui, figure: &Figure) {
    if !figure.title.is_empty() {
        ui.label(RichText::new(&figure.title).font(FontId::new(theme::TITLE, fonts::bold())));
        ui.add_space(2.0);
    }
}

/// The least width and height of paper on which nothing of a figure is cut, for paper that is at
/// most so wide: what is said below the panels takes more rows on narrow paper.
pub fn least_size(ui: &mut Ui, figure: &Figure, width: f32) -> Vec2 {
    let width = width.max(figure.panels.iter().map(least_width).fold(LEAST_WIDTH, f32::max));
    let margins = 2.0 * f32::from(PAPER_MARGIN);
    let inside = width - margins;
    let gap = ui.spacing().item_spacing.y;
    let title = if figure.title.is_empty() {
        0.0
    } else {
        text_height(ui, &figure.title, FontId::new(theme::TITLE, fonts::bold()), inside) + 2.0
    };
    let panels = figure.panels.iter().map(|panel| least_height(panel) + 6.0 + gap).sum::<f32>();
    vec2(width, (margins + title + panels + words_height(ui, figure, inside)).ceil())
}

/// The height of a text in this width, and of the space below it.
fn text_height(ui: &Ui, text: &str, font: FontId, width: f32) -> f32 {
    let galley = ui.painter().layout(text.to_owned(), font, egui::Color32::WHITE, width);
    galley.size().y + ui.spacing().item_spacing.y
}

/// The height that notes and caption will take in this width.
fn words_height(ui: &mut Ui, figure: &Figure, width: f32) -> f32 {
    let paper = Rect::from_min_size(ui.cursor().min, vec2(width, f32::INFINITY));
    let unseen = UiBuilder::new().id_salt("words").max_rect(paper).invisible();
    let mut unseen = ui.new_child(unseen);
    words(&mut unseen, figure);
    unseen.min_rect().height() + ui.spacing().item_spacing.y
}

/// What stands below the panels.
fn words(ui: &mut Ui, figure: &Figure) {
    ui.add_space(4.0);
    for each in &figure.notes {
        note(ui, each);
    }
    caption(ui, figure);
}

/// Strips keep their height; bars and unit maps share what is left.
fn share_out(figure: &Figure, room: f32) -> Vec<f32> {
    let gaps = 6.0 * figure.panels.len() as f32;
    let natural: Vec<f32> = figure.panels.iter().map(natural_height).collect();
    let is_strip = |panel: &Panel| matches!(panel, Panel::Heat(heat) if heat.is_strip());
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
