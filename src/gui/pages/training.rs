//! The training page: all variants learn side by side, live.

mod job;
mod rates;
mod send;
mod settings;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use eframe::egui::{self, Button, Context, Key, ProgressBar, ScrollArea, Slider, Ui};

use crate::figure::Figure;
use crate::study::{DrawStudy, TrainingState};

use crate::gui::command::Commands;
use crate::gui::controls;
use crate::gui::figure_tools::{cure, figure_with_tools};
use crate::gui::lab::Lab;
use crate::gui::message::sentence;
use crate::gui::page_view::{PageContext, PageView};
use crate::gui::study_handle::{Study, StudyHandle};
use crate::paint::{self, Painter};
use job::{Job, Question, Speed};
use rates::Rates;
use send::Sender;

/// The loss is no lower than this, in points.
const LOSS: f32 = 230.0;
/// Height of the layers' figures, in points.
const LAYERS: f32 = 420.0;
/// Height of the decision surface, in points.
const SURFACE: f32 = 380.0;
/// Height of layer × step, in points.
const HEAT: f32 = 300.0;

/// The page's state.
pub struct TrainingPage {
    asked: StudyHandle<Question, TrainingState>,
    rates: Rates,
    sender: Sender,
    is_paused: Arc<AtomicBool>,
    /// Trainings begun.
    runs: u64,
    presses: u64,
    speed: Speed,
    /// The step whose layers are looked at; the last one where nobody chose.
    step: Option<usize>,
    made: Option<Made>,
}

/// The figures of a state, as they are looked at.
struct Made {
    variant: usize,
    step: Option<usize>,
    all: [Arc<Figure>; 4],
    surface: Option<Arc<Figure>>,
    loss_scale: Option<Arc<Figure>>,
}

impl PageView for TrainingPage {
    fn studies(&mut self) -> Vec<&mut dyn Study> {
        vec![&mut self.asked, &mut self.rates.asked, &mut self.sender.asked]
    }

    fn answered(&mut self) {
        self.rates.answered();
        self.made = None;
    }

    fn show(&mut self, ui: &mut Ui, context: PageContext<'_>) {
        let PageContext { lab, painter, commands } = context;
        if self.is_under_way() {
            ui.request_repaint_after(Duration::from_millis(100));
        }
        self.keys(ui, lab);
        self.sender.take(commands);
        egui::Panel::top("training").show(ui, |ui| {
            ui.add_space(4.0);
            ui.horizontal_wrapped(|ui| self.buttons(ui, lab, commands));
            ui.horizontal_wrapped(|ui| settings::show(ui, &mut lab.experiment));
            if lab.experiment.architecture.precision.is_emulated() {
                ui.horizontal(|ui| settings::loss_scale(ui, &mut lab.experiment));
            }
            self.words(ui, lab);
            ui.add_space(2.0);
        });
        egui::CentralPanel::default().show(ui, |ui| {
            if self.state().is_some() {
                ui.horizontal_wrapped(|ui| self.look(ui, lab, commands));
            } else if !self.rates.is_open() {
                ui.label("Play trains every variant on the same minibatches: press Play, or the space bar.");
                return;
            }
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                self.rates.show(ui, lab, painter, commands);
                self.figures(ui, lab.view.variant, painter, commands);
            });
        });
    }
}

impl TrainingPage {
    /// Before the first step.
    pub fn new(context: &Context, draws: &DrawStudy) -> Self {
        let is_paused = Arc::new(AtomicBool::new(false));
        let mut job = Job::new(draws.beside(), is_paused.clone());
        let name = "gradient-lab training";
        let asked = StudyHandle::new(context, name, move |question: Question, task, deliver| {
            job.answer(&question, task, deliver)
        });
        let speed = Speed::default();
        Self {
            asked,
            rates: Rates::new(context, draws),
            sender: Sender::new(context, draws),
            is_paused,
            runs: 0,
            presses: 0,
            speed,
            step: None,
            made: None,
        }
    }

    /// What is shown.
    fn state(&self) -> Option<&TrainingState> {
        self.asked.answer().map(|state| &**state)
    }

    fn is_under_way(&self) -> bool {
        self.asked.progress().is_some()
    }

    /// Whether what is shown is a training of what is set.
    fn is_of(&self, lab: &Lab) -> bool {
        self.state().is_some_and(|state| *state.experiment == lab.experiment)
    }

    /// Goes on until so many steps are behind; a training of something else begins anew.
    fn go(&mut self, lab: &Lab, until: usize) {
        if lab.refusal().is_some() {
            return;
        }
        if !self.is_of(lab) {
            self.runs += 1;
            self.step = None;
        }
        self.presses += 1;
        self.is_paused.store(false, Ordering::Relaxed);
        let (experiment, run, press) = (lab.experiment.clone(), self.runs, self.presses);
        self.asked.ask(&Question { experiment, run, press, until, speed: self.speed });
    }

    fn play(&mut self, lab: &Lab) {
        self.go(lab, lab.experiment.training_steps());
    }

    fn pause(&self) {
        self.is_paused.store(true, Ordering::Relaxed);
    }

    /// Begins anew, without a step.
    fn reset(&mut self, lab: &Lab) {
        self.runs += 1;
        self.step = None;
        self.presses += 1;
        self.is_paused.store(false, Ordering::Relaxed);
        let (experiment, run, press) = (lab.experiment.clone(), self.runs, self.presses);
        self.asked.ask(&Question { experiment, run, press, until: 0, speed: self.speed });
    }

    /// Space plays and pauses, where no control has the keyboard.
    fn keys(&mut self, ui: &Ui, lab: &Lab) {
        let is_free = ui.memory(|memory| memory.focused().is_none());
        if is_free && ui.input(|input| input.key_pressed(Key::Space)) {
            if self.is_under_way() { self.pause() } else { self.play(lab) }
        }
    }

    fn buttons(&mut self, ui: &mut Ui, lab: &Lab, commands: &mut Commands) {
        let all = lab.experiment.training_steps();
        let taken = self.state().map_or(0, |state| state.steps_taken);
        let is_done = self.is_of(lab) && taken >= all;
        if self.is_under_way() {
            let hint = "Waits after the present step; Play goes on (space bar)";
            if ui.button("Pause").on_hover_text(hint).clicked() {
                self.pause();
            }
        } else {
            let play = ui.add_enabled(!is_done && lab.refusal().is_none(), Button::new("Play"));
            let play =
                play.on_hover_text("Trains every variant on the same minibatches (space bar)");
            if play
                .on_disabled_hover_text("All steps are done: reset, or raise the steps")
                .clicked()
            {
                self.play(lab);
            }
        }
        let can_step = !self.is_under_way() && !is_done && lab.refusal().is_none();
        let step = ui.add_enabled(can_step, Button::new("Step")).on_hover_text("One step");
        if step.clicked() {
            self.go(lab, if self.is_of(lab) { taken + 1 } else { 1 });
        }
        let reset = ui.add_enabled(lab.refusal().is_none(), Button::new("Reset"));
        if reset.on_hover_text("The networks as they were drawn").clicked() {
            self.reset(lab);
        }
        let find = ui.add_enabled(lab.refusal().is_none(), Button::new("Find a rate"));
        let hint =
            "Loss against a learning rate that grows, of every variant, and the rate to take";
        if find.on_hover_text(hint).clicked() {
            self.rates.find(lab);
        }
        ui.separator();
        let before = self.speed;
        for each in Speed::ALL {
            let choice = ui.selectable_value(&mut self.speed, each, each.label());
            choice.on_hover_text(each.hint());
        }
        if self.speed != before && self.is_under_way() {
            self.play(lab);
        }
        ui.separator();
        let share = taken as f32 / all.max(1) as f32;
        let words = format!("{taken} of {all} steps");
        ui.add(ProgressBar::new(share.min(1.0)).desired_width(180.0).text(words));
        let still =
            |state: &TrainingState| state.variants.iter().position(|v| v.has_still_layers());
        if let Some(ailing) = self.state().filter(|_| self.is_of(lab)).and_then(still) {
            cure(ui, lab.view, ailing, commands);
        }
    }

    fn words(&self, ui: &mut Ui, lab: &Lab) {
        if let Some(failure) = self.asked.failure() {
            sentence(ui, failure, true);
        } else if self.state().is_some() && !self.is_of(lab) {
            let words = "The settings have changed; what is shown is the last training. Play begins a new one.";
            sentence(ui, words, false);
        }
    }

    /// Which variant and which step are looked at.
    fn look(&mut self, ui: &mut Ui, lab: &Lab, commands: &mut Commands) {
        controls::variant_shown(ui, "Variant shown", lab, commands);
        let last = self.state().and_then(|state| {
            let records = state.variants.iter().filter_map(|variant| variant.records.last());
            records.map(|record| record.step).max()
        });
        let Some(last) = last.filter(|last| *last > 0) else { return };
        ui.separator();
        let mut step = self.step.unwrap_or(last).min(last);
        let word = ui.label("Layers at step");
        let slider = ui.add(Slider::new(&mut step, 0..=last)).labelled_by(word.id);
        if slider.on_hover_text("Scrub back to any recorded step").changed() {
            self.step = (step < last).then_some(step);
        }
        if let Some(state) = self.asked.answer().cloned() {
            let step = self.step.unwrap_or(state.steps_taken);
            self.sender.show(ui, &state, step, self.asked.progress().is_some());
        }
    }

    fn figures(
        &mut self,
        ui: &mut Ui,
        variant: usize,
        painter: &mut Painter,
        commands: &mut Commands,
    ) {
        self.make(variant);
        let Some(Made { all, surface, loss_scale, .. }) = &self.made else { return };
        let [loss, layers, activations, heat] = all;
        let room = ui.available_height();
        let top = ui.cursor().top();
        for note in &loss.notes {
            paint::sheet::note(ui, note);
        }
        let height = (0.55 * (room - (ui.cursor().top() - top))).max(LOSS);
        let height = height * loss.panels.len() as f32;
        figure_with_tools(ui, painter, loss, height, commands, |_, _| {});
        ui.add_space(4.0);
        if let Some(surface) = surface {
            figure_with_tools(ui, painter, surface, SURFACE, commands, |_, _| {});
            ui.add_space(4.0);
        }
        if let Some(loss_scale) = loss_scale {
            figure_with_tools(ui, painter, loss_scale, LAYERS, commands, |_, _| {});
            ui.add_space(4.0);
        }
        figure_with_tools(ui, painter, heat, HEAT, commands, |_, _| {});
        ui.add_space(4.0);
        figure_with_tools(ui, painter, layers, LAYERS, commands, |_, _| {});
        ui.add_space(4.0);
        figure_with_tools(ui, painter, activations, LAYERS, commands, |_, _| {});
    }

    fn make(&mut self, variant: usize) {
        let Some(state) = self.state() else { return };
        let is_made = |made: &Made| (made.variant, made.step) == (variant, self.step);
        if self.made.as_ref().is_some_and(is_made) {
            return;
        }
        let step = self.step.unwrap_or(usize::MAX);
        let all = [
            Figure::training(state),
            Figure::training_layers(state, step),
            Figure::training_activations(state, step),
            Figure::training_heat(state, variant),
        ];
        let surface = Figure::surface(state, variant).map(Arc::new);
        let loss_scale = Figure::loss_scale(state).map(Arc::new);
        let all = all.map(Arc::new);
        self.made = Some(Made { variant, step: self.step, all, surface, loss_scale });
    }
}
