//! Activations against PyTorch, and what the theory makes of them against a plain integral.
//!
//! `tests/data/activations.py` wrote `tests/data/activations.json`.

use gradient_lab::engine::{DrawCache, Network};
use gradient_lab::experiment::{Activation, Elu, Experiment, LeakyRelu, Sine, Variant};
use gradient_lab::study::{BiasLaw, MeanField};
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    let numbers = value.as_array().expect("a list").iter();
    numbers.map(|number| number.as_f64().expect("a number")).collect()
}

#[test]
fn values_and_derivatives_are_pytorchs() {
    let data: Value = serde_json::from_str(include_str!("data/activations.json")).expect("JSON");
    let points = numbers(&data["z"]);
    let mut kinds = Vec::new();
    for row in data["rows"].as_array().expect("rows") {
        let kind = Activation::ALL.into_iter().find(|a| row["kind"] == a.id()).expect("a name");
        kinds.push(kind.id());
        let activation = row["parameter"].as_f64().map_or(kind, |own| kind.with_parameter(own));
        let (values, slopes) = (numbers(&row["value"]), numbers(&row["derivative"]));
        for ((&z, value), slope) in points.iter().zip(values).zip(slopes) {
            for (ours, theirs) in [(activation.value(z), value), (activation.derivative(z), slope)]
            {
                // Theirs cancel beside 1 where a sigmoid or Φ nears it.
                let allowed = 1e-15 + 4e-15 * theirs.abs() * (1.0 + z.abs());
                // At a kink one slope is as good as the other: ours is the left one.
                let at_kink = z == 0.0 && activation.has_kink();
                let is_near = (ours - theirs).abs() <= allowed;
                assert!(is_near || at_kink, "{activation:?} at {z}: {ours} {theirs}");
            }
        }
    }
    assert!(Activation::ALL.iter().all(|activation| kinds.contains(&activation.id())));
}

/// The kink is where the slopes on either side of 0 differ, and nowhere else: an ELU has one unless
/// α = 1, a leaky ReLU unless its slope is 1.
#[test]
fn a_kink_is_a_jump_of_the_derivative() {
    let more = [0.3, 1.0, 2.0].map(|alpha| Activation::Elu(Elu { alpha }));
    let leaky = [0.2, 1.0].map(|slope| Activation::LeakyRelu(LeakyRelu { slope }));
    let mut kinks = Vec::new();
    for activation in Activation::ALL.into_iter().chain(more).chain(leaky) {
        let jump = activation.derivative(1e-12) - activation.derivative(-1e-12);
        assert_eq!(activation.has_kink(), jump.abs() > 1e-6, "{activation:?}: {jump}");
        if activation.has_kink() {
            kinks.push(activation.describe());
        }
    }
    let expected = [
        "ReLU",
        "Leaky ReLU",
        "SELU",
        "ELU (alpha 0.3)",
        "ELU (alpha 2)",
        "Leaky ReLU (slope 0.2)",
    ];
    assert_eq!(kinks, expected);
}

/// ∫ f(√q g) by the trapezoidal rule, which shares nothing with the lab's panels.
fn plain(q: f64, f: impl Fn(f64) -> f64) -> f64 {
    let steps = 1_000_000;
    let width = 24.0 / f64::from(steps);
    let term = |i: i32| {
        let g = -12.0 + width * (f64::from(i) + 0.5);
        f(q.sqrt() * g) * (-0.5 * g * g).exp()
    };
    (0..steps).map(term).sum::<f64>() * width / (2.0 * std::f64::consts::PI).sqrt()
}

#[test]
fn chi_is_a_plain_integral() {
    let more = [
        Activation::LeakyRelu(LeakyRelu { slope: 0.2 }),
        Activation::Elu(Elu { alpha: 2.5 }),
        Activation::Sine(Sine { omega: 30.0 }),
    ];
    for activation in Activation::ALL.into_iter().chain(more) {
        let field = MeanField::new(activation, 1.3, BiasLaw::default());
        for q in [0.05, 1.0, 40.0] {
            let chi = 1.3 * plain(q, |z| activation.derivative(z).powi(2));
            let next = 1.3 * plain(q, |z| activation.value(z).powi(2));
            // The trapezoidal rule loses a step's share of a jump of φ′, and of a jump of φ″ its
            // square.
            let allowed = match activation {
                Activation::Elu(Elu { alpha: 1.0 }) => 1e-9,
                _ if activation.has_kink() => 2e-5,
                _ => 1e-11,
            };
            for (ours, plain) in [(field.chi_at(q), chi), (field.next_q(q), next)] {
                let error = (ours / plain - 1.0).abs();
                assert!(error < allowed, "{activation:?} q {q}: {ours} {plain}");
            }
        }
    }
}

/// E cos²(ωz) = (1 + e^(−2ω²q) cos 2ωm)/2, times sinc(2ωu) for a uniform part.
#[test]
fn a_sine_is_averaged_over_any_number_of_periods() {
    use gradient_lab::engine::quadrature::Law;
    for omega in [1.0, 30.0] {
        let sine = Activation::Sine(Sine { omega });
        for (mean, std, uniform) in [
            (0.0, 0.3, 0.0),
            (0.7, 5.0, 0.0),
            (0.2, 1e3, 0.0),
            (0.0, 1e60, 0.0),
            (0.1, 0.01, 40.0),
            (0.1, 0.0, 1e4),
            (0.4, 0.02, 1.0),
        ] {
            let law = Law { mean, std, uniform };
            let [square] = law.expectation_of(sine, |z| [sine.derivative(z).powi(2)]);
            let x = 2.0 * omega * uniform;
            let sinc = if x == 0.0 { 1.0 } else { x.sin() / x };
            let wave = (-2.0 * (omega * std).powi(2)).exp() * (2.0 * omega * mean).cos() * sinc;
            let exact = omega * omega * 0.5 * (1.0 + wave);
            assert!((square / exact - 1.0).abs() < 1e-10, "{omega} {law:?}: {square} {exact}");
        }
    }
}

/// δ^(1) = W₂ (a₂ − y) φ′(z₁) by hand, for z₁ up to a million.
#[test]
fn delta_is_right_far_out() {
    let kinds = [
        Activation::Elu(Elu { alpha: 2.5 }),
        Activation::Softplus,
        Activation::Sine(Sine { omega: 30.0 }),
        Activation::LeakyRelu(LeakyRelu { slope: 0.2 }),
    ];
    for activation in kinds {
        for z in [-1e6, -1e3, -3.0, 0.4, 7.0, 1e3, 1e6] {
            let text = format!(
                "[architecture]\ninput = 1\nhidden = [1]\noutput = 1\n[data]\nx = [[1.0]]\ny = [[0.25]]\n\
                 [[variant]]\noutput_activation = 'linear'\nweights = [[[{z:?}]], [[0.5]]]"
            );
            let mut experiment = Experiment::from_toml(&text).expect("valid");
            experiment.variants[0].activation = activation;
            let variant: &Variant = &experiment.variants[0];
            let network: Network<f64> =
                Network::build(&experiment, variant, &mut DrawCache::new(), &mut || true)
                    .expect("nobody stops it");
            let pass = network.pass();
            let error = 0.5 * activation.value(z) - 0.25;
            let expected = (0.5 * error).abs().ln() + activation.ln_derivative(z);
            let found = pass.layers[0].delta.norm(0).log10().expect("not zero");
            let found = found * std::f64::consts::LN_10;
            let is_near = (found - expected).abs() < 1e-12 * (10.0 + expected.abs());
            assert!(is_near, "{activation:?} at {z}: {found} {expected}");
        }
    }
}

/// Refusals say what to do, and what a file says is what it means.
#[test]
fn a_parameter_stands_in_a_table() {
    let read = |activation: &str| {
        Experiment::from_toml(&format!("[[variant]]\nactivation = {activation}\n"))
    };
    let sine = read("{ kind = 'sine', omega = 30 }").expect("valid");
    assert_eq!(sine.variants[0].activation, Activation::Sine(Sine { omega: 30.0 }));
    assert_eq!(Experiment::from_toml(&sine.to_toml()), Ok(sine));
    let plain = read("{ kind = 'elu' }").expect("valid");
    assert!(plain.to_toml().contains("activation = \"elu\""), "{}", plain.to_toml());
    for (activation, words) in [
        (
            "{ kind = 'elu', alpha = -1 }",
            "variant 1, activation.alpha = -1 is not accepted: it takes a number from 1e-6 to 1000 with kind = \"elu\", 1 if absent.",
        ),
        (
            "{ kind = 'elu', alpha = 'x' }",
            "variant 1, activation.alpha = \"x\" is not accepted: it takes a number from 1e-6 to 1000 with kind = \"elu\", 1 if absent.",
        ),
        (
            "{ kind = 'elu', slope = 0.1 }",
            "variant 1, activation.slope is not a key of an experiment: accepted here are kind, alpha.",
        ),
        (
            "{ slope = 0.1 }",
            "variant 1, activation = { slope = 0.1 } is not accepted: it takes one of linear, sigmoid, tanh, relu, leaky_relu, selu, gelu, silu, elu, softplus, sine, or a table such as { kind = \"elu\", alpha = 0.5 }.",
        ),
        (
            "{ relu = {} }",
            "variant 1, activation = { relu = {} } is not accepted: it takes one of linear, sigmoid, tanh, relu, leaky_relu, selu, gelu, silu, elu, softplus, sine, or a table such as { kind = \"elu\", alpha = 0.5 }.",
        ),
        (
            "['relu']",
            "variant 1, activation = [\"relu\"] is not accepted: it takes one of linear, sigmoid, tanh, relu, leaky_relu, selu, gelu, silu, elu, softplus, sine, or a table such as { kind = \"elu\", alpha = 0.5 }.",
        ),
        (
            "{ kind = 'elu', alpha = 0.5, slope = 0.1 }",
            "variant 1, activation.slope is not a key of an experiment: accepted here are kind, alpha.",
        ),
        (
            "{ kind = 'relu', slope = 0.1 }",
            "variant 1, activation.slope is not a key of an experiment: accepted here are kind.",
        ),
        (
            "'mish'",
            "variant 1, activation = \"mish\" is not accepted: it takes one of linear, sigmoid, tanh, relu, leaky_relu, selu, gelu, silu, elu, softplus, sine, or a table such as { kind = \"elu\", alpha = 0.5 }.",
        ),
    ] {
        assert_eq!(read(activation).expect_err("refused").to_string(), words);
    }
}
