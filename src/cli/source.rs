//! EXPERIMENT on the command line: a preset's name, a file, or standard input.

use std::path::Path;

use crate::experiment::{Experiment, Preset, short_path};
use crate::export::open;

use super::error::CliError;
use super::output::tell;

/// What EXPERIMENT stands for, in the words of `--help`.
pub const EXPERIMENT_HELP: &str = "A preset's name (see list), a TOML file, a picture that the lab exported, or - for standard input. \
     A preset's name comes before a file of that name; write ./NAME for the file";

/// The experiment that an argument names.
///
/// A preset's name always means the preset, so that a command does the same in every folder;
/// a file of that name is reached as `./NAME`. `-` is standard input.
///
/// # Errors
/// [`CliError::Experiment`] with the argument and what to mend.
pub(super) fn experiment(argument: &Path) -> Result<Experiment, CliError> {
    if let Some(preset) = argument.to_str().and_then(Preset::find) {
        return Ok(preset.experiment());
    }
    let (name, opened) = if argument.as_os_str() == "-" {
        ("standard input".to_owned(), open::from_reader(std::io::stdin().lock()))
    } else {
        (short_path(argument), open::file(argument))
    };
    let opened = opened.map_err(|error| CliError::Experiment { name, error: Box::new(error) })?;
    opened.changed_files().iter().for_each(|changed| tell(&changed.to_string()));
    Ok(opened)
}

/// The variant that an argument names, by its index; the first where there is no argument.
///
/// # Errors
/// [`CliError::Variant`] where none has that name.
pub(super) fn variant(experiment: &Experiment, name: Option<&str>) -> Result<usize, CliError> {
    let Some(name) = name else { return Ok(0) };
    let found = experiment.variants.iter().position(|variant| variant.name == name);
    found.ok_or_else(|| CliError::variant(name, experiment))
}

/// Whether an argument names a file, and no preset or standard input.
pub(super) fn is_file(argument: &Path) -> bool {
    argument.to_str().and_then(Preset::find).is_none() && argument.as_os_str() != "-"
}
