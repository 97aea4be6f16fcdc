//! The sweep page's fields: an axis, a cell, and words that name their controls.

use eframe::egui::{ComboBox, DragValue, Ui};

use crate::gui::controls::named;
use crate::study::{Axis, CELLS, Setting, Spacing};

/// The usual range of a setting that can stand beside `taken`.
pub(super) fn free_axis(taken: Setting) -> Axis {
    let second = if taken == Setting::Depth { Setting::Gain } else { Setting::Depth };
    Axis::usual(second)
}

/// One axis: its setting, its ends, its cells and their spacing.
pub(super) fn axis(ui: &mut Ui, name: &str, axis: &mut Axis, taken: Option<Setting>) {
    ui.push_id(name, |ui| {
        ui.horizontal_wrapped(|ui| {
            let before = axis.setting;
            combo(ui, &format!("Along {name}"), before.hint(), before.label(), |ui| {
                for each in Setting::ALL.into_iter().filter(|each| Some(*each) != taken) {
                    ui.selectable_value(&mut axis.setting, each, each.label())
                        .on_hover_text(each.hint());
                }
            });
            if axis.setting != before {
                *axis = Axis::usual(axis.setting);
            }
            let speed = if axis.setting.is_whole() { 0.2 } else { 0.01 };
            let most = axis.to;
            named(ui, &format!("{name} from"), "The first cell's value", |ui| {
                ui.add(DragValue::new(&mut axis.from).range(0.0..=most).speed(speed))
            });
            let least = axis.from;
            named(ui, &format!("{name} to"), "The last cell's value", |ui| {
                ui.add(DragValue::new(&mut axis.to).range(least..=1e6).speed(speed))
            });
            named(ui, &format!("{name} cells"), "How many values, up to 256", |ui| {
                ui.add(DragValue::new(&mut axis.cells).range(CELLS).speed(0.2))
            });
            let mut log = axis.spacing == Spacing::Logarithmic;
            let word = format!("{name} in log steps");
            let hint = "Cells spaced by equal factors in place of equal steps";
            if ui.checkbox(&mut log, word).on_hover_text(hint).changed() {
                axis.spacing = if log { Spacing::Logarithmic } else { Spacing::Linear };
            }
        });
    });
}

/// A cell's number, counted from 1.
pub(super) fn cell_field(ui: &mut Ui, label: &str, index: &mut usize, count: usize) {
    let mut shown = *index + 1;
    named(ui, label, "The chosen cell, framed on the map; counted from 1", |ui| {
        ui.add(DragValue::new(&mut shown).range(1..=count).speed(0.1))
    });
    *index = shown - 1;
}

pub(super) fn combo(
    ui: &mut Ui,
    label: &str,
    hint: &str,
    text: &str,
    entries: impl FnOnce(&mut Ui),
) {
    named(ui, label, hint, |ui| {
        ComboBox::from_id_salt(label).selected_text(text).show_ui(ui, entries).response
    });
}
