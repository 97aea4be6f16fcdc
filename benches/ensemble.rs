//! What a user waits for: an ensemble of 100 × 256 networks, by both engines in one run.
//!
//! `cargo bench --bench ensemble [-- DIRECT_SEEDS]` prints seconds for 1,000 seeds, seeds per
//! second and the ratio. The direct engine takes 40 seeds unless told otherwise, since each
//! costs the same.
#![expect(clippy::print_stdout, reason = "a benchmark's result is what it prints")]

use std::time::Instant;

use gradient_lab::experiment::{Activation, Architecture, Draws, Experiment, Variant};
use gradient_lab::study::{Engine, EnsembleSettings, TaskContext, ensemble};

const EXACT_SEEDS: u32 = 1000;
const DIRECT_SEEDS: u32 = 40;

fn experiment(activation: Activation) -> Experiment {
    Experiment {
        draws: Draws::Layered,
        architecture: Architecture { depth: 100, width: 256, ..Architecture::default() },
        variants: vec![Variant::of(activation)],
        ..Experiment::default()
    }
}

/// Seeds per second.
fn speed(experiment: &Experiment, engine: Engine, seeds: u32, threads: usize) -> f64 {
    let settings = EnsembleSettings { seeds, engine: Some(engine), threads };
    let start = Instant::now();
    let result = ensemble(experiment, &settings, &TaskContext::unattended(), |_| {});
    let seconds = start.elapsed().as_secs_f64();
    result.map_or(f64::NAN, |result| f64::from(result.seeds) / seconds)
}

fn main() {
    // `cargo bench` passes `--bench`; a number is the direct engine's seeds.
    let asked = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let direct_seeds = asked.unwrap_or(DIRECT_SEEDS);
    println!(
        "100 hidden layers × 256 units, batch 1, f64; 1,000 seeds exact in law, {direct_seeds} direct"
    );
    for activation in [Activation::Sigmoid, Activation::Relu] {
        let experiment = experiment(activation);
        for threads in [1, 2] {
            let exact = speed(&experiment, Engine::ExactInLaw, EXACT_SEEDS, threads);
            let direct = speed(&experiment, Engine::Direct, direct_seeds, threads);
            println!(
                "{:8} {threads} thread(s): exact {exact:8.1} seeds/s ({:.2} s for 1,000), direct {direct:6.2} seeds/s ({:.1} s for 1,000), ratio {:.0}",
                activation.label(),
                1000.0 / exact,
                1000.0 / direct,
                exact / direct
            );
        }
    }
}
