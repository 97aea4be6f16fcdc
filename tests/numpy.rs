//! Other seeds, sizes, activations, schemes and batches against values made with NumPy.
//!
//! `tests/data/numpy.py` wrote `tests/data/numpy.json` with `np.random.RandomState`, drawing
//! W1 … WL, x, y, b1 … bL in that order, each law in its own place, so that the arrays of an
//! architecture do not depend on each other's laws. The rest of this file holds variants to it.

mod helpers;

use gradient_lab::engine::{Network, Scaled};
use gradient_lab::experiment::{
    Activation, Draws, Experiment, FanMode, Init, Scheme, UnitLaw, Variant,
};
use gradient_lab::study::{DrawStudy, TaskContext};
use helpers::{draw, experiment, relative};
use rand::{Rng, RngExt as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::Value;

/// NumPy's exp, tanh and sums round otherwise; ten digits are far more than a plot shows.
const TOLERANCE: f64 = 1e-11;

fn toml_of(case: &Value) -> String {
    let sizes: Vec<u64> = numbers(&case["sizes"]).iter().map(|&n| n as u64).collect();
    let (hidden, ends) = (&sizes[1..sizes.len() - 1], (sizes[0], sizes[sizes.len() - 1]));
    format!(
        "seed = {}\ndraws = 'numpy'\n\
         [architecture]\ninput = {}\nhidden = {hidden:?}\noutput = {}\nbatch = {}\n\
         [[variant]]\nactivation = '{}'\ninit = {}\nbias = {}\n",
        case["seed"],
        ends.0,
        ends.1,
        case["batch"],
        text(&case["activation"]),
        text(&case["init"]),
        text(&case["bias"]),
    )
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|n| n.as_f64().expect("a number")).collect()
}

fn check(what: &str, toml: &str, lab: impl Iterator<Item = Scaled>, numpy: &Value) {
    let lab: Vec<f64> = lab.map(Scaled::to_f64).collect();
    let numpy = numbers(numpy);
    assert_eq!(lab.len(), numpy.len());
    for (layer, (lab, numpy)) in lab.iter().zip(&numpy).enumerate() {
        let near = relative(*lab, *numpy) < TOLERANCE || (lab - numpy).abs() < 1e-15;
        assert!(near, "{what} of layer {}: {lab} against {numpy}\n{toml}", layer + 1);
    }
}

#[test]
fn every_number_of_the_record_agrees_with_numpy() {
    let cases: Value = serde_json::from_str(include_str!("data/numpy.json")).expect("JSON");
    for case in cases.as_array().expect("a list") {
        let toml = toml_of(case);
        let draw = draw(&experiment(&toml));
        let variant = &draw.variants[0];
        let loss = case["loss"].as_f64().expect("a number");
        assert!(relative(variant.loss.to_f64(), loss) < TOLERANCE, "{toml}");
        let layers = || variant.layers.iter();
        check("δ", &toml, layers().map(|l| l.delta), &case["delta"]);
        check("∂W", &toml, layers().map(|l| l.weight_grad), &case["weight_grad"]);
        check("∂b", &toml, layers().map(|l| l.bias_grad), &case["bias_grad"]);
        check(
            "mean a",
            &toml,
            layers().map(|l| l.activation_mean.expect("finite")),
            &case["activation_mean"],
        );
        check(
            "std a",
            &toml,
            layers().map(|l| l.activation_std.expect("finite")),
            &case["activation_std"],
        );
        check(
            "std z",
            &toml,
            layers().map(|l| l.preactivation_std.expect("finite")),
            &case["preactivation_std"],
        );
    }
}

fn network(study: &mut DrawStudy, experiment: &Experiment, index: usize) -> Network<f64> {
    let variant = &experiment.variants[index];
    study.network(experiment, variant, &TaskContext::unattended()).expect("nobody stops it")
}

/// Arrays that came out of the stream, by what they are: bits, not near values.
#[derive(PartialEq, Debug)]
struct Bits {
    x: Vec<u64>,
    y: Vec<u64>,
    weights: Vec<Vec<u64>>,
    /// b without its scale is not kept; only biases of one scale are compared.
    biases: Vec<Option<Vec<u64>>>,
}

fn bits(network: &Network<f64>) -> Bits {
    let of = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(f64::to_bits).collect();
    Bits {
        x: of(&mut network.input.mantissa.iter().copied()),
        y: of(&mut network.target.mantissa.iter().copied()),
        weights: network.denses().map(|l| of(&mut l.unit.iter().copied())).collect(),
        biases: network
            .denses()
            .map(|l| l.bias.as_ref().map(|bias| of(&mut bias.iter().copied())))
            .collect(),
    }
}

fn random_init(rng: &mut impl Rng, schemes: &[Scheme]) -> Init {
    let mut init = Init::of(schemes[rng.random_range(0..schemes.len())]);
    init.std = Some(10.0_f64.powf(rng.random_range(-12.0..1.0)));
    init.bound = Some(rng.random_range(0.0..2.0));
    init.value = Some(rng.random_range(-1.0..1.0));
    init.gain = rng.random_bool(0.5).then(|| rng.random_range(0.5..2.0));
    init.mode = rng.random_bool(0.5).then_some(FanMode::FanOut);
    init.truncated = rng.random_bool(0.3);
    init.tidy();
    init
}

/// Two variants that differ in whatever a variant may differ in; half of the pairs have one law
/// of weights, and half one law of biases.
fn random_pair(rng: &mut impl Rng) -> Experiment {
    let mut experiment = Experiment {
        seed: rng.random_range(0..=u64::from(u32::MAX)),
        draws: if rng.random_bool(0.5) { Draws::Numpy } else { Draws::Layered },
        ..Experiment::default()
    };
    let hidden = (0..rng.random_range(1..5)).map(|_| rng.random_range(1..12)).collect();
    let [input, output, batch] = [12, 12, 5].map(|end| rng.random_range(1..end));
    let architecture = &mut experiment.architecture;
    (architecture.input, architecture.output, architecture.batch) = (input, output, batch);
    architecture.hidden = Some(hidden);
    let sizes = experiment.sizes();
    experiment.variants = (0..2)
        .map(|index| {
            let activation = Activation::ALL[rng.random_range(0..Activation::ALL.len())];
            let mut variant = Variant { name: index.to_string(), ..Variant::of(activation) };
            variant.init = random_init(rng, &Scheme::ALL);
            variant.bias = random_init(rng, &Scheme::FOR_BIAS);
            let given = |fan: [usize; 2]| vec![vec![0.5; fan[0]]; fan[1]];
            variant.weights = rng
                .random_bool(0.1)
                .then(|| sizes.windows(2).map(|pair| given([pair[0], pair[1]])).collect());
            variant.biases =
                rng.random_bool(0.1).then(|| sizes[1..].iter().map(|&n| vec![0.5; n]).collect());
            variant
        })
        .collect();
    for (other, one) in [(0, 1), (1, 0)] {
        if rng.random_bool(0.25) {
            experiment.variants[one].init = experiment.variants[other].init;
        }
        if rng.random_bool(0.25) {
            experiment.variants[one].bias = experiment.variants[other].bias;
        }
    }
    experiment.validate().expect("within the limits");
    experiment
}

/// A law that is drawn, or nothing where the numbers are given or constant.
fn drawn_law(init: &Init, is_given: bool) -> Option<UnitLaw> {
    Some(init.unit_law()).filter(|&law| !is_given && law.is_random())
}

#[test]
fn variants_share_x_y_and_every_array_of_equal_law() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut study = DrawStudy::new();
    // Pairs that shared weights and biases, of each stream: the test must have seen some.
    let mut shared = [[0; 2]; 2];
    for _ in 0..600 {
        let experiment = random_pair(&mut rng);
        let [one, other] = [0, 1].map(|index| bits(&network(&mut study, &experiment, index)));
        let what = experiment.to_toml();
        assert_eq!((&one.x, &one.y), (&other.x, &other.y), "{what}");
        let [a, b] = &experiment.variants[..] else { unreachable!("two variants") };
        let counts = &mut shared[usize::from(experiment.draws == Draws::Numpy)];
        let law = |v: &Variant| drawn_law(&v.init, v.weights.is_some());
        if law(a).is_some() && law(a) == law(b) {
            assert_eq!(one.weights, other.weights, "{what}");
            counts[0] += 1;
        }
        let law = |v: &Variant| drawn_law(&v.bias, v.biases.is_some());
        if law(a).is_some() && a.bias == b.bias && law(a) == law(b) {
            assert_eq!(one.biases, other.biases, "{what}");
            counts[1] += 1;
        }
        // What the cache found is what a fresh draw of the variant alone gives.
        for (index, cached) in [one, other].into_iter().enumerate() {
            assert_eq!(bits(&network(&mut DrawStudy::new(), &experiment, index)), cached, "{what}");
        }
    }
    assert!(shared.as_flattened().iter().all(|&count| count > 30), "{shared:?}");
}

#[test]
fn a_tiny_bias_and_another_law_leave_the_chapters_data_alone() {
    let toml = "
        draws = 'numpy'
        [[variant]]
        name = 'no bias'
        activation = 'sigmoid'
        [[variant]]
        name = 'bias 1e-12'
        activation = 'sigmoid'
        bias = { scheme = 'normal', std = 1e-12 }
        [[variant]]
        name = 'uniform'
        activation = 'sigmoid'
        init = { scheme = 'xavier_uniform' }";
    let experiment = experiment(toml);
    let draw = draw(&experiment);
    let losses: Vec<f64> = draw.variants.iter().map(|variant| variant.loss.to_f64()).collect();
    assert!(relative(losses[1], losses[0]) < 1e-10, "{losses:?}");
    let mut study = DrawStudy::new();
    let [plain, biased, uniform] = [0, 1, 2].map(|i| bits(&network(&mut study, &experiment, i)));
    assert_eq!((&plain.x, &plain.y), (&uniform.x, &uniform.y));
    assert_eq!((&plain.x, &plain.y, &plain.weights), (&biased.x, &biased.y, &biased.weights));
}

#[test]
fn what_is_given_keeps_its_place_in_numpys_stream() {
    let drawn = experiment("draws = 'numpy'\n[[variant]]\nbias = { scheme = 'normal', std = 0.5 }");
    let network_of = |experiment: &Experiment| network(&mut DrawStudy::new(), experiment, 0);
    let first = network_of(&drawn);
    let rows = |matrix: &ndarray::Array2<f64>| {
        matrix.rows().into_iter().map(|row| row.to_vec()).collect::<Vec<_>>()
    };
    let mut with_weights = drawn.clone();
    let weights = (0..first.depth()).map(|l| rows(&first.weight(l))).collect();
    with_weights.variants[0].weights = Some(weights);
    let again = network_of(&with_weights);
    assert_eq!((&again.input, &again.target), (&first.input, &first.target));
    assert_eq!(bits(&again).biases, bits(&first).biases);

    let mut with_data = drawn.clone();
    let examples =
        |columns: &gradient_lab::engine::ScaledColumns<f64>| rows(&columns.mantissa.t().to_owned());
    let (x, y) = (examples(&first.input), examples(&first.target));
    with_data.data = Some(gradient_lab::experiment::Data { x, y });
    assert_eq!(bits(&network_of(&with_data)), bits(&first));
}
