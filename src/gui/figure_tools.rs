//! A figure on a page, with buttons that copy and export it.

use std::sync::Arc;

use eframe::egui::{self, Align, Layout, Rect, RichText, Ui, UiBuilder, Vec2, pos2, vec2};

use crate::export::table::Numbers;
use crate::figure::{Figure, View};
use crate::paint::{Medium, Painter, Wish};

use super::alone;
use super::command::{Command, Commands};
use super::page::Page;

/// Height of a figure's tools where they have a row of their own, in points.
const TOOLS: f32 = 24.0;

/// A figure of one panel, with buttons beside its heading: what `choices` adds, and then copy,
/// PNG and CSV.
pub fn figure_with_tools(
    ui: &mut Ui,
    painter: &mut Painter,
    figure: &Arc<Figure>,
    height: f32,
    commands: &mut Commands,
    choices: impl FnOnce(&mut Ui, &mut Commands),
) {
    if alone::is(ui.ctx(), figure) {
        let wish = alone::show(ui.ctx(), painter, figure);
        commands.extend(wish.map(|wish| command(wish, figure)));
        ui.add_space(height);
        return;
    }
    let width = ui.available_width();
    let heading = heading_width(ui, figure);
    let id = ui.scope_id().with((figure.id.id(), "tools"));
    let tools_width: f32 = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    // Beside the heading the tools take no room of their own; where both do not fit, they stand
    // above it.
    let row_height = if heading + tools_width > width { TOOLS } else { 0.0 };
    let top = ui.cursor().min;
    ui.add_space(row_height);
    let size = vec2(width, height - row_height);
    panel(ui, painter, (figure, 0), size, commands);
    let bottom = ui.cursor().min;
    let left = if row_height > 0.0 { top.x } else { top.x + heading };
    let row = Rect::from_min_max(pos2(left, top.y - 2.0), pos2(top.x + width, top.y + 20.0));
    let builder = UiBuilder::new().max_rect(row).layout(Layout::right_to_left(Align::Center));
    let used = ui.scope_builder(builder, |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        tools(ui, figure, commands);
        choices(ui, commands);
        ui.min_rect().width()
    });
    if used.inner != tools_width {
        ui.data_mut(|data| data.insert_temp(id, used.inner));
        ui.ctx().request_discard("the tools have another width");
    }
    ui.advance_cursor_after_rect(Rect::from_min_max(top, pos2(top.x + width, bottom.y)));
}

/// A panel of a figure, and what is asked for by touching it.
pub fn panel(
    ui: &mut Ui,
    painter: &mut Painter,
    (figure, index): (&Arc<Figure>, usize),
    size: Vec2,
    commands: &mut Commands,
) {
    let salt = (figure.id.id(), index);
    let wish = ui.push_id(salt, |ui| painter.panel(ui, figure, index, size, Medium::Screen)).inner;
    commands.extend(wish.map(|wish| command(wish, figure)));
}

/// What a touch of a figure asks for.
fn command(wish: Wish, figure: &Arc<Figure>) -> Command {
    match wish {
        Wish::Layer { layer, variant } => Command::Explain { layer, variant },
        Wish::Cell(x, y) => Command::Cell(x, y),
        Wish::CopyPicture => Command::Copy(figure.clone()),
        Wish::ExportPicture => Command::AskPicture(figure.clone()),
        Wish::ExportNumbers => Command::AskTable(Numbers::Figure(figure.clone())),
    }
}

fn heading_width(ui: &Ui, figure: &Figure) -> f32 {
    let Some(panel) = figure.panels.first() else { return 0.0 };
    let font = egui::TextStyle::Heading.resolve(ui.style());
    let heading = panel.heading().to_owned();
    let galley = ui.painter().layout_no_wrap(heading, font, ui.visuals().text_color());
    galley.size().x + 12.0
}

fn tools(ui: &mut Ui, figure: &Arc<Figure>, commands: &mut Commands) {
    let mut button = |text: &str, hint: &str, command: fn(Arc<Figure>) -> Command| {
        if tool(ui, text, hint) {
            commands.push(command(figure.clone()));
        }
    };
    let table = |figure| Command::AskTable(Numbers::Figure(figure));
    button("CSV…", "Export this figure's numbers as CSV or JSON", table);
    button("Picture…", "Export this figure as PNG, SVG or PDF", Command::AskPicture);
    button("Copy", "Copy this figure as a picture", Command::Copy);
    let alone = |figure: Arc<Figure>| Command::Alone(Some(figure.id));
    button("Alone", "This figure alone fills the window, in large type; Esc leads back", alone);
}

/// A small button without a frame; true where it was clicked.
pub fn tool(ui: &mut Ui, text: &str, hint: &str) -> bool {
    let button = egui::Button::new(RichText::new(text).small()).frame_when_inactive(false);
    ui.add(button).on_hover_text(hint).clicked()
}

/// Leads to what could be done about a variant.
pub fn cure(ui: &mut Ui, view: View, variant: usize, commands: &mut Commands) {
    let hint = "Every remedy for this variant, measured over many networks";
    if tool(ui, "What cures it?", hint) {
        commands.push(Command::Look(View { variant, ..view }));
        commands.push(Command::Go(Page::Remedies));
    }
}
