//! Rounding errors of the forward pass, which some networks amplify layer by layer until nothing
//! of the numbers is left but what is typical of such networks.

use std::f64::consts::LN_10;

use crate::engine::{LayerRecord, Scaled};
use crate::experiment::{Precision, Variant};

use super::FlowFinding;

/// The share of z from which on its rounding error is told.
pub const NOTABLE_ROUNDING: f64 = 0.01;

/// The first layer whose z carries a rounding error of [`NOTABLE_ROUNDING`].
///
/// What carries δ back carries errors forward: with J = ∂z^(l)/∂z^(k), a signal of no particular
/// direction is multiplied by ‖J‖_F/√n_l on its way from l to k, an error by ‖J‖_F/√n_k on its way
/// from k to l. Each layer adds an error of u ‖z^(k)‖, with u the unit roundoff, so that that of z^(l)
/// is about u √(Σ_(k ≤ l) q_k²)/q_l of its size, with q_k = ‖δ^(k)‖ ‖z^(k)‖/√n_k
/// ([`LayerRecord::sensitivity_log10`]).
///
/// It is an estimate, within a factor of 30 of what another order of summation changes. There is
/// none with skips, where z is not all that goes on, none of layers whose units are alike, and none
/// for an emulated format, which rounds on purpose.
pub(super) fn forward_rounding(
    precision: Precision,
    variant: &Variant,
    layers: &[LayerRecord],
) -> Option<FlowFinding> {
    let unit = match precision {
        Precision::F64 => f64::EPSILON / 2.0,
        Precision::F32 => f64::from(f32::EPSILON) / 2.0,
        Precision::Fp16 | Precision::Bf16 => return None,
    };
    if variant.skip.is_some() {
        return None;
    }
    let mut squares = Scaled::ZERO;
    let noted = layers.iter().find(|layer| {
        let weight = layer.sensitivity_log10.filter(|_| !layer.alike);
        weight.is_some_and(|log10| {
            let q = Scaled::from_ln(log10 * LN_10);
            squares += q * q;
            squares.sqrt() * unit > q * NOTABLE_ROUNDING
        })
    })?;
    Some(FlowFinding::ForwardRounding { layer: noted.layer, precision })
}
