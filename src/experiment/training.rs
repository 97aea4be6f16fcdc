//! How variants learn: optimizers, schedules, clipping, and the keys of `[training]`.

use std::f64::consts::PI;

use serde::de::{Deserialize, Deserializer, Error};
use serde::{Deserialize as DeriveDeserialize, Serialize};

use super::error::in_words;
use super::tables::optional_word;
use super::validate::{number_within, whole_within};
use super::{Experiment, ExperimentError, Variant};

type Checked = Result<(), ExperimentError>;

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

impl Clip {
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

        match super::tables::table(deserializer)? {
            Keys { norm: Some(limit), value: None } => Ok(Self::Norm(limit)),
            Keys { norm: None, value: Some(limit) } => Ok(Self::Value(limit)),
            Keys { .. } => Err(Error::custom("one of norm and value")),
        }
    }
}

/// The keys of `[training]` and of `[variant.training]`; what is absent has its default, or in a
/// variant what `[training]` says. Ask [`Experiment::optimization_of`].
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

/// Updates where the file says nothing.
const DEFAULT_STEPS: usize = 2000;

impl Training {
    /// The keys with numbers that only some optimizers take: each with its value and whether an
    /// optimizer takes it.
    fn of_some(&self) -> [(&'static str, Option<f64>, fn(OptimizerKind) -> bool); 4] {
        [
            ("momentum", self.momentum, OptimizerKind::has_momentum),
            ("beta1", self.beta1, OptimizerKind::has_moments),
            ("beta2", self.beta2, OptimizerKind::has_moments),
            ("epsilon", self.epsilon, OptimizerKind::has_moments),
        ]
    }

    /// The same with another rule, without the keys that this one does not take.
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

    /// Checks the ranges, and that one of the `optimizers` that follow the table takes each key.
    fn validate(&self, key: &str, optimizers: &[OptimizerKind]) -> Checked {
        let numbers = [("learning_rate", self.learning_rate), ("weight_decay", self.weight_decay)];
        let some = self.of_some().map(|(name, number, _)| (name, number));
        for (name, number) in numbers.into_iter().chain(some) {
            number.map_or(Ok(()), |number| number_within(&format!("{key}.{name}"), number))?;
        }
        for (name, number) in [("steps", self.steps), ("warmup", self.warmup)] {
            number.map_or(Ok(()), |number| whole_within(&format!("{key}.{name}"), number))?;
        }
        for (name, number, takes) in self.of_some() {
            if number.is_some() && !optimizers.iter().any(|&optimizer| takes(optimizer)) {
                let those = OptimizerKind::ALL.into_iter().filter(|&optimizer| takes(optimizer));
                let those: Vec<String> = those.map(|o| format!("\"{}\"", o.id())).collect();
                return Err(ExperimentError::Conflict(format!(
                    "{} does not go with optimizer = \"{}\": only {} take it.",
                    in_words(&format!("{key}.{name}")),
                    optimizers.first().copied().unwrap_or_default().id(),
                    those.join(" and "),
                )));
            }
        }
        Ok(())
    }
}

impl Experiment {
    /// How a variant learns: its own keys, then those of `[training]`, then the defaults. η is,
    /// where neither table has it, an explicit top-level learning rate.
    pub fn optimization_of(&self, variant: &Variant) -> Optimization {
        let all = self.training.unwrap_or_default();
        let own = variant.training.unwrap_or_default();
        let optimizer = own.optimizer.or(all.optimizer).unwrap_or_default();
        let rate = own.learning_rate.or(all.learning_rate).or(self.learning_rate);
        let momentum = own.momentum.or(all.momentum).unwrap_or(0.9);
        Optimization {
            optimizer,
            learning_rate: rate.unwrap_or(optimizer.default_rate()),
            momentum: if optimizer.has_momentum() { momentum } else { 0.0 },
            betas: [
                own.beta1.or(all.beta1).unwrap_or(0.9),
                own.beta2.or(all.beta2).unwrap_or(0.999),
            ],
            epsilon: own.epsilon.or(all.epsilon).unwrap_or(1e-8),
            weight_decay: own.weight_decay.or(all.weight_decay).unwrap_or(0.0),
            steps: self.training_steps(),
            schedule: own.schedule.or(all.schedule).unwrap_or_default(),
            warmup: own.warmup.or(all.warmup).unwrap_or(0),
            clip: variant.clip,
        }
    }

    /// Updates of a training.
    pub fn training_steps(&self) -> usize {
        self.training.and_then(|training| training.steps).unwrap_or(DEFAULT_STEPS)
    }

    pub(super) fn validate_training(&self) -> Checked {
        let optimizer = |variant| self.optimization_of(variant).optimizer;
        let optimizers: Vec<OptimizerKind> = self.variants.iter().map(optimizer).collect();
        if let Some(training) = &self.training {
            training.validate("training", &optimizers)?;
        }
        for (index, variant) in self.variants.iter().enumerate() {
            let key = format!("variant[{index}].training");
            if let Some(own) = &variant.training {
                own.validate(&key, &optimizers[index..=index])?;
                if own.steps.is_some() {
                    let key = in_words(&format!("{key}.steps"));
                    return Err(ExperimentError::Conflict(format!(
                        "{key} is none of a variant's own keys: all variants take the same steps. Set training.steps."
                    )));
                }
            }
            if let Some(clip) = variant.clip {
                let (name, limit) = clip.key_and_limit();
                number_within(&format!("variant[{index}].clip.{name}"), limit)?;
            }
            let Optimization { warmup, steps, .. } = self.optimization_of(variant);
            if warmup > steps {
                let own = variant.training.is_some_and(|own| own.warmup.is_some());
                let key = if own { format!("{key}.warmup") } else { "training.warmup".to_owned() };
                let accepted = format!("at most the {steps} steps of the training");
                return Err(ExperimentError::value_of(&key, warmup, accepted));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Experiment, String> {
        Experiment::from_toml(text).map_err(|error| error.to_string())
    }

    #[test]
    fn training_survives_the_file() {
        for text in [
            "[training]\noptimizer = 'adamw'\nbeta1 = 0.8\nsteps = 7\nweight_decay = 0.1",
            "[training]\nschedule = 'cosine'\nwarmup = 3\n[[variant]]\nclip = { norm = 1.0 }",
            "[[variant]]\nclip = { value = 0.5 }\n[variant.training]\noptimizer = 'nesterov'\nmomentum = 0",
            "learning_rate = 0.5\n[training]",
        ] {
            let experiment = read(text).expect("accepted");
            assert_eq!(read(&experiment.to_toml()).expect("its own"), experiment, "{text}");
        }
        let plain = Experiment::default().to_toml();
        for key in ["training", "clip", "learning_rate"] {
            assert!(!plain.contains(key), "today's files stay as they are");
        }
    }

    #[test]
    fn a_variant_s_own_keys_come_first() {
        let text = "learning_rate = 0.3\n[training]\nbeta2 = 0.99\nsteps = 9\noptimizer = 'momentum'\n[[variant]]\n[[variant]]\ntraining = { optimizer = 'adam', learning_rate = 0.002 }";
        let experiment = read(text).expect("accepted");
        let [sgd, adam] = [0, 1].map(|i| experiment.optimization_of(&experiment.variants[i]));
        assert_eq!((sgd.learning_rate, sgd.momentum, sgd.steps), (0.3, 0.9, 9));
        assert_eq!((adam.learning_rate, adam.momentum, adam.betas), (0.002, 0.0, [0.9, 0.99]));
        let rate = |text| {
            let experiment = read(text).expect("accepted");
            experiment.optimization_of(&experiment.variants[0]).learning_rate
        };
        assert_eq!(rate(""), 0.01);
        assert_eq!(rate("[training]\noptimizer = 'adam'"), 0.001);
        assert_eq!(rate("learning_rate = 0.5\n[training]\noptimizer = 'adam'"), 0.5);
    }

    #[test]
    fn bad_training_is_refused_with_what_is_accepted() {
        for (text, sentence) in [
            ("[training]\noptimizer = 'lion'", "sgd, momentum, nesterov, adam, adamw"),
            ("[training]\nsteps = 0", "a whole number from 1 to 10000000"),
            ("[training]\nmomentum = 2", "training.momentum = 2 is not accepted"),
            ("[training]\nmomentum = 0.5", "does not go with optimizer = \"sgd\""),
            ("[training]\noptimizer = 'adam'\nbeta1 = 1", "a number from 0 to 0.999999"),
            ("[training]\nweight_decay = -1", "training.weight_decay = -1"),
            ("[training]\nlearning_rate = nan", "learning_rate = NaN"),
            ("[training]\nschedule = 'step'", "\"constant\" or \"cosine\""),
            ("[training]\nsteps = 5\nwarmup = 6", "at most the 5 steps"),
            ("[training]\nrate = 1", "rate"),
            ("training = 3", "training = 3 is not accepted: it takes a table"),
            ("[[variant]]\ntraining = { steps = 3 }", "Set training.steps"),
            ("[[variant]]\ntraining = { beta1 = 0.5 }", "variant 1, training.beta1 does not go"),
            ("[[variant]]\nclip = 1.0", "{ norm = 1.0 }"),
            ("[[variant]]\nclip = { norm = 1.0, value = 1.0 }", "{ norm = 1.0 }"),
            ("[[variant]]\nclip = { norm = 0 }", "variant 1, clip.norm = 0 is not accepted"),
            ("[[variant]]\nclip = { l2 = 1 }", "l2"),
        ] {
            let refusal = read(text).expect_err(text);
            assert!(refusal.contains(sentence), "{text}: {refusal}");
        }
    }
}
