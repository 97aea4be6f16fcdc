//! Whether what the remedies' table counts as a cure learns: twenty sigmoid layers on handwritten
//! digits, and each of their cures, over five seeds.
//!
//! `cargo bench --bench cures` takes some minutes. A network has learned once 90 % of the test
//! share are right, within 2,000 steps at batch 64 with Adam at .001 or with momentum at .05. It
//! exits with 1 where the ailing network learns, or a cure does not.

#![allow(clippy::print_stdout, reason = "the numbers are what it is for")]

use std::process::ExitCode;

use gradient_lab::experiment::{Experiment, OptimizerKind, Preset, Training as Keys};
use gradient_lab::study::{DrawStudy, RemediesSettings, TaskContext, Training, Verdict, remedies};

const STEPS: usize = 2000;
const ENOUGH: f64 = 0.9;
/// Steps between two looks at the test share.
const LOOK: usize = 50;
const SEEDS: std::ops::RangeInclusive<u64> = 1..=5;

/// The first step after which enough is right, or the largest share that was.
fn learn(experiment: &Experiment, optimizer: OptimizerKind, rate: f64) -> Result<usize, f64> {
    let mut experiment = experiment.clone();
    experiment.training = Some(Keys {
        optimizer: Some(optimizer),
        learning_rate: Some(rate),
        steps: Some(STEPS),
        ..Keys::default()
    });
    let task = TaskContext::unattended();
    let training = Training::<f32>::new(&experiment, &mut DrawStudy::new(), &task);
    let mut training = training.expect("f32 is no emulated format");
    let mut most = 0.0;
    for step in (LOOK..=STEPS).step_by(LOOK) {
        training.run_to(step, 2, &task).expect("nobody stops it");
        let learner = &training.learners()[0];
        let last = learner.records().last().and_then(|record| record.test);
        let right = last.and_then(|score| score.accuracy).unwrap_or(0.0);
        most = f64::max(most, right);
        if right >= ENOUGH {
            return Ok(step);
        }
        if learner.divergence().is_some() {
            break;
        }
    }
    Err(most)
}

/// The better of both optimizers, told for every seed; how many seeds have learned.
fn told(what: &str, experiment: &Experiment) -> usize {
    let mut learned = 0;
    let mut words = Vec::new();
    for seed in SEEDS {
        let experiment = Experiment { seed, ..experiment.clone() };
        let adam = learn(&experiment, OptimizerKind::Adam, 0.001);
        let better = adam.or_else(|adam| {
            let momentum = learn(&experiment, OptimizerKind::Momentum, 0.05);
            momentum.map_err(|momentum| momentum.max(adam))
        });
        learned += usize::from(better.is_ok());
        words.push(match better {
            Ok(step) => format!("90 % by step {step}"),
            Err(most) => format!("{:.1} % at most", 100.0 * most),
        });
    }
    println!("{what:75} {}", words.join(", "));
    learned
}

fn main() -> ExitCode {
    let mut ailing = Preset::find("digits-deep").expect("a preset").experiment();
    ailing.variants.truncate(1);
    let seeds = SEEDS.count();
    let mut is_right = told("As it is", &ailing) == 0;
    let settings = RemediesSettings::default();
    let table = remedies(&ailing, 0, settings, &TaskContext::unattended(), |_| {});
    let table = table.expect("a valid experiment");
    for row in table.rows.iter().filter(|row| row.verdict == Verdict::Cures) {
        is_right &= told(&row.remedy.id(), &row.remedy.experiment) == seeds;
    }
    if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
