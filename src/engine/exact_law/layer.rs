//! A layer in law, and the memory that goes from layer to layer.

use ndarray::Array2;

use super::dense::DenseInLaw;
use crate::engine::op::{Op, activate};
use crate::engine::pass::LayerTrace;
use crate::experiment::Activation;

/// A dense layer in law and the ops behind it, with what they leave.
pub(super) struct LawLayer {
    pub dense: DenseInLaw,
    /// n_l.
    pub units: usize,
    pub ops: Vec<Op<f64>>,
    /// φ, where a and φ′ are recomputed on the way back: for straight lines that takes less time
    /// than to fetch them from a far memory.
    pub recomputed: Option<Activation>,
    /// 0 × 0 until a draw gets there: a draw can be stopped while its memory is made.
    pub trace: LayerTrace<f64>,
}

impl LawLayer {
    /// Of this many units, without ops behind the dense one.
    pub fn new(dense: DenseInLaw, units: usize) -> Self {
        Self { dense, units, ops: Vec::new(), recomputed: None, trace: LayerTrace::zeros(0, 0) }
    }

    /// Has a and φ′ recomputed on the way back, where φ is straight lines and the last op.
    pub fn plan_recomputing(&mut self) {
        self.recomputed = match self.ops.last() {
            Some(&Op::Activation(activation)) => {
                activation.is_piecewise_linear().then_some(activation)
            }
            _ => None,
        };
    }

    /// Keeps a and φ′ from now on, in memory of its own.
    pub fn keep_trace(&mut self) {
        self.recomputed = None;
        self.trace = LayerTrace::zeros(0, 0);
    }

    /// Makes the memory of what so many examples leave.
    pub fn prepare(&mut self, batch: usize) {
        if self.trace.z.units() != self.units {
            self.trace = LayerTrace::of_ops(&self.ops, self.units, batch);
            if self.recomputed.is_some() {
                self.trace.slope = Array2::zeros([0, 0]);
            }
        }
    }

    /// Takes memory of the layer two below, which lies in a near cache, where nobody asks for what is in
    /// it any more.
    pub fn take_free_memory(&mut self, below: &mut Self) {
        if self.units != below.units || !self.trace.has_layout_of(&below.trace) {
            return;
        }
        let [own, free] = [&mut self.trace, &mut below.trace];
        if let (Some(chain), Some(free_chain)) = (&mut own.chain, &mut free.chain) {
            if !chain.is_needed_back(0) {
                std::mem::swap(&mut own.z, &mut free.z);
            }
            for place in 1..=chain.made.len() {
                if !chain.is_needed_back(place) {
                    std::mem::swap(&mut chain.made[place - 1], &mut free_chain.made[place - 1]);
                }
            }
        }
        if self.recomputed.is_some() && below.recomputed.is_some() {
            std::mem::swap(&mut self.trace.a, &mut below.trace.a);
        }
    }

    /// Recomputes a and φ′, n_l × B, where they are not kept, in memory of the layer above.
    pub fn recompute(&mut self, above: &mut Self) {
        let Some(activation) = self.recomputed else { return };
        if above.recomputed.is_some() && above.units == self.units {
            self.trace.slope = std::mem::take(&mut above.trace.slope);
        } else {
            self.trace.slope = Array2::zeros([self.units, self.trace.z.batch()]);
        }
        activate(activation, &mut self.trace);
    }

    /// Swaps memory of the way back with another layer, if that has as many units.
    pub fn swap_memory(&mut self, other: &mut Self) {
        if self.units != other.units {
            return;
        }
        if self.recomputed.is_some() && other.recomputed.is_some() {
            std::mem::swap(&mut self.trace.a, &mut other.trace.a);
        }
        let [own, other] = [&mut self.trace, &mut other.trace];
        std::mem::swap(&mut own.delta, &mut other.delta);
        if let (Some(own), Some(other)) = (&mut own.chain, &mut other.chain) {
            std::mem::swap(&mut own.norm.above, &mut other.norm.above);
            if own.along_skip.is_kept_like(&other.along_skip) {
                std::mem::swap(&mut own.along_skip, &mut other.along_skip);
            }
        }
    }
}
