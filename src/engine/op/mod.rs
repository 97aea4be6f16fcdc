//! What a network is made of: ops, each with its forward pass, what it sends back, its cost and
//! its equation.
//!
//! `fused` does a dense op and its activation in one go; nothing but speed depends on that.

mod activation;
mod cancellation;
mod dense;
mod extent;
mod fused;
mod recover;
pub(crate) mod scaled_activation;

use crate::engine::number::Real;
use crate::experiment::Activation;

pub(crate) use activation::{activate, times_slope};
pub(crate) use cancellation::has_terms;
pub use dense::Dense;
pub(crate) use dense::add_bias;
pub(crate) use fused::{backward, forward};
pub(crate) use recover::{MARGIN, sum_and_top};

/// One thing that a network computes.
#[derive(Clone, Debug)]
pub enum Op<T> {
    /// z = W a + b.
    Dense(Dense<T>),
    /// a = φ(z), entry by entry.
    Activation(Activation),
}

impl<T: Real> Op<T> {
    /// Multiply-adds of its matrix product for one example: n_out n_in, and as many on the way
    /// back. What costs O(n) does not count.
    pub fn multiply_adds(&self) -> usize {
        match self {
            Self::Dense(dense) => dense.unit.len(),
            Self::Activation(_) => 0,
        }
    }

    /// Its weights and biases, zero or not.
    pub fn parameter_count(&self) -> usize {
        match self {
            Self::Dense(dense) => dense.units() * (dense.inputs() + 1),
            Self::Activation(_) => 0,
        }
    }

    /// What it computes in layer l, LaTeX.
    pub fn equation(&self, layer: usize) -> String {
        match self {
            Self::Dense(_) if layer == 1 => "z^{(1)}=W^{(1)}x+b^{(1)}".to_owned(),
            Self::Dense(_) => {
                let below = layer - 1;
                format!("z^{{({layer})}}=W^{{({layer})}}a^{{({below})}}+b^{{({layer})}}")
            }
            Self::Activation(activation) if activation.lines() == Some((1.0, 1.0)) => {
                format!("a^{{({layer})}}=z^{{({layer})}}")
            }
            Self::Activation(_) => {
                format!(r"a^{{({layer})}}=\sigma\left(z^{{({layer})}}\right)")
            }
        }
    }
}
