//! How each figure is made of a study's results.

use std::sync::Arc;

use crate::experiment::{Experiment, Precision};
use crate::study::{
    AnatomySettings, Draw, DrawStudy, Ensemble, EnsembleError, EnsembleSettings, Portrait, Shard,
    Signal, Spread, SpreadSettings, Stopped, Sweep, SweepError, SweepMap, SweepResult, Theory,
    TheoryStudy, VariantDraw, Watch, all_threads, anatomy, critical_line, ensemble, portrait,
    precision, spread, sweep,
};

use super::words;
use super::{Bars, Direction, Figure, FigureId, Graph, Heat, Note, Panel, SpreadForm, View};

impl FigureId {
    /// Whether it shows passes as narrow formats compute them, with all that they lose.
    pub fn shows_emulation(self) -> bool {
        matches!(
            self,
            Self::Norms | Self::Strips | Self::Units | Self::Sheet | Self::Precision | Self::Flush
        )
    }

    /// Runs the study that the figure needs, with its usual settings, and makes the figure.
    ///
    /// # Errors
    /// [`Stopped`] when told to stop.
    pub fn compute(
        self,
        experiment: &Experiment,
        view: View,
        watch: &Watch<'_>,
    ) -> Result<Figure, Stopped> {
        let mut study = DrawStudy::new();
        match self {
            Self::Norms | Self::Strips | Self::Units | Self::Sheet => {
                let figure = Figure::of_draw(self, &study.run(experiment, watch)?, view);
                if !view.theory {
                    return Ok(figure);
                }
                Ok(figure.with_theory(&Theory::at_once(experiment)))
            }
            Self::Graph => {
                let portrait = portrait(&mut study, experiment, view.variant, 0, watch)?;
                Ok(Figure::graph(experiment, &portrait, Direction::Backward))
            }
            Self::Factors | Self::Product | Self::Shares | Self::Jacobian | Self::Spectrum => {
                let settings = AnatomySettings { variant: view.variant, ..Default::default() };
                let anatomy = anatomy(&mut study, experiment, settings, &|_| {}, watch)?;
                Ok(Figure::of_anatomy(self, &anatomy, 1))
            }
            Self::Check | Self::Derivatives => {
                super::check::usual(self, &mut study, experiment, view.variant, watch)
            }
            Self::Cost => Ok(Figure::cost(experiment)),
            Self::Ensemble | Self::Histogram => {
                let draw = study.run(experiment, watch)?;
                let theory = TheoryStudy::new().run(experiment, watch)?;
                let ensemble = usual_ensemble(experiment, watch)?;
                Ok(match self {
                    Self::Ensemble => Figure::ensemble(&ensemble, &theory, Some(&draw)),
                    _ => Figure::histogram(&ensemble, &theory, Some(&draw), 1),
                })
            }
            Self::Theory => Ok(Figure::theory(&TheoryStudy::new().run(experiment, watch)?)),
            Self::Chi => Ok(Figure::chi(&TheoryStudy::new().run(experiment, watch)?)),
            Self::Sweep => phase_diagram(experiment, view.variant, watch),
            Self::Dist(signal) => {
                let spread = usual_spread(&mut study, experiment, signal, view.variant, watch)?;
                Ok(Figure::spread(&spread, SpreadForm::Heat))
            }
            Self::Ridge(signal) => {
                let spread = usual_spread(&mut study, experiment, signal, view.variant, watch)?;
                Ok(Figure::spread(&spread, SpreadForm::Ridge))
            }
            Self::Precision => {
                Ok(Figure::precision(&precision(&mut study, experiment, watch)?, false))
            }
            Self::Flush => {
                let lens = Arc::new(precision(&mut study, experiment, watch)?);
                Ok(Figure::flush(&lens, view.variant))
            }
        }
    }
}

/// A signal of a variant on the axis that suits it.
fn usual_spread(
    study: &mut DrawStudy,
    experiment: &Experiment,
    signal: Signal,
    variant: usize,
    watch: &Watch<'_>,
) -> Result<Arc<Spread>, Stopped> {
    let settings = SpreadSettings { variant, signal, axis: None };
    Ok(Arc::new(spread(study, experiment, settings, watch)?))
}

/// An ensemble of the usual size, or of what seeds there are left.
fn usual_ensemble(experiment: &Experiment, watch: &Watch<'_>) -> Result<Ensemble, Stopped> {
    let usual = EnsembleSettings::default();
    let settings = EnsembleSettings { seeds: that_are_left(usual.seeds, experiment), ..usual };
    ensemble(experiment, &settings, watch, |_| {}).map_err(|error| match error {
        EnsembleError::Stopped(stopped) => stopped,
        // The seeds are in range, and the fastest engine that applies does apply.
        EnsembleError::Seeds(_) | EnsembleError::LastSeed(_) | EnsembleError::NotExact(_) => {
            Stopped
        }
    })
}

/// So many seeds, or what there are left.
fn that_are_left(seeds: u32, experiment: &Experiment) -> u32 {
    u32::try_from(experiment.seeds_left()).map_or(seeds, |left| seeds.min(left))
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
    pub fn graph(experiment: &Experiment, portrait: &Portrait, direction: Direction) -> Self {
        let panel = Panel::Graph(Graph::of(portrait, direction));
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
        }
    }
}

/// The phase diagram of a variant. Where a corner of it is refused, nothing of it is measured
/// and a note says why.
fn phase_diagram(
    experiment: &Experiment,
    variant: usize,
    watch: &Watch<'_>,
) -> Result<Figure, Stopped> {
    let mut request = Sweep::phase_diagram(experiment, variant);
    request.seeds = that_are_left(request.seeds, experiment);
    let threads = all_threads();
    let (map, refusal) = match sweep(&request, Shard::WHOLE, threads, watch, |_| {}) {
        Ok(map) => (map, None),
        Err(SweepError::Stopped(stopped)) => return Err(stopped),
        Err(error) => (SweepMap::empty(&request), Some(format!("Nothing is measured: {error}."))),
    };
    let critical = critical_line(&request, watch)?;
    let (variant, name) =
        (request.variant, request.experiment.variants[request.variant].name.clone());
    let note = |text| Note { variant, name, text };
    let mut figure = Figure::sweep(&SweepResult { sweep: request, map, critical }, None);
    figure.notes.splice(0..0, refusal.map(note));
    Ok(figure)
}

fn caption(id: FigureId, experiment: &Experiment) -> Vec<String> {
    let variants = experiment.variants.iter().map(|v| format!("{}: {}", v.name, v.describe()));
    let mut lines = vec![experiment.describe(), variants.collect::<Vec<_>>().join(" · ")];
    let precision = experiment.architecture.precision;
    if precision.is_emulated() && !id.shows_emulation() {
        lines.push(not_emulated(precision));
    }
    lines
}

/// What stands beside everything that is not computed in the format that is set.
pub fn not_emulated(precision: Precision) -> String {
    format!("Computed in f64: {} is emulated for the norms of one draw only.", precision.id())
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
    draw.variants.iter().enumerate().map(note).collect()
}
