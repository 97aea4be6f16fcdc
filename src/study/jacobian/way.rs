//! The way of all signals back through ops: the product of their Jacobians, transposed.

use std::ops::Range;

use nalgebra::DMatrix;
use ndarray::{Array1, Array2, Axis};

use crate::engine::{Jacobian, LayerTrace, Op, ProductSvd, Real, Scaled, Scaling};

/// What loses directions of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutBy {
    /// The layer has fewer units than there are directions.
    Narrow,
    /// Units whose slope is exactly 0 at this example.
    Inactive,
    /// Slopes below the smallest `f64`: small, and taken for 0 in the singular values.
    TinySlopes,
    /// Weights of low rank.
    LowRank,
    /// The mean that a normalization takes off, or a γ of 0.
    Normalized,
    /// A skip whose α is 0.
    SkipScale,
}

/// Where and why directions are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The layer.
    pub layer: usize,
    /// What loses them.
    pub by: CutBy,
}

/// The ops of one layer, or some of them, with what a forward pass left of it.
#[derive(Clone, Copy)]
pub(super) struct Ops<'a, T> {
    pub ops: &'a [Op<T>],
    pub trace: &'a LayerTrace<T>,
    /// l, from 1.
    pub layer: usize,
}

impl<T: Real> Ops<'_, T> {
    /// The factors of their Jacobians, in the order of the forward pass.
    fn factors(&self, examples: &Range<usize>) -> Vec<Jacobian> {
        self.ops.iter().flat_map(|op| op.jacobian(self.trace, examples.clone())).collect()
    }

    /// The product of their Jacobians times a matrix.
    pub fn times(&self, matrix: Array2<f64>, examples: &Range<usize>) -> Array2<f64> {
        let scaled = |mut of: Array2<f64>, by: &Array1<f64>| {
            of.rows_mut().into_iter().zip(by).for_each(|(mut row, &by)| row *= by);
            of
        };
        self.factors(examples).into_iter().fold(matrix, |product, factor| match factor {
            Jacobian::Matrix(matrix) | Jacobian::Rotation(matrix) => matrix.dot(&product),
            Jacobian::Diagonal { entries, .. } => scaled(product, &entries),
            Jacobian::Multiple(number) => product * number.to_f64(),
        })
    }
}

/// ∂z^(top)/∂(where it has come to), transposed, as its singular values and left vectors.
#[derive(Clone)]
pub(super) struct Way {
    columns: ProductSvd,
    /// What is still to be multiplied from the left.
    pending: Option<Pending>,
    /// Σ κ ε of the factors.
    pub relative_error: f64,
    /// Where directions were lost, in the order of the way back.
    pub cuts: Vec<Cut>,
}

#[derive(Clone)]
struct Pending {
    matrix: Array2<f64>,
    is_rotation: bool,
    layer: usize,
}

impl Way {
    /// At its start: the identity.
    pub fn new(size: usize) -> Self {
        let columns = ProductSvd::identity(size);
        Self { columns, pending: None, relative_error: 0.0, cuts: Vec::new() }
    }

    /// Back through a layer's ops.
    pub fn through<T: Real>(&mut self, ops: Ops<'_, T>, examples: &Range<usize>) {
        for factor in ops.factors(examples).into_iter().rev() {
            self.push(factor, ops.layer);
        }
    }

    /// Times a factor, transposed.
    pub fn push(&mut self, factor: Jacobian, layer: usize) {
        match factor {
            Jacobian::Matrix(matrix) => {
                // Of two matrices the product would lose what either keeps.
                self.settle();
                self.push_matrix(matrix, false, layer);
            }
            Jacobian::Rotation(matrix) => self.push_matrix(matrix, true, layer),
            Jacobian::Diagonal { entries, of } => self.push_diagonal(&entries, of, layer),
            Jacobian::Multiple(number) => {
                if number.is_zero() && self.columns.rank() > 0 {
                    self.cuts.push(Cut { layer, by: CutBy::SkipScale });
                }
                self.columns.scale(number);
            }
        }
    }

    fn push_matrix(&mut self, matrix: Array2<f64>, is_rotation: bool, layer: usize) {
        let (matrix, is_rotation) = match self.pending.take() {
            None => (matrix.reversed_axes().as_standard_layout().into_owned(), is_rotation),
            Some(above) => (matrix.t().dot(&above.matrix), is_rotation && above.is_rotation),
        };
        self.pending = Some(Pending { matrix, is_rotation, layer });
    }

    /// Multiplies what is pending, with its rows times a diagonal's entries.
    fn push_diagonal(&mut self, entries: &Array1<f64>, of: Scaling, layer: usize) {
        let mut matrix =
            self.pending.take().map_or_else(|| Array2::eye(entries.len()), |p| p.matrix);
        let alive: Vec<usize> = (0..entries.len()).filter(|&unit| entries[unit] != 0.0).collect();
        let rank = self.rank_of(&matrix.select(Axis(0), &alive), matrix.dim());
        matrix.rows_mut().into_iter().zip(entries).for_each(|(mut row, &s)| row *= s);
        let before = self.columns.rank();
        self.columns.multiply(&matrix, rank);
        let fades = of == Scaling::Slopes { fades: true };
        let by = match of {
            _ if entries.len() < before => CutBy::Narrow,
            _ if alive.len() >= before => CutBy::LowRank,
            Scaling::Normalization | Scaling::Gamma => CutBy::Normalized,
            Scaling::Slopes { .. } if fades => CutBy::TinySlopes,
            Scaling::Slopes { .. } => CutBy::Inactive,
        };
        self.note(before, Cut { layer, by });
    }

    /// Multiplies what is pending, unless it changes no length.
    fn settle(&mut self) {
        let Some(Pending { matrix, layer, .. }) =
            self.pending.take_if(|pending| !pending.is_rotation)
        else {
            return;
        };
        let (before, units) = (self.columns.rank(), matrix.nrows());
        let rank = self.rank_of(&matrix, matrix.dim());
        self.columns.multiply(&matrix, rank);
        let by = if units < before { CutBy::Narrow } else { CutBy::LowRank };
        self.note(before, Cut { layer, by });
    }

    fn note(&mut self, before: usize, cut: Cut) {
        if self.columns.rank() < before && !self.cuts.contains(&cut) {
            self.cuts.push(cut);
        }
    }

    /// The rank of rows of a matrix, before slopes scale them: a slope is small, or it is zero, and
    /// only the latter takes a dimension away. Their condition adds to the error.
    fn rank_of(&mut self, rows: &Array2<f64>, (height, width): (usize, usize)) -> usize {
        let values = singular_values(rows);
        let top = values.first().copied().unwrap_or(0.0);
        let floor = top * f64::EPSILON * height.max(width) as f64;
        let counting: Vec<f64> = values.into_iter().filter(|&value| value > floor).collect();
        let condition = counting.last().map_or(1.0, |bottom| top / bottom);
        self.relative_error += condition * f64::EPSILON;
        counting.len()
    }

    /// With everything multiplied.
    pub fn settled(mut self) -> Self {
        self.settle();
        self
    }

    /// Whether something is pending that changes lengths.
    pub fn is_settled(&self) -> bool {
        self.pending.as_ref().is_none_or(|pending| pending.is_rotation)
    }

    /// All singular values that are not zero, the largest first.
    pub fn singular_values(&self) -> Vec<Scaled> {
        debug_assert!(self.is_settled(), "a factor is left out");
        self.columns.singular_values()
    }
}

/// Singular values in descending order; none of an empty matrix.
pub(super) fn singular_values(matrix: &Array2<f64>) -> Vec<f64> {
    let (rows, columns) = matrix.dim();
    if rows == 0 || columns == 0 {
        return Vec::new();
    }
    let matrix = DMatrix::from_fn(rows, columns, |i, j| matrix[[i, j]]);
    matrix.singular_values().iter().copied().collect()
}
