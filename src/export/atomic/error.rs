//! Why a file was not written, in words that say what to do.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::experiment::short_path;

/// Why a file was not written. What was there before is still there.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The path ends in nothing that could be a file's name.
    #[error("“{}” has no file name. Add one, such as “figure.png”.", short_path(path))]
    NoName {
        /// What was asked for.
        path: PathBuf,
    },

    /// There is a folder of that name.
    #[error("“{}” is a folder. Give the name of a file in it.", short_path(path))]
    IsFolder {
        /// What was asked for.
        path: PathBuf,
    },

    /// The folder does not exist.
    #[error(
        "“{}” cannot be written: there is no folder “{}”. Create it, or choose another.",
        short_path(path),
        short_path(folder)
    )]
    NoFolder {
        /// What was asked for.
        path: PathBuf,
        /// The folder that is missing.
        folder: PathBuf,
    },

    /// A file stands where the folder should be.
    #[error(
        "“{}” cannot be written: “{}” is a file and not a folder. Choose another folder.",
        short_path(path),
        short_path(folder)
    )]
    NotFolder {
        /// What was asked for.
        path: PathBuf,
        /// The file in the folder's place.
        folder: PathBuf,
    },

    /// A link to a file that does not exist.
    #[error(
        "“{}” is a link that leads nowhere. Remove it, or choose another name.",
        short_path(path)
    )]
    DanglingLink {
        /// What was asked for.
        path: PathBuf,
    },

    /// A socket or a whole disk.
    #[error("“{}” is {what}, which the lab does not write to. Choose a file.", short_path(path))]
    Special {
        /// What was asked for.
        path: PathBuf,
        /// What it is, with its article.
        what: &'static str,
    },

    /// The file, its folder or the disk may not be written.
    #[error(
        "“{}” cannot be written: the file, its folder or the disk is read-only for you. \
         Choose another folder or name.",
        short_path(path)
    )]
    ReadOnly {
        /// What was asked for.
        path: PathBuf,
    },

    /// There is no room left.
    #[error(
        "“{}” cannot be written: the disk is full. Make room, or choose another disk.",
        short_path(path)
    )]
    DiskFull {
        /// What was asked for.
        path: PathBuf,
    },

    /// Larger than the system or the user's limit allows.
    #[error(
        "“{}” cannot be written: the system allows no file that large there. Raise the limit, \
         or choose another disk.",
        short_path(path)
    )]
    TooLarge {
        /// What was asked for.
        path: PathBuf,
    },

    /// A name longer than the system's, or links that lead in a circle.
    #[error("“{}” cannot be written: {source}. Choose another folder or name.", short_path(path))]
    Unusable {
        /// What was asked for.
        path: PathBuf,
        /// The system's own words.
        source: io::Error,
    },

    /// Whatever else the system says.
    #[error("“{}” cannot be written: {source}. Choose another folder or name.", short_path(path))]
    Other {
        /// What was asked for.
        path: PathBuf,
        /// The system's own words.
        source: io::Error,
    },
}

impl WriteError {
    /// The system's error as one that says what to do. What is missing or in the way is looked
    /// for, since the system says only that something is.
    pub(super) fn from_system(path: &Path, folder: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => match folder.metadata() {
                Ok(there) if there.is_dir() => Self::Other { path, source },
                Ok(_) => Self::NotFolder { path, folder: folder.to_owned() },
                Err(_) => match folder.ancestors().find(|folder| folder.is_file()) {
                    Some(file) => Self::NotFolder { path, folder: file.to_owned() },
                    None => Self::NoFolder { path, folder: folder.to_owned() },
                },
            },
            ErrorKind::IsADirectory => Self::IsFolder { path },
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::DiskFull { path },
            ErrorKind::FileTooLarge => Self::TooLarge { path },
            _ if is_unusable(&source) => Self::Unusable { path, source },
            _ => Self::Other { path, source },
        }
    }

    /// Whether it failed though nothing is wrong with what was asked.
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::DiskFull { .. } | Self::TooLarge { .. } | Self::Other { .. })
    }
}

/// Whether no file of that name can be: it is too long, or its links lead in a circle.
pub fn is_unusable(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
        return true;
    }
    error.kind() == ErrorKind::InvalidFilename
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_errors_become_sentences() {
        let told = |kind: ErrorKind| {
            let path = Path::new("out/a.png");
            WriteError::from_system(path, Path::new("out"), kind.into()).to_string()
        };
        assert!(told(ErrorKind::StorageFull).contains("the disk is full"));
        assert!(told(ErrorKind::ReadOnlyFilesystem).contains("read-only"));
        assert!(told(ErrorKind::FileTooLarge).contains("no file that large"));
        assert!(told(ErrorKind::PermissionDenied).contains("“out/a.png”"));
        assert!(told(ErrorKind::NotFound).contains("there is no folder “out”"));
        assert!(told(ErrorKind::InvalidFilename).contains("Choose another folder or name"));
    }

    #[test]
    fn no_folder_is_said_to_be_missing_that_is_there() {
        let path = Path::new("./src/a.png");
        let told = |folder: &str| {
            let error = ErrorKind::NotFound.into();
            WriteError::from_system(path, Path::new(folder), error).to_string()
        };
        assert!(!told("src").contains("there is no folder"));
        assert!(told("Cargo.toml").contains("“Cargo.toml” is a file"));
        assert!(told("Cargo.toml/deeper").contains("“Cargo.toml” is a file"));
    }
}
