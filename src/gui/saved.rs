//! What a session leaves for the next: the experiment and its file, the page, the way of looking.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::experiment::Experiment;
use crate::figure::View;

use super::document::Document;
use super::page::Page;

/// The key under which eframe keeps it.
pub const KEY: &str = "gradient-lab";

/// A session, as the next one finds it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Session {
    /// What was set; none before the first session.
    pub experiment: Option<Experiment>,
    /// The experiment's file.
    pub file: Option<PathBuf>,
    /// Whether the experiment had changes that no file has.
    pub unsaved: bool,
    /// The page that was open.
    pub page: Page,
    /// How it was looked at.
    pub view: View,
    /// Whether the panels were folded away.
    pub folded: bool,
    /// The folder of the last file.
    pub folder: Option<PathBuf>,
    /// The last files, the newest first.
    pub recent: Vec<PathBuf>,
    /// Unsaved work of a session before this one, which was started on something else.
    pub aside: Option<Experiment>,
}

/// What there is to leave at a moment.
pub struct Left<'a> {
    /// What is set; where that is refused, what was accepted last.
    pub experiment: &'a Experiment,
    /// Its document.
    pub document: &'a Document,
    /// The page that is open.
    pub page: Page,
    /// How it is looked at.
    pub view: View,
    /// Whether the panels are folded away.
    pub folded: bool,
    /// The folder of the last file.
    pub folder: &'a Path,
    /// The last files.
    pub recent: &'a [PathBuf],
    /// Unsaved work of a session before.
    pub aside: Option<&'a Experiment>,
}

impl Left<'_> {
    /// Whether a session has all of it already. What is cheap to compare comes first.
    pub fn is_in(&self, session: &Session) -> bool {
        session.page == self.page
            && session.view == self.view
            && session.folded == self.folded
            && session.file == self.document.path
            && session.recent == self.recent
            && session.folder.as_deref() == Some(self.folder)
            && session.aside.is_some() == self.aside.is_some()
            && session.experiment.as_ref() == Some(self.experiment)
            && session.unsaved == self.document.is_unsaved(self.experiment)
    }

    /// The session.
    pub fn session(&self) -> Session {
        Session {
            experiment: Some(self.experiment.clone()),
            file: self.document.path.clone(),
            unsaved: self.document.is_unsaved(self.experiment),
            page: self.page,
            view: self.view,
            folded: self.folded,
            folder: Some(self.folder.to_owned()),
            recent: self.recent.to_owned(),
            aside: self.aside.cloned(),
        }
    }
}

/// A session as text. Every field may be absent: a file of an older session must not keep the
/// lab from starting.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    page: Page,
    linear: bool,
    theory: bool,
    variant: usize,
    folded: bool,
    folder: Option<PathBuf>,
    experiment: Option<String>,
    file: Option<PathBuf>,
    unsaved: bool,
    recent: Vec<PathBuf>,
    aside: Option<String>,
}

impl Saved {
    /// Why this text of a session cannot be taken, as a sentence; `None` if it can.
    pub fn refused(text: &str) -> Option<&'static str> {
        let Ok(saved) = ron::from_str::<Self>(text) else {
            return Some(
                "The saved page and experiment could not be read, so the lab starts anew.",
            );
        };
        let experiment = saved.experiment.map(|text| Experiment::from_toml(&text));
        match experiment? {
            Err(_) => Some("The saved experiment is not valid, so the lab starts anew."),
            Ok(experiment) if experiment.is_complete() => None,
            Ok(_) => Some(
                "The saved experiment takes data or weights from a file of their own, so the lab starts anew; open it again.",
            ),
        }
    }
}

impl Session {
    /// The last session, or an empty one.
    pub fn load(storage: Option<&dyn eframe::Storage>) -> Self {
        let saved: Option<Saved> = storage.and_then(|storage| eframe::get_value(storage, KEY));
        let saved = saved.unwrap_or_default();
        let experiment = |text: Option<String>| {
            Experiment::from_toml(&text?).ok().filter(Experiment::is_complete)
        };
        Self {
            experiment: experiment(saved.experiment),
            file: saved.file,
            unsaved: saved.unsaved,
            page: saved.page,
            view: View { linear: saved.linear, theory: saved.theory, variant: saved.variant },
            folded: saved.folded,
            folder: saved.folder,
            recent: saved.recent,
            aside: experiment(saved.aside),
        }
    }

    /// Hands it to eframe, which writes the file.
    pub fn store(&self, storage: &mut dyn eframe::Storage) {
        // A path that is no Unicode has no text, and would leave the whole session without one.
        let plain = |path: &PathBuf| path.to_str().map(|_| path.clone());
        let saved = Saved {
            page: self.page,
            linear: self.view.linear,
            theory: self.view.theory,
            variant: self.view.variant,
            folded: self.folded,
            folder: self.folder.as_ref().and_then(plain),
            experiment: self.experiment.as_ref().map(Experiment::to_toml),
            file: self.file.as_ref().and_then(plain),
            unsaved: self.unsaved,
            recent: self.recent.iter().filter_map(plain).collect(),
            aside: self.aside.as_ref().map(Experiment::to_toml),
        };
        eframe::set_value(storage, KEY, &saved);
    }

    /// The document of the experiment that was set.
    pub fn document(&self) -> Document {
        let kept = self.experiment.clone().filter(|_| !self.unsaved);
        Document { path: self.file.clone(), kept }
    }

    /// What is to be put aside where this session starts on another experiment: work that is in
    /// no file.
    pub fn aside_for(&self, start: &Experiment) -> Option<Experiment> {
        let unsaved = self.experiment.as_ref().filter(|left| self.unsaved && *left != start);
        unsaved.or(self.aside.as_ref()).cloned()
    }

    /// The last folder if it is still there, else the pictures', home or working folder.
    pub fn usable_folder(&self) -> PathBuf {
        let last = self.folder.clone().filter(|folder| folder.is_dir());
        last.or_else(usual_folder).unwrap_or_else(|| PathBuf::from("."))
    }
}

fn usual_folder() -> Option<PathBuf> {
    let user = directories::UserDirs::new()?;
    let pictures = user.picture_dir().map(Path::to_owned).filter(|folder| folder.is_dir());
    pictures.or_else(|| Some(user.home_dir().to_owned()).filter(|folder| folder.is_dir()))
}
