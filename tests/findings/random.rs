//! Random experiments: every activation, scheme, loss and precision, from one layer to two
//! hundred, of gains that vanish to gains that explode.

use std::ops::RangeInclusive;

use gradient_lab::experiment::{
    Activation, Architecture, Data, Draws, Experiment, FanMode, Init, LayerException, Loss,
    NormKind, Normalization, Parameter, Precision, Scheme, Skip, SkipScale, Variant,
};
use rand::{RngExt as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;

/// What a population of experiments may be like.
#[derive(Clone)]
pub struct Population {
    /// Hidden layers; their number is log-uniform.
    pub depth: RangeInclusive<usize>,
    /// Units of a layer, log-uniform.
    pub width: RangeInclusive<usize>,
    /// Examples, log-uniform.
    pub batch: RangeInclusive<usize>,
    /// Gains, log-uniform.
    pub gain: RangeInclusive<f64>,
}

impl Population {
    /// Depths to 200, widths to 64, batches to 32, gains from 1e-3 to 1e3.
    pub fn wide() -> Self {
        Self { depth: 1..=200, width: 1..=64, batch: 1..=32, gain: 1e-3..=1e3 }
    }

    /// The experiment with this number: the same on every machine.
    pub fn experiment(&self, number: u64) -> Experiment {
        let mut random = Random(Xoshiro256PlusPlus::seed_from_u64(number));
        let experiment = random.experiment(self, number);
        experiment.validate().unwrap_or_else(|error| panic!("{error}\n{experiment:?}"));
        experiment
    }

    /// The experiment with this number in which one to four layers are set up unlike the others,
    /// and in one of six the others' weights are the identity.
    pub fn with_exceptions(&self, number: u64) -> Experiment {
        let mut experiment = self.experiment(number);
        let mut random = Random(Xoshiro256PlusPlus::seed_from_u64(number + (1 << 40)));
        if random.chance(1.0 / 6.0) {
            experiment.variants[0].init = random.init(Scheme::Identity, self);
        }
        for _ in 0..random.0.random_range(1..=4) {
            let exception = random.exception(self, &experiment);
            let exceptions = &mut experiment.variants[0].exceptions;
            if exceptions.iter().all(|other| other.index != exception.index) {
                exceptions.push(exception);
            }
        }
        experiment.validate().unwrap_or_else(|error| panic!("{error}\n{experiment:?}"));
        experiment
    }
}

impl Population {
    /// The experiment with this number, normalized, with skips or with tied weights, as far as
    /// these go with the rest; in one of five with `lsuv`.
    pub fn with_remedies(&self, number: u64) -> Experiment {
        let mut experiment = self.experiment(number);
        let mut random = Random(Xoshiro256PlusPlus::seed_from_u64(number + (1 << 41)));
        let epsilons = [0.0, 1e-5, 1e-5, 0.1];
        let kinds = [None, Some(NormKind::Batch), Some(NormKind::Layer), Some(NormKind::Rms)];
        let skips = [None, Some(Skip::Post), Some(Skip::Pre), Some(Skip::PostNorm)];
        let scales = [SkipScale::Number(1.0), SkipScale::Number(0.0), SkipScale::InverseSqrtDepth];
        for _ in 0..20 {
            let mut changed = experiment.clone();
            let variant = &mut changed.variants[0];
            let epsilon = random.of(&epsilons);
            variant.normalization = random.of(&kinds).map(|kind| Normalization { kind, epsilon });
            variant.skip = random.of(&skips);
            if variant.skip.is_some() {
                variant.skip_scale = random.of(&scales);
            }
            variant.tied = random.chance(0.2);
            if random.chance(0.2) && variant.weights.is_none() {
                variant.init = Init::of(Scheme::Lsuv);
            }
            if changed.validate().is_ok() {
                experiment = changed;
                break;
            }
        }
        experiment
    }
}

struct Random(Xoshiro256PlusPlus);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0.random()
    }

    fn chance(&mut self, of: f64) -> bool {
        self.uniform() < of
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.0.random_range(0..all.len())]
    }

    fn log_uniform(&mut self, range: &RangeInclusive<f64>) -> f64 {
        let (low, high) = (range.start().ln(), range.end().ln());
        (low + self.uniform() * (high - low)).exp()
    }

    fn count(&mut self, range: &RangeInclusive<usize>) -> usize {
        let (low, high) = (*range.start(), *range.end());
        let number = self.log_uniform(&(low as f64..=high as f64 + 0.999));
        (number.floor() as usize).clamp(low, high)
    }

    fn experiment(&mut self, population: &Population, number: u64) -> Experiment {
        let loss = self.of(&Loss::ALL);
        let depth = self.count(&population.depth);
        let width = self.count(&population.width);
        let unequal = self.chance(0.25);
        let hidden =
            unequal.then(|| (0..depth).map(|_| self.count(&population.width)).collect::<Vec<_>>());
        let output = self.count(&(1..=(*population.width.end()).min(8)));
        let batch = if self.chance(0.5) { 1 } else { self.count(&population.batch) };
        let architecture = Architecture {
            input: self.count(&population.width),
            depth,
            width,
            hidden,
            output: if loss == Loss::SoftmaxCe { output.max(2) } else { output },
            loss,
            batch,
            precision: if self.chance(0.25) { Precision::F32 } else { Precision::F64 },
        };
        let variant = self.variant(population, loss);
        Experiment {
            title: format!("random {number}"),
            seed: self.0.random_range(0..=u64::from(u32::MAX)),
            draws: if self.chance(0.2) { Draws::Numpy } else { Draws::Layered },
            data: self.data(&architecture),
            architecture,
            variants: vec![variant],
            ..Experiment::default()
        }
    }

    /// Half of the parameters are the default.
    fn activation(&mut self) -> Activation {
        let activation = self.of(&Activation::ALL);
        match activation.parameter() {
            Some(parameter) if self.chance(0.5) => {
                let (low, high) = (*parameter.range.start(), *parameter.range.end());
                let number = self.log_uniform(&(low.max(1e-2)..=high.min(30.0)));
                activation.with_parameter(number)
            }
            _ => activation,
        }
    }

    fn variant(&mut self, population: &Population, loss: Loss) -> Variant {
        let mut variant = Variant::of(self.activation());
        if loss == Loss::Mse && self.chance(0.5) {
            variant.output_activation = Some(self.activation());
        }
        let scheme = self.of(&drawn_schemes());
        variant.init = self.init(scheme, population);
        if self.chance(0.4) {
            let scheme = self.of(&Scheme::FOR_BIAS);
            variant.bias =
                self.init(scheme, &Population { gain: 1e-2..=1e1, ..population.clone() });
        }
        variant
    }

    fn exception(&mut self, population: &Population, experiment: &Experiment) -> LayerException {
        let layers = experiment.layers();
        let mut own = LayerException::of(self.0.random_range(1..=layers));
        let is_free =
            own.index < layers || experiment.decides_output(&experiment.variants[0]).is_none();
        if is_free && self.chance(0.5) {
            own.activation = Some(self.of(&Activation::ALL));
        }
        if self.chance(0.3) {
            let scheme = self.of(&Scheme::FOR_BIAS);
            let gain = 1e-2..=1e1;
            own.bias = Some(self.init(scheme, &Population { gain, ..population.clone() }));
        }
        if own.is_empty() || self.chance(0.5) {
            let scheme = self.of(&excepted_schemes());
            own.init = Some(self.init(scheme, population));
        }
        own
    }

    /// Half of the gains are the scheme's own, half are anything.
    fn init(&mut self, scheme: Scheme, population: &Population) -> Init {
        let mut init = Init::of(scheme);
        if self.chance(0.5) {
            init.gain = Some(self.log_uniform(&population.gain));
        }
        init.std = Some(self.log_uniform(&(1e-2..=1e1)));
        init.bound = Some(self.log_uniform(&(1e-2..=1e1)));
        init.value = Some(self.uniform() * 4.0 - 2.0);
        init.mode = Some(self.of(&FanMode::ALL));
        init.truncated = scheme.takes(Parameter::Truncated) && self.chance(0.3);
        init.tidy();
        init
    }

    /// One in five has inputs and targets of its own, of any size.
    fn data(&mut self, architecture: &Architecture) -> Option<Data> {
        if !self.chance(0.2) {
            return None;
        }
        let size = self.log_uniform(&(1e-6..=1e3));
        let mut rows = |units: usize| -> Vec<Vec<f64>> {
            (0..architecture.batch)
                .map(|_| (0..units).map(|_| size * (2.0 * self.uniform() - 1.0)).collect())
                .collect()
        };
        let x = rows(architecture.input);
        let mut y = rows(architecture.output);
        for row in &mut y {
            match architecture.loss {
                Loss::Mse => {}
                Loss::Bce => row.iter_mut().for_each(|y| *y = f64::from(u8::from(*y > 0.0))),
                Loss::SoftmaxCe => {
                    let class = (row[0].abs() * 1e9) as usize % row.len();
                    row.iter_mut()
                        .enumerate()
                        .for_each(|(i, y)| *y = f64::from(u8::from(i == class)));
                }
            }
        }
        Some(Data { x, y })
    }
}

/// The schemes of the populations, as they were before there were one that is not drawn but for
/// zeros and constants, and one that looks at the data: a longer list would make every experiment
/// another.
fn drawn_schemes() -> Vec<Scheme> {
    let later = [Scheme::Identity, Scheme::Lsuv];
    Scheme::ALL.into_iter().filter(|scheme| !later.contains(scheme)).collect()
}

/// The schemes of exceptions, which were there before one that looks at the data.
fn excepted_schemes() -> Vec<Scheme> {
    Scheme::ALL.into_iter().filter(|scheme| *scheme != Scheme::Lsuv).collect()
}

/// The population reaches what it is meant to reach.
#[test]
fn every_choice_is_drawn() {
    let all: Vec<Experiment> = (0..2000).map(|n| Population::wide().experiment(n)).collect();
    let variants = || all.iter().map(|experiment| &experiment.variants[0]);
    let drawn = |id| variants().filter(|v| v.activation.id() == id).count();
    for activation in Activation::ALL {
        assert!(drawn(activation.id()) > 100, "{activation:?}");
    }
    for scheme in drawn_schemes() {
        assert!(variants().filter(|v| v.init.scheme == scheme).count() > 80, "{scheme:?}");
    }
    for loss in Loss::ALL {
        assert!(all.iter().filter(|e| e.architecture.loss == loss).count() > 400, "{loss:?}");
    }
    assert!(all.iter().any(|e| e.architecture.depth() == 200));
    assert!(all.iter().any(|e| e.architecture.batch == 32));
    assert_eq!(all[7], Population::wide().experiment(7));
}

/// The population with exceptions reaches every layer and every setting.
#[test]
fn every_exception_is_drawn() {
    let all: Vec<Experiment> = (0..1000).map(|n| Population::wide().with_exceptions(n)).collect();
    let count = |is: &dyn Fn(&LayerException, &Experiment) -> bool| {
        let own = |experiment: &&Experiment| {
            experiment.variants[0].exceptions.iter().any(|own| is(own, experiment))
        };
        all.iter().filter(own).count()
    };
    assert!(count(&|own, _| own.index == 1) > 200);
    assert!(count(&|own, experiment| own.index == experiment.layers()) > 200);
    assert!(count(&|own, _| own.activation.is_some()) > 400);
    assert!(count(&|own, _| own.bias.is_some()) > 200);
    for scheme in excepted_schemes() {
        assert!(count(&|own, _| own.init.is_some_and(|init| init.scheme == scheme)) > 30);
    }
}
