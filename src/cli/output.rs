//! What commands print, and in which form.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use clap::ValueEnum;

use crate::experiment::{Preset, visible};
use crate::export::atomic::{self, Destination};

use super::error::CliError;

#[derive(Clone, Copy, ValueEnum)]
pub enum Format {
    /// One object, each number with its log10 where it may be out of range
    Json,
    /// A header and rows
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

/// The path that an argument for output means: `-` is standard output, as it is standard input
/// among the arguments for input.
pub fn output_path(argument: &Path) -> &Path {
    if argument.as_os_str() == "-" { Path::new("/dev/stdout") } else { argument }
}

/// Makes ready what a command writes to, which is none of the files that it reads.
///
/// # Errors
/// [`CliError::Overwrites`] where it is one of them, and [`CliError::Write`].
pub fn destination<'a>(
    path: &Path,
    inputs: impl IntoIterator<Item = &'a Path>,
) -> Result<Destination, CliError> {
    let path = output_path(path);
    // A stream that is read and one that is written are not replaced.
    let file = |path: &Path| path.canonicalize().ok().filter(|path| path.is_file());
    let target = file(path);
    let is_preset = |input: &Path| input.to_str().and_then(Preset::find).is_some();
    let mut files = inputs.into_iter().filter(|input| !is_preset(input)).filter_map(file);
    if target.is_some() && files.any(|input| Some(input) == target) {
        return Err(CliError::Overwrites(path.to_owned()));
    }
    Ok(Destination::open(path)?)
}
