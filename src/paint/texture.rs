//! Heatmaps as textures, made anew only when their data, theme or resolution changes.

use std::sync::Arc;

use eframe::egui::{Color32, ColorImage, Context, TextureHandle, TextureOptions, Visuals};

use crate::figure::{Cell, Figure, Heat, Map, MapCell, Surface};

use super::stage::Stage;
use crate::paint::theme;

/// Cells a side of a texture at the most.
pub const MOST_CELLS: usize = 2048;

/// The textures in use.
#[derive(Default)]
pub struct Textures {
    kept: Vec<Cached>,
}

struct Cached {
    figure: Arc<Figure>,
    panel: usize,
    dark: bool,
    resolution: usize,
    texture: TextureHandle,
}

/// Figures whose textures are kept: a page's figures, and a few more for switching back.
const KEPT: usize = 12;

impl Textures {
    /// The texture of a panel of a figure, with blocks of cells merged down to `resolution`
    /// a side.
    pub fn of(
        &mut self,
        context: &Context,
        stage: &Stage<'_>,
        heat: &Heat,
        visuals: &Visuals,
        resolution: usize,
    ) -> TextureHandle {
        let make = || image(heat, visuals, resolution);
        self.kept(context, stage, visuals.dark_mode, resolution, make)
    }

    /// The texture of a map.
    pub fn of_map(
        &mut self,
        context: &Context,
        stage: &Stage<'_>,
        map: &Map,
        visuals: &Visuals,
    ) -> TextureHandle {
        self.kept(context, stage, visuals.dark_mode, MOST_CELLS, || map_image(map, visuals))
    }

    /// The texture of a decision surface.
    pub fn of_surface(
        &mut self,
        context: &Context,
        stage: &Stage<'_>,
        surface: &Surface,
    ) -> TextureHandle {
        // Its colours are the same on any ground.
        self.kept(context, stage, false, MOST_CELLS, || surface_image(surface))
    }

    fn kept(
        &mut self,
        context: &Context,
        &Stage { figure, panel, .. }: &Stage<'_>,
        dark: bool,
        resolution: usize,
        make: impl FnOnce() -> ColorImage,
    ) -> TextureHandle {
        let matches = |kept: &Cached| {
            Arc::ptr_eq(&kept.figure, figure)
                && kept.panel == panel
                && kept.dark == dark
                && kept.resolution == resolution
        };
        if let Some(kept) = self.kept.iter().find(|kept| matches(kept)) {
            return kept.texture.clone();
        }
        let texture = context.load_texture("heatmap", make(), TextureOptions::NEAREST);
        if self.kept.len() >= KEPT {
            self.kept.remove(0);
        }
        let figure = figure.clone();
        self.kept.push(Cached { figure, panel, dark, resolution, texture: texture.clone() });
        texture
    }
}

/// The heatmap's cells as pixels, the first row at the bottom.
fn image(heat: &Heat, visuals: &Visuals, resolution: usize) -> ColorImage {
    let painted = heat.painted(resolution, |cell| pixel(heat, cell, visuals));
    ColorImage::new([painted.width, painted.height], painted.pixels)
}

/// A map's cells as pixels, the first row at the bottom.
fn map_image(map: &Map, visuals: &Visuals) -> ColorImage {
    let width = map.x.values.len();
    let rows = map.shown.chunks_exact(width.max(1)).rev();
    let pixels: Vec<Color32> = rows.flatten().map(|&cell| map_pixel(map, cell, visuals)).collect();
    ColorImage::new([width, map.y.values.len()], pixels)
}

/// A surface's cells as pixels, the first row at the bottom.
fn surface_image(surface: &Surface) -> ColorImage {
    let rows = surface.values.chunks_exact(surface.side).rev().flatten();
    let pixels = rows.map(|value| theme::colour(surface.scale.colour(*value))).collect();
    ColorImage::new([surface.side, surface.side], pixels)
}

fn map_pixel(map: &Map, cell: MapCell, visuals: &Visuals) -> Color32 {
    match cell {
        MapCell::Pending => Color32::TRANSPARENT,
        MapCell::Zero => theme::zero(visuals),
        MapCell::Value(value) => theme::colour(map.colour(value)),
    }
}

/// The colour of one cell.
pub fn pixel(heat: &Heat, cell: Cell, visuals: &Visuals) -> Color32 {
    match cell {
        Cell::Absent => Color32::TRANSPARENT,
        Cell::Zero => theme::zero(visuals),
        Cell::Lost => theme::lost(visuals),
        Cell::Log10(place) | Cell::Share(place) => theme::colour(heat.scale.colour(place)),
    }
}
