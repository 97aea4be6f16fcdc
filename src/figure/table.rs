//! A figure's numbers as a table, for CSV and for spreadsheets.

use super::{
    AxisScale, Bars, Cell, Chart, Figure, Graph, Heat, Map, MapCell, Mark, MarkShape, Panel, Rows,
    Scale, format_rows::flush_rows, precision, scientific_of_log10, value_rows::table_rows,
};

/// Header and rows, all as text.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The columns' names.
    pub header: Vec<&'static str>,
    /// One list of fields for each number of the figure.
    pub rows: Vec<Vec<String>>,
}

impl Figure {
    /// Every number of the figure in long form: panel, series, x (the layer, mostly), value and its log10.
    /// A true zero has the value 0 and no log10; a number beyond `f64` has its digits and
    /// exponent as text all the same.
    pub fn table(&self) -> Table {
        let mut rows = Vec::new();
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
                Panel::Heat(heat) => rows.extend(heat_rows(heat)),
                Panel::Ridge(ridge) => rows.extend(table_rows(&ridge.spread)),
                Panel::Chart(chart) => rows.extend(chart_rows(chart)),
                Panel::Graph(graph) => rows.extend(graph_rows(graph)),
                Panel::Map(map) => rows.extend(map_rows(map)),
            }
        }
        Table { header: vec!["quantity", "series", "x", "value", "log10"], rows }
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
                point.exact(),
                log10,
            ]
        })
    })
}

/// The overlays' points, from the axis back to numbers.
fn overlay_rows(bars: &Bars) -> impl Iterator<Item = Vec<String>> + '_ {
    bars.overlays.iter().flat_map(chart_readings).map(|(name, x, height)| {
        let log10 = match bars.scale {
            Scale::Log10 => Some(height),
            Scale::Linear { power } => (height > 0.0).then(|| height.log10() + power as f64),
        };
        let value = log10.map_or("0".to_owned(), |log10| scientific_of_log10(log10, 6));
        let log10 = log10.map(|log10| log10.to_string()).unwrap_or_default();
        vec!["‖δ⁽ˡ⁾‖".to_owned(), name, x.to_string(), value, log10]
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
            cell.exact(),
            log10,
        ]
    })
}

fn chart_rows(chart: &Chart) -> impl Iterator<Item = Vec<String>> + '_ {
    let named = chart.marks.iter().filter(|mark| !mark.name.is_empty());
    named.flat_map(chart_readings).map(|(name, x, y)| {
        let (value, log10) = match chart.y.scale {
            AxisScale::Log10 => (scientific_of_log10(y, 6), y.to_string()),
            AxisScale::Linear | AxisScale::Layers => (y.to_string(), String::new()),
        };
        let x = match chart.x.scale {
            AxisScale::Log10 => scientific_of_log10(x, 6),
            AxisScale::Linear => x.to_string(),
            // A layer's columns stand beside one another.
            AxisScale::Layers => x.round().to_string(),
        };
        vec![chart.y.label.clone(), name, x, value, log10]
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
fn map_rows(map: &Map) -> impl Iterator<Item = Vec<String>> + '_ {
    let places = (0..map.y.values.len()).flat_map(|y| (0..map.x.values.len()).map(move |x| (x, y)));
    let cells = places.filter(|&(x, y)| map.cell(x, y) != MapCell::Pending).map(|(x, y)| {
        let value =
            map.cell(x, y).value().map_or_else(|| "true zero".to_owned(), |v| v.to_string());
        let x = map.x.values[x].to_string();
        vec![map.quantity.label().to_lowercase(), map.y.name(y), x, value, String::new()]
    });
    let plain = |scale: AxisScale, at: f64| match scale {
        AxisScale::Log10 => libm::pow(10.0, at).to_string(),
        AxisScale::Linear | AxisScale::Layers => at.to_string(),
    };
    let line = map.line.iter().map(move |&[x, y]| {
        let (x, y) = (plain(map.x.scale, x), plain(map.y.scale, y));
        vec![map.y.label.clone(), map.line_name.clone(), x, y, String::new()]
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
    nodes.chain(links).map(|(title, line)| {
        let (name, value) = line.split_once(" = ").unwrap_or((line, ""));
        vec![name.to_owned(), title.clone(), String::new(), value.to_owned(), String::new()]
    })
}
