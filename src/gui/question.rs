//! The question before unsaved work goes.

use std::path::PathBuf;

use eframe::egui::{Context, Frame, Id, Key, Modal, Ui};

use crate::experiment::Experiment;

/// What would take the place of unsaved work.
#[derive(Clone, Debug, PartialEq)]
pub enum Leaving {
    /// An experiment that comes with the lab.
    Load(Box<Experiment>),
    /// A file.
    Open(PathBuf),
    /// Nothing: the window closes.
    Close,
}

/// What a person decided in this frame.
pub enum Choice {
    /// Nothing yet.
    Waiting,
    /// Save, and then go on.
    Save,
    /// Go on without.
    Proceed,
    /// Stay.
    Cancel,
}

/// The question, while it is open.
pub struct Question {
    /// What is to be done after it.
    pub then: Leaving,
    /// The document's name.
    name: String,
    /// Whether it has just been asked, so that its first answer takes the keyboard.
    fresh: bool,
}

impl Question {
    /// Asks about the document of this name.
    pub fn new(then: Leaving, name: String) -> Self {
        Self { then, name, fresh: true }
    }

    /// Shows it over the window, which takes no input meanwhile.
    pub fn show(&mut self, context: &Context) -> Choice {
        let frame = Frame::popup(&context.global_style()).inner_margin(14);
        let modal = Modal::new(Id::unique("unsaved changes")).frame(frame).show(context, |ui| {
            ui.set_max_width(400.0);
            self.contents(ui)
        });
        if modal.should_close() { Choice::Cancel } else { modal.inner }
    }

    fn contents(&mut self, ui: &mut Ui) -> Choice {
        let closes = self.then == Leaving::Close;
        ui.heading("Unsaved changes");
        ui.add_space(4.0);
        let rest = if closes {
            "The next start opens on them, but no file has them."
        } else {
            "Until the lab is closed, Undo brings them back."
        };
        ui.label(format!("“{}” has changes that are in no file. {rest}", self.name));
        ui.add_space(10.0);
        let mut choice = Choice::Waiting;
        ui.horizontal(|ui| {
            let save = ui.button("Save");
            if std::mem::take(&mut self.fresh) {
                save.request_focus();
            }
            if save.clicked() {
                choice = Choice::Save;
            }
            if ui
                .button(if closes { "Close without saving" } else { "Go on without saving" })
                .clicked()
            {
                choice = Choice::Proceed;
            }
            if ui.button("Stay").clicked() || ui.input(|i| i.key_pressed(Key::Escape)) {
                choice = Choice::Cancel;
            }
        });
        choice
    }
}
