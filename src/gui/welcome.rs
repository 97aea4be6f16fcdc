//! The card of the very first start: three ways in.

use eframe::egui::{self, Align2, Button, Context, Key, Modifiers, RichText, Ui, Window, vec2};

use crate::experiment::Preset;

use super::command::{Command, Commands};
use super::page::Page;

/// The preset in which one sees gradients vanish at first sight.
const SHOWN: &str = "vanishing";

/// Shows the card while it is open; each way in closes it, and whoever uses the lab has found one.
pub fn show(context: &Context, open: &mut bool, commands: &mut Commands) {
    let mut stays = *open;
    let card = Window::new("Three ways in")
        .open(&mut stays)
        .collapsible(false)
        .resizable(false)
        .anchor(Align2::CENTER_CENTER, vec2(120.0, 0.0))
        .show(context, |ui| {
            ui.set_width(380.0);
            ui.label(
                "The lab runs real networks forward and back, and shows how the error signal δ shrinks or grows through their layers.",
            );
            ui.add_space(8.0);
            if way(ui, "See it happen", "50 sigmoid layers: δ vanishes on its way back. Drag “Depth” and look.") {
                let preset = Preset::find(SHOWN).map(Preset::experiment);
                commands.extend(preset.map(Command::load));
                commands.push(Command::Go(Page::Flow));
                *open = false;
            }
            if way(ui, "Read the chapter", "What is known of vanishing and exploding gradients, with a button beside each claim that sets the lab up.") {
                commands.push(Command::Go(Page::Chapter));
                *open = false;
            }
            if way(ui, "Bring your own", "Open a network as a file, or give it sizes, activations and weights on the left.") {
                commands.push(Command::AskOpen);
                *open = false;
            }
            ui.weak("“Help” brings this card back.");
        });
    let escapes = || context.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape));
    // When the button goes down: it comes up on this card where a menu's entry has opened it.
    let pressed = context.input(|i| i.pointer.press_origin().filter(|_| i.pointer.any_pressed()));
    let is_beside =
        |card: egui::InnerResponse<_>| pressed.is_some_and(|at| !card.response.rect.contains(at));
    let used = card.is_some_and(is_beside);
    *open = *open && stays && !used && !escapes();
}

/// A wide button, and below it what it leads to.
fn way(ui: &mut Ui, words: &str, what: &str) -> bool {
    let button = Button::new(RichText::new(words).strong().size(15.0));
    let clicked = ui.add_sized([ui.available_width(), 30.0], button).clicked();
    ui.label(RichText::new(what).small());
    ui.add_space(8.0);
    clicked
}
