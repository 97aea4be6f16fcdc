//! Triangles: of one colour as an outline, else as pixels.

use eframe::egui::epaint::{ClippedPrimitive, ClippedShape, Primitive, WHITE_UV};
use eframe::egui::{Color32, Mesh, Rect, TextureId, vec2};

use super::drawing::Mark;
use super::outline::{Outline, polyline};
use crate::raster::{self, Image, offscreen::Scene};

/// What a mesh paints inside of `clip`.
pub(super) fn marks(mesh: &Mesh, clip: Rect, scene: &Scene) -> Vec<Mark> {
    let Some(first) = mesh.vertices.first() else { return Vec::new() };
    let plain = mesh.texture_id == TextureId::default();
    let is_even = |vertex: &eframe::egui::epaint::Vertex| {
        vertex.uv == WHITE_UV && vertex.color == first.color
    };
    if plain && mesh.vertices.iter().all(is_even) {
        return even(mesh, first.color).into_iter().collect();
    }
    if let Some(image) = whole_texture(mesh, scene) {
        return vec![image];
    }
    pixels(mesh.clone(), clip, scene).into_iter().collect()
}

/// Triangles of one colour, all turned the same way, so that two that share a side leave no seam.
fn even(mesh: &Mesh, colour: Color32) -> Option<Mark> {
    let triangle = |corners: &[u32]| {
        let [a, b, c] = [0, 1, 2].map(|i| mesh.vertices[corners[i] as usize].pos);
        let (first, second) = (b - a, c - a);
        let clockwise = first.x * second.y - first.y * second.x >= 0.0;
        polyline(&if clockwise { [a, b, c] } else { [a, c, b] }, true)
    };
    let outline: Outline = mesh.indices.chunks_exact(3).flat_map(triangle).collect();
    (!outline.is_empty() && colour != Color32::TRANSPARENT).then_some(Mark::Fill(outline, colour))
}

/// The texels of an image that a rectangle shows as a whole.
fn whole_texture(mesh: &Mesh, scene: &Scene) -> Option<Mark> {
    let (rect, uv) = (mesh.calc_bounds(), mesh.vertices.iter().map(|vertex| vertex.uv));
    let is_corner = |vertex: &eframe::egui::epaint::Vertex| {
        let place = |at: f32, from: f32, to: f32| (at - from) / (to - from);
        let x = place(vertex.pos.x, rect.left(), rect.right());
        let y = place(vertex.pos.y, rect.top(), rect.bottom());
        vertex.color == Color32::WHITE && vertex.uv.x == x && vertex.uv.y == y
    };
    let is_whole = uv.len() == 4 && mesh.vertices.iter().all(is_corner);
    let texture = scene.textures.get(mesh.texture_id).filter(|_| is_whole)?;
    Some(Mark::Image(rect, texture.image()))
}

/// A shape as the rasterizer paints it.
pub(super) fn painted(shape: ClippedShape, scene: &Scene) -> Vec<Mark> {
    let clip = shape.clip_rect;
    let primitives = scene.context.tessellate(vec![shape], scene.pixels_per_point);
    let mark = |primitive: ClippedPrimitive| match primitive.primitive {
        Primitive::Mesh(mesh) => pixels(mesh, clip, scene),
        Primitive::Callback(_) => None,
    };
    primitives.into_iter().filter_map(mark).collect()
}

/// A mesh as pixels of the scene's density.
pub(super) fn pixels(mut mesh: Mesh, clip: Rect, scene: &Scene) -> Option<Mark> {
    let density = scene.pixels_per_point;
    let bounds = mesh.calc_bounds().intersect(clip);
    let pixels = Rect::from_min_max(
        (bounds.min.to_vec2() * density).floor().to_pos2(),
        (bounds.max.to_vec2() * density).ceil().to_pos2(),
    );
    if !pixels.is_positive() {
        return None;
    }
    let [width, height] = [pixels.width(), pixels.height()].map(|side| side as usize);
    let rect = Rect::from_min_max(
        (pixels.min.to_vec2() / density).to_pos2(),
        (pixels.max.to_vec2() / density).to_pos2(),
    );
    mesh.translate(-rect.min.to_vec2());
    let mut image = Image::filled(width, height, Color32::TRANSPARENT);
    let clip_rect = Rect::from_min_size(Default::default(), vec2(rect.width(), rect.height()));
    let primitive = ClippedPrimitive { clip_rect, primitive: Primitive::Mesh(mesh) };
    raster::paint(&mut image, &[primitive], density, &scene.textures);
    Some(Mark::Image(rect, image))
}
