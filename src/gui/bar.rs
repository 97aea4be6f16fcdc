//! The bar on top with menus and pages, and the line at the bottom.

use std::path::{Path, PathBuf};

use eframe::egui::{self, Align, Button, Layout, ProgressBar, RichText, ThemePreference, Ui};

use crate::experiment::short_path;

use super::command::{Command, Commands};
use super::keys;
use super::lab::Lab;
use super::message::{Message, sentence};
use super::page::{Group, Page};

/// What the menus can offer.
#[derive(Clone, Copy, Debug)]
pub struct Can<'a> {
    /// There is a step back.
    pub undo: bool,
    /// There is a step forward.
    pub redo: bool,
    /// Something is drawn.
    pub draw: bool,
    /// There is unsaved work of a session before.
    pub reopen: bool,
    /// The last files.
    pub recent: &'a [PathBuf],
}

/// Room that the button for export takes, in points.
const ROOM_FOR_EXPORT: f32 = 104.0;
/// Room that undo and redo take, in points.
const ROOM_FOR_UNDO: f32 = 110.0;

/// Menus, pages, undo and redo.
pub fn top(ui: &mut Ui, lab: &Lab, page: Page, can: Can<'_>, commands: &mut Commands) {
    let one_row = ui.available_width() >= MENUS + tabs_width(ui);
    egui::MenuBar::new().ui(ui, |ui| {
        file_menu(ui, can, commands);
        edit_menu(ui, can, commands);
        view_menu(ui, lab, commands);
        help_menu(ui, commands);
        if one_row {
            ui.separator();
            ui.scope(|ui| tabs(ui, page, commands));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| tools(ui, can, commands));
    });
    if !one_row {
        ui.horizontal_wrapped(|ui| tabs(ui, page, commands));
    }
}

/// Room for the menus and the buttons on the right, in points.
const MENUS: f32 = 390.0;

/// The width of all tabs in one row, without the words of their groups.
fn tabs_width(ui: &Ui) -> f32 {
    let font = egui::TextStyle::Button.resolve(ui.style());
    let around = 2.0 * TAB_PADDING + TAB_SPACING;
    let width = |page: Page| {
        let label = page.label().to_owned();
        ui.painter().layout_no_wrap(label, font.clone(), egui::Color32::WHITE).size().x + around
    };
    let separators = (Group::ALL.len() as f32 - 1.0) * SEPARATOR;
    Page::ALL.into_iter().map(width).sum::<f32>() + separators
}

/// Room that a separator takes, in points.
const SEPARATOR: f32 = 6.0;
/// Room beside a tab's words.
const TAB_PADDING: f32 = 5.0;
/// Room between tabs: two more than today's have to fit beside them.
const TAB_SPACING: f32 = 2.0;

/// The tabs, group by group.
fn tabs(ui: &mut Ui, page: Page, commands: &mut Commands) {
    ui.spacing_mut().item_spacing.x = TAB_SPACING;
    ui.spacing_mut().button_padding.x = TAB_PADDING;
    for (index, group) in Group::ALL.into_iter().enumerate() {
        if index > 0 {
            ui.add(egui::Separator::default().spacing(SEPARATOR - TAB_SPACING));
        }
        for each in Page::ALL.into_iter().filter(|page| page.group() == group) {
            let key = keys::page_hint(ui.ctx(), each);
            let key = key.map(|key| format!(" ({key})")).unwrap_or_default();
            let hint = format!("{}: {}{key}", group.label(), each.hint());
            let tab = ui.selectable_label(each == page, each.label()).on_hover_text(hint);
            if tab.clicked() {
                commands.push(Command::Go(each));
            }
        }
    }
}

/// What the menus have too, where there is room beside the pages.
fn tools(ui: &mut Ui, can: Can<'_>, commands: &mut Commands) {
    if ui.available_width() < ROOM_FOR_EXPORT {
        return;
    }
    let export = ui.button("Export…").on_hover_text("The whole sheet as PNG, SVG or PDF (Ctrl+E)");
    if export.clicked() {
        commands.push(Command::AskSheetPicture);
    }
    if ui.available_width() < ROOM_FOR_UNDO {
        return;
    }
    if enabled(ui, can.redo, "Redo", "Ctrl+Shift+Z") {
        commands.push(Command::Redo);
    }
    if enabled(ui, can.undo, "Undo", "Ctrl+Z") {
        commands.push(Command::Undo);
    }
}

fn enabled(ui: &mut Ui, on: bool, text: &str, hint: &str) -> bool {
    ui.add_enabled(on, Button::new(text)).on_hover_text(hint).clicked()
}

/// A menu entry with its key.
fn entry(ui: &mut Ui, on: bool, text: &str, command: Command, commands: &mut Commands) {
    let key = keys::hint(ui.ctx(), &command);
    if ui.add_enabled(on, Button::new(text).shortcut_text(key)).clicked() {
        commands.push(command);
        ui.close();
    }
}

fn file_menu(ui: &mut Ui, can: Can<'_>, commands: &mut Commands) {
    ui.menu_button("File", |ui| {
        entry(ui, true, "New experiment", Command::New, commands);
        entry(ui, true, "Open experiment…", Command::AskOpen, commands);
        recent_menu(ui, can.recent, commands);
        if can.reopen {
            entry(ui, true, "Reopen earlier unsaved work", Command::Reopen, commands);
        }
        ui.separator();
        entry(ui, true, "Save", Command::Save, commands);
        entry(ui, true, "Save as…", Command::SaveAs, commands);
        ui.separator();
        entry(ui, true, "Export the sheet as a picture…", Command::AskSheetPicture, commands);
        entry(ui, true, "Export the sheet's numbers as CSV…", Command::AskSheetTable, commands);
        ui.label(RichText::new("Each figure has its own buttons too.").small().weak());
        ui.separator();
        entry(ui, true, "Quit", Command::Quit, commands);
    });
}

/// The last files by name, with the whole path where the mouse rests.
fn recent_menu(ui: &mut Ui, recent: &[PathBuf], commands: &mut Commands) {
    ui.add_enabled_ui(!recent.is_empty(), |ui| {
        ui.menu_button("Open recent", |ui| {
            for path in recent {
                let name = path.file_name().map_or(path.as_path(), Path::new);
                let button = ui.button(short_path(name)).on_hover_text(short_path(path));
                if button.clicked() {
                    commands.push(Command::Open(path.clone()));
                    ui.close();
                }
            }
        });
    });
}

fn edit_menu(ui: &mut Ui, can: Can<'_>, commands: &mut Commands) {
    ui.menu_button("Edit", |ui| {
        entry(ui, can.undo, "Undo", Command::Undo, commands);
        entry(ui, can.redo, "Redo", Command::Redo, commands);
        ui.separator();
        entry(ui, can.draw, "New seed", Command::NewDraw, commands);
        entry(ui, true, "Copy the sheet as a picture", Command::CopySheet, commands);
    });
}

fn view_menu(ui: &mut Ui, lab: &Lab, commands: &mut Commands) {
    ui.menu_button("View", |ui| {
        ui.label(RichText::new("Theme").small().weak());
        theme_choice(ui);
        ui.separator();
        let mut view = lab.view;
        ui.radio_value(&mut view.linear, false, "Bars on a log axis");
        ui.radio_value(&mut view.linear, true, "Bars on a linear axis");
        if view != lab.view {
            commands.push(Command::Look(view));
        }
        ui.separator();
        ui.label(RichText::new("Type, as for a projector").small().weak());
        zoom_choice(ui);
        ui.separator();
        ui.label(RichText::new("For a class").small().weak());
        entry(ui, true, "Full screen", Command::FullScreen, commands);
        let folded = if lab.folded { "Unfold the panels" } else { "Fold the panels away" };
        entry(ui, true, folded, Command::FoldPanels, commands);
        entry(ui, true, "The first figure alone", Command::Alone(None), commands);
    });
}

/// The whole window larger or smaller, in the menu's own way of writing.
fn zoom_choice(ui: &mut Ui) {
    use egui::gui_zoom::{kb_shortcuts, zoom_in, zoom_out};
    let context = ui.ctx().clone();
    let mut chosen = |words: &str, shortcut: &egui::KeyboardShortcut, enabled: bool| {
        let button = Button::new(words).shortcut_text(context.format_shortcut(shortcut));
        ui.add_enabled(enabled, button).clicked()
    };
    if chosen("Larger", &kb_shortcuts::ZOOM_IN, true) {
        zoom_in(&context);
    }
    if chosen("Smaller", &kb_shortcuts::ZOOM_OUT, true) {
        zoom_out(&context);
    }
    if chosen("Normal size", &kb_shortcuts::ZOOM_RESET, context.zoom_factor() != 1.0) {
        context.set_zoom_factor(1.0);
    }
}

/// egui's own buttons for this wear signs that the lab's fonts do not have.
fn theme_choice(ui: &mut Ui) {
    let mut preference = ui.ctx().options(|options| options.theme_preference);
    for (choice, words) in [
        (ThemePreference::System, "As the system"),
        (ThemePreference::Light, "Light"),
        (ThemePreference::Dark, "Dark"),
    ] {
        if ui.radio_value(&mut preference, choice, words).changed() {
            ui.ctx().set_theme(choice);
        }
    }
}

fn help_menu(ui: &mut Ui, commands: &mut Commands) {
    ui.menu_button("Help", |ui| {
        entry(ui, true, "First steps", Command::ShowWelcome, commands);
        entry(ui, true, "Keys", Command::ShowKeys, commands);
        ui.separator();
        ui.label(RichText::new(concat!("Gradient lab ", env!("CARGO_PKG_VERSION"))).weak());
    });
}

/// What is going on: a refusal, a computation, a message, or the settings in a line.
pub fn bottom(
    ui: &mut Ui,
    lab: &Lab,
    message: Option<&Message>,
    writing: bool,
    commands: &mut Commands,
) {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        panels_toggle(ui, lab.folded, commands);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            going_on(ui, lab, message, writing, commands);
        });
    });
}

/// Whether the panels beside what a page shows are there.
fn panels_toggle(ui: &mut Ui, folded: bool, commands: &mut Commands) {
    let words = RichText::new("Panels").small();
    let hint = format!(
        "Fold away what stands beside the figures, or unfold it ({})",
        keys::hint(ui.ctx(), &Command::FoldPanels)
    );
    let toggle = ui.add(Button::selectable(!folded, words)).on_hover_text(hint);
    if toggle.clicked() {
        commands.push(Command::FoldPanels);
    }
}

fn going_on(
    ui: &mut Ui,
    lab: &Lab,
    message: Option<&Message>,
    writing: bool,
    commands: &mut Commands,
) {
    if let Some(refusal) = lab.refusal() {
        sentence(ui, refusal, !lab.is_held());
    } else if let Some(share) = lab.progress().filter(|_| lab.is_stale() && lab.takes_long()) {
        under_way(ui, share, "Computing; the picture is the last result.", commands);
    } else if let (Some(share), Some((examples, batch))) = (lab.progress(), lab.preview()) {
        let words = format!("Preview: {examples} of {batch} examples. Export waits for the whole.");
        under_way(ui, share, &words, commands);
    } else if lab.is_stale() && lab.progress().is_none() {
        compute_again(ui, commands);
        sentence(ui, "Cancelled; the picture is the last result.", false);
    } else if let (None, Some((examples, batch))) = (lab.progress(), lab.preview()) {
        let words = format!(
            "Cancelled; the picture is a preview, {examples} of {batch} examples, and is not exported."
        );
        compute_again(ui, commands);
        sentence(ui, &words, false);
    } else if writing {
        sentence(ui, "Writing…", false);
    } else if let Some(message) = message {
        sentence(ui, &message.text, message.is_error);
    } else {
        sentence(ui, &lab.experiment.describe(), false);
    }
}

fn compute_again(ui: &mut Ui, commands: &mut Commands) {
    if ui.small_button("Compute again").clicked() {
        commands.push(Command::ComputeAgain);
    }
}

fn under_way(ui: &mut Ui, share: f32, words: &str, commands: &mut Commands) {
    ui.add(ProgressBar::new(share).desired_width(160.0).desired_height(12.0));
    if ui.small_button("Cancel").clicked() {
        commands.push(Command::Cancel);
    }
    sentence(ui, words, false);
}
