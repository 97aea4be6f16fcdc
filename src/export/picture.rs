//! A figure as a picture file: the same painter as the window's, off the screen.

use std::path::Path;
use std::sync::Arc;

use eframe::egui::{self, Theme, vec2};

use crate::experiment::Experiment;
use crate::figure::Figure;
use crate::paint::{Medium, Painter, sheet, theme};

use crate::raster::Image;
use crate::raster::offscreen::{self, Scene};
use crate::vector::{Drawing, pdf, svg};

use super::png;

/// Points per inch of a picture at scale 1.
pub const POINTS_PER_INCH: f32 = 96.0;

/// Usual papers: a name, and width and height in points. A page, the width of the text on it with
/// room for a caption, and both columns of a journal's page.
pub const PAPERS: [(&str, [f32; 2]); 7] = [
    ("a4", [794.0, 1123.0]),
    ("a4-landscape", [1123.0, 794.0]),
    ("a4-text", [605.0, 567.0]),
    ("letter", [816.0, 1056.0]),
    ("letter-landscape", [1056.0, 816.0]),
    ("letter-text", [624.0, 576.0]),
    ("two-columns", [672.0, 528.0]),
];

/// Kinds of picture files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureFormat {
    /// Pixels.
    Png,
    /// Lines, and text as outlines.
    Svg,
    /// Lines and text on one page.
    Pdf,
}

impl PictureFormat {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Png, Self::Svg, Self::Pdf];

    /// The ending of its files, without the dot.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
            Self::Pdf => "pdf",
        }
    }

    /// What a path's ending says.
    pub fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?;
        Self::ALL.into_iter().find(|format| format.ending().eq_ignore_ascii_case(ending))
    }
}

/// Size, density and ground of an exported picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PictureOptions {
    /// Width and height in points, 1/96 inch.
    pub size: [f32; 2],
    /// Pixels per point; 3.125 gives 300 dots per inch.
    pub scale: f32,
    /// Whether the ground is dark.
    pub dark: bool,
}

impl PictureOptions {
    /// The density that printers ask for, 300 dots per inch.
    pub const PRINT_SCALE: f32 = 3.125;

    /// Dots per inch.
    pub fn dots_per_inch(&self) -> f32 {
        self.scale * POINTS_PER_INCH
    }
}

/// Why a figure did not become a PNG.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// It could not be painted.
    #[error(transparent)]
    Paint(#[from] offscreen::Error),
    /// The paper is too small for it.
    #[error(
        "A picture of {} × {} points cuts this figure: it takes at least {} × {}.",
        size[0], size[1], least[0], least[1]
    )]
    TooSmall {
        /// What was asked for.
        size: [f32; 2],
        /// What it takes in that width, or in the least width.
        least: [f32; 2],
    },
    /// It could not be encoded.
    #[error(transparent)]
    Encode(#[from] png::Error),
    /// It could not be written as a page.
    #[error(transparent)]
    Pdf(#[from] pdf::Error),
}

/// Paints the figure.
///
/// # Errors
/// Where the size is nothing, or too much.
pub fn paint(figure: &Arc<Figure>, options: PictureOptions) -> Result<Image, PictureError> {
    Ok(scene(figure, options)?.image())
}

/// The figure, laid out.
fn scene(figure: &Arc<Figure>, options: PictureOptions) -> Result<Scene, PictureError> {
    let theme = if options.dark { Theme::Dark } else { Theme::Light };
    let mut painter = Painter::new();
    let size = vec2(options.size[0], options.size[1]);
    let contents = |ui: &mut egui::Ui| _ = sheet::show(&mut painter, ui, figure, Medium::Paper);
    Ok(Scene::lay_out(size, options.scale, theme, theme::install, contents)?)
}

/// The size wished for where it cuts nothing of the figure; without a wish the usual size, and
/// more height where there is more to say than usual. Words break differently at other scales.
///
/// # Errors
/// [`PictureError::TooSmall`] for a wish that cuts something.
pub fn fitting_size(
    figure: &Figure,
    wish: Option<[f32; 2]>,
    scale: f32,
) -> Result<[f32; 2], PictureError> {
    let size = wish.unwrap_or_else(|| figure.id.default_size());
    let mut least = [0.0; 2];
    let measure =
        |ui: &mut egui::Ui| least = sheet::least_size(ui, figure, size[0], Medium::Paper).into();
    offscreen::paint(vec2(1.0, 1.0), scale, Theme::Light, theme::install, measure)?;
    match wish {
        Some(size) if size[0] < least[0] || size[1] < least[1] => {
            Err(PictureError::TooSmall { size, least })
        }
        Some(size) => Ok(size),
        None => Ok([size[0].max(least[0]), size[1].max(least[1])]),
    }
}

/// The figure as the bytes of a file. A PNG has its density; all have the experiment inside, so that
/// the lab can open them again; an experiment that does not fit is left out, as [`left_out`] says.
///
/// # Errors
/// Where the size is nothing, or too much.
pub fn encode(
    figure: &Arc<Figure>,
    format: PictureFormat,
    options: PictureOptions,
) -> Result<Vec<u8>, PictureError> {
    let drawing = || Ok::<_, PictureError>(Drawing::of(&scene(figure, options)?));
    let text = Some(figure.experiment.to_toml()).filter(|text| png::fits(text));
    let text = text.as_deref();
    Ok(match format {
        PictureFormat::Png => png::encode(&paint(figure, options)?, options.dots_per_inch(), text)?,
        PictureFormat::Svg => svg::write(&drawing()?, &figure.title, text).into_bytes(),
        PictureFormat::Pdf => pdf::write(&drawing()?, &figure.title, text)?,
    })
}

/// What to tell of a picture that [`encode`] has to make without its experiment.
pub fn left_out(experiment: &Experiment) -> Option<String> {
    let text = Some(experiment.to_toml()).filter(|text| !png::fits(text))?;
    Some(format!(
        "The picture is without its experiment, whose {} bytes of text are more than the {} that fit: keep the experiment's own file.",
        text.len(),
        png::MAX_EXPERIMENT_BYTES
    ))
}

/// Whether a picture of that size can be made, before there is anything to paint.
///
/// # Errors
/// Where the size is nothing, or too much.
pub fn check(options: PictureOptions) -> Result<(), PictureError> {
    let size = vec2(options.size[0], options.size[1]);
    Ok(offscreen::check(size, options.scale)?)
}
