//! What an op multiplies a small change of its input by.

use ndarray::{Array1, Array2};

use crate::engine::number::Real;
use crate::engine::op::{Norm, Op};
use crate::engine::pass::LayerTrace;
use crate::experiment::NormKind;

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
    /// layer. Batch normalization's is that of an example's own share, the others held; a skip's
    /// is that of the way through the layer.
    pub fn jacobian(&self, trace: &LayerTrace<T>, example: usize) -> Jacobian {
        match self {
            Self::Dense(dense) => Jacobian::Matrix(dense.weight()),
            Self::Activation(activation) => Jacobian::Diagonal {
                entries: trace.slope.column(example).mapv(Real::to_f64),
                fades: activation.saturates(),
            },
            Self::Norm(norm) => norm.jacobian(trace, example),
            Self::Add { alpha } => uniform(*alpha, trace.z.units()),
            Self::Save => uniform(1.0, trace.z.units()),
        }
    }
}

/// `number` times the identity.
fn uniform(number: f64, units: usize) -> Jacobian {
    Jacobian::Diagonal { entries: Array1::from_elem(units, number), fades: false }
}

impl<T: Real> Norm<T> {
    /// (I − 11ᵀ/n − ẑẑᵀ (1 − ε/(v + ε))/Σẑ²) γ/√(v + ε) of an example's units; of a batch the
    /// diagonal that concerns the example itself.
    fn jacobian(&self, trace: &LayerTrace<T>, example: usize) -> Jacobian {
        let chain = trace.chain.as_ref().expect("a normalization leaves a chain");
        let u = trace.normalized().expect("a normalization leaves its ẑ");
        let (units, batch) = (u.units(), u.batch());
        let z = |unit: usize, b: usize| u.entry(unit, b).to_f64();
        let gamma = |unit: usize| self.gamma.as_ref().map_or(1.0, |gamma| gamma[unit].to_f64());
        let inverse = |group: usize| chain.norm.inverse[group].to_f64();
        let mean =
            |count: usize| if self.spec.kind == NormKind::Rms { 0.0 } else { 1.0 / count as f64 };
        let along = |product: f64, squares: f64, group: usize| match squares {
            0.0 => 0.0,
            squares => product / squares * (1.0 - chain.norm.share[group]),
        };
        if self.spec.kind.couples_examples() {
            let entry = |unit: usize| {
                let squares = (0..batch).map(|b| z(unit, b).powi(2)).sum();
                let own = 1.0 - mean(batch) - along(z(unit, example).powi(2), squares, unit);
                own * inverse(unit) * gamma(unit)
            };
            let entries = (0..units).map(entry).collect();
            return Jacobian::Diagonal { entries, fades: false };
        }
        let squares = (0..units).map(|unit| z(unit, example).powi(2)).sum();
        let entry = |(row, column)| {
            let identity = f64::from(u8::from(row == column));
            let product = z(row, example) * z(column, example);
            let left = identity - mean(units) - along(product, squares, example);
            left * inverse(example) * gamma(row)
        };
        Jacobian::Matrix(Array2::from_shape_fn((units, units), entry))
    }
}
