//! Why a file gives no examples.

use super::npy::{ArrayError, accepted};
use crate::experiment::limits;

/// Why a file gives no examples. The words name no file; whoever shows them does.
#[derive(Debug, thiserror::Error)]
pub enum DataFileError {
    /// The system's words.
    #[error("it cannot be read: {0}.")]
    Read(std::io::Error),
    /// Another ending.
    #[error(
        "its name ends neither in .csv nor in .npz: give comma-separated numbers, or arrays that NumPy saved."
    )]
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
    /// No archive, or a damaged one.
    #[error("it is no archive that NumPy saved: {0}.")]
    Archive(String),
    /// Inputs without targets.
    #[error("it holds {0} array{s}, and takes two: X and y.", s = if *.0 == 1 { "" } else { "s" })]
    OneArray(usize),
    /// One of the arrays.
    #[error("array “{name}”: {error}.")]
    Array {
        /// Which.
        name: String,
        /// What is wrong with it.
        error: ArrayError,
    },
    /// Arrays that do not go together.
    #[error("arrays “{}” and “{}” have {} and {} rows, one for each example.", names[0], names[1], rows[0], rows[1])]
    Rows {
        /// Of the inputs and of the targets.
        names: [String; 2],
        /// Theirs.
        rows: [usize; 2],
    },
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
