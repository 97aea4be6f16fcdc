//! What commands print, and in which form.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};

use clap::ValueEnum;

use crate::experiment::visible;
use crate::export::atomic;

use super::error::CliError;

#[derive(Clone, Copy, ValueEnum)]
pub enum Format {
    /// One object, each norm with its log10
    Json,
    /// One row for each layer of each variant
    Csv,
}

/// A sentence on standard error. What comes from files in it can move no cursor.
pub fn tell(sentence: &str) {
    // A closed terminal cannot be told that it is closed.
    let _ = writeln!(io::stderr(), "gradient-lab: {}", visible(sentence));
}

/// Hands standard output over, buffered. Whoever reads it may stop reading when they have
/// seen enough, as `head` does: that is no failure.
pub fn print(write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<(), CliError> {
    let mut out = BufWriter::new(atomic::standard_output().map_err(CliError::Print)?);
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::Print(error)),
        _ => Ok(()),
    }
}
