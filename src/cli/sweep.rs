//! `gradient-lab sweep`: measures a map or a part of one, and joins parts.

use std::cell::Cell;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::experiment::short_path;
use crate::export::sweep as file;
use crate::figure::words::sweep::sentence;
use crate::study::{
    Axis, CELLS, Quantity, SEEDS, Setting, Shard, Spacing, Sweep, SweepError, SweepMap,
    TaskContext, all_threads, sweep,
};

use super::error::CliError;
use super::output::{Format, destination, print};
use super::source::{self, EXPERIMENT_HELP};

/// Bytes that a cell takes at least: a full disk is told before the work.
const LEAST_BYTES_A_CELL: u64 = 16;

/// What `sweep` is asked for.
#[derive(Args)]
pub(super) struct SweepArgs {
    #[arg(value_name = "EXPERIMENT", help = EXPERIMENT_HELP, required_unless_present = "join")]
    experiment: Option<PathBuf>,
    /// The setting that moves: gain, weight_std, bias_std, depth, width, batch, skip_scale or learning_rate; :log for log steps
    #[arg(long, value_name = "SETTING:FROM:TO:CELLS[:log]", value_parser = axis, required_unless_present = "join")]
    x: Option<Axis>,
    /// A second setting, for a map
    #[arg(long, value_name = "SETTING:FROM:TO:CELLS[:log]", value_parser = axis)]
    y: Option<Axis>,
    /// What is measured: decades_per_layer, first_over_last, dead_share, saturated_share or learned
    #[arg(long, value_name = "NAME", default_value = "decades_per_layer", value_parser = quantity)]
    quantity: Quantity,
    /// Seeds of each cell, the experiment's own and those after it, 1 to 100000; if absent 320 over the narrowest width, from 5 to 40
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(i64::from(*SEEDS.start())..=i64::from(*SEEDS.end())))]
    seeds: Option<u32>,
    /// Which variant; the first if absent
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// Only every n-th cell from the i-th on, i from 0 to n − 1; parts are joined by --join
    #[arg(long, value_name = "i/n", value_parser = shard)]
    shard: Option<Shard>,
    /// Threads; as many as the machine has if absent. The numbers are the same
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Join these parts, in JSON, into the whole
    #[arg(long, value_name = "PART.json", num_args = 1.., conflicts_with_all = ["experiment", "x", "y", "quantity", "seeds", "variant", "shard", "threads"])]
    join: Vec<PathBuf>,
    /// The form in which the cells are written; parts to be joined must be JSON
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
    /// Where to write them, in place of standard output
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
}

/// Does it.
pub(super) fn run(args: &SweepArgs) -> Result<(), CliError> {
    let ready = |request: &Sweep| match &args.output {
        Some(path) => {
            let inputs = args.experiment.iter().chain(&args.join).map(PathBuf::as_path);
            let destination = destination(path, inputs)?;
            let cells = request.x.cells * request.y.map_or(1, |y| y.cells);
            destination.reserve(LEAST_BYTES_A_CELL * cells as u64)?;
            Ok::<_, CliError>(Some(destination))
        }
        None => Ok(None),
    };
    let (request, map, destination) = match &args.experiment {
        Some(experiment) => {
            let request = asked(args, experiment)?;
            let destination = ready(&request)?;
            let map = measured(args, &request)?;
            (request, map, destination)
        }
        None => {
            let (request, map) = joined(&args.join)?;
            let destination = ready(&request)?;
            (request, map, destination)
        }
    };
    for finding in request.findings(&map) {
        // What cannot be told on standard error still stands in the JSON.
        let _ = writeln!(io::stderr(), "gradient-lab: {}", sentence(&finding));
    }
    let mut bytes = Vec::new();
    match args.format {
        Format::Json => file::write_json(&request, &map, &mut bytes),
        Format::Csv => file::write_csv(&request, &map, &mut bytes),
    }
    .map_err(CliError::Print)?;
    match destination {
        Some(destination) => Ok(destination.write_whole(&bytes)?),
        None => print(|out| out.write_all(&bytes)),
    }
}

/// What the arguments ask for.
fn asked(args: &SweepArgs, experiment: &Path) -> Result<Sweep, CliError> {
    let experiment = source::experiment(experiment)?;
    CliError::refuse_emulated(&experiment, "a sweep")?;
    let variant = source::variant(&experiment, args.variant.as_deref())?;
    let mut request = Sweep {
        variant,
        experiment,
        x: args.x.expect("clap requires it without --join"),
        y: args.y,
        quantity: args.quantity,
        seeds: args.seeds.unwrap_or(1),
        engine: None,
    };
    request.validate()?;
    if args.seeds.is_none() {
        request.seeds = request.usual_seeds();
        request.validate()?;
    }
    Ok(request)
}

fn measured(args: &SweepArgs, request: &Sweep) -> Result<SweepMap, CliError> {
    let threads = args.threads.map(usize::from);
    let threads = threads.unwrap_or_else(all_threads);
    let (told, on_terminal) = (Cell::new(None), io::stderr().is_terminal());
    let report = |share: f32| {
        let percent = (100.0 * share) as u32;
        if on_terminal && told.replace(Some(percent)) != Some(percent) {
            // Progress that cannot be told is no failure.
            let _ = write!(io::stderr(), "\r{percent} %{}", if percent == 100 { "\n" } else { "" });
        }
    };
    let task = TaskContext::new(&|| false, &report);
    Ok(sweep(request, args.shard.unwrap_or(Shard::WHOLE), threads, &task, |_| {})?)
}

/// The whole of parts of one sweep.
fn joined(paths: &[PathBuf]) -> Result<(Sweep, SweepMap), CliError> {
    let mut parts = Vec::new();
    for path in paths {
        let part = |reason: String| CliError::Part { name: short_path(path), reason };
        let opened = std::fs::File::open(path).map_err(file::ReadError::from);
        parts.push(opened.and_then(file::read).map_err(|error| part(error.to_string()))?);
    }
    let request = parts.first().ok_or(SweepError::Parts)?.0.clone();
    if parts.iter().any(|(other, _)| *other != request) {
        return Err(SweepError::Parts.into());
    }
    let maps: Vec<SweepMap> = parts.into_iter().map(|(_, map)| map).collect();
    let whole = SweepMap::join(&maps)?;
    match whole.cells.len() - whole.done() {
        0 => Ok((request, whole)),
        missing => Err(CliError::MissingCells(missing)),
    }
}

/// `weight_std:0.5:2.5:32` or `width:4:64:16:log`.
fn axis(text: &str) -> Result<Axis, String> {
    let fields: Vec<&str> = text.split(':').collect();
    let (numbers, spacing) = match fields.as_slice() {
        [setting, from, to, cells] => ([*setting, *from, *to, *cells], Spacing::Linear),
        [setting, from, to, cells, "log"] => ([*setting, *from, *to, *cells], Spacing::Logarithmic),
        _ => return Err("it takes SETTING:FROM:TO:CELLS, such as gain:0.5:2.5:32, and :log behind it for log steps".to_owned()),
    };
    let [setting, from, to, cells] = numbers;
    let names = Setting::ALL.map(Setting::id).join(", ");
    let setting = Setting::find(setting).ok_or_else(|| format!("SETTING is one of {names}"))?;
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
    let ends = number(from).zip(number(to)).filter(|(from, to)| from <= to);
    let (from, to) = ends.ok_or("FROM and TO are finite numbers, the smaller one first")?;
    let cells = cells.parse().ok().filter(|cells| CELLS.contains(cells));
    let cells = cells.ok_or("CELLS is a whole number from 1 to 256")?;
    Ok(Axis { setting, from, to, cells, spacing })
}

fn quantity(text: &str) -> Result<Quantity, String> {
    let found = Quantity::ALL.into_iter().find(|quantity| quantity.id() == text);
    found.ok_or_else(|| format!("it is one of {}", Quantity::ALL.map(Quantity::id).join(", ")))
}

/// `0/4`: the first of four parts.
fn shard(text: &str) -> Result<Shard, String> {
    text.split_once('/')
        .and_then(|(index, of)| Some(Shard { index: index.parse().ok()?, of: of.parse().ok()? }))
        .filter(|shard| shard.index < shard.of)
        .ok_or_else(|| "it takes i/n with i from 0 to n − 1, such as 0/4".to_owned())
}
