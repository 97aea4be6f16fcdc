//! What the keys of a training come to, and what is accepted of them.

use super::error::in_words;
use super::validate::{number_within, whole_within};
use super::{
    Experiment, ExperimentError, LossScaling, Optimization, OptimizerKind, Training, Variant,
};

type Checked = Result<(), ExperimentError>;

/// Updates where the file says nothing.
const DEFAULT_STEPS: usize = 2000;

/// A key with its value, and whether an optimizer takes it.
type OfSome = (&'static str, Option<f64>, fn(OptimizerKind) -> bool);

impl Training {
    /// The keys with numbers that only some optimizers take.
    fn of_some(&self) -> [OfSome; 4] {
        [
            ("momentum", self.momentum, OptimizerKind::has_momentum),
            ("beta1", self.beta1, OptimizerKind::has_moments),
            ("beta2", self.beta2, OptimizerKind::has_moments),
            ("epsilon", self.epsilon, OptimizerKind::has_moments),
        ]
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
        if let Some(LossScaling::Static(scale)) = self.loss_scale {
            let key = format!("{key}.loss_scale");
            number_within(&key, scale)?;
            if libm::exp2(libm::log2(scale).round()) != scale {
                let accepted = "a power of two from 1 to 32768, or \"dynamic\"".to_owned();
                return Err(ExperimentError::value_of(&key, scale, accepted));
            }
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
            loss_scale: own.loss_scale.or(all.loss_scale),
        }
    }

    /// Updates of a training.
    pub fn training_steps(&self) -> usize {
        self.training.and_then(|training| training.steps).unwrap_or(DEFAULT_STEPS)
    }

    /// Drops the loss scales where no narrow format needs one.
    pub(super) fn forget_loss_scales(&mut self) {
        if !self.architecture.precision.is_emulated() {
            let own = self.variants.iter_mut().filter_map(|variant| variant.training.as_mut());
            own.chain(self.training.as_mut()).for_each(|training| training.loss_scale = None);
        }
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
            let Optimization { warmup, steps, loss_scale, .. } = self.optimization_of(variant);
            if loss_scale.is_some() && !self.architecture.precision.is_emulated() {
                let own = variant.training.is_some_and(|own| own.loss_scale.is_some());
                let key = if own {
                    format!("{key}.loss_scale")
                } else {
                    "training.loss_scale".to_owned()
                };
                return Err(ExperimentError::Conflict(format!(
                    "{} does not go with architecture.precision = \"{}\": set the precision to \"fp16\" or \"bf16\", or leave it out.",
                    in_words(&key),
                    self.architecture.precision.id()
                )));
            }
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
