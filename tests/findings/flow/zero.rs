//! Why an error signal is zero, and what arithmetic without exponents would print, from raw numbers.

use std::ops::RangeInclusive;

use gradient_lab::engine::{PlainNorm, Scaled, ZeroCause};
use gradient_lab::experiment::{Activation, Loss, Precision};

use super::ensure;
use crate::raw::Raw;

/// The sums Wᵀδ of a layer and the sizes of their terms, over 2^top, in one example.
fn sums(raw: &Raw, l: usize, example: usize) -> Vec<[f64; 2]> {
    let (above, delta) = (raw.layer(l + 1), &raw.layer(l + 1).delta[example]);
    let exponents = delta.iter().filter(|d| !d.is_zero()).map(|d| d.exponent());
    let top = exponents.max().unwrap_or(0);
    let size = |d: &Scaled| Scaled::new(d.mantissa(), d.exponent() - top).to_f64();
    let (at, slopes) = (raw.layer(l), raw.layer(l).slope[example].iter().enumerate());
    // A slope such as eᶻ is below every f64 long before it is 0.
    let is_live = |unit: usize, slope: f64| {
        slope != 0.0
            || at.activation.ln_derivative(at.z[example][unit].to_f64()) > f64::NEG_INFINITY
    };
    slopes
        .filter(|(unit, slope)| is_live(*unit, **slope))
        .map(|(unit, _)| {
            let terms = above.weight.iter().zip(delta).map(|(row, d)| row[unit] * size(d));
            terms.fold([0.0, 0.0], |[sum, sizes], term| [sum + term, sizes + term.abs()])
        })
        .collect()
}

/// Whether δ of a layer is zero, is not above, and for that cause.
pub fn zero(raw: &Raw, cause: ZeroCause, layer: usize, preactivation: f64) -> Result<(), String> {
    let last = raw.last();
    ensure(layer <= last, "there is no such layer")?;
    ensure((1..=layer).all(|l| raw.delta_log10(l).is_none()), "δ is not zero everywhere below")?;
    ensure(layer == last || raw.delta_log10(layer + 1).is_some(), "it is zero above already")?;
    ends_here(raw, cause, layer, preactivation)
}

/// Whether δ is zero in a range of layers, neither above nor below, and in its highest for that
/// cause.
pub fn gap(raw: &Raw, cause: ZeroCause, layers: &RangeInclusive<usize>) -> Result<(), String> {
    let is_zero = |l: usize| raw.delta_log10(l).is_none();
    ensure(layers.clone().all(is_zero), "δ is not zero in all of them")?;
    ensure(*layers.start() > 1 && !is_zero(layers.start() - 1), "it is zero below")?;
    ensure(*layers.end() < raw.last() && !is_zero(layers.end() + 1), "it is zero above")?;
    ensure(raw.experiment.variants[0].skip.is_some(), "nothing leads past")?;
    ends_here(raw, cause, *layers.end(), f64::NAN)
}

/// Whether what comes from the layer above ends in this layer for that cause.
fn ends_here(raw: &Raw, cause: ZeroCause, layer: usize, preactivation: f64) -> Result<(), String> {
    let last = raw.last();
    let variant = &raw.experiment.variants[0];
    let at = raw.layer(layer);
    let flat = at.slope.iter().flatten().all(|slope| *slope == 0.0);
    let epsilon = match raw.experiment.architecture.precision {
        Precision::F32 => f64::from(f32::EPSILON),
        _ => f64::EPSILON,
    };
    let examples = || 0..raw.target.len();
    match cause {
        ZeroCause::DeadOutput => {
            let z = at.z.iter().flatten().map(|z| z.to_f64()).fold(f64::NEG_INFINITY, f64::max);
            ensure(layer == last && flat && at.activation == Activation::Relu, "a dead output")?;
            ensure(z <= 0.0 && z == preactivation, "the pre-activation")
        }
        ZeroCause::DeadLayer(named) => {
            ensure(named == layer && layer < last && flat, "a dead layer")?;
            // φ is taken of z itself only in plain layers.
            let below = at.z.iter().flatten().all(|z| z.mantissa() <= 0.0);
            ensure(!variant.is_plain() || below, "z above 0")
        }
        ZeroCause::NoError => {
            let mut errors = at.a.iter().zip(&raw.target).zip(&at.slope);
            let mse = raw.experiment.architecture.loss == Loss::Mse;
            let none = |((a, y), slope): ((&Vec<Scaled>, &Vec<f64>), &Vec<f64>)| {
                a.iter().zip(y).zip(slope).all(|((a, y), s)| a.to_f64() == *y || mse && *s == 0.0)
            };
            ensure(layer == last && (!flat || !mse) && errors.all(none), "an error")
        }
        ZeroCause::ZeroWeights(named) => {
            let mut weights = raw.layer(named).weight.iter().flatten();
            ensure(named == layer + 1 && weights.all(|w| *w == 0.0), "zero weights")
        }
        ZeroCause::SaturatedOutput => ensure(layer == last && flat, "a saturated output"),
        ZeroCause::SaturatedLayer(named) => ensure(named == layer && flat, "a saturated layer"),
        ZeroCause::NoPath(named) => {
            let mut terms = examples().flat_map(|b| sums(raw, layer, b));
            ensure(named == layer && !flat, "a path's layer")?;
            ensure(terms.all(|[_, sizes]| sizes == 0.0), "there is a path")
        }
        ZeroCause::Normalized(named) => {
            ensure(named == layer && layer < last, "the layer")?;
            ensure(variant.normalization.is_some(), "nothing is normalized")
        }
        ZeroCause::SkipCancels(named) => {
            ensure(named == layer && layer < last && !flat, "the layer")?;
            ensure(variant.skip.is_some() && raw.delta_log10(layer + 1).is_some(), "no skip")
        }
        ZeroCause::ZeroScale(named) => {
            let scale = raw.experiment.variants[0].skip_scale.of_depth(last - 1);
            ensure(named == layer && layer > 1 && scale == 0.0, "α is not 0")
        }
        ZeroCause::Cancelled(named) => {
            let terms: Vec<[f64; 2]> = examples().flat_map(|b| sums(raw, layer, b)).collect();
            ensure(named == layer, "the layer")?;
            ensure(terms.iter().any(|[_, sizes]| *sizes > 0.0), "there is nothing to cancel")?;
            let noise = |[sum, sizes]: &[f64; 2]| sum.abs() <= 16.0 * epsilon * sizes;
            ensure(terms.iter().all(noise), "the sums do not cancel")
        }
        ZeroCause::Underflow { .. } | ZeroCause::NotFinite { .. } => {
            Err("no format was asked for".to_owned())
        }
    }
}

/// What arithmetic without exponents would print: δ rounded to the precision, its squares
/// added up in it; what is lost on the way back stays lost.
pub fn plainly(raw: &Raw) -> Vec<PlainNorm> {
    let single = raw.experiment.architecture.precision == Precision::F32;
    let round = |x: f64| if single { f64::from(x as f32) } else { x };
    let batch = raw.target.len();
    let (mut flushed, mut overflown) = (vec![false; batch], vec![false; batch]);
    let mut printed: Vec<PlainNorm> = (1..=raw.last())
        .rev()
        .map(|l| {
            let mut sum = 0.0;
            for b in 0..batch {
                let exact = &raw.layer(l).delta[b];
                let plain: Vec<f64> = exact.iter().map(|d| round(d.to_f64())).collect();
                overflown[b] |= !flushed[b] && plain.iter().any(|d| d.is_infinite());
                let lost = plain.iter().all(|d| *d == 0.0) && exact.iter().any(|d| !d.is_zero());
                flushed[b] |= !overflown[b] && lost;
                let norm = plain.iter().fold(0.0, |sum, d| round(sum + round(d * d)));
                sum += match (overflown[b], flushed[b]) {
                    (true, _) => f64::INFINITY,
                    (_, true) => 0.0,
                    _ => norm.sqrt(),
                };
            }
            match sum {
                0.0 => PlainNorm::Zero,
                sum if sum.is_finite() => PlainNorm::Norm,
                _ => PlainNorm::Infinite,
            }
        })
        .collect();
    printed.reverse();
    printed
}
