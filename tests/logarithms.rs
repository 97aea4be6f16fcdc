//! Random networks of absurd weights against a pass that knows only signs and logarithms.

mod helpers;

use gradient_lab::experiment::{Activation, Data, Experiment, LeakyRelu, Variant};
use rand::{RngExt as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;

type Rng = Xoshiro256PlusPlus;

/// A number as its sign and the natural logarithm of its magnitude; −∞ for zero.
type SignedLn = (f64, f64);

const ZERO: SignedLn = (1.0, f64::NEG_INFINITY);

fn of(number: f64) -> SignedLn {
    (1_f64.copysign(number), number.abs().ln())
}

fn product(a: SignedLn, b: SignedLn) -> SignedLn {
    (a.0 * b.0, a.1 + b.1)
}

fn sum(terms: impl IntoIterator<Item = SignedLn>) -> SignedLn {
    let terms: Vec<SignedLn> = terms.into_iter().collect();
    let top = terms.iter().map(|term| term.1).fold(f64::NEG_INFINITY, f64::max);
    if top == f64::NEG_INFINITY {
        return ZERO;
    }
    let sum: f64 = terms.iter().map(|(sign, ln)| sign * (ln - top).exp()).sum();
    (1_f64.copysign(sum), top + sum.abs().ln())
}

/// φ(z) and φ′(z).
fn phi(activation: Activation, z: SignedLn) -> (SignedLn, SignedLn) {
    let (sign, ln) = z;
    let size = ln.exp();
    let is_positive = sign > 0.0 && z != ZERO;
    let saturation = |scale: f64| -scale * size - 2.0 * (-scale * size).exp().ln_1p();
    match activation {
        Activation::Linear => (z, (1.0, 0.0)),
        Activation::Relu if is_positive => (z, (1.0, 0.0)),
        Activation::Relu => (ZERO, ZERO),
        Activation::LeakyRelu(_) if is_positive => (z, (1.0, 0.0)),
        Activation::LeakyRelu(LeakyRelu { slope }) => ((sign, ln + slope.ln()), of(slope)),
        Activation::Sigmoid => {
            let below = if sign > 0.0 { 0.0 } else { -size };
            ((1.0, below - (-size).exp().ln_1p()), (1.0, saturation(1.0)))
        }
        Activation::Tanh => {
            let value = if ln < -20.0 { ln } else { size.tanh().ln() };
            ((sign, value), (1.0, 4_f64.ln() + saturation(2.0)))
        }
        other => panic!("{} has no form in logarithms here", other.id()),
    }
}

/// log10 ‖δ^(l)‖ of layers 1…L for one example; −∞ for a true zero.
fn norms(experiment: &Experiment) -> Vec<f64> {
    let variant = &experiment.variants[0];
    let data = experiment.data.as_ref().expect("given");
    let (weights, biases) =
        (variant.weights.as_ref().expect("given"), variant.biases.as_ref().expect("given"));
    let layers = weights.len();
    let mut a: Vec<SignedLn> = data.x[0].iter().copied().map(of).collect();
    let mut slopes = Vec::new();
    for (l, (matrix, bias)) in weights.iter().zip(biases).enumerate() {
        let activation = experiment.activation_of(variant, l + 1);
        let entry = |(row, &bias): (&Vec<f64>, &f64)| {
            let products = row.iter().zip(&a).map(|(&w, &a)| product(of(w), a));
            phi(activation, sum(products.chain([of(bias)])))
        };
        let (next, slope): (Vec<_>, Vec<_>) = matrix.iter().zip(bias).map(entry).unzip();
        (a, _) = (next, slopes.push(slope));
    }
    let errors = a.iter().zip(&data.y[0]).map(|(&a, &y)| sum([a, of(-y)]));
    let mut delta: Vec<SignedLn> =
        errors.zip(&slopes[layers - 1]).map(|(e, &s)| product(e, s)).collect();
    let mut norms = vec![log10_norm(&delta)];
    for l in (0..layers - 1).rev() {
        let back = |(j, &slope): (usize, &SignedLn)| {
            let products = weights[l + 1].iter().zip(&delta);
            product(sum(products.map(|(row, &d)| product(of(row[j]), d))), slope)
        };
        delta = slopes[l].iter().enumerate().map(back).collect();
        norms.insert(0, log10_norm(&delta));
    }
    norms
}

fn log10_norm(vector: &[SignedLn]) -> f64 {
    0.5 * sum(vector.iter().map(|(_, ln)| (1.0, 2.0 * ln))).1 / std::f64::consts::LN_10
}

/// Zero, or of any size from 10^−150 to `largest`.
fn number(rng: &mut Rng, largest: f64) -> f64 {
    if rng.random_bool(0.2) {
        return 0.0;
    }
    let ordinary = rng.random_bool(0.5);
    let size = 10_f64.powf(rng.random_range(if ordinary { -1.0 } else { -150.0 }..largest));
    if rng.random_bool(0.5) { size } else { -size }
}

fn absurd(rng: &mut Rng, choices: &[Activation]) -> Experiment {
    let mut experiment = Experiment::default();
    experiment.architecture.input = 3;
    experiment.architecture.hidden = Some((0..8).map(|_| rng.random_range(1..=3)).collect());
    experiment.architecture.output = 2;
    let sizes = experiment.sizes();
    let largest = rng.random_range(0.0..6.0);
    let mut rows = |rows: usize, columns: usize| -> Vec<Vec<f64>> {
        (0..rows).map(|_| (0..columns).map(|_| number(rng, largest)).collect()).collect()
    };
    experiment.data = Some(Data { x: rows(1, 3), y: rows(1, 2) });
    let weights = sizes.windows(2).map(|pair| rows(pair[1], pair[0])).collect();
    let biases = sizes[1..].iter().flat_map(|&size| rows(1, size)).collect();
    let mut choose = || choices[rng.random_range(0..choices.len())];
    experiment.variants = vec![Variant {
        output_activation: Some(choose()),
        weights: Some(weights),
        biases: Some(biases),
        ..Variant::of(choose())
    }];
    experiment
}

fn check(experiment: &Experiment) {
    let layers = helpers::draw(experiment).variants.remove(0).layers;
    for (layer, expected) in layers.iter().zip(norms(experiment)) {
        if expected < -1e14 && expected.is_finite() {
            return; // Past every exponent, where the lab says “saturated”.
        }
        let log10 = layer.delta.log10().unwrap_or(f64::NEG_INFINITY);
        let is_near = log10 == expected || (log10 - expected).abs() < 1e-9 * (1.0 + expected.abs());
        assert!(is_near, "layer {}: {log10} {expected}\n{}", layer.layer, experiment.to_toml());
    }
}

#[test]
fn absurd_weights_agree_with_a_pass_in_logarithms() {
    let mut rng = Rng::seed_from_u64(16);
    let leaky = Activation::LeakyRelu(LeakyRelu::DEFAULT);
    for _ in 0..3000 {
        check(&absurd(&mut rng, &[Activation::Linear, Activation::Relu, leaky, Activation::Tanh]));
        let mut sigmoid = absurd(&mut rng, &[Activation::Sigmoid, Activation::Linear]);
        // A sigmoid below 10^−308 is carried as 0, which a target of exactly 0 would equal.
        sigmoid.data.iter_mut().flat_map(|data| &mut data.y[0]).for_each(|y| *y += 2.0);
        check(&sigmoid);
    }
}
