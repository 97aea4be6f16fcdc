//! Depths and scales at which plain arithmetic gives up: nothing is lost, nothing invented.

mod helpers;

use gradient_lab::engine::{DrawCache, LayerRecord, Network, PlainNorm, ZeroCause};
use gradient_lab::experiment::{Activation, Experiment, Precision, Preset};
use helpers::{draw, experiment};
use ndarray::Array2;

/// A signed number as its sign and the natural logarithm of its magnitude.
type SignedLn = (f64, f64);

/// Σ of signed logarithms, beside the largest.
fn sum(terms: &[SignedLn]) -> SignedLn {
    let top = terms.iter().map(|term| term.1).fold(f64::NEG_INFINITY, f64::max);
    if top == f64::NEG_INFINITY {
        return (1.0, top);
    }
    let sum: f64 = terms.iter().map(|(sign, ln)| sign * (ln - top).exp()).sum();
    (sum.signum(), top + sum.abs().ln())
}

/// log10 of the Euclidean norm.
fn log10_norm(vector: &[SignedLn]) -> f64 {
    let squares: Vec<SignedLn> = vector.iter().map(|(_, ln)| (1.0, 2.0 * ln)).collect();
    0.5 * sum(&squares).1 / std::f64::consts::LN_10
}

/// (Wᵀδ)_j ⊙ e^{slope_j}, entry by entry in logarithms.
fn step_back(weight: &Array2<f64>, delta: &[SignedLn], ln_slopes: &[f64]) -> Vec<SignedLn> {
    let entry = |(column, ln_slope): (ndarray::ArrayView1<'_, f64>, &f64)| {
        let terms: Vec<SignedLn> = column
            .iter()
            .zip(delta)
            .map(|(w, (sign, ln))| (sign * w.signum(), ln + w.abs().ln()))
            .collect();
        let (sign, ln) = sum(&terms);
        (sign, ln + ln_slope)
    };
    weight.columns().into_iter().zip(ln_slopes).map(entry).collect()
}

fn network(experiment: &Experiment, variant: usize) -> Network<f64> {
    let variant = &experiment.variants[variant];
    Network::build(experiment, variant, &mut DrawCache::new(), &mut || true)
        .expect("nobody stops it")
}

fn plain_sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// ln σ′(z) = −|z| − 2 ln(1 + e^{−|z|}).
fn ln_sigmoid_slope(z: f64) -> f64 {
    -z.abs() - 2.0 * (-z.abs()).exp().ln_1p()
}

/// The log10 norms of a sigmoid net's δ, from the engine's weights but none of its passes.
fn sigmoid_norms(network: &Network<f64>) -> Vec<f64> {
    let weights: Vec<Array2<f64>> = (0..network.depth()).map(|l| network.weight(l)).collect();
    let mut a = network.input.mantissa.column(0).to_owned();
    let mut slopes = Vec::new();
    for weight in &weights {
        let z = weight.dot(&a);
        slopes.push(z.iter().map(|&z| ln_sigmoid_slope(z)).collect::<Vec<f64>>());
        a = z.mapv(plain_sigmoid);
    }
    let error = &a - &network.target.mantissa.column(0);
    let last = slopes.last().expect("some layer");
    let mut delta: Vec<SignedLn> =
        error.iter().zip(last).map(|(e, slope)| (e.signum(), e.abs().ln() + slope)).collect();
    let mut norms = vec![log10_norm(&delta)];
    for layer in (0..weights.len() - 1).rev() {
        delta = step_back(&weights[layer + 1], &delta, &slopes[layer]);
        norms.insert(0, log10_norm(&delta));
    }
    norms
}

#[test]
fn a_thousand_sigmoid_layers_agree_with_a_pass_in_logarithms() {
    let experiment = Preset::find("deep").expect("a preset").experiment();
    let expected = sigmoid_norms(&network(&experiment, 0));
    let draw = draw(&experiment);
    let layers = &draw.variants[0].layers;
    assert_eq!(layers.len(), 1001);
    for (layer, expected) in layers.iter().zip(expected) {
        let log10 = layer.delta.log10().expect("not zero");
        assert!((log10 - expected).abs() < 1e-9, "layer {}: {log10} {expected}", layer.layer);
    }
    let deepest = layers[0].delta.log10().expect("not zero");
    // Mean field: the ratio .2360 of THEORY.md, section 3, a thousand times; a net of 20 units
    // strays from it by a few hundredths.
    assert!((deepest / (1000.0 * 0.2360_f64.log10()) - 1.0).abs() < 0.03, "{deepest}");
}

/// THEORY.md, section 6: plain arithmetic loses the norm after about 34 layers in single
/// and 253 in double precision; the lab says where.
#[test]
fn the_lab_tells_where_plain_arithmetic_would_have_lost_the_norm() {
    for (precision, expected) in [(Precision::F32, 34), (Precision::F64, 253)] {
        let mut experiment = Preset::find("deep").expect("a preset").experiment();
        experiment.architecture.precision = precision;
        let layers = draw(&experiment).variants.remove(0).layers;
        let highest =
            layers.iter().rev().find(|layer| layer.plain == PlainNorm::Zero).expect("some is lost");
        let after = layers.len() - highest.layer;
        assert!(after.abs_diff(expected) <= expected / 10 + 1, "{precision:?} after {after}");
        assert!(layers[..highest.layer].iter().all(|layer| layer.plain == PlainNorm::Zero));
    }
}

/// Every scaled number of a record, with its name.
fn numbers(layer: &LayerRecord) -> [(&'static str, f64); 6] {
    let log10 = |number: gradient_lab::engine::Scaled| number.log10().unwrap_or(0.0);
    [
        ("δ", log10(layer.delta)),
        ("∂W", log10(layer.weight_grad)),
        ("∂b", log10(layer.bias_grad)),
        ("mean a", log10(layer.activation_mean.expect("finite"))),
        ("std a", log10(layer.activation_std.expect("finite"))),
        ("std z", log10(layer.preactivation_std.expect("finite"))),
    ]
}

fn assert_finite(experiment: &Experiment, layer: &LayerRecord) {
    for (name, log10) in numbers(layer) {
        assert!(log10.is_finite(), "{name} of layer {}\n{}", layer.layer, experiment.to_toml());
    }
    assert_eq!(layer.delta.is_zero(), layer.zero.is_some(), "{}", experiment.to_toml());
}

#[test]
fn no_preset_has_a_zero_but_the_chapters_dead_relu() {
    for preset in Preset::ALL {
        let experiment = preset.experiment();
        for (index, variant) in draw(&experiment).variants.iter().enumerate() {
            let is_dead = preset.id == "chapter-16" && index == 1;
            for layer in &variant.layers {
                assert_finite(&experiment, layer);
                assert_eq!(layer.delta.is_zero(), is_dead, "{} {}", preset.id, variant.name);
            }
            assert!(variant.loss.log10().is_some_and(f64::is_finite));
        }
    }
}

/// ReLU, standard normal weights, 400 layers of 128: ‖a‖ and ‖δ‖ gain 0.9 decades a layer.
/// The comparison divides by the largest entry at every layer and adds its logarithm up.
#[test]
fn an_exploding_net_agrees_with_a_pass_that_is_renormalized_by_hand() {
    let experiment = experiment(
        "draws = 'layered'\n[architecture]\ninput = 128\ndepth = 400\nwidth = 128\noutput = 8\n\
         [[variant]]\nactivation = 'relu'\noutput_activation = 'linear'\n\
         init = { scheme = 'normal', std = 1.0 }",
    );
    let network = network(&experiment, 0);
    let weights: Vec<Array2<f64>> = (0..401).map(|l| network.weight(l)).collect();
    let mut a = network.input.mantissa.column(0).to_owned();
    let mut log10 = 0.0;
    let mut gates = Vec::new();
    for (l, weight) in weights.iter().enumerate() {
        let z = weight.dot(&a);
        gates.push(z.mapv(|z| f64::from(u8::from(z > 0.0 || l == 400))));
        a = &z * &gates[l];
        let top = a.iter().fold(0.0, |top: f64, a| top.max(a.abs()));
        a /= top;
        log10 += top.log10();
    }
    assert!(log10 > 308.0, "{log10}");
    let mut expected = Vec::new();
    let mut delta = a; // Beside such an output the target is nothing.
    for l in (0..=400).rev() {
        if l < 400 {
            delta = weights[l + 1].t().dot(&delta) * &gates[l];
        }
        let norm = delta.dot(&delta).sqrt();
        delta /= norm;
        log10 += norm.log10();
        expected.insert(0, log10);
    }
    let draw = draw(&experiment);
    for (layer, expected) in draw.variants[0].layers.iter().zip(expected) {
        let log10 = layer.delta.log10().expect("not zero");
        assert!((log10 - expected).abs() < 1e-9, "layer {}: {log10} {expected}", layer.layer);
        assert_finite(&experiment, layer);
    }
}

fn absurd(activation: Activation, output: Activation, init: &str, rest: &str) -> Experiment {
    experiment(&format!(
        "seed = 3\ndraws = 'layered'\n[architecture]\ninput = 5\ndepth = 40\nwidth = 12\n\
         output = 3\n{rest}\n[[variant]]\nactivation = '{}'\noutput_activation = '{}'\n\
         init = {{ {init} }}\n",
        activation.id(),
        output.id(),
    ))
}

#[test]
fn absurd_gains_give_no_nan_and_single_precision_agrees_with_double() {
    let inits = ["1e-6", "1e-2", "1", "1e2", "1e6"]
        .map(|gain| format!("scheme = 'he_normal', gain = {gain}"));
    for activation in Activation::ALL {
        for output in [activation, Activation::Linear, Activation::Sigmoid] {
            for init in &inits {
                for (batch, bias) in [(1, "0"), (1, "0.3"), (3, "0"), (3, "1e-3")] {
                    let mut both = absurd(activation, output, init, &format!("batch = {batch}"));
                    both.variants[0].bias = gradient_lab::experiment::Init {
                        std: bias.parse().ok(),
                        ..gradient_lab::experiment::Init::of(
                            gradient_lab::experiment::Scheme::Normal,
                        )
                    };
                    let double = draw(&both).variants.remove(0);
                    both.architecture.precision = Precision::F32;
                    let single = draw(&both).variants.remove(0);
                    for (double, single) in double.layers.iter().zip(&single.layers) {
                        assert_finite(&both, double);
                        assert_finite(&both, single);
                        agree(&both, double, single);
                    }
                }
            }
        }
    }
}

/// Single precision's δ beside double's. A bounded unit with an absurd gain is a switch: a
/// rounding that flips one changes the whole network, and there is nothing to compare.
fn agree(experiment: &Experiment, double: &LayerRecord, single: &LayerRecord) {
    let variant = &experiment.variants[0];
    let is_chaotic = variant.init.gain() > 1.5 && !variant.activation.is_piecewise_linear()
        || variant.init.gain() > 1.5 && variant.output_activation == Some(Activation::Sigmoid);
    if is_chaotic {
        return;
    }
    match (double.delta.log10(), single.delta.log10()) {
        (Some(double_log10), Some(single_log10)) => assert!(
            (double_log10 - single_log10).abs() < 2e-4,
            "layer {}: {double_log10} {single_log10}\n{}",
            double.layer,
            experiment.to_toml()
        ),
        (double, single) => assert_eq!(double, single, "{}", experiment.to_toml()),
    }
}

/// Unit 2 of layer 2 is so far out that its slope is e^−1500 of unit 1's, and layer 1 is
/// connected to it alone: its δ is faint and not zero.
#[test]
fn a_faint_signal_passes_where_all_others_are_cut() {
    let experiment = experiment(
        "[architecture]\ninput = 1\nhidden = [1, 2]\noutput = 1\n[data]\nx = [[1]]\ny = [[0]]\n\
         [[variant]]\nactivation = 'sigmoid'\noutput_activation = 'linear'\n\
         weights = [[[0]], [[0], [2]], [[1, 3]]]\nbiases = [[0], [0, 1500], [0]]",
    );
    let variant = draw(&experiment).variants.remove(0);
    // a^(1) = ½, z_2^(2) = 1501, a^(3) = ½ + 3, δ^(3) = 3.5, δ_2^(2) = 3.5·3·e^−1501,
    // δ^(1) = 2·δ_2^(2)·¼.
    let expected = (3.5_f64 * 3.0 * 2.0 / 4.0).log10() - 1501.0 / std::f64::consts::LN_10;
    let log10 = variant.layers[0].delta.log10().expect("not zero");
    assert!((log10 - expected).abs() < 1e-10, "{log10} {expected}");
    let faint = variant.profile[1][1].expect("not zero");
    let expected = (3.5_f64 * 3.0).log10() - 1501.0 / std::f64::consts::LN_10;
    assert!((faint - expected).abs() < 1e-10, "{faint} {expected}");
}

#[test]
fn a_vanished_output_is_still_unlike_a_target_of_zero() {
    let mut toml = "[architecture]\ninput = 1\nhidden = [1, 1]\noutput = 2\n[data]\nx = [[1]]\n\
         y = [[0, Y]]\n[[variant]]\nactivation = 'linear'\n\
         weights = [[[1e-200]], [[1e-200]], [[1e-200], [1e-200]]]"
        .to_owned();
    let zeros = draw(&experiment(&toml.replace('Y', "0"))).variants.remove(0);
    let norm = zeros.layers[2].delta.log10().expect("not zero");
    assert!((norm - (-600.0 + 0.5 * 2_f64.log10())).abs() < 1e-10, "{norm}");
    assert_eq!(zeros.diagnosis.kind.word(), "vanishing");
    toml = toml.replace('Y', "1");
    let mixed = draw(&experiment(&toml)).variants.remove(0);
    let faint = mixed.profile[2][0].expect("not zero");
    assert!((faint + 600.0).abs() < 1e-10, "{faint}");
}

/// z = 10^−400 > 0 beside a unit with a bias: ReLU's slope there is 1 all the same.
#[test]
fn a_vanished_preactivation_keeps_its_side_of_the_kink() {
    let experiment = experiment(
        "[architecture]\ninput = 1\nhidden = [1, 1, 2]\noutput = 1\n[data]\nx = [[1]]\ny = [[0]]\n\
         [[variant]]\nactivation = 'relu'\n\
         weights = [[[1e-200]], [[1e-200]], [[1], [0]], [[1, 1]]]\n\
         biases = [[0], [0], [0, 1], [0]]",
    );
    let layers = draw(&experiment).variants.remove(0).layers;
    assert_eq!(layers[1].delta.log10(), Some(0.0));
    assert_eq!(layers[2].dead_share, 0.0);
}

#[test]
fn statistics_of_a_batch_look_beside_its_largest_example() {
    let experiment = experiment(
        "[architecture]\ninput = 1\nhidden = [2, 2, 2]\noutput = 1\nbatch = 2\n\
         [data]\nx = [[0], [1]]\ny = [[0], [0]]\n[[variant]]\nactivation = 'linear'\n\
         weights = [[[1e-200], [1e-200]], [[1e-200, 0], [0, 1e-200]],\
                    [[1e-200, 0], [0, 1e-200]], [[1, 1]]]",
    );
    let layers = draw(&experiment).variants.remove(0).layers;
    let spread = layers[2].activation_std.and_then(|std| std.log10()).expect("not zero");
    assert!((spread - (-600.0 - 2_f64.log10())).abs() < 1e-9, "{spread}");
}

#[test]
fn a_layer_saturated_past_every_exponent_is_not_called_dead() {
    let experiment = experiment(
        "[architecture]\ninput = 1\nhidden = [1, 1]\noutput = 1\n[data]\nx = [[1e6]]\ny = [[1]]\n\
         [[variant]]\nactivation = 'silu'\noutput_activation = 'linear'\n\
         weights = [[[1e6]], [[-1e6]], [[1e6]]]",
    );
    let variant = draw(&experiment).variants.remove(0);
    assert_eq!(variant.layers[1].zero, Some(ZeroCause::SaturatedLayer(2)));
    assert_eq!(variant.diagnosis.kind.word(), "saturated layer");
}

/// Far left GELU's slope is negative however small: the two units' signals cancel or add
/// up alike on both sides of the smallest number.
#[test]
fn a_slope_below_every_number_keeps_its_sign() {
    let delta = |z: [f64; 2]| {
        let toml = format!(
            "[architecture]\ninput = 1\nhidden = [1, 2]\noutput = 1\n[data]\nx = [[0]]\ny = [[1]]\n\
             [[variant]]\nactivation = 'gelu'\noutput_activation = 'linear'\n\
             weights = [[[1]], [[1], [1]], [[1, 1]]]\nbiases = [[0], [{}, {}], [0]]",
            z[0], z[1]
        );
        draw(&experiment(&toml)).variants.remove(0).layers[0].delta.log10().expect("not zero")
    };
    // δ^(1) = ½ Σ_j φ′(z_j); both slopes are negative, so that together they exceed each.
    for z in [[-38.4, -38.6], [-38.6, -38.7]] {
        let both = delta(z);
        let alone = delta([z[0], -60.0]);
        assert!(both > alone, "{both} {alone}");
    }
}
