//! Random valid experiments survive the file, and leave numbers that mean something.

mod helpers;

use gradient_lab::experiment::{
    Activation, Architecture, Clip, Data, Draws, Experiment, FanMode, Init, LayerException, Loss,
    NormKind, Normalization, OptimizerKind, Parameter, Precision, Schedule, Scheme, Skip,
    SkipScale, Training, Variant, limits,
};
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;

type Rng = Xoshiro256PlusPlus;

fn one_of<T: Copy>(rng: &mut Rng, all: &[T]) -> T {
    all[rng.random_range(0..all.len())]
}

/// `some` half of the time.
fn maybe<T>(rng: &mut Rng, some: impl FnOnce(&mut Rng) -> T) -> Option<T> {
    rng.random_bool(0.5).then(|| some(rng))
}

/// From 0 to 10⁶, often at an end, and of every size between.
fn magnitude(rng: &mut Rng) -> f64 {
    match rng.random_range(0..8) {
        0 => 0.0,
        1 => *limits::SCALE.end(),
        2 => 5e-324,
        _ => 10_f64.powf(rng.random_range(-300.0..6.0)),
    }
}

fn number(rng: &mut Rng) -> f64 {
    if rng.random_bool(0.5) { magnitude(rng) } else { -magnitude(rng) }
}

fn init(rng: &mut Rng, schemes: &[Scheme]) -> Init {
    let scheme = one_of(rng, schemes);
    let mut init = Init::of(scheme);
    for parameter in scheme.parameters() {
        match parameter {
            Parameter::Gain => init.gain = maybe(rng, magnitude),
            Parameter::Std => init.std = maybe(rng, magnitude),
            Parameter::Bound => init.bound = maybe(rng, magnitude),
            Parameter::Value => init.value = maybe(rng, number),
            Parameter::Mode => init.mode = maybe(rng, |rng| one_of(rng, &FanMode::ALL)),
            Parameter::Truncated => init.truncated = rng.random_bool(0.5),
        }
    }
    init
}

/// Letters that a careless writer of files would trip over.
fn text(rng: &mut Rng, shortest: usize) -> String {
    let letters: Vec<char> = "aZ09 \"'\\\n\t#=[]{}.,‖δ⁽ˡ⁾‖😀é\u{7f}\r".chars().collect();
    let length = rng.random_range(shortest..=60);
    (0..length).map(|_| one_of(rng, &letters)).collect()
}

fn architecture(rng: &mut Rng) -> Architecture {
    let hidden = maybe(rng, |rng| {
        let depth = rng.random_range(1..=4);
        (0..depth).map(|_| rng.random_range(1..=5)).collect::<Vec<usize>>()
    });
    let plain = Architecture::default();
    // Beside `hidden`, depth and width mean nothing and are not written.
    let is_plain = hidden.is_none();
    Architecture {
        input: rng.random_range(1..=6),
        depth: if is_plain { rng.random_range(1..=5) } else { plain.depth },
        width: if is_plain { rng.random_range(1..=4) } else { plain.width },
        hidden,
        output: rng.random_range(2..=3),
        loss: one_of(rng, &Loss::ALL),
        batch: rng.random_range(1..=4),
        precision: one_of(rng, &Precision::ALL),
    }
}

fn rows(rng: &mut Rng, rows: usize, columns: usize) -> Vec<Vec<f64>> {
    (0..rows).map(|_| (0..columns).map(|_| number(rng)).collect()).collect()
}

/// With any parameter that is accepted.
fn activation(rng: &mut Rng) -> Activation {
    let activation = one_of(rng, &Activation::ALL);
    match activation.parameter() {
        Some(parameter) => activation.with_parameter(rng.random_range(parameter.range)),
        None => activation,
    }
}

fn variant(rng: &mut Rng, index: usize, sizes: &[usize]) -> Variant {
    let layers = sizes.windows(2);
    let weights = maybe(rng, |rng| layers.clone().map(|n| rows(rng, n[1], n[0])).collect());
    let biases = maybe(rng, |rng| layers.clone().flat_map(|n| rows(rng, 1, n[1])).collect());
    let name: String = format!("{index}{}", text(rng, 0)).chars().take(60).collect();
    Variant {
        name,
        activation: activation(rng),
        output_activation: maybe(rng, activation),
        init: init(rng, &Scheme::ALL),
        bias: init(rng, &Scheme::FOR_BIAS),
        normalization: None,
        skip: None,
        skip_scale: SkipScale::default(),
        clip: maybe(rng, |rng| {
            let limit = rng.random_range(1e-3..9.0);
            one_of(rng, &[Clip::Norm(limit), Clip::Value(limit)])
        }),
        training: maybe(rng, training),
        tied: false,
        weights,
        weights_file: None,
        biases,
        norms: Vec::new(),
        exceptions: exceptions(rng, sizes.len() - 1),
        shown: index == 0 || rng.random(),
    }
}

/// Any optimizer with keys that it takes.
fn training(rng: &mut Rng) -> Training {
    let optimizer = one_of(rng, &OptimizerKind::ALL);
    let decay = |rng: &mut Rng| rng.random_range(limits::DECAY);
    Training {
        optimizer: Some(optimizer),
        learning_rate: maybe(rng, magnitude),
        momentum: maybe(rng, decay).filter(|_| optimizer.has_momentum()),
        beta1: maybe(rng, decay).filter(|_| optimizer.has_moments()),
        beta2: maybe(rng, decay).filter(|_| optimizer.has_moments()),
        epsilon: maybe(rng, |rng| rng.random_range(limits::ADAM_EPSILON))
            .filter(|_| optimizer.has_moments()),
        weight_decay: maybe(rng, magnitude),
        steps: None,
        schedule: maybe(rng, |rng| one_of(rng, &Schedule::ALL)),
        warmup: maybe(rng, |rng| rng.random_range(0..=50)),
        loss_scale: None,
    }
}

/// Some layers, in any order.
fn exceptions(rng: &mut Rng, layers: usize) -> Vec<LayerException> {
    let mut exceptions: Vec<LayerException> = Vec::new();
    for _ in 0..rng.random_range(0..=3) {
        let own = LayerException {
            index: rng.random_range(1..=layers),
            activation: maybe(rng, |rng| one_of(rng, &Activation::ALL)),
            init: maybe(rng, |rng| init(rng, &Scheme::ALL)),
            bias: maybe(rng, |rng| init(rng, &Scheme::FOR_BIAS)),
        };
        if !own.is_empty() && exceptions.iter().all(|other| other.index != own.index) {
            exceptions.push(own);
        }
    }
    exceptions
}

fn random_experiment(rng: &mut Rng) -> Experiment {
    let architecture = architecture(rng);
    let sizes = architecture.sizes();
    let (batch, ends) = (architecture.batch, [sizes[0], sizes[sizes.len() - 1]]);
    let draws = one_of(rng, &Draws::ALL);
    let seed = match draws {
        Draws::Numpy => u64::from(rng.next_u32()),
        Draws::Layered => rng.next_u64() >> 1,
    };
    let variants = rng.random_range(limits::VARIANTS);
    let mut experiment = Experiment {
        title: text(rng, 0),
        seed,
        draws,
        learning_rate: maybe(rng, magnitude),
        architecture,
        data: maybe(rng, |rng| Data { x: rows(rng, batch, ends[0]), y: rows(rng, batch, ends[1]) }),
        data_set: None,
        // Which keys others than the optimizer's own go with, its variants decide.
        training: maybe(rng, |rng| Training {
            steps: maybe(rng, |rng| rng.random_range(50..=90)),
            optimizer: maybe(rng, |rng| one_of(rng, &OptimizerKind::ALL)),
            learning_rate: maybe(rng, magnitude),
            schedule: maybe(rng, |rng| one_of(rng, &Schedule::ALL)),
            ..Training::default()
        }),
        variants: (0..variants).map(|index| variant(rng, index, &sizes)).collect(),
    };
    obey_loss(&mut experiment);
    for index in 0..experiment.variants.len() {
        add_remedies(rng, &mut experiment, index);
    }
    experiment
}

/// Normalization, skip and shared weights that go with the rest.
fn add_remedies(rng: &mut Rng, experiment: &mut Experiment, index: usize) {
    let before = experiment.variants[index].clone();
    let variant = &mut experiment.variants[index];
    variant.normalization = maybe(rng, |rng| Normalization {
        kind: one_of(rng, &NormKind::ALL),
        epsilon: one_of(rng, &[0.0, 1e-5, 1e-300, 0.3]),
    });
    variant.skip = maybe(rng, |rng| one_of(rng, &Skip::ALL));
    if variant.skip.is_some() {
        let number = SkipScale::Number(number(rng));
        variant.skip_scale = one_of(rng, &[SkipScale::InverseSqrtDepth, number]);
    }
    variant.tied = rng.random();
    if experiment.validate().is_err() {
        experiment.variants[index] = before;
    }
}

/// The cross-entropies bring their own output activation, and targets that are probabilities.
fn obey_loss(experiment: &mut Experiment) {
    if experiment.architecture.loss != Loss::Mse {
        experiment.data = None;
        experiment.variants.iter_mut().for_each(|variant| variant.output_activation = None);
    }
    let output = experiment.layers();
    let decided = experiment.architecture.loss != Loss::Mse;
    for variant in &mut experiment.variants {
        if decided || variant.output_activation.is_some() {
            let own = variant.exceptions.iter_mut().filter(|own| own.index == output);
            own.for_each(|own| own.activation = None);
            variant.exceptions.retain(|own| !own.is_empty());
        }
    }
}

#[test]
fn random_valid_experiments_survive_the_file() {
    let mut rng = Rng::seed_from_u64(16);
    for _ in 0..1000 {
        let experiment = random_experiment(&mut rng);
        assert_eq!(experiment.validate(), Ok(()), "{experiment:#?}");
        let text = experiment.to_toml();
        assert_eq!(Experiment::from_toml(&text), Ok(experiment), "{text}");
    }
}

/// Gains from 5e-324 to 10^6, given weights of any size: whatever is accepted gives numbers
/// with a logarithm, or a zero with its cause.
#[test]
fn random_valid_experiments_leave_finite_numbers() {
    let mut rng = Rng::seed_from_u64(18);
    for _ in 0..1000 {
        let experiment = random_experiment(&mut rng);
        // Only a narrow format has activations that are infinite, of which there is no deviation.
        let narrow = experiment.architecture.precision.is_emulated();
        for variant in helpers::draw(&experiment).variants {
            assert!(narrow || variant.layers.iter().all(|layer| layer.activation_std.is_some()));
            let numbers = variant.layers.iter().flat_map(|layer| {
                [layer.delta, layer.weight_grad, layer.bias_grad]
                    .into_iter()
                    .chain(layer.activation_std)
            });
            let numbers = numbers.chain([variant.loss]).map(|number| number.log10());
            for log10 in numbers.chain(variant.profile.concat()) {
                assert!(log10.unwrap_or(0.0).is_finite(), "{log10:?}\n{}", experiment.to_toml());
            }
            for layer in &variant.layers {
                let is_explained = layer.delta.is_zero() == layer.zero.is_some();
                assert!(is_explained, "layer {}\n{}", layer.layer, experiment.to_toml());
            }
        }
    }
}
