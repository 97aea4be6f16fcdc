//! Encodes pictures as PNG files that carry the experiment they show, and reads it back.
//!
//! The experiment's TOML text goes into an international text chunk under [`KEYWORD`], so
//! that a picture found years later can be opened in the lab again.

use std::io::{Cursor, ErrorKind};

use png::{BitDepth, ColorType, Decoder, Encoder, Limits, PixelDimensions, Unit};

use crate::raster::Image;

/// The keyword of the text chunk that holds the experiment.
pub const KEYWORD: &str = "gradient-lab-experiment";

/// The longest experiment, in bytes of UTF-8. A page of TOML has a few thousand.
pub const MAX_EXPERIMENT_BYTES: usize = 1 << 20;

/// The longest file that is searched for an experiment, in bytes.
pub const MAX_FILE_BYTES: usize = 1 << 30;

/// The densities that a file can state, in dots an inch.
const DPI: std::ops::RangeInclusive<f32> = 1.0..=100_000.0;

const METRES_AN_INCH: f32 = 0.0254;

/// Why a picture could not be written or read as PNG.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The encoder refused the picture, for example one without pixels.
    #[error("The picture could not be written as PNG: {0}.")]
    Encode(#[from] png::EncodingError),

    /// No number that a printer could use.
    #[error(
        "{0} dots an inch is no density for a picture. Choose one from 1 to 100000, such as 300."
    )]
    Density(f32),

    /// Longer than [`MAX_EXPERIMENT_BYTES`].
    #[error(
        "The experiment is {0} bytes of text, more than the {MAX_EXPERIMENT_BYTES} that fit in a \
         picture. Save it as a file of its own."
    )]
    LongExperiment(usize),

    /// No PNG file, or a damaged one.
    #[error("This PNG file cannot be read: {}.", why(.0))]
    Decode(#[from] png::DecodingError),

    /// Compressed, as no picture of the lab is.
    #[error(
        "The experiment in this PNG is compressed, so another program has rewritten the file. \
         Open the picture that the lab exported."
    )]
    Compressed,

    /// The text in a picture is longer than [`MAX_EXPERIMENT_BYTES`].
    #[error(
        "The experiment in this PNG is {0} bytes of text, and the lab writes at most \
         {MAX_EXPERIMENT_BYTES} into a picture. Open the experiment's own file."
    )]
    LongText(usize),

    /// Longer than [`MAX_FILE_BYTES`].
    #[error("This file of {0} bytes is too long for a picture that the lab exported.")]
    LongFile(usize),
}

/// The bytes of a PNG file of `image`.
///
/// The file states `dots_per_inch` as its density, sRGB as its colours, the lab as its software,
/// and carries `experiment`, the TOML text, if one is given. Opaque pictures are written
/// without an alpha channel, which some printing programs cannot digest.
///
/// # Errors
/// [`Error::Density`], [`Error::LongExperiment`], or [`Error::Encode`] for an image without pixels.
///
/// ```
/// use gradient_lab::export::png;
/// use gradient_lab::raster::Image;
/// let image = Image::filled(4, 3, eframe::egui::Color32::WHITE);
/// let bytes = png::encode(&image, 300.0, Some("seed = 42"))?;
/// assert_eq!(png::read_experiment(&bytes)?.as_deref(), Some("seed = 42"));
/// # Ok::<(), png::Error>(())
/// ```
pub fn encode(
    image: &Image,
    dots_per_inch: f32,
    experiment: Option<&str>,
) -> Result<Vec<u8>, Error> {
    let density = density(dots_per_inch)?;
    let mut bytes = Vec::new();
    // Sides beyond u32 become 0, which the encoder refuses.
    let [width, height] = [image.width(), image.height()].map(|n| u32::try_from(n).unwrap_or(0));
    let mut encoder = Encoder::new(&mut bytes, width, height);
    let opaque = image.is_opaque();
    encoder.set_color(if opaque { ColorType::Rgb } else { ColorType::Rgba });
    encoder.set_depth(BitDepth::Eight);
    encoder.set_source_srgb(png::SrgbRenderingIntent::RelativeColorimetric);
    encoder.set_pixel_dims(Some(density));
    encoder.add_text_chunk("Software".to_owned(), software())?;
    if let Some(text) = experiment {
        if !fits(text) {
            return Err(Error::LongExperiment(text.len()));
        }
        encoder.add_itxt_chunk(KEYWORD.to_owned(), text.to_owned())?;
    }
    let mut writer = encoder.write_header()?;
    if opaque {
        writer.write_image_data(&without_alpha(image))?;
    } else {
        writer.write_image_data(&straight_alpha(image))?;
    }
    writer.finish()?;
    Ok(bytes)
}

/// The experiment that a picture carries, or `None` for a PNG file without one.
///
/// Only the head of the file is read, never the pixels. The memory taken is bounded whatever
/// the bytes say.
///
/// # Errors
/// [`Error::LongFile`]; [`Error::Decode`] for bytes that are no PNG file or a damaged one;
/// [`Error::Compressed`] and [`Error::LongText`] for text that the lab would not have written.
pub fn read_experiment(bytes: &[u8]) -> Result<Option<String>, Error> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(Error::LongFile(bytes.len()));
    }
    // Room for the experiment, a colour profile, and a few rows of the widest picture.
    let limits = Limits { bytes: 16 * MAX_EXPERIMENT_BYTES };
    let reader = Decoder::new_with_limits(Cursor::new(bytes), limits).read_info()?;
    let chunks = &reader.info().utf8_text;
    let Some(chunk) = chunks.iter().find(|chunk| chunk.keyword == KEYWORD) else {
        return Ok(None);
    };
    if chunk.compressed {
        return Err(Error::Compressed);
    }
    let text = chunk.get_text()?;
    if fits(&text) { Ok(Some(text)) } else { Err(Error::LongText(text.len())) }
}

/// The decoder's own words name its types and hold whatever bytes stand in the file.
fn why(error: &png::DecodingError) -> &'static str {
    match error {
        png::DecodingError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            "it ends before its head does"
        }
        png::DecodingError::LimitsExceeded => {
            "its head takes more memory than any picture of the lab"
        }
        _ => "it is damaged, or no picture",
    }
}

/// Dots an inch as the file states them: whole dots a metre.
fn density(dots_per_inch: f32) -> Result<PixelDimensions, Error> {
    if !DPI.contains(&dots_per_inch) {
        return Err(Error::Density(dots_per_inch));
    }
    let dots_per_metre = (dots_per_inch / METRES_AN_INCH).round() as u32;
    Ok(PixelDimensions { xppu: dots_per_metre, yppu: dots_per_metre, unit: Unit::Meter })
}

fn software() -> String {
    format!("gradient-lab {}", env!("CARGO_PKG_VERSION"))
}

/// Whether a picture can carry an experiment of that text.
pub fn fits(text: &str) -> bool {
    text.len() <= MAX_EXPERIMENT_BYTES
}

fn without_alpha(image: &Image) -> Vec<u8> {
    let pixels = image.pixels().iter();
    pixels.flat_map(|[r, g, b, _]| [*r, *g, *b]).collect()
}

/// PNG keeps colours apart from alpha; egui multiplies them.
fn straight_alpha(image: &Image) -> Vec<u8> {
    let straight = |channel: u8, alpha: u8| {
        let (channel, alpha) = (u32::from(channel), u32::from(alpha));
        let value = (channel * 255 + alpha / 2).checked_div(alpha).unwrap_or(0);
        value.min(255) as u8
    };
    let pixels = image.pixels().iter();
    pixels.flat_map(|&[r, g, b, a]| [straight(r, a), straight(g, a), straight(b, a), a]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::Color32;

    const TOML: &str = "title = \"‖δ⁽ˡ⁾‖ – Größe\"\nseed = 42\n";

    fn image() -> Image {
        let mut image = Image::filled(5, 4, Color32::from_rgb(10, 20, 30));
        image.pixels_mut()[7] = [200, 100, 50, 255];
        image
    }

    fn decode(bytes: &[u8]) -> (png::Info<'static>, Vec<u8>) {
        let mut reader = Decoder::new(Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        (reader.info().clone(), pixels)
    }

    #[test]
    fn a_picture_comes_back_with_its_pixels_and_its_experiment() {
        let bytes = encode(&image(), 300.0, Some(TOML)).unwrap();
        let (info, pixels) = decode(&bytes);
        assert_eq!((info.width, info.height, info.color_type), (5, 4, ColorType::Rgb));
        assert_eq!(pixels[..3], [10, 20, 30]);
        assert_eq!(pixels[21..24], [200, 100, 50]);
        let dims = info.pixel_dims.unwrap();
        assert_eq!((dims.xppu, dims.unit), (11_811, Unit::Meter));
        assert_eq!(info.uncompressed_latin1_text[0].keyword, "Software");
        assert_eq!(read_experiment(&bytes).unwrap().as_deref(), Some(TOML));
    }

    #[test]
    fn transparent_pictures_keep_their_alpha_and_their_colours() {
        let half_red = Image::filled(1, 1, Color32::from_rgba_premultiplied(128, 0, 0, 128));
        let (info, pixels) = decode(&encode(&half_red, 72.0, None).unwrap());
        assert_eq!(info.color_type, ColorType::Rgba);
        assert_eq!(pixels, [255, 0, 0, 128]);
    }

    #[test]
    fn other_pictures_carry_no_experiment() {
        let bytes = encode(&image(), 72.0, None).unwrap();
        assert_eq!(read_experiment(&bytes).unwrap(), None);
    }

    #[test]
    fn garbage_is_refused_and_never_a_panic() {
        assert!(matches!(read_experiment(b""), Err(Error::Decode(_))));
        assert!(matches!(read_experiment(b"seed = 42"), Err(Error::Decode(_))));
        let bytes = encode(&image(), 300.0, Some(TOML)).unwrap();
        for end in 0..bytes.len() {
            let _ = read_experiment(&bytes[..end]);
        }
        for index in 0..bytes.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[index] ^= flip;
                let _ = read_experiment(&damaged);
            }
        }
    }

    #[test]
    fn absurd_text_is_neither_written_nor_read() {
        let long = "#".repeat(MAX_EXPERIMENT_BYTES + 1);
        let error = encode(&image(), 72.0, Some(&long)).unwrap_err();
        assert!(matches!(error, Error::LongExperiment(_)));

        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 1, 1);
        encoder.set_color(ColorType::Rgb);
        encoder.add_itxt_chunk(KEYWORD.to_owned(), long).unwrap();
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&[1, 2, 3]).unwrap();
        writer.finish().unwrap();
        let error = read_experiment(&bytes).unwrap_err();
        assert!(matches!(error, Error::LongText(1_048_577)), "{error}");
    }

    #[test]
    fn what_a_picture_carries_is_not_denied() {
        let mut bytes = Vec::new();
        let mut info = png::Info::with_size(1, 1);
        info.color_type = ColorType::Rgb;
        let mut text = png::text_metadata::ITXtChunk::new(KEYWORD, "seed = 1");
        text.compressed = true;
        info.utf8_text.push(text);
        let encoder = Encoder::with_info(&mut bytes, info).unwrap();
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&[1, 2, 3]).unwrap();
        writer.finish().unwrap();
        let error = read_experiment(&bytes).unwrap_err();
        assert!(matches!(error, Error::Compressed), "{error}");
    }

    #[test]
    fn densities_have_bounds() {
        for dpi in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            let error = encode(&image(), dpi, None).unwrap_err();
            assert!(matches!(error, Error::Density(_)), "{dpi}");
        }
    }
}
