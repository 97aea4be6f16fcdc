//! The app: wires the lab, the pages, the small windows and the keys together. It computes
//! nothing itself.

mod commands;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use eframe::egui::{self, Context, Ui, ViewportCommand};

use crate::experiment::Experiment;

use super::card_limit::CardLimit;
use super::clipboard::Clipboard;
use super::command::{Command, Commands};
use super::document::Document;
use super::files::{Files, changed_words};
use super::history::History;
use super::input_limit::InputLimit;
use super::lab::Lab;
use super::message::Messages;
use super::page::Page;
use super::page_view::PageContext;
use super::pages::Pages;
use super::saved::{Left, Session};
use super::state::{Keeper, State};
use super::{alone, bar, controls, keys, welcome};
use crate::paint::{Painter, theme};

/// A crash loses at most what was changed within this and the time that writing takes: the least
/// and the most, for an experiment that takes long to put into text.
const AUTOSAVE: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];
/// How much more time passes between two saves than one takes.
const SAVE_SHARE: u32 = 20;

/// The whole window.
pub struct App {
    lab: Lab,
    page: Page,
    pages: Pages,
    history: History,
    painter: Painter,
    files: Files,
    show_keys: bool,
    show_welcome: bool,
    messages: Messages,
    /// What is asked for from outside, until the end of the next frame.
    waiting: Commands,
    /// Unsaved work of a session before, where this one was started on something else.
    aside: Option<Experiment>,
    /// The session as it was last handed over to be written.
    kept: Session,
    /// How long that took.
    save_took: Duration,
    /// The window's title.
    title: String,
    keeper: Keeper,
    card_limit: CardLimit,
}

impl App {
    /// The app in a context. Without an experiment it opens on what the last session left, and at
    /// the very first start on the chapter's figure.
    pub fn new(creation: &eframe::CreationContext<'_>, experiment: Option<Experiment>) -> Self {
        let context = &creation.egui_ctx;
        theme::install(context);
        context.add_plugin(InputLimit::default());
        let last = Session::load(creation.storage);
        let is_first = last.experiment.is_none() && experiment.is_none();
        let (document, experiment) = match (experiment, &last.experiment) {
            (Some(given), _) => (Document::kept(&given, None), given),
            (None, Some(left)) => (last.document().share(), left.clone()),
            (None, None) => (Document::kept(&Experiment::default(), None), Experiment::default()),
        };
        let mut lab = Lab::new(experiment, context);
        lab.view = last.view;
        lab.folded = last.folded;
        alone::leave(context);
        lab.submit();
        let pages = Pages::new(context, lab.draws());
        let mut files = Files::new(context, document, last.usable_folder());
        files.recent.clone_from(&last.recent);
        Self {
            page: last.page,
            pages,
            history: History::default(),
            painter: Painter::new(),
            files,
            show_keys: false,
            // A test has no storage, and is no first start.
            show_welcome: creation.storage.is_some() && is_first,
            messages: Messages::default(),
            waiting: Commands::new(),
            aside: last.aside_for(&lab.experiment),
            kept: Session::default(),
            save_took: Duration::ZERO,
            title: String::new(),
            keeper: Keeper::default(),
            card_limit: CardLimit::default(),
            lab,
        }
    }

    /// The present experiment is that of this file.
    pub fn with_file(mut self, path: &Path) -> Self {
        self.files.opened_at_the_start(path);
        if let Some(changed) = changed_words(&self.lab.experiment) {
            self.messages.complain(&changed);
        }
        self
    }

    /// Keeps a good copy of what is saved here, and says what was wrong with the last one.
    pub(super) fn with_state(mut self, state: &State) -> Self {
        self.keeper = Keeper::new(state);
        if !state.said.is_empty() {
            self.messages.complain(&state.said.join(" "));
        }
        self
    }

    /// The present experiment and its result.
    pub fn lab(&self) -> &Lab {
        &self.lab
    }

    /// The page that is shown.
    pub fn page(&self) -> Page {
        self.page
    }

    /// The window's title: the file, and whether it has unsaved changes.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Whether a file is being opened.
    pub fn is_opening(&self) -> bool {
        self.files.is_opening()
    }

    /// The pages and their studies.
    pub fn pages(&mut self) -> &mut Pages {
        &mut self.pages
    }

    /// Does this at the end of the next frame, as if a control of the window had asked for it.
    pub fn command(&mut self, command: Command) {
        self.waiting.push(command);
    }

    /// The folder that is offered for files.
    pub fn set_folder(&mut self, folder: PathBuf) {
        self.files.folder = folder;
    }

    fn windows(&mut self, context: &Context, commands: &mut Commands) {
        self.files.windows(&mut Self::around(&mut self.lab, &mut self.messages, context));
        keys::window(context, &mut self.show_keys);
        welcome::show(context, &mut self.show_welcome, commands);
        alone::end(context);
    }

    /// All that is on the window. What is asked for by keys, menus and controls is carried out before
    /// the page is shown, so that this frame shows what comes of it.
    fn panels(&mut self, ui: &mut Ui, mut commands: Commands) -> Commands {
        let context = ui.ctx().clone();
        let can = bar::Can {
            undo: self.history.can_undo(),
            redo: self.history.can_redo(),
            draw: self.lab.experiment.is_drawn(),
            reopen: self.aside.is_some(),
            recent: &self.files.recent,
        };
        egui::Panel::top("bar")
            .show(ui, |ui| bar::top(ui, &self.lab, self.page, can, &mut commands));
        self.apply_all(&context, &mut commands);
        // Its place is below the controls, and its words are known after them.
        let around = egui::Frame::side_top_panel(ui.style()).inner_margin.sum().y
            + ui.visuals().widgets.noninteractive.bg_stroke.width;
        let height = ui.spacing().interact_size.y + around;
        let status = egui::Panel::bottom("status").exact_size(height);
        let status = status.show(ui, |ui| ui.max_rect()).inner;
        if self.page.has_controls() && !self.lab.folded {
            egui::Panel::left("controls")
                .resizable(true)
                .default_size(312.0)
                .size_range(300.0..=460.0)
                .show(ui, |ui| controls::show(ui, &self.lab, &mut commands));
            self.apply_all(&context, &mut commands);
        }
        let refusal = self.lab.refusal().map(str::to_owned);
        self.lab.submit_and_wait();
        if self.lab.refusal() != refusal.as_deref() {
            // The controls told of the one before.
            context.request_repaint();
        }
        let mut status = ui.new_child(egui::UiBuilder::new().id_salt("words").max_rect(status));
        let (message, is_busy) = (self.messages.last(), self.files.is_busy());
        bar::bottom(&mut status, &self.lab, message, is_busy, &mut commands);
        alone::begin(&context);
        egui::CentralPanel::no_frame().show(ui, |ui| {
            let commands = &mut commands;
            let context = PageContext { lab: &mut self.lab, painter: &mut self.painter, commands };
            self.pages.show(self.page, ui, context);
        });
        commands
    }

    /// Remembers a step once an edit is whole: the pointer is let go, the field is left.
    fn settle(&mut self, context: &Context) {
        let (is_down, is_let_go) =
            context.input(|i| (i.pointer.any_down(), i.pointer.any_released()));
        if !is_down && (is_let_go || !context.text_edit_focused()) {
            self.history.settle(&self.lab.experiment, &self.files.document);
        }
    }

    fn entitle(&mut self, context: &Context) {
        let title = self.files.document.borrow().title(&self.lab.experiment);
        if title != self.title {
            context.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
    }

    /// What a crash would leave, given the present document.
    fn left<'a>(&'a self, document: &'a Document) -> Left<'a> {
        Left {
            experiment: self.lab.acceptable(),
            document,
            page: self.page,
            view: self.lab.view,
            folded: self.lab.folded,
            folder: &self.files.folder,
            recent: &self.files.recent,
            aside: self.aside.as_ref(),
        }
    }

    fn is_kept(&self) -> bool {
        self.left(&self.files.document.borrow()).is_in(&self.kept)
    }
}

impl eframe::App for App {
    fn logic(&mut self, context: &Context, _frame: &mut eframe::Frame) {
        self.lab.poll();
        self.pages.poll();
        self.lab.submit();
        self.files.take(&mut Self::around(&mut self.lab, &mut self.messages, context));
        self.files.closing(context, &self.lab.experiment);
        let failures = [
            InputLimit::take_refused(context),
            Clipboard::take_failure(context),
            self.card_limit.fit(context),
        ];
        for sentence in failures.iter().flatten() {
            self.messages.complain(sentence);
        }
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        let context = ui.ctx().clone();
        if context.input(|i| i.pointer.any_pressed()) {
            // What was typed is one step, and what is pressed now begins another.
            self.history.settle(&self.lab.experiment, &self.files.document);
        }
        let mut commands = std::mem::take(&mut self.waiting);
        keys::read(&context, self.page, &mut commands);
        commands.extend(Command::open_dropped(&context));
        let mut commands = self.panels(ui, commands);
        self.windows(&context, &mut commands);
        self.apply_all(&context, &mut commands);
        // Submitted at once, so that the answer is there for the next frame.
        self.lab.submit();
        self.pages.ask(self.page, &self.lab);
        self.settle(&context);
        self.entitle(&context);
        if frame.storage().is_some() && !self.is_kept() {
            // eframe saves when it paints, so that the last change needs a frame of its own: one that
            // does not come before the time.
            context.request_repaint_after(self.auto_save_interval() * 21 / 20);
        }
        if self.lab.progress().is_some() {
            // The worker wakes the window when it is done; until then only the bar moves.
            context.request_repaint_after(Duration::from_millis(100));
        }
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        let begin = Instant::now();
        if !self.is_kept() {
            self.kept = self.left(&self.files.document.borrow()).session();
            self.kept.store(storage);
        }
        self.keeper.keep(storage);
        self.save_took = begin.elapsed();
    }

    fn auto_save_interval(&self) -> Duration {
        let [least, most] = AUTOSAVE;
        (SAVE_SHARE * self.save_took).clamp(least, most)
    }
}
