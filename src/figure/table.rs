//! A table: header and rows of text, for CSV, JSON and spreadsheets.

/// Header and rows, all as text.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The columns' names.
    pub header: &'static [&'static str],
    /// One list of fields for each number of the figure, or for each thing with several numbers.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// The columns of a table with one number a row: what it is, whose, where it stands and in
    /// which quantity that is told, and its log10, empty where there is none.
    pub const LONG: &[&str] = &["quantity", "series", "x", "value", "log10", "x_quantity"];
    /// The columns of a table with one checked derivative a row.
    pub const DERIVATIVES: &[&str] = &[
        "parameter",
        "outcome",
        "backpropagation",
        "backpropagation_log10",
        "difference",
        "difference_log10",
        "error_bound",
        "error_bound_log10",
        "relative_error",
        "step_h",
    ];
}

/// A row of the long form. A place is the number and what it is a number of.
pub(super) fn row(
    quantity: String,
    series: String,
    [x, x_quantity]: [&str; 2],
    value: String,
    log10: Option<f64>,
) -> Vec<String> {
    let log10 = log10.map(|log10| log10.to_string()).unwrap_or_default();
    vec![quantity, series, x.to_owned(), value, log10, x_quantity.to_owned()]
}

/// A row of the long form about a layer, from 1.
pub(super) fn of_layer(
    quantity: String,
    series: String,
    layer: usize,
    value: String,
    log10: Option<f64>,
) -> Vec<String> {
    row(quantity, series, [&layer.to_string(), "layer"], value, log10)
}
