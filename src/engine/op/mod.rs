//! What a network is made of: ops, each with its forward pass, what it sends back, its Jacobian,
//! its cost and its equation.
//!
//! To add one: its shape in `shape` (with [`OpShape::of_variant`], which lays it into layers), its
//! numbers in [`Op`], and a file of its own for the two passes. The compiler then names every
//! match that must know it; outside of here those are `build`, which draws it, and the steps by
//! hand, which write it out.
//!
//! `path` runs the ops between two layers one after the other. `fused` does a dense op and its
//! activation in one go; nothing but speed depends on that.

mod activation;
mod cancellation;
mod dense;
mod extent;
mod fused;
mod jacobian;
mod path;
mod recover;
pub(crate) mod scaled_activation;
mod shape;
mod stored;

use crate::engine::number::Real;
use crate::experiment::Activation;

pub(crate) use activation::{activate, times_slope};
pub(crate) use cancellation::has_terms;
pub use dense::Dense;
pub(crate) use dense::add_bias;
pub use jacobian::Jacobian;
pub(crate) use path::{backward, forward};
pub(crate) use recover::{MARGIN, sum_and_top};
pub use shape::OpShape;
pub(crate) use stored::times_slope_stored;

/// One thing that a network computes.
#[derive(Clone, Debug)]
pub enum Op<T> {
    /// z = W a + b.
    Dense(Dense<T>),
    /// a = φ(z), entry by entry.
    Activation(Activation),
}

impl<T: Real> Op<T> {
    /// Which op it is, and how large.
    pub fn shape(&self) -> OpShape {
        match self {
            Self::Dense(dense) => OpShape::Dense { inputs: dense.inputs(), units: dense.units() },
            Self::Activation(activation) => OpShape::Activation(*activation),
        }
    }
}
