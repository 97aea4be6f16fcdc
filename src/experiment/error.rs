//! Why an experiment is refused, in words that say what to do.

use super::limits;

/// Why an experiment could not be read or accepted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ExperimentError {
    /// A key has a value that is not accepted.
    #[error("{key} = {value} is not accepted: it takes {accepted}.")]
    Value {
        /// Where, for example `architecture.depth` or `variant 2, init.gain`.
        key: String,
        /// What stood there.
        value: String,
        /// The accepted range.
        accepted: String,
    },
    /// A key that the format does not have.
    #[error("{key} is not a key of an experiment. Accepted here: {accepted}.")]
    UnknownKey {
        /// The key.
        key: String,
        /// The keys that could stand there.
        accepted: String,
    },
    /// Two settings that do not go together.
    #[error("{0}")]
    Conflict(String),
    /// More than the lab holds in memory.
    #[error(
        "architecture needs {needed} {what}, and the lab accepts at most {most}: lower depth, width or batch{hint}."
    )]
    TooLarge {
        /// Weights or activations.
        what: &'static str,
        /// How many it would take.
        needed: u128,
        /// The limit.
        most: usize,
        /// A size that would do, or nothing.
        hint: String,
    },
    /// Not TOML.
    #[error("This is not a valid experiment file (TOML): {message} at line {line}.")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// The parser's words.
        message: String,
    },
}

impl ExperimentError {
    /// A refused value, with the accepted range from the table of keys.
    pub(super) fn value(key: &str, value: impl std::fmt::Display) -> Self {
        Self::Value {
            key: in_words(key),
            value: shortened(&value.to_string()),
            accepted: limits::accepted(&without_indices(key)).unwrap_or("another value").to_owned(),
        }
    }
}

/// `variant[1].init.gain` as `variant 2, init.gain`: people count from one.
pub(super) fn in_words(path: &str) -> String {
    let Some((list, rest)) = path.split_once('[') else {
        return path.to_owned();
    };
    let Some((index, rest)) = rest.split_once(']') else {
        return path.to_owned();
    };
    let number = index.parse::<usize>().map_or(0, |i| i + 1);
    match rest.strip_prefix('.') {
        Some(rest) => format!("{list} {number}, {rest}"),
        None => format!("{list}{rest} (number {number})"),
    }
}

/// `variant[1].init.gain` as `variant.init.gain`, for the table of keys.
pub(super) fn without_indices(path: &str) -> String {
    let mut plain = String::new();
    let mut inside = false;
    for letter in path.chars() {
        match letter {
            '[' => inside = true,
            ']' => inside = false,
            _ if !inside => plain.push(letter),
            _ => {}
        }
    }
    plain
}

/// At most 60 letters of what a file held, so that a sentence stays a sentence.
fn shortened(text: &str) -> String {
    let line = text.replace(['\n', '\r'], " ");
    if line.chars().count() <= 60 {
        return line;
    }
    let mut short: String = line.chars().take(57).collect();
    short.push('…');
    short
}
