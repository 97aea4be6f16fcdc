//! Running statistics of batch normalization, for examples that come alone.

use crate::engine::kernels::{self, Groups};
use crate::engine::number::Real;
use crate::engine::pass::LayerTrace;

/// How much of each step's statistics is taken, PyTorch's momentum.
const SHARE: f64 = 0.1;

/// Running mean and variance of one batch-normalized layer: r ← 0.9 r + 0.1 μ and
/// r ← 0.9 r + 0.1 v, v unbiased (over B − 1), from 0 and 1 (Ioffe and Szegedy 2015, as
/// `torch.nn.BatchNorm1d`).
#[derive(Clone, Debug, PartialEq)]
pub struct RunningStatistics {
    /// l, from 1.
    pub layer: usize,
    /// n means.
    pub mean: Vec<f64>,
    /// n variances.
    pub variance: Vec<f64>,
}

impl RunningStatistics {
    /// Before the first step.
    pub fn new(layer: usize, units: usize) -> Self {
        Self { layer, mean: vec![0.0; units], variance: vec![1.0; units] }
    }

    /// Takes what enters the normalization of the layer in a pass.
    ///
    /// # Panics
    /// If the layer has none.
    pub(super) fn take<T: Real>(&mut self, trace: &LayerTrace<T>) {
        let place = trace.chain.as_ref().and_then(|chain| chain.normalized);
        let place = place.expect("running statistics belong to a batch-normalized layer");
        let entering = trace.signal(place - 1);
        let batch = entering.batch();
        if !entering.is_plain() {
            let mut row = vec![T::ZERO; batch];
            for unit in 0..entering.units() {
                let entries = row.iter_mut().enumerate();
                entries.for_each(|(b, x)| *x = T::from_f64(entering.entry(unit, b).to_f64()));
                self.take_row(unit, &row);
            }
            return;
        }
        for (unit, row) in entering.columns().entries().chunks_exact(batch).enumerate() {
            self.take_row(unit, row);
        }
    }

    fn take_row<T: Real>(&mut self, unit: usize, row: &[T]) {
        let count = row.len() as f64;
        let mean = kernels::total(row) / count;
        let [mut rest, mut square] = [0.0; 2];
        let sums = [&mut rest, &mut square].map(std::slice::from_mut);
        kernels::group_squares(row, Groups::Rows(row.len()), &[mean], sums);
        // What rounding left of the mean goes with both.
        let (mean, square) = (mean + rest / count, square - rest * rest / count);
        let mixed = |old: f64, new: f64| (1.0 - SHARE) * old + SHARE * new;
        self.mean[unit] = mixed(self.mean[unit], mean);
        self.variance[unit] = mixed(self.variance[unit], square / (count - 1.0));
    }
}
