//! The present experiment, its result and the figures made of it: the part of the app that
//! every page shares.

use std::sync::Arc;

use eframe::egui::Context;

use crate::experiment::Experiment;
use crate::figure::{Figure, FigureId, View};
use crate::runtime::{Outcome, Worker};
use crate::study::{Draw, DrawStudy};

/// The present experiment and what is known of it.
pub struct Lab {
    /// What is set.
    pub experiment: Experiment,
    /// How it is looked at.
    pub view: View,
    /// Why the present setting is refused, where it is.
    pub refusal: Option<String>,
    worker: Option<Worker<Experiment, Arc<Draw>>>,
    submitted: Option<Experiment>,
    result: Option<Arc<Draw>>,
    figures: Figures,
}

/// The figures of the present result, each made once and when first asked for.
#[derive(Default)]
struct Figures {
    made: Vec<(FigureId, View, Arc<Figure>)>,
}

impl Lab {
    /// Starts the worker; `context` is woken when it has an answer.
    pub fn new(experiment: Experiment, context: &Context) -> Self {
        let mut study = DrawStudy::new();
        let waker = context.clone();
        let worker = Worker::spawn(
            "gradient-lab worker",
            move |experiment: Experiment, watch, _| study.run(&experiment, watch).map(Arc::new),
            move || waker.request_repaint(),
        );
        let refusal = worker.as_ref().err().map(|error| {
            format!("The system gave no thread to compute on: {error}. Close other programs and start again.")
        });
        Self {
            experiment,
            view: View::default(),
            refusal,
            worker: worker.ok(),
            submitted: None,
            result: None,
            figures: Figures::default(),
        }
    }

    /// Submits the experiment where it differs from the last one submitted.
    pub fn submit(&mut self) {
        if self.submitted.as_ref() == Some(&self.experiment) {
            return;
        }
        self.submitted = Some(self.experiment.clone());
        match (self.experiment.validate(), &self.worker) {
            (Ok(()), Some(worker)) => {
                self.refusal = None;
                worker.submit(self.experiment.clone());
            }
            (Err(error), _) => self.refusal = Some(error.to_string()),
            (Ok(()), None) => {}
        }
    }

    /// Takes the worker's answer, if there is one.
    pub fn poll(&mut self) {
        match self.worker.as_ref().and_then(Worker::take) {
            Some(Outcome::Answer { answer, .. }) => {
                self.result = Some(answer);
                self.figures.made.clear();
            }
            Some(Outcome::Failed { reason, .. }) => {
                self.refusal = Some(format!(
                    "The computation failed: {reason}. Undo the last change; the result shown is the one before it."
                ));
            }
            None => {}
        }
    }

    /// Stops what is under way; the last result stays.
    pub fn cancel(&self) {
        if let Some(worker) = &self.worker {
            worker.cancel();
        }
    }

    /// The last result.
    pub fn result(&self) -> Option<&Arc<Draw>> {
        self.result.as_ref()
    }

    /// Whether the result shown is that of another setting than the present one.
    pub fn is_stale(&self) -> bool {
        self.result.as_ref().is_some_and(|draw| draw.experiment != self.experiment)
    }

    /// The share done of what is under way, where something is.
    pub fn progress(&self) -> Option<f32> {
        self.worker.as_ref().filter(|worker| worker.is_busy()).map(Worker::progress)
    }

    /// A figure of the last result.
    pub fn figure(&mut self, id: FigureId) -> Option<Arc<Figure>> {
        let draw = self.result.as_ref()?;
        Some(self.figures.of(draw, id, self.view))
    }
}

impl Figures {
    fn of(&mut self, draw: &Draw, id: FigureId, view: View) -> Arc<Figure> {
        let found = self.made.iter().find(|(made, of, _)| *made == id && *of == view);
        if let Some((_, _, figure)) = found {
            return figure.clone();
        }
        let figure = Arc::new(id.build(draw, view));
        self.made.retain(|(made, _, _)| *made != id);
        self.made.push((id, view, figure.clone()));
        figure
    }
}
