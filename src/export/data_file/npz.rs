//! Examples from NumPy's archives of arrays.

use std::fs::File;
use std::io::BufReader;

use zip::ZipArchive;
use zip::result::ZipError;

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
    if file.metadata().map_err(DataFileError::Read)?.len() > limits::ARCHIVE_BYTES {
        return Err(DataFileError::TooLarge);
    }
    let broken = |error: ZipError| DataFileError::Archive(error.to_string());
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    let name = |name: &[u8]| String::from_utf8_lossy(name).trim_end_matches(".npy").to_owned();
    let names: Vec<String> = archive.file_names_raw().take(MOST_ARRAYS).map(name).collect();
    let place = |of: &str| names.iter().position(|name| name.eq_ignore_ascii_case(of));
    let [x_place, y_place] = match (place("X"), place("y")) {
        (Some(x), Some(y)) => [x, y],
        _ if names.len() < 2 => return Err(DataFileError::OneArray(names.len())),
        _ => [0, 1],
    };
    let mut array = |place: usize, most_columns: usize| {
        let file = archive.by_index(place).map_err(broken)?;
        let rows = npy::read(file).and_then(|rows| rows.checked(most_columns));
        let name = || shortened(&names[place], SHOWN);
        rows.map_err(|error| DataFileError::Array { name: name(), error })
    };
    let x = array(x_place, *limits::WIDTH.end())?;
    let y = array(y_place, 1)?;
    if x.rows != y.rows {
        let names = [x_place, y_place].map(|place| shortened(&names[place], SHOWN));
        return Err(DataFileError::Rows { names, rows: [x.rows, y.rows] });
    }
    if x.numbers.len() + y.numbers.len() > limits::FILE_NUMBERS {
        return Err(DataFileError::TooMany);
    }
    Ok(Examples { inputs: x.columns, x: x.numbers, targets: y.numbers })
}
