//! The records of one draw as CSV: one row for each layer of each variant.

use std::io::{self, Write};

use serde::Serialize;

use crate::study::Draw;

use super::row::LayerRow;

/// Writes a header and one row for each variant and layer.
///
/// The columns are `variant` and the keys of a layer in the JSON. An empty field is what the
/// JSON calls null: a log10 of a true zero, or a number larger than `f64` holds.
///
/// # Errors
/// What `out` says when it takes no more.
///
/// ```
/// use gradient_lab::{experiment::Experiment, export::csv, study::{DrawStudy, TaskContext}};
/// let draw = DrawStudy::new().run(&Experiment::default(), &TaskContext::unattended())?;
/// let mut text = Vec::new();
/// csv::write(&draw, &mut text)?;
/// let text = String::from_utf8(text)?;
/// assert_eq!(text.lines().count(), 1 + 2 * 6);
/// assert!(text.starts_with("variant,layer,fan_in,fan_out,delta_norm,delta_log10,"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write(draw: &Draw, out: impl Write) -> io::Result<()> {
    let header = ["variant"].iter().chain(LayerRow::COLUMNS);
    let rows = draw.variants.iter().flat_map(|variant| {
        variant.layers.iter().map(|layer| (&variant.name, LayerRow::of(layer)))
    });
    write_rows(header, rows, out)
}

/// Writes a header and rows of as many fields.
///
/// # Errors
/// What `out` says when it takes no more.
pub(super) fn write_rows(
    header: impl IntoIterator<Item = &'static &'static str>,
    rows: impl Iterator<Item = impl Serialize>,
    out: impl Write,
) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(out);
    writer.write_record(header).map_err(io_error)?;
    for row in rows {
        writer.serialize(row).map_err(io_error)?;
    }
    writer.flush()
}

/// The stream's own error, whose kind tells a closed pipe from a full disk.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
