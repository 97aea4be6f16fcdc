//! Finite differences of the loss, one parameter at a time, and what they say.

use crate::engine::{Network, Parameter, Pass, Real, Scaled};

use super::{Compared, Finding};

/// Multiples of the loss's rounding that a difference may be off by.
const ROUNDINGS: f64 = 64.0;

/// A network whose parameters can be moved one at a time.
pub(super) struct Probe<T> {
    network: Network<T>,
    base: Pass<T>,
    /// L(θ).
    pub loss: Scaled,
    /// Forward passes run so far.
    pub passes: u64,
}

impl<T: Real> Probe<T> {
    pub fn new(network: &Network<T>) -> Self {
        let network = network.with_plain_parameters();
        let base = network.forward();
        let loss = network.loss_of(&base);
        Self { network, base, loss, passes: 1 }
    }

    /// The one-sided and the centred comparison. The step is the one that arithmetic takes:
    /// (θ + h) − θ after rounding.
    pub fn compare(&mut self, parameter: Parameter, analytic: Scaled, step: f64) -> [Compared; 2] {
        let value = self.network.value(parameter);
        let h = T::from_f64(step);
        let (above, below) = (value + h, value - h);
        let (upper, crosses_above) = self.loss_at(parameter, above);
        let (lower, crosses_below) = self.loss_at(parameter, below);
        self.network.set(parameter, value);
        let one = Difference {
            rise: upper.minus(self.loss),
            run: above.to_f64() - value.to_f64(),
            crosses_kink: crosses_above,
        };
        let both = Difference {
            rise: upper.minus(lower),
            run: above.to_f64() - below.to_f64(),
            crosses_kink: crosses_above || crosses_below,
        };
        [one, both].map(|difference| self.judge(parameter, analytic, &difference))
    }

    /// L with one parameter moved, and whether a pre-activation changed its side of a kink.
    fn loss_at(&mut self, parameter: Parameter, value: T) -> (Scaled, bool) {
        self.network.set(parameter, value);
        let pass = self.network.forward();
        self.passes += 1;
        (self.network.loss_of(&pass), self.crosses_kink(&pass))
    }

    fn crosses_kink(&self, pass: &Pass<T>) -> bool {
        let layers = self.network.layers.iter().zip(self.base.layers.iter().zip(&pass.layers));
        layers.filter(|(layer, _)| layer.activation.has_kink()).any(|(_, (base, moved))| {
            let pairs = base.z.signs().into_iter().zip(moved.z.signs());
            pairs.into_iter().any(|(base, moved)| (base > 0) != (moved > 0))
        })
    }

    fn judge(&self, parameter: Parameter, analytic: Scaled, by: &Difference) -> Compared {
        let numeric = by.rise.over(by.run.into()).unwrap_or_default();
        let error = size(analytic.minus(numeric));
        let larger = if exceeds(size(numeric), size(analytic)) { numeric } else { analytic };
        let relative_error = error.over(size(larger)).map_or(0.0, Scaled::to_f64);
        let rounding = self.rounding(by.run);
        let allowed = rounding.plus(size(larger).times(tolerance::<T>().into()));
        let finding = if by.crosses_kink {
            Finding::CrossesKink
        } else if exceeds(error, allowed) {
            Finding::Wrong
        } else if exceeds(rounding, size(larger)) {
            Finding::BelowRounding
        } else {
            Finding::Agrees
        };
        Compared { parameter, analytic, numeric, relative_error, finding }
    }

    /// What rounding may add to a difference: some ε(L + √(2L))/h. The root is for a squared
    /// error, whose own error is that of a, of the order of 1, times |a − y|.
    fn rounding(&self, run: f64) -> Scaled {
        let root = self.loss.times(2.0.into()).sqrt();
        let factor = ROUNDINGS * T::EPSILON / run.abs();
        // A step that rounding swallows shows nothing at all.
        let factor = if factor.is_finite() { factor } else { f64::MAX };
        self.loss.plus(root).times(factor.into())
    }
}

/// Rise over run.
struct Difference {
    rise: Scaled,
    run: f64,
    crosses_kink: bool,
}

fn size(number: Scaled) -> Scaled {
    Scaled::new(number.mantissa().abs(), number.exponent())
}

fn exceeds(a: Scaled, b: Scaled) -> bool {
    a.minus(b).mantissa() > 0.0
}

/// The relative error that a centred difference at its best step may leave: ∛ε, generously
/// above its own ∛ε².
pub(super) fn tolerance<T: Real>() -> f64 {
    libm::cbrt(T::EPSILON)
}
