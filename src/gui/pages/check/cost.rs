//! What a pass costs: counts by layer, and the time that it takes here.

use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::{Align, Context, Layout, RichText, Ui};
use egui_extras::{Column, TableBuilder};

use crate::engine::{FromDraws, Network, Real, in_precision};
use crate::experiment::Experiment;
use crate::figure::{COST_COLUMNS, Figure, cost_row};
use crate::study::{Cost, DrawStudy, Stopped, TaskContext, Timing, time_passes};

use crate::gui::command::Commands;
use crate::gui::figure_tools::figure_with_tools;
use crate::gui::lab::Lab;
use crate::gui::study_handle::{Study, StudyHandle};
use crate::gui::under_way;
use crate::paint::Painter;

/// Runs of which the median counts.
const RUNS: usize = 25;
/// The table's height, in points, before it scrolls.
const TABLE: f32 = 150.0;

/// An experiment and a variant.
type Question = (Experiment, usize);

/// The part's state.
pub struct CostPart {
    asked: StudyHandle<Question, (Question, Timing)>,
    made: Option<Made>,
}

/// The counts of one experiment.
struct Made {
    experiment: Experiment,
    cost: Cost,
    figure: Arc<Figure>,
}

impl CostPart {
    /// With nothing measured.
    pub fn new(context: &Context, draws: &DrawStudy) -> Self {
        let mut study = draws.beside();
        let asked =
            StudyHandle::new(context, "gradient-lab time", move |question: Question, task, _| {
                let precision = question.0.architecture.precision;
                let timing = in_precision!(precision, T => time::<T>(&mut study, &question, task))?;
                Ok((question, timing))
            });
        Self { asked, made: None }
    }

    /// The study of the time that a pass takes.
    pub fn study(&mut self) -> &mut dyn Study {
        &mut self.asked
    }

    /// The part.
    pub fn show(&mut self, ui: &mut Ui, lab: &Lab, painter: &mut Painter, commands: &mut Commands) {
        self.make(lab);
        let Some(made) = &self.made else { return };
        ui.push_id("cost", |ui| {
            figure_with_tools(ui, painter, &made.figure, 210.0, commands, |_, _| {});
            ui.add_space(4.0);
            table(ui, &made.cost);
            ui.add_space(4.0);
            for note in &made.figure.notes {
                ui.label(&note.text);
            }
            timing(ui, lab, &mut self.asked);
        });
    }

    /// Counts again where the architecture is another.
    fn make(&mut self, lab: &Lab) {
        let known = self.made.as_ref().is_some_and(|made| made.experiment == lab.experiment);
        if known || lab.refusal().is_some() {
            return;
        }
        self.made = Some(Made {
            experiment: lab.experiment.clone(),
            cost: Cost::of_experiment(&lab.experiment),
            figure: Arc::new(Figure::cost(&lab.experiment)),
        });
    }
}

fn time<T: Real + FromDraws>(
    study: &mut DrawStudy,
    (experiment, variant): &Question,
    task: &TaskContext<'_>,
) -> Result<Timing, Stopped> {
    let network: Network<T> = study.network(experiment, &experiment.variants[*variant], task)?;
    let start = Instant::now();
    time_passes(&network, RUNS, &|| start.elapsed(), task)
}

fn table(ui: &mut Ui, cost: &Cost) {
    let mut table = TableBuilder::new(ui)
        .id_salt("cost table")
        .striped(true)
        .max_scroll_height(TABLE)
        .min_scrolled_height(TABLE)
        .auto_shrink([false, true])
        .cell_layout(Layout::right_to_left(Align::Center));
    for _ in COST_COLUMNS {
        table = table.column(Column::remainder().at_least(52.0).clip(true));
    }
    let header = |mut row: egui_extras::TableRow<'_, '_>| {
        for (word, hint) in COST_COLUMNS {
            row.col(|ui| _ = ui.label(RichText::new(word).small().strong()).on_hover_text(hint));
        }
    };
    table.header(18.0, header).body(|body| {
        // The total comes first, where no scrolling is needed.
        let layers = cost.layers.len();
        body.rows(18.0, layers + 1, |mut row| {
            let index = row.index().checked_sub(1);
            for field in cost_row(cost, index.unwrap_or(layers)) {
                let field = RichText::new(field).monospace();
                let field = if index.is_none() { field.strong() } else { field };
                row.col(|ui| _ = ui.label(field));
            }
        });
    });
}

/// The measured time beside the counts: measured when asked for, and never in between.
fn timing(ui: &mut Ui, lab: &Lab, asked: &mut StudyHandle<Question, (Question, Timing)>) {
    let variant = lab.view.variant.min(lab.experiment.variants.len().saturating_sub(1));
    ui.horizontal_wrapped(|ui| {
        let button = ui.button("Measure the time");
        let hint = "Run 25 forward and backward passes of the variant shown and take the medians";
        if button.on_hover_text(hint).clicked() && lab.refusal().is_none() {
            asked.forget_question();
            asked.ask(&(lab.experiment.clone(), variant));
        }
        match asked.answer().map(|answer| (&answer.0, &answer.1)) {
            None => _ = ui.label(RichText::new("Nothing measured yet.").weak()),
            Some(((experiment, of), timing)) => {
                ui.label(in_words(timing));
                if (experiment, *of) != (&lab.experiment, variant) {
                    ui.label(RichText::new("Measured with an earlier setting.").weak());
                }
            }
        }
    });
    under_way::show(ui, asked, "Measuring");
}

fn in_words(timing: &Timing) -> String {
    format!(
        "Forward {}, backward {}: {:.2} times as long. One-sided differences would take {}.",
        duration(timing.forward),
        duration(timing.backward),
        timing.backward_over_forward(),
        duration(timing.one_sided_differences)
    )
}

/// Three digits and a unit.
fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let (number, unit) = match seconds {
        s if s < 1e-3 => (1e6 * s, "µs"),
        s if s < 1.0 => (1e3 * s, "ms"),
        s if s < 120.0 => (s, "s"),
        s if s < 7200.0 => (s / 60.0, "min"),
        s => (s / 3600.0, "h"),
    };
    let decimals = if number < 10.0 { 2 } else { usize::from(number < 100.0) };
    format!("{number:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit_that_fits() {
        let words = [1.5e-6, 2.25e-2, 90.0, 5400.0].map(|s| duration(Duration::from_secs_f64(s)));
        assert_eq!(words, ["1.50 µs", "22.5 ms", "90.0 s", "90.0 min"]);
    }
}
