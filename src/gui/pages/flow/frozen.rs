//! A table's first column, which stays in sight while the others scroll sideways under it.

use eframe::egui::{Align, Label, Layout, Rangef, Rect, RichText, Ui, UiBuilder};

use crate::paint::theme;

/// The cells that a frame has made room for.
#[derive(Default)]
pub struct FrozenColumn {
    cells: Vec<Cell>,
}

struct Cell {
    /// Where it would stand if nothing had scrolled.
    rect: Rect,
    /// What of the table is seen of its height: a row may be half under the header.
    seen: Rangef,
    /// Which row, from 0; none for the header.
    row: Option<usize>,
    words: String,
    hint: String,
}

impl FrozenColumn {
    /// Takes the cell that `ui` is, and leaves it empty.
    pub fn take(&mut self, ui: &Ui, row: Option<usize>, words: &str, hint: &str) {
        if ui.is_sizing_pass() {
            return;
        }
        let (words, hint) = (words.to_owned(), hint.to_owned());
        let (rect, seen) = (ui.max_rect(), ui.clip_rect().y_range());
        self.cells.push(Cell { rect, seen, row, words, hint });
    }

    /// Paints the column over the table, at the left edge of what is seen of it.
    pub fn show(&self, ui: &mut Ui, table: Rect) {
        for cell in &self.cells {
            let height = cell.rect.y_range().expand(0.5 * ui.spacing().item_spacing.y);
            let left = cell.rect.left().max(table.left());
            let room = Rangef::new(table.left(), left + cell.rect.width() + 3.0);
            let layout = Layout::right_to_left(Align::Center);
            let inside =
                Rect::from_x_y_ranges(left..=left + cell.rect.width(), cell.rect.y_range());
            let mut ui = ui.new_child(UiBuilder::new().max_rect(inside).layout(layout));
            let clip = Rect::from_x_y_ranges(room, cell.seen).intersect(ui.clip_rect());
            ui.set_clip_rect(clip);
            let ground = ui.visuals().panel_fill;
            let ground = match cell.row {
                Some(row) if row.is_multiple_of(2) => ground.blend(ui.visuals().faint_bg_color),
                _ => ground,
            };
            let painter = ui.painter();
            painter.rect_filled(Rect::from_x_y_ranges(room, height), 0.0, ground);
            if left > cell.rect.left() {
                painter.vline(room.max - 0.5, height, (1.0, theme::axis_line(ui.visuals())));
            }
            let words = RichText::new(&cell.words);
            let words = if cell.row.is_none() { words.small().strong() } else { words.monospace() };
            let label = ui.add(Label::new(words).extend());
            if !cell.hint.is_empty() {
                label.on_hover_text(&cell.hint);
            }
        }
    }
}
