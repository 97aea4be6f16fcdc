//! What a user waits for: an ensemble of 100 × 256 networks, by both engines in one run; and
//! whether the two engines have one law.
//!
//! `cargo bench --bench ensemble [-- DIRECT_SEEDS]` prints for batches of 1, 8 and 32 the seconds for
//! 1,000 seeds, seeds per second and the ratio. The direct engine takes 40 seeds unless told
//! otherwise, since each costs the same.
//!
//! `cargo bench --bench ensemble -- law` draws 20,000 networks of each setting by both engines and
//! prints the Kolmogorov–Smirnov distances of all layers and the correlation of the first layer
//! with the last, in units of what is significant at 1 % over all of them (Bonferroni). It fails
//! where one is above 1. Seeds are 1, 2, 3, …, fixed before it was first run.
#![expect(clippy::print_stdout, reason = "a benchmark's result is what it prints")]

#[path = "../tests/support/laws.rs"]
mod laws;

use std::process::ExitCode;
use std::time::Instant;

use gradient_lab::experiment::{
    Activation, Architecture, Draws, Experiment, Init, NormKind, Normalization, Scheme, Skip,
    Variant,
};
use gradient_lab::study::{Engine, EnsembleSettings, TaskContext, ensemble};
use laws::{differences, logarithms};

const EXACT_SEEDS: u32 = 1000;
const DIRECT_SEEDS: u32 = 40;
/// Networks of each setting and engine in the comparison of laws.
const LAW_SEEDS: u64 = 20_000;
fn experiment(variant: Variant, batch: usize) -> Experiment {
    Experiment {
        draws: Draws::Layered,
        architecture: Architecture { depth: 100, width: 256, batch, ..Architecture::default() },
        variants: vec![variant],
        ..Experiment::default()
    }
}

/// The networks that are timed, with their batches: plain ones, and what people use.
fn timed() -> Vec<Experiment> {
    let relu = Variant { init: Init::of(Scheme::HeNormal), ..Variant::of(Activation::Relu) };
    let mut timed = Vec::new();
    for batch in [1, 8, 32] {
        timed.push(experiment(Variant::of(Activation::Sigmoid), batch));
        timed.push(experiment(Variant::of(Activation::Relu), batch));
        let norm = if batch == 1 { NormKind::Layer } else { NormKind::Batch };
        let normalization = Some(Normalization::of(norm));
        timed.push(experiment(Variant { normalization, ..relu.clone() }, batch));
        let both = Variant { normalization, skip: Some(Skip::Pre), ..relu.clone() };
        timed.push(experiment(both, batch));
    }
    timed
}

/// Seconds for so many seeds.
fn seconds(experiment: &Experiment, engine: Engine, seeds: u32, threads: usize) -> f64 {
    let settings = EnsembleSettings { seeds, engine: Some(engine), threads };
    let start = Instant::now();
    let result = ensemble(experiment, &settings, &TaskContext::unattended(), |_| {});
    assert_eq!(result.map(|result| result.seeds), Ok(seeds), "nobody stops it");
    start.elapsed().as_secs_f64()
}

/// Seeds per second, behind those in which each thread finds its memory: a system that clears pages
/// slowly takes as long for them as for several seeds, and of a thousand they are few.
fn speed(experiment: &Experiment, engine: Engine, seeds: u32, threads: usize) -> f64 {
    let first = 2 * u32::try_from(threads).expect("a few threads");
    let [few, all] =
        [first, first + seeds].map(|seeds| seconds(experiment, engine, seeds, threads));
    f64::from(seeds) / (all - few)
}

fn speeds(direct_seeds: u32) {
    println!(
        "100 hidden layers × 256 units, f64; 1,000 seeds exact in law with one example, 200 in batches, {direct_seeds} direct"
    );
    for experiment in timed() {
        let batch = experiment.architecture.batch;
        let seeds = [if batch == 1 { EXACT_SEEDS } else { 200 }, direct_seeds];
        for threads in [1, 2] {
            let exact = speed(&experiment, Engine::ExactInLaw, seeds[0], threads);
            let direct = speed(&experiment, Engine::Direct, seeds[1], threads);
            println!(
                "batch {batch:2} {threads} thread(s) {}: exact {exact:8.1} seeds/s ({:.2} s for 1,000), direct {direct:6.2} seeds/s ({:.1} s for 1,000), ratio {:.1}",
                experiment.variants[0].describe(),
                1000.0 / exact,
                1000.0 / direct,
                exact / direct
            );
        }
    }
}

/// Every setting whose laws are compared: 5–(8 × 24)–3 with ReLU and tanh, without and with a bias;
/// plain, with each normalization, with each skip, and with both; batches of 1, 2, 8 and 32, of which
/// the last has layers of 40 units.
fn grid() -> Vec<Experiment> {
    let relu = Variant { init: Init::of(Scheme::HeNormal), ..Variant::of(Activation::Relu) };
    let init = Init { gain: Some(2.0), ..Init::of(Scheme::XavierNormal) };
    let tanh = Variant { init, ..Variant::of(Activation::Tanh) };
    let bias = Init { std: Some(0.4), ..Init::of(Scheme::Normal) };
    let mut grid = Vec::new();
    for batch in [1, 2, 8, 32] {
        for (norm, skip) in remedies(batch) {
            for variant in [&relu, &tanh] {
                for variant in [variant.clone(), Variant { bias, ..variant.clone() }] {
                    let normalization = norm.map(Normalization::of);
                    grid.push(setting(batch, Variant { normalization, skip, ..variant }));
                }
            }
        }
    }
    grid
}

/// What goes together: `post_norm` needs a normalization, batch normalization two examples.
fn remedies(batch: usize) -> Vec<(Option<NormKind>, Option<Skip>)> {
    let norms = NormKind::ALL.map(Some).into_iter().chain([None]);
    let skips = Skip::ALL.map(Some).into_iter().chain([None]);
    let pairs = norms.flat_map(|norm| skips.clone().map(move |skip| (norm, skip)));
    let fits = |&(norm, skip): &(Option<NormKind>, Option<Skip>)| {
        (norm.is_some() || skip != Some(Skip::PostNorm))
            && (batch > 1 || norm != Some(NormKind::Batch))
    };
    pairs.filter(fits).collect()
}

fn setting(batch: usize, variant: Variant) -> Experiment {
    Experiment {
        seed: 1,
        draws: Draws::Layered,
        architecture: Architecture {
            input: 5,
            depth: 8,
            width: if batch == 32 { 40 } else { 24 },
            output: 3,
            batch,
            ..Architecture::default()
        },
        variants: vec![variant],
        ..Experiment::default()
    }
}

/// Whether no comparison is significant.
fn is_one_law() -> bool {
    let grid = grid();
    let comparisons: usize = grid.iter().map(|setting| 2 * setting.layers() + 1).sum();
    println!("{LAW_SEEDS} networks of each setting and engine, {comparisons} comparisons");
    let mut worst = 0.0_f64;
    for experiment in &grid {
        let direct = logarithms(experiment, Engine::Direct, 1, LAW_SEEDS);
        let in_law = logarithms(experiment, Engine::ExactInLaw, 1, LAW_SEEDS);
        let level = 0.01 / comparisons as f64;
        let differences = differences(&direct, &in_law, level);
        let largest = differences.iter().copied().fold(0.0, f64::max);
        let joint = differences.last().copied().unwrap_or(f64::NAN);
        println!(
            "batch {:2}, {}: largest {largest:.2} of what is significant, correlation {joint:.2}",
            experiment.architecture.batch,
            experiment.variants[0].describe(),
        );
        worst = worst.max(largest);
    }
    println!("largest of all {worst:.2}: {}", if worst <= 1.0 { "one law" } else { "two laws" });
    worst <= 1.0
}

fn main() -> ExitCode {
    // `cargo bench` passes `--bench`; a number is the direct engine's seeds.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "law") {
        return if is_one_law() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let asked = arguments.iter().find_map(|argument| argument.parse().ok());
    speeds(asked.unwrap_or(DIRECT_SEEDS));
    ExitCode::SUCCESS
}
