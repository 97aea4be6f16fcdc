//! The run by hand: one example forward, back, one update and forward again, one equation at
//! a time with its numbers put in.

mod list;
mod numbers;
mod wish;

use std::sync::Arc;
use std::time::Duration;

use eframe::egui::{self, Context, EventFilter, Key, Modifiers, RichText, ScrollArea, Ui};

use crate::experiment::{Experiment, Preset, Variant};
use crate::export::table::Numbers;
use crate::study::{DrawStudy, small_copy};

use crate::gui::command::{Command, Commands};
use crate::gui::controls;
use crate::gui::figure_tools::tool;
use crate::gui::lab::Lab;
use crate::gui::page_view::{PageContext, PageView};
use crate::gui::run_by_hand::{self, Answer, Question, Run, Shown};
use crate::gui::step_equation;
use crate::gui::study_handle::{Study, StudyHandle};
use crate::gui::under_way;

use wish::Wish;

/// How long a step stays while the run plays, in seconds.
const PACE: f64 = 1.5;
/// Width of the list of steps, in points.
const LIST: f32 = 172.0;

/// The page's state.
pub struct StepsPage {
    asked: StudyHandle<Question, Answer>,
    example: usize,
    /// Which step is shown, from 0.
    current: usize,
    /// While playing, when the present step came.
    playing: Option<f64>,
}

impl PageView for StepsPage {
    fn studies(&mut self) -> Vec<&mut dyn Study> {
        vec![&mut self.asked]
    }

    fn ask(&mut self, lab: &Lab) {
        if lab.refusal().is_some() {
            return;
        }
        let variant = lab.view.variant.min(lab.experiment.variants.len().saturating_sub(1));
        let example = self.example.min(lab.experiment.architecture.batch.saturating_sub(1));
        let question = Question { experiment: lab.experiment.clone(), variant, example };
        self.asked.ask(&question);
    }

    fn show(&mut self, ui: &mut Ui, context: PageContext<'_>) {
        let PageContext { lab, commands, .. } = context;
        let answer = self.asked.answer().cloned();
        match answer.as_deref().map(|answer| &answer.run) {
            None => _ = ui.centered_and_justified(|ui| ui.label("Computing the first pass…")),
            Some(Err(sentence)) => too_large(ui, sentence, &lab.experiment, commands),
            Some(Ok(run)) => self.run(ui, run, lab, commands),
        }
    }
}

impl StepsPage {
    /// At the first step of the first example.
    pub fn new(context: &Context, draws: &DrawStudy) -> Self {
        let mut study = draws.beside();
        let asked =
            StudyHandle::live(context, "gradient-lab steps", move |question: Question, task, _| {
                run_by_hand::answer(question, &mut study, task)
            });
        Self { asked, example: 0, current: 0, playing: None }
    }

    fn run(&mut self, ui: &mut Ui, run: &Run, lab: &Lab, commands: &mut Commands) {
        self.current = self.current.min(run.steps.len().saturating_sub(1));
        let mut wish = Wish::default();
        if !lab.folded {
            egui::Panel::left("steps").resizable(false).exact_size(LIST).show(ui, |ui| {
                list::show(ui, run, self.current, &mut wish);
            });
        }
        egui::CentralPanel::default().show(ui, |ui| {
            self.buttons(ui, run, &mut wish, commands);
            self.choices(ui, lab, commands);
            ui.separator();
            ScrollArea::vertical().id_salt("step").auto_shrink(false).show(ui, |ui| {
                under_way::show(ui, &mut self.asked, "Running the example");
                if let Some(step) = run.steps.get(self.current) {
                    step_equation::show(ui, step);
                }
                ui.add_space(10.0);
                numbers::show(ui, run, lab, commands);
            });
        });
        self.keys(ui, run.steps.len(), &mut wish);
        self.play(ui, run.steps.len());
        if let Some(step) = wish.step {
            self.current = step;
            ui.request_repaint();
            self.playing = self.playing.map(|_| ui.input(|i| i.time));
        }
    }

    fn buttons(&mut self, ui: &mut Ui, run: &Run, wish: &mut Wish, commands: &mut Commands) {
        let count = run.steps.len();
        let (current, last) = (self.current, count.saturating_sub(1));
        ui.horizontal_wrapped(|ui| {
            let mut button = |ui: &mut Ui, words: &str, hint: &str, can: bool, to: usize| {
                let response = ui.add_enabled(can, egui::Button::new(words)).on_hover_text(hint);
                if wish.clicked(&response) {
                    wish.step = Some(to);
                }
            };
            button(ui, "First", "The first step", current > 0, 0);
            button(ui, "Back", "One step back (←)", current > 0, current.saturating_sub(1));
            button(ui, "Next", "One step on (→)", current < last, (current + 1).min(last));
            button(ui, "Last", "The last step", current < last, last);
            self.play_button(ui, last, wish);
            ui.label(format!("Step {} of {count}", current + 1));
            ui.separator();
            if let Some(step) = run.steps.get(current) {
                copies(ui, step, commands);
            }
            if tool(ui, "CSV…", "Export every number of every step as CSV or JSON") {
                commands.push(Command::AskTable(Numbers::Steps(run.numbers.clone())));
            }
        });
    }

    fn play_button(&mut self, ui: &mut Ui, last: usize, wish: &mut Wish) {
        let (words, hint) = match self.playing {
            Some(_) => ("Pause", "Stay at this step"),
            None => ("Play", "A step every one and a half seconds, to the last"),
        };
        let response = ui.button(words).on_hover_text(hint);
        if !wish.clicked(&response) {
            return;
        }
        self.playing = match self.playing {
            Some(_) => None,
            None => Some(ui.input(|i| i.time)),
        };
        if self.playing.is_some() && self.current == last {
            wish.step = Some(0);
        }
    }

    fn choices(&mut self, ui: &mut Ui, lab: &Lab, commands: &mut Commands) {
        let batch = lab.experiment.architecture.batch;
        let couples = lab.experiment.variants.get(lab.view.variant);
        let couples = couples.is_some_and(Variant::couples_examples);
        ui.horizontal_wrapped(|ui| {
            if lab.experiment.variants.len() > 1 {
                ui.label("Variant");
                controls::variant_shown(ui, "Variant shown", lab, commands);
            }
            if !couples {
                controls::example_choice(ui, &mut self.example, &lab.experiment);
            }
        });
        if batch > 1 {
            let words = match couples {
                true => format!(
                    "All {batch} examples side by side, a column each, for batch normalization couples them: δ is of the sum of their losses; loss, gradients and update are of the mean."
                ),
                false => format!(
                    "One example of {batch} at a time: loss, gradients and update are its own, not the mean over the batch."
                ),
            };
            ui.label(RichText::new(words).small().weak());
        }
    }

    /// Left and Right, while nothing else that needs them has the focus.
    fn keys(&self, ui: &Ui, count: usize, wish: &mut Wish) {
        let focused = ui.memory(|memory| memory.focused());
        if focused.is_some() && focused != wish.focused {
            return;
        }
        if let Some(id) = wish.focused {
            // The arrows are the page's, and move the focus only up and down.
            let filter = EventFilter { horizontal_arrows: true, ..Default::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
        }
        let pressed = |key| ui.input_mut(|i| i.consume_key(Modifiers::NONE, key));
        if pressed(Key::ArrowLeft) {
            wish.step = Some(self.current.saturating_sub(1));
        }
        if pressed(Key::ArrowRight) {
            wish.step = Some((self.current + 1).min(count.saturating_sub(1)));
        }
    }

    /// Goes on when the step has stood long enough, and stops at the last.
    fn play(&mut self, ui: &Ui, count: usize) {
        let Some(since) = self.playing else { return };
        let now = ui.input(|i| i.time);
        let left = since + PACE - now;
        if left > 0.0 {
            ui.request_repaint_after(Duration::from_secs_f64(left.min(PACE)));
            return;
        }
        self.current = (self.current + 1).min(count.saturating_sub(1));
        self.playing = (self.current + 1 < count).then_some(now);
        ui.request_repaint();
    }
}

/// The step for a document and for a slide.
fn copies(ui: &mut Ui, step: &Arc<Shown>, commands: &mut Commands) {
    if tool(ui, "Copy LaTeX", "Copy this step as LaTeX, for a document with amsmath") {
        commands.push(Command::CopyText(step.latex.clone()));
    }
    if tool(ui, "Copy picture", "Copy this step as a picture") {
        commands.push(Command::CopyStep(step.clone()));
    }
}

/// Why there is no run by hand, and three experiments that have one.
fn too_large(ui: &mut Ui, sentence: &str, experiment: &Experiment, commands: &mut Commands) {
    egui::CentralPanel::default().show(ui, |ui| {
        ui.add_space(24.0);
        ui.heading("One example by hand");
        ui.label(sentence);
        ui.add_space(8.0);
        let copy = small_copy(experiment);
        if copy.validate().is_ok() {
            let button = ui.button("Take a small copy of mine");
            let hint = "The same activations and laws in few and narrow layers, and few examples";
            if button.on_hover_text(hint).clicked() {
                commands.push(Command::set(copy));
            }
        }
        ui.label("Or take an experiment that is small enough; Undo brings yours back.");
        for (id, words) in [("worked-example", "The worked example"), ("xor", "XOR")] {
            let Some(preset) = Preset::find(id) else { continue };
            if ui.button(words).on_hover_text(preset.hint).clicked() {
                commands.push(Command::load(preset.experiment()));
            }
        }
    });
}
