//! The command line: what each command takes, and what it leaves as an exit code.

mod ensemble;
mod error;
mod list;
mod output;
mod progress;
mod pytorch;
mod remedies;
mod source;
mod sweep;
mod table;
mod theory;
mod train;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::experiment::{Experiment, visible};
use crate::export::atomic;
use crate::export::picture::{self, PictureFormat, PictureOptions};
use crate::export::{csv, json, weights};
use crate::figure::{FigureId, View};
use crate::gui;
use crate::paint::fonts;
use crate::study::{DrawStudy, TaskContext};

pub use error::CliError;
use output::{Format, destination, output_path, print, tell};
use source::EXPERIMENT_HELP;

/// Bytes that any picture takes: a full disk is told before the work.
const LEAST_PICTURE: u64 = 64 * 1024;

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
    /// Print one seed's records, without a display
    Run(RunArgs),
    /// Print how the norms of many seeds are distributed, without a display
    Ensemble(ensemble::EnsembleArgs),
    /// Print what the theory of wide networks predicts, without a display
    Theory(theory::TheoryArgs),
    /// Write one figure as a PNG, an SVG or a PDF, without a display
    Render(RenderArgs),
    /// Print or write the numbers of a figure, without a display
    Table(table::TableArgs),
    /// Measure one quantity over one or two settings, without a display
    Sweep(Box<sweep::SweepArgs>),
    /// Train every variant and print or write what happens on the way, without a display
    Train(train::TrainArgs),
    /// Try what could cure a variant's gradients, and print what each remedy does
    Remedies(remedies::RemediesArgs),
    /// Print a variant as a PyTorch module
    Pytorch(pytorch::PytorchArgs),
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

/// What `render` is asked for.
#[derive(Args)]
struct RenderArgs {
    #[arg(value_name = "EXPERIMENT", help = EXPERIMENT_HELP)]
    experiment: PathBuf,
    /// Which figure (see list)
    #[arg(long, value_name = "ID")]
    figure: String,
    /// Where to write the picture; into a pipe or a device such as /dev/stdout with --format
    #[arg(short, long, value_name = "OUT.png|svg|pdf")]
    output: PathBuf,
    /// What kind of picture; what OUT ends in if absent
    #[arg(long, value_parser = picture_format())]
    format: Option<PictureFormat>,
    /// Width and height in points, 1/96 inch, or a paper: a4, a4-landscape, a4-text, letter,
    /// letter-landscape, letter-text, two-columns; a good size for the figure if absent
    #[arg(long, value_name = "WxH|PAPER", value_parser = size)]
    size: Option<[f32; 2]>,
    /// Pixels a point, from 0.5 to 12
    #[arg(long, value_name = "S", value_parser = scale, conflicts_with = "dpi")]
    scale: Option<f32>,
    /// Dots an inch, from 48 to 1200, in place of the scale; 300 if both are absent
    #[arg(long, value_name = "N", value_parser = dpi)]
    dpi: Option<f32>,
    /// The colours
    #[arg(long, value_enum, default_value_t = Theme::Light)]
    theme: Theme,
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
            return tell_refusal(&refusal);
        }
    };
    let outcome = match cli.command {
        None => open(cli.experiment.as_deref()),
        Some(Command::Run(args)) => run(&args),
        Some(Command::Render(args)) => {
            source::experiment(&args.experiment).and_then(|experiment| render(&experiment, &args))
        }
        Some(Command::Ensemble(args)) => ensemble::run(&args),
        Some(Command::Theory(args)) => theory::run(&args),
        Some(Command::Table(args)) => table::run(&args),
        Some(Command::Sweep(args)) => sweep::run(&args),
        Some(Command::Train(args)) => train::run(&args),
        Some(Command::Remedies(args)) => remedies::run(&args),
        Some(Command::Pytorch(args)) => pytorch::run(&args),
        Some(Command::List) => print(list::write),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => tell_failure(&error),
    }
}

/// What clap says of the arguments, which may be the names of files; also the help and the
/// version, which are asked for, so that it is a failure where they cannot be written.
fn tell_refusal(refusal: &clap::Error) -> ExitCode {
    let plain = refusal.render().to_string();
    if plain.lines().all(|line| visible(line) == line) {
        let printed = refusal.print();
        if let (false, Err(error)) = (refusal.use_stderr(), printed)
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            return tell_failure(&CliError::Print(error));
        }
    } else {
        plain.lines().for_each(|line| drop(writeln!(io::stderr(), "{}", visible(line))));
    }
    ExitCode::from(refusal.exit_code() as u8)
}

/// An error's sentence on standard error, and its exit code.
fn tell_failure(error: &CliError) -> ExitCode {
    tell(&error.to_string());
    ExitCode::from(error.exit_code())
}

/// `gradient-lab [EXPERIMENT]`: the window with the experiment, or with what the last session left.
fn open(argument: Option<&Path>) -> Result<(), CliError> {
    let experiment = argument.map(source::experiment).transpose()?;
    Ok(gui::run(experiment, argument.filter(|argument| source::is_file(argument)))?)
}

/// Paints one figure of the experiment and writes it as a picture.
fn render(experiment: &Experiment, args: &RenderArgs) -> Result<(), CliError> {
    let id = FigureId::find(&args.figure).ok_or_else(|| CliError::Figure(args.figure.clone()))?;
    let format = args.format.or_else(|| PictureFormat::of(&args.output));
    let format = format.ok_or_else(|| CliError::Ending(args.output.clone()))?;
    let scale = args.dpi.map(|dpi| dpi / picture::POINTS_PER_INCH).or(args.scale);
    let options = PictureOptions {
        size: args.size.unwrap_or_else(|| id.default_size()),
        scale: scale.unwrap_or(PictureOptions::PRINT_SCALE),
        dark: matches!(args.theme, Theme::Dark),
    };
    picture::check(options)?;
    let destination = destination(&args.output, [args.experiment.as_path()])?;
    destination.reserve(LEAST_PICTURE)?;
    let figure = id
        .compute(experiment, View::default(), &TaskContext::unattended())
        .map_err(weights::WeightsError::from)?;
    let figure = Arc::new(figure);
    let size = picture::fitting_size(&figure, args.size, options.scale)?;
    let options = PictureOptions { size, ..options };
    destination.write_whole(&picture::encode(&figure, format, options)?)?;
    let told = [picture::left_out(experiment), fonts::sentence_for(experiment)];
    told.iter().flatten().for_each(|sentence| tell(sentence));
    Ok(())
}

/// `gradient-lab run`: the weights first, so that printed records always have their file.
fn run(args: &RunArgs) -> Result<(), CliError> {
    let experiment = source::experiment(&args.experiment)?;
    let mut study = DrawStudy::new();
    let task = TaskContext::unattended();
    if let Some(path) = &args.weights {
        if atomic::is_standard_output(output_path(path)) {
            return Err(CliError::TwoOutputs);
        }
        let mut destination = destination(path, [args.experiment.as_path()])?;
        destination.reserve(weights::size(&experiment)?)?;
        match weights::write(&experiment, &mut study, &task, &mut destination) {
            Err(weights::WeightsError::Write(error)) => {
                return Err(destination.explain(error).into());
            }
            written => written?,
        }
        destination.finish()?;
    }
    let draw = study.run(&experiment, &task).map_err(weights::WeightsError::from)?;
    print(|out| match args.format {
        Format::Json => json::write(&draw, out),
        Format::Csv => csv::write(&draw, out),
    })
}

/// The picture formats by their endings.
fn picture_format() -> impl TypedValueParser<Value = PictureFormat> {
    let value = |format: PictureFormat| {
        PossibleValue::new(format.ending()).help(match format {
            PictureFormat::Png => "Pixels",
            PictureFormat::Svg => "Lines, and text as outlines",
            PictureFormat::Pdf => "One page of lines and text",
        })
    };
    let find = |ending: String| {
        let is_it = |format: &PictureFormat| format.ending() == ending;
        PictureFormat::ALL.into_iter().find(is_it).expect("one of the values")
    };
    PossibleValuesParser::new(PictureFormat::ALL.map(value)).map(find)
}

/// `1200x800`: points from 200 to 10000 on each side; or the name of a paper.
fn size(text: &str) -> Result<[f32; 2], String> {
    if let Some((_, size)) = picture::PAPERS.iter().find(|(name, _)| *name == text) {
        return Ok(*size);
    }
    text.split_once(['x', '×'])
        .and_then(|(width, height)| {
            let side = |text: &str| number_within(text, 200.0..=10_000.0);
            Some([side(width)?, side(height)?])
        })
        .ok_or_else(|| {
            let papers = picture::PAPERS.map(|(name, _)| name).join(", ");
            format!("it takes WIDTHxHEIGHT, each from 200 to 10000, such as 1200x800, or one of {papers}")
        })
}

/// Pixels a point.
fn scale(text: &str) -> Result<f32, String> {
    number_within(text, 0.5..=12.0).ok_or_else(|| "it takes a number from 0.5 to 12".to_owned())
}

/// Dots an inch.
fn dpi(text: &str) -> Result<f32, String> {
    number_within(text, 48.0..=1200.0)
        .ok_or_else(|| "it takes a number from 48 to 1200, such as 300".to_owned())
}

fn number_within(text: &str, range: std::ops::RangeInclusive<f32>) -> Option<f32> {
    text.parse().ok().filter(|number| range.contains(number))
}
