//! Why an experiment is refused, in words that say what to do.

use super::limits;
use super::text::shortened;

/// Letters of a key or a value that a sentence shows.
pub(super) const SHOWN: usize = 60;

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
    /// A list that is too long, too short or empty.
    #[error("{key} has {found}: it takes {accepted}.")]
    Shape {
        /// Where.
        key: String,
        /// What it has, for example `a list of 2 numbers where 10 belong`.
        found: String,
        /// What it takes.
        accepted: String,
    },
    /// A key that must stand beside another.
    #[error("{key} is missing: it takes {accepted}.")]
    Missing {
        /// Where.
        key: String,
        /// What it takes.
        accepted: String,
    },
    /// A key that the format does not have.
    #[error("{key} is not a key of an experiment: accepted here are {accepted}{hint}.")]
    UnknownKey {
        /// The key.
        key: String,
        /// The keys that could stand there.
        accepted: String,
        /// Where a key of that name belongs, or nothing.
        hint: String,
    },
    /// Two settings that do not go together.
    #[error("{0}")]
    Conflict(String),
    /// More than the lab holds in memory.
    #[error("architecture needs {needed} {what}, and the lab accepts at most {most}: {advice}.")]
    TooLarge {
        /// Weights or activations.
        what: &'static str,
        /// How many it would take.
        needed: u128,
        /// The limit.
        most: usize,
        /// What to lower, and how far.
        advice: String,
    },
    /// Not TOML.
    #[error("line {line} is not valid TOML: {message}{near}.")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// The line's text in parentheses, or nothing where it is empty.
        near: String,
        /// The parser's words.
        message: String,
    },
}

impl ExperimentError {
    /// A refused value, with the accepted range from the table of keys.
    pub(super) fn value(key: &str, value: impl std::fmt::Display) -> Self {
        Self::value_of(key, value, accepted(key))
    }

    /// A refused value, with what is accepted at that place.
    pub(super) fn value_of(key: &str, value: impl std::fmt::Display, accepted: String) -> Self {
        let text = value.to_string();
        let value = match text.parse::<f64>() {
            // 1e308 and 5e-324 have more than three hundred digits.
            Ok(number) if text.len() > 20 => format!("{number:e}"),
            _ => shortened(&text, SHOWN),
        };
        Self::Value { key: in_words(key), value, accepted }
    }

    /// A refused text, in quotes.
    pub(super) fn text(key: &str, text: &str) -> Self {
        Self::value(key, format_args!("\"{text}\""))
    }

    /// A list of the wrong length, with what the key takes.
    pub(super) fn shape(key: &str, found: String) -> Self {
        Self::Shape { key: in_words(key), found, accepted: accepted(key) }
    }

    /// A key that is not there, with what it takes.
    pub(super) fn missing(key: &str) -> Self {
        Self::Missing { key: in_words(key), accepted: accepted(key) }
    }
}

/// What a key takes, from the table of keys.
fn accepted(path: &str) -> String {
    let key = limits::accepted(&without_indices(path));
    key.map_or_else(|| "another value".to_owned(), |key| key.words.clone())
}

/// `variant[1].init.gain` as `variant 2, init.gain` and `data.x[0][9]` as
/// `data.x (example 1, number 10)`: people count from one.
pub(super) fn in_words(path: &str) -> String {
    let (prefix, rest) = match path.strip_prefix("variant[").and_then(|rest| rest.split_once(']')) {
        Some((index, rest)) => (format!("variant {}", from_one(index)), rest),
        None => (String::new(), path),
    };
    let exception = rest.strip_prefix(".layer[").and_then(|rest| rest.split_once(']'));
    let (prefix, rest) = match exception {
        Some((index, rest)) => (format!("{prefix}, exception {}", from_one(index)), rest),
        None => (prefix, rest),
    };
    let (key, indices) = rest.split_once('[').unwrap_or((rest, ""));
    let key = match key.strip_prefix('.') {
        Some(key) => format!("{prefix}, {key}"),
        None => prefix + key,
    };
    let indices: Vec<&str> = indices.split(['[', ']']).filter(|part| !part.is_empty()).collect();
    if indices.is_empty() {
        return key;
    }
    let names: &[&str] = match key.rsplit([' ', '.']).next() {
        Some("weights") => &["layer", "row", "number"],
        Some("norm") => &["table"],
        Some("biases") => &["layer", "number"],
        Some("x" | "y") => &["example", "number"],
        _ => &["number"],
    };
    let place = |(name, index): (&&str, &&str)| format!("{name} {}", from_one(index));
    let places: Vec<String> = names.iter().zip(&indices).map(place).collect();
    format!("{key} ({})", places.join(", "))
}

fn from_one(index: &str) -> usize {
    index.parse::<usize>().map_or(0, |index| index + 1)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_from_one() {
        for (path, words) in [
            ("architecture.depth", "architecture.depth"),
            ("variant[1]", "variant 2"),
            ("variant[1].init.gain", "variant 2, init.gain"),
            ("variant[1].layer[0]", "variant 2, exception 1"),
            ("variant[1].layer[0].bias.std", "variant 2, exception 1, bias.std"),
            ("architecture.hidden[2]", "architecture.hidden (number 3)"),
            ("data.x[0]", "data.x (example 1)"),
            ("data.x[0][9]", "data.x (example 1, number 10)"),
            ("variant[0].biases[1][2]", "variant 1, biases (layer 2, number 3)"),
            ("variant[0].weights[1][2][3]", "variant 1, weights (layer 2, row 3, number 4)"),
        ] {
            assert_eq!(in_words(path), words);
        }
    }
}
