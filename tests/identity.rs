//! Identity weights: what is built, passed, written and said of them, against raw numbers.

mod helpers;

use gradient_lab::engine::{DrawCache, ExactLaw, FromDraws, Network, NotExact, Real};
use gradient_lab::experiment::{Draws, Experiment, Scheme};
use gradient_lab::figure::words;
use gradient_lab::study::{Engine, Sampler, TheoryError, predict};
use helpers::{draw, experiment, lab_with_input};

const NARROWING: &str = "
    [architecture]
    input = 3
    hidden = [5, 5, 2]
    output = 4
    [[variant]]
    activation = 'linear'
    init = { scheme = 'identity', gain = 0.5 }
    [[variant]]
    name = 'Normal'
    activation = 'linear'";

fn network<T: Real + FromDraws>(experiment: &Experiment, variant: usize) -> Network<T> {
    let variant = &experiment.variants[variant];
    Network::build(experiment, variant, &mut DrawCache::new(), &mut || true).expect("not stopped")
}

fn check_weights<T: Real + FromDraws>(experiment: &Experiment) {
    let network = network::<T>(experiment, 0);
    let shapes: Vec<_> = (0..network.depth()).map(|index| network.weight(index).dim()).collect();
    assert_eq!(shapes, [(5, 3), (5, 5), (2, 5), (4, 2)]);
    for index in 0..network.depth() {
        for ((row, column), &weight) in network.weight(index).indexed_iter() {
            assert_eq!(weight, if row == column { 0.5 } else { 0.0 }, "{index}");
        }
    }
}

/// Ones on the main diagonal times gain, in tall, square and wide matrices; and nothing is taken
/// from the stream, so that x and y are those of the variant beside it.
#[test]
fn the_gain_is_on_the_main_diagonal() {
    for draws in Draws::ALL {
        let experiment = Experiment { draws, ..experiment(NARROWING) };
        check_weights::<f64>(&experiment);
        check_weights::<f32>(&experiment);
        let [one, other] = [0, 1].map(|variant| network::<f64>(&experiment, variant));
        assert_eq!((&one.input, &one.target), (&other.input, &other.target));
    }
}

/// What a person works out: z of layer l are the first entries of x times gain^l, and δ comes
/// back the same way.
#[test]
fn a_linear_network_hands_on_its_input() {
    let experiment = experiment(
        "[architecture]\ninput = 3\nhidden = [4, 3]\noutput = 2\n[data]\nx = [[1.0, -2.0, 3.0]]\n\
         y = [[0.5, 0.25]]\n[[variant]]\nactivation = 'linear'\n\
         init = { scheme = 'identity', gain = 2.0 }",
    );
    let network = network::<f64>(&experiment, 0);
    let pass = network.pass();
    let numbers = |column: Vec<gradient_lab::engine::Scaled>| {
        column.iter().map(|number| number.to_f64()).collect::<Vec<_>>()
    };
    let z: Vec<_> = pass.layers.iter().map(|layer| numbers(layer.z.column(0))).collect();
    assert_eq!(z, [vec![2.0, -4.0, 6.0, 0.0], vec![4.0, -8.0, 12.0], vec![8.0, -16.0]]);
    let delta: Vec<_> = pass.layers.iter().map(|layer| numbers(layer.delta.column(0))).collect();
    let expected = [
        vec![4.0 * 7.5, 4.0 * -16.25, 0.0, 0.0],
        vec![2.0 * 7.5, 2.0 * -16.25, 0.0],
        vec![7.5, -16.25],
    ];
    assert_eq!(delta, expected);
}

/// At gain 1 a ReLU net as wide as its input keeps the positive part of x through any depth, and
/// δ of those units (Le et al. 2015).
#[test]
fn relu_keeps_what_is_positive() {
    let experiment = experiment(
        "draws = 'layered'\n[architecture]\ninput = 8\ndepth = 60\nwidth = 8\noutput = 8\n\
         [[variant]]\nactivation = 'relu'\ninit = { scheme = 'identity' }",
    );
    let network = network::<f64>(&experiment, 0);
    let pass = network.pass();
    let x: Vec<f64> = network.input.mantissa.column(0).iter().map(|x| x.max(0.0)).collect();
    assert!(x.iter().any(|x| *x > 0.0) && x.contains(&0.0));
    for layer in &pass.layers {
        let a: Vec<f64> = layer.a.column(0).iter().map(|a| a.to_f64()).collect();
        assert_eq!(a, x);
        assert_eq!(layer.delta.column(0), pass.layers[60].delta.column(0));
    }
    let drawn = draw(&experiment);
    let said = words::flow::sentence(&drawn.variants[0].diagnosis);
    assert!(said.starts_with("Healthy:"), "{said}");
}

/// No theory and no law of random weights is told; networks differ by x and y alone, and each
/// seed's is the one that the flow page shows.
#[test]
fn it_is_not_random() {
    let mut experiment = experiment(NARROWING);
    let variant = &experiment.variants[0];
    let reason = TheoryError::FixedWeights(Scheme::Identity);
    assert_eq!(predict(&experiment, variant), Err(reason));
    assert_eq!(
        reason.to_string(),
        "the theory speaks of independent random weights; `identity` draws none"
    );
    assert_eq!(ExactLaw::applies(&experiment, variant), Err(NotExact::Weights));
    experiment.variants.truncate(1);
    let mut sampler = Sampler::new(&experiment, None).expect("any scheme");
    assert!(sampler.engines().eq([Engine::Direct]));
    let norms = sampler.sample(7, &|| true).expect("not stopped").to_vec();
    experiment.seed = 7;
    let layers = draw(&experiment).variants.remove(0).layers;
    assert!(norms.iter().zip(&layers).all(|(norm, layer)| *norm == layer.delta));
    assert!(experiment.is_drawn());
    experiment.data =
        Some(gradient_lab::experiment::Data { x: vec![vec![1.0; 3]], y: vec![vec![1.0; 4]] });
    assert!(!experiment.is_drawn(), "given inputs through given weights");
}

/// Powers of two and zeros are exact in every format: emulated, nothing is lost.
#[test]
fn narrow_formats_hold_it() {
    for precision in ["fp16", "bf16"] {
        let experiment = experiment(&format!(
            "[architecture]\ninput = 3\ndepth = 4\nwidth = 3\noutput = 3\nprecision = '{precision}'\n\
             [data]\nx = [[1.0, -2.0, 0.5]]\ny = [[0.0, 0.0, 0.0]]\n[[variant]]\n\
             activation = 'linear'\ninit = {{ scheme = 'identity', gain = 0.5 }}"
        ));
        let variant = draw(&experiment).variants.remove(0);
        for (layer, record) in variant.layers.iter().enumerate() {
            // x/2^5 is sent back through 4 − l matrices.
            let expected = 5.25_f64.sqrt() * 0.5_f64.powi(9 - layer as i32);
            assert!((record.delta.to_f64() / expected - 1.0).abs() < 1e-12, "{precision}");
        }
        assert!(variant.lost.concat().iter().all(|lost| !lost), "{precision}");
    }
}

#[test]
fn the_weights_file_has_it_and_a_bias_refuses_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("weights.safetensors");
    let arguments = ["run", "-", "--weights", path.to_str().expect("a plain path")];
    let output = lab_with_input(&arguments, NARROWING.as_bytes());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let bytes = std::fs::read(&path).expect("the weights file");
    let file = safetensors::SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let wide = file.tensor("Linear.3.weight").expect("layer 3");
    let numbers: Vec<f64> = wide
        .data()
        .chunks_exact(8)
        .map(|bytes| f64::from_le_bytes(bytes.try_into().expect("eight bytes")))
        .collect();
    assert_eq!(numbers, [0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0]);

    let refusal = Experiment::from_toml("[[variant]]\nbias = { scheme = 'identity' }");
    let sentence = refusal.expect_err("no matrix").to_string();
    assert_eq!(
        sentence,
        "variant 1, bias.scheme = \"identity\" is not accepted: it takes one of zeros, constant, normal, uniform, torch_default."
    );
    let refusal = Experiment::from_toml("[[variant]]\ninit = { scheme = 'identity', std = 1.0 }");
    let sentence = refusal.expect_err("no such parameter").to_string();
    assert!(sentence.contains("does not go with scheme = \"identity\", which takes gain."));
}
