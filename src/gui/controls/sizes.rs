//! The hidden layers' sizes one by one, however many there are.

use eframe::egui::{Button, DragValue, Response, Role, ScrollArea, Ui, WidgetInfo};

use crate::experiment::{Experiment, limits};

/// Height of the list, in points: where more layers are, it scrolls.
const HEIGHT: f32 = 190.0;
/// Height of a layer's row.
const ROW: f32 = 22.0;
/// The size that layers begin with where there is none to go by.
const FIRST: usize = 20;

/// What a person does to the list.
enum Change {
    /// A layer of the same size after this one.
    Insert(usize),
    /// This one goes.
    Remove(usize),
}

/// The sizes as a list: how many, one for all, and each by itself.
pub fn show(ui: &mut Ui, draft: &mut Experiment) {
    let Some(mut hidden) = draft.architecture.hidden.take() else { return };
    count(ui, &mut hidden);
    fill(ui, &mut hidden);
    let change = list(ui, &mut hidden);
    match change {
        Some(Change::Insert(index)) => {
            hidden.insert(index + 1, hidden[index]);
            move_exceptions(draft, index + 2, 1);
        }
        Some(Change::Remove(index)) => {
            hidden.remove(index);
            for variant in &mut draft.variants {
                variant.exceptions.retain(|own| own.index != index + 1);
            }
            move_exceptions(draft, index + 2, -1);
        }
        None => {}
    }
    if ui
        .button("One width for all")
        .on_hover_text("Depth and width in place of the list")
        .clicked()
    {
        draft.architecture.depth = hidden.len();
        draft.architecture.width = hidden.first().copied().unwrap_or(FIRST);
    } else {
        draft.architecture.hidden = Some(hidden);
    }
}

/// The exceptions of layers from `first` on keep their layers when those get other numbers.
fn move_exceptions(draft: &mut Experiment, first: usize, by: isize) {
    let all = draft.variants.iter_mut().flat_map(|variant| &mut variant.exceptions);
    for own in all.filter(|own| own.index >= first) {
        own.index = own.index.saturating_add_signed(by);
    }
}

/// How many layers there are; new ones are as large as the last.
fn count(ui: &mut Ui, hidden: &mut Vec<usize>) {
    ui.horizontal(|ui| {
        let word = ui.label("Hidden layers");
        let mut number = hidden.len();
        let field = DragValue::new(&mut number).range(limits::DEPTH).speed(0.1);
        let field = ui.add(field.update_while_editing(false)).labelled_by(word.id);
        field.on_hover_text("New layers have the size of the last");
        hidden.resize(number, hidden.last().copied().unwrap_or(FIRST));
    });
}

/// One size for all of them.
fn fill(ui: &mut Ui, hidden: &mut [usize]) {
    let id = ui.scope_id().with("fill");
    let first = hidden.first().copied().unwrap_or(FIRST);
    let mut size = ui.data(|data| data.get_temp(id)).unwrap_or(first);
    ui.horizontal(|ui| {
        let word = ui.label("Set all to");
        let field = DragValue::new(&mut size).range(limits::WIDTH).speed(0.2);
        ui.add(field).labelled_by(word.id).on_hover_text("Units");
        ui.data_mut(|data| data.insert_temp(id, size));
        if ui.button("Fill").on_hover_text("Give every hidden layer this size").clicked() {
            hidden.fill(size);
        }
    });
}

/// Each layer in a row; only those that are in sight are laid out.
fn list(ui: &mut Ui, hidden: &mut [usize]) -> Option<Change> {
    let mut change = None;
    let count = hidden.len();
    let scroll = ScrollArea::vertical().id_salt("sizes").max_height(HEIGHT);
    scroll.auto_shrink([false, true]).show_rows(ui, ROW, count, |ui, range| {
        for index in range {
            ui.horizontal(|ui| {
                ui.set_height(ROW);
                let layer = index + 1;
                let word =
                    ui.add_sized([64.0, ROW], eframe::egui::Label::new(format!("Layer {layer}")));
                let size = DragValue::new(&mut hidden[index]).range(limits::WIDTH).speed(0.2);
                ui.add_sized([64.0, ROW - 2.0], size)
                    .labelled_by(word.id)
                    .on_hover_text("Units of this hidden layer");
                let add = ui.add_enabled(count < *limits::DEPTH.end(), Button::new("+").small());
                if named(add, &format!("Insert after layer {layer}")).clicked() {
                    change = Some(Change::Insert(index));
                }
                let remove = ui.add_enabled(count > 1, Button::new("−").small());
                if named(remove, &format!("Remove layer {layer}")).clicked() {
                    change = Some(Change::Remove(index));
                }
            });
        }
    });
    change
}

/// A button whose sign is short, with its name for a screen reader and where the mouse rests.
fn named(response: Response, name: &str) -> Response {
    let enabled = response.enabled();
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, name));
    response.on_hover_text(name)
}
