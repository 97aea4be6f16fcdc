//! One variant: name, activation, initialization, bias.

use eframe::egui::{
    self, CollapsingHeader, DragValue, Grid, Id, RichText, Slider, SliderClamping, Ui,
};

use crate::experiment::{
    Activation, Experiment, FanMode, Init, Parameter, Scheme, Variant, limits,
};

use super::remedy;
use super::row::{code_points, complaint, entry, row};
use crate::paint::theme;

/// Room for every scheme's name at once, in points.
pub(super) const LIST_HEIGHT: f32 = 340.0;

/// What a person wants of the list of variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Duplicate,
    Remove,
    Up,
    Down,
    /// Hidden in pictures, or shown again.
    Hide,
}

/// One variant's controls, with others `below` its own settings.
pub fn show(
    ui: &mut Ui,
    draft: &mut Experiment,
    index: usize,
    refusal: Option<&str>,
    below: impl FnOnce(&mut Ui, &mut Experiment),
) -> Option<Wish> {
    let alone = draft.variants.len() == 1;
    let full = draft.variants.len() >= *limits::VARIANTS.end();
    let others: Vec<String> = names_but(draft, index);
    let is_shown = draft.variants[index].shown;
    let title = crate::paint::shortened(&draft.variants[index].name, 26);
    let title = match is_shown {
        true => RichText::new(title).color(theme::variant(index, ui.visuals())).strong(),
        false => RichText::new(format!("{title} (hidden)")).weak(),
    };
    let mut wish = None;
    let is_added = ui.data(|data| data.get_temp(added_id())) == Some(index);
    let header = CollapsingHeader::new(title).id_salt(("variant", index)).default_open(index < 2);
    header.open(is_added.then_some(true)).show(ui, |ui| {
        let variant = &mut draft.variants[index];
        code_points(ui, &variant.name);
        Grid::new("variant").num_columns(2).spacing([8.0, 6.0]).show(ui, |ui| {
            name(ui, variant, &others);
            activations(ui, variant);
            let own = format!("variant {}, output_activation", index + 1);
            complaint(ui, refusal.filter(|refusal| refusal.starts_with(&own)));
            if variant.weights.is_some() {
                given(ui, "Weights", &mut variant.weights);
            } else {
                init(ui, "Weights", "init", &mut variant.init, &Scheme::ALL);
            }
            if variant.biases.is_some() {
                given(ui, "Biases", &mut variant.biases);
            } else {
                init(ui, "Bias", "bias", &mut variant.bias, &Scheme::FOR_BIAS);
            }
            remedy::show(ui, variant);
            let own = |key: &str| format!("variant {}, {key}", index + 1);
            let keys = ["normalization", "skip", "tied"].map(own);
            let is_own = |refusal: &&str| keys.iter().any(|key| refusal.starts_with(key));
            complaint(ui, refusal.filter(is_own));
        });
        below(ui, draft);
        ui.horizontal_wrapped(|ui| {
            // Five buttons in a row of the narrowest panel.
            ui.spacing_mut().button_padding.x = 5.0;
            ui.spacing_mut().item_spacing.x = 4.0;
            let duplicate = ui.add_enabled(!full, egui::Button::new("Duplicate").small());
            if duplicate.on_disabled_hover_text("There are six variants already").clicked() {
                wish = Some(Wish::Duplicate);
            }
            let remove = ui.add_enabled(!alone, egui::Button::new("Remove").small());
            if remove.on_disabled_hover_text("An experiment has at least one variant").clicked() {
                wish = Some(Wish::Remove);
            }
            let last_shown = is_shown && draft.shown(&draft.variants).count() == 1;
            let words = if is_shown { "Hide" } else { "Show" };
            let hide = ui.add_enabled(!last_shown, egui::Button::new(words).small());
            let hide = hide.on_disabled_hover_text("At least one variant is shown");
            if hide.on_hover_text("In pictures; its settings stay").clicked() {
                wish = Some(Wish::Hide);
            }
            let last = draft.variants.len() - 1;
            for (words, can, wished) in
                [("Up", index > 0, Wish::Up), ("Down", index < last, Wish::Down)]
            {
                let button = ui.add_enabled(can, egui::Button::new(words).small());
                if button.on_hover_text("Another place in every picture").clicked() {
                    wish = Some(wished);
                }
            }
        });
    });
    wish
}

/// Does what was wished.
pub fn apply(ui: &mut Ui, draft: &mut Experiment, index: usize, wish: Wish) {
    match wish {
        Wish::Duplicate => {
            let mut copy = draft.variants[index].clone();
            copy.name = draft.free_name(&copy.name);
            draft.variants.insert(index + 1, copy);
            open(ui, index + 1);
        }
        Wish::Up => draft.variants.swap(index, index - 1),
        Wish::Down => draft.variants.swap(index, index + 1),
        Wish::Remove => {
            draft.variants.remove(index);
            if draft.variants.iter().all(|variant| !variant.shown) {
                draft.variants[0].shown = true;
            }
        }
        Wish::Hide => draft.variants[index].shown = !draft.variants[index].shown,
    }
}

/// Adds the first activation that is not there yet.
pub fn add(ui: &mut Ui, draft: &mut Experiment) {
    open(ui, draft.variants.len());
    let order = [Activation::Tanh, Activation::Relu, Activation::Sigmoid, Activation::Gelu];
    let absent = order.into_iter().find(|a| draft.variants.iter().all(|v| v.activation != *a));
    let mut variant = Variant::of(absent.unwrap_or(Activation::Linear));
    variant.name = draft.free_name(&variant.name);
    draft.variants.push(variant);
}

/// Where the place of a new variant is remembered until it is shown.
fn added_id() -> Id {
    Id::unique("variant added")
}

/// Folds the variant at this place open when it is next shown.
fn open(ui: &mut Ui, index: usize) {
    ui.data_mut(|data| data.insert_temp(added_id(), index));
    ui.request_repaint();
}

/// The place of a variant that has been added and shown open; once for each.
pub fn take_added(ui: &mut Ui) -> Option<usize> {
    ui.data_mut(|data| data.remove_temp(added_id()))
}

fn names_but(draft: &Experiment, index: usize) -> Vec<String> {
    let others = draft.variants.iter().enumerate().filter(|(i, _)| *i != index);
    others.map(|(_, variant)| variant.name.clone()).collect()
}

/// The field keeps what is typed. An empty or a taken name is told of and not yet accepted: the
/// last good one stays until a good one comes.
fn name(ui: &mut Ui, variant: &mut Variant, others: &[String]) {
    let id = ui.scope_id().with("typed name");
    let typed = ui.data(|data| data.get_temp::<(String, String)>(id));
    // What was typed over another name has gone with it.
    let typed = typed.filter(|(of, _)| *of == variant.name).map(|(_, typed)| typed);
    let mut text = typed.unwrap_or_else(|| variant.name.clone());
    row(ui, "Name", "Shown in legends", |ui| {
        let field = egui::TextEdit::singleline(&mut text);
        ui.add(field.char_limit(*limits::NAME_LETTERS.end()).desired_width(160.0))
    });
    let problem = if text.trim().is_empty() {
        "A variant needs a name"
    } else if others.contains(&text) {
        "Another variant has this name"
    } else {
        variant.name = text;
        ui.data_mut(|data| data.remove_temp::<(String, String)>(id));
        return;
    };
    complaint(ui, Some(&format!("{problem}; until then it is “{}”.", variant.name)));
    ui.data_mut(|data| data.insert_temp(id, (variant.name.clone(), text)));
}

fn activations(ui: &mut Ui, variant: &mut Variant) {
    let before = variant.activation;
    let mut chosen = Some(variant.activation);
    activation(ui, ["Activation", &before.hint()], None, &mut chosen);
    variant.activation = chosen.unwrap_or(before);
    // A variant named after its activation keeps being so.
    if before != variant.activation && variant.name == before.label() {
        variant.name = variant.activation.label().to_owned();
    }
    let hint = "The last layer's activation";
    activation(ui, ["Output", hint], Some("as hidden"), &mut variant.output_activation);
}

/// A choice of an activation, or of `none` where there is such a choice, and its parameter.
pub(super) fn activation(
    ui: &mut Ui,
    [label, hint]: [&str; 2],
    none: Option<&str>,
    chosen: &mut Option<Activation>,
) {
    let text = chosen.map_or(none.unwrap_or_default(), |activation| activation.label());
    row(ui, label, hint, |ui| {
        let list = egui::ComboBox::from_id_salt(label).selected_text(text).height(LIST_HEIGHT);
        let list = list.show_ui(ui, |ui| {
            if let Some(none) = none
                && entry(ui, chosen.is_none(), none, "")
            {
                *chosen = None;
            }
            for choice in Activation::ALL {
                let is_on = chosen.is_some_and(|activation| activation.id() == choice.id());
                if entry(ui, is_on, choice.label(), &choice.hint()) {
                    *chosen = Some(choice);
                }
            }
        });
        list.response
    });
    if let Some(activation) = chosen
        && let Some(parameter) = activation.parameter()
    {
        let (first, rest) = parameter.key.split_at(1);
        row(ui, &(first.to_uppercase() + rest), parameter.hint, |ui| {
            let mut number = parameter.value;
            let field = DragValue::new(&mut number).speed(0.01).max_decimals(6);
            let response = ui.add(field.range(parameter.range));
            if number != parameter.value {
                *activation = activation.with_parameter(number);
            }
            response
        });
    }
}

/// Explicit numbers, which a draw can replace.
fn given<T>(ui: &mut Ui, label: &str, numbers: &mut Option<T>) {
    row(ui, label, "Given number by number in the experiment", |ui| {
        // One cell of the grid, as wide as other rows' controls.
        let button = ui.horizontal(|ui| {
            ui.label("given");
            ui.small_button("Random instead")
        });
        if button.inner.clicked() {
            *numbers = None;
        }
        button.inner
    });
}

fn init(ui: &mut Ui, label: &str, id: &str, init: &mut Init, schemes: &[Scheme]) {
    row(ui, label, init.scheme.hint(), |ui| {
        egui::ComboBox::from_id_salt(id)
            .selected_text(init.scheme.label())
            .height(LIST_HEIGHT)
            .show_ui(ui, |ui| {
                for &choice in schemes {
                    if entry(ui, init.scheme == choice, choice.label(), choice.hint()) {
                        init.scheme = choice;
                    }
                }
            })
            .response
    });
    parameters(ui, id, init);
}

/// The parameters that the scheme takes; others are forgotten.
pub(super) fn parameters(ui: &mut Ui, id: &str, init: &mut Init) {
    init.tidy();
    for &parameter in init.scheme.parameters() {
        parameter_row(ui, id, init, parameter);
    }
}

fn parameter_row(ui: &mut Ui, id: &str, init: &mut Init, parameter: Parameter) {
    let own = *init;
    // The gain of a plain std or bound is one factor too many to show.
    let is_plain = matches!(own.scheme, Scheme::Normal | Scheme::Uniform) || id == "bias";
    let gain = own.scheme.default_gain();
    let gain = format!("Multiplies the scheme's scale; its own gain is {gain:.4}");
    let (name, hint, before, slot, range, logarithmic) = match parameter {
        Parameter::Gain if is_plain => return,
        Parameter::Gain => ("Gain", &*gain, own.gain(), &mut init.gain, 0.0..=4.0, false),
        Parameter::Std => {
            ("std", "Standard deviation", own.std(), &mut init.std, 1e-4..=10.0, true)
        }
        Parameter::Bound => {
            ("bound", "Uniform between ± this", own.bound(), &mut init.bound, 1e-4..=10.0, true)
        }
        Parameter::Value => {
            ("value", "Every entry", own.value(), &mut init.value, -2.0..=2.0, false)
        }
        Parameter::Mode => return mode(ui, init),
        Parameter::Truncated => return truncated(ui, init),
    };
    let prefix = if id == "bias" { "Bias " } else { "" };
    let mut number = before;
    slider(ui, &format!("{prefix}{name}"), hint, &mut number, range, logarithmic);
    if number != before {
        *slot = Some(number);
    }
}

/// A slider over the usual range; a typed number may go to the limits of the format.
fn slider(
    ui: &mut Ui,
    label: &str,
    hint: &str,
    number: &mut f64,
    range: std::ops::RangeInclusive<f64>,
    logarithmic: bool,
) {
    let lowest = if *range.start() < 0.0 { *limits::VALUE.start() } else { *limits::SCALE.start() };
    row(ui, label, hint, |ui| {
        let before = *number;
        let slider = Slider::new(number, range).logarithmic(logarithmic);
        let slider = slider.clamping(SliderClamping::Never).max_decimals(5);
        let response = ui.scope(|ui| {
            ui.spacing_mut().slider_width -= room_beyond_usual(before);
            ui.add(slider)
        });
        // Letters such as “nan” are numbers to the parser, but none to the lab.
        *number = if number.is_nan() { before } else { number.clamp(lowest, *limits::SCALE.end()) };
        response.inner
    });
}

/// How much wider than usual a number is written, in points: the rail beside it gives way, so that
/// the number is not cut.
fn room_beyond_usual(number: f64) -> f32 {
    const USUAL: usize = 5;
    const DIGIT: f32 = 8.0;
    let text = format!("{number:.5}");
    let letters = text.trim_end_matches('0').trim_end_matches('.').len();
    DIGIT * letters.saturating_sub(USUAL).min(9) as f32
}

fn truncated(ui: &mut Ui, init: &mut Init) {
    ui.label("");
    ui.checkbox(&mut init.truncated, "truncated at ±2σ")
        .on_hover_text("Keras’ definition: cut at two standard deviations, σ widened by 1/0.8796 so that the variance stays the scheme’s. PyTorch’s trunc_normal_ keeps σ and loses variance");
    ui.end_row();
}

fn mode(ui: &mut Ui, init: &mut Init) {
    let mut mode = init.mode();
    row(ui, "Fan", "Which side of the matrix He's scheme counts", |ui| {
        let choices = ui.horizontal(|ui| {
            for choice in FanMode::ALL {
                ui.selectable_value(&mut mode, choice, choice.id());
            }
        });
        choices.response
    });
    if mode != init.mode() {
        init.mode = Some(mode);
    }
}
