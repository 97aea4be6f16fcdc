//! Short jobs off the UI thread: file dialogs, pictures, files.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};

use eframe::egui::{ColorImage, Context};

/// What a job ended with.
pub enum Done {
    /// Something was written; where.
    Written(PathBuf),
    /// Something was written that lacks a part; where, and a sentence that says so.
    WrittenBut(PathBuf, String),
    /// A picture for the clipboard.
    Picture(Box<ColorImage>),
    /// A person chose a path in the system's dialog, or none.
    Picked(Option<PathBuf>),
    /// It failed; the sentence says what to do.
    Failed(String),
}

/// Jobs under way.
pub struct Jobs {
    sender: Sender<Done>,
    receiver: Receiver<Done>,
    context: Context,
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
        let (sender, context) = (self.sender.clone(), self.context.clone());
        let started = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            // The window may have closed meanwhile; then nobody waits for the answer.
            let _ = sender.send(job());
            context.request_repaint();
        });
        match started {
            Ok(_) => self.running += 1,
            Err(error) => {
                let sentence = format!("The system gave no thread for “{name}”: {error}.");
                // The receiver lives as long as self.
                let _ = self.sender.send(Done::Failed(sentence));
                self.running += 1;
            }
        }
    }

    /// A job that has ended.
    pub fn take(&mut self) -> Option<Done> {
        let done = self.receiver.try_recv().ok()?;
        self.running = self.running.saturating_sub(1);
        Some(done)
    }

    /// Whether a job is under way.
    pub fn is_busy(&self) -> bool {
        self.running > 0
    }
}
