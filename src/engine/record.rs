//! The record: what a pass leaves of each layer, in a handful of numbers.

use crate::experiment::Activation;

use super::forward::LayerTrace;
use super::network::{Network, Pass};
use super::scaled::{Faint, halves, root_mean_square};
use super::{Columns, Real, Scaled};

/// A slope below this share of the activation's largest one counts as saturated.
pub const SATURATED_BELOW: f64 = 0.05;

/// What a pass leaves of one layer. Statistics of a and z run over units and examples.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerRecord {
    /// l, from 1.
    pub layer: usize,
    /// n_{l−1}.
    pub fan_in: usize,
    /// n_l.
    pub fan_out: usize,
    /// ‖δ^(l)‖, the root mean square over the batch of each example's own norm.
    pub delta: Scaled,
    /// ‖∂L/∂W^(l)‖_F of the mean loss.
    pub weight_grad: Scaled,
    /// ‖∂L/∂b^(l)‖ of the mean loss.
    pub bias_grad: Scaled,
    /// Mean of a^(l).
    pub activation_mean: Scaled,
    /// Standard deviation of a^(l).
    pub activation_std: Scaled,
    /// Standard deviation of z^(l).
    pub preactivation_std: Scaled,
    /// Share of (unit, example) pairs whose slope has faded below 5 % of the largest.
    pub saturated_share: f64,
    /// Share of units whose slope is exactly 0 in every example.
    pub dead_share: f64,
    /// Why δ is exactly zero, where it is.
    pub zero: Option<ZeroCause>,
    /// Whether plain arithmetic in this precision, squares summed as they are, would give
    /// a norm of 0 although it is not.
    pub lost_in_plain: bool,
}

/// Why an error signal is exactly zero. A zero is not a small number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZeroCause {
    /// Every output unit has a pre-activation ≤ 0, where its slope is exactly 0.
    DeadOutput,
    /// Every unit of this hidden layer is dead.
    DeadLayer(usize),
    /// The output equals the target wherever its slope is not 0.
    NoError,
    /// All weights of this layer are zero.
    ZeroWeights(usize),
    /// The output's slope is below e^(−10^15): no exponent holds it.
    SaturatedOutput,
    /// Every slope of this hidden layer is below e^(−10^15): no exponent holds it.
    SaturatedLayer(usize),
    /// The living units of this layer get no signal from the layer above.
    NoPath(usize),
}

impl ZeroCause {
    /// The word in tables, JSON and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::DeadOutput => "dead output",
            Self::DeadLayer(_) => "dead layer",
            Self::NoError => "no error",
            Self::ZeroWeights(_) => "zero weights",
            Self::SaturatedOutput => "saturated output",
            Self::SaturatedLayer(_) => "saturated layer",
            Self::NoPath(_) => "no path",
        }
    }
}

/// The record of every layer.
pub fn record<T: Real>(network: &Network<T>, pass: &Pass<T>) -> Vec<LayerRecord> {
    let mut zero_above = None;
    let mut records: Vec<LayerRecord> = Vec::with_capacity(pass.layers.len());
    for index in (0..pass.layers.len()).rev() {
        let trace = &pass.layers[index];
        let delta = trace.delta.rms_norm();
        if delta.is_zero() {
            zero_above = zero_above.or_else(|| Some(cause(network, pass, index)));
        }
        records.push(LayerRecord { zero: zero_above, ..measure(network, pass, index, delta) });
    }
    records.reverse();
    records
}

fn measure<T: Real>(
    network: &Network<T>,
    pass: &Pass<T>,
    index: usize,
    delta: Scaled,
) -> LayerRecord {
    let trace = &pass.layers[index];
    let (activation_mean, activation_std) = moments(&trace.a);
    let activation = network.layers[index].activation;
    LayerRecord {
        layer: index + 1,
        fan_in: pass.inputs_of(index).units(),
        fan_out: trace.a.units(),
        delta,
        weight_grad: pass.weight_gradient_norm(index),
        bias_grad: pass.bias_gradient_norm(index),
        activation_mean,
        activation_std,
        preactivation_std: moments(&trace.z).1,
        saturated_share: trace.saturated_share(activation),
        dead_share: trace.dead_share(activation),
        zero: None,
        lost_in_plain: lost_in_plain(&trace.delta),
    }
}

impl<T: Real> LayerTrace<T> {
    /// δ of one example, unit by unit, what its mantissas lost included.
    pub fn exact_delta(&self, example: usize) -> Vec<Scaled> {
        let mut exact = self.delta.column(example);
        for faint in Faint::of_example(&self.faint, example) {
            exact[faint.unit] = faint.value;
        }
        exact
    }

    /// Share of (unit, example) pairs whose slope has faded below 5 % of the largest, for an
    /// activation that can saturate.
    pub fn saturated_share(&self, activation: Activation) -> f64 {
        if !activation.saturates() {
            return 0.0;
        }
        let faded = SATURATED_BELOW * activation.largest_slope();
        share(self.slope.iter(), |slope| slope.to_f64().abs() < faded)
    }

    /// Share of units whose slope is exactly 0 in every example, for an activation that does
    /// not saturate.
    pub fn dead_share(&self, activation: Activation) -> f64 {
        if activation.saturates() {
            return 0.0;
        }
        share(self.slope.rows().into_iter(), |unit| unit.iter().all(|&slope| slope == T::ZERO))
    }
}

fn share<I: ExactSizeIterator>(items: I, holds: impl Fn(I::Item) -> bool) -> f64 {
    let count = items.len().max(1) as f64;
    items.filter_map(|item| holds(item).then_some(())).count() as f64 / count
}

/// Whether the square of every δ rounds to zero in plain arithmetic, though δ is not zero.
fn lost_in_plain<T: Real>(delta: &Columns<T>) -> bool {
    let tops = (0..delta.batch()).filter_map(|b| delta.largest(b));
    let squares_of_tops = tops.map(|top| {
        let plain = T::from_f64(top.to_f64());
        plain * plain
    });
    // Without any top, δ is truly zero and nothing is lost.
    squares_of_tops.reduce(|a, b| if b > a { b } else { a }) == Some(T::ZERO)
}

/// Mean and standard deviation over all entries, taken beside the largest of them.
fn moments<T: Real>(columns: &Columns<T>) -> (Scaled, Scaled) {
    let tops = (0..columns.batch()).filter_map(|b| columns.largest(b));
    let Some(top) = tops.map(Scaled::exponent).max() else {
        return (Scaled::ZERO, Scaled::ZERO);
    };
    let factors: Vec<[f64; 2]> = columns.exponent.iter().map(|&e| halves(e - top)).collect();
    // A column of zeros has no say in the exponent, and its own may be far above.
    let plain = |m: &T, [half, rest]: &[f64; 2]| {
        if *m == T::ZERO { 0.0 } else { m.to_f64() * half * rest }
    };
    let rows = columns.mantissa.rows().into_iter();
    let entries: Vec<f64> =
        rows.flat_map(|row| row.into_iter().zip(&factors)).map(|(m, f)| plain(m, f)).collect();
    let count = entries.len() as f64;
    let mean = entries.iter().sum::<f64>() / count;
    let variance = entries.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / count;
    (Scaled::new(mean, top), Scaled::new(variance.sqrt(), top))
}

/// |δ_j^(l)| of every unit, the root mean square over the batch, entries that the
/// mantissas lost included.
pub fn delta_profile<T: Real>(trace: &LayerTrace<T>) -> Vec<Scaled> {
    let batch = trace.delta.batch();
    let mut faint = vec![Vec::new(); if trace.faint.is_empty() { 0 } else { trace.delta.units() }];
    for &Faint { unit, example, value } in &trace.faint {
        faint[unit].push((example, value));
    }
    let entry = |unit: usize, b: usize| {
        let kept = faint.get(unit).and_then(|list| list.iter().find(|(example, _)| *example == b));
        kept.map_or_else(|| trace.delta.get(unit, b), |(_, delta)| *delta)
    };
    (0..trace.delta.units())
        .map(|unit| root_mean_square((0..batch).map(|b| entry(unit, b))))
        .collect()
}

/// Why δ of this layer is zero although the layer above, if any, has a signal.
fn cause<T: Real>(network: &Network<T>, pass: &Pass<T>, index: usize) -> ZeroCause {
    let flat = pass.layers[index].slope.iter().all(|&slope| slope == T::ZERO);
    let Some(above) = network.layers.get(index + 1) else {
        return match flat {
            // Where the slope cancels it cannot silence the output.
            _ if network.loss.cancels_slope() => ZeroCause::NoError,
            true if network.layers[index].activation.saturates() => ZeroCause::SaturatedOutput,
            true => ZeroCause::DeadOutput,
            false => ZeroCause::NoError,
        };
    };
    if above.scale == T::ZERO || above.unit.iter().all(|&u| u == T::ZERO) {
        ZeroCause::ZeroWeights(index + 2)
    } else if flat && network.layers[index].activation.saturates() {
        ZeroCause::SaturatedLayer(index + 1)
    } else if flat {
        ZeroCause::DeadLayer(index + 1)
    } else {
        ZeroCause::NoPath(index + 1)
    }
}
