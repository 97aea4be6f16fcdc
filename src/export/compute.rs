//! A figure of an experiment from nothing: runs the study that it needs.

use std::sync::Arc;

use crate::experiment::Experiment;
use crate::figure::{
    Direction, Figure, FigureId, Note, SpreadForm, View, check::with_note, quick_check,
};
use crate::study::{
    BackwardSettings, CheckError, CheckSettings, DrawStudy, Ensemble, EnsembleError,
    EnsembleSettings, LiveTraining, RateRange, Sample, Shard, Spread, SpreadSettings, SpreadSignal,
    Stopped, Sweep, SweepError, SweepMap, SweepResult, TaskContext, Theory, TheoryStudy,
    all_threads, backward_factors, critical_line, ensemble, gradient_check, precision, rate_test,
    snapshot, spread, sweep,
};

/// Parameters of a check that would take too long with all of them.
const SOME: usize = 100;

impl FigureId {
    /// Runs the study that the figure needs, with its usual settings, and makes the figure.
    ///
    /// # Errors
    /// [`Stopped`] when told to stop.
    pub fn compute(
        self,
        experiment: &Experiment,
        view: View,
        task: &TaskContext<'_>,
    ) -> Result<Figure, Stopped> {
        let mut study = DrawStudy::new();
        match self {
            Self::Norms | Self::Strips | Self::Units | Self::Sheet => {
                let figure = Figure::of_draw(self, &study.run(experiment, task)?, view);
                if !view.theory {
                    return Ok(figure);
                }
                Ok(figure.with_theory(&Theory::at_once(experiment)))
            }
            Self::Graph => {
                let snapshot = snapshot(&mut study, experiment, view.variant, 0, task)?;
                Ok(Figure::graph(experiment, &snapshot, Direction::Backward))
            }
            Self::Factors | Self::Product | Self::Shares | Self::Jacobian | Self::Spectrum => {
                let settings = BackwardSettings { variant: view.variant, ..Default::default() };
                let backward = backward_factors(&mut study, experiment, settings, &|_| {}, task)?;
                Ok(Figure::of_backward_factors(self, &backward, 1))
            }
            Self::Check | Self::Derivatives => {
                usual_check(self, &mut study, experiment, view.variant, task)
            }
            Self::Cost => Ok(Figure::cost(experiment)),
            Self::Ensemble | Self::Histogram => {
                let draw = study.run(experiment, task)?;
                let theory = TheoryStudy::new().run(experiment, task)?;
                let ensemble = usual_ensemble(experiment, task)?;
                Ok(match self {
                    Self::Ensemble => Figure::ensemble(&ensemble, &theory, Some(&draw)),
                    _ => Figure::histogram(&ensemble, &theory, Some(&draw), 1),
                })
            }
            Self::Theory => Ok(Figure::theory(&TheoryStudy::new().run(experiment, task)?)),
            Self::Chi => Ok(Figure::chi(&TheoryStudy::new().run(experiment, task)?)),
            Self::Sweep => phase_diagram(experiment, view.variant, task),
            Self::Dist(signal) => {
                let spread = usual_spread(&mut study, experiment, signal, view.variant, task)?;
                Ok(Figure::spread(&spread, SpreadForm::Heat))
            }
            Self::Ridge(signal) => {
                let spread = usual_spread(&mut study, experiment, signal, view.variant, task)?;
                Ok(Figure::spread(&spread, SpreadForm::Ridge))
            }
            Self::Precision => {
                Ok(Figure::precision(&precision(&mut study, experiment, task)?, false))
            }
            Self::Flush => {
                let report = Arc::new(precision(&mut study, experiment, task)?);
                Ok(Figure::flush(&report, view.variant))
            }
            Self::Training
            | Self::TrainingLayers
            | Self::TrainingActivations
            | Self::TrainingHeat
            | Self::LossScale
            | Self::DecisionSurface => trained(self, &mut study, experiment, view.variant, task),
            Self::RateTest => {
                let test = rate_test(experiment, RateRange::default(), &mut study, task)?;
                Ok(Figure::rate_test(&test))
            }
        }
    }
}

/// The check's figure with the usual settings: every parameter where that is quick.
fn usual_check(
    id: FigureId,
    study: &mut DrawStudy,
    experiment: &Experiment,
    variant: usize,
    task: &TaskContext<'_>,
) -> Result<Figure, Stopped> {
    let variant = variant.min(experiment.variants.len() - 1);
    let mut settings = CheckSettings::default();
    if !quick_check(experiment, &settings) {
        settings.sample = Sample::Some { count: SOME, seed: 1 };
    }
    match gradient_check(experiment, variant, &settings, study, task) {
        Ok(check) => Ok(Figure::of_check(id, experiment, variant, &check)),
        Err(CheckError::Stopped(stopped)) => Err(stopped),
        Err(refusal) => Ok(with_note(id, experiment, variant, Vec::new(), refusal.to_string())),
    }
}

/// Why there is no decision surface.
const NO_SURFACE: &str = "A decision surface takes two inputs and at most two outputs: set architecture.input = 2, or take a set such as data.set = \"spirals\"; and a network of fewer weights where it has those.";

/// Why there is no loss scale.
const NO_LOSS_SCALE: &str =
    "A loss scale belongs to a narrow format: set architecture.precision to \"fp16\" or \"bf16\".";

/// A figure of a whole training; with a note alone where there is none.
fn trained(
    id: FigureId,
    study: &mut DrawStudy,
    experiment: &Experiment,
    variant: usize,
    task: &TaskContext<'_>,
) -> Result<Figure, Stopped> {
    let mut training = LiveTraining::new(experiment, study, task)?;
    training.run_to(experiment.training_steps(), all_threads(), task)?;
    let state = training.state();
    let or_note = |figure: Option<Figure>, why: &str| {
        figure.unwrap_or_else(|| with_note(id, experiment, variant, Vec::new(), why.to_owned()))
    };
    Ok(match id {
        FigureId::Training => Figure::training(&state),
        FigureId::TrainingLayers => Figure::training_layers(&state, state.steps_taken),
        FigureId::TrainingActivations => Figure::training_activations(&state, state.steps_taken),
        FigureId::LossScale => or_note(Figure::loss_scale(&state), NO_LOSS_SCALE),
        FigureId::DecisionSurface => or_note(Figure::surface(&state, variant), NO_SURFACE),
        _ => Figure::training_heat(&state, variant),
    })
}

/// A signal of a variant on the axis that suits it.
fn usual_spread(
    study: &mut DrawStudy,
    experiment: &Experiment,
    signal: SpreadSignal,
    variant: usize,
    task: &TaskContext<'_>,
) -> Result<Arc<Spread>, Stopped> {
    let settings = SpreadSettings { variant, signal, axis: None };
    Ok(Arc::new(spread(study, experiment, settings, task)?))
}

/// An ensemble of the usual size, or of what seeds there are left.
fn usual_ensemble(experiment: &Experiment, task: &TaskContext<'_>) -> Result<Ensemble, Stopped> {
    let usual = EnsembleSettings::default();
    let settings = EnsembleSettings { seeds: that_are_left(usual.seeds, experiment), ..usual };
    ensemble(experiment, &settings, task, |_| {}).map_err(|error| match error {
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

/// The phase diagram of a variant. Where a corner of it is refused, nothing of it is measured
/// and a note says why.
fn phase_diagram(
    experiment: &Experiment,
    variant: usize,
    task: &TaskContext<'_>,
) -> Result<Figure, Stopped> {
    let mut request = Sweep::phase_diagram(experiment, variant);
    request.seeds = that_are_left(request.seeds, experiment);
    let threads = all_threads();
    let (map, refusal) = match sweep(&request, Shard::WHOLE, threads, task, |_| {}) {
        Ok(map) => (map, None),
        Err(SweepError::Stopped(stopped)) => return Err(stopped),
        Err(error) => (SweepMap::empty(&request), Some(format!("Nothing is measured: {error}."))),
    };
    let critical = critical_line(&request, task)?;
    let (variant, name) =
        (request.variant, request.experiment.variants[request.variant].name.clone());
    let note = |text| Note { variant, name, text };
    let mut figure = Figure::sweep(&SweepResult { sweep: request, map, critical }, None);
    figure.notes.splice(0..0, refusal.map(note));
    Ok(figure)
}
