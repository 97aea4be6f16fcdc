//! Noise of rounding's size: what it does to a result is how far rounding can carry it off.

use rand::{RngExt as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::engine::Scaled;

use super::quotient::Quotient;

/// A source of relative errors, independent of each other.
///
/// Backpropagation's rounding errors are relative to the products w_jk δ_j and to the slopes.
/// A forward difference whose products and slopes are off by independent shares of the same
/// size is off by as much: both are Σ δ_j w_jk Δa_k times the shares.
pub(super) struct Noise {
    random: Xoshiro256PlusPlus,
    /// Standard deviation of a share.
    size: f64,
    /// ε of `f64` beside the precision's own.
    double: f64,
}

impl Noise {
    /// `size` is the standard deviation of a relative error, `epsilon` the precision's ε.
    pub fn new(seed: u64, size: f64, epsilon: f64) -> Self {
        let random = Xoshiro256PlusPlus::seed_from_u64(seed);
        Self { random, size, double: f64::EPSILON / epsilon }
    }

    /// A random share of a number.
    pub fn share(&mut self, of: Scaled) -> Scaled {
        self.share_of_size(of, self.size)
    }

    /// A random share of a number, with this standard deviation.
    pub fn share_of_size(&mut self, of: Scaled, size: f64) -> Scaled {
        // Uniform from −√3 to √3.
        let unit = (2.0 * self.random.random::<f64>() - 1.0) * 3_f64.sqrt();
        of * (size * unit)
    }

    /// A quotient that is off. Of e^−x the error is x times ε of `f64`, in which both ways
    /// compute it.
    pub fn slope(&mut self, quotient: Quotient) -> Scaled {
        let ln = quotient.value.exponent().unsigned_abs() as f64 * std::f64::consts::LN_2;
        let share = self.share(quotient.terms.abs());
        quotient.value + share * (1.0 + self.double * ln)
    }
}

/// `number`, off by a random share of `terms` where there is noise.
pub(super) fn shaken(number: Scaled, terms: Scaled, noise: &mut Option<&mut Noise>) -> Scaled {
    match noise {
        Some(noise) => number + noise.share(terms),
        None => number,
    }
}
