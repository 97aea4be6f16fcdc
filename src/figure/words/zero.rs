//! Zeros: why a norm is one, and the sign of one that is none.

use crate::engine::ZeroCause;

/// The sign and the words that stand for a norm which an emulated format does not keep.
pub fn lost_sign(cause: ZeroCause) -> Option<(&'static str, &'static str)> {
    match cause {
        ZeroCause::Underflow { .. } => Some(("≈0", "underflow")),
        ZeroCause::NotFinite { .. } => Some(("∞", "overflow")),
        _ => None,
    }
}

/// Why a norm is exactly zero, in a few words.
pub fn why_zero(cause: ZeroCause) -> String {
    match cause {
        ZeroCause::DeadOutput => "true zero: the output unit is dead (z ≤ 0)".to_owned(),
        ZeroCause::DeadLayer(layer) => {
            format!("true zero: every unit of layer {layer} has z ≤ 0")
        }
        ZeroCause::NoError => "true zero: the output equals the target".to_owned(),
        ZeroCause::ZeroWeights(layer) => format!("true zero: the weights of layer {layer} are 0"),
        ZeroCause::SaturatedOutput => "zero: the output's slope is beyond any exponent".to_owned(),
        ZeroCause::SaturatedLayer(layer) => {
            format!("zero: every slope of layer {layer} is beyond any exponent")
        }
        ZeroCause::NoPath(layer) => {
            format!("true zero: no signal reaches layer {layer}'s active units")
        }
        ZeroCause::Normalized(layer) => {
            format!("true zero: the normalization of layer {layer} lets nothing back")
        }
        ZeroCause::ZeroScale(layer) => {
            format!("true zero: the skip of layer {layer} adds 0 times the layer")
        }
        ZeroCause::SkipCancels(layer) => {
            format!("true zero: the skip cancels what comes through the layer above layer {layer}")
        }
        ZeroCause::Cancelled(layer) => {
            format!("true zero: the terms cancel on the way to layer {layer}")
        }
        ZeroCause::Underflow { format, layer } => {
            format!("no true zero: rounded to 0 in {} from layer {layer} down", format.label())
        }
        ZeroCause::NotFinite { format, layer } => {
            format!("not finite in {} from layer {layer} down", format.label())
        }
    }
}
