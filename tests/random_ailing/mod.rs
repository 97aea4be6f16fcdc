//! Random networks whose gradients vanish, explode or die.

use gradient_lab::experiment::{
    Activation, Architecture, Draws, Experiment, Init, Loss, NormKind, Normalization, Scheme, Skip,
    Variant,
};
use gradient_lab::study::{TaskContext, Verdict, measure};
use rand::seq::IndexedRandom as _;
use rand::{Rng, RngExt as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Networks on which a random one is found to ail.
const SEEDS: u32 = 100;

/// Ailing networks, one after the other, each with one variant.
pub fn ailing(seed: u64) -> impl Iterator<Item = Experiment> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let any = std::iter::repeat_with(move || network(&mut rng));
    any.filter(|experiment| experiment.validate().is_ok() && ails(experiment))
}

fn ails(experiment: &Experiment) -> bool {
    let task = TaskContext::unattended();
    let measured = measure(experiment, SEEDS, &task).expect("nobody stops it");
    matches!(Verdict::of(&measured), Verdict::Vanishes | Verdict::Explodes | Verdict::Dead)
}

fn network(rng: &mut impl Rng) -> Experiment {
    let depth = rng.random_range(4..=40);
    let width = rng.random_range(10..=64);
    let hidden =
        rng.random_bool(0.3).then(|| (0..depth).map(|_| rng.random_range(10..=64)).collect());
    Experiment {
        title: "Ailing".to_owned(),
        seed: rng.random_range(0..1000),
        draws: Draws::Layered,
        architecture: Architecture {
            input: rng.random_range(4..=32),
            depth,
            width,
            hidden,
            output: rng.random_range(2..=10),
            loss: *Loss::ALL.choose(rng).expect("some"),
            batch: if rng.random_bool(0.7) { 1 } else { 4 },
            ..Architecture::default()
        },
        variants: vec![variant(rng)],
        ..Experiment::default()
    }
}

fn variant(rng: &mut impl Rng) -> Variant {
    let schemes: Vec<Scheme> = Scheme::ALL
        .into_iter()
        .filter(|scheme| Init::of(*scheme).unit_law().is_random() && *scheme != Scheme::Lsuv)
        .collect();
    let scheme = *schemes.choose(rng).expect("some");
    let mut init = Init::of(scheme);
    init.gain = rng.random_bool(0.5).then(|| scheme.default_gain() * rng.random_range(0.3..3.0));
    init.std = (scheme == Scheme::Normal).then(|| rng.random_range(0.01..0.5));
    init.bound = (scheme == Scheme::Uniform).then(|| rng.random_range(0.02..0.8));
    let std = rng.random_range(0.05..1.0);
    let bias = Init { std: Some(std), ..Init::of(Scheme::Normal) };
    let activation = *Activation::ALL.choose(rng).expect("some");
    Variant {
        init,
        bias: if rng.random_bool(0.3) { bias } else { Init::of(Scheme::Zeros) },
        output_activation: rng.random_bool(0.5).then_some(Activation::Linear),
        normalization: [None, None, None, Some(NormKind::Layer), Some(NormKind::Batch)]
            .choose(rng)
            .expect("some")
            .map(Normalization::of),
        skip: *[None, None, None, Some(Skip::Post), Some(Skip::Pre)].choose(rng).expect("some"),
        ..Variant::of(activation)
    }
}
