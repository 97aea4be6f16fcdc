//! Paints heatmaps with their colour bar.

use std::sync::Arc;

use eframe::egui::{
    self, Align2, Color32, FontId, Mesh, Pos2, Rect, RichText, Shape, Ui, Vec2, pos2, vec2,
};
use egui_plot::{PlotImage, PlotPoint, PlotUi, Text};

use crate::figure::precision::cell_words;
use crate::figure::spread::row_words;
use crate::figure::{
    Cell, ColourScale, Figure, Heat, Mark, MarkShape, Rows, wants_dark_letters, with_minus,
};
use crate::study::Spread;

use super::super::theme;
use super::texture::{MOST_CELLS, Textures, pixel};
use super::values::{self, Along};
use super::{MARGIN, Medium, axis, chart};

/// Share of a named row's height that its strip fills.
const STRIP: f64 = 0.86;

/// What a heatmap's height follows from: strips have a fixed one each.
pub fn natural_height(heat: &Heat) -> f32 {
    match &heat.rows {
        Rows::Named(names) => (72.0 + 40.0 * names.len() as f32).max(128.0),
        Rows::Formats { .. } => 72.0 + 26.0 * heat.rows.count() as f32,
        Rows::Numbered { .. } => 280.0,
        Rows::Values { .. } => 620.0,
    }
}

/// The panel: heading, plot and colour bar.
pub fn show(
    ui: &mut Ui,
    heat: &Heat,
    source: (&Arc<Figure>, usize),
    textures: &mut Textures,
    size: Vec2,
    medium: Medium,
) {
    ui.label(RichText::new(&heat.heading).heading());
    let height = (size.y - theme::HEADING - 10.0).max(48.0);
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let plot_size = vec2((size.x - MARGIN).max(80.0), height);
        let frame = plot(ui, heat, source, textures, plot_size, medium);
        let (rect, _) = ui.allocate_exact_size(vec2(MARGIN, height), egui::Sense::hover());
        let mut range = frame.y_range();
        if let Some(mark) = heat.marks.first() {
            let row = Rect::from_min_max(pos2(rect.left() + 14.0, range.max - 12.0), rect.max);
            line_name(ui, mark, row);
            range.max -= 22.0;
        }
        let ticks = match heat.rows {
            Rows::Formats { .. } => Ticks::Shares,
            _ => Ticks::Decades,
        };
        if heat.has_lost() {
            let row = Rect::from_min_max(pos2(rect.left() + 14.0, range.max - 12.0), rect.max);
            let format = heat.lost_in.as_deref().unwrap_or_default();
            box_and_name(ui, theme::lost(ui.visuals()), &format!("lost in {format}"), row);
            range.max -= 18.0;
        }
        bar_with_ticks(ui, &heat.scale, &heat.quantity, heat.has_zero(), rect, range, ticks);
    });
}

/// A sample of the line over the cells, and its name.
fn line_name(ui: &Ui, mark: &Mark, row: Rect) {
    let (painter, visuals) = (ui.painter(), ui.visuals());
    let y = row.top() + 6.0;
    painter.hline(row.left()..=row.left() + 14.0, y, (2.0, chart::ink(mark.ink, visuals)));
    let font = FontId::proportional(theme::SMALL);
    let at = pos2(row.left() + 20.0, y);
    painter.text(at, Align2::LEFT_CENTER, &mark.name, font, visuals.text_color());
}

/// The plot; returns its frame on the screen.
fn plot(
    ui: &mut Ui,
    heat: &Heat,
    source: (&Arc<Figure>, usize),
    textures: &mut Textures,
    size: Vec2,
    medium: Medium,
) -> Rect {
    let rows = heat.rows.count();
    let visuals = ui.visuals().clone();
    let y_axis = match &heat.rows {
        Rows::Named(names) => axis::names(names.clone()),
        Rows::Formats { .. } => axis::names((0..rows).map(|row| heat.rows.name(row)).collect()),
        Rows::Numbered { label, .. } => axis::units(label),
        Rows::Values { label, spread } => {
            let along = along(heat, spread);
            axis::values(label, values::PLAIN).formatter(move |mark, _| along.label(mark))
        }
    };
    let id = format!("heat {}", source.1);
    // A bin at the end of the axis should not look like a part of the frame.
    let air = if matches!(heat.rows, Rows::Values { .. }) { 0.02 * rows as f64 } else { 0.0 };
    let plot = axis::plot(ui, &id, size, medium)
        .custom_x_axes(vec![axis::layers(&heat.x_label)])
        .custom_y_axes(vec![y_axis])
        .show_grid(false)
        .include_x(0.4)
        .include_x(heat.columns as f64 + 0.6)
        .include_y(0.5 - air)
        .include_y(rows as f64 + 0.5 + air);
    let plot = match &heat.rows {
        Rows::Named(_) | Rows::Formats { .. } => plot.y_grid_spacer(move |_| axis::row_marks(rows)),
        Rows::Numbered { .. } => {
            plot.y_grid_spacer(move |input| axis::unit_marks(input.bounds, size.y))
        }
        Rows::Values { spread, .. } => {
            let (along, labels) = (along(heat, spread), size.y / axis::LABEL_DISTANCE);
            plot.y_grid_spacer(move |input| along.marks(input.bounds, labels))
        }
    };
    let pixels = resolution(ui, size);
    let context = ui.ctx().clone();
    let response = plot.show(ui, |plot_ui| {
        let whole = plot_ui.auto_bounds().x;
        let resolution = if whole { pixels } else { MOST_CELLS };
        let texture = textures.of(&context, source, heat, &visuals, resolution);
        images(plot_ui, heat, texture.id());
        cell_texts(plot_ui, heat, &visuals);
        for mark in &heat.marks {
            if matches!(mark.shape, MarkShape::Line(_)) {
                chart::rim(plot_ui, mark, visuals.panel_fill);
            }
            chart::mark(plot_ui, mark, &visuals);
        }
    });
    if medium == Medium::Screen
        && let Some(pointer) = response.response.hover_pos()
    {
        let at = response.transform.value_from_position(pointer);
        response.response.on_hover_ui_at_pointer(|ui| tooltip(ui, heat, at));
    }
    *response.transform.frame()
}

/// Where values stand among the rows.
fn along(heat: &Heat, spread: &Spread) -> Along {
    Along::rows(spread, heat.rows.count() - spread.bins.count)
}

/// Cells a side that the picture can show, rounded up so that a resize does not rebuild the
/// texture at every step. More would be dropped by the sampler, and no cell may be dropped.
fn resolution(ui: &Ui, size: Vec2) -> usize {
    let pixels = size.max_elem() * ui.ctx().pixels_per_point();
    ((pixels / 128.0).ceil() as usize * 128 / 2).clamp(128, MOST_CELLS)
}

/// One image for numbered rows; for named ones a strip each, with a gap between.
fn images(plot_ui: &mut PlotUi<'_>, heat: &Heat, texture: egui::TextureId) {
    let (columns, rows) = (heat.columns as f32, heat.rows.count() as f32);
    let middle = f64::from(columns) / 2.0 + 0.5;
    match &heat.rows {
        Rows::Numbered { .. } | Rows::Values { .. } => {
            let centre = PlotPoint::new(middle, f64::from(rows) / 2.0 + 0.5);
            plot_ui
                .image(PlotImage::new("", texture, centre, vec2(columns, rows)).allow_hover(false));
        }
        Rows::Named(_) | Rows::Formats { .. } => {
            for row in 0..heat.rows.count() {
                let top = 1.0 - (row as f32 + 1.0) / rows;
                let uv = Rect::from_min_max(pos2(0.0, top), pos2(1.0, top + 1.0 / rows));
                let centre = PlotPoint::new(middle, row as f64 + 1.0);
                let size = vec2(columns, STRIP as f32);
                plot_ui.image(PlotImage::new("", texture, centre, size).uv(uv).allow_hover(false));
            }
        }
    }
}

/// The numbers in the cells, where they fit.
fn cell_texts(plot_ui: &mut PlotUi<'_>, heat: &Heat, visuals: &egui::Visuals) {
    let cell = vec2(
        plot_ui.transform().dpos_dvalue_x().abs() as f32,
        plot_ui.transform().dpos_dvalue_y().abs() as f32,
    );
    // Shares stand in all cells or in none: one that is left out would look like another.
    let narrowest = if matches!(heat.rows, Rows::Formats { .. }) { 38.0 } else { 12.0 };
    if cell.y < 14.0 || cell.x < narrowest || matches!(heat.rows, Rows::Values { .. }) {
        return;
    }
    let bounds = plot_ui.plot_bounds();
    for row in 0..heat.rows.count() {
        for column in 0..heat.columns {
            let (x, y) = (column as f64 + 1.0, row as f64 + 1.0);
            let visible = x > bounds.min()[0] - 0.5 && x < bounds.max()[0] + 0.5;
            let text = heat.cell(row, column).text(1);
            if !visible || text.is_empty() || (text.len() as f32 * 6.6 + 4.0) > cell.x.max(15.0) {
                continue;
            }
            let ink = ink_on(heat, heat.cell(row, column), visuals);
            let words = RichText::new(text).font(FontId::proportional(theme::SMALL)).color(ink);
            plot_ui.text(
                Text::new("", PlotPoint::new(x, y), words)
                    .anchor(Align2::CENTER_CENTER)
                    .allow_hover(false),
            );
        }
    }
}

fn ink_on(heat: &Heat, cell: Cell, visuals: &egui::Visuals) -> Color32 {
    let ground = pixel(heat, cell, visuals);
    if wants_dark_letters([ground.r(), ground.g(), ground.b()]) {
        Color32::from_gray(15)
    } else {
        Color32::from_gray(245)
    }
}

fn tooltip(ui: &mut Ui, heat: &Heat, at: PlotPoint) {
    let (column, row) = (at.x.round() - 1.0, at.y.round() - 1.0);
    if column < 0.0 || row < 0.0 || column >= heat.columns as f64 {
        ui.label("Outside the network.");
        return;
    }
    let (column, row) = (column as usize, row as usize);
    if let Rows::Values { spread, .. } = &heat.rows {
        let Some([values, count]) = row_words(spread, row, column) else { return };
        let place = format!("Layer {} of {} · {values}", column + 1, heat.columns);
        ui.label(RichText::new(with_minus(&place)).strong());
        ui.label(count);
        return;
    }
    let place = format!("Layer {} of {} · {}", column + 1, heat.columns, heat.rows.name(row));
    match heat.cell(row, column) {
        Cell::Absent => {
            ui.label(format!("Layer {} has no such unit.", column + 1));
        }
        Cell::Lost => {
            ui.label(RichText::new(place).strong());
            let format = heat.lost_in.as_deref().unwrap_or("this format");
            ui.label(format!("{} is not 0, but lost in {format}", heat.quantity));
        }
        Cell::Share(_) => {
            ui.label(RichText::new(place).strong());
            let Rows::Formats { lens, variant } = &heat.rows else { return };
            let lens = lens.variants.get(*variant);
            for line in lens.and_then(|lens| cell_words(lens, row, column)).unwrap_or_default() {
                ui.label(line);
            }
        }
        Cell::Zero => {
            ui.label(RichText::new(place).strong());
            let why = heat.why.get(row).map_or("", String::as_str);
            ui.label(format!("{} = 0 · {why}", heat.quantity));
        }
        cell @ Cell::Log10(log10) => {
            ui.label(RichText::new(place).strong());
            ui.label(format!("{} = {}", heat.quantity, cell.text(6)));
            ui.label(with_minus(&format!("log₁₀ = {log10:.4}")));
        }
    }
}

/// A cell's colour and what it means.
fn box_and_name(ui: &Ui, colour: Color32, name: &str, row: Rect) {
    let mark = Rect::from_min_size(row.left_top(), vec2(14.0, 12.0));
    ui.painter().rect_filled(mark, 1.0, colour);
    let (font, ink) = (FontId::proportional(theme::SMALL), ui.visuals().text_color());
    let at = pos2(mark.right() + 6.0, mark.center().y);
    ui.painter().text(at, Align2::LEFT_CENTER, name, font, ink);
}

/// What stands on a colour bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ticks {
    /// The scale's numbers are logarithms.
    Decades,
    /// They are shares.
    Shares,
}

/// The colour bar of logarithms beside the plot's frame, with the mark of a true zero below
/// its lower end.
pub fn colour_bar(
    ui: &Ui,
    scale: &ColourScale,
    quantity: &str,
    has_zero: bool,
    rect: Rect,
    frame: egui::Rangef,
) {
    bar_with_ticks(ui, scale, quantity, has_zero, rect, frame, Ticks::Decades);
}

fn bar_with_ticks(
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
        let label = |(log10, y)| (axis::log_label(log10), y);
        let share =
            |share: f32| (format!("{:.0} %", 100.0 * share), bar.bottom() - share * bar.height());
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

pub(super) fn gradient(scale: &ColourScale, bar: Rect) -> Mesh {
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
