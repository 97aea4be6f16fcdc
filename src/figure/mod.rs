//! Pictures as plain data. The screen, the PNG, the CSV and the tests all come from these.
//!
//! A [`Figure`] is panels and notes. To add one: its name, title and size in `id.rs`
//! ([`FigureId`]), a constructor in a file of its own, as [`Figure::cost`] in `cost.rs`, and the
//! study that it needs in `src/export/compute.rs`; then `gradient-lab render` and `list` have it,
//! and a page of the window may show it. Each kind of panel has a file here (`bars.rs`,
//! `heat.rs`, `chart.rs`, `map.rs`, `graph.rs`, `spread.rs`) and a painter of that name in
//! `src/paint`. Numbers become words in `number.rs`, findings become sentences in [`words`].

mod bars;
mod catalog;
mod chart;
pub(crate) mod check;
mod colour;
mod cost;
pub mod format_rows;
mod graph;
mod heat;
mod id;
mod law;
mod map;
pub mod norms_table;
mod number;
mod numbers;
mod precision;
mod rate_test;
pub mod remedies_table;
mod spread;
mod stored_norms;
mod surface;
mod sweep;
mod table;
mod training;
pub mod value_rows;
pub mod why;
pub mod words;

use std::sync::Arc;

use crate::experiment::Experiment;
use crate::study::Compared;

pub use bars::{Bars, Point, Scale, Series};
pub use catalog::not_emulated;
pub use chart::{Axis, AxisScale, Chart, Ink, Mark, MarkShape};
pub use check::{CheckRow, OutputRow, check_rows, output_rows, quick_check, quick_sample};
pub use colour::{ColourMap, Rgb, variant_colour, wants_dark_letters};
pub use cost::{COST_COLUMNS, cost_row, cost_words};
pub use graph::{Direction, Graph, GraphColumn, Link, Node};
pub use heat::{Cell, ColourScale, Heat, Painted, Rows};
pub use id::FigureId;
pub use map::{Map, MapAxis, MapCell};
pub use number::{
    grouped, percent, readable, readable_of_log10, scientific, scientific_of_log10, superscript,
    tick, with_minus,
};
pub use spread::{Ridge, SpreadForm};
pub use stored_norms::{Limit, StoredNorm, StoredNorms};
pub use surface::Surface;
pub use sweep::{Chosen, Profile};
pub use table::Table;

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
    /// The checked derivatives of a gradient check's figure of them: the panel has no names.
    pub derivatives: Vec<Compared>,
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
    /// A decision surface.
    Surface(Surface),
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
            Self::Surface(surface) => &surface.heading,
        }
    }
}
