//! The steps, phase by phase.

use eframe::egui::{Align, Button, Layout, RichText, ScrollArea, Ui};

use super::wish::Wish;
use crate::gui::run_by_hand::Run;

/// The list; a click on an entry goes there.
pub fn show(ui: &mut Ui, run: &Run, current: usize, wish: &mut Wish) {
    ScrollArea::vertical().id_salt("steps list").auto_shrink(false).show(ui, |ui| {
        ui.with_layout(Layout::top_down_justified(Align::LEFT), |ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            let mut phase = "";
            for (index, step) in run.steps.iter().enumerate() {
                if step.phase != phase {
                    phase = step.phase;
                    ui.add_space(6.0);
                    ui.label(RichText::new(phase).small().strong());
                }
                entry(ui, &step.entry, &step.title, (index, current), wish);
            }
        });
    });
}

fn entry(ui: &mut Ui, words: &str, title: &str, (index, current): (usize, usize), wish: &mut Wish) {
    let button = Button::selectable(index == current, words).truncate();
    let response = ui.add(button).on_hover_text(title);
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    follow(ui, &response, index == current);
    if wish.clicked(&response) {
        wish.step = Some(index);
    }
}

/// Brings the present step's entry to where it can be seen, once for each step.
fn follow(ui: &Ui, response: &eframe::egui::Response, is_current: bool) {
    let key = ui.scope_id().with("followed");
    let followed = || ui.data(|data| data.get_temp::<eframe::egui::Id>(key));
    if is_current && followed() != Some(response.id) {
        response.scroll_to_me(None);
        ui.data_mut(|data| data.insert_temp(key, response.id));
    }
}
