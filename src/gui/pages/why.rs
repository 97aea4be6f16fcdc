//! The page of reasons: the product behind BP2, factor by factor, and what the Jacobians can
//! do to any signal.

use std::sync::Arc;

use eframe::egui::{self, Context, DragValue, RichText, ScrollArea, Slider, Ui};

use crate::experiment::Experiment;
use crate::figure::why::{self, StepWords};
use crate::figure::{Figure, FigureId};
use crate::study::{BackwardFactors, BackwardSettings, Cause, DrawStudy, backward_factors};

use crate::gui::command::Commands;
use crate::gui::controls;
use crate::gui::figure_tools::figure_with_tools;
use crate::gui::lab::Lab;
use crate::gui::page_view::{PageContext, PageView};
use crate::gui::study_handle::{Study, StudyHandle};
use crate::gui::under_way;
use crate::paint::mathtext::{Math, colored};
use crate::paint::{self, Painter};

/// From this width on the figures stand in two columns, in points.
const TWO_COLUMNS: f32 = 1100.0;
/// No figure is lower than this, in points.
const LOWEST: f32 = 210.0;

/// What is asked of the worker.
#[derive(Clone, PartialEq)]
struct Question {
    experiment: Experiment,
    settings: BackwardSettings,
}

/// The page's state.
pub struct WhyPage {
    asked: StudyHandle<Question, BackwardFactors>,
    /// l, from 1: the step that is looked at.
    layer: usize,
    example: usize,
    top: Option<usize>,
    made: Option<Made>,
}

/// What is made of an answer, once for each answer and layer.
struct Made {
    figures: Vec<Arc<Figure>>,
    step: Option<StepWords>,
}

impl PageView for WhyPage {
    fn studies(&mut self) -> Vec<&mut dyn Study> {
        vec![&mut self.asked]
    }

    fn ask(&mut self, lab: &Lab) {
        if lab.refusal().is_some() {
            return;
        }
        let (experiment, variant) = (&lab.experiment, lab.view.variant);
        let settings = BackwardSettings { variant, example: self.example, top: self.top };
        let same = |q: &Question| q.settings == settings && q.experiment == *experiment;
        if !self.asked.has_asked(same) {
            self.asked.ask(&Question { experiment: experiment.clone(), settings });
        }
    }

    fn answered(&mut self) {
        self.made = None;
    }

    fn show(&mut self, ui: &mut Ui, context: PageContext<'_>) {
        let PageContext { lab, painter, commands } = context;
        egui::CentralPanel::default().show(ui, |ui| {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                formula(ui, lab);
                self.choices(ui, lab, commands);
                under_way::show(ui, &mut self.asked, "Taking the pass apart");
                self.made();
                if let Some(made) = &self.made {
                    results(ui, made, self.layer, painter, commands);
                }
            });
        });
    }
}

impl WhyPage {
    /// Looking at the first layer, where everything has happened.
    pub fn new(context: &Context, draws: &DrawStudy) -> Self {
        let mut study = draws.beside();
        let asked = StudyHandle::live(
            context,
            "gradient-lab why",
            move |question: Question, task, preview| {
                backward_factors(&mut study, &question.experiment, question.settings, preview, task)
            },
        );
        Self { asked, layer: 1, example: 0, top: None, made: None }
    }

    /// Looks at the step back to a layer, from 1.
    pub fn look_at(&mut self, layer: usize) {
        self.layer = layer;
        self.made = None;
    }

    fn made(&mut self) {
        let Some(backward) = self.asked.answer().filter(|_| self.made.is_none()) else { return };
        let layer = self.layer.clamp(1, backward.factors.steps.len().max(1));
        let figure = |id: FigureId| Arc::new(Figure::of_backward_factors(id, backward, layer));
        let figures = why::FIGURES.into_iter().map(figure).collect();
        let step = StepWords::of(backward, layer);
        self.layer = layer;
        self.made = Some(Made { figures, step });
    }

    fn choices(&mut self, ui: &mut Ui, lab: &Lab, commands: &mut Commands) {
        let layers = lab.experiment.layers();
        ui.horizontal_wrapped(|ui| {
            let word = ui.label("Layer l");
            let before = self.layer;
            let slider = Slider::new(&mut self.layer, 1..=(layers - 1).max(1));
            ui.add(slider)
                .labelled_by(word.id)
                .on_hover_text("The step from layer l + 1 back to layer l, and ∂z/∂z⁽ˡ⁾");
            if self.layer != before {
                self.made = None;
            }
            let word = ui.label("Jacobians from layer");
            let usual = BackwardSettings { top: self.top, ..Default::default() };
            let mut top = usual.top(&lab.experiment);
            let field = DragValue::new(&mut top).range(1..=layers);
            let hint = "Where the signal starts. One output alone leaves one singular value; the last hidden layer shows more.";
            if ui.add(field).labelled_by(word.id).on_hover_text(hint).changed() {
                self.top = Some(top);
            }
            let batch = lab.experiment.architecture.batch;
            if batch > 1 {
                let word = ui.label("at example");
                let mut shown = self.example.min(batch - 1) + 1;
                let field = ui.add(DragValue::new(&mut shown).range(1..=batch));
                let hint = "Which example of the batch the Jacobians are at";
                if field.labelled_by(word.id).on_hover_text(hint).changed() {
                    self.example = shown - 1;
                }
            }
            controls::variant_shown(ui, "Variant shown", lab, commands);
        });
    }
}

/// LaTeX in the colour that the figures have for a factor.
fn in_colour(ui: &Ui, latex: &str, cause: Cause) -> String {
    colored(latex, paint::ink(why::ink(cause), ui.visuals()))
}

/// The step back that a variant takes.
fn formula(ui: &mut Ui, lab: &Lab) {
    let variant = &lab.experiment.variants[lab.experiment.shown_variant(lab.view.variant)];
    let [latex, alt] =
        why::equation(&lab.experiment, variant, |latex, cause| in_colour(ui, latex, cause));
    ui.add_space(2.0);
    ui.add(Math::new(&latex).size(19.0).shrink_to(11.0).alt(&alt));
}

/// The chosen step's numbers.
fn step(ui: &mut Ui, step: &StepWords, layer: usize) {
    let factors = step.factors.iter();
    let product: Vec<String> =
        factors.clone().map(|(cause, factor)| in_colour(ui, &latex(factor), *cause)).collect();
    let formula = format!(
        r"\frac{{\|\delta^{{({layer})}}\|}}{{\|\delta^{{({})}}\|}} = {} = {}",
        layer + 1,
        product.join(r" \times "),
        latex(&step.ratio)
    );
    let aloud: Vec<String> =
        factors.map(|(cause, factor)| format!("{} {factor}", cause.name())).collect();
    let alt = format!(
        "From layer {} to layer {layer}: {} is {}",
        layer + 1,
        aloud.join(" times "),
        step.ratio
    );
    ui.horizontal_wrapped(|ui| {
        if step.exists {
            ui.add(Math::new(&formula).size(15.0).shrink_to(10.0).alt(&alt));
            ui.add_space(6.0);
        } else {
            ui.label(format!("No ratio: δ of layer {} is exactly 0.", layer + 1));
        }
        ui.label(RichText::new(&step.sentence).weak());
    });
}

/// `8.11e-04` as TeX sets it.
fn latex(number: &str) -> String {
    match number.split_once('e') {
        Some((mantissa, exponent)) => {
            let exponent: i64 = exponent.parse().unwrap_or(0);
            format!(r"{mantissa}\cdot 10^{{{exponent}}}")
        }
        None => number.replace('–', r"\text{–}"),
    }
}

fn results(ui: &mut Ui, made: &Made, layer: usize, painter: &mut Painter, commands: &mut Commands) {
    if let Some(words) = &made.step {
        step(ui, words, layer);
    }
    let room = ui.available_height();
    let (product, jacobian) = made.figures.split_at(3);
    if ui.available_width() > TWO_COLUMNS {
        ui.columns(2, |columns| {
            let [left, right] = columns else { return };
            left.vertical(|ui| {
                group(ui, product, &[0.38, 0.36, 0.26], room, painter, commands);
            });
            right.vertical(|ui| group(ui, jacobian, &[0.55, 0.45], room, painter, commands));
        });
    } else {
        group(ui, product, &[0.0; 3], room, painter, commands);
        ui.separator();
        group(ui, jacobian, &[0.0; 2], room, painter, commands);
    }
}

/// The figures' common sentence, and below it each figure with its share of the room.
fn group(
    ui: &mut Ui,
    figures: &[Arc<Figure>],
    shares: &[f32],
    room: f32,
    painter: &mut Painter,
    commands: &mut Commands,
) {
    let top = ui.cursor().top();
    for note in figures.first().iter().flat_map(|figure| &figure.notes) {
        paint::sheet::note(ui, note);
    }
    let gaps = 14.0 * figures.len() as f32;
    let room = room - (ui.cursor().top() - top) - gaps;
    for (figure, share) in figures.iter().zip(shares) {
        if figure.panels.is_empty() {
            continue;
        }
        let height = (room * share).max(LOWEST);
        figure_with_tools(ui, painter, figure, height, commands, |_, _| {});
        ui.add_space(4.0);
    }
}
