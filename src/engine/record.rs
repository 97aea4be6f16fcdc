//! The record: what a pass leaves of each layer, in a handful of numbers.

use crate::engine::kernels::{self, STANDARD};
use crate::engine::network::Network;
use crate::engine::number::{Format, Real, SAFE_SQUARES, Scaled, ScaledColumns, halves};
use crate::engine::op::scaled_activation;
use crate::engine::op::{Op, has_terms};
use crate::engine::pass::{LayerTrace, Pass};
use crate::engine::plain_norm::PlainNorm;
use crate::experiment::Activation;

/// A slope below this share of the activation's largest one counts as saturated.
pub const SATURATED_BELOW: f64 = 0.05;

/// Roundings that the mean of a layer may be off by, and then some: below them a standard
/// deviation is taken from differences, which are exact.
const ROUNDINGS_OF_A_MEAN: f64 = 1000.0;

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
    /// Mean of a^(l). Nothing where an emulated format makes an entry infinite or no number.
    pub activation_mean: Option<Scaled>,
    /// Standard deviation of a^(l), where every entry is finite.
    pub activation_std: Option<Scaled>,
    /// Standard deviation of z^(l), where every entry is finite.
    pub preactivation_std: Option<Scaled>,
    /// Root mean square of z^(l), the size of the forward signal.
    pub preactivation_rms: Scaled,
    /// log10 of ‖δ^(l)‖ ‖z^(l)‖/√n_l of an example, the mean over the batch: what an error of z, as a
    /// share of it, means for the loss. Nothing where an example's is zero.
    pub sensitivity_log10: Option<f64>,
    /// Share of (unit, example) pairs whose slope has faded below 5 % of the largest.
    pub saturated_share: f64,
    /// Share of units whose slope is exactly 0 in every example.
    pub dead_share: f64,
    /// Why `delta` is zero, where it is.
    pub zero: Option<ZeroCause>,
    /// B.
    pub examples: usize,
    /// Examples whose own δ^(l) is exactly zero.
    pub zero_examples: usize,
    /// Whether all units are alike: see [`Network::has_alike_units`].
    pub alike: bool,
    /// What plain arithmetic in this precision would print for `delta`.
    pub plain: PlainNorm,
}

/// Why an error signal is recorded as zero. A zero is not a small number, and what a narrow
/// format makes zero is none at all.
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
    /// What comes back to this layer is shifts and stretches of what its normalization takes off.
    Normalized(usize),
    /// What comes back to this layer along the skip and through the layer above cancels.
    SkipCancels(usize),
    /// The skip of this layer adds 0 times what the layer makes.
    ZeroScale(usize),
    /// The sums Wᵀδ of this layer cancel: what floating point leaves of them is rounding noise.
    Cancelled(usize),
    /// No true zero: a format in which the pass is emulated rounds all of δ to 0 from this
    /// layer down.
    Underflow {
        /// The format.
        format: Format,
        /// The highest such layer.
        layer: usize,
    },
    /// No zero at all: in the format in which the pass is emulated δ is not finite from this
    /// layer down, and the record holds 0 in its place.
    NotFinite {
        /// The format.
        format: Format,
        /// The highest such layer.
        layer: usize,
    },
}

impl ZeroCause {
    /// Whether δ is really zero, and not only what a format makes of it.
    pub fn is_true_zero(self) -> bool {
        !matches!(self, Self::Underflow { .. } | Self::NotFinite { .. })
    }

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
            Self::Normalized(_) => "normalized away",
            Self::ZeroScale(_) => "zero scale",
            Self::SkipCancels(_) => "cancelled by a skip",
            Self::Cancelled(_) => "cancelled",
            Self::Underflow { format: Format::Fp16, .. } => "underflow in fp16",
            Self::Underflow { format: Format::Bf16, .. } => "underflow in bf16",
            Self::Underflow { .. } => "underflow",
            Self::NotFinite { format: Format::Fp16, .. } => "overflow in fp16",
            Self::NotFinite { format: Format::Bf16, .. } => "overflow in bf16",
            Self::NotFinite { .. } => "overflow",
        }
    }
}

/// The record of every layer.
pub fn record<T: Real>(network: &Network<T>, pass: &Pass<T>) -> Vec<LayerRecord> {
    let layers = 0..pass.layers.len();
    let mut records = layers.map(|index| LayerRecord::of(network, pass, index)).collect::<Vec<_>>();
    explain(network, pass, &mut records);
    records
}

/// Adds what one layer alone cannot tell: the cause of every δ that is exactly zero, found where
/// the signal ends, and what plain arithmetic would print, which depends on the layers above.
pub fn explain<T: Real>(network: &Network<T>, pass: &Pass<T>, records: &mut [LayerRecord]) {
    for (record, plain) in records.iter_mut().zip(PlainNorm::of_layers(pass)) {
        record.plain = plain;
    }
    let mut zero_above = None;
    for (index, record) in records.iter_mut().enumerate().rev() {
        // A skip may bring back below what a layer above lost.
        let skips = pass.layers[index].handed_on().is_some();
        zero_above = match (record.delta.is_zero(), zero_above) {
            (false, _) => None,
            (true, Some(above)) if !skips => Some(above),
            (true, above) => Some(match (cause(network, pass, index), above) {
                // What comes from above is zero for the reason that is above.
                (ZeroCause::NoPath(_) | ZeroCause::Cancelled(_), Some(above)) => above,
                (own, _) => own,
            }),
        };
        record.zero = zero_above;
    }
}

impl LayerRecord {
    /// What the pass leaves of one layer, but for what [`explain`] adds; `index` = l − 1.
    pub fn of<T: Real>(network: &Network<T>, pass: &Pass<T>, index: usize) -> Self {
        let trace = &pass.layers[index];
        let (activation_mean, activation_std) = moments(trace.a.columns());
        let activation = network.activation(index);
        let (preactivation_mean, preactivation_std) = moments(trace.z.columns());
        let tops = trace.delta.columns().tops();
        Self {
            layer: index + 1,
            fan_in: pass.inputs_of(index).units(),
            fan_out: trace.a.units(),
            delta: trace.delta.rms_norm(),
            weight_grad: pass.weight_gradient_norm(index),
            bias_grad: pass.bias_gradient_norm(index),
            activation_mean: Some(activation_mean),
            activation_std: Some(activation_std),
            preactivation_std: Some(preactivation_std),
            preactivation_rms: ((preactivation_mean * preactivation_mean)
                + preactivation_std * preactivation_std)
                .sqrt(),
            sensitivity_log10: sensitivity_log10(trace),
            saturated_share: trace.saturated_share(activation),
            dead_share: trace.dead_share(activation),
            zero: None,
            examples: tops.len(),
            zero_examples: tops.iter().filter(|top| top.is_none()).count(),
            alike: network.has_alike_units(index),
            plain: PlainNorm::Norm,
        }
    }
}

impl<T: Real> LayerTrace<T> {
    /// Share of (unit, example) pairs whose slope has faded below 5 % of the largest, for an
    /// activation that can saturate.
    pub fn saturated_share(&self, activation: Activation) -> f64 {
        if !activation.saturates() {
            return 0.0;
        }
        let faded = T::from_f64(SATURATED_BELOW * activation.largest_slope());
        let slopes = self.slope.as_slice().expect(STANDARD);
        share(kernels::count_below(slopes, faded), slopes.len())
    }

    /// Share of units whose slope is exactly 0 in every example, for an activation that does
    /// not saturate.
    pub fn dead_share(&self, activation: Activation) -> f64 {
        if activation.saturates() {
            return 0.0;
        }
        let slopes = self.slope.as_slice().expect(STANDARD);
        let units = slopes.chunks_exact(self.slope.ncols());
        let is_dead = |unit: &&[T]| unit.iter().all(|&slope| slope == T::ZERO);
        share(units.filter(is_dead).count(), self.slope.nrows())
    }
}

/// See [`LayerRecord::sensitivity_log10`].
fn sensitivity_log10<T: Real>(trace: &LayerTrace<T>) -> Option<f64> {
    let norms = trace.delta.norms().into_iter().chain(trace.z.norms());
    let product = norms.fold(Scaled::from(1.0), |product, norm| product * norm);
    let (units, examples) = (trace.z.units() as f64, trace.z.batch() as f64);
    Some(product.log10()? / examples - 0.5 * units.log10())
}

fn share(count: usize, of: usize) -> f64 {
    count as f64 / of.max(1) as f64
}

/// Mean and standard deviation over all entries.
pub(super) fn moments<T: Real>(columns: &ScaledColumns<T>) -> (Scaled, Scaled) {
    let plain = columns.exponent.iter().all(|&exponent| exponent == 0);
    if plain {
        let (mean, variance) = moments_of(columns.entries());
        if SAFE_SQUARES.contains(&variance) {
            return (mean.into(), variance.sqrt().into());
        }
    }
    // The squares of plain deviations may underflow, and equal numbers have none.
    let Some(top) = columns.tops().into_iter().flatten().max() else {
        return (Scaled::ZERO, Scaled::ZERO);
    };
    let (mean, variance) = moments_of(&beside(columns, top));
    (Scaled::new(mean, top), Scaled::new(variance.sqrt(), top))
}

/// Mean and variance.
pub(super) fn moments_of<T: Real>(entries: &[T]) -> (f64, f64) {
    let count = entries.len() as f64;
    let mean = kernels::total(entries) / count;
    let variance = kernels::squared_deviations(entries, mean) / count;
    if variance.sqrt() > ROUNDINGS_OF_A_MEAN * f64::EPSILON * mean.abs() {
        return (mean, variance);
    }
    // What is left are the roundings of the mean. Differences of numbers so close are exact.
    let first = entries.first().map_or(0.0, |first| first.to_f64());
    let differences: Vec<f64> = entries.iter().map(|entry| entry.to_f64() - first).collect();
    let rest = kernels::total(&differences) / count;
    (first + rest, kernels::squared_deviations(&differences, rest) / count)
}

/// All entries over 2^top.
fn beside<T: Real>(columns: &ScaledColumns<T>, top: i64) -> Vec<f64> {
    let factors: Vec<[f64; 2]> = columns.exponent.iter().map(|&e| halves(e - top)).collect();
    // A column of zeros has no say in the exponent, and its own may be far above.
    let plain = |m: &T, [half, rest]: &[f64; 2]| {
        if *m == T::ZERO { 0.0 } else { m.to_f64() * half * rest }
    };
    let rows = columns.mantissa.rows().into_iter();
    rows.flat_map(|row| row.into_iter().zip(&factors)).map(|(m, f)| plain(m, f)).collect()
}

/// Whether no unit has a slope in any example, however small.
fn is_flat<T: Real>(trace: &LayerTrace<T>, activation: Activation) -> bool {
    let z = |(unit, example)| trace.activated().entry(unit, example);
    let mut slopes = trace.slope.indexed_iter();
    slopes.all(|(place, &slope)| {
        slope == T::ZERO && scaled_activation::slope(activation, z(place)).is_zero()
    })
}

/// Why δ of this layer is zero although the layer above, if any, has a signal.
fn cause<T: Real>(network: &Network<T>, pass: &Pass<T>, index: usize) -> ZeroCause {
    let (activation, trace) = (network.activation(index), &pass.layers[index]);
    if index + 1 == network.depth() {
        return match is_flat(trace, activation) {
            // Where the slope cancels it cannot silence the output.
            _ if network.loss.cancels_slope() => ZeroCause::NoError,
            true if activation.saturates() => ZeroCause::SaturatedOutput,
            true => ZeroCause::DeadOutput,
            false => ZeroCause::NoError,
        };
    }
    let stopped = |op: &Op<T>| match op {
        Op::Dense(dense) => dense.is_zero().then_some(ZeroCause::ZeroWeights(index + 2)),
        Op::Activation(activation) if !is_flat(trace, *activation) => None,
        Op::Activation(activation) if activation.saturates() => {
            Some(ZeroCause::SaturatedLayer(index + 1))
        }
        Op::Activation(_) => Some(ZeroCause::DeadLayer(index + 1)),
        Op::Norm(norm) => {
            // Where φ comes below it, its slopes have the last word.
            let after = trace.chain.as_ref().is_some_and(|chain| chain.is_sum_normalized());
            let is_below = after && is_flat(trace, activation);
            let stops = !is_below && norm.lets_nothing_back(trace);
            stops.then_some(ZeroCause::Normalized(index + 1))
        }
        Op::Add { alpha } => (*alpha == 0.0).then_some(ZeroCause::ZeroScale(index + 1)),
        Op::Save => None,
    };
    network.ops_between(index).iter().rev().find_map(stopped).unwrap_or_else(|| {
        let skip = pass.layers[index + 1].along_skip();
        if skip.is_some_and(|skip| skip.norms().iter().any(|norm| !norm.is_zero())) {
            return ZeroCause::SkipCancels(index + 1);
        }
        let above = network.dense(index + 1);
        match has_terms(above, &pass.layers[index + 1].delta, activation, trace) {
            true => ZeroCause::Cancelled(index + 1),
            false => ZeroCause::NoPath(index + 1),
        }
    })
}
