//! Arrays as rows of plain numbers, for one example.

use ndarray::Array2;

use crate::engine::{Scaled, ScaledColumns, Signal};

/// Rows of plain numbers; a vector has one number a row.
pub(super) type Rows = Vec<Vec<f64>>;

/// The first example's column, n × 1.
pub(super) fn rows(signal: &Signal<f64>) -> Rows {
    rows_of(signal.column(0))
}

/// The first example's column of given numbers, n × 1.
pub(super) fn given(columns: &ScaledColumns<f64>) -> Rows {
    rows_of(columns.column(0))
}

fn rows_of(column: Vec<Scaled>) -> Rows {
    column.into_iter().map(|entry| vec![entry.to_f64()]).collect()
}

/// A matrix, row by row.
pub(super) fn plain(array: &Array2<f64>) -> Rows {
    array.rows().into_iter().map(|row| row.to_vec()).collect()
}

/// Mᵀ.
pub(super) fn transposed(rows: &Rows) -> Rows {
    let columns = rows.first().map_or(0, Vec::len);
    (0..columns).map(|j| rows.iter().map(|row| row[j]).collect()).collect()
}

/// A matrix times a column.
pub(super) fn product(matrix: &Rows, column: &Rows) -> Rows {
    let entry = |row: &Vec<f64>| row.iter().zip(column.iter().flatten()).map(|(m, v)| m * v).sum();
    matrix.iter().map(|row| vec![entry(row)]).collect()
}
