//! Sums that cancel: where Wᵀδ is 0 in theory, floating point leaves rounding noise in its place.
//!
//! With equal weights w and a softmax, Σᵢ Wᵢⱼ δᵢ = w Σᵢ (aᵢ − yᵢ) = 0, and rounding leaves about
//! ε Σᵢ |Wᵢⱼ δᵢ|. Read as a signal, that looks like one that vanishes within a single layer.
//! Random weights do not cancel; equal ones and given ones can.

use crate::experiment::Activation;

use super::network::Layer;
use super::{LayerTrace, Real, Scaled, Signal, scaled_activation};

/// A sum of at most this many ε Σ|terms| is what the rounding of its terms leaves.
const NOISE: f64 = 8.0;

/// Sets δ of an example to 0 where each of its sums is rounding noise. `layer` and `above` are
/// those of layer l + 1, `below` is layer l with its δ.
pub(super) fn drop_rounding_noise<T: Real>(
    layer: &Layer<T>,
    above: &Signal<T>,
    below: &mut LayerTrace<T>,
) {
    for example in 0..below.delta.batch() {
        if below.delta.largest(example).is_some() && is_noise(layer, above, below, example) {
            below.delta.clear(example);
        }
    }
}

/// Whether some unit of layer l with a slope would receive a signal, if its terms did not cancel.
pub(super) fn has_terms<T: Real>(
    layer: &Layer<T>,
    above: &Signal<T>,
    activation: Activation,
    below: &LayerTrace<T>,
) -> bool {
    (0..above.batch()).any(|example| {
        let delta = above.column(example);
        let slope =
            |&unit: &usize| scaled_activation::slope(activation, below.z.entry(unit, example));
        let live = (0..below.z.units()).filter(|unit| !slope(unit).is_zero());
        let mut terms = live.map(|unit| terms(layer, &delta, unit));
        terms.any(|[_, sizes]| !sizes.is_zero())
    })
}

fn is_noise<T: Real>(
    layer: &Layer<T>,
    above: &Signal<T>,
    below: &LayerTrace<T>,
    example: usize,
) -> bool {
    let delta = above.column(example);
    let allowed = Scaled::from(NOISE * T::EPSILON);
    let below = below.delta.column(example).into_iter().enumerate();
    below
        .filter(|(_, delta)| !delta.is_zero())
        .map(|(unit, _)| terms(layer, &delta, unit))
        .all(|[sum, sizes]| sum.magnitude().minus(sizes.times(allowed)).mantissa() <= 0.0)
}

/// Σᵢ Uᵢⱼ δᵢ and Σᵢ |Uᵢⱼ δᵢ|, however small.
fn terms<T: Real>(layer: &Layer<T>, delta: &[Scaled], unit: usize) -> [Scaled; 2] {
    let weights = layer.unit.column(unit).into_iter().map(|weight| weight.to_f64());
    let terms = weights.zip(delta).map(|(weight, delta)| delta.times(weight.into()));
    terms.fold([Scaled::ZERO; 2], |[sum, sizes], term| {
        [sum.plus(term), sizes.plus(term.magnitude())]
    })
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
