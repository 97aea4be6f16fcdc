//! What the worker of the law page does: the studies, and the figures made of them.

use std::cell::LazyCell;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use crate::experiment::Experiment;
use crate::figure::{Figure, words};
use crate::runtime::Deliver;
use crate::study::{
    Draw, DrawStudy, Ensemble, EnsembleError, EnsembleFinding, EnsembleSettings, Stopped,
    TaskContext, Theory, TheoryStudy, ensemble,
};

/// Drawing goes on for as long before the first preview: a shorter ensemble is shown whole.
const FIRST_PREVIEW: Duration = Duration::from_millis(10);
/// Time between two previews, at first; each next one may take half as long again.
const PREVIEW_EVERY: Duration = Duration::from_millis(80);

/// What is asked of the worker.
pub type Question = (Experiment, EnsembleSettings);

/// What the worker hands back: a preview, or the whole; or why there is nothing.
pub type Answer = Result<Law, String>;

/// The studies' results and the figures made of them, off the UI thread.
pub struct Law {
    pub ensemble: Ensemble,
    pub theory: Arc<Theory>,
    pub draw: Arc<Draw>,
    /// As it is, and divided by the prediction.
    pub by_layer: [Arc<Figure>; 2],
    pub chi: Arc<Figure>,
    pub words: Vec<Words>,
}

/// What there is to say of one variant.
pub struct Words {
    pub engine: String,
    /// Nothing where the verdict says already that there is no theory.
    pub limit: Option<String>,
    pub caveats: Vec<String>,
}

/// The worker's job: draw, theory and ensemble, with previews of the ensemble.
pub fn answer(
    (experiment, settings): &Question,
    draws: &mut DrawStudy,
    theories: &mut TheoryStudy,
    task: &TaskContext<'_>,
    deliver: Deliver<'_, Answer>,
) -> Result<Answer, Stopped> {
    let stop = || task.proceed().is_err();
    let quiet = TaskContext::new(&stop, &|_| {});
    thread::scope(|scope| {
        // The theory needs none of the networks.
        let quick = || Arc::new(Theory::at_once(experiment));
        let theory = thread::Builder::new().name("theory".to_owned()).spawn_scoped(scope, quick);
        let theory = LazyCell::new(|| match theory.map(ScopedJoinHandle::join) {
            Ok(Ok(theory)) => theory,
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_) => quick(),
        });
        let draw = Arc::new(draws.run(experiment, &quiet)?);
        let (mut next, mut pause) = (Instant::now() + FIRST_PREVIEW, PREVIEW_EVERY);
        let mut full = None;
        let result = ensemble(experiment, settings, task, |so_far| {
            if Instant::now() < next {
                return;
            }
            full = full.take().or_else(|| theories.recall(&theory).map(Arc::new));
            deliver(Ok(Law::of(so_far, full.as_ref().unwrap_or(&*theory), &draw)));
            if full.is_none() {
                // The first band is on the screen: time for what takes longer. The threads
                // draw on.
                full = theories.complete((**theory).clone(), &quiet).map(Arc::new).ok();
            }
            next = Instant::now() + pause;
            pause = pause.mul_f32(1.5);
        });
        let ensemble = match result {
            Ok(ensemble) => ensemble,
            Err(EnsembleError::Stopped(stopped)) => return Err(stopped),
            Err(error) => return Ok(Err(trouble(&error))),
        };
        full = full.or_else(|| theories.recall(&theory).map(Arc::new));
        if full.is_none() {
            deliver(Ok(Law::of(&ensemble, &theory, &draw)));
            full = Some(Arc::new(theories.complete((**theory).clone(), &quiet)?));
        }
        Ok(Ok(Law::of(&ensemble, full.as_ref().unwrap_or(&*theory), &draw)))
    })
}

/// What to do where there is no ensemble.
fn trouble(error: &EnsembleError) -> String {
    let remedy = match error {
        EnsembleError::NotExact(_) => {
            "Choose the automatic engine, or the one that draws the weights."
        }
        EnsembleError::LastSeed(_) => "Choose a smaller seed or fewer seeds.",
        EnsembleError::Seeds(_) | EnsembleError::Stopped(_) => "Choose another number of seeds.",
    };
    format!("No ensemble: {error}. {remedy}")
}

impl Law {
    fn of(ensemble: &Ensemble, theory: &Arc<Theory>, draw: &Arc<Draw>) -> Self {
        let experiment = &ensemble.experiment;
        let variants = experiment.variants.iter().zip(&ensemble.variants).zip(&theory.variants);
        let words = variants.map(|((variant, measured), theory)| Words {
            engine: words::ensemble::engine(experiment, variant, measured.engine),
            limit: (theory.layers.is_ok() || theory.normalized.is_some())
                .then(|| words::theory::limit(theory)),
            caveats: EnsembleFinding::caveats(experiment, variant, measured, theory)
                .iter()
                .map(words::ensemble::found)
                .collect(),
        });
        let by_layer = Figure::ensemble(ensemble, theory, Some(draw));
        let divided = by_layer.clone().divided_by(theory);
        Self {
            words: words.collect(),
            by_layer: [by_layer, divided].map(Arc::new),
            ensemble: ensemble.clone(),
            theory: theory.clone(),
            draw: draw.clone(),
            chi: Arc::new(Figure::chi(theory)),
        }
    }
}
