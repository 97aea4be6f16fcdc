//! What a set of examples makes of an experiment, and what is accepted of it.

use std::sync::Arc;

use super::examples::shuffle;
use super::validate::{check_hash, number_within, whole_within};
use super::{Data, DataSet, Examples, Experiment, ExperimentError, Loss, SetKind, Split, limits};

/// A batch of fewer examples is too small to learn from a set.
const FEW_EXAMPLES: usize = 8;
/// What it becomes.
const USUAL_BATCH: usize = 32;

impl DataSet {
    pub(super) fn validate(&self, experiment: &Experiment) -> Result<(), ExperimentError> {
        let set = self.set;
        let conflict = |key: &str| {
            let words =
                format!("data.{key} does not go with set = \"{}\": leave it out.", set.id());
            Err(ExperimentError::Conflict(words))
        };
        match (&self.path, set) {
            (None, SetKind::File) => return Err(ExperimentError::missing("data.path")),
            (Some(path), SetKind::File) if path.is_empty() => {
                return Err(ExperimentError::text("data.path", path));
            }
            (Some(_), SetKind::File) | (None, _) => {}
            (Some(_), _) => return conflict("path"),
        }
        match &self.sha256 {
            Some(_) if set != SetKind::File => return conflict("sha256"),
            Some(hash) => check_hash("data.sha256", hash)?,
            None => {}
        }
        if let Some(examples) = self.examples {
            if !set.is_generated() {
                return conflict("examples");
            }
            whole_within("data.examples", examples)?;
        }
        if let Some(noise) = self.noise {
            if !set.is_generated() {
                return conflict("noise");
            }
            number_within("data.noise", noise)?;
        }
        self.test.map_or(Ok(()), |test| number_within("data.test", test))?;
        let Some(count) = self.count() else { return Ok(()) };
        let (left, batch) =
            (count - self.held_out(count).min(count), experiment.architecture.batch);
        if batch > left {
            let accepted = format!("at most the {left} examples that are learned from");
            return Err(ExperimentError::value_of("architecture.batch", batch, accepted));
        }
        let loss = experiment.architecture.loss;
        if let Some([inputs, outputs]) = self.sizes(loss)? {
            let own = &experiment.architecture;
            for (key, found, fixed) in
                [("input", own.input, inputs), ("output", own.output, outputs)]
            {
                if found != fixed {
                    let accepted = format!("{fixed}, which data.set = \"{}\" fixes", set.id());
                    let key = format!("architecture.{key}");
                    return Err(ExperimentError::value_of(&key, found, accepted));
                }
            }
        }
        Ok(())
    }

    /// n_0 and n_L; nothing before a file is read.
    ///
    /// # Errors
    /// Labels that do not go with the loss.
    pub(super) fn sizes(&self, loss: Loss) -> Result<Option<[usize; 2]>, ExperimentError> {
        if let Some([inputs, classes]) = self.set.inputs_and_classes() {
            return Ok(Some([inputs, outputs(Some(classes), loss)]));
        }
        let Some(examples) = &self.loaded else { return Ok(None) };
        Ok(Some([examples.inputs, outputs(self.classes(examples, loss)?, loss)]))
    }

    /// How many classes the labels of the examples name; none where they are targets.
    fn classes(&self, examples: &Examples, loss: Loss) -> Result<Option<usize>, ExperimentError> {
        if let Some([_, classes]) = self.set.inputs_and_classes() {
            return Ok(Some(classes));
        }
        let top = match loss {
            Loss::Mse => return Ok(None),
            Loss::Bce => 1,
            Loss::SoftmaxCe => *limits::SOFTMAX_OUTPUT.end() - 1,
        };
        let is_label = |label: &f64| label.fract() == 0.0 && (0.0..=top as f64).contains(label);
        if let Some(row) = examples.targets.iter().position(|label| !is_label(label)) {
            return Err(ExperimentError::Conflict(format!(
                "data.path: the label {} of example {} is none with loss = \"{}\", which takes whole numbers from 0 to {top}.",
                examples.targets[row],
                row + 1,
                loss.id()
            )));
        }
        let most = examples.targets.iter().copied().fold(1.0, f64::max);
        Ok(Some(most as usize + 1))
    }
}

/// One output for two classes or a target, one for each class otherwise.
fn outputs(classes: Option<usize>, loss: Loss) -> usize {
    match classes {
        Some(classes) if classes > 2 || loss == Loss::SoftmaxCe => classes,
        _ => 1,
    }
}

impl Experiment {
    /// The examples of the set, in the order in which they are learned from first; nothing without
    /// a set, or before its file is read.
    ///
    /// What is held out, the seed decides.
    ///
    /// # Errors
    /// Labels that do not go with the loss.
    pub fn split(&self) -> Result<Option<Split>, ExperimentError> {
        let Some(set) = &self.data_set else { return Ok(None) };
        let Some(examples) = set.made(self.seed) else { return Ok(None) };
        let loss = self.architecture.loss;
        let outputs = outputs(set.classes(&examples, loss)?, loss);
        let count = examples.targets.len();
        let mut order: Vec<usize> = (0..count).collect();
        let held_out = set.held_out(count).min(count);
        if !set.is_four_points() {
            shuffle(&mut order, self.seed);
        }
        let mut x: Vec<Vec<f64>> =
            order.iter().map(|&row| row_of(&examples, row).to_vec()).collect();
        let y = |&row: &usize| {
            let target = examples.targets[row];
            match outputs {
                1 => vec![target],
                _ => {
                    (0..outputs).map(|class| f64::from(u8::from(class as f64 == target))).collect()
                }
            }
        };
        let mut y: Vec<Vec<f64>> = order.iter().map(y).collect();
        if set.standardize {
            standardize(&mut x, count - held_out);
        }
        let test = Data { x: x.split_off(count - held_out), y: y.split_off(count - held_out) };
        Ok(Some(Split { training: Data { x, y }, test }))
    }

    /// Whether the files that it names have been read.
    pub fn is_complete(&self) -> bool {
        let is_read = |set: &DataSet| set.set != SetKind::File || set.loaded.is_some();
        let is_given =
            |variant: &super::Variant| variant.weights_file.is_none() || variant.weights.is_some();
        self.data_set.as_ref().is_none_or(is_read) && self.variants.iter().all(is_given)
    }

    /// Forgets where numbers are from that have been changed or dropped since: what is written of
    /// the experiment is then the numbers themselves.
    pub fn forget_changed_sources(&mut self, before: &Self) {
        if self.data != before.data && self.data_set == before.data_set {
            self.data_set = None;
        }
        for (variant, before) in self.variants.iter_mut().zip(&before.variants) {
            let is_kept = variant.weights == before.weights && variant.biases == before.biases;
            if !is_kept && variant.weights_file == before.weights_file {
                variant.weights_file = None;
            }
        }
    }

    /// Learns from one of the sets that need no file, with its sizes, the loss that goes with its
    /// labels, and a batch of 32 examples where it was smaller than 8.
    ///
    /// ```
    /// use gradient_lab::experiment::{Experiment, Loss, SetKind};
    /// let mut experiment = Experiment::default();
    /// experiment.learn_from(SetKind::Digits);
    /// assert_eq!((experiment.sizes()[0], experiment.architecture.loss), (64, Loss::SoftmaxCe));
    /// assert!(experiment.validate().is_ok());
    /// ```
    ///
    /// # Panics
    /// With [`SetKind::File`], whose sizes are the file's.
    pub fn learn_from(&mut self, set: SetKind) {
        let [inputs, classes] = set.inputs_and_classes().expect("the set needs no file");
        let loss = if classes > 2 { Loss::SoftmaxCe } else { Loss::Bce };
        let architecture = &mut self.architecture;
        (architecture.input, architecture.output) = (inputs, outputs(Some(classes), loss));
        architecture.loss = loss;
        if architecture.batch < FEW_EXAMPLES {
            architecture.batch = USUAL_BATCH;
        }
        for variant in &mut self.variants {
            // The loss decides it.
            variant.output_activation = None;
            variant.exceptions.retain(|own| own.index <= architecture.depth());
        }
        self.data_set = Some(DataSet::of(set));
        self.take_examples();
        self.forget_misfits();
    }

    /// Takes what was read from the data's path, and its sizes.
    ///
    /// # Errors
    /// Labels that do not go with the loss.
    pub fn load_examples(&mut self, examples: Examples) -> Result<(), ExperimentError> {
        let loss = self.architecture.loss;
        let Some(set) = &mut self.data_set else { return Ok(()) };
        set.loaded = Some(Arc::new(examples));
        if let Some([inputs, outputs]) = set.sizes(loss)? {
            (self.architecture.input, self.architecture.output) = (inputs, outputs);
        }
        self.take_examples();
        Ok(())
    }

    /// Makes the first minibatch of the set the data of every other question. Nothing without a
    /// set, or where the setting does not go with it, which a check tells.
    pub fn take_examples(&mut self) {
        if self.data_set.is_none() {
            return;
        }
        let batch = self.architecture.batch;
        self.data = self.split().ok().flatten().map(|Split { mut training, .. }| {
            training.x.truncate(batch);
            training.y.truncate(batch);
            training
        });
    }
}

fn row_of(examples: &Examples, row: usize) -> &[f64] {
    &examples.x[row * examples.inputs..(row + 1) * examples.inputs]
}

/// Mean 0 and variance 1 of each input over the first `count` rows; an input that is always the
/// same becomes 0.
fn standardize(x: &mut [Vec<f64>], count: usize) {
    for input in 0..x.first().map_or(0, Vec::len) {
        let of = |row: &Vec<f64>| row[input];
        let mean = x[..count].iter().map(of).sum::<f64>() / count as f64;
        let variance = x[..count].iter().map(|row| (of(row) - mean).powi(2)).sum::<f64>();
        let std = (variance / count as f64).sqrt();
        let factor = if std > 0.0 { 1.0 / std } else { 0.0 };
        x.iter_mut().for_each(|row| row[input] = (row[input] - mean) * factor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Experiment, String> {
        Experiment::from_toml(text).map_err(|error| error.to_string())
    }

    #[test]
    fn sets_survive_the_file_and_fix_the_sizes() {
        for (data, input, output) in [
            ("set = 'xor'\nnoise = 0", 2, 1),
            ("set = 'spirals'\nexamples = 40\ntest = 0.25", 2, 1),
            ("set = 'digits'\nstandardize = true", 64, 10),
            ("set = 'circles'", 2, 1),
            ("set = 'clusters'\nnoise = 0.5", 2, 1),
        ] {
            let text = format!("[architecture]\nbatch = 4\nloss = 'bce'\n[data]\n{data}");
            let experiment = read(&text).expect("accepted");
            assert_eq!(
                (experiment.architecture.input, experiment.architecture.output),
                (input, output)
            );
            assert_eq!(experiment.data.as_ref().map(|data| data.x.len()), Some(4), "{data}");
            let again = experiment.to_toml();
            assert!(!again.contains("x ="), "{again}");
            assert_eq!(read(&again).expect("its own"), experiment, "{data}");
        }
        let softmax = read("[architecture]\nloss = 'softmax_ce'\n[data]\nset = 'xor'");
        assert_eq!(softmax.expect("accepted").architecture.output, 2);
    }

    #[test]
    fn the_four_points_are_those_of_the_exercise() {
        let xor =
            read("[architecture]\nbatch = 4\n[data]\nset = 'xor'\nnoise = 0.0").expect("accepted");
        let Data { x, y } = xor.data.expect("points");
        assert_eq!(x, [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
        assert_eq!(y, [[0.0], [1.0], [1.0], [0.0]]);
    }

    #[test]
    fn what_is_held_out_is_not_learned_from() {
        let digits =
            read("[architecture]\nloss = 'softmax_ce'\n[data]\nset = 'digits'").expect("accepted");
        let Split { training, test } = digits.split().expect("labels").expect("a set");
        assert_eq!((training.x.len(), test.x.len()), (1438, 359));
        assert!(training.y.iter().all(|y| y.iter().sum::<f64>() == 1.0));
        let standardized = Experiment {
            data_set: Some(DataSet { standardize: true, ..DataSet::of(SetKind::Digits) }),
            ..digits
        };
        let Split { training, .. } = standardized.split().expect("labels").expect("a set");
        let middle = |row: &Vec<f64>| row[20];
        let mean = training.x.iter().map(middle).sum::<f64>() / 1438.0;
        let square = training.x.iter().map(|row| middle(row).powi(2)).sum::<f64>() / 1438.0;
        assert!(mean.abs() < 1e-12 && (square - 1.0).abs() < 1e-12);
    }

    #[test]
    fn bad_sets_are_refused() {
        for (text, sentence) in [
            ("[data]\nset = 'moons'", "xor, circles, spirals, clusters, digits, file"),
            ("[data]\nset = 'xor'\nx = [[1.0]]", "exclude each other"),
            ("[data]\nset = 'file'", "data.path is missing"),
            ("[data]\nset = 'xor'\npath = 'a.csv'", "data.path does not go with set = \"xor\""),
            ("[data]\nset = 'digits'\nnoise = 0.1", "data.noise does not go"),
            ("[data]\nset = 'digits'\nsha256 = '12'", "data.sha256 does not go"),
            ("[data]\nset = 'file'\npath = 'a.csv'\nsha256 = '12'", "64 hexadecimal digits"),
            ("[data]\nset = 'xor'\nnoise = -1", "data.noise = -1 is not accepted"),
            ("[data]\nset = 'xor'\nexamples = 0", "data.examples = 0 is not accepted"),
            ("[data]\nset = 'xor'\ntest = 1.0", "data.test = 1 is not accepted"),
            ("[data]\nset = 'xor'\nsize = 3", "size"),
            ("[architecture]\ninput = 3\n[data]\nset = 'xor'", "2, which data.set = \"xor\" fixes"),
            ("[architecture]\nbatch = 500\n[data]\nset = 'xor'", "at most the 400 examples"),
        ] {
            let refusal = read(text).expect_err(text);
            assert!(refusal.contains(sentence), "{text}: {refusal}");
        }
    }
}
