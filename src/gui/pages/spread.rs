//! The page of distributions: how z, a, δ, W and ∂W are spread in every layer of one variant.

use std::sync::Arc;

use eframe::egui::{self, Context, ScrollArea, Ui, vec2};

use crate::experiment::Experiment;
use crate::figure::{Figure, SpreadForm};
use crate::study::{DrawStudy, Spread, SpreadSettings, SpreadSignal, ValueAxis, spread};

use crate::gui::command::Commands;
use crate::gui::controls;
use crate::gui::figure_tools::{figure_with_tools, panel};
use crate::gui::lab::Lab;
use crate::gui::page_view::{PageContext, PageView};
use crate::gui::study_handle::{Study, StudyHandle};
use crate::gui::under_way;
use crate::paint::{self, Painter};

/// Height of the shares below, in points.
const SHARES: f32 = 150.0;
/// The main figure is no lower than this, in points.
const LOWEST: f32 = 220.0;

/// What is asked of the worker.
type Question = (Experiment, SpreadSettings);

/// The page's state.
pub struct SpreadPage {
    asked: StudyHandle<Question, Arc<Spread>>,
    signal: SpreadSignal,
    /// The axis that somebody chose; otherwise the data decide.
    axis: Option<ValueAxis>,
    form: SpreadForm,
    figure: Option<Arc<Figure>>,
}

impl PageView for SpreadPage {
    fn studies(&mut self) -> Vec<&mut dyn Study> {
        vec![&mut self.asked]
    }

    fn ask(&mut self, lab: &Lab) {
        if lab.refusal().is_some() {
            return;
        }
        let settings =
            SpreadSettings { variant: lab.view.variant, signal: self.signal, axis: self.axis };
        let same = |q: &Question| q.1 == settings && q.0 == lab.experiment;
        if !self.asked.has_asked(same) {
            self.asked.ask(&(lab.experiment.clone(), settings));
        }
    }

    fn answered(&mut self) {
        self.figure = None;
    }

    fn show(&mut self, ui: &mut Ui, context: PageContext<'_>) {
        let PageContext { lab, painter, commands } = context;
        egui::CentralPanel::default().show(ui, |ui| {
            ui.horizontal_wrapped(|ui| self.choices(ui, lab, commands));
            under_way::show(ui, &mut self.asked, "Counting the entries of every layer");
            if let Some(figure) = self.figure() {
                ScrollArea::vertical()
                    .auto_shrink(false)
                    .show(ui, |ui| result(ui, &figure, painter, commands));
            }
        });
    }
}

impl SpreadPage {
    /// Looking at δ as a heatmap.
    pub fn new(context: &Context, draws: &DrawStudy) -> Self {
        let mut study = draws.beside();
        let asked = StudyHandle::live(
            context,
            "gradient-lab spread",
            move |question: Question, task, _| {
                spread(&mut study, &question.0, question.1, task).map(Arc::new)
            },
        );
        Self {
            asked,
            signal: SpreadSignal::default(),
            axis: None,
            form: SpreadForm::default(),
            figure: None,
        }
    }

    /// The axis that is chosen, or else the one that is shown.
    fn axis(&self) -> Option<ValueAxis> {
        self.axis.or_else(|| Some(self.asked.answer()?.scale.axis()))
    }

    fn figure(&mut self) -> Option<Arc<Figure>> {
        if self.figure.is_none() {
            let spread = self.asked.answer()?;
            self.figure = Some(Arc::new(Figure::spread(spread, self.form)));
        }
        self.figure.clone()
    }

    fn choices(&mut self, ui: &mut Ui, lab: &Lab, commands: &mut Commands) {
        for each in SpreadSignal::ALL {
            let choice = ui.selectable_value(&mut self.signal, each, each.letter());
            if choice.on_hover_text(each.hint()).clicked() {
                self.axis = None;
            }
        }
        ui.separator();
        let mut axis = self.axis();
        for each in ValueAxis::ALL {
            let choice = ui.selectable_value(&mut axis, Some(each), each.label());
            if choice.on_hover_text(each.hint()).clicked() {
                self.axis = Some(each);
            }
        }
        ui.separator();
        let before = self.form;
        ui.selectable_value(&mut self.form, SpreadForm::Heat, "heatmap")
            .on_hover_text("Layer × value, the share of each bin as a colour");
        ui.selectable_value(&mut self.form, SpreadForm::Ridge, "ridge")
            .on_hover_text("One outline a layer; of many layers some, evenly spaced");
        if self.form != before {
            self.figure = None;
        }
        ui.separator();
        controls::variant_shown(ui, "Variant shown", lab, commands);
    }
}

/// The sentence, the figure with its tools, the shares, and how to read it.
fn result(ui: &mut Ui, figure: &Arc<Figure>, painter: &mut Painter, commands: &mut Commands) {
    let room = ui.available_height();
    let top = ui.cursor().top();
    for note in &figure.notes {
        paint::sheet::note(ui, note);
    }
    if let Some(how_to_read) = figure.caption.last() {
        ui.label(egui::RichText::new(how_to_read).small().weak());
    }
    let height = (room - (ui.cursor().top() - top) - SHARES - 16.0).max(LOWEST);
    figure_with_tools(ui, painter, figure, height, commands, |_, _| {});
    let size = vec2(ui.available_width(), SHARES);
    panel(ui, painter, (figure, 1), size, commands);
}
