//! BP1 in each loss, typeset, and the present network's own numbers.

use eframe::egui::{Context, Grid, RichText, Ui};

use crate::experiment::{Experiment, Loss};
use crate::figure::{OutputRow, output_rows, with_minus};
use crate::study::{DrawStudy, Snapshot, snapshot};

use crate::figure::Ink;
use crate::gui::controls;
use crate::gui::lab::Lab;
use crate::gui::study_handle::{Study, StudyHandle};
use crate::gui::under_way;
use crate::paint;
use crate::paint::mathtext::Math;

/// What is asked of the worker: the experiment, the variant and the example.
type Question = (Experiment, usize, usize);

/// The part's state.
pub struct LossesPart {
    asked: StudyHandle<Question, (Loss, Snapshot)>,
    example: usize,
    made: Option<Made>,
}

/// The numbers of one answer.
struct Made {
    words: String,
    rows: Vec<OutputRow>,
}

impl LossesPart {
    /// At the first example.
    pub fn new(context: &Context, draws: &DrawStudy) -> Self {
        let mut study = draws.beside();
        let asked =
            StudyHandle::new(context, "gradient-lab losses", move |question: Question, task, _| {
                let (experiment, variant, example) = question;
                let snapshot = snapshot(&mut study, &experiment, variant, example, task)?;
                Ok((experiment.architecture.loss, snapshot))
            });
        Self { asked, example: 0, made: None }
    }

    /// The pass whose numbers are shown.
    pub fn study(&mut self) -> &mut dyn Study {
        &mut self.asked
    }

    /// Makes the numbers of the last answer.
    pub fn answered(&mut self) {
        self.made = self.asked.answer().map(|answer| made(answer.0, &answer.1));
    }

    /// The part.
    pub fn show(&mut self, ui: &mut Ui, lab: &Lab) {
        self.ask(lab);
        ui.push_id("losses", |ui| {
            ui.label(RichText::new("BP1 in each loss").heading());
            for loss in Loss::ALL {
                row(ui, loss, loss == lab.experiment.architecture.loss);
            }
            ui.add_space(4.0);
            controls::example_choice(ui, &mut self.example, &lab.experiment);
            under_way::show(ui, &mut self.asked, "Running a pass");
            if let Some(made) = &self.made {
                ui.label(&made.words);
                numbers(ui, &made.rows);
            }
        });
    }

    fn ask(&mut self, lab: &Lab) {
        let (experiment, variant, example) = (&lab.experiment, lab.view.variant, self.example);
        let same = |q: &Question| (&q.0, q.1, q.2) == (experiment, variant, example);
        if lab.refusal().is_none() && !self.asked.has_asked(same) {
            self.asked.ask(&(experiment.clone(), variant, example));
        }
    }
}

/// The loss of one example, and δ^(L) for it.
fn formulas(loss: Loss) -> [&'static str; 2] {
    match loss {
        Loss::Mse => [
            r"L = \tfrac12 \|a - y\|^2",
            r"\delta^{(L)} = (a - y) \odot \sigma'\!\left(z^{(L)}\right)",
        ],
        Loss::Bce => [
            r"L = -\sum_j \left(y_j \ln a_j + (1 - y_j) \ln(1 - a_j)\right),\quad a = \sigma\!\left(z^{(L)}\right)",
            r"\delta^{(L)} = \frac{a - y}{a\,(1 - a)} \odot a\,(1 - a) = a - y",
        ],
        Loss::SoftmaxCe => [
            r"L = -\sum_j y_j \ln a_j,\quad a = \mathrm{softmax}\!\left(z^{(L)}\right)",
            r"\delta^{(L)} = \left(\mathrm{diag}(a) - a\,a^{\top}\right)\left(-\frac{y}{a}\right) = a - y",
        ],
    }
}

fn row(ui: &mut Ui, loss: Loss, present: bool) {
    let name = RichText::new(loss.label());
    let colour = paint::ink(Ink::Palette(0), ui.visuals());
    ui.horizontal_wrapped(|ui| {
        if present {
            ui.label(name.color(colour).strong()).on_hover_text(loss.hint());
            ui.label(RichText::new("the present loss").small().weak());
        } else {
            ui.label(name).on_hover_text(loss.hint());
        }
    });
    ui.horizontal_wrapped(|ui| {
        ui.add_space(12.0);
        for latex in formulas(loss) {
            ui.add(Math::new(latex).size(14.5).shrink_to(9.0).alt(loss.hint()));
            ui.add_space(18.0);
        }
    });
}

fn made(loss: Loss, snapshot: &Snapshot) -> Made {
    let rest = snapshot.layers.last().and_then(|layer| layer.rest.as_ref());
    let rest = rest.map_or(String::new(), |rest| format!(" {} more have no room.", rest.count));
    let outputs = if loss == Loss::SoftmaxCe { "softmax outputs" } else { "outputs" };
    let words = format!(
        "Where the way back starts: the {outputs} of {}, example {} of {}.{rest}",
        snapshot.variant,
        snapshot.example + 1,
        snapshot.batch
    );
    Made { words, rows: output_rows(snapshot, loss.cancels_slope()) }
}

fn numbers(ui: &mut Ui, rows: &[OutputRow]) {
    Grid::new("outputs").num_columns(7).spacing([14.0, 3.0]).striped(true).show(ui, |ui| {
        for (word, hint) in [
            ("j", "The output unit"),
            ("z", "Its pre-activation"),
            ("a", "Its output"),
            ("y", "Its target"),
            ("a − y", "The error"),
            ("σ′(z)", "The slope, which the cross-entropies cancel"),
            ("δ⁽ᴸ⁾", "The error signal of the output layer"),
        ] {
            ui.label(RichText::new(word).small().strong()).on_hover_text(hint);
        }
        ui.end_row();
        for row in rows {
            ui.monospace(row.unit.to_string());
            for number in &row.numbers {
                ui.monospace(with_minus(number));
            }
            ui.end_row();
        }
    });
}
