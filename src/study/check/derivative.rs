//! Every derivative at its own best step, with a bound on its error.
//!
//! Centred differences at h, h/4, h/16 … have errors c₁h² + c₂h⁴ + …; extrapolation to h = 0
//! takes one term off after the other, and what the last ones disagree by bounds what is left
//! (C. J. F. Ridders 1982, *Accurate computation of F′(x) and F′(x)F″(x)*, Advances in
//! Engineering Software 4). As carried differences do not cancel, a smaller h costs no digits,
//! and steps can be as small as the next kink asks for.

use crate::engine::{Dense, Network, Parameter, Real, Scaled};

use super::carried::{Carried, DifferencePass, KinkUnit};
use super::noise::Noise;

/// 2^this is the step that asks how far a parameter reaches, the first of which takes no unit
/// across its kink: a plain z does not notice any of them. GELU leaves a z of e^(−z²/2).
const PROBING: [i64; 5] = [-1_000_000, -1 << 30, -1 << 40, -1 << 50, -1 << 60];
/// log2 of the share of what units can take that the first step takes.
const FIRST: i64 = -10;
/// The most steps of an extrapolation, each a quarter of the one before.
const ROWS: usize = 6;
/// Extrapolation goes on until its error is below this share of the derivative.
const CLOSE: f64 = 1e-11;
/// The first step is 2^this times smaller where a unit still crosses its kink.
const SHRINK: i64 = 8;
/// First steps that are tried.
const TRIES: usize = 8;
/// Passes with noise.
const NOISY: u64 = 4;
/// How many times the largest effect of the noise rounding may have.
const SAFETY: f64 = 4.0;

/// What a derivative's finite differences say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Derivative {
    /// Of which parameter.
    pub parameter: Parameter,
    /// ∂L/∂θ, extrapolated to h = 0.
    pub value: Scaled,
    /// How far it, and backpropagation beside it, may be off: what the extrapolation leaves,
    /// and the rounding of either pass.
    pub bound: Scaled,
    /// The smallest step that was taken.
    pub step: Scaled,
    /// Whether L(θ + h) and L(θ − h) were the same at every step.
    pub still: bool,
    /// A unit with z = 0 on its kink that every step, however small, moves off it.
    pub kink: Option<KinkUnit>,
    /// Passes from the parameter's layer to the loss that this took.
    pub passes: u32,
}

/// Passes that a derivative usually takes: one to find the step, two for each of three steps,
/// and the noisy ones.
pub(super) const USUAL_PASSES: u64 = 1 + 2 * 3 + NOISY;

/// Finite differences of a network's mean loss, parameter by parameter.
pub struct Differences<'a, T> {
    pass: DifferencePass<'a, T>,
    /// Standard deviation of the noise.
    noise: f64,
}

impl<'a, T: Real> Differences<'a, T> {
    /// Runs the forward pass that all differ from.
    pub fn new(network: &'a Network<T>) -> Self {
        let widest = network.denses().map(Dense::inputs).max().unwrap_or(1);
        // A sum of n products rounds n times, an activation is right to a few ε.
        let noise = 2.0 * (8.0 + (widest as f64).sqrt()) * T::EPSILON;
        Self { pass: DifferencePass::new(network), noise }
    }

    /// ∂L/∂θ of one parameter.
    pub fn derivative(&self, parameter: Parameter) -> Derivative {
        let mut found = Derivative {
            parameter,
            value: Scaled::ZERO,
            bound: Scaled::ZERO,
            step: power(PROBING[0]),
            still: true,
            kink: None,
            passes: 0,
        };
        let (probing, above, below) = self.probe(parameter, &mut found.passes);
        found.step = power(probing);
        if let Some(unit) = above.on_kink {
            found.still = above.rise.is_zero() && below.rise.is_zero();
            found.kink = (!found.still).then_some(unit);
            return found;
        }
        if above.reach.is_zero() {
            return found;
        }
        let mut first = probing + FIRST - above.reach.exponent();
        // Until a step settles it there is no bound.
        (found.still, found.bound) = (false, power(-PROBING[0]));
        for _ in 0..TRIES {
            match self.extrapolate(&mut found, first) {
                Ok(rise) => {
                    self.add_rounding(&mut found, rise);
                    break;
                }
                Err(shrink) => first -= shrink,
            }
        }
        found
    }

    /// log2 of the first probing step that takes no unit across its kink, or of the last, with
    /// what it does; and what a step downwards does, where the one upwards moves a unit off its
    /// kink.
    fn probe(&self, parameter: Parameter, passes: &mut u32) -> (i64, Carried, Carried) {
        let mut probe = |exponent| {
            let above = self.pass.carry(parameter, power(exponent), None);
            *passes += 1;
            if above.on_kink.is_none() {
                return (exponent, above, Carried::default());
            }
            *passes += 1;
            (exponent, above, self.pass.carry(parameter, -power(exponent), None))
        };
        let mut probed = probe(PROBING[0]);
        for exponent in PROBING.into_iter().skip(1) {
            if !(probed.1.crossed || probed.2.crossed) {
                break;
            }
            probed = probe(exponent);
        }
        probed
    }

    /// Steps from 2^`first` downwards. Returns L(θ + h) − L(θ) at the last, or log2 of how many
    /// times smaller the first must be.
    fn extrapolate(&self, found: &mut Derivative, first: i64) -> Result<Scaled, i64> {
        let mut above: Vec<Scaled> = Vec::new();
        let (mut error, mut rise): (Option<Scaled>, _) = (None, Scaled::ZERO);
        let mut still = true;
        for row in 0..ROWS {
            let h = power(first - 2 * row as i64);
            let centred;
            (rise, centred) = self.centred(found.parameter, h, &mut found.passes)?;
            still &= centred.is_zero();
            found.step = h;
            let mut tableau = vec![centred];
            for (column, &before) in above.iter().enumerate() {
                let factor = libm::exp2(4.0 * (column + 1) as f64);
                let last = tableau[column];
                let gain = (last - before) * (1.0 / (factor - 1.0));
                let next = last + gain;
                let off = ((next - last).abs()).max((next - before).abs());
                if error.is_none_or(|error| off <= error) {
                    (error, found.value) = (Some(off), next);
                }
                tableau.push(next);
            }
            above = tableau;
            let close = found.value.abs() * CLOSE;
            if error.is_some_and(|error| error <= close) {
                break;
            }
        }
        (found.still, found.bound) = (still, error.unwrap_or_default() * 2.0);
        Ok(rise)
    }

    /// L(θ + h) − L(θ) and (L(θ + h) − L(θ − h))/2h, or log2 of how many times smaller h must be:
    /// so that no kink is crossed, and that what is linear in h outweighs what is quadratic,
    /// whose rounding would be left of it.
    fn centred(
        &self,
        parameter: Parameter,
        h: Scaled,
        passes: &mut u32,
    ) -> Result<(Scaled, Scaled), i64> {
        let above = self.pass.carry(parameter, h, None);
        let below = self.pass.carry(parameter, -h, None);
        *passes += 2;
        let mut both = [above, below].into_iter();
        if both.any(|of| of.crossed || of.on_kink.is_some() || of.too_far) {
            return Err(SHRINK);
        }
        let (odd, even) = (above.rise - below.rise, above.rise + below.rise);
        if !odd.is_zero() && even.abs() > odd.abs() {
            return Err(even.exponent() - odd.exponent() + 1);
        }
        let twice = h * 2.0;
        Ok((above.rise, odd.checked_div(twice).unwrap_or_default()))
    }

    /// Adds to the bound what rounding may do to either pass, measured by passes with noise.
    fn add_rounding(&self, found: &mut Derivative, rise: Scaled) {
        let mut largest = Scaled::ZERO;
        for seed in 0..NOISY {
            let mut noise = Noise::new(seed, self.noise, T::EPSILON);
            let noisy = self.pass.carry(found.parameter, found.step, Some(&mut noise)).rise;
            let off = (noisy - rise).checked_div(found.step).unwrap_or_default();
            largest = largest.max(off.abs());
        }
        found.passes += NOISY as u32;
        let floor = found.value.abs() * self.noise;
        found.bound = found.bound + largest * SAFETY + floor;
    }
}

/// 2^exponent.
fn power(exponent: i64) -> Scaled {
    Scaled::new(1.0, exponent)
}
