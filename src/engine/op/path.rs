//! The way through the ops between two layers: op by op, in one go where two of them are fused.

use crate::engine::number::{Real, Signal};
use crate::engine::op::cancellation::drop_rounding_noise;
use crate::engine::op::{Op, activate, fused, times_slope};
use crate::engine::pass::LayerTrace;
use crate::engine::rows::Executor;

/// What the ops of one layer leave in its trace, from the layer below's a.
pub(crate) fn forward<T: Real>(
    ops: &[Op<T>],
    input: &Signal<T>,
    trace: &mut LayerTrace<T>,
    executor: &impl Executor,
) {
    match ops {
        [Op::Dense(dense), Op::Activation(activation)] => {
            fused::forward((dense, *activation), input, trace, executor);
        }
        ops => ops.iter().for_each(|op| op.forward(input, trace, executor)),
    }
}

/// δ^(l) from δ^(l+1), `above`: what the ops between z^(l) and z^(l+1), in the order of the forward
/// pass, send back, left in the trace of layer l.
pub(crate) fn backward<T: Real>(
    ops: &[Op<T>],
    above: &Signal<T>,
    below: &mut LayerTrace<T>,
    executor: &impl Executor,
) {
    match ops {
        [Op::Activation(activation), Op::Dense(dense)] => {
            fused::backward((dense, above), *activation, below, executor);
        }
        ops => ops.iter().rev().for_each(|op| op.backward(above, below, executor)),
    }
    for op in ops {
        if let Op::Dense(dense) = op
            && !dense.is_random
        {
            drop_rounding_noise(dense, above, below);
        }
    }
}

impl<T: Real> Op<T> {
    /// z of the a below, or a and φ′ of the z that is there.
    fn forward(&self, input: &Signal<T>, trace: &mut LayerTrace<T>, executor: &impl Executor) {
        match self {
            Self::Dense(dense) => dense.forward(input, &mut trace.z, executor),
            Self::Activation(activation) => activate(*activation, trace),
        }
    }

    /// u = Wᵀδ of the δ above, or u ⊙ φ′ of the u that is there, left in the trace's δ.
    fn backward(&self, above: &Signal<T>, trace: &mut LayerTrace<T>, executor: &impl Executor) {
        match self {
            Self::Dense(dense) => dense.backward(above, &mut trace.delta, executor),
            Self::Activation(activation) => times_slope(*activation, trace),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::rows::Serial;
    use crate::engine::{DrawCache, FromDraws, Network};
    use crate::experiment::{Experiment, Preset};

    /// What fusing two ops leaves is what each of them leaves after the other.
    fn compare<T: Real + FromDraws>(experiment: &Experiment) {
        for variant in &experiment.variants {
            let network: Network<T> =
                Network::build(experiment, variant, &mut DrawCache::new(), &mut || true).unwrap();
            let fused = network.pass();
            let mut single = fused.clone();
            for trace in &mut single.layers {
                *trace = LayerTrace::zeros(trace.z.units(), trace.z.batch());
            }
            let last = network.depth() - 1;
            single.layers[last].delta.clone_from(&fused.layers[last].delta);
            for index in 0..network.depth() {
                let (input, trace) = single.step(index);
                network.layer_ops(index).iter().for_each(|op| op.forward(input, trace, &Serial));
                compare_columns(&trace.a, &fused.layers[index].a);
                compare_columns(&trace.z, &fused.layers[index].z);
                assert_eq!(trace.slope, fused.layers[index].slope);
            }
            for index in (0..last).rev() {
                let (above, trace) = single.step_back(index);
                let above = above.expect("not the output");
                let ops = network.ops_between(index);
                ops.iter().rev().for_each(|op| op.backward(above, trace, &Serial));
                for dense in [network.dense(index + 1)].into_iter().filter(|of| !of.is_random) {
                    drop_rounding_noise(dense, above, trace);
                }
                compare_columns(&trace.delta, &fused.layers[index].delta);
            }
        }
    }

    fn compare_columns<T: Real>(one: &Signal<T>, other: &Signal<T>) {
        for example in 0..one.batch() {
            assert_eq!(one.column(example), other.column(example));
        }
    }

    #[test]
    fn fused_or_one_by_one() {
        for preset in Preset::ALL {
            let experiment = preset.experiment();
            compare::<f64>(&experiment);
            compare::<f32>(&experiment);
        }
    }

    /// Gains that take z and δ far past what a number of either precision holds.
    #[test]
    fn fused_or_one_by_one_far_out() {
        for activation in ["sigmoid", "relu", "gelu", "tanh", "selu"] {
            for gain in ["1e-60", "1e-9", "1e3", "1e6"] {
                let experiment = Experiment::from_toml(&format!(
                    "[architecture]\nwidth = 12\ndepth = 60\nbatch = 3\n[[variant]]\n\
                     activation = '{activation}'\ninit = {{ scheme = 'he_normal', gain = {gain} }}"
                ));
                compare::<f64>(&experiment.clone().unwrap());
                compare::<f32>(&experiment.unwrap());
            }
        }
    }
}
