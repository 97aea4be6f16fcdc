//! Sweeps as JSON, which can be read back and joined, and as CSV.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use crate::experiment::Experiment;
use crate::figure::words::sweep as words;
use crate::study::{Axis, Cell, Quantity, Sweep, SweepError, SweepFinding, SweepMap};

/// The file: what was asked, and the cells row after row from the bottom, null where a cell
/// is not measured.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SweepFile {
    experiment: Experiment,
    variant: String,
    x: Axis,
    y: Option<Axis>,
    quantity: Quantity,
    seeds: u32,
    /// What the sweep replaces of the experiment, a sentence each.
    #[serde(default)]
    notes: Vec<String>,
    cells: Vec<Option<Cell>>,
}

/// Why a file gives no sweep.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is no JSON of a sweep.
    #[error("it is no sweep that the lab wrote: {0}")]
    Form(#[from] serde_json::Error),
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

/// Writes a sweep, or a part of one, as one JSON object with a newline at its end.
///
/// # Errors
/// What `out` says when it takes no more.
pub fn write_json(sweep: &Sweep, map: &SweepMap, mut out: impl Write) -> io::Result<()> {
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
    serde_json::to_writer_pretty(&mut out, &file)?;
    writeln!(out)
}

fn notes(sweep: &Sweep) -> Vec<String> {
    sweep.replaces().iter().map(words::sentence).collect()
}

/// Reads what [`write_json`] has written, to the last bit.
///
/// # Errors
/// [`ReadError`]: the file is none, or asks what makes no sense.
pub fn read_json(text: &[u8]) -> Result<(Sweep, SweepMap), ReadError> {
    let file: SweepFile = serde_json::from_slice(text)?;
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
    map.cells = file.cells;
    Ok((sweep, map))
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
