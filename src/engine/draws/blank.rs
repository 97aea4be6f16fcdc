//! Arrays still to be drawn, each from a stream of its own: in any order, on any thread.

use ndarray::Array2;

use super::{Request, Stream};

/// One array of one seed's layered draws, and the memory to draw it into.
pub struct Blank {
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

impl Blank {
    /// Draws it.
    pub fn draw(&mut self) {
        let mut stream = Stream::layered(self.seed, self.request.tensor);
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
