//! Short jobs off the UI thread: file dialogs, pictures, files.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};

use eframe::egui::{ColorImage, Context};

use crate::experiment::Experiment;
use crate::export::open;

/// What a job ended with.
pub enum Done {
    /// Something was written; where.
    Written(PathBuf),
    /// Something was written that lacks a part; where, and a sentence that says so.
    WrittenBut(PathBuf, String),
    /// The experiment was saved; where.
    Saved(PathBuf),
    /// A picture for the clipboard.
    Picture(Box<ColorImage>),
    /// What came of the system's dialog.
    Picked(Picked),
    /// What a file that was to be opened gave: its experiment, or a sentence.
    Opened(PathBuf, Result<Box<Experiment>, String>),
    /// Nothing could be written at the path; the sentence says what to do.
    Refused(String),
    /// It failed; the sentence says what to do.
    Failed(String),
}

/// What the system's dialog ended with.
pub enum Picked {
    /// A path.
    Path(PathBuf),
    /// A person left it.
    Nothing,
    /// The system shows none.
    NoDialog,
}

impl Picked {
    /// Of a dialog's answer, and whether it was open long enough to be seen: the library answers
    /// alike to a person who leaves it and on a system that has none.
    pub fn of(path: Option<PathBuf>, was_seen: bool) -> Self {
        match path {
            Some(path) => Self::Path(path),
            None if was_seen => Self::Nothing,
            None => Self::NoDialog,
        }
    }
}

/// Jobs under way.
pub struct Jobs {
    sender: Sender<Done>,
    receiver: Receiver<Done>,
    context: Context,
    /// Jobs but those that open a file: one may never end, and is told of elsewhere.
    running: usize,
}

impl Jobs {
    /// None under way; `context` is woken when one ends.
    pub fn new(context: Context) -> Self {
        let (sender, receiver) = channel();
        Self { sender, receiver, context, running: 0 }
    }

    /// Starts a job on a thread of its own.
    pub fn start(&mut self, name: &str, job: impl FnOnce() -> Done + Send + 'static) {
        self.running += 1;
        if let Err(sentence) = self.spawn(name, job) {
            self.send(Done::Failed(sentence));
        }
    }

    /// Opens a file in the same way: a pipe, or a network that is gone, may keep it for ever.
    pub fn open(&mut self, path: &Path) {
        let file = path.to_owned();
        let job = move || {
            let opened = open::file(&file).map(Box::new).map_err(|error| error.to_string());
            Done::Opened(file, opened)
        };
        if let Err(sentence) = self.spawn("open experiment", job) {
            self.send(Done::Opened(path.to_owned(), Err(sentence)));
        }
    }

    /// # Errors
    /// A sentence, where the system gives no thread.
    fn spawn(&self, name: &str, job: impl FnOnce() -> Done + Send + 'static) -> Result<(), String> {
        let (sender, context) = (self.sender.clone(), self.context.clone());
        let run = move || {
            // The window may have closed meanwhile; then nobody waits for the answer.
            let _ = sender.send(job());
            context.request_repaint();
        };
        let started = std::thread::Builder::new().name(name.to_owned()).spawn(run);
        started
            .map(drop)
            .map_err(|error| format!("The system gave no thread for “{name}”: {error}."))
    }

    fn send(&self, done: Done) {
        // The receiver lives as long as self.
        let _ = self.sender.send(done);
    }

    /// A job that has ended.
    pub fn take(&mut self) -> Option<Done> {
        let done = self.receiver.try_recv().ok()?;
        if !matches!(done, Done::Opened(..)) {
            self.running = self.running.saturating_sub(1);
        }
        Some(done)
    }

    /// Whether a job is under way.
    pub fn is_busy(&self) -> bool {
        self.running > 0
    }
}
