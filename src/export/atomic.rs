//! Writes a file as a whole or not at all.
//!
//! The bytes go to a new file in the same folder, which then takes the name. Whoever reads the
//! path sees the old contents or the new ones, never half of them, and a full disk loses nothing.
//! Pipes and devices have no contents to lose: they are written into, and never replaced.

mod error;
#[cfg(unix)]
mod signals;
mod temporary;

use std::fs::{self, File, Metadata};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use temporary::Temporary;

pub use error::{WriteError, is_unusable};

/// Where a result will go, found fit before the work for it begins.
///
/// Dropped without [`Destination::finish`], it leaves everything as it was.
pub struct Destination {
    path: PathBuf,
    folder: PathBuf,
    /// None for a stream, which is written into.
    renaming: Option<Renaming>,
    out: BufWriter<Out>,
}

/// A new file that is to take a name, and what has the name now.
struct Renaming {
    target: PathBuf,
    temporary: Temporary,
    replaced: Option<Metadata>,
}

/// The file or stream, and what has gone into it.
struct Out {
    file: File,
    written: u64,
    /// A stream whose reader may have seen enough, as `head` has: that is no failure.
    may_close: bool,
    is_closed: bool,
}

/// Writes `bytes` to `path`, in place of a file that may be there.
///
/// A new file gets the usual permissions; one that is replaced keeps its own. A link keeps
/// pointing where it did, and the file there is replaced. No folder is created. Pipes and
/// character devices, `/dev/stdout` among them, are written into.
///
/// # Errors
/// [`WriteError`] says what is wrong and what to do about it; nothing has changed then.
///
/// ```
/// use gradient_lab::export::atomic;
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("figure.csv");
/// atomic::write(&path, b"layer,norm\n")?;
/// assert_eq!(std::fs::read(&path)?, b"layer,norm\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    Destination::open(path)?.write_whole(bytes)
}

/// From now on the first signal that would end the process only makes the answer true, so that a
/// long command can finish with what it has; the second ends it. Where there are no signals the
/// answer stays false.
pub fn hold_first_signal() -> impl Fn() -> bool {
    #[cfg(unix)]
    return temporary::hold_first_signal();
    #[cfg(not(unix))]
    return || false;
}

impl Destination {
    /// Checks the path and makes it ready: the folder is there and takes a new file, and what
    /// would be replaced may be. A pipe waits for its reader.
    ///
    /// # Errors
    /// [`WriteError`], as [`write()`].
    pub fn open(path: &Path) -> Result<Self, WriteError> {
        let folder = folder_of(path).ok_or_else(|| WriteError::NoName { path: path.to_owned() })?;
        let explain = |source| WriteError::from_system(path, folder, source);
        if let Some(stream) = own_stream(path) {
            return Ok(Self::stream(path, folder, stream.map_err(explain)?));
        }
        // A link is followed here, for the renaming would replace the link itself.
        let target = match fs::canonicalize(path) {
            Ok(target) => target,
            Err(error) if is_link(path) => return Err(dangling(path, error)),
            Err(_) => path.to_owned(),
        };
        let there = match fs::metadata(&target) {
            Ok(there) => Some(there),
            // A missing folder comes up when the new file is made.
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(explain(error)),
        };
        if let Some(there) = &there {
            refuse(path, &target, there)?;
            if !there.is_file() {
                let stream = File::options().write(true).open(&target).map_err(explain)?;
                return Ok(Self::stream(path, folder, stream));
            }
        }
        let folder = folder_of(&target).unwrap_or(folder);
        Self::file(&target, folder, there)
            .map_err(|source| WriteError::from_system(path, folder, source))
            .map(|destination| Self { path: path.to_owned(), ..destination })
    }

    fn stream(path: &Path, folder: &Path, file: File) -> Self {
        let out = Out { file, written: 0, may_close: true, is_closed: false };
        let (path, folder) = (path.to_owned(), folder.to_owned());
        Self { path, folder, renaming: None, out: BufWriter::new(out) }
    }

    fn file(target: &Path, folder: &Path, replaced: Option<Metadata>) -> io::Result<Self> {
        temporary::clear_up(folder);
        let temporary = Temporary::new(folder, replaced.as_ref().map(mode))?;
        let file = temporary.file().try_clone()?;
        let out = Out { file, written: 0, may_close: false, is_closed: false };
        Ok(Self {
            path: target.to_owned(),
            folder: folder.to_owned(),
            renaming: Some(Renaming { target: target.to_owned(), temporary, replaced }),
            out: BufWriter::new(out),
        })
    }

    /// Takes room for so many bytes on the disk, so that it cannot run out on the way. Where
    /// the system cannot promise it, nothing is promised.
    ///
    /// # Errors
    /// [`WriteError::DiskFull`] and [`WriteError::TooLarge`].
    pub fn reserve(&self, bytes: u64) -> Result<(), WriteError> {
        #[cfg(target_os = "linux")]
        if let Some(Renaming { temporary, .. }) = &self.renaming {
            use rustix::fs::{FallocateFlags, fallocate};
            let taken = fallocate(temporary.file(), FallocateFlags::empty(), 0, bytes.max(1));
            let explained = taken.map_err(|error| self.explain(error.into()));
            if let Err(error @ (WriteError::DiskFull { .. } | WriteError::TooLarge { .. })) =
                explained
            {
                return Err(error);
            }
        }
        #[cfg(not(target_os = "linux"))]
        let _ = bytes;
        Ok(())
    }

    /// Writes the whole result.
    ///
    /// # Errors
    /// [`WriteError`]; nothing has changed then.
    pub fn write_whole(mut self, bytes: &[u8]) -> Result<(), WriteError> {
        match self.write_all(bytes) {
            Ok(()) => self.finish(),
            Err(source) => Err(self.explain(source)),
        }
    }

    /// The whole result is written: now it takes its name.
    ///
    /// # Errors
    /// [`WriteError`]; nothing has changed then.
    pub fn finish(mut self) -> Result<(), WriteError> {
        let flushed = self.out.flush();
        let Self { path, folder, renaming, out } = self;
        let finished = flushed.and_then(|()| match renaming {
            None => Ok(()),
            Some(Renaming { target, temporary, replaced }) => {
                let file = temporary.file();
                if let Some(replaced) = replaced {
                    keep_owner(file, &replaced);
                    file.set_permissions(replaced.permissions())?;
                }
                // Room that was taken and is not needed goes back.
                file.set_len(out.get_ref().written)?;
                // Without this, a power cut could leave the name with no contents.
                file.sync_all()?;
                temporary.persist(&target)
            }
        });
        finished.map_err(|source| WriteError::from_system(&path, &folder, source))
    }

    /// The system's words about what was written here, as what to do about it.
    pub fn explain(&self, source: io::Error) -> WriteError {
        WriteError::from_system(&self.path, &self.folder, source)
    }
}

impl Write for Destination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_closed {
            return Ok(bytes.len());
        }
        match self.file.write(bytes) {
            Ok(written) => {
                self.written += written as u64;
                Ok(written)
            }
            Err(error) if self.may_close && error.kind() == ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(bytes.len())
            }
            Err(error) => Err(error),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The folder that a file is in, or `None` if the path names no file.
fn folder_of(path: &Path) -> Option<&Path> {
    let bytes = path.as_os_str().as_encoded_bytes();
    // `Path` overlooks these ends, and the system does not.
    if bytes.ends_with(b"/") || bytes.ends_with(b"/.") {
        return path.is_dir().then_some(path);
    }
    path.file_name()?;
    let folder = path.parent()?;
    Some(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
}

/// A process' open file, such as `/dev/stdout`: it is added to as it is, for what it leads to
/// may hold what others have written.
fn own_stream(path: &Path) -> Option<io::Result<File>> {
    let mut at = std::path::absolute(path).ok()?;
    for _ in 0..8 {
        let folder = fs::canonicalize(at.parent()?).ok()?;
        let own = ["/dev/fd", "/proc/self/fd"].map(|own| fs::canonicalize(own).ok());
        let is_own = own.contains(&Some(folder.clone()));
        // Another process' open file is added to in the same way, by its name.
        if is_own || folder.starts_with("/proc") && folder.ends_with("fd") {
            return Some(match at.file_name()?.to_str()? {
                "1" if is_own => standard_output(),
                "2" if is_own => duplicate(io::stderr()),
                _ => File::options().append(true).open(at),
            });
        }
        at = folder.join(fs::read_link(&at).ok()?);
    }
    None
}

/// Whether a path leads to this process' standard output.
pub fn is_standard_output(path: &Path) -> bool {
    let own = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].map(Path::new);
    own.contains(&path)
}

/// Standard output as a file. `io::stdout` takes what cannot be written, where standard output
/// is open for reading alone, for written.
///
/// # Errors
/// Where the system has no more places for open files.
pub fn standard_output() -> io::Result<File> {
    #[cfg(unix)]
    signals::tell_of_large_files();
    duplicate(io::stdout())
}

#[cfg(unix)]
fn duplicate(stream: impl std::os::fd::AsFd) -> io::Result<File> {
    Ok(stream.as_fd().try_clone_to_owned()?.into())
}

#[cfg(windows)]
fn duplicate(stream: impl std::os::windows::io::AsHandle) -> io::Result<File> {
    Ok(stream.as_handle().try_clone_to_owned()?.into())
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|there| there.is_symlink())
}

/// A link whose end is not there, or that goes in circles.
fn dangling(path: &Path, source: io::Error) -> WriteError {
    let path = path.to_owned();
    match source.kind() {
        ErrorKind::NotFound => WriteError::DanglingLink { path },
        _ => WriteError::from_system(&path, &path, source),
    }
}

/// Refuses what is there and may neither be replaced nor written into.
fn refuse(path: &Path, target: &Path, there: &Metadata) -> Result<(), WriteError> {
    let path = path.to_owned();
    if there.is_dir() {
        return Err(WriteError::IsFolder { path });
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        let kind = there.file_type();
        let special = [(kind.is_socket(), "a socket"), (kind.is_block_device(), "a whole disk")];
        if let Some((_, what)) = special.into_iter().find(|(is, _)| *is) {
            return Err(WriteError::Special { path, what });
        }
        // Renaming would replace it all the same, against what its owner asked for.
        if rustix::fs::access(target, rustix::fs::Access::WRITE_OK).is_err() {
            return Err(WriteError::ReadOnly { path });
        }
    }
    if there.permissions().readonly() {
        return Err(WriteError::ReadOnly { path });
    }
    let _ = target;
    Ok(())
}

#[cfg(unix)]
fn mode(there: &Metadata) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&there.permissions()) & 0o7777
}

#[cfg(not(unix))]
fn mode(_: &Metadata) -> u32 {
    0
}

/// The owner and the group stay too, where this user may give files away.
fn keep_owner(file: &File, replaced: &Metadata) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let _ = std::os::unix::fs::fchown(file, Some(replaced.uid()), Some(replaced.gid()));
    }
    #[cfg(not(unix))]
    let _ = (file, replaced);
}

#[cfg(test)]
mod tests;
