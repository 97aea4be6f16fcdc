//! The document: the file of the present experiment, and what that file holds.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::experiment::{Experiment, short_path};

/// The document of an experiment and of every step back that belongs to it. A step back to before
/// a file was opened brings the document of that time with it.
pub type SharedDocument = Rc<RefCell<Document>>;

/// A file, or none yet, and the experiment in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// The experiment's file.
    pub path: Option<PathBuf>,
    /// What is kept outside the window: in the file, or in the lab as a preset. `None` where what
    /// was kept is not known to be the same.
    pub kept: Option<Experiment>,
}

impl Document {
    /// A document of its own for an experiment that is kept as it is.
    pub fn kept(experiment: &Experiment, path: Option<PathBuf>) -> SharedDocument {
        Self { path, kept: Some(experiment.clone()) }.share()
    }

    /// What several steps hold.
    pub fn share(self) -> SharedDocument {
        Rc::new(RefCell::new(self))
    }

    /// Whether an experiment has changes that only the window holds.
    pub fn is_unsaved(&self, experiment: &Experiment) -> bool {
        self.kept.as_ref() != Some(experiment)
    }

    /// The file's name, for sentences.
    pub fn name(&self) -> String {
        let name = self.path.as_deref().and_then(Path::file_name);
        name.map_or_else(|| "Untitled".to_owned(), |name| short_path(Path::new(name)))
    }

    /// The window's title: the file, a star for unsaved changes, the lab.
    pub fn title(&self, experiment: &Experiment) -> String {
        match (&self.path, self.is_unsaved(experiment)) {
            (None, false) => "Gradient lab".to_owned(),
            (_, true) => format!("{}* – Gradient lab", self.name()),
            (Some(_), false) => format!("{} – Gradient lab", self.name()),
        }
    }
}
