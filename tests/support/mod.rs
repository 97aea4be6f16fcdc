//! What the tests of the window share.

use eframe::egui::{Color32, Context, FullOutput, TexturesDelta};
use egui_kittest::TestRenderer;
use gradient_lab::raster::texture::Textures;
use gradient_lab::raster::{self, Image};
use image::RgbaImage;

/// Takes the pictures of an `egui_kittest::Harness` with the lab's own rasterizer.
///
/// No graphics card is asked, so a snapshot made on one machine holds on every other.
#[derive(Default)]
pub struct CpuRenderer {
    textures: Textures,
}

impl TestRenderer for CpuRenderer {
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        // Deltas arrive before the picture of their frame is asked for. What a frame frees it
        // does not show in the harness's pages, so both halves can be taken at once.
        self.textures.set(delta);
        self.textures.free(delta);
    }

    fn render(&mut self, context: &Context, output: &FullOutput) -> Result<RgbaImage, String> {
        let pixels_per_point = context.pixels_per_point();
        let size = context.content_rect().size() * pixels_per_point;
        let [width, height] = [size.x, size.y].map(|side| side.round() as u32);
        let mut image = Image::filled(width as usize, height as usize, Color32::TRANSPARENT);
        let primitives = context.tessellate(output.shapes.clone(), pixels_per_point);
        raster::paint(&mut image, &primitives, pixels_per_point, &self.textures);
        RgbaImage::from_raw(width, height, image.bytes().to_vec())
            .ok_or_else(|| format!("no picture of {width} × {height} pixels"))
    }
}
