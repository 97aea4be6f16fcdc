//! One whole step of a training in f32: forward, backward, gradients and update.
//!
//! A benchmark is named WORKLOAD/OPTIMIZER/THREADS, as `T2/adam/1`. `benches/training.py` times
//! PyTorch's steps of the same networks; both print microseconds a step.

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

/// Runs of which the fastest counts.
const RUNS: usize = 5;

fn main() {
    for (name, sizes, batch, activation, loss) in WORKLOADS {
        for optimizer in ["sgd", "momentum", "adam"] {
            for threads in [1, 2] {
                // About a quarter of a second a run.
                let steps = if name == "T1" { 10_000 } else { 100 };
                let text = format!(
                    "draws = 'layered'\n[architecture]\n{sizes}\nbatch = {batch}\nloss = '{loss}'\nprecision = 'f32'\n[training]\noptimizer = '{optimizer}'\nlearning_rate = 1e-4\nsteps = {}\n[[variant]]\nactivation = '{activation}'\ninit = {{ scheme = 'he_normal' }}",
                    steps * (RUNS + 1)
                );
                let experiment = Experiment::from_toml(&text).expect("valid");
                println!(
                    "{name}/{optimizer}/{threads} {:.1}",
                    fastest(&experiment, steps, threads)
                );
            }
        }
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
