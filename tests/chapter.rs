//! The chapter's printed numbers, through the library and through the binary.

mod helpers;

use gradient_lab::engine::{DrawCache, Network, Pass, Signal};
use gradient_lab::experiment::{Experiment, Preset};
use gradient_lab::figure::words::flow;
use helpers::{draw, experiment, lab};

/// ‖δ^(1)‖ … ‖δ^(6)‖ of the sigmoid net, section 16.6.
const SIGMOID_NORMS: [&str; 6] =
    ["7.002996e-5", "3.228558e-4", "1.354784e-3", "6.242221e-3", "3.025070e-2", "8.634400e-2"];
/// ‖δ^(1)‖ / ‖δ^(6)‖.
const SIGMOID_RATIO: &str = "8.110576e-4";

fn printed(number: f64) -> String {
    format!("{number:.6e}")
}

#[test]
fn the_gradient_flow_figure_through_the_library() {
    let preset = Preset::find("chapter-16").expect("the chapter's preset");
    assert_eq!(preset.experiment(), Experiment::default());
    let draw = draw(&preset.experiment());
    let [sigmoid, relu] = &draw.variants[..] else { panic!("two variants") };
    let norms: Vec<String> = sigmoid.layers.iter().map(|l| printed(l.delta.to_f64())).collect();
    assert_eq!(norms, SIGMOID_NORMS);
    let ratio = sigmoid.diagnosis.log10_ratio.expect("a ratio");
    assert_eq!(printed(10_f64.powf(ratio)), SIGMOID_RATIO);
    assert!(relu.layers.iter().all(|layer| layer.delta.is_zero()));
    assert_eq!((relu.diagnosis.kind.word(), relu.diagnosis.log10_ratio), ("dead output", None));
    let sentence = flow::sentence(&relu.diagnosis);
    assert!(sentence.contains("pre-activation is −0.06829 ≤ 0"), "{sentence}");
}

#[test]
fn the_gradient_flow_figure_through_the_binary() {
    let output = lab(&["run", "chapter-16"]);
    assert!(output.status.success() && output.stderr.is_empty());
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let [sigmoid, relu] = &json["variants"].as_array().expect("a list")[..] else {
        panic!("two variants")
    };
    for (layer, norm) in sigmoid["layers"].as_array().expect("a list").iter().zip(SIGMOID_NORMS) {
        let delta = layer["delta_norm"].as_f64().expect("a number");
        assert_eq!(printed(delta), norm);
        assert!((layer["delta_log10"].as_f64().expect("a number") - delta.log10()).abs() < 1e-14);
    }
    let ratio = sigmoid["log10_ratio_first_last"].as_f64().expect("a number");
    assert_eq!(printed(10_f64.powf(ratio)), SIGMOID_RATIO);
    assert_eq!((&sigmoid["name"], &sigmoid["verdict"]), (&"Sigmoid".into(), &"vanishing".into()));
    assert_eq!(relu["verdict"], "dead output");
    assert!(relu["log10_ratio_first_last"].is_null());
    assert!(relu["sentence"].as_str().expect("a text").contains("−0.06829"));
    for layer in relu["layers"].as_array().expect("a list") {
        assert_eq!(layer["delta_norm"].as_f64(), Some(0.0));
        assert!(layer["delta_log10"].is_null());
        assert_eq!(layer["zero_cause"], "dead output");
    }
}

#[test]
fn the_gradient_flow_figure_as_csv() {
    let output = lab(&["run", "chapter-16", "--format", "csv"]);
    let mut reader = csv::Reader::from_reader(&output.stdout[..]);
    let headers = reader.headers().expect("a header").clone();
    let column = |name| headers.iter().position(|header| header == name).expect(name);
    let (variant, norm) = (column("variant"), column("delta_norm"));
    let (log10, zero) = (column("delta_log10"), column("zero_cause"));
    let rows: Vec<csv::StringRecord> = reader.records().map(|r| r.expect("a row")).collect();
    assert_eq!(rows.len(), 12);
    for (row, expected) in rows.iter().zip(SIGMOID_NORMS) {
        assert_eq!(&row[variant], "Sigmoid");
        assert_eq!(printed(row[norm].parse().expect("a number")), expected);
    }
    for row in &rows[6..] {
        assert_eq!([&row[variant], &row[log10], &row[zero]], ["ReLU", "", "dead output"]);
    }
}

/// The network of the worked example, section 16.5.
const WORKED_EXAMPLE: &str = "
    [architecture]
    input = 2
    hidden = [3]
    output = 1
    [data]
    x = [[0.05, 0.10]]
    y = [[0.01]]
    [[variant]]
    activation = 'sigmoid'
    weights = [[[0.15, 0.20], [0.25, 0.30], [0.35, 0.40]], [[0.40, 0.45, 0.50]]]
    biases = [[0.35, 0.35, 0.35], [0.60]]
";

fn worked_example() -> (Network<f64>, Pass<f64>) {
    let experiment = experiment(WORKED_EXAMPLE);
    let variant = &experiment.variants[0];
    let network = Network::build(&experiment, variant, &mut DrawCache::new(), &mut || true)
        .expect("nobody stops it");
    let pass = network.pass();
    (network, pass)
}

fn assert_printed(numbers: impl IntoIterator<Item = f64>, decimals: usize, expected: &[&str]) {
    let numbers: Vec<String> = numbers.into_iter().map(|n| format!("{n:.decimals$}")).collect();
    assert_eq!(numbers, expected);
}

fn column(signal: &Signal<f64>) -> Vec<f64> {
    (0..signal.units()).map(|unit| signal.entry(unit, 0).to_f64()).collect()
}

#[test]
fn the_worked_example_forward() {
    let (_, pass) = worked_example();
    let [hidden, output] = &pass.layers[..] else { panic!("two layers") };
    assert_printed(column(&hidden.z), 6, &["0.377500", "0.392500", "0.407500"]);
    assert_printed(column(&hidden.a), 6, &["0.593270", "0.596884", "0.600488"]);
    assert_printed(column(&output.z), 6, &["1.406150"]);
    assert_printed(column(&output.a), 6, &["0.803158"]);
    assert_printed([pass.loss.to_f64()], 6, &["0.314550"]);
    assert_printed(output.slope.iter().copied(), 6, &["0.158095"]);
    assert_printed(hidden.slope.iter().copied(), 6, &["0.241301", "0.240613", "0.239902"]);
}

#[test]
fn the_worked_example_backward() {
    let (network, pass) = worked_example();
    let [hidden, output] = &pass.layers[..] else { panic!("two layers") };
    let delta = column(&output.delta)[0];
    assert_printed([delta], 6, &["0.125394"]);
    let pulled_back = network.weight(1).iter().map(|w| w * delta).collect::<Vec<_>>();
    assert_printed(pulled_back, 6, &["0.050158", "0.056428", "0.062697"]);
    assert_printed(column(&hidden.delta), 6, &["0.012103", "0.013577", "0.015041"]);
    let second = pass.weight_gradient(1).to_f64();
    assert_printed(second.iter().copied(), 6, &["0.074393", "0.074846", "0.075298"]);
    let first = pass.weight_gradient(0).to_f64();
    let expected =
        ["0.00060516", "0.00121031", "0.00067886", "0.00135772", "0.00075206", "0.00150412"];
    assert_printed(first.iter().copied(), 8, &expected);
    assert_printed(pass.bias_gradient(1).to_f64().iter().copied(), 6, &["0.125394"]);
}

#[test]
fn the_worked_example_after_one_step() {
    let (network, pass) = worked_example();
    let mut stepped = experiment(WORKED_EXAMPLE);
    let rate = stepped.step_rate();
    let weights: Vec<_> =
        (0..2).map(|l| network.weight(l) - &(pass.weight_gradient(l).to_f64() * rate)).collect();
    let expected = ["0.36280361", "0.41257699", "0.46235104"];
    assert_printed(weights[1].iter().copied(), 8, &expected);
    let expected =
        ["0.14969742", "0.19939484", "0.24966057", "0.29932114", "0.34962397", "0.39924794"];
    assert_printed(weights[0].iter().copied(), 8, &expected);
    let biases = stepped.variants[0].biases.as_mut().expect("given");
    for (l, biases) in biases.iter_mut().enumerate() {
        let gradient = pass.bias_gradient(l).to_f64();
        biases.iter_mut().zip(&gradient).for_each(|(bias, gradient)| *bias -= rate * gradient);
    }
    let rows = |w: &ndarray::Array2<f64>| w.rows().into_iter().map(|row| row.to_vec()).collect();
    stepped.variants[0].weights = Some(weights.iter().map(rows).collect());
    let variant = &stepped.variants[0];
    let after = Network::<f64>::build(&stepped, variant, &mut DrawCache::new(), &mut || true)
        .expect("nobody stops it")
        .pass();
    assert_printed(column(&after.layers[1].a), 6, &["0.781491"]);
    assert_printed([after.loss.to_f64()], 6, &["0.297599"]);
}
