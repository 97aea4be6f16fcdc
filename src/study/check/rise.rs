//! How much a loss rises when the output moves, without cancellation against the loss itself.

use crate::engine::{Network, Pass, Real, Scaled};
use crate::experiment::Loss;

use super::noise::{Noise, shaken};
use super::quotient::{exp, exp_minus_1, ln_1_plus, logistic};

/// What the loss of one example rises by, from what its outputs move by.
pub(super) struct OutputRise {
    loss: Loss,
    /// By example and output.
    outputs: Vec<Vec<Output>>,
}

/// One output at rest.
#[derive(Clone, Copy)]
struct Output {
    /// y.
    target: f64,
    /// a − y for a squared error; σ(z) for a binary cross-entropy; p for a softmax.
    value: Scaled,
    /// σ(−z) for a binary cross-entropy, 1 − p for a softmax.
    beside: Scaled,
}

impl OutputRise {
    pub fn new<T: Real>(network: &Network<T>, pass: &Pass<T>) -> Self {
        let example = |b| -> Vec<Output> {
            let Some(last) = pass.layers.last() else { return Vec::new() };
            let y = network.target.mantissa.column(b);
            let (z, a) = (last.z.column(b), last.a.column(b));
            let softmax = match network.loss {
                Loss::SoftmaxCe => softmax(&z),
                Loss::Mse | Loss::Bce => Vec::new(),
            };
            let output = |(unit, y): (usize, &T)| {
                let target = y.to_f64();
                let (value, beside) = match network.loss {
                    Loss::Mse => (a[unit] - target.into(), Scaled::ZERO),
                    Loss::Bce => {
                        let z = z[unit].to_f64();
                        (logistic(z), logistic(-z))
                    }
                    Loss::SoftmaxCe => softmax[unit],
                };
                Output { target, value, beside }
            };
            y.iter().enumerate().map(output).collect()
        };
        Self { loss: network.loss, outputs: (0..network.input.batch()).map(example).collect() }
    }

    /// L(θ + h) − L(θ) of one example: `moved` is Δa for a squared error, Δz for the
    /// cross-entropies.
    pub fn of(&self, example: usize, moved: &[Scaled], noise: &mut Option<&mut Noise>) -> Scaled {
        let outputs = &self.outputs[example];
        match self.loss {
            Loss::Mse => outputs
                .iter()
                .zip(moved)
                .fold(Scaled::ZERO, |sum, (output, &moved)| sum + squared(output, moved, noise)),
            Loss::Bce => outputs
                .iter()
                .zip(moved)
                .fold(Scaled::ZERO, |sum, (output, &moved)| sum + binary(output, moved, noise)),
            Loss::SoftmaxCe => categorical(outputs, moved, noise),
        }
    }
}

/// ½(a + Δ − y)² − ½(a − y)² = Δ (a − y + Δ/2).
fn squared(output: &Output, moved: Scaled, noise: &mut Option<&mut Noise>) -> Scaled {
    let rise = moved * (output.value + moved * 0.5);
    shaken(rise, (moved * output.value).abs(), noise)
}

/// y (s(−z − Δ) − s(−z)) + (1 − y)(s(z + Δ) − s(z)) with s(x) = ln(1 + e^x), where
/// s(x + Δ) − s(x) = ln(1 + σ(x)(e^Δ − 1)).
fn binary(output: &Output, moved: Scaled, noise: &mut Option<&mut Noise>) -> Scaled {
    let minus = -moved;
    let [on, off] = [output.target, 1.0 - output.target].map(Scaled::from);
    let off = off * ln_1_plus(output.value * exp_minus_1(moved));
    let on = on * ln_1_plus(output.beside * exp_minus_1(minus));
    shaken(on + off, on.abs() + off.abs(), noise)
}

/// −Σ y_i ln p_i = ln Σ_j e^(z_j − z_t) − Σ_i y_i (z_i − z_t) with the largest logit z_t, whose
/// p may be next to 1, rises by ln(1 + Σ_j p_j (e^(Δ_j − Δ_t) − 1)) − Σ_i y_i (Δ_i − Δ_t).
fn categorical(outputs: &[Output], moved: &[Scaled], noise: &mut Option<&mut Noise>) -> Scaled {
    let top = outputs
        .iter()
        .zip(moved)
        .reduce(|top, other| if other.0.value > top.0.value { other } else { top });
    let against = top.map_or(Scaled::ZERO, |(_, &moved)| moved);
    let (mut grown, mut given) = (Scaled::ZERO, Scaled::ZERO);
    for (output, moved) in outputs.iter().zip(moved) {
        let moved = *moved - against;
        grown += output.value * exp_minus_1(moved);
        given += moved * output.target;
    }
    let rise = ln_1_plus(grown) - given;
    match noise {
        Some(noise) => rise + categorical_noise(outputs, moved, noise),
        None => rise,
    }
}

/// The way back sums (p_j − y_j) Δ_j, and takes Σ y for 1, which it is to some digits only.
fn categorical_noise(outputs: &[Output], moved: &[Scaled], noise: &mut Noise) -> Scaled {
    let total: f64 = outputs.iter().map(|output| output.target).sum();
    outputs.iter().zip(moved).fold(Scaled::ZERO, |sum, (output, &moved)| {
        let [on, off] = [output.target, 1.0 - output.target].map(Scaled::from);
        let error = output.value * off.abs() + output.beside * on;
        let rounding = noise.share(moved.abs() * error);
        let given = noise.share_of_size(moved * output.value, (total - 1.0).abs());
        sum + rounding + given
    })
}

/// p_i and 1 − p_i, both in full.
fn softmax(logits: &[Scaled]) -> Vec<(Scaled, Scaled)> {
    let top = (0..logits.len()).fold(0, |top, i| if logits[i] > logits[top] { i } else { top });
    let terms: Vec<Scaled> = logits.iter().map(|z| exp((*z - logits[top]).to_f64())).collect();
    let others = terms.iter().enumerate().filter(|(i, _)| *i != top);
    let rest = others.fold(Scaled::ZERO, |sum, (_, &term)| sum + term);
    let total = rest + terms[top];
    let share = |part: Scaled| part.checked_div(total).unwrap_or_default();
    let beside =
        |i: usize| if i == top { share(rest) } else { Scaled::from(1.0) - share(terms[i]) };
    terms.iter().enumerate().map(|(i, &term)| (share(term), beside(i))).collect()
}
