//! Paints heatmaps with their colour bar.

use eframe::egui::{self, Align2, Color32, FontId, Rect, RichText, Ui, Vec2, pos2, vec2};
use egui_plot::{PlotBounds, PlotImage, PlotPoint, PlotUi, Text};

use crate::experiment::Experiment;
use crate::figure::format_rows::cell_words;
use crate::figure::value_rows::row_words;
use crate::figure::{Cell, Heat, Mark, MarkShape, Rows, wants_dark_letters, with_minus};
use crate::study::Spread;

use super::colour_bar::{self, Ticks};
use super::layout::{MARGIN, heading};
use super::stage::{Reach, Shown, Stage, Under, Wish, to_layer};
use super::texture::{MOST_CELLS, Textures, pixel};
use super::values::{self, Along};
use super::{axis, legend, marks};
use crate::paint::theme;

/// Share of a named row's height that its strip fills.
const STRIP: f64 = 0.86;

/// The share of a cell by which an image is sampled off its cells' edges.
const OFF_EDGE: f32 = 1e-3;

/// What a heatmap's height follows from: strips have a fixed one each.
pub fn natural_height(heat: &Heat) -> f32 {
    match &heat.rows {
        Rows::Named(names) => (72.0 + 40.0 * names.len() as f32).max(128.0),
        Rows::Formats { .. } => 72.0 + 26.0 * heat.rows.count() as f32,
        Rows::Numbered { .. } | Rows::Steps(_) => 280.0,
        Rows::Values { .. } => 620.0,
    }
}

/// The least height in which rows and the colour bar's labels keep apart.
pub fn least_height(heat: &Heat) -> f32 {
    match &heat.rows {
        Rows::Named(_) => natural_height(heat),
        Rows::Formats { .. } => 72.0 + 20.0 * heat.rows.count() as f32,
        Rows::Numbered { .. } | Rows::Steps(_) => 168.0,
        Rows::Values { .. } => 310.0,
    }
}

/// The panel: heading, plot and colour bar.
pub fn show(
    ui: &mut Ui,
    heat: &Heat,
    textures: &mut Textures,
    size: Vec2,
    stage: &Stage<'_>,
) -> Option<Wish> {
    heading(ui, &heat.heading);
    let height = (size.y - theme::HEADING - 10.0).max(48.0);
    let row = ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let plot_size = vec2((size.x - MARGIN).max(80.0), height);
        let shown = plot(ui, heat, textures, plot_size, stage);
        let frame = *shown.transform.frame();
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
        colour_bar::show(ui, &heat.scale, &heat.quantity, heat.has_zero(), rect, range, ticks);
        shown.touched(ui, stage, |at| under(heat, &stage.figure.experiment, at))
    });
    row.inner
}

/// A sample of the line over the cells, and its name.
fn line_name(ui: &Ui, mark: &Mark, row: Rect) {
    let visuals = ui.visuals();
    let stroke = Rect::from_min_size(row.left_top(), vec2(18.0, 12.0));
    legend::sample(ui, stroke, &mark.shape, marks::ink(mark.ink, visuals));
    let font = FontId::proportional(theme::SMALL);
    let at = pos2(stroke.right() + 6.0, stroke.center().y);
    ui.painter().text(at, Align2::LEFT_CENTER, &mark.name, font, visuals.text_color());
}

fn plot(ui: &mut Ui, heat: &Heat, textures: &mut Textures, size: Vec2, stage: &Stage<'_>) -> Shown {
    let rows = heat.rows.count();
    let visuals = ui.visuals().clone();
    let y_axis = match &heat.rows {
        Rows::Named(names) => axis::names(ui, names),
        Rows::Formats { .. } => {
            let names: Vec<String> = (0..rows).map(|row| heat.rows.name(row)).collect();
            axis::names(ui, &names)
        }
        Rows::Numbered { label, .. } => axis::units(label),
        Rows::Steps(steps) => axis::steps(stride(steps)),
        Rows::Values { label, spread } => {
            let along = along(heat, spread);
            axis::values(label, values::PLAIN).formatter(move |mark, _| along.label(mark))
        }
    };
    let id = format!("heat {}", stage.panel);
    // A bin at the end of the axis should not look like a part of the frame.
    let air = if matches!(heat.rows, Rows::Values { .. }) { 0.02 * rows as f64 } else { 0.0 };
    let plot = axis::plot(ui, &id, size)
        .custom_x_axes(vec![axis::layers(&heat.x_label)])
        .custom_y_axes(vec![y_axis])
        .show_grid(false)
        .include_x(0.4)
        .include_x(heat.columns as f64 + 0.6)
        .include_y(0.5 - air)
        .include_y(rows as f64 + 0.5 + air);
    let plot = match &heat.rows {
        Rows::Named(_) | Rows::Formats { .. } => plot.y_grid_spacer(move |_| axis::row_marks(rows)),
        Rows::Steps(steps) => {
            let stride = stride(steps);
            plot.y_grid_spacer(move |input| axis::step_marks(input.bounds, size.y, stride))
        }
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
    let reach = Reach {
        about: egui::util::hash(("heat", &heat.heading, heat.columns, rows)),
        // A row with a name is told by it from the others; all of them stay in sight.
        least: [2.2, if heat.is_strip() { f64::INFINITY } else { 2.2 }],
        data: |view| present(heat, view),
    };
    stage.plot(ui, plot, reach, move |plot_ui| {
        let whole = plot_ui.auto_bounds().x;
        let resolution = if whole { pixels } else { MOST_CELLS };
        let texture = textures.of(&context, stage, heat, &visuals, resolution);
        images(plot_ui, heat, texture.id());
        cell_texts(plot_ui, heat, &visuals);
        for mark in &heat.marks {
            if matches!(mark.shape, MarkShape::Line(_)) {
                marks::rim(plot_ui, mark, visuals.panel_fill);
            }
            marks::mark(plot_ui, mark, &visuals);
        }
    })
}

/// Between two steps with a record.
fn stride(steps: &[usize]) -> usize {
    match steps {
        [first, second, ..] => second - first,
        _ => 1,
    }
}

/// A cell in the middle of which a view has something to see, or else all such cells of the
/// layers in view.
fn present(heat: &Heat, view: PlotBounds) -> Vec<[f64; 2]> {
    let within = |axis: usize, count: usize| {
        let (first, last) = (view.min()[axis].ceil(), view.max()[axis].floor());
        (first.max(1.0) as usize)..=(last.max(1.0) as usize).min(count)
    };
    let rows = heat.rows.count();
    let of = |rows: std::ops::RangeInclusive<usize>| {
        let places = within(0, heat.columns).flat_map(move |x| rows.clone().map(move |y| (x, y)));
        let places = places.filter(|&(x, y)| heat.cell(y - 1, x - 1) != Cell::Absent);
        places.map(|(x, y)| [x as f64, y as f64])
    };
    let seen: Vec<_> = of(within(1, rows)).take(1).collect();
    if seen.is_empty() { of(1..=rows).collect() } else { seen }
}

/// The cell under the pointer.
fn under<'a>(heat: &'a Heat, experiment: &Experiment, at: PlotPoint) -> Option<Under<'a>> {
    let (column, row) = (at.x.round() - 1.0, at.y.round() - 1.0);
    let is_inside = |at: f64, count: usize| (0.0..count as f64).contains(&at);
    if !is_inside(column, heat.columns) || !is_inside(row, heat.rows.count()) {
        return None;
    }
    let (column, row) = (column as usize, row as usize);
    let value = match &heat.rows {
        Rows::Values { spread, .. } => row_words(spread, row, column).map(|[_, count]| count),
        _ => Some(heat.cell(row, column).exact()).filter(|text| !text.is_empty()),
    };
    let variant = match &heat.rows {
        Rows::Named(names) => {
            experiment.variants.iter().position(|variant| variant.name == names[row])
        }
        _ => None,
    };
    let click = to_layer(column + 1, variant);
    Some(Under { value, click, tooltip: Box::new(move |ui| tooltip(ui, heat, row, column)) })
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
        Rows::Numbered { .. } | Rows::Steps(_) | Rows::Values { .. } => {
            let centre = PlotPoint::new(middle, f64::from(rows) / 2.0 + 0.5);
            // A pixel on the edge of two cells has the same colour whoever samples.
            let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            let uv = uv.translate(vec2(OFF_EDGE / columns, OFF_EDGE / rows));
            let image = PlotImage::new("", texture, centre, vec2(columns, rows)).uv(uv);
            plot_ui.image(image.allow_hover(false));
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
            let text = heat.cell(row, column).told(2);
            // Numbers stand where the longest would fit, so that no short one stands alone.
            let letters = if matches!(heat.cell(row, column), Cell::Log10(_)) { 7 } else { 0 };
            let letters = text.len().max(letters) as f32;
            if !visible || text.is_empty() || letters * 6.6 + 4.0 > cell.x.max(15.0) {
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

fn tooltip(ui: &mut Ui, heat: &Heat, row: usize, column: usize) {
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
            let Rows::Formats { report, variant } = &heat.rows else { return };
            let report = report.variants.get(*variant);
            for line in
                report.and_then(|report| cell_words(report, row, column)).unwrap_or_default()
            {
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
            ui.label(format!("{} = {}", heat.quantity, cell.told(7)));
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
