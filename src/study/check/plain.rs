//! Plain differences of the loss at one h for every parameter, as the chapter has them.

use crate::engine::{Network, Parameter, Real, Scaled};

use super::outcome::{PlainDifference, relative_error};

/// A network whose parameters can be moved one at a time.
pub(super) struct Probe<T> {
    network: Network<T>,
    sides: Vec<bool>,
    /// L(θ).
    pub loss: Scaled,
    /// Forward passes run so far.
    pub passes: u64,
}

impl<T: Real> Probe<T> {
    pub fn new(network: &Network<T>) -> Self {
        let network = network.with_plain_parameters();
        let mut probe = Self { network, sides: Vec::new(), loss: Scaled::ZERO, passes: 0 };
        (probe.loss, probe.sides) = probe.run();
        probe
    }

    /// The one-sided and the centred difference; none of one that crosses a kink. The step is
    /// the one that arithmetic takes: (θ + h) − θ after rounding.
    pub fn compare(
        &mut self,
        parameter: Parameter,
        analytic: Scaled,
        step: f64,
    ) -> [Option<PlainDifference>; 2] {
        let value = self.network.value(parameter);
        let h = T::from_f64(step);
        let (above, below) = (value + h, value - h);
        let (upper, same_above) = self.loss_at(parameter, above);
        let (lower, same_below) = self.loss_at(parameter, below);
        self.network.set(parameter, value);
        let difference = |rise: Scaled, run: f64| {
            // A step that rounding swallows shows nothing at all.
            let numeric = rise.checked_div(run.into()).unwrap_or_default();
            PlainDifference::new(parameter, analytic, numeric)
        };
        let one = difference(upper - self.loss, above.to_f64() - value.to_f64());
        let both = difference(upper - lower, above.to_f64() - below.to_f64());
        [same_above.then_some(one), (same_above && same_below).then_some(both)]
    }

    /// L with one parameter moved, and whether every pre-activation stayed on its side of a kink.
    fn loss_at(&mut self, parameter: Parameter, value: T) -> (Scaled, bool) {
        self.network.set(parameter, value);
        let (loss, sides) = self.run();
        (loss, sides == self.sides)
    }

    /// L, and the sides of all pre-activations that have a kink.
    fn run(&mut self) -> (Scaled, Vec<bool>) {
        let pass = self.network.forward();
        self.passes += 1;
        let layers = self.network.activations().zip(&pass.layers);
        let with_kink = layers.filter(|(activation, _)| activation.has_kink());
        let columns = with_kink.flat_map(|(_, trace)| {
            (0..self.network.input.batch()).flat_map(|example| trace.activated().column(example))
        });
        let sides = columns.map(|z| z.mantissa() > 0.0).collect();
        (self.network.loss_of(&pass), sides)
    }
}

impl PlainDifference {
    fn new(parameter: Parameter, analytic: Scaled, numeric: Scaled) -> Self {
        Self { parameter, analytic, numeric, relative_error: relative_error(analytic, numeric) }
    }
}
