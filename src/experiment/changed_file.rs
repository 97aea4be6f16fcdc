//! Whether a file that an experiment names is still the one that it was.

use std::fmt;

use super::{Experiment, FileHash};

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
