//! What is accepted. A file, the command line and the window all pass through here.

use std::ops::RangeInclusive;

use super::{
    Architecture, Data, Draws, Experiment, ExperimentError, Init, Parameter, Scheme, Variant,
    limits,
};

type Checked = Result<(), ExperimentError>;

impl Experiment {
    /// Drops explicit weights, biases and data whose shapes no longer fit the sizes, so that
    /// a moved slider draws them. Returns whether anything was dropped.
    pub fn forget_misfits(&mut self) -> bool {
        let sizes = self.sizes();
        let mut dropped = false;
        for variant in &mut self.variants {
            let weights = variant.weights.as_ref().is_some_and(|weights| {
                check_layers("weights", weights.len(), sizes.len() - 1).is_err()
                    || weights
                        .iter()
                        .zip(sizes.windows(2))
                        .any(|(w, pair)| check_rows("weights", w, pair[1], pair[0]).is_err())
            });
            let biases = variant
                .biases
                .as_ref()
                .is_some_and(|biases| !biases.iter().map(Vec::len).eq(sizes[1..].iter().copied()));
            if weights {
                variant.weights = None;
            }
            if biases {
                variant.biases = None;
            }
            dropped |= weights || biases;
        }
        let misfit = |data: &Data| data.validate(&self.architecture).is_err();
        if self.data.as_ref().is_some_and(misfit) {
            self.data = None;
            dropped = true;
        }
        dropped
    }

    /// Checks every setting against its range.
    ///
    /// # Errors
    /// The first setting out of range, with its key, its value and what is accepted.
    pub fn validate(&self) -> Checked {
        if self.title.chars().count() > *limits::NAME_LETTERS.end() {
            return Err(ExperimentError::value("title", format!("{:?}", self.title)));
        }
        let seeds = match self.draws {
            Draws::Numpy => limits::NUMPY_SEED,
            Draws::Layered => limits::SEED,
        };
        within("seed", self.seed, &seeds)?;
        within("learning_rate", self.learning_rate, &limits::LEARNING_RATE)?;
        self.architecture.validate()?;
        if let Some(data) = &self.data {
            data.validate(&self.architecture)?;
        }
        self.validate_variants()
    }

    fn validate_variants(&self) -> Checked {
        if !limits::VARIANTS.contains(&self.variants.len()) {
            return Err(ExperimentError::value(
                "variant",
                format!("{} tables", self.variants.len()),
            ));
        }
        for (index, variant) in self.variants.iter().enumerate() {
            let key = format!("variant[{index}]");
            variant.validate(&key, &self.sizes())?;
            if self.variants[..index].iter().any(|other| other.name == variant.name) {
                return Err(ExperimentError::value(
                    &format!("{key}.name"),
                    format!("{:?}", variant.name),
                ));
            }
        }
        Ok(())
    }
}

impl Architecture {
    fn validate(&self) -> Checked {
        within("architecture.input", self.input, &limits::WIDTH)?;
        match &self.hidden {
            None => {
                within("architecture.depth", self.depth, &limits::DEPTH)?;
                within("architecture.width", self.width, &limits::WIDTH)?;
            }
            Some(hidden) => validate_hidden(hidden)?,
        }
        within("architecture.output", self.output, &limits::WIDTH)?;
        within("architecture.batch", self.batch, &limits::BATCH)?;
        self.validate_memory()
    }

    /// Weights of one network: Σ n_l n_{l−1}.
    pub fn weight_count(&self) -> u128 {
        self.sizes().windows(2).map(|pair| pair[0] as u128 * pair[1] as u128).sum()
    }

    fn validate_memory(&self) -> Checked {
        let weights = self.weight_count();
        if weights > limits::WEIGHTS as u128 {
            return Err(ExperimentError::TooLarge {
                what: "weights",
                needed: weights,
                most: limits::WEIGHTS,
                hint: self.width_that_fits(),
            });
        }
        let units: u128 = self.sizes().iter().map(|&n| n as u128).sum();
        let activations = units * self.batch as u128;
        if activations > limits::ACTIVATIONS as u128 {
            let batch = limits::ACTIVATIONS as u128 / units.max(1);
            return Err(ExperimentError::TooLarge {
                what: "activations",
                needed: activations,
                most: limits::ACTIVATIONS,
                hint: format!(" (a batch of {batch} would do)"),
            });
        }
        Ok(())
    }

    /// The largest width, and the largest depth, with which this architecture fits.
    fn width_that_fits(&self) -> String {
        if self.hidden.is_some() {
            return String::new();
        }
        let width = (limits::WEIGHTS as f64 / self.depth as f64).sqrt() * 0.99;
        let depth = limits::WEIGHTS as f64 / (self.width * self.width) as f64 * 0.99;
        format!(" (width {} or depth {} would do)", width as usize, (depth as usize).max(1))
    }
}

fn validate_hidden(hidden: &[usize]) -> Checked {
    if !limits::DEPTH.contains(&hidden.len()) {
        let value = format!("a list of {}", hidden.len());
        return Err(ExperimentError::value("architecture.hidden", value));
    }
    match hidden.iter().find(|size| !limits::WIDTH.contains(size)) {
        Some(size) => Err(ExperimentError::value("architecture.hidden", format!("[… {size} …]"))),
        None => Ok(()),
    }
}

impl Data {
    fn validate(&self, architecture: &Architecture) -> Checked {
        check_rows("data.x", &self.x, architecture.batch, architecture.input)?;
        check_rows("data.y", &self.y, architecture.batch, architecture.output)
    }
}

/// `rows` lists of `columns` numbers within [`limits::VALUE`].
fn check_rows(key: &str, lists: &[Vec<f64>], rows: usize, columns: usize) -> Checked {
    if lists.len() != rows {
        let value = format!("{} lists where {rows} belong", lists.len());
        return Err(ExperimentError::value(key, value));
    }
    for list in lists {
        if list.len() != columns {
            let value = format!("a list of {} where {columns} belong", list.len());
            return Err(ExperimentError::value(key, value));
        }
        if let Some(number) = list.iter().find(|number| !limits::VALUE.contains(number)) {
            return Err(ExperimentError::Value {
                key: super::error::in_words(key),
                value: number.to_string(),
                accepted: "numbers from -1e6 to 1e6".to_owned(),
            });
        }
    }
    Ok(())
}

impl Variant {
    fn validate(&self, key: &str, sizes: &[usize]) -> Checked {
        if !limits::NAME_LETTERS.contains(&self.name.chars().count()) {
            return Err(ExperimentError::value(&format!("{key}.name"), format!("{:?}", self.name)));
        }
        self.init.validate(&format!("{key}.init"))?;
        self.bias.validate(&format!("{key}.bias"))?;
        if !Scheme::FOR_BIAS.contains(&self.bias.scheme) {
            return Err(ExperimentError::Value {
                key: super::error::in_words(&format!("{key}.bias.scheme")),
                value: self.bias.scheme.id().to_owned(),
                accepted: "one of zeros, constant, normal, uniform, torch_default".to_owned(),
            });
        }
        self.validate_given(key, sizes)
    }

    fn validate_given(&self, key: &str, sizes: &[usize]) -> Checked {
        let layers = sizes.len() - 1;
        if let Some(weights) = &self.weights {
            check_layers(&format!("{key}.weights"), weights.len(), layers)?;
            for (matrix, pair) in weights.iter().zip(sizes.windows(2)) {
                check_rows(&format!("{key}.weights"), matrix, pair[1], pair[0])?;
            }
        }
        if let Some(biases) = &self.biases {
            check_layers(&format!("{key}.biases"), biases.len(), layers)?;
            for (vector, &size) in biases.iter().zip(&sizes[1..]) {
                check_rows(&format!("{key}.biases"), std::slice::from_ref(vector), 1, size)?;
            }
        }
        Ok(())
    }
}

fn check_layers(key: &str, given: usize, layers: usize) -> Checked {
    if given == layers {
        return Ok(());
    }
    Err(ExperimentError::value(key, format!("{given} layers where {layers} belong")))
}

impl Init {
    fn validate(&self, key: &str) -> Checked {
        let numbers = [
            (Parameter::Gain, "gain", self.gain, limits::SCALE),
            (Parameter::Std, "std", self.std, limits::SCALE),
            (Parameter::Bound, "bound", self.bound, limits::SCALE),
            (Parameter::Value, "value", self.value, limits::VALUE),
        ];
        for (parameter, name, number, range) in numbers {
            if let Some(number) = number {
                self.expects(parameter, key, name)?;
                within(&format!("{key}.{name}"), number, &range)?;
            }
        }
        if self.mode.is_some() {
            self.expects(Parameter::Mode, key, "mode")?;
        }
        if self.truncated {
            self.expects(Parameter::Truncated, key, "truncated")?;
        }
        Ok(())
    }

    fn expects(&self, parameter: Parameter, key: &str, name: &str) -> Checked {
        if self.scheme.takes(parameter) {
            return Ok(());
        }
        let takes: Vec<String> =
            self.scheme.parameters().iter().map(|p| format!("{p:?}").to_lowercase()).collect();
        let takes = if takes.is_empty() { "no parameter".to_owned() } else { takes.join(", ") };
        Err(ExperimentError::Conflict(format!(
            "{} does not go with the scheme {}: {} takes {takes}.",
            super::error::in_words(&format!("{key}.{name}")),
            self.scheme.id(),
            self.scheme.id(),
        )))
    }
}

/// Refuses what lies outside the range; NaN lies outside every range.
fn within<T: PartialOrd + std::fmt::Display>(
    key: &str,
    value: T,
    range: &RangeInclusive<T>,
) -> Checked {
    if range.contains(&value) { Ok(()) } else { Err(ExperimentError::value(key, value)) }
}
