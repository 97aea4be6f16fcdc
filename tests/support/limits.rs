//! What theory says of wide networks with normalization, beside drawn networks.

use gradient_lab::engine::Network;
use gradient_lab::experiment::{
    Activation, Architecture, Draws, Experiment, Init, NormKind, Normalization, Scheme, Skip,
    Variant,
};
use gradient_lab::study::{DrawStudy, TaskContext};

/// Hidden layers of the networks whose χ is measured: with the linear output layer there are 16.
const DEPTH: usize = 15;
/// Between which layers it is.
const BETWEEN: [usize; 2] = [4, 13];
/// Hidden layers of the networks with pre-normalized skips.
pub const SKIP_DEPTH: usize = 30;

fn experiment(width: usize, depth: usize, batch: usize, variant: Variant) -> Experiment {
    let architecture = Architecture {
        input: width,
        depth,
        width,
        output: width,
        batch,
        ..Architecture::default()
    };
    let output_activation = Some(Activation::Linear);
    Experiment {
        draws: Draws::Layered,
        architecture,
        variants: vec![Variant { output_activation, ..variant }],
        ..Experiment::default()
    }
}

/// ‖δ^(l)‖² summed over the examples, from the first layer on, where δ^(L) is as good as −2^40 y:
/// its entries are independent normal draws.
fn squares(experiment: &Experiment) -> Vec<f64> {
    let task = TaskContext::unattended();
    let drawn = DrawStudy::new().network(experiment, &experiment.variants[0], &task);
    let mut network: Network<f64> = drawn.expect("nobody stops it");
    network.target.mantissa *= 2_f64.powi(40);
    let pass = network.pass();
    pass.layers.iter().map(|layer| layer.delta.rms_norm().to_f64().powi(2)).collect()
}

/// The factor of ‖δ‖² a step back, between layers 13 and 4 of 16: the geometric mean over the steps
/// and over seeds 1, 2, … of plain networks of one width, N(0, 1/n) weights.
pub fn measured_chi(
    activation: Activation,
    kind: NormKind,
    [width, batch]: [usize; 2],
    seeds: u64,
) -> f64 {
    let init = Init::of(Scheme::LecunNormal);
    let normalization = Some(Normalization::of(kind));
    let variant = Variant { init, normalization, ..Variant::of(activation) };
    let mut experiment = experiment(width, DEPTH, batch, variant);
    let [below, above] = BETWEEN;
    let mut logarithms = 0.0;
    for seed in 1..=seeds {
        experiment.seed = seed;
        let squares = squares(&experiment);
        logarithms += (squares[below - 1] / squares[above - 1]).ln();
    }
    (logarithms / (seeds * (above - below) as u64) as f64).exp()
}

/// ‖∂L/∂h^(l)‖²/‖∂L/∂h^(D)‖² at l = 1 and 6 of 30 hidden layers of ReLUs with He weights, layer or RMS
/// normalization and pre-normalized skips, one example: the mean over seeds 1, 2, ….
///
/// ∂L/∂h^(l) is δ^(l) from layer 2 on (α = 1), and of the stem, which makes h^(1) = z^(1), as well.
pub fn measured_growth(kind: NormKind, width: usize, seeds: u64) -> [f64; 2] {
    let init = Init::of(Scheme::HeNormal);
    let (normalization, skip) = (Some(Normalization::of(kind)), Some(Skip::Pre));
    let variant = Variant { init, normalization, skip, ..Variant::of(Activation::Relu) };
    let mut experiment = experiment(width, SKIP_DEPTH, 1, variant);
    let mut sums = [0.0; 2];
    for seed in 1..=seeds {
        experiment.seed = seed;
        let squares = squares(&experiment);
        for (sum, l) in sums.iter_mut().zip([1, 6]) {
            *sum += squares[l - 1] / squares[SKIP_DEPTH - 1];
        }
    }
    sums.map(|sum| sum / seeds as f64)
}
