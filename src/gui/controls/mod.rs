//! The panel on the left: everything an experiment has.

mod architecture;
mod example;
mod exception;
mod remedy;
mod row;
mod sizes;
mod variant;

use eframe::egui::{self, RichText, ScrollArea, Ui};

use crate::experiment::{Experiment, Preset, limits};

use super::command::{Command, Commands};
use super::lab::Lab;

pub use example::example_choice;

/// The controls. Whatever is moved becomes one `Set` command.
pub fn show(ui: &mut Ui, lab: &Lab, commands: &mut Commands) {
    let experiment = &lab.experiment;
    let refusal = lab.refusal().filter(|_| !lab.is_held());
    let mut draft = experiment.clone();
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        ui.add_space(4.0);
        preset_choice(ui, &mut draft, commands);
        architecture::show(ui, &mut draft, refusal, commands);
        variants(ui, &mut draft, refusal);
        ui.add_space(8.0);
    });
    if draft != *experiment {
        draft.forget_misfits();
        commands.push(Command::set(draft));
    }
}

fn preset_choice(ui: &mut Ui, draft: &mut Experiment, commands: &mut Commands) {
    let current = Preset::of(draft);
    ui.horizontal(|ui| {
        let word = ui.label("Preset");
        let text = current.map_or("– (changed)", |preset| preset.id);
        let choice =
            egui::ComboBox::from_id_salt("preset").selected_text(text).width(180.0).height(400.0);
        let response = choice.show_ui(ui, |ui| {
            for preset in Preset::ALL {
                let chosen = current == Some(preset);
                if row::entry(ui, chosen, preset.id, preset.hint) {
                    commands.push(Command::load(preset.experiment()));
                }
            }
        });
        response
            .response
            .labelled_by(word.id)
            .on_hover_text("An experiment that comes with the lab");
    });
    ui.horizontal(|ui| {
        let word = ui.label("Title");
        let field = egui::TextEdit::singleline(&mut draft.title)
            .char_limit(*limits::NAME_LETTERS.end())
            .desired_width(f32::INFINITY);
        ui.add(field).labelled_by(word.id).on_hover_text("Stands above every exported figure");
    });
    row::code_points(ui, &draft.title);
}

fn variants(ui: &mut Ui, draft: &mut Experiment, refusal: Option<&str>) {
    ui.add_space(6.0);
    ui.separator();
    ui.label(RichText::new("Variants").heading());
    let mut change = None;
    for index in 0..draft.variants.len() {
        let below = |ui: &mut Ui, draft: &mut Experiment| exception::show(ui, draft, index);
        let wish = variant::show(ui, draft, index, refusal, below);
        if let Some(wish) = wish {
            change = Some((index, wish));
        }
    }
    let is_added = variant::take_added(ui) == Some(draft.variants.len() - 1);
    if let Some((index, wish)) = change {
        variant::apply(ui, draft, index, wish);
    }
    let full = draft.variants.len() >= *limits::VARIANTS.end();
    ui.add_enabled_ui(!full, |ui| {
        let button = ui
            .button("Add variant")
            .on_hover_text("One more network with the same sizes and random numbers")
            .on_disabled_hover_text("There are six variants, the most that can stand side by side");
        if button.clicked() {
            variant::add(ui, draft);
        }
        if is_added {
            // The new one stands above it, and another may follow.
            button.scroll_to_me(None);
        }
    });
}

/// Which variant every page looks at.
pub fn variant_shown(ui: &mut Ui, label: &str, lab: &Lab, commands: &mut Commands) {
    let mut view = lab.view;
    variant_choice(ui, label, &mut view.variant, &lab.experiment);
    if view != lab.view {
        commands.push(Command::Look(view));
    }
}

/// A choice among the experiment's variants.
pub fn variant_choice(ui: &mut Ui, label: &str, index: &mut usize, experiment: &Experiment) {
    let name = |i: usize| experiment.variants.get(i).map_or("–", |v| v.name.as_str());
    let shown = experiment.shown_variant(*index);
    let choice = egui::ComboBox::from_id_salt(label)
        .selected_text(RichText::new(crate::paint::shortened(name(shown), 24)).small());
    let response = choice.show_ui(ui, |ui| {
        for (i, _) in experiment.shown(&experiment.variants) {
            if row::entry(ui, shown == i, name(i), "") {
                *index = i;
            }
        }
    });
    response.response.on_hover_text(label);
}

/// A word and the control that it names.
pub fn named(ui: &mut Ui, label: &str, hint: &str, add: impl FnOnce(&mut Ui) -> egui::Response) {
    let word = ui.label(label).on_hover_text(hint);
    add(ui).labelled_by(word.id).on_hover_text(hint);
}
