//! Experiments of which the lab once said something false: what is true of each, and of its kind.

use std::collections::BTreeSet;

use gradient_lab::experiment::{Activation, Experiment, Init, Scheme, Variant};
use gradient_lab::figure::{Figure, words};
use gradient_lab::study::{
    BiasLaw, Engine, FixedPoint, Footing, MeanField, NoSpread, Phase, Sampler, TaskContext, Theory,
    TheoryFinding, TheoryStudy, critical_weight_variance,
};

use crate::helpers;

fn experiment(architecture: &str, variant: &str) -> Experiment {
    let text = format!(
        "seed = 1\ndraws = \"layered\"\n[architecture]\n{architecture}\n[[variant]]\nname = \"a\"\n{variant}"
    );
    Experiment::from_toml(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn findings(experiment: &Experiment) -> Vec<TheoryFinding> {
    Theory::at_once(experiment).variants[0].findings()
}

fn sentences(experiment: &Experiment) -> String {
    words::theory::limit(&Theory::at_once(experiment).variants[0])
}

/// log10 ‖δ^(1)‖/‖δ^(D)‖ of networks drawn weight by weight, and how many are dead.
fn drawn(experiment: &Experiment, networks: u64) -> (f64, usize) {
    let mut sampler = Sampler::new(experiment, Some(Engine::Direct)).expect("any scheme");
    let hidden = experiment.layers() - 1;
    let (mut sum, mut count, mut dead) = (0.0, 0.0, 0);
    for seed in 1..=networks {
        let norms = sampler.sample(seed, &|| true).expect("nobody stops it");
        match (norms[0].log10(), norms[hidden - 1].log10()) {
            (Some(first), Some(last)) => (sum, count) = (sum + first - last, count + 1.0),
            _ => dead += 1,
        }
    }
    (sum / count, dead)
}

/// Deep He: critical in the limit, 59.5 decades less at 20 units and 2000 layers.
#[test]
fn critical_is_a_word_of_the_limit() {
    let he = experiment(
        "input = 20\ndepth = 2000\nwidth = 20",
        "activation = \"relu\"\noutput_activation = \"linear\"\ninit = { scheme = \"he_normal\" }",
    );
    let found = findings(&he);
    assert!(matches!(found[0], TheoryFinding::Limit { phase: Phase::Critical, .. }));
    let TheoryFinding::AtThisSize { mean_log10, std_log10, leaves_a_decade_after, footing, .. } =
        found[1]
    else {
        panic!("{found:?}")
    };
    // 1999 steps of E ln R = −.1372 and Var ln R = .3118.
    let ln10 = std::f64::consts::LN_10;
    assert!((mean_log10 - 1999.0 * -0.1372 / (2.0 * ln10)).abs() < 0.03, "{mean_log10}");
    assert!((std_log10 - (1999.0_f64 * 0.3118).sqrt() / (2.0 * ln10)).abs() < 0.01);
    assert_eq!((leaves_a_decade_after, footing), (Some(34), Footing::Exact));
    let (mean, _) = drawn(&he, 12);
    assert!((mean - mean_log10).abs() < 4.0 * std_log10 / 12.0_f64.sqrt(), "{mean}");
    let words = sentences(&he);
    for part in ["In the limit of wide layers", "−59.55 ± 5.42 (exact)", "a decade for 33 steps"]
    {
        assert!(words.contains(part), "{words}");
    }
    assert!(!words.contains("at any depth"), "{words}");
}

/// ReLU with a bias of −½: nothing reaches layer 1.
#[test]
fn a_negative_bias_silences_relu() {
    let bias = experiment(
        "input = 50\ndepth = 10\nwidth = 50",
        "activation = \"relu\"\noutput_activation = \"linear\"\ninit = { scheme = \"he_normal\" }\nbias = { scheme = \"constant\", value = -0.5 }",
    );
    let found = findings(&bias);
    assert!(
        matches!(found[0], TheoryFinding::Limit { phase: Phase::Ordered, chi: 0.0, .. }),
        "{found:?}"
    );
    assert!(
        found
            .iter()
            .any(|f| matches!(f, TheoryFinding::Silence { survival, .. } if *survival < 0.01))
    );
    assert_eq!(drawn(&bias, 50).1, 50);
    let words = sentences(&bias);
    assert!(
        words.contains("In nearly every network some hidden layer has no active unit"),
        "{words}"
    );
    // A positive one does not.
    let mut positive = bias;
    positive.variants[0].bias.value = Some(0.5);
    assert!(!sentences(&positive).contains("no active unit"));
    assert_eq!(drawn(&positive, 20).1, 0);
}

/// Tanh and Xavier, 2000 layers of 256: −3.5 decades where the wide limit's own layers have −1.7.
#[test]
fn a_critical_tanh_loses_decades() {
    let tanh = experiment(
        "input = 256\ndepth = 2000\nwidth = 256",
        "activation = \"tanh\"\noutput_activation = \"linear\"",
    );
    let found = findings(&tanh);
    let TheoryFinding::AtThisSize { wide_log10, mean_log10, std_log10, footing, .. } = found[1]
    else {
        panic!("{found:?}")
    };
    assert!((wide_log10 + 1.73).abs() < 0.01, "{wide_log10}");
    assert_eq!(footing, Footing::Heuristic);
    let mut sampler = Sampler::new(&tanh, Some(Engine::ExactInLaw)).expect("normal weights");
    let networks = 16;
    let mean = (1..=networks).map(|seed| {
        let norms = sampler.sample(seed, &|| true).expect("nobody stops it");
        norms[0].checked_div(norms[1999]).and_then(|r| r.log10()).expect("tanh never dies")
    });
    let mean = mean.sum::<f64>() / networks as f64;
    assert!((mean - mean_log10).abs() < 4.0 * std_log10 / 4.0, "{mean} {mean_log10} {std_log10}");
}

/// A constant bias is a mean: ratio² is .982, and tanh with bias 3 is critical at a gain of 3.05.
#[test]
fn a_constant_bias_moves_the_mean() {
    let sigmoid = experiment(
        "input = 200\ndepth = 60\nwidth = 200",
        "activation = \"sigmoid\"\noutput_activation = \"linear\"\ninit = { scheme = \"lecun_normal\", gain = 12.0 }\nbias = { scheme = \"constant\", value = 3.0 }",
    );
    let theory = Theory::at_once(&sigmoid).variants.remove(0);
    let limit = theory.limit.as_ref().expect("one width");
    assert_eq!(limit.phase, Phase::Ordered);
    assert!((limit.chi - 0.982).abs() < 5e-4, "{}", limit.chi);
    // The layers' own table has the same ratio² deep down.
    let ratio = theory.layers.as_ref().expect("random").prediction.ratios()[30];
    assert!((ratio * ratio - limit.chi).abs() < 1e-9, "{ratio}");
    let bias = BiasLaw { mean: 3.0, ..BiasLaw::default() };
    let critical = critical_weight_variance(Activation::Tanh, bias).expect("it exists").sqrt();
    assert!((critical - 3.05).abs() < 0.005, "{critical}");
    // Its random counterpart, of variance 9, is the 2.71 that was said.
    let random = critical_weight_variance(Activation::Tanh, BiasLaw::normal(9.0));
    assert!((random.expect("it exists").sqrt() - 2.71).abs() < 0.005);
}

/// Where V falls with q it falls less steeply than 1/q: the recursion cannot swing past its
/// fixed point for good, and the one that is bracketed is the one that is reached.
#[test]
fn the_recursion_settles_where_it_is_bracketed() {
    for activation in Activation::ALL {
        for mean in [-4.0, -1.0, -0.3, 0.5, 2.0, 5.0, 12.0] {
            let bias = BiasLaw { mean, ..BiasLaw::default() };
            let field = MeanField::new(activation, 1.0, bias);
            let v = |part: f64| field.next_q(part + mean * mean) - mean * mean;
            for k in -20..40 {
                let part = 1.5_f64.powi(k);
                let slope = (v(part * 1.01) / v(part)).ln() / 1.01_f64.ln();
                assert!(slope > -0.95 || v(part) == 0.0, "{activation:?} {mean} {part}: {slope}");
            }
        }
    }
}

/// GELU at gain 1.449: this input's q grows from 19 to 125 and δ grows; small inputs die.
#[test]
fn the_input_decides_between_two_basins() {
    let with_input = |x: f64| {
        let x = vec![format!("{x:?}"); 256].join(", ");
        let variant = format!(
            "activation = \"gelu\"\noutput_activation = \"linear\"\ninit = {{ scheme = \"lecun_normal\", gain = 1.449137674618944 }}\n[data]\nx = [[{x}]]\ny = [[1.0]]"
        );
        experiment("input = 256\ndepth = 40\nwidth = 256", &variant)
    };
    let large = with_input(3.0);
    let theory = Theory::at_once(&large).variants.remove(0);
    let layers = &theory.layers.as_ref().expect("random").prediction.layers;
    // From layer 1 to the output layer.
    let q = |layer: usize| layers[layer - 1].q.to_f64();
    assert!((q(1) - 18.9).abs() < 0.1 && (q(41) - 125.0).abs() < 0.5, "{} {}", q(1), q(41));
    let limit = theory.limit.as_ref().expect("one width");
    assert_eq!((limit.fixed_point, limit.phase), (FixedPoint::Diverges, Phase::Chaotic));
    assert_eq!(limit.basins.expect("two").other.fixed_point, FixedPoint::At(0.0));
    let (mean, _) = drawn(&large, 6);
    assert!(mean > 0.0, "δ grows: {mean}");
    let words = sentences(&large);
    assert!(
        words.contains(
            "The input decides: with q = 18.9 in layer 1 it lies above the boundary at 3.105"
        ),
        "{words}"
    );
    let small = with_input(0.5);
    let limit = Theory::at_once(&small).variants.remove(0).limit.expect("one width");
    assert_eq!((limit.fixed_point, limit.phase), (FixedPoint::At(0.0), Phase::Ordered));
    assert_eq!(limit.basins.expect("two").other.fixed_point, FixedPoint::Diverges);
    assert!(drawn(&small, 6).0 < -3.0);
}

/// Hidden layers do not care about the loss: softmax networks have q, χ and ξ, and a ‖δ^(L)‖.
#[test]
fn softmax_networks_have_a_theory() {
    let of = |loss: &str| {
        let variant = "activation = \"tanh\"\ninit = { scheme = \"xavier_normal\", gain = 1.3 }";
        experiment(&format!("depth = 20\nwidth = 100\noutput = 7\nloss = \"{loss}\""), variant)
    };
    let [softmax, mse] = ["softmax_ce", "mse"].map(|loss| findings(&of(loss)));
    assert_eq!(softmax[0], mse[0]);
    let soft = of("softmax_ce");
    let predicted = Theory::at_once(&soft).variants.remove(0).layers.expect("random").prediction;
    let mut sampler = Sampler::new(&soft, Some(Engine::Direct)).expect("any scheme");
    let networks = 400;
    let squares = (0..networks)
        .map(|seed| sampler.sample(seed, &|| true).expect("nobody stops it")[20].to_f64().powi(2));
    let squares: Vec<f64> = squares.collect();
    let mean = squares.iter().sum::<f64>() / networks as f64;
    let variance = squares.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / networks as f64;
    let expected = predicted.layers[20].delta.to_f64().powi(2);
    let error = (variance / networks as f64).sqrt();
    assert!((mean - expected).abs() < 4.0 * error, "{mean} ± {error}, {expected}");
}

/// What the lab cannot tell it says so.
#[test]
fn where_there_is_no_estimate_there_is_none() {
    let of = |depth, width, activation: &str, init: &str| {
        let variant = format!("activation = {activation}\ninit = {{ scheme = {init} }}");
        findings(&experiment(&format!("depth = {depth}\nwidth = {width}"), &variant))
    };
    let closed = Some(NoSpread::ClosedLayer);
    let (tanh, he) = ("\"tanh\"", "\"he_normal\", gain = 2.1");
    let leaky = |slope: &str| format!("{{ kind = \"leaky_relu\", slope = {slope} }}");
    for (found, expected) in [
        (of(20, 8, tanh, "\"orthogonal\""), Some(NoSpread::Orthogonal)),
        (of(20, 8, tanh, "\"normal\", std = 30.0"), Some(NoSpread::FewUnits)),
        (of(20, 8, tanh, "\"zeros\""), Some(NoSpread::NoSignal)),
        // In 50 layers of 12 units one in 80 networks has a layer with all z < 0.
        (of(50, 12, "\"softplus\"", he), closed),
        (of(50, 12, "\"gelu\"", he), closed),
        (of(50, 12, "\"elu\"", he), closed),
        (of(50, 12, &leaky("0.01"), he), None),
        (of(50, 100, "\"softplus\"", he), None),
        (of(50, 12, "\"sine\"", he), None),
    ] {
        let told = found.iter().find_map(|f| match f {
            TheoryFinding::NoSpread { reason, .. } => Some(*reason),
            _ => None,
        });
        assert_eq!(told, expected, "{found:?}");
    }
}

/// Zero weights pass nothing, whatever their units do: no unit is called silent for it, and no slope
/// is called 0.
#[test]
fn zero_weights_are_not_taken_for_silent_units() {
    let zeros = experiment(
        "depth = 3\nwidth = 8",
        "activation = \"relu\"\ninit = { scheme = \"zeros\" }\nbias = { scheme = \"uniform\", bound = 1.0 }",
    );
    assert_eq!(drawn(&zeros, 20).1, 20);
    let words = sentences(&zeros);
    assert!(words.contains("the weights are 0 and nothing passes"), "{words}");
    assert!(!words.contains("slopes are 0") && !words.contains("no active unit"), "{words}");
}

/// Window, sheet and command line make the same sentences of the same experiment.
#[test]
fn every_place_says_the_same_words() {
    let experiment = Experiment {
        variants: vec![
            Variant { init: Init::of(Scheme::HeNormal), ..Variant::of(Activation::Relu) },
            Variant::of(Activation::Gelu),
        ],
        ..Experiment::default()
    };
    let theory =
        TheoryStudy::new().run(&experiment, &TaskContext::unattended()).expect("not stopped");
    let sheet = Figure::theory(&theory);
    let input = experiment.to_toml();
    let printed = |arguments: &[&str]| -> Vec<Vec<String>> {
        let output = helpers::lab_with_input(arguments, input.as_bytes());
        assert!(output.status.success(), "{output:?}");
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let of = |variant: &serde_json::Value| {
            let findings = variant["findings"].as_array().expect("findings").iter();
            findings.map(|f| f["sentence"].as_str().expect("a sentence").to_owned()).collect()
        };
        json["variants"].as_array().expect("variants").iter().map(of).collect()
    };
    let alone = printed(&["theory", "-"]);
    let beside = printed(&["ensemble", "-", "--seeds", "50"]);
    for (variant, note) in sheet.notes.iter().enumerate() {
        assert_eq!(alone[variant].join(" "), note.text);
        // All but the critical line, which takes longer than the networks.
        let theory: BTreeSet<_> = alone[variant].iter().collect();
        let missing: Vec<_> =
            theory.iter().filter(|sentence| !beside[variant].contains(sentence)).collect();
        assert!(
            missing.len() <= 1
                && missing
                    .iter()
                    .all(|s| s.contains("critical σ_w²") || s.contains("is critical at")),
            "{missing:?}"
        );
    }
}
