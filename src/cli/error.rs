//! What can go wrong on the command line, and which exit code says so.

use std::path::PathBuf;

use crate::experiment::{Experiment, short_path};
use crate::export::atomic::WriteError;
use crate::export::checkpoint::ResumeError;
use crate::export::open::OpenError;
use crate::export::picture::PictureError;
use crate::export::pytorch::SnippetError;
use crate::export::table::TableId;
use crate::export::weights::WeightsError;
use crate::figure::FigureId;
use crate::gui::WindowError;
use crate::study::{EnsembleError, RemediesError, StepsError, Stopped, SweepError};

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// EXPERIMENT gives no experiment.
    #[error("{name}: {error}")]
    Experiment {
        /// What was given: a path, a preset's name, or standard input.
        name: String,
        /// Why it is refused.
        error: Box<OpenError>,
    },
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// What would be written to is what is read.
    #[error("“{}” is read by this command, which would replace it; write to another file.", short_path(.0))]
    Overwrites(PathBuf),
    /// Two things for one stream.
    #[error(
        "The weights and the records cannot both go to standard output; write the weights to a file."
    )]
    TwoOutputs,
    /// Neither the path nor an argument says what kind of picture is wanted.
    #[error(
        "“{}” does not say what kind of picture it is: let it end in .png, .svg or .pdf, or add --format.",
        short_path(.0)
    )]
    Ending(PathBuf),
    /// Neither the path nor an argument says in which form numbers are wanted.
    #[error(
        "“{}” does not say what form the numbers have: let it end in .csv or .json, or add --format.",
        short_path(.0)
    )]
    TableEnding(PathBuf),
    /// No table has that name.
    #[error("--figure “{0}” has no table. Choose one of {names}.", names = table_names())]
    Table(String),
    /// The example cannot be run by hand.
    #[error("{0}")]
    Steps(#[from] StepsError),
    /// The weights could not be made.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// There is no ensemble of that kind.
    #[error("There is no such ensemble: {0}.")]
    Ensemble(#[from] EnsembleError),
    /// No variant has a theory.
    #[error("No variant of this experiment has a theory. {0}")]
    Theory(String),
    /// There is no training.
    #[error("There is no training: {0}")]
    Training(#[from] Stopped),
    /// A training cannot go on from a file.
    #[error("--resume {name}: {error}")]
    Resume {
        /// The file.
        name: String,
        /// Why not.
        error: ResumeError,
    },
    /// Standard output takes no more.
    #[error("Standard output could not be written: {0}.")]
    Print(std::io::Error),
    /// No figure has that name.
    #[error("--figure “{0}” is no figure of the lab. Choose one of {names}.", names = figure_names())]
    Figure(String),
    /// The experiment has no variant of that name.
    #[error("--variant “{name}” is none of the experiment's. Choose one of {known}.")]
    Variant {
        /// What was given.
        name: String,
        /// What there is.
        known: String,
    },
    /// The sweep cannot be measured.
    #[error("{0}.")]
    Sweep(#[from] SweepError),
    /// There are no remedies.
    #[error("There is no such table: {0}.")]
    Remedies(#[from] RemediesError),
    /// No remedy of that name, or none that cures.
    #[error("{}. Choose one by --take: {known}.", no_remedy(.name.as_deref()))]
    Remedy {
        /// What was given.
        name: Option<String>,
        /// What there is.
        known: String,
    },
    /// The variant has no snippet.
    #[error("There is no such snippet: {0}.")]
    Snippet(#[from] SnippetError),
    /// A part of a sweep cannot be read.
    #[error("{name}: {reason}.")]
    Part {
        /// The file.
        name: String,
        /// Why not.
        reason: String,
    },
    /// What is asked is not emulated in a narrow format.
    #[error(
        "precision = \"{0}\" is emulated for one seed: run it, or render norms, strips, units or sheet. For {1} set \"f64\" or \"f32\"."
    )]
    Emulated(&'static str, &'static str),
    /// Parts that leave a hole.
    #[error("Cells that no part has measured: {0}. Join all parts of the sweep.")]
    MissingCells(usize),
    /// The picture could not be painted.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// The window could not be opened.
    #[error(transparent)]
    Window(#[from] WindowError),
}

/// What the user must mend.
const MEND: u8 = 2;
/// What failed though nothing was wrong with the question.
const FAILED: u8 = 1;

impl CliError {
    /// No variant of that name.
    pub(super) fn variant(name: &str, experiment: &Experiment) -> Self {
        let known: Vec<&str> = experiment.variants.iter().map(|v| v.name.as_str()).collect();
        Self::Variant { name: name.to_owned(), known: known.join(", ") }
    }

    /// Refuses what is not emulated in a narrow format.
    pub(super) fn refuse_emulated(experiment: &Experiment, what: &'static str) -> Result<(), Self> {
        let precision = experiment.architecture.precision;
        if precision.is_emulated() { Err(Self::Emulated(precision.id(), what)) } else { Ok(()) }
    }

    /// 2 for what the user must mend, 1 for what failed.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Experiment { error, .. } if matches!(**error, OpenError::Failed(_)) => FAILED,
            Self::Experiment { .. } => MEND,
            Self::Write(error) if error.is_failure() => FAILED,
            Self::Write(_) | Self::Overwrites(_) | Self::TwoOutputs | Self::Ending(_) => MEND,
            Self::Figure(_) | Self::Table(_) | Self::TableEnding(_) | Self::Steps(_) => MEND,
            Self::Picture(PictureError::Paint(_) | PictureError::TooSmall { .. }) => MEND,
            Self::Ensemble(EnsembleError::Stopped(_)) => FAILED,
            Self::Ensemble(_) | Self::Theory(_) => MEND,
            Self::Sweep(SweepError::Stopped(_)) => FAILED,
            Self::Sweep(_) | Self::Variant { .. } | Self::Part { .. } => MEND,
            Self::Training(_) => FAILED,
            Self::Resume { .. } => MEND,
            Self::Remedies(RemediesError::Stopped(_)) => FAILED,
            Self::Remedies(_) | Self::Remedy { .. } | Self::Snippet(_) => MEND,
            Self::MissingCells(_) | Self::Emulated(..) => MEND,
            Self::Weights(_) | Self::Print(_) | Self::Picture(_) | Self::Window(_) => FAILED,
        }
    }
}

fn no_remedy(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("--take “{name}” is no remedy that was tried"),
        None => "None of the remedies cures on so many seeds".to_owned(),
    }
}

fn figure_names() -> String {
    FigureId::ALL.map(FigureId::id).join(", ")
}

fn table_names() -> String {
    TableId::all().map(TableId::id).collect::<Vec<_>>().join(", ")
}
