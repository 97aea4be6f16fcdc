//! The textures that egui's triangles are painted with: the glyph atlas, heatmaps, icons.

use std::collections::HashMap;

use eframe::egui::{
    TextureFilter, TextureId, TextureOptions, TextureWrapMode, TexturesDelta, epaint::ImageData,
    epaint::ImageDelta,
};

use super::image::Image;

/// All textures that a context has handed out, by their id.
#[derive(Default)]
pub struct Textures {
    textures: HashMap<TextureId, Texture>,
}

impl Textures {
    /// Takes the new and changed textures out of `delta`. Do so before painting the frame.
    pub fn set(&mut self, delta: &mut TexturesDelta) {
        for (id, changes) in delta.set.drain() {
            for change in changes {
                self.change(id, &change);
            }
        }
    }

    /// Drops the textures that `delta` frees. Do so after painting the frame, which may
    /// still show them.
    pub fn free(&mut self, delta: &mut TexturesDelta) {
        for id in delta.free.drain() {
            self.textures.remove(&id);
        }
    }

    /// The texture of that id, unless it was never set or has been freed.
    pub fn get(&self, id: TextureId) -> Option<&Texture> {
        self.textures.get(&id)
    }

    fn change(&mut self, id: TextureId, change: &ImageDelta) {
        match change.pos {
            None => {
                self.textures.insert(id, Texture::new(change));
            }
            Some(at) => {
                if let Some(texture) = self.textures.get_mut(&id) {
                    texture.patch(at, &change.image);
                    texture.options = change.options;
                }
            }
        }
    }
}

/// One texture. Its colours are in gamma space and multiplied by alpha.
pub struct Texture {
    width: usize,
    height: usize,
    texels: Vec<[u8; 4]>,
    options: TextureOptions,
}

impl Texture {
    fn new(change: &ImageDelta) -> Self {
        let ImageData::Color(image) = &change.image;
        Self {
            width: image.width(),
            height: image.height(),
            texels: image.pixels.iter().map(|color| color.to_array()).collect(),
            options: change.options,
        }
    }

    /// Copies `image` over the texels from column and row `at`; what sticks out is left out.
    fn patch(&mut self, at: [usize; 2], image: &ImageData) {
        let ImageData::Color(image) = image;
        let [left, top] = at;
        let columns = image.width().min(self.width.saturating_sub(left));
        let rows = image.height().min(self.height.saturating_sub(top));
        for row in 0..rows {
            let from = &image.pixels[row * image.width()..][..columns];
            let into = &mut self.texels[(top + row) * self.width + left..][..columns];
            for (texel, color) in into.iter_mut().zip(from) {
                *texel = color.to_array();
            }
        }
    }

    /// Its texels as an image.
    pub fn image(&self) -> Image {
        Image::of(self.width, self.height, self.texels.clone())
    }

    /// Width and height in texels.
    pub fn size(&self) -> [usize; 2] {
        [self.width, self.height]
    }

    /// The filter for a texture of which `texels_per_pixel` fall on one pixel's side.
    /// Mipmaps are not kept: the lab reduces its maps by rules of its own.
    pub fn filter(&self, texels_per_pixel: f32) -> TextureFilter {
        if texels_per_pixel > 1.0 { self.options.minification } else { self.options.magnification }
    }

    /// The colour at (`x`, `y`) in texels from the upper left corner, each channel 0 to 255.
    pub fn sample(&self, x: f32, y: f32, filter: TextureFilter) -> [f32; 4] {
        match filter {
            TextureFilter::Nearest => self.texel(floor(x), floor(y)).map(f32::from),
            TextureFilter::Linear => self.bilinear(x, y),
        }
    }

    /// Mixes the four texels whose centres surround the point, with weights of 1/256, as
    /// graphics cards do. So text that lies on whole pixels needs one texel and stays sharp.
    fn bilinear(&self, x: f32, y: f32) -> [f32; 4] {
        let (x, y) = (sub_texel(x), sub_texel(y));
        let (column, row) = (x >> 8, y >> 8);
        let (right, low) = (x & 255, y & 255);
        let corner = self.texel(column, row);
        if right == 0 && low == 0 {
            return corner.map(f32::from);
        }
        let corners = [
            (corner, (256 - right) * (256 - low)),
            (self.texel(column + 1, row), right * (256 - low)),
            (self.texel(column, row + 1), (256 - right) * low),
            (self.texel(column + 1, row + 1), right * low),
        ];
        std::array::from_fn(|channel| {
            let sum: i32 =
                corners.iter().map(|(texel, weight)| i32::from(texel[channel]) * weight).sum();
            sum as f32 / 65536.0
        })
    }

    fn texel(&self, column: i32, row: i32) -> [u8; 4] {
        let column = wrap(column, self.width, self.options.wrap_mode);
        let row = wrap(row, self.height, self.options.wrap_mode);
        // A texture without texels paints nothing.
        let index = row * self.width + column;
        self.texels.get(index).copied().unwrap_or_default()
    }
}

/// Brings an index outside of `0..size` back into it, as `mode` says.
fn wrap(index: i32, size: usize, mode: TextureWrapMode) -> usize {
    let index = index as isize;
    let size = size.max(1) as isize;
    let inside = match mode {
        TextureWrapMode::ClampToEdge => index.clamp(0, size - 1),
        TextureWrapMode::Repeat => index.rem_euclid(size),
        TextureWrapMode::MirroredRepeat => {
            let phase = index.rem_euclid(2 * size);
            phase.min(2 * size - 1 - phase)
        }
    };
    inside as usize
}

/// Distance from the centre of the first texel, in 1/256 of a texel.
fn sub_texel(x: f32) -> i32 {
    floor(x * 256.0 + 0.5).saturating_sub(128)
}

/// `x.floor() as i32`, which on the default target is a call into the mathematics library.
fn floor(x: f32) -> i32 {
    let whole = x as i32;
    if (whole as f32) > x { whole.saturating_sub(1) } else { whole }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::{Color32, ColorImage};

    const ID: TextureId = TextureId::Managed(7);

    fn gray_texture(size: [usize; 2], grays: &[u8], options: TextureOptions) -> Textures {
        let mut textures = Textures::default();
        let mut delta = TexturesDelta::default();
        let image = ColorImage::from_gray(size, grays);
        delta.push(ID, ImageDelta::full(image, options));
        textures.set(&mut delta);
        textures
    }

    fn red(textures: &Textures, x: f32, y: f32, filter: TextureFilter) -> f32 {
        textures.get(ID).unwrap().sample(x, y, filter)[0]
    }

    #[test]
    fn bilinear_samples_meet_the_texels_at_their_centres() {
        let textures = gray_texture([2, 1], &[0, 200], TextureOptions::LINEAR);
        let at = |x| red(&textures, x, 0.5, TextureFilter::Linear);
        assert_eq!([at(0.5), at(1.0), at(1.25), at(1.5)], [0.0, 100.0, 150.0, 200.0]);
        assert_eq!([at(-3.0), at(9.0)], [0.0, 200.0], "clamped to the edge");
    }

    #[test]
    fn nearest_samples_are_texels() {
        let textures = gray_texture([2, 2], &[1, 2, 3, 4], TextureOptions::NEAREST_REPEAT);
        let at = |x, y| red(&textures, x, y, TextureFilter::Nearest);
        assert_eq!([at(0.99, 0.0), at(1.0, 1.5)], [1.0, 4.0]);
        assert_eq!([at(2.5, 0.5), at(-0.5, 0.5)], [1.0, 2.0], "repeated");
    }

    #[test]
    fn mirrored_textures_turn_at_both_edges() {
        let indices = [-2, -1, 0, 1, 2, 3, 4];
        let mirrored = indices.map(|i| wrap(i, 2, TextureWrapMode::MirroredRepeat));
        assert_eq!(mirrored, [1, 0, 0, 1, 1, 0, 0]);
    }

    #[test]
    fn a_patch_changes_its_texels_only_and_may_stick_out() {
        let mut textures = gray_texture([2, 2], &[1, 2, 3, 4], TextureOptions::NEAREST);
        let mut delta = TexturesDelta::default();
        let patch = ColorImage::filled([5, 5], Color32::from_gray(9));
        delta.push(ID, ImageDelta::partial([1, 1], patch, TextureOptions::NEAREST));
        textures.set(&mut delta);
        let grays: Vec<u8> = textures.textures[&ID].texels.iter().map(|t| t[0]).collect();
        assert_eq!(grays, [1, 2, 3, 9]);
    }

    #[test]
    fn a_freed_texture_is_gone() {
        let mut textures = gray_texture([1, 1], &[1], TextureOptions::NEAREST);
        let mut delta = TexturesDelta::default();
        delta.free(ID);
        textures.free(&mut delta);
        assert!(textures.get(ID).is_none());
        assert!(delta.is_empty());
    }
}
