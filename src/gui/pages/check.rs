//! The page of proofs and prices: the gradient check, the cost of a pass, the losses.

mod cost;
mod losses;

use std::sync::Arc;

use eframe::egui::{self, Context, DragValue, Grid, RichText, ScrollArea, Slider, Ui};

use crate::experiment::Experiment;
use crate::figure::{
    CheckRow, Figure, FigureId, check_rows, grouped, quick_check, quick_sample, scientific,
    with_minus,
};
use crate::study::{
    CheckError, CheckSettings, Cost, DrawStudy, GradientCheck, Sample, gradient_check,
};

use crate::gui::command::Commands;
use crate::gui::controls;
use crate::gui::figure_tools::figure_with_tools;
use crate::gui::lab::Lab;
use crate::gui::page_view::{PageContext, PageView};
use crate::gui::study_handle::{Study, StudyHandle};
use crate::gui::under_way;
use crate::paint::{self, Painter};
use cost::CostPart;
use losses::LossesPart;

/// From this width on the check and the rest stand side by side, in points.
const TWO_COLUMNS: f32 = 1100.0;
/// Most parameters of a sample.
const MOST_SAMPLED: usize = 100_000;

/// What is asked of the worker.
#[derive(Clone, PartialEq)]
struct Question {
    experiment: Experiment,
    variant: usize,
    settings: CheckSettings,
}

/// The page's state.
pub struct CheckPage {
    asked: StudyHandle<Question, (Question, Result<GradientCheck, String>)>,
    choice: Choice,
    made: Option<Made>,
    cost: CostPart,
    losses: LossesPart,
}

/// What a person chooses of the check.
struct Choice {
    /// Many steps h, or the one below.
    sweep: bool,
    step: f64,
    /// Every parameter, or as many as below.
    all: bool,
    count: usize,
}

impl Choice {
    fn settings(&self) -> CheckSettings {
        let sample =
            if self.all { Sample::All } else { Sample::Some { count: self.count, seed: 1 } };
        let usual = CheckSettings::default().steps;
        CheckSettings { sample, steps: if self.sweep { usual } else { vec![self.step] } }
    }
}

/// What is made of an answer, once.
struct Made {
    refusal: Option<String>,
    rows: Vec<CheckRow>,
    passes: String,
    figures: Vec<Arc<Figure>>,
}

impl PageView for CheckPage {
    fn studies(&mut self) -> Vec<&mut dyn Study> {
        vec![&mut self.asked, self.cost.study(), self.losses.study()]
    }

    fn answered(&mut self) {
        self.made = self.asked.answer().map(|answer| made(&answer.0, &answer.1));
        self.losses.answered();
    }

    fn show(&mut self, ui: &mut Ui, context: PageContext<'_>) {
        let PageContext { lab, painter, commands } = context;
        egui::CentralPanel::default().show(ui, |ui| {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                if ui.available_width() > TWO_COLUMNS {
                    ui.columns(2, |columns| {
                        let [left, right] = columns else { return };
                        left.vertical(|ui| self.check(ui, lab, painter, commands));
                        right.vertical(|ui| {
                            self.cost.show(ui, lab, painter, commands);
                            ui.separator();
                            self.losses.show(ui, lab);
                        });
                    });
                } else {
                    self.check(ui, lab, painter, commands);
                    ui.separator();
                    self.cost.show(ui, lab, painter, commands);
                    ui.separator();
                    self.losses.show(ui, lab);
                }
                ui.add_space(8.0);
            });
        });
    }
}

impl CheckPage {
    /// A sweep over every parameter.
    pub fn new(context: &Context, draws: &DrawStudy) -> Self {
        let mut study = draws.beside();
        let asked =
            StudyHandle::new(context, "gradient-lab check", move |question: Question, task, _| {
                let Question { experiment, variant, settings } = &question;
                let check = gradient_check(experiment, *variant, settings, &mut study, task);
                match check {
                    Err(CheckError::Stopped(stopped)) => Err(stopped),
                    outcome => Ok((question, outcome.map_err(|error| error.to_string()))),
                }
            });
        Self {
            asked,
            choice: Choice { sweep: true, step: 1e-5, all: true, count: 100 },
            made: None,
            cost: CostPart::new(context, draws),
            losses: LossesPart::new(context, draws),
        }
    }

    fn check(
        &mut self,
        ui: &mut Ui,
        lab: &mut Lab,
        painter: &mut Painter,
        commands: &mut Commands,
    ) {
        ui.push_id("gradient check", |ui| {
            ui.label(RichText::new("Gradient check").heading());
            self.choices(ui, lab, commands);
            self.ask(ui, lab);
            under_way::show(ui, &mut self.asked, "Comparing with finite differences");
            if let Some(made) = &self.made {
                results(ui, made, painter, commands);
            }
        });
    }

    fn choices(&mut self, ui: &mut Ui, lab: &Lab, commands: &mut Commands) {
        let choice = &mut self.choice;
        ui.horizontal_wrapped(|ui| {
            ui.radio_value(&mut choice.sweep, true, "sweep of h")
                .on_hover_text("23 steps from 1e-12 to 1e-1: the errors draw a V");
            ui.radio_value(&mut choice.sweep, false, "one h")
                .on_hover_text("One step, the one beside");
            ui.add_enabled_ui(!choice.sweep, |ui| {
                let word = ui.label("h");
                let slider = Slider::new(&mut choice.step, 1e-12..=0.1)
                    .logarithmic(true)
                    .smallest_positive(1e-12)
                    .custom_formatter(|h, _| scientific(h.into(), 1));
                ui.add(slider)
                    .labelled_by(word.id)
                    .on_hover_text("The step of the finite difference");
            });
        });
        ui.horizontal_wrapped(|ui| {
            ui.radio_value(&mut choice.all, true, "all parameters")
                .on_hover_text("Every weight and every bias");
            let word = ui
                .radio_value(&mut choice.all, false, "a sample of")
                .on_hover_text("As many as beside, chosen at random, always the same ones");
            ui.add_enabled_ui(!choice.all, |ui| {
                let range = 1..=MOST_SAMPLED;
                let field = DragValue::new(&mut choice.count).range(range);
                ui.add(field)
                    .labelled_by(word.id)
                    .on_hover_text("How many parameters the sample has");
            });
            controls::variant_shown(ui, "Variant checked", lab, commands);
        });
    }

    /// Asks at once where the check is quick, and by buttons where it is not.
    fn ask(&mut self, ui: &mut Ui, lab: &Lab) {
        if lab.refusal().is_some() {
            return;
        }
        let (experiment, settings) = (&lab.experiment, self.choice.settings());
        let variant = lab.view.variant.min(experiment.variants.len().saturating_sub(1));
        let same = |q: &Question| {
            (&q.experiment, q.variant, &q.settings) == (experiment, variant, &settings)
        };
        let asked = self.asked.has_asked(same);
        let answered = self.asked.answer().is_some_and(|answer| same(&answer.0));
        if asked && (answered || self.asked.progress().is_some() || self.asked.failure().is_some())
        {
            return;
        }
        // What was cancelled is not run again unasked.
        let go = if !asked && quick_check(experiment, &settings) {
            true
        } else {
            match offer(ui, experiment, &settings) {
                Some(Answer::Run) => true,
                Some(Answer::Sample(count)) => {
                    (self.choice.all, self.choice.count) = (false, count);
                    false
                }
                None => false,
            }
        };
        if go {
            let experiment = experiment.clone();
            self.asked.forget_question();
            self.asked.ask(&Question { experiment, variant, settings });
        } else if !asked && self.made.is_some() {
            let words = "What is shown below is the result of an earlier setting.";
            ui.label(RichText::new(words).weak());
        }
    }
}

/// What a person says to a check that takes long.
enum Answer {
    Run,
    /// As many parameters, which is quick.
    Sample(usize),
}

/// The buttons for a check that takes long, with what it takes.
fn offer(ui: &mut Ui, experiment: &Experiment, settings: &CheckSettings) -> Option<Answer> {
    let cost = Cost::of_experiment(experiment);
    let passes = grouped(settings.forward_passes(cost.parameters()).into());
    let quick = quick_sample(experiment, settings);
    let mut answer = None;
    ui.label(format!(
        "This check takes {passes} forward passes, {} multiply-adds, and waits for you.",
        grouped(settings.multiply_adds(&cost))
    ));
    ui.horizontal_wrapped(|ui| {
        if ui.button("Run it").on_hover_text("It can be cancelled at any time").clicked() {
            answer = Some(Answer::Run);
        }
        if quick < cost.parameters() {
            let button =
                ui.button(format!("Sample {quick} of {}", grouped(cost.parameters().into())));
            if button.on_hover_text("As many parameters as take about a second").clicked() {
                answer = Some(Answer::Sample(quick as usize));
            }
        }
    });
    answer
}

fn made(question: &Question, check: &Result<GradientCheck, String>) -> Made {
    let figure = |id| {
        let check = check.as_ref().ok()?;
        Some(Arc::new(Figure::of_check(id, &question.experiment, question.variant, check)))
    };
    let passes = check.as_ref().map_or(String::new(), |check| {
        format!(
            "{} of {} parameters, {} forward passes in all, and {} that carry a difference from a parameter's layer to the loss; backpropagation takes one forward and one backward pass.",
            grouped(check.checked as u128),
            grouped(check.parameters as u128),
            grouped(check.forward_passes.into()),
            grouped(check.carried_passes.into())
        )
    });
    Made {
        refusal: check.as_ref().err().cloned(),
        rows: check.iter().flat_map(check_rows).collect(),
        passes,
        figures: [FigureId::Check, FigureId::Derivatives].into_iter().filter_map(figure).collect(),
    }
}

fn results(ui: &mut Ui, made: &Made, painter: &mut Painter, commands: &mut Commands) {
    if let Some(refusal) = &made.refusal {
        ui.colored_label(ui.visuals().error_fg_color, refusal);
    }
    let notes = made.figures.first().into_iter().flat_map(|figure| &figure.notes);
    notes.for_each(|note| paint::sheet::note(ui, note));
    let drawn = made.figures.iter().zip([270.0, 220.0]);
    for (figure, height) in drawn.filter(|(figure, _)| !figure.panels.is_empty()) {
        figure_with_tools(ui, painter, figure, height, commands, |_, _| {});
        ui.add_space(6.0);
    }
    table(ui, &made.rows);
    ui.label(RichText::new(&made.passes).weak());
}

fn table(ui: &mut Ui, rows: &[CheckRow]) {
    if rows.is_empty() {
        return;
    }
    Grid::new("check rows").num_columns(6).spacing([14.0, 3.0]).striped(true).show(ui, |ui| {
        for (word, hint) in [
            (
                "difference",
                "(L(θ + h) − L(θ))/h, (L(θ + h) − L(θ − h))/2h, and carried differences, each derivative at steps of its own",
            ),
            ("passes at one h", "Forward passes that this kind takes alone"),
            ("best h", "The step with the smallest median error; of steps of their own the median"),
            ("median", "Median relative error there, of the derivatives that can be compared"),
            ("max", "Largest relative error there"),
            ("worst parameter", "The parameter with the largest"),
        ] {
            ui.label(RichText::new(word).small().strong()).on_hover_text(hint);
        }
        ui.end_row();
        for row in rows {
            ui.label(row.name);
            for field in [&row.passes, &row.step, &row.median, &row.max] {
                ui.monospace(field);
            }
            ui.monospace(&row.worst).on_hover_text(with_minus(&row.story));
            ui.end_row();
        }
    });
}
