//! What a draw will take, before it is made.

use std::collections::HashSet;

use crate::engine::DrawCache;
use crate::experiment::{Draws, Experiment, Precision, Variant};

use super::Cost;
use super::parallel::all_threads;

/// Activations, logits, δ and what is between them, for each unit and example.
const ARRAYS: f64 = 4.0;
/// Bytes that the program takes by itself.
const PROGRAM: f64 = 3e7;
/// Seconds of one core for each number along NumPy's one stream, each number of a layer's own
/// stream, each activation both ways, and each multiply-add, on the machine of `benches/README.md`.
const NUMPY: f64 = 3.6e-8;
const LAYERED: f64 = 6e-9;
const ACTIVATION: f64 = 1e-7;
const MULTIPLY_ADD: f64 = 2.7e-11;
/// How many times longer a pass takes that rounds every number to a narrow format.
const EMULATION: f64 = 4.0;

/// About what a draw of an experiment takes: within a factor of two on the machine on which it
/// was measured, and more or less on others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The most memory at once, in bytes.
    pub bytes: f64,
    /// Until the result is there, in seconds, where nothing is kept from earlier draws.
    pub seconds: f64,
}

impl Estimate {
    /// Of all variants of an experiment, one after the other.
    ///
    /// ```
    /// use gradient_lab::experiment::Experiment;
    /// use gradient_lab::study::Estimate;
    /// let mut experiment = Experiment::default();
    /// let small = Estimate::of(&experiment);
    /// (experiment.architecture.depth, experiment.architecture.width) = (11, 4096);
    /// let large = Estimate::of(&experiment);
    /// assert!(small.seconds < 0.1 && large.seconds > 1.0);
    /// assert!((large.bytes / 1e9 - 1.4).abs() < 0.1); // 168 million weights of 8 bytes
    /// ```
    pub fn of(experiment: &Experiment) -> Self {
        let architecture = &experiment.architecture;
        let cost = Cost::of_experiment(experiment);
        let size = if architecture.precision == Precision::F32 { 4.0 } else { 8.0 };
        let units: usize = experiment.sizes().iter().sum();
        let activations = (units * architecture.batch) as f64;
        let weights = cost.weights() as f64;
        let laws = laws(experiment);
        // Draws of as many laws as fit are kept.
        let fit = (DrawCache::KEPT_BYTES as f64 / (size * weights)).floor();
        let kept = (laws as f64).min(fit).max(1.0);
        let bytes = PROGRAM + size * (kept * weights + ARRAYS * activations);
        let cores = all_threads() as f64;
        let a_number = match experiment.draws {
            Draws::Numpy => NUMPY,
            Draws::Layered => LAYERED / cores,
        };
        let emulation = if architecture.precision.is_emulated() { EMULATION } else { 1.0 };
        let multiply_adds = (cost.forward() + cost.deltas()) as f64;
        let pass = emulation * (ACTIVATION * activations + MULTIPLY_ADD * multiply_adds) / cores;
        let seconds = weights * a_number * laws as f64 + pass * experiment.variants.len() as f64;
        Self { bytes, seconds }
    }
}

/// How many different networks are drawn: variants of one law share their draws, and given
/// weights are a page of text.
pub(super) fn laws(experiment: &Experiment) -> usize {
    let law = |v: &Variant, l| v.init_of(l).unit_law();
    let of = |v| (1..=experiment.layers()).map(|l| law(v, l)).collect::<Vec<_>>();
    experiment.variants.iter().map(of).collect::<HashSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The draws of a second law are kept where they fit beside the first's.
    #[test]
    fn kept_draws_are_counted() {
        let said = |precision: &str, second: &str| {
            let text = format!(
                "[architecture]\ndepth = 5\nwidth = 1500\nprecision = '{precision}'\n\
                 [[variant]]\nactivation = 'tanh'\n[[variant]]\nactivation = 'tanh'\n\
                 init = {{ scheme = '{second}' }}"
            );
            let experiment = Experiment::from_toml(&text).expect("valid");
            (Estimate::of(&experiment).bytes, Cost::of_experiment(&experiment).weights() as f64)
        };
        let [(one, weights), (two, _)] =
            ["xavier_normal", "xavier_uniform"].map(|second| said("f32", second));
        assert_eq!(two - one, 4.0 * weights);
        let [(one, _), (two, _)] =
            ["xavier_normal", "xavier_uniform"].map(|second| said("f64", second));
        assert_eq!(two, one, "two would be more than 128 MB");
    }
}
