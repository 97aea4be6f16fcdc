//! Paints the network's diagram.

use std::sync::Arc;

use eframe::egui::{
    self, Align2, Color32, FontId, Galley, Painter, Pos2, Rangef, Rect, RichText, Sense, Shape,
    Stroke, Ui, Vec2, Visuals, pos2, vec2,
};

use crate::figure::{Direction, Graph, GraphColumn, Link, Node, with_minus};

use super::colour_bar::{self, Ticks};
use super::layout::{MARGIN, Medium, heading};
use super::stage::{self, Stage, Under, Wish};
use super::{fonts, theme};

/// Room above the units for titles and arrows, in points.
const HEAD: f32 = 66.0;
/// More of it where skips are drawn.
const SKIP: f32 = 22.0;
/// No label is smaller than this, in points.
const SMALLEST: f32 = 10.0;
/// A pointer this near to an edge means it, in points.
const NEAR: f32 = 5.0;

/// The panel: heading, diagram, colour bar, key.
pub fn show(ui: &mut Ui, graph: &Graph, size: Vec2, stage: &Stage<'_>) -> Option<Wish> {
    heading(ui, &graph.heading);
    let height = (size.y - theme::HEADING - 26.0).max(120.0);
    let (rect, response) = ui.allocate_exact_size(vec2(size.x, height), Sense::click());
    let drawing = Rect::from_min_max(rect.min, pos2(rect.right() - MARGIN, rect.bottom()));
    let layout = Layout::of(graph, drawing);
    let pointer = response.hover_pos().filter(|_| stage.medium == Medium::Screen);
    let touched = pointer.and_then(|pointer| layout.touched(graph, pointer));
    paint(ui, graph, &layout, touched);
    let bar = Rect::from_min_max(pos2(drawing.right(), rect.top()), rect.max);
    let range = Rangef::new(rect.top() + head_height(graph), rect.bottom() - 8.0);
    let (scale, has_zero) = (&graph.scale, graph.has_zero());
    colour_bar::show(ui, scale, graph.quantity, has_zero, bar, range, Ticks::Decades);
    let under = touched.map(|touched| under(touched.story(graph)));
    let (wish, _) = stage::touched(ui, stage, response, under, None);
    ui.label(RichText::new(&graph.key).small().weak());
    wish
}

fn head_height(graph: &Graph) -> f32 {
    let has_skips = graph.columns.iter().any(|column| column.skip.is_some());
    if has_skips { HEAD + SKIP } else { HEAD }
}

/// A story, whose last line ends with the number.
fn under(story: &[String]) -> Under<'_> {
    let number = story.last().and_then(|line| line.rsplit_once(" = "));
    Under {
        // As programs read it.
        value: number.map(|(_, number)| number.replace('−', "-")),
        click: None,
        tooltip: Box::new(move |ui| {
            for line in story {
                ui.label(with_minus(line));
            }
        }),
    }
}

/// What the pointer is on.
#[derive(Clone, Copy, PartialEq)]
enum Touched {
    Node(usize, usize),
    Link(usize),
}

impl Touched {
    fn story(self, graph: &Graph) -> &[String] {
        match self {
            Self::Node(column, row) => &graph.columns[column].nodes[row].story,
            Self::Link(index) => &graph.links[index].story,
        }
    }
}

/// Where every unit stands.
struct Layout {
    centres: Vec<Vec<Pos2>>,
    radius: f32,
    top: f32,
    /// The distance between columns, and between the rows of the fullest one.
    across: f32,
    down: f32,
}

impl Layout {
    fn of(graph: &Graph, rect: Rect) -> Self {
        let columns = graph.columns.len().max(1) as f32;
        let most = graph.columns.iter().map(|c| c.nodes.len()).max().unwrap_or(1).max(1) as f32;
        let body = Rect::from_min_max(pos2(rect.left(), rect.top() + head_height(graph)), rect.max);
        let (across, down) = (body.width() / columns, body.height() / most);
        let centres = graph.columns.iter().enumerate().map(|(c, column)| {
            let x = body.left() + (c as f32 + 0.5) * across;
            let count = column.nodes.len() as f32;
            let y = |row: usize| body.center().y + (row as f32 - (count - 1.0) / 2.0) * down;
            (0..column.nodes.len()).map(|row| pos2(x, y(row) - 8.0)).collect()
        });
        let radius = (0.26 * down).min(0.16 * across).clamp(4.0, 20.0);
        Self { centres: centres.collect(), radius, top: rect.top(), across, down }
    }

    /// A unit under the pointer, or else the nearest edge.
    fn touched(&self, graph: &Graph, pointer: Pos2) -> Option<Touched> {
        for (column, centres) in self.centres.iter().enumerate() {
            for (row, centre) in centres.iter().enumerate() {
                if centre.distance(pointer) <= self.radius + 2.0 {
                    return Some(Touched::Node(column, row));
                }
            }
        }
        let distance = |link: &Link| {
            let [from, to] = self.ends(link);
            segment_distance(pointer, from, to)
        };
        let nearest = (0..graph.links.len())
            .min_by(|&a, &b| distance(&graph.links[a]).total_cmp(&distance(&graph.links[b])))?;
        (distance(&graph.links[nearest]) <= NEAR).then_some(Touched::Link(nearest))
    }

    fn ends(&self, link: &Link) -> [Pos2; 2] {
        let place = |column: usize, row: usize| self.centres[column][row];
        [place(link.column - 1, link.from), place(link.column, link.to)]
    }
}

fn segment_distance(point: Pos2, from: Pos2, to: Pos2) -> f32 {
    let along = to - from;
    let share = ((point - from).dot(along) / along.length_sq().max(1e-6)).clamp(0.0, 1.0);
    point.distance(from + share * along)
}

fn paint(ui: &Ui, graph: &Graph, layout: &Layout, touched: Option<Touched>) {
    let (painter, visuals) = (ui.painter(), ui.visuals());
    for (index, link) in graph.links.iter().enumerate() {
        let lit = touched == Some(Touched::Link(index));
        edge(painter, layout, link, lit, visuals);
    }
    loss_edges(painter, graph, layout, visuals);
    for (column, content) in graph.columns.iter().enumerate() {
        head(painter, layout, column, content, visuals);
        arrow(painter, layout, column, content, graph.direction, visuals);
        skip(painter, layout, column, content, visuals);
        for (row, node) in content.nodes.iter().enumerate() {
            let lit = touched == Some(Touched::Node(column, row));
            unit(painter, layout.centres[column][row], layout, node, lit, visuals);
        }
    }
}

fn sign_colour(sign: i8, visuals: &Visuals) -> Color32 {
    match sign {
        1 => theme::variant(0, visuals),
        -1 => theme::variant(1, visuals),
        _ => theme::zero(visuals),
    }
}

fn edge(painter: &Painter, layout: &Layout, link: &Link, lit: bool, visuals: &Visuals) {
    let colour = sign_colour(link.sign, visuals);
    let width = 0.4 + 3.6 * link.width * (layout.radius / 20.0).max(0.5);
    let (colour, width) = if lit {
        (visuals.strong_text_color(), width + 1.5)
    } else {
        (colour.gamma_multiply(0.35 + 0.55 * link.width), width)
    };
    painter.line_segment(layout.ends(link), Stroke::new(width, colour));
}

/// Every output leads to the loss.
fn loss_edges(painter: &Painter, graph: &Graph, layout: &Layout, visuals: &Visuals) {
    let [.., outputs, loss] = layout.centres.as_slice() else { return };
    let nodes = &graph.columns[graph.columns.len() - 2].nodes;
    for (from, _) in outputs.iter().zip(nodes) {
        for &to in loss {
            painter.line_segment([*from, to], Stroke::new(1.0, visuals.weak_text_color()));
        }
    }
}

/// Words in the larger of two sizes in which they are no wider than that; nothing where they are
/// wider in both: what cannot be read is left to the tooltip.
fn fitted(painter: &Painter, words: &str, width: f32, ink: Color32) -> Option<Arc<Galley>> {
    let sizes = [theme::SMALL, SMALLEST].into_iter();
    let laid =
        sizes.map(|size| painter.layout_no_wrap(words.to_owned(), FontId::proportional(size), ink));
    laid.into_iter().find(|galley| galley.size().x <= width)
}

fn unit(
    painter: &Painter,
    centre: Pos2,
    layout: &Layout,
    node: &Node,
    lit: bool,
    visuals: &Visuals,
) {
    let radius = layout.radius;
    let ink = visuals.text_color();
    let ground = match node.fill {
        _ if node.zero => theme::zero(visuals),
        Some(fill) => theme::colour(fill),
        None => visuals.panel_fill,
    };
    let stroke = Stroke::new(if lit { 3.0 } else { 1.4 }, ink);
    if node.summary {
        let square = Rect::from_center_size(centre, Vec2::splat(2.0 * radius));
        painter.rect(square, 4.0, ground, stroke, egui::StrokeKind::Inside);
    } else {
        painter.circle(centre, radius, ground, stroke);
    }
    if node.zero {
        painter.text(centre, Align2::CENTER_CENTER, "0", FontId::proportional(theme::SMALL), ink);
    }
    let below = centre + vec2(0.0, radius + 2.0);
    let Some(galley) = fitted(painter, &with_minus(&node.label), layout.across - 6.0, ink) else {
        return;
    };
    if 2.0 * radius + galley.size().y > layout.down {
        // It would lie over the unit below; the tooltip has it.
        return;
    }
    let at = Align2::CENTER_TOP.anchor_size(below, galley.size());
    // The ground behind the words keeps them apart from the edges.
    painter.rect_filled(at.expand2(vec2(2.0, -1.0)), 2.0, visuals.panel_fill);
    painter.galley(at.min, galley, ink);
}

/// Title and activation.
fn head(
    painter: &Painter,
    layout: &Layout,
    column: usize,
    content: &GraphColumn,
    visuals: &Visuals,
) {
    let Some(first) = layout.centres[column].first() else { return };
    let (x, top) = (first.x, layout.top);
    let ink = visuals.text_color();
    let font = FontId::new(theme::BODY, fonts::bold());
    let title = |words: &str| painter.layout_no_wrap(words.to_owned(), font.clone(), ink);
    let mut words = title(&content.title);
    if words.size().x > layout.across - 6.0 {
        // A narrow column has its number alone.
        words = title(content.title.rsplit(' ').next().unwrap_or_default());
    }
    let at = Align2::CENTER_TOP.anchor_size(pos2(x, top + 2.0), words.size());
    painter.galley(at.min, words, ink);
    let weak = visuals.weak_text_color();
    if let Some(words) = fitted(painter, &content.subtitle, layout.across - 4.0, weak) {
        painter.galley(pos2(x - 0.5 * words.size().x, top + 19.0), words, weak);
    }
}

/// The arrow between a column and the one before: a on its way forward, δ on its way back.
fn arrow(
    painter: &Painter,
    layout: &Layout,
    column: usize,
    content: &GraphColumn,
    direction: Direction,
    visuals: &Visuals,
) {
    let place = |column: usize| layout.centres[column].first().map(|first| first.x);
    let (Some(words), Some(before)) = (&content.arrow, column.checked_sub(1)) else { return };
    let (Some(left), Some(right)) = (place(before), place(column)) else { return };
    let y = layout.top + 48.0;
    let (left, right) = (pos2(left + 12.0, y), pos2(right - 12.0, y));
    // A point of the tip's base lies this far from its end.
    let (from, to, base, colour) = match direction {
        Direction::Forward => (left, right, -9.0, theme::variant(0, visuals)),
        Direction::Backward => (right, left, 9.0, theme::variant(1, visuals)),
    };
    painter.line_segment([from, to + vec2(base, 0.0)], Stroke::new(2.0, colour));
    let tip = vec![to, to + vec2(base, -4.5), to + vec2(base, 4.5)];
    painter.add(Shape::convex_polygon(tip, colour, Stroke::NONE));
    let (middle, font) = (left.lerp(right, 0.5) - vec2(0.0, 2.0), theme::SMALL);
    painter.text(middle, Align2::CENTER_BOTTOM, words, FontId::proportional(font), colour);
}

/// The way past a layer, from the column before: the sum of both goes on.
fn skip(
    painter: &Painter,
    layout: &Layout,
    column: usize,
    content: &GraphColumn,
    visuals: &Visuals,
) {
    let place = |column: usize| layout.centres[column].first().map(|first| first.x);
    let (Some(words), Some(before)) = (&content.skip, column.checked_sub(1)) else { return };
    let (Some(left), Some(right)) = (place(before), place(column)) else { return };
    let (y, ink) = (layout.top + HEAD + 9.0, visuals.text_color());
    let (from, to) = (pos2(left + 7.0, y), pos2(right - 7.0, y));
    painter.extend(Shape::dashed_line(&[from, to], Stroke::new(1.4, ink), 5.0, 3.0));
    painter.text(to, Align2::CENTER_CENTER, "+", FontId::proportional(theme::BODY), ink);
    if let Some(words) = fitted(painter, words, layout.across - 20.0, ink) {
        let middle = from.lerp(to, 0.5) - vec2(0.5 * words.size().x, words.size().y);
        painter.galley(middle, words, ink);
    }
}
