//! How far a long command is, on standard error where that is a terminal.

use std::cell::Cell;
use std::io::{self, IsTerminal as _, Write as _};

/// A line that is written over and over; nothing where nobody watches.
pub(super) struct Progress {
    is_terminal: bool,
    /// The last percentage written.
    shown: Cell<Option<u32>>,
}

impl Progress {
    /// Of standard error.
    pub(super) fn new() -> Self {
        Self { is_terminal: io::stderr().is_terminal(), shown: Cell::new(None) }
    }

    /// Writes the share done, a number from 0 to 1, where the percentage is a new one.
    pub(super) fn report(&self, share: f32) {
        let percent = (100.0 * share.clamp(0.0, 1.0)) as u32;
        if self.is_terminal && self.shown.replace(Some(percent)) != Some(percent) {
            // A terminal that takes no more has nobody in front of it.
            let _ = write!(io::stderr(), "\r{percent:3} %");
        }
    }

    /// Clears the line, for whatever comes next.
    pub(super) fn clear(&self) {
        if self.is_terminal && self.shown.take().is_some() {
            let _ = write!(io::stderr(), "\r     \r");
        }
    }
}
