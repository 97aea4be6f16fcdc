//! `gradient-lab remedies`: what cures a variant, measured; and the cured file.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::experiment::Experiment;
use crate::export::remedies as export;
use crate::figure::words::remedies::variant_name;
use crate::study::{Remedies, RemediesSettings, SEEDS, TaskContext, remedies};

use super::error::CliError;
use super::output::{destination, print};
use super::progress::Progress;
use super::source::{self, EXPERIMENT_HELP};

/// What `remedies` is asked for.
#[derive(Args)]
pub(super) struct RemediesArgs {
    #[arg(value_name = "EXPERIMENT", help = EXPERIMENT_HELP)]
    experiment: PathBuf,
    /// Which variant; the first if absent
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// Networks of each row at the most, counted up from the experiment's seed, 1 to 100000
    #[arg(long, value_name = "S", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(i64::from(*SEEDS.start())..=i64::from(*SEEDS.end())))]
    seeds: u32,
    /// Threads; as many as the machine has if absent. The numbers are the same
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// The form in which the table is printed
    #[arg(long, value_enum, default_value_t = RemediesFormat::Text)]
    format: RemediesFormat,
    /// Also write the experiment with this remedy to OUT; the first that cures if absent
    #[arg(long, value_name = "REMEDY", requires = "output")]
    take: Option<String>,
    /// Where to write the experiment with the remedy
    #[arg(short, long, value_name = "OUT.toml")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum RemediesFormat {
    /// Aligned columns
    Text,
    /// One object
    Json,
    /// A header and rows
    Csv,
}

/// Measures and prints; where a file is asked for, that is written first.
pub(super) fn run(args: &RemediesArgs) -> Result<(), CliError> {
    let experiment = source::experiment(&args.experiment)?;
    let variant = source::variant(&experiment, args.variant.as_deref())?;
    let usual = RemediesSettings::default();
    let settings = RemediesSettings {
        seeds: args.seeds,
        threads: args.threads.map_or(usual.threads, usize::from),
    };
    let file = args.output.as_ref();
    let file = file.map(|path| destination(path, [args.experiment.as_path()])).transpose()?;
    let progress = Progress::new();
    let report = |share| progress.report(share);
    let task = TaskContext::new(&|| false, &report);
    let result = remedies(&experiment, variant, settings, &task, |_| {});
    progress.clear();
    let table = result?;
    if let Some(file) = file {
        let cured = taken(&table, args.take.as_deref())?;
        file.write_whole(cured.to_toml().as_bytes())?;
    }
    print(|out| match args.format {
        RemediesFormat::Text => export::write_text(&table, out),
        RemediesFormat::Json => export::write_json(&table, out),
        RemediesFormat::Csv => export::write_csv(&table, out),
    })
}

/// The experiment of the remedy of that name, or of the first that cures.
fn taken(table: &Remedies, name: Option<&str>) -> Result<Experiment, CliError> {
    let row = match name {
        None => table.first(),
        Some(name) => table.rows.iter().find(|row| row.remedy.id() == name),
    };
    let row = row.ok_or_else(|| {
        let known: Vec<String> = table.rows.iter().map(|row| row.remedy.id()).collect();
        CliError::Remedy { name: name.map(str::to_owned), known: known.join(", ") }
    })?;
    let mut cured = row.remedy.experiment.clone();
    cured.variants[0].name = variant_name(&table.experiment.variants[0].name, &row.remedy);
    Ok(cured)
}
