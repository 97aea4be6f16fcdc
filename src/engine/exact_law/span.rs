//! A = QR diag(‖a_1‖ … ‖a_B‖) of a layer's examples, by the cheapest way that keeps their digits.

use ndarray::Array2;

use super::factors::Factors;
use super::triangle::Triangle;
use crate::engine::kernels::{self, STANDARD};
use crate::engine::number::{Scaled, ScaledColumns};

/// Q of orthonormal columns, as many as the rank, and R, whose columns have norm 1 or 0.
///
/// Each method that takes `columns` takes those that it was made of.
#[derive(Clone, Debug)]
pub(super) enum Span {
    /// From inner products: of examples that are far from collinear.
    Triangle(Triangle),
    /// Direction after direction: of any.
    Basis(Factors),
}

impl Span {
    /// Of an n × B array.
    pub fn of(columns: &ScaledColumns<f64>) -> Self {
        Triangle::of(columns).map_or_else(|| Self::Basis(Factors::of(columns)), Self::Triangle)
    }

    /// How many directions the columns have, up to rounding; a triangle counts all.
    pub fn rank(&self) -> usize {
        self.coefficients().nrows()
    }

    /// R, rank × B, in the order of A's columns.
    pub fn coefficients(&self) -> &Array2<f64> {
        match self {
            Self::Triangle(triangle) => triangle.rows(),
            Self::Basis(factors) => factors.coefficients(),
        }
    }

    /// ‖a_b‖.
    pub fn norms(&self) -> &[Scaled] {
        match self {
            Self::Triangle(triangle) => triangle.norms(),
            Self::Basis(factors) => factors.norms(),
        }
    }

    /// VQR for V of any × n.
    pub fn seen_by(&self, vectors: &Array2<f64>, columns: &ScaledColumns<f64>) -> Array2<f64> {
        match self {
            Self::Triangle(triangle) => triangle.seen_by(vectors, columns),
            Self::Basis(factors) => {
                let mut known = Array2::zeros((vectors.nrows(), factors.rank()));
                kernels::outer(vectors, factors.basis(), 1.0, &mut known);
                let mut seen = Array2::zeros((vectors.nrows(), columns.batch()));
                kernels::product(&known.view(), factors.coefficients(), 1.0, &mut seen);
                seen
            }
        }
    }

    /// QᵀW for W of n × any.
    pub fn overlaps(&self, columns: &ScaledColumns<f64>, w: &Array2<f64>) -> Array2<f64> {
        match self {
            Self::Triangle(triangle) => triangle.overlaps(columns, w),
            Self::Basis(factors) => {
                let mut overlaps = Array2::zeros((factors.rank(), w.ncols()));
                kernels::product(&factors.basis().view(), w, 1.0, &mut overlaps);
                overlaps
            }
        }
    }

    /// W + QT for T of rank × any; `along` is a buffer of W's shape.
    pub fn add_along(
        &self,
        columns: &ScaledColumns<f64>,
        t: Array2<f64>,
        w: &mut Array2<f64>,
        along: &mut Array2<f64>,
    ) {
        match self {
            Self::Triangle(triangle) => triangle.combined(columns, t, along),
            Self::Basis(factors) => {
                kernels::product_transposed(&factors.basis().view(), &t, 1.0, along);
            }
        }
        let [w, along] = [w, along].map(|array| array.as_slice_mut().expect(STANDARD));
        kernels::add_columns(w, along, &[1.0], &[1.0]);
    }
}
