//! `gradient-lab theory`: what is predicted without drawing anything.

use std::path::PathBuf;

use clap::Args;

use crate::export::theory as export;
use crate::study::{TaskContext, Theory, TheoryStudy};

use super::error::CliError;
use super::output::{Format, print, tell};
use super::source::{self, EXPERIMENT_HELP};

/// What `theory` is asked for.
#[derive(Args)]
pub(super) struct TheoryArgs {
    #[arg(value_name = "EXPERIMENT", help = EXPERIMENT_HELP)]
    experiment: PathBuf,
    /// The form in which the prediction is printed
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
}

/// Predicts and prints. Variants without a theory are named on standard error; where none has
/// one, that is the answer.
pub(super) fn run(args: &TheoryArgs) -> Result<(), CliError> {
    let experiment = source::experiment(&args.experiment)?;
    let theory = TheoryStudy::new()
        .run(&experiment, &TaskContext::unattended())
        .map_err(crate::study::EnsembleError::from)?;
    let refused = refusals(&theory);
    if refused.len() == theory.variants.len() {
        return Err(CliError::Theory(refused.join(" ")));
    }
    for sentence in refused {
        tell(&sentence);
    }
    print(|out| match args.format {
        Format::Json => export::write_json(&theory, out),
        Format::Csv => export::write_csv(&theory, out),
    })
}

fn refusals(theory: &Theory) -> Vec<String> {
    let refused = theory.variants.iter().filter_map(|variant| {
        let error = variant.layers.as_ref().err()?;
        Some(format!("{}: {error}.", variant.name))
    });
    refused.collect()
}
