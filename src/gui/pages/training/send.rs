//! Sends the networks of a step to every other page.

use eframe::egui::{Button, Context, ProgressBar, Ui};

use crate::experiment::Experiment;
use crate::gui::command::{Command, Commands};
use crate::gui::message::sentence;
use crate::gui::page::Page;
use crate::gui::study_handle::StudyHandle;
use crate::study::{DrawStudy, LiveTraining, TrainingState, all_threads};

/// Parameters of all variants together at most: what an experiment's file holds as text.
const MOST_PARAMETERS: u128 = 500_000;

/// The experiment with the networks of its step, or why there is none.
type Answer = Result<Experiment, String>;

/// What was trained, and after how many of its steps.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Question {
    experiment: Experiment,
    steps: usize,
}

/// The button, and the training that it repeats.
pub(super) struct Sender {
    pub asked: StudyHandle<Question, Answer>,
    /// Whether the answer is still to be taken.
    is_awaited: bool,
}

impl Sender {
    /// With nothing to send.
    pub fn new(context: &Context, draws: &DrawStudy) -> Self {
        let mut study = draws.beside();
        let asked =
            StudyHandle::new(context, "gradient-lab send", move |question: Question, task, _| {
                // The same experiment gives the same bits: no step's networks need be kept.
                let mut training = LiveTraining::new(&question.experiment, &mut study, task)?;
                training.run_to(question.steps, all_threads(), task)?;
                Ok(training.experiment_now().map_err(|refusal| refusal.to_string()))
            });
        Self { asked, is_awaited: false }
    }

    /// Makes the networks that have come the experiment's, and shows them.
    pub fn take(&mut self, commands: &mut Commands) {
        if !self.is_awaited || self.asked.is_stale() || self.asked.progress().is_some() {
            return;
        }
        if let Some(answer) = self.asked.answer() {
            self.is_awaited = false;
            if let Ok(experiment) = answer.as_ref() {
                commands.extend([Command::set(experiment.clone()), Command::Go(Page::Flow)]);
            }
        }
    }

    /// The button for the networks after so many steps.
    pub fn show(&mut self, ui: &mut Ui, state: &TrainingState, steps: usize, is_learning: bool) {
        if let Some(share) = self.asked.progress() {
            ui.add(ProgressBar::new(share).desired_width(90.0).desired_height(12.0));
            let button = ui.small_button("Cancel");
            if button.on_hover_text("The experiment stays as it is").clicked() {
                self.asked.cancel();
                self.is_awaited = false;
            }
            return;
        }
        let experiment = &state.experiment;
        let count = experiment.architecture.weight_count() * experiment.variants.len() as u128;
        let why = if is_learning {
            "Pause first"
        } else if count > MOST_PARAMETERS {
            "These networks have more than 500,000 weights, too many to be written into an experiment: gradient-lab train --weights writes them to a file, and weights = { file = … } shows them"
        } else {
            ""
        };
        let send = ui.add_enabled(why.is_empty(), Button::new("See these networks everywhere"));
        let hint = format!(
            "The networks after {steps} steps become the experiment’s, on every page: their weights, γ and β are given in place of drawn ones. Undo brings those back"
        );
        if send.on_hover_text(hint).on_disabled_hover_text(why).clicked() {
            let question = Question { experiment: (**experiment).clone(), steps };
            if !self.asked.ask(&question) && self.asked.is_stale() {
                self.asked.ask_again();
            }
            self.is_awaited = true;
        }
        if let Some(Err(refusal)) = self.asked.answer().map(|answer| answer.as_ref()) {
            sentence(ui, refusal, true);
        }
    }
}
