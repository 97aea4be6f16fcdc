//! Writes a file as a whole or not at all.
//!
//! The bytes go to a new file in the same folder, which then takes the name. Whoever reads the
//! path sees the old contents or the new ones, never half of them, and a full disk loses nothing.

use std::{
    fs::{self, Permissions},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use tempfile::{Builder, NamedTempFile};

/// Why a file was not written. What was there before is still there.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The path ends in nothing that could be a file's name.
    #[error("“{}” has no file name. Add one, such as “figure.png”.", path.display())]
    NoName {
        /// What was asked for.
        path: PathBuf,
    },

    /// There is a folder of that name.
    #[error("“{}” is a folder. Give the name of a file in it.", path.display())]
    IsFolder {
        /// What was asked for.
        path: PathBuf,
    },

    /// The folder does not exist.
    #[error(
        "“{}” cannot be written: there is no folder “{}”. Create it, or choose another.",
        path.display(),
        folder.display()
    )]
    NoFolder {
        /// What was asked for.
        path: PathBuf,
        /// The folder that is missing.
        folder: PathBuf,
    },

    /// The file, its folder or the disk may not be written.
    #[error(
        "“{}” cannot be written: the file, its folder or the disk is read-only for you. \
         Choose another folder or name.",
        path.display()
    )]
    ReadOnly {
        /// What was asked for.
        path: PathBuf,
    },

    /// There is no room left.
    #[error(
        "“{}” cannot be written: the disk is full. Make room, or choose another disk.",
        path.display()
    )]
    DiskFull {
        /// What was asked for.
        path: PathBuf,
    },

    /// Whatever else the system says.
    #[error("“{}” cannot be written: {source}. Choose another folder or name.", path.display())]
    Other {
        /// What was asked for.
        path: PathBuf,
        /// The system's own words.
        source: io::Error,
    },
}

/// Writes `bytes` to `path`, in place of a file that may be there.
///
/// A new file gets the usual permissions; one that is replaced keeps its own. A link keeps
/// pointing where it did, and the file there is replaced. No folder is created.
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
    // A link is followed here, for the renaming would replace the link itself.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = folder_of(&target).ok_or_else(|| WriteError::NoName { path: path.to_owned() })?;
    let permissions = permissions_at(path, &target)?;
    replace(&target, folder, permissions, bytes).map_err(|source| explain(path, folder, source))
}

/// The folder that a file is in, or `None` if the path names no file.
fn folder_of(target: &Path) -> Option<&Path> {
    target.file_name()?;
    let folder = target.parent()?;
    Some(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
}

/// The permissions of the file that will be replaced, if there is one and it may be.
fn permissions_at(path: &Path, target: &Path) -> Result<Option<Permissions>, WriteError> {
    let path = path.to_owned();
    match fs::metadata(target) {
        Ok(there) if there.is_dir() => Err(WriteError::IsFolder { path }),
        // Renaming would replace it all the same, against what its owner asked for.
        Ok(there) if there.permissions().readonly() => Err(WriteError::ReadOnly { path }),
        Ok(there) => Ok(Some(there.permissions())),
        // Whatever is wrong comes up again, with its reason, when the new file is made.
        Err(_) => Ok(None),
    }
}

/// Writes a new file in `folder` and gives it the name `target`.
fn replace(
    target: &Path,
    folder: &Path,
    permissions: Option<Permissions>,
    bytes: &[u8],
) -> io::Result<()> {
    let mut file = new_file(folder)?;
    file.write_all(bytes)?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    // Without this, a power cut could leave the name with no contents.
    file.as_file().sync_all()?;
    file.persist(target)?;
    Ok(())
}

/// A new file that goes away unless it is given a name.
fn new_file(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".gradient-lab-");
    // Temporary files are private by default. This asks for what any program's new file
    // asks for, and the system takes away what the user's mask forbids.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

/// Turns the system's error into one that says what to do.
fn explain(path: &Path, folder: &Path, source: io::Error) -> WriteError {
    let path = path.to_owned();
    match source.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            WriteError::NoFolder { path, folder: folder.to_owned() }
        }
        ErrorKind::IsADirectory => WriteError::IsFolder { path },
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            WriteError::ReadOnly { path }
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => WriteError::DiskFull { path },
        _ => WriteError::Other { path, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_in(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_made_and_then_replaced_with_nothing_left_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        write(&path, b"first, and longer").unwrap();
        write(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(names_in(folder.path()), ["a.png"]);
    }

    #[test]
    fn a_missing_folder_is_named_and_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing/a.png");
        let error = write(&path, b"x").unwrap_err();
        assert!(matches!(error, WriteError::NoFolder { .. }));
        let words = error.to_string();
        assert!(words.contains("missing/a.png”") && words.contains("missing”"));
        assert!(names_in(folder.path()).is_empty());
    }

    #[test]
    fn a_file_in_the_folders_place_is_told() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), b"").unwrap();
        let error = write(&folder.path().join("file/a.png"), b"x").unwrap_err();
        assert!(matches!(error, WriteError::NoFolder { .. }), "{error}");
    }

    #[test]
    fn folders_and_nameless_paths_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(folder.path(), b"x").unwrap_err();
        assert!(matches!(error, WriteError::IsFolder { .. }), "{error}");
        let error = write(Path::new(""), b"x").unwrap_err();
        assert!(matches!(error, WriteError::NoName { .. }), "{error}");
    }

    #[test]
    fn a_read_only_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        fs::write(&path, b"kept").unwrap();
        let mut permissions = fs::metadata(&path).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).unwrap();
        let error = write(&path, b"x").unwrap_err();
        assert!(matches!(error, WriteError::ReadOnly { .. }), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"kept");
    }

    #[test]
    fn the_systems_errors_become_sentences() {
        let told = |kind: ErrorKind| {
            let path = Path::new("out/a.png");
            explain(path, Path::new("out"), kind.into()).to_string()
        };
        assert!(told(ErrorKind::StorageFull).contains("the disk is full"));
        assert!(told(ErrorKind::ReadOnlyFilesystem).contains("read-only"));
        assert!(told(ErrorKind::PermissionDenied).contains("“out/a.png”"));
        assert!(told(ErrorKind::InvalidFilename).contains("Choose another folder or name"));
    }

    #[cfg(unix)]
    mod unix {
        use super::*;
        use std::os::unix::fs::{PermissionsExt, symlink};

        fn mode(path: &Path) -> u32 {
            fs::metadata(path).unwrap().permissions().mode() & 0o777
        }

        #[test]
        fn new_files_have_the_usual_permissions_and_old_ones_their_own() {
            let folder = tempfile::tempdir().unwrap();
            let [plain, new] = ["plain", "new"].map(|name| folder.path().join(name));
            fs::write(&plain, b"").unwrap();
            write(&new, b"").unwrap();
            assert_eq!(mode(&new), mode(&plain));

            fs::set_permissions(&new, Permissions::from_mode(0o640)).unwrap();
            write(&new, b"x").unwrap();
            assert_eq!(mode(&new), 0o640);
        }

        #[test]
        fn links_keep_pointing_at_the_file() {
            let folder = tempfile::tempdir().unwrap();
            let [file, link] = ["file", "link"].map(|name| folder.path().join(name));
            fs::write(&file, b"old").unwrap();
            symlink(&file, &link).unwrap();
            write(&link, b"new").unwrap();
            assert_eq!(fs::read(&file).unwrap(), b"new");
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        }

        #[test]
        fn a_read_only_folder_is_told() {
            let folder = tempfile::tempdir().unwrap();
            fs::set_permissions(folder.path(), Permissions::from_mode(0o555)).unwrap();
            // The superuser may write all the same; there is nothing to see then.
            if fs::write(folder.path().join("probe"), b"").is_err() {
                let error = write(&folder.path().join("a.png"), b"x").unwrap_err();
                assert!(matches!(error, WriteError::ReadOnly { .. }), "{error}");
            }
            fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        }
    }
}
