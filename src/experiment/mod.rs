//! What a person sets: one serialisable value, its limits, its file and its presets.

mod activation;
mod changed_file;
mod choices;
mod data_rules;
mod data_set;
mod difference;
mod error;
mod examples;
mod exception;
mod file;
mod file_hash;
mod init;
pub mod limits;
mod loss_rules;
mod loss_scaling;
mod preset;
mod remedy;
mod remedy_rules;
mod scheme;
mod sources;
mod tables;
mod text;
mod training;
mod training_rules;
mod validate;
mod weights_file;
mod write;

use serde::{Deserialize, Serialize};

// By name for whoever follows imports; with it the specs, however many there are.
pub use activation::Activation;
pub use activation::*;
pub use changed_file::ChangedFile;
pub use choices::{Draws, Loss, Precision};
pub use data_set::{Data, DataSet, Examples, SetKind, Split};
pub use difference::ChangedKey;
pub use error::ExperimentError;
pub use exception::LayerException;
pub use file_hash::FileHash;
pub use init::{Init, TRUNCATED_STD};
pub use loss_scaling::LossScaling;
pub use preset::Preset;
pub use remedy::{NormKind, Normalization, Skip, SkipScale};
pub use scheme::{FanMode, Parameter, Pattern, Scheme, UnitLaw};
pub use tables::{optional_table, optional_tables, optional_word, table, tables, word};
pub use text::{is_hidden, short_path, shortened, visible};
pub use training::{Clip, Optimization, OptimizerKind, Schedule, Training};
pub use weights_file::{GivenNetwork, GivenNorm, WeightsFile};

/// All that a person can set. The default is the chapter's gradient-flow figure.
///
/// ```
/// use gradient_lab::experiment::Experiment;
/// let experiment = Experiment::from_toml("seed = 7").expect("a valid file");
/// assert_eq!(experiment.sizes(), [10, 20, 20, 20, 20, 20, 1]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Experiment {
    /// Shown above every figure.
    pub title: String,
    /// Names every random draw.
    pub seed: u64,
    /// Which generator the draws come from.
    #[serde(deserialize_with = "word")]
    pub draws: Draws,
    /// η of one update by hand where it is given: ask [`Experiment::step_rate`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// What all variants share.
    #[serde(deserialize_with = "table")]
    pub architecture: Architecture,
    /// Explicit inputs and targets; absent, both are standard normal draws.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "optional_table")]
    pub data: Option<Data>,
    /// Where the examples are from; `data` are then the first of them.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "optional_table")]
    pub data_set: Option<DataSet>,
    /// How variants learn; absent, by the defaults.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "optional_table")]
    pub training: Option<Training>,
    /// What differs.
    #[serde(rename = "variant", deserialize_with = "tables")]
    pub variants: Vec<Variant>,
}

/// η of the chapter's worked example.
const DEFAULT_RATE: f64 = 0.5;

/// Sizes, loss, batch and precision: what all variants share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Architecture {
    /// n_0, the number of inputs.
    pub input: usize,
    /// Number of hidden layers, where `hidden` is absent.
    pub depth: usize,
    /// Units of each hidden layer, where `hidden` is absent.
    pub width: usize,
    /// Units of each hidden layer one by one, in place of depth and width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<Vec<usize>>,
    /// n_L, the number of outputs.
    pub output: usize,
    /// The loss.
    #[serde(deserialize_with = "word")]
    pub loss: Loss,
    /// Examples B.
    pub batch: usize,
    /// The format in which the pass is computed.
    #[serde(deserialize_with = "word")]
    pub precision: Precision,
}

/// One way to set up the network; variants differ, the architecture and the draws do not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Variant {
    /// Shown in legends; names the variant in weights files.
    pub name: String,
    /// φ of the hidden layers but for exceptions: ask [`Experiment::activation_of`].
    pub activation: Activation,
    /// φ of the output layer; absent, the loss's where that decides it, else the hidden layers'.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_activation: Option<Activation>,
    /// How weights are drawn but for exceptions: ask [`Variant::init_of`].
    #[serde(deserialize_with = "table")]
    pub init: Init,
    /// How biases are drawn but for exceptions: ask [`Variant::bias_of`].
    #[serde(default = "no_bias", skip_serializing_if = "is_no_bias", deserialize_with = "table")]
    pub bias: Init,
    /// What hidden layers are normalized by.
    #[serde(
        serialize_with = "remedy::write_normalization",
        deserialize_with = "remedy::read_normalization",
        skip_serializing_if = "Option::is_none"
    )]
    pub normalization: Option<Normalization>,
    /// Where the skips of hidden layers join.
    #[serde(
        serialize_with = "remedy::write_skip",
        deserialize_with = "remedy::read_skip",
        skip_serializing_if = "Option::is_none"
    )]
    pub skip: Option<Skip>,
    /// α of the skips.
    #[serde(skip_serializing_if = "remedy::is_default_scale")]
    pub skip_scale: SkipScale,
    /// What the gradient of an update may be at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip: Option<Clip>,
    /// What this variant's training has unlike the others'.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "optional_table")]
    pub training: Option<Training>,
    /// Whether the hidden layers from the second on share one W and b: a recurrent network unrolled.
    #[serde(skip_serializing_if = "is_untied")]
    pub tied: bool,
    /// Explicit weights W^(1)…W^(L), n_l × n_{l−1}, in place of every `init`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<Vec<Vec<Vec<f64>>>>,
    /// Where weights, biases and normalizations are from; `weights` and `biases` are then those.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "optional_table")]
    pub weights_file: Option<WeightsFile>,
    /// Explicit biases b^(1)…b^(L), in place of every `bias`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub biases: Option<Vec<Vec<f64>>>,
    /// Explicit γ and β of normalized layers, beside explicit weights; absent, they are 1 and 0.
    #[serde(rename = "norm", skip_serializing_if = "Vec::is_empty", deserialize_with = "tables")]
    pub norms: Vec<GivenNorm>,
    /// Layers that are set up unlike the others, each at most once.
    #[serde(rename = "layer", skip_serializing_if = "Vec::is_empty", deserialize_with = "tables")]
    pub exceptions: Vec<LayerException>,
    /// Whether pictures show it; numbers are computed and written in any case.
    #[serde(skip_serializing_if = "is_shown")]
    pub shown: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_shown(shown: &bool) -> bool {
    *shown
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_untied(tied: &bool) -> bool {
    !*tied
}

fn no_bias() -> Init {
    Init::of(Scheme::Zeros)
}

fn is_no_bias(bias: &Init) -> bool {
    *bias == no_bias()
}

impl Default for Experiment {
    fn default() -> Self {
        Self {
            title: "Sigmoid against ReLU".to_owned(),
            seed: 42,
            draws: Draws::Numpy,
            learning_rate: None,
            architecture: Architecture::default(),
            data: None,
            data_set: None,
            training: None,
            variants: vec![Variant::of(Activation::Sigmoid), Variant::of(Activation::Relu)],
        }
    }
}

impl Default for Architecture {
    fn default() -> Self {
        Self {
            input: 10,
            depth: 5,
            width: 20,
            hidden: None,
            output: 1,
            loss: Loss::Mse,
            batch: 1,
            precision: Precision::F64,
        }
    }
}

#[expect(
    clippy::derivable_impls,
    reason = "deriving would give a bias the default of weights, and a sigmoid is a choice"
)]
impl Default for Variant {
    fn default() -> Self {
        Self { name: String::new(), ..Self::of(Activation::Sigmoid) }
    }
}

impl Variant {
    /// The activation with Xavier normal weights and no bias, named after the activation.
    pub fn of(activation: Activation) -> Self {
        Self {
            name: activation.label().to_owned(),
            activation,
            output_activation: None,
            init: Init::default(),
            bias: no_bias(),
            normalization: None,
            skip: None,
            skip_scale: SkipScale::default(),
            clip: None,
            training: None,
            tied: false,
            weights: None,
            weights_file: None,
            biases: None,
            norms: Vec::new(),
            exceptions: Vec::new(),
            shown: true,
        }
    }

    /// The setting in a few words, for captions.
    pub fn describe(&self) -> String {
        let mut words = self.activation.describe();
        if let Some(output) = self.output_activation
            && output != self.activation
        {
            words += &format!(" (output {})", output.describe());
        }
        words += if self.weights.is_some() { ", given weights" } else { ", " };
        if self.weights.is_none() {
            words += &self.init.describe();
        }
        if self.biases.is_some() {
            words += ", given biases";
        } else if !is_no_bias(&self.bias) {
            words += &format!(", bias {}", self.bias.describe().to_lowercase());
        }
        words + &self.describe_remedies() + &self.describe_exceptions()
    }
}

impl Architecture {
    /// Hidden layers.
    pub fn depth(&self) -> usize {
        self.hidden.as_ref().map_or(self.depth, Vec::len)
    }

    /// n_0, n_1, …, n_L.
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![self.input];
        match &self.hidden {
            Some(hidden) => sizes.extend(hidden),
            None => sizes.resize(1 + self.depth, self.width),
        }
        sizes.push(self.output);
        sizes
    }

    /// “10–20–20–1”, or “10–(50 × 20)–1” where that is shorter.
    pub fn describe_sizes(&self) -> String {
        match &self.hidden {
            None if self.depth > 6 => {
                format!("{}–({} × {})–{}", self.input, self.depth, self.width, self.output)
            }
            Some(hidden) if hidden.len() > 12 => {
                format!("{}–({} hidden layers)–{}", self.input, hidden.len(), self.output)
            }
            _ => {
                let sizes: Vec<String> = self.sizes().iter().map(usize::to_string).collect();
                sizes.join("–")
            }
        }
    }
}

impl Experiment {
    /// n_0, n_1, …, n_L.
    pub fn sizes(&self) -> Vec<usize> {
        self.architecture.sizes()
    }

    /// η of one update by hand.
    pub fn step_rate(&self) -> f64 {
        self.learning_rate.unwrap_or(DEFAULT_RATE)
    }

    /// L, the number of layers with weights.
    pub fn layers(&self) -> usize {
        // A depth that is about to be refused may be the largest number that there is.
        self.architecture.depth().saturating_add(1)
    }

    /// What there is of the variants that pictures show, each with its variant's index.
    pub fn shown<'a, T>(
        &'a self,
        of_variants: &'a [T],
    ) -> impl DoubleEndedIterator<Item = (usize, &'a T)> + Clone {
        let is_shown = |index: usize| self.variants.get(index).is_none_or(|v| v.shown);
        of_variants.iter().enumerate().filter(move |(index, _)| is_shown(*index))
    }

    /// The variant of that index where pictures show it, else the last one before it or the first
    /// that they show.
    pub fn shown_variant(&self, wished: usize) -> usize {
        let mut shown = self.shown(&self.variants).map(|(index, _)| index);
        let first = shown.next().unwrap_or_default();
        shown.take_while(|index| *index <= wished).last().unwrap_or(first)
    }

    /// Whether anything is drawn, so that the seed has a say.
    pub fn is_drawn(&self) -> bool {
        let takes = |init: &Init| init.unit_law().is_random() && init.scale(1, 1) != 0.0;
        let layers = || 1..=self.layers();
        let weights = |v: &Variant| v.weights.is_none() && layers().any(|l| takes(v.init_of(l)));
        let biases = |v: &Variant| v.biases.is_none() && layers().any(|l| takes(v.bias_of(l)));
        self.data.is_none() || self.variants.iter().any(|v| weights(v) || biases(v))
    }

    /// The largest seed that names a stream.
    pub fn last_seed(&self) -> u64 {
        match self.draws {
            Draws::Numpy => *limits::NUMPY_SEED.end(),
            Draws::Layered => *limits::SEED.end(),
        }
    }

    /// How many seeds there are from the experiment's own on, itself among them.
    pub fn seeds_left(&self) -> u64 {
        self.last_seed().saturating_sub(self.seed).saturating_add(1)
    }

    /// The next seed, from the first one again after the last; the same where nothing is drawn.
    pub fn next_seed(&mut self) {
        if self.is_drawn() {
            self.seed = if self.seed < self.last_seed() { self.seed + 1 } else { 0 };
            self.take_examples();
        }
    }

    /// The settings in one line, for the caption under a figure.
    pub fn describe(&self) -> String {
        let architecture = &self.architecture;
        let draws = match self.is_drawn() {
            true => format!("seed {} ({})", self.seed, self.draws.id()),
            false => "given numbers".to_owned(),
        };
        let mut words = format!("{} · {draws}", architecture.describe_sizes());
        if architecture.batch > 1 {
            words += &format!(" · batch {}", architecture.batch);
        }
        words += &format!(
            " · {} · {}",
            architecture.loss.label().to_lowercase(),
            architecture.precision.id()
        );
        words
    }
}
