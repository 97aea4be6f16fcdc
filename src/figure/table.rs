//! A figure's numbers as a table, for CSV and for spreadsheets.

use super::{Bars, Cell, Figure, Heat, Panel};

/// Header and rows, all as text.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The columns' names.
    pub header: Vec<&'static str>,
    /// One list of fields for each number of the figure.
    pub rows: Vec<Vec<String>>,
}

impl Figure {
    /// Every number of the figure in long form: panel, series, layer, value and its log10.
    /// A true zero has the value 0 and no log10; a number beyond `f64` has its digits and
    /// exponent as text all the same.
    pub fn table(&self) -> Table {
        let mut rows = Vec::new();
        for panel in &self.panels {
            match panel {
                Panel::Bars(bars) => rows.extend(bars_rows(bars)),
                Panel::Heat(heat) => rows.extend(heat_rows(heat)),
            }
        }
        Table { header: vec!["quantity", "series", "layer", "value", "log10"], rows }
    }
}

fn bars_rows(bars: &Bars) -> impl Iterator<Item = Vec<String>> + '_ {
    bars.series.iter().flat_map(|series| {
        series.points.iter().map(|point| {
            let log10 = point.log10.map(|log10| log10.to_string()).unwrap_or_default();
            vec![
                "‖δ⁽ˡ⁾‖".to_owned(),
                series.name.clone(),
                point.layer.to_string(),
                point.exact.clone(),
                log10,
            ]
        })
    })
}

fn heat_rows(heat: &Heat) -> impl Iterator<Item = Vec<String>> + '_ {
    let cells =
        (0..heat.rows.count()).flat_map(|row| (0..heat.columns).map(move |column| (row, column)));
    cells.filter(|&(row, column)| heat.cell(row, column) != Cell::Absent).map(|(row, column)| {
        let cell = heat.cell(row, column);
        let log10 = cell.log10().map(|log10| log10.to_string()).unwrap_or_default();
        vec![
            heat.quantity.clone(),
            heat.rows.name(row),
            (column + 1).to_string(),
            cell.text(6),
            log10,
        ]
    })
}
