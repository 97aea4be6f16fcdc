//! Examples from NumPy's archives of arrays.
//!
//! An archive is read from its begin on, file by file: its list at the end, which may promise any number
//! of files, is not asked.

use std::fs::File;
use std::io::{BufReader, Seek as _};

use zip::read::{ZipFile, read_zipfile_from_stream};

use super::error::DataFileError;
use super::npy;
use crate::experiment::{Examples, limits, shortened};

/// Arrays of which the names are looked at.
const MOST_ARRAYS: usize = 1000;
/// Letters of a name that a sentence shows.
const SHOWN: usize = 40;

/// Reads the arrays `X` and `y`, in either case, or else the first two: inputs, a row for each
/// example, and a label or target for each.
pub fn read(file: File) -> Result<Examples, DataFileError> {
    let mut from = BufReader::new(file);
    let mut names = Vec::new();
    while names.len() < MOST_ARRAYS
        && let Some(file) = next(&mut from)?
    {
        names.push(file.name().trim_end_matches(".npy").to_owned());
    }
    let place = |of: &str| names.iter().position(|name| name.eq_ignore_ascii_case(of));
    let [x_place, y_place] = match (place("X"), place("y")) {
        (Some(x), Some(y)) => [x, y],
        _ if names.len() < 2 => return Err(DataFileError::OneArray(names.len())),
        _ => [0, 1],
    };
    let shown = |place: usize| shortened(&names[place], SHOWN);
    let mut array = |place: usize, most_columns: usize| {
        from.rewind().map_err(DataFileError::Read)?;
        for _ in 0..place {
            next(&mut from)?;
        }
        let file = next(&mut from)?.ok_or(DataFileError::OneArray(place))?;
        let rows = npy::read(file).and_then(|rows| rows.checked(most_columns));
        rows.map_err(|error| DataFileError::Array { name: shown(place), error })
    };
    let x = array(x_place, *limits::WIDTH.end())?;
    let y = array(y_place, 1)?;
    if x.rows != y.rows {
        return Err(DataFileError::Rows {
            names: [x_place, y_place].map(shown),
            rows: [x.rows, y.rows],
        });
    }
    if x.numbers.len() + y.numbers.len() > limits::FILE_NUMBERS {
        return Err(DataFileError::TooMany);
    }
    Ok(Examples { inputs: x.columns, x: x.numbers, targets: y.numbers })
}

/// The next file of the archive; after it, what it has left is skipped.
fn next(from: &mut BufReader<File>) -> Result<Option<ZipFile<'_, BufReader<File>>>, DataFileError> {
    read_zipfile_from_stream(from).map_err(|error| DataFileError::Archive(error.to_string()))
}
