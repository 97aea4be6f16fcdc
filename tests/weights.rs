//! The weights file holds all that another program needs to check every norm.

mod helpers;

use helpers::{lab, lab_with_input, relative};
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

/// Rows of numbers.
type Matrix = Vec<Vec<f64>>;

/// A tensor of the file as rows; a vector is one row.
fn tensor(file: &SafeTensors<'_>, name: &str) -> Matrix {
    let tensor = file.tensor(name).unwrap_or_else(|error| panic!("{name}: {error}"));
    let numbers: Vec<f64> = match tensor.dtype() {
        Dtype::F64 => tensor.data().chunks_exact(8).map(double).collect(),
        Dtype::F32 => tensor.data().chunks_exact(4).map(single).collect(),
        other => panic!("{other:?}"),
    };
    let columns = *tensor.shape().last().expect("a shape");
    numbers.chunks(columns).map(<[f64]>::to_vec).collect()
}

fn double(bytes: &[u8]) -> f64 {
    f64::from_le_bytes(bytes.try_into().expect("eight bytes"))
}

fn single(bytes: &[u8]) -> f64 {
    f64::from(f32::from_le_bytes(bytes.try_into().expect("four bytes")))
}

/// φ and φ′ as a textbook writes them.
fn phi(activation: &str, z: f64) -> (f64, f64) {
    let sigmoid = 1.0 / (1.0 + (-z).exp());
    match activation {
        "linear" => (z, 1.0),
        "sigmoid" => (sigmoid, sigmoid * (1.0 - sigmoid)),
        "tanh" => (z.tanh(), 1.0 - z.tanh() * z.tanh()),
        "relu" => (z.max(0.0), if z > 0.0 { 1.0 } else { 0.0 }),
        "silu" => (z * sigmoid, sigmoid * (1.0 + z * (1.0 - sigmoid))),
        other => panic!("{other} is not needed here"),
    }
}

struct PlainNetwork {
    weights: Vec<Matrix>,
    biases: Vec<Vec<f64>>,
    activations: Vec<String>,
}

impl PlainNetwork {
    fn of(file: &SafeTensors<'_>, variant: &Value, layers: usize) -> Self {
        let name = variant["name"].as_str().expect("a name");
        let hidden = variant["activation"].as_str().expect("a name");
        let output = variant["output_activation"].as_str().unwrap_or(hidden);
        let bias = |l| tensor(file, &format!("{name}.{l}.bias")).concat();
        Self {
            weights: (1..=layers).map(|l| tensor(file, &format!("{name}.{l}.weight"))).collect(),
            biases: (1..=layers).map(bias).collect(),
            activations: (1..=layers)
                .map(|l| {
                    let own = variant["layer"].as_array().into_iter().flatten();
                    let own = own.filter(|own| own["index"] == l);
                    let own = own.filter_map(|own| own["activation"].as_str()).next();
                    own.unwrap_or(if l == layers { output } else { hidden }).to_owned()
                })
                .collect(),
        }
    }

    /// a^(0) … a^(L−1), then δ^(1) … δ^(L) of one example.
    fn pass(&self, x: &[f64], y: &[f64]) -> (Matrix, Matrix) {
        let (mut inputs, mut slopes, mut a) = (Vec::new(), Vec::new(), x.to_vec());
        for ((weights, biases), activation) in
            self.weights.iter().zip(&self.biases).zip(&self.activations)
        {
            let dot = |row: &Vec<f64>| row.iter().zip(&a).map(|(w, a)| w * a).sum::<f64>();
            let z = weights.iter().zip(biases).map(|(row, bias)| dot(row) + bias);
            let (next, slope): (Vec<f64>, Vec<f64>) = z.map(|z| phi(activation, z)).unzip();
            inputs.push(std::mem::replace(&mut a, next));
            slopes.push(slope);
        }
        let last = slopes.pop().expect("a layer");
        let mut deltas: Matrix =
            vec![a.iter().zip(y).zip(last).map(|((a, y), slope)| (a - y) * slope).collect()];
        for (weights, slope) in self.weights.iter().skip(1).zip(&slopes).rev() {
            let above = &deltas[0];
            let back = |j: usize| weights.iter().zip(above).map(|(row, d)| row[j] * d).sum::<f64>();
            let delta = slope.iter().enumerate().map(|(j, slope)| back(j) * slope).collect();
            deltas.insert(0, delta);
        }
        (inputs, deltas)
    }
}

/// Norms of δ (root mean square over the examples), ∂W and ∂b of the mean loss.
fn norms(network: &PlainNetwork, x: &Matrix, y: &Matrix) -> Vec<[f64; 3]> {
    let passes: Vec<_> = x.iter().zip(y).map(|(x, y)| network.pass(x, y)).collect();
    let batch = passes.len() as f64;
    let norm = |numbers: &[f64]| numbers.iter().map(|v| v * v).sum::<f64>().sqrt();
    let of_layer = |l: usize| {
        let squares = passes.iter().map(|(_, deltas)| norm(&deltas[l]).powi(2)).sum::<f64>();
        let (mut weight, mut bias) = (Vec::new(), Vec::new());
        for unit in 0..network.weights[l].len() {
            bias.push(passes.iter().map(|(_, d)| d[l][unit]).sum::<f64>() / batch);
            for input in 0..network.weights[l][0].len() {
                let products = passes.iter().map(|(a, d)| d[l][unit] * a[l][input]);
                weight.push(products.sum::<f64>() / batch);
            }
        }
        [(squares / batch).sqrt(), norm(&weight), norm(&bias)]
    };
    (0..network.weights.len()).map(of_layer).collect()
}

/// Runs the lab on an experiment and compares every norm with the file's plain pass.
fn check(toml: &str, dtype: Dtype, tolerance: f64) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("weights.safetensors");
    let path_text = path.to_str().expect("a plain path");
    let output = lab_with_input(&["run", "-", "--weights", path_text], toml.as_bytes());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let bytes = std::fs::read(&path).expect("the weights file");
    let file = SafeTensors::deserialize(&bytes).expect("a safetensors file");
    assert_eq!(file.tensor("x").expect("x").dtype(), dtype);
    let settings = json["experiment"]["variant"].as_array().expect("a list");
    for (variant, result) in settings.iter().zip(json["variants"].as_array().expect("a list")) {
        let layers = result["layers"].as_array().expect("a list");
        let network = PlainNetwork::of(&file, variant, layers.len());
        let [x, y] = ["x", "y"].map(|name| tensor(&file, name));
        for (layer, expected) in layers.iter().zip(norms(&network, &x, &y)) {
            let keys = ["delta_norm", "weight_grad_norm", "bias_grad_norm"];
            for (key, expected) in keys.into_iter().zip(expected) {
                let norm = layer[key].as_f64().expect("a number");
                let (name, layer) = (&result["name"], &layer["layer"]);
                assert!(
                    relative(norm, expected) < tolerance,
                    "{name} {key} of layer {layer}: {norm} {expected}\n{toml}"
                );
            }
        }
    }
}

const BATCH_AND_BIASES: &str = "
    draws = 'layered'
    [architecture]
    input = 6
    hidden = [9, 5, 12]
    output = 3
    batch = 5
    [[variant]]
    name = 'Tanh, biased'
    activation = 'tanh'
    bias = { scheme = 'normal', std = 0.4 }
    [[variant]]
    name = 'SiLU.2'
    activation = 'silu'
    output_activation = 'linear'
    init = { scheme = 'he_uniform' }
    bias = { scheme = 'torch_default' }
    [[variant]]
    activation = 'relu'
    output_activation = 'linear'
    init = { scheme = 'orthogonal', gain = 1.3 }
    bias = { scheme = 'constant', value = 0.1 }
    [[variant]]
    activation = 'linear'
    init = { scheme = 'lecun_normal', truncated = true }
";

#[test]
fn the_chapter_can_be_checked_from_its_weights() {
    check("", Dtype::F64, 1e-10);
}

#[test]
fn batches_and_biases_can_be_checked_from_their_weights() {
    check(BATCH_AND_BIASES, Dtype::F64, 1e-10);
    check(&BATCH_AND_BIASES.replace("'layered'", "'numpy'"), Dtype::F64, 1e-10);
    check(&BATCH_AND_BIASES.replace("batch = 5", "batch = 40"), Dtype::F64, 1e-10);
}

#[test]
fn orthogonal_weights_can_be_checked_at_depth() {
    let toml = "draws = 'layered'\n[architecture]\ninput = 16\ndepth = 30\nwidth = 16\noutput = 16\n\
                [[variant]]\nactivation = 'tanh'\ninit = { scheme = 'orthogonal' }";
    check(toml, Dtype::F64, 1e-10);
}

#[test]
fn layers_of_their_own_can_be_checked_from_their_weights() {
    let exceptions = "
    [[variant.layer]]
    index = 2
    activation = 'silu'
    init = { scheme = 'identity', gain = 0.7 }
    [[variant.layer]]
    index = 3
    activation = 'tanh'
    bias = { scheme = 'uniform', bound = 0.3 }
    [[variant.layer]]
    index = 4
    activation = 'sigmoid'
    init = { scheme = 'he_uniform', gain = 2.0 }
";
    check(&format!("{BATCH_AND_BIASES}{exceptions}"), Dtype::F64, 1e-10);
}

#[test]
fn single_precision_writes_single_precision() {
    let toml = BATCH_AND_BIASES.replace("batch = 5", "batch = 5\n    precision = 'f32'");
    check(&toml, Dtype::F32, 2e-5);
}

#[test]
fn shapes_and_metadata_are_as_documented() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    let write = || {
        let output = lab(&["run", "chapter-16", "--weights", path.to_str().expect("plain")]);
        assert!(output.status.success());
        std::fs::read(&path).expect("the file")
    };
    let bytes = write();
    assert_eq!(bytes, write(), "the same experiment gives the same file");
    let file = SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let shape = |name| file.tensor(name).expect(name).shape().to_vec();
    assert_eq!((shape("x"), shape("y")), (vec![1, 10], vec![1, 1]));
    assert_eq!((shape("Sigmoid.1.weight"), shape("ReLU.6.weight")), (vec![20, 10], vec![1, 20]));
    assert_eq!(shape("ReLU.5.bias"), [20]);
    assert_eq!(file.len(), 2 + 2 * 2 * 6);
    let (_, header) = SafeTensors::read_metadata(&bytes).expect("a header");
    let metadata = header.metadata().as_ref().expect("metadata");
    let text = &metadata[gradient_lab::export::weights::METADATA_KEY];
    let experiment = gradient_lab::experiment::Experiment::from_toml(text);
    assert_eq!(experiment, Ok(gradient_lab::experiment::Experiment::default()));
}

#[test]
fn weights_that_cannot_be_written_stop_the_run() {
    let output = lab(&["run", "chapter-16", "--weights", "/nowhere/w.safetensors"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("/nowhere"));
}
