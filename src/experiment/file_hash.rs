//! Whether a file that an experiment names is still the one that it was.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Experiment, ExperimentError};

/// Hexadecimal digits of a SHA-256.
const DIGITS: usize = 64;

/// The SHA-256 of a named file when it was last read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct FileHash {
    /// 64 hexadecimal digits.
    pub sha256: String,
    /// Whether the experiment came with another.
    pub is_changed: bool,
}

impl From<String> for FileHash {
    fn from(sha256: String) -> Self {
        Self { sha256, is_changed: false }
    }
}

impl From<FileHash> for String {
    fn from(hash: FileHash) -> Self {
        hash.sha256
    }
}

impl FileHash {
    /// Of a file that has been read, beside what the experiment said it would be.
    pub fn found(sha256: String, before: Option<&Self>) -> Self {
        let is_changed = before.is_some_and(|before| !before.sha256.eq_ignore_ascii_case(&sha256));
        Self { sha256, is_changed }
    }

    pub(super) fn validate(&self, key: &str) -> Result<(), ExperimentError> {
        let is_digits = self.sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        match is_digits && self.sha256.len() == DIGITS {
            true => Ok(()),
            false => Err(ExperimentError::text(key, &self.sha256)),
        }
    }
}

/// A file that is another than when the experiment was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedFile {
    /// Whose weights it has; nothing of the data's file.
    pub variant: Option<String>,
    /// As the experiment names it.
    pub path: String,
}

impl fmt::Display for ChangedFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.variant {
            Some(variant) => write!(out, "Variant “{variant}”, weights.file")?,
            None => write!(out, "data.path")?,
        }
        write!(
            out,
            " = “{}” is not the file with which this experiment was written: its SHA-256 is another, and so may be every number.",
            self.path
        )
    }
}

impl Experiment {
    /// The files that it names and that have changed since it was written, as far as it came with
    /// their SHA-256.
    pub fn changed_files(&self) -> Vec<ChangedFile> {
        let is_changed =
            |hash: &Option<FileHash>| hash.as_ref().is_some_and(|hash| hash.is_changed);
        let data = self
            .data_set
            .iter()
            .filter(|set| is_changed(&set.sha256))
            .map(|set| ChangedFile { variant: None, path: set.path.clone().unwrap_or_default() });
        let weights = self.variants.iter().filter_map(|variant| {
            let file = variant.weights_file.as_ref().filter(|file| is_changed(&file.sha256))?;
            Some(ChangedFile { variant: Some(variant.name.clone()), path: file.file.clone() })
        });
        data.chain(weights).collect()
    }
}
