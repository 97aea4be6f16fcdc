//! Paints charts of lines, points, bands and histograms.

use eframe::egui::{self, Color32, Rect, RichText, Stroke, Ui, Vec2, Visuals, vec2};
use egui_plot::{
    AxisHints, Bar, BarChart, HLine, Line, LineStyle, PlotPoint, PlotPoints, PlotUi, Points,
    Polygon, VLine,
};

use crate::figure::{
    AxisScale, Chart, Ink, Mark, MarkShape, Scale, scientific_of_log10, with_minus,
};

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

/// A wider line in the ground's colour, to lie under a line.
pub fn rim(plot_ui: &mut PlotUi<'_>, mark: &Mark, ground: Color32) {
    if let MarkShape::Line(points) | MarkShape::Dashed(points) = &mark.shape {
        let line = Line::new("", PlotPoints::from(points.clone()));
        plot_ui.line(line.color(ground).width(5.0).allow_hover(false));
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
            let apart = plot_ui.transform().dpos_dvalue_x() as f32;
            let radius = if is_dense(mark, apart) { 1.2 } else { 3.0 };
            plot_ui.points(points.color(colour).radius(radius).allow_hover(false));
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
        MarkShape::Edges(band) => {
            for end in [1, 2] {
                let points: Vec<[f64; 2]> = band.iter().map(|at| [at[0], at[end]]).collect();
                let line = Line::new(name.clone(), PlotPoints::from(points));
                let style = LineStyle::Dotted { spacing: 4.5 };
                plot_ui.line(line.color(colour).width(1.6).style(style).allow_hover(false));
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

/// Whether round points would run into one another, `apart` points (1/96 inch) to a unit of x.
fn is_dense(mark: &Mark, apart: f32) -> bool {
    match &mark.shape {
        MarkShape::Points(p) if p.len() > 1 => {
            let each = (p[p.len() - 1][0] - p[0][0]).abs() as f32 / (p.len() - 1) as f32;
            each * apart < 7.0
        }
        _ => false,
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
        AxisScale::Log10 => scientific_of_log10(number, 3),
        AxisScale::Layers => format!("layer {}", number.round()),
        AxisScale::Linear => with_minus(&format!("{number:.5}")),
    }
}

fn legend(ui: &mut Ui, chart: &Chart, size: Vec2) {
    let visuals = ui.visuals().clone();
    ui.allocate_ui_with_layout(size, egui::Layout::top_down(egui::Align::Min), |ui| {
        ui.set_min_size(size);
        let margin = egui::Margin { left: 12, ..Default::default() };
        egui::Frame::new().inner_margin(margin).show(ui, |ui| {
            let mut owners: Vec<(&str, Ink)> = Vec::new();
            for mark in chart.marks.iter().filter(|mark| !mark.name.is_empty()) {
                let owner = (mark.parts().map_or(mark.name.as_str(), |parts| parts.0), mark.ink);
                if !owners.contains(&owner) {
                    owners.push(owner);
                    swatch(ui, ink(mark.ink, &visuals), owner.0);
                }
            }
            ui.add_space(4.0);
            kinds(ui, &chart.marks);
        });
    });
}

/// What kinds of marks there are, each once with a sample of its stroke.
pub fn kinds(ui: &mut Ui, marks: &[Mark]) {
    let mut shown: Vec<&str> = Vec::new();
    for mark in marks {
        let Some((_, kind)) = mark.parts().filter(|(_, kind)| !shown.contains(kind)) else {
            continue;
        };
        shown.push(kind);
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            let (rect, _) = ui.allocate_exact_size(vec2(16.0, 11.0), egui::Sense::hover());
            sample(ui, rect, &mark.shape);
            let words = RichText::new(axis::shortened(kind, 15)).small().weak();
            ui.label(words).on_hover_text(kind);
        });
    }
}

/// A mark's stroke in the text's colour: the owner's colour stands elsewhere.
fn sample(ui: &Ui, rect: Rect, shape: &MarkShape) {
    let colour = ui.visuals().weak_text_color();
    let painter = ui.painter();
    let stroke = Stroke::new(1.8, colour);
    let ends = [rect.left_center(), rect.right_center()];
    match shape {
        MarkShape::Line(_) => {
            painter.line_segment(ends, stroke);
        }
        MarkShape::Dashed(_) | MarkShape::Level(_) => {
            painter.extend(egui::Shape::dashed_line(&ends, stroke, 5.0, 2.5));
        }
        MarkShape::Points(_) => {
            painter.circle_filled(rect.center(), 3.0, colour);
        }
        MarkShape::Band(_) => {
            painter.rect_filled(rect, 0.0, colour.gamma_multiply(0.3));
        }
        MarkShape::Edges(_) => {
            painter.extend(egui::Shape::dotted_line(&ends, colour, 4.0, 0.9));
        }
        MarkShape::Columns(_) => {
            painter.rect_filled(rect.shrink2(vec2(4.0, 0.0)), 0.0, colour.gamma_multiply(0.75));
        }
        MarkShape::At(_) => {
            let ends = [rect.center_top(), rect.center_bottom()];
            painter.extend(egui::Shape::dashed_line(&ends, stroke, 3.5, 2.0));
        }
    }
}
