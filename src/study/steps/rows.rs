//! Arrays as rows of plain numbers, for one example.

use ndarray::Array2;

use crate::engine::Columns;

/// Rows of plain numbers; a vector has one number a row.
pub(super) type Rows = Vec<Vec<f64>>;

/// One example's column, n × 1.
pub(super) fn rows(columns: &Columns<f64>) -> Rows {
    columns.column(0).into_iter().map(|entry| vec![entry.to_f64()]).collect()
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
