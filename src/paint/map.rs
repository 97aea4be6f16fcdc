//! Paints maps over two settings with their colour bar.

use eframe::egui::{self, Align2, Color32, FontId, Rect, RichText, Shape, Ui, Vec2, pos2, vec2};
use egui_plot::{
    AxisHints, GridInput, GridMark, Line, PlotImage, PlotPoint, PlotPoints, PlotTransform, PlotUi,
};

use crate::figure::{AxisScale, Map, MapAxis, MapCell, Scale};

use super::layout::{AXIS_WIDTH, MARGIN, heading};
use super::stage::{Reach, Shown, Stage, Under, Wish};
use super::texture::Textures;
use super::{axis, colour_bar};
use crate::paint::theme;

/// Labels along the bottom keep at least this distance, in points.
const X_DISTANCE: f32 = 64.0;
/// Labels on the left likewise.
const Y_DISTANCE: f32 = 40.0;

/// The panel: heading, plot and colour bar.
pub fn show(
    ui: &mut Ui,
    map: &Map,
    textures: &mut Textures,
    size: Vec2,
    stage: &Stage<'_>,
) -> Option<Wish> {
    heading(ui, &map.heading);
    let height = (size.y - theme::HEADING - 10.0).max(60.0);
    let row = ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let plot_size = vec2((size.x - MARGIN).max(80.0), height);
        let shown = plot(ui, map, textures, plot_size, stage);
        let (rect, _) = ui.allocate_exact_size(vec2(MARGIN, height), egui::Sense::hover());
        bar_of(ui, map, rect, *shown.transform.frame());
        shown.touched(ui, stage, |at| under(map, at))
    });
    row.inner
}

fn plot(ui: &mut Ui, map: &Map, textures: &mut Textures, size: Vec2, stage: &Stage<'_>) -> Shown {
    let visuals = ui.visuals().clone();
    let texture = textures.of_map(ui.ctx(), stage, map, &visuals);
    let (x, y) = (map.x.edges(), map.y.edges());
    let plot = axis::plot(ui, "map", size)
        .custom_x_axes(vec![x_axis(&map.x)])
        .custom_y_axes(vec![axis::values(&map.y.label, scale_of(&map.y))])
        .show_grid(false)
        .x_grid_spacer(marks(&map.x, (size.x - AXIS_WIDTH) / X_DISTANCE))
        .y_grid_spacer(marks(&map.y, size.y / Y_DISTANCE))
        .include_x(x.0)
        .include_x(x.1)
        .include_y(y.0)
        .include_y(y.1);
    let reach = Reach {
        about: egui::util::hash(("map", &map.heading, [x, y].map(|end| format!("{end:?}")))),
        least: [2.2 * map.x.step, 2.2 * map.y.step],
        data: |_| Vec::new(),
    };
    let shown = stage.plot(ui, plot, reach, |plot_ui| {
        let centre = PlotPoint::new(0.5 * (x.0 + x.1), 0.5 * (y.0 + y.1));
        let size = vec2((x.1 - x.0) as f32, (y.1 - y.0) as f32);
        plot_ui.image(PlotImage::new("", texture.id(), centre, size).allow_hover(false));
        line(plot_ui, &map.line, 3.0);
        chosen(plot_ui, map);
    });
    line_name(ui, map, &shown.transform);
    shown
}

/// The cell under the pointer. The first click marks it, the next one loads it.
fn under(map: &Map, at: PlotPoint) -> Option<Under<'_>> {
    let (x, y) = (map.x.cell_at(at.x)?, map.y.cell_at(at.y)?);
    let value = match map.cell(x, y) {
        MapCell::Value(value) => Some(value.to_string()),
        MapCell::Zero => Some("0".to_owned()),
        MapCell::Pending => None,
    };
    let words = match map.chosen {
        Some(chosen) if chosen == (x, y) => "Click: this cell becomes the experiment",
        _ => "Click: mark this cell · again: it becomes the experiment",
    };
    let tooltip = move |ui: &mut Ui| {
        ui.label(RichText::new(format!("{} · {}", map.x.name(x), map.y.name(y))).strong());
        ui.label(map.story(x, y));
    };
    let click = Some((words.to_owned(), Wish::Cell(x, y)));
    Some(Under { value, click, tooltip: Box::new(tooltip) })
}

fn scale_of(axis: &MapAxis) -> Scale {
    match axis.scale {
        AxisScale::Log10 => Scale::Log10,
        AxisScale::Linear | AxisScale::Layers => Scale::Linear { power: 0 },
    }
}

fn x_axis(map: &MapAxis) -> AxisHints<'static> {
    axis::values_below(&map.label, scale_of(map))
}

fn marks(axis: &MapAxis, labels: f32) -> impl Fn(GridInput) -> Vec<GridMark> + 'static {
    let scale = axis.scale;
    move |input| match scale {
        AxisScale::Log10 => axis::decades(input.bounds, labels),
        AxisScale::Linear | AxisScale::Layers => {
            axis::round_marks(input.bounds, labels, f64::MIN_POSITIVE)
        }
    }
}

/// A black line with a white rim: it is seen on every colour of the map, in either theme.
fn line(plot_ui: &mut PlotUi<'_>, points: &[[f64; 2]], width: f32) {
    for (colour, width) in [(Color32::from_white_alpha(235), width + 3.2), (Color32::BLACK, width)]
    {
        let points = PlotPoints::from(points.to_vec());
        plot_ui.line(Line::new("", points).color(colour).width(width).allow_hover(false));
    }
}

/// A frame around the chosen cell.
fn chosen(plot_ui: &mut PlotUi<'_>, map: &Map) {
    let Some((x, y)) = map.chosen else { return };
    let edge = |axis: &MapAxis, cell: usize| axis.edges().0 + cell as f64 * axis.step;
    let (left, right) = (edge(&map.x, x), edge(&map.x, x + 1));
    let (low, high) = (edge(&map.y, y), edge(&map.y, y + 1));
    line(plot_ui, &[[left, low], [right, low], [right, high], [left, high], [left, low]], 1.4);
}

/// The line's name beside its last point, on a white ground of its own.
fn line_name(ui: &Ui, map: &Map, transform: &PlotTransform) {
    let Some(&end) = map.line.get(map.line.len() * 3 / 4) else { return };
    let end = transform.position_from_point(&end.into());
    if !transform.frame().contains(end) {
        return;
    }
    let font = FontId::proportional(theme::SMALL);
    let galley = ui.painter().layout_no_wrap(map.line_name.clone(), font, Color32::BLACK);
    let at = end + vec2(8.0, -0.5 * galley.size().y);
    let ground = Rect::from_min_size(at, galley.size()).expand2(vec2(3.0, 1.0));
    ui.painter().rect_filled(ground, 2.0, Color32::from_white_alpha(225));
    ui.painter().galley(at, galley, Color32::BLACK);
}

/// The colour bar beside the plot's frame, with the mark of a true zero below its lower end.
fn bar_of(ui: &Ui, map: &Map, rect: Rect, frame: Rect) {
    let painter = ui.painter();
    let ink = ui.visuals().text_color();
    let font = FontId::proportional(theme::SMALL);
    let zero_room = if map.has_zero() { 20.0 } else { 0.0 };
    let left = rect.left() + 14.0;
    let words =
        painter.layout(map.quantity.label().to_lowercase(), font.clone(), ink, MARGIN - 16.0);
    let top = frame.top() + words.size().y + 6.0;
    let bottom = (frame.bottom() - zero_room - 4.0).max(top + 10.0);
    let bar = Rect::from_min_max(pos2(left, top), pos2(left + 14.0, bottom));
    painter.galley(pos2(left, frame.top()), words, ink);
    painter.add(Shape::mesh(colour_bar::gradient(&map.scale, bar)));
    let (min, max) = (map.scale.min, map.scale.max);
    for mark in axis::round_marks((min, max), bar.height() / 24.0, f64::MIN_POSITIVE) {
        let share = ((mark.value - min) / (max - min)) as f32;
        let y = bar.bottom() - share * bar.height();
        painter.hline(bar.right()..=bar.right() + 3.0, y, (1.0, ink));
        let label = axis::linear_label(mark);
        painter.text(pos2(bar.right() + 6.0, y), Align2::LEFT_CENTER, label, font.clone(), ink);
    }
    if map.has_zero() {
        let mark = Rect::from_min_size(pos2(left, bar.bottom() + 6.0), vec2(14.0, 12.0));
        painter.rect_filled(mark, 1.0, theme::zero(ui.visuals()));
        let at = pos2(bar.right() + 6.0, mark.center().y);
        painter.text(at, Align2::LEFT_CENTER, "0 true zero", font, ink);
    }
}
