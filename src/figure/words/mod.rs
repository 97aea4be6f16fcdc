//! Sentences: each is made of one typed finding, and nothing else makes one.

pub mod flow;
pub mod why;

use std::ops::RangeInclusive;

/// `layer 3`, `layers 3–7`.
fn layers(range: &RangeInclusive<usize>) -> String {
    match (range.start(), range.end()) {
        (first, last) if first == last => format!("layer {first}"),
        (first, last) => format!("layers {first}–{last}"),
    }
}

/// `1 step`, `7 steps`.
fn steps(count: usize) -> String {
    if count == 1 { "1 step".to_owned() } else { format!("{count} steps") }
}
