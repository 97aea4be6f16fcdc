//! Why there is no picture of the present setting, over the picture of the last one.

use eframe::egui::{Align, Frame, Layout, Rect, Ui, UiBuilder, pos2, vec2};

use super::command::{Command, Commands};
use super::lab::Lab;

/// The widest that the reason is set, in points.
const WIDEST: f32 = 440.0;
/// How much of the old picture goes.
const DIMMED: f32 = 0.7;

/// Dims what a page shows at `place`, and says over it why and what to do; nothing where the
/// present setting is accepted.
pub fn over(ui: &mut Ui, place: Rect, lab: &Lab, commands: &mut Commands) {
    let Some(refusal) = lab.refusal() else { return };
    let ground = ui.visuals().panel_fill.gamma_multiply(DIMMED);
    ui.painter().rect_filled(place, 0.0, ground);
    let width = WIDEST.min(place.width() - 24.0).max(0.0);
    let top = (place.top() + 0.25 * place.height()).round();
    let left = (place.center().x - width / 2.0).round();
    let room = Rect::from_min_size(pos2(left, top), vec2(width, place.bottom() - top));
    let builder = UiBuilder::new().max_rect(room).layout(Layout::top_down(Align::LEFT));
    ui.scope_builder(builder, |ui| {
        Frame::popup(ui.style()).show(ui, |ui| {
            ui.strong(if lab.is_held() { "A large network" } else { "Not accepted" });
            ui.label(refusal);
            if lab.result().is_some() {
                ui.weak("What is dimmed is the last result.");
            }
            ui.add_space(4.0);
            ui.horizontal(|ui| {
                if lab.is_held() && ui.button("Compute it").clicked() {
                    commands.push(Command::ComputeLarge);
                }
                if ui.button("Undo the change").clicked() {
                    commands.push(Command::Undo);
                }
            });
        });
    });
}
