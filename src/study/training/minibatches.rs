//! The examples of a training, and which of them a step takes.

use ndarray::Array2;
use rand::{Rng as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::engine::Real;
use crate::experiment::Data;

/// Examples to learn from, a row each, in minibatches of B that are shuffled anew in each epoch.
///
/// An epoch has ⌊n/B⌋ minibatches: what is left of its examples waits for another one. A single
/// minibatch of all examples is not shuffled.
#[derive(Clone, Debug, PartialEq)]
pub struct Minibatches {
    /// n × n_0.
    x: Array2<f64>,
    /// n × n_L.
    y: Array2<f64>,
    batch: usize,
    seed: u64,
    order: Vec<usize>,
    /// Whose order it is.
    epoch: Option<usize>,
}

/// What minibatches are filled by.
const STANDARD: &str = "examples and minibatches are in standard layout";

/// Between the seeds of two epochs: 2⁶⁴ over the golden ratio, as in SplitMix64.
const EPOCH: u64 = 0x9e37_79b9_7f4a_7c15;

impl Minibatches {
    /// Of these examples.
    ///
    /// # Panics
    /// If there are fewer than a minibatch takes, or they are not in standard layout.
    pub fn new([x, y]: [Array2<f64>; 2], batch: usize, seed: u64) -> Self {
        assert!(
            x.nrows() == y.nrows() && (1..=x.nrows()).contains(&batch),
            "a minibatch is filled"
        );
        assert!(x.is_standard_layout() && y.is_standard_layout(), "{STANDARD}");
        Self { order: (0..x.nrows()).collect(), x, y, batch, seed, epoch: None }
    }

    /// n.
    pub fn examples(&self) -> usize {
        self.x.nrows()
    }

    /// x and y of all examples, a row each.
    pub fn data(&self) -> Data {
        let rows = |of: &Array2<f64>| of.rows().into_iter().map(|row| row.to_vec()).collect();
        Data { x: rows(&self.x), y: rows(&self.y) }
    }

    /// Steps that take each example once, but for what is left of them.
    pub fn steps_of_an_epoch(&self) -> usize {
        self.examples() / self.batch
    }

    /// The examples of a step, counted from 0.
    pub fn of_step(&mut self, step: usize) -> &[usize] {
        let steps = self.steps_of_an_epoch();
        let epoch = step / steps;
        if self.epoch != Some(epoch) && self.batch < self.examples() {
            self.shuffle(epoch);
        }
        &self.order[step % steps * self.batch..][..self.batch]
    }

    /// Fisher and Yates, from a stream of the seed and the epoch: a training that goes on later has
    /// the order that it would have had.
    fn shuffle(&mut self, epoch: usize) {
        self.epoch = Some(epoch);
        self.order.iter_mut().enumerate().for_each(|(place, example)| *example = place);
        let seed = self.seed.wrapping_add(EPOCH.wrapping_mul(epoch as u64 + 1));
        let mut stream = Xoshiro256PlusPlus::seed_from_u64(seed);
        for last in (1..self.order.len()).rev() {
            let product = u128::from(stream.next_u64()) * (last as u128 + 1);
            self.order.swap(last, (product >> 64) as usize);
        }
    }

    /// Fills the minibatch of a step, n_0 × B and n_L × B.
    ///
    /// # Panics
    /// If they are not in standard layout.
    pub fn fill<T: Real>(&mut self, step: usize, [x, y]: [&mut Array2<T>; 2]) {
        self.of_step(step);
        let first = step % self.steps_of_an_epoch() * self.batch;
        let examples = &self.order[first..first + self.batch];
        for (to, from) in [(x, &self.x), (y, &self.y)] {
            let (width, from) = (from.ncols(), from.as_slice().expect(STANDARD));
            let to = to.as_slice_mut().expect(STANDARD);
            for (unit, row) in to.chunks_exact_mut(self.batch).enumerate() {
                let entries = row.iter_mut().zip(examples);
                entries.for_each(|(to, example)| *to = T::from_f64(from[example * width + unit]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(examples: usize, batch: usize) -> Minibatches {
        let row =
            |units| Array2::from_shape_fn((examples, units), |(row, unit)| (row + unit) as f64);
        Minibatches::new([row(2), row(1)], batch, 7)
    }

    #[test]
    fn an_epoch_takes_each_example_once() {
        let mut all = of(11, 3);
        let mut epochs: Vec<Vec<usize>> = Vec::new();
        for epoch in 0..3 {
            let steps = epoch * 3..epoch * 3 + 3;
            let taken: Vec<usize> = steps.flat_map(|step| all.of_step(step).to_vec()).collect();
            let mut sorted = taken.clone();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!((taken.len(), sorted.len()), (9, 9));
            epochs.push(taken);
        }
        assert!(epochs[0] != epochs[1] && epochs[1] != epochs[2]);
        // A later start has the same order.
        assert_eq!(of(11, 3).of_step(7), all.of_step(7));
        assert_eq!(of(4, 4).of_step(9), [0, 1, 2, 3]);
    }

    #[test]
    fn a_minibatch_has_its_examples_in_columns() {
        let mut all = of(5, 2);
        let (mut x, mut y) = (Array2::<f32>::zeros((2, 2)), Array2::<f32>::zeros((1, 2)));
        all.fill(3, [&mut x, &mut y]);
        let examples: Vec<f32> = all.of_step(3).iter().map(|&example| example as f32).collect();
        assert_eq!(x.row(0).to_vec(), examples);
        assert_eq!(y.row(0).to_vec(), examples);
        assert_eq!(x.row(1).to_vec(), [examples[0] + 1.0, examples[1] + 1.0]);
    }
}
