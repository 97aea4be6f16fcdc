//! The mathematics on ndarray: draws, networks, the forward and the backward pass,
//! and numbers that do not run out of exponent. No screen, no file, no clock, no thread.
//!
//! | file in `src/engine` | what it holds |
//! |---|---|
//! | `number/` | [`Scaled`], [`Signal`], [`Real`], [`Format`]: numbers with an exponent of their own |
//! | `draws/` | [`DrawCache`]: unit draws, kept from one experiment to the next |
//! | `build.rs` | [`Network::build`]: an experiment's numbers and draws become ops |
//! | `op/` | [`Op`]: dense and activation, forward and back; `extent.rs` brings δ near 1 |
//! | `loss/` | the losses, one file each: the value and δ at the output |
//! | `run.rs` | [`Network::pass`]: forward, then BP1 and BP2, layer by layer |
//! | `gradient.rs`, `parameters.rs` | BP3 and BP4; the parameters by name |
//! | `record.rs` | [`LayerRecord`]: what a pass leaves of each layer, and why a δ is zero |
//! | `training/` | [`Trainer`]: optimizers, and a network that learns step by step |
//! | `emulated.rs` | the pass as a narrow format computes it |
//! | `exact_law/` | [`ExactLaw`]: norms drawn without weights |
//! | `spectral_radius.rs` | [`spectral_radius()`]: the largest eigenvalue's magnitude |
//! | `svd/` | [`ProductSvd`]: singular values of long products |
//! | `kernels/` | the loops that take the time, for each set of instructions |

mod build;
mod chain;
mod draws;
mod emulated;
mod emulated_record;
mod exact_law;
mod gradient;
pub mod kernels;
mod loss;
mod lsuv;
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
mod spectral_radius;
mod svd;
mod symmetry;
mod training;

pub(crate) use build::in_precision;
pub use build::{BuildStopped, FromDraws};
pub use chain::{ChainTrace, InverseRoots, NormTrace};
pub use draws::{DrawCache, Drawing, PendingArray, Tensor};
pub use emulated::{StoredDelta, StoredGradient};
pub use exact_law::{ExactLaw, NotExact};
pub use gradient::Gradient;
pub use loss::{softmax, softmax_jacobian};
pub use magnitudes::{FLUSHED_SHARE, Magnitudes, TRUE_ZERO, may_flush};
pub use network::Network;
pub use number::{Format, Held, Real, Scaled, ScaledColumns, Signal};
pub use numpy::NumpyStream;
pub use op::{Dense, Jacobian, Norm, Op, OpShape, Scaling};
pub use output_record::OutputRecord;
pub use parameters::Parameter;
pub use pass::{LayerTrace, Pass, PassBuffers};
pub use plain_norm::PlainNorm;
pub use record::{LayerRecord, SATURATED_BELOW, ZeroCause, explain, record};
pub use rows::{Executor, Serial};
pub use spectral_radius::spectral_radius;
pub use svd::ProductSvd;
pub use training::{
    Diverged, LayerProgress, LossScaler, MixedReport, MixedState, Moments, Optimizer,
    RunningStatistics, Score, SlotKind, SlotState, StepReport, Told, Trainer, accuracy,
};
