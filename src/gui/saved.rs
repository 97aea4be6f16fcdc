//! What a session leaves for the next: the way of looking, the folder, the experiment.

use std::path::{Path, PathBuf};

use eframe::egui::ThemePreference;
use serde::{Deserialize, Serialize};

use crate::experiment::Experiment;

use super::lab::Lab;
use super::page::Page;

/// The key under which eframe keeps it.
pub const KEY: &str = "gradient-lab";

/// Plain data, validated when it is read: a file of an older or a broken session must not
/// keep the lab from starting.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    /// The page that was open.
    pub page: Page,
    /// Whether bars stood on a linear axis.
    pub linear: bool,
    /// The folder of the last file.
    folder: Option<PathBuf>,
    /// The last experiment, as its file's text.
    experiment: Option<String>,
}

impl Saved {
    /// The last session's, or the defaults.
    pub fn load(storage: Option<&dyn eframe::Storage>) -> Self {
        storage.and_then(|storage| eframe::get_value(storage, KEY)).unwrap_or_default()
    }

    /// Why this text of a session cannot be taken, as a sentence; `None` if it can.
    pub fn refused(text: &str) -> Option<&'static str> {
        let Ok(saved) = ron::from_str::<Self>(text) else {
            return Some(
                "The saved page and experiment could not be read, so the lab starts anew.",
            );
        };
        let experiment = saved.experiment.map(|text| Experiment::from_toml(&text));
        matches!(experiment, Some(Err(_)))
            .then_some("The saved experiment is not valid, so the lab starts anew.")
    }

    /// The present session's.
    pub fn of(lab: &Lab, page: Page, folder: &Path) -> Self {
        Self {
            page,
            linear: lab.view.linear,
            folder: Some(folder.to_owned()),
            experiment: Some(lab.experiment.to_toml()),
        }
    }

    /// Hands it to eframe, which writes the file.
    pub fn store(&self, storage: &mut dyn eframe::Storage) {
        eframe::set_value(storage, KEY, self);
    }

    /// Follows the system until a person chooses; egui's own memory keeps the choice.
    pub fn theme(&self) -> ThemePreference {
        ThemePreference::System
    }

    /// The last folder if it is still there, else the pictures', home or working folder.
    pub fn folder(&self) -> PathBuf {
        let last = self.folder.clone().filter(|folder| folder.is_dir());
        last.or_else(usual_folder).unwrap_or_else(|| PathBuf::from("."))
    }

    /// The last experiment, if it is still valid and is not where every session begins.
    pub fn experiment(&self) -> Option<Experiment> {
        let experiment = Experiment::from_toml(self.experiment.as_deref()?).ok()?;
        (experiment != Experiment::default()).then_some(experiment)
    }
}

fn usual_folder() -> Option<PathBuf> {
    let user = directories::UserDirs::new()?;
    let pictures = user.picture_dir().map(Path::to_owned).filter(|folder| folder.is_dir());
    pictures.or_else(|| Some(user.home_dir().to_owned()).filter(|folder| folder.is_dir()))
}
