//! One whole step of a training in f32: forward, backward, gradients and update.
//!
//! A benchmark is named WORKLOAD/OPTIMIZER/THREADS, as `T2/adam/1`; with arguments only those run
//! whose names begin with one. Printed are microseconds a step, and `benches/training.py` puts them
//! beside other programs'. `memory` tells how much of it 100,000 steps of T1 take.

#![allow(clippy::print_stdout, reason = "the numbers are what it is for")]

use std::hint::black_box;
use std::time::Instant;

use gradient_lab::experiment::Experiment;
use gradient_lab::study::{DrawStudy, TaskContext, Training};

/// Name, sizes, batch, activation, loss.
const WORKLOADS: [(&str, &str, usize, &str, &str); 4] = [
    ("T1", "input = 2\ndepth = 6\nwidth = 8\noutput = 1", 10, "tanh", "mse"),
    ("T2", "input = 64\ndepth = 20\nwidth = 128\noutput = 10", 64, "relu", "softmax_ce"),
    ("T3", "input = 64\ndepth = 8\nwidth = 512\noutput = 10", 256, "relu", "softmax_ce"),
    ("T4", "input = 784\nhidden = [300, 100]\noutput = 10", 32, "sigmoid", "softmax_ce"),
];

/// Steps of a run: a tenth of a second.
const STEPS: [(&str, usize); 4] = [("T1", 10_000), ("T2", 50), ("T3", 5), ("T4", 200)];

/// Runs of which the fastest counts.
const RUNS: usize = 5;

fn main() {
    // Cargo itself adds `--bench`.
    let asked: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    if asked.iter().any(|of| of == "memory") {
        return tell_memory();
    }
    for ((name, sizes, batch, activation, loss), (_, steps)) in WORKLOADS.into_iter().zip(STEPS) {
        for optimizer in ["sgd", "momentum", "adam"] {
            for threads in [1, 2] {
                let full = format!("{name}/{optimizer}/{threads}");
                if !asked.is_empty() && !asked.iter().any(|start| full.starts_with(start)) {
                    continue;
                }
                // So long that of the steps that are timed only the first leaves a record.
                let long = 10_000_000;
                let experiment = experiment(sizes, batch, activation, loss, optimizer, long);
                println!("{full} {:.1}", fastest(&experiment, steps, threads));
            }
        }
    }
}

fn experiment(
    sizes: &str,
    batch: usize,
    activation: &str,
    loss: &str,
    optimizer: &str,
    steps: usize,
) -> Experiment {
    let text = format!(
        "draws = 'layered'\n[architecture]\n{sizes}\nbatch = {batch}\nloss = '{loss}'\nprecision = 'f32'\n[training]\noptimizer = '{optimizer}'\nlearning_rate = 1e-4\nsteps = {steps}\n[[variant]]\nactivation = '{activation}'\ninit = {{ scheme = 'he_normal' }}"
    );
    Experiment::from_toml(&text).expect("valid")
}

/// Records left and the most memory held, on the way through a training.
fn tell_memory() {
    let (_, sizes, batch, activation, loss) = WORKLOADS[0];
    let experiment = experiment(sizes, batch, activation, loss, "adam", 100_000);
    let task = TaskContext::unattended();
    let training = Training::<f32>::new(&experiment, &mut DrawStudy::new(), &task);
    let mut training = training.expect("nobody stops it");
    for steps in [1000, 10_000, 50_000, 100_000] {
        training.run_to(steps, 1, &task).expect("nobody stops it");
        let records = training.learners()[0].records().len();
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("unknown");
        println!("{steps} steps: {records} records, {}", peak.replace('\t', " "));
    }
}

/// Microseconds a step.
fn fastest(experiment: &Experiment, steps: usize, threads: usize) -> f64 {
    let task = TaskContext::unattended();
    let training = Training::<f32>::new(experiment, &mut DrawStudy::new(), &task);
    let mut training = training.expect("nobody stops it");
    let mut run = || {
        let (start, until) = (Instant::now(), training.steps_taken() + steps);
        training.run_to(until, threads, &task).expect("nobody stops it");
        start.elapsed().as_secs_f64() * 1e6 / steps as f64
    };
    // The first fills the memory.
    black_box(run());
    (0..RUNS).map(|_| run()).fold(f64::INFINITY, f64::min)
}
