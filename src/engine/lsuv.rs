//! Layer-sequential unit-variance initialization: weights that are scaled by what they make of the
//! data (Mishkin and Matas 2016, *All you need is a good init*).

use crate::engine::network::Network;
use crate::engine::number::Real;
use crate::engine::op;
use crate::engine::pass::Pass;
use crate::engine::record::moments;
use crate::engine::rows::Serial;
use crate::experiment::{Scheme, Variant};

/// How far the variance may stay from its aim, as a share.
const TOLERANCE: f64 = 0.1;
/// How often a layer is scaled at most: once does where there is no bias.
const MOST_ROUNDS: usize = 10;

impl<T: Real> Network<T> {
    /// Scales the weights of the variant's `lsuv` layers, from the first to the last, until the
    /// variance of their z over units and examples is gain², to a tenth of it.
    ///
    /// A layer whose z are all equal stays as it is: nothing scales it.
    pub(super) fn fit_to_data(&mut self, variant: &Variant) {
        let is_fitted =
            |l: usize| variant.weights.is_none() && variant.init_of(l).scheme == Scheme::Lsuv;
        let layers = self.depth();
        if !(1..=layers).any(is_fitted) {
            return;
        }
        let mut pass = Pass::before(self.input.clone().into());
        for index in 0..layers {
            if variant.shares_weights(index + 1, layers) {
                self.dense_mut(index).scale = self.dense(1).scale;
            } else if is_fitted(index + 1) {
                self.fit_layer(index, variant.init_of(index + 1).gain(), &mut pass);
            }
            let (below, trace) = self.step(&mut pass, index);
            op::forward(self.layer_ops(index), below, trace, &Serial);
        }
    }

    fn fit_layer(&mut self, index: usize, aim: f64, pass: &mut Pass<T>) {
        for _ in 0..MOST_ROUNDS {
            let (below, trace) = self.step(pass, index);
            op::forward(self.layer_ops(index), below, trace, &Serial);
            let std = moments(trace.z.columns()).1.to_f64();
            let factor = aim / std;
            let scale = self.dense(index).scale.to_f64() * factor;
            let is_close = (std * std - aim * aim).abs() < TOLERANCE * aim * aim;
            if is_close || !(f64::MIN_POSITIVE..1e30).contains(&scale) {
                return;
            }
            self.dense_mut(index).scale = T::from_f64(scale);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::{DrawCache, Network, Real};
    use crate::experiment::Experiment;

    #[test]
    fn every_layer_has_unit_variance() {
        for (bias, tied) in
            [("", ""), ("bias = { scheme = 'normal', std = 0.5 }", ""), ("", "tied = true")]
        {
            let experiment = Experiment::from_toml(&format!(
                "[architecture]\nwidth = 30\ndepth = 8\noutput = 5\nbatch = 40\n[[variant]]\n\
                 activation = 'tanh'\ninit = {{ scheme = 'lsuv' }}\n{bias}\n{tied}"
            ))
            .expect("valid");
            let network: Network<f64> = Network::build(
                &experiment,
                &experiment.variants[0],
                &mut DrawCache::new(),
                &mut || true,
            )
            .expect("nobody stops it");
            let pass = network.pass();
            for (index, trace) in pass.layers.iter().enumerate() {
                let std = super::moments(trace.z.columns()).1.to_f64();
                let is_shared = !tied.is_empty() && (2..8).contains(&index);
                assert!(is_shared || (std * std - 1.0).abs() < 0.1, "layer {}: {std}", index + 1);
                let same = network.dense(index).scale == network.dense(1).scale;
                assert!(!is_shared || same);
            }
            assert!(network.dense(0).scale.to_f64() != 1.0);
        }
    }
}
