//! Numbers that do not run out of exponent, the types that a pass is computed in, and the formats
//! in which it could be stored.

mod columns;
mod format;
mod real;
mod scaled;
mod signal;

pub(crate) use columns::SAFE_SQUARES;
pub use columns::ScaledColumns;
pub use format::{Format, Held};
pub use real::Real;
pub use scaled::Scaled;
pub(crate) use scaled::{clamped, exponent_of, halves, ldexp, root_mean_square};
pub use signal::Signal;
pub(crate) use signal::{Entry, of_example, smallest, stays_plain};
