//! Sweeps worth a look, ready to be measured in a few seconds.

use crate::experiment::{
    Activation, Architecture, Draws, Experiment, Init, Precision, Scheme, SetKind, Training,
    Variant,
};

use super::mean_field::critical_weight_variance;
use super::moments::BiasLaw;
use super::{Axis, Quantity, Setting, Spacing, Sweep};

/// A sweep that comes with the lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SweepPreset {
    /// tanh over σ_w and σ_b.
    PhaseDiagram,
    /// ReLU over gain and depth.
    DepthGainRelu,
    /// Sigmoid over gain and depth.
    DepthGainSigmoid,
    /// What tanh learns over σ_w and depth.
    Trainability,
}

impl SweepPreset {
    /// Every preset, in the order in which menus show them.
    pub const ALL: [Self; 4] =
        [Self::PhaseDiagram, Self::DepthGainRelu, Self::DepthGainSigmoid, Self::Trainability];

    /// The name on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::PhaseDiagram => "Phase diagram of tanh",
            Self::DepthGainRelu => "Depth × gain, ReLU",
            Self::DepthGainSigmoid => "Depth × gain, sigmoid",
            Self::Trainability => "Trainability of tanh (minutes)",
        }
    }

    /// What there is to see, in a sentence.
    pub fn hint(self) -> &'static str {
        match self {
            Self::PhaseDiagram => {
                "σ_w and σ_b part the plane into order (vanishing) and chaos (exploding); theory's line χ = 1 runs between."
            }
            Self::DepthGainRelu => {
                "Wide ReLU layers keep δ with a gain of √2 on Xavier's scheme, He's initialization; narrow ones lose a little more with every layer."
            }
            Self::DepthGainSigmoid => {
                "A sigmoid needs weights ten times as large before δ survives."
            }
            Self::Trainability => {
                "384 networks learn handwritten digits for 1,000 steps: the depth to which they train rises and falls with the 6ξ layers that theory gives (Schoenholz and others 2017)."
            }
        }
    }

    /// The sweep.
    pub fn sweep(self) -> Sweep {
        match self {
            // Tanh is critical at σ_w = 1, σ_b = 0: the usual axes lie around it as they are, and
            // nothing need be solved for while the window opens.
            Self::PhaseDiagram => over(
                &network(Activation::Tanh),
                0,
                Axis::usual(Setting::WeightStd),
                Setting::BiasStd,
            ),
            Self::DepthGainRelu => depth_by(Axis::usual(Setting::Gain), Activation::Relu),
            Self::DepthGainSigmoid => {
                let gain = Axis {
                    from: 0.5,
                    to: 32.0,
                    spacing: Spacing::Logarithmic,
                    ..Axis::usual(Setting::Gain)
                };
                depth_by(gain, Activation::Sigmoid)
            }
            Self::Trainability => trainability(),
        }
    }
}

impl Sweep {
    /// Seeds a cell that leave about the same scatter whatever the width. From seed to seed
    /// log10 ‖δ^(1)‖/‖δ^(L)‖ scatters like 1/√n of the layers' width n, and its median over S
    /// seeds like 1/√(n S): so S = 320/n for the narrowest hidden layer of the map, from 5 to
    /// 40.
    ///
    /// ```
    /// use gradient_lab::study::SweepPreset;
    /// let mut sweep = SweepPreset::PhaseDiagram.sweep(); // 64 units a layer
    /// assert_eq!((sweep.seeds, sweep.usual_seeds()), (5, 5));
    /// sweep.experiment.architecture.width = 20;
    /// assert_eq!(sweep.usual_seeds(), 16);
    /// ```
    pub fn usual_seeds(&self) -> u32 {
        let narrowest = |corner| {
            let sizes = self.experiment_at(corner).sizes();
            sizes[1..sizes.len() - 1].iter().copied().min().unwrap_or(1).max(1)
        };
        let width = self.corners().map(narrowest).into_iter().min().unwrap_or(1);
        (320 / width.min(320)).clamp(5, 40) as u32
    }

    /// The (σ_w, σ_b) phase diagram of a variant: decades per layer around the σ_w that theory
    /// calls critical at σ_b = 0.
    pub fn phase_diagram(experiment: &Experiment, variant: usize) -> Self {
        let variant = variant.min(experiment.variants.len().saturating_sub(1));
        let activation = experiment.variants[variant].activation;
        let critical =
            critical_weight_variance(activation, BiasLaw::default()).map_or(1.0, f64::sqrt);
        // Half of it to two and a half times, in round numbers.
        let tenths = |share: f64| (share * critical * 10.0).round() / 10.0;
        let usual = Axis::usual(Setting::WeightStd);
        let x = Axis { from: tenths(usual.from), to: tenths(usual.to), ..usual };
        over(experiment, variant, x, Setting::BiasStd)
    }
}

/// Decades per layer of a variant over two settings, the second on its usual axis.
fn over(experiment: &Experiment, variant: usize, x: Axis, y: Setting) -> Sweep {
    let mut sweep = Sweep {
        experiment: experiment.clone(),
        variant,
        x,
        y: Some(Axis::usual(y)),
        quantity: Quantity::DecadesPerLayer,
        seeds: 1,
        engine: None,
    };
    sweep.seeds = sweep.usual_seeds();
    sweep
}

/// One activation, 30 hidden layers of 64.
fn network(activation: Activation) -> Experiment {
    Experiment {
        title: format!("{}: where gradients live", activation.label()),
        draws: Draws::Layered,
        architecture: Architecture { depth: 30, width: 64, ..Architecture::default() },
        variants: vec![Variant::of(activation)],
        ..Experiment::default()
    }
}

fn depth_by(gain: Axis, activation: Activation) -> Sweep {
    over(&network(activation), 0, gain, Setting::Depth)
}

/// The map of Schoenholz et al. 2017, on the digits: σ_b² = .05, 128 units, 1,000 steps of SGD at .03.
fn trainability() -> Sweep {
    let mut experiment = network(Activation::Tanh);
    experiment.title = "tanh: how deep a network learns".to_owned();
    (experiment.architecture.batch, experiment.architecture.width) = (64, 128);
    experiment.architecture.precision = Precision::F32;
    experiment.learn_from(SetKind::Digits);
    experiment.training =
        Some(Training { learning_rate: Some(0.03), steps: Some(1000), ..Training::default() });
    let deviation = Init { std: Some(0.05_f64.sqrt()), ..Init::of(Scheme::Normal) };
    experiment.variants[0].bias = deviation;
    let x = Axis { from: 0.6, to: 2.2, cells: 24, ..Axis::usual(Setting::WeightStd) };
    let y = Axis { from: 2.0, to: 62.0, cells: 16, ..Axis::usual(Setting::Depth) };
    let quantity = Quantity::Learned;
    Sweep { experiment, variant: 0, x, y: Some(y), quantity, seeds: 1, engine: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_phase_diagram_of_tanh_needs_no_solving() {
        let solved = Sweep::phase_diagram(&network(Activation::Tanh), 0);
        assert_eq!(SweepPreset::PhaseDiagram.sweep(), solved);
    }
}
