//! The mathematics on ndarray: draws, networks, the forward and the backward pass,
//! and numbers that do not run out of exponent. No screen, no file, no clock, no thread.

mod build;
mod draws;
mod emulated;
mod emulated_record;
mod exact_law;
mod gradient;
pub mod kernels;
mod loss;
mod magnitudes;
mod network;
mod number;
mod numpy;
mod op;
mod output_record;
mod parameters;
mod pass;
mod plain_norm;
pub mod quadrature;
mod record;
mod rows;
mod run;
pub mod special;
mod svd;
mod symmetry;

pub(crate) use build::in_precision;
pub use build::{BuildStopped, FromDraws};
pub use draws::{DrawCache, Drawing, PendingArray, Tensor};
pub use emulated::{StoredDelta, StoredGradient};
pub use exact_law::{ExactLaw, NotExact};
pub use gradient::Gradient;
pub use loss::{softmax, softmax_jacobian};
pub use magnitudes::{FLUSHED_SHARE, Magnitudes, TRUE_ZERO, may_flush};
pub use network::Network;
pub use number::{Format, Held, Real, Scaled, ScaledColumns, Signal};
pub use numpy::NumpyStream;
pub use op::{Dense, Op};
pub use output_record::OutputRecord;
pub use parameters::Parameter;
pub use pass::{LayerTrace, Pass, PassBuffers};
pub use plain_norm::PlainNorm;
pub use record::{LayerRecord, SATURATED_BELOW, ZeroCause, explain, record};
pub use rows::{Executor, Serial};
pub use svd::ProductSvd;
