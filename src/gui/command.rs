//! What a person asked for during a frame; applied once at its end.

use std::path::PathBuf;
use std::sync::Arc;

use eframe::egui::Context;

use crate::experiment::Experiment;
use crate::export::table::Numbers;
use crate::figure::{Figure, FigureId, View};

use super::page::Page;
use super::run_by_hand::Shown;

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Another experiment in place of the present one.
    Set(Box<Experiment>),
    /// An experiment that comes with the lab, as a document of its own.
    Load(Box<Experiment>),
    /// The chapter's experiment, as a document of its own.
    New,
    /// Another look at the same result.
    Look(View),
    /// Another page.
    Go(Page),
    /// The reasons for a layer's δ, of the variant looked at or another one.
    Explain {
        /// From 1.
        layer: usize,
        /// From 0.
        variant: Option<usize>,
    },
    /// A cell (x, y) of the sweep's map: mark it, or where it is marked, load it.
    Cell(usize, usize),
    /// One step back.
    Undo,
    /// One step forward.
    Redo,
    /// The next seed.
    NewDraw,
    /// Stop what the worker does.
    Cancel,
    /// Compute what was cancelled.
    ComputeAgain,
    /// Compute the present setting, although it takes much memory or time.
    ComputeLarge,
    /// The window that opens an experiment.
    AskOpen,
    /// Save the experiment to its file, or ask for one.
    Save,
    /// The window that saves the experiment to another file.
    SaveAs,
    /// The window that exports this figure as a picture.
    AskPicture(Arc<Figure>),
    /// The window that exports these numbers as CSV or JSON.
    AskTable(Numbers),
    /// This figure onto the clipboard.
    Copy(Arc<Figure>),
    /// This text onto the clipboard.
    CopyText(String),
    /// A step of the worked example onto the clipboard, as a picture.
    CopyStep(Arc<Shown>),
    /// The window that exports the present draw's sheet as a picture.
    AskSheetPicture,
    /// The window that exports the numbers of the present draw's sheet.
    AskSheetTable,
    /// The present draw's sheet onto the clipboard.
    CopySheet,
    /// Open this file.
    Open(PathBuf),
    /// The unsaved work of a session before this one.
    Reopen,
    /// The end.
    Quit,
    /// This figure fills the window, or the page's first one; where one does, the page again.
    Alone(Option<FigureId>),
    /// The panels beside what a page shows go, or come back.
    FoldPanels,
    /// The window takes the whole screen, or gives it back.
    FullScreen,
    /// The list of keys.
    ShowKeys,
    /// The card with three ways in.
    ShowWelcome,
}

impl Command {
    /// Another experiment in place of the present one.
    pub fn set(experiment: Experiment) -> Self {
        Self::Set(Box::new(experiment))
    }

    /// An experiment that comes with the lab, as a document of its own.
    pub fn load(experiment: Experiment) -> Self {
        Self::Load(Box::new(experiment))
    }

    /// To open a file that was dropped on the window, where one was.
    pub fn open_dropped(context: &Context) -> Option<Self> {
        let path = context.input(|i| i.raw.dropped_files.first().map(|f| f.path().to_owned()));
        path.map(Self::Open)
    }

    /// Whether what is set may be another afterwards.
    pub fn changes_the_experiment(&self) -> bool {
        use Command::{Load, New, NewDraw, Open, Redo, Reopen, Set, Undo};
        matches!(self, Set(_) | Load(_) | New | Undo | Redo | NewDraw | Open(_) | Reopen)
    }
}

/// The requests of one frame.
pub type Commands = Vec<Command>;
