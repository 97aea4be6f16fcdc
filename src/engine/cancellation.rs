//! Sums that cancel: where Wᵀδ is 0 in theory, floating point leaves rounding noise in its place.
//!
//! With equal weights w and a softmax, Σᵢ Wᵢⱼ δᵢ = w Σᵢ (aᵢ − yᵢ) = 0, and rounding leaves about
//! ε Σᵢ |Wᵢⱼ δᵢ|. Read as a signal, that looks like one that vanishes within a single layer.
//! Random weights do not cancel; equal ones and given ones can.

use crate::experiment::Activation;

use super::network::Layer;
use super::{LayerTrace, Real, Scaled};

/// A sum of at most this many ε Σ|terms| is what the rounding of its terms leaves.
const NOISE: f64 = 8.0;
/// Sizes above this lost no term that matters to an underflow.
const PLAIN: f64 = 1e-200;

/// Sets δ of an example to 0 where each of its sums is rounding noise. `layer` and `next` are
/// layer l + 1; `activation` and `below` belong to layer l, whose δ is there.
pub(super) fn drop_rounding_noise<T: Real>(
    layer: &Layer<T>,
    next: &LayerTrace<T>,
    activation: Activation,
    below: &mut LayerTrace<T>,
) {
    for example in 0..below.delta.batch() {
        if below.delta.largest(example).is_some()
            && is_noise(layer, next, activation, below, example)
        {
            below.delta.mantissa.column_mut(example).fill(T::ZERO);
            below.delta.exponent[example] = 0;
            below.faint.retain(|faint| faint.example != example);
        }
    }
}

/// Whether some unit of layer l with a slope would receive a signal, if its terms did not cancel.
pub(super) fn has_terms<T: Real>(
    layer: &Layer<T>,
    next: &LayerTrace<T>,
    activation: Activation,
    below: &LayerTrace<T>,
) -> bool {
    (0..next.delta.batch()).any(|example| {
        let delta = next.exact_delta(example);
        live(activation, below, example).any(|unit| !Sums::of(layer, &delta, unit).sizes.is_zero())
    })
}

fn is_noise<T: Real>(
    layer: &Layer<T>,
    next: &LayerTrace<T>,
    activation: Activation,
    below: &LayerTrace<T>,
    example: usize,
) -> bool {
    let delta = next.exact_delta(example);
    let mut any = false;
    let all = live(activation, below, example).all(|unit| {
        let sums = Sums::of(layer, &delta, unit);
        any |= !sums.sizes.is_zero();
        sums.is_noise::<T>()
    });
    all && any
}

/// Units of a layer whose slope is not 0. One that fades smoothly never is, even where its
/// number underflows.
fn live<T: Real>(
    activation: Activation,
    below: &LayerTrace<T>,
    example: usize,
) -> impl Iterator<Item = usize> {
    let smooth = !activation.is_piecewise_linear();
    let slope = below.slope.column(example);
    (0..slope.len()).filter(move |&unit| smooth || slope[unit] != T::ZERO)
}

/// What a unit receives.
struct Sums {
    /// Σᵢ Uᵢⱼ δᵢ.
    sum: Scaled,
    /// Σᵢ |Uᵢⱼ δᵢ|.
    sizes: Scaled,
}

impl Sums {
    fn of<T: Real>(layer: &Layer<T>, delta: &[Scaled], unit: usize) -> Self {
        let exponents = delta.iter().filter(|d| !d.is_zero()).map(|d| d.exponent());
        let top = exponents.max().unwrap_or(0);
        let terms = || {
            let weights = layer.unit.column(unit).into_iter().map(|weight| weight.to_f64());
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
            let term = delta.times(Scaled::from(weight));
            let size = Scaled::new(term.mantissa().abs(), term.exponent());
            Self { sum: sums.sum.plus(term), sizes: sums.sizes.plus(size) }
        })
    }

    fn is_noise<T: Real>(&self) -> bool {
        let share = self.sum.over(self.sizes);
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
