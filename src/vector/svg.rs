//! A drawing as SVG: text as outlines, so that it looks the same wherever it is opened.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use eframe::egui::{Color32, Pos2, Rect};
use skrifa::MetadataProvider;
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use xmlwriter::{Indent, Options, XmlWriter};

use super::drawing::{Drawing, Mark};
use super::outline::{Outline, Step};
use super::run::Run;
use crate::raster::Image;

/// How finely images are cut at the least.
const PIXELS_A_POINT: f32 = 4.0;

/// Where the text begins that a drawing carries, and where it ends.
pub const ATTACHED: [&str; 2] = ["<metadata id=\"gradient-lab-experiment\">", "</metadata>"];

/// The drawing as the text of a file, with a title for those who cannot see it, and a text that it
/// carries between the ends of [`ATTACHED`].
pub fn write(drawing: &Drawing, title: &str, attached: Option<&str>) -> String {
    let mut svg = Svg {
        xml: XmlWriter::new(Options { indent: Indent::None, ..Options::default() }),
        glyphs: HashMap::new(),
        clips: HashMap::new(),
        whole: Rect::from_min_size(Pos2::ZERO, drawing.size),
    };
    svg.write(drawing, title, attached);
    svg.xml.end_document()
}

struct Svg {
    xml: XmlWriter,
    /// The number of each font's glyphs that are defined.
    glyphs: HashMap<(String, u32), usize>,
    /// The number of each clip that is defined, by its text.
    clips: HashMap<String, usize>,
    whole: Rect,
}

impl Svg {
    fn write(&mut self, drawing: &Drawing, title: &str, attached: Option<&str>) {
        let (width, height) = (number(drawing.size.x), number(drawing.size.y));
        self.xml.start_element("svg");
        self.xml.write_attribute("xmlns", "http://www.w3.org/2000/svg");
        self.xml.write_attribute("xmlns:xlink", "http://www.w3.org/1999/xlink");
        self.xml.write_attribute("width", &width);
        self.xml.write_attribute("height", &height);
        self.xml.write_attribute("viewBox", &format!("0 0 {width} {height}"));
        self.xml.start_element("title");
        self.xml.write_text(&escaped(title));
        self.xml.end_element();
        if let Some(attached) = attached {
            self.xml.start_element("metadata");
            self.xml.write_attribute("id", "gradient-lab-experiment");
            self.xml.write_text(&escaped(attached));
            self.xml.end_element();
        }
        self.xml.start_element("rect");
        self.xml.write_attribute("width", &width);
        self.xml.write_attribute("height", &height);
        self.colour("fill", drawing.ground);
        self.xml.end_element();
        let mut clip = None;
        for piece in &drawing.pieces {
            if clip != Some(piece.clip) {
                if clip.is_some() {
                    self.xml.end_element();
                }
                self.begin_clip(piece.clip);
                clip = Some(piece.clip);
            }
            self.mark(&piece.mark);
        }
        if clip.is_some() {
            self.xml.end_element();
        }
        self.xml.end_element();
    }

    /// A group of what is seen inside of a rectangle.
    fn begin_clip(&mut self, clip: Rect) {
        let path = path(&super::outline::polyline(
            &[clip.left_top(), clip.right_top(), clip.right_bottom(), clip.left_bottom()],
            true,
        ));
        let known = self.clips.len();
        let id = *self.clips.entry(path.clone()).or_insert(known);
        if id == known && !clip.contains_rect(self.whole) {
            self.xml.start_element("clipPath");
            self.xml.write_attribute("id", &format!("c{id}"));
            self.xml.start_element("path");
            self.xml.write_attribute("d", &path);
            self.xml.end_element();
            self.xml.end_element();
        }
        self.xml.start_element("g");
        if !clip.contains_rect(self.whole) {
            self.xml.write_attribute("clip-path", &format!("url(#c{id})"));
        }
    }

    fn mark(&mut self, mark: &Mark) {
        match mark {
            Mark::Fill(outline, colour) => {
                self.xml.start_element("path");
                self.colour("fill", *colour);
                self.xml.write_attribute("d", &path(outline));
                self.xml.end_element();
            }
            Mark::Line(outline, width, colour) => {
                self.xml.start_element("path");
                self.xml.write_attribute("fill", "none");
                self.colour("stroke", *colour);
                self.xml.write_attribute("stroke-width", &number(*width));
                self.xml.write_attribute("stroke-linejoin", "round");
                self.xml.write_attribute("d", &path(outline));
                self.xml.end_element();
            }
            Mark::Text(run) => self.text(run),
            Mark::Image(rect, image) => self.image(*rect, image),
        }
    }

    fn text(&mut self, run: &Run) {
        let letters = || run.letters.iter().filter(|letter| !letter.character.is_whitespace());
        for letter in letters() {
            self.define(run, letter.glyph);
        }
        self.xml.start_element("g");
        let text: String = run.letters.iter().map(|letter| letter.character).collect();
        self.xml.write_attribute("aria-label", &escaped(&text).replace('<', "&lt;"));
        self.colour("fill", run.colour);
        if run.angle != 0.0 {
            let (angle, at) = (run.angle.to_degrees(), run.pivot);
            let turn = format!("rotate({} {} {})", number(angle), number(at.x), number(at.y));
            self.xml.write_attribute("transform", &turn);
        }
        for letter in letters() {
            let Some(id) = self.glyphs.get(&(run.face.name.clone(), letter.glyph)) else {
                continue;
            };
            let (size, at) = (number(run.size), letter.at);
            self.xml.start_element("use");
            self.xml.write_attribute("xlink:href", &format!("#g{id}"));
            let place = format!("translate({} {}) scale({size})", number(at.x), number(at.y));
            self.xml.write_attribute("transform", &place);
            self.xml.end_element();
        }
        self.xml.end_element();
    }

    /// Defines a glyph one unit high, the first time that it is used.
    fn define(&mut self, run: &Run, glyph: u32) {
        let known = self.glyphs.len();
        let id = *self.glyphs.entry((run.face.name.clone(), glyph)).or_insert(known);
        let Some(font) = run.face.font().filter(|_| id == known) else { return };
        let mut pen = Pen(String::new());
        if let Some(outline) = font.outline_glyphs().get(skrifa::GlyphId::new(glyph)) {
            let settings = DrawSettings::unhinted(Size::new(1.0), LocationRef::default());
            // An outline that cannot be read leaves its place empty, as on the screen.
            let _ = outline.draw(settings, &mut pen);
        }
        self.xml.start_element("defs");
        self.xml.start_element("path");
        self.xml.write_attribute("id", &format!("g{id}"));
        self.xml.write_attribute("d", &pen.0);
        self.xml.end_element();
        self.xml.end_element();
    }

    fn image(&mut self, rect: Rect, image: &Image) {
        // Some readers mix neighbours whatever one asks for: where a pixel is large, only at its edge.
        let blocks = |size: f32, pixels: usize| (PIXELS_A_POINT * size / pixels as f32).ceil();
        let blocks = [blocks(rect.width(), image.width()), blocks(rect.height(), image.height())];
        let Some(png) = png(&image.enlarged(blocks.map(|blocks| blocks.max(1.0) as usize))) else {
            return;
        };
        self.xml.start_element("image");
        let (at, size) = (rect.min, rect.size());
        let places = [("x", at.x), ("y", at.y), ("width", size.x), ("height", size.y)];
        for (name, place) in places {
            self.xml.write_attribute(name, &number(place));
        }
        self.xml.write_attribute("preserveAspectRatio", "none");
        self.xml.write_attribute("image-rendering", "optimizeSpeed");
        self.xml.write_attribute("style", "image-rendering:pixelated");
        let data = format!("data:image/png;base64,{}", STANDARD.encode(png));
        self.xml.write_attribute("xlink:href", &data);
        self.xml.end_element();
    }

    fn colour(&mut self, of: &str, colour: Color32) {
        let [red, green, blue, alpha] = colour.to_srgba_unmultiplied();
        self.xml.write_attribute(of, &format!("#{red:02x}{green:02x}{blue:02x}"));
        if alpha < 255 {
            let opacity = number(f32::from(alpha) / 255.0);
            self.xml.write_attribute(&format!("{of}-opacity"), &opacity);
        }
    }
}

/// Writes a glyph, whose y axis points up.
struct Pen(String);

impl Pen {
    fn step(&mut self, command: char, points: &[[f32; 2]]) {
        self.0.push(command);
        for (index, [x, y]) in points.iter().enumerate() {
            if index > 0 {
                self.0.push(' ');
            }
            self.0 += &format!("{} {}", fine(*x), fine(-*y));
        }
    }
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.step('M', &[[x, y]]);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.step('L', &[[x, y]]);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.step('Q', &[[cx, cy], [x, y]]);
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        self.step('C', &[[ax, ay], [bx, by], [x, y]]);
    }

    fn close(&mut self) {
        self.0.push('Z');
    }
}

/// The writer itself takes care of quotes, and in texts of `<`.
fn escaped(text: &str) -> String {
    // XML forbids `]]>` in a text.
    text.replace('&', "&amp;").replace('>', "&gt;")
}

/// A text as it was before it was written.
pub fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn path(outline: &Outline) -> String {
    let at = |point: Pos2| format!("{} {}", number(point.x), number(point.y));
    let step = |step: &Step| match *step {
        Step::Move(to) => format!("M{}", at(to)),
        Step::Line(to) => format!("L{}", at(to)),
        Step::Quadratic(by, to) => format!("Q{} {}", at(by), at(to)),
        Step::Cubic(first, second, to) => format!("C{} {} {}", at(first), at(second), at(to)),
        Step::Close => "Z".to_owned(),
    };
    outline.iter().map(step).collect()
}

/// Thousandths of a point: a hundred thousandth of an inch.
fn number(number: f32) -> String {
    trimmed(&format!("{number:.3}"))
}

/// Hundred thousandths of a font's size.
fn fine(number: f32) -> String {
    trimmed(&format!("{number:.5}"))
}

fn trimmed(number: &str) -> String {
    let short = number.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" { "0".to_owned() } else { short.to_owned() }
}

/// The image as a PNG file; `None` where memory does not suffice for it.
fn png(image: &Image) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, image.width() as u32, image.height() as u32);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&image.unmultiplied()).ok()?;
    writer.finish().ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use eframe::egui::pos2;

    use super::*;

    #[test]
    fn numbers_are_short() {
        let texts = [12.0, 0.5, -0.0001, 1.23456, -7.1].map(number);
        assert_eq!(texts, ["12", "0.5", "0", "1.235", "-7.1"]);
    }

    #[test]
    fn a_path_is_its_steps() {
        let outline = [
            Step::Move(pos2(1.0, 2.0)),
            Step::Line(pos2(3.5, 2.0)),
            Step::Quadratic(pos2(4.0, 4.0), pos2(5.0, 5.0)),
            Step::Close,
        ];
        assert_eq!(path(&outline.to_vec()), "M1 2L3.5 2Q4 4 5 5Z");
    }
}
