//! Paints grouped bars; where bars would be hair-thin, lines.

use eframe::egui::{self, Align2, Color32, FontId, RichText, Ui, Vec2, Visuals, vec2};
use egui_plot::{
    Bar, BarChart, HLine, Line, MarkerShape, PlotPoint, PlotPoints, PlotTransform, PlotUi, Points,
    Text,
};

use crate::figure::{Bars, MarkShape, Scale, Series, with_minus};

use super::layout::{MARGIN, heading};
use super::legend::{entry, kinds, kinds_of, sample, swatch};
use super::stage::{Reach, Shown, Stage, Under, Wish, to_layer};
use super::{axis, limits, marks, stage};
use crate::paint::theme;

/// Share of a group's width that its bars take.
const GROUP: f64 = 0.82;
/// Bars thinner than this many points become lines.
const THINNEST: f32 = 2.5;
/// Bars wider than this have their number on them.
const NUMBER: f32 = 42.0;
/// Bars wider than this have their number on them where marks stand beside it.
const NUMBER_AND_MARKS: f32 = 78.0;

/// The panel: heading, plot, and the legend beside it.
pub fn show(ui: &mut Ui, bars: &Bars, size: Vec2, stage: &Stage<'_>) -> Option<Wish> {
    let top = ui.cursor().top();
    heading(ui, &bars.heading);
    let beside = bars.limits.is_empty();
    if !beside {
        limits::legend(ui, bars);
    }
    let taken = if beside { theme::HEADING } else { ui.cursor().top() - top };
    let height = (size.y - taken - 10.0).max(60.0);
    let row = ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let plot_size = vec2((size.x - MARGIN).max(80.0), height);
        let shown = plot(ui, bars, plot_size, stage);
        if beside {
            legend(ui, bars, bar_points(&shown.transform, bars), vec2(MARGIN, height));
        } else {
            limits::labels(ui, bars, &shown.transform, height);
        }
        let transform = shown.transform;
        shown.touched(ui, stage, |at| under(bars, at, &transform))
    });
    row.inner
}

fn plot(ui: &mut Ui, bars: &Bars, size: Vec2, stage: &Stage<'_>) -> Shown {
    let colours: Vec<Color32> =
        bars.series.iter().map(|s| theme::variant(s.variant, ui.visuals())).collect();
    let layers = bars.layers() as f64;
    let plot = axis::plot(ui, "bars", size)
        .custom_x_axes(vec![axis::layers(&bars.x_label)])
        .custom_y_axes(vec![axis::values(&bars.y_label, bars.scale)])
        .include_x(0.4)
        .include_x(layers + 0.6)
        .include_y(bars.floor)
        .include_y(bars.top);
    let plot = match bars.scale {
        Scale::Log10 => plot
            .y_grid_spacer(move |input| axis::decades(input.bounds, size.y / axis::LABEL_DISTANCE)),
        Scale::Linear { .. } => plot,
    };
    let ground = theme::axis_line(ui.visuals());
    let visuals = ui.visuals().clone();
    let reach = Reach {
        about: egui::util::hash(("bars", &bars.heading, format!("{:?}", bars.scale))),
        least: [2.2, stage::least_height(bars.scale, bars.top - bars.floor)],
        data: |_| data(bars),
    };
    stage.plot(ui, plot, reach, |plot_ui| {
        plot_ui.hline(HLine::new("", bars.floor).color(ground).width(1.0).allow_hover(false));
        let bar_points = bar_points(plot_ui.transform(), bars);
        for (index, series) in bars.series.iter().enumerate() {
            if bar_points >= THINNEST {
                series_as_bars(plot_ui, bars, index, colours[index], bar_points);
            } else {
                series_as_line(plot_ui, bars, series, colours[index]);
            }
        }
        for overlay in &bars.overlays {
            if bar_points >= THINNEST {
                // A line in the colour of its own bars is seen by its rim.
                marks::rim(plot_ui, overlay, visuals.panel_fill);
            }
            marks::mark(plot_ui, overlay, &visuals);
        }
        limits::lines(plot_ui, bars, ground);
        kept(plot_ui, bars, bar_points, &visuals);
    })
}

/// The upper ends of all bars, and the places of those that are none.
fn data(bars: &Bars) -> Vec<[f64; 2]> {
    let points = bars.series.iter().flat_map(|series| &series.points);
    points.map(|point| [point.layer as f64, point.height.unwrap_or(bars.floor)]).collect()
}

/// The layer under the pointer, and whose bar or line it is on.
fn under<'a>(bars: &'a Bars, at: PlotPoint, transform: &PlotTransform) -> Option<Under<'a>> {
    let layer = (at.x.round().max(1.0) as usize).min(bars.layers());
    let point = |series: &'a Series| series.points.get(layer - 1);
    let touched = if bar_points(transform, bars) >= THINNEST {
        let place = (at.x - layer as f64 + GROUP / 2.0) / bar_width(bars);
        bars.series.get(place.clamp(0.0, bars.series.len() as f64 - 0.5) as usize)
    } else {
        let miss = |series: &Series| {
            let point = series.points.get(layer - 1);
            (point.and_then(|point| point.height).unwrap_or(bars.floor) - at.y).abs()
        };
        bars.series.iter().min_by(|a, b| miss(a).total_cmp(&miss(b)))
    };
    Some(Under {
        value: touched.and_then(point).map(crate::figure::Point::exact),
        click: to_layer(layer, touched.map(|series| series.variant)),
        tooltip: Box::new(move |ui| tooltip(ui, bars, layer)),
    })
}

/// What formats keep, beside one another on a wide bar.
fn kept(plot_ui: &mut PlotUi<'_>, bars: &Bars, bar_points: f32, visuals: &Visuals) {
    let of_one = bars.kept.len() / bars.series.len().max(1);
    // On the widest bars the number stands between the marks.
    let share = if bar_points > NUMBER_AND_MARKS { 0.8 } else { 0.4 };
    let apart = if bar_points > 16.0 { bar_width(bars) * share } else { 0.0 };
    for (index, kept) in bars.kept.iter().enumerate() {
        let Some(series) = bars.series.iter().position(|s| s.variant == kept.variant) else {
            continue;
        };
        let aside = ((index % of_one.max(1)) as f64 - 0.5) * apart;
        let as_bars = bar_points >= THINNEST;
        let x = |layer: usize| {
            if as_bars { centre(bars, series, layer) + aside } else { layer as f64 }
        };
        // On a bar of its own colour a mark would not be seen.
        let own = theme::variant(kept.variant, visuals);
        let ink = if as_bars { visuals.text_color() } else { own };
        let place = limits::Place {
            kept,
            x: &x,
            shared: (apart == 0.0 || !as_bars)
                .then(|| if as_bars { (bar_points / 9.0).clamp(0.6, 1.0) } else { 0.8 }),
            // Lines have the marks of their true zeros on the floor.
            lift: if as_bars { 0.02 } else { 0.05 },
            ink,
            rim: visuals.panel_fill,
        };
        limits::marks(plot_ui, bars, &place);
    }
}

/// How wide a bar is, in points.
fn bar_points(transform: &PlotTransform, bars: &Bars) -> f32 {
    (transform.dpos_dvalue_x() * bar_width(bars)) as f32
}

fn bar_width(bars: &Bars) -> f64 {
    GROUP / bars.series.len().max(1) as f64
}

/// The middle of a series' bar at a layer.
fn centre(bars: &Bars, index: usize, layer: usize) -> f64 {
    layer as f64 - GROUP / 2.0 + (index as f64 + 0.5) * bar_width(bars)
}

fn series_as_bars(
    plot_ui: &mut PlotUi<'_>,
    bars: &Bars,
    index: usize,
    colour: Color32,
    bar_points: f32,
) {
    let series = &bars.series[index];
    let width = bar_width(bars) * if bar_points > 6.0 { 0.94 } else { 1.0 };
    let bar = |x: f64, height: f64| {
        Bar::new(x, height - bars.floor)
            .base_offset(bars.floor)
            .width(width)
            .fill(colour)
            .stroke((0.0, colour))
    };
    let standing = series.points.iter().filter_map(|point| {
        point.height.map(|height| bar(centre(bars, index, point.layer), height))
    });
    plot_ui.bar_chart(BarChart::new(&series.name, standing.collect()).allow_hover(false));
    label_bars(plot_ui, bars, index, colour, bar_points);
}

/// The value on each bar where it fits, and a 0 in place of a bar for each true zero.
fn label_bars(
    plot_ui: &mut PlotUi<'_>,
    bars: &Bars,
    index: usize,
    colour: Color32,
    bar_points: f32,
) {
    let series = &bars.series[index];
    let text = |x: f64, y: f64, words: String, size: f32| {
        let words = RichText::new(words).font(FontId::proportional(size)).color(colour);
        Text::new("", PlotPoint::new(x, y), words).anchor(Align2::CENTER_BOTTOM).allow_hover(false)
    };
    let number_room = if bars.kept.is_empty() { NUMBER } else { NUMBER_AND_MARKS };
    for point in &series.points {
        let x = centre(bars, index, point.layer);
        match (point.height, point.sign()) {
            (Some(height), _) if bar_points > number_room => {
                plot_ui.text(text(x, height, point.short(), theme::SMALL));
            }
            (_, Some(sign)) if bar_points > room_for_sign(sign) => {
                plot_ui.text(text(x, bars.floor, sign.to_owned(), theme::BODY));
            }
            (_, Some(sign)) => plot_ui.points(zero_marks(bars, vec![x], colour, sign)),
            _ => {}
        }
    }
}

/// The width from which on a sign stands in place of a bar, in points.
fn room_for_sign(sign: &str) -> f32 {
    match sign {
        "0" => 7.0,
        _ => 18.0,
    }
}

/// A line through the heights, broken at true zeros, which are marked on the floor.
fn series_as_line(plot_ui: &mut PlotUi<'_>, bars: &Bars, series: &Series, colour: Color32) {
    for run in series.points.split(|point| point.height.is_none()) {
        let line: Vec<[f64; 2]> =
            run.iter().filter_map(|p| p.height.map(|h| [p.layer as f64, h])).collect();
        plot_ui.line(
            Line::new(&series.name, PlotPoints::from(line))
                .color(colour)
                .width(2.0)
                .allow_hover(false),
        );
    }
    for (sign, _) in bars.signs() {
        let zeros = series.points.iter().filter(|point| point.sign() == Some(sign));
        let zeros = zeros.map(|point| point.layer as f64).collect();
        plot_ui.points(zero_marks(bars, zeros, colour, sign));
    }
}

/// Marks on the floor: a cross for a true zero, others for what a format does not keep.
fn zero_marks<'a>(bars: &Bars, layers: Vec<f64>, colour: Color32, sign: &str) -> Points<'a> {
    let floor = bars.floor + (bars.top - bars.floor) * 0.012;
    let points: Vec<[f64; 2]> = layers.into_iter().map(|x| [x, floor]).collect();
    let points = Points::new("true zero", points).shape(marker(sign));
    points.radius(3.0).color(colour).allow_hover(false)
}

/// What stands in place of a sign where there is no room for one.
fn marker(sign: &str) -> MarkerShape {
    match sign {
        "≈0" => MarkerShape::Down,
        "∞" => MarkerShape::Up,
        _ => MarkerShape::Cross,
    }
}

fn tooltip(ui: &mut Ui, bars: &Bars, layer: usize) {
    let layers = bars.layers();
    ui.label(RichText::new(format!("Layer {layer} of {layers}")).strong());
    egui::Grid::new("bar tooltip").num_columns(3).show(ui, |ui| {
        for series in &bars.series {
            let Some(point) = series.points.get(layer - 1) else { continue };
            let colour = theme::variant(series.variant, ui.visuals());
            ui.label(RichText::new(&series.name).color(colour));
            ui.monospace(point.told());
            match point.log10 {
                Some(log10) => ui.monospace(with_minus(&format!("log₁₀ = {log10:.4}"))),
                None => ui.label(point.why()),
            };
            ui.end_row();
            for kept in bars.kept.iter().filter(|kept| kept.variant == series.variant) {
                let Some(norm) = kept.norms.get(layer - 1) else { continue };
                ui.label(RichText::new(format!("in {}", kept.format)).weak());
                ui.monospace(norm.told());
                ui.end_row();
            }
        }
    });
}

/// Rows of the legend beside the bars.
pub fn legend_rows(bars: &Bars) -> usize {
    bars.series.len() + bars.signs().count() + kinds_of(&bars.overlays).len()
}

/// One swatch or line and name a variant, and what a 0, or the mark in its place, means where
/// there is one.
fn legend(ui: &mut Ui, bars: &Bars, bar_points: f32, size: Vec2) {
    ui.allocate_ui_with_layout(size, egui::Layout::top_down(egui::Align::Min), |ui| {
        ui.set_min_size(size);
        egui::Frame::new().inner_margin(egui::Margin { left: 12, ..Default::default() }).show(
            ui,
            |ui| {
                for series in &bars.series {
                    let colour = theme::variant(series.variant, ui.visuals());
                    if bar_points >= THINNEST {
                        swatch(ui, colour, &series.name);
                    } else {
                        entry(ui, &series.name, RichText::new(&series.name), |ui, rect| {
                            sample(ui, rect, &MarkShape::Line(Vec::new()), colour);
                        });
                    }
                }
                for (sign, words) in bars.signs() {
                    entry(ui, words, RichText::new(words).weak(), |ui, rect| {
                        let (at, ink) = (rect.center(), ui.visuals().weak_text_color());
                        if bar_points > room_for_sign(sign) {
                            let font = FontId::proportional(theme::SMALL);
                            ui.painter().text(at, Align2::CENTER_CENTER, sign, font, ink);
                        } else {
                            limits::draw(ui, marker(sign), rect, ink);
                        }
                    });
                }
                if !bars.overlays.is_empty() {
                    ui.add_space(4.0);
                    kinds(ui, &bars.overlays);
                }
            },
        );
    });
}
