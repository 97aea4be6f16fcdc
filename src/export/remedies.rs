//! Remedies as a table of text, as JSON and as CSV.

use std::io::{self, Write};

use serde::Serialize;

use crate::experiment::Experiment;
use crate::figure::remedies_table::{COLUMNS, row};
use crate::figure::words::remedies as words;
use crate::study::{Prescription, Remedies, RemedyRow};

use super::csv::write_rows;
use super::json::write_pretty;
use super::row::table_row;

table_row! {
    /// A remedy in numbers. A number that is absent is one of dead networks, or there is none.
    struct RowFields {
        remedy: String,
        words: String,
        verdict: &'static str,
        sentence: String,
        keys: String,
        changes_architecture: bool,
        seeds: u32,
        engine: &'static str,
        decades_median: Option<f64>,
        decades_low: Option<f64>,
        decades_high: Option<f64>,
        decades_05: Option<f64>,
        decades_95: Option<f64>,
        decades_theory: Option<f64>,
        zero_share: f64,
        forward_decades: Option<f64>,
        dead_share: f64,
        saturated_share: f64,
        difference_left: f64,
        looked_at: u32,
        examples: usize,
        multiply_adds: u64,
    }
}

impl RowFields {
    fn of(row: &RemedyRow) -> Self {
        let measured = &row.measured;
        let finite = |number: f64| Some(number).filter(|number| number.is_finite());
        let [low, high] = measured.decades.interval.map(finite);
        let [least, most] = measured.decades.spread.map(finite);
        Self {
            remedy: row.remedy.id(),
            words: words::name(&row.remedy),
            verdict: row.verdict.id(),
            sentence: words::sentence(row),
            keys: words::keys(&row.remedy),
            changes_architecture: row.remedy.is_of_architecture(),
            seeds: measured.seeds,
            engine: measured.engine.id(),
            decades_median: finite(measured.decades.median),
            decades_low: low,
            decades_high: high,
            decades_05: least,
            decades_95: most,
            decades_theory: measured.expected,
            zero_share: measured.zero_share,
            forward_decades: measured.forward.and_then(finite),
            dead_share: measured.dead,
            saturated_share: measured.saturated,
            difference_left: measured.difference,
            looked_at: measured.looked_at,
            examples: measured.examples,
            multiply_adds: row.remedy.multiply_adds,
        }
    }
}

#[derive(Serialize)]
struct RemediesJson<'a> {
    experiment: &'a Experiment,
    before: RowFields,
    remedies: Vec<RowFields>,
}

/// Writes the table as one JSON object, indented, with a newline at its end.
///
/// # Errors
/// What `out` says when it takes no more.
pub fn write_json(table: &Remedies, out: impl Write) -> io::Result<()> {
    let remedies = table.rows.iter().map(RowFields::of).collect();
    let before = RowFields::of(&table.before);
    write_pretty(&RemediesJson { experiment: &table.experiment, before, remedies }, out)
}

/// Writes a header and one row for each remedy, the variant as it is first.
///
/// # Errors
/// What `out` says when it takes no more.
pub fn write_csv(table: &Remedies, out: impl Write) -> io::Result<()> {
    let rows = [&table.before].into_iter().chain(&table.rows).map(RowFields::of);
    write_rows(RowFields::COLUMNS.iter(), rows, out)
}

/// Writes the table for eyes: aligned columns, each remedy's keys and name under its row where they
/// say more, and what the first one comes to.
///
/// # Errors
/// What `out` says when it takes no more.
pub fn write_text(table: &Remedies, out: &mut impl Write) -> io::Result<()> {
    let all: Vec<&RemedyRow> = [&table.before].into_iter().chain(&table.rows).collect();
    let mut lines = vec![COLUMNS.map(|(name, _)| name.to_owned())];
    lines.extend(all.iter().map(|r| row(table, r)));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
    let widths: Vec<usize> = (0..COLUMNS.len()).filter_map(width).collect();
    let experiment = &table.experiment;
    writeln!(out, "{} · {}", experiment.variants[0].name, experiment.variants[0].describe())?;
    writeln!(out, "{}\n", experiment.describe())?;
    for (index, line) in lines.iter().enumerate() {
        let cells = line.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
            let gap = " ".repeat(width - cell.chars().count());
            // Words to the left, numbers to the right.
            if column < 2 { format!("{cell}{gap}") } else { format!("{gap}{cell}") }
        });
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        if let Some(remedy) = index.checked_sub(2).and_then(|place| table.rows.get(place)) {
            writeln!(out, "    {}: {}", remedy.remedy.id(), words::keys(&remedy.remedy))?;
        }
    }
    writeln!(out, "\n{}", words::prescription(table))?;
    if let Some(note) = words::of_format(table) {
        writeln!(out, "{note}")?;
    }
    if let Prescription::Take(row) = table.prescription() {
        writeln!(out, "{}", words::sentence(row))?;
    }
    Ok(())
}
