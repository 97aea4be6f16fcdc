//! What may be set, how far, and in which words a refusal says so: one row for each key.

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use super::{Activation, Draws, FanMode, Loss, Precision, Scheme};

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

/// What a key accepts, as far as a program can say it.
#[derive(Clone, Debug, PartialEq)]
pub enum Accepts {
    /// A whole number.
    Whole(RangeInclusive<usize>),
    /// A number.
    Number(RangeInclusive<f64>),
    /// One of some names.
    OneOf(Vec<&'static str>),
    /// One of a few names, quoted.
    Either(Vec<&'static str>),
    /// What the words say; its parts have keys of their own, or checks of their own.
    Described(String),
}

impl Accepts {
    /// In the words of a refusal.
    pub fn words(&self) -> String {
        match self {
            Self::Whole(range) => {
                format!("a whole number from {} to {}", range.start(), range.end())
            }
            Self::Number(range) => format!("a number from {}", span(range)),
            Self::OneOf(names) => format!("one of {}", names.join(", ")),
            Self::Either(names) => {
                let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
                let (last, others) = quoted.split_last().expect("a choice has names");
                format!("{} or {last}", others.join(", "))
            }
            Self::Described(words) => words.clone(),
        }
    }

    /// Whether the number is accepted.
    ///
    /// # Panics
    /// Where names or tables are expected: a number is no answer there.
    pub fn holds(&self, number: f64) -> bool {
        match self {
            Self::Whole(range) => (*range.start() as f64..=*range.end() as f64).contains(&number),
            Self::Number(range) => range.contains(&number),
            other => unreachable!("{other:?} has no range"),
        }
    }
}

/// “0 to 1e6”.
fn span(range: &RangeInclusive<f64>) -> String {
    let end = |number: f64| match number.abs() {
        size if size >= 1e5 || size < 1e-3 && size > 0.0 => format!("{number:e}"),
        _ => number.to_string(),
    };
    format!("{} to {}", end(*range.start()), end(*range.end()))
}

/// A key of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// With the tables that it stands in, for example `architecture.depth`.
    pub name: String,
    /// What it accepts.
    pub accepts: Accepts,
    /// [`Accepts::words`].
    pub words: String,
}

/// Every key of the file, in the order in which a file is written: what the checks, the sentences
/// of refusals and `list` read.
pub static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
    let rows = plain_keys().into_iter().map(|(name, accepts)| (name.to_owned(), accepts));
    let parameters = Activation::ALL.into_iter().filter_map(|activation| {
        let (key, parameter) = (activation.parameter_key()?, activation.parameter()?);
        Some((format!("variant.activation.{key}"), Accepts::Number(parameter.range)))
    });
    let key = |(name, accepts): (String, Accepts)| Key { name, words: accepts.words(), accepts };
    rows.chain(parameters).map(key).collect()
});

fn plain_keys() -> Vec<(&'static str, Accepts)> {
    use Accepts::{Either, Number, OneOf, Whole};
    let described = |words: &str| Accepts::Described(words.to_owned());
    let activations = OneOf(Activation::ALL.map(|activation| activation.id()).to_vec());
    let (numpy, layered) = (NUMPY_SEED.end(), SEED.end());
    let (letters, values) = (NAME_LETTERS.end(), span(&VALUE));
    vec![
        ("title", Accepts::Described(format!("a text of at most {letters} letters"))),
        (
            "seed",
            Accepts::Described(format!(
                "a whole number from 0 to {numpy} with draws = \"numpy\", to {layered} with \"layered\""
            )),
        ),
        ("draws", Either(Draws::ALL.map(Draws::id).to_vec())),
        ("learning_rate", Number(LEARNING_RATE)),
        ("architecture", described("a table")),
        ("architecture.input", Whole(WIDTH)),
        ("architecture.depth", Whole(DEPTH)),
        ("architecture.width", Whole(WIDTH)),
        (
            "architecture.hidden",
            Accepts::Described(format!(
                "a list of {} to {} whole numbers from {} to {}, in place of depth and width",
                DEPTH.start(),
                DEPTH.end(),
                WIDTH.start(),
                WIDTH.end()
            )),
        ),
        ("architecture.output", Whole(WIDTH)),
        ("architecture.loss", OneOf(Loss::ALL.map(Loss::id).to_vec())),
        ("architecture.batch", Whole(BATCH)),
        ("architecture.precision", Either(Precision::ALL.map(Precision::id).to_vec())),
        ("data", described("a table with x and y")),
        (
            "data.x",
            described(
                "one list for each example, each of as many numbers as the network has inputs",
            ),
        ),
        (
            "data.y",
            described(
                "one list for each example, each of as many numbers as the network has outputs",
            ),
        ),
        (
            "variant",
            Accepts::Described(format!(
                "{} to {} tables [[variant]]",
                VARIANTS.start(),
                VARIANTS.end()
            )),
        ),
        (
            "variant.name",
            Accepts::Described(format!(
                "a text of {} to {letters} letters, unlike the other variants'",
                NAME_LETTERS.start()
            )),
        ),
        ("variant.activation", activations.clone()),
        ("variant.output_activation", activations.clone()),
        ("variant.init", described("a table such as { scheme = \"xavier_normal\", gain = 1.0 }")),
        (
            "variant.bias",
            described("a table such as { scheme = \"normal\", std = 0.1 }, with the keys of init"),
        ),
        (
            "variant.weights",
            Accepts::Described(format!(
                "one matrix for each layer, n_l rows of n_(l-1) numbers from {values}"
            )),
        ),
        (
            "variant.biases",
            Accepts::Described(format!("one list for each layer, n_l numbers from {values}")),
        ),
        ("variant.init.scheme", OneOf(Scheme::ALL.map(Scheme::id).to_vec())),
        ("variant.init.gain", Number(SCALE)),
        ("variant.init.std", Number(SCALE)),
        ("variant.init.bound", Number(SCALE)),
        ("variant.init.value", Number(VALUE)),
        ("variant.init.mode", Either(FanMode::ALL.map(FanMode::id).to_vec())),
        (
            "variant.init.truncated",
            described(
                "true or false: cut at two sigma, sigma widened by 1/0.8796 to keep the variance, as Keras does (torch's trunc_normal_ keeps sigma)",
            ),
        ),
        ("variant.activation.kind", activations),
    ]
}

/// What the key accepts. The keys of a `bias` table are those of an `init` table, and those of an
/// `output_activation` those of an `activation`.
pub fn accepted(key: &str) -> Option<&'static Key> {
    KEYS.get(position(key))
}

/// Where the key stands in [`KEYS`]; for no key the end.
pub(super) fn position(key: &str) -> usize {
    let key = key.replace(".bias.", ".init.").replace(".output_activation.", ".activation.");
    KEYS.iter().position(|known| known.name == key).unwrap_or(KEYS.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_from_ranges_and_names() {
        for (accepts, words) in [
            (Accepts::Whole(1..=9), "a whole number from 1 to 9"),
            (Accepts::Number(-1e6..=0.5), "a number from -1e6 to 0.5"),
            (Accepts::Number(1e-6..=4096.0), "a number from 1e-6 to 4096"),
            (Accepts::OneOf(vec!["a", "b"]), "one of a, b"),
            (Accepts::Either(vec!["a", "b"]), "\"a\" or \"b\""),
            (Accepts::Either(vec!["a", "b", "c"]), "\"a\", \"b\" or \"c\""),
        ] {
            assert_eq!(accepts.words(), words);
        }
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
