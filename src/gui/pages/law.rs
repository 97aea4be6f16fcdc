//! The law page: how ‖δ^(l)‖ is distributed over thousands of initializations, beside what the
//! theory expects.

mod job;

use std::sync::Arc;
use std::time::Duration;

use eframe::egui::{
    self, ComboBox, Context, ProgressBar, RichText, ScrollArea, Slider, SliderClamping, Ui, vec2,
};

use crate::figure::{Figure, words::ensemble::ensemble as drawn};
use crate::study::{DrawStudy, Engine, Ensemble, EnsembleSettings, SEEDS, TheoryStudy};

use crate::gui::command::Commands;
use crate::gui::figure_tools::{figure_with_tools, panel};
use crate::gui::lab::Lab;
use crate::gui::message::sentence;
use crate::gui::page_view::{PageContext, PageView};
use crate::gui::study_handle::{Study, StudyHandle};
use crate::paint::{self, Painter};
use job::{Answer, Law, Question, answer};

/// Share of the height that the panel with the words has, at first.
const WORDS_SHARE: f32 = 0.2;
/// Height of the panel of zeros.
const SMALL_PANEL: f32 = 160.0;
/// The page's state.
pub struct LawPage {
    asked: StudyHandle<Question, Answer>,
    settings: EnsembleSettings,
    layer: usize,
    /// Everything divided by the theory's prediction.
    relative: bool,
    shown: Option<Shown>,
    /// Why the last question has no ensemble, where it has none.
    trouble: Option<String>,
}

/// The last whole or partial result.
struct Shown {
    answer: Arc<Answer>,
    histogram: Option<(usize, Arc<Figure>)>,
}

impl Shown {
    fn law(&self) -> Option<&Law> {
        self.answer.as_ref().as_ref().ok()
    }

    /// The histogram of a layer, made when it is first looked at.
    fn histogram(&mut self, layer: usize) -> Option<Arc<Figure>> {
        if self.histogram.as_ref().is_none_or(|(of, _)| *of != layer) {
            let law = self.answer.as_ref().as_ref().ok()?;
            let figure = Figure::histogram(&law.ensemble, &law.theory, Some(&law.draw), layer);
            self.histogram = Some((layer, Arc::new(figure)));
        }
        self.histogram.as_ref().map(|(_, figure)| figure.clone())
    }
}

impl PageView for LawPage {
    fn studies(&mut self) -> Vec<&mut dyn Study> {
        vec![&mut self.asked]
    }

    fn ask(&mut self, lab: &Lab) {
        if lab.refusal().is_none() {
            self.asked.ask(&(lab.experiment.clone(), self.settings));
        }
    }

    fn answered(&mut self) {
        // What cannot be answered leaves the last result where it is.
        let Some(answer) = self.asked.answer() else { return };
        self.trouble = answer.as_ref().as_ref().err().cloned();
        if answer.is_ok() {
            self.shown = Some(Shown { answer: answer.clone(), histogram: None });
        }
    }

    fn show(&mut self, ui: &mut Ui, context: PageContext<'_>) {
        let PageContext { lab, painter, commands } = context;
        if self.asked.progress().is_some() {
            ui.ctx().request_repaint_after(Duration::from_millis(100));
        }
        egui::Panel::top("law settings").show(ui, |ui| {
            ui.add_space(2.0);
            ui.horizontal_wrapped(|ui| self.choices(ui, lab));
            ui.horizontal(|ui| self.status(ui, lab));
            ui.add_space(2.0);
        });
        egui::Panel::bottom("law words")
            .resizable(true)
            .default_size((WORDS_SHARE * ui.available_height()).clamp(100.0, 240.0))
            .size_range(60.0..=600.0)
            .show(ui, |ui| self.words(ui));
        egui::CentralPanel::default().show(ui, |ui| self.figures(ui, lab, painter, commands));
    }
}

impl LawPage {
    /// A thousand seeds, the fastest engine, the first layer.
    pub fn new(context: &Context, draws: &DrawStudy) -> Self {
        let (mut draws, mut theories) = (draws.beside(), TheoryStudy::new());
        let asked =
            StudyHandle::live(context, "gradient-lab law", move |question: Question, task, out| {
                answer(&question, &mut draws, &mut theories, task, out)
            });
        Self {
            asked,
            settings: EnsembleSettings::default(),
            layer: 1,
            relative: false,
            shown: None,
            trouble: None,
        }
    }

    /// How many seeds, and by which engine.
    pub fn settings(&mut self) -> &mut EnsembleSettings {
        &mut self.settings
    }

    /// The ensemble shown, whole or as far as it is.
    pub fn ensemble(&self) -> Option<&Ensemble> {
        Some(&self.shown.as_ref()?.law()?.ensemble)
    }

    /// Stops the worker; what is drawn stays.
    pub fn cancel(&self) {
        self.asked.cancel();
    }

    fn choices(&mut self, ui: &mut Ui, lab: &Lab) {
        let word = ui.label("Seeds");
        let slider = Slider::new(&mut self.settings.seeds, SEEDS)
            .logarithmic(true)
            .clamping(SliderClamping::Always);
        ui.add(slider).labelled_by(word.id).on_hover_text(
            "How many networks are drawn, seed by seed from the experiment’s own on",
        );
        let word = ui.label("Engine");
        let choice = ComboBox::from_id_salt("law engine")
            .selected_text(engine_label(self.settings.engine))
            .show_ui(ui, |ui| {
                for engine in [None, Some(Engine::ExactInLaw), Some(Engine::Direct)] {
                    ui.selectable_value(&mut self.settings.engine, engine, engine_label(engine))
                        .on_hover_text(engine_hint(engine));
                }
            });
        choice.response.labelled_by(word.id).on_hover_text(engine_hint(self.settings.engine));
        let layers = lab.experiment.layers();
        self.layer = self.layer.clamp(1, layers);
        let word = ui.label("Layer");
        let slider = Slider::new(&mut self.layer, 1..=layers).clamping(SliderClamping::Always);
        ui.add(slider)
            .labelled_by(word.id)
            .on_hover_text("Whose histogram is shown; 1 is next to the input");
    }

    /// What is under way, what went wrong, or what is shown.
    fn status(&mut self, ui: &mut Ui, lab: &Lab) {
        ui.set_min_height(22.0);
        if let Some(refusal) = lab.refusal().or(self.asked.failure()) {
            sentence(ui, refusal, true);
        } else if let Some(share) = self.asked.progress() {
            ui.add(ProgressBar::new(share).desired_width(140.0).desired_height(12.0));
            let cancel = ui.small_button("Cancel").on_hover_text("Keep the networks drawn so far");
            if cancel.clicked() {
                self.asked.cancel();
            }
            sentence(ui, &self.under_way(), false);
        } else if let Some(trouble) = self.trouble.clone() {
            sentence(ui, &trouble, true);
        } else if self.is_partial() {
            let go_on = ui.small_button("Start again");
            if go_on.on_hover_text("Draw all the networks, from the first seed on").clicked() {
                self.asked.forget_question();
            }
            sentence(ui, &self.stopped(), false);
        } else if let Some(law) = self.shown.as_ref().and_then(Shown::law) {
            sentence(ui, &drawn(&law.ensemble), false);
        }
    }

    fn is_partial(&self) -> bool {
        let drawn = self.shown.as_ref().and_then(Shown::law).map(|law| law.ensemble.seeds);
        self.asked.is_stale() || drawn.is_some_and(|drawn| drawn < self.settings.seeds)
    }

    fn under_way(&self) -> String {
        match self.shown.as_ref().and_then(Shown::law) {
            Some(_) if self.asked.is_stale() => {
                "Drawing; the picture is the last result.".to_owned()
            }
            Some(law) => format!(
                "{} of {} networks so far; the picture grows with them.",
                law.ensemble.seeds, self.settings.seeds
            ),
            None => "Drawing the first networks…".to_owned(),
        }
    }

    fn stopped(&self) -> String {
        match self.shown.as_ref().and_then(Shown::law) {
            Some(law) if !self.asked.is_stale() => format!(
                "Stopped: the picture shows {} of {} networks.",
                law.ensemble.seeds, self.settings.seeds
            ),
            Some(_) => "Stopped; the picture is the last result.".to_owned(),
            None => "Stopped before the first networks were drawn.".to_owned(),
        }
    }

    fn figures(&mut self, ui: &mut Ui, lab: &Lab, painter: &mut Painter, commands: &mut Commands) {
        let layer = self.layer;
        let Some(shown) = &mut self.shown else {
            let words = if self.trouble.is_some() || self.asked.progress().is_none() {
                "There is no ensemble yet; the line above says why."
            } else {
                "Drawing the first networks…"
            };
            ui.centered_and_justified(|ui| ui.label(words));
            return;
        };
        let histogram = shown.histogram(layer);
        let Some(law) = shown.law() else { return };
        let is_old = self.asked.is_stale() || self.trouble.is_some() || lab.refusal().is_some();
        if is_old && self.asked.progress().is_none() {
            // Nothing newer is on its way: the result of other settings steps back.
            ui.set_opacity(0.55);
        }
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            let room = ui.available_height();
            let first = (0.56 * room).clamp(230.0, 560.0);
            let can_divide = law.theory.variants.iter().any(|variant| variant.layers.is_ok());
            let by_layer = &law.by_layer[usize::from(self.relative && can_divide)];
            figure_with_tools(ui, painter, by_layer, first, commands, |ui, _| {
                ui.separator();
                let words = RichText::new("÷ theory").small();
                let button = egui::Button::selectable(self.relative && can_divide, words);
                let toggle = ui
                    .add_enabled(can_divide, button)
                    .on_hover_text(
                        "Everything divided by the predicted root mean square: shows a thin band",
                    )
                    .on_disabled_hover_text("No variant has a theory");
                if toggle.clicked() {
                    self.relative = !self.relative;
                }
            });
            let second = (0.44 * room - 14.0).clamp(210.0, 460.0);
            if let Some(histogram) = histogram {
                figure_with_tools(ui, painter, &histogram, second, commands, |_, _| {});
            }
            if by_layer.panels.len() > 1 {
                let size = vec2(ui.available_width(), SMALL_PANEL);
                panel(ui, painter, (by_layer, 1), size, commands);
            }
            if !law.chi.panels.is_empty() {
                figure_with_tools(ui, painter, &law.chi, second, commands, |_, _| {});
            }
        });
    }

    /// Verdict, constants, engine and caveats of each variant.
    fn words(&self, ui: &mut Ui) {
        let Some(law) = self.shown.as_ref().and_then(Shown::law) else { return };
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.add_space(3.0);
            for (note, words) in law.by_layer[0].notes.iter().zip(&law.words) {
                paint::sheet::note(ui, note);
                ui.indent(("law words", note.variant), |ui| {
                    if let Some(limit) = &words.limit {
                        ui.label(limit);
                    }
                    ui.label(RichText::new(format!("Engine: {}", words.engine)).weak());
                    for caveat in &words.caveats {
                        ui.label(RichText::new(caveat).weak());
                    }
                });
                ui.add_space(2.0);
            }
        });
    }
}

fn engine_label(engine: Option<Engine>) -> &'static str {
    engine.map_or("Automatic", Engine::label)
}

fn engine_hint(engine: Option<Engine>) -> &'static str {
    engine.map_or(
        "Exact in law for each variant that it applies to, drawing the weights for the others; which and why is said below",
        Engine::hint,
    )
}
