//! The page of remedies: what could be done about a variant, measured side by side.

use std::sync::Arc;
use std::time::Duration;

use eframe::egui::{
    self, Align, Button, Context, Label, Layout, ProgressBar, RichText, ScrollArea, Slider,
    SliderClamping, Ui,
};
use egui_extras::{Column, TableBuilder, TableRow};

use crate::experiment::{Experiment, limits};
use crate::export::pytorch::snippet;
use crate::export::table::Numbers;
use crate::figure::remedies_table::{COLUMNS, row as fields};
use crate::figure::words::remedies as words;
use crate::study::{
    Remedies, RemediesError, RemediesSettings, RemedyRow, SEEDS, Verdict, remedies,
};

use crate::gui::command::{Command, Commands};
use crate::gui::controls;
use crate::gui::figure_tools;
use crate::gui::lab::Lab;
use crate::gui::message::sentence;
use crate::gui::page_view::{PageContext, PageView};
use crate::gui::study_handle::{Study, StudyHandle};
use crate::gui::under_way;

/// The least width of the first column, in points; it takes up to twice as much where there is room.
const REMEDY: f32 = 262.0;
/// Widths of the others.
const WIDTHS: [f32; COLUMNS.len() - 1] = [92.0, 112.0, 106.0, 58.0, 58.0, 46.0, 56.0, 84.0];
/// Height of the panel about one remedy, at first.
const DETAILS: f32 = 118.0;

/// The experiment with the one variant, and how thoroughly it is looked at.
type Question = (Experiment, RemediesSettings);

/// The remedies as far as they are known, or what to do where there are none.
type Answer = Result<Arc<Remedies>, String>;

/// The page's state.
pub struct RemediesPage {
    asked: StudyHandle<Question, Answer>,
    settings: RemediesSettings,
    /// The last remedies; what cannot be answered leaves them where they are.
    shown: Option<Arc<Remedies>>,
    /// Why the last question has none, where it has none.
    trouble: Option<String>,
    /// The name of the remedy looked at; the first one where there is none of that name.
    chosen: Option<String>,
}

impl PageView for RemediesPage {
    fn studies(&mut self) -> Vec<&mut dyn Study> {
        vec![&mut self.asked]
    }

    fn ask(&mut self, lab: &Lab) {
        if lab.refusal().is_none() {
            self.asked.ask(&(alone(lab), self.settings));
        }
    }

    fn answered(&mut self) {
        let Some(answer) = self.asked.answer() else { return };
        self.trouble = answer.as_ref().as_ref().err().cloned();
        if let Ok(table) = answer.as_ref() {
            self.shown = Some(table.clone());
        }
    }

    fn show(&mut self, ui: &mut Ui, context: PageContext<'_>) {
        let PageContext { lab, commands, .. } = context;
        egui::Panel::top("remedies settings").show(ui, |ui| {
            ui.add_space(2.0);
            ui.horizontal_wrapped(|ui| self.choices(ui, lab, commands));
            self.status(ui);
            ui.add_space(2.0);
        });
        let Some(table) = self.shown.clone() else {
            egui::CentralPanel::default().show(ui, |ui| {
                let words = match (&self.trouble, self.asked.progress()) {
                    (None, Some(_)) => "Drawing the first networks…",
                    _ => "There are no remedies yet; the line above says why.",
                };
                ui.centered_and_justified(|ui| ui.label(words));
            });
            return;
        };
        let is_old = table.experiment != alone(lab) || lab.refusal().is_some();
        egui::Panel::bottom("remedy chosen")
            .resizable(true)
            .default_size(DETAILS)
            .size_range(60.0..=400.0)
            .show(ui, |ui| self.details(ui, lab, &table, is_old, commands));
        egui::CentralPanel::default().show(ui, |ui| {
            if is_old {
                // The result of another setting steps back.
                ui.set_opacity(0.55);
            }
            self.table(ui, &table);
        });
    }
}

/// What is asked about: the variant shown, by itself.
fn alone(lab: &Lab) -> Experiment {
    let mut experiment = lab.experiment.clone();
    let variant = experiment.shown_variant(lab.view.variant);
    experiment.variants = vec![experiment.variants.swap_remove(variant)];
    experiment.variants[0].shown = true;
    experiment
}

impl RemediesPage {
    /// With the usual number of networks.
    pub fn new(context: &Context) -> Self {
        let asked = StudyHandle::new(
            context,
            "gradient-lab remedies",
            |(experiment, settings): Question, task, deliver| {
                let snapshot = |table: &Remedies| deliver(Ok(Arc::new(table.clone())));
                match remedies(&experiment, 0, settings, task, snapshot) {
                    Ok(table) => Ok(Ok(Arc::new(table))),
                    Err(RemediesError::Stopped(stopped)) => Err(stopped),
                    Err(error) => Ok(Err(format!(
                        "No remedies: {error}. Choose a smaller seed or fewer seeds."
                    ))),
                }
            },
        );
        let settings = RemediesSettings::default();
        Self { asked, settings, shown: None, trouble: None, chosen: None }
    }

    /// Networks of each row, and threads.
    pub fn settings(&mut self) -> &mut RemediesSettings {
        &mut self.settings
    }

    /// The remedies shown, as far as they are known.
    pub fn remedies(&self) -> Option<&Remedies> {
        self.shown.as_deref()
    }

    fn choices(&mut self, ui: &mut Ui, lab: &Lab, commands: &mut Commands) {
        ui.label("Variant");
        controls::variant_shown(ui, "Variant treated", lab, commands);
        let word = ui.label("Seeds");
        let slider = Slider::new(&mut self.settings.seeds, SEEDS)
            .logarithmic(true)
            .clamping(SliderClamping::Always);
        ui.add(slider)
            .labelled_by(word.id)
            .on_hover_text("Networks of each row at the most; large ones are drawn fewer times");
        if let Some(table) = self.shown.clone() {
            let hint = "Export every row, with all digits, as CSV or JSON";
            if figure_tools::tool(ui, "CSV…", hint) {
                commands.push(Command::AskTable(Numbers::Remedies(table)));
            }
        }
    }

    /// How far it is: rows that come, a stop between, or what every study says.
    fn progress(&mut self, ui: &mut Ui) {
        let is_partial = self.shown.as_ref().is_some_and(|table| !table.is_complete);
        if self.asked.is_stale() || !is_partial {
            under_way::show(ui, &mut self.asked, "Trying every remedy");
            return;
        }
        ui.horizontal(|ui| match self.asked.progress() {
            Some(share) => {
                ui.add(ProgressBar::new(share).desired_width(160.0).desired_height(12.0));
                let button = ui.small_button("Cancel");
                if button.on_hover_text("Keep the rows measured so far").clicked() {
                    self.asked.cancel();
                }
                let words = "Trying every remedy on a few networks, then on many; rows come as they are measured.";
                sentence(ui, words, false);
                ui.request_repaint_after(Duration::from_millis(100));
            }
            None => {
                let button = ui.small_button("Start again");
                if button.on_hover_text("Measure every row on all networks").clicked() {
                    self.asked.ask_again();
                }
                sentence(ui, "Stopped: some rows are missing or rest on few networks.", false);
            }
        });
    }

    /// What is under way or went wrong, and the prescription.
    fn status(&mut self, ui: &mut Ui) {
        self.progress(ui);
        if let Some(trouble) = &self.trouble {
            sentence(ui, trouble, true);
        }
        let Some(table) = &self.shown else { return };
        if let Some(note) = words::of_format(table) {
            sentence(ui, &note, false);
        }
        let text = words::prescription(table);
        ui.add(Label::new(RichText::new(&text).strong()).truncate()).on_hover_text(&text);
    }

    /// The row looked at: the chosen one, else the first.
    fn row<'t>(&self, table: &'t Remedies) -> Option<&'t RemedyRow> {
        let chosen = self.chosen.as_ref();
        let is_it = |row: &&RemedyRow| chosen.is_some_and(|id| row.remedy.id() == *id);
        table.rows.iter().find(is_it).or(table.rows.first())
    }

    fn table(&mut self, ui: &mut Ui, table: &Remedies) {
        let current = self.row(table).map(|row| row.place);
        let mut wish = None;
        ScrollArea::horizontal().auto_shrink(false).show(ui, |ui| {
            let mut builder = TableBuilder::new(ui)
                .id_salt("remedies")
                .striped(true)
                .min_scrolled_height(0.0)
                .cell_layout(Layout::right_to_left(Align::Center));
            builder = builder
                .column(Column::remainder().at_least(REMEDY).at_most(2.0 * REMEDY).clip(true));
            for width in WIDTHS {
                builder = builder.column(Column::exact(width).clip(true));
            }
            let header = |mut row: TableRow<'_, '_>| {
                for (column, (word, hint)) in COLUMNS.into_iter().enumerate() {
                    row.col(|ui| {
                        left_where(ui, column < 2, |ui| {
                            ui.label(RichText::new(word).small().strong()).on_hover_text(hint);
                        });
                    });
                }
            };
            builder.header(18.0, header).body(|body| {
                body.rows(20.0, table.rows.len() + 1, |mut row| {
                    let remedy = row.index().checked_sub(1).map(|index| &table.rows[index]);
                    let shown = remedy.unwrap_or(&table.before);
                    let fields = fields(table, shown);
                    let is_current = remedy.is_some() && current == Some(shown.place);
                    row.col(|ui| {
                        left_where(ui, true, |ui| match remedy {
                            None => _ = ui.label(RichText::new(&fields[0]).strong()),
                            Some(_) => {
                                let button = Button::selectable(is_current, &fields[0]).truncate();
                                let hint = format!("{}. {}", fields[0], words::sentence(shown));
                                let response = ui.add(button).on_hover_text(hint);
                                if response.gained_focus() {
                                    response.scroll_to_me(None);
                                }
                                if response.clicked() {
                                    wish = Some(shown.remedy.id());
                                }
                            }
                        });
                    });
                    row.col(|ui| left_where(ui, true, |ui| verdict(ui, shown, &fields[1])));
                    for field in &fields[2..] {
                        row.col(|ui| _ = ui.label(RichText::new(field).monospace()));
                    }
                });
            });
        });
        if wish.is_some() {
            self.chosen = wish;
        }
    }

    /// One remedy: what it comes to, which keys it changes, and what to do with it.
    fn details(
        &mut self,
        ui: &mut Ui,
        lab: &Lab,
        table: &Remedies,
        is_old: bool,
        commands: &mut Commands,
    ) {
        let Some(row) = self.row(table) else {
            ui.label(RichText::new("Remedies appear as they are measured.").weak());
            // The panel keeps its height until there are some.
            ui.take_available_space();
            return;
        };
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.add_space(3.0);
            ui.horizontal_wrapped(|ui| {
                ui.label(RichText::new(words::name(&row.remedy)).strong());
                ui.label(words::sentence(row));
            });
            ui.horizontal_wrapped(|ui| {
                ui.label(RichText::new("In the file").weak());
                ui.monospace(words::keys(&row.remedy));
            });
            ui.horizontal_wrapped(|ui| take(ui, lab, table, row, is_old, commands));
        });
    }
}

/// To the left for words, to the right for numbers.
fn left_where(ui: &mut Ui, is_left: bool, add: impl FnOnce(&mut Ui)) {
    if is_left {
        ui.with_layout(Layout::left_to_right(Align::Center), add);
    } else {
        add(ui);
    }
}

fn verdict(ui: &mut Ui, row: &RemedyRow, word: &str) {
    let text = RichText::new(word);
    let text = match row.verdict {
        Verdict::Cures => text.strong(),
        Verdict::Undecided => text,
        _ => text.weak(),
    };
    ui.label(text).on_hover_text(words::sentence(row));
}

/// The buttons of one remedy.
fn take(
    ui: &mut Ui,
    lab: &Lab,
    table: &Remedies,
    row: &RemedyRow,
    is_old: bool,
    commands: &mut Commands,
) {
    let mut cured = row.remedy.experiment.clone();
    cured.variants[0].name = words::variant_name(&table.experiment.variants[0].name, &row.remedy);
    let is_of_architecture = row.remedy.is_of_architecture();
    if !is_of_architecture {
        let is_full = lab.experiment.variants.len() >= *limits::VARIANTS.end();
        let why = match (is_old, is_full) {
            (true, _) => "These are remedies for another setting; wait for the new ones",
            (_, true) => "There are six variants already: remove one first",
            _ => "",
        };
        let add = ui.add_enabled(why.is_empty(), Button::new("Add beside it"));
        let hint = "The cured variant next to the ailing one, in every picture";
        if add.on_hover_text(hint).on_disabled_hover_text(why).clicked() {
            let mut experiment = lab.experiment.clone();
            let mut variant = cured.variants[0].clone();
            variant.name = experiment.free_name(&variant.name);
            experiment.variants.push(variant);
            commands.push(Command::set(experiment));
        }
    }
    let open = ui.button("Open as new experiment…");
    let hint = match is_of_architecture {
        true => "It changes what all variants share, so that it cannot stand beside them",
        false => "The cured variant alone, as a document of its own",
    };
    if open.on_hover_text(hint).clicked() {
        commands.push(Command::load(cured.clone()));
    }
    match snippet(&cured, &cured.variants[0]) {
        Ok(text) => {
            let copy = ui.button("Copy PyTorch");
            let hint = "The cured variant as an nn.Module, initialization and loss included";
            if copy.on_hover_text(hint).clicked() {
                commands.push(Command::CopyText(text));
            }
        }
        Err(why) => {
            let copy = ui.add_enabled(false, Button::new("Copy PyTorch"));
            copy.on_disabled_hover_text(why.to_string());
        }
    }
    let copy =
        ui.button("Copy as TOML").on_hover_text("The experiment file with the cured variant");
    if copy.clicked() {
        commands.push(Command::CopyText(cured.to_toml()));
    }
}
