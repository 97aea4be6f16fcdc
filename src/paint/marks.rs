//! Puts marks onto a plot: lines, points, bands, columns, levels.

use eframe::egui::{Color32, Visuals};
use egui_plot::{
    Bar, BarChart, FilledArea, HLine, Line, LineStyle, PlotPoints, PlotUi, Points, VLine,
};

use crate::figure::{Ink, Mark, MarkShape};
use crate::paint::theme;

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
            let [x, low, high] =
                [0, 1, 2].map(|part| -> Vec<f64> { band.iter().map(|at| at[part]).collect() });
            let area = FilledArea::new("", &x, &low, &high);
            plot_ui.add(area.fill_color(colour.gamma_multiply(0.22)).allow_hover(false));
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
