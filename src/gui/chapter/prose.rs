//! Paragraphs with formulas in them, set on one baseline.
//!
//! A text is plain words; `$…$` holds LaTeX, and `*…*` is set bold. egui's own wrapped rows
//! centre a formula on the text beside it; here lines are broken and set as TeX does it: every
//! piece stands on the line's baseline, and a line with a tall formula is given the room.

use std::collections::HashMap;
use std::sync::Arc;

use eframe::egui::{
    Color32, FontFamily, FontId, Painter, Pos2, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2,
};

use crate::paint::fonts;
use crate::paint::mathtext::{Formula, MathCache, MathStyle};

/// Distance of baselines, in font sizes.
const LEADING: f32 = 1.55;
/// The least room between a tall formula and the neighbouring line, in font sizes.
const CLEARANCE: f32 = 0.22;
/// The em of a formula, in font sizes: KaTeX's letters are small beside Inter's.
const MATH: f32 = 1.16;
/// Paragraphs remembered before the memory starts anew, as it does while a window is resized.
const MOST_PARAGRAPHS: usize = 600;

/// A stretch of text of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Words.
    Plain(&'a str),
    /// Words that stand out.
    Strong(&'a str),
    /// LaTeX.
    Math(&'a str),
}

/// Splits a text at its marks; a mark that is not closed reaches to the end.
///
/// ```
/// use gradient_lab::gui::chapter::prose::{Piece, pieces};
/// let all = pieces("Here *every* $z$.");
/// assert_eq!(all[1], Piece::Strong("every"));
/// assert_eq!(all[3], Piece::Math("z"));
/// ```
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(['$', '*']) {
        let mark = &rest[start..=start];
        let inside = &rest[start + 1..];
        let end = inside.find(mark).unwrap_or(inside.len());
        found.push(Piece::Plain(&rest[..start]));
        let of = if mark == "$" { Piece::Math } else { Piece::Strong };
        found.push(of(&inside[..end]));
        rest = inside.get(end + 1..).unwrap_or_default();
    }
    found.push(Piece::Plain(rest));
    found.retain(|piece| *piece != Piece::Plain(""));
    found
}

/// A text as a screen reader should say it: marks gone, the commonest LaTeX as plain signs.
pub fn spoken(text: &str) -> String {
    let say = |piece| match piece {
        Piece::Plain(words) | Piece::Strong(words) => words.to_owned(),
        Piece::Math(latex) => spoken_formula(latex),
    };
    pieces(text).into_iter().map(say).collect()
}

/// LaTeX, and what is said in its place. Longer commands come before their beginnings.
const SPOKEN: [(&str, &str); 50] = [
    (r"\operatorname", ""),
    (r"\underbrace", ""),
    (r"\mathbb", ""),
    (r"\mathbf", ""),
    (r"\hat z", "normalized z"),
    (r"\tilde g", "g without its mean"),
    (r"\bar g", "mean of g"),
    (r"\parallel", "∥"),
    (r"\perp", "⊥"),
    (r"\text", ""),
    (r"\tfrac", "fraction "),
    (r"\frac", "fraction "),
    (r"\partial", "∂"),
    (r"\nabla", "∇"),
    (r"\delta", "δ"),
    (r"\sigma", "σ"),
    (r"\alpha", "α"),
    (r"\beta", "β"),
    (r"\gamma", "γ"),
    (r"\varepsilon", "ε"),
    (r"\sqrt", "√"),
    (r"\max", "max "),
    (r"\mu", "μ"),
    (r"\chi", "χ"),
    (r"\eta", "η"),
    (r"\xi", "ξ"),
    (r"\sum", "sum "),
    (r"\ln", "ln "),
    (r"\odot", " ⊙ "),
    (r"\cdots", " … "),
    (r"\cdot", "·"),
    (r"\dots", "…"),
    (r"\times", " × "),
    (r"\top", "ᵀ"),
    (r"\leftarrow", " ← "),
    (r"\left.", ""),
    (r"\left", ""),
    (r"\right", ""),
    (r"\le", " ≤ "),
    (r"\Bigl", ""),
    (r"\Bigr", ""),
    (r"\bigl", ""),
    (r"\bigr", ""),
    (r"\qquad", "; "),
    (r"\|", "‖"),
    (r"\,", " "),
    (r"\;", " "),
    (r"\!", ""),
    ("{", ""),
    ("}", " "),
];

/// A formula as a screen reader should say it.
pub fn spoken_formula(latex: &str) -> String {
    let replace = |text: String, (from, to): &(&str, &str)| text.replace(from, to);
    let said = SPOKEN.iter().fold(latex.to_owned(), replace);
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Sets paragraphs, and remembers where their lines break.
#[derive(Default)]
pub struct Typesetter {
    paragraphs: HashMap<Key, Arc<Paragraph>>,
}

/// A text, and the bits of its width, size and pixel density.
type Key = (&'static str, [u32; 3]);

/// Lines of one width.
struct Paragraph {
    lines: Vec<Line>,
    height: f32,
}

struct Line {
    /// Of the baseline, below the top of the paragraph.
    baseline: f32,
    runs: Vec<Run>,
}

/// Something set at once, at a distance from the left margin.
struct Run {
    x: f32,
    ink: Ink,
}

#[derive(Clone)]
enum Ink {
    Words { text: String, strong: bool },
    Formula(Arc<Formula>),
}

/// What no line may be broken within: a word, a formula, or several without a space between.
type Atom = Vec<Ink>;

impl Typesetter {
    /// Adds a paragraph that fills the width available.
    pub fn show(&mut self, ui: &mut Ui, text: &'static str, size: f32, color: Color32) -> Response {
        let width = ui.available_width().floor();
        let paragraph = self.paragraph(ui, text, size, width);
        let (rect, response) =
            ui.allocate_exact_size(vec2(width, paragraph.height), Sense::hover());
        if ui.is_rect_visible(rect) {
            paragraph.paint(ui.painter(), rect.min, size, color);
        }
        let enabled = ui.is_enabled();
        response.widget_info(|| WidgetInfo::labeled(Role::Label, enabled, spoken(text)));
        response
    }

    fn paragraph(&mut self, ui: &Ui, text: &'static str, size: f32, width: f32) -> Arc<Paragraph> {
        let density = ui.pixels_per_point();
        let key = (text, [width.to_bits(), size.to_bits(), density.to_bits()]);
        if let Some(found) = self.paragraphs.get(&key) {
            return found.clone();
        }
        if self.paragraphs.len() >= MOST_PARAGRAPHS {
            self.paragraphs.clear();
        }
        let paragraph = Arc::new(Paragraph::set(ui.painter(), text, size, width));
        self.paragraphs.insert(key, paragraph.clone());
        paragraph
    }
}

impl Paragraph {
    fn set(painter: &Painter, text: &str, size: f32, width: f32) -> Self {
        let measure = Measure { painter, size, space: space(painter, size) };
        let lines = break_lines(&measure, atoms(painter, text), width);
        let [ascent, descent] = measure.extent(&words("x", false));
        let mut paragraph = Self { lines: Vec::new(), height: 0.0 };
        let mut floor = -CLEARANCE * size;
        for atoms in lines {
            let extents = atoms.iter().flatten().map(|ink| measure.extent(ink));
            let [up, down] =
                extents.fold([ascent, descent], |a, b| [a[0].max(b[0]), a[1].max(b[1])]);
            let regular = paragraph.lines.last().map_or(ascent, |l| l.baseline + LEADING * size);
            let baseline = regular.max(floor + CLEARANCE * size + up);
            floor = baseline + down;
            paragraph.lines.push(Line { baseline, runs: runs(&measure, atoms) });
            paragraph.height = floor;
        }
        paragraph
    }

    fn paint(&self, painter: &Painter, corner: Pos2, size: f32, color: Color32) {
        for line in &self.lines {
            for run in &line.runs {
                let at = pos2(corner.x + run.x, corner.y + line.baseline);
                match &run.ink {
                    Ink::Formula(formula) => formula.paint(painter, at, MATH * size, color),
                    Ink::Words { text, strong } => {
                        let galley =
                            painter.layout_no_wrap(text.clone(), font(*strong, size), color);
                        let ascent = ascent(&galley);
                        painter.galley(pos2(at.x, at.y - ascent), galley, color);
                    }
                }
            }
        }
    }
}

fn font(strong: bool, size: f32) -> FontId {
    FontId::new(size, if strong { fonts::bold() } else { FontFamily::Proportional })
}

fn ascent(galley: &eframe::egui::Galley) -> f32 {
    let glyph = galley.rows.first().and_then(|row| row.glyphs.first());
    glyph.map_or(0.0, |glyph| glyph.pos.y)
}

fn words(text: &str, strong: bool) -> Ink {
    Ink::Words { text: text.to_owned(), strong }
}

/// A space's width is that of two letters with it, less that of the letters.
fn space(painter: &Painter, size: f32) -> f32 {
    let width = |text: &str| {
        let text = text.to_owned();
        painter.layout_no_wrap(text, font(false, size), Color32::PLACEHOLDER).size().x
    };
    width("n n") - width("nn")
}

/// What is as wide and high as it is painted.
struct Measure<'a> {
    painter: &'a Painter,
    size: f32,
    space: f32,
}

impl Measure<'_> {
    fn width(&self, ink: &Ink) -> f32 {
        match ink {
            Ink::Formula(formula) => formula.size(MATH * self.size).x,
            Ink::Words { text, strong } => self.galley(text, *strong).size().x,
        }
    }

    /// Above and below the baseline.
    fn extent(&self, ink: &Ink) -> [f32; 2] {
        match ink {
            Ink::Formula(formula) => {
                let up = formula.ascent(MATH * self.size);
                [up, formula.size(MATH * self.size).y - up]
            }
            Ink::Words { text, strong } => {
                let galley = self.galley(text, *strong);
                let up = ascent(&galley);
                [up, galley.size().y - up]
            }
        }
    }

    fn galley(&self, text: &str, strong: bool) -> Arc<eframe::egui::Galley> {
        let font = font(strong, self.size);
        self.painter.layout_no_wrap(text.to_owned(), font, Color32::PLACEHOLDER)
    }

    fn atom(&self, atom: &Atom) -> f32 {
        atom.iter().map(|ink| self.width(ink)).sum()
    }
}

/// Cuts a text into atoms. A formula that cannot be set stands as its source.
fn atoms(painter: &Painter, text: &str) -> Vec<Atom> {
    let mut atoms: Vec<Atom> = vec![Atom::new()];
    for piece in pieces(text) {
        let (words_of, strong) = match piece {
            Piece::Plain(words) => (words, false),
            Piece::Strong(words) => (words, true),
            Piece::Math(latex) => {
                let formula = MathCache::formula(painter.ctx(), latex, MathStyle::Inline);
                let ink = formula.map_or_else(|_| words(latex, true), Ink::Formula);
                atoms.last_mut().into_iter().for_each(|atom| atom.push(ink.clone()));
                continue;
            }
        };
        for (index, word) in words_of.split(' ').enumerate() {
            if index > 0 {
                atoms.push(Atom::new());
            }
            if let Some(atom) = atoms.last_mut().filter(|_| !word.is_empty()) {
                atom.push(words(word, strong));
            }
        }
    }
    atoms.retain(|atom| !atom.is_empty());
    atoms
}

/// As many atoms to a line as fit; what is too wide for any line has one to itself.
fn break_lines(measure: &Measure<'_>, atoms: Vec<Atom>, width: f32) -> Vec<Vec<Atom>> {
    let mut lines: Vec<Vec<Atom>> = vec![Vec::new()];
    let mut x = 0.0;
    for atom in atoms {
        let wide = measure.atom(&atom);
        if x > 0.0 && x + measure.space + wide > width {
            lines.push(Vec::new());
            x = 0.0;
        }
        x += if x > 0.0 { measure.space + wide } else { wide };
        lines.last_mut().into_iter().for_each(|line| line.push(atom.clone()));
    }
    lines
}

/// Joins words of one kind, and places everything from left to right.
fn runs(measure: &Measure<'_>, atoms: Vec<Atom>) -> Vec<Run> {
    let mut joined: Vec<(bool, Ink)> = Vec::new();
    for (index, atom) in atoms.into_iter().enumerate() {
        for (inner, ink) in atom.into_iter().enumerate() {
            let spaced = index > 0 && inner == 0;
            match (joined.last_mut().map(|(_, last)| last), &ink) {
                (
                    Some(Ink::Words { text, strong }),
                    Ink::Words { text: more, strong: as_strong },
                ) if strong == as_strong => {
                    text.extend(spaced.then_some(' '));
                    text.push_str(more);
                }
                _ => joined.push((spaced, ink)),
            }
        }
    }
    let mut x = 0.0;
    let place = |(spaced, ink)| {
        x += if spaced { measure.space } else { 0.0 };
        let run = Run { x, ink };
        x += measure.width(&run.ink);
        run
    };
    joined.into_iter().map(place).collect()
}
