//! What each command does.

use std::sync::Arc;

use eframe::egui::{Context, ViewportCommand};

use crate::export::table::Numbers;
use crate::figure::{Figure, FigureId};

use super::App;
use crate::gui::alone;
use crate::gui::ask::Purpose;
use crate::gui::command::{Command, Commands};
use crate::gui::document::Document;
use crate::gui::files::Around;
use crate::gui::history::{History, Step};
use crate::gui::lab::Lab;
use crate::gui::message::Messages;
use crate::gui::page::Page;
use crate::gui::pages::{SweepPage, WhyPage};
use crate::gui::question::Leaving;

impl App {
    /// What files change.
    pub(super) fn around<'a>(
        lab: &'a mut Lab,
        messages: &'a mut Messages,
        context: &'a Context,
    ) -> Around<'a> {
        Around { context, experiment: &mut lab.experiment, messages }
    }

    fn leave(&mut self, context: &Context, to: Leaving) {
        self.files.leave(to, &mut Self::around(&mut self.lab, &mut self.messages, context));
    }

    fn apply(&mut self, context: &Context, command: Command) {
        if command.changes_the_experiment() {
            // What was said belongs to the experiment before, and whoever sets something has begun.
            self.messages.clear();
            self.show_welcome = false;
        }
        match command {
            Command::Set(experiment) => self.lab.experiment = *experiment,
            Command::Load(experiment) => self.leave(context, Leaving::Load(experiment)),
            Command::New => self.leave(context, Leaving::Load(Box::default())),
            Command::Look(view) => self.lab.view = view,
            Command::Go(page) => self.go(context, page),
            Command::Explain { layer, variant } => {
                self.lab.view.variant = variant.unwrap_or(self.lab.view.variant);
                self.pages.get::<WhyPage>().look_at(layer);
                self.go(context, Page::Why);
            }
            Command::Cell(x, y) => {
                let mut commands = self.pages.get::<SweepPage>().touch(x, y);
                self.apply_all(context, &mut commands);
            }
            Command::Undo => self.step(History::undo),
            Command::Redo => self.step(History::redo),
            Command::NewDraw => self.lab.experiment.next_seed(),
            Command::Cancel => self.lab.cancel(),
            Command::ComputeAgain => self.lab.compute_again(),
            Command::ComputeLarge => self.lab.agree(),
            Command::AskOpen => self.ask(context, Purpose::Open),
            Command::Save => self.files.save(context, &self.lab.experiment),
            Command::SaveAs => self.ask(context, Purpose::Save),
            Command::AskPicture(figure) if self.may_leave(&figure) => {
                self.ask(context, Purpose::Picture(figure));
            }
            Command::AskTable(numbers) if self.may_be_written(&numbers) => {
                self.ask(context, Purpose::Table(numbers));
            }
            Command::Copy(figure) if self.may_leave(&figure) => self.files.copy(context, figure),
            Command::AskPicture(_) | Command::AskTable(_) | Command::Copy(_) => {}
            Command::CopyText(text) => {
                context.copy_text(text);
                self.messages.say("The text is on the clipboard.");
            }
            Command::CopyStep(step) => self.files.copy_step(context, step),
            Command::AskSheetPicture => self.with_sheet(context, Command::AskPicture),
            Command::AskSheetTable => {
                self.with_sheet(context, |sheet| Command::AskTable(Numbers::Figure(sheet)));
            }
            Command::CopySheet => self.with_sheet(context, Command::Copy),
            Command::Open(path) => self.leave(context, Leaving::Open(path)),
            Command::Reopen => {
                if let Some(experiment) = self.aside.take() {
                    self.files.document = Document::default().share();
                    self.lab.experiment = experiment;
                }
            }
            Command::Quit => context.send_viewport_cmd(ViewportCommand::Close),
            Command::Alone(None) if alone::is_on(context) => alone::leave(context),
            Command::Alone(figure) => alone::enter(context, figure),
            Command::FoldPanels => self.lab.folded = !self.lab.folded,
            Command::FullScreen => {
                let is_full = context.input(|i| i.viewport().fullscreen.unwrap_or(false));
                context.send_viewport_cmd(ViewportCommand::Fullscreen(!is_full));
            }
            Command::ShowKeys => self.show_keys = !self.show_keys,
            Command::ShowWelcome => self.show_welcome = true,
        }
    }

    fn go(&mut self, context: &Context, page: Page) {
        alone::leave(context);
        self.page = page;
    }

    fn step(&mut self, step: fn(&mut History) -> Option<Step>) {
        self.history.settle(&self.lab.experiment, &self.files.document);
        if let Some(step) = step(&mut self.history) {
            self.lab.experiment = step.experiment;
            self.files.document = step.document;
        }
    }

    fn ask(&mut self, context: &Context, purpose: Purpose) {
        self.files.ask(context, purpose, &self.lab.experiment.title);
    }

    /// A preview's numbers are not those of the experiment that would travel with them; the
    /// bar at the bottom says so.
    fn may_leave(&self, figure: &Figure) -> bool {
        !figure.id.is_of_draw() || self.lab.preview().is_none()
    }

    fn may_be_written(&self, numbers: &Numbers) -> bool {
        match numbers {
            Numbers::Figure(figure) => self.may_leave(figure),
            Numbers::Records(draw) => !draw.is_preview(),
            Numbers::Steps(_) | Numbers::Remedies(_) => true,
        }
    }

    /// Does to the sheet what the command does to any figure; nothing before the first draw.
    fn with_sheet(&mut self, context: &Context, command: fn(Arc<Figure>) -> Command) {
        if let Some(sheet) = self.lab.figure(FigureId::Sheet) {
            self.apply(context, command(sheet));
        }
    }

    pub(super) fn apply_all(&mut self, context: &Context, commands: &mut Commands) {
        for command in commands.drain(..) {
            self.apply(context, command);
        }
    }
}
