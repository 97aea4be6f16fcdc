//! The mathematics on ndarray: draws, networks, the forward and the backward pass,
//! and numbers that do not run out of exponent. No screen, no file, no clock, no thread.

mod backward;
mod columns;
mod cross_entropy;
mod draws;
mod emulated;
mod emulated_record;
mod exact_law;
mod format;
mod forward;
mod graded;
mod graded_qr;
mod gradient;
pub mod kernels;
mod loss;
mod network;
mod numpy;
mod parameters;
pub mod quadrature;
mod real;
mod record;
mod rows;
mod scaled;
mod softmax;
pub mod special;
mod vector;

pub use columns::{Columns, Faint};
pub use draws::{Blank, DrawCache, Tensor};
pub use emulated::StoredDelta;
pub use exact_law::{ExactLaw, NotExact};
pub use format::{Format, Held};
pub use forward::LayerTrace;
pub use graded::GradedColumns;
pub use gradient::Gradient;
pub use network::{BuildStopped, FromDraws, Layer, Network, Pass, Rooms};
pub use numpy::NumpyStream;
pub use parameters::Parameter;
pub use real::Real;
pub use record::{LayerRecord, ZeroCause, delta_profile, explain_zeros, record};
pub use rows::{Alone, Crew};
pub use scaled::Scaled;
pub use softmax::{softmax, softmax_jacobian};
