//! Passes in fp16 and bf16 against values made with NumPy.
//!
//! `tests/data/float16.py` wrote `tests/data/float16.json` with `np.float16`, and with a
//! bfloat16 of its own; the draws are those of `np.random.RandomState`.

mod helpers;

use gradient_lab::engine::{DrawCache, Format, Network, Scaled, StoredDelta, StoredGradient};
use gradient_lab::experiment::Preset;
use helpers::{experiment, relative};
use serde_json::Value;

fn whole(value: &Value) -> u64 {
    value.as_u64().expect("a count")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// δ, ∂W and ∂b of every layer.
fn pass(case: &Value, format: Format) -> Vec<(StoredDelta, [StoredGradient; 2])> {
    let sizes: Vec<u64> = case["sizes"].as_array().expect("a list").iter().map(whole).collect();
    let (hidden, ends) = (&sizes[1..sizes.len() - 1], (sizes[0], sizes[sizes.len() - 1]));
    let experiment = experiment(&format!(
        "seed = {}\ndraws = 'numpy'\n\
         [architecture]\ninput = {}\nhidden = {hidden:?}\noutput = {}\nbatch = {}\n\
         [[variant]]\nactivation = '{}'\ninit = {}\n",
        case["seed"],
        ends.0,
        ends.1,
        case["batch"],
        text(&case["activation"]),
        text(&case["init"]),
    ));
    let mut proceed = || true;
    let (variant, mut cache) = (&experiment.variants[0], DrawCache::new());
    let network: Network<f64> =
        Network::build(&experiment, variant, &mut cache, &mut proceed).expect("nobody stops it");
    let mut pass = network.emulated_forward(format, &mut proceed).expect("nobody stops it");
    let power = case["power"].as_i64().expect("a whole number");
    network.emulated_backward(format, power, &mut pass, &mut proceed).expect("nobody stops it");
    let layer = |index: usize| {
        let (mut weight, mut bias) = (StoredGradient::NONE, StoredGradient::NONE);
        let stored = pass.stored_weight_gradient(format, index, &mut |_, row| {
            weight.take(row, power);
            true
        });
        stored.expect("nobody stops it");
        bias.take(&pass.stored_bias_gradient(format, index), power);
        (pass.layers[index].stored_delta(format), [weight, bias])
    };
    (0..pass.layers.len()).map(layer).collect()
}

/// NumPy sums products in another order and its exponential rounds otherwise: of some
/// thousand stored numbers a few land on the other neighbour, one part in a thousand of fp16
/// and eight of bf16 away. All other layers are the same to the last bit.
#[test]
fn every_stored_layer_agrees_with_numpy() {
    let cases: Value = serde_json::from_str(include_str!("data/float16.json")).expect("JSON");
    for case in cases.as_array().expect("a list") {
        let (format, last_place) = match text(&case["format"]) {
            "fp16" => (Format::Fp16, 1e-3),
            _ => (Format::Bf16, 8e-3),
        };
        let layers = pass(case, format);
        let mut same = 0;
        for (index, (layer, gradients)) in layers.iter().enumerate() {
            let what = format!("layer {} of {case}", index + 1);
            assert_eq!(layer.not_finite, whole(&case["not_finite"][index]), "{what}");
            let zeros = layer.zeros.abs_diff(whole(&case["zeros"][index]));
            assert!(zeros <= 1, "{zeros} {what}");
            let norm = layer.norm.map(Scaled::to_f64);
            match (norm, case["norm"][index].as_f64()) {
                (Some(norm), Some(numpy)) => {
                    assert!(relative(norm, numpy) < last_place, "{norm} {numpy} {what}");
                    same += usize::from(relative(norm, numpy) < 1e-12);
                }
                (norm, numpy) => assert_eq!(norm, numpy, "{what}"),
            }
            for (gradient, key) in gradients.iter().zip(["weight_norm", "bias_norm"]) {
                let norm = gradient.norm.map(Scaled::to_f64);
                match (norm, case[key][index].as_f64()) {
                    (Some(norm), Some(numpy)) => {
                        // Examples and units that cancel leave the last places of what is summed.
                        let error = relative(norm, numpy);
                        assert!(error < 2.0 * last_place, "{key} {norm} {numpy} {what}");
                    }
                    (norm, numpy) => assert_eq!(norm, numpy, "{key} {what}"),
                }
            }
            let zeros = gradients[0].zeros.abs_diff(whole(&case["weight_zeros"][index]));
            assert!(zeros * 100 <= gradients[0].total, "{zeros} of ∂W {what}");
            match case["plain_norm"][index].as_f64() {
                Some(numpy) => {
                    let off = (layer.plain_norm - numpy).abs();
                    let least = format.smallest_subnormal().sqrt();
                    assert!(off <= 4.0 * last_place * numpy + least, "{layer:?} {numpy} {what}");
                }
                None => assert!(!layer.plain_norm.is_finite(), "{what}"),
            }
        }
        let finite = layers.iter().filter(|(layer, _)| layer.norm.is_some()).count();
        assert!(same + 1 >= finite, "{same} of {finite} layers of {case}");
    }
}

/// Norms have no sign: an error the wrong way round would pass every test above.
#[test]
fn stored_deltas_have_the_signs_of_the_exact_ones() {
    let experiment = Preset::find("worked-example").expect("a preset").experiment();
    let (mut cache, mut proceed) = (DrawCache::new(), || true);
    let network: Network<f64> =
        Network::build(&experiment, &experiment.variants[0], &mut cache, &mut proceed)
            .expect("nobody stops it");
    let exact = network.pass();
    let mut emulated = network.emulated_forward(Format::Bf16, &mut proceed).expect("a pass");
    network.emulated_backward(Format::Bf16, 0, &mut emulated, &mut proceed).expect("a pass");
    for (exact, emulated) in exact.layers.iter().zip(&emulated.layers) {
        let signs = |column: Vec<Scaled>| column.iter().map(|n| n.mantissa().signum()).collect();
        let exact: Vec<f64> = signs(exact.delta.column(0).into_iter().collect());
        let emulated: Vec<f64> = signs(emulated.delta.column(0).into_iter().collect());
        assert!(!exact.is_empty());
        assert_eq!(emulated, exact);
    }
}
