//! `gradient-lab train`: all variants learn, and what they leave is written at the end.

use std::path::PathBuf;

use clap::Args;

use crate::experiment::{Experiment, Precision, short_path};
use crate::export::atomic;
use crate::export::checkpoint::{self, ResumeError};
use crate::export::training_log;
use crate::export::weights::{Number, WeightsError};
use crate::study::{DrawStudy, TaskContext, Training, all_threads};

use super::error::CliError;
use super::output::{destination, output_path, print, tell};
use super::progress::Progress;
use super::source::{self, EXPERIMENT_HELP};

/// Bytes of a training's file that are read at most.
const MOST_BYTES: u64 = 2 << 30;

/// What `train` is asked for.
#[derive(Args)]
pub(super) struct TrainArgs {
    #[arg(value_name = "EXPERIMENT", help = EXPERIMENT_HELP)]
    experiment: PathBuf,
    /// Where to write losses, accuracies and each layer's gradients; on standard output if absent
    #[arg(long, value_name = "OUT.csv")]
    log: Option<PathBuf>,
    /// Also write what the networks have become, and what --resume needs, to this file
    #[arg(long, value_name = "OUT.safetensors")]
    weights: Option<PathBuf>,
    /// Go on where the training stopped that wrote this file
    #[arg(long, value_name = "IN.safetensors")]
    resume: Option<PathBuf>,
    /// How many threads to use; all of the machine's if absent
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// Trains, and writes what is there when all steps are done or the first signal comes.
pub(super) fn run(args: &TrainArgs) -> Result<(), CliError> {
    let experiment = source::experiment(&args.experiment)?;
    match experiment.architecture.precision {
        Precision::F64 => train::<f64>(&experiment, args),
        // A narrow format has master weights in f32.
        _ => train::<f32>(&experiment, args),
    }
}

fn train<T: Number>(experiment: &Experiment, args: &TrainArgs) -> Result<(), CliError> {
    let standard = |path: &PathBuf| atomic::is_standard_output(output_path(path));
    if args.weights.as_ref().is_some_and(standard) {
        return Err(CliError::TwoOutputs);
    }
    // A file that is to be gone on from may be replaced: all of it has been read by then.
    let log = args.log.as_ref().filter(|path| !standard(path));
    let log = log.map(|path| destination(path, [args.experiment.as_path()])).transpose()?;
    let weights = args.weights.as_ref();
    let weights = weights.map(|path| destination(path, [args.experiment.as_path()])).transpose()?;
    let is_asked_to_stop = atomic::hold_first_signal();
    let mut training =
        Training::<T>::new(experiment, &mut DrawStudy::new(), &TaskContext::unattended())?;
    if let Some(weights) = &weights {
        weights.reserve(checkpoint::size(&training)?)?;
    }
    if let Some(path) = &args.resume {
        let refused = |error| CliError::Resume { name: short_path(path), error };
        checkpoint::resume(&mut training, &read(path).map_err(refused)?).map_err(refused)?;
    }
    let progress = Progress::new();
    let report = |share: f32| progress.report(share);
    let task = TaskContext::new(&is_asked_to_stop, &report);
    let threads = args.threads.map_or_else(all_threads, usize::from);
    let outcome = training.run(threads, &task);
    progress.clear();
    if outcome.is_err() {
        let (taken, steps) = (training.steps_taken(), experiment.training_steps());
        tell(&format!("Stopped after {taken} of {steps} steps; what was learned is kept."));
    }
    training.learners().iter().filter_map(|learner| learner.sentence()).for_each(|s| tell(&s));
    if let Some(mut out) = weights {
        match checkpoint::write(&training, &mut out) {
            Err(WeightsError::Write(error)) => return Err(out.explain(error).into()),
            written => written?,
        }
        out.finish()?;
    }
    match log {
        Some(mut out) => {
            training_log::write(&training, &mut out).map_err(|error| out.explain(error))?;
            Ok(out.finish()?)
        }
        None => print(|out| training_log::write(&training, out)),
    }
}

fn read(path: &PathBuf) -> Result<Vec<u8>, ResumeError> {
    let bytes = std::fs::metadata(path).and_then(|there| match there.len() {
        0..=MOST_BYTES => std::fs::read(path),
        _ => Err(std::io::Error::other("it is larger than 2 GiB")),
    });
    bytes.map_err(ResumeError::Read)
}
