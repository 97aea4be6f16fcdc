//! Sentences: each is made of one typed finding, and nothing else makes one.

pub mod check;
pub mod ensemble;
pub mod flow;
pub mod precision;
pub mod spread;
pub mod sweep;
pub mod theory;
pub mod why;

use std::ops::RangeInclusive;

/// `layer 3`, `layers 3–7`.
fn layers(range: &RangeInclusive<usize>) -> String {
    match (range.start(), range.end()) {
        (first, last) if first == last => format!("layer {first}"),
        (first, last) => format!("layers {first}–{last}"),
    }
}

/// What a unit is called whose slope is 0 in every one of the examples: one example alone cannot
/// show that a unit is dead.
pub fn without_slope(examples: usize) -> &'static str {
    if examples == 1 { "inactive" } else { "dead" }
}

fn capitalized(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `1 step`, `7 steps`.
fn steps(count: usize) -> String {
    if count == 1 { "1 step".to_owned() } else { format!("{count} steps") }
}
