//! The chapter: what the lab shows, told in short, with a button beside every claim.

use eframe::egui::{
    self, Align, Align2, Button, CollapsingHeader, Color32, FontId, Key, Label, Layout, Rect,
    Response, RichText, Role, ScrollArea, Stroke, Ui, WidgetInfo, pos2, vec2,
};

use crate::gui::chapter::prose::{Typesetter, spoken_formula};
use crate::gui::chapter::{self as text, Action, Block, Section};
use crate::gui::command::{Command, Commands};
use crate::gui::page_view::{PageContext, PageView};
use crate::paint::fonts;
use crate::paint::mathtext::Math;

/// The longest line, in points: about ninety letters.
const COLUMN: f32 = 720.0;
/// The width of the contents.
const CONTENTS: f32 = 236.0;
/// Where the window leaves less than this, the contents become a menu.
const ROOM_FOR_CONTENTS: f32 = 800.0;
/// Text size, larger than the rest of the lab's: this is for reading, also from the back row.
const TEXT: f32 = 16.0;
/// The em of a displayed formula, and the smallest to which a narrow window may shrink it.
const FORMULA: [f32; 2] = [22.0, 11.0];
/// The headings' sizes, by level: the page's title, a section's, a part's.
const HEADINGS: [f32; 3] = [28.0, 22.0, 17.5];
/// How far formulas and lists stand from the left edge.
const INDENT: f32 = 28.0;
/// The room between paragraphs.
const PARAGRAPH: f32 = 12.0;
/// The room that a list leaves below it, beyond that of the next paragraph.
const AFTER_LIST: f32 = 5.0;
/// The narrow column of pairs.
const TERM: f32 = 104.0;
/// How much of the page a key turns.
const PAGE_TURN: f32 = 0.85;

/// The page's state.
#[derive(Default)]
pub struct ChapterPage {
    typesetter: Typesetter,
    /// The section to scroll to, in the next frame.
    jump: Option<usize>,
    /// The section at the top of the window.
    current: usize,
    /// The section whose entry in the contents was last brought into view.
    shown: usize,
}

impl PageView for ChapterPage {
    fn show(&mut self, ui: &mut Ui, context: PageContext<'_>) {
        let commands = context.commands;
        if ui.available_width() >= ROOM_FOR_CONTENTS {
            egui::Panel::left("contents")
                .resizable(false)
                .exact_size(CONTENTS)
                .show(ui, |ui| self.contents(ui));
        } else {
            egui::Panel::top("contents-menu").show(ui, |ui| self.contents_menu(ui));
        }
        egui::CentralPanel::default().show(ui, |ui| self.reading(ui, commands));
    }
}

impl ChapterPage {
    fn contents(&mut self, ui: &mut Ui) {
        ui.add_space(14.0);
        ScrollArea::vertical().id_salt("contents list").auto_shrink(false).show(ui, |ui| {
            ui.with_layout(Layout::top_down_justified(Align::LEFT), |ui| self.entries(ui));
        });
    }

    fn entries(&mut self, ui: &mut Ui) {
        ui.spacing_mut().item_spacing.y = 1.0;
        for (index, section) in text::sections().iter().enumerate() {
            self.entry(ui, index, section);
        }
    }

    fn contents_menu(&mut self, ui: &mut Ui) {
        let here = text::sections().get(self.current).map_or("", |section| &section.title);
        ui.horizontal(|ui| {
            let tallest = ui.ctx().content_rect().height() * 0.7;
            ui.menu_button("Contents", |ui| {
                // Also so that what is brought into view here moves this list and not the page.
                ScrollArea::vertical().max_height(tallest).show(ui, |ui| self.entries(ui));
            })
            .response
            .on_hover_text("Jump to a section");
            ui.add(Label::new(RichText::new(here).weak()).truncate());
        });
    }

    fn entry(&mut self, ui: &mut Ui, index: usize, section: &Section) {
        let indent = if section.level == 1 { "" } else { "    " };
        let mut text = RichText::new(format!("{indent}{}", section.title));
        let is_here = index == self.current;
        if section.level > 1 && !is_here {
            text = text.weak();
        }
        let entry = Button::selectable(is_here, text).truncate();
        let response = ui.add(entry).on_hover_text("Jump to this section");
        name(&response, &format!("Go to: {}", section.title));
        if is_here && self.shown != index {
            self.shown = index;
            response.scroll_to_me(None);
        }
        if follow_focus(response).clicked() {
            self.jump = Some(index);
        }
    }

    fn reading(&mut self, ui: &mut Ui, commands: &mut Commands) {
        let window = ui.available_rect_before_wrap();
        ScrollArea::vertical().id_salt("chapter").auto_shrink(false).show(ui, |ui| {
            turn_pages(ui, window.height());
            let width = COLUMN.min(ui.available_width() - 24.0).max(0.0);
            let margin = ((ui.available_width() - width) / 2.0).max(0.0).floor();
            ui.horizontal_top(|ui| {
                ui.add_space(margin);
                ui.allocate_ui_with_layout(vec2(width, 0.0), Layout::top_down(Align::LEFT), |ui| {
                    self.chapter(ui, window.top(), commands);
                });
            });
            // The last heading, too, can be brought to the top.
            ui.add_space(window.height() * 0.5);
        });
    }

    fn chapter(&mut self, ui: &mut Ui, window_top: f32, commands: &mut Commands) {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing = vec2(8.0, 0.0);
        ui.add_space(26.0);
        heading(ui, text::TITLE, 0);
        let jump = self.jump.take();
        for (index, section) in text::sections().iter().enumerate() {
            ui.add_space(if section.level == 1 { 34.0 } else { 24.0 });
            let place = heading(ui, &section.title, section.level);
            if index == 0 || place.top() < window_top + 90.0 {
                self.current = index;
            }
            if jump == Some(index) {
                let above = Rect::from_min_max(pos2(place.left(), place.top() - 20.0), place.max);
                ui.scroll_to_rect(above, Some(Align::TOP));
            }
            self.blocks(ui, &section.blocks, commands);
        }
    }

    fn blocks(&mut self, ui: &mut Ui, blocks: &'static [Block], commands: &mut Commands) {
        for block in blocks {
            match block {
                Block::Text { text } => {
                    ui.add_space(PARAGRAPH);
                    self.text(ui, text);
                }
                Block::Formula { formula: latex, name } => formula(ui, latex, name),
                Block::Pairs { pairs } => self.pairs(ui, pairs),
                Block::Points { points } => self.points(ui, points),
                Block::Actions { action } => buttons(ui, action, commands),
                Block::Fold { fold, block } => self.fold(ui, fold, block, commands),
            }
        }
    }

    fn text(&mut self, ui: &mut Ui, text: &'static str) {
        let color = ui.visuals().text_color();
        self.typesetter.show(ui, text, TEXT, color);
    }

    fn pairs(&mut self, ui: &mut Ui, pairs: &'static [(String, String)]) {
        ui.add_space(6.0);
        for (term, meaning) in pairs {
            ui.add_space(9.0);
            self.beside(ui, TERM, meaning, |page, ui| page.text(ui, term));
        }
        ui.add_space(AFTER_LIST);
    }

    fn points(&mut self, ui: &mut Ui, points: &'static [String]) {
        for point in points {
            ui.add_space(9.0);
            self.beside(ui, 18.0, point, |page, ui| page.text(ui, "•"));
        }
        ui.add_space(AFTER_LIST);
    }

    /// A paragraph with something left of its first line.
    fn beside(
        &mut self,
        ui: &mut Ui,
        left: f32,
        text: &'static str,
        term: impl FnOnce(&mut Self, &mut Ui),
    ) {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            ui.add_space(INDENT);
            let column = |width| (vec2(width, 0.0), Layout::top_down(Align::LEFT));
            let (size, layout) = column(left);
            ui.allocate_ui_with_layout(size, layout, |ui| {
                ui.set_width(left);
                term(self, ui);
            });
            let (size, layout) = column(ui.available_width().max(0.0));
            ui.allocate_ui_with_layout(size, layout, |ui| self.text(ui, text));
        });
    }

    fn fold(&mut self, ui: &mut Ui, title: &str, inner: &'static [Block], commands: &mut Commands) {
        ui.add_space(12.0);
        let words = RichText::new(title).size(TEXT);
        let fold = CollapsingHeader::new(words).id_salt(title).show(ui, |ui| {
            self.blocks(ui, inner, commands);
            ui.add_space(6.0);
        });
        follow_focus(fold.header_response.on_hover_text("Show or hide the answer"));
    }
}

/// Page keys and the ends of the page, while no field or button has the keyboard.
fn turn_pages(ui: &Ui, height: f32) {
    if ui.memory(|memory| memory.focused().is_some()) {
        return;
    }
    let turns = [
        (Key::PageDown, -PAGE_TURN * height),
        (Key::PageUp, PAGE_TURN * height),
        (Key::ArrowDown, -48.0),
        (Key::ArrowUp, 48.0),
        (Key::Home, f32::MAX / 4.0),
        (Key::End, f32::MIN / 4.0),
    ];
    for (key, by) in turns {
        if ui.input(|input| input.key_pressed(key)) {
            ui.scroll_with_delta(vec2(0.0, by));
        }
    }
}

/// A heading, and where it stands.
fn heading(ui: &mut Ui, text: &str, level: u8) -> Rect {
    let size = HEADINGS[usize::from(level).min(HEADINGS.len() - 1)];
    let words = RichText::new(text).font(FontId::new(size, fonts::bold()));
    let words = words.color(ui.visuals().strong_text_color());
    ui.add(Label::new(words).wrap().selectable(false)).rect
}

/// A formula on a line of its own, its name at the right margin.
fn formula(ui: &mut Ui, latex: &str, tag: &str) {
    ui.add_space(15.0);
    let said = spoken_formula(latex);
    let right = ui.max_rect().right();
    let row = ui
        .horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            ui.add_space(INDENT);
            let [size, smallest] = FORMULA;
            ui.add(Math::new(latex).size(size).shrink_to(smallest).alt(&said));
        })
        .response;
    if !tag.is_empty() {
        let at = pos2(right, row.rect.center().y);
        let color = ui.visuals().weak_text_color();
        let tag = format!("({tag})");
        ui.painter().text(at, Align2::RIGHT_CENTER, tag, FontId::proportional(TEXT), color);
    }
    ui.add_space(7.0);
}

/// The buttons of a paragraph.
fn buttons(ui: &mut Ui, actions: &[Action], commands: &mut Commands) {
    ui.add_space(14.0);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 8.0);
        ui.spacing_mut().button_padding = vec2(11.0, 6.0);
        for action in actions {
            let [fill, ink] = accent(ui);
            let label = RichText::new(format!("▶ {}", action.label)).size(14.5).color(ink);
            let button = Button::new(label).fill(fill).stroke(Stroke::new(1.0, ink)).wrap();
            let response = ui.add(button).on_hover_text(action.hint());
            name(&response, &action.label);
            if follow_focus(response).clicked() {
                carry_out(action, commands);
            }
        }
    });
    ui.add_space(4.0);
}

/// The ground and the ink of a button.
fn accent(ui: &Ui) -> [Color32; 2] {
    if ui.visuals().dark_mode {
        [Color32::from_rgb(27, 44, 66), Color32::from_rgb(150, 200, 255)]
    } else {
        [Color32::from_rgb(236, 244, 253), Color32::from_rgb(0, 82, 155)]
    }
}

fn carry_out(action: &Action, commands: &mut Commands) {
    // A test reads every experiment of the chapter: there is no error to tell.
    if let Ok(experiment) = action.experiment() {
        commands.push(Command::load(experiment));
        commands.push(Command::Go(action.page));
    }
}

/// Brings what the Tab key has reached into view.
fn follow_focus(response: Response) -> Response {
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    response
}

/// An accessible name in place of what is written on a button.
fn name(response: &Response, name: &str) {
    let enabled = response.enabled();
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, name));
}
