//! Paints a piece of interface off the screen, with no window, display or graphics card.

use eframe::egui::{self, Color32, FullOutput, RawInput, Rect, Theme, Ui, Vec2, ViewportId};

use super::image::Image;
use super::rasterizer;
use super::texture::Textures;

/// The longest side of an image, in pixels.
pub const MAX_SIDE: u32 = 16_384;

/// The most pixels of an image. Each takes four bytes while it is painted.
pub const MAX_PIXELS: u64 = 200_000_000;

/// The glyph atlas is at most this wide and high: room for any label at the largest density.
const MAX_TEXTURE_SIDE: usize = 4096;

/// A first pass measures what the second one lays out: grids, centred text, plots' axes.
const PASSES: usize = 2;

/// Why a picture was not painted.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Error {
    /// A side is not above zero, or no number at all.
    #[error(
        "A picture of {width} × {height} points at {pixels_per_point} pixels a point has no \
         pixels. Choose a width, a height and a scale above zero."
    )]
    Empty {
        /// Width in points.
        width: f32,
        /// Height in points.
        height: f32,
        /// The scale.
        pixels_per_point: f32,
    },

    /// A side is longer than [`MAX_SIDE`].
    #[error(
        "A picture of {width} × {height} pixels is too large: a side has at most {MAX_SIDE} \
         pixels. Choose a smaller size or scale."
    )]
    TooLong {
        /// Width in pixels.
        width: u64,
        /// Height in pixels.
        height: u64,
    },

    /// There would be more than [`MAX_PIXELS`].
    #[error(
        "A picture of {width} × {height} pixels is too large: it has at most {} million pixels. \
         Choose a smaller size or scale.",
        MAX_PIXELS / 1_000_000
    )]
    TooMany {
        /// Width in pixels.
        width: u64,
        /// Height in pixels.
        height: u64,
    },

    /// The system gives no memory for so many.
    #[error(
        "The system gives no memory for a picture of {width} × {height} pixels. Choose a smaller \
         size or scale, or raise the limit."
    )]
    NoMemory {
        /// Width in pixels.
        width: u64,
        /// Height in pixels.
        height: u64,
    },
}

/// Whether [`paint`] takes that size.
///
/// # Errors
/// [`Error`] if the picture would have no pixels, or too many.
pub fn check(size_points: Vec2, pixels_per_point: f32) -> Result<(), Error> {
    size_in_pixels(size_points, pixels_per_point).map(|_| ())
}

/// Paints `contents` on the opaque background of `theme`.
///
/// `setup` prepares the fresh context before anything is laid out (fonts, styles, image
/// loaders). `contents` fills a [`Ui`] without margin that covers the whole picture. It is
/// called at least twice, because egui lays out by what the pass before measured; the last
/// pass is the one that is painted. Animations are at their end, and nothing has the focus.
///
/// The picture has `size_points` × `pixels_per_point` pixels, rounded, and is the same on every
/// machine as long as `setup` installs the fonts.
///
/// # Errors
/// [`Error`] if the picture would have no pixels, or too many.
///
/// ```
/// use eframe::egui;
/// use gradient_lab::raster::offscreen;
/// let size = egui::vec2(80.0, 20.0);
/// let image = offscreen::paint(size, 2.0, egui::Theme::Light, |_| {}, |ui| {
///     ui.label("log₁₀ ‖δ‖");
/// })?;
/// assert_eq!((image.width(), image.height()), (160, 40));
/// # Ok::<(), offscreen::Error>(())
/// ```
pub fn paint(
    size_points: Vec2,
    pixels_per_point: f32,
    theme: Theme,
    setup: impl Fn(&egui::Context),
    contents: impl FnMut(&mut Ui),
) -> Result<Image, Error> {
    Ok(Scene::lay_out(size_points, pixels_per_point, theme, setup, contents)?.image())
}

/// What [`paint`] paints, before it becomes triangles.
pub struct Scene {
    /// The context that laid it out, with its fonts.
    pub context: egui::Context,
    /// From the back to the front.
    pub shapes: Vec<egui::epaint::ClippedShape>,
    /// The images that they show.
    pub textures: Textures,
    /// Width and height in points.
    pub size: Vec2,
    /// The density for which it was laid out.
    pub pixels_per_point: f32,
    /// The theme's background.
    pub ground: Color32,
}

impl Scene {
    /// Lays out `contents` as [`paint`] says.
    ///
    /// # Errors
    /// [`Error`] if the picture would have no pixels, or too many.
    pub fn lay_out(
        size: Vec2,
        pixels_per_point: f32,
        theme: Theme,
        setup: impl Fn(&egui::Context),
        mut contents: impl FnMut(&mut Ui),
    ) -> Result<Self, Error> {
        check(size, pixels_per_point)?;
        let context = egui::Context::default();
        context.set_theme(theme);
        setup(&context);
        context.all_styles_mut(|style| style.animation_time = 0.0);
        let (mut textures, mut shapes) = (Textures::default(), Vec::new());
        for pass in 0..PASSES {
            let output = context.run_ui(input(size, pixels_per_point, pass), &mut contents);
            shapes = keep_shapes(output, &mut textures);
        }
        let ground = background(&context);
        Ok(Self { context, shapes, textures, size, pixels_per_point, ground })
    }

    /// Its pixels.
    ///
    /// # Panics
    /// If the size was changed to one that [`check`] refuses.
    pub fn image(self) -> Image {
        let density = self.pixels_per_point;
        let size = size_in_pixels(self.size, density);
        let [width, height] = size.expect("a scene's size has been checked");
        let primitives = self.context.tessellate(self.shapes, density);
        let mut image = Image::filled(width, height, self.ground);
        rasterizer::paint(&mut image, &primitives, density, &self.textures);
        image
    }
}

/// Checks the size, and rounds it to whole pixels.
fn size_in_pixels(size_points: Vec2, pixels_per_point: f32) -> Result<[usize; 2], Error> {
    let empty = Error::Empty { width: size_points.x, height: size_points.y, pixels_per_point };
    // Each factor on its own: two negative ones have a positive product, and NaN fails too.
    if !(size_points.x > 0.0 && size_points.y > 0.0 && pixels_per_point > 0.0) {
        return Err(empty);
    }
    // A cast keeps to the integer's range, so that an infinite side is refused as too long.
    let [width, height] = [size_points.x, size_points.y]
        .map(|side| (f64::from(side) * f64::from(pixels_per_point)).round() as u64);
    let max_side = u64::from(MAX_SIDE);
    if width == 0 || height == 0 {
        Err(empty)
    } else if width > max_side || height > max_side {
        Err(Error::TooLong { width, height })
    } else if width * height > MAX_PIXELS {
        Err(Error::TooMany { width, height })
    } else if !fits_into_memory(width * height) {
        Err(Error::NoMemory { width, height })
    } else {
        Ok([width as usize, height as usize])
    }
}

/// Whether the system gives memory for so many pixels, and for the file that they become.
/// Where it promises more than it has, this promises nothing.
fn fits_into_memory(pixels: u64) -> bool {
    const BYTES_A_PIXEL: usize = 8;
    Vec::<u8>::new().try_reserve_exact(pixels as usize * BYTES_A_PIXEL).is_ok()
}

/// What egui is told at the start of a pass: the size, the density, and an hour on the clock.
fn input(size_points: Vec2, pixels_per_point: f32, pass: usize) -> RawInput {
    let mut input = RawInput {
        screen_rect: Some(Rect::from_min_size(egui::Pos2::ZERO, size_points)),
        max_texture_side: Some(MAX_TEXTURE_SIDE),
        // Far apart, so that whatever fades in with time is there on the last pass.
        time: Some(pass as f64 * 3600.0),
        focused: false,
        ..RawInput::default()
    };
    let viewport = input.viewports.entry(ViewportId::ROOT).or_default();
    viewport.native_pixels_per_point = Some(pixels_per_point);
    input
}

/// Feeds the pass's texture changes to the store and returns what there is to paint.
fn keep_shapes(mut output: FullOutput, textures: &mut Textures) -> Vec<egui::epaint::ClippedShape> {
    textures.set(&mut output.textures_delta);
    // Freed textures stay: the last pass may show them, and the store goes with this call.
    output.textures_delta.free.clear();
    output.shapes
}

/// The theme's background without any transparency.
fn background(context: &egui::Context) -> Color32 {
    context.global_style().visuals.panel_fill.to_opaque()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(theme: Theme, pixels_per_point: f32) -> Image {
        let size = egui::vec2(120.0, 24.0);
        paint(size, pixels_per_point, theme, crate::paint::fonts::install, |ui| {
            ui.label("∇ of ‖δ⁽ˡ⁾‖");
        })
        .unwrap()
    }

    #[test]
    fn a_label_leaves_ink_and_the_background_is_opaque() {
        for theme in [Theme::Light, Theme::Dark] {
            let image = label(theme, 1.0);
            let background = image.pixel(119, 23);
            let ink = image.pixels().iter().filter(|p| Some(**p) != background);
            assert!(ink.count() > 100, "{theme:?}");
            assert!(image.is_opaque());
        }
    }

    #[test]
    fn the_same_contents_give_the_same_pixels() {
        assert!(label(Theme::Dark, 1.5) == label(Theme::Dark, 1.5));
    }

    #[test]
    fn a_texture_that_is_freed_in_the_last_pass_is_still_painted() {
        let size = egui::vec2(8.0, 8.0);
        let red = egui::ColorImage::filled([1, 1], Color32::RED);
        let image = paint(
            size,
            1.0,
            Theme::Light,
            |_| {},
            |ui| {
                let texture = ui.load_texture("red", red.clone(), Default::default());
                let uv = Rect::from_min_max(egui::Pos2::ZERO, egui::pos2(1.0, 1.0));
                ui.painter().image(texture.id(), ui.max_rect(), uv, Color32::WHITE);
            },
        );
        assert_eq!(image.unwrap().pixel(4, 4), Some([255, 0, 0, 255]));
    }

    #[test]
    fn sizes_out_of_bounds_are_refused_with_a_sentence() {
        let refuse = |x, y, scale| size_in_pixels(egui::vec2(x, y), scale).unwrap_err();
        for (x, y, scale) in
            [(0.0, 9.0, 1.0), (-5.0, -5.0, 1.0), (9.0, f32::NAN, 1.0), (9.0, 9.0, 0.01)]
        {
            assert!(matches!(refuse(x, y, scale), Error::Empty { .. }), "{x} {y} {scale}");
        }
        assert!(matches!(refuse(f32::INFINITY, 9.0, 1.0), Error::TooLong { .. }));
        assert_eq!(
            refuse(8200.0, 100.0, 2.0).to_string(),
            "A picture of 16400 × 200 pixels is too large: a side has at most 16384 pixels. \
             Choose a smaller size or scale."
        );
        assert_eq!(
            refuse(15_000.0, 15_000.0, 1.0).to_string(),
            "A picture of 15000 × 15000 pixels is too large: it has at most 200 million pixels. \
             Choose a smaller size or scale."
        );
        assert_eq!(size_in_pixels(egui::vec2(100.0, 33.0), 1.5), Ok([150, 50]), "rounded");
    }
}
