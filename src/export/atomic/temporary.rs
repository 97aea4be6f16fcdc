//! The new file that takes a name when it is whole, and what is left of such files.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::{Builder, NamedTempFile};

/// How the name of an unfinished file begins and ends; between them stand six letters.
const PREFIX: &str = ".gradient-lab-";
const SUFFIX: &str = ".partial";
const LETTERS: usize = 6;

/// New names tried before giving up: only another run that clears up can be in the way.
const TRIES: usize = 16;

/// Files of this process that are not finished, for whoever ends it.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// An unfinished file. It goes away unless it is given a name, also when a signal ends the
/// process; its lock tells other runs that somebody works on it.
pub(super) struct Temporary(Option<NamedTempFile>);

impl Temporary {
    /// In a folder, with those permissions from its first moment on, or a new file's usual ones.
    pub(super) fn new(folder: &Path, mode: Option<u32>) -> io::Result<Self> {
        #[cfg(unix)]
        super::signals::task(remove_all_and);
        for _ in 0..TRIES {
            let mut unfinished = unfinished();
            let file = new_file(folder, mode)?;
            let is_ours = match file.as_file().try_lock() {
                Ok(()) => is_there(file.as_file()),
                Err(TryLockError::WouldBlock) => false,
                // Without locks nobody clears up either.
                Err(TryLockError::Error(_)) => true,
            };
            if is_ours {
                unfinished.push(file.path().to_owned());
                return Ok(Self(Some(file)));
            }
        }
        Err(io::Error::other("another run takes every new file away"))
    }

    pub(super) fn file(&self) -> &File {
        // Only `persist` takes it, and consumes this.
        self.0.as_ref().expect("there until it has its name").as_file()
    }

    /// Gives the file its name, in place of what has it now.
    pub(super) fn persist(mut self, target: &Path) -> io::Result<()> {
        let file = self.0.take().expect("there until it has its name");
        let path = file.path().to_owned();
        let persisted = file.persist(target);
        forget(&path);
        // Where it failed the file goes with the error.
        persisted?;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(file) = self.0.take() {
            let path = file.path().to_owned();
            drop(file);
            forget(&path);
        }
    }
}

/// A list of paths holds nothing that a panic could leave half done.
fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn forget(path: &Path) {
    unfinished().retain(|other| other != path);
}

/// From now on the first signal is only told, whether or not a file is unfinished.
#[cfg(unix)]
pub(super) fn hold_first_signal() -> fn() -> bool {
    super::signals::task(remove_all_and);
    super::signals::hold_first()
}

/// Removes every unfinished file of this process and calls `end`, during which no new one is
/// made.
#[cfg(unix)]
pub(super) fn remove_all_and(end: &dyn Fn()) {
    let unfinished = unfinished();
    for path in unfinished.iter() {
        // The process ends: nobody could be told.
        let _ = fs::remove_file(path);
    }
    end();
}

fn new_file(folder: &Path, mode: Option<u32>) -> io::Result<NamedTempFile> {
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    // This asks for what any program's new file asks for, or for what the replaced one has; the
    // system takes away what the user's mask forbids.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode.unwrap_or(0o666));
    #[cfg(not(unix))]
    let _ = mode;
    let mut builder = Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX).rand_bytes(LETTERS);
    builder.make_in(folder, |path| options.open(path))
}

/// Whether the file still has a name: a run that clears up may have had the lock first.
fn is_there(file: &File) -> bool {
    #[cfg(unix)]
    return file.metadata().is_ok_and(|file| std::os::unix::fs::MetadataExt::nlink(&file) > 0);
    #[cfg(not(unix))]
    return file.metadata().is_ok();
}

/// Removes what runs that were killed have left in a folder: unfinished files that nobody has
/// locked. What cannot be removed stays; it is in nobody's way.
pub(super) fn clear_up(folder: &Path) {
    for name in unfinished_in(folder).unwrap_or_default() {
        let path = folder.join(name);
        let is_file = fs::symlink_metadata(&path).is_ok_and(|there| there.is_file());
        // The lock is held until the file is gone, so that its maker cannot have it.
        if is_file
            && let Ok(file) = File::open(&path)
            && file.try_lock().is_ok()
        {
            let _ = fs::remove_file(&path);
        }
    }
}

/// The names in a folder that are those of unfinished files.
#[cfg(unix)]
fn unfinished_in(folder: &Path) -> io::Result<Vec<String>> {
    // Not `fs::read_dir`, which panics where the system cannot close a folder.
    let folder = rustix::fs::Dir::read_from(File::open(folder)?)?;
    let names =
        folder.flatten().filter_map(|entry| Some(entry.file_name().to_str().ok()?.to_owned()));
    Ok(names.filter(|name| is_unfinished(name)).collect())
}

/// The names in a folder that are those of unfinished files.
#[cfg(not(unix))]
fn unfinished_in(folder: &Path) -> io::Result<Vec<String>> {
    let names =
        fs::read_dir(folder)?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    Ok(names.filter(|name| is_unfinished(name)).collect())
}

fn is_unfinished(name: &str) -> bool {
    let letters = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
    letters.is_some_and(|letters| {
        letters.len() == LETTERS && letters.bytes().all(|letter| letter.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn leftovers_go_and_files_at_work_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let at_work = Temporary::new(path, None).unwrap();
        let finished = Temporary::new(path, None).unwrap();
        fs::write(path.join(".gradient-lab-aB3xYz.partial"), b"half").unwrap();
        for other in [".gradient-lab-notes.partial", ".gradient-lab-aB3xYz", "a.partial"] {
            fs::write(path.join(other), b"a person's own").unwrap();
        }
        clear_up(path);
        assert_eq!(count(path), 2 + 3);
        finished.persist(&path.join("a.csv")).unwrap();
        drop(at_work);
        assert_eq!(count(path), 1 + 3);
        assert!(unfinished().iter().all(|left| !left.starts_with(path)));
    }

    #[test]
    fn a_file_that_lost_its_name_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let file = new_file(folder.path(), None).unwrap();
        assert!(is_there(file.as_file()));
        fs::remove_file(file.path()).unwrap();
        assert!(cfg!(not(unix)) || !is_there(file.as_file()));
    }
}
