//! Arrays as rows of plain numbers, one column an example.

use ndarray::Array2;

use crate::engine::{Scaled, ScaledColumns, Signal};

/// Rows of plain numbers; a vector has one number a row.
pub(super) type Rows = Vec<Vec<f64>>;

/// n × B.
pub(super) fn rows(signal: &Signal<f64>) -> Rows {
    rows_of((0..signal.batch()).map(|example| signal.column(example)).collect())
}

/// Given numbers, n × B.
pub(super) fn given(columns: &ScaledColumns<f64>) -> Rows {
    rows_of((0..columns.batch()).map(|example| columns.column(example)).collect())
}

/// Rows of numbers that stand column by column.
pub(super) fn rows_of(columns: Vec<Vec<Scaled>>) -> Rows {
    let plain = |column: Vec<Scaled>| column.into_iter().map(Scaled::to_f64).collect();
    transposed(&columns.into_iter().map(plain).collect())
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

/// A matrix times another.
pub(super) fn product(left: &Rows, right: &Rows) -> Rows {
    let columns = transposed(right);
    let entry =
        |row: &Vec<f64>, column: &Vec<f64>| row.iter().zip(column).map(|(m, v)| m * v).sum();
    left.iter().map(|row| columns.iter().map(|column| entry(row, column)).collect()).collect()
}

/// A matrix plus another.
pub(super) fn sum(left: &Rows, right: &Rows) -> Rows {
    let row = |(left, right): (&Vec<f64>, &Vec<f64>)| {
        left.iter().zip(right).map(|(left, right)| left + right).collect()
    };
    left.iter().zip(right).map(row).collect()
}
