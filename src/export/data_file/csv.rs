//! Examples from comma-separated numbers.

use std::fs::File;

use csv::{ByteRecord, ErrorKind, ReaderBuilder};

use super::error::DataFileError;
use crate::experiment::{Examples, limits, shortened};

/// Reads rows of numbers: the last column is the label or target, the others are inputs. A first
/// row that has no number at all is a header.
pub fn read(file: File) -> Result<Examples, DataFileError> {
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
                let text = shortened(&text, 40);
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
