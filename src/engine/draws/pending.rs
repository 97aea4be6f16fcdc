//! Arrays still to be drawn: from streams of their own in any order and on any thread, or along
//! NumPy's one.

use std::ops::Range;

use ndarray::Array2;

use crate::engine::kernels::STANDARD;
use crate::engine::large_pages;

use super::{Request, Source, Stream};

/// What a cache that draws hands out.
pub enum Drawing<'a> {
    /// Arrays with streams of their own, to be drawn in any order and on any thread.
    Arrays(&'a mut [PendingArray]),
    /// The share of what is drawn along NumPy's one stream.
    Share(f32),
}

/// One array of one seed's draws, and the memory to draw it into.
pub struct PendingArray {
    pub(super) seed: u64,
    pub(super) request: Request,
    pub(super) units: Units,
    /// Whether it has been drawn.
    pub(super) done: bool,
}

/// An array in the precision that was asked for.
pub(super) enum Units {
    Double(Array2<f64>),
    Single(Array2<f32>),
}

impl Units {
    /// Where the numbers lie.
    pub fn place(&self) -> Range<usize> {
        match self {
            Self::Double(units) => large_pages::place(units.as_slice().expect(STANDARD)),
            Self::Single(units) => large_pages::place(units.as_slice().expect(STANDARD)),
        }
    }
}

impl PendingArray {
    /// Draws it from its own stream.
    ///
    /// # Panics
    /// If it lies in NumPy's one stream, whose arrays are drawn in order by the cache.
    pub fn draw(&mut self) {
        let Source::Layered(tensor) = self.request.source else {
            unreachable!("an array of NumPy's stream is not handed out")
        };
        self.draw_from(&mut Stream::layered(self.seed, tensor));
    }

    /// Draws it from here on in a stream.
    pub(super) fn draw_from(&mut self, stream: &mut Stream) {
        match &mut self.units {
            Units::Double(units) => stream.draw_into(self.request.law, units),
            Units::Single(units) => stream.draw_into(self.request.law, units),
        }
        self.done = true;
    }

    /// How many numbers it takes.
    pub fn len(&self) -> usize {
        self.request.len()
    }

    /// Whether it takes none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
