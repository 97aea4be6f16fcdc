//! What goes in and out of the window: opening, saving, exporting, and the question before
//! unsaved work goes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::{Context, Theme, ViewportCommand};

use crate::experiment::{Experiment, short_path};
use crate::export::picture::{self, PictureError, PictureOptions};
use crate::figure::Figure;
use crate::raster::Image;

use super::ask::{self, Answer, Ask, Purpose};
use super::document::{Document, SharedDocument};
use super::jobs::{Done, Jobs};
use super::message::Messages;
use super::question::{Choice, Leaving, Question};
use super::run_by_hand::Shown;
use super::step_equation;

/// Files that the menu offers again.
const RECENT: usize = 8;

/// The files of the window, and the small windows that ask for them.
pub struct Files {
    /// The present experiment's.
    pub document: SharedDocument,
    /// The last files, the newest first.
    pub recent: Vec<PathBuf>,
    /// Where files were last opened or written.
    pub folder: PathBuf,
    jobs: Jobs,
    ask: Option<Ask>,
    question: Option<Question>,
    /// The file that is being opened.
    opening: Option<PathBuf>,
    /// The experiment that is being saved.
    saving: Option<Experiment>,
    /// What is to be done once it is saved.
    then: Option<Leaving>,
    /// Whether the window may close without a question.
    leaves: bool,
}

/// What is changed by a file, and what says so.
pub struct Around<'a> {
    /// The window.
    pub context: &'a Context,
    /// What is set.
    pub experiment: &'a mut Experiment,
    /// The line at the bottom.
    pub messages: &'a mut Messages,
}

impl Files {
    /// Those of a session.
    pub fn new(context: &Context, document: SharedDocument, folder: PathBuf) -> Self {
        Self {
            document,
            recent: Vec::new(),
            folder,
            jobs: Jobs::new(context.clone()),
            ask: None,
            question: None,
            opening: None,
            saving: None,
            then: None,
            leaves: false,
        }
    }

    /// The present experiment is that of this file.
    pub fn opened_at_the_start(&mut self, path: &Path) {
        self.document.borrow_mut().path = file_of(path);
        self.remember(path);
        self.remember_folder(path);
    }

    /// Whether a file is being opened.
    pub fn is_opening(&self) -> bool {
        self.opening.is_some()
    }

    /// Whether something is being written.
    pub fn is_busy(&self) -> bool {
        self.jobs.is_busy()
    }

    /// Does it, after a question where it would take the place of unsaved work.
    pub fn leave(&mut self, to: Leaving, around: &mut Around<'_>) {
        let document = self.document.borrow();
        if document.is_unsaved(around.experiment) {
            self.question = Some(Question::new(to, document.name()));
            return;
        }
        drop(document);
        self.go(to, around);
    }

    fn go(&mut self, to: Leaving, around: &mut Around<'_>) {
        match to {
            Leaving::Load(experiment) => {
                self.document = Document::kept(&experiment, None);
                *around.experiment = *experiment;
            }
            Leaving::Open(path) => {
                around.messages.say(&format!("Opening: {}", path.display()));
                self.jobs.open(&path);
                self.opening = Some(path);
            }
            Leaving::Close => {
                self.leaves = true;
                around.context.send_viewport_cmd(ViewportCommand::Close);
            }
        }
    }

    /// Holds a window that is about to close with unsaved work, and asks.
    pub fn closing(&mut self, context: &Context, experiment: &Experiment) {
        let document = self.document.borrow();
        let closes = context.input(|i| i.viewport().close_requested());
        if closes && !self.leaves && document.is_unsaved(experiment) {
            context.send_viewport_cmd(ViewportCommand::CancelClose);
            self.question = Some(Question::new(Leaving::Close, document.name()));
        }
    }

    /// The small window for this.
    pub fn ask(&mut self, context: &Context, purpose: Purpose, title: &str) {
        // On paper a light ground is the better start, whatever the window has.
        let dark = context.theme() == Theme::Dark && !matches!(purpose, Purpose::Picture(_));
        let place = match (&purpose, &self.document.borrow().path) {
            (Purpose::Save, Some(path)) => Some(path.clone()),
            _ => None,
        };
        self.ask = Some(Ask::new(purpose, &self.folder, title, dark).at(place));
    }

    /// Saves to the document's file; asks for one where there is none.
    pub fn save(&mut self, context: &Context, experiment: &Experiment) {
        let path = self.document.borrow().path.clone();
        match path {
            Some(path) => self.save_to(path, experiment),
            None => self.ask(context, Purpose::Save, &experiment.title),
        }
    }

    fn save_to(&mut self, path: PathBuf, experiment: &Experiment) {
        let text = experiment.to_toml();
        self.saving = Some(experiment.clone());
        self.jobs.start("save experiment", move || match ask::written(&path, text.as_bytes()) {
            Done::Written(path) => Done::Saved(path),
            other => other,
        });
    }

    /// A figure to the clipboard.
    pub fn copy(&mut self, context: &Context, figure: Arc<Figure>) {
        let dark = context.theme() == Theme::Dark;
        self.copy_painted(move || {
            let scale = 2.0;
            let size = picture::fitting_size(&figure, None, scale)?;
            picture::paint(&figure, PictureOptions { size, scale, dark })
        });
    }

    /// A step of the worked example to the clipboard.
    pub fn copy_step(&mut self, context: &Context, step: Arc<Shown>) {
        let theme = context.theme();
        self.copy_painted(move || Ok(step_equation::picture(&step, theme)?));
    }

    fn copy_painted(
        &mut self,
        painted: impl FnOnce() -> Result<Image, PictureError> + Send + 'static,
    ) {
        self.jobs.start("copy picture", move || match painted() {
            Ok(image) => Done::Picture(Box::new(image.to_color_image())),
            Err(error) => Done::Failed(error.to_string()),
        });
    }

    /// Takes what the jobs have ended with.
    pub fn take(&mut self, around: &mut Around<'_>) {
        while let Some(done) = self.jobs.take() {
            self.done(done, around);
        }
    }

    fn done(&mut self, done: Done, around: &mut Around<'_>) {
        match done {
            Done::Written(path) => self.written(&path, None, around.messages),
            Done::WrittenBut(path, but) => self.written(&path, Some(&but), around.messages),
            Done::Saved(path) => self.saved(path, around),
            Done::Picture(image) => {
                around.context.copy_image(*image);
                around.messages.say("The picture is on the clipboard.");
            }
            Done::Picked(picked) => {
                if let Some(ask) = &mut self.ask {
                    ask.picked(picked);
                }
            }
            Done::Opened(path, opened) if self.opening.as_ref() == Some(&path) => {
                self.opening = None;
                self.opened(&path, opened, around);
            }
            // A newer one is asked for.
            Done::Opened(..) => {}
            Done::Refused(why) => {
                (self.saving, self.then) = (None, None);
                self.refuse(&why, around.messages);
            }
            Done::Failed(text) => around.messages.complain(&text),
        }
    }

    /// Says why at the small window that asked, which keeps what was typed, or at the bottom.
    fn refuse(&mut self, why: &str, messages: &mut Messages) {
        match &mut self.ask {
            Some(ask) if ask.is_answered() => {
                messages.clear();
                ask.refuse(why);
            }
            _ => messages.complain(why),
        }
    }

    fn written(&mut self, path: &Path, but: Option<&str>, messages: &mut Messages) {
        self.remember_folder(path);
        self.ask = self.ask.take().filter(|ask| !ask.is_answered());
        match but {
            None => messages.say(&format!("Written: {}", path.display())),
            Some(but) => messages.complain(&format!("Written: {}. {but}", path.display())),
        }
    }

    fn saved(&mut self, path: PathBuf, around: &mut Around<'_>) {
        self.written(&path, None, around.messages);
        self.remember(&path);
        let mut document = self.document.borrow_mut();
        document.path = Some(path);
        document.kept = self.saving.take();
        drop(document);
        if let Some(then) = self.then.take() {
            // What changed while it was being written is unsaved again.
            self.leave(then, around);
        }
    }

    fn opened(
        &mut self,
        path: &Path,
        opened: Result<Box<Experiment>, String>,
        around: &mut Around<'_>,
    ) {
        match opened {
            Ok(experiment) => {
                self.ask = self.ask.take().filter(|ask| !ask.is_answered());
                self.document = Document::kept(&experiment, file_of(path));
                *around.experiment = *experiment;
                self.remember(path);
                self.remember_folder(path);
                match changed_words(around.experiment) {
                    None => around.messages.say(&format!("Opened: {}", path.display())),
                    Some(changed) => around.messages.complain(&changed),
                }
            }
            Err(why) => {
                // It would be refused again.
                self.recent.retain(|recent| recent != path);
                self.refuse(&format!("{}: {why}", short_path(path)), around.messages);
            }
        }
    }

    fn remember(&mut self, path: &Path) {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        self.recent.retain(|recent| *recent != path);
        self.recent.insert(0, path);
        self.recent.truncate(RECENT);
    }

    fn remember_folder(&mut self, path: &Path) {
        if let Some(folder) = path.parent() {
            self.folder = folder.to_owned();
        }
    }

    /// The small windows, and what is answered in them.
    pub fn windows(&mut self, around: &mut Around<'_>) {
        self.asked(around);
        let choice = self.question.as_mut().map(|question| question.show(around.context));
        let question = match choice {
            None | Some(Choice::Waiting) => return,
            Some(_) => self.question.take(),
        };
        match (choice, question) {
            (Some(Choice::Save), Some(question)) => {
                self.then = Some(question.then);
                self.save(around.context, around.experiment);
            }
            (Some(Choice::Proceed), Some(question)) => self.go(question.then, around),
            _ => {
                self.then = None;
                if let Some(ask) = &mut self.ask {
                    ask.reconsider();
                }
            }
        }
    }

    /// Carries the answer out on a thread of its own; the small window stays until it is done.
    fn asked(&mut self, around: &mut Around<'_>) {
        let Some(ask) = &mut self.ask else { return };
        let path = match ask.show(around.context, &mut self.jobs) {
            Answer::Waiting => return,
            Answer::Close => {
                (self.ask, self.then) = (None, None);
                return;
            }
            Answer::Go(path) => path,
        };
        let (purpose, options) = (ask.purpose.clone(), ask.options());
        match purpose {
            Purpose::Open => self.leave(Leaving::Open(path), around),
            Purpose::Save => self.save_to(path, around.experiment),
            Purpose::Picture(figure) => self
                .jobs
                .start("export picture", move || ask::write_picture(&figure, options, &path)),
            Purpose::Table(numbers) => {
                self.jobs.start("export numbers", move || ask::write_table(&numbers, &path));
            }
        }
    }
}

/// The file to which changes go: not into a picture with an experiment inside.
fn file_of(path: &Path) -> Option<PathBuf> {
    let is_text = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml"));
    is_text.then(|| std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
}

/// Which of the files that the experiment names have changed since it was written, if any.
pub fn changed_words(experiment: &Experiment) -> Option<String> {
    let changed = experiment.changed_files();
    let words: Vec<String> = changed.iter().map(ToString::to_string).collect();
    (!words.is_empty()).then(|| words.join(" "))
}
