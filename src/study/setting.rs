//! The settings that a sweep moves, and the values they take.

use serde::{Deserialize, Serialize};

use crate::experiment::{Experiment, Init, Scheme, SkipScale};

/// A numeric setting of an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// A factor on the variant's own scheme: 1 is He's, Xavier's… as it stands, whatever gain the
    /// variant sets.
    Gain,
    /// σ_w: normal weights of variance σ_w²/fan_in in place of the variant's scheme.
    WeightStd,
    /// σ_b: normal biases of variance σ_b² in place of the variant's.
    BiasStd,
    /// Hidden layers.
    Depth,
    /// Units of every hidden layer.
    Width,
    /// Examples.
    Batch,
    /// α of the skips.
    SkipScale,
    /// η of every variant's training.
    LearningRate,
}

impl Setting {
    /// Every setting, in the order in which menus show them.
    pub const ALL: [Self; 8] = [
        Self::Gain,
        Self::WeightStd,
        Self::BiasStd,
        Self::Depth,
        Self::Width,
        Self::Batch,
        Self::SkipScale,
        Self::LearningRate,
    ];

    /// The name in files and on the command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::Gain => "gain",
            Self::WeightStd => "weight_std",
            Self::BiasStd => "bias_std",
            Self::Depth => "depth",
            Self::Width => "width",
            Self::Batch => "batch",
            Self::SkipScale => "skip_scale",
            Self::LearningRate => "learning_rate",
        }
    }

    /// The name on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Gain => "Gain",
            Self::WeightStd => "σ_w",
            Self::BiasStd => "σ_b",
            Self::Depth => "Depth",
            Self::Width => "Width",
            Self::Batch => "Batch",
            Self::SkipScale => "α of skips",
            Self::LearningRate => "Learning rate",
        }
    }

    /// What it is, in a sentence.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Gain => {
                "A factor on the standard deviation of the variant's own scheme: 1 is the scheme as it is, He's with its √2."
            }
            Self::WeightStd => "Normal weights of variance σ_w²/fan_in in place of the scheme.",
            Self::BiasStd => "Normal biases of variance σ_b² in place of the variant's.",
            Self::Depth => "Number of hidden layers.",
            Self::Width => "Units of every hidden layer.",
            Self::Batch => "Examples passed at once.",
            Self::LearningRate => {
                "η of a training; of the quantities, the learned share alone depends on it."
            }
            Self::SkipScale => {
                "What a hidden layer's own share is multiplied by before its skip adds it: 0 is ReZero's start."
            }
        }
    }

    /// The setting of that name.
    pub fn find(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|setting| setting.id() == id)
    }

    /// Whether it takes whole numbers only.
    pub fn is_whole(self) -> bool {
        matches!(self, Self::Depth | Self::Width | Self::Batch)
    }

    /// Sets it in an experiment, weights and biases in every variant but for the layers that have
    /// an init or a bias of their own. Whatever is given explicitly gives way to draws where it
    /// could not stay for every value, and with another depth no hidden layer keeps its
    /// exception.
    pub fn apply(self, experiment: &mut Experiment, value: f64) {
        let output = experiment.layers();
        let architecture = &mut experiment.architecture;
        match self {
            Self::Depth | Self::Width => {
                let whole = value as usize;
                if let Some(hidden) = architecture.hidden.take() {
                    architecture.depth = hidden.len();
                    architecture.width = hidden[0];
                }
                if self == Self::Depth {
                    architecture.depth = whole;
                } else {
                    architecture.width = whole;
                }
                for variant in &mut experiment.variants {
                    (variant.weights, variant.biases) = (None, None);
                    if self == Self::Depth {
                        variant.exceptions.retain(|own| own.index == output);
                        for own in &mut variant.exceptions {
                            own.index = whole.saturating_add(1);
                        }
                    }
                }
            }
            Self::Batch => {
                architecture.batch = value as usize;
                experiment.data = None;
                experiment.take_examples();
            }
            Self::Gain | Self::WeightStd => {
                for variant in &mut experiment.variants {
                    if self == Self::WeightStd {
                        variant.init = Init::of(Scheme::LecunNormal);
                    }
                    variant.init.gain = Some(value * variant.init.scheme.default_gain());
                    variant.weights = None;
                    variant.norms.clear();
                }
            }
            Self::SkipScale => {
                // Where nothing has a skip, the experiment that follows is refused and says why.
                let none = experiment.variants.iter().all(|variant| variant.skip.is_none());
                for variant in &mut experiment.variants {
                    if none || variant.skip.is_some() {
                        variant.skip_scale = SkipScale::Number(value);
                    }
                }
            }
            Self::LearningRate => {
                let all = experiment.training.get_or_insert_default();
                all.learning_rate = Some(value);
                for own in experiment.variants.iter_mut().filter_map(|v| v.training.as_mut()) {
                    own.learning_rate = None;
                }
            }
            Self::BiasStd => {
                for variant in &mut experiment.variants {
                    variant.bias = Init { std: Some(value), ..Init::of(Scheme::Normal) };
                    variant.biases = None;
                }
            }
        }
    }
}

/// How an axis' values follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Spacing {
    /// By equal steps.
    Linear,
    /// By equal factors.
    Logarithmic,
}

/// A setting's values along one side of a map.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// What is moved.
    pub setting: Setting,
    /// The first value.
    pub from: f64,
    /// The last value.
    pub to: f64,
    /// How many values, both ends included.
    pub cells: usize,
    /// How they are spaced.
    pub spacing: Spacing,
}

impl Axis {
    /// A range in which a setting is worth a look.
    pub fn usual(setting: Setting) -> Self {
        let (from, to, cells, spacing) = match setting {
            Setting::Gain => (0.5, 2.5, 32, Spacing::Linear),
            Setting::WeightStd => (0.5, 2.5, 32, Spacing::Linear),
            Setting::BiasStd => (0.0, 1.0, 24, Spacing::Linear),
            Setting::Depth => (2.0, 30.0, 15, Spacing::Linear),
            Setting::Width => (4.0, 64.0, 16, Spacing::Logarithmic),
            Setting::Batch => (1.0, 16.0, 5, Spacing::Logarithmic),
            Setting::SkipScale => (0.0, 1.0, 21, Spacing::Linear),
            Setting::LearningRate => (1e-4, 1.0, 17, Spacing::Logarithmic),
        };
        Self { setting, from, to, cells, spacing }
    }

    /// The value of a cell, rounded for a setting that takes whole numbers.
    ///
    /// ```
    /// use gradient_lab::study::{Axis, Setting, Spacing};
    /// let axis = Axis {
    ///     setting: Setting::Depth,
    ///     from: 1.0,
    ///     to: 100.0,
    ///     cells: 3,
    ///     spacing: Spacing::Logarithmic,
    /// };
    /// assert_eq!([0, 1, 2].map(|cell| axis.value(cell)), [1.0, 10.0, 100.0]);
    /// ```
    pub fn value(&self, cell: usize) -> f64 {
        let share = cell as f64 / self.cells.saturating_sub(1).max(1) as f64;
        let value = match self.spacing {
            _ if cell == 0 => self.from,
            _ if cell + 1 == self.cells => self.to,
            Spacing::Linear => self.from + share * (self.to - self.from),
            Spacing::Logarithmic => {
                let (from, to) = (libm::log(self.from), libm::log(self.to));
                libm::exp(from + share * (to - from))
            }
        };
        if self.setting.is_whole() { value.round() } else { value }
    }

    /// Whether the ends are finite, in order, and fit the spacing.
    pub(super) fn is_sound(&self) -> bool {
        (self.to - self.from).is_finite()
            && self.from >= 0.0
            && (self.from < self.to || self.cells == 1 && self.from == self.to)
            && (self.spacing == Spacing::Linear || self.from > 0.0)
    }
}
