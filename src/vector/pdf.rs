//! A drawing as PDF: one page, its fonts inside, its text as text.

use std::collections::HashMap;

use eframe::egui::{Color32, Rect};
use krilla::Document;
use krilla::color::rgb;
use krilla::embed::{AssociationKind, EmbeddedFile};
use krilla::geom::{Path, PathBuilder, Point, Size, Transform};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule, LineJoin, Stroke};
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};

use super::drawing::{Drawing, Mark};
use super::outline::{Outline, Step, polyline};
use super::run::{Face, Run};

/// PDF counts in 1/72 inch, and a drawing in 1/96.
const PDF_POINTS: f32 = 72.0 / 96.0;

/// Why there is no PDF.
#[derive(Debug, thiserror::Error)]
#[error("The picture did not become a PDF: {0}. Write it as an SVG or a PNG.")]
pub struct Error(String);

/// Where the text begins that a drawing carries, and where it ends: comments of its own language.
pub const ATTACHED: [&str; 2] =
    ["# The experiment of this gradient-lab picture\n", "# End of the experiment\n"];

/// The drawing as the bytes of a file: the same for the same drawing, since no date is in it. A
/// text that it carries is a file attached to it, between the ends of [`ATTACHED`].
///
/// # Errors
/// Where a font is refused, or a side is longer than PDF allows.
pub fn write(drawing: &Drawing, title: &str, attached: Option<&str>) -> Result<Vec<u8>, Error> {
    let mut document = Document::new();
    let [width, height] = [drawing.size.x, drawing.size.y].map(|side| side * PDF_POINTS);
    let size = PageSettings::from_wh(width, height);
    let size = size.ok_or_else(|| Error(format!("{width} × {height} points are no page")))?;
    let mut page = document.start_page_with(size);
    let pdf = Pdf { surface: page.surface(), fonts: HashMap::new() };
    pdf.write(drawing)?;
    page.finish();
    document.set_metadata(Metadata::new().title(title.to_owned()).language("en".to_owned()));
    if let Some(text) = attached {
        let [begin, end] = ATTACHED;
        // Nothing else is attached, so that no name is taken.
        let _ = document.embed_file(EmbeddedFile {
            path: "experiment.toml".to_owned(),
            mime_type: None,
            description: Some("The experiment of this picture".to_owned()),
            association_kind: AssociationKind::Source,
            data: format!("{begin}{text}{end}").into_bytes().into(),
            modification_date: None,
            compress: Some(false),
            location: None,
        });
    }
    document.finish().map_err(|error| Error(format!("{error:?}")))
}

struct Pdf<'a> {
    surface: Surface<'a>,
    fonts: HashMap<String, Font>,
}

impl Pdf<'_> {
    fn write(mut self, drawing: &Drawing) -> Result<(), Error> {
        self.surface.push_transform(&Transform::from_scale(PDF_POINTS, PDF_POINTS));
        let whole = Rect::from_min_size(Default::default(), drawing.size);
        self.fill(&rectangle(whole), drawing.ground);
        for piece in &drawing.pieces {
            let clips = !piece.clip.contains_rect(whole);
            if clips && let Some(clip) = path(&rectangle(piece.clip)) {
                self.surface.push_clip_path(&clip, &FillRule::NonZero);
                self.mark(&piece.mark)?;
                self.surface.pop();
            } else {
                self.mark(&piece.mark)?;
            }
        }
        self.surface.pop();
        self.surface.finish();
        Ok(())
    }

    fn mark(&mut self, mark: &Mark) -> Result<(), Error> {
        match mark {
            Mark::Fill(outline, colour) => self.fill(outline, *colour),
            Mark::Line(outline, width, colour) => self.line(outline, *width, *colour),
            Mark::Text(run) => self.text(run)?,
            Mark::Image(rect, image) => {
                let size = Size::from_wh(rect.width(), rect.height());
                if let Some(size) = size {
                    let (width, height) = (image.width() as u32, image.height() as u32);
                    let image =
                        krilla::image::Image::from_rgba8(image.unmultiplied(), width, height);
                    let at = Transform::from_translate(rect.left(), rect.top());
                    self.surface.push_transform(&at);
                    self.surface.draw_image(image, size);
                    self.surface.pop();
                }
            }
        }
        Ok(())
    }

    fn fill(&mut self, outline: &Outline, colour: Color32) {
        if let Some(path) = path(outline) {
            self.surface.set_stroke(None);
            self.surface.set_fill(Some(ink(colour)));
            self.surface.draw_path(&path);
        }
    }

    fn line(&mut self, outline: &Outline, width: f32, colour: Color32) {
        if let Some(path) = path(outline) {
            let Fill { paint, opacity, .. } = ink(colour);
            let line_join = LineJoin::Round;
            self.surface.set_fill(None);
            self.surface.set_stroke(Some(Stroke {
                paint,
                width,
                opacity,
                line_join,
                ..Stroke::default()
            }));
            self.surface.draw_path(&path);
        }
    }

    fn text(&mut self, run: &Run) -> Result<(), Error> {
        let font = self.font(&run.face)?;
        let mut text = String::new();
        let places = run.letters.iter().skip(1).map(|letter| Some(letter.at.x));
        let mut glyphs = Vec::with_capacity(run.letters.len());
        for (letter, next) in run.letters.iter().zip(places.chain([None])) {
            let begin = text.len();
            text.push(letter.character);
            // Where the next letter stands, the layout has said.
            let advance = next.map_or(letter.advance, |next| next - letter.at.x) / run.size;
            let id = GlyphId::new(letter.glyph);
            let range = begin..text.len();
            glyphs.push(KrillaGlyph::new(id, advance, 0.0, 0.0, 0.0, range, None));
        }
        self.surface.set_stroke(None);
        self.surface.set_fill(Some(ink(run.colour)));
        let turn = Transform::from_rotate_at(run.angle.to_degrees(), run.pivot.x, run.pivot.y);
        self.surface.push_transform(&turn);
        let start = Point::from_xy(run.letters[0].at.x, run.letters[0].at.y);
        self.surface.draw_glyphs(start, &glyphs, font, &text, run.size, false);
        self.surface.pop();
        Ok(())
    }

    fn font(&mut self, face: &Face) -> Result<Font, Error> {
        if let Some(font) = self.fonts.get(&face.name) {
            return Ok(font.clone());
        }
        let font = Font::new(face.data.font.clone().into(), face.data.index);
        let font = font.ok_or_else(|| Error(format!("the font {} is refused", face.name)))?;
        self.fonts.insert(face.name.clone(), font.clone());
        Ok(font)
    }
}

fn ink(colour: Color32) -> Fill {
    let [red, green, blue, alpha] = colour.to_srgba_unmultiplied();
    let opacity = NormalizedF32::new(f32::from(alpha) / 255.0).unwrap_or(NormalizedF32::ONE);
    Fill { paint: rgb::Color::new(red, green, blue).into(), opacity, rule: FillRule::NonZero }
}

fn rectangle(rect: Rect) -> Outline {
    let corners = [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom()];
    polyline(&corners, true)
}

/// Nothing where the outline has no extent.
fn path(outline: &Outline) -> Option<Path> {
    let mut path = PathBuilder::new();
    for step in outline {
        match *step {
            Step::Move(to) => path.move_to(to.x, to.y),
            Step::Line(to) => path.line_to(to.x, to.y),
            Step::Quadratic(by, to) => path.quad_to(by.x, by.y, to.x, to.y),
            Step::Cubic(first, second, to) => {
                path.cubic_to(first.x, first.y, second.x, second.y, to.x, to.y);
            }
            Step::Close => path.close(),
        }
    }
    path.finish()
}
