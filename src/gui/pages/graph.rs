//! The graph page: the network's diagram, forward or backward, for one example.

use std::sync::Arc;

use eframe::egui::{self, Context, RichText, Ui};

use crate::experiment::Experiment;
use crate::figure::{Direction, Figure};
use crate::study::{DrawStudy, Snapshot, snapshot};

use crate::gui::command::Commands;
use crate::gui::controls;
use crate::gui::figure_tools::figure_with_tools;
use crate::gui::lab::Lab;
use crate::gui::page_view::{PageContext, PageView};
use crate::gui::study_handle::{Study, StudyHandle};
use crate::gui::under_way;

/// What is asked of the worker: the experiment, the variant and the example.
type Question = (Experiment, usize, usize);

/// The page's state.
pub struct GraphPage {
    asked: StudyHandle<Question, (Experiment, Snapshot)>,
    direction: Direction,
    example: usize,
    figure: Option<Arc<Figure>>,
}

impl PageView for GraphPage {
    fn studies(&mut self) -> Vec<&mut dyn Study> {
        vec![&mut self.asked]
    }

    fn ask(&mut self, lab: &Lab) {
        if lab.refusal().is_none() {
            self.asked.ask(&(lab.experiment.clone(), lab.view.variant, self.example));
        }
    }

    fn answered(&mut self) {
        self.figure = None;
    }

    fn show(&mut self, ui: &mut Ui, context: PageContext<'_>) {
        let PageContext { lab, painter, commands } = context;
        egui::CentralPanel::default().show(ui, |ui| {
            under_way::show(ui, &mut self.asked, "Running a pass");
            let Some(figure) = self.figure() else { return };
            let height = ui.available_height() - 8.0;
            figure_with_tools(ui, painter, &figure, height, commands, |ui, commands| {
                self.choices(ui, lab, commands);
            });
        });
    }
}

impl GraphPage {
    /// Looking backward at the first example.
    pub fn new(context: &Context, draws: &DrawStudy) -> Self {
        let mut study = draws.beside();
        let asked =
            StudyHandle::live(context, "gradient-lab graph", move |question: Question, task, _| {
                let (experiment, variant, example) = question;
                let snapshot = snapshot(&mut study, &experiment, variant, example, task)?;
                Ok((experiment, snapshot))
            });
        Self { asked, direction: Direction::default(), example: 0, figure: None }
    }

    fn figure(&mut self) -> Option<Arc<Figure>> {
        if self.figure.is_none() {
            let (experiment, snapshot) = &**self.asked.answer()?;
            self.figure = Some(Arc::new(Figure::graph(experiment, snapshot, self.direction)));
        }
        self.figure.clone()
    }

    fn choices(&mut self, ui: &mut Ui, lab: &Lab, commands: &mut Commands) {
        ui.separator();
        let before = self.direction;
        let small = |text: &str| RichText::new(text).small();
        ui.selectable_value(&mut self.direction, Direction::Backward, small("backward"))
            .on_hover_text("δ of each unit and the gradient by each weight");
        ui.selectable_value(&mut self.direction, Direction::Forward, small("forward"))
            .on_hover_text("a of each unit and each weight");
        if before != self.direction {
            self.figure = None;
        }
        ui.separator();
        controls::variant_shown(ui, "Variant shown", lab, commands);
        controls::example_choice(ui, &mut self.example, &lab.experiment);
    }
}
