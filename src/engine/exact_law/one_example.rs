//! A dense layer in law for one example.

use super::norm::{PLAIN_EXPONENT, dot, norm};
use crate::engine::draws::Stream;
use crate::engine::kernels;
use crate::engine::number::{Scaled, ScaledColumns, ldexp};

/// What the passes of one example know of W, whose entries are N(0, s²).
///
/// With â = a/‖a‖, Wa = s‖a‖g and, since given g the rest of W is fresh noise in the directions
/// orthogonal to a, Wᵀδ = s[‖δ‖h + â(gᵀδ − ‖δ‖âᵀh)], with g and h ~ N(0, I).
#[derive(Clone, Debug)]
pub(super) struct OneInLaw {
    /// g, n_out.
    normals: Vec<f64>,
    /// ‖a‖ in units of 2^(a's exponent).
    input_norm: f64,
}

impl OneInLaw {
    pub fn new(units: usize) -> Self {
        Self { normals: vec![0.0; units], input_norm: 0.0 }
    }

    /// Draws g.
    pub fn draw(&mut self, stream: &mut Stream) {
        stream.fill_normal(&mut self.normals);
    }

    /// s‖a‖g, from a with this norm.
    pub fn forward(
        &mut self,
        scale: f64,
        (input, norm): (&ScaledColumns<f64>, Scaled),
        out: &mut ScaledColumns<f64>,
    ) {
        self.input_norm = ldexp(norm.mantissa(), norm.exponent() - input.exponent[0]);
        let std = norm * scale;
        let plain = std.exponent().abs() < PLAIN_EXPONENT;
        let factor = if plain { std.to_f64() } else { std.mantissa() };
        out.exponent[0] = if plain { 0 } else { std.exponent() };
        kernels::scale_columns_into(&self.normals, &[factor], out.entries_mut(), 1);
    }

    /// Wᵀδ of the W that [`Self::forward`] has met with `input` = a; `fresh` is memory for h.
    pub fn backward(
        &mut self,
        scale: f64,
        input: &ScaledColumns<f64>,
        delta: &ScaledColumns<f64>,
        (stream, fresh): (&mut Stream, &mut Vec<f64>),
        out: &mut ScaledColumns<f64>,
    ) {
        fresh.resize(out.units(), 0.0);
        stream.fill_normal(fresh);
        let norm = norm(delta);
        let norm = ldexp(norm.mantissa(), norm.exponent() - delta.exponent[0]);
        let a = input.entries();
        let inverse = if self.input_norm > 0.0 { 1.0 / self.input_norm } else { 0.0 };
        let aligned = dot(&self.normals, delta.entries());
        let along = (aligned - norm * (dot(a, fresh) * inverse)) * inverse;
        out.exponent[0] = delta.exponent[0];
        let out = out.entries_mut();
        out.copy_from_slice(fresh);
        kernels::add_columns(out, a, &[norm], &[along]);
        kernels::scale_columns(out, &[scale]);
    }
}
