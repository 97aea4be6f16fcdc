//! Sweeps as JSON, which can be read back and joined, and as CSV.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use crate::experiment::{
    Experiment, ExperimentError, optional_table, optional_tables, shortened, table,
};
use crate::figure::words::sweep as words;
use crate::study::{Axis, Cell, Quantity, Sweep, SweepError, SweepFinding, SweepMap};

use super::json::write_pretty;

/// Bytes of a file: 65,536 cells beside an experiment of 16 MiB, whose numbers stand on lines of
/// their own.
const BYTES: u64 = 256 << 20;
/// Bytes that show whether there is a sweep at all.
const BEGINNING: u64 = 4096;
/// Letters of what is wrong with a file.
const WORDS: usize = 200;

/// The file: what was asked, and the cells row after row from the bottom, null where a cell
/// is not measured.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SweepFile {
    #[serde(deserialize_with = "table")]
    experiment: Experiment,
    variant: String,
    #[serde(deserialize_with = "table")]
    x: Axis,
    #[serde(default, deserialize_with = "optional_table")]
    y: Option<Axis>,
    quantity: Quantity,
    seeds: u32,
    /// What the sweep replaces of the experiment, a sentence each.
    #[serde(default)]
    notes: Vec<String>,
    #[serde(deserialize_with = "optional_tables")]
    cells: Vec<Option<Cell>>,
}

/// Why a file gives no sweep.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is no JSON of a sweep.
    #[error("it is no sweep that the lab wrote: {}", shortened(&.0.to_string(), WORDS))]
    Form(#[from] serde_json::Error),
    /// More text than any sweep has.
    #[error("it is larger than {} MiB, and a sweep takes at most that", BYTES >> 20)]
    TooLarge,
    /// A number that no measurement gives.
    #[error("it is no sweep that the lab wrote: no measurement gives its cell {0}")]
    Impossible(usize),
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// Whatever else the system says.
    #[error("reading it failed: {0}")]
    Failed(io::Error),
    /// Its experiment is refused.
    #[error("{}", .0.to_string().trim_end_matches('.'))]
    Experiment(#[from] ExperimentError),
    /// The variant is none of its experiment's, or there are too many or too few cells.
    #[error("it is no sweep that the lab wrote: its variant or its number of cells does not fit")]
    Misfit,
    /// Its numbers mean something else: an earlier lab took `gain` for the scheme's whole gain.
    #[error("its gain is not a factor on the scheme: an earlier lab wrote it; measure it again")]
    Gain,
    /// What it asks makes no sense.
    #[error(transparent)]
    Sweep(#[from] SweepError),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            _ => Self::Failed(error),
        }
    }
}

/// Writes a sweep, or a part of one, as one JSON object with a newline at its end.
///
/// # Errors
/// What `out` says when it takes no more.
pub fn write_json(sweep: &Sweep, map: &SweepMap, out: impl Write) -> io::Result<()> {
    let file = SweepFile {
        experiment: sweep.experiment.clone(),
        variant: sweep.experiment.variants[sweep.variant].name.clone(),
        x: sweep.x,
        y: sweep.y,
        quantity: sweep.quantity,
        seeds: sweep.seeds,
        notes: notes(sweep),
        cells: map.cells.clone(),
    };
    write_pretty(&file, out)
}

fn notes(sweep: &Sweep) -> Vec<String> {
    sweep.replaces().iter().map(words::sentence).collect()
}

/// Reads what [`write_json`] has written, to the last bit, and never more than such a file can
/// have.
///
/// # Errors
/// [`ReadError`]: the file is none, or asks what makes no sense.
pub fn read(mut reader: impl Read) -> Result<(Sweep, SweepMap), ReadError> {
    let mut text = Vec::new();
    reader.by_ref().take(BEGINNING).read_to_end(&mut text)?;
    if text.trim_ascii_start().starts_with(b"{") {
        reader.take(BYTES + 1 - BEGINNING).read_to_end(&mut text)?;
    }
    if text.len() as u64 > BYTES { Err(ReadError::TooLarge) } else { read_json(&text) }
}

/// Reads the text that [`write_json`] has written, to the last bit.
///
/// # Errors
/// [`ReadError`]: the text is none, or asks what makes no sense.
pub fn read_json(text: &[u8]) -> Result<(Sweep, SweepMap), ReadError> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let file: SweepFile = table(&mut json)?;
    json.end()?;
    file.experiment.validate()?;
    let named = file.experiment.variants.iter().position(|v| v.name == file.variant);
    let sweep = Sweep {
        variant: named.ok_or(ReadError::Misfit)?,
        experiment: file.experiment,
        x: file.x,
        y: file.y,
        quantity: file.quantity,
        seeds: file.seeds,
        engine: None,
    };
    sweep.validate()?;
    let is_factor = |finding: &SweepFinding| matches!(finding, SweepFinding::GainOfScheme { .. });
    if file.notes.is_empty() && sweep.replaces().iter().any(is_factor) {
        return Err(ReadError::Gain);
    }
    let mut map = SweepMap::empty(&sweep);
    if map.cells.len() != file.cells.len() {
        return Err(ReadError::Misfit);
    }
    let impossible = |cell: &Option<Cell>| cell.is_some_and(|cell| !is_possible(cell, &sweep));
    if let Some(index) = file.cells.iter().position(impossible) {
        return Err(ReadError::Impossible(index + 1));
    }
    map.cells = file.cells;
    Ok((sweep, map))
}

/// Whether a measurement of that sweep can give such numbers.
fn is_possible(cell: Cell, sweep: &Sweep) -> bool {
    let share = 0.0..=1.0;
    let fits = |number: f64| !sweep.quantity.is_share() || share.contains(&number);
    // A true zero, which has no number, lies below every number.
    let quartiles = cell.quartiles.is_none_or(|[low, high]| {
        let ordered = low.is_none_or(|low| high.is_some_and(|high| low <= high));
        ordered && high.is_some() && [low, high].into_iter().flatten().all(fits)
    });
    // A median is a true zero where at least half of the seeds are dead, and only there.
    let is_zero = !sweep.quantity.is_share() && cell.zero_share >= 0.5;
    let median = cell.value.map_or(is_zero, |value| !is_zero && fits(value));
    quartiles && median && share.contains(&cell.zero_share)
}

/// Writes a header and one row for each cell that is measured: its settings, the quantity
/// with its quartiles, each empty where it is a true zero, and the share of dead seeds.
///
/// # Errors
/// What `out` says when it takes no more.
pub fn write_csv(sweep: &Sweep, map: &SweepMap, mut out: impl Write) -> io::Result<()> {
    let y_name = sweep.y.map(|y| format!("{},", y.setting.id())).unwrap_or_default();
    let (x_name, quantity) = (sweep.x.setting.id(), sweep.quantity.id());
    writeln!(out, "{x_name},{y_name}{quantity},lower_quartile,upper_quartile,zero_share")?;
    let number = |number: Option<f64>| number.map(|n| n.to_string()).unwrap_or_default();
    for y in 0..map.height {
        for x in 0..map.width {
            let Some(cell) = map.cell(x, y) else { continue };
            let at_y = sweep.y.map(|axis| format!("{},", axis.value(y))).unwrap_or_default();
            let [low, high] = [0, 1].map(|end| number(cell.quartiles.and_then(|q| q[end])));
            let (at_x, value, zeros) = (sweep.x.value(x), number(cell.value), cell.zero_share);
            writeln!(out, "{at_x},{at_y}{value},{low},{high},{zeros}")?;
        }
    }
    Ok(())
}
