//! A picture in memory: rows of RGBA pixels.

use eframe::egui::Color32;

/// Rows of pixels from top to bottom, each pixel red, green, blue, alpha in gamma space with
/// the colour multiplied by alpha, as egui has it. What [`crate::raster::offscreen::paint`] returns is
/// opaque everywhere, so that the multiplication makes no difference.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 4]>,
}

impl Image {
    /// An image of one colour.
    ///
    /// ```
    /// use gradient_lab::raster::Image;
    /// let image = Image::filled(3, 2, eframe::egui::Color32::WHITE);
    /// assert_eq!(image.bytes().len(), 3 * 2 * 4);
    /// ```
    pub fn filled(width: usize, height: usize, color: Color32) -> Self {
        Self { width, height, pixels: vec![color.to_array(); width * height] }
    }

    /// Pixels a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// All pixels, row by row.
    pub fn pixels(&self) -> &[[u8; 4]] {
        &self.pixels
    }

    /// All pixels, to be painted over.
    pub fn pixels_mut(&mut self) -> &mut [[u8; 4]] {
        &mut self.pixels
    }

    /// The pixel in column `x` of row `y`, or `None` outside of the image.
    pub fn pixel(&self, x: usize, y: usize) -> Option<[u8; 4]> {
        (x < self.width && y < self.height).then(|| self.pixels[y * self.width + x])
    }

    /// The pixels as bytes: red, green, blue and alpha of each, row by row from the top.
    pub fn bytes(&self) -> &[u8] {
        self.pixels.as_flattened()
    }

    /// An image of pixels that are multiplied by alpha, row by row.
    ///
    /// # Panics
    /// If they are not `width` × `height`.
    pub fn of(width: usize, height: usize, pixels: Vec<[u8; 4]>) -> Self {
        assert_eq!(pixels.len(), width * height, "pixels of an image");
        Self { width, height, pixels }
    }

    /// The bytes of all pixels with their colours not multiplied by alpha, as files have them.
    pub fn unmultiplied(&self) -> Vec<u8> {
        let pixel = |&[r, g, b, a]: &[u8; 4]| {
            Color32::from_rgba_premultiplied(r, g, b, a).to_srgba_unmultiplied()
        };
        self.pixels.iter().flat_map(pixel).collect()
    }

    /// A copy as egui's clipboard and textures take it.
    pub fn to_color_image(&self) -> eframe::egui::ColorImage {
        let colours = self.pixels.iter().map(|&[r, g, b, a]| {
            // Already multiplied by alpha, on both sides.
            Color32::from_rgba_premultiplied(r, g, b, a)
        });
        eframe::egui::ColorImage::new([self.width, self.height], colours.collect())
    }

    /// Whether no pixel lets anything through.
    pub fn is_opaque(&self) -> bool {
        self.pixels.iter().all(|pixel| pixel[3] == 255)
    }
}

impl std::fmt::Debug for Image {
    /// The size alone: a failed test should not print a million pixels.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Image({} × {})", self.width, self.height)
    }
}
