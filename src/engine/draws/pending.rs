//! Arrays still to be drawn: from streams of their own in any order and on any thread, or along
//! NumPy's one.

use ndarray::Array2;

use super::{Request, Source, Stream};

/// What a cache that draws hands out.
pub enum Drawing<'a> {
    /// Arrays with streams of their own, to be drawn in any order and on any thread.
    Arrays(&'a mut [PendingArray]),
    /// The share of what is drawn along NumPy's one stream.
    Share(f32),
}

/// One array of one seed's draws.
///
/// New memory is asked for as it is drawn into, not before: the system may take milliseconds for
/// each large page, and whoever says stop does not wait for those of arrays not begun.
pub struct PendingArray {
    pub(super) seed: u64,
    pub(super) request: Request,
    /// Whether in single precision.
    pub(super) single: bool,
    /// Memory of its shape that nobody uses, to be drawn into.
    pub(super) memory: Option<Units>,
    /// What was drawn.
    pub(super) drawn: Option<Units>,
}

/// An array in the precision that was asked for.
pub(super) enum Units {
    Double(Array2<f64>),
    Single(Array2<f32>),
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
        let mut units = self.memory.take().unwrap_or_else(|| self.new_memory());
        match &mut units {
            Units::Double(units) => stream.draw_into(self.request.law, units),
            Units::Single(units) => stream.draw_into(self.request.law, units),
        }
        self.drawn = Some(units);
    }

    fn new_memory(&self) -> Units {
        let shape = (self.request.rows, self.request.columns);
        match self.single {
            true => Units::Single(Array2::zeros(shape)),
            false => Units::Double(Array2::zeros(shape)),
        }
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
