//! A = Q R of a layer's examples, whose columns may lie hundreds of decades apart and grow
//! collinear with depth.

use ndarray::Array2;

use crate::engine::kernels;
use crate::engine::number::{Scaled, ScaledColumns, ldexp};

/// What is left of a column of norm 1 counts as rounding from here on.
const ROUNDING: f64 = 1.0 / (1_u64 << 46) as f64;
/// Units that are turned from columns into rows at once.
const BLOCK: usize = 64;
/// A column that has lost all but this much is no longer orthogonal to what it lost: see [`Factors`].
const LITTLE: f64 = 0.125;

/// A = Q R diag(‖a_1‖ … ‖a_B‖), with orthonormal columns of Q and columns of R of norm 1 or 0.
///
/// Modified Gram–Schmidt with pivoting, each column taken in units of its own norm, so that
/// exponents do not matter. A pivot of which less than an eighth is left is made orthogonal a
/// second time ("twice is enough": Giraud, Langou & Rozložník 2005). Where only 2⁻⁴⁶ of every
/// column is left, that is rounding, and the rank is reached.
#[derive(Clone, Debug)]
pub(super) struct Factors {
    /// Qᵀ, rank × n.
    basis: Array2<f64>,
    /// R, rank × B, in the order of A's columns.
    coefficients: Array2<f64>,
    /// ‖a_b‖.
    norms: Vec<Scaled>,
}

impl Factors {
    /// Of an n × B array.
    pub fn of(columns: &ScaledColumns<f64>) -> Self {
        let norms = columns.norms();
        let mut rows = Orthogonalization::of(columns, &norms);
        let rank = rows.run();
        let Orthogonalization { rows, coefficients, units, .. } = rows;
        let shortened = |mut entries: Vec<f64>, columns: usize| {
            entries.truncate(rank * columns);
            Array2::from_shape_vec((rank, columns), entries).expect("rank rows")
        };
        let batch = norms.len();
        Self { basis: shortened(rows, units), coefficients: shortened(coefficients, batch), norms }
    }

    /// How many columns of A are independent, up to rounding.
    pub fn rank(&self) -> usize {
        self.basis.nrows()
    }

    /// Qᵀ, rank × n.
    pub fn basis(&self) -> &Array2<f64> {
        &self.basis
    }

    /// R, rank × B.
    pub fn coefficients(&self) -> &Array2<f64> {
        &self.coefficients
    }

    /// ‖a_b‖.
    pub fn norms(&self) -> &[Scaled] {
        &self.norms
    }
}

/// The columns on their way to an orthonormal basis, as rows that lie one behind the other: first
/// the basis, then what is left of the others.
struct Orthogonalization {
    units: usize,
    /// B × n.
    rows: Vec<f64>,
    /// Which column of A stands in each row.
    order: Vec<usize>,
    /// Each row's sum of squares, and from which size on it was counted down.
    squares: Vec<[f64; 2]>,
    /// B × B, of which the rows up to the rank count.
    coefficients: Vec<f64>,
}

impl Orthogonalization {
    fn of(columns: &ScaledColumns<f64>, norms: &[Scaled]) -> Self {
        let (units, batch) = (columns.units(), columns.batch());
        // Two factors: 1/‖a‖ alone could overflow.
        let factors = norms.iter().zip(&columns.exponent).map(|(norm, exponent)| match norm {
            norm if norm.is_zero() => [0.0, 0.0],
            norm => [ldexp(1.0, exponent - norm.exponent()), 1.0 / norm.mantissa()],
        });
        let factors: Vec<[f64; 2]> = factors.collect();
        let mut rows = vec![0.0; batch * units];
        // A block of units after the other: rows that lie 2ᵏ bytes apart share their place in a cache.
        for (number, block) in columns.entries().chunks(BLOCK * batch).enumerate() {
            for ((b, row), [power, inverse]) in
                rows.chunks_exact_mut(units).enumerate().zip(&factors)
            {
                let row = &mut row[number * BLOCK..];
                for (to, from) in row.iter_mut().zip(block.chunks_exact(batch)) {
                    *to = from[b] * power * inverse;
                }
            }
        }
        let has_square = |norm: &Scaled| f64::from(u8::from(!norm.is_zero()));
        let squares = norms.iter().map(|norm| [has_square(norm); 2]).collect();
        let (order, coefficients) = ((0..batch).collect(), vec![0.0; batch * batch]);
        Self { units, rows, order, squares, coefficients }
    }

    /// Takes out direction after direction; how many there are.
    fn run(&mut self) -> usize {
        let most = self.order.len().min(self.units);
        (0..most).find(|&step| !self.step(step)).unwrap_or(most)
    }

    /// Makes row `step` a direction of the basis and takes it out of the rows behind; false where
    /// nothing but rounding is left.
    fn step(&mut self, step: usize) -> bool {
        self.bring_largest_to(step);
        let (batch, column) = (self.order.len(), self.order[step]);
        let (done, rest) = self.rows.split_at_mut(step * self.units);
        let (pivot, rest) = rest.split_at_mut(self.units);
        let mut norm = kernels::square_sum(pivot).sqrt();
        if norm <= ROUNDING {
            return false;
        }
        if norm < LITTLE {
            for (row, again) in take_out(done, pivot).into_iter().enumerate() {
                self.coefficients[row * batch + column] += again;
            }
            norm = kernels::square_sum(pivot).sqrt();
        }
        let inverse = 1.0 / norm;
        pivot.iter_mut().for_each(|entry| *entry *= inverse);
        let mut overlaps = vec![0.0; batch - step - 1];
        kernels::matvec(rest, pivot, 1.0, &mut overlaps);
        kernels::subtract_multiples(&overlaps, pivot, rest);
        self.coefficients[step * batch + column] = norm;
        for (behind, &overlap) in overlaps.iter().enumerate() {
            let place = step + 1 + behind;
            self.coefficients[step * batch + self.order[place]] = overlap;
            let [left, counted_from] = &mut self.squares[place];
            *left -= overlap * overlap;
            // Counting down loses digits: after two of them the row is asked anew.
            if *left < 0.01 * *counted_from {
                *left = kernels::square_sum(&rest[behind * self.units..][..self.units]);
                *counted_from = *left;
            }
        }
        true
    }

    fn bring_largest_to(&mut self, step: usize) {
        let larger = |top: usize, i: usize| {
            if self.squares[i][0] > self.squares[top][0] { i } else { top }
        };
        let pivot = (step..self.order.len()).fold(step, larger);
        if pivot != step {
            self.order.swap(step, pivot);
            self.squares.swap(step, pivot);
            let (until, from) = self.rows.split_at_mut(pivot * self.units);
            until[step * self.units..][..self.units].swap_with_slice(&mut from[..self.units]);
        }
    }
}

/// Takes the part along orthonormal rows out of a row; the overlaps with each.
fn take_out(basis: &[f64], row: &mut [f64]) -> Vec<f64> {
    let mut overlaps = vec![0.0; basis.len() / row.len()];
    kernels::matvec(basis, row, 1.0, &mut overlaps);
    for (overlap, direction) in overlaps.iter().zip(basis.chunks_exact(row.len())) {
        kernels::subtract_multiples(&[*overlap], direction, row);
    }
    overlaps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::exact_law::batch::image;
    use crate::engine::kernels::same_bits;

    /// Columns a + 2^(−step) noise, each with an exponent of its own.
    fn collinear(units: usize, batch: usize, step: i64) -> ScaledColumns<f64> {
        let mut stream = crate::engine::draws::Stream::in_law(7);
        let mut columns = ScaledColumns::zeros(units, batch);
        stream.fill_normal(columns.entries_mut());
        let common = columns.mantissa.column(0).to_owned();
        for b in 1..batch {
            let share = ldexp(1.0, -step * b as i64);
            let mixed = &common + &(&columns.mantissa.column(b) * share);
            columns.mantissa.column_mut(b).assign(&mixed);
            columns.exponent[b] = if b % 2 == 0 { -5000 } else { 4000 };
        }
        columns
    }

    /// Orthonormal to rounding, and A again, whatever the rank.
    fn check(columns: &ScaledColumns<f64>, rank: usize) {
        let factors = same_bits(|| {
            let factors = Factors::of(columns);
            (factors.basis.clone(), factors.coefficients.clone(), factors.norms.clone())
        });
        let factors = Factors { basis: factors.0, coefficients: factors.1, norms: factors.2 };
        assert_eq!(factors.rank(), rank);
        let gram = factors.basis.dot(&factors.basis.t());
        for ((i, j), overlap) in gram.indexed_iter() {
            let expected = f64::from(u8::from(i == j));
            assert!((overlap - expected).abs() < 2e-14, "{i} {j}: {overlap}");
        }
        let mut again = ScaledColumns::zeros(columns.units(), columns.batch());
        image(&factors.basis, &factors.coefficients, &factors.norms, 1.0, &mut again);
        for b in 0..columns.batch() {
            let norm = columns.norm(b);
            for unit in 0..columns.units() {
                let off = again.get(unit, b) - columns.get(unit, b);
                let off = off.checked_div(norm).map_or(0.0, Scaled::to_f64);
                assert!(off.abs() < 2e-14, "{unit} {b}: {off}");
            }
        }
    }

    #[test]
    fn columns_come_back_however_collinear() {
        for (units, batch, step, rank) in [
            (40, 8, 0, 8),
            (40, 8, 3, 8),
            (40, 8, 6, 8),
            (5, 8, 3, 5),
            (300, 32, 1, 32),
            (1, 3, 9, 1),
        ] {
            check(&collinear(units, batch, step), rank);
        }
    }

    #[test]
    fn what_depends_on_others_adds_no_direction() {
        let mut columns = collinear(30, 6, 1);
        let twice = &columns.mantissa.column(1) * 2.0;
        columns.mantissa.column_mut(4).assign(&twice);
        columns.mantissa.column_mut(3).fill(0.0);
        let sum = &columns.mantissa.column(0) + &columns.mantissa.column(2);
        columns.mantissa.column_mut(5).assign(&sum);
        check(&columns, 3);
        check(&ScaledColumns::zeros(9, 4), 0);
    }

    /// a and a + 1e-9 b: what is left of the second is b's part beside a, to seven digits.
    #[test]
    fn small_differences_keep_their_digits() {
        let mut columns = collinear(50, 2, 0);
        let (a, b) = (columns.mantissa.column(0).to_owned(), columns.mantissa.column(1).to_owned());
        columns.mantissa.column_mut(1).assign(&(&a + &(&b * 1e-9)));
        columns.exponent = vec![0; 2];
        let factors = Factors::of(&columns);
        let beside = &b - &(&a * (a.dot(&b) / a.dot(&a)));
        let pivot = usize::from(factors.coefficients[[1, 1]] == 0.0);
        let left = factors.coefficients[[1, 1 - pivot]].abs() * columns.norm(1 - pivot).to_f64();
        let (a, b) = (columns.norm(0).to_f64(), columns.norm(1).to_f64());
        let expected = 1e-9 * beside.dot(&beside).sqrt() * if pivot == 0 { 1.0 } else { a / b };
        assert!((left / expected - 1.0).abs() < 1e-6, "{left} {expected}");
    }
}
