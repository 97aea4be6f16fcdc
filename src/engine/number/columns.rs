//! Arrays whose columns, one for each example, have an exponent of their own.

use std::ops::Range;

use crate::engine::kernels;
use crate::engine::number::{Real, Scaled, exponent_of, halves, ldexp, root_mean_square};
use ndarray::{Array2, s};

/// n units × B examples; example b's column is `mantissa[.., b]` × 2^`exponent[b]`.
#[derive(Clone, Debug, PartialEq)]
pub struct ScaledColumns<T> {
    /// n × B, row-major.
    pub mantissa: Array2<T>,
    /// One exponent for each example.
    pub exponent: Vec<i64>,
}

impl<T: Real> ScaledColumns<T> {
    /// n × B zeros.
    pub fn zeros(units: usize, batch: usize) -> Self {
        Self { mantissa: Array2::from_elem((units, batch), T::ZERO), exponent: vec![0; batch] }
    }

    /// These n × B numbers with mantissas in double precision.
    pub(crate) fn to_double(&self) -> ScaledColumns<f64> {
        let mantissa = self.mantissa.mapv(Real::to_f64);
        ScaledColumns { mantissa, exponent: self.exponent.clone() }
    }

    /// n.
    pub fn units(&self) -> usize {
        self.mantissa.nrows()
    }

    /// B.
    pub fn batch(&self) -> usize {
        self.mantissa.ncols()
    }

    /// All mantissas, row by row.
    pub(crate) fn entries(&self) -> &[T] {
        self.mantissa.as_slice().expect("columns are made in standard layout")
    }

    /// All mantissas, row by row.
    pub(crate) fn entries_mut(&mut self) -> &mut [T] {
        self.mantissa.as_slice_mut().expect("columns are made in standard layout")
    }

    /// One entry.
    pub fn get(&self, unit: usize, example: usize) -> Scaled {
        Scaled::new(self.mantissa[[unit, example]].to_f64(), self.exponent[example])
    }

    /// Example b alone, n × 1.
    #[must_use]
    pub fn example(&self, example: usize) -> Self {
        self.examples(example..example + 1)
    }

    /// Some of the examples alone.
    #[must_use]
    pub(crate) fn examples(&self, examples: Range<usize>) -> Self {
        let mantissa = self.mantissa.slice(s![.., examples.clone()]);
        Self {
            mantissa: mantissa.as_standard_layout().into_owned(),
            exponent: self.exponent[examples].to_vec(),
        }
    }

    /// Example b's column, entry by entry.
    pub fn column(&self, example: usize) -> Vec<Scaled> {
        (0..self.units()).map(|unit| self.get(unit, example)).collect()
    }

    /// The largest |entry| of example b's column, or `None` where all are true zeros.
    pub fn largest(&self, example: usize) -> Option<Scaled> {
        let top = match self.batch() {
            1 => kernels::largest(self.entries()),
            _ => {
                let column = self.mantissa.column(example);
                column.iter().fold(T::ZERO, |top, &v| if v.abs() > top { v.abs() } else { top })
            }
        };
        (top != T::ZERO).then(|| Scaled::new(top.to_f64(), self.exponent[example]))
    }

    /// [`Self::largest`] of every example's column.
    pub(crate) fn largest_of_each(&self) -> Vec<Option<Scaled>> {
        let mut tops = vec![T::ZERO; self.batch()];
        kernels::column_tops(self.entries(), &mut tops);
        let exponents = tops.iter().zip(&self.exponent);
        exponents.map(|(&top, &e)| (top != T::ZERO).then(|| Scaled::new(top.to_f64(), e))).collect()
    }

    /// e of each example's largest |entry| m × 2^e with ½ ≤ m < 1, `None` where all of its
    /// entries are true zeros.
    pub(crate) fn tops(&self) -> Vec<Option<i64>> {
        self.largest_of_each().into_iter().map(|top| top.map(Scaled::exponent)).collect()
    }

    /// [`Self::tops`] of each example's largest |mantissa|.
    pub(crate) fn exponents_of(&self, tops: &[T]) -> Vec<Option<i64>> {
        let exponents = tops.iter().zip(&self.exponent);
        let exponent =
            |(&top, e): (&T, &i64)| (top != T::ZERO).then(|| e + exponent_of(top.to_f64()));
        exponents.map(exponent).collect()
    }

    /// The Euclidean norm of example b's column.
    ///
    /// The mantissas are brought near 1 first, so that no square leaves the range.
    pub fn norm(&self, example: usize) -> Scaled {
        let Some(largest) = self.largest(example) else { return Scaled::ZERO };
        let top = largest.exponent();
        let [half, rest] = halves(self.exponent[example] - top);
        let column = self.mantissa.column(example);
        let squares: f64 = column.iter().map(|v| (v.to_f64() * half * rest).powi(2)).sum();
        Scaled::new(squares.sqrt(), top)
    }

    /// The root mean square over the examples of the columns' norms: for a batch of one,
    /// the norm itself.
    pub fn rms_norm(&self) -> Scaled {
        if self.batch() == 1 {
            let mut square = [0.0];
            self.fill_squares(&mut square);
            return self.norm_of(0, square[0]);
        }
        root_mean_square(self.norms().into_iter())
    }

    /// The Euclidean norm of every example's column.
    pub fn norms(&self) -> Vec<Scaled> {
        let mut squares = vec![0.0; self.batch()];
        self.fill_squares(&mut squares);
        let norm = |(square, &exponent): (&f64, &i64)| Scaled::new(square.sqrt(), exponent);
        if squares.iter().all(|square| SAFE_SQUARES.contains(square)) {
            return squares.iter().zip(&self.exponent).map(norm).collect();
        }
        let tops = self.largest_of_each();
        let norm = |(b, top): (usize, &Option<Scaled>)| match top {
            Some(_) => self.norm_of(b, squares[b]),
            None => Scaled::ZERO,
        };
        tops.iter().enumerate().map(norm).collect()
    }

    fn fill_squares(&self, squares: &mut [f64]) {
        kernels::column_squares(self.entries(), squares);
    }

    /// A column's norm from its sum of squares, unless squares that matter were lost in it.
    fn norm_of(&self, example: usize, square: f64) -> Scaled {
        if SAFE_SQUARES.contains(&square) {
            Scaled::new(square.sqrt(), self.exponent[example])
        } else {
            self.norm(example)
        }
    }

    /// The root mean square over the examples of one unit's entries.
    pub fn rms_entry(&self, unit: usize) -> Scaled {
        root_mean_square((0..self.batch()).map(|b| self.get(unit, b)))
    }

    /// [`Self::rms_entry`] of every unit.
    pub fn rms_entries(&self) -> Vec<Scaled> {
        if let [exponent] = self.exponent[..] {
            let entries = self.entries().iter();
            return entries.map(|entry| Scaled::new(entry.abs().to_f64(), exponent)).collect();
        }
        let Some(top) = self.tops().into_iter().flatten().max() else {
            return vec![Scaled::ZERO; self.units()];
        };
        let factors: Vec<f64> = self.exponent.iter().map(|&e| ldexp(1.0, e - top)).collect();
        let entry = |(unit, square): (usize, f64)| {
            if SAFE_SQUARES.contains(&square) {
                Scaled::new((square / factors.len() as f64).sqrt(), top)
            } else {
                self.rms_entry(unit)
            }
        };
        squares_of_rows(self.entries(), &factors).into_iter().enumerate().map(entry).collect()
    }
}

/// Σ (entry · factor)² of each row, with a factor for each column.
fn squares_of_rows<T: Real>(entries: &[T], factors: &[f64]) -> Vec<f64> {
    /// Rows that are added up side by side: each sum waits for its last addition.
    const ROWS: usize = 8;
    let batch = factors.len();
    let mut squares = vec![0.0; entries.len() / batch];
    for (squares, rows) in squares.chunks_mut(ROWS).zip(entries.chunks(ROWS * batch)) {
        let mut sums = [0.0; ROWS];
        for (column, factor) in factors.iter().enumerate() {
            for (sum, row) in sums.iter_mut().zip(rows.chunks_exact(batch)) {
                let term = row[column].to_f64() * factor;
                *sum += term * term;
            }
        }
        squares.copy_from_slice(&sums[..squares.len()]);
    }
    squares
}

/// Sums of squares in which no square that matters was lost, in either precision.
pub(crate) const SAFE_SQUARES: std::ops::RangeInclusive<f64> = 1e-200..=1e250;

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows that fill no group of those side by side.
    #[test]
    fn rows_have_the_sums_that_each_has_alone() {
        let (units, factors) = (21, [1.0, 0.25, 3e-7, 7.0, 1.0]);
        let entry = |place: usize| ((place * place % 37) as f64 - 18.0) * 0.1;
        let entries: Vec<f64> = (0..units * factors.len()).map(entry).collect();
        let alone = |row: &[f64]| {
            let terms = row.iter().zip(&factors).map(|(entry, factor)| entry * factor);
            terms.fold(0.0, |sum, term| sum + term * term)
        };
        let alone: Vec<f64> = entries.chunks_exact(factors.len()).map(alone).collect();
        assert_eq!(squares_of_rows(&entries, &factors), alone);
        assert_eq!(alone.len(), units);
    }
}
