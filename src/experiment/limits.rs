//! What may be set, how far, and in which words a refusal says so: one row for each key.

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use super::{
    Activation, Draws, FanMode, Loss, NormKind, OptimizerKind, Precision, Schedule, Scheme,
    SetKind, Skip,
};

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
/// ε of a normalization.
pub const EPSILON: RangeInclusive<f64> = 0.0..=1.0;
/// Static loss scales of narrow formats: fp16 holds none above.
pub const LOSS_SCALE: RangeInclusive<f64> = 1.0..=32768.0;
/// Explicit values: constants, weights, biases, inputs and targets.
pub const VALUE: RangeInclusive<f64> = -1e6..=1e6;
/// Learning rates.
pub const LEARNING_RATE: RangeInclusive<f64> = 0.0..=1e6;
/// Momentum, and the decays of Adam's moments: below 1, where nothing would ever be forgotten.
pub const DECAY: RangeInclusive<f64> = 0.0..=0.999_999;
/// ε of Adam, which keeps 0/0 away in single precision too.
pub const ADAM_EPSILON: RangeInclusive<f64> = 1e-30..=1.0;
/// Limits of clipped gradients.
pub const CLIP: RangeInclusive<f64> = 1e-30..=1e30;
/// Updates of a training.
pub const STEPS: RangeInclusive<usize> = 1..=10_000_000;
/// Generated examples.
pub const EXAMPLES: RangeInclusive<usize> = 4..=100_000;
/// Standard deviations of what is added to generated examples.
pub const NOISE: RangeInclusive<f64> = 0.0..=1e3;
/// Shares of examples that are held out.
pub const TEST_SHARE: RangeInclusive<f64> = 0.0..=0.9;
/// Numbers of a data file.
pub const FILE_NUMBERS: usize = 20_000_000;
/// Letters of a title or a name.
pub const NAME_LETTERS: RangeInclusive<usize> = 1..=60;
/// Weights of one network. At eight bytes each this is 2 GB; more would not fit beside
/// its copies in the memory of a small machine.
pub const WEIGHTS: usize = 250_000_000;
/// Activations that a pass keeps: Σ n_l × batch over all layers, for the same reason.
pub const ACTIVATIONS: usize = 50_000_000;
/// Bytes of an experiment file; explicit weights included, a page is far below.
pub const FILE_BYTES: u64 = 16 * 1024 * 1024;

/// A key of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// With the tables that it stands in, for example `architecture.depth`.
    pub name: String,
    /// What it accepts, in the words of a refusal.
    pub words: String,
    /// Which numbers these words accept; nothing where they speak of names, lists or tables.
    pub range: Option<RangeInclusive<f64>>,
}

impl Key {
    fn of(name: &str, words: impl Into<String>) -> Self {
        Self { name: name.to_owned(), words: words.into(), range: None }
    }

    fn whole(name: &str, range: RangeInclusive<usize>) -> Self {
        let numbers = *range.start() as f64..=*range.end() as f64;
        Self { range: Some(numbers), ..Self::of(name, whole(&range)) }
    }

    fn number(name: &str, range: RangeInclusive<f64>) -> Self {
        Self { words: number(&range), range: Some(range), ..Self::of(name, "") }
    }

    /// Of an activation that has a parameter.
    fn parameter(activation: Activation) -> Option<Self> {
        let own = activation.parameter()?;
        let mut key = Self::number(&format!("variant.activation.{}", own.key), own.range);
        key.words += &format!(" with kind = \"{}\", {} if absent", activation.id(), own.default);
        Some(key)
    }
}

/// “a whole number from 1 to 9”.
pub(super) fn whole(range: &RangeInclusive<usize>) -> String {
    format!("a whole number from {} to {}", range.start(), range.end())
}

/// “a number from 0 to 1e6”.
pub(super) fn number(range: &RangeInclusive<f64>) -> String {
    let end = |number: f64| match number.abs() {
        size if size >= 1e5 || size < 1e-3 && size > 0.0 => format!("{number:e}"),
        _ => number.to_string(),
    };
    format!("a number from {} to {}", end(*range.start()), end(*range.end()))
}

/// “one of a, b, c”.
pub(super) fn one_of<const N: usize>(names: [&str; N]) -> String {
    format!("one of {}", names.join(", "))
}

/// “"a", "b" or "c"”.
fn either<const N: usize>(names: [&str; N]) -> String {
    let quoted = names.map(|name| format!("\"{name}\""));
    let (last, others) = quoted.split_last().expect("a choice has names");
    format!("{} or {last}", others.join(", "))
}

/// What both keys of a file's SHA-256 are.
const HASH: &str = "64 hexadecimal digits: where the file is another, a sentence says so";

/// Every key of the file, in the order in which a file is written: what the checks, the sentences
/// of refusals and `list` read.
pub static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
    let mut keys = top_keys();
    keys.extend(training_keys("training"));
    keys.extend(variant_keys());
    keys.extend(training_keys("variant.training"));
    keys.extend(Activation::ALL.into_iter().filter_map(Key::parameter));
    keys
});

fn top_keys() -> Vec<Key> {
    let (numpy, layered, letters) = (NUMPY_SEED.end(), SEED.end(), NAME_LETTERS.end());
    let seeds = format!(
        "a whole number from 0 to {numpy} with draws = \"numpy\", to {layered} with \"layered\""
    );
    let hidden = whole(&WIDTH).replace("a whole number", "whole numbers");
    let (shallow, deep) = (DEPTH.start(), DEPTH.end());
    let examples = |units| {
        format!("one list for each example, each of as many numbers as the network has {units}")
    };
    vec![
        Key::of("title", format!("a text of at most {letters} letters")),
        Key::of("seed", seeds),
        Key::of("draws", either(Draws::ALL.map(Draws::id))),
        Key::number("learning_rate", LEARNING_RATE),
        Key::of("architecture", "a table"),
        Key::whole("architecture.input", WIDTH),
        Key::whole("architecture.depth", DEPTH),
        Key::whole("architecture.width", WIDTH),
        Key::of(
            "architecture.hidden",
            format!("a list of {shallow} to {deep} {hidden}, in place of depth and width"),
        ),
        Key::whole("architecture.output", WIDTH),
        Key::of("architecture.loss", one_of(Loss::ALL.map(Loss::id))),
        Key::whole("architecture.batch", BATCH),
        Key::of("architecture.precision", either(Precision::ALL.map(Precision::id))),
        Key::of("data", "a table with x and y, or with a set"),
        Key::of("data.x", examples("inputs")),
        Key::of("data.y", examples("outputs")),
        Key::of("data.set", one_of(SetKind::ALL.map(SetKind::id))),
        Key::of(
            "data.path",
            "with set = \"file\" the path of a CSV file, rows of numbers, the last column the label or target, or of a .npz file with the arrays X and y, relative to the experiment's",
        ),
        Key::of("data.sha256", format!("beside path the file's SHA-256, {HASH}")),
        Key::whole("data.examples", EXAMPLES),
        Key::number("data.noise", NOISE),
        Key::number("data.test", TEST_SHARE),
        Key::of(
            "data.standardize",
            "true or false: whether inputs get mean 0 and variance 1 over the examples that are learned from",
        ),
    ]
}

/// The keys of `[training]`, or of `[variant.training]`, which has no steps of its own.
fn training_keys(table: &str) -> Vec<Key> {
    let name = |key: &str| format!("{table}.{key}");
    let mut keys = vec![
        Key::of(&name("optimizer"), one_of(OptimizerKind::ALL.map(OptimizerKind::id))),
        Key::number(&name("learning_rate"), LEARNING_RATE),
        Key::number(&name("momentum"), DECAY),
        Key::number(&name("beta1"), DECAY),
        Key::number(&name("beta2"), DECAY),
        Key::number(&name("epsilon"), ADAM_EPSILON),
        Key::number(&name("weight_decay"), SCALE),
        Key::whole(&name("steps"), STEPS),
        Key::of(&name("schedule"), either(Schedule::ALL.map(Schedule::id))),
        Key::whole(&name("warmup"), 0..=*STEPS.end()),
        Key {
            words: "a power of two from 1 to 32768, or \"dynamic\"".to_owned(),
            ..Key::number(&name("loss_scale"), LOSS_SCALE)
        },
    ];
    if table == "training" {
        keys.insert(0, Key::of(table, "a table such as { optimizer = \"adam\", steps = 2000 }"));
    }
    keys
}

fn variant_keys() -> Vec<Key> {
    let kinds = one_of(Activation::ALL.map(|activation| activation.id()));
    let activation = format!("{kinds}, or a table such as {{ kind = \"elu\", alpha = 0.5 }}");
    let (few, many, values) = (VARIANTS.start(), VARIANTS.end(), number(&VALUE));
    let values = values.replace("a number", "numbers");
    let (short, long) = (NAME_LETTERS.start(), NAME_LETTERS.end());
    let [batch, layer, rms] = NormKind::ALL.map(NormKind::id);
    let normalizations = one_of(["none", batch, layer, rms]);
    let [post, pre, post_norm] = Skip::ALL.map(Skip::id);
    vec![
        Key::of("variant", format!("{few} to {many} tables [[variant]]")),
        Key::of(
            "variant.name",
            format!("a text of {short} to {long} letters, unlike the other variants'"),
        ),
        Key::of("variant.shown", "true or false: whether pictures show it; at least one is shown"),
        Key::of(
            "variant.layer",
            "tables [[variant.layer]], one for each layer with an activation, init or bias of its own",
        ),
        Key::of("variant.layer.index", "a layer's number, from 1 to that of the output layer"),
        Key::of("variant.activation", activation.clone()),
        Key::of("variant.output_activation", activation),
        Key::of("variant.init", "a table such as { scheme = \"xavier_normal\", gain = 1.0 }"),
        Key::of(
            "variant.bias",
            "a table such as { scheme = \"normal\", std = 0.1 }, with the keys of init",
        ),
        Key::of(
            "variant.normalization",
            format!("{normalizations}, or a table such as {{ kind = \"batch\", epsilon = 1e-5 }}"),
        ),
        Key::of("variant.skip", either(["none", post, pre, post_norm])),
        Key {
            words: format!("{} or \"inverse_sqrt_depth\"", number(&VALUE)),
            ..Key::number("variant.skip_scale", VALUE)
        },
        Key::of("variant.clip", "a table such as { norm = 1.0 } or { value = 0.5 }"),
        Key::of(
            "variant.training",
            "a table with keys of training but steps, which come before those of training",
        ),
        Key::of(
            "variant.tied",
            "true or false: whether hidden layers from the second on share one W and b",
        ),
        Key::of(
            "variant.weights",
            format!(
                "one matrix for each layer, n_l rows of n_(l-1) {values}, or a table {{ file = \"net.safetensors\" }}"
            ),
        ),
        Key::of("variant.biases", format!("one list for each layer, n_l {values}")),
        Key::of(
            "variant.norm",
            "tables [[variant.norm]], one for each normalized layer whose gamma and beta are given, beside weights",
        ),
        Key::of("variant.norm.index", "a hidden layer's number, from 1"),
        Key::of("variant.norm.gamma", format!("n_l {values}")),
        Key::of("variant.norm.beta", format!("n_l {values}")),
        Key::of(
            "variant.weights.file",
            "the path of a safetensors file, relative to the experiment's: the lab's own, or a PyTorch state dict of linear layers and normalizations",
        ),
        Key::of("variant.weights.sha256", format!("beside file its SHA-256, {HASH}")),
        Key::of("variant.init.scheme", one_of(Scheme::ALL.map(Scheme::id))),
        Key::number("variant.init.gain", SCALE),
        Key::number("variant.init.std", SCALE),
        Key::number("variant.init.bound", SCALE),
        Key::number("variant.init.value", VALUE),
        Key::of("variant.init.mode", either(FanMode::ALL.map(FanMode::id))),
        Key::of(
            "variant.init.truncated",
            "true or false: cut at two sigma, sigma widened by 1/0.8796 to keep the variance, as Keras does (torch's trunc_normal_ keeps sigma)",
        ),
        Key::of("variant.normalization.kind", normalizations),
        Key::number("variant.normalization.epsilon", EPSILON),
        Key::number("variant.clip.norm", CLIP),
        Key::number("variant.clip.value", CLIP),
        Key::of("variant.activation.kind", kinds),
    ]
}

/// What the key accepts. The keys of a `bias` table are those of an `init` table, those of an
/// `output_activation` those of an `activation`, and a layer's are its variant's.
pub fn accepted(key: &str) -> Option<&'static Key> {
    KEYS.get(position(key))
}

/// Where the key stands in [`KEYS`]; for no key the end.
pub(super) fn position(key: &str) -> usize {
    let own = ["activation", "init", "bias"].map(|key| format!("variant.layer.{key}"));
    let key = match own.iter().any(|own| key.starts_with(own)) {
        true => key.replacen(".layer", "", 1),
        false => key.to_owned(),
    };
    let key = key.replace(".bias.", ".init.").replace(".output_activation.", ".activation.");
    KEYS.iter().position(|known| known.name == key).unwrap_or(KEYS.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_from_ranges_and_names() {
        assert_eq!(whole(&(1..=9)), "a whole number from 1 to 9");
        assert_eq!(number(&(-1e6..=0.5)), "a number from -1e6 to 0.5");
        assert_eq!(number(&(1e-6..=4096.0)), "a number from 1e-6 to 4096");
        assert_eq!(one_of(["a", "b"]), "one of a, b");
        assert_eq!(either(["a", "b"]), "\"a\" or \"b\"");
        assert_eq!(either(["a", "b", "c"]), "\"a\", \"b\" or \"c\"");
    }

    #[test]
    fn tables_of_one_kind_share_their_keys() {
        assert_eq!(accepted("variant.bias.mode"), accepted("variant.init.mode"));
        assert_eq!(
            accepted("variant.output_activation.slope"),
            accepted("variant.activation.slope")
        );
        assert_eq!(accepted("variant.init.colour"), None);
    }
}
