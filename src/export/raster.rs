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

use eframe::egui::{
    Rect, TextureFilter,
    epaint::{ClippedPrimitive, Mesh, Primitive, Vertex},
};

use super::{
    image::Image,
    texture::{Texture, Textures},
};

/// Parts of a pixel that a corner's position is rounded to.
const SUB: i64 = 256;

/// Positions are kept within this many pixels, so that no product of two overflows.
const FAR: f32 = 2_097_152.0;

/// Images below this many pixels are not worth a second thread.
const PIXELS_WORTH_A_THREAD: usize = 1 << 18;

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
    let rows = height.div_ceil(thread_count(width * height));
    let bands = image.pixels_mut().chunks_mut(rows * width);
    // Each thread paints all meshes on rows of its own: the order of meshes is kept everywhere.
    std::thread::scope(|scope| {
        for (index, pixels) in bands.enumerate() {
            let mut band = Band { top: index * rows, width, pixels };
            scope.spawn(move || band.paint(primitives, pixels_per_point, textures));
        }
    });
}

fn thread_count(pixels: usize) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    (pixels / PIXELS_WORTH_A_THREAD).clamp(1, cores.min(8))
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
                let ink = Ink::new(&triangle, texture);
                self.paint_triangle(&triangle, &ink, rows, clip);
            }
        }
    }

    fn paint_triangle(
        &mut self,
        triangle: &Triangle<'_>,
        ink: &Ink<'_>,
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
            ink.paint(pixels, span.start, row);
        }
    }
}

/// The pixels that may be painted: `left..right` in the rows `top..bottom`.
#[derive(Clone, Copy)]
struct Clip {
    left: i64,
    right: i64,
    top: i64,
    bottom: i64,
}

impl Clip {
    fn is_empty(self) -> bool {
        self.left >= self.right || self.top >= self.bottom
    }
}

/// The corners of a mesh's triangle, unless an index leads nowhere.
fn corners(mesh: &Mesh, indices: [u32; 3]) -> Option<[&Vertex; 3]> {
    let [a, b, c] = indices.map(|index| mesh.vertices.get(index as usize));
    Some([a?, b?, c?])
}

/// A triangle on the grid of 1/256 pixels.
struct Triangle<'a> {
    /// The corners, clockwise as seen on the screen.
    vertices: [&'a Vertex; 3],
    /// Their positions in [`SUB`] parts of a pixel.
    points: [[i64; 2]; 3],
    /// Twice the area, in squared parts; above zero.
    area: i64,
    edges: [Edge; 3],
}

impl<'a> Triangle<'a> {
    /// `None` for a triangle without area or with a position that is no number.
    fn new(vertices: [&'a Vertex; 3], pixels_per_point: f32) -> Option<Self> {
        let [a, b, c] = vertices;
        let [p, q, r] = vertices.map(|vertex| grid_point(vertex, pixels_per_point));
        let (p, q, r) = (p?, q?, r?);
        let area = (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]);
        let (vertices, points) = match area {
            0 => return None,
            1.. => ([a, b, c], [p, q, r]),
            _ => ([a, c, b], [p, r, q]),
        };
        let [p, q, r] = points;
        Some(Self {
            vertices,
            points,
            area: area.abs(),
            edges: [Edge::new(p, q), Edge::new(q, r), Edge::new(r, p)],
        })
    }

    /// The rows with a pixel centre between the highest and the lowest corner.
    fn rows(&self, clip: Clip) -> std::ops::Range<i64> {
        let [a, b, c] = self.points.map(|point| point[1]);
        let (first, last) = (a.min(b).min(c), a.max(b).max(c));
        // Row y has its centre at y + 1/2.
        let start = (first - SUB / 2 + SUB - 1).div_euclid(SUB);
        let end = (last - SUB / 2).div_euclid(SUB) + 1;
        start.max(clip.top)..end.min(clip.bottom)
    }

    /// The pixels of one row that belong to the triangle.
    fn span(&self, row: i64, clip: Clip) -> std::ops::Range<i64> {
        let mut span = clip.left..clip.right;
        for edge in &self.edges {
            edge.cut(row, &mut span);
        }
        span
    }
}

/// A corner's position in [`SUB`] parts of a pixel, or `None` if it is no number.
fn grid_point(vertex: &Vertex, pixels_per_point: f32) -> Option<[i64; 2]> {
    let grid = |points: f32| {
        let pixels = points * pixels_per_point;
        let parts = pixels.clamp(-FAR, FAR) * SUB as f32;
        // Not `round`, which the default target calls a function for.
        (!pixels.is_nan()).then(|| (parts + 0.5_f32.copysign(parts)) as i64)
    };
    Some([grid(vertex.pos.x)?, grid(vertex.pos.y)?])
}

/// One side of a triangle: the function *at_origin + right × column + down × row* of a pixel's
/// centre, zero or above on the inner side.
struct Edge {
    at_origin: i64,
    right: i64,
    down: i64,
}

impl Edge {
    /// The side from `a` to `b`, with the triangle to its right when looking from `a` to `b`.
    fn new(a: [i64; 2], b: [i64; 2]) -> Self {
        let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
        let at_centre = dx * (SUB / 2 - a[1]) - dy * (SUB / 2 - a[0]);
        // A centre right on the edge counts on left sides (which go up) and on top sides
        // (which go right); on the others it has to be further in.
        let owns_its_points = dy < 0 || (dy == 0 && dx > 0);
        Self {
            at_origin: at_centre - i64::from(!owns_its_points),
            right: -dy * SUB,
            down: dx * SUB,
        }
    }

    /// Takes the pixels on the outer side out of a row's span.
    fn cut(&self, row: i64, span: &mut std::ops::Range<i64>) {
        let at_row = self.at_origin + self.down * row;
        match self.right {
            1.. => span.start = span.start.max(-at_row.div_euclid(self.right)),
            0 if at_row < 0 => span.end = span.start,
            0 => {}
            _ => span.end = span.end.min(at_row.div_euclid(-self.right) + 1),
        }
    }
}

/// A quantity that grows evenly over a triangle, known at its corners.
#[derive(Clone, Copy)]
struct Slope {
    at_origin: f64,
    right: f64,
    down: f64,
}

impl Slope {
    fn new(triangle: &Triangle<'_>, values: [f32; 3]) -> Self {
        let [a, b, c] = triangle.points;
        let [value, to_b, to_c] = {
            let [va, vb, vc] = values.map(f64::from);
            [va, vb - va, vc - va]
        };
        let scale = SUB as f64 / triangle.area as f64;
        let right = (to_b * (c[1] - a[1]) as f64 - to_c * (b[1] - a[1]) as f64) * scale;
        let down = (to_c * (b[0] - a[0]) as f64 - to_b * (c[0] - a[0]) as f64) * scale;
        let [x, y] = a.map(|part| part as f64 / SUB as f64 - 0.5);
        Self { at_origin: value - right * x - down * y, right, down }
    }

    /// The value at a pixel's centre, and what each pixel further right adds.
    fn start(&self, column: i64, row: i64) -> [f32; 2] {
        let value = self.at_origin + self.right * column as f64 + self.down * row as f64;
        [value as f32, self.right as f32]
    }
}

/// The colours of a triangle's pixels, each channel 0 to 255.
enum Ink<'a> {
    /// The same everywhere: nearly all that a plot is made of.
    Flat([f32; 4]),
    /// Evenly changing: the soft rims of egui's shapes.
    Smooth([Slope; 4]),
    /// A texture's colours times evenly changing ones: text and heatmaps.
    Textured { texture: &'a Texture, filter: TextureFilter, place: [Slope; 2], tint: [Slope; 4] },
}

impl<'a> Ink<'a> {
    fn new(triangle: &Triangle<'_>, texture: &'a Texture) -> Self {
        let [a, b, c] = triangle.vertices;
        if a.uv != b.uv || b.uv != c.uv {
            return Self::textured(triangle, texture);
        }
        let [width, height] = texture.size().map(|side| side as f32);
        let (x, y) = (a.uv.x * width, a.uv.y * height);
        let texel = texture.sample(x, y, texture.filter(0.0));
        if a.color == b.color && b.color == c.color {
            Self::Flat(tinted(a.color.to_array().map(f32::from), texel))
        } else {
            Self::Smooth(tint(triangle, texel))
        }
    }

    fn textured(triangle: &Triangle<'_>, texture: &'a Texture) -> Self {
        let [width, height] = texture.size().map(|side| side as f32);
        let place = [
            Slope::new(triangle, triangle.vertices.map(|v| v.uv.x * width)),
            Slope::new(triangle, triangle.vertices.map(|v| v.uv.y * height)),
        ];
        Self::Textured {
            texture,
            filter: texture.filter(texels_per_pixel(&place)),
            place,
            tint: tint(triangle, [255.0; 4]),
        }
    }

    /// Paints the pixels of `row` from `column` on.
    fn paint(&self, pixels: &mut [[u8; 4]], column: i64, row: i64) {
        match self {
            Self::Flat(color) if color[3] >= 255.0 => pixels.fill(color.map(to_byte)),
            Self::Flat(color) => pixels.iter_mut().for_each(|pixel| over(pixel, *color)),
            Self::Smooth(slopes) => {
                let channels = slopes.map(|slope| slope.start(column, row));
                each(pixels, |pixel, step| over(pixel, at(&channels, step)));
            }
            Self::Textured { texture, filter, place, tint } => {
                let [x, y] = place.map(|slope| slope.start(column, row));
                let channels = tint.map(|slope| slope.start(column, row));
                each(pixels, |pixel, step| {
                    let texel = texture.sample(x[0] + step * x[1], y[0] + step * y[1], *filter);
                    if texel != [0.0; 4] {
                        over(pixel, tinted(at(&channels, step), texel));
                    }
                });
            }
        }
    }
}

/// The slopes of the corners' colours, times a colour that is the same everywhere.
fn tint(triangle: &Triangle<'_>, texel: [f32; 4]) -> [Slope; 4] {
    let colors =
        triangle.vertices.map(|vertex| tinted(vertex.color.to_array().map(f32::from), texel));
    std::array::from_fn(|channel| Slope::new(triangle, colors.map(|color| color[channel])))
}

/// How many texels the longer of the steps right and down goes.
fn texels_per_pixel(place: &[Slope; 2]) -> f32 {
    let [x, y] = place;
    let right = x.right * x.right + y.right * y.right;
    let down = x.down * x.down + y.down * y.down;
    right.max(down).sqrt() as f32
}

/// Calls `paint` with each pixel and its distance from the first.
fn each(pixels: &mut [[u8; 4]], paint: impl Fn(&mut [u8; 4], f32)) {
    for (step, pixel) in pixels.iter_mut().enumerate() {
        paint(pixel, step as f32);
    }
}

/// The colour some pixels right of a span's start.
fn at(channels: &[[f32; 2]; 4], step: f32) -> [f32; 4] {
    channels.map(|[start, right]| start + step * right)
}

/// The product of two colours.
fn tinted(color: [f32; 4], texel: [f32; 4]) -> [f32; 4] {
    std::array::from_fn(|channel| color[channel] * texel[channel] * (1.0 / 255.0))
}

/// Lays a colour over a pixel.
fn over(pixel: &mut [u8; 4], color: [f32; 4]) {
    let keep = 1.0 - color[3] * (1.0 / 255.0);
    *pixel = std::array::from_fn(|i| to_byte(color[i] + f32::from(pixel[i]) * keep));
}

/// Rounds to the nearest whole number from 0 to 255.
fn to_byte(value: f32) -> u8 {
    (value + 0.5) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::{
        Color32, ColorImage, Pos2, TextureId, TextureOptions, TexturesDelta, epaint::ImageDelta,
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
