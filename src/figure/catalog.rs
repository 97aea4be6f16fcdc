//! How each figure is made of a study's results.

use std::sync::Arc;

use crate::experiment::{Experiment, Precision};
use crate::study::{Draw, Snapshot, VariantDraw};

use super::words;
use super::{Bars, Direction, Figure, FigureId, Graph, Heat, Note, Panel, View};

impl FigureId {
    /// Whether it shows passes as narrow formats compute them, with all that they lose.
    pub fn shows_emulation(self) -> bool {
        matches!(
            self,
            Self::Norms
                | Self::Strips
                | Self::Units
                | Self::Sheet
                | Self::Precision
                | Self::Flush
                | Self::Training
                | Self::TrainingLayers
                | Self::TrainingActivations
                | Self::TrainingHeat
                | Self::LossScale
                | Self::DecisionSurface
                | Self::RateTest
        )
    }
}

impl Figure {
    /// A figure of one draw: norms, strips, units or the sheet of all three.
    pub fn of_draw(id: FigureId, draw: &Draw, view: View) -> Self {
        let norms = || Panel::Bars(Bars::norms(draw, view.linear));
        let strips = || Panel::Heat(Heat::strips(draw));
        let units = || Panel::Heat(Heat::units(draw, view.variant));
        let panels = match id {
            FigureId::Norms => vec![norms()],
            FigureId::Strips => vec![strips()],
            FigureId::Units => vec![units()],
            _ => vec![norms(), strips(), units()],
        };
        Self { notes: notes(draw), ..Self::new(id, &draw.experiment, panels) }
    }

    /// The network's diagram.
    pub fn graph(experiment: &Experiment, snapshot: &Snapshot, direction: Direction) -> Self {
        let panel = Panel::Graph(Graph::of(snapshot, direction));
        Self::new(FigureId::Graph, experiment, vec![panel])
    }

    /// A figure with the experiment's title and settings, and no diagnosis.
    pub(super) fn new(id: FigureId, experiment: &Experiment, panels: Vec<Panel>) -> Self {
        Self {
            id,
            experiment: Arc::new(experiment.clone()),
            title: experiment.title.clone(),
            caption: caption(id, experiment),
            notes: Vec::new(),
            panels,
            derivatives: Vec::new(),
        }
    }
}

fn caption(id: FigureId, experiment: &Experiment) -> Vec<String> {
    let variants = experiment
        .shown(&experiment.variants)
        .map(|(_, v)| format!("{}: {}", v.name, v.describe()));
    let mut lines = vec![experiment.describe(), variants.collect::<Vec<_>>().join(" · ")];
    let precision = experiment.architecture.precision;
    if precision.is_emulated() && !id.shows_emulation() {
        lines.push(not_emulated(precision));
    }
    lines
}

/// What stands beside everything that is not computed in the format that is set.
pub fn not_emulated(precision: Precision) -> String {
    format!(
        "Computed in f64: {} is emulated for the norms of one seed and for training only.",
        precision.id()
    )
}

fn notes(draw: &Draw) -> Vec<Note> {
    let note = |(variant, result): (usize, &VariantDraw)| Note {
        variant,
        name: result.name.clone(),
        text: [words::flow::sentence(&result.diagnosis)]
            .into_iter()
            .chain(result.precision.iter().map(words::precision::sentence))
            .collect::<Vec<_>>()
            .join(" "),
    };
    draw.experiment.shown(&draw.variants).map(note).collect()
}
