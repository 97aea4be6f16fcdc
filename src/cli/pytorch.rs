//! `gradient-lab pytorch`: a variant as a PyTorch module.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;

use crate::export::pytorch::snippet;

use super::error::CliError;
use super::output::print;
use super::source::{self, EXPERIMENT_HELP};

/// What `pytorch` is asked for.
#[derive(Args)]
pub(super) struct PytorchArgs {
    #[arg(value_name = "EXPERIMENT", help = EXPERIMENT_HELP)]
    experiment: PathBuf,
    /// Which variant; the first if absent
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
}

/// Writes the module.
pub(super) fn run(args: &PytorchArgs) -> Result<(), CliError> {
    let experiment = source::experiment(&args.experiment)?;
    let variant = source::variant(&experiment, args.variant.as_deref())?;
    let text = snippet(&experiment, &experiment.variants[variant])?;
    print(|out| out.write_all(text.as_bytes()))
}
