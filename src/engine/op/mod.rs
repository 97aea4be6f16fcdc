//! What a network is made of: ops, each with its forward pass, what it sends back, its Jacobian
//! and its cost.
//!
//! To add one: its shape in `shape` (with [`OpShape::of_variant`], which lays it into layers), its
//! numbers in [`Op`], and a file of its own for the two passes. The compiler then names every
//! match that must know it; outside of here those are `build`, which draws it, and the steps by
//! hand, which write it out.
//!
//! `path` runs the ops between two layers one after the other. `fused` does a dense op and its
//! activation in one go; nothing but speed depends on that.

mod activation;
mod blank;
mod cancellation;
mod dense;
mod extent;
mod fused;
mod jacobian;
mod norm;
mod path;
mod recover;
pub(crate) mod scaled_activation;
mod shape;
mod skip;
mod stored;

use crate::engine::number::Real;
use crate::experiment::Activation;

pub(crate) use activation::{activate, times_slope};
pub(crate) use cancellation::{drop_rounding_noise, has_terms};
pub use dense::Dense;
pub(crate) use dense::add_bias;
pub use jacobian::{Jacobian, Scaling};
pub use norm::Norm;
pub(crate) use path::{backward, backward_between, backward_each, forward, forward_between};
pub(crate) use recover::{MARGIN, sum_and_top};
pub use shape::OpShape;
pub(crate) use stored::{backward_stored, forward_stored, times_slope_stored};

/// One thing that a network computes.
#[derive(Clone, Debug)]
pub enum Op<T> {
    /// z = W a + b.
    Dense(Dense<T>),
    /// a = φ(z), entry by entry.
    Activation(Activation),
    /// u = γ ⊙ (z − μ)/√(v + ε) + β.
    Norm(Norm<T>),
    /// h^(l−1) + α r: the skip of the layer below is added.
    Add {
        /// α.
        alpha: f64,
    },
    /// h^(l): the skip of the layer above starts here.
    Save,
}

impl<T: Real> Op<T> {
    /// As it starts; nothing for a dense op, whose weights are drawn.
    pub(crate) fn without_weights(shape: OpShape) -> Option<Self> {
        Some(match shape {
            OpShape::Dense { .. } => return None,
            OpShape::Activation(activation) => Self::Activation(activation),
            OpShape::Norm { spec, units } => Self::Norm(Norm::new(spec, units)),
            OpShape::Add { alpha } => Self::Add { alpha },
            OpShape::Save => Self::Save,
        })
    }

    /// Which op it is, and how large.
    pub fn shape(&self) -> OpShape {
        match self {
            Self::Dense(dense) => OpShape::Dense { inputs: dense.inputs(), units: dense.units() },
            Self::Activation(activation) => OpShape::Activation(*activation),
            Self::Norm(norm) => OpShape::Norm { spec: norm.spec, units: norm.units },
            Self::Add { alpha } => OpShape::Add { alpha: *alpha },
            Self::Save => OpShape::Save,
        }
    }
}
