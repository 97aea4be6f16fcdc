//! The sweep page: a map over two settings, or a curve over one; coarse first, then finer.

mod fields;

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::{self, Button, Context, DragValue, ProgressBar, RichText, ScrollArea, Ui, vec2};

use crate::figure::words::sweep as words;
use crate::figure::{Chosen, Figure, Profile};
use crate::study::{
    Quantity, Shard, Stopped, Sweep, SweepError, SweepPreset, SweepResult, TaskContext,
    all_threads, critical_line, sweep,
};

use crate::gui::command::{Command, Commands};
use crate::gui::controls;
use crate::gui::figure_tools::{figure_with_tools, panel};
use crate::gui::lab::Lab;
use crate::gui::message::sentence;
use crate::gui::page::Page;
use crate::gui::page_view::{PageContext, PageView};
use crate::gui::study_handle::{Study, StudyHandle};
use crate::paint::Painter;
use fields::{axis, cell_field, combo, free_axis};

/// Seeds of a cell that the page offers.
const SEEDS: RangeInclusive<u32> = 1..=1000;
/// Previews are at least this far apart.
const PREVIEW: Duration = Duration::from_millis(120);
/// A profile's height, in points.
const PROFILE: f32 = 190.0;

/// What is asked of the worker; the number tells one press of Start from the next.
type Question = (u64, Sweep);
/// What it answers.
type Answer = Result<SweepResult, SweepError>;

/// The page's state.
pub struct SweepPage {
    asked: StudyHandle<Question, Answer>,
    /// What is set, measured or not.
    draft: Sweep,
    /// The draft that was last looked over, and why it is refused.
    checked: Option<(Sweep, Option<String>)>,
    presses: u64,
    /// The presets, made once: each asks the theory where to look.
    presets: [(SweepPreset, Sweep); SweepPreset::ALL.len()],
    /// The last answer that is a map.
    shown: Option<Arc<Answer>>,
    chosen: Chosen,
    figure: Option<Arc<Figure>>,
}

impl PageView for SweepPage {
    fn studies(&mut self) -> Vec<&mut dyn Study> {
        vec![&mut self.asked]
    }

    fn ask(&mut self, _lab: &Lab) {
        if self.presses == 0 {
            self.start();
        }
        if self.checked.as_ref().is_none_or(|(draft, _)| *draft != self.draft) {
            let refusal = self.draft.validate().err().map(|error| format!("{error}."));
            self.checked = Some((self.draft.clone(), refusal));
        }
    }

    fn answered(&mut self) {
        if self.asked.answer().is_some_and(|answer| answer.is_ok()) {
            self.shown = self.asked.answer().cloned();
            self.figure = None;
        }
    }

    fn show(&mut self, ui: &mut Ui, context: PageContext<'_>) {
        let PageContext { lab, painter, commands } = context;
        if self.asked.progress().is_some() {
            ui.ctx().request_repaint_after(Duration::from_millis(100));
        }
        egui::Panel::top("sweep settings").show(ui, |ui| {
            ui.add_space(4.0);
            self.source(ui, lab);
            self.axes(ui);
            self.state(ui);
            self.replaced(ui);
            ui.add_space(2.0);
        });
        egui::CentralPanel::default().show(ui, |ui| {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                self.result(ui, painter, commands);
            });
        });
    }
}

impl SweepPage {
    /// With the phase diagram of tanh, measured when the page is first opened.
    pub fn new(context: &Context) -> Self {
        Self {
            asked: StudyHandle::new(context, "gradient-lab sweep", answer),
            draft: SweepPreset::PhaseDiagram.sweep(),
            checked: None,
            presses: 0,
            presets: SweepPreset::ALL.map(|preset| (preset, preset.sweep())),
            shown: None,
            chosen: Chosen::default(),
            figure: None,
        }
    }

    /// Sets a sweep and measures it.
    pub fn measure(&mut self, sweep: Sweep) {
        self.draft = sweep;
        self.start();
    }

    /// Stops the worker; what is measured stays.
    pub fn cancel(&self) {
        self.asked.cancel();
    }

    fn start(&mut self) {
        self.presses += 1;
        self.asked.ask(&(self.presses, self.draft.clone()));
    }

    fn refusal(&self) -> Option<&str> {
        self.checked.as_ref().and_then(|(_, refusal)| refusal.as_deref())
    }

    /// The result shown and what it answers.
    fn result_shown(&self) -> Option<&SweepResult> {
        self.shown.as_deref().and_then(|answer| answer.as_ref().ok())
    }

    /// Where the sweep starts from: a preset, the present experiment, one of its variants.
    fn source(&mut self, ui: &mut Ui, lab: &Lab) {
        ui.horizontal_wrapped(|ui| {
            let preset = SweepPreset::ALL.into_iter().find(|preset| self.is_preset(*preset));
            let text = preset.map_or("– (own)", SweepPreset::label);
            combo(ui, "Sweep of", "Sweeps that come with the lab", text, |ui| {
                for each in SweepPreset::ALL {
                    let entry = ui.selectable_label(preset == Some(each), each.label());
                    if entry.on_hover_text(each.hint()).clicked() {
                        self.draft = each.sweep();
                        self.start();
                    }
                }
            });
            let hint = "Sweep over the present experiment's settings, all else as it is";
            if ui.button("Take the present experiment").on_hover_text(hint).clicked() {
                self.draft.experiment = lab.experiment.clone();
                self.draft.variant = lab.view.variant.min(lab.experiment.variants.len() - 1);
                self.draft.seeds = self.draft.usual_seeds();
            }
            if self.draft.experiment.variants.len() > 1 {
                let (index, experiment) = (&mut self.draft.variant, &self.draft.experiment);
                controls::variant_choice(ui, "Variant swept", index, experiment);
            }
            let words = self.draft.experiment.describe();
            ui.add(egui::Label::new(RichText::new(&words).small().weak()).truncate())
                .on_hover_text(words);
        });
    }

    fn is_preset(&self, preset: SweepPreset) -> bool {
        self.presets.iter().any(|(each, sweep)| *each == preset && *sweep == self.draft)
    }

    fn axes(&mut self, ui: &mut Ui) {
        let others = self.draft.y.map(|y| y.setting);
        axis(ui, "x", &mut self.draft.x, others);
        let x = self.draft.x.setting;
        ui.horizontal_wrapped(|ui| {
            let mut two = self.draft.y.is_some();
            let hint = "A map over two settings, or a curve over one";
            if ui.checkbox(&mut two, "Second setting").on_hover_text(hint).changed() {
                self.draft.y = two.then(|| free_axis(x));
            }
            combo(ui, "Quantity", self.draft.quantity.hint(), self.draft.quantity.label(), |ui| {
                for each in Quantity::ALL {
                    ui.selectable_value(&mut self.draft.quantity, each, each.label())
                        .on_hover_text(each.hint());
                }
            });
            let seeds = DragValue::new(&mut self.draft.seeds).range(SEEDS).speed(0.1);
            controls::named(
                ui,
                "Seeds",
                "Networks of each cell; the median and the quartiles are theirs. Narrow networks scatter more and need more: 320 over the width is a good number",
                |ui| ui.add(seeds),
            );
        });
        if let Some(y) = &mut self.draft.y {
            axis(ui, "y", y, Some(x));
        }
    }

    /// Start, progress and cancel, and what there is to say.
    fn state(&mut self, ui: &mut Ui) {
        ui.horizontal(|ui| {
            ui.set_min_height(24.0);
            if let Some(share) = self.asked.progress() {
                let bar = ProgressBar::new(share).desired_width(160.0).show_percentage();
                ui.add(bar).on_hover_text("Coarse cells first, then finer ones");
                if ui.button("Cancel").on_hover_text("Keeps what is measured").clicked() {
                    self.asked.cancel();
                }
                return;
            }
            let ready = self.refusal().is_none();
            let start = ui.add_enabled(ready, Button::new("Start"));
            if start.on_hover_text("Measure this sweep").clicked() {
                self.start();
            }
            self.words(ui);
        });
    }

    /// What the sweep as it is set replaces of its experiment.
    fn replaced(&self, ui: &mut Ui) {
        let words: Vec<String> = self.draft.replaces().iter().map(words::sentence).collect();
        if !words.is_empty() {
            ui.label(RichText::new(words.join(" ")).small());
        }
    }

    fn words(&self, ui: &mut Ui) {
        if let Some(reason) = self.refusal().or(self.asked.failure()) {
            sentence(ui, reason, true);
            return;
        }
        match self.result_shown() {
            Some(shown) if shown.sweep != self.draft => {
                sentence(ui, "The settings have changed; the picture is the last result.", false);
            }
            Some(shown) if shown.map.done() < shown.map.cells.len() => {
                let (done, all) = (shown.map.done(), shown.map.cells.len());
                sentence(ui, &format!("Stopped at {done} of {all} cells."), false);
            }
            Some(shown) => {
                if let Some(finding) = shown.map.dead_medians() {
                    sentence(ui, &words::sentence(&finding), false);
                }
            }
            None => {}
        }
    }

    fn result(&mut self, ui: &mut Ui, painter: &mut Painter, commands: &mut Commands) {
        let Some(figure) = self.figure() else {
            ui.label("Measuring the first cells…");
            return;
        };
        let profile = figure.panels.len() > 1;
        let room = ui.available_height() - if profile { PROFILE + 46.0 } else { 12.0 };
        let stale = self.asked.progress().is_none()
            && self.result_shown().is_some_and(|shown| shown.sweep != self.draft);
        ui.scope(|ui| {
            ui.multiply_opacity(if stale { 0.6 } else { 1.0 });
            figure_with_tools(ui, painter, &figure, room.max(230.0), commands, |_, _| {});
        });
        if profile {
            self.cell_choice(ui, commands);
            let size = vec2(ui.available_width(), PROFILE);
            panel(ui, painter, (&figure, 1), size, commands);
        }
    }

    fn figure(&mut self) -> Option<Arc<Figure>> {
        if self.figure.is_none() {
            let result = self.shown.as_deref()?.as_ref().ok()?;
            self.chosen.x = self.chosen.x.min(result.map.width - 1);
            self.chosen.y = self.chosen.y.min(result.map.height - 1);
            self.figure = Some(Arc::new(Figure::sweep(result, Some(self.chosen))));
        }
        self.figure.clone()
    }

    /// The chosen cell, by the keyboard too, and which way its profile runs.
    fn cell_choice(&mut self, ui: &mut Ui, commands: &mut Commands) {
        let Some(result) = self.result_shown() else { return };
        let (width, height) = (result.map.width, result.map.height);
        let names = [Some(result.sweep.x), result.sweep.y]
            .map(|axis| axis.map_or("–", |axis| axis.setting.label()));
        let before = self.chosen;
        ui.horizontal_wrapped(|ui| {
            cell_field(ui, &format!("Cell along {}", names[0]), &mut self.chosen.x, width);
            cell_field(ui, &format!("along {}", names[1]), &mut self.chosen.y, height);
            ui.separator();
            let row = format!("Profile along {}", names[0]);
            let column = format!("along {}", names[1]);
            let profile = &mut self.chosen.profile;
            ui.selectable_value(profile, Profile::Row, row)
                .on_hover_text("The chosen cell's row of the map");
            ui.selectable_value(profile, Profile::Column, column)
                .on_hover_text("The chosen cell's column of the map");
            ui.separator();
            let hint = "Shows this cell's experiment on the first page; a click on the marked cell does the same";
            if ui.button("Load this cell").on_hover_text(hint).clicked() {
                commands.extend(self.load());
            }
        });
        if self.chosen != before {
            self.figure = None;
        }
    }

    /// The chosen cell's experiment, to be shown on the first page.
    fn load(&self) -> Commands {
        let experiment = |result: &SweepResult| {
            let experiment = result.sweep.experiment_at((self.chosen.x, self.chosen.y));
            vec![Command::set(experiment), Command::Go(Page::Flow)]
        };
        self.result_shown().map(experiment).unwrap_or_default()
    }

    /// A cell that is touched is marked; one that is marked is loaded.
    pub fn touch(&mut self, x: usize, y: usize) -> Commands {
        if (self.chosen.x, self.chosen.y) == (x, y) {
            return self.load();
        }
        self.chosen = Chosen { x, y, ..self.chosen };
        self.figure = None;
        Commands::new()
    }
}

/// Measures on the worker; previews come as cells are done.
fn answer(
    (_, request): Question,
    task: &TaskContext<'_>,
    deliver: &dyn Fn(Answer),
) -> Result<Answer, Stopped> {
    let threads = all_threads();
    let result = |map, critical| SweepResult { sweep: request.clone(), map, critical };
    let mut last = Instant::now();
    let map = sweep(&request, Shard::WHOLE, threads, task, |map| {
        if last.elapsed() >= PREVIEW {
            last = Instant::now();
            deliver(Ok(result(map.clone(), Vec::new())));
        }
    });
    match map {
        Ok(map) => {
            deliver(Ok(result(map.clone(), Vec::new())));
            Ok(Ok(result(map, critical_line(&request, task)?)))
        }
        Err(SweepError::Stopped(stopped)) => Err(stopped),
        Err(error) => Ok(Err(error)),
    }
}
