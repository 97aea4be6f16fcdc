//! Sentences: each is made of one typed finding, and nothing else makes one.

pub mod check;
pub mod ensemble;
pub mod flow;
pub mod precision;
pub mod rate_test;
pub mod remedies;
pub mod spread;
pub mod sweep;
pub mod theory;
pub mod training;
pub mod why;
pub mod zero;

use std::ops::RangeInclusive;

/// `layer 3`, `layers 3–7`.
fn layers(range: &RangeInclusive<usize>) -> String {
    match (range.start(), range.end()) {
        (first, last) if first == last => format!("layer {first}"),
        (first, last) => format!("layers {first}–{last}"),
    }
}

/// More ranges than this are counted and not named.
const MOST_RANGES: usize = 4;

/// `layer 3`, `layers 3–7, 9 and 12–14`, `layers 3–7, 9, 12–14, 20 and 31 other ranges`.
fn ranges(all: &[&RangeInclusive<usize>]) -> String {
    if let [range] = all {
        return layers(range);
    }
    let short = |range: &&RangeInclusive<usize>| match (range.start(), range.end()) {
        (first, last) if first == last => first.to_string(),
        (first, last) => format!("{first}–{last}"),
    };
    let mut named: Vec<String> = all.iter().take(MOST_RANGES).map(short).collect();
    let last = match all.len().saturating_sub(MOST_RANGES) {
        0 => named.pop().unwrap_or_default(),
        1 => "1 other range".to_owned(),
        rest => format!("{rest} other ranges"),
    };
    format!("layers {} and {last}", named.join(", "))
}

/// [`ranges`] of layers in ascending order.
fn numbered(all: &[usize]) -> String {
    let runs: Vec<_> =
        all.chunk_by(|a, b| a + 1 == *b).map(|run| run[0]..=run[run.len() - 1]).collect();
    ranges(&runs.iter().collect::<Vec<_>>())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_named_or_counted() {
        let all: Vec<RangeInclusive<usize>> =
            vec![3..=7, 9..=9, 12..=14, 20..=20, 25..=26, 30..=30];
        let said = |count: usize| ranges(&all.iter().take(count).collect::<Vec<_>>());
        assert_eq!(said(1), "layers 3–7");
        assert_eq!(said(3), "layers 3–7, 9 and 12–14");
        assert_eq!(said(4), "layers 3–7, 9, 12–14 and 20");
        assert_eq!(said(5), "layers 3–7, 9, 12–14, 20 and 1 other range");
        assert_eq!(said(6), "layers 3–7, 9, 12–14, 20 and 2 other ranges");
        assert_eq!(numbered(&[2]), "layer 2");
        assert_eq!(numbered(&[2, 3, 4, 7]), "layers 2–4 and 7");
    }
}
