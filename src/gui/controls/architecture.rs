//! What all variants share: sizes, batch, loss, precision, draws.

use eframe::egui::{self, Button, DragValue, Grid, Slider, SliderClamping, Ui};

use crate::experiment::{Draws, Experiment, Loss, Precision, limits};

use super::row::row;
use crate::gui::command::{Command, Commands};

/// The shared settings.
pub fn show(ui: &mut Ui, draft: &mut Experiment, commands: &mut Commands) {
    ui.add_space(4.0);
    ui.separator();
    ui.label(egui::RichText::new("Network").heading());
    Grid::new("architecture").num_columns(2).spacing([8.0, 6.0]).show(ui, |ui| {
        sizes(ui, draft);
        whole(
            ui,
            "Inputs",
            "n₀, the number of inputs",
            &mut draft.architecture.input,
            &limits::WIDTH,
        );
        whole(
            ui,
            "Outputs",
            "n_L, the units of the last layer",
            &mut draft.architecture.output,
            &limits::WIDTH,
        );
        whole(
            ui,
            "Batch",
            "Examples passed at once; norms are root mean squares over them",
            &mut draft.architecture.batch,
            &limits::BATCH,
        );
        if Loss::ALL.len() > 1 {
            row(ui, "Loss", draft.architecture.loss.hint(), |ui| {
                let loss = &mut draft.architecture.loss;
                egui::ComboBox::from_id_salt("loss")
                    .selected_text(loss.label())
                    .show_ui(ui, |ui| {
                        for choice in Loss::ALL {
                            ui.selectable_value(loss, choice, choice.label())
                                .on_hover_text(choice.hint());
                        }
                    })
                    .response
            });
        }
        precision(ui, draft);
        draws(ui, draft);
        seed(ui, draft, commands);
    });
}

/// A whole number on a logarithmic slider over its whole range.
fn whole(
    ui: &mut Ui,
    label: &str,
    hint: &str,
    number: &mut usize,
    range: &std::ops::RangeInclusive<usize>,
) {
    row(ui, label, hint, |ui| {
        // 12 is typed as 1 first: a network of that size would drop what belongs to lost layers.
        let slider = Slider::new(number, range.clone()).update_while_editing(false);
        ui.add(slider.logarithmic(true).clamping(SliderClamping::Always))
    });
}

fn sizes(ui: &mut Ui, draft: &mut Experiment) {
    let architecture = &mut draft.architecture;
    if let Some(hidden) = &mut architecture.hidden {
        row(ui, "Hidden", "The hidden layers' sizes one by one", |ui| hidden_sizes(ui, hidden));
        ui.label("");
        if ui.button("One width for all").clicked() {
            architecture.depth = hidden.len();
            architecture.width = hidden.first().copied().unwrap_or(20);
            architecture.hidden = None;
        }
        ui.end_row();
        return;
    }
    whole(ui, "Depth", "Number of hidden layers", &mut architecture.depth, &limits::DEPTH);
    whole(ui, "Width", "Units of each hidden layer", &mut architecture.width, &limits::WIDTH);
    ui.label("");
    let few = architecture.depth <= 12;
    let button = ui.add_enabled(few, egui::Button::new("Sizes one by one").small());
    if button
        .on_hover_text("Give each hidden layer its own size")
        .on_disabled_hover_text("For up to 12 hidden layers; an experiment file takes any number")
        .clicked()
    {
        architecture.hidden = Some(vec![architecture.width; architecture.depth]);
    }
    ui.end_row();
}

fn hidden_sizes(ui: &mut Ui, hidden: &mut Vec<usize>) -> egui::Response {
    let list = ui.horizontal_wrapped(|ui| {
        ui.set_max_width(190.0);
        for (index, size) in hidden.iter_mut().enumerate().take(24) {
            ui.add(DragValue::new(size).range(limits::WIDTH).speed(0.2))
                .on_hover_text(format!("Units of hidden layer {}", index + 1));
        }
        if hidden.len() > 24 {
            ui.label("…");
        }
        if ui.small_button("+").on_hover_text("One more hidden layer").clicked() {
            hidden.push(hidden.last().copied().unwrap_or(20));
        }
        if hidden.len() > 1 && ui.small_button("−").on_hover_text("One hidden layer less").clicked()
        {
            hidden.pop();
        }
    });
    list.response
}

fn precision(ui: &mut Ui, draft: &mut Experiment) {
    let precision = &mut draft.architecture.precision;
    row(ui, "Precision", precision.hint(), |ui| {
        egui::ComboBox::from_id_salt("precision")
            .selected_text(precision.id())
            .show_ui(ui, |ui| {
                for choice in Precision::ALL {
                    ui.selectable_value(precision, choice, choice.id())
                        .on_hover_text(choice.hint());
                }
            })
            .response
    });
}

fn draws(ui: &mut Ui, draft: &mut Experiment) {
    let draws = &mut draft.draws;
    row(ui, "Generator", draws.hint(), |ui| {
        egui::ComboBox::from_id_salt("draws")
            .selected_text(draws.label())
            .width(160.0)
            .show_ui(ui, |ui| {
                for choice in Draws::ALL {
                    ui.selectable_value(draws, choice, choice.label()).on_hover_text(choice.hint());
                }
            })
            .response
    });
    if draft.draws == Draws::Numpy {
        draft.seed = draft.seed.min(*limits::NUMPY_SEED.end());
    }
}

fn seed(ui: &mut Ui, draft: &mut Experiment, commands: &mut Commands) {
    let range = match draft.draws {
        Draws::Numpy => limits::NUMPY_SEED,
        Draws::Layered => limits::SEED,
    };
    let hint = "Names all random numbers: the same seed gives the same network anywhere";
    row(ui, "Seed", hint, |ui| {
        let both = ui.horizontal(|ui| {
            let number = ui.add(DragValue::new(&mut draft.seed).range(range).speed(0.1));
            let button = ui
                .add_enabled(draft.is_drawn(), Button::new("New seed"))
                .on_hover_text("The next seed (Ctrl+D)")
                .on_disabled_hover_text("Nothing is drawn: all numbers are given");
            if button.clicked() {
                commands.push(Command::NewDraw);
            }
            number
        });
        both.inner
    });
}
