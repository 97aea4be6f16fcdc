//! Formulas typeset by TeX's rules, painted with egui's own text shaper.
//!
//! [RaTeX](https://github.com/erweixin/RaTeX) parses LaTeX and lays it out as KaTeX does; its
//! glyphs are painted like any other text, from the KaTeX typefaces that [`install_fonts`]
//! adds to egui. Hence formulas are sharp at every density, follow the theme, and appear alike
//! in the window and in pictures painted off the screen.
//!
//! ```no_run
//! # use eframe::egui::{self, Color32};
//! # fn page(ui: &mut egui::Ui) {
//! use gradient_lab::paint::mathtext::{Math, colored, formula};
//!
//! formula(ui, r"\frac{\partial L}{\partial b^{(l)}} = \delta^{(l)}", 24.0);
//! ui.horizontal(|ui| {
//!     ui.label("The error of a layer,");
//!     let term = colored(r"\delta^{(l)}", Color32::from_rgb(230, 120, 40));
//!     ui.add(Math::new(&term).size(16.0).inline().alt("delta of layer l"));
//! });
//! # }
//! ```

mod coverage;
mod fonts;
mod formula;
mod outline;
mod paint;

use eframe::egui::{
    Color32, Response, RichText, Role, Sense, TextStyle, Ui, Vec2, Widget, WidgetInfo, vec2,
};

pub use fonts::install_fonts;
pub use formula::{Formula, MathCache, MathError, MathStyle};

/// Shows a displayed formula whose em is `size_points`, in the theme's text colour.
///
/// Its screen-reader label is the LaTeX itself; [`Math::alt`] sets a better one. LaTeX that
/// does not parse is shown as it stands, in the error colour, with the reason on hover.
pub fn formula(ui: &mut Ui, latex: &str, size_points: f32) -> Response {
    ui.add(Math::new(latex).size(size_points))
}

/// LaTeX in a colour of its own, for a term that is to stand out.
///
/// The colour's opacity is ignored; pick one for each theme, as LaTeX's own names (`blue`)
/// are hard to read on a dark ground.
///
/// ```
/// use eframe::egui::Color32;
/// use gradient_lab::paint::mathtext::colored;
///
/// assert_eq!(colored("x", Color32::from_rgb(255, 128, 0)), r"\textcolor{#ff8000}{x}");
/// ```
pub fn colored(latex: &str, color: Color32) -> String {
    let [r, g, b, _] = color.to_srgba_unmultiplied();
    format!(r"\textcolor{{#{r:02x}{g:02x}{b:02x}}}{{{latex}}}")
}

/// A formula as a widget.
#[derive(Clone, Copy, Debug)]
#[must_use = "add it to a Ui"]
pub struct Math<'a> {
    latex: &'a str,
    alt: &'a str,
    size_points: Option<f32>,
    smallest_points: Option<f32>,
    color: Option<Color32>,
    style: MathStyle,
}

impl<'a> Math<'a> {
    /// A displayed formula in the theme's text colour, at the size of body text.
    pub fn new(latex: &'a str) -> Self {
        Self {
            latex,
            alt: latex,
            size_points: None,
            smallest_points: None,
            color: None,
            style: MathStyle::Display,
        }
    }

    /// The length of one em, in points.
    pub fn size(mut self, size_points: f32) -> Self {
        self.size_points = Some(size_points);
        self
    }

    /// Where the width available is too narrow, shrinks the formula, down to this em in points.
    pub fn shrink_to(mut self, smallest_points: f32) -> Self {
        self.smallest_points = Some(smallest_points);
        self
    }

    /// The colour of all that the LaTeX does not colour itself.
    pub fn color(mut self, color: Color32) -> Self {
        self.color = Some(color);
        self
    }

    /// Sets the formula for use within a sentence: compact, and with its baseline on that of
    /// body text beside it, in a layout that centres vertically (`ui.horizontal`).
    pub fn inline(mut self) -> Self {
        self.style = MathStyle::Inline;
        self
    }

    /// What a screen reader says instead of the LaTeX.
    pub fn alt(mut self, alt: &'a str) -> Self {
        self.alt = alt;
        self
    }

    fn size_in(&self, ui: &Ui, formula: &Formula) -> f32 {
        let wished = self.size_points.unwrap_or_else(|| TextStyle::Body.resolve(ui.style()).size);
        let width = formula.size(wished).x;
        match self.smallest_points {
            Some(smallest) if width > ui.available_width() => {
                (wished * ui.available_width() / width).max(smallest.min(wished))
            }
            _ => wished,
        }
    }

    fn show(self, ui: &mut Ui, formula: &Formula) -> Response {
        let size_points = self.size_in(ui, formula);
        let (room, ascent) = match self.style {
            MathStyle::Display => (formula.size(size_points), formula.ascent(size_points)),
            MathStyle::Inline => inline_room(ui, formula, size_points),
        };
        let (rect, response) = ui.allocate_exact_size(room, Sense::hover());
        let color = self.color.unwrap_or_else(|| ui.visuals().text_color());
        if ui.is_rect_visible(rect) {
            let baseline = rect.min + vec2(0.0, ascent);
            formula.paint(ui.painter(), baseline, size_points, color);
        }
        let enabled = ui.is_enabled();
        response.widget_info(|| WidgetInfo::labeled(Role::Label, enabled, self.alt));
        response
    }

    fn show_source(self, ui: &mut Ui, error: &MathError) -> Response {
        let source = RichText::new(self.latex).monospace().color(ui.visuals().error_fg_color);
        ui.label(source).on_hover_text(error.to_string())
    }
}

impl Widget for Math<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        match MathCache::formula(ui.ctx(), self.latex, self.style) {
            Ok(formula) => self.show(ui, &formula),
            Err(error) => self.show_source(ui, &error),
        }
    }
}

/// Room for a formula within a sentence, and its baseline's distance from the top, in points.
///
/// egui centres the widgets of a row on each other. The room is made symmetric about the
/// middle of a line of body text, so that centring brings the baselines together. A taller
/// widget would push the middle of the row down from there on; hence what a formula is too
/// tall by is first taken from the space between rows.
fn inline_room(ui: &Ui, formula: &Formula, size_points: f32) -> (Vec2, f32) {
    let below_middle = body_baseline_below_middle(ui);
    let size = formula.size(size_points);
    let ascent = formula.ascent(size_points);
    let up = ascent - below_middle;
    let down = size.y - up;
    let tight = 2.0 * up.max(down) - ui.spacing().item_spacing.y;
    let height = tight.max(ui.text_style_height(&TextStyle::Body));
    (vec2(size.x, height), height / 2.0 + below_middle)
}

/// How far the baseline of body text lies below the middle of its row, in points.
fn body_baseline_below_middle(ui: &Ui) -> f32 {
    let font = TextStyle::Body.resolve(ui.style());
    let galley = ui.painter().layout_no_wrap("x".to_owned(), font, Color32::PLACEHOLDER);
    let glyph = galley.rows.first().and_then(|row| row.glyphs.first());
    glyph.map_or(0.0, |glyph| glyph.pos.y - galley.size().y / 2.0)
}

#[cfg(test)]
mod tests;
