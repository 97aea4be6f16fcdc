//! Sums that cancel: where Wᵀδ is 0 in theory, floating point leaves rounding noise in its place.
//!
//! With equal weights w and a softmax, Σᵢ Wᵢⱼ δᵢ = w Σᵢ (aᵢ − yᵢ) = 0, and rounding leaves about
//! ε Σᵢ |Wᵢⱼ δᵢ|. Read as a signal, that looks like one that vanishes within a single layer.
//! Random weights do not cancel; equal ones and given ones can.

use crate::engine::number::{Real, Scaled, Signal};
use crate::engine::op::dense::Dense;
use crate::engine::op::scaled_activation;
use crate::engine::pass::LayerTrace;
use crate::experiment::Activation;

/// A sum of at most this many ε Σ|terms| is what the rounding of its terms leaves.
const NOISE: f64 = 8.0;
/// Sizes above this lost no term that matters to an underflow.
const PLAIN: f64 = 1e-200;

/// Sets δ of an example to 0 where each of its sums is rounding noise. `dense` and `above` are
/// those of layer l + 1, `below` is layer l with its δ.
pub(crate) fn drop_rounding_noise<T: Real>(
    dense: &Dense<T>,
    above: &Signal<T>,
    below: &mut LayerTrace<T>,
) {
    for example in 0..below.delta.batch() {
        if below.delta.largest(example).is_some() && is_noise(dense, above, below, example) {
            below.delta.clear(example);
        }
    }
}

/// Whether some unit of layer l with a slope would receive a signal, if its terms did not cancel.
pub(crate) fn has_terms<T: Real>(
    dense: &Dense<T>,
    above: &Signal<T>,
    activation: Activation,
    below: &LayerTrace<T>,
) -> bool {
    (0..above.batch()).any(|example| {
        let delta = above.column(example);
        let slope = |&unit: &usize| {
            scaled_activation::slope(activation, below.activated().entry(unit, example))
        };
        let live = (0..below.z.units()).filter(|unit| !slope(unit).is_zero());
        live.into_iter().any(|unit| !Sums::of(dense, &delta, unit).sizes.is_zero())
    })
}

fn is_noise<T: Real>(
    dense: &Dense<T>,
    above: &Signal<T>,
    below: &LayerTrace<T>,
    example: usize,
) -> bool {
    let delta = above.column(example);
    let below = below.delta.column(example).into_iter().enumerate();
    let mut left = below.filter(|(_, delta)| !delta.is_zero());
    left.all(|(unit, _)| Sums::of(dense, &delta, unit).is_noise::<T>())
}

/// What a unit receives.
struct Sums {
    /// Σᵢ Uᵢⱼ δᵢ.
    sum: Scaled,
    /// Σᵢ |Uᵢⱼ δᵢ|.
    sizes: Scaled,
}

impl Sums {
    fn of<T: Real>(dense: &Dense<T>, delta: &[Scaled], unit: usize) -> Self {
        let exponents = delta.iter().filter(|d| !d.is_zero()).map(|d| d.exponent());
        let top = exponents.max().unwrap_or(0);
        let terms = || {
            let weights = dense.unit.column(unit).into_iter().map(|weight| weight.to_f64());
            weights.zip(delta)
        };
        // Plain numbers beside the largest δ, wherever that leaves some of the terms.
        let [sum, sizes] = terms().fold([0.0, 0.0], |[sum, sizes], (weight, delta)| {
            let term = weight * delta.over_power_of_two(top);
            [sum + term, sizes + term.abs()]
        });
        if sizes > PLAIN {
            return Self { sum: Scaled::new(sum, top), sizes: Scaled::new(sizes, top) };
        }
        let zero = Self { sum: Scaled::ZERO, sizes: Scaled::ZERO };
        terms().fold(zero, |sums, (weight, delta)| {
            let term = *delta * weight;
            Self { sum: (sums.sum + term), sizes: (sums.sizes + term.abs()) }
        })
    }

    fn is_noise<T: Real>(&self) -> bool {
        let share = self.sum.checked_div(self.sizes);
        share.is_none_or(|share| share.to_f64().abs() <= NOISE * T::EPSILON)
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::{DrawCache, Network, ZeroCause, record};
    use crate::experiment::Experiment;

    fn records(toml: &str) -> Vec<crate::engine::LayerRecord> {
        let experiment = Experiment::from_toml(toml).expect("valid");
        let variant = &experiment.variants[0];
        let network: Network<f64> =
            Network::build(&experiment, variant, &mut DrawCache::new(), &mut || true).unwrap();
        record(&network, &network.pass())
    }

    /// Σ(a − y) = 0 of a softmax, times equal weights.
    #[test]
    fn equal_weights_below_a_softmax_cancel() {
        let records = records(
            "draws = 'layered'\n[architecture]\ninput = 4\nwidth = 4\ndepth = 2\noutput = 3\n\
             loss = 'softmax_ce'\n[[variant]]\nactivation = 'tanh'\n\
             init = { scheme = 'constant', value = 0.5 }",
        );
        assert!(records[2].zero.is_none() && !records[2].delta.is_zero());
        for record in &records[..2] {
            assert!(record.delta.is_zero() && record.weight_grad.is_zero());
            assert_eq!(record.zero, Some(ZeroCause::Cancelled(2)));
        }
    }

    /// A difference of 1e-12 of the weights is a signal, not noise.
    #[test]
    fn what_nearly_cancels_is_kept() {
        let weights = "weights = [[[1.0], [1.0]], [[1.0, 1.0], [-1.000000000001, -1.0]]]";
        let records = records(&format!(
            "[architecture]\ninput = 1\nhidden = [2]\noutput = 2\n[data]\nx = [[1.0]]\n\
             y = [[1.0, -3.0]]\n[[variant]]\nactivation = 'linear'\n{weights}"
        ));
        assert!(records[0].delta.log10().expect("a signal") < -11.0);
    }
}
