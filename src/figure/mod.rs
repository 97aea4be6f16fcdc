//! Pictures as plain data. The screen, the PNG, the CSV and the tests all come from these.

mod bars;
mod colour;
mod heat;
pub mod norms_table;
mod number;
mod table;

use crate::study::Draw;

pub use bars::{Bars, Point, Scale, Series};
pub use colour::{ColourMap, Rgb, variant_colour, wants_dark_letters};
pub use heat::{Cell, ColourScale, Heat, Reduced, Rows};
pub use number::{decade, scientific, scientific_of_log10, superscript};
pub use table::Table;

/// Every figure of the lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FigureId {
    /// Bars of ‖δ^(l)‖ by layer, grouped by variant.
    Norms,
    /// One heatmap strip of log10 ‖δ^(l)‖ for each variant.
    Strips,
    /// Layer × unit heatmap of log10 |δ_j^(l)| of one variant.
    Units,
    /// All of them on one sheet.
    Sheet,
}

impl FigureId {
    /// Every figure, in the order in which menus show them.
    pub const ALL: [Self; 4] = [Self::Norms, Self::Strips, Self::Units, Self::Sheet];

    /// The name on the command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::Norms => "norms",
            Self::Strips => "strips",
            Self::Units => "units",
            Self::Sheet => "sheet",
        }
    }

    /// The name on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Norms => "Norms by layer",
            Self::Strips => "Norms as heatmap strips",
            Self::Units => "Units of each layer",
            Self::Sheet => "The whole sheet",
        }
    }

    /// What it shows, in a sentence.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Norms => "Bars of the error signal's norm ‖δ^(l)‖ by layer, grouped by variant.",
            Self::Strips => {
                "One strip for each variant: log10 ‖δ^(l)‖ by layer on a shared colour scale."
            }
            Self::Units => "Layer × unit: log10 |δ_j^(l)| of every unit of one variant.",
            Self::Sheet => "Norms, strips, units and the diagnosis on one sheet.",
        }
    }

    /// The figure of that name.
    pub fn find(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|figure| figure.id() == id)
    }

    /// A good size on paper, in points (1/96 inch).
    pub fn default_size(self) -> [f32; 2] {
        match self {
            Self::Norms => [960.0, 560.0],
            Self::Strips => [960.0, 320.0],
            Self::Units => [960.0, 560.0],
            Self::Sheet => [1100.0, 1320.0],
        }
    }

    /// The figure of a draw.
    pub fn build(self, draw: &Draw, view: View) -> Figure {
        let panels = match self {
            Self::Norms => vec![Panel::Bars(Bars::norms(draw, view.linear))],
            Self::Strips => vec![Panel::Heat(Heat::strips(draw))],
            Self::Units => vec![Panel::Heat(Heat::units(draw, view.variant))],
            Self::Sheet => vec![
                Panel::Bars(Bars::norms(draw, view.linear)),
                Panel::Heat(Heat::strips(draw)),
                Panel::Heat(Heat::units(draw, view.variant)),
            ],
        };
        Figure {
            id: self,
            title: draw.experiment.title.clone(),
            caption: caption(draw),
            notes: notes(draw),
            panels,
        }
    }
}

/// How a person looks at a draw; no part of the experiment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Bars on a linear axis in place of a logarithmic one.
    pub linear: bool,
    /// Which variant the units' heatmap shows.
    pub variant: usize,
}

/// A picture as plain data.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Which figure.
    pub id: FigureId,
    /// The experiment's title.
    pub title: String,
    /// The settings, a line each.
    pub caption: Vec<String>,
    /// The diagnosis of each variant.
    pub notes: Vec<Note>,
    /// From top to bottom.
    pub panels: Vec<Panel>,
}

/// A sentence about a variant.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// The variant's index, for its colour.
    pub variant: usize,
    /// The variant's name.
    pub name: String,
    /// The sentence.
    pub text: String,
}

/// One plot of a figure.
#[derive(Clone, Debug, PartialEq)]
pub enum Panel {
    /// Grouped bars.
    Bars(Bars),
    /// A heatmap with its colour bar.
    Heat(Heat),
}

fn caption(draw: &Draw) -> Vec<String> {
    let variants = draw.experiment.variants.iter().map(|v| format!("{}: {}", v.name, v.describe()));
    let mut lines = vec![draw.experiment.describe()];
    lines.push(variants.collect::<Vec<_>>().join(" · "));
    lines
}

fn notes(draw: &Draw) -> Vec<Note> {
    let note = |(variant, result): (usize, &crate::study::VariantDraw)| Note {
        variant,
        name: result.name.clone(),
        text: result.verdict.sentence(),
    };
    draw.variants.iter().enumerate().map(note).collect()
}
