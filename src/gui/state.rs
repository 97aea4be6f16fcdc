//! The file of the saved state: made fit before eframe opens it, with the last good one beside.
//!
//! eframe reads whatever has the file's name, a pipe too, before any code of the lab runs, and
//! writes by cutting the file to nothing first. So [`State::prepare`] looks at the file before
//! eframe does, and [`Keeper`] holds a copy that is always whole.

mod mend;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::experiment::limits;
use crate::export::atomic;

use super::saved;
use mend::Entries;

/// eframe's file, in [`eframe::storage_dir`].
const NEWEST: &str = "app.ron";
/// The copy that is replaced as a whole.
const LAST_GOOD: &str = "app.last.ron";
/// Where a file goes that cannot be used, so that nothing of it is lost.
const REFUSED: &str = "app.refused.ron";

/// The most that is read: an experiment's text, with room for two layers of escapes.
const MAX_BYTES: u64 = 4 * limits::FILE_BYTES;
/// A file that takes longer to read does not keep the window waiting.
const PATIENCE: Duration = Duration::from_secs(3);

/// Where the state rests during this session.
#[derive(Clone, Debug)]
pub struct State {
    /// The file that eframe may read and write without harm.
    pub path: PathBuf,
    /// What was refused or mended, as sentences.
    pub said: Vec<String>,
    /// The last good copy; none where nothing can be saved.
    copy: Option<PathBuf>,
}

/// Why a file gives no state. The words follow "The saved state in … ".
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error("is not there")]
    Missing,
    #[error("is a folder, pipe or device and not a file")]
    Special,
    #[error("is larger than {} MiB", MAX_BYTES / 1024 / 1024)]
    TooLarge,
    #[error("is empty")]
    Empty,
    #[error("is cut or damaged")]
    Damaged,
    #[error("holds no valid experiment")]
    NoExperiment,
    #[error("could not be read within {} seconds", PATIENCE.as_secs())]
    Slow,
    #[error("could not be read ({0})")]
    Failed(io::Error),
}

impl State {
    /// Makes the file in this folder fit for eframe: what cannot be used is set aside and the
    /// last good copy takes its place, and values that would keep the window from being used
    /// are mended. A folder without a file is a first start, of which nothing is said.
    pub fn prepare(folder: &Path) -> Self {
        let state = Self {
            path: folder.join(NEWEST),
            said: Vec::new(),
            copy: Some(folder.join(LAST_GOOD)),
        };
        if let Err(error) = fs::create_dir_all(folder) {
            return state.without_file(format!(
                "The folder {} for the saved state could not be made ({error}), so nothing will be saved; check its permissions.",
                folder.display()
            ));
        }
        match read_in_time(&state.path) {
            Ok(entries) if !has_experiment(&entries) && state.has_good_copy() => {
                state.set_aside(&ReadError::NoExperiment)
            }
            Ok(entries) => state.mended(entries, true),
            Err(ReadError::Missing) => state,
            // eframe would wait for it as well, so it is not even touched.
            Err(error @ ReadError::Slow) => {
                let sentence = format!(
                    "The saved state in {} {error}, so the lab starts without it and saves none.",
                    state.path.display()
                );
                state.without_file(sentence)
            }
            Err(error) => state.set_aside(&error),
        }
    }

    /// Makes the file's values harmless; `is_same` where it holds these entries already.
    fn mended(mut self, mut entries: Entries, is_same: bool) -> Self {
        let sentences = mend::entries(&mut entries);
        let is_same = is_same && sentences.is_empty();
        self.said.extend(sentences);
        let has_copy = self.copy.as_ref().is_some_and(|copy| copy.exists());
        let text = text(&entries);
        let written = if is_same { Ok(()) } else { atomic::write(&self.path, text.as_bytes()) };
        if let Err(error) = written {
            return self.without_file(format!(
                "The mended state could not be written, so the lab starts without it and saves none: {error}"
            ));
        }
        if !has_copy && let Some(copy) = &self.copy {
            write_copy(copy, &text);
        }
        self
    }

    /// Whether the copy holds what the file should.
    fn has_good_copy(&self) -> bool {
        let copy = self.copy.as_deref().map(read_in_time);
        matches!(copy, Some(Ok(entries)) if has_experiment(&entries))
    }

    fn set_aside(mut self, why: &ReadError) -> Self {
        let refused = self.path.with_file_name(REFUSED);
        let what = format!("The saved state in {} {why}", self.path.display());
        if let Err(error) = fs::rename(&self.path, &refused) {
            return self.without_file(format!(
                "{what} and could not be moved away ({error}), so the lab starts without it and saves none; remove it."
            ));
        }
        let last = self.copy.as_deref().map(read_in_time);
        let then = if matches!(last, Some(Ok(_))) {
            "the last good one takes its place"
        } else {
            "the lab starts as new"
        };
        self.said.push(format!("{what}; it is now {REFUSED}, and {then}."));
        match last {
            Some(Ok(entries)) => self.mended(entries, false),
            _ => self,
        }
    }

    /// eframe reads and writes nothing in this session.
    fn without_file(mut self, sentence: String) -> Self {
        self.path = nowhere();
        self.copy = None;
        self.said.push(sentence);
        self
    }
}

fn has_experiment(entries: &Entries) -> bool {
    entries.get(saved::KEY).is_some_and(|text| saved::Saved::refused(text).is_none())
}

/// A path below a file: opening it fails at once, and nothing can be made there.
fn nowhere() -> PathBuf {
    let file = if cfg!(unix) { None } else { std::env::current_exe().ok() };
    file.unwrap_or_else(|| PathBuf::from("/dev/null")).join(NEWEST)
}

fn read_in_time(path: &Path) -> Result<Entries, ReadError> {
    let path = path.to_owned();
    in_time(move || read(&path))
}

/// Reads on a thread of its own, since a regular file may be slow too: on a network that is
/// gone, or behind a link to what the system makes up.
fn in_time(
    read: impl FnOnce() -> Result<Entries, ReadError> + Send + 'static,
) -> Result<Entries, ReadError> {
    let (sender, receiver) = channel();
    let job = move || {
        // Nobody listens any more to one who comes late.
        let _ = sender.send(read());
    };
    let started = thread::Builder::new().name("read state".to_owned()).spawn(job);
    started.map_err(ReadError::Failed)?;
    receiver.recv_timeout(PATIENCE).unwrap_or(Err(ReadError::Slow))
}

fn read(path: &Path) -> Result<Entries, ReadError> {
    // Asked before opening, which would wait for a pipe's other end.
    if !fs::metadata(path)?.is_file() {
        return Err(ReadError::Special);
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(ReadError::TooLarge);
    }
    if bytes.is_empty() {
        return Err(ReadError::Empty);
    }
    ron::de::from_bytes(&bytes).map_err(|_| ReadError::Damaged)
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound => Self::Missing,
            _ => Self::Failed(error),
        }
    }
}

fn text(entries: &Entries) -> String {
    ron::to_string(entries).expect("a map of strings always becomes RON")
}

/// A copy that fails costs nothing now: the one before is still whole. A terminal is told.
fn write_copy(copy: &Path, text: &str) {
    // Writing into a pipe would wait for its reader.
    if fs::metadata(copy).is_ok_and(|there| !there.is_file()) {
        return;
    }
    if let Err(error) = atomic::write(copy, text.as_bytes()) {
        // A terminal that is gone is no reason to end.
        let _ = writeln!(
            io::stderr(),
            "gradient-lab: What the next start would open could not be saved. {error}"
        );
    }
}

/// Keeps the last good copy as new as what eframe is about to write.
#[derive(Debug, Default)]
pub struct Keeper {
    copy: Option<PathBuf>,
    written: String,
    writing: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Keeps the copy of this session's state.
    pub fn new(state: &State) -> Self {
        Self { copy: state.copy.clone(), written: String::new(), writing: None }
    }

    /// Writes what `storage` holds, off the window's thread, if it has changed.
    pub fn keep(&mut self, storage: &dyn eframe::Storage) {
        let Some(copy) = self.copy.clone() else { return };
        let keys = [mend::EGUI, mend::WINDOW, saved::KEY];
        let held = keys.map(|key| Some((key.to_owned(), storage.get_string(key)?)));
        let text = text(&held.into_iter().flatten().collect());
        if text == self.written {
            return;
        }
        // Whoever cleaned up meanwhile took the folder; eframe does not make it again either, and
        // the copy's own failure says why it cannot be made.
        if let Some(folder) = copy.parent() {
            let _ = fs::create_dir_all(folder);
        }
        self.wait();
        self.written.clone_from(&text);
        let job = move || write_copy(&copy, &text);
        // Without a thread the next save tries again.
        self.writing = thread::Builder::new().name("keep state".to_owned()).spawn(job).ok();
        if self.writing.is_none() {
            self.written.clear();
        }
    }

    fn wait(&mut self) {
        if let Some(writing) = self.writing.take() {
            let _ = writing.join();
        }
    }
}

impl Drop for Keeper {
    /// The session's last copy is written before the lab ends.
    fn drop(&mut self) {
        self.wait();
    }
}
