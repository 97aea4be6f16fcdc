//! Whether one example goes ahead of its batch.

use crate::experiment::{Experiment, limits};

use super::Cost;
use super::estimate::laws;

/// Multiply-adds of a forward and a backward pass, all variants, from which on the whole comes so
/// late that a preview goes ahead, which delays it: a tenth of a second is still taken for at once.
/// By `benches/window.rs` on a 2-core machine, f64: W3's 3400 million are on the screen after 119 ms
/// without a preview; with one after 157 ms, and the preview itself after 42 ms.
const PREVIEW_FROM: u64 = 4_000_000_000;
/// With fewer examples a preview is not worth its time: it reads the same weights from memory,
/// and for a batch of 8 that alone is half of the work (the benchmark's lines P).
const PREVIEW_FROM_BATCH: usize = 16;

/// Whether the batch takes longer than a moment, and the networks of all variants, which a
/// preview holds together, take no more memory than the largest network alone may.
pub(super) fn wants_preview(experiment: &Experiment) -> bool {
    let batch = experiment.architecture.batch;
    let cost = Cost::of_experiment(experiment);
    let work = (cost.forward() + cost.deltas()) * experiment.variants.len() as u64;
    let held = experiment.architecture.weight_count() * laws(experiment) as u128;
    batch >= PREVIEW_FROM_BATCH && work >= PREVIEW_FROM && held <= limits::WEIGHTS as u128
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Activation, Draws, Init, Scheme, Variant};

    /// Two variants that share their draws.
    fn of(depth: usize, width: usize, batch: usize) -> Experiment {
        let mut experiment = Experiment { draws: Draws::Layered, ..Experiment::default() };
        let architecture = &mut experiment.architecture;
        (architecture.depth, architecture.width, architecture.batch) = (depth, width, batch);
        experiment
    }

    #[test]
    fn few_examples_need_no_preview_however_long_they_take() {
        assert!(wants_preview(&of(1000, 320, PREVIEW_FROM_BATCH)));
        assert!(!wants_preview(&of(1000, 320, PREVIEW_FROM_BATCH - 1)));
    }

    #[test]
    fn what_is_done_at_once_needs_no_preview() {
        assert!(wants_preview(&of(100, 512, 64)), "two variants");
        let mut one = of(100, 512, 64);
        one.variants.truncate(1);
        assert!(!wants_preview(&one));
    }

    #[test]
    fn networks_that_do_not_fit_beside_each_other_come_without_a_preview() {
        let mut experiment = of(150, 1000, 512);
        assert!(wants_preview(&experiment), "both variants share their draws");
        let mut uniform = Variant::of(Activation::Tanh);
        uniform.init = Init::of(Scheme::XavierUniform);
        experiment.variants.push(uniform);
        assert!(!wants_preview(&experiment));
    }
}
