//! The way through the ops between two layers: op by op, in one go where two of them are fused.

use ndarray::Array2;

use crate::engine::chain::{AlongSkip, ChainTrace, NormTrace};
use crate::engine::number::{Real, Signal};
use crate::engine::op::activation::activate_signal;
use crate::engine::op::cancellation::drop_rounding_noise;
use crate::engine::op::{Op, fused, skip, times_slope};
use crate::engine::pass::{Below, LayerTrace};
use crate::engine::rows::Executor;

/// What the ops of one layer leave in its trace, from what the layer below hands on.
pub(crate) fn forward<T: Real>(
    ops: &[Op<T>],
    below: Below<'_, T>,
    trace: &mut LayerTrace<T>,
    executor: &impl Executor,
) {
    match ops {
        [Op::Dense(dense), Op::Activation(activation)] => {
            fused::forward((dense, *activation), below.input, trace, executor);
        }
        [Op::Dense(dense), between @ ..] => {
            dense.forward(below.input, &mut trace.z, executor);
            forward_between(between, below.handed_on, trace);
        }
        _ => unreachable!("a layer begins with a dense op"),
    }
}

/// What the ops after the dense one leave in the trace of a layer with its z.
pub(crate) fn forward_between<T: Real>(
    between: &[Op<T>],
    handed_on: Option<&Signal<T>>,
    trace: &mut LayerTrace<T>,
) {
    let LayerTrace { z, a, slope, chain, .. } = trace;
    let (mut rest, mut norm) = match chain.as_deref_mut() {
        Some(ChainTrace { made, norm, .. }) => (&mut made[..], Some(norm)),
        None => (&mut [][..], None),
    };
    let mut from = &*z;
    for op in between.iter().filter(|op| !matches!(op, Op::Save)) {
        let Some((to, others)) = std::mem::take(&mut rest).split_first_mut() else {
            op.forward_to(a, from, handed_on, slope, norm.as_deref_mut());
            return;
        };
        op.forward_to(to, from, handed_on, slope, norm.as_deref_mut());
        (from, rest) = (to, others);
    }
}

/// δ^(l) from δ^(l+1), with the trace of layer l + 1 `above`: what the ops between z^(l) and
/// z^(l+1), in the order of the forward pass, send back, left in the trace of layer l.
pub(crate) fn backward<T: Real>(
    ops: &[Op<T>],
    above: &LayerTrace<T>,
    below: &mut LayerTrace<T>,
    executor: &impl Executor,
) {
    let Some((Op::Dense(dense), between)) = ops.split_last() else {
        unreachable!("the last op before z is a dense one");
    };
    let between = match between {
        // What rounding leaves of given weights' sums is dropped before it goes on through a
        // normalization or a skip.
        [rest @ .., Op::Activation(activation)] if dense.is_random || rest.is_empty() => {
            fused::backward((dense, &above.delta), *activation, below, executor);
            rest
        }
        _ => {
            dense.backward(&above.delta, &mut below.delta, executor);
            between
        }
    };
    if !dense.is_random {
        drop_rounding_noise(dense, &above.delta, below);
    }
    backward_between(between, above.along_skip(), below);
}

/// δ of the Wᵀδ that is there, and of what comes back along the skip of the layer above.
pub(crate) fn backward_between<T: Real>(
    between: &[Op<T>],
    along_skip: Option<&Signal<T>>,
    trace: &mut LayerTrace<T>,
) {
    backward_each(between, along_skip, trace, |_| {});
}

/// [`backward_between`], which shows what each op sends back, the last op's first.
pub(crate) fn backward_each<T: Real>(
    between: &[Op<T>],
    along_skip: Option<&Signal<T>>,
    trace: &mut LayerTrace<T>,
    mut show: impl FnMut(&Signal<T>),
) {
    let mut place = between.iter().filter(|op| !matches!(op, Op::Save)).count();
    for op in between.iter().rev() {
        match op {
            Op::Save => {
                let couples = trace.couples_examples();
                along_skip.into_iter().for_each(|skip| skip::add(&mut trace.delta, skip, couples));
            }
            op => {
                op.backward(place, trace);
                place -= 1;
            }
        }
        show(&trace.delta);
    }
}

impl<T: Real> Op<T> {
    /// What it makes of a signal; φ′ and what a normalization leaves are for the way back.
    fn forward_to(
        &self,
        to: &mut Signal<T>,
        from: &Signal<T>,
        handed_on: Option<&Signal<T>>,
        slope: &mut Array2<T>,
        trace: Option<&mut NormTrace<T>>,
    ) {
        match self {
            Self::Activation(activation) => activate_signal(*activation, from, to, slope),
            Self::Norm(norm) => norm.forward(from, to, trace.expect(CHAIN)),
            Self::Add { alpha } => skip::forward(handed_on.expect(CHAIN), *alpha, from, to),
            Self::Dense(_) | Self::Save => unreachable!("makes nothing between z and a"),
        }
    }

    /// What it sends back of the signal that it makes, the one of that `place`, left in the
    /// trace's δ.
    fn backward(&self, place: usize, trace: &mut LayerTrace<T>) {
        if let Self::Activation(activation) = self {
            return times_slope(*activation, trace);
        }
        let LayerTrace { a, delta, chain, .. } = trace;
        let chain = chain.as_deref_mut().expect(CHAIN);
        match self {
            Self::Norm(norm) => {
                // The last op's signal is a, behind all those that lie between.
                let u = chain.made.get(place - 1).unwrap_or(a);
                norm.backward(u, delta, &mut chain.norm);
            }
            Self::Add { alpha } => {
                if let AlongSkip::Other(along) = &mut chain.along_skip {
                    along.copy_from(delta);
                }
                skip::scale(*alpha, delta);
            }
            Self::Activation(_) | Self::Dense(_) | Self::Save => {
                unreachable!("makes no signal between z and a")
            }
        }
    }
}

/// A layer with a normalization or a skip was given memory for what they leave.
const CHAIN: &str = "a trace is made for its layer's ops";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::rows::Serial;
    use crate::engine::{DrawCache, FromDraws, Network};
    use crate::experiment::{Experiment, Loss, Preset};

    /// What fusing two ops leaves is what each of them leaves after the other.
    fn compare<T: Real + FromDraws>(experiment: &Experiment) {
        for variant in &experiment.variants {
            let network: Network<T> =
                Network::build(experiment, variant, &mut DrawCache::new(), &mut || true).unwrap();
            let fused = network.pass();
            let mut single = fused.clone();
            for (index, trace) in single.layers.iter_mut().enumerate() {
                let [units, batch] = [trace.z.units(), trace.z.batch()];
                *trace = LayerTrace::of_ops(network.ops_behind(index), units, batch);
            }
            let last = network.depth() - 1;
            single.layers[last] = fused.layers[last].clone();
            for index in 0..network.depth() {
                let (below, trace) = single.step(index);
                network.dense(index).forward(below.input, &mut trace.z, &Serial);
                forward_between(network.ops_behind(index), below.handed_on, trace);
                // A softmax is the loss's own.
                if index < last || experiment.architecture.loss != Loss::SoftmaxCe {
                    compare_columns(&trace.a, &fused.layers[index].a);
                }
                compare_columns(&trace.z, &fused.layers[index].z);
                assert_eq!(trace.slope, fused.layers[index].slope);
            }
            for index in (0..last).rev() {
                let (above, trace) = single.step_back(index);
                let above = above.expect("not the output");
                let (dense, between) = (network.dense(index + 1), network.ops_behind(index));
                dense.backward(&above.delta, &mut trace.delta, &Serial);
                // A lone activation comes first, as in one go.
                let noise_is_last = matches!(between, [Op::Activation(_)]);
                let drop_noise = |trace: &mut LayerTrace<T>| {
                    if !dense.is_random {
                        drop_rounding_noise(dense, &above.delta, trace);
                    }
                };
                if noise_is_last {
                    backward_between(between, above.along_skip(), trace);
                    drop_noise(trace);
                } else {
                    drop_noise(trace);
                    backward_between(between, above.along_skip(), trace);
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
        let remedies = ["", "normalization = 'batch'", "normalization = 'layer'\nskip = 'pre'"];
        for activation in ["sigmoid", "relu", "gelu", "tanh", "selu"] {
            for (gain, remedy) in ["1e-60", "1e-9", "1e3", "1e6"]
                .into_iter()
                .flat_map(|gain| remedies.map(|remedy| (gain, remedy)))
            {
                let experiment = Experiment::from_toml(&format!(
                    "[architecture]\nwidth = 12\ndepth = 60\nbatch = 3\n[[variant]]\n\
                     activation = '{activation}'\n{remedy}\n\
                     init = {{ scheme = 'he_normal', gain = {gain} }}"
                ));
                compare::<f64>(&experiment.clone().unwrap());
                compare::<f32>(&experiment.unwrap());
            }
        }
    }
}
