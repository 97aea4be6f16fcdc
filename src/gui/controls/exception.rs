//! The layers of a variant that are set up unlike the others.

use eframe::egui::{self, DragValue, Grid, Ui};

use crate::experiment::{Experiment, Init, LayerException, Scheme};

use super::row::{entry, row};
use super::variant::{LIST_HEIGHT, activation, parameters};

/// What stands where a layer has no setting of its own.
const AS_OTHERS: &str = "as the others";
/// Exceptions that have controls; a file may have one for each layer.
const SHOWN: usize = 12;

/// The exceptions of a variant, and a button for one more.
pub fn show(ui: &mut Ui, draft: &mut Experiment, index: usize) {
    let mut removed = None;
    let count = draft.variants[index].exceptions.len();
    for place in 0..count.min(SHOWN) {
        ui.separator();
        ui.push_id(("exception", place), |ui| {
            if exception(ui, draft, index, place) {
                removed = Some(place);
            }
        });
    }
    if let Some(place) = removed {
        draft.variants[index].exceptions.remove(place);
    }
    if count > 0 {
        ui.separator();
    }
    if count > SHOWN {
        let more = count - SHOWN;
        ui.label(egui::RichText::new(format!("… and {more} more in the file")).small().weak());
    }
    add(ui, draft, index);
}

/// The button of one more exception.
fn add(ui: &mut Ui, draft: &mut Experiment, index: usize) {
    let next = next(draft, index).filter(|_| draft.variants[index].exceptions.len() < SHOWN);
    let button = ui.add_enabled(next.is_some(), egui::Button::new("Add exception").small());
    let button = button
        .on_hover_text("One layer with an activation, weights or biases of its own")
        .on_disabled_hover_text("No other layer can have a setting of its own here");
    if button.clicked() {
        draft.variants[index].exceptions.extend(next);
    }
}

/// An exception for the first layer that has none; it begins with what the layer has already.
fn next(draft: &Experiment, index: usize) -> Option<LayerException> {
    let (variant, layers) = (&draft.variants[index], draft.layers());
    let layer = (1..=layers).find(|layer| variant.exception(*layer).is_none())?;
    let mut own = LayerException::of(layer);
    if layer < layers || draft.decides_output(variant).is_none() {
        own.activation = Some(draft.activation_of(variant, layer));
    } else if variant.weights.is_none() {
        own.init = Some(variant.init);
    } else if variant.biases.is_none() {
        own.bias = Some(variant.bias);
    }
    (!own.is_empty()).then_some(own)
}

/// The controls of one exception; whether it is to go.
fn exception(ui: &mut Ui, draft: &mut Experiment, index: usize, place: usize) -> bool {
    let layers = draft.layers();
    let decided = draft.decides_output(&draft.variants[index]).is_some();
    let variant = &mut draft.variants[index];
    let taken: Vec<usize> = variant.exceptions.iter().map(|own| own.index).collect();
    let (weights, biases) = (variant.weights.is_some(), variant.biases.is_some());
    let (init_of_all, bias_of_all) = (variant.init, variant.bias);
    let own = &mut variant.exceptions[place];
    let mut is_removed = false;
    Grid::new("exception").num_columns(2).spacing([8.0, 6.0]).show(ui, |ui| {
        row(ui, "Layer", "Set up unlike the others; a layer takes one exception", |ui| {
            let in_one = ui.horizontal(|ui| {
                // The output layer cannot have an activation of its own, where that is decided.
                let is_bare = own.init.is_none() && own.bias.is_none();
                let last = if decided && is_bare { layers - 1 } else { layers };
                let mut layer = own.index;
                // A layer that is no more takes its exception with it, and does not hand it on.
                let number = DragValue::new(&mut layer).range(1..=last).speed(0.1);
                let field = ui.add(number.clamp_existing_to_range(false));
                if !taken.contains(&layer) {
                    own.index = layer;
                }
                is_removed = ui.small_button("Remove exception").clicked();
                field
            });
            in_one.inner
        });
        if !(decided && own.index == layers) {
            let hint =
                own.activation.map_or_else(|| "φ of this layer".to_owned(), |own| own.hint());
            activation(ui, ["Activation", &hint], Some(AS_OTHERS), &mut own.activation);
        }
        if !weights {
            init(ui, ["Weights", "init"], &mut own.init, init_of_all, &Scheme::ALL);
        }
        if !biases {
            init(ui, ["Bias", "bias"], &mut own.bias, bias_of_all, &Scheme::FOR_BIAS);
        }
    });
    is_removed
}

/// A choice of a scheme, or of the others' where there is none; its parameters.
fn init(ui: &mut Ui, [label, id]: [&str; 2], own: &mut Option<Init>, all: Init, some: &[Scheme]) {
    let text = own.map_or(AS_OTHERS, |init| init.scheme.label());
    let hint = own.unwrap_or(all).scheme.hint();
    row(ui, label, hint, |ui| {
        let list = egui::ComboBox::from_id_salt(id).selected_text(text).height(LIST_HEIGHT);
        let list = list.show_ui(ui, |ui| {
            if entry(ui, own.is_none(), AS_OTHERS, "") {
                *own = None;
            }
            for &choice in some {
                let is_on = own.is_some_and(|init| init.scheme == choice);
                if entry(ui, is_on, choice.label(), choice.hint()) {
                    *own = Some(Init { scheme: choice, ..own.unwrap_or(all) });
                }
            }
        });
        list.response
    });
    if let Some(init) = own {
        parameters(ui, id, init);
    }
}
