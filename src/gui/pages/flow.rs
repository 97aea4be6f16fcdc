//! The gradient-flow page: bars, strips, units; below, the diagnosis and the table of norms.

use std::sync::Arc;

use eframe::egui::{self, Align, Layout, Rect, RichText, ScrollArea, Ui, UiBuilder, pos2, vec2};
use egui_extras::{Column, TableBuilder};

use crate::figure::{Figure, FigureId, Panel, norms_table};
use crate::study::Draw;

use super::super::command::{Command, Commands};
use super::super::lab::Lab;
use super::super::painter::{self, Medium, Painter};
use super::super::{controls, theme};

/// Height of the panel with diagnosis and table, at first.
const BELOW: f32 = 190.0;

/// The page.
pub fn show(ui: &mut Ui, lab: &mut Lab, painter: &mut Painter, commands: &mut Commands) {
    let Some(draw) = lab.result().cloned() else {
        ui.centered_and_justified(|ui| ui.label("Computing the first draw…"));
        return;
    };
    egui::Panel::bottom("norms")
        .resizable(true)
        .default_size(BELOW)
        .size_range(90.0..=600.0)
        .show(ui, |ui| below(ui, lab, &draw));
    egui::CentralPanel::default().show(ui, |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            figures(ui, lab, painter, commands);
        });
    });
}

fn figures(ui: &mut Ui, lab: &mut Lab, painter: &mut Painter, commands: &mut Commands) {
    let heights = share_out(lab, ui.available_height());
    for (id, height) in heights {
        let Some(figure) = lab.figure(id) else { continue };
        figure_with_tools(ui, lab, painter, &figure, height, commands);
    }
}

/// Strips keep their natural height; bars and units share the rest, and scroll where it is
/// too little.
fn share_out(lab: &mut Lab, room: f32) -> [(FigureId, f32); 3] {
    let strips = match lab.figure(FigureId::Strips).as_deref() {
        Some(Figure { panels, .. }) => panels.first().map_or(0.0, painter::natural_height),
        None => 0.0,
    };
    let rest = (room - strips - 30.0).max(0.0);
    [
        (FigureId::Norms, (rest * 0.54).max(240.0)),
        (FigureId::Strips, strips),
        (FigureId::Units, (rest * 0.46).max(220.0)),
    ]
}

fn figure_with_tools(
    ui: &mut Ui,
    lab: &Lab,
    painter: &mut Painter,
    figure: &Arc<Figure>,
    height: f32,
    commands: &mut Commands,
) {
    let top = ui.cursor().min;
    let size = vec2(ui.available_width(), height);
    ui.push_id(figure.id.id(), |ui| painter.panel(ui, figure, 0, size, Medium::Screen));
    let bottom = ui.cursor().min;
    let row = Rect::from_min_max(
        pos2(top.x + heading_width(ui, figure), top.y - 2.0),
        pos2(top.x + size.x, top.y + 20.0),
    );
    let builder = UiBuilder::new().max_rect(row).layout(Layout::right_to_left(Align::Center));
    ui.scope_builder(builder, |ui| tools(ui, lab, figure.id, commands));
    // The tools stand beside the heading and take no room of their own.
    ui.advance_cursor_after_rect(Rect::from_min_max(top, pos2(top.x + size.x, bottom.y)));
}

fn heading_width(ui: &Ui, figure: &Figure) -> f32 {
    let heading = match figure.panels.first() {
        Some(Panel::Bars(bars)) => &bars.heading,
        Some(Panel::Heat(heat)) => &heat.heading,
        None => return 0.0,
    };
    let font = egui::TextStyle::Heading.resolve(ui.style());
    let galley = ui.painter().layout_no_wrap(heading.clone(), font, ui.visuals().text_color());
    galley.size().x + 12.0
}

fn tools(ui: &mut Ui, lab: &Lab, id: FigureId, commands: &mut Commands) {
    ui.spacing_mut().item_spacing.x = 4.0;
    let mut button = |ui: &mut Ui, text: &str, hint: &str, command: Command| {
        let label = RichText::new(text).small();
        if ui.add(egui::Button::new(label).frame_when_inactive(false)).on_hover_text(hint).clicked()
        {
            commands.push(command);
        }
    };
    button(ui, "CSV…", "Export this figure's numbers", Command::AskTable(id));
    button(ui, "PNG…", "Export this figure as a picture", Command::AskPicture(id));
    button(ui, "Copy", "Copy this figure as a picture", Command::Copy(id));
    let mut view = lab.view;
    match id {
        FigureId::Norms => {
            ui.separator();
            ui.selectable_value(&mut view.linear, true, RichText::new("linear").small())
                .on_hover_text("Heights as plain numbers: small norms become invisible");
            ui.selectable_value(&mut view.linear, false, RichText::new("log").small())
                .on_hover_text("Heights as decades");
        }
        FigureId::Units => {
            ui.separator();
            controls::variant_choice(
                ui,
                "Variant shown by unit",
                &mut view.variant,
                &lab.experiment,
            );
        }
        FigureId::Strips | FigureId::Sheet => {}
    }
    if view != lab.view {
        commands.push(Command::Look(view));
    }
}

fn below(ui: &mut Ui, lab: &mut Lab, draw: &Arc<Draw>) {
    ui.add_space(3.0);
    if let Some(figure) = lab.figure(FigureId::Norms) {
        for note in &figure.notes {
            painter::note(ui, note);
        }
    }
    ui.separator();
    table(ui, draw, lab.view.variant);
}

fn table(ui: &mut Ui, draw: &Draw, detail: usize) {
    let columns = norms_table::columns(draw, detail);
    let layers = draw.experiment.layers();
    let visuals = ui.visuals().clone();
    ScrollArea::horizontal().auto_shrink(false).show(ui, |ui| {
        let mut table = TableBuilder::new(ui)
            .striped(true)
            // Else many layers push the panel up, and it stays there.
            .min_scrolled_height(0.0)
            .cell_layout(Layout::right_to_left(Align::Center))
            .column(Column::exact(40.0))
            .column(Column::exact(104.0));
        for index in 2..columns.len() {
            // Seven digits and an exponent of four, or four digits.
            let width = if index < 2 + draw.variants.len() { 110.0 } else { 92.0 };
            table = table.column(Column::auto().at_least(width).clip(true));
        }
        let header = |mut row: egui_extras::TableRow<'_, '_>| {
            for column in &columns {
                row.col(|ui| {
                    let mut text = RichText::new(&column.label).small().strong();
                    if let Some(variant) = column.variant {
                        text = text.color(theme::variant(variant, &visuals));
                    }
                    ui.add(egui::Label::new(text).truncate()).on_hover_text(&column.hint);
                });
            }
        };
        table.header(20.0, header).body(|body| {
            body.rows(18.0, layers, |mut row| {
                let index = row.index();
                for (column, field) in norms_table::row(draw, detail, index).iter().enumerate() {
                    row.col(|ui| cell(ui, draw, index, column, field));
                }
            });
        });
    });
}

fn cell(ui: &mut Ui, draw: &Draw, index: usize, column: usize, field: &str) {
    let response = ui.monospace(field);
    if let Some(why) = column.checked_sub(2).and_then(|v| norms_table::why(draw, v, index)) {
        response.on_hover_text(why);
    }
}
