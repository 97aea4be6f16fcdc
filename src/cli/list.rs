//! `gradient-lab list`: every name that a file or an argument may use, with its hint.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::experiment::{
    Activation, Draws, Loss, OptimizerKind, Precision, Preset, Scheme, SetKind, limits,
};
use crate::export::table::TableId;
use crate::figure::FigureId;
use crate::study::{Quantity, Setting};

/// Prints one section for each kind of name.
///
/// # Errors
/// What `out` says when it takes no more.
pub(super) fn write(out: &mut impl Write) -> io::Result<()> {
    section(out, "Presets", Preset::ALL.map(|p| (p.id, p.hint)))?;
    section(out, "Activations", Activation::ALL.map(|a| (a.id(), a.hint())))?;
    section(out, "Initializations", Scheme::ALL.map(|s| (s.id(), s.hint())))?;
    section(out, "Losses", Loss::ALL.map(|l| (l.id(), l.hint())))?;
    section(out, "Data sets", SetKind::ALL.map(|s| (s.id(), s.hint())))?;
    section(out, "Optimizers", OptimizerKind::ALL.map(|o| (o.id(), o.hint())))?;
    section(out, "Precisions", Precision::ALL.map(|p| (p.id(), p.hint())))?;
    section(out, "Random numbers", Draws::ALL.map(|d| (d.id(), d.hint())))?;
    section(out, "Figures", FigureId::ALL.map(|f| (f.id(), f.hint())))?;
    section(out, "Other tables", TableId::WITHOUT_FIGURE.map(|t| (t.id(), t.hint())))?;
    section(out, "Settings of a sweep", Setting::ALL.map(|s| (s.id(), s.hint())))?;
    section(out, "Quantities of a sweep", Quantity::ALL.map(|q| (q.id(), q.hint())))?;
    let keys = limits::KEYS.iter().map(|key| (key.name.as_str(), key.words.as_str()));
    section(out, "Keys of an experiment file", keys)
}

/// A title, and names and hints in two columns.
fn section<'a>(
    out: &mut impl Write,
    title: &str,
    rows: impl IntoIterator<Item = (&'a str, impl Into<Cow<'a, str>>)>,
) -> io::Result<()> {
    let rows: Vec<_> = rows.into_iter().map(|(name, hint)| (name, hint.into())).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    writeln!(out, "{title}")?;
    for (name, hint) in rows {
        writeln!(out, "  {name:width$}  {hint}")?;
    }
    writeln!(out)
}
