//! Examples from a CSV file.

use std::fs::File;
use std::path::Path;

use csv::{ByteRecord, ErrorKind, ReaderBuilder};

use crate::experiment::{Examples, limits};

/// Why a file gives no examples. The words name no file; whoever shows them does.
#[derive(Debug, thiserror::Error)]
pub enum DataFileError {
    /// The system's words.
    #[error("it cannot be read: {0}.")]
    Read(std::io::Error),
    /// Another ending.
    #[error("its name does not end in .csv: give a file of comma-separated numbers.")]
    Ending,
    /// A row that is shorter or longer than the first.
    #[error("line {line} has {found} columns, and the first has {expected}.")]
    Ragged {
        /// From 1.
        line: u64,
        /// Columns of this one.
        found: u64,
        /// Columns of the first.
        expected: u64,
    },
    /// Inputs and a target do not fit in.
    #[error("it has {0} column, and takes at least one of inputs and one of labels or targets.")]
    OneColumn(usize),
    /// More inputs than a network has.
    #[error("it has {0} columns, and the lab takes at most {most}.", most = limits::WIDTH.end() + 1)]
    TooWide(usize),
    /// More than is held in memory.
    #[error(
        "it has more than {} numbers, which is the most that the lab takes.",
        limits::FILE_NUMBERS
    )]
    TooMany,
    /// No rows, or a header alone.
    #[error("it has no row of numbers.")]
    Empty,
    /// Text, nothing, NaN, or a number that is too large.
    #[error("“{text}” in line {line}, column {column} is not accepted: it takes {accepted}.", accepted = accepted())]
    Number {
        /// What stands there.
        text: String,
        /// From 1.
        line: u64,
        /// From 1.
        column: usize,
    },
}

fn accepted() -> String {
    format!("a number from {:e} to {:e}", limits::VALUE.start(), limits::VALUE.end())
}

/// Reads rows of numbers: the last column is the label or target, the others are inputs. A first
/// row that has no number at all is a header.
///
/// # Errors
/// [`DataFileError`], in words that say what to mend.
pub fn read(path: &Path) -> Result<Examples, DataFileError> {
    let is_csv = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
    if !is_csv {
        return Err(DataFileError::Ending);
    }
    let file = File::open(path).map_err(DataFileError::Read)?;
    if path.is_dir() {
        return Err(DataFileError::Read(std::io::ErrorKind::IsADirectory.into()));
    }
    let mut reader = ReaderBuilder::new().has_headers(false).from_reader(file);
    let (mut row, mut examples) = (ByteRecord::new(), None::<Examples>);
    let mut is_first = true;
    while reader.read_byte_record(&mut row).map_err(explain)? {
        let columns = row.len();
        let line = row.position().map_or(1, csv::Position::line);
        let numbers: Vec<Option<f64>> = row.iter().map(number).collect();
        if std::mem::take(&mut is_first) {
            match columns {
                0 | 1 => return Err(DataFileError::OneColumn(columns)),
                _ if columns > limits::WIDTH.end() + 1 => {
                    return Err(DataFileError::TooWide(columns));
                }
                _ => {}
            }
            if numbers.iter().all(Option::is_none) {
                continue;
            }
        }
        let blank = Examples { inputs: columns - 1, x: Vec::new(), targets: Vec::new() };
        let examples = examples.get_or_insert(blank);
        for (column, number) in numbers.into_iter().enumerate() {
            let Some(number) = number.filter(|number| limits::VALUE.contains(number)) else {
                let text = String::from_utf8_lossy(&row[column]);
                let text = crate::experiment::shortened(&text, 40);
                return Err(DataFileError::Number { text, line, column: column + 1 });
            };
            if column + 1 < columns {
                examples.x.push(number);
            } else {
                examples.targets.push(number);
            }
        }
        if examples.x.len() + examples.targets.len() > limits::FILE_NUMBERS {
            return Err(DataFileError::TooMany);
        }
    }
    examples.ok_or(DataFileError::Empty)
}

fn number(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.trim().parse().ok()
}

fn explain(error: csv::Error) -> DataFileError {
    match error.into_kind() {
        ErrorKind::Io(error) => DataFileError::Read(error),
        ErrorKind::UnequalLengths { pos, expected_len, len } => DataFileError::Ragged {
            line: pos.map_or(0, |pos| pos.line()),
            found: len,
            expected: expected_len,
        },
        other => DataFileError::Read(std::io::Error::other(format!("{other:?}"))),
    }
}
