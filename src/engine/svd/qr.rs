//! Householder QR of columns with exponents of their own.
//!
//! Rows are sorted by size and columns pivoted: then the errors are small beside each row as
//! well as beside each column (Cox & Higham 1998, *Stability of Householder QR factorization
//! for weighted least squares problems*).

use super::column::{Column, dot};
use crate::engine::number::Scaled;

/// A P = Q R. Column pivoting makes |R_ii| the largest of its row, up to rounding.
pub(crate) struct PivotedQr {
    /// The rows of R, each with zeros left of its diagonal.
    pub r: Vec<Vec<Scaled>>,
    reflectors: Vec<Reflector>,
    /// Which row of A stands at each place.
    order: Vec<usize>,
}

/// I − 2vvᵀ/vᵀv on the rows from `first` on.
struct Reflector {
    first: usize,
    v: Vec<f64>,
    /// 2/vᵀv.
    factor: f64,
}

impl Reflector {
    /// The reflection that takes `column` to a multiple of e₁, and that multiple.
    fn of(column: &Column, first: usize) -> (Self, Scaled) {
        let mut v = column.mantissa.clone();
        let length = column.squares.sqrt().copysign(-v[0]);
        v[0] -= length;
        let factor = 2.0 / dot(&v, &v);
        (Self { first, v, factor }, Scaled::new(length, column.exponent))
    }

    fn apply(&self, rows: &mut [f64]) {
        let share = self.factor * dot(&self.v, rows);
        rows.iter_mut().zip(&self.v).for_each(|(row, v)| *row -= share * v);
    }
}

/// A column on its way: what is finished of R, and the rows that are left.
struct Active {
    done: Vec<Scaled>,
    rest: Column,
}

impl PivotedQr {
    /// Takes out at most `rank` columns; what is left then is rounding.
    pub fn of(columns: Vec<Column>, rank: usize) -> Self {
        let order = rows_by_size(&columns);
        let sorted = |column: Column| {
            let mantissa = order.iter().map(|&row| column.mantissa[row]).collect();
            Active { done: Vec::new(), rest: Column::new(mantissa, column.exponent) }
        };
        let mut active: Vec<Active> = columns.into_iter().map(sorted).collect();
        let most = rank.min(order.len()).min(active.len());
        let mut reflectors = Vec::with_capacity(most);
        for step in 0..most {
            let Some(pivot) = largest(&active[step..]) else { break };
            active.swap(step, step + pivot);
            let (reflector, diagonal) = Reflector::of(&active[step].rest, step);
            active[step].done.push(diagonal);
            for column in &mut active[step + 1..] {
                reflector.apply(&mut column.rest.mantissa);
                let finished = column.rest.mantissa.remove(0);
                column.done.push(Scaled::new(finished, column.rest.exponent));
                column.rest.normalize();
            }
            reflectors.push(reflector);
        }
        // R is upper triangular: below what is done of a column, it is 0.
        let entry =
            |column: &Active, row: usize| column.done.get(row).copied().unwrap_or(Scaled::ZERO);
        let r = (0..reflectors.len())
            .map(|row| active.iter().map(|column| entry(column, row)).collect())
            .collect();
        Self { r, reflectors, order }
    }

    /// Q v, with v padded by zeros, in the order of A's rows.
    pub fn q_times(&self, v: &[f64]) -> Vec<f64> {
        let mut sorted = v.to_vec();
        sorted.resize(self.order.len(), 0.0);
        for reflector in self.reflectors.iter().rev() {
            reflector.apply(&mut sorted[reflector.first..]);
        }
        let mut product = vec![0.0; sorted.len()];
        self.order.iter().zip(sorted).for_each(|(&row, entry)| product[row] = entry);
        product
    }
}

/// Row numbers, the largest row first, every column counted in units of its own largest entry.
fn rows_by_size(columns: &[Column]) -> Vec<usize> {
    let rows = columns.first().map_or(0, |column| column.mantissa.len());
    let size = |row: usize| columns.iter().fold(0.0, |top: f64, c| top.max(c.mantissa[row].abs()));
    let sizes: Vec<f64> = (0..rows).map(size).collect();
    let mut order: Vec<usize> = (0..rows).collect();
    order.sort_by(|&a, &b| sizes[b].total_cmp(&sizes[a]));
    order
}

/// Which column has the largest rest; none where all are zero.
fn largest(active: &[Active]) -> Option<usize> {
    let alive = active.iter().enumerate().filter(|(_, column)| column.rest.squares > 0.0);
    alive.max_by_key(|(_, column)| column.rest.norm()).map(|(index, _)| index)
}
