//! What a normalization takes its statistics of: an example over the units, or, of a batch, each
//! unit over the examples.

use crate::engine::{Norm, Scaled, Signal};

use super::latex::{ones_row, table};
use super::rows::{Rows, rows_of, transposed};
use super::step::Part;

/// How the numbers of an array, n × B, fall into groups: B is 1 unless a group is a unit's row.
#[derive(Clone, Copy)]
pub(super) struct Groups {
    /// Whether a group is a row and not a column.
    by_unit: bool,
}

impl Groups {
    pub fn of(norm: &Norm<f64>) -> Self {
        Self { by_unit: norm.spec.kind.couples_examples() }
    }

    /// The numbers, group by group.
    pub fn split(self, signal: &Signal<f64>) -> Vec<Vec<Scaled>> {
        if !self.by_unit {
            return (0..signal.batch()).map(|example| signal.column(example)).collect();
        }
        let row = |unit| (0..signal.batch()).map(|example| signal.entry(unit, example)).collect();
        (0..signal.units()).map(row).collect()
    }

    /// Groups as the array's rows, n × B.
    pub fn join(self, groups: Vec<Vec<Scaled>>) -> Rows {
        let rows = rows_of(groups);
        if self.by_unit { transposed(&rows) } else { rows }
    }

    /// Cells of the array's rows, group by group.
    pub fn split_cells(self, cells: Vec<Vec<String>>) -> Vec<Vec<String>> {
        if self.by_unit { cells } else { vec![cells.into_iter().flatten().collect()] }
    }

    /// The unit of a number, by its group and its place in there.
    pub fn unit(self, group: usize, place: usize) -> usize {
        if self.by_unit { group } else { place }
    }

    /// One expression of each group, with a row of ones behind it where they are more than one, so
    /// that it goes with every entry of the group.
    pub fn spread(self, of_groups: Vec<String>, batch: usize) -> String {
        let column: Vec<Vec<String>> = of_groups.into_iter().map(|cell| vec![cell]).collect();
        let ones = if self.by_unit { ones_row(batch) } else { String::new() };
        format!("{}{ones}", table(&column))
    }

    /// A quotient; in a matrix on one line, for fractions of one row touch those of the next.
    pub fn quotient(self, top: &str, bottom: &str) -> String {
        match self.by_unit {
            true => format!("({top})/({bottom})"),
            false => format!(r"\frac{{{top}}}{{{bottom}}}"),
        }
    }

    /// 1/√, set as [`Self::quotient`] is.
    pub fn inverse_root(self, of: &str) -> String {
        match self.by_unit {
            true => format!(r"1/\sqrt{{{of}}}"),
            false => format!(r"\frac{{1}}{{\sqrt{{{of}}}}}"),
        }
    }

    /// Between what [`Self::spread`] gives and the array that it is multiplied with.
    pub fn times(self) -> &'static str {
        if self.by_unit { r"\odot" } else { "" }
    }

    /// Σ over a group.
    pub fn sum(self) -> &'static str {
        if self.by_unit { r"\sum_b" } else { r"\sum_j" }
    }

    /// The mean over a group.
    pub fn mean(self) -> String {
        format!(r"\frac{{1}}{{{}}}{}", if self.by_unit { "B" } else { "n" }, self.sum())
    }

    /// An array's entry below a sum.
    pub fn entry(self, part: Part) -> String {
        indexed(&part.symbol(), if self.by_unit { "jb" } else { "j" })
    }

    /// An array in an equation that holds of the whole: of several groups entry by entry.
    pub fn array(self, part: Part) -> String {
        if self.by_unit { indexed(&part.symbol(), "jb") } else { part.symbol() }
    }

    /// A number that each group has.
    pub fn statistic(self, part: Part) -> String {
        if self.by_unit { indexed(&part.symbol(), "j") } else { part.symbol() }
    }

    /// A number that each group has, beside arrays.
    pub fn statistic_of_all(self, part: Part) -> String {
        let ones = if self.by_unit { "" } else { r"\mathbf{1}" };
        format!("{}{ones}", self.statistic(part))
    }
}

/// A symbol with an index; of ∂L/∂ an array that array’s.
fn indexed(symbol: &str, index: &str) -> String {
    if let Some(inside) = symbol.strip_prefix(r"\frac").and_then(|of| of.strip_suffix('}')) {
        return format!(r"\frac{inside}_{{{index}}}}}");
    }
    // A subscript that is there takes the index in.
    match symbol.split_once("}^") {
        Some((before, after)) if symbol.contains("_{") => format!("{before},{index}}}^{after}"),
        _ => format!("{symbol}_{{{index}}}"),
    }
}

/// Numbers of a group each, one a row.
pub(super) fn column(numbers: &[Scaled]) -> Rows {
    numbers.iter().map(|number| vec![number.to_f64()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_joins_the_symbol_that_it_is_of() {
        let symbol = |part: Part| indexed(&part.symbol(), "jb");
        assert_eq!(symbol(Part::Preactivation(2)), "z^{(2)}_{jb}");
        assert_eq!(symbol(Part::AlongError(1)), r"g_{\parallel,jb}^{(1)}");
        let error = symbol(Part::SumError(2));
        assert_eq!(error, r"\frac{\partial L}{\partial s^{(2)}_{jb}}");
    }
}
