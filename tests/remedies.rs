//! Normalization, skips and tied weights: what they compute, and their gradients.

use std::collections::BTreeMap;

use gradient_lab::engine::{Network, Parameter, Pass};
use gradient_lab::experiment::{Activation, Experiment};
use gradient_lab::study::{CheckSettings, DrawStudy, Outcome, TaskContext, check_against};

fn experiment(text: &str) -> Experiment {
    Experiment::from_toml(text).unwrap_or_else(|refusal| panic!("{refusal}\n{text}"))
}

fn network(experiment: &Experiment) -> Network<f64> {
    let task = TaskContext::unattended();
    DrawStudy::new().network(experiment, &experiment.variants[0], &task).expect("nobody stops it")
}

/// Whether a pre-activation has a kink within reach of a step.
fn is_near_a_kink(network: &Network<f64>, pass: &Pass<f64>, reach: f64) -> bool {
    let layers = network.activations().zip(&pass.layers);
    layers.filter(|(activation, _)| activation.has_kink()).any(|(_, trace)| {
        let examples = 0..pass.input.batch();
        let mut columns = examples.flat_map(|example| trace.activated().column(example));
        columns.any(|z| z.to_f64().abs() < reach)
    })
}

/// The largest error of any gradient beside centred differences of two steps, extrapolated,
/// relative to the largest gradient of its kind.
fn worst_error(experiment: &Experiment) -> Option<f64> {
    const STEP: f64 = 1e-4;
    let mut network = network(experiment).with_plain_parameters();
    let pass = network.pass();
    if is_near_a_kink(&network, &pass, 20.0 * STEP) {
        return None;
    }
    let mut errors: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    let mut compare = |kind, analytic: f64, numeric: f64| {
        let (error, largest) = errors.entry(kind).or_default();
        *error = error.max((analytic - numeric).abs());
        *largest = largest.max(analytic.abs());
    };
    let extrapolated = |difference: &mut dyn FnMut(f64) -> f64| {
        let (coarse, fine) = (difference(STEP), difference(STEP / 2.0));
        (4.0 * fine - coarse) / 3.0
    };
    for index in 0..network.parameter_count() {
        let parameter = network.parameter(index).expect("below the count");
        let value = network.value(parameter);
        let numeric = extrapolated(&mut |step| {
            let [above, below] = [step, -step].map(|step| {
                network.set(parameter, value + step);
                network.loss_of(&network.forward()).to_f64()
            });
            (above - below) / (2.0 * step)
        });
        network.set(parameter, value);
        let kind = match parameter {
            Parameter::Weight { .. } => "W",
            Parameter::Bias { .. } => "b",
            Parameter::Gamma { .. } => "γ",
            Parameter::Beta { .. } => "β",
        };
        compare(kind, pass.gradient(parameter).to_f64(), numeric);
    }
    let sent = network.sent_back(&pass, 0);
    let batch = pass.input.batch();
    for example in 0..batch {
        for unit in 0..network.input.units() {
            let value = network.input.mantissa[[unit, example]];
            let numeric = extrapolated(&mut |step| {
                let [above, below] = [step, -step].map(|step| {
                    network.input.mantissa[[unit, example]] = value + step;
                    network.loss_of(&network.forward()).to_f64()
                });
                (above - below) / (2.0 * step)
            });
            network.input.mantissa[[unit, example]] = value;
            compare("x", sent.entry(unit, example).to_f64() / batch as f64, numeric);
        }
    }
    // A bias in front of batch normalization has a gradient of exactly 0.
    let largest = errors.values().fold(0.0_f64, |top, (_, largest)| top.max(*largest));
    let relative =
        |(error, own): &(f64, f64)| error / if *own > 1e-9 * largest { *own } else { largest };
    Some(errors.values().map(relative).fold(0.0, f64::max))
}

const REMEDIES: [&str; 11] = [
    "normalization = 'batch'",
    "normalization = 'layer'",
    "normalization = 'rms'",
    "skip = 'post'",
    "skip = 'pre'\nskip_scale = 0.7",
    "normalization = 'batch'\nskip = 'post'",
    "normalization = 'layer'\nskip = 'pre'\nskip_scale = 'inverse_sqrt_depth'",
    "normalization = 'rms'\nskip = 'post_norm'",
    "normalization = 'batch'\nskip = 'pre'",
    "normalization = 'layer'\nskip = 'post_norm'\ntied = true",
    "normalization = 'batch'\nskip = 'post_norm'",
];

/// Every activation behind every remedy, in batches of 3 and of 32.
#[test]
fn gradients_are_those_of_finite_differences() {
    let (mut compared, mut skipped) = (0, 0);
    for batch in [3, 32] {
        for activation in Activation::ALL {
            for remedy in REMEDIES {
                let close = (0..20).find_map(|seed| {
                    worst_error(&experiment(&format!(
                        "seed = {seed}\ndraws = 'layered'\n[architecture]\ninput = 3\nwidth = 5\ndepth = 3\noutput = 2\nbatch = {batch}\n\
                         [[variant]]\nactivation = '{}'\noutput_activation = 'tanh'\ninit = {{ scheme = 'he_normal' }}\n\
                         bias = {{ scheme = 'normal', std = 0.3 }}\n{remedy}",
                        activation.id()
                    )))
                });
                match close {
                    Some(error) => {
                        compared += 1;
                        assert!(
                            error < 1e-6,
                            "{} {remedy} batch {batch}: {error:e}",
                            activation.id()
                        );
                    }
                    None => skipped += 1,
                }
            }
        }
    }
    assert!(compared > 9 * skipped, "{compared} compared, {skipped} skipped");
}

/// Equal numbers have no direction to be normalized along: all of g but its mean goes through.
#[test]
fn equal_numbers_send_back_what_differences_say() {
    for (norm, data) in [
        ("batch", "x = [[0.3, -0.2], [0.3, -0.2]]\ny = [[0.1], [0.7]]"),
        ("layer", "x = [[0.3, -0.2]]\ny = [[0.1]]"),
    ] {
        let batch = data.matches("], [").count() / 2 + 1;
        let experiment = experiment(&format!(
            "[architecture]\ninput = 2\nhidden = [2]\noutput = 1\nbatch = {batch}\n[data]\n{data}\n\
             [[variant]]\nactivation = 'tanh'\nnormalization = {{ kind = '{norm}', epsilon = 0.01 }}\n\
             weights = [[[0.5, 0.5], [0.5, 0.5]], [[0.4, -0.9]]]"
        ));
        let error = worst_error(&experiment).expect("tanh has no kink");
        assert!(error < 1e-6, "{norm}: {error:e}");
    }
}

/// Far past what plain numbers hold, and where only two numbers share statistics, beside a
/// computation in 80 digits (tests/data/remedies/deep.py).
#[test]
fn deep_normalized_networks_have_the_norms_of_80_digits() {
    let cases: serde_json::Value =
        serde_json::from_str(include_str!("data/remedies/deep.json")).expect("JSON");
    for case in cases.as_array().expect("cases") {
        let number = |key: &str| case[key].as_f64().expect("a number");
        let kind = case["kind"].as_str().expect("a name");
        let experiment = experiment(&format!(
            "seed = {}\n[architecture]\ninput = 3\nwidth = {}\ndepth = {}\noutput = 1\nbatch = {}\n\
             [[variant]]\nactivation = 'sigmoid'\nnormalization = {{ kind = '{kind}', epsilon = {:?} }}",
            number("seed"),
            number("width"),
            number("depth"),
            number("batch"),
            number("epsilon"),
        ));
        let pass = network(&experiment).pass();
        let expected = case["log10"].as_array().expect("norms");
        assert_eq!(expected.len(), pass.layers.len());
        let mut worst = 0.0_f64;
        for (trace, expected) in pass.layers.iter().zip(expected) {
            let log10 = trace.delta.rms_norm().log10().expect("not zero");
            worst = worst.max((log10 - expected.as_f64().expect("a number")).abs());
        }
        assert!(worst < 1e-9, "{kind}, {} layers: {worst:e}", number("depth"));
    }
}

/// Every gradient of an op, by its name: `W2`, `gamma1`, `x`; of tied weights the sum.
fn gradients(network: &Network<f64>, pass: &Pass<f64>, tied: bool) -> BTreeMap<String, Vec<f64>> {
    let mut found: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let hidden = 2..network.depth();
    for index in 0..network.parameter_count() {
        let parameter = network.parameter(index).expect("below the count");
        let kind = match parameter {
            Parameter::Weight { .. } => "W",
            Parameter::Bias { .. } => "b",
            Parameter::Gamma { .. } => "gamma",
            Parameter::Beta { .. } => "beta",
        };
        let is_shared = tied && kind.len() == 1 && hidden.contains(&parameter.layer());
        let layer = if is_shared { 2 } else { parameter.layer() };
        let name = format!("{kind}{layer}");
        let gradient = pass.gradient(parameter).to_f64();
        if !is_shared || parameter.layer() == 2 {
            found.entry(name).or_default().push(gradient);
        } else {
            let place = match parameter {
                Parameter::Weight { row, column, .. } => {
                    (row - 1) * network.dense(1).inputs() + column - 1
                }
                _ => parameter.row() - 1,
            };
            found.get_mut(&name).expect("layer 2 came before")[place] += gradient;
        }
    }
    let sent = network.sent_back(pass, 0);
    let batch = pass.input.batch();
    let x = (0..sent.units()).flat_map(|unit| (0..batch).map(move |b| (unit, b)));
    let x = x.map(|(unit, b)| sent.entry(unit, b).to_f64() / batch as f64).collect();
    found.insert("x".to_owned(), x);
    found
}

/// Beside PyTorch's autograd (tests/data/remedies/autograd.py), relative to the largest entry of each
/// op's gradient.
#[test]
fn gradients_are_those_of_autograd() {
    let cases: serde_json::Value =
        serde_json::from_str(include_str!("data/remedies/autograd.json")).expect("JSON");
    for (number, case) in cases.as_array().expect("cases").iter().enumerate() {
        let text = case["experiment"].as_str().expect("a text");
        let network = network(&experiment(text));
        let pass = network.pass();
        let found = gradients(&network, &pass, case["tied"].as_bool().expect("yes or no"));
        let expected = case["gradients"].as_object().expect("gradients");
        let loss = expected["loss"].as_f64().expect("a number");
        assert!((pass.loss.to_f64() - loss).abs() < 1e-12 * loss.abs(), "{number}: loss");
        assert_eq!(expected.len(), found.len() + 1, "{number}: {text}");
        let largest = |of: &[f64]| of.iter().fold(0.0_f64, |top, g| top.max(g.abs()));
        let all = found.values().map(|own| largest(own)).fold(0.0, f64::max);
        for (name, own) in &found {
            let numbers = expected[name].as_array().expect("numbers").iter();
            let numbers: Vec<f64> = numbers.map(|g| g.as_f64().expect("a number")).collect();
            assert_eq!(numbers.len(), own.len(), "{number}: {name}");
            let error = own.iter().zip(&numbers).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            // A bias that a normalization takes off again has only rounding on the other side.
            let size = if largest(own) > 1e-13 * all { largest(own) } else { all };
            assert!(error <= 1e-10 * size, "{number}, {name}: {error:e} of {size:e}\n{text}");
        }
    }
}

/// The lab's own check, whose differences are carried through normalizations and skips, finds the
/// gradients right, and one that is off by a hundredth wrong.
#[test]
fn the_check_goes_through_normalizations_and_skips() {
    let (mut agree, mut caught, mut total) = (0, 0, 0);
    for activation in ["sigmoid", "tanh", "gelu", "relu"] {
        for remedy in REMEDIES {
            let experiment = experiment(&format!(
                "seed = 5\ndraws = 'layered'\n[architecture]\ninput = 3\nwidth = 4\ndepth = 6\noutput = 2\nbatch = 3\n\
                 [[variant]]\nactivation = '{activation}'\noutput_activation = 'tanh'\n\
                 bias = {{ scheme = 'normal', std = 0.3 }}\n{remedy}"
            ));
            let (network, task) = (network(&experiment), TaskContext::unattended());
            let pass = network.pass();
            let settings = CheckSettings { steps: vec![1e-5], ..CheckSettings::default() };
            for off in [1.0, 1.01] {
                let claimed = |parameter| pass.gradient(parameter) * off;
                let check = check_against(&network, &claimed, &settings, &task).expect("it runs");
                for of in &check.details {
                    match (off == 1.0, of.outcome) {
                        (true, Outcome::Differs) => {
                            panic!("{activation} {remedy}: {of:?}")
                        }
                        (true, Outcome::Agrees | Outcome::Zero) => agree += 1,
                        (false, Outcome::Differs | Outcome::Zero) => caught += 1,
                        _ => {}
                    }
                }
                total += check.details.len();
            }
        }
    }
    assert!(20 * agree > 9 * total && 20 * caught > 9 * total, "{agree}, {caught} of {total}");
}
