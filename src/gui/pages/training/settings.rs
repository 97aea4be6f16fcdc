//! How the variants learn: the keys of `[training]`.

use eframe::egui::{ComboBox, DragValue, Ui};

use crate::experiment::{Experiment, LossScaling, OptimizerKind, Schedule, SetKind, limits};
use crate::gui::controls::named;

/// A line of fields.
pub(super) fn show(ui: &mut Ui, experiment: &mut Experiment) {
    data(ui, experiment);
    let mut training = experiment.training.unwrap_or_default();
    let before = training;
    let chosen = training.optimizer.unwrap_or_default();
    named(ui, "Optimizer", chosen.hint(), |ui| {
        let list = ComboBox::from_id_salt("optimizer").selected_text(chosen.label());
        let entries = |ui: &mut Ui| {
            for each in OptimizerKind::ALL {
                let entry = ui.selectable_label(chosen == each, each.label());
                if entry.on_hover_text(each.hint()).clicked() {
                    training = training.with_optimizer(each);
                }
            }
        };
        list.show_ui(ui, entries).response
    });
    let set = training.learning_rate.or(experiment.learning_rate);
    let set = set.unwrap_or(chosen.default_rate());
    let mut rate = set;
    named(ui, "Learning rate", "η of the variants that have none of their own", |ui| {
        let speed = (0.02 * rate).max(1e-6);
        ui.add(DragValue::new(&mut rate).range(limits::LEARNING_RATE).speed(speed).max_decimals(8))
    });
    if rate != set {
        training.learning_rate = Some(rate);
    }
    let mut steps = experiment.training_steps();
    named(ui, "Steps", "Updates of a whole training", |ui| {
        ui.add(DragValue::new(&mut steps).range(limits::STEPS).speed(10.0))
    });
    if steps != experiment.training_steps() {
        training.steps = Some(steps);
        training.warmup = training.warmup.map(|warmup| warmup.min(steps));
    }
    let schedule = training.schedule.unwrap_or_default();
    let mut falls = schedule == Schedule::Cosine;
    let hint = "The learning rate falls along half a cosine to 0";
    if ui.checkbox(&mut falls, "cosine").on_hover_text(hint).changed() {
        training.schedule = Some(if falls { Schedule::Cosine } else { Schedule::Constant });
    }
    if training != before {
        experiment.training = Some(training);
    }
}

/// The loss scale, of a narrow format.
pub(super) fn loss_scale(ui: &mut Ui, experiment: &mut Experiment) {
    let mut training = experiment.training.unwrap_or_default();
    let before = training;
    let powers = (0..=15).map(|power| LossScaling::Static(libm::exp2(f64::from(power))));
    let all = [None, Some(LossScaling::Dynamic)].into_iter().chain(powers.skip(1).map(Some));
    let words = |scaling: Option<LossScaling>| match scaling {
        None => "1".to_owned(),
        Some(LossScaling::Dynamic) => LossScaling::DYNAMIC.to_owned(),
        Some(LossScaling::Static(scale)) => scale.to_string(),
    };
    let hint = "By what the loss is multiplied before the backward pass, so that small gradients do not flush to zero";
    named(ui, "Loss scale", hint, |ui| {
        let list = ComboBox::from_id_salt("loss scale").selected_text(words(training.loss_scale));
        let entries = |ui: &mut Ui| {
            for each in all {
                if ui.selectable_label(training.loss_scale == each, words(each)).clicked() {
                    training.loss_scale = each;
                }
            }
        };
        list.show_ui(ui, entries).response
    });
    if training != before {
        experiment.training = Some(training);
    }
}

/// Which examples are learned from.
fn data(ui: &mut Ui, experiment: &mut Experiment) {
    let chosen = experiment.data_set.as_ref().map(|set| set.set);
    let given = if experiment.data.is_some() { "given numbers" } else { "normal draws" };
    named(
        ui,
        "Data",
        "What the networks learn from; a file's rows are set in the experiment's file",
        |ui| {
            let list =
                ComboBox::from_id_salt("data").selected_text(chosen.map_or(given, SetKind::id));
            let entries = |ui: &mut Ui| {
                let hint = "Inputs and targets without any rule, drawn from the seed: they can only be memorized";
                let none = ui.selectable_label(chosen.is_none(), given).on_hover_text(hint);
                if none.clicked() && chosen.is_some() {
                    (experiment.data_set, experiment.data) = (None, None);
                }
                for each in SetKind::ALL.into_iter().filter(|set| *set != SetKind::File) {
                    let entry = ui.selectable_label(chosen == Some(each), each.id());
                    if entry.on_hover_text(each.hint()).clicked() && chosen != Some(each) {
                        experiment.learn_from(each);
                    }
                }
            };
            list.show_ui(ui, entries).response
        },
    );
}
