//! What may be set, how far, and in which words a refusal says so: one row for each key.

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use super::Scheme;

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
pub static KEYS: LazyLock<Vec<(&'static str, String)>> = LazyLock::new(|| {
    let schemes = format!("one of {}", Scheme::ALL.map(Scheme::id).join(", "));
    let words = |(key, words)| match key {
        "variant.init.scheme" => (key, schemes.clone()),
        _ => (key, str::to_owned(words)),
    };
    PLAIN_KEYS.into_iter().map(words).collect()
});

/// Keys and words; what names the choices of a key is made of the choices.
const PLAIN_KEYS: [(&str, &str); 33] = [
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
    ("architecture.precision", "\"f64\", \"f32\", \"fp16\" or \"bf16\""),
    ("data", "a table with x and y"),
    ("data.x", "one list for each example, each of as many numbers as the network has inputs"),
    ("data.y", "one list for each example, each of as many numbers as the network has outputs"),
    ("variant", "1 to 6 tables [[variant]]"),
    ("variant.name", "a text of 1 to 60 letters, unlike the other variants'"),
    (
        "variant.layer",
        "tables [[variant.layer]], one for each layer with an activation, init or bias of its own",
    ),
    ("variant.layer.index", "a layer's number, from 1 to that of the output layer"),
    ("variant.activation", "one of linear, sigmoid, tanh, relu, leaky_relu, selu, gelu, silu"),
    (
        "variant.output_activation",
        "one of linear, sigmoid, tanh, relu, leaky_relu, selu, gelu, silu",
    ),
    ("variant.init", "a table such as { scheme = \"xavier_normal\", gain = 1.0 }"),
    ("variant.bias", "a table such as { scheme = \"normal\", std = 0.1 }, with the keys of init"),
    ("variant.weights", "one matrix for each layer, n_l rows of n_(l-1) numbers from -1e6 to 1e6"),
    ("variant.biases", "one list for each layer, n_l numbers from -1e6 to 1e6"),
    ("variant.init.scheme", ""),
    ("variant.init.gain", "a number from 0 to 1e6"),
    ("variant.init.std", "a number from 0 to 1e6"),
    ("variant.init.bound", "a number from 0 to 1e6"),
    ("variant.init.value", "a number from -1e6 to 1e6"),
    ("variant.init.mode", "\"fan_in\" or \"fan_out\""),
    (
        "variant.init.truncated",
        "true or false: cut at two sigma, sigma widened by 1/0.8796 to keep the variance, as Keras does (torch's trunc_normal_ keeps sigma)",
    ),
];

/// What the key accepts; the keys of a `bias` table are those of an `init` table, and a layer's are
/// its variant's.
pub fn accepted(key: &str) -> Option<&'static str> {
    KEYS.get(position(key)).map(|(_, accepted)| accepted.as_str())
}

/// Where the key stands in [`KEYS`], the order in which a file is written; for no key the end.
pub(super) fn position(key: &str) -> usize {
    let own = ["activation", "init", "bias"].map(|key| format!("variant.layer.{key}"));
    let key = match own.iter().any(|own| key.starts_with(own)) {
        true => key.replacen(".layer", "", 1),
        false => key.to_owned(),
    };
    let key = key.replace(".bias.", ".init.");
    KEYS.iter().position(|(name, _)| *name == key).unwrap_or(KEYS.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Activation, Draws, FanMode, Loss, Precision};

    fn assert_names(key: &str, ids: &[&str]) {
        let accepted = accepted(key).expect(key);
        for id in ids {
            assert!(accepted.contains(id), "{key} does not name {id}");
        }
    }

    #[test]
    fn every_choice_is_named() {
        assert_names("draws", &Draws::ALL.map(Draws::id));
        assert_names("architecture.loss", &Loss::ALL.map(Loss::id));
        assert_names("architecture.precision", &Precision::ALL.map(Precision::id));
        assert_names("variant.activation", &Activation::ALL.map(Activation::id));
        assert_names("variant.output_activation", &Activation::ALL.map(Activation::id));
        assert_names("variant.init.scheme", &Scheme::ALL.map(Scheme::id));
        assert_names("variant.bias.mode", &FanMode::ALL.map(FanMode::id));
    }

    #[test]
    fn every_range_is_the_one_in_force() {
        for (key, range) in [
            ("architecture.depth", DEPTH),
            ("architecture.width", WIDTH),
            ("architecture.batch", BATCH),
        ] {
            let words = format!("a whole number from {} to {}", range.start(), range.end());
            assert_eq!(accepted(key), Some(words.as_str()));
        }
        assert_names("seed", &[&NUMPY_SEED.end().to_string(), &SEED.end().to_string()]);
        assert_names("variant", &[&format!("{} to {}", VARIANTS.start(), VARIANTS.end())]);
        assert_names("title", &[&NAME_LETTERS.end().to_string()]);
    }
}
