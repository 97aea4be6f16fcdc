//! The command line: what each command takes, and what it leaves as an exit code.

mod error;
mod list;
mod source;

use std::ffi::OsString;
use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::experiment::Experiment;
use crate::export::{atomic, csv, json, weights};
use crate::study::{DrawStudy, Watch};

pub use error::CliError;

/// The pictures of `render` and their hints, in the order in which `list` prints them.
const FIGURES: &[(&str, &str)] = &[];

/// What EXPERIMENT stands for, in the words of `--help`.
const EXPERIMENT_HELP: &str = "A preset's name (see list), a TOML file, a PNG that the lab exported, or - for standard input. \
     A preset's name comes before a file of that name; write ./NAME for the file";

/// A lab for vanishing and exploding gradients: real backpropagation, live.
#[derive(Parser)]
#[command(name = "gradient-lab", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[arg(value_name = "EXPERIMENT", help = EXPERIMENT_HELP)]
    experiment: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Print one draw's records, without a display
    Run(RunArgs),
    /// Write one figure as a PNG, without a display
    Render(RenderArgs),
    /// Print activations, initializations, losses, presets, figures and the file's keys
    List,
}

#[derive(Args)]
struct RunArgs {
    #[arg(value_name = "EXPERIMENT", help = EXPERIMENT_HELP)]
    experiment: PathBuf,
    /// The form in which the records are printed
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
    /// Also write x, y, every weight and every bias to this safetensors file
    #[arg(long, value_name = "OUT.safetensors")]
    weights: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// One object, each norm with its log10
    Json,
    /// One row for each layer of each variant
    Csv,
}

/// What `render` is asked for.
#[derive(Args)]
struct RenderArgs {
    #[arg(value_name = "EXPERIMENT", help = EXPERIMENT_HELP)]
    experiment: PathBuf,
    /// Which figure (see list)
    #[arg(long, value_name = "ID")]
    figure: String,
    /// Where to write the picture
    #[arg(short, long, value_name = "OUT.png")]
    output: PathBuf,
    /// Width and height in points
    #[arg(long, value_name = "WxH", default_value = "1200x800", value_parser = size)]
    size: [u32; 2],
    /// Pixels a point, from 0.5 to 8
    #[arg(long, value_name = "S", default_value_t = 2.0, value_parser = scale)]
    scale: f32,
    /// The colours
    #[arg(long, value_enum, default_value_t = Theme::Light)]
    theme: Theme,
    /// Dots an inch that the file states, from 1 to 100000; the pixels stay the same
    #[arg(long, value_name = "N", default_value_t = 300.0, value_parser = dpi)]
    dpi: f32,
}

#[derive(Clone, Copy, ValueEnum)]
enum Theme {
    /// Dark on white, for print
    Light,
    /// Light on black, for slides
    Dark,
}

/// Reads the arguments (the program's name first), does what they ask and says how it went:
/// 0 for success, 2 for what the user must mend, 1 for what failed.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(refusal) => {
            // A closed terminal cannot be told that it is closed.
            let _ = refusal.print();
            return ExitCode::from(refusal.exit_code() as u8);
        }
    };
    let outcome = match cli.command {
        None => open(cli.experiment.as_deref()),
        Some(Command::Run(args)) => run(&args),
        Some(Command::Render(args)) => source::experiment(&args.experiment)
            .and_then(|experiment| render(&experiment, &args)),
        Some(Command::List) => print(|out| list::write(out, FIGURES)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "gradient-lab: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

/// `gradient-lab [EXPERIMENT]`.
fn open(experiment: Option<&std::path::Path>) -> Result<(), CliError> {
    let experiment = experiment.map(source::experiment).transpose()?;
    window(experiment)
}

/// Opens the window with the experiment, or with the one that was open last.
fn window(_experiment: Option<Experiment>) -> Result<(), CliError> {
    Err(CliError::Unfinished("the window"))
}

/// Paints one figure of the experiment and writes it as a PNG.
fn render(_experiment: &Experiment, args: &RenderArgs) -> Result<(), CliError> {
    let RenderArgs { figure: _, output: _, size: _, scale: _, theme, dpi: _, .. } = args;
    match theme {
        Theme::Light | Theme::Dark => Err(CliError::Unfinished("render")),
    }
}

/// `gradient-lab run`: the weights first, so that printed records always have their file.
fn run(args: &RunArgs) -> Result<(), CliError> {
    let experiment = source::experiment(&args.experiment)?;
    let mut study = DrawStudy::new();
    let watch = Watch::unattended();
    if let Some(path) = &args.weights {
        let bytes = weights::encode(&experiment, &mut study, &watch)?;
        atomic::write(path, &bytes)?;
    }
    let draw = study.run(&experiment, &watch).map_err(weights::WeightsError::from)?;
    print(|out| match args.format {
        Format::Json => json::write(&draw, out),
        Format::Csv => csv::write(&draw, out),
    })
}

/// Hands standard output over, buffered. Whoever reads it may stop reading when they have
/// seen enough, as `head` does: that is no failure.
fn print(
    write: impl FnOnce(&mut BufWriter<io::StdoutLock<'_>>) -> io::Result<()>,
) -> Result<(), CliError> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::Print(error)),
        _ => Ok(()),
    }
}

/// `1200x800`: points from 200 to 10000 on each side.
fn size(text: &str) -> Result<[u32; 2], String> {
    let side = |text: &str| text.parse().ok().filter(|side| (200..=10_000).contains(side));
    text.split_once(['x', '×'])
        .and_then(|(width, height)| Some([side(width)?, side(height)?]))
        .ok_or_else(|| "it takes WIDTHxHEIGHT, each from 200 to 10000, such as 1200x800".to_owned())
}

/// Pixels a point.
fn scale(text: &str) -> Result<f32, String> {
    number_within(text, 0.5..=8.0).ok_or_else(|| "it takes a number from 0.5 to 8".to_owned())
}

/// Dots an inch.
fn dpi(text: &str) -> Result<f32, String> {
    number_within(text, 1.0..=100_000.0)
        .ok_or_else(|| "it takes a number from 1 to 100000, such as 300".to_owned())
}

fn number_within(text: &str, range: std::ops::RangeInclusive<f32>) -> Option<f32> {
    text.parse().ok().filter(|number| range.contains(number))
}
