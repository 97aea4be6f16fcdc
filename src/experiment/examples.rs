//! The examples of a set: generated, shipped, or read from a file.

use std::f64::consts::PI;
use std::io::Read as _;
use std::sync::{Arc, LazyLock};

use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_distr::{Distribution as _, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::data_set::{DataSet, Examples, SetKind};

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
    /// Whether it is XOR's four points themselves, none of which is held out.
    pub(super) fn is_four_points(&self) -> bool {
        self.set == SetKind::Xor && self.noise == Some(0.0)
    }

    /// How many there are, before a file is read none.
    pub(super) fn count(&self) -> Option<usize> {
        match self.set {
            SetKind::File => self.loaded.as_ref().map(|examples| examples.targets.len()),
            SetKind::Digits => Some(DIGITS.targets.len()),
            _ if self.is_four_points() => Some(4),
            _ => Some(self.examples.unwrap_or(DEFAULT_EXAMPLES)),
        }
    }

    /// How many of so many no step learns from.
    pub(super) fn held_out(&self, count: usize) -> usize {
        if self.is_four_points() {
            return 0;
        }
        (count as f64 * self.test.unwrap_or(DEFAULT_TEST)).round() as usize
    }

    /// All of them; none before a file is read.
    pub(super) fn made(&self, seed: u64) -> Option<Arc<Examples>> {
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
}

fn polar(radius: f64, angle: f64) -> [f64; 2] {
    [radius * libm::sin(angle), radius * libm::cos(angle)]
}

/// Fisher and Yates.
pub(super) fn shuffle(order: &mut [usize], seed: u64) {
    let mut stream = Xoshiro256PlusPlus::seed_from_u64(seed ^ STREAMS[1]);
    for last in (1..order.len()).rev() {
        let product = u128::from(stream.next_u64()) * (last as u128 + 1);
        order.swap(last, (product >> 64) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
