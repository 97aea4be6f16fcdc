//! Paints the ends of floating-point formats through bars, and on the bars what formats keep.

use eframe::egui::{
    self, Align2, Color32, FontId, Rangef, Rect, Response, RichText, Sense, Ui, pos2, vec2,
};
use egui_plot::{HLine, LineStyle, MarkerShape, PlotPoints, PlotTransform, PlotUi, Points};

use crate::figure::{Bars, Limit, StoredNorm, StoredNorms};

use super::axis;
use super::layout::MARGIN;
use crate::paint::theme;

/// Height of a label beside the plot, in points.
const LABEL: f32 = 14.0;
/// Width of the lines that lead from a limit to its label, in points.
const LEADER: f32 = 16.0;
/// Marks keep at least this distance, in points.
const MARKS_APART: f32 = 9.0;

/// How a format's marks look.
fn shape(format: &str) -> MarkerShape {
    if format == "fp16" { MarkerShape::Circle } else { MarkerShape::Diamond }
}

/// The ends of the formats, in the axis' colour.
pub fn lines(plot_ui: &mut PlotUi<'_>, bars: &Bars, colour: Color32) {
    let style = LineStyle::Dashed { length: 5.0 };
    for limit in bars.limits.iter().filter(|limit| limit.in_sight) {
        let line = HLine::new("", limit.log10).color(colour).width(1.0).style(style);
        plot_ui.hline(line.allow_hover(false));
    }
}

/// Where the marks of one format stand.
pub struct Place<'a> {
    /// What is kept.
    pub kept: &'a StoredNorms,
    /// The x of a layer, from 1.
    pub x: &'a dyn Fn(usize) -> f64,
    /// Where the marks of all formats stand at the same x, their size: 1 where there is room.
    pub shared: Option<f32>,
    /// How far above the floor a flushed norm is marked, as a share of the axis.
    pub lift: f64,
    /// The colour.
    pub ink: Color32,
    /// What lies around a mark, so that it is seen on a bar of its own colour.
    pub rim: Color32,
}

/// One format's marks: norms, and what is lost at the lower or the upper edge. Of many
/// layers some have marks, and so have those where something begins.
pub fn marks(plot_ui: &mut PlotUi<'_>, bars: &Bars, place: &Place<'_>) {
    let apart = plot_ui.transform().dpos_dvalue_x() as f32;
    let every = (MARKS_APART / apart).ceil().max(1.0) as usize;
    let norms = &place.kept.norms;
    let begins = |index: usize| {
        let kind = std::mem::discriminant(&norms[index]);
        norms.get(index + 1).is_some_and(|above| std::mem::discriminant(above) != kind)
            || index > 0 && std::mem::discriminant(&norms[index - 1]) != kind
    };
    let shown = (0..norms.len()).filter(|&index| index % every == 0 || begins(index));
    let air = place.lift * (bars.top - bars.floor);
    let (mut kept, mut flushed, mut beyond) = (Vec::new(), Vec::new(), Vec::new());
    for index in shown {
        let x = (place.x)(index + 1);
        match norms[index] {
            StoredNorm::Norm(norm) => kept.extend(norm.log10().map(|height| [x, height])),
            StoredNorm::Flushed => flushed.push([x, bars.floor + air]),
            StoredNorm::NotFinite => beyond.push([x, bars.top - 0.02 * (bars.top - bars.floor)]),
            StoredNorm::TrueZero => {}
        }
    }
    let own = shape(place.kept.format);
    // At one place a diamond stands inside a circle.
    let (radius, others) = match (place.shared, own) {
        (None, _) => (3.4, 3.4),
        (Some(size), MarkerShape::Circle) => (3.8 * size, 2.4 * size),
        (Some(size), _) => (1.8 * size, 2.4 * size),
    };
    for (points, shape, radius) in [
        (kept, own, radius),
        (flushed, MarkerShape::Down, others),
        (beyond, MarkerShape::Up, others),
    ] {
        for (colour, radius) in [(place.rim, radius + 1.2), (place.ink, radius)] {
            let points = Points::new("", PlotPoints::from(points.clone()));
            plot_ui.points(points.shape(shape).radius(radius).color(colour).allow_hover(false));
        }
    }
}

/// The least height of a panel in which the limits' names keep apart, with two rows of legend.
pub fn least_height(bars: &Bars) -> f32 {
    let names = bars.limits.iter().filter(|limit| limit.in_sight).count();
    (120.0 + LABEL * names as f32).max(190.0)
}

/// The names of the limits beside the plot, apart from one another, each with a line to it.
pub fn labels(ui: &mut Ui, bars: &Bars, transform: &PlotTransform, height: f32) {
    let (rect, _) = ui.allocate_exact_size(vec2(MARGIN, height), Sense::hover());
    let frame = *transform.frame();
    let at = |limit: &Limit| transform.position_from_point(&[0.0, limit.log10].into()).y;
    let mut limits: Vec<(&Limit, f32)> =
        bars.limits.iter().filter(|l| l.in_sight).map(|l| (l, at(l))).collect();
    limits.retain(|(_, y)| frame.y_range().contains(*y));
    limits.sort_by(|a, b| a.1.total_cmp(&b.1));
    let wished: Vec<f32> = limits.iter().map(|(_, y)| *y).collect();
    let placed = spread_out(&wished, frame.y_range());
    let colour = ui.visuals().weak_text_color();
    let left = rect.left() + 3.0;
    for ((limit, y), label) in limits.into_iter().zip(placed) {
        let stroke = (0.8, colour);
        let bend = left + 0.6 * LEADER;
        ui.painter().line_segment([pos2(frame.right(), y), pos2(left, y)], stroke);
        ui.painter().line_segment([pos2(left, y), pos2(bend, label)], stroke);
        ui.painter().line_segment([pos2(bend, label), pos2(left + LEADER, label)], stroke);
        let at = pos2(left + LEADER + 3.0, label);
        let font = FontId::proportional(theme::SMALL);
        let ink = ui.visuals().text_color();
        let text = ui.painter().text(at, Align2::LEFT_CENTER, &limit.name, font, ink);
        let hover = ui.interact(text, ui.scope_id().with(&limit.name), Sense::hover());
        hover.on_hover_text(&limit.hint);
    }
}

/// Heights as near as can be to those wished for (ascending), a label apart and in the frame.
fn spread_out(wished: &[f32], frame: Rangef) -> Vec<f32> {
    let mut placed = wished.to_vec();
    // Downwards what is too close gives way, then upwards from the lower edge.
    let mut least = frame.min;
    for y in &mut placed {
        *y = y.max(least);
        least = *y + LABEL;
    }
    let mut most = frame.max;
    for y in placed.iter_mut().rev() {
        *y = y.min(most);
        most = *y - LABEL;
    }
    // A cluster that was pushed down is brought back around the middle of its wishes.
    let mut from = 0;
    while from < placed.len() {
        let mut until = from + 1;
        while until < placed.len() && placed[until] - placed[until - 1] < LABEL + 0.5 {
            until += 1;
        }
        let sum = |values: &[f32]| values.iter().sum::<f32>();
        let count = (until - from) as f32;
        let back = (sum(&placed[from..until]) - sum(&wished[from..until])) / count;
        let room = match from {
            0 => placed[0] - frame.min,
            _ => placed[from] - placed[from - 1] - LABEL,
        };
        let back = back.min(room).max(0.0);
        placed[from..until].iter_mut().for_each(|y| *y -= back);
        from = until;
    }
    placed
}

/// Variants and marks in rows above the plot: the room beside it is for the limits.
pub fn legend(ui: &mut Ui, bars: &Bars) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(5.0, 2.0);
        for series in &bars.series {
            let colour = theme::variant(series.variant, ui.visuals());
            let name = axis::shortened(&series.name, 14);
            let swatch = |ui: &Ui, rect: Rect| {
                ui.painter().rect_filled(rect, 2.0, colour);
            };
            item(ui, swatch, RichText::new(name).small()).on_hover_text(&series.name);
        }
        let mut formats: Vec<&str> = bars.kept.iter().map(|kept| kept.format).collect();
        formats.sort_unstable_by(|a, b| b.cmp(a));
        formats.dedup();
        for format in formats {
            sample(ui, shape(format), &format!("kept in {format}"));
        }
        let any = |norm: StoredNorm| bars.kept.iter().any(|kept| kept.norms.contains(&norm));
        if any(StoredNorm::Flushed) {
            sample(ui, MarkerShape::Down, "flushed to 0");
        }
        if any(StoredNorm::NotFinite) {
            sample(ui, MarkerShape::Up, "not finite");
        }
        if bars.has_zero() {
            let zero = |ui: &Ui, rect: Rect| {
                let font = FontId::proportional(theme::SMALL);
                let ink = ui.visuals().weak_text_color();
                ui.painter().text(rect.center(), Align2::CENTER_CENTER, "0", font, ink);
            };
            item(ui, zero, RichText::new("true zero").small().weak());
        }
    });
}

/// A mark and its name.
fn sample(ui: &mut Ui, shape: MarkerShape, name: &str) {
    let mark = |ui: &Ui, rect: Rect| draw(ui, shape, rect, ui.visuals().text_color());
    item(ui, mark, RichText::new(name).small().weak());
}

/// What `paint` paints, and words beside it, in a new row where there is no room for both.
fn item(ui: &mut Ui, paint: impl FnOnce(&Ui, Rect), words: RichText) -> Response {
    const MARK: f32 = 11.0;
    const APART: f32 = 9.0;
    let font = FontId::proportional(theme::SMALL);
    let text = words.text().to_owned();
    let width = ui.painter().layout_no_wrap(text, font, Color32::WHITE).size().x;
    if ui.available_size_before_wrap().x < MARK + 5.0 + width {
        ui.end_row();
    }
    let (rect, _) = ui.allocate_exact_size(vec2(MARK, MARK), Sense::hover());
    paint(ui, rect);
    let response = ui.add(egui::Label::new(words).extend());
    ui.add_space(APART);
    response
}

/// A plot's marker by itself.
pub fn draw(ui: &Ui, shape: MarkerShape, rect: Rect, colour: Color32) {
    let (centre, r) = (rect.center(), 4.0);
    let polygon = |corners: &[[f32; 2]]| {
        let points = corners.iter().map(|[x, y]| centre + vec2(*x, *y) * r).collect();
        egui::Shape::convex_polygon(points, colour, egui::Stroke::NONE)
    };
    if shape == MarkerShape::Cross {
        let (a, b) = (vec2(3.0, 3.0), vec2(3.0, -3.0));
        for arm in [[centre - a, centre + a], [centre - b, centre + b]] {
            ui.painter().line_segment(arm, (1.0, colour));
        }
        return;
    }
    ui.painter().add(match shape {
        MarkerShape::Diamond => polygon(&[[0.0, -1.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]),
        MarkerShape::Down => polygon(&[[-0.9, -0.7], [0.9, -0.7], [0.0, 1.0]]),
        MarkerShape::Up => polygon(&[[-0.9, 0.7], [0.0, -1.0], [0.9, 0.7]]),
        _ => egui::Shape::circle_filled(centre, 0.8 * r, colour),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_keep_apart_and_inside() {
        let frame = Rangef::new(10.0, 210.0);
        for wished in [
            vec![12.0, 13.0, 14.0, 15.0, 150.0],
            vec![200.0, 205.0, 208.0, 209.0],
            vec![100.0, 101.0, 102.0],
            vec![50.0],
            vec![],
        ] {
            let placed = spread_out(&wished, frame);
            assert_eq!(placed.len(), wished.len());
            assert!(placed.windows(2).all(|pair| pair[1] - pair[0] > LABEL - 0.01), "{placed:?}");
            assert!(placed.iter().all(|y| frame.contains(*y)), "{wished:?} {placed:?}");
        }
        assert_eq!(spread_out(&[100.0, 101.0, 102.0], frame), [87.0, 101.0, 115.0]);
        assert_eq!(spread_out(&[20.0, 120.0], frame), [20.0, 120.0]);
    }
}
