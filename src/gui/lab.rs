//! The present experiment, its result and the figures made of it: the part of the app that
//! every page shares.

use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::Context;

use crate::experiment::Experiment;
use crate::figure::{Figure, FigureId, View};
use crate::study::{Draw, DrawStudy, Theory};

use super::large::Agreement;
use super::study_handle::{Study as _, StudyHandle};

/// How long a frame may wait for a result: half of its time at 60 a second. The window's thread
/// would have nothing to do meanwhile but to show the old one.
const AT_ONCE: Duration = Duration::from_millis(8);

/// The present experiment and what is known of it.
pub struct Lab {
    /// What is set.
    pub experiment: Experiment,
    /// How it is looked at.
    pub view: View,
    /// Whether the panels beside what a page shows are folded away.
    pub folded: bool,
    refusal: Option<String>,
    /// Whether the refusal is a question: the setting is large, and may be computed.
    is_held: bool,
    agreement: Agreement,
    /// A study beside the worker's.
    draws: DrawStudy,
    draw: StudyHandle<Experiment, Draw>,
    theory: StudyHandle<Experiment, Theory>,
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
        Self {
            experiment,
            view: View::default(),
            folded: false,
            refusal: None,
            is_held: false,
            agreement: Agreement::default(),
            draws: study.beside(),
            draw: StudyHandle::live(context, "gradient-lab draw", move |experiment, task, out| {
                study.run_with_preview(&experiment, task, out)
            }),
            theory: StudyHandle::new(context, "gradient-lab theory", |experiment, _, _| {
                Ok(Theory::at_once(&experiment))
            }),
            figures: Figures::default(),
        }
    }

    /// Shares the unit draws of the present networks, for the pages' own studies.
    pub fn draws(&self) -> &DrawStudy {
        &self.draws
    }

    /// Submits the experiment where it differs from the last one submitted, and tells whether it did.
    pub fn submit(&mut self) -> bool {
        self.view.variant = self.experiment.shown_variant(self.view.variant);
        (self.refusal, self.is_held) = (None, false);
        // What was asked has been looked at before.
        let is_new = !self.draw.has_asked(|asked| *asked == self.experiment);
        if is_new {
            self.refusal = self.experiment.validate().err().map(|error| error.to_string());
        }
        if is_new && self.refusal.is_none() {
            self.refusal = self.agreement.question(&self.experiment);
            self.is_held = self.refusal.is_some();
        }
        if self.refusal.is_some() {
            return false;
        }
        let drawn = self.draw.ask(&self.experiment);
        let predicted = self.view.theory && self.theory.ask(&self.experiment);
        drawn || predicted
    }

    /// Takes the worker's answer, if there is one.
    pub fn poll(&mut self) {
        // Both, whatever the first says.
        let (drawn, predicted) = (self.draw.poll(), self.theory.poll());
        if drawn || predicted {
            self.figures.made.clear();
        }
    }

    /// Submits, and waits a little for what is answered at once: then the frame that takes a change
    /// shows its result too. Later frames do not wait for what takes longer.
    pub fn submit_and_wait(&mut self) {
        let deadline = Instant::now() + AT_ONCE;
        if !self.submit() {
            return;
        }
        let (drawn, predicted) = (self.draw.wait_until(deadline), self.theory.wait_until(deadline));
        if drawn || predicted {
            self.figures.made.clear();
        }
    }

    /// Whether the worker works on a draw at this moment.
    pub fn is_busy(&self) -> bool {
        self.draw.is_busy()
    }

    /// Why the present setting has no result, where it has none.
    pub fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref().or(self.draw.failure())
    }

    /// The present setting, or where it is refused the last one with a result: what a later session
    /// can open.
    pub fn acceptable(&self) -> &Experiment {
        let is_refused = self.refusal.is_some() && !self.is_held;
        let last = self.draw.answer().filter(|_| is_refused);
        last.map_or(&self.experiment, |draw| &draw.experiment)
    }

    /// Whether the present setting waits for [`Self::agree`], since it is large.
    pub fn is_held(&self) -> bool {
        self.is_held
    }

    /// Lets the present setting be computed, large as it is.
    pub fn agree(&mut self) {
        self.agreement.agree(&self.experiment);
    }

    /// Computes what was cancelled.
    pub fn compute_again(&mut self) {
        self.draw.ask_again();
    }

    /// Stops what is under way; the last result stays.
    pub fn cancel(&self) {
        self.draw.cancel();
    }

    /// The last result.
    pub fn result(&self) -> Option<&Arc<Draw>> {
        self.draw.answer()
    }

    /// Whether the result shown is that of another setting than the present one.
    pub fn is_stale(&self) -> bool {
        self.draw.is_stale() || self.refusal.is_some()
    }

    /// The examples that the result shown has been through, and the batch, where those are not
    /// all: the first answer to a large batch, until the whole takes its place.
    pub fn preview(&self) -> Option<(usize, usize)> {
        let draw = self.draw.answer().filter(|draw| draw.is_preview())?;
        Some((draw.examples, draw.experiment.architecture.batch))
    }

    /// The share done of what is under way, where something is.
    pub fn progress(&self) -> Option<f32> {
        self.draw.progress()
    }

    /// Whether what is under way takes so long that one should say so.
    pub fn takes_long(&self) -> bool {
        self.draw.takes_long()
    }

    /// A figure of the last result.
    pub fn figure(&mut self, id: FigureId) -> Option<Arc<Figure>> {
        let draw = self.draw.answer()?;
        let theory = self.theory.answer().map(Arc::as_ref).filter(|_| self.view.theory);
        Some(self.figures.of(draw, theory, id, self.view))
    }
}

impl Figures {
    /// The theory counts where it is that of the draw's experiment.
    fn of(
        &mut self,
        draw: &Draw,
        theory: Option<&Theory>,
        id: FigureId,
        view: View,
    ) -> Arc<Figure> {
        let found = self.made.iter().find(|(made, of, _)| *made == id && *of == view);
        if let Some((_, _, figure)) = found {
            return figure.clone();
        }
        let figure = Figure::of_draw(id, draw, view);
        let figure = Arc::new(match theory.filter(|t| t.experiment == draw.experiment) {
            Some(theory) => figure.with_theory(theory),
            None => figure,
        });
        self.made.retain(|(made, _, _)| *made != id);
        self.made.push((id, view, figure.clone()));
        figure
    }
}
