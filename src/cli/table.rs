//! `gradient-lab table`: the numbers of one figure.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;

use crate::experiment::Experiment;
use crate::export::table::{TableFormat, TableId};
use crate::export::weights::WeightsError;
use crate::figure::View;
use crate::study::{StepsError, TaskContext};

use super::error::CliError;
use super::output::{Format, destination, print};
use super::source::{self, EXPERIMENT_HELP};

/// What `table` is asked for.
#[derive(Args)]
pub(super) struct TableArgs {
    #[arg(value_name = "EXPERIMENT", help = EXPERIMENT_HELP)]
    experiment: PathBuf,
    /// Which figure, or records, or steps (see list)
    #[arg(long, value_name = "ID")]
    figure: String,
    /// The form of the numbers; what OUT ends in if absent, and CSV without OUT
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Where to write them; standard output if absent
    #[arg(short, long, value_name = "OUT.csv|json")]
    output: Option<PathBuf>,
}

/// Computes the numbers and writes them.
pub(super) fn run(args: &TableArgs) -> Result<(), CliError> {
    let id = TableId::find(&args.figure).ok_or_else(|| CliError::Table(args.figure.clone()))?;
    let format = format(args)?;
    let experiment = source::experiment(&args.experiment)?;
    let Some(path) = &args.output else {
        let bytes = encoded(id, &experiment, format)?;
        return print(|out| out.write_all(&bytes));
    };
    let destination = destination(path, [args.experiment.as_path()])?;
    destination.reserve(1)?;
    Ok(destination.write_whole(&encoded(id, &experiment, format)?)?)
}

/// What is asked for, or what the path says.
fn format(args: &TableArgs) -> Result<TableFormat, CliError> {
    match (args.format, &args.output) {
        (Some(Format::Csv), _) | (None, None) => Ok(TableFormat::Csv),
        (Some(Format::Json), _) => Ok(TableFormat::Json),
        (None, Some(path)) => {
            TableFormat::of(path).ok_or_else(|| CliError::TableEnding(path.clone()))
        }
    }
}

fn encoded(id: TableId, experiment: &Experiment, format: TableFormat) -> Result<Vec<u8>, CliError> {
    let numbers = id.compute(experiment, View::default(), &TaskContext::unattended());
    let numbers = numbers.map_err(|error| match error {
        StepsError::Stopped(stopped) => CliError::Weights(WeightsError::from(stopped)),
        refusal => CliError::Steps(refusal),
    })?;
    numbers.encode(format).map_err(CliError::Print)
}
