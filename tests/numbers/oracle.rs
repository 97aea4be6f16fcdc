//! A pass written entry by entry, every number with an exponent of its own and with a bound of
//! what rounding may do to it: no entry is excused for being small beside others.

use std::f64::consts::{FRAC_1_SQRT_2, LN_2, PI};

use gradient_lab::engine::{Network, Real, Scaled};
use gradient_lab::experiment::{Activation, Elu, LeakyRelu, Loss, Sine};

/// Roundings that one operation may cost, generously.
const ROUNDINGS: f64 = 8.0;

/// A number, and how far rounding in the pass's precision may take it.
#[derive(Clone, Copy, Debug)]
pub struct Bounded {
    pub value: Scaled,
    pub error: Scaled,
}

impl Bounded {
    fn exact(value: f64) -> Self {
        Self { value: value.into(), error: Scaled::ZERO }
    }

    /// Whether the number is known to some digits.
    pub fn is_sharp(&self) -> bool {
        !self.value.is_zero() && !exceeds(self.error * 1e3, size(self.value))
    }

    /// Whether a number may be this one.
    pub fn admits(&self, number: Scaled) -> bool {
        !exceeds(size(number - self.value), self.error)
    }
}

pub fn size(number: Scaled) -> Scaled {
    Scaled::new(number.mantissa().abs(), number.exponent())
}

pub fn exceeds(a: Scaled, b: Scaled) -> bool {
    (a - b).mantissa() > 0.0
}

fn larger(a: Scaled, b: Scaled) -> Scaled {
    if exceeds(a, b) { a } else { b }
}

/// Σ terms and added, each rounded.
fn sum(epsilon: f64, terms: &[(f64, Bounded)], added: f64) -> Bounded {
    let (mut value, mut error) = (Scaled::from(added), Scaled::ZERO);
    let mut sizes = size(value);
    for (weight, term) in terms {
        let product = term.value * (*weight);
        value += product;
        sizes += size(product);
        error += term.error * weight.abs();
    }
    let rounding = ROUNDINGS * epsilon * (terms.len() + 2) as f64;
    Bounded { value, error: (error + sizes * rounding) }
}

/// Between these φ and φ′ of every activation only rise or only fall, up to a little that the
/// factor 2 is for.
const TURNS: [f64; 7] = [-2.4, -1.41, -1.278, -0.7518, 0.0, 1.41, 2.4];

/// f(z), of which plain arithmetic computes parts as large as `parts`.
fn applied(epsilon: f64, f: &dyn Fn(Scaled) -> Scaled, z: Bounded, parts: Scaled) -> Bounded {
    applied_steep(epsilon, f, z, parts, 0.0)
}

/// The same of an f that turns anywhere, but is nowhere steeper than `steepest`.
fn applied_steep(
    epsilon: f64,
    f: &dyn Fn(Scaled) -> Scaled,
    z: Bounded,
    parts: Scaled,
    steepest: f64,
) -> Bounded {
    let value = f(z.value);
    let ends = [z.value + z.error, z.value - z.error];
    let inside = TURNS.map(Scaled::from).into_iter().filter(|turn| z.admits(*turn));
    let moved = ends.into_iter().chain(inside).map(|z| size(f(z) - value));
    let error = larger(moved.fold(Scaled::ZERO, larger) * 2.0, z.error * steepest);
    let rounding = (parts + size(value)) * (ROUNDINGS * epsilon);
    Bounded { value, error: (error + rounding) }
}

fn product(epsilon: f64, a: Bounded, b: Bounded) -> Bounded {
    let value = a.value * b.value;
    let error = size(a.value) * b.error + (size(b.value) + b.error) * a.error;
    Bounded { value, error: (error + size(value) * (ROUNDINGS * epsilon)) }
}

/// One layer of one example.
pub struct Layer {
    pub z: Vec<Bounded>,
    pub a: Vec<Bounded>,
    pub delta: Vec<Bounded>,
}

/// The pass of one example.
pub fn pass<T: Real>(network: &Network<T>, example: usize) -> Vec<Layer> {
    let column = |units: usize| 0..units;
    let x = column(network.input.units()).map(|unit| network.input.get(unit, example).to_f64());
    let mut a: Vec<Bounded> = x.map(Bounded::exact).collect();
    let mut layers: Vec<Layer> = Vec::new();
    for (index, activation) in network.activations().enumerate() {
        let weight = network.weight(index);
        let z: Vec<Bounded> = weight
            .rows()
            .into_iter()
            .enumerate()
            .map(|(unit, row)| {
                let terms: Vec<_> = row.iter().copied().zip(a.iter().copied()).collect();
                let bias =
                    network.dense(index).bias.as_ref().map_or(0.0, |bias| bias[unit].to_f64());
                sum(T::EPSILON, &terms, bias)
            })
            .collect();
        let phi = |z: Scaled| value(activation, z);
        let steepest = omega(activation);
        let phi = |&z: &Bounded| applied_steep(T::EPSILON, &phi, z, Scaled::ZERO, steepest);
        a = z.iter().map(phi).collect();
        layers.push(Layer { z, a: a.clone(), delta: Vec::new() });
    }
    let y: Vec<f64> = column(network.target.units())
        .map(|unit| network.target.get(unit, example).to_f64())
        .collect();
    for index in (0..layers.len()).rev() {
        let activation = network.activation(index);
        let error: Vec<Bounded> = match layers.get(index + 1) {
            None => output_error::<T>(network.loss, &layers[index], &y),
            Some(above) => {
                let weight = network.weight(index + 1);
                let columns = weight.columns().into_iter();
                columns
                    .map(|column| {
                        let terms: Vec<_> =
                            column.iter().copied().zip(above.delta.iter().copied()).collect();
                        sum(T::EPSILON, &terms, 0.0)
                    })
                    .collect()
            }
        };
        let direct = index + 1 == layers.len() && network.loss.cancels_slope();
        let phi = |z: Scaled| slope(activation, z);
        let delta = error.into_iter().zip(&layers[index].z).map(|(error, &z)| {
            let (parts, steepest) = (parts(activation, z.value), omega(activation).powi(2));
            let slope = applied_steep(T::EPSILON, &phi, z, parts, steepest);
            if direct { error } else { product(T::EPSILON, error, slope) }
        });
        layers[index].delta = delta.collect();
    }
    layers
}

/// ∂L/∂W_jk of the mean loss, from every example's pass and the inputs of the layer.
pub fn weight_gradient(pairs: impl ExactSizeIterator<Item = (Bounded, Bounded)>) -> Bounded {
    let share = 1.0 / pairs.len() as f64;
    let terms: Vec<_> =
        pairs.map(|(delta, input)| (share, product(f64::EPSILON, delta, input))).collect();
    sum(f64::EPSILON, &terms, 0.0)
}

fn output_error<T: Real>(loss: Loss, output: &Layer, y: &[f64]) -> Vec<Bounded> {
    let units = output.z.iter().zip(&output.a).zip(y);
    match loss {
        Loss::Mse => units.map(|((_, &a), &y)| sum(T::EPSILON, &[(1.0, a)], -y)).collect(),
        // Targets are 0 and 1: σ(z), or −σ(−z).
        Loss::Bce => units
            .map(|((&z, _), &y)| {
                let side = if y == 0.0 { 1.0 } else { -1.0 };
                let delta = |z: Scaled| sigmoid(z * side) * side;
                applied(T::EPSILON, &delta, z, Scaled::ZERO)
            })
            .collect(),
        Loss::SoftmaxCe => softmax_error::<T>(&output.z, y),
    }
}

/// p_i, or −Σ_{j ≠ i} p_j where the class is i.
fn softmax_error<T: Real>(z: &[Bounded], y: &[f64]) -> Vec<Bounded> {
    let top = z.iter().fold(z[0].value, |top, z| if exceeds(z.value, top) { z.value } else { top });
    let terms: Vec<Scaled> = z.iter().map(|z| exp(z.value - top)).collect();
    let total = terms.iter().fold(Scaled::ZERO, |sum, &term| sum + term);
    let moved = z.iter().fold(Scaled::ZERO, |most, z| larger(most, z.error)).to_f64();
    let gaps = z.iter().fold(0.0, |most: f64, z| most.max((top - z.value).to_f64()));
    let relative =
        8.0 * moved + ROUNDINGS * T::EPSILON * (z.len() + 2) as f64 + 8.0 * f64::EPSILON * gaps;
    (0..z.len())
        .map(|i| {
            let others = (0..z.len()).filter(|&j| j != i).fold(Scaled::ZERO, |s, j| s + terms[j]);
            let part = if y[i] == 0.0 { terms[i] } else { -others };
            let value = part.checked_div(total).expect("at least 1");
            let error = if relative > 0.1 { 1.0.into() } else { size(value) * relative };
            Bounded { value, error }
        })
        .collect()
}

fn exp(x: Scaled) -> Scaled {
    let plain = x.to_f64();
    if plain.abs() < 600.0 { libm::exp(plain).into() } else { Scaled::from_ln(plain) }
}

fn one_plus(x: Scaled) -> Scaled {
    x + 1.0.into()
}

fn ratio(a: Scaled, b: Scaled) -> Scaled {
    a.checked_div(b).expect("not zero")
}

fn minus_size(z: Scaled) -> Scaled {
    -size(z)
}

fn sigmoid(z: Scaled) -> Scaled {
    let e = exp(minus_size(z));
    if z.mantissa() > 0.0 { ratio(1.0.into(), one_plus(e)) } else { ratio(e, one_plus(e)) }
}

fn sigmoid_slope(z: Scaled) -> Scaled {
    let e = exp(minus_size(z));
    ratio(e, one_plus(e) * one_plus(e))
}

/// eˣ − 1 for x ≤ 0.
fn exp_minus_1(x: Scaled) -> Scaled {
    if x.exponent() < -70 { x } else { libm::expm1(x.to_f64()).into() }
}

fn density(z: Scaled) -> Scaled {
    exp((z * z) * (-0.5)) * (1.0 / (2.0 * PI).sqrt())
}

/// Φ(z); far left by Laplace's continued fraction.
fn normal_cdf(z: Scaled) -> Scaled {
    let plain = z.to_f64();
    if plain > -30.0 {
        (0.5 * libm::erfc(-plain * FRAC_1_SQRT_2)).into()
    } else {
        ratio(density(z), mills(size(z)))
    }
}

/// m + 1/(m + 2/(m + 3/…)).
fn mills(m: Scaled) -> Scaled {
    (1..60).rev().fold(m, |rest, k| m + ratio(f64::from(k).into(), rest))
}

const SELU: (f64, f64) =
    (1.050_700_987_355_480_5, 1.050_700_987_355_480_5 * 1.673_263_242_354_377_2);

fn on(z: Scaled) -> bool {
    z.mantissa() > 0.0
}

fn value(activation: Activation, z: Scaled) -> Scaled {
    match activation {
        Activation::Linear => z,
        Activation::Sigmoid => sigmoid(z),
        Activation::Tanh => {
            let twice = minus_size(z) * 2.0;
            let part = ratio(-exp_minus_1(twice), one_plus(exp(twice)));
            if on(z) { part } else { -part }
        }
        Activation::Relu => {
            if on(z) {
                z
            } else {
                Scaled::ZERO
            }
        }
        Activation::LeakyRelu(LeakyRelu { slope }) => z * (if on(z) { 1.0 } else { slope }),
        Activation::Selu if on(z) => z * SELU.0,
        Activation::Selu => exp_minus_1(z) * SELU.1,
        Activation::Gelu => z * normal_cdf(z),
        Activation::Silu => z * sigmoid(z),
        Activation::Elu(_) if on(z) => z,
        Activation::Elu(Elu { alpha }) => exp_minus_1(z) * alpha,
        Activation::Softplus => {
            let e = exp(minus_size(z));
            let bent = if e.exponent() < -70 { e } else { libm::log1p(e.to_f64()).into() };
            if on(z) { z + bent } else { bent }
        }
        Activation::Sine(Sine { omega }) if z.exponent() < -60 => z * omega,
        Activation::Sine(Sine { omega }) => (omega * z.to_f64()).sin().into(),
    }
}

fn slope(activation: Activation, z: Scaled) -> Scaled {
    match activation {
        Activation::Linear => 1.0.into(),
        Activation::Sigmoid => sigmoid_slope(z),
        Activation::Tanh => sigmoid_slope(z * 2.0) * 4.0,
        Activation::Relu => f64::from(u8::from(on(z))).into(),
        Activation::LeakyRelu(LeakyRelu { slope }) => if on(z) { 1.0 } else { slope }.into(),
        Activation::Selu if on(z) => SELU.0.into(),
        Activation::Selu => exp(z) * SELU.1,
        // Φ + zφ = −φ (m − 1/mills) on the left, m = −z.
        Activation::Gelu if z.to_f64() < -30.0 => {
            let m = size(z);
            density(z) * (ratio(1.0.into(), mills(m)) - m)
        }
        Activation::Gelu => normal_cdf(z) + z * density(z),
        Activation::Silu => sigmoid(z) + z * sigmoid_slope(z),
        Activation::Elu(_) if on(z) => 1.0.into(),
        Activation::Elu(Elu { alpha }) => exp(z) * alpha,
        Activation::Softplus => sigmoid(z),
        Activation::Sine(Sine { omega }) => ((omega * z.to_f64()).cos() * omega).into(),
    }
}

/// ω of a sine, the one activation that turns anywhere; 0 of the others.
fn omega(activation: Activation) -> f64 {
    match activation {
        Activation::Sine(Sine { omega }) => omega,
        _ => 0.0,
    }
}

/// The sizes of what a slope is the sum of.
fn parts(activation: Activation, z: Scaled) -> Scaled {
    match activation {
        Activation::Gelu => normal_cdf(z) + size(z * density(z)),
        Activation::Silu => sigmoid(z) + size(z * sigmoid_slope(z)),
        _ => Scaled::ZERO,
    }
}

#[test]
fn the_oracle_has_the_textbooks_values() {
    let close = |a: Scaled, b: f64| assert!((a.to_f64() / b - 1.0).abs() < 1e-14, "{a:?} {b}");
    close(value(Activation::Gelu, 1.0.into()), 0.841_344_746_068_542_9);
    close(value(Activation::Silu, (-1.0).into()), -0.268_941_421_369_995_1);
    close(value(Activation::Tanh, 0.5.into()), 0.462_117_157_260_009_8);
    close(slope(Activation::Gelu, 0.0.into()), 0.5);
    let tail = normal_cdf((-40.0).into()).log10().expect("not zero");
    assert!((tail + 349.437_006_459_345_84).abs() < 1e-12, "{tail}");
    let ln = exp((-1e4).into()).log10().expect("not zero");
    assert!((ln + 1e4 * LN_2.recip() * 2_f64.log10()).abs() < 1e-8);
}

/// A number without an error.
pub fn given(value: Scaled) -> Bounded {
    Bounded { value, error: Scaled::ZERO }
}
