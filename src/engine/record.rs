//! The record: what a pass leaves of each layer, in a handful of numbers.

use ndarray::Array2;

use super::forward::LayerTrace;
use super::network::{Network, Pass};
use super::scaled::{ldexp, root_mean_square};
use super::{Columns, Real, Scaled, kernels};

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
    /// The output equals the target.
    NoError,
    /// All weights of this layer are zero.
    ZeroWeights(usize),
    /// The output's slope is below e^(−10^15): no exponent holds it.
    SaturatedOutput,
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
    let input = if index == 0 { &pass.input } else { &pass.layers[index - 1].a };
    let (activation_mean, activation_std) = moments(&trace.a);
    let activation = network.layers[index].activation;
    let faded = SATURATED_BELOW * activation.largest_slope();
    LayerRecord {
        layer: index + 1,
        fan_in: input.units(),
        fan_out: trace.a.units(),
        delta,
        weight_grad: weight_gradient_norm(&trace.delta, input),
        bias_grad: bias_gradient_norm(&trace.delta),
        activation_mean,
        activation_std,
        preactivation_std: moments(&trace.z).1,
        saturated_share: if activation.saturates() {
            share(trace.slope.iter(), |slope| slope.to_f64().abs() < faded)
        } else {
            0.0
        },
        dead_share: share(trace.slope.rows().into_iter(), |unit| {
            unit.iter().all(|&slope| slope == T::ZERO) && !activation.saturates()
        }),
        zero: None,
        lost_in_plain: lost_in_plain(&trace.delta, T::SMALLEST_EXPONENT - T::MANTISSA_BITS),
    }
}

fn share<I: ExactSizeIterator>(items: I, holds: impl Fn(I::Item) -> bool) -> f64 {
    let count = items.len().max(1) as f64;
    items.filter_map(|item| holds(item).then_some(())).count() as f64 / count
}

/// Whether every square of δ's entries rounds to zero below 2^`smallest`, though δ is not zero.
fn lost_in_plain<T: Real>(delta: &Columns<T>, smallest: i64) -> bool {
    let mut nonzero = false;
    for b in 0..delta.batch() {
        let top = delta.mantissa.column(b).iter().fold(0.0, |t: f64, v| t.max(v.to_f64().abs()));
        if top > 0.0 {
            nonzero = true;
            let (_, shift) = libm::frexp(top);
            let exponent = delta.exponent[b] + i64::from(shift);
            if exponent < smallest {
                continue;
            }
            if 2 * exponent > smallest {
                return false;
            }
        }
    }
    nonzero
}

/// Mean and standard deviation over all entries.
fn moments<T: Real>(columns: &Columns<T>) -> (Scaled, Scaled) {
    let top = columns.exponent.iter().copied().max().unwrap_or(0);
    let factors: Vec<f64> = columns.exponent.iter().map(|&e| ldexp(1.0, e - top)).collect();
    let entries = || {
        columns.mantissa.rows().into_iter().flat_map(|row| {
            row.into_iter().zip(&factors).map(|(m, f)| m.to_f64() * f).collect::<Vec<_>>()
        })
    };
    let count = columns.mantissa.len() as f64;
    let mean = entries().sum::<f64>() / count;
    let variance = entries().map(|v| (v - mean) * (v - mean)).sum::<f64>() / count;
    (Scaled::new(mean, top), Scaled::new(variance.sqrt(), top))
}

/// δ of every example in one shared exponent with the inputs', divided by B: the columns
/// whose outer products sum to ∂L/∂W (BP3).
fn aligned<T: Real>(delta: &Columns<T>, input: &Columns<T>) -> (Array2<f64>, i64) {
    let batch = delta.batch();
    let exponent = |b: usize| delta.exponent[b] + input.exponent[b];
    let alive = |b: &usize| delta.mantissa.column(*b).iter().any(|&d| d != T::ZERO);
    let top = (0..batch).filter(alive).map(exponent).max().unwrap_or(0);
    let scaled = Array2::from_shape_fn(delta.mantissa.dim(), |(unit, b)| {
        delta.mantissa[[unit, b]].to_f64() * ldexp(1.0, exponent(b) - top) / batch as f64
    });
    (scaled, top)
}

/// ‖∂L/∂W‖_F = ‖(1/B) Σ_b δ_b a_bᵀ‖_F without the matrix where that is cheaper: ‖δ‖‖a‖ for
/// one example, and Σ (ΔᵀΔ ∘ AᵀA) for a batch smaller than the layer.
fn weight_gradient_norm<T: Real>(delta: &Columns<T>, input: &Columns<T>) -> Scaled {
    let batch = delta.batch();
    if batch == 1 {
        return delta.norm(0).times(input.norm(0));
    }
    let (delta, exponent) = aligned(delta, input);
    let input = input.mantissa.mapv(Real::to_f64);
    let (outs, ins) = (delta.nrows(), input.nrows());
    let squares = if batch * (outs + ins) < outs * ins * 2 {
        let (outer, inner) = (gram(&delta), gram(&input));
        outer.iter().zip(&inner).map(|(a, b)| a * b).sum::<f64>()
    } else {
        let mut gradient = Array2::zeros((outs, ins));
        let transposed = input.t().as_standard_layout().into_owned();
        kernels::product(delta.view(), &transposed, 1.0, &mut gradient);
        gradient.iter().map(|g| g * g).sum::<f64>()
    };
    Scaled::new(squares.max(0.0).sqrt(), exponent)
}

/// MᵀM, B × B.
fn gram(columns: &Array2<f64>) -> Array2<f64> {
    let mut gram = Array2::zeros((columns.ncols(), columns.ncols()));
    kernels::product_transposed(columns.view(), columns, 1.0, &mut gram);
    gram
}

/// ‖∂L/∂b‖ = ‖(1/B) Σ_b δ_b‖ (BP4).
fn bias_gradient_norm<T: Real>(delta: &Columns<T>) -> Scaled {
    let ones = Columns {
        mantissa: Array2::from_elem((1, delta.batch()), 1.0_f64),
        exponent: vec![0; delta.batch()],
    };
    let (aligned, exponent) = aligned_plain(delta, &ones);
    let squares: f64 = aligned.rows().into_iter().map(|row| row.sum().powi(2)).sum();
    Scaled::new(squares.sqrt(), exponent)
}

fn aligned_plain<T: Real>(delta: &Columns<T>, ones: &Columns<f64>) -> (Array2<f64>, i64) {
    let double =
        Columns { mantissa: delta.mantissa.mapv(Real::to_f64), exponent: delta.exponent.clone() };
    aligned(&double, ones)
}

/// |δ_j^(l)| of every unit, the root mean square over the batch, entries that the
/// mantissas lost included.
pub fn delta_profile<T: Real>(trace: &LayerTrace<T>) -> Vec<Scaled> {
    let batch = trace.delta.batch();
    let mut faint = vec![Vec::new(); if trace.faint.is_empty() { 0 } else { trace.delta.units() }];
    for &(unit, example, delta) in &trace.faint {
        faint[unit].push((example, delta));
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
    let trace = &pass.layers[index];
    let flat = trace.slope.iter().all(|&slope| slope == T::ZERO);
    let Some(above) = network.layers.get(index + 1) else {
        return match flat {
            true if network.layers[index].activation.saturates() => ZeroCause::SaturatedOutput,
            true => ZeroCause::DeadOutput,
            false => output_cause(network, trace),
        };
    };
    if above.scale == T::ZERO || above.unit.iter().all(|&u| u == T::ZERO) {
        ZeroCause::ZeroWeights(index + 2)
    } else if flat {
        ZeroCause::DeadLayer(index + 1)
    } else {
        ZeroCause::NoPath(index + 1)
    }
}

/// With some slopes left, the output's δ is zero where each unit is dead or has no error.
fn output_cause<T: Real>(network: &Network<T>, trace: &LayerTrace<T>) -> ZeroCause {
    let exact = trace.a.mantissa == network.target.mantissa;
    if exact { ZeroCause::NoError } else { ZeroCause::DeadOutput }
}
