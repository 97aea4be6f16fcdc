//! Unit draws: what a seed means. Scales are folded in later, so that a moved gain or a
//! scheme of the same law redraws nothing.

mod cache;
mod entries;
mod lanes;
mod pending;
mod place;
mod stream;
mod walk;

use crate::experiment::UnitLaw;

pub use cache::DrawCache;
pub(super) use cache::{Drawn, Wanted};
pub use pending::{Drawing, PendingArray};
pub(super) use place::{NumpyOrder, Place};
pub(super) use stream::Stream;

/// Which array of a network a draw is for. Layers count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tensor {
    /// W^(l).
    Weight(usize),
    /// b^(l).
    Bias(usize),
    /// x.
    Input,
    /// y.
    Target,
}

/// Where an array's numbers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// The array's own stream.
    Layered(Tensor),
    /// A place in NumPy's one stream.
    Numpy(Place),
}

/// One array to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Request {
    pub source: Source,
    pub law: UnitLaw,
    pub rows: usize,
    pub columns: usize,
}

impl Request {
    pub fn len(&self) -> usize {
        self.rows * self.columns
    }
}

/// SplitMix64's finalizer (Steele, Lea & Flood 2014): neighbouring seeds become unrelated.
fn split_mix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
