//! The gradient-flow page: bars, strips, units; below, the diagnosis and the table of norms.

mod frozen;

use std::sync::Arc;

use eframe::egui::{self, Align, Layout, RichText, ScrollArea, Ui};
use egui_extras::{Column, TableBuilder};

use crate::export::table::Numbers;
use crate::figure::{Figure, FigureId, norms_table, with_minus};
use crate::study::Draw;

use crate::gui::command::{Command, Commands};
use crate::gui::controls;
use crate::gui::figure_tools::{cure, figure_with_tools, tool};
use crate::gui::lab::Lab;
use crate::gui::page_view::{PageContext, PageView};
use crate::paint::{self, Painter, theme};

use frozen::FrozenColumn;

/// Height of the panel with diagnosis and table, at first.
const BELOW: f32 = 190.0;

/// Width of the column of layers, in points.
const LAYER: f32 = 40.0;

/// The page; the lab holds all that it shows.
pub struct FlowPage;

impl PageView for FlowPage {
    fn show(&mut self, ui: &mut Ui, context: PageContext<'_>) {
        let PageContext { lab, painter, commands } = context;
        let Some(draw) = lab.result().cloned() else {
            ui.centered_and_justified(|ui| ui.label("Computing the first networks…"));
            return;
        };
        if !lab.folded {
            egui::Panel::bottom("norms")
                .resizable(true)
                .default_size(BELOW)
                .size_range(90.0..=600.0)
                .show(ui, |ui| below(ui, lab, &draw, commands));
        }
        egui::CentralPanel::default().show(ui, |ui| {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                figures(ui, lab, painter, commands);
            });
        });
    }
}

fn figures(ui: &mut Ui, lab: &mut Lab, painter: &mut Painter, commands: &mut Commands) {
    let heights = share_out(lab, ui.available_height());
    for (id, height) in heights {
        let Some(figure) = lab.figure(id) else { continue };
        figure_with_tools(ui, painter, &figure, height, commands, |ui, commands| {
            choices(ui, lab, id, commands);
        });
    }
}

/// Strips keep their natural height; bars and units share the rest, and scroll where it is
/// too little.
fn share_out(lab: &mut Lab, room: f32) -> [(FigureId, f32); 3] {
    let strips = match lab.figure(FigureId::Strips).as_deref() {
        Some(Figure { panels, .. }) => panels.first().map_or(0.0, paint::natural_height),
        None => 0.0,
    };
    let rest = (room - strips - 30.0).max(0.0);
    [
        (FigureId::Norms, (rest * 0.54).max(220.0)),
        (FigureId::Strips, strips),
        (FigureId::Units, (rest * 0.46).max(190.0)),
    ]
}

/// What stands left of a figure's buttons.
fn choices(ui: &mut Ui, lab: &Lab, id: FigureId, commands: &mut Commands) {
    let mut view = lab.view;
    match id {
        FigureId::Norms => {
            ui.separator();
            ui.selectable_value(&mut view.linear, true, RichText::new("linear").small())
                .on_hover_text("Heights as plain numbers: small norms become invisible");
            ui.selectable_value(&mut view.linear, false, RichText::new("log").small())
                .on_hover_text("Heights as decades");
            ui.separator();
            ui.toggle_value(&mut view.theory, RichText::new("theory").small()).on_hover_text(
                "The root mean square that mean-field theory predicts, as a dashed line over the bars",
            );
        }
        FigureId::Units => {
            ui.separator();
            let label = "Variant shown by unit";
            controls::variant_choice(ui, label, &mut view.variant, &lab.experiment);
        }
        _ => {}
    }
    if view != lab.view {
        commands.push(Command::Look(view));
    }
}

fn below(ui: &mut Ui, lab: &mut Lab, draw: &Arc<Draw>, commands: &mut Commands) {
    ui.add_space(3.0);
    if let Some(figure) = lab.figure(FigureId::Norms) {
        for note in &figure.notes {
            paint::sheet::note(ui, note);
        }
    }
    ui.separator();
    ui.horizontal(|ui| {
        ui.label(RichText::new("Every layer in numbers").small().strong());
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let hint = "Export every variant's layers, with all digits, as CSV or JSON";
            if tool(ui, "CSV…", hint) {
                commands.push(Command::AskTable(Numbers::Records(draw.clone())));
            }
            // In a row that is there anyway, so that nothing moves when it comes and goes.
            if let Some(ailing) = draw.variants.iter().position(|v| v.diagnosis.kind.is_ailing()) {
                cure(ui, lab.view, ailing, commands);
            }
        });
    });
    table(ui, draw, lab.view.variant);
}

fn table(ui: &mut Ui, draw: &Draw, detail: usize) {
    let columns = norms_table::columns(draw, detail);
    let layers = draw.experiment.layers();
    let visuals = ui.visuals().clone();
    // Columns are measured once for each table: longer numbers make another one.
    let lengths = [0, layers - 1].map(|row| {
        let fields = norms_table::row(draw, detail, row).into_iter();
        fields.skip(1).map(|field| field.chars().count()).collect::<Vec<_>>()
    });
    let mut layer_column = FrozenColumn::default();
    let area = ScrollArea::horizontal().auto_shrink(false).show(ui, |ui| {
        let mut table = TableBuilder::new(ui)
            .id_salt(("norms", lengths))
            .striped(true)
            // Else many layers push the panel up, and it stays there.
            .min_scrolled_height(0.0)
            .cell_layout(Layout::right_to_left(Align::Center))
            .column(Column::exact(LAYER))
            .column(Column::exact(92.0));
        let norms = columns.len() - norms_table::DETAILS;
        for index in 2..columns.len() {
            // Seven digits and an exponent of four; four digits and such an exponent; four digits.
            let width = match index.checked_sub(norms) {
                None => 104.0,
                Some(0 | 1) => 84.0,
                Some(_) => 62.0,
            };
            table = table.column(Column::auto().at_least(width).clip(true));
        }
        let header = |mut row: egui_extras::TableRow<'_, '_>| {
            row.col(|ui| layer_column.take(ui, None, &columns[0].label, &columns[0].hint));
            for column in &columns[1..] {
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
                let fields = norms_table::row(draw, detail, index);
                row.col(|ui| layer_column.take(ui, Some(index), &fields[0], ""));
                for (column, field) in fields.iter().enumerate().skip(1) {
                    row.col(|ui| cell(ui, draw, index, column, field));
                }
            });
        });
    });
    layer_column.show(ui, area.inner_rect);
}

fn cell(ui: &mut Ui, draw: &Draw, index: usize, column: usize, field: &str) {
    let response = ui.monospace(with_minus(field));
    if let Some(why) = column.checked_sub(2).and_then(|v| norms_table::why(draw, v, index)) {
        response.on_hover_text(why);
    }
}
