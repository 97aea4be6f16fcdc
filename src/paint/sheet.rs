//! A whole figure: title, panels one above the other, the diagnosis, the settings.

use std::sync::Arc;

use eframe::egui::{self, FontId, Rect, RichText, Ui, UiBuilder, Vec2, vec2};

use crate::figure::{Figure, Note, Panel};

use super::layout::Medium;
use super::painter::{Painter, least_height, least_width, natural_height};
use super::stage::Wish;
use crate::paint::{fonts, theme};

/// The paper's margin, in points.
const PAPER_MARGIN: i8 = 22;
/// The least width of any paper, in points.
const LEAST_WIDTH: f32 = 540.0;

/// Fills the ui with the figure, and says what is asked for by touching it.
pub fn show(
    painter: &mut Painter,
    ui: &mut Ui,
    figure: &Arc<Figure>,
    medium: Medium,
) -> Option<Wish> {
    let mut wish = None;
    egui::Frame::new().inner_margin(PAPER_MARGIN).show(ui, |ui| {
        ui.set_min_size(ui.available_size());
        title(ui, figure);
        let width = ui.available_width();
        let room = ui.available_height() - height_of(ui, width, |ui| words(ui, figure, medium));
        let size = |height: f32| vec2(ui.available_width(), height);
        let heights: Vec<_> = share_out(figure, room).into_iter().map(size).collect();
        for (index, size) in heights.into_iter().enumerate() {
            let top = ui.cursor().top();
            let of_panel = |ui: &mut Ui| painter.panel(ui, figure, index, size, medium);
            wish = ui.push_id(index, of_panel).inner.or(wish.take());
            ui.add_space((size.y + 6.0 - (ui.cursor().top() - top)).max(0.0));
        }
        words(ui, figure, medium);
    });
    wish
}

fn title(ui: &mut Ui, figure: &Figure) {
    if !figure.title.is_empty() {
        ui.label(RichText::new(&figure.title).font(FontId::new(theme::TITLE, fonts::bold())));
        ui.add_space(2.0);
    }
}

/// The least width and height of paper on which nothing of a figure is cut, for paper that is at
/// most so wide: what is said below the panels takes more rows on narrow paper.
pub fn least_size(ui: &mut Ui, figure: &Figure, width: f32, medium: Medium) -> Vec2 {
    let width = width.max(figure.panels.iter().map(least_width).fold(LEAST_WIDTH, f32::max));
    let margins = 2.0 * f32::from(PAPER_MARGIN);
    let inside = width - margins;
    let gap = ui.spacing().item_spacing.y;
    let panels = figure.panels.iter().map(|panel| least_height(panel) + 6.0 + gap).sum::<f32>();
    let words = height_of(ui, inside, |ui| {
        title(ui, figure);
        words(ui, figure, medium);
    });
    vec2(width, (margins + panels + words).ceil())
}

/// The height that what is added takes in this width, with the space below it.
fn height_of(ui: &mut Ui, width: f32, add: impl FnOnce(&mut Ui)) -> f32 {
    let top = ui.cursor().top();
    let paper = Rect::from_min_size(ui.cursor().min, vec2(width, f32::INFINITY));
    let unseen = UiBuilder::new().id_salt("height").max_rect(paper).invisible();
    let mut unseen = ui.new_child(unseen);
    add(&mut unseen);
    unseen.cursor().top() - top
}

/// What stands below the panels; on paper also the settings.
fn words(ui: &mut Ui, figure: &Figure, medium: Medium) {
    ui.add_space(4.0);
    for each in &figure.notes {
        note(ui, each);
    }
    if medium == Medium::Paper {
        caption(ui, figure);
    }
}

/// The panels' heights: the room in proportion to what each would like, though none gets less than
/// its least. Strips keep the height they like where they are not alone.
fn share_out(figure: &Figure, room: f32) -> Vec<f32> {
    let panels = &figure.panels;
    let is_strip = |panel: &Panel| matches!(panel, Panel::Heat(heat) if heat.is_strip());
    let alone = panels.iter().all(is_strip);
    let fixed = |panel: &Panel| (is_strip(panel) && !alone).then(|| natural_height(panel));
    let mut heights: Vec<Option<f32>> = panels.iter().map(fixed).collect();
    loop {
        let taken = heights.iter().flatten().sum::<f32>() + 6.0 * panels.len() as f32;
        let open = || panels.iter().enumerate().filter(|(index, _)| heights[*index].is_none());
        let stretch = (room - taken) / open().map(|(_, panel)| natural_height(panel)).sum::<f32>();
        let short = |panel: &Panel| natural_height(panel) * stretch < least_height(panel);
        let Some((index, panel)) = open().find(|(_, panel)| short(panel)) else {
            let shared = |(panel, height): (&Panel, &Option<f32>)| {
                height.unwrap_or_else(|| natural_height(panel) * stretch)
            };
            return panels.iter().zip(&heights).map(shared).collect();
        };
        heights[index] = Some(least_height(panel));
    }
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
fn caption(ui: &mut Ui, figure: &Figure) {
    ui.add_space(4.0);
    for line in figure.caption.iter().cloned().chain(fonts::sentence_for(&figure.experiment)) {
        ui.label(RichText::new(line).small().weak());
    }
}
