//! Training: gradients in plain numbers, optimizers, and one step after the other.
//!
//! A pass gives δ with exponents of its own; the parameters and what moves them are plain numbers
//! of the network's type, for an update that its type cannot hold would not move them either.

mod buffers;
mod evaluate;
mod loss_scaler;
mod minibatch;
mod mixed;
mod optimizer;
mod plain_gradient;
mod progress;
mod report;
mod running;
mod slots;
mod trainer;

pub use evaluate::{Score, accuracy};
pub use loss_scaler::LossScaler;
pub use mixed::MixedState;
pub use optimizer::{Moments, Optimizer};
pub use progress::LayerProgress;
pub use report::{Diverged, MixedReport, StepReport, Told};
pub use running::RunningStatistics;
pub use slots::{SlotKind, SlotState};
pub use trainer::Trainer;
