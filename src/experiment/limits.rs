//! What may be set, how far, and in which words a refusal says so: one row for each key.

use std::ops::RangeInclusive;

/// Hidden layers.
pub const DEPTH: RangeInclusive<usize> = 1..=2000;
/// Units of a layer: input, hidden or output.
pub const WIDTH: RangeInclusive<usize> = 1..=4096;
/// Examples of a batch.
pub const BATCH: RangeInclusive<usize> = 1..=1024;
/// Variants side by side.
pub const VARIANTS: RangeInclusive<usize> = 1..=6;
/// Seeds: what a TOML integer holds, so that every file can be read back.
pub const SEED: RangeInclusive<u64> = 0..=i64::MAX as u64;
/// Seeds of NumPy's legacy generator, `np.random.seed`.
pub const NUMPY_SEED: RangeInclusive<u64> = 0..=u32::MAX as u64;
/// Gains, standard deviations and bounds.
pub const SCALE: RangeInclusive<f64> = 0.0..=1e6;
/// Outputs with softmax_ce: among fewer classes there is nothing to choose.
pub const SOFTMAX_OUTPUT: RangeInclusive<usize> = 2..=4096;
/// Targets of the cross-entropies, which are probabilities.
pub const PROBABILITY: RangeInclusive<f64> = 0.0..=1.0;
/// How far from 1 the sum of one example's targets may lie with softmax_ce.
pub const SUM_TOLERANCE: f64 = 1e-9;
/// Explicit values: constants, weights, biases, inputs and targets.
pub const VALUE: RangeInclusive<f64> = -1e6..=1e6;
/// Learning rates.
pub const LEARNING_RATE: RangeInclusive<f64> = 0.0..=1e6;
/// Letters of a title or a name.
pub const NAME_LETTERS: RangeInclusive<usize> = 1..=60;
/// Weights of one network. At eight bytes each this is 2 GB; more would not fit beside
/// its copies in the memory of a small machine.
pub const WEIGHTS: usize = 250_000_000;
/// Activations that a pass keeps: Σ n_l × batch over all layers, for the same reason.
pub const ACTIVATIONS: usize = 50_000_000;
/// Bytes of an experiment file; explicit weights included, a page is far below.
pub const FILE_BYTES: u64 = 16 * 1024 * 1024;

/// Every key of the file with what it accepts, in the words of a refusal.
pub const KEYS: [(&str, &str); 30] = [
    ("title", "a text of at most 60 letters"),
    (
        "seed",
        "a whole number from 0 to 4294967295 with draws = \"numpy\", to 9223372036854775807 with \"layered\"",
    ),
    ("draws", "\"numpy\" or \"layered\""),
    ("learning_rate", "a number from 0 to 1e6"),
    ("architecture", "a table"),
    ("architecture.input", "a whole number from 1 to 4096"),
    ("architecture.depth", "a whole number from 1 to 2000"),
    ("architecture.width", "a whole number from 1 to 4096"),
    (
        "architecture.hidden",
        "a list of 1 to 2000 whole numbers from 1 to 4096, in place of depth and width",
    ),
    ("architecture.output", "a whole number from 1 to 4096"),
    ("architecture.loss", "one of mse, bce, softmax_ce"),
    ("architecture.batch", "a whole number from 1 to 1024"),
    ("architecture.precision", "\"f64\" or \"f32\""),
    ("data", "a table with x and y"),
    ("data.x", "one list for each example, each of as many numbers as the network has inputs"),
    ("data.y", "one list for each example, each of as many numbers as the network has outputs"),
    ("variant", "1 to 6 tables [[variant]]"),
    ("variant.name", "a text of 1 to 60 letters, unlike the other variants'"),
    ("variant.activation", "one of linear, sigmoid, tanh, relu, leaky_relu, selu, gelu, silu"),
    (
        "variant.output_activation",
        "one of linear, sigmoid, tanh, relu, leaky_relu, selu, gelu, silu",
    ),
    ("variant.init", "a table such as { scheme = \"xavier_normal\", gain = 1.0 }"),
    ("variant.bias", "a table such as { scheme = \"zeros\" }"),
    ("variant.weights", "one matrix for each layer, n_l rows of n_(l-1) numbers from -1e6 to 1e6"),
    ("variant.biases", "one list for each layer, n_l numbers from -1e6 to 1e6"),
    (
        "scheme",
        "one of zeros, constant, normal, uniform, lecun_normal, lecun_uniform, xavier_normal, xavier_uniform, he_normal, he_uniform, orthogonal, torch_default",
    ),
    ("gain", "a number from 0 to 1e6"),
    ("std", "a number from 0 to 1e6"),
    ("bound", "a number from 0 to 1e6"),
    ("value", "a number from -1e6 to 1e6"),
    ("mode", "\"fan_in\" or \"fan_out\""),
];

/// What the key accepts. Keys of `init` and `bias` tables are looked up by their last part.
pub fn accepted(key: &str) -> Option<&'static str> {
    let find = |name: &str| KEYS.iter().find(|(k, _)| *k == name).map(|(_, text)| *text);
    let last = key.rsplit('.').next().unwrap_or(key);
    find(key).or_else(|| find(last)).or(match last {
        "truncated" => Some("true or false"),
        _ => None,
    })
}
