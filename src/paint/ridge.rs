//! Paints histograms one above the other.

use eframe::egui::{
    self, Color32, Mesh, Pos2, Rangef, RichText, Shape, Stroke, Ui, Vec2, pos2, vec2,
};
use egui_plot::{GridMark, PlotPoint, PlotTransform};

use crate::figure::Ridge;
use crate::figure::value_rows::{bin_words, share_words};
use crate::study::LayerSpread;

use super::axis;
use super::layout::{AXIS_WIDTH, MARGIN, heading};
use super::stage::{Reach, Stage, Under, Wish, to_layer};
use super::values::{Along, PLAIN};
use crate::paint::theme;

/// An outline's height, in rows: it may reach into the row above.
const HEIGHT: f64 = 1.5;
/// The column of zeros and the gap beside it, as shares of the axis.
const ZERO_COLUMN: f64 = 0.035;
const ZERO_GAP: f64 = 0.02;
/// Labels of rows keep at least this distance, in points.
const ROWS_APART: f64 = 16.0;
/// Labels along the bottom keep at least this distance, in points.
const LABELS_APART: f32 = 66.0;

/// The panel: heading, plot, and what its parts mean.
pub fn show(ui: &mut Ui, ridge: &Ridge, size: Vec2, stage: &Stage<'_>) -> Option<Wish> {
    heading(ui, &ridge.heading);
    let height = (size.y - theme::HEADING - 10.0).max(60.0);
    let row = ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let wish = plot(ui, ridge, vec2((size.x - MARGIN).max(80.0), height), stage);
        legend(ui, ridge, vec2(MARGIN, height));
        wish
    });
    row.inner
}

/// Where the column of zeros stands: its left and right edge.
fn zero_column(ridge: &Ridge) -> Option<(f64, f64)> {
    let (low, high) = ridge.spread.bins.ends();
    let right = low - ZERO_GAP * (high - low);
    ridge.has_zeros().then_some((right - ZERO_COLUMN * (high - low), right))
}

fn plot(ui: &mut Ui, ridge: &Ridge, size: Vec2, stage: &Stage<'_>) -> Option<Wish> {
    let zeros = zero_column(ridge);
    let (low, high) = ridge.spread.bins.ends();
    let rows = ridge.shown.len();
    let along = Along::positions(&ridge.spread, zeros.map(|(from, to)| 0.5 * (from + to)));
    let names: Vec<usize> = ridge.shown.iter().rev().map(|index| index + 1).collect();
    let below =
        axis::values_below(&ridge.x_label, PLAIN).formatter(move |mark, _| along.label(mark));
    let left = axis::values("layer l", PLAIN).formatter(move |mark, _| {
        let row = mark.value.round() as usize;
        names.get(row.wrapping_sub(1)).map(ToString::to_string).unwrap_or_default()
    });
    let room = (size.x - AXIS_WIDTH) / LABELS_APART;
    let plot = axis::plot(ui, "ridge", size)
        .custom_x_axes(vec![below])
        .custom_y_axes(vec![left])
        .show_grid(egui::Vec2b::new(true, false))
        .x_grid_spacer(move |input| along.marks(input.bounds, room))
        .y_grid_spacer(move |input| row_marks(rows, input.bounds, size.y))
        .include_x(zeros.map_or(low, |(from, _)| from) - 0.01 * (high - low))
        .include_x(high + 0.01 * (high - low))
        .include_y(0.8)
        .include_y(rows as f64 + HEIGHT + 0.1);
    let reach = Reach {
        about: egui::util::hash(("ridge", &ridge.heading, &ridge.x_label)),
        least: [(high - low) / 20.0, 2.5],
        // Each row's middle.
        data: |_| {
            ridge
                .shown
                .iter()
                .enumerate()
                .map(|(row, &index)| {
                    let layer = &ridge.spread.layers[index];
                    let median =
                        layer.quantiles.map_or(0.5 * (low + high), |[_, median, _]| median);
                    [median, (rows - row) as f64]
                })
                .collect()
        },
    };
    let shown = stage.plot(ui, plot, reach, |_| {});
    outlines(ui, ridge, &shown.transform);
    shown.touched(ui, stage, |at| Some(under(ridge, at)))
}

/// The layer under the pointer, and its bin.
fn under(ridge: &Ridge, at: PlotPoint) -> Under<'_> {
    let row = (at.y.floor().max(1.0) as usize).min(ridge.shown.len());
    let index = ridge.shown[ridge.shown.len() - row];
    let (layer, bins) = (&ridge.spread.layers[index], &ridge.spread.bins);
    let (low, high) = bins.ends();
    let bin = (at.x >= low && at.x < high).then(|| bins.of(at.x));
    Under {
        value: bin.map(|bin| share_words(layer.counts[bin], layer.total)),
        click: to_layer(index + 1, Some(ridge.spread.variant)),
        tooltip: Box::new(move |ui| tooltip(ui, ridge, index, bin)),
    }
}

/// A mark at each row, or at every few where their labels would print over one another.
fn row_marks(rows: usize, (low, high): (f64, f64), height: f32) -> Vec<GridMark> {
    let apart = f64::from(height) / (high - low).max(1e-9);
    let every = (ROWS_APART / apart).ceil().max(1.0);
    // Counted from the first layer, which is the last row.
    let marks = (0..rows).step_by(every as usize).map(|from_top| (rows - from_top) as f64);
    marks.map(|value| GridMark { value, step_size: every }).collect()
}

/// From the back, which is the first layer on top, to the front.
fn outlines(ui: &Ui, ridge: &Ridge, transform: &PlotTransform) {
    let painter = ui.painter().with_clip_rect(transform.frame().intersect(ui.clip_rect()));
    let visuals = ui.visuals();
    let colour = theme::variant(ridge.spread.variant, visuals);
    let fill = visuals.panel_fill.to_opaque().lerp_to_gamma(colour, 0.3);
    let place = |x: f64, y: f64| transform.position_from_point(&PlotPoint::new(x, y));
    for (row, &index) in ridge.shown.iter().enumerate() {
        let base = (ridge.shown.len() - row) as f64;
        let layer = &ridge.spread.layers[index];
        let edge = |bin: usize, y: f64| place(ridge.spread.bins.edge(bin), y);
        let steps = steps(layer, base, edge);
        painter.add(Shape::mesh(filled(&steps, edge(0, base).y, fill)));
        painter.add(Shape::line(steps, Stroke::new(1.3, colour)));
        if let Some([_, median, _]) = layer.quantiles {
            let tick = Rangef::new(place(0.0, base + 0.45).y, place(0.0, base).y);
            painter.vline(place(median, base).x, tick, Stroke::new(2.0, visuals.text_color()));
        }
        if let Some((from, to)) = zero_column(ridge) {
            let high = base + layer.zero_share();
            let bar = egui::Rect::from_two_pos(place(from, base), place(to, high));
            painter.rect_filled(bar, 0.0, theme::axis_line(visuals));
            painter.hline(bar.x_range(), bar.bottom(), Stroke::new(1.0, theme::axis_line(visuals)));
        }
    }
}

/// The upper edge of a histogram, as high as its tallest bin says.
fn steps(layer: &LayerSpread, base: f64, place: impl Fn(usize, f64) -> Pos2) -> Vec<Pos2> {
    let tallest = layer.counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let mut points = vec![place(0, base)];
    for (bin, &count) in layer.counts.iter().enumerate() {
        let y = base + HEIGHT * count as f64 / tallest;
        points.extend([place(bin, y), place(bin + 1, y)]);
    }
    points.push(place(layer.counts.len(), base));
    points
}

/// The area between the steps and their base line, without seams.
fn filled(steps: &[Pos2], base: f32, colour: Color32) -> Mesh {
    let mut mesh = Mesh::default();
    for (index, &top) in steps.iter().enumerate() {
        mesh.colored_vertex(top, colour);
        mesh.colored_vertex(pos2(top.x, base), colour);
        if index > 0 {
            let at = 2 * index as u32;
            mesh.add_triangle(at - 2, at - 1, at);
            mesh.add_triangle(at - 1, at, at + 1);
        }
    }
    mesh
}

fn tooltip(ui: &mut Ui, ridge: &Ridge, index: usize, bin: Option<usize>) {
    let layer = &ridge.spread.layers[index];
    ui.label(
        RichText::new(format!("Layer {} of {}", index + 1, ridge.spread.layers.len())).strong(),
    );
    if let Some(bin) = bin {
        let words = share_words(layer.counts[bin], layer.total);
        ui.label(format!("{}: {words}", bin_words(&ridge.spread, bin)));
    }
    ui.label(format!("exactly 0: {}", share_words(layer.zeros, layer.total)));
}

/// Samples of the outline, the median's tick and the bar of zeros.
fn legend(ui: &mut Ui, ridge: &Ridge, size: Vec2) {
    let visuals = ui.visuals().clone();
    let colour = theme::variant(ridge.spread.variant, &visuals);
    ui.allocate_ui_with_layout(size, egui::Layout::top_down(egui::Align::Min), |ui| {
        ui.set_min_size(size);
        let margin = egui::Margin { left: 12, ..Default::default() };
        egui::Frame::new().inner_margin(margin).show(ui, |ui| {
            sample(ui, "count", vec2(11.0, 11.0), colour);
            sample(ui, "median", vec2(2.5, 12.0), visuals.text_color());
            if ridge.has_zeros() {
                sample(ui, "share = 0", vec2(7.0, 11.0), theme::axis_line(&visuals));
            }
        });
    });
}

fn sample(ui: &mut Ui, name: &str, size: Vec2, colour: Color32) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let (rect, _) = ui.allocate_exact_size(vec2(11.0, 12.0), egui::Sense::hover());
        let mark = egui::Rect::from_center_size(rect.center(), size);
        ui.painter().rect_filled(mark, 0.0, colour);
        ui.label(RichText::new(name).small());
    });
}
