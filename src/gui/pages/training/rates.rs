//! The learning rate finder: a range test of what is set, and buttons that take its rates.

use std::sync::Arc;

use eframe::egui::{Context, Ui};

use crate::experiment::{Experiment, Training};
use crate::figure::{Figure, readable};
use crate::gui::command::Commands;
use crate::gui::figure_tools::figure_with_tools;
use crate::gui::lab::Lab;
use crate::gui::study_handle::StudyHandle;
use crate::gui::under_way;
use crate::paint::{self, Painter};
use crate::study::{DrawStudy, RateRange, RateTest, rate_test};

/// Height of the figure, in points.
const HEIGHT: f32 = 250.0;

/// The finder's state.
pub(super) struct Rates {
    pub asked: StudyHandle<Experiment, RateTest>,
    /// Whether it stands on the page.
    is_open: bool,
    made: Option<Arc<Figure>>,
}

impl Rates {
    /// Before the first test.
    pub fn new(context: &Context, draws: &DrawStudy) -> Self {
        let mut study = draws.beside();
        let asked = StudyHandle::new(
            context,
            "gradient-lab rates",
            move |experiment: Experiment, task, _| {
                rate_test(&experiment, RateRange::default(), &mut study, task)
            },
        );
        Self { asked, is_open: false, made: None }
    }

    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Tests what is set, unless that was tested last.
    pub fn find(&mut self, lab: &Lab) {
        self.is_open = true;
        self.asked.ask(&without_rates(&lab.experiment));
    }

    pub fn answered(&mut self) {
        self.made = self.test().map(|test| Arc::new(Figure::rate_test(test)));
    }

    fn test(&self) -> Option<&RateTest> {
        self.asked.answer().map(|test| &**test)
    }

    /// The finder, where it is open.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        lab: &mut Lab,
        painter: &mut Painter,
        commands: &mut Commands,
    ) {
        if !self.is_open {
            return;
        }
        under_way::show(ui, &mut self.asked, "Trying rates from 1e-6 to 100");
        let is_of =
            self.test().is_some_and(|test| test.experiment == without_rates(&lab.experiment));
        ui.horizontal_wrapped(|ui| {
            if ui.button("Close the finder").clicked() {
                self.is_open = false;
            }
            if let Some(test) = self.test().filter(|_| is_of) {
                take(ui, test, &mut lab.experiment);
            } else if self.test().is_some() && self.asked.progress().is_none() {
                let hint = "The settings have changed since these rates were tried";
                if ui.button("Find again").on_hover_text(hint).clicked() {
                    self.find(lab);
                }
            }
        });
        let Some(figure) = self.made.clone() else { return };
        ui.scope(|ui| {
            if !is_of {
                // The result of another setting steps back.
                ui.set_opacity(0.55);
            }
            for note in &figure.notes {
                paint::sheet::note(ui, note);
            }
            figure_with_tools(ui, painter, &figure, HEIGHT, commands, |_, _| {});
        });
        ui.add_space(4.0);
    }
}

/// Buttons that take what the test suggests.
fn take(ui: &mut Ui, test: &RateTest, experiment: &mut Experiment) {
    let suggested: Vec<Option<f64>> =
        test.variants.iter().map(|variant| variant.finding.suggested().map(rounded)).collect();
    let Some(least) = suggested.iter().flatten().copied().min_by(f64::total_cmp) else { return };
    let one = experiment.variants.len() == 1;
    let words = format!("Use η = {}", readable(least.into(), 2));
    let words = if one { words } else { format!("{words} for all") };
    let hint =
        "The learning rate of the settings above; variants with rates of their own lose them";
    if ui.button(words).on_hover_text(hint).clicked() {
        experiment.training.get_or_insert_default().learning_rate = Some(least);
        experiment.variants.iter_mut().for_each(|variant| own_rate(&mut variant.training, None));
    }
    let hint = "Every variant learns at the rate that was found for it";
    if !one && ui.button("Use each its own").on_hover_text(hint).clicked() {
        for (variant, rate) in experiment.variants.iter_mut().zip(suggested) {
            if rate.is_some() {
                own_rate(&mut variant.training, rate);
            }
        }
    }
}

/// Sets a variant's own learning rate; a table without keys goes.
fn own_rate(training: &mut Option<Training>, rate: Option<f64>) {
    let keys = Training { learning_rate: rate, ..training.unwrap_or_default() };
    *training = (keys != Training::default()).then_some(keys);
}

/// In two digits, as the button says it.
fn rounded(rate: f64) -> f64 {
    // Written and read again, so that the file has two digits too.
    format!("{rate:.1e}").parse().unwrap_or(rate)
}

/// What a test depends on.
fn without_rates(experiment: &Experiment) -> Experiment {
    let mut tested = experiment.clone();
    tested.learning_rate = None;
    tested.training.get_or_insert_default().learning_rate = None;
    tested.variants.iter_mut().for_each(|variant| own_rate(&mut variant.training, None));
    tested
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_taken_as_the_button_says_it() {
        let rates = [0.012_345, 9.99, 1.0e-6, 0.3].map(rounded);
        assert_eq!(rates, [0.012, 10.0, 1e-6, 0.3]);
    }
}
