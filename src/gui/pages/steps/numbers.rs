//! The numbers that the run starts from, to be changed one by one.

use std::ops::RangeInclusive;

use eframe::egui::{CollapsingHeader, DragValue, Grid, Response, RichText, Role, Ui, WidgetInfo};

use crate::experiment::{Data, Experiment, Loss, Variant, limits};

use crate::gui::command::{Command, Commands};
use crate::gui::lab::Lab;
use crate::gui::run_by_hand::{Run, of_layer};

/// The section; whatever is changed becomes one `Set` command.
pub fn show(ui: &mut Ui, run: &Run, lab: &Lab, commands: &mut Commands) {
    let mut draft = lab.experiment.clone();
    let variant = run.question.variant;
    CollapsingHeader::new("Numbers").id_salt("numbers").default_open(false).show(ui, |ui| {
        rate(ui, &mut draft);
        if is_given(&draft, variant) {
            edit(ui, &mut draft, variant, run.numbers.example);
        } else if draft.variants.get(variant).is_some_and(|variant| variant.tied) {
            let words = "Hidden layers share one W and b, and given numbers are each layer’s own: untie the weights to change them one by one.";
            ui.label(words);
        } else {
            take(ui, run, &mut draft);
        }
    });
    if draft != lab.experiment {
        draft.forget_changed_sources(&lab.experiment);
        commands.push(Command::set(draft));
    }
}

fn is_given(experiment: &Experiment, variant: usize) -> bool {
    let of_variant = experiment.variants.get(variant);
    let has_norms = |v: &Variant| v.normalization.is_none() || !v.norms.is_empty();
    experiment.data.is_some()
        && of_variant.is_some_and(|v| v.weights.is_some() && v.biases.is_some() && has_norms(v))
}

fn rate(ui: &mut Ui, draft: &mut Experiment) {
    ui.horizontal(|ui| {
        let word = ui.label("η");
        let mut rate = draft.step_rate();
        let field =
            DragValue::new(&mut rate).speed(0.01).max_decimals(8).range(limits::LEARNING_RATE);
        let changed = ui
            .add(field)
            .labelled_by(word.id)
            .on_hover_text("The learning rate: how far one update goes")
            .changed();
        if changed {
            draft.learning_rate = Some(rate);
        }
    });
}

/// Numbers that are drawn can be changed once they are taken as given.
fn take(ui: &mut Ui, run: &Run, draft: &mut Experiment) {
    ui.label("Some of these numbers are drawn from the seed. Taken as given, each can be changed.");
    let is_present = run.question.experiment == *draft;
    let button = eframe::egui::Button::new("Take the drawn numbers as given");
    let response = ui
        .add_enabled(is_present, button)
        .on_hover_text("Writes the present inputs, targets, weights and biases into the experiment")
        .on_disabled_hover_text("The numbers are being drawn");
    if response.clicked() {
        run.given.clone().fill(draft, run.question.variant);
    }
}

/// Every number: data of one example, from 1, or of all.
fn edit(ui: &mut Ui, draft: &mut Experiment, variant: usize, example: Option<usize>) {
    let targets = match draft.architecture.loss {
        Loss::Mse => limits::VALUE,
        Loss::Bce | Loss::SoftmaxCe => limits::PROBABILITY,
    };
    ui.horizontal_wrapped(|ui| {
        let Some(Data { x, y }) = &mut draft.data else { return };
        for (place, (x, y)) in x.iter_mut().zip(y).enumerate() {
            let whose = match example {
                Some(example) if example != place + 1 => continue,
                Some(_) => String::new(),
                None => format!(" of example {}", place + 1),
            };
            column(ui, &format!("x{whose}"), x, &limits::VALUE);
            column(ui, &format!("y{whose}"), y, &targets);
        }
    });
    let Some(variant) = draft.variants.get_mut(variant) else { return };
    let layers = variant.weights.iter_mut().flatten().zip(variant.biases.iter_mut().flatten());
    for (index, (weights, biases)) in layers.enumerate() {
        let layer = of_layer(index + 1);
        let mut norms = variant.norms.iter_mut();
        let norm = norms.find(|norm| norm.index == index + 1);
        ui.horizontal_wrapped(|ui| {
            matrix(ui, &format!("W{layer}"), weights);
            column(ui, &format!("b{layer}"), biases, &limits::VALUE);
            if let Some(norm) = norm {
                column(ui, &format!("γ{layer}"), &mut norm.gamma, &limits::VALUE);
                column(ui, &format!("β{layer}"), &mut norm.beta, &limits::VALUE);
            }
        });
    }
}

/// A vector, one number a row.
fn column(ui: &mut Ui, symbol: &str, numbers: &mut [f64], range: &RangeInclusive<f64>) {
    grid(ui, symbol, |ui| {
        for (row, number) in numbers.iter_mut().enumerate() {
            value(ui, &format!("{symbol}, entry {}", row + 1), number, range);
            ui.end_row();
        }
    });
}

fn matrix(ui: &mut Ui, symbol: &str, rows: &mut [Vec<f64>]) {
    grid(ui, symbol, |ui| {
        for (i, row) in rows.iter_mut().enumerate() {
            for (j, number) in row.iter_mut().enumerate() {
                let name = format!("{symbol}, row {}, column {}", i + 1, j + 1);
                value(ui, &name, number, &limits::VALUE);
            }
            ui.end_row();
        }
    });
}

fn grid(ui: &mut Ui, symbol: &str, add: impl FnOnce(&mut Ui)) {
    ui.vertical(|ui| {
        ui.label(RichText::new(symbol).strong());
        Grid::new(symbol).spacing([4.0, 4.0]).show(ui, add);
    });
    ui.add_space(12.0);
}

/// One number, named by its place.
fn value(ui: &mut Ui, name: &str, number: &mut f64, range: &RangeInclusive<f64>) {
    let field = DragValue::new(number).speed(0.01).max_decimals(8).range(range.clone());
    let response: Response = ui.add(field);
    let (enabled, value) = (response.enabled(), *number);
    response.widget_info(|| WidgetInfo {
        enabled,
        label: Some(name.to_owned()),
        value: Some(value),
        ..WidgetInfo::new(Role::SpinButton)
    });
    response.on_hover_text(format!("{name}: drag, or click and type"));
}
