//! The walk over egui's shapes.

use eframe::egui::emath::TSTransform;
use eframe::egui::epaint::{
    CircleShape, ClippedShape, ColorMode, CornerRadiusF32, EllipseShape, PathShape, PathStroke,
    RectShape, StrokeKind,
};
use eframe::egui::{Color32, Rect, Shape, Stroke, Vec2};

use super::drawing::{Drawing, Mark, Piece};
use super::mesh;
use super::outline::{Outline, Step, ellipse, mapped, polyline, rectangle, turned};
use super::text::{Faces, runs};
use crate::raster::offscreen::Scene;

impl Drawing {
    /// What a scene shows.
    ///
    /// # Panics
    /// If the scene has a callback to a graphics card, which no picture of the lab has.
    pub fn of(scene: &Scene) -> Self {
        let mut walk = Walk { scene, faces: Faces::of(&scene.context), pieces: Vec::new() };
        for ClippedShape { clip_rect, shape, transform_after_tessellation } in &scene.shapes {
            let mut shape = shape.clone();
            shape.transform(*transform_after_tessellation);
            walk.shape(*clip_rect, &shape);
        }
        Self { size: scene.size, ground: scene.ground, pieces: walk.pieces }
    }
}

struct Walk<'a> {
    scene: &'a Scene,
    faces: Faces,
    pieces: Vec<Piece>,
}

impl Walk<'_> {
    fn shape(&mut self, clip: Rect, shape: &Shape) {
        match shape {
            Shape::Noop => {}
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| self.shape(clip, shape)),
            Shape::Circle(CircleShape { center, radius, fill, stroke }) => {
                let outline = ellipse(*center, Vec2::splat(*radius));
                self.filled_and_stroked(clip, outline, *fill, *stroke);
            }
            Shape::Ellipse(EllipseShape { center, radius, fill, stroke, angle }) => {
                let turn = |step| mapped(step, |point| turned(point, *center, *angle));
                let outline = ellipse(*center, *radius).into_iter().map(turn).collect();
                self.filled_and_stroked(clip, outline, *fill, *stroke);
            }
            Shape::LineSegment { points, stroke } => {
                self.line(clip, polyline(points, false), *stroke);
            }
            Shape::Path(PathShape { points, closed, fill, stroke }) => {
                let outline = polyline(points, *closed);
                let stroke = Stroke::new(stroke.width, colour(stroke, points));
                self.filled_and_stroked(clip, outline, *fill, stroke);
            }
            Shape::Rect(rect) => self.rectangle(clip, rect),
            Shape::Text(text) => {
                for mark in runs(text, self.scene, &self.faces) {
                    self.put(clip, mark);
                }
            }
            Shape::Mesh(mesh) => self.mesh(clip, mesh),
            Shape::QuadraticBezier(curve) => {
                let [from, by, to] = curve.points;
                let outline = self.curve(from, Step::Quadratic(by, to), curve.closed);
                let stroke = Stroke::new(curve.stroke.width, colour(&curve.stroke, &curve.points));
                self.filled_and_stroked(clip, outline, curve.fill, stroke);
            }
            Shape::CubicBezier(curve) => {
                let [from, first, second, to] = curve.points;
                let outline = self.curve(from, Step::Cubic(first, second, to), curve.closed);
                let stroke = Stroke::new(curve.stroke.width, colour(&curve.stroke, &curve.points));
                self.filled_and_stroked(clip, outline, curve.fill, stroke);
            }
            Shape::Band(_) => self.tessellated(clip, shape),
            Shape::Callback(_) => unreachable!("a picture needs no graphics card"),
        }
    }

    fn curve(&self, from: eframe::egui::Pos2, step: Step, closed: bool) -> Outline {
        [Step::Move(from), step].into_iter().chain(closed.then_some(Step::Close)).collect()
    }

    fn rectangle(&mut self, clip: Rect, shape: &RectShape) {
        if shape.brush.is_some() || shape.blur_width > 0.0 {
            return self.textured(clip, shape);
        }
        let turn = |step| mapped(step, |point| turned(point, shape.rect.center(), shape.angle));
        let outline = |rect: Rect, grown: f32| -> Outline {
            let corners = CornerRadiusF32::from(shape.corner_radius) + grown.into();
            rectangle(rect, corners).into_iter().map(turn).collect()
        };
        self.fill(clip, outline(shape.rect, 0.0), shape.fill);
        let grown = match shape.stroke_kind {
            StrokeKind::Inside => -0.5 * shape.stroke.width,
            StrokeKind::Middle => 0.0,
            StrokeKind::Outside => 0.5 * shape.stroke.width,
        };
        let has_corners = shape.corner_radius != Default::default();
        let corners = if has_corners { grown } else { 0.0 };
        self.line(clip, outline(shape.rect.expand(grown), corners), shape.stroke);
    }

    /// A rectangle of an image: its own texels where it shows the whole of it as it is.
    fn textured(&mut self, clip: Rect, shape: &RectShape) {
        let whole = Rect::from_min_max([0.0; 2].into(), [1.0; 2].into());
        let image = shape.brush.as_ref().filter(|brush| {
            brush.uv == whole && shape.fill == Color32::WHITE && shape.angle == 0.0
        });
        let texture = image.and_then(|brush| self.scene.textures.get(brush.fill_texture_id));
        match texture {
            Some(texture) => self.put(clip, Mark::Image(shape.rect, texture.image())),
            None => self.tessellated(clip, &Shape::Rect(shape.clone())),
        }
    }

    fn mesh(&mut self, clip: Rect, mesh: &eframe::egui::Mesh) {
        let marks = mesh::marks(mesh, clip, self.scene);
        marks.into_iter().for_each(|mark| self.put(clip, mark));
    }

    /// What no outline can show, as pixels.
    fn tessellated(&mut self, clip: Rect, shape: &Shape) {
        let shape = ClippedShape {
            clip_rect: clip,
            shape: shape.clone(),
            transform_after_tessellation: TSTransform::IDENTITY,
        };
        for mark in mesh::painted(shape, self.scene) {
            self.put(clip, mark);
        }
    }

    fn filled_and_stroked(&mut self, clip: Rect, outline: Outline, fill: Color32, stroke: Stroke) {
        self.fill(clip, outline.clone(), fill);
        self.line(clip, outline, stroke);
    }

    fn fill(&mut self, clip: Rect, outline: Outline, colour: Color32) {
        if colour != Color32::TRANSPARENT {
            self.put(clip, Mark::Fill(outline, colour));
        }
    }

    fn line(&mut self, clip: Rect, outline: Outline, stroke: Stroke) {
        if !stroke.is_empty() {
            self.put(clip, Mark::Line(outline, stroke.width, stroke.color));
        }
    }

    fn put(&mut self, clip: Rect, mark: Mark) {
        let clip = clip.intersect(Rect::from_min_size(Default::default(), self.scene.size));
        if clip.is_positive() {
            self.pieces.push(Piece { clip, mark });
        }
    }
}

/// A stroke's colour; of one that changes along its way the one in the middle.
fn colour(stroke: &PathStroke, points: &[eframe::egui::Pos2]) -> Color32 {
    match &stroke.color {
        ColorMode::Solid(colour) => *colour,
        ColorMode::UV(at) => {
            let bounds = Rect::from_points(points);
            at(bounds, bounds.center())
        }
    }
}
