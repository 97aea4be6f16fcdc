//! Mutations of everything that the lab reads, and kills while it writes.
//!
//! About half a minute as it is. `FUZZ_SECONDS=7200 cargo test --test fuzz` goes on for hours,
//! `KILLS=500` kills as often, and `FUZZ_SEED=7` takes other mutations. A failing file stays in
//! the build's folder for tests, and so do the counts (`target/tmp/fuzz`).
#![cfg(unix)]

mod binary;
mod corpus;
#[path = "../helpers/mod.rs"]
mod helpers;
mod kills;
mod mutate;
mod parsing;
mod states;

use std::time::{Duration, Instant};

/// A number from the environment, or the usual one.
fn setting(name: &str, usual: f64) -> f64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} takes a number: {text}")),
        Err(_) => usual,
    }
}

/// From where the mutations are drawn.
fn seed() -> u64 {
    setting("FUZZ_SEED", 0.0) as u64
}

/// A share of the time for mutations.
struct Clock(Instant);

impl Clock {
    fn start(share: f64) -> Self {
        Self(Instant::now() + Duration::from_secs_f64(share * setting("FUZZ_SECONDS", 20.0)))
    }

    fn goes_on(&self) -> bool {
        Instant::now() < self.0
    }
}

#[test]
fn faulty_sentences_are_found() {
    use helpers::process::fault;
    let long = "x".repeat(400) + ".";
    for faulty in ["No end", "Two..", "Joined.: badly.", "\u{1b}[31m.", "\u{202e}.", &long] {
        assert!(fault(faulty).is_some(), "{faulty:?}");
    }
    assert_eq!(fault("line 1 is not valid TOML: no digits (“0.: 1”)."), None);
}
