//! Other seeds, sizes, activations, schemes and batches against values made with NumPy.
//!
//! `tests/data/numpy.py` wrote `tests/data/numpy.json` with `np.random.RandomState`, drawing
//! W1, b1, …, WL, bL, x, y in that order (a zero or constant array takes nothing).

mod helpers;

use gradient_lab::engine::Scaled;
use helpers::{draw, experiment, relative};
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
