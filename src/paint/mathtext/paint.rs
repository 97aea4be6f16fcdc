//! Painting a formula: everything lands on whole physical pixels vertically.
//!
//! Baselines are rounded to pixels, so that hinted glyphs stay sharp; horizontally egui's own
//! quarter-pixel bins keep TeX's spacing even at low density. Rules are whole pixels thick.

use eframe::egui::text::LayoutJob;
use eframe::egui::{
    Color32, FontFamily, FontId, Mesh, Painter, Pos2, Rect, Shape, Stroke, Vec2, pos2, vec2,
};

use super::formula::{Formula, Ink, Item};

/// Thickness of a line that strikes a term out, in em (TeX's default rule).
const STROKE_EM: f32 = 0.046;

/// egui tells four horizontal positions of a glyph within a pixel apart.
const BINS_PER_PIXEL: f32 = 4.0;

impl Formula {
    /// Paints the formula with the left end of its baseline at `baseline`, in points.
    ///
    /// One em is `size_points`; `text_color` inks all that the LaTeX does not colour itself.
    pub fn paint(&self, painter: &Painter, baseline: Pos2, size_points: f32, text_color: Color32) {
        let brush = Brush::new(painter, baseline, size_points, text_color);
        let mut solids = Mesh::default();
        let mut others = Vec::new();
        for (index, item) in self.items.iter().enumerate() {
            match item {
                Item::Glyph { at, scale, family, sign, ink } => {
                    others.push(brush.glyph(*at, *scale, family, *sign, *ink));
                }
                Item::Rule { at, size, ink } => brush.rule(&mut solids, *at, *size, *ink),
                Item::Fill { at, size, ink } => brush.fill(&mut solids, *at, *size, *ink),
                Item::Outlines { ink, .. } => {
                    for patch in self.patches(index, brush.em_px).iter() {
                        let ink = brush.color(*ink);
                        patch.paint(&mut solids, brush.origin, brush.pixels_per_point, ink);
                    }
                }
                Item::Stroke { points, ink } => others.push(brush.stroke(points, *ink)),
            }
        }
        painter.add(Shape::mesh(solids));
        painter.extend(others);
    }
}

/// Where, how large and in which colour a formula is painted.
struct Brush<'a> {
    painter: &'a Painter,
    pixels_per_point: f32,
    /// The left end of the baseline, on a whole pixel, in points.
    origin: Pos2,
    size_points: f32,
    em_px: f32,
    text_color: Color32,
}

impl<'a> Brush<'a> {
    fn new(painter: &'a Painter, baseline: Pos2, size_points: f32, text_color: Color32) -> Self {
        let pixels_per_point = painter.pixels_per_point();
        Self {
            painter,
            pixels_per_point,
            origin: (baseline * pixels_per_point).round() / pixels_per_point,
            size_points,
            em_px: size_points * pixels_per_point,
            text_color,
        }
    }

    fn color(&self, ink: Ink) -> Color32 {
        ink.unwrap_or(self.text_color)
    }

    /// Pixels from the origin to points on the screen.
    fn point(&self, px: Pos2) -> Pos2 {
        self.origin + px.to_vec2() / self.pixels_per_point
    }

    /// A galley of one sign. The whole pixels place the galley, the rest is its leading space,
    /// since egui rounds a galley's position but not a glyph's within it.
    fn glyph(&self, at: Vec2, scale: f32, family: &FontFamily, sign: char, ink: Ink) -> Shape {
        let px = at * self.em_px;
        let left = (px.x * BINS_PER_PIXEL).round() / BINS_PER_PIXEL;
        let whole = left.floor();
        let font = FontId::new(self.size_points * scale, family.clone());
        let color = self.color(ink);
        let job = one_sign(sign, font, color, (left - whole) / self.pixels_per_point);
        let galley = self.painter.layout_job(job);
        let ascent =
            galley.rows.first().and_then(|row| row.glyphs.first()).map_or(0.0, |glyph| glyph.pos.y);
        let baseline = self.point(pos2(whole, px.y.round()));
        Shape::galley(baseline - vec2(0.0, ascent), galley, color)
    }

    /// A horizontal rule, at least one pixel thick, that keeps its middle.
    fn rule(&self, mesh: &mut Mesh, at: Vec2, size: Vec2, ink: Ink) {
        let thickness = (size.y * self.em_px).round().max(1.0);
        let top = (at.y * self.em_px - thickness / 2.0).round();
        let left = (at.x * self.em_px).round();
        let right = ((at.x + size.x) * self.em_px).round();
        let rect = Rect::from_min_max(pos2(left, top), pos2(right, top + thickness));
        self.solid(mesh, rect, ink);
    }

    /// A box whose corners are moved to whole pixels; no side vanishes.
    fn fill(&self, mesh: &mut Mesh, at: Vec2, size: Vec2, ink: Ink) {
        let corner = (at.to_pos2() * self.em_px).round();
        let size = (size * self.em_px).round().max(Vec2::splat(1.0));
        self.solid(mesh, Rect::from_min_size(corner, size), ink);
    }

    fn solid(&self, mesh: &mut Mesh, px: Rect, ink: Ink) {
        let rect = Rect::from_min_max(self.point(px.min), self.point(px.max));
        mesh.add_colored_rect(rect, self.color(ink));
    }

    fn stroke(&self, points: &[Vec2], ink: Ink) -> Shape {
        let points = points.iter().map(|point| self.origin + *point * self.size_points).collect();
        let width = (STROKE_EM * self.size_points).max(1.0 / self.pixels_per_point);
        Shape::line(points, Stroke::new(width, self.color(ink)))
    }
}

fn one_sign(sign: char, font: FontId, color: Color32, leading_space: f32) -> LayoutJob {
    let mut job = LayoutJob::simple(sign.to_string(), font, color, f32::INFINITY);
    for section in &mut job.sections {
        section.leading_space = leading_space;
    }
    job
}
