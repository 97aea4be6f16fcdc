//! Keys: one list for the reader, the help and the menus.

use eframe::egui::{self, Context, Grid, Key, KeyboardShortcut, Modifiers};

use super::command::{Command, Commands};
use super::page::Page;

/// One key and what it does.
pub struct Binding {
    /// The keys.
    pub shortcut: KeyboardShortcut,
    /// What for.
    pub label: &'static str,
    command: fn() -> Command,
}

const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

macro_rules! binding {
    ($modifiers:expr, $key:ident, $label:literal, $command:expr) => {
        Binding {
            shortcut: KeyboardShortcut::new($modifiers, Key::$key),
            label: $label,
            command: || $command,
        }
    };
}

/// Every key of the lab. egui takes Ctrl+Shift+E for Ctrl+E too, so that of two bindings of a
/// key the one with more modifiers stands first. Ctrl with + and − scales the window; that is egui's own.
pub const BINDINGS: [Binding; 16] = [
    binding!(CTRL_SHIFT, Z, "Redo", Command::Redo),
    binding!(CTRL, Y, "Redo", Command::Redo),
    binding!(CTRL, Z, "Undo", Command::Undo),
    binding!(CTRL, D, "New seed", Command::NewDraw),
    binding!(CTRL, N, "A new experiment: the chapter's", Command::New),
    binding!(CTRL, O, "Open an experiment…", Command::AskOpen),
    binding!(CTRL_SHIFT, S, "Save the experiment as…", Command::SaveAs),
    binding!(CTRL, S, "Save the experiment", Command::Save),
    binding!(CTRL_SHIFT, E, "Export the sheet's numbers as CSV…", Command::AskSheetTable),
    binding!(CTRL, E, "Export the sheet as a picture…", Command::AskSheetPicture),
    binding!(CTRL_SHIFT, C, "Copy the sheet as a picture", Command::CopySheet),
    binding!(CTRL, Q, "Quit", Command::Quit),
    binding!(CTRL, B, "Fold the panels away, or unfold them", Command::FoldPanels),
    binding!(
        Modifiers::NONE,
        F5,
        "The page's first figure alone; Esc leads back",
        Command::Alone(None)
    ),
    binding!(Modifiers::NONE, F11, "Full screen", Command::FullScreen),
    binding!(Modifiers::NONE, F1, "Show the keys", Command::ShowKeys),
];

/// With Ctrl, the first pages in the order of the tabs.
const PAGES: [Key; 9] = [
    Key::Num1,
    Key::Num2,
    Key::Num3,
    Key::Num4,
    Key::Num5,
    Key::Num6,
    Key::Num7,
    Key::Num8,
    Key::Num9,
];

/// The page that keys lead to from this one.
fn page_pressed(context: &Context, page: Page) -> Option<Page> {
    let here = Page::ALL.iter().position(|each| *each == page)?;
    let count = Page::ALL.len();
    let pressed = |with, key| context.input_mut(|i| i.consume_key(with, key));
    // A presenter's clicker sends the keys alone. A text that is written, and the chapter, which is
    // read, move by them themselves.
    let is_text = context.text_edit_focused() || page == Page::Chapter;
    let turned = |key| pressed(CTRL, key) || !is_text && pressed(Modifiers::NONE, key);
    let next = turned(Key::PageDown).then_some((here + 1) % count);
    let before = turned(Key::PageUp).then_some((here + count - 1) % count);
    let named = (0..PAGES.len()).find(|index| pressed(CTRL, PAGES[*index]));
    next.or(before).or(named).and_then(|index| Page::ALL.get(index).copied())
}

/// The key of a page, where it has one.
pub fn page_hint(context: &Context, page: Page) -> Option<String> {
    let place = Page::ALL.iter().position(|each| *each == page)?;
    let key = *PAGES.get(place)?;
    Some(context.format_shortcut(&KeyboardShortcut::new(CTRL, key)))
}

/// The keys pressed in this frame. While a text is being written, undo is the text's own.
pub fn read(context: &Context, page: Page, commands: &mut Commands) {
    commands.extend(page_pressed(context, page).map(Command::Go));
    let writing = context.text_edit_focused();
    for binding in &BINDINGS {
        let is_edit = matches!((binding.command)(), Command::Undo | Command::Redo);
        if writing && is_edit {
            continue;
        }
        if context.input_mut(|i| i.consume_shortcut(&binding.shortcut)) {
            commands.push((binding.command)());
        }
    }
}

/// The list of keys.
pub fn window(context: &Context, open: &mut bool) {
    egui::Window::new("Keys").open(open).collapsible(false).resizable(false).show(context, |ui| {
        Grid::new("keys").num_columns(2).spacing([24.0, 5.0]).striped(true).show(ui, |ui| {
            for binding in &BINDINGS {
                ui.label(ui.ctx().format_shortcut(&binding.shortcut));
                ui.label(binding.label);
                ui.end_row();
            }
            for (keys, what) in [
                ("Ctrl 1 … Ctrl 9", "The pages in the order of the tabs"),
                (
                    "PageDown  PageUp",
                    "The next page, the page before, as a presenter's clicker sends them; in the chapter with Ctrl",
                ),
                (
                    "Ctrl +  Ctrl −  Ctrl 0",
                    "Larger and smaller type, as for a projector; as it was",
                ),
                ("Tab", "The next control"),
                ("← →", "Move a slider that has the focus; on “Step by step”, the step"),
                ("Esc", "Close a small window; from a figure alone back to the page"),
                ("Ctrl wheel, right drag", "Zoom a chart; “Reset view” in its corner leads back"),
                ("Right click", "What else a chart can do"),
            ] {
                ui.label(keys);
                ui.label(what);
                ui.end_row();
            }
        });
    });
    if *open && context.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape)) {
        *open = false;
    }
}

/// The shortcut of a command, for menus.
pub fn hint(context: &Context, command: &Command) -> String {
    let found = BINDINGS.iter().rev().find(|binding| (binding.command)() == *command);
    found.map(|binding| context.format_shortcut(&binding.shortcut)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_modifiers_come_first() {
        for (index, binding) in BINDINGS.iter().enumerate() {
            let KeyboardShortcut { modifiers, logical_key } = binding.shortcut;
            let hidden = BINDINGS[..index].iter().any(|earlier| {
                earlier.shortcut.logical_key == logical_key
                    && modifiers.matches_logically(earlier.shortcut.modifiers)
            });
            assert!(!hidden, "{} is never reached", binding.label);
        }
    }
}
