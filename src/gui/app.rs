//! The app: wires the lab, the pages, the small windows and the keys together. It computes
//! nothing itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::{self, Context, Ui};

use crate::experiment::{Experiment, visible};
use crate::export::picture::{self, PictureOptions};
use crate::figure::{Figure, FigureId};

use super::ask::{self, Answer, Ask, Purpose};
use super::card_limit::CardLimit;
use super::clipboard::Clipboard;
use super::command::{Command, Commands};
use super::history::History;
use super::input_limit::InputLimit;
use super::jobs::{Done, Jobs};
use super::lab::Lab;
use super::message::Message;
use super::page::Page;
use super::page_view::PageContext;
use super::pages::Pages;
use super::saved::Saved;
use super::state::{Keeper, State};
use super::{bar, controls, keys};
use crate::paint::{Painter, theme};

/// The whole window.
pub struct App {
    lab: Lab,
    page: Page,
    pages: Pages,
    history: History,
    painter: Painter,
    jobs: Jobs,
    ask: Option<Ask>,
    show_keys: bool,
    message: Option<Message>,
    /// What is asked for from outside, until the end of the next frame.
    waiting: Commands,
    /// The file that is being opened.
    opening: Option<PathBuf>,
    /// Where files were last opened or written.
    folder: PathBuf,
    /// The last session's experiment, until it is reopened.
    last_session: Option<Experiment>,
    keeper: Keeper,
    card_limit: CardLimit,
}

impl App {
    /// The app in a context. Without an experiment it opens on the chapter's figure.
    pub fn new(creation: &eframe::CreationContext<'_>, experiment: Option<Experiment>) -> Self {
        let context = &creation.egui_ctx;
        theme::install(context);
        context.add_plugin(InputLimit::default());
        let saved = Saved::load(creation.storage);
        context.set_theme(saved.theme());
        let mut lab = Lab::new(experiment.unwrap_or_default(), context);
        lab.view.linear = saved.linear;
        lab.submit();
        let pages = Pages::new(context, lab.draws());
        Self {
            lab,
            page: saved.page,
            pages,
            history: History::default(),
            painter: Painter::new(),
            jobs: Jobs::new(context.clone()),
            ask: None,
            show_keys: false,
            message: None,
            waiting: Commands::new(),
            opening: None,
            folder: saved.folder(),
            last_session: saved.experiment(),
            keeper: Keeper::default(),
            card_limit: CardLimit::default(),
        }
    }

    /// Keeps a good copy of what is saved here, and says what was wrong with the last one.
    pub(super) fn with_state(mut self, state: &State) -> Self {
        self.keeper = Keeper::new(state);
        if !state.said.is_empty() {
            self.complain(&state.said.join(" "));
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

    /// Whether a file is being opened.
    pub fn is_opening(&self) -> bool {
        self.opening.is_some()
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
        self.folder = folder;
    }

    fn take_jobs(&mut self, context: &Context) {
        while let Some(done) = self.jobs.take() {
            match done {
                Done::Written(path) => {
                    self.remember_folder(&path);
                    self.say(&format!("Written: {}", path.display()));
                }
                Done::WrittenBut(path, but) => {
                    self.remember_folder(&path);
                    self.complain(&format!("Written: {}. {but}", path.display()));
                }
                Done::Picture(image) => {
                    context.copy_image(*image);
                    self.say("The picture is on the clipboard.");
                }
                Done::Picked(path) => {
                    if let Some(ask) = &mut self.ask {
                        ask.picked(path);
                    }
                }
                Done::Opened(path, opened) if self.opening.as_ref() == Some(&path) => {
                    self.opening = None;
                    self.opened(&path, opened);
                }
                // A newer one is asked for.
                Done::Opened(..) => {}
                Done::Failed(text) => self.complain(&text),
            }
        }
    }

    fn remember_folder(&mut self, path: &Path) {
        if let Some(folder) = path.parent() {
            self.folder = folder.to_owned();
        }
    }

    fn say(&mut self, text: &str) {
        self.message = Some(Message { text: visible(text), is_error: false });
    }

    fn complain(&mut self, text: &str) {
        self.message = Some(Message { text: visible(text), is_error: true });
    }

    fn apply(&mut self, context: &Context, command: Command) {
        if changes_the_experiment(&command) {
            // What was said belongs to the experiment before.
            self.message = None;
        }
        match command {
            Command::Set(experiment) => self.lab.experiment = *experiment,
            Command::Look(view) => self.lab.view = view,
            Command::Go(page) => self.page = page,
            Command::Undo => self.replace(History::undo),
            Command::Redo => self.replace(History::redo),
            Command::NewDraw => self.lab.experiment.next_seed(),
            Command::Cancel => self.lab.cancel(),
            Command::ComputeAgain => self.lab.compute_again(),
            Command::AskOpen => self.ask(context, Purpose::Open),
            Command::AskSave => self.ask(context, Purpose::Save),
            Command::AskPicture(figure) if self.may_leave(&figure) => {
                self.ask(context, Purpose::Picture(figure));
            }
            Command::AskTable(figure) if self.may_leave(&figure) => {
                self.ask(context, Purpose::Table(figure));
            }
            Command::Copy(figure) if self.may_leave(&figure) => self.copy(context, figure),
            Command::AskPicture(_) | Command::AskTable(_) | Command::Copy(_) => {}
            Command::AskSheetPicture => self.with_sheet(context, Command::AskPicture),
            Command::AskSheetTable => self.with_sheet(context, Command::AskTable),
            Command::CopySheet => self.with_sheet(context, Command::Copy),
            Command::Open(path) => self.open(path),
            Command::Reopen => {
                if let Some(experiment) = self.last_session.take() {
                    self.lab.experiment = experiment;
                }
            }
            Command::ShowKeys => self.show_keys = !self.show_keys,
        }
    }

    fn replace(&mut self, step: fn(&mut History, &Experiment) -> Option<Experiment>) {
        if let Some(experiment) = step(&mut self.history, &self.lab.experiment) {
            self.lab.experiment = experiment;
        }
    }

    fn ask(&mut self, context: &Context, purpose: Purpose) {
        let dark = context.theme() == egui::Theme::Dark;
        let title = &self.lab.experiment.title;
        // On paper a light ground is the better start, whatever the window has.
        let dark = dark && !matches!(purpose, Purpose::Picture(_));
        self.ask = Some(Ask::new(purpose, &self.folder, title, dark));
    }

    fn open(&mut self, path: PathBuf) {
        self.say(&format!("Opening: {}", path.display()));
        self.jobs.open(&path);
        self.opening = Some(path);
    }

    fn opened(&mut self, path: &Path, opened: Result<Box<Experiment>, String>) {
        match opened {
            Ok(experiment) => {
                self.lab.experiment = *experiment;
                self.remember_folder(path);
                self.say(&format!("Opened: {}", path.display()));
            }
            Err(why) => self.complain(&format!("{}: {why}", path.display())),
        }
    }

    /// A preview's numbers are not those of the experiment that would travel with them; the
    /// bar at the bottom says so.
    fn may_leave(&self, figure: &Figure) -> bool {
        !figure.id.is_of_draw() || self.lab.preview().is_none()
    }

    /// Does to the sheet what the command does to any figure; nothing before the first draw.
    fn with_sheet(&mut self, context: &Context, command: fn(Arc<Figure>) -> Command) {
        if let Some(sheet) = self.lab.figure(FigureId::Sheet) {
            self.apply(context, command(sheet));
        }
    }

    fn copy(&mut self, context: &Context, figure: Arc<Figure>) {
        let dark = context.theme() == egui::Theme::Dark;
        let painted = move || {
            let scale = 2.0;
            let size = picture::fitting_size(&figure, None, scale)?;
            picture::paint(&figure, PictureOptions { size, scale, dark })
        };
        self.jobs.start("copy picture", move || match painted() {
            Ok(image) => Done::Picture(Box::new(image.to_color_image())),
            Err(error) => Done::Failed(error.to_string()),
        });
    }

    /// The small window's answer, carried out on a thread of its own where it takes time.
    fn answer(&mut self, context: &Context) {
        let Some(ask) = &mut self.ask else { return };
        let path = match ask.show(context, &mut self.jobs) {
            Answer::Waiting => return,
            Answer::Close => {
                self.ask = None;
                return;
            }
            Answer::Go(path) => path,
        };
        let (purpose, options) = (ask.purpose.clone(), ask.options());
        self.ask = None;
        match purpose {
            Purpose::Open => self.open(path),
            Purpose::Save => {
                let text = self.lab.experiment.to_toml();
                self.jobs.start("save experiment", move || ask::written(&path, text.as_bytes()));
            }
            Purpose::Picture(figure) => self
                .jobs
                .start("export picture", move || ask::write_picture(&figure, options, &path)),
            Purpose::Table(figure) => {
                self.jobs.start("export numbers", move || ask::write_table(&figure, &path));
            }
        }
    }

    fn windows(&mut self, context: &Context) {
        self.answer(context);
        keys::window(context, &mut self.show_keys);
    }

    fn dropped_files(context: &Context, commands: &mut Commands) {
        let path = context.input(|i| i.raw.dropped_files.first().map(|f| f.path().to_owned()));
        commands.extend(path.map(Command::Open));
    }

    /// All that is on the window. What is asked for by keys, menus and controls is carried out before
    /// the page is shown, so that this frame shows what comes of it.
    fn panels(&mut self, ui: &mut Ui, mut commands: Commands) -> Commands {
        let context = ui.ctx().clone();
        let can = bar::Can {
            undo: self.history.can_undo(),
            redo: self.history.can_redo(),
            draw: self.lab.experiment.is_drawn(),
            reopen: self.last_session.is_some(),
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
        if self.page.has_controls() {
            egui::Panel::left("controls")
                .resizable(true)
                .default_size(312.0)
                .size_range(260.0..=460.0)
                .show(ui, |ui| controls::show(ui, &self.lab.experiment, &mut commands));
            self.apply_all(&context, &mut commands);
        }
        self.lab.submit_and_wait();
        let mut status = ui.new_child(egui::UiBuilder::new().id_salt("words").max_rect(status));
        let (message, is_busy) = (self.message.as_ref(), self.jobs.is_busy());
        bar::bottom(&mut status, &self.lab, message, is_busy, &mut commands);
        egui::CentralPanel::no_frame().show(ui, |ui| {
            let commands = &mut commands;
            let context = PageContext { lab: &mut self.lab, painter: &mut self.painter, commands };
            self.pages.show(self.page, ui, context);
        });
        commands
    }

    fn apply_all(&mut self, context: &Context, commands: &mut Commands) {
        for command in commands.drain(..) {
            self.apply(context, command);
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, context: &Context, _frame: &mut eframe::Frame) {
        self.lab.poll();
        self.pages.poll();
        self.lab.submit();
        self.take_jobs(context);
        let failures = [
            InputLimit::take_refused(context),
            Clipboard::take_failure(context),
            self.card_limit.fit(context),
        ];
        for sentence in failures.iter().flatten() {
            self.complain(sentence);
        }
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let context = ui.ctx().clone();
        let mut commands = std::mem::take(&mut self.waiting);
        keys::read(&context, &mut commands);
        Self::dropped_files(&context, &mut commands);
        let mut commands = self.panels(ui, commands);
        self.windows(&context);
        self.apply_all(&context, &mut commands);
        // Submitted at once, so that the answer is there for the next frame.
        self.lab.submit();
        self.pages.ask(self.page, &self.lab);
        if !context.input(|i| i.pointer.any_down()) {
            self.history.settle(&self.lab.experiment);
        }
        if self.lab.progress().is_some() {
            // The worker wakes the window when it is done; until then only the bar moves.
            context.request_repaint_after(std::time::Duration::from_millis(100));
        }
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        let saved = Saved::of(&self.lab, self.page, &self.folder);
        saved.store(storage);
        self.keeper.keep(storage);
    }
}

/// Whether what is set may be another afterwards.
fn changes_the_experiment(command: &Command) -> bool {
    use Command::{NewDraw, Open, Redo, Reopen, Set, Undo};
    matches!(command, Set(_) | Undo | Redo | NewDraw | Open(_) | Reopen)
}
