//! Sets of examples: generated, shipped, or read from a file.

use std::f64::consts::PI;
use std::io::Read as _;
use std::sync::{Arc, LazyLock};

use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_distr::{Distribution as _, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

use super::tables::word;
use super::validate::{number_within, whole_within};
use super::{Data, Experiment, ExperimentError, Loss, limits};

/// Which examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetKind {
    /// Clouds at the corners of a square, opposite ones of one class.
    Xor,
    /// A circle of radius 1 around one of ½.
    Circles,
    /// Two spirals of one and three quarter turns.
    Spirals,
    /// Clouds at (1, 1) and (−1, −1).
    Clusters,
    /// Handwritten digits, 8 × 8 grey levels from 0 to 1.
    Digits,
    /// A file's rows.
    File,
}

impl SetKind {
    /// Every set.
    pub const ALL: [Self; 6] =
        [Self::Xor, Self::Circles, Self::Spirals, Self::Clusters, Self::Digits, Self::File];

    /// The name in files.
    pub fn id(self) -> &'static str {
        match self {
            Self::Xor => "xor",
            Self::Circles => "circles",
            Self::Spirals => "spirals",
            Self::Clusters => "clusters",
            Self::Digits => "digits",
            Self::File => "file",
        }
    }

    /// One sentence for a list.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Xor => {
                "clouds at the corners of the unit square; with noise = 0 its four corners"
            }
            Self::Circles => "a circle of radius 1 around one of 0.5",
            Self::Spirals => "two spirals of 1.75 turns, radius up to 1",
            Self::Clusters => "clouds at (1, 1) and (-1, -1)",
            Self::Digits => "1,797 handwritten digits of 8 × 8 grey levels (UCI, CC BY 4.0)",
            Self::File => {
                "the rows of the CSV file at path: the last column is the label or target"
            }
        }
    }

    fn is_generated(self) -> bool {
        !matches!(self, Self::Digits | Self::File)
    }

    /// n_0 and the number of classes; none for a file.
    pub(super) fn inputs_and_classes(self) -> Option<[usize; 2]> {
        match self {
            Self::File => None,
            Self::Digits => Some([64, 10]),
            _ => Some([2, 2]),
        }
    }
}

/// The keys of `[data]` with a set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSet {
    /// Which examples.
    #[serde(deserialize_with = "word")]
    pub set: SetKind,
    /// Where a file's rows are, relative to the experiment's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// How many are generated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub examples: Option<usize>,
    /// The standard deviation of what is added to each generated input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<f64>,
    /// The share that no step learns from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<f64>,
    /// Whether inputs get mean 0 and variance 1 over the examples that are learned from.
    #[serde(default, skip_serializing_if = "is_false")]
    pub standardize: bool,
    /// What was read from `path`.
    #[serde(skip)]
    pub loaded: Option<Arc<Examples>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// Examples with one label or target each.
#[derive(Clone, Debug, PartialEq)]
pub struct Examples {
    /// n_0 numbers a row.
    pub inputs: usize,
    /// Row by row.
    pub x: Vec<f64>,
    /// One a row: the number of its class, from 0, or what is to be met.
    pub targets: Vec<f64>,
}

/// Examples that are learned from, and those that are held out.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// Learned from.
    pub training: Data,
    /// Held out; may be none.
    pub test: Data,
}

/// Generated examples where the file does not say.
const DEFAULT_EXAMPLES: usize = 500;
/// Noise where the file does not say.
const DEFAULT_NOISE: f64 = 0.1;
/// The test share where the file does not say.
const DEFAULT_TEST: f64 = 0.2;
/// Names the stream of generated sets, and that of what is held out.
const STREAMS: [u64; 2] = [0x6461_7461_5f73_6574, 0x6865_6c64_5f6f_7574];

/// The UCI optical digits, as scikit-learn packages them: 64 grey levels from 0 to 16 and a label.
static DIGITS: LazyLock<Arc<Examples>> = LazyLock::new(|| {
    let packed = include_bytes!("../../assets/digits.csv.gz");
    let mut text = String::new();
    let read = flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut text);
    read.expect("the shipped file is whole: a test reads it");
    let mut examples = Examples { inputs: 64, x: Vec::new(), targets: Vec::new() };
    for line in text.lines() {
        let numbers: Vec<f64> = line.split(',').filter_map(|number| number.parse().ok()).collect();
        let (label, levels) = numbers.split_last().expect("the shipped file has no empty line");
        examples.x.extend(levels.iter().map(|level| level / 16.0));
        examples.targets.push(*label);
    }
    Arc::new(examples)
});

impl DataSet {
    /// A set with what the file leaves out.
    pub fn of(set: SetKind) -> Self {
        Self {
            set,
            path: None,
            examples: None,
            noise: None,
            test: None,
            standardize: false,
            loaded: None,
        }
    }

    /// Whether it is XOR's four points themselves, none of which is held out.
    fn is_four_points(&self) -> bool {
        self.set == SetKind::Xor && self.noise == Some(0.0)
    }

    fn count(&self) -> Option<usize> {
        match self.set {
            SetKind::File => self.loaded.as_ref().map(|examples| examples.targets.len()),
            SetKind::Digits => Some(DIGITS.targets.len()),
            _ if self.is_four_points() => Some(4),
            _ => Some(self.examples.unwrap_or(DEFAULT_EXAMPLES)),
        }
    }

    fn held_out(&self, count: usize) -> usize {
        if self.is_four_points() {
            return 0;
        }
        (count as f64 * self.test.unwrap_or(DEFAULT_TEST)).round() as usize
    }

    fn made(&self, seed: u64) -> Option<Arc<Examples>> {
        match self.set {
            SetKind::File => self.loaded.clone(),
            SetKind::Digits => Some(DIGITS.clone()),
            _ => Some(Arc::new(self.generated(seed))),
        }
    }

    fn generated(&self, seed: u64) -> Examples {
        let count = self.count().unwrap_or(0);
        let noise = self.noise.unwrap_or(DEFAULT_NOISE);
        let mut stream = Xoshiro256PlusPlus::seed_from_u64(seed ^ STREAMS[0]);
        let (mut x, mut targets) = (Vec::new(), Vec::new());
        for example in 0..count {
            let class = example % 2;
            let (point, class) = match self.set {
                SetKind::Xor => {
                    let corner = [(example / 2 % 2) as f64, class as f64];
                    (corner, usize::from(corner[0] != corner[1]))
                }
                SetKind::Circles => {
                    let angle = 2.0 * PI * stream.random::<f64>();
                    (polar([1.0, 0.5][class], angle), class)
                }
                SetKind::Spirals => {
                    let way = (example / 2) as f64 / count.div_ceil(2) as f64;
                    (polar(way, 3.5 * PI * way + PI * class as f64), class)
                }
                _ => ([[1.0, -1.0][class]; 2], class),
            };
            for coordinate in point {
                let normal: f64 = StandardNormal.sample(&mut stream);
                x.push(coordinate + noise * normal);
            }
            targets.push(class as f64);
        }
        Examples { inputs: 2, x, targets }
    }

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

fn polar(radius: f64, angle: f64) -> [f64; 2] {
    [radius * libm::sin(angle), radius * libm::cos(angle)]
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

/// Fisher and Yates.
fn shuffle(order: &mut [usize], seed: u64) {
    let mut stream = Xoshiro256PlusPlus::seed_from_u64(seed ^ STREAMS[1]);
    for last in (1..order.len()).rev() {
        let product = u128::from(stream.next_u64()) * (last as u128 + 1);
        order.swap(last, (product >> 64) as usize);
    }
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
    fn the_digits_are_whole() {
        assert_eq!((DIGITS.targets.len(), DIGITS.x.len()), (1797, 1797 * 64));
        assert!(DIGITS.x.iter().all(|level| (0.0..=1.0).contains(level)));
        let of_each: Vec<usize> = (0..10)
            .map(|digit| DIGITS.targets.iter().filter(|&&label| label == f64::from(digit)).count())
            .collect();
        // As the description beside scikit-learn's file has it.
        assert_eq!(of_each, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
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
            ("[data]\nset = 'xor'\nnoise = -1", "data.noise = -1 is not accepted"),
            ("[data]\nset = 'xor'\nexamples = 0", "data.examples = 0 is not accepted"),
            ("[data]\nset = 'xor'\ntest = 1.0", "data.test = 1.0 is not accepted"),
            ("[data]\nset = 'xor'\nsize = 3", "size"),
            ("[architecture]\ninput = 3\n[data]\nset = 'xor'", "2, which data.set = \"xor\" fixes"),
            ("[architecture]\nbatch = 500\n[data]\nset = 'xor'", "at most the 400 examples"),
        ] {
            let refusal = read(text).expect_err(text);
            assert!(refusal.contains(sentence), "{text}: {refusal}");
        }
    }
}
