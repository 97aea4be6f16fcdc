//! `gradient-lab ensemble`: the norms of many seeds.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::export::ensemble as export;
use crate::study::{self, EnsembleSettings, SEEDS, TaskContext, Theory};

use super::error::CliError;
use super::output::{Format, print};
use super::progress::Progress;
use super::source::{self, EXPERIMENT_HELP};

/// What `ensemble` is asked for.
#[derive(Args)]
pub(super) struct EnsembleArgs {
    #[arg(value_name = "EXPERIMENT", help = EXPERIMENT_HELP)]
    experiment: PathBuf,
    /// How many seeds, counted up from the experiment's, 1 to 100000
    #[arg(long, value_name = "S", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(i64::from(*SEEDS.start())..=i64::from(*SEEDS.end())))]
    seeds: u32,
    /// How a seed's norms are found
    #[arg(long, value_enum, default_value_t = EngineChoice::Auto)]
    engine: EngineChoice,
    /// Threads, as many as there are processors if absent; the result does not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// The form in which the distributions are printed
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum EngineChoice {
    /// Exact in law where it applies, else direct
    Auto,
    /// Draw every weight: each seed is the network that run prints
    Direct,
    /// Draw from the norms' exact joint law; needs normal weights
    Exact,
}

/// Computes and prints.
pub(super) fn run(args: &EnsembleArgs) -> Result<(), CliError> {
    let experiment = source::experiment(&args.experiment)?;
    CliError::refuse_emulated(&experiment, "an ensemble")?;
    let usual = EnsembleSettings::default();
    let settings = EnsembleSettings {
        seeds: args.seeds,
        engine: match args.engine {
            EngineChoice::Auto => None,
            EngineChoice::Direct => Some(study::Engine::Direct),
            EngineChoice::Exact => Some(study::Engine::ExactInLaw),
        },
        threads: args.threads.map_or(usual.threads, usize::from),
    };
    let progress = Progress::new();
    let report = |share| progress.report(share);
    let result =
        study::ensemble(&experiment, &settings, &TaskContext::new(&|| false, &report), |_| {});
    progress.clear();
    let ensemble = result?;
    print(|out| match args.format {
        // Without the critical lines, which take longer than the networks.
        Format::Json => export::write_json(&ensemble, &Theory::at_once(&experiment), out),
        Format::Csv => export::write_csv(&ensemble, out),
    })
}
