//! What all variants share: sizes, batch, loss, precision, draws.

use eframe::egui::{self, Button, DragValue, Grid, Slider, SliderClamping, Ui};

use crate::experiment::{Architecture, Draws, Experiment, Loss, Precision, limits};

use super::row::{complaint, entry, row};
use super::sizes;
use crate::gui::command::{Command, Commands};

/// The shared settings.
pub fn show(ui: &mut Ui, draft: &mut Experiment, refusal: Option<&str>, commands: &mut Commands) {
    let about = |words: &str| refusal.filter(|refusal| refusal.contains(words));
    ui.add_space(4.0);
    ui.separator();
    ui.label(egui::RichText::new("Network").heading());
    if draft.architecture.hidden.is_some() {
        sizes::show(ui, draft);
        ui.add_space(6.0);
    }
    Grid::new("architecture").num_columns(2).spacing([8.0, 6.0]).show(ui, |ui| {
        depth_and_width(ui, &mut draft.architecture);
        complaint(ui, about(" weights, and the lab accepts"));
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
        complaint(ui, about("architecture.output"));
        whole(
            ui,
            "Batch",
            "Examples passed at once; norms are root mean squares over them",
            &mut draft.architecture.batch,
            &limits::BATCH,
        );
        complaint(ui, about(" activations, and the lab accepts"));
        if Loss::ALL.len() > 1 {
            row(ui, "Loss", draft.architecture.loss.hint(), |ui| {
                let loss = &mut draft.architecture.loss;
                egui::ComboBox::from_id_salt("loss")
                    .selected_text(loss.label())
                    .show_ui(ui, |ui| {
                        for choice in Loss::ALL {
                            if entry(ui, *loss == choice, choice.label(), choice.hint()) {
                                *loss = choice;
                            }
                        }
                    })
                    .response
            });
        }
        complaint(ui, about("data.y"));
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

/// One width for all hidden layers, where their sizes are not given one by one.
fn depth_and_width(ui: &mut Ui, architecture: &mut Architecture) {
    if architecture.hidden.is_some() {
        return;
    }
    whole(ui, "Depth", "Number of hidden layers", &mut architecture.depth, &limits::DEPTH);
    whole(ui, "Width", "Units of each hidden layer", &mut architecture.width, &limits::WIDTH);
    ui.label("");
    let button = ui.button("Sizes one by one");
    if button.on_hover_text("Give each hidden layer its own size").clicked() {
        architecture.hidden = Some(vec![architecture.width; architecture.depth]);
    }
    ui.end_row();
}

fn precision(ui: &mut Ui, draft: &mut Experiment) {
    let precision = &mut draft.architecture.precision;
    row(ui, "Precision", precision.hint(), |ui| {
        egui::ComboBox::from_id_salt("precision")
            .selected_text(precision.id())
            .show_ui(ui, |ui| {
                for choice in Precision::ALL {
                    if entry(ui, *precision == choice, choice.id(), choice.hint()) {
                        *precision = choice;
                    }
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
                    if entry(ui, *draws == choice, choice.label(), choice.hint()) {
                        *draws = choice;
                    }
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
