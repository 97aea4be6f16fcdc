//! Pictures as plain data. The screen, the PNG, the CSV and the tests all come from these.

mod bars;
mod catalog;
mod chart;
pub(crate) mod check;
mod colour;
mod cost;
pub mod format_rows;
mod graph;
mod heat;
mod kept;
mod law;
mod map;
pub mod norms_table;
mod number;
mod precision;
mod spread;
mod sweep;
mod table;
pub mod value_rows;
pub mod why;
pub mod words;

use std::sync::Arc;

use crate::experiment::Experiment;
use crate::study::SpreadSignal;

pub use bars::{Bars, Point, Scale, Series};
pub use catalog::not_emulated;
pub use chart::{Axis, AxisScale, Chart, Ink, Mark, MarkShape};
pub use check::{CheckRow, OutputRow, check_rows, output_rows, quick_check, quick_sample};
pub use colour::{ColourMap, Rgb, variant_colour, wants_dark_letters};
pub use cost::{COST_COLUMNS, cost_row, cost_words, grouped};
pub use graph::{Direction, Graph, GraphColumn, Link, Node};
pub use heat::{Cell, ColourScale, Heat, Reduced, Rows};
pub use kept::{Kept, KeptNorm, Limit};
pub use map::{Map, MapAxis, MapCell};
pub use number::{decade, scientific, scientific_of_log10, superscript, with_minus};
pub use spread::{Ridge, SpreadForm};
pub use sweep::{Chosen, Profile};
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
    /// The network's diagram with δ on its way back.
    Graph,
    /// Weight gain and slope factor of every step back.
    Factors,
    /// The factors multiplied up, beside what was measured.
    Product,
    /// Shares of dead and saturated units.
    Shares,
    /// Largest, median and smallest singular value of ∂z^(L)/∂z^(l) by layer.
    Jacobian,
    /// All singular values at one layer.
    Spectrum,
    /// The gradient check's error against the step h.
    Check,
    /// Every checked derivative: its size and its error beside its error bound.
    Derivatives,
    /// Multiply-adds by layer.
    Cost,
    /// ‖δ^(l)‖ of many seeds by layer, beside the theory.
    Ensemble,
    /// The distribution of one layer's ‖δ^(l)‖ over many seeds.
    Histogram,
    /// What the theory predicts of every layer.
    Theory,
    /// χ over σ_w².
    Chi,
    /// A map over two settings; of its own, the phase diagram.
    Sweep,
    /// Layer × value: how a signal is spread in every layer.
    Dist(SpreadSignal),
    /// The same as one outline a layer.
    Ridge(SpreadSignal),
    /// The norms between the ends of the floating-point formats, and what fp16 and bf16 keep.
    Precision,
    /// Format × layer: the share of δ, ∂W or ∂b that is flushed to zero.
    Flush,
}

impl FigureId {
    /// Every figure, in the order in which menus show them.
    pub const ALL: [Self; 26] = [
        Self::Norms,
        Self::Strips,
        Self::Units,
        Self::Sheet,
        Self::Graph,
        Self::Factors,
        Self::Product,
        Self::Shares,
        Self::Jacobian,
        Self::Spectrum,
        Self::Check,
        Self::Derivatives,
        Self::Cost,
        Self::Ensemble,
        Self::Histogram,
        Self::Theory,
        Self::Chi,
        Self::Sweep,
        Self::Dist(SpreadSignal::Z),
        Self::Dist(SpreadSignal::A),
        Self::Dist(SpreadSignal::Delta),
        Self::Ridge(SpreadSignal::Z),
        Self::Ridge(SpreadSignal::A),
        Self::Ridge(SpreadSignal::Delta),
        Self::Precision,
        Self::Flush,
    ];

    /// The name on the command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::Norms => "norms",
            Self::Strips => "strips",
            Self::Units => "units",
            Self::Sheet => "sheet",
            Self::Graph => "graph",
            Self::Factors => "factors",
            Self::Product => "product",
            Self::Shares => "shares",
            Self::Jacobian => "jacobian",
            Self::Spectrum => "spectrum",
            Self::Check => "check",
            Self::Derivatives => "derivatives",
            Self::Cost => "cost",
            Self::Ensemble => "ensemble",
            Self::Histogram => "histogram",
            Self::Theory => "theory",
            Self::Chi => "chi",
            Self::Sweep => "sweep",
            Self::Dist(SpreadSignal::Z) => "dist-z",
            Self::Dist(SpreadSignal::A) => "dist-a",
            Self::Dist(SpreadSignal::Delta) => "dist-delta",
            Self::Ridge(SpreadSignal::Z) => "ridge-z",
            Self::Ridge(SpreadSignal::A) => "ridge-a",
            Self::Ridge(SpreadSignal::Delta) => "ridge-delta",
            Self::Precision => "precision",
            Self::Flush => "flush",
        }
    }

    /// The name on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Norms => "Norms by layer",
            Self::Strips => "Norms as heatmap strips",
            Self::Units => "Units of each layer",
            Self::Sheet => "The whole sheet",
            Self::Graph => "The network as a graph",
            Self::Factors => "The factors of each step back",
            Self::Product => "The factors multiplied",
            Self::Shares => "Dead and saturated units",
            Self::Jacobian => "Singular values by layer",
            Self::Spectrum => "Singular values at one layer",
            Self::Check => "The gradient check",
            Self::Derivatives => "Every checked derivative",
            Self::Cost => "The cost of a pass",
            Self::Ensemble => "Ensemble and theory by layer",
            Self::Histogram => "Distribution in one layer",
            Self::Theory => "The theory’s prediction",
            Self::Chi => "χ over σ_w²",
            Self::Sweep => "Sweep",
            Self::Dist(SpreadSignal::Z) => "Distribution of z by layer",
            Self::Dist(SpreadSignal::A) => "Distribution of a by layer",
            Self::Dist(SpreadSignal::Delta) => "Distribution of δ by layer",
            Self::Ridge(SpreadSignal::Z) => "Outlines of z by layer",
            Self::Ridge(SpreadSignal::A) => "Outlines of a by layer",
            Self::Ridge(SpreadSignal::Delta) => "Outlines of δ by layer",
            Self::Precision => "What the formats keep",
            Self::Flush => "Shares flushed to zero",
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
            Self::Graph => "The network's diagram: units, weights, and δ on its way back.",
            Self::Factors => "Weight gain × slope factor of every step back, on a log axis.",
            Self::Product => "The factors multiplied from the output, beside the measured norms.",
            Self::Shares => "Shares of dead and saturated units by layer.",
            Self::Jacobian => {
                "Largest, median and smallest singular value of ∂z^(L)/∂z^(l) by layer."
            }
            Self::Spectrum => "All singular values of ∂z^(L)/∂z^(l) at one layer.",
            Self::Check => {
                "Backpropagation against one-sided and centred differences: the error against h."
            }
            Self::Derivatives => {
                "Every checked derivative: its size and its error beside the bound."
            }
            Self::Cost => "Multiply-adds of forward pass, deltas and weight gradients by layer.",
            Self::Ensemble => {
                "‖δ^(l)‖ of 1000 seeds by layer: median, 5–95 % band, true zeros, and the theory."
            }
            Self::Histogram => "How ‖δ^(1)‖ is distributed over 1000 seeds, beside the theory.",
            Self::Theory => "Predicted ‖δ^(l)‖ with its band at this width, and χ over σ_w².",
            Self::Chi => "χ, what a step back multiplies ‖δ‖² by, over σ_w²: below 1 it vanishes.",
            Self::Sweep => {
                "A map over two settings; rendered, the (σ_w, σ_b) phase diagram of the first variant."
            }
            Self::Dist(SpreadSignal::Z) => {
                "Layer × value: how the pre-activations z are spread, zeros apart."
            }
            Self::Dist(SpreadSignal::A) => {
                "Layer × value: how the activations a are spread, zeros apart."
            }
            Self::Dist(SpreadSignal::Delta) => {
                "Layer × value: how the sizes |δ| are spread, by decades."
            }
            Self::Ridge(_) => "The same histograms as one outline a layer.",
            Self::Precision => {
                "‖δ^(l)‖ between the ends of fp8, fp16, bf16 and fp32, with what fp16 and bf16 keep, and the loss scale."
            }
            Self::Flush => {
                "Format × layer: the share of δ, ∂W or ∂b of the mean loss that each format flushes to zero, the largest of the three."
            }
        }
    }

    /// The figure of that name.
    pub fn find(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|figure| figure.id() == id)
    }

    /// Whether it shows one draw of the networks: [`Figure::of_draw`] makes it.
    pub fn is_of_draw(self) -> bool {
        matches!(self, Self::Norms | Self::Strips | Self::Units | Self::Sheet)
    }

    /// A good size on paper, in points (1/96 inch).
    pub fn default_size(self) -> [f32; 2] {
        match self {
            Self::Norms => [960.0, 560.0],
            Self::Strips => [960.0, 320.0],
            Self::Units => [960.0, 560.0],
            Self::Sheet => [1100.0, 1320.0],
            Self::Graph => [1100.0, 640.0],
            Self::Factors | Self::Product | Self::Jacobian | Self::Check => [960.0, 520.0],
            Self::Shares | Self::Spectrum | Self::Derivatives | Self::Cost => [960.0, 440.0],
            Self::Ensemble => [1100.0, 820.0],
            Self::Histogram | Self::Chi => [960.0, 560.0],
            Self::Theory => [1100.0, 900.0],
            Self::Sweep => [960.0, 640.0],
            Self::Dist(_) | Self::Ridge(_) => [960.0, 720.0],
            Self::Precision => [960.0, 720.0],
            Self::Flush => [960.0, 580.0],
        }
    }
}

/// How a person looks at a draw; no part of the experiment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Bars on a linear axis in place of a logarithmic one.
    pub linear: bool,
    /// Which variant is looked at where there is room for one only.
    pub variant: usize,
    /// The theory's prediction over the bars.
    pub theory: bool,
}

/// A picture as plain data.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Which figure.
    pub id: FigureId,
    /// What it shows; it travels in the exported picture.
    pub experiment: Arc<Experiment>,
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
    /// Lines, points, bands or a histogram.
    Chart(Chart),
    /// The network's diagram.
    Graph(Graph),
    /// A map over two settings.
    Map(Map),
    /// Histograms one above the other.
    Ridge(Ridge),
}

impl Panel {
    /// The panel's heading.
    pub fn heading(&self) -> &str {
        match self {
            Self::Bars(bars) => &bars.heading,
            Self::Heat(heat) => &heat.heading,
            Self::Chart(chart) => &chart.heading,
            Self::Graph(graph) => &graph.heading,
            Self::Map(map) => &map.heading,
            Self::Ridge(ridge) => &ridge.heading,
        }
    }
}
