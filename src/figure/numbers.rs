//! How a figure becomes a table of its numbers.

use crate::engine::Scaled;
use crate::study::Compared;

use super::check::outcome_name;
use super::number::{full, full_of_log10};
use super::table::{Table, of_layer, row};
use super::{
    AxisScale, Bars, Cell, Chart, Figure, Graph, Heat, Map, MapCell, Mark, MarkShape, Panel, Rows,
    Scale, Surface, format_rows::flush_rows, precision, value_rows::table_rows,
};

impl Figure {
    /// Every number of the figure, once and with all its digits, a row each under
    /// [`Table::LONG`]. A true zero has the value 0 and no log10; a number beyond `f64` has its
    /// digits and exponent as text all the same. Of checked derivatives, a row is a derivative.
    pub fn table(&self) -> Table {
        if !self.derivatives.is_empty() {
            let rows = self.derivatives.iter().map(derivative_row).collect();
            return Table { header: Table::DERIVATIVES, rows };
        }
        let mut rows = Vec::new();
        let has_bars = self.panels.iter().any(|panel| matches!(panel, Panel::Bars(_)));
        for panel in &self.panels {
            match panel {
                Panel::Bars(bars) => {
                    rows.extend(bars_rows(bars));
                    rows.extend(overlay_rows(bars));
                    rows.extend(precision::bars_rows(bars));
                }
                Panel::Heat(Heat { rows: Rows::Values { spread, .. }, .. }) => {
                    rows.extend(table_rows(spread));
                }
                Panel::Heat(Heat { rows: Rows::Formats { report, variant }, .. }) => {
                    rows.extend(report.variants.get(*variant).into_iter().flat_map(flush_rows));
                }
                // Strips beside bars are the same numbers.
                Panel::Heat(Heat { rows: Rows::Named(_), .. }) if has_bars => {}
                Panel::Heat(heat) => rows.extend(heat_rows(heat)),
                Panel::Ridge(ridge) => rows.extend(table_rows(&ridge.spread)),
                Panel::Chart(chart) => rows.extend(chart_rows(chart)),
                Panel::Graph(graph) => rows.extend(graph_rows(graph)),
                Panel::Map(map) => rows.extend(map_rows(map)),
                Panel::Surface(surface) => rows.extend(surface_rows(surface)),
            }
        }
        Table { header: Table::LONG, rows }
    }
}

fn bars_rows(bars: &Bars) -> impl Iterator<Item = Vec<String>> + '_ {
    bars.series.iter().flat_map(|series| {
        let norm = || "‖δ⁽ˡ⁾‖".to_owned();
        let points = series.points.iter();
        points.map(move |p| of_layer(norm(), series.name.clone(), p.layer, p.full(), p.log10))
    })
}

/// The overlays' points, from the axis back to numbers.
fn overlay_rows(bars: &Bars) -> impl Iterator<Item = Vec<String>> + '_ {
    bars.overlays.iter().flat_map(chart_readings).map(|(name, x, height)| {
        let log10 = match bars.scale {
            Scale::Log10 => Some(height),
            Scale::Linear { power } => (height > 0.0).then(|| height.log10() + power as f64),
        };
        let value = log10.map_or("0".to_owned(), full_of_log10);
        row("‖δ⁽ˡ⁾‖".to_owned(), name, [&x.to_string(), "layer"], value, log10)
    })
}

fn heat_rows(heat: &Heat) -> impl Iterator<Item = Vec<String>> + '_ {
    let cells =
        (0..heat.rows.count()).flat_map(|row| (0..heat.columns).map(move |column| (row, column)));
    cells.filter(|&(row, column)| heat.cell(row, column) != Cell::Absent).map(|(row, column)| {
        let cell = heat.cell(row, column);
        let value = cell.log10().map_or_else(|| cell.exact(), full_of_log10);
        of_layer(heat.quantity.clone(), heat.rows.name(row), column + 1, value, cell.log10())
    })
}

fn chart_rows(chart: &Chart) -> impl Iterator<Item = Vec<String>> + '_ {
    let named = chart.marks.iter().filter(|mark| !mark.name.is_empty());
    named.flat_map(chart_readings).map(|(name, x, y)| {
        let (value, log10) = match chart.y.scale {
            AxisScale::Log10 => (full_of_log10(y), Some(y)),
            AxisScale::Linear | AxisScale::Layers => (y.to_string(), None),
        };
        let (x, x_quantity) = match chart.x.scale {
            AxisScale::Log10 => (full_of_log10(x), &*chart.x.label),
            AxisScale::Linear => (x.to_string(), &*chart.x.label),
            // A layer's columns stand beside one another.
            AxisScale::Layers => (x.round().to_string(), "layer"),
        };
        row(chart.y.label.clone(), name, [&x, x_quantity], value, log10)
    })
}

/// A mark's points, each with its series' name; a band has two series.
fn chart_readings(mark: &Mark) -> Vec<(String, f64, f64)> {
    match &mark.shape {
        MarkShape::Band(band) | MarkShape::Edges(band) => {
            let end = |end: usize, word: &'static str| {
                band.iter().map(move |at| (format!("{}, {word}", mark.name), at[0], at[end]))
            };
            end(1, "lower").chain(end(2, "upper")).collect()
        }
        _ => mark.readings().into_iter().map(|[x, y]| (mark.name.clone(), x, y)).collect(),
    }
}

/// What is measured, row after row from the bottom, and the line of theory.
fn surface_rows(surface: &Surface) -> impl Iterator<Item = Vec<String>> + '_ {
    let [x_label, y_label] = surface.labels;
    surface.values.iter().enumerate().map(move |(index, value)| {
        let [x, y] = [index % surface.side, index / surface.side].map(|c| surface.middle(c));
        let (series, x) = (format!("{y_label} = {y}"), x.to_string());
        row(surface.quantity.to_owned(), series, [&x, x_label], value.to_string(), None)
    })
}

fn map_rows(map: &Map) -> impl Iterator<Item = Vec<String>> + '_ {
    let places = (0..map.y.values.len()).flat_map(|y| (0..map.x.values.len()).map(move |x| (x, y)));
    let cells = places.filter(|&(x, y)| map.cell(x, y) != MapCell::Pending).map(|(x, y)| {
        let value =
            map.cell(x, y).value().map_or_else(|| "true zero".to_owned(), |v| v.to_string());
        let x = [&*map.x.values[x].to_string(), &map.x.label];
        let name = format!("{} = {}", map.y.label, map.y.values[y]);
        row(map.quantity.label().to_lowercase(), name, x, value, None)
    });
    let plain = |scale: AxisScale, at: f64| match scale {
        AxisScale::Log10 => libm::pow(10.0, at).to_string(),
        AxisScale::Linear | AxisScale::Layers => at.to_string(),
    };
    let line = map.line.iter().map(move |&[x, y]| {
        let (x, y) = (plain(map.x.scale, x), plain(map.y.scale, y));
        row(map.y.label.clone(), map.line_name.clone(), [&x, &map.x.label], y, None)
    });
    cells.chain(line)
}

/// What each unit and each edge says of itself.
fn graph_rows(graph: &Graph) -> impl Iterator<Item = Vec<String>> + '_ {
    let nodes = graph.columns.iter().flat_map(|column| {
        column
            .nodes
            .iter()
            .flat_map(move |node| node.story.iter().map(move |line| (&column.title, line)))
    });
    let links = graph.links.iter().flat_map(|link| {
        let title = &graph.columns[link.column].title;
        link.story.iter().take(2).map(move |line| (title, line))
    });
    nodes.chain(links).flat_map(|(title, line)| {
        // Between the first and the last stands how it comes about.
        let name = line.split(" = ").next().unwrap_or(line);
        // Spreadsheets know no true minus sign.
        let values = line.rsplit(" = ").next().unwrap_or("").replace('−', "-");
        let values = values.split(", ").filter(|value| value.parse::<f64>().is_ok());
        let row =
            |value: &str| row(name.to_owned(), title.clone(), ["", ""], value.to_owned(), None);
        values.map(row).collect::<Vec<_>>()
    })
}

fn derivative_row(compared: &Compared) -> Vec<String> {
    let log10 = |number: Scaled| number.abs().log10().map(|l| l.to_string()).unwrap_or_default();
    let of = &compared.differences;
    let pair = |number: Scaled| [full(number), log10(number)];
    let [[analytic, analytic_log10], [value, value_log10], [bound, bound_log10]] =
        [compared.analytic, of.value, of.bound].map(pair);
    vec![
        of.parameter.to_string(),
        outcome_name(compared.outcome).to_owned(),
        analytic,
        analytic_log10,
        value,
        value_log10,
        bound,
        bound_log10,
        full(compared.relative_error.into()),
        full(of.step),
    ]
}
