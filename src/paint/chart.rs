//! Paints charts of lines, points, bands and histograms.

use eframe::egui::{self, RichText, Ui, Vec2, vec2};
use egui_plot::{AxisHints, PlotPoint};

use crate::figure::{
    Axis, AxisScale, Chart, Ink, Mark, MarkShape, Scale, readable, readable_of_log10,
    scientific_of_log10,
};

use super::axis;
use super::layout::{MARGIN, heading};
use super::legend::{entry, kinds, kinds_of, sample, swatch};
use super::marks::{ink, mark};
use super::stage::{self, Reach, Stage, Under, Wish, to_layer};
use crate::paint::theme;

/// The panel: heading, plot, legend.
pub fn show(ui: &mut Ui, chart: &Chart, size: Vec2, stage: &Stage<'_>) -> Option<Wish> {
    heading(ui, &chart.heading);
    let height = (size.y - theme::HEADING - 10.0).max(60.0);
    let row = ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let wish = plot(ui, chart, vec2((size.x - MARGIN).max(80.0), height), stage);
        legend(ui, chart, vec2(MARGIN, height));
        wish
    });
    row.inner
}

fn plot(ui: &mut Ui, chart: &Chart, size: Vec2, stage: &Stage<'_>) -> Option<Wish> {
    let visuals = ui.visuals().clone();
    let mut plot = axis::plot(ui, "chart", size)
        .custom_x_axes(vec![x_axis(chart)])
        .custom_y_axes(vec![axis::values(&chart.y.label, y_scale(chart))])
        .include_x(chart.x.range.0)
        .include_x(chart.x.range.1)
        .include_y(chart.y.range.0)
        .include_y(chart.y.range.1);
    plot = match chart.x.scale {
        AxisScale::Layers => plot,
        AxisScale::Linear => plot.x_grid_spacer(egui_plot::log_grid_spacer(10)),
        AxisScale::Log10 => {
            plot.x_grid_spacer(move |input| axis::decades_below(input.bounds, size.x / 60.0))
        }
    };
    let labels = size.y / axis::LABEL_DISTANCE;
    plot = match chart.y.scale {
        AxisScale::Log10 => plot.y_grid_spacer(move |input| axis::decades(input.bounds, labels)),
        _ => {
            let least = if chart.counts() { 1.0 } else { f64::MIN_POSITIVE };
            plot.y_grid_spacer(move |input| axis::round_marks(input.bounds, labels, least))
        }
    };
    let span = |axis: &Axis| axis.range.1 - axis.range.0;
    let reach = Reach {
        about: egui::util::hash(("chart", &chart.heading, &chart.x.label, &chart.y.label)),
        least: [
            if chart.x.scale == AxisScale::Layers { 2.2 } else { span(&chart.x) / 50.0 },
            stage::least_height(y_scale(chart), span(&chart.y)),
        ],
        data: |_| chart.marks.iter().flat_map(Mark::readings).collect(),
    };
    let shown = stage.plot(ui, plot, reach, |plot_ui| {
        for each in &chart.marks {
            mark(plot_ui, each, &visuals);
        }
    });
    shown.touched(ui, stage, |at| Some(under(chart, at)))
}

/// The mark that is closest above or below the pointer.
fn under(chart: &Chart, at: PlotPoint) -> Under<'_> {
    let near = |mark: &Mark| {
        let readings = mark.readings();
        let miss = |point: &[f64; 2]| [(point[0] - at.x).abs(), (point[1] - at.y).abs()];
        let order = |a: &[f64; 2], b: &[f64; 2]| {
            let ([ax, ay], [bx, by]) = (miss(a), miss(b));
            ax.total_cmp(&bx).then(ay.total_cmp(&by))
        };
        readings.into_iter().min_by(order)
    };
    let nearest = chart
        .marks
        .iter()
        .filter_map(|mark| near(mark).map(|point| (mark, point)))
        .min_by(|(_, a), (_, b)| (a[1] - at.y).abs().total_cmp(&(b[1] - at.y).abs()));
    let variant = nearest.and_then(|(mark, _)| match mark.ink {
        Ink::Variant(variant) => Some(variant),
        _ => None,
    });
    let value = nearest.map(|(_, [_, y])| match chart.y.scale {
        AxisScale::Log10 => scientific_of_log10(y, 6),
        AxisScale::Linear | AxisScale::Layers => y.to_string(),
    });
    let (first, last) = chart.x.range;
    let layer = at.x.round().clamp(first.ceil().max(1.0), last.floor().max(1.0)) as usize;
    let has_layers = chart.x.scale == AxisScale::Layers;
    let click = has_layers.then(|| to_layer(layer, variant)).flatten();
    Under { value, click, tooltip: Box::new(move |ui| tooltip(ui, chart, at)) }
}

fn x_axis(chart: &Chart) -> AxisHints<'static> {
    match chart.x.scale {
        AxisScale::Layers => axis::layers(&chart.x.label),
        AxisScale::Linear => axis::values_below(&chart.x.label, Scale::Linear { power: 0 }),
        AxisScale::Log10 => axis::values_below(&chart.x.label, Scale::Log10),
    }
}

fn y_scale(chart: &Chart) -> Scale {
    match chart.y.scale {
        AxisScale::Log10 => Scale::Log10,
        AxisScale::Linear | AxisScale::Layers => Scale::Linear { power: 0 },
    }
}

/// The readings of every mark closest to the pointer's x.
fn tooltip(ui: &mut Ui, chart: &Chart, at: PlotPoint) {
    let visuals = ui.visuals().clone();
    egui::Grid::new("chart tooltip").num_columns(2).show(ui, |ui| {
        for mark in chart.marks.iter().filter(|mark| !mark.name.is_empty()) {
            let Some((x, words)) = words_at(mark, at.x, chart) else { continue };
            ui.label(RichText::new(&mark.name).color(ink(mark.ink, &visuals)));
            ui.label(format!("{words} at {}", reading(x, chart.x.scale)));
            ui.end_row();
        }
    });
}

/// A mark's reading closest to x: a number, or a band's two ends.
fn words_at(mark: &Mark, x: f64, chart: &Chart) -> Option<(f64, String)> {
    let near = |a: f64, b: f64| (a - x).abs().total_cmp(&(b - x).abs());
    let number = |y| reading(y, chart.y.scale);
    match &mark.shape {
        MarkShape::Band(band) | MarkShape::Edges(band) => {
            let [x, low, high] = band.iter().min_by(|a, b| near(a[0], b[0]))?;
            Some((*x, format!("{} to {}", number(*low), number(*high))))
        }
        _ => {
            let readings = mark.readings();
            let [x, y] = readings.iter().min_by(|a, b| near(a[0], b[0]))?;
            Some((*x, number(*y)))
        }
    }
}

fn reading(number: f64, scale: AxisScale) -> String {
    match scale {
        AxisScale::Log10 => readable_of_log10(number, 4),
        AxisScale::Layers => format!("layer {}", number.round()),
        AxisScale::Linear => readable(number.into(), 4),
    }
}

/// What the legend names: the owner of marks of several kinds, or a mark by itself.
#[derive(Clone, Copy, PartialEq)]
enum Named<'a> {
    Owner(&'a str, Ink),
    Mark(&'a str, Ink),
}

/// Whose marks there are, and the marks that are nobody's, each once.
fn named(chart: &Chart) -> Vec<Named<'_>> {
    let mut all = Vec::new();
    for mark in chart.marks.iter().filter(|mark| !mark.name.is_empty()) {
        let named = match mark.parts() {
            Some((owner, _)) => Named::Owner(owner, mark.ink),
            None => Named::Mark(&mark.name, mark.ink),
        };
        if !all.contains(&named) {
            all.push(named);
        }
    }
    all
}

/// A mark's samples: its own, and those of the unnamed marks in its colour, such as the dots on
/// a line.
fn samples<'a>(chart: &'a Chart, name: &str, ink: Ink) -> impl Iterator<Item = &'a MarkShape> {
    let belongs =
        move |mark: &&Mark| mark.ink == ink && (mark.name.is_empty() || mark.name == name);
    chart.marks.iter().filter(belongs).map(|mark| &mark.shape)
}

/// Rows of the legend.
pub fn legend_rows(chart: &Chart) -> usize {
    named(chart).len() + kinds_of(&chart.marks).len()
}

fn legend(ui: &mut Ui, chart: &Chart, size: Vec2) {
    let visuals = ui.visuals().clone();
    ui.allocate_ui_with_layout(size, egui::Layout::top_down(egui::Align::Min), |ui| {
        ui.set_min_size(size);
        let margin = egui::Margin { left: 12, ..Default::default() };
        egui::Frame::new().inner_margin(margin).show(ui, |ui| {
            for named in named(chart) {
                match named {
                    Named::Owner(name, colour) => swatch(ui, ink(colour, &visuals), name),
                    Named::Mark(name, colour) => {
                        entry(ui, name, RichText::new(name), |ui, rect| {
                            for shape in samples(chart, name, colour) {
                                sample(ui, rect, shape, ink(colour, &visuals));
                            }
                        });
                    }
                }
            }
            ui.add_space(4.0);
            kinds(ui, &chart.marks);
        });
    });
}
