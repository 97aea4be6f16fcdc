//! From LaTeX to placed glyphs, rules and outlines, in units of the font size.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use eframe::egui::mutex::Mutex;
use eframe::egui::{Color32, Context, FontFamily, FontId, Id, Vec2, vec2};
use ratex_layout::{LayoutOptions, layout, to_display_list, validate_layout};
use ratex_types::color::Color;
use ratex_types::display_item::{DisplayItem, DisplayList};
use ratex_types::math_style::MathStyle as TexStyle;
use ratex_types::path_command::PathCommand;

use super::coverage::{Patch, cover};
use super::{fonts, outline};

/// The colour that stands for "the text colour of the theme" while TeX lays out: one that no
/// LaTeX can name.
const TEXT_INK: Color = Color::new(-1.0, -1.0, -1.0, 1.0);

/// Longer sources are refused, so that a slip cannot stall the window.
const LONGEST_SOURCE: usize = 4096;

/// Beyond this many formulas the cache starts anew; a page has some tens.
const MOST_FORMULAS: usize = 512;

/// Sizes and densities whose outlines a formula remembers before it starts anew.
const MOST_SCALES: usize = 8;

/// How much room a formula takes for fractions, sums and limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MathStyle {
    /// On a line of its own: full-size fractions, limits above and below the sum.
    #[default]
    Display,
    /// Within a sentence: small fractions, limits beside the sum.
    Inline,
}

/// Why a formula cannot be drawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MathError {
    /// The LaTeX is wrong, or uses a command that is not known.
    #[error("{0}")]
    Syntax(String),
    /// The formula is too large to lay out.
    #[error("the formula is too large: {0}")]
    TooLarge(String),
    /// A sign that the embedded typefaces do not have.
    #[error("no typeface has the sign “{sign}” ({typeface})")]
    MissingSign {
        /// The sign.
        sign: char,
        /// Where it was looked for.
        typeface: String,
    },
    /// [`super::install_fonts`] has not been called, or takes effect with the next frame.
    #[error("the mathematical typefaces are not installed")]
    NoFonts,
}

/// A formula that TeX's rules have laid out. Lengths are in em, that is in font sizes.
pub struct Formula {
    pub(super) items: Vec<Item>,
    pub(super) ascent_em: f32,
    pub(super) depth_em: f32,
    width_em: f32,
    patches: Mutex<HashMap<PatchKey, Arc<Vec<Patch>>>>,
}

/// One thing to paint. `at` is in em from the left end of the formula's baseline, y downwards.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// A glyph, whose own baseline starts at `at`.
    Glyph { at: Vec2, scale: f32, family: FontFamily, sign: char, ink: Ink },
    /// A horizontal rule; `at` is the middle of its left end.
    Rule { at: Vec2, size: Vec2, ink: Ink },
    /// A filled box; `at` is its top left corner.
    Fill { at: Vec2, size: Vec2, ink: Ink },
    /// Filled outlines, drawn from `at`.
    Outlines { at: Vec2, outlines: Vec<Vec<PathCommand>>, ink: Ink },
    /// A thin open line through the given points.
    Stroke { points: Vec<Vec2>, ink: Ink },
}

/// A colour that the LaTeX names, or `None` for the text colour.
pub(super) type Ink = Option<Color32>;

/// Which outlines at which em, by the bits of its length in pixels.
type PatchKey = (usize, u32);

impl fmt::Debug for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Formula")
            .field("items", &self.items)
            .field("ascent_em", &self.ascent_em)
            .field("depth_em", &self.depth_em)
            .field("width_em", &self.width_em)
            .finish_non_exhaustive()
    }
}

impl Formula {
    /// Lays `latex` out. The source holds mathematics only, without `$` or `\[`.
    ///
    /// # Errors
    /// [`MathError::Syntax`] for wrong LaTeX, [`MathError::TooLarge`], and
    /// [`MathError::MissingSign`] for a sign of a typeface that is not embedded.
    ///
    /// ```
    /// use gradient_lab::paint::mathtext::{Formula, MathStyle};
    ///
    /// let formula = Formula::parse(r"\delta^{(l)}", MathStyle::Inline)?;
    /// assert!(formula.size(20.0).x > 20.0);
    /// assert!(Formula::parse(r"\frac{1}", MathStyle::Inline).is_err());
    /// # Ok::<(), gradient_lab::paint::mathtext::MathError>(())
    /// ```
    pub fn parse(latex: &str, style: MathStyle) -> Result<Self, MathError> {
        if latex.len() > LONGEST_SOURCE {
            return Err(MathError::TooLarge(format!("{} bytes", latex.len())));
        }
        let nodes =
            ratex_parser::parse(latex).map_err(|error| MathError::Syntax(error.to_string()))?;
        let options = LayoutOptions {
            style: match style {
                MathStyle::Display => TexStyle::Display,
                MathStyle::Inline => TexStyle::Text,
            },
            color: TEXT_INK,
            ..LayoutOptions::default()
        };
        let boxes = layout(&nodes, &options);
        validate_layout(&boxes).map_err(MathError::TooLarge)?;
        Self::from_display_list(to_display_list(&boxes))
    }

    /// Width and height in points where one em is `size_points`.
    pub fn size(&self, size_points: f32) -> Vec2 {
        vec2(self.width_em, self.ascent_em + self.depth_em) * size_points
    }

    /// Distance from the top to the baseline, in points.
    pub fn ascent(&self, size_points: f32) -> f32 {
        self.ascent_em * size_points
    }

    fn from_display_list(list: DisplayList) -> Result<Self, MathError> {
        let baseline = list.height;
        let items: Result<Vec<Item>, MathError> =
            list.items.into_iter().map(|item| Item::new(item, baseline)).collect();
        Ok(Self {
            items: items?,
            ascent_em: list.height as f32,
            depth_em: list.depth as f32,
            width_em: list.width as f32,
            patches: Mutex::default(),
        })
    }

    /// The patches of the outlines that are item number `index`, computed once for each scale.
    pub(super) fn patches(&self, index: usize, em_px: f32) -> Arc<Vec<Patch>> {
        let Some(Item::Outlines { at, outlines, .. }) = self.items.get(index) else {
            return Arc::default();
        };
        let mut known = self.patches.lock();
        if known.len() > MOST_SCALES * self.items.len() {
            known.clear();
        }
        let patches = known
            .entry((index, em_px.to_bits()))
            .or_insert_with(|| Arc::new(cover(outlines, *at * em_px, em_px)));
        Arc::clone(patches)
    }

    /// The first sign that the fonts of `ctx` lack.
    fn missing_sign(&self, ctx: &Context) -> Option<MathError> {
        ctx.fonts_mut(|fonts| {
            self.items.iter().find_map(|item| {
                let Item::Glyph { family, sign, .. } = item else {
                    return None;
                };
                let font = FontId::new(16.0, family.clone());
                (!fonts.has_glyph(&font, *sign))
                    .then(|| MathError::MissingSign { sign: *sign, typeface: family.to_string() })
            })
        })
    }
}

impl Item {
    /// Takes over one drawing instruction, whose y counts from the top of the formula.
    fn new(item: DisplayItem, baseline: f64) -> Result<Self, MathError> {
        let place = |x: f64, y: f64| vec2(x as f32, (y - baseline) as f32);
        Ok(match item {
            DisplayItem::GlyphPath { x, y, scale, font, char_code, color } => {
                let (family, sign) = glyph(&font, char_code)?;
                Self::Glyph { at: place(x, y), scale: scale as f32, family, sign, ink: ink(color) }
            }
            DisplayItem::Line { x, y, width, thickness, color, dashed: _ } => Self::Rule {
                at: place(x, y),
                size: vec2(width as f32, thickness as f32),
                ink: ink(color),
            },
            DisplayItem::Rect { x, y, width, height, color } => Self::Fill {
                at: place(x, y),
                size: vec2(width as f32, height as f32),
                ink: ink(color),
            },
            DisplayItem::Path { x, y, commands, fill: true, color } => Self::Outlines {
                at: place(x, y),
                outlines: outline::closed_outlines(&commands),
                ink: ink(color),
            },
            DisplayItem::Path { x, y, commands, fill: false, color } => Self::Stroke {
                points: outline::end_points(&commands).map(|end| place(x, y) + end).collect(),
                ink: ink(color),
            },
        })
    }
}

fn glyph(typeface: &str, char_code: u32) -> Result<(FontFamily, char), MathError> {
    let sign = char::from_u32(char_code).unwrap_or(char::REPLACEMENT_CHARACTER);
    let family = fonts::family(typeface)
        .ok_or_else(|| MathError::MissingSign { sign, typeface: typeface.to_owned() })?;
    Ok((family, sign))
}

fn ink(color: Color) -> Ink {
    let level = |share: f32| (share.clamp(0.0, 1.0) * 255.0).round() as u8;
    (color != TEXT_INK).then(|| {
        Color32::from_rgba_unmultiplied(
            level(color.r),
            level(color.g),
            level(color.b),
            level(color.a),
        )
    })
}

/// The formulas laid out so far, one cache for each egui context.
///
/// Keyed by source and style; size, density, theme and colour are settled when painting, so
/// they cost no new layout.
#[derive(Debug, Default)]
pub struct MathCache {
    formulas: HashMap<(String, MathStyle), Result<Arc<Formula>, MathError>>,
}

impl MathCache {
    /// The layout of `latex`, from the cache of `ctx` if it is there.
    ///
    /// # Errors
    /// As [`Formula::parse`]; also [`MathError::NoFonts`], which is not remembered, and
    /// [`MathError::MissingSign`] if a typeface lacks a sign.
    pub fn formula(
        ctx: &Context,
        latex: &str,
        style: MathStyle,
    ) -> Result<Arc<Formula>, MathError> {
        if !fonts::installed(ctx) {
            return Err(MathError::NoFonts);
        }
        let cache = Self::of(ctx);
        let key = (latex.to_owned(), style);
        if let Some(known) = cache.lock().formulas.get(&key) {
            return known.clone();
        }
        let fresh = Formula::parse(latex, style).and_then(|formula| {
            formula.missing_sign(ctx).map_or_else(|| Ok(Arc::new(formula)), Err)
        });
        cache.lock().insert(key, fresh.clone());
        fresh
    }

    fn of(ctx: &Context) -> Arc<Mutex<Self>> {
        ctx.data_mut(|data| Arc::clone(data.get_temp_mut_or_default::<Arc<Mutex<Self>>>(Id::NULL)))
    }

    fn insert(&mut self, key: (String, MathStyle), formula: Result<Arc<Formula>, MathError>) {
        if self.formulas.len() >= MOST_FORMULAS {
            self.formulas.clear();
        }
        self.formulas.insert(key, formula);
    }
}
