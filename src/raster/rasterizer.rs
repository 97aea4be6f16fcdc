//! Paints egui's triangles without a graphics card, the same on every machine.
//!
//! egui hands out meshes of triangles whose corners have a position, a colour and a place in a
//! texture. A pixel belongs to a triangle if its centre lies inside. A centre on an edge belongs
//! to the triangle to whose left or top the edge is, so that of two triangles that share an
//! edge exactly one paints it. Corners are rounded to 1/256 of a pixel first: the test is then
//! one of whole numbers and has no rounding error.
//!
//! Colours are those of egui's own shaders: the corner's colour times the texture's, mixed
//! by *source + target × (1 − source alpha)*, all in gamma space.

use std::sync::LazyLock;

use eframe::egui::{
    Rect,
    epaint::{ClippedPrimitive, Mesh, Primitive},
};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::image::Image;
use super::shader::Shader;
use super::texture::{Texture, Textures};
use super::triangle::{Clip, Triangle, corners};

/// Images below this many pixels are not worth a second thread.
const PIXELS_WORTH_A_THREAD: usize = 1 << 18;

/// The threads that share out an image; none where the system refuses them.
static POOL: LazyLock<Option<ThreadPool>> = LazyLock::new(|| {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    let named = ThreadPoolBuilder::new().thread_name(|number| format!("raster-{number}"));
    named.num_threads(threads).build().ok()
});

/// Paints what `egui::Context::tessellate` returned over `image`.
///
/// `textures` must hold what the frame's texture changes brought. Meshes with a texture that it
/// lacks, and callbacks that would need a graphics card, are left out.
pub fn paint(
    image: &mut Image,
    primitives: &[ClippedPrimitive],
    pixels_per_point: f32,
    textures: &Textures,
) {
    let (width, height) = (image.width(), image.height());
    if width == 0 || height == 0 {
        return;
    }
    // Each band has rows of its own: the order of meshes is kept everywhere.
    let paint_band = |rows: usize, (index, pixels): (usize, &mut [[u8; 4]])| {
        let mut band = Band { top: index * rows, width, pixels };
        band.paint(primitives, pixels_per_point, textures);
    };
    let threads = POOL.as_ref().map_or(1, ThreadPool::current_num_threads);
    let rows = height.div_ceil((width * height / PIXELS_WORTH_A_THREAD).clamp(1, threads));
    match POOL.as_ref().filter(|_| rows < height) {
        None => paint_band(height, (0, image.pixels_mut())),
        Some(pool) => pool.install(|| {
            let bands = image.pixels_mut().par_chunks_mut(rows * width).enumerate();
            bands.for_each(|band| paint_band(rows, band));
        }),
    }
}

/// Some rows of the image.
struct Band<'a> {
    /// Which row of the image is the first.
    top: usize,
    width: usize,
    pixels: &'a mut [[u8; 4]],
}

impl Band<'_> {
    fn paint(&mut self, primitives: &[ClippedPrimitive], pixels_per_point: f32, all: &Textures) {
        for clipped in primitives {
            let Primitive::Mesh(mesh) = &clipped.primitive else {
                continue;
            };
            let clip = self.clip(clipped.clip_rect, pixels_per_point);
            if let Some(texture) = all.get(mesh.texture_id)
                && !clip.is_empty()
            {
                self.paint_mesh(mesh, pixels_per_point, texture, clip);
            }
        }
    }

    /// The part of this band inside `rect`, whose sides are rounded to whole pixels.
    fn clip(&self, rect: Rect, pixels_per_point: f32) -> Clip {
        let bottom = self.top + self.pixels.len() / self.width;
        // A cast from float to integer keeps to the integer's range, and makes 0 of a NaN.
        let pixel = |points: f32| (points * pixels_per_point).round() as i64;
        let (top, bottom) = (self.top as i64, bottom as i64);
        Clip {
            left: pixel(rect.min.x).max(0),
            right: pixel(rect.max.x).min(self.width as i64),
            top: pixel(rect.min.y).max(top),
            bottom: pixel(rect.max.y).min(bottom),
        }
    }

    fn paint_mesh(&mut self, mesh: &Mesh, pixels_per_point: f32, texture: &Texture, clip: Clip) {
        for indices in mesh.triangles() {
            let Some(vertices) = corners(mesh, indices) else {
                continue;
            };
            let Some(triangle) = Triangle::new(vertices, pixels_per_point) else {
                continue;
            };
            let rows = triangle.rows(clip);
            if !rows.is_empty() {
                let shader = Shader::new(&triangle, texture);
                self.paint_triangle(&triangle, &shader, rows, clip);
            }
        }
    }

    fn paint_triangle(
        &mut self,
        triangle: &Triangle<'_>,
        shader: &Shader<'_>,
        rows: std::ops::Range<i64>,
        clip: Clip,
    ) {
        for row in rows {
            let span = triangle.span(row, clip);
            if span.is_empty() {
                continue;
            }
            let start = (row as usize - self.top) * self.width;
            let pixels = &mut self.pixels[start + span.start as usize..start + span.end as usize];
            shader.paint(pixels, span.start, row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::{
        Color32, ColorImage, Pos2, TextureId, TextureOptions, TexturesDelta,
        epaint::{ImageDelta, Vertex},
        pos2,
    };

    /// A store with the one texture that egui's untextured shapes use: a white texel.
    fn white() -> Textures {
        with_texture(ColorImage::filled([1, 1], Color32::WHITE))
    }

    fn with_texture(image: ColorImage) -> Textures {
        let mut textures = Textures::default();
        let mut delta = TexturesDelta::default();
        delta.push(TextureId::default(), ImageDelta::full(image, TextureOptions::NEAREST));
        textures.set(&mut delta);
        textures
    }

    fn triangles(points: &[Pos2], color: Color32) -> Mesh {
        Mesh {
            indices: (0..points.len() as u32).collect(),
            vertices: points.iter().map(|point| Vertex::untextured(*point, color)).collect(),
            texture_id: TextureId::default(),
        }
    }

    fn painted(mesh: Mesh, clip_rect: Rect, pixels_per_point: f32, textures: &Textures) -> Image {
        let mut image = Image::filled(64, 64, Color32::BLACK);
        let primitives = [ClippedPrimitive { clip_rect, primitive: Primitive::Mesh(mesh) }];
        paint(&mut image, &primitives, pixels_per_point, textures);
        image
    }

    fn reds(image: &Image) -> Vec<u8> {
        image.pixels().iter().map(|pixel| pixel[0]).collect()
    }

    #[test]
    fn a_rectangle_covers_the_pixels_whose_centres_it_holds() {
        let mut mesh = Mesh::default();
        let rect = Rect::from_min_max(pos2(2.0, 3.0), pos2(7.5, 6.4));
        mesh.add_colored_rect(rect, Color32::WHITE);
        let image = painted(mesh, Rect::EVERYTHING, 1.0, &white());
        for y in 0..64 {
            for x in 0..64 {
                let inside = (2..7).contains(&x) && (3..6).contains(&y);
                let expected = if inside { [255; 4] } else { [0, 0, 0, 255] };
                assert_eq!(image.pixel(x, y), Some(expected), "at {x}, {y}");
            }
        }
    }

    #[test]
    fn a_triangle_has_its_area() {
        let points = [pos2(3.3, 2.1), pos2(60.2, 20.7), pos2(17.9, 61.4)];
        let image = painted(triangles(&points, Color32::WHITE), Rect::EVERYTHING, 1.0, &white());
        let count = reds(&image).iter().filter(|red| **red == 255).count() as f32;
        let area = 0.5
            * ((points[1] - points[0]).x * (points[2] - points[0]).y
                - (points[1] - points[0]).y * (points[2] - points[0]).x);
        assert!((count - area).abs() < 0.02 * area, "{count} against {area}");
    }

    #[test]
    fn triangles_around_a_point_paint_every_pixel_once() {
        // Half-transparent white leaves 128 where painted once, and 192 where painted twice.
        // The rim lies on pixel centres, the middle off the grid, the turns go both ways.
        let rim = [
            pos2(0.5, 0.5),
            pos2(32.0, 0.5),
            pos2(63.5, 0.5),
            pos2(63.5, 63.5),
            pos2(10.25, 63.5),
            pos2(0.5, 63.5),
            pos2(0.5, 7.75),
        ];
        let middle = pos2(29.37, 31.93);
        let points: Vec<Pos2> = (0..rim.len())
            .flat_map(|i| {
                let next = rim[(i + 1) % rim.len()];
                if i % 2 == 0 { [middle, rim[i], next] } else { [middle, next, rim[i]] }
            })
            .collect();
        let half = Color32::from_rgba_premultiplied(128, 128, 128, 128);
        let image = painted(triangles(&points, half), Rect::EVERYTHING, 1.0, &white());
        let mut counts = [0; 256];
        for red in reds(&image) {
            counts[red as usize] += 1;
        }
        // The left and the top rim are inside, the right and the bottom one are not.
        assert_eq!((counts[128], counts[0]), (63 * 63, 2 * 63 + 1));
    }

    #[test]
    fn colours_mix_by_alpha() {
        let mut mesh = Mesh::default();
        let red = Color32::from_rgba_premultiplied(100, 0, 0, 51);
        mesh.add_colored_rect(Rect::EVERYTHING, Color32::from_rgb(10, 200, 30));
        mesh.add_colored_rect(Rect::from_min_max(Pos2::ZERO, pos2(9.0, 9.0)), red);
        let image = painted(mesh, Rect::EVERYTHING, 1.0, &white());
        // 51 is a fifth of 255, so four fifths of what was there remain.
        assert_eq!(image.pixel(4, 4), Some([108, 160, 24, 255]));
    }

    #[test]
    fn colours_change_evenly_between_corners() {
        let mut mesh = triangles(&[], Color32::BLACK);
        for (x, gray) in [(0.0, 0), (64.0, 255)] {
            mesh.colored_vertex(pos2(x, 0.0), Color32::from_gray(gray));
            mesh.colored_vertex(pos2(x, 64.0), Color32::from_gray(gray));
        }
        mesh.add_triangle(0, 1, 2);
        mesh.add_triangle(1, 2, 3);
        let image = painted(mesh, Rect::EVERYTHING, 1.0, &white());
        for x in 0..64 {
            let expected = (255.0 * (x as f32 + 0.5) / 64.0 + 0.5) as u8;
            for y in [0, 31, 63] {
                assert_eq!(image.pixel(x, y).unwrap()[0], expected, "at {x}, {y}");
            }
        }
    }

    #[test]
    fn a_texture_is_laid_out_texel_by_texel() {
        let textures = with_texture(ColorImage::from_gray([2, 2], &[10, 20, 30, 40]));
        let mut mesh = Mesh::default();
        mesh.add_rect_with_uv(
            Rect::from_min_max(Pos2::ZERO, pos2(64.0, 64.0)),
            Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0)),
            Color32::WHITE,
        );
        let image = painted(mesh, Rect::EVERYTHING, 1.0, &textures);
        let corners = [(0, 0), (32, 31), (31, 32), (63, 63)];
        let grays = corners.map(|(x, y)| image.pixel(x, y).unwrap()[0]);
        assert_eq!(grays, [10, 20, 30, 40]);
    }

    #[test]
    fn clip_rectangles_are_in_points_and_round_to_pixels() {
        let mut mesh = Mesh::default();
        mesh.add_colored_rect(Rect::EVERYTHING, Color32::WHITE);
        let clip = Rect::from_min_max(pos2(1.0, 2.0), pos2(3.2, 4.0));
        let image = painted(mesh, clip, 2.0, &white());
        let count = reds(&image).iter().filter(|red| **red == 255).count();
        assert_eq!(count, (6 - 2) * (8 - 4));
        assert_eq!(image.pixel(2, 4).unwrap()[0], 255);
    }

    #[test]
    fn strange_meshes_are_left_out() {
        let mut mesh = triangles(&[Pos2::new(f32::NAN, 0.0); 3], Color32::WHITE);
        mesh.indices.extend([0, 1, 99]);
        let image = painted(mesh, Rect::EVERYTHING, 1.0, &white());
        assert!(reds(&image).iter().all(|red| *red == 0));
    }

    #[test]
    fn threads_do_not_change_a_pixel() {
        let points = [pos2(-900.0, -3.7), pos2(1501.3, 300.2), pos2(400.9, 1400.1)];
        let mesh = triangles(&points, Color32::from_rgba_premultiplied(9, 80, 70, 99));
        let primitives =
            [ClippedPrimitive { clip_rect: Rect::EVERYTHING, primitive: Primitive::Mesh(mesh) }];
        let textures = white();
        let mut threaded = Image::filled(1024, 1024, Color32::BLUE);
        let mut alone = threaded.clone();
        paint(&mut threaded, &primitives, 1.0, &textures);
        let mut band = Band { top: 0, width: 1024, pixels: alone.pixels_mut() };
        band.paint(&primitives, 1.0, &textures);
        assert!(threaded == alone);
    }
}
