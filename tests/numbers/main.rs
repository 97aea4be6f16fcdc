//! Every number true, however small beside others: passes against one that carries each entry's
//! own exponent.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod cases;
mod oracle;

use gradient_lab::engine::{DrawCache, FromDraws, Network, Real, Scaled, Signal};
use gradient_lab::experiment::{
    Activation, Architecture, Data, Experiment, Init, Loss, Precision, Scheme, Variant,
};
use oracle::Bounded;
use rand::{RngExt as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Small networks of weights, biases and inputs from 1e-6 to 1e6, some of them 0.
struct Nets(Xoshiro256PlusPlus);

impl Nets {
    fn chance(&mut self, of: f64) -> bool {
        self.0.random::<f64>() < of
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.0.random_range(0..all.len())]
    }

    /// ±10^u with u uniform in ±`decades`; a share of `zeros`.
    fn number(&mut self, Law { decades, zeros }: Law) -> f64 {
        let size = 10_f64.powf(decades * (2.0 * self.0.random::<f64>() - 1.0));
        let sign = if self.chance(0.5) { 1.0 } else { -1.0 };
        if self.chance(zeros) { 0.0 } else { sign * size }
    }

    fn rows(&mut self, rows: usize, columns: usize, law: Law) -> Vec<Vec<f64>> {
        (0..rows).map(|_| (0..columns).map(|_| self.number(law)).collect()).collect()
    }

    /// Weights that keep units of growing and of fading signals apart, but for a few crossings.
    fn lanes(&mut self, sizes: &[usize], law: Law) -> Vec<Vec<Vec<f64>>> {
        let lanes: Vec<f64> = (0..4).map(|_| 12.0 * self.0.random::<f64>() - 6.0).collect();
        let crossing = Law { zeros: 0.9, ..law };
        let mut weights: Vec<_> =
            sizes.windows(2).map(|n| self.rows(n[1], n[0], crossing)).collect();
        for matrix in &mut weights {
            for (unit, row) in matrix.iter_mut().enumerate() {
                if let Some(weight) = row.get_mut(unit) {
                    let sign = if self.chance(0.8) { 1.0 } else { -1.0 };
                    *weight = sign * 10_f64.powf(lanes[unit] * self.0.random::<f64>());
                }
            }
        }
        weights
    }

    fn experiment(&mut self) -> Experiment {
        let loss = self.one_of(&[Loss::Mse, Loss::Mse, Loss::Bce, Loss::SoftmaxCe]);
        let lanes = self.chance(0.3);
        let depths: &[usize] = if lanes { &[4, 10, 25, 60] } else { &[1, 1, 2, 2, 3, 4, 6, 25] };
        let depth = self.one_of(depths);
        let width = self.0.random_range(2..=4);
        let hidden: Vec<usize> =
            (0..depth).map(|_| if lanes { width } else { self.0.random_range(1..=4) }).collect();
        let least = if loss == Loss::SoftmaxCe { 2 } else { 1 };
        let (input, output) = (self.0.random_range(1..=3), self.0.random_range(least..=3));
        let batch = self.one_of(&[1, 1, 2, 3]);
        let mut variant = Variant::of(self.one_of(&Activation::ALL));
        if loss == Loss::Mse {
            variant.output_activation = Some(self.one_of(&Activation::ALL));
        }
        let law =
            Law { decades: self.one_of(&[0.5, 2.0, 6.0, 6.0]), zeros: self.one_of(&[0.1, 0.6]) };
        let sizes: Vec<usize> = [&[input][..], &hidden, &[output]].concat();
        if lanes {
            variant.weights = Some(self.lanes(&sizes, law));
        } else if self.chance(0.8) {
            let pairs = sizes.windows(2);
            variant.weights = Some(pairs.map(|n| self.rows(n[1], n[0], law)).collect());
        } else {
            let std = self.number(law).abs();
            variant.init = Init { std: Some(std), ..Init::of(Scheme::Normal) };
        }
        if self.chance(if lanes { 0.1 } else { 0.5 }) {
            let biases = sizes[1..].iter().map(|&n| self.rows(1, n, law).remove(0));
            variant.biases = Some(biases.collect());
        }
        let mut y = self.rows(batch, output, Law { decades: 1.0, zeros: 0.2 });
        for row in &mut y {
            let class = self.0.random_range(0..output);
            match loss {
                Loss::Mse => {}
                Loss::Bce => row.iter_mut().for_each(|y| *y = f64::from(u8::from(*y > 0.0))),
                Loss::SoftmaxCe => row
                    .iter_mut()
                    .enumerate()
                    .for_each(|(i, y)| *y = f64::from(u8::from(i == class))),
            }
        }
        let x = self.rows(batch, input, law);
        Experiment {
            seed: self.0.random_range(0..1000),
            architecture: Architecture {
                input,
                hidden: Some(hidden),
                output,
                loss,
                batch,
                ..Architecture::default()
            },
            data: Some(Data { x, y }),
            variants: vec![variant],
            ..Experiment::default()
        }
    }
}

/// How large and how many of a network's numbers are.
#[derive(Clone, Copy)]
struct Law {
    decades: f64,
    zeros: f64,
}

/// Entries compared, those of them that are known to three digits and more, and those of these
/// that a mantissa cannot hold beside their column's largest.
#[derive(Debug, Default)]
struct Count {
    all: usize,
    sharp: usize,
    underflowed: usize,
    /// The experiment at work.
    toml: String,
}

impl Count {
    fn check(&mut self, what: impl Fn() -> String, lab: Scaled, truth: Bounded) {
        let toml = || self.toml.clone();
        assert!(truth.admits(lab), "{}: {lab:?} for {truth:?} in\n{}", what(), toml());
        self.all += 1;
        self.sharp += usize::from(truth.is_sharp());
    }

    /// Counts the entries of a column that are right though no mantissa holds them.
    fn note_underflow<T: Real>(&mut self, signal: &Signal<T>, example: usize, truth: &[Bounded]) {
        let Some(top) = signal.largest(example) else { return };
        let lost = |truth: &&Bounded| {
            truth.is_sharp() && truth.value.exponent() - top.exponent() < T::SMALLEST_EXPONENT
        };
        self.underflowed += truth.iter().filter(lost).count();
    }
}

/// Every z, a, δ and ∂W of one experiment in one precision.
fn compare<T: Real + FromDraws>(experiment: &Experiment, count: &mut Count) {
    count.toml = experiment.to_toml();
    let (variant, mut cache) = (&experiment.variants[0], DrawCache::new());
    let network = Network::<T>::build(experiment, variant, &mut cache, &mut || true)
        .expect("nobody stops it");
    let pass = network.pass();
    let batch = network.input.batch();
    let truth: Vec<_> = (0..batch).map(|example| oracle::pass(&network, example)).collect();
    let softmax = network.loss == Loss::SoftmaxCe;
    for (index, trace) in pass.layers.iter().enumerate() {
        let last = index + 1 == pass.layers.len();
        for (example, truth) in truth.iter().enumerate() {
            let truth = &truth[index];
            count.note_underflow(&trace.z, example, &truth.z);
            count.note_underflow(&trace.a, example, &truth.a);
            count.note_underflow(&trace.delta, example, &truth.delta);
            for unit in 0..trace.z.units() {
                let at = |name: &'static str| {
                    move || format!("{name} of unit {unit}, layer {}, {example}", index + 1)
                };
                count.check(at("z"), trace.z.entry(unit, example), truth.z[unit]);
                if !(last && softmax) {
                    count.check(at("a"), trace.a.entry(unit, example), truth.a[unit]);
                }
                count.check(at("δ"), trace.delta.entry(unit, example), truth.delta[unit]);
            }
        }
        let gradient = pass.weight_gradient(index);
        let (rows, columns) = gradient.dim();
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |c| (row, c))) {
            let input = |example: usize| match index.checked_sub(1) {
                None => oracle::given(network.input.get(column, example)),
                Some(below) => truth[example][below].a[column],
            };
            let pairs = (0..batch).map(|b| (truth[b][index].delta[row], input(b)));
            let what = || format!("∂W^({})[{row}, {column}]", index + 1);
            count.check(what, gradient.get(row, column), oracle::weight_gradient(pairs));
        }
    }
}

#[test]
fn two_thousand_nets_have_every_entry_in_both_precisions() {
    let mut nets = Nets(Xoshiro256PlusPlus::seed_from_u64(6));
    let (mut double, mut single) = (Count::default(), Count::default());
    for _ in 0..2000 {
        let mut experiment = nets.experiment();
        experiment.validate().unwrap_or_else(|error| panic!("{error}\n{experiment:?}"));
        compare::<f64>(&experiment, &mut double);
        experiment.architecture.precision = Precision::F32;
        compare::<f32>(&experiment, &mut single);
    }
    // The others are true zeros, or lie where rounding decides.
    for count in [double, single] {
        assert!(count.sharp > count.all / 4 && count.all > 200_000, "{count:?}");
        assert!(count.underflowed > 500, "{count:?}");
    }
}
