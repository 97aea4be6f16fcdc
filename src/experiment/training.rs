//! How variants learn: optimizers, schedules, clipping, and the keys of `[training]`.

use std::f64::consts::PI;

use serde::de::{Deserialize, Deserializer, Error};
use serde::{Deserialize as DeriveDeserialize, Serialize};

use super::LossScaling;
use super::tables::{optional_word, table};

/// The rule by which gradients move the parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, DeriveDeserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptimizerKind {
    /// θ ← θ − ηg.
    #[default]
    Sgd,
    /// v ← μv + g, θ ← θ − ηv.
    Momentum,
    /// v ← μv + g, θ ← θ − η(g + μv).
    Nesterov,
    /// Kingma and Ba 2015.
    Adam,
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019).
    #[serde(rename = "adamw")]
    AdamW,
}

impl OptimizerKind {
    /// Every optimizer.
    pub const ALL: [Self; 5] = [Self::Sgd, Self::Momentum, Self::Nesterov, Self::Adam, Self::AdamW];

    /// The name in files.
    pub fn id(self) -> &'static str {
        match self {
            Self::Sgd => "sgd",
            Self::Momentum => "momentum",
            Self::Nesterov => "nesterov",
            Self::Adam => "adam",
            Self::AdamW => "adamw",
        }
    }

    /// The name on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Sgd => "SGD",
            Self::Momentum => "SGD with momentum",
            Self::Nesterov => "SGD with Nesterov momentum",
            Self::Adam => "Adam",
            Self::AdamW => "AdamW",
        }
    }

    /// One sentence for a list.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Sgd => "θ − ηg, with g + λθ for g where there is weight decay",
            Self::Momentum => "v = μv + g and θ − ηv, as torch.optim.SGD",
            Self::Nesterov => "v = μv + g and θ − η(g + μv), as torch.optim.SGD(nesterov=True)",
            Self::Adam => {
                "θ − η m/(√v + ε) with unbiased moments m and v of g; decay is added to g"
            }
            Self::AdamW => "as adam, with ηλθ taken off θ in place of a decay in g",
        }
    }

    /// η where no learning rate is given.
    pub fn default_rate(self) -> f64 {
        if self.has_moments() { 0.001 } else { 0.01 }
    }

    /// Whether it keeps a running sum of gradients.
    pub fn has_momentum(self) -> bool {
        matches!(self, Self::Momentum | Self::Nesterov)
    }

    /// Whether it keeps first and second moments of gradients.
    pub fn has_moments(self) -> bool {
        matches!(self, Self::Adam | Self::AdamW)
    }
}

/// How the learning rate changes from step to step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, DeriveDeserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// It stays.
    #[default]
    Constant,
    /// It falls along half a cosine to 0 (Loshchilov and Hutter 2017, without restarts).
    Cosine,
}

impl Schedule {
    /// Every schedule.
    pub const ALL: [Self; 2] = [Self::Constant, Self::Cosine];

    /// The name in files.
    pub fn id(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Cosine => "cosine",
        }
    }
}

/// What a gradient may be at most, before an optimizer takes it (Pascanu et al. 2013).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Clip {
    /// g ← g · min(1, c/(‖g‖ + 1e-6)), with the norm over all parameters.
    Norm(f64),
    /// Each entry into [−c, c].
    Value(f64),
}

/// What keeps ‖g‖ = 0 from dividing by 0, as in `torch.nn.utils.clip_grad_norm_`.
const CLIP_EPSILON: f64 = 1e-6;

impl Clip {
    /// By what a gradient is multiplied, and what its entries then may be at most: 1 and infinity
    /// where nothing is clipped. `norm` is that of all gradients together.
    ///
    /// ```
    /// use gradient_lab::experiment::Clip;
    /// assert_eq!(Clip::factor_and_limit(Some(Clip::Value(0.5)), 9.0), [1.0, 0.5]);
    /// let [factor, _] = Clip::factor_and_limit(Some(Clip::Norm(1.0)), 4.0);
    /// assert_eq!(factor, 1.0 / (4.0 + 1e-6));
    /// ```
    pub fn factor_and_limit(clip: Option<Self>, norm: f64) -> [f64; 2] {
        match clip {
            None => [1.0, f64::INFINITY],
            Some(Self::Value(limit)) => [1.0, limit],
            Some(Self::Norm(limit)) => [(limit / (norm + CLIP_EPSILON)).min(1.0), f64::INFINITY],
        }
    }

    /// The key in files, and c.
    pub fn key_and_limit(self) -> (&'static str, f64) {
        match self {
            Self::Norm(limit) => ("norm", limit),
            Self::Value(limit) => ("value", limit),
        }
    }
}

impl<'de> Deserialize<'de> for Clip {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(DeriveDeserialize)]
        #[serde(deny_unknown_fields)]
        struct Keys {
            norm: Option<f64>,
            value: Option<f64>,
        }

        match table(deserializer)? {
            Keys { norm: Some(limit), value: None } => Ok(Self::Norm(limit)),
            Keys { norm: None, value: Some(limit) } => Ok(Self::Value(limit)),
            Keys { .. } => Err(Error::custom("one of norm and value")),
        }
    }
}

/// The keys of `[training]` and of `[variant.training]`; what is absent has its default, or in a
/// variant what `[training]` says. Ask
/// [`Experiment::optimization_of`](super::Experiment::optimization_of).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, DeriveDeserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Training {
    /// The rule.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "optional_word")]
    pub optimizer: Option<OptimizerKind>,
    /// η.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// μ of momentum and Nesterov momentum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f64>,
    /// β₁ of Adam and AdamW.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beta1: Option<f64>,
    /// β₂ of Adam and AdamW.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beta2: Option<f64>,
    /// ε of Adam and AdamW.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epsilon: Option<f64>,
    /// λ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f64>,
    /// Updates; in `[training]` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// How η changes.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "optional_word")]
    pub schedule: Option<Schedule>,
    /// Steps over which η rises to its full value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmup: Option<usize>,
    /// The loss scale of a narrow format; 1 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_scale: Option<LossScaling>,
}

/// How one variant learns, with every default filled in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Optimization {
    /// The rule.
    pub optimizer: OptimizerKind,
    /// η.
    pub learning_rate: f64,
    /// μ.
    pub momentum: f64,
    /// β₁ and β₂.
    pub betas: [f64; 2],
    /// ε.
    pub epsilon: f64,
    /// λ.
    pub weight_decay: f64,
    /// T, the number of updates.
    pub steps: usize,
    /// How η changes.
    pub schedule: Schedule,
    /// w, the steps over which η rises.
    pub warmup: usize,
    /// What a gradient may be at most.
    pub clip: Option<Clip>,
    /// The loss scale of a narrow format; 1 where absent.
    pub loss_scale: Option<LossScaling>,
}

impl Optimization {
    /// η of step t, counted from 0: η (t + 1)/w in the first w steps; after them η, or with
    /// `cosine` η ½(1 + cos(π (t − w)/(T − w))).
    ///
    /// ```
    /// use gradient_lab::experiment::Experiment;
    /// let text = "[training]\nlearning_rate = 1.0\nsteps = 8\nwarmup = 4\nschedule = 'cosine'";
    /// let experiment = Experiment::from_toml(text).expect("a valid file");
    /// let optimization = experiment.optimization_of(&experiment.variants[0]);
    /// assert_eq!([0, 3, 4].map(|step| optimization.rate(step)), [0.25, 1.0, 1.0]);
    /// assert!((optimization.rate(6) - 0.5).abs() < 1e-15);
    /// ```
    pub fn rate(&self, step: usize) -> f64 {
        if step < self.warmup {
            return self.learning_rate * ((step + 1) as f64 / self.warmup as f64);
        }
        match self.schedule {
            Schedule::Constant => self.learning_rate,
            Schedule::Cosine => {
                let part = (step - self.warmup) as f64 / (self.steps - self.warmup).max(1) as f64;
                self.learning_rate * (0.5 * (1.0 + libm::cos(PI * part.min(1.0))))
            }
        }
    }
}

impl Training {
    /// These keys with another optimizer: `momentum`, `beta1`, `beta2` and `epsilon` go where it
    /// does not take them.
    pub fn with_optimizer(self, optimizer: OptimizerKind) -> Self {
        let (has_momentum, has_moments) = (optimizer.has_momentum(), optimizer.has_moments());
        Self {
            optimizer: Some(optimizer),
            momentum: self.momentum.filter(|_| has_momentum),
            beta1: self.beta1.filter(|_| has_moments),
            beta2: self.beta2.filter(|_| has_moments),
            epsilon: self.epsilon.filter(|_| has_moments),
            ..self
        }
    }
}
