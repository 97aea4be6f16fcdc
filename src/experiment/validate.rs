//! What is accepted. A file, the command line and the window all pass through here.

use super::{
    Activation, Architecture, Data, Draws, Experiment, ExperimentError, FileHash, Init, Parameter,
    Scheme, Variant, error, limits,
};

type Checked = Result<(), ExperimentError>;

impl Experiment {
    /// Drops explicit weights, biases and data whose shapes no longer fit the sizes, so that
    /// a moved slider draws them, and exceptions of layers that are no more; nothing while the sizes themselves are not accepted. Returns
    /// whether anything was dropped.
    pub fn forget_misfits(&mut self) -> bool {
        // Sizes that are refused are not written out: there may be 10^15 of them.
        if self.architecture.validate().is_err() {
            return false;
        }
        let sizes = self.sizes();
        let mut dropped = false;
        if self.data.is_none() {
            self.data_set = None;
        }
        for variant in &mut self.variants {
            if variant.weights.is_none() || variant.biases.is_none() {
                variant.weights_file = None;
            }
            let weights = variant.weights.as_ref().is_some_and(|weights| {
                check_length("weights", weights.len(), sizes.len() - 1, "layer").is_err()
                    || weights
                        .iter()
                        .zip(sizes.windows(2))
                        .any(|(w, pair)| check_rows("weights", w, pair[1], pair[0]).is_err())
            });
            let biases = variant
                .biases
                .as_ref()
                .is_some_and(|biases| !biases.iter().map(Vec::len).eq(sizes[1..].iter().copied()));
            if weights || biases {
                variant.weights_file = None;
            }
            if weights {
                variant.weights = None;
            }
            if biases {
                variant.biases = None;
            }
            // γ and β go with the weights that were learned with them.
            if variant.weights.is_none() || variant.normalization.is_none() {
                variant.norms.clear();
            }
            dropped |= weights || biases;
        }
        self.forget_loss_scales();
        dropped |= self.forget_lost_exceptions() | self.forget_lost_remedies();
        if self.data_set.as_ref().is_some_and(|set| set.validate(self).is_err()) {
            (self.data_set, self.data) = (None, None);
            dropped = true;
        }
        // Another batch, loss or seed makes other data of a set.
        self.take_examples();
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
            return Err(ExperimentError::text("title", &self.title));
        }
        let seeds = match self.draws {
            Draws::Numpy => limits::NUMPY_SEED,
            Draws::Layered => limits::SEED,
        };
        if !seeds.contains(&self.seed) {
            return Err(ExperimentError::value("seed", self.seed));
        }
        self.learning_rate.map_or(Ok(()), |rate| number_within("learning_rate", rate))?;
        self.architecture.validate()?;
        if let Some(set) = &self.data_set {
            set.validate(self)?;
        }
        if let Some(data) = &self.data {
            data.validate(&self.architecture)?;
        }
        self.validate_variants()?;
        self.validate_training()?;
        self.validate_loss()
    }

    fn validate_variants(&self) -> Checked {
        validate_variant_count(self.variants.len())?;
        if self.variants.iter().all(|variant| !variant.shown) {
            return Err(ExperimentError::value("variant[0].shown", "false".to_owned()));
        }
        for (index, variant) in self.variants.iter().enumerate() {
            let key = format!("variant[{index}]");
            variant.validate(&key, &self.sizes())?;
            if let Some(hash) = variant.weights_file.as_ref().and_then(|f| f.sha256.as_ref()) {
                check_hash(&format!("{key}.weights.sha256"), hash)?;
            }
            self.validate_exceptions(index)?;
            self.validate_remedies(index)?;
            if self.variants[..index].iter().any(|other| other.name == variant.name) {
                return Err(ExperimentError::text(&format!("{key}.name"), &variant.name));
            }
        }
        Ok(())
    }
}

pub(super) fn check_hash(key: &str, hash: &FileHash) -> Checked {
    if hash.is_valid() { Ok(()) } else { Err(ExperimentError::text(key, &hash.sha256)) }
}

impl Architecture {
    fn validate(&self) -> Checked {
        whole_within("architecture.input", self.input)?;
        match &self.hidden {
            None => {
                whole_within("architecture.depth", self.depth)?;
                whole_within("architecture.width", self.width)?;
            }
            Some(hidden) => validate_hidden(hidden)?,
        }
        whole_within("architecture.output", self.output)?;
        whole_within("architecture.batch", self.batch)?;
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
                advice: self.what_would_fit(),
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
                advice: format!("lower depth, width or batch (batch = {batch} would do)"),
            });
        }
        Ok(())
    }

    /// The largest width and the largest depth with which this architecture would fit.
    fn what_would_fit(&self) -> String {
        if self.hidden.is_some() {
            return "make architecture.hidden shorter or its layers smaller".to_owned();
        }
        let fits = |sizes: &Self| sizes.weight_count() <= limits::WEIGHTS as u128;
        let width = (1..self.width).rev().find(|&width| fits(&Self { width, ..self.clone() }));
        let depth = (1..self.depth).rev().find(|&depth| fits(&Self { depth, ..self.clone() }));
        let widths = width.map(|width| format!("width = {width}"));
        let depths = depth.map(|depth| format!("depth = {depth}"));
        let either: Vec<String> = widths.into_iter().chain(depths).collect();
        format!("lower depth or width ({} would do)", either.join(" or "))
    }
}

pub(super) fn validate_variant_count(variants: usize) -> Checked {
    if limits::VARIANTS.contains(&variants) {
        return Ok(());
    }
    Err(ExperimentError::shape("variant", count(variants, "table")))
}

fn validate_hidden(hidden: &[usize]) -> Checked {
    if !limits::DEPTH.contains(&hidden.len()) {
        let found = count(hidden.len(), "number");
        return Err(ExperimentError::shape("architecture.hidden", found));
    }
    match hidden.iter().position(|size| !limits::WIDTH.contains(size)) {
        None => Ok(()),
        Some(index) => {
            Err(ExperimentError::value(&format!("architecture.hidden[{index}]"), hidden[index]))
        }
    }
}

/// `1 table`, `7 tables`.
fn count(number: usize, of_what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {of_what}{plural}")
}

impl Data {
    fn validate(&self, architecture: &Architecture) -> Checked {
        check_rows("data.x", &self.x, architecture.batch, architecture.input)?;
        check_rows("data.y", &self.y, architecture.batch, architecture.output)
    }
}

/// `rows` lists of `columns` numbers within [`limits::VALUE`].
fn check_rows(key: &str, lists: &[Vec<f64>], rows: usize, columns: usize) -> Checked {
    check_length(key, lists.len(), rows, "list")?;
    for (index, list) in lists.iter().enumerate() {
        check_numbers(&format!("{key}[{index}]"), list, columns)?;
    }
    Ok(())
}

/// `length` numbers within [`limits::VALUE`].
fn check_numbers(key: &str, numbers: &[f64], length: usize) -> Checked {
    check_length(key, numbers.len(), length, "number")?;
    match numbers.iter().position(|number| !limits::VALUE.contains(number)) {
        None => Ok(()),
        Some(index) => Err(ExperimentError::value_of(
            &format!("{key}[{index}]"),
            numbers[index],
            limits::number(&limits::VALUE),
        )),
    }
}

fn check_length(key: &str, found: usize, expected: usize, of_what: &str) -> Checked {
    if found == expected {
        return Ok(());
    }
    let found = count(found, of_what);
    Err(ExperimentError::shape(key, format!("{found} where {expected} must stand")))
}

impl Variant {
    fn validate(&self, key: &str, sizes: &[usize]) -> Checked {
        if !limits::NAME_LETTERS.contains(&self.name.chars().count()) {
            return Err(ExperimentError::text(&format!("{key}.name"), &self.name));
        }
        self.activation.validate(&format!("{key}.activation"))?;
        if let Some(activation) = self.output_activation {
            activation.validate(&format!("{key}.output_activation"))?;
        }
        self.init.validate(&format!("{key}.init"))?;
        self.bias.validate_bias(&format!("{key}.bias"))?;
        self.validate_given(key, sizes)
    }

    fn validate_given(&self, key: &str, sizes: &[usize]) -> Checked {
        let layers = sizes.len() - 1;
        if let Some(weights) = &self.weights {
            let key = format!("{key}.weights");
            check_length(&key, weights.len(), layers, "layer")?;
            for (index, (matrix, pair)) in weights.iter().zip(sizes.windows(2)).enumerate() {
                check_rows(&format!("{key}[{index}]"), matrix, pair[1], pair[0])?;
            }
        }
        if let Some(biases) = &self.biases {
            let key = format!("{key}.biases");
            check_length(&key, biases.len(), layers, "layer")?;
            for (index, (vector, &size)) in biases.iter().zip(&sizes[1..]).enumerate() {
                check_numbers(&format!("{key}[{index}]"), vector, size)?;
            }
        }
        self.validate_norms(key, sizes)
    }

    fn validate_norms(&self, key: &str, sizes: &[usize]) -> Checked {
        for (place, norm) in self.norms.iter().enumerate() {
            let key = format!("{key}.norm[{place}]");
            let is_hidden = (1..sizes.len() - 1).contains(&norm.index);
            let is_first = self.norms[..place].iter().all(|other| other.index != norm.index);
            if !is_hidden || !is_first {
                let accepted = format!("each hidden layer, 1 to {}, at most once", sizes.len() - 2);
                return Err(ExperimentError::value_of(
                    &format!("{key}.index"),
                    norm.index,
                    accepted,
                ));
            }
            check_numbers(&format!("{key}.gamma"), &norm.gamma, sizes[norm.index])?;
            check_numbers(&format!("{key}.beta"), &norm.beta, sizes[norm.index])?;
        }
        let missing = match (&self.weights, self.normalization) {
            _ if self.norms.is_empty() => return Ok(()),
            (None, _) => "weights",
            (_, None) => "normalization",
            _ => return Ok(()),
        };
        Err(ExperimentError::Conflict(format!(
            "{} does not go without {missing}: leave it out, or set {missing}.",
            error::in_words(&format!("{key}.norm"))
        )))
    }
}

impl Init {
    /// Checks a law of biases, which are vectors.
    pub(super) fn validate_bias(&self, key: &str) -> Checked {
        self.validate(key)?;
        if Scheme::FOR_BIAS.contains(&self.scheme) {
            return Ok(());
        }
        let accepted = limits::one_of(Scheme::FOR_BIAS.map(Scheme::id));
        let scheme = format!("{:?}", self.scheme.id());
        Err(ExperimentError::value_of(&format!("{key}.scheme"), scheme, accepted))
    }

    pub(super) fn validate(&self, key: &str) -> Checked {
        let numbers = [
            (Parameter::Gain, "gain", self.gain),
            (Parameter::Std, "std", self.std),
            (Parameter::Bound, "bound", self.bound),
            (Parameter::Value, "value", self.value),
        ];
        for (parameter, name, number) in numbers {
            if let Some(number) = number {
                self.expects(parameter, key, name)?;
                number_within(&format!("{key}.{name}"), number)?;
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
        let takes = if takes.is_empty() { "no parameter".to_owned() } else { takes.join(" and ") };
        let key = error::in_words(&format!("{key}.{name}"));
        let scheme = self.scheme.id();
        Err(ExperimentError::Conflict(format!(
            "{key} does not go with scheme = \"{scheme}\", which takes {takes}."
        )))
    }
}

impl Activation {
    pub(super) fn validate(self, key: &str) -> Checked {
        let own = self.parameter();
        own.map_or(Ok(()), |own| number_within(&format!("{key}.{}", own.key), own.value))
    }
}

pub(super) fn number_within(key: &str, number: f64) -> Checked {
    within(key, number, number)
}

pub(super) fn whole_within(key: &str, number: usize) -> Checked {
    within(key, number as f64, number)
}

/// Refuses what lies outside the key's range; NaN lies outside every range.
fn within(key: &str, number: f64, shown: impl std::fmt::Display) -> Checked {
    let known = limits::accepted(&error::without_indices(key));
    let range = known.and_then(|known| known.range.as_ref());
    let range = range.unwrap_or_else(|| unreachable!("{key} is checked and has no range"));
    if range.contains(&number) { Ok(()) } else { Err(ExperimentError::value(key, shown)) }
}
