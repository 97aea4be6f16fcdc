//! What one W that all hidden layers share says of every step between them at once.

use std::ops::RangeInclusive;

use crate::engine::{Network, Real, Scaled, spectral_radius};
use crate::experiment::{Experiment, Variant};

use super::SpectralNorm;

/// Most units of a W whose spectral radius is computed; the work grows with their cube.
const MOST_UNITS: usize = 256;

/// The W of tied layers, and how steep their activations are.
///
/// Each step back between two of them is ‖δ^(l)‖ ≤ σ_max(W) sup|φ′| ‖δ^(l+1)‖: a bound below 1 is
/// enough for δ to vanish, and one above 1 is needed for it to explode (Hochreiter 1991; Bengio et al.
/// 1994; Pascanu et al. 2013). Where the slopes are all alike, the steps come to ρ(W) times the slope.
#[derive(Clone, Debug, PartialEq)]
pub struct TiedWeights {
    /// The steps back to layers l that go through W: all W^(l+1) are the same.
    pub steps: RangeInclusive<usize>,
    /// σ_max(W) = ‖W‖₂.
    pub spectral_norm: SpectralNorm,
    /// ρ(W), the largest magnitude of an eigenvalue; none of a W that is too large.
    pub spectral_radius: Option<Scaled>,
    /// The largest |φ′| that the activations of these layers have anywhere.
    pub steepest: f64,
}

impl TiedWeights {
    /// Of a variant's network; none where no two layers share their weights, or where a
    /// normalization or a skip has a say in the step.
    ///
    /// ```
    /// use gradient_lab::engine::{DrawCache, Network};
    /// use gradient_lab::experiment::Experiment;
    /// use gradient_lab::study::TiedWeights;
    /// let experiment = Experiment::from_toml("[[variant]]\ntied = true")?;
    /// let variant = &experiment.variants[0];
    /// let network = Network::<f64>::build(&experiment, variant, &mut DrawCache::new(), &mut || true)?;
    /// let tied = TiedWeights::of(&experiment, variant, &network).expect("five layers share W");
    /// assert_eq!((tied.steps.clone(), tied.steepest), (1..=4, 0.25));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of<T: Real>(
        experiment: &Experiment,
        variant: &Variant,
        network: &Network<T>,
    ) -> Option<Self> {
        let layers = network.depth();
        if variant.normalization.is_some() || variant.skip.is_some() {
            return None;
        }
        let last = (2..=layers).rev().find(|&layer| variant.shares_weights(layer, layers))?;
        let weight = network.weight(1);
        let steps = 1..=last - 1;
        let slope = |layer| experiment.activation_of(variant, layer).largest_slope();
        Some(Self {
            steepest: steps.clone().map(slope).fold(0.0, f64::max),
            steps,
            spectral_norm: SpectralNorm::of(&weight),
            spectral_radius: (weight.nrows() <= MOST_UNITS).then(|| spectral_radius(&weight)),
        })
    }

    /// σ_max(W) sup|φ′|, which no step exceeds.
    pub fn bound(&self) -> f64 {
        self.spectral_norm.value() * self.steepest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::{BackwardSettings, DrawStudy, TaskContext, backward_factors};

    /// Every step keeps below the bound, and linear layers come to the spectral radius: a random W
    /// of 20 units, after 200 steps within 2 %, chosen before the first run.
    #[test]
    fn no_step_exceeds_the_bound_and_linear_ones_come_to_the_radius() {
        for (activation, scheme) in [
            ("sigmoid", "he_normal"),
            ("tanh", "xavier_normal"),
            ("linear", "orthogonal"),
            ("linear", "lecun_normal"),
        ] {
            let experiment = Experiment::from_toml(&format!(
                "[architecture]\ndepth = 400\nwidth = 20\n[[variant]]\ntied = true\nactivation = '{activation}'\ninit = {{ scheme = '{scheme}' }}"
            ));
            let (settings, task) = (
                BackwardSettings { top: Some(2), ..Default::default() },
                TaskContext::unattended(),
            );
            let backward = backward_factors(
                &mut DrawStudy::new(),
                &experiment.unwrap(),
                settings,
                &|_| {},
                &task,
            )
            .unwrap();
            let tied = backward.tied.as_ref().expect("tied");
            assert_eq!(tied.steps, 1..=399);
            let steps = &backward.factors.steps[..399];
            let log10 = |layer: usize| steps[layer - 1].ratio.unwrap().log10().unwrap();
            let bound = tied.bound().log10();
            assert!((1..=399).all(|layer| log10(layer) <= bound + 1e-12));
            let radius = tied.spectral_radius.unwrap();
            // The radius is as exact as its own test has it.
            assert!(radius.to_f64() <= tied.spectral_norm.value() * (1.0 + 3e-8));
            if activation == "linear" {
                let mean = (1..=200).map(log10).sum::<f64>() / 200.0;
                assert!((mean - radius.log10().unwrap()).abs() < 0.02 / std::f64::consts::LN_10);
            }
        }
    }

    #[test]
    fn what_else_has_a_say_has_none() {
        for text in
            ["tied = false", "tied = true\nnormalization = 'rms'", "tied = true\nskip = 'pre'"]
        {
            let experiment = Experiment::from_toml(&format!("[[variant]]\n{text}")).unwrap();
            let variant = &experiment.variants[0];
            let task = TaskContext::unattended();
            let network = DrawStudy::new().network::<f64>(&experiment, variant, &task).unwrap();
            assert_eq!(TiedWeights::of(&experiment, variant, &network), None);
        }
    }
}
