//! Paints charts of lines, points, bands and histograms.

use eframe::egui::{self, Color32, RichText, Stroke, Ui, Vec2, Visuals, vec2};
use egui_plot::{
    AxisHints, Bar, BarChart, HLine, Line, LineStyle, PlotPoint, PlotPoints, PlotUi, Points,
    Polygon, VLine,
};

use crate::figure::{AxisScale, Chart, Ink, Mark, MarkShape, Scale, scientific_of_log10};

use super::super::theme;
use super::bars::swatch;
use super::{MARGIN, Medium, axis};

/// The panel: heading, plot, legend.
pub fn show(ui: &mut Ui, chart: &Chart, size: Vec2, medium: Medium) {
    ui.label(RichText::new(&chart.heading).heading());
    let height = (size.y - theme::HEADING - 10.0).max(60.0);
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        plot(ui, chart, vec2((size.x - MARGIN).max(80.0), height), medium);
        legend(ui, chart, vec2(MARGIN, height));
    });
}

fn plot(ui: &mut Ui, chart: &Chart, size: Vec2, medium: Medium) {
    let visuals = ui.visuals().clone();
    let mut plot = axis::plot(ui, "chart", size, medium)
        .custom_x_axes(vec![x_axis(chart)])
        .custom_y_axes(vec![axis::values(&chart.y.label, y_scale(chart))])
        .include_x(chart.x.range.0)
        .include_x(chart.x.range.1)
        .include_y(chart.y.range.0)
        .include_y(chart.y.range.1);
    plot = match chart.x.scale {
        AxisScale::Layers => plot,
        AxisScale::Linear => plot.x_grid_spacer(egui_plot::log_grid_spacer(10)),
        AxisScale::Log10 => plot.x_grid_spacer(move |input| axis::decades(&input, size.x / 60.0)),
    };
    if chart.y.scale == AxisScale::Log10 {
        plot =
            plot.y_grid_spacer(move |input| axis::decades(&input, size.y / axis::LABEL_DISTANCE));
    }
    let response = plot.show(ui, |plot_ui| {
        for each in &chart.marks {
            mark(plot_ui, each, &visuals);
        }
    });
    if medium == Medium::Screen
        && let Some(pointer) = response.response.hover_pos()
    {
        let at = response.transform.value_from_position(pointer);
        response.response.on_hover_ui_at_pointer(|ui| tooltip(ui, chart, at));
    }
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

/// An ink's colour on this ground.
pub fn ink(ink: Ink, visuals: &Visuals) -> Color32 {
    match ink {
        Ink::Variant(index) | Ink::Palette(index) => theme::variant(index, visuals),
        Ink::Text => visuals.text_color(),
        Ink::Weak => visuals.weak_text_color(),
    }
}

/// Puts one mark onto a plot.
pub fn mark(plot_ui: &mut PlotUi<'_>, mark: &Mark, visuals: &Visuals) {
    let colour = ink(mark.ink, visuals);
    let name = mark.name.clone();
    match &mark.shape {
        MarkShape::Line(points) => {
            let line = Line::new(name, PlotPoints::from(points.clone()));
            plot_ui.line(line.color(colour).width(2.0).allow_hover(false));
        }
        MarkShape::Dashed(points) => {
            let line = Line::new(name, PlotPoints::from(points.clone()));
            let style = LineStyle::Dashed { length: 7.0 };
            plot_ui.line(line.color(colour).width(1.6).style(style).allow_hover(false));
        }
        MarkShape::Points(points) => {
            let points = Points::new(name, PlotPoints::from(points.clone()));
            plot_ui.points(points.color(colour).radius(3.0).allow_hover(false));
        }
        MarkShape::Band(band) => {
            // Quad by quad: egui fills convex shapes only.
            for pair in band.windows(2) {
                let [[x0, l0, h0], [x1, l1, h1]] = [pair[0], pair[1]];
                let quad = vec![[x0, l0], [x1, l1], [x1, h1], [x0, h0]];
                plot_ui.polygon(
                    Polygon::new("", PlotPoints::from(quad))
                        .fill_color(colour.gamma_multiply(0.22))
                        .stroke(Stroke::NONE)
                        .allow_hover(false),
                );
            }
        }
        MarkShape::Columns(columns) => {
            let bars = columns.iter().map(|&[from, to, height]| {
                Bar::new(0.5 * (from + to), height)
                    .width(to - from)
                    .fill(colour.gamma_multiply(0.75))
                    .stroke((0.0, colour))
            });
            plot_ui.bar_chart(BarChart::new(name, bars.collect()).allow_hover(false));
        }
        MarkShape::Level(y) => {
            let style = LineStyle::Dashed { length: 5.0 };
            plot_ui.hline(
                HLine::new(name, *y).color(colour).width(1.2).style(style).allow_hover(false),
            );
        }
        MarkShape::At(x) => {
            let style = LineStyle::Dashed { length: 5.0 };
            plot_ui.vline(
                VLine::new(name, *x).color(colour).width(1.2).style(style).allow_hover(false),
            );
        }
    }
}

/// The readings of every mark closest to the pointer's x.
fn tooltip(ui: &mut Ui, chart: &Chart, at: PlotPoint) {
    let visuals = ui.visuals().clone();
    egui::Grid::new("chart tooltip").num_columns(2).show(ui, |ui| {
        for mark in chart.marks.iter().filter(|mark| !mark.name.is_empty()) {
            let readings = mark.readings();
            let closest =
                readings.iter().min_by(|a, b| (a[0] - at.x).abs().total_cmp(&(b[0] - at.x).abs()));
            let Some(&[x, y]) = closest else { continue };
            ui.label(RichText::new(&mark.name).color(ink(mark.ink, &visuals)));
            ui.label(format!("{} at {}", reading(y, chart.y.scale), reading(x, chart.x.scale)));
            ui.end_row();
        }
    });
}

fn reading(number: f64, scale: AxisScale) -> String {
    match scale {
        AxisScale::Log10 => scientific_of_log10(number, 3),
        AxisScale::Layers => format!("layer {number}"),
        AxisScale::Linear => format!("{number:.5}"),
    }
}

fn legend(ui: &mut Ui, chart: &Chart, size: Vec2) {
    let visuals = ui.visuals().clone();
    ui.allocate_ui_with_layout(size, egui::Layout::top_down(egui::Align::Min), |ui| {
        ui.set_min_size(size);
        let margin = egui::Margin { left: 12, ..Default::default() };
        egui::Frame::new().inner_margin(margin).show(ui, |ui| {
            for mark in chart.marks.iter().filter(|mark| !mark.name.is_empty()) {
                swatch(ui, ink(mark.ink, &visuals), &mark.name);
            }
        });
    });
}
