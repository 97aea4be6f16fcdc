//! Raw numbers of one network, exact and as a format stores them, and what they count to.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use gradient_lab::engine::{Format, Held, Network, Pass, Scaled};
use gradient_lab::experiment::{Activation, Experiment, Precision};
use gradient_lab::study::{DrawStudy, Rule, TaskContext};

/// δ over B (units × examples), ∂W and ∂b, row by row.
type Entries<T> = [Vec<T>; 3];

/// What is counted of one derivative of one layer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// Entries that are 0 and should not be.
    pub flushed: u64,
    /// Entries that should not be 0.
    pub of: u64,
    /// Entries that are infinite or no number.
    pub not_finite: u64,
}

/// What a format stores of every layer.
type StoredLayers = Rc<Vec<Entries<f32>>>;

pub struct Raw {
    network: Network<f64>,
    pass: Pass<f64>,
    pub exact: Vec<Entries<Scaled>>,
    forward: RefCell<HashMap<Format, Rc<Pass<f32>>>>,
    stored: RefCell<HashMap<(Format, i64), StoredLayers>>,
}

fn is_computed(format: Format) -> bool {
    matches!(format, Format::Fp32 | Format::Bf16 | Format::Fp16)
}

impl Raw {
    pub fn of(experiment: &Experiment) -> Self {
        let mut experiment = experiment.clone();
        experiment.architecture.precision = Precision::F64;
        let (variant, task) = (&experiment.variants[0], TaskContext::unattended());
        let network: Network<f64> =
            DrawStudy::new().network(&experiment, variant, &task).expect("nobody stops it");
        let pass = network.pass();
        let exact = (0..pass.layers.len()).map(|index| exact(&pass, index)).collect();
        Self { network, pass, exact, forward: RefCell::default(), stored: RefCell::default() }
    }

    /// The forward pass in a format.
    fn forward(&self, format: Format) -> Rc<Pass<f32>> {
        let make = || {
            let pass = self.network.emulated_forward(format, &mut || true);
            Rc::new(pass.expect("nobody stops it"))
        };
        self.forward.borrow_mut().entry(format).or_insert_with(make).clone()
    }

    fn stored(&self, format: Format, power: i64) -> Rc<Vec<Entries<f32>>> {
        if let Some(stored) = self.stored.borrow().get(&(format, power)) {
            return stored.clone();
        }
        let mut pass = (*self.forward(format)).clone();
        let done = self.network.emulated_backward(format, power, &mut pass, &mut || true);
        done.expect("nobody stops it");
        let layer = |index: usize| {
            let mut weight = Vec::new();
            let rows = pass.stored_weight_gradient(format, index, &mut |_, row| {
                weight.extend_from_slice(row);
                true
            });
            rows.expect("nobody stops it");
            let delta = pass.layers[index].stored()[2].iter().copied().collect();
            [delta, weight, pass.stored_bias_gradient(format, index)]
        };
        let stored = Rc::new((0..pass.layers.len()).map(layer).collect::<Vec<_>>());
        self.stored.borrow_mut().insert((format, power), stored.clone());
        stored
    }

    fn is_relu(&self, index: usize) -> bool {
        let is_output = index + 1 == self.exact.len();
        self.network.activation(index) == Activation::Relu
            && !(is_output && self.network.loss.cancels_slope())
    }

    /// Units × examples whose δ and whose a only the rounding of z switches off, or everything
    /// on the way forward.
    fn off(&self, format: Format, index: usize, forward: bool) -> (Vec<bool>, Vec<bool>) {
        let (exact, pass) = (&self.pass.layers[index], self.forward(format));
        let stored = &pass.layers[index];
        let no_slope = index + 1 == self.exact.len() && self.network.loss.cancels_slope();
        if forward {
            let slopes = stored.slope.iter().map(|slope| *slope == 0.0 && !no_slope);
            return (slopes.collect(), stored.stored()[1].iter().map(|a| *a == 0.0).collect());
        }
        let slopes = stored.slope.iter().zip(&exact.slope).zip(stored.stored()[0]);
        let relu = self.is_relu(index);
        let flip =
            |((s, exact), z): ((&f32, &f64), &f32)| relu && *s == 0.0 && *exact > 0.0 && *z < 0.0;
        let flips: Vec<bool> = slopes.map(flip).collect();
        (flips.clone(), flips)
    }

    /// Which entries are to be counted, for each derivative: those that are not 0, matter, and
    /// are not switched off by rounding.
    fn counted(&self, format: Format, index: usize, rule: Rule) -> [Vec<bool>; 3] {
        let batch = self.pass.input.batch();
        let mut counted = self.exact[index].each_ref().map(|entries| match rule {
            Rule::Entries => entries.iter().map(|entry| !entry.is_zero()).collect(),
            Rule::Norms | Rule::Backward => matters(entries, format),
        });
        if !is_computed(format) {
            return counted;
        }
        let off = |index: usize| self.off(format, index, rule == Rule::Backward);
        let own = off(index).0;
        let is_off = |flips: &[bool], row: usize, nonzero: &dyn Fn(usize) -> bool| {
            let mut places = (row * batch..(row + 1) * batch).filter(|place| nonzero(*place));
            let flipped: Vec<bool> = places.by_ref().map(|place| flips[place]).collect();
            !flipped.is_empty() && flipped.iter().all(|flip| *flip)
        };
        let (delta, input) = (&self.exact[index][0], self.pass.inputs_of(index));
        let ins = input.units();
        let below = index.checked_sub(1).map(|below| off(below).1);
        let columns: Vec<bool> = (0..ins)
            .map(|unit| {
                let nonzero = |place: usize| !input.entry(unit, place % batch).is_zero();
                below.as_ref().is_some_and(|below| is_off(below, unit, &nonzero))
            })
            .collect();
        for (place, flip) in own.iter().enumerate() {
            counted[0][place] &= !flip;
        }
        for row in 0..counted[2].len() {
            let off = is_off(&own, row, &|place| !delta[place].is_zero());
            counted[2][row] &= !off;
            for (column, flip) in columns.iter().enumerate() {
                counted[1][row * ins + column] &= !off && !flip;
            }
        }
        counted
    }

    /// What a format with a loss scale leaves of every layer.
    pub fn counts(&self, format: Format, power: i64, rule: Rule) -> Vec<[Counts; 3]> {
        let layer = |index: usize| {
            let counted = self.counted(format, index, rule);
            [0, 1, 2].map(|derivative| {
                let held: Vec<[bool; 2]> = if is_computed(format) {
                    let stored = self.stored(format, power);
                    let stored = stored[index][derivative].iter();
                    stored.map(|entry| [*entry == 0.0, !entry.is_finite()]).collect()
                } else {
                    let entries = self.exact[index][derivative].iter();
                    let scaled = entries.map(|entry| *entry * Scaled::new(1.0, power));
                    let held = scaled.map(|entry| format.hold(entry));
                    held.map(|held| [held == Held::Flushed, held == Held::Overflow]).collect()
                };
                let mut counts = Counts::default();
                for ([zero, not_finite], counted) in held.iter().zip(&counted[derivative]) {
                    counts.of += u64::from(*counted);
                    counts.flushed += u64::from(*counted && *zero);
                    counts.not_finite += u64::from(*not_finite);
                }
                counts
            })
        };
        (0..self.exact.len()).map(layer).collect()
    }

    pub fn output_is_flat(&self) -> bool {
        self.pass.layers.last().is_some_and(|last| last.slope.iter().all(|slope| *slope == 0.0))
    }

    pub fn first_forward_overflow(&self, format: Format) -> Option<usize> {
        let overflows = |index: usize| {
            if is_computed(format) {
                let pass = self.forward(format);
                let trace = &pass.layers[index];
                let [z, a, _] = trace.stored();
                let all = z.iter().chain(a).chain(&trace.slope);
                return all.into_iter().any(|entry| !entry.is_finite());
            }
            let trace = &self.pass.layers[index];
            let columns = (0..trace.z.batch()).flat_map(|b| [trace.z.column(b), trace.a.column(b)]);
            columns.flatten().any(|entry| format.hold(entry) == Held::Overflow)
        };
        (0..self.exact.len()).find(|index| overflows(*index)).map(|index| index + 1)
    }

    /// Layers whose norm, summed in the format, is 0 or infinite though δ is neither.
    pub fn norm_sums(&self, format: Format, infinite: bool) -> Vec<usize> {
        let (stored, batch) = (self.stored(format, 0), self.pass.input.batch());
        let round = |number: f32| format.round(f64::from(number)) as f32;
        let layer = |delta: &Vec<f32>| {
            let norm = |example: usize| {
                let entries = delta.iter().skip(example).step_by(batch);
                round(round(entries.map(|entry| round(entry * entry)).sum()).sqrt())
            };
            let norms: Vec<f32> = (0..batch).map(norm).collect();
            let is_there = delta.iter().all(|e| e.is_finite()) && delta.iter().any(|e| *e != 0.0);
            let lost = if infinite {
                norms.iter().any(|norm| !norm.is_finite())
            } else {
                norms.iter().all(|norm| *norm == 0.0)
            };
            is_there && lost
        };
        let layers =
            stored.iter().enumerate().filter(|(_, layer_entries)| layer(&layer_entries[0]));
        layers.map(|(index, _)| index + 1).collect()
    }

    /// Of the slopes (or the activations) of a layer that matter, those that a format flushes.
    pub fn forward_flush(&self, format: Format, slopes: bool, layer: usize) -> Counts {
        let (index, mut counts) = (layer - 1, Counts::default());
        let exact = &self.pass.layers[index];
        let delta = &self.exact[index][0];
        let mut count = |zero: bool| {
            counts.of += 1;
            counts.flushed += u64::from(zero);
        };
        if !is_computed(format) {
            for (slope, matters) in exact.slope.iter().zip(matters(delta, format)) {
                if matters {
                    count(format.round(*slope) == 0.0);
                }
            }
            return counts;
        }
        let pass = self.forward(format);
        let stored = &pass.layers[index];
        let (relu, batch) = (self.is_relu(index), stored.delta.batch());
        for ((unit, b), slope) in stored.slope.indexed_iter() {
            let is_off = relu && *slope == 0.0 && stored.stored()[0][[unit, b]] != 0.0;
            if slopes && !is_off && !delta[unit * batch + b].is_zero() {
                count(*slope == 0.0);
            }
            if !slopes && !is_off && !exact.a.entry(unit, b).is_zero() {
                count(stored.stored()[1][[unit, b]] == 0.0);
            }
        }
        counts
    }

    /// By how much the worst norm of a layer's δ or ∂W is off; nothing where one is lost.
    pub fn worst_norm(&self, format: Format, power: i64) -> Option<f64> {
        let stored = self.stored(format, power);
        let mut worst = 1.0_f64;
        for (stored, exact) in stored.iter().zip(&self.exact) {
            for derivative in [0, 1] {
                let scaled = |e: &f32| Scaled::new(f64::from(*e), -power);
                if !stored[derivative].iter().all(|entry| entry.is_finite()) {
                    return None;
                }
                let kept = norm(stored[derivative].iter().map(scaled));
                let exact = norm(exact[derivative].iter().copied());
                match (kept.log10(), exact.log10()) {
                    (None, None) => {}
                    (Some(kept), Some(exact)) => {
                        worst = worst.max(10_f64.powf((kept - exact).abs()));
                    }
                    _ => return None,
                }
            }
        }
        Some(worst)
    }
}

fn norm(entries: impl Iterator<Item = Scaled>) -> Scaled {
    entries.fold(Scaled::ZERO, |sum, entry| sum + entry * entry).sqrt()
}

fn exact(pass: &Pass<f64>, index: usize) -> Entries<Scaled> {
    let trace = &pass.layers[index];
    let (units, batch) = (trace.delta.units(), trace.delta.batch());
    let examples: Vec<Vec<Scaled>> = (0..batch).map(|b| trace.delta.column(b)).collect();
    let input = pass.inputs_of(index);
    let share = Scaled::from(1.0 / batch as f64);
    let mean = |terms: &mut dyn Iterator<Item = Scaled>| terms.sum::<Scaled>() * share;
    let mut entries = [Vec::new(), Vec::new(), Vec::new()];
    let mut sums: Vec<Scaled> = Vec::new();
    for unit in 0..units {
        entries[0].extend(examples.iter().map(|example| example[unit] * share));
        for column in 0..input.units() {
            let mut terms = examples.iter().enumerate();
            let mut terms =
                terms.by_ref().map(|(b, example)| example[unit] * input.entry(column, b));
            sums.push(mean(&mut terms));
        }
    }
    // Where examples cancel, what is left depends on the order of the sum: the lab's own.
    let rows = pass.exact_weight_gradient(index, &mut |_, row| {
        entries[1].extend_from_slice(row);
        true
    });
    rows.expect("nobody stops it");
    entries[2] = pass.exact_bias_gradient(index);
    let largest = norm(sums.iter().copied());
    for (own, sum) in entries[1].iter().zip(&sums) {
        let log10 = |number: Scaled| number.log10().unwrap_or(f64::NEG_INFINITY);
        // Exact to the last digits, or left over where larger terms cancel.
        let may_be_off = log10(*sum).max(log10(largest)) - 9.0;
        assert!(log10(*own - *sum) <= may_be_off, "{own:?} {sum:?}");
    }
    entries
}

/// Which entries are not among the faintest, told apart by powers of two, that together are less
/// of the norm than a format's rounding of it.
fn matters(entries: &[Scaled], format: Format) -> Vec<bool> {
    let power = |entry: &Scaled| entry.exponent() - i64::from(entry.mantissa().abs() == 0.5);
    let mut squares: BTreeMap<i64, Scaled> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| !entry.is_zero()) {
        let sum = squares.entry(power(entry)).or_default();
        *sum += *entry * *entry;
    }
    let total = squares.values().fold(Scaled::ZERO, |sum, square| sum + *square);
    let negligible = total * Scaled::new(1.0, -2 * (format.mantissa_bits() + 1));
    let mut deeper = Scaled::ZERO;
    let first = squares.iter().find(|(_, square)| {
        deeper += **square;
        (deeper - negligible).mantissa() > 0.0
    });
    let first = first.map_or(i64::MAX, |(power, _)| *power);
    entries.iter().map(|entry| !entry.is_zero() && power(entry) >= first).collect()
}
