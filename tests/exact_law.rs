//! The exact law in batches: networks drawn in law and networks with their weights are one ensemble.

#[path = "support/laws.rs"]
mod laws;

use gradient_lab::engine::{ExactLaw, NotExact};
use gradient_lab::experiment::{
    Activation, Architecture, Draws, Experiment, Init, Loss, NormKind, Normalization, Scheme, Skip,
    SkipScale, Variant,
};
use gradient_lab::study::{Engine, EnsembleSettings, Sampler, TaskContext, ensemble};
use laws::{differences, logarithms};

/// Seeds of each comparison, 1, 2, 3, …; the benchmark `ensemble` takes 20,000.
const SEEDS: u64 = 3000;

/// 5–(4 × `width`)–3 with layered draws.
fn network(batch: usize, width: usize, variant: Variant) -> Experiment {
    Experiment {
        seed: 1,
        draws: Draws::Layered,
        architecture: Architecture {
            input: 5,
            depth: 4,
            width,
            output: 3,
            batch,
            ..Architecture::default()
        },
        variants: vec![variant],
        ..Experiment::default()
    }
}

/// ReLU and tanh, each without a bias and with one.
fn variants() -> Vec<Variant> {
    let relu = Variant { init: Init::of(Scheme::HeNormal), ..Variant::of(Activation::Relu) };
    let init = Init { gain: Some(2.0), ..Init::of(Scheme::XavierNormal) };
    let tanh = Variant { init, ..Variant::of(Activation::Tanh) };
    let bias = Init { std: Some(0.4), ..Init::of(Scheme::Normal) };
    let with_bias = [relu.clone(), tanh.clone()].map(|variant| Variant { bias, ..variant });
    [relu, tanh].into_iter().chain(with_bias).collect()
}

/// Every layer's norms, true zeros, and the correlation of the first layer with the last, at a level
/// of 1 % over all of them together (Bonferroni).
fn compare(cases: &[Experiment]) {
    let all: usize = cases.iter().map(|case| 2 * case.layers() + 1).sum();
    let level = 0.01 / all as f64;
    for case in cases {
        let direct = logarithms(case, Engine::Direct, 1, SEEDS);
        let in_law = logarithms(case, Engine::ExactInLaw, 1, SEEDS);
        let differences = differences(&direct, &in_law, level);
        let words = case.variants[0].describe();
        let (batch, width) = (case.architecture.batch, case.sizes()[1]);
        assert!(
            differences.iter().all(|&off| off <= 1.0),
            "{words}, {batch} examples, {width} units: {differences:?}"
        );
    }
}

#[test]
fn two_examples_have_one_law_in_both_engines() {
    compare(&variants().into_iter().map(|v| network(2, 12, v)).collect::<Vec<_>>());
}

#[test]
fn eight_examples_have_one_law_in_both_engines() {
    compare(&variants().into_iter().map(|v| network(8, 20, v)).collect::<Vec<_>>());
}

/// More examples than some layers have units: what comes back is known from what went forward.
#[test]
fn many_examples_have_one_law_in_both_engines() {
    let cases = variants().into_iter().zip([40, 12, 12, 40]);
    compare(&cases.map(|(variant, width)| network(32, width, variant)).collect::<Vec<_>>());
}

/// The loss reads the z that was drawn: a cross-entropy and given data do as well.
#[test]
fn every_loss_and_given_data_have_one_law_in_both_engines() {
    let mut softmax = network(3, 10, variants().remove(0));
    softmax.architecture.loss = Loss::SoftmaxCe;
    let mut given = Experiment::from_toml(
        "seed = 1\ndraws = 'layered'\n[architecture]\ninput = 2\noutput = 1\ndepth = 4\nwidth = 9\n\
         batch = 4\nloss = 'bce'\n[data]\nx = [[0, 0], [0, 1], [1, 0], [1, 1]]\ny = [[0], [1], [1], [0]]\n\
         [[variant]]\nactivation = 'tanh'\noutput_activation = 'sigmoid'\n\
         bias = { scheme = 'normal', std = 0.5 }",
    )
    .expect("valid");
    given.variants[0].init = Init { gain: Some(2.0), ..Init::of(Scheme::XavierNormal) };
    softmax.variants[0].output_activation = Some(Activation::Linear);
    compare(&[softmax, given]);
}

/// Every normalization with every skip that it goes with, and skips alone: ReLU and tanh, biases and
/// α taking turns.
fn remedies(batch: usize, norms: &[NormKind]) -> Vec<Experiment> {
    let mut cases = Vec::new();
    let skips = [None, Some(Skip::Post), Some(Skip::Pre), Some(Skip::PostNorm)];
    for norm in norms.iter().map(|&kind| Some(kind)).chain([None]) {
        for skip in skips {
            if norm.is_none() && matches!(skip, None | Some(Skip::PostNorm)) {
                continue;
            }
            let mut variant = variants().swap_remove(cases.len() % 4);
            variant.normalization = norm.map(Normalization::of);
            variant.skip = skip;
            if cases.len() % 3 == 1 {
                variant.skip_scale = SkipScale::InverseSqrtDepth;
            }
            cases.push(network(batch, 14, variant));
        }
    }
    cases
}

#[test]
fn normalization_and_skips_have_one_law_in_both_engines() {
    compare(&remedies(1, &[NormKind::Layer, NormKind::Rms]));
}

#[test]
fn normalization_and_skips_in_batches_have_one_law_in_both_engines() {
    compare(&remedies(2, &NormKind::ALL));
    compare(&remedies(8, &NormKind::ALL));
}

#[test]
fn shared_weights_are_refused() {
    let mut experiment = network(1, 12, variants().remove(0));
    experiment.variants[0].tied = true;
    assert_eq!(ExactLaw::applies(&experiment, &experiment.variants[0]), Err(NotExact::Tied));
}

/// Examples of a deep sigmoid net are one to the last digit, and δ's columns lie as far down as
/// its norms.
#[test]
fn collinear_examples_far_down_have_a_norm() {
    let mut experiment = network(8, 20, Variant::of(Activation::Sigmoid));
    experiment.architecture.depth = 400;
    let mut means = Engine::ALL.map(|engine| {
        let layers = logarithms(&experiment, engine, 1, 40);
        let mean = layers[0].iter().sum::<f64>() / 40.0;
        let variance = layers[0].iter().map(|log| (log - mean).powi(2)).sum::<f64>() / 39.0;
        [mean, (variance / 40.0).sqrt()]
    });
    means.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let [[low, error], [high, other]] = means;
    assert!((-270.0..-240.0).contains(&low), "{means:?}");
    assert!(high - low < 4.0 * error.hypot(other), "{means:?}");
}

#[test]
fn threads_change_nothing() {
    let experiment = network(8, 20, variants().remove(3));
    let run = |threads| {
        let settings = EnsembleSettings { seeds: 100, engine: Some(Engine::ExactInLaw), threads };
        ensemble(&experiment, &settings, &TaskContext::unattended(), |_| {}).expect("valid")
    };
    let alone = run(1);
    assert_eq!(run(2), alone);
    assert_eq!(run(5), alone);
}

#[test]
fn the_engine_with_less_work_is_taken() {
    let fastest = |batch, width| {
        let experiment = network(batch, width, variants().remove(0));
        Sampler::new(&experiment, None).expect("any").engines().next().expect("one variant")
    };
    assert_eq!(fastest(1, 256), Engine::ExactInLaw);
    assert_eq!(fastest(8, 256), Engine::ExactInLaw);
    assert_eq!(fastest(32, 256), Engine::ExactInLaw);
    assert_eq!(fastest(512, 256), Engine::Direct);
    assert_eq!(fastest(8, 4), Engine::Direct);
}
