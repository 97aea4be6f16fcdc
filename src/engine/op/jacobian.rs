//! What an op multiplies a small change of its input by.

use ndarray::{Array1, Array2};

use crate::engine::number::Real;
use crate::engine::op::Op;
use crate::engine::pass::LayerTrace;

/// An op's Jacobian ∂output/∂input at one example.
#[derive(Clone, Debug, PartialEq)]
pub enum Jacobian {
    /// W, n_out × n_in.
    Matrix(Array2<f64>),
    /// diag φ′(z), by its n diagonal entries.
    Diagonal {
        /// φ′(z_j).
        entries: Array1<f64>,
        /// Whether an entry of 0 stands for one below the smallest `f64`: a slope that fades
        /// smoothly is nowhere 0, however far out.
        fades: bool,
    },
}

impl<T: Real> Op<T> {
    /// Its Jacobian at one example, counted from 0; `trace` is what a forward pass left of its
    /// layer.
    pub fn jacobian(&self, trace: &LayerTrace<T>, example: usize) -> Jacobian {
        match self {
            Self::Dense(dense) => Jacobian::Matrix(dense.weight()),
            Self::Activation(activation) => Jacobian::Diagonal {
                entries: trace.slope.column(example).mapv(Real::to_f64),
                fades: activation.saturates(),
            },
        }
    }
}
