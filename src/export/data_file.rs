//! Examples from a file of numbers.

mod csv;
mod error;
mod npy;
mod npz;

use std::fs::File;
use std::path::Path;

use crate::experiment::Examples;

pub use error::DataFileError;
pub use npy::ArrayError;

/// Reads examples from a .csv file, whose last column is the label or target, or from a .npz file,
/// with the arrays X and y or else its first two.
///
/// # Errors
/// [`DataFileError`], in words that say what to mend.
pub fn read(path: &Path) -> Result<Examples, DataFileError> {
    let ends_in = |ending| path.extension().is_some_and(|own| own.eq_ignore_ascii_case(ending));
    let read = match (ends_in("csv"), ends_in("npz")) {
        (true, _) => csv::read,
        (_, true) => npz::read,
        _ => return Err(DataFileError::Ending),
    };
    let file = File::open(path).map_err(DataFileError::Read)?;
    if path.is_dir() {
        return Err(DataFileError::Read(std::io::ErrorKind::IsADirectory.into()));
    }
    read(file)
}
