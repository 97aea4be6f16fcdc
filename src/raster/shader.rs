//! The colours of a triangle's pixels.

use eframe::egui::TextureFilter;

use super::triangle::{Slope, Triangle};
use crate::raster::texture::Texture;

/// The colours of a triangle's pixels, each channel 0 to 255.
pub(super) enum Shader<'a> {
    /// One colour everywhere: nearly all that a plot is made of.
    Flat([f32; 4]),
    /// Evenly changing: the soft rims of egui's shapes.
    Smooth([Slope; 4]),
    /// A texture's colours times evenly changing ones: text and heatmaps.
    Textured { texture: &'a Texture, filter: TextureFilter, place: [Slope; 2], tint: [Slope; 4] },
}

impl<'a> Shader<'a> {
    pub(super) fn new(triangle: &Triangle<'_>, texture: &'a Texture) -> Self {
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
    pub(super) fn paint(&self, pixels: &mut [[u8; 4]], column: i64, row: i64) {
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
