//! Experiments whose numbers were wrong, and others of their kind.

use gradient_lab::engine::{DrawCache, FromDraws, Network, Parameter, Pass, Real, Scaled, record};
use gradient_lab::experiment::{Experiment, Init, Scheme};
use gradient_lab::study::{DrawStudy, TaskContext, factors, snapshot};

fn experiment(toml: &str) -> Experiment {
    Experiment::from_toml(toml).unwrap_or_else(|error| panic!("{error}\n{toml}"))
}

fn passed<T: Real + FromDraws>(experiment: &Experiment, variant: usize) -> (Network<T>, Pass<T>) {
    let (variant, mut cache) = (&experiment.variants[variant], DrawCache::new());
    let network = Network::build(experiment, variant, &mut cache, &mut || true).unwrap();
    let pass = network.pass();
    (network, pass)
}

fn plain(numbers: &[Scaled]) -> Vec<f64> {
    numbers.iter().map(|number| number.to_f64()).collect()
}

fn close(number: f64, expected: f64, digits: f64) {
    assert!((number / expected - 1.0).abs() < digits, "{number} for {expected}");
}

/// The case `numbers-large-z`, in a precision.
fn large_z(precision: &str) -> Experiment {
    experiment(&format!(
        "seed = 1\n[architecture]\ninput = 2\nhidden = [2, 2]\noutput = 1\nprecision = '{precision}'
         [data]\nx = [[1e6, 1e6]]\ny = [[0.0]]
         [[variant]]\nname = 'SELU'\nactivation = 'selu'\noutput_activation = 'linear'
         weights = [[[-1e6, -1e6], [-1e6, 1.0]], [[1.0, 2.0], [0.5, -1.0]], [[1.0, 1.0]]]
         [[variant]]\nname = 'GELU'\nactivation = 'gelu'\noutput_activation = 'linear'
         weights = [[[-1e6, -1e6], [0.0000005, 0.0]], [[1.0, 2.0], [0.5, -1.0]], [[1.0, 1.0]]]"
    ))
}

fn check_large_z<T: Real + FromDraws>(precision: &str) {
    let experiment = large_z(precision);
    let (network, selu) = passed::<T>(&experiment, 0);
    let flat = -1.758_099_340_847_376_6;
    plain(&selu.layers[0].a.column(0)).iter().for_each(|&a| close(a, flat, 1e-6));
    close(selu.loss.to_f64(), 0.3407, 1e-4);
    close(selu.layers[1].delta.norm(0).to_f64(), 0.8673, 1e-2);
    assert!(record(&network, &selu)[1..].iter().all(|layer| layer.zero.is_none()));
    let (_, gelu) = passed::<T>(&experiment, 1);
    // 0.5 Φ(0.5).
    close(gelu.layers[0].a.entry(1, 0).to_f64(), 0.345_731_230_637_006_6, 1e-6);
}

#[test]
fn small_entries_keep_their_activation_beside_large_ones() {
    check_large_z::<f32>("f32");
    check_large_z::<f64>("f64");
}

/// The case `numbers-faint`: the one path to layer 1 leads over a unit whose slope is e^−1501.
fn faint() -> Experiment {
    experiment(
        "[architecture]\ninput = 1\nhidden = [1, 2]\noutput = 1\n[data]\nx = [[1]]\ny = [[0]]
         [[variant]]\nname = 'Sigmoid'\nactivation = 'sigmoid'\noutput_activation = 'linear'
         weights = [[[0]], [[0], [2]], [[1, 3]]]\nbiases = [[0], [0, 1500], [0]]",
    )
}

fn log10(number: Scaled) -> f64 {
    number.log10().expect("not zero")
}

#[test]
fn every_reader_sees_the_entry_that_underflowed() {
    let experiment = faint();
    let task = TaskContext::unattended();
    // δ of the output is 3.5, and its weight to unit 2 is 3.
    let expected = 10.5_f64.log10() - 1501.0 / std::f64::consts::LN_10;
    let near = |number: Scaled, log10_of: f64| {
        assert!((log10(number) - log10_of).abs() < 1e-9, "{number:?} for {log10_of}");
    };
    let snapshot = snapshot(&mut DrawStudy::new(), &experiment, 0, 0, &task).unwrap();
    near(snapshot.layers[2].units[1].delta.unwrap(), expected);
    near(snapshot.layers[1].units[0].returned.unwrap(), expected + 2_f64.log10());
    near(snapshot.layers[2].edges[1].gradient, expected + 0.5_f64.log10());
    let (network, pass) = passed::<f64>(&experiment, 0);
    near(network.sent_back(&pass, 1).norm(0), expected + 2_f64.log10());
    near(pass.layers[1].delta.profile()[1], expected);
    near(pass.weight_gradient(1).get(1, 0), expected + 0.5_f64.log10());
    near(pass.bias_gradient(1).get(1, 0), expected);
    let weight = Parameter::Weight { layer: 2, row: 2, column: 1 };
    near(pass.gradient(weight), expected + 0.5_f64.log10());
    let step = factors(&network, &pass, &task).unwrap().steps[0];
    let above = log10(pass.layers[1].delta.norm(0));
    near(step.weight_gain.unwrap(), expected + 2_f64.log10() - above);
    assert!((log10(step.product().unwrap()) - log10(step.ratio.unwrap())).abs() < 1e-9);
    let records = record(&network, &pass);
    near(records[0].delta, expected + 0.5_f64.log10());
    assert!(records.iter().all(|record| record.zero.is_none()));
}

/// z = 1e-50 is on, in single precision too, and sends the whole signal back.
#[test]
fn a_relu_is_on_however_small_its_preactivation() {
    for precision in ["f32", "f64"] {
        let experiment = experiment(&format!(
            "[architecture]\ninput = 1\nhidden = [2]\noutput = 1\nprecision = '{precision}'
             [data]\nx = [[1e-20]]\ny = [[1.0]]
             [[variant]]\nname = 'ReLU'\nactivation = 'relu'\noutput_activation = 'linear'
             weights = [[[1e-30], [1e-30]], [[1.0, -2.0]]]"
        ));
        let draw = DrawStudy::new().run(&experiment, &TaskContext::unattended()).unwrap();
        let layer = &draw.variants[0].layers[0];
        close(layer.delta.to_f64(), 5_f64.sqrt(), 1e-6);
        assert_eq!((layer.dead_share, layer.zero), (0.0, None));
        assert!(
            (log10(
                layer.preactivation_std.expect("finite") + layer.activation_mean.expect("finite")
            ) + 50.0)
                .abs()
                < 1e-6
        );
        assert!((log10(layer.weight_grad) - log10(layer.delta) + 20.0).abs() < 1e-6);
    }
}

/// −λα beside an entry of 1e42 and more: no `f32` mantissa holds it there, and the next layer
/// hears it alone.
#[test]
fn an_activation_lost_beside_the_largest_is_heard_where_the_largest_is_not() {
    let (hidden, last) = ("[[1e6, 0.0], [0.0, 1.0]]", "[[0.0, 1.0]]");
    let network = |units: &str, first: &str, hidden: &str, last: &str| {
        experiment(&format!(
            "[architecture]\ninput = 1\nhidden = [{units}]\noutput = 1\nprecision = 'f32'
             [data]\nx = [[1e6]]\ny = [[0.0]]
             [[variant]]\nname = 'SELU'\nactivation = 'selu'\noutput_activation = 'linear'
             weights = [{first}, {}, {last}]",
            [hidden; 7].join(", ")
        ))
    };
    let both = network("2, 2, 2, 2, 2, 2, 2, 2", "[[1e6], [-1e6]]", hidden, last);
    let alone = network("1, 1, 1, 1, 1, 1, 1, 1", "[[-1e6]]", "[[1.0]]", "[[1.0]]");
    let ((_, both), (_, alone)) = (passed::<f32>(&both, 0), passed::<f32>(&alone, 0));
    assert!(log10(both.layers[7].a.entry(0, 0)) > 54.0);
    assert!((log10(both.loss) - log10(alone.loss)).abs() < 1e-6);
    for (both, alone) in both.layers[..8].iter().zip(&alone.layers) {
        for (both, alone) in [(&both.a, &alone.a), (&both.z, &alone.z), (&both.delta, &alone.delta)]
        {
            let ratio = both.entry(1, 0).checked_div(alone.entry(0, 0)).expect("not zero");
            close(ratio.to_f64(), 1.0, 1e-6);
        }
    }
}

#[test]
fn deviations_whose_squares_underflow_are_numbers() {
    let draw =
        |toml: &str| DrawStudy::new().run(&experiment(toml), &TaskContext::unattended()).unwrap();
    // a = e^−391 and e^−393, and a weight gradient of the same size.
    let draws = draw(
        "[architecture]\ninput = 1\nhidden = [2]\noutput = 1\nbatch = 3
         [data]\nx = [[1e-170], [2e-170], [-3e-170]]\ny = [[1.0], [2.0], [3.0]]
         [[variant]]\nname = 's'\nactivation = 'sigmoid'\noutput_activation = 'linear'
         weights = [[[0.0], [0.0]], [[1.0, 2.0]]]\nbiases = [[-391.0, -393.0], [0.0]]",
    );
    let [hidden, output] = &draws.variants[0].layers[..] else { panic!("two layers") };
    let [a, b] = [-391.0, -393.0].map(Scaled::from_ln);
    let spread = (a - b) * 0.5;
    close(hidden.activation_std.expect("finite").checked_div(spread).unwrap().to_f64(), 1.0, 1e-9);
    close(hidden.activation_mean.expect("finite").checked_div(a + b).unwrap().to_f64(), 0.5, 1e-9);
    // δ of the output is −y, its mean −2: ∂W = −2 a.
    let norm = (a * a + b * b).sqrt();
    close(output.weight_grad.checked_div(norm).unwrap().to_f64(), 2.0, 1e-9);
    // δ_j = −y w_j a_j, and Σ y x = (1 + 4 − 9)e-170.
    let weights = (a * a + (b * b) * 4.0).sqrt();
    let expected = weights * (4e-170 / 3.0);
    close(hidden.weight_grad.checked_div(expected).unwrap().to_f64(), 1.0, 1e-9);
}

#[test]
fn equal_numbers_do_not_deviate() {
    let mut experiment = Experiment::default();
    experiment.architecture.batch = 7;
    experiment.variants.truncate(1);
    let variant = &mut experiment.variants[0];
    variant.init = Init { value: Some(0.3), ..Init::of(Scheme::Constant) };
    let (network, pass) = passed::<f64>(&experiment, 0);
    let records = record(&network, &pass);
    // From the second layer on saturation has made the examples nearly alike.
    for (record, trace) in records.iter().zip(&pass.layers) {
        let column = plain(&trace.a.column(0));
        assert!(column.iter().all(|a| *a == column[0]));
        let alike = (1..7).all(|example| trace.a.entry(0, example).to_f64() == column[0]);
        assert_eq!(
            record.activation_std.expect("finite").is_zero(),
            alike,
            "layer {}",
            record.layer
        );
    }
}

/// An output that has come so close to its target that the difference is lost in 1 still has an
/// error, and says so.
#[test]
fn an_output_beside_its_target_is_not_without_error() {
    for (activation, z, y, error) in [
        ("sigmoid", 50.0, 1.0, -50.0),
        ("sigmoid", 2000.0, 1.0, -2000.0),
        ("tanh", 30.0, 1.0, 2_f64.ln() - 60.0),
        ("tanh", -30.0, -1.0, 2_f64.ln() - 60.0),
    ] {
        for precision in ["f32", "f64"] {
            let experiment = experiment(&format!(
                "[architecture]\ninput = 1\nhidden = [1]\noutput = 1\nprecision = '{precision}'
                 [data]\nx = [[1.0]]\ny = [[{y}]]
                 [[variant]]\nname = 'v'\nactivation = 'relu'\noutput_activation = '{activation}'
                 weights = [[[1.0]], [[{z}]]]"
            ));
            let draw = DrawStudy::new().run(&experiment, &TaskContext::unattended()).unwrap();
            let output = &draw.variants[0].layers[1];
            // Squared, halved; δ has the slope as well: e^−|z|, or 4e^−2|z|.
            let loss = (2.0 * error - 2_f64.ln()) / std::f64::consts::LN_10;
            assert!((log10(draw.variants[0].loss) - loss).abs() < 1e-6, "{activation} {z}");
            let slope = if activation == "tanh" { error + 2_f64.ln() } else { error };
            let delta = (error + slope) / std::f64::consts::LN_10;
            assert!((log10(output.delta) - delta).abs() < 1e-6, "{activation} {z}");
            assert_eq!(output.zero, None);
        }
    }
}

/// A column whose z are all far below 0 has an a of zeros, and none of them is no number.
#[test]
fn a_dead_example_beside_an_exploding_one_is_zero() {
    let weights = ["[[1e6]]"; 60].join(", ");
    for precision in ["f32", "f64"] {
        let experiment = experiment(&format!(
            "[architecture]\ninput = 1\nhidden = [{}]\noutput = 1\nbatch = 2\nprecision = '{precision}'
             [data]\nx = [[1e6], [-1e6]]\ny = [[0.0], [0.0]]
             [[variant]]\nname = 'v'\nactivation = 'linear'\noutput_activation = 'relu'
             weights = [{weights}]",
            ["1"; 59].join(", ")
        ));
        let draw = DrawStudy::new().run(&experiment, &TaskContext::unattended()).unwrap();
        let output = &draw.variants[0].layers[59];
        let half = 366.0 - 2_f64.log10();
        assert!((log10(output.activation_mean.unwrap()) - half).abs() < 1e-3);
        assert!((log10(output.activation_std.unwrap()) - half).abs() < 1e-3);
    }
}
