//! Which example of the batch a page looks at.

use eframe::egui::{DragValue, Role, Ui, WidgetInfo};

use crate::experiment::Experiment;

/// Up to this many examples each have a button; of more one is chosen by its number.
const BUTTONS: usize = 8;

/// A choice among the examples of a batch, counted from 0; nothing for a batch of one.
pub fn example_choice(ui: &mut Ui, example: &mut usize, experiment: &Experiment) {
    let batch = experiment.architecture.batch;
    *example = (*example).min(batch.saturating_sub(1));
    if batch < 2 {
        return;
    }
    let parts = if batch > BUTTONS { 1 } else { batch };
    // Beside a figure's heading what comes first stands furthest to the right.
    let reversed = ui.layout().prefer_right_to_left();
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for place in 0..parts + 2 {
            let place = if reversed { parts + 1 - place } else { place };
            match place.checked_sub(1) {
                None => _ = ui.label("Example"),
                Some(part) if part == parts => _ = ui.label(format!("of {batch}")),
                Some(_) if batch > BUTTONS => number(ui, example, batch),
                Some(index) => button(ui, example, index, experiment),
            }
        }
    });
}

fn number(ui: &mut Ui, example: &mut usize, batch: usize) {
    let mut shown = *example + 1;
    let field = ui.add(DragValue::new(&mut shown).range(1..=batch));
    field.widget_info(|| WidgetInfo {
        label: Some("Example".to_owned()),
        value: Some(shown as f64),
        ..WidgetInfo::new(Role::SpinButton)
    });
    field.on_hover_text("Which example of the batch");
    *example = shown - 1;
}

fn button(ui: &mut Ui, example: &mut usize, index: usize, experiment: &Experiment) {
    let name = format!("Example {}", index + 1);
    let button = ui.selectable_value(example, index, (index + 1).to_string());
    let is_shown = index == *example;
    button.widget_info(|| WidgetInfo::selected(Role::Button, true, is_shown, &name));
    button.on_hover_text(given(experiment, index).unwrap_or(name));
}

/// `x = (0, 1), y = (1)`, where inputs and targets are given.
fn given(experiment: &Experiment, index: usize) -> Option<String> {
    let data = experiment.data.as_ref()?;
    let column = |numbers: &[f64]| {
        let words: Vec<String> = numbers.iter().map(f64::to_string).collect();
        words.join(", ")
    };
    Some(format!("x = ({}), y = ({})", column(data.x.get(index)?), column(data.y.get(index)?)))
}
