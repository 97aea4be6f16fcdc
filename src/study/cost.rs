//! What a pass costs, in multiply-adds and in time (Exercises 16.3 and 16.5).

use std::time::Duration;

use crate::engine::{Network, OpShape, Real};
use crate::experiment::{Experiment, Variant};

use super::{Stopped, TaskContext};

/// One layer's share, for one example. The counts are of multiply-adds of matrix products,
/// as in the chapter: biases and activations cost O(n) and are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerCost {
    /// l, from 1.
    pub layer: usize,
    /// n_l n_{l−1}.
    pub weights: u64,
    /// n_l.
    pub biases: u64,
    /// W^(l) a^(l−1): n_l n_{l−1}.
    pub forward: u64,
    /// W^(l)ᵀ δ^(l), which BP2 needs for the layer below: n_l n_{l−1}, and 0 for layer 1,
    /// below which there is no layer.
    pub deltas: u64,
    /// BP3, δ^(l) a^(l−1)ᵀ: n_l n_{l−1}.
    pub weight_gradients: u64,
}

impl LayerCost {
    fn add(&mut self, op: OpShape) {
        let product = op.multiply_adds() as u64;
        self.weights += op.weights() as u64;
        self.biases += op.biases() as u64;
        self.forward += product;
        self.deltas += if self.layer == 1 { 0 } else { product };
        self.weight_gradients += product;
    }
}

/// The cost of one architecture.
///
/// ```
/// use gradient_lab::study::Cost;
/// let cost = Cost::of(&[5, 10, 8, 3], 1);
/// assert_eq!((cost.weights(), cost.biases(), cost.parameters()), (154, 21, 175));
/// assert_eq!((cost.forward(), cost.deltas(), cost.weight_gradients()), (154, 104, 154));
/// assert!(cost.backward_over_forward() <= 2.0);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Layers 1…L, for one example.
    pub layers: Vec<LayerCost>,
    /// B. The totals of multiply-adds below are for the whole batch, B times one example's;
    /// the counts of parameters do not depend on it.
    pub batch: u64,
    /// The variants that have other parameters than the sizes say.
    pub own: Vec<OwnParameters>,
}

/// How one variant's parameters differ from those of dense layers of the same sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnParameters {
    /// The variant's name.
    pub name: String,
    /// γ and β: two for each normalized unit. They cost O(n), and no product.
    pub norm: u64,
    /// Weights and biases that are another layer's.
    pub shared: u64,
}

impl OwnParameters {
    fn of(experiment: &Experiment, variant: &Variant) -> Self {
        let layers = experiment.layers();
        let mut own = Self { name: variant.name.clone(), norm: 0, shared: 0 };
        for (layer, op) in OpShape::of_variant(experiment, variant) {
            own.norm += op.norm_parameters() as u64;
            if variant.shares_weights(layer, layers) {
                own.shared += (op.weights() + op.biases()) as u64;
            }
        }
        own
    }
}

impl Cost {
    /// The cost of dense layers of these sizes, n_0, n_1, …, n_L, for a batch of `batch` examples.
    pub fn of(sizes: &[usize], batch: usize) -> Self {
        let pairs = (1..).zip(sizes.windows(2));
        let dense = |pair: &[usize]| OpShape::Dense { inputs: pair[0], units: pair[1] };
        Self::of_ops(pairs.map(|(layer, pair)| (layer, dense(pair))), batch)
    }

    /// The cost of an experiment's architecture and batch.
    pub fn of_experiment(experiment: &Experiment) -> Self {
        let ops = OpShape::of_variant(experiment, &experiment.variants[0]);
        let own = experiment.variants.iter().map(|v| OwnParameters::of(experiment, v));
        let own = own.filter(|own| own.norm + own.shared > 0).collect();
        Self { own, ..Self::of_ops(ops, experiment.architecture.batch) }
    }

    fn of_ops(ops: impl Iterator<Item = (usize, OpShape)>, batch: usize) -> Self {
        let mut layers: Vec<LayerCost> = Vec::new();
        for (layer, op) in ops {
            if layers.len() < layer {
                layers.push(LayerCost { layer, ..LayerCost::default() });
            }
            layers[layer - 1].add(op);
        }
        Self { layers, batch: batch as u64, own: Vec::new() }
    }

    fn sum(&self, of: impl Fn(&LayerCost) -> u64) -> u64 {
        self.layers.iter().map(of).sum()
    }

    /// Σ n_l n_{l−1}.
    pub fn weights(&self) -> u64 {
        self.sum(|layer| layer.weights)
    }

    /// Σ n_l.
    pub fn biases(&self) -> u64 {
        self.sum(|layer| layer.biases)
    }

    /// P, weights and biases of dense layers.
    pub fn parameters(&self) -> u64 {
        self.weights() + self.biases()
    }

    /// Multiply-adds of one forward pass of the batch.
    pub fn forward(&self) -> u64 {
        self.batch * self.sum(|layer| layer.forward)
    }

    /// Multiply-adds of BP2 over the batch.
    pub fn deltas(&self) -> u64 {
        self.batch * self.sum(|layer| layer.deltas)
    }

    /// Multiply-adds of BP3 over the batch.
    pub fn weight_gradients(&self) -> u64 {
        self.batch * self.sum(|layer| layer.weight_gradients)
    }

    /// Multiply-adds of one backward pass: deltas and weight gradients.
    pub fn backward(&self) -> u64 {
        self.deltas() + self.weight_gradients()
    }

    /// At most 2: BP2 spares layer 1, whose input wants no δ.
    pub fn backward_over_forward(&self) -> f64 {
        self.backward() as f64 / self.forward() as f64
    }

    /// Multiply-adds of the gradient by one-sided differences: one base pass, and one pass for
    /// each parameter.
    pub fn one_sided_differences(&self) -> u128 {
        (u128::from(self.parameters()) + 1) * u128::from(self.forward())
    }

    /// Multiply-adds of the gradient by centred differences: two passes for each parameter.
    pub fn centred_differences(&self) -> u128 {
        2 * u128::from(self.parameters()) * u128::from(self.forward())
    }

    /// How many times backpropagation is cheaper than one-sided differences.
    pub fn saving(&self) -> f64 {
        self.one_sided_differences() as f64 / (self.forward() + self.backward()) as f64
    }
}

/// Measured times of one network's passes, each the median of several runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// One forward pass of the batch.
    pub forward: Duration,
    /// BP1, BP2, BP3 and BP4 for the batch.
    pub backward: Duration,
    /// What one-sided differences would take: P + 1 times the forward pass.
    pub one_sided_differences: Duration,
}

impl Timing {
    /// Backward over forward, in measured time.
    pub fn backward_over_forward(&self) -> f64 {
        self.backward.as_secs_f64() / self.forward.as_secs_f64()
    }
}

/// Times a network's passes by `clock`, which gives the time since any fixed moment.
///
/// # Errors
/// [`Stopped`] when told to stop.
pub fn time_passes<T: Real>(
    network: &Network<T>,
    runs: usize,
    clock: &dyn Fn() -> Duration,
    task: &TaskContext<'_>,
) -> Result<Timing, Stopped> {
    let runs = runs.max(1);
    let (mut forward, mut backward) = (Vec::with_capacity(runs), Vec::with_capacity(runs));
    for run in 0..runs {
        task.proceed()?;
        task.report(run as f32 / runs as f32);
        let start = clock();
        let mut pass = network.forward();
        let middle = clock();
        network.backward(&mut pass);
        for index in 0..network.depth() {
            std::hint::black_box((pass.weight_gradient(index), pass.bias_gradient(index)));
        }
        backward.push(clock().saturating_sub(middle));
        forward.push(middle.saturating_sub(start));
    }
    let forward = median(&mut forward);
    let passes = network.parameter_count() as f64 + 1.0;
    let one_sided_differences =
        Duration::try_from_secs_f64(forward.as_secs_f64() * passes).unwrap_or(Duration::MAX);
    Ok(Timing { forward, backward: median(&mut backward), one_sided_differences })
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use crate::experiment::Preset;
    use crate::study::DrawStudy;

    use super::*;

    #[test]
    fn every_layer_of_5_10_8_3() {
        let cost = Cost::of(&[5, 10, 8, 3], 1);
        let rows: Vec<[u64; 5]> = (cost.layers.iter())
            .map(|l| [l.weights, l.biases, l.forward, l.deltas, l.weight_gradients])
            .collect();
        assert_eq!(rows, [[50, 10, 50, 0, 50], [80, 8, 80, 80, 80], [24, 3, 24, 24, 24]]);
        assert_eq!(cost.one_sided_differences(), 176 * 154);
        assert_eq!(cost.centred_differences(), 350 * 154);
    }

    #[test]
    fn gammas_are_counted_and_shared_weights_are_not_counted_twice() {
        let toml = "[architecture]\ninput = 3\ndepth = 4\nwidth = 5\noutput = 2\n[[variant]]\nname = 'norm'\nnormalization = 'layer'\n[[variant]]\nname = 'tied'\ntied = true\n[[variant]]\nname = 'plain'";
        let cost = Cost::of_experiment(&Experiment::from_toml(toml).unwrap());
        let own: Vec<_> =
            cost.own.iter().map(|own| (own.name.as_str(), own.norm, own.shared)).collect();
        // Four layers of five units, and layers 3 and 4 with the 5 × 5 + 5 of layer 2.
        assert_eq!(own, [("norm", 40, 0), ("tied", 0, 60)]);
    }

    #[test]
    fn a_batch_multiplies_work_and_not_parameters() {
        let (one, many) = (Cost::of(&[5, 10, 8, 3], 1), Cost::of(&[5, 10, 8, 3], 7));
        assert_eq!(many.parameters(), one.parameters());
        assert_eq!((many.forward(), many.backward()), (7 * one.forward(), 7 * one.backward()));
        assert_eq!(many.backward_over_forward(), one.backward_over_forward());
    }

    #[test]
    fn time_is_what_the_clock_says() {
        let experiment = Preset::find("cost-5-10-8-3").unwrap().experiment();
        let task = TaskContext::unattended();
        let variant = &experiment.variants[0];
        let network = DrawStudy::new().network::<f64>(&experiment, variant, &task).unwrap();
        // It is asked before, between and after: forward takes 1 ms, backward 3.
        let (asked, time) = (Cell::new(0), Cell::new(0));
        let clock = || {
            time.set(time.get() + [5, 1, 3][asked.get() % 3]);
            asked.set(asked.get() + 1);
            Duration::from_millis(time.get())
        };
        let timing = time_passes(&network, 3, &clock, &task).unwrap();
        assert_eq!(timing.forward, Duration::from_millis(1));
        assert_eq!(timing.backward, Duration::from_millis(3));
        assert_eq!(timing.one_sided_differences, Duration::from_millis(176));
        assert_eq!(timing.backward_over_forward(), 3.0);
    }
}
