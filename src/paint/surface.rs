//! Paints a decision surface with its examples.

use eframe::egui::{self, Color32, RichText, Ui, Vec2, vec2};
use egui_plot::{PlotImage, PlotPoint, Points};

use crate::figure::{Scale, Surface};

use super::layout::{AXIS_WIDTH, MARGIN, heading};
use super::stage::{Reach, Stage, Under, Wish};
use super::texture::Textures;
use super::{axis, colour_bar};
use crate::paint::theme;

/// Labels along a side keep at least this distance, in points.
const LABELS: f32 = 56.0;
/// An example's radius, in points, and that of its rim.
const RADII: [f32; 2] = [2.6, 3.8];

/// The panel: heading, square and colour bar.
pub fn show(
    ui: &mut Ui,
    surface: &Surface,
    textures: &mut Textures,
    size: Vec2,
    stage: &Stage<'_>,
) -> Option<Wish> {
    heading(ui, &surface.heading);
    let height = (size.y - theme::HEADING - 10.0).max(60.0);
    let row = ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let plot_size = vec2((size.x - MARGIN).max(80.0), height);
        let texture = textures.of_surface(ui.ctx(), stage, surface);
        let [x, y] = surface.labels;
        let linear = Scale::Linear { power: 0 };
        let plot = axis::plot(ui, "surface", plot_size)
            .data_aspect(1.0)
            .custom_x_axes(vec![axis::values_below(x, linear)])
            .custom_y_axes(vec![axis::values(y, linear)])
            .show_grid(false)
            .x_grid_spacer(move |input| marks(input.bounds, (plot_size.x - AXIS_WIDTH) / LABELS))
            .y_grid_spacer(move |input| marks(input.bounds, plot_size.y / LABELS))
            .include_x(surface.range.0)
            .include_x(surface.range.1)
            .include_y(surface.range.0)
            .include_y(surface.range.1);
        let reach = Reach {
            about: egui::util::hash(("surface", &surface.heading)),
            least: [0.05; 2],
            data: |_| Vec::new(),
        };
        let shown = stage.plot(ui, plot, reach, |plot_ui| {
            let (low, high) = surface.range;
            let centre = PlotPoint::new(0.5 * (low + high), 0.5 * (low + high));
            let size = Vec2::splat((high - low) as f32);
            plot_ui.image(PlotImage::new("", texture.id(), centre, size).allow_hover(false));
            for is_second in [false, true] {
                let of = surface.examples.iter().filter(|(_, target)| (*target > 0.5) == is_second);
                let places: Vec<[f64; 2]> = of.map(|(place, _)| *place).collect();
                // Lighter than the ground where the network is sure.
                let fill = theme::colour(surface.scale.colour(if is_second { 0.75 } else { 0.25 }));
                for (radius, colour) in [(RADII[1], Color32::WHITE), (RADII[0], fill)] {
                    let points = Points::new("", places.clone()).radius(radius).color(colour);
                    plot_ui.points(points.allow_hover(false));
                }
            }
        });
        let (rect, _) = ui.allocate_exact_size(vec2(MARGIN, height), egui::Sense::hover());
        let range = shown.transform.frame().y_range();
        let ticks = colour_bar::Ticks::Shares;
        colour_bar::show(ui, &surface.scale, surface.quantity, false, rect, range, ticks);
        shown.touched(ui, stage, |at| under(surface, at))
    });
    row.inner
}

fn marks(bounds: (f64, f64), labels: f32) -> Vec<egui_plot::GridMark> {
    axis::round_marks(bounds, labels, f64::MIN_POSITIVE)
}

/// The cell under the pointer.
fn under(surface: &Surface, at: PlotPoint) -> Option<Under<'_>> {
    let (x, y) = (surface.cell_at(at.x)?, surface.cell_at(at.y)?);
    let value = surface.values[y * surface.side + x];
    let tooltip = move |ui: &mut Ui| {
        let [first, second] = surface.labels;
        let place = [x, y].map(|cell| surface.middle(cell));
        let words = format!("{first} = {:.3}, {second} = {:.3}", place[0], place[1]);
        ui.label(RichText::new(words).strong());
        ui.label(format!("{}: {value:.4}", surface.quantity));
    };
    Some(Under { value: Some(value.to_string()), click: None, tooltip: Box::new(tooltip) })
}
