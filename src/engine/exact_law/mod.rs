//! A whole network's error signal without its weights: 2nB random numbers a layer in place
//! of n², with exactly the same law, jointly over all layers.
//!
//! For normal weights of variance s², Wa is N(0, s²‖a‖²) in each unit, and given Wa what is left of
//! W is fresh noise in the directions orthogonal to a; the same for several a at once. So a dense
//! layer needs no W, only the inner products of what goes through it. All else, slopes,
//! normalizations, skips and losses, is computed as in any pass. (This is the conditioning of
//! Bolthausen 2014 and Bayati & Montanari 2011.)

mod batch;
mod dense;
mod factors;
mod layer;
mod norm;
mod one_example;
mod span;
mod triangle;

use crate::engine::draws::Stream;
use crate::engine::loss::{make_targets, output_gradient};
use crate::engine::number::{Scaled, ScaledColumns, Signal};
use crate::engine::op::{self, Op, OpShape, times_slope};
use crate::engine::pass::{Below, LayerTrace};
use crate::experiment::{Experiment, Loss, Precision, UnitLaw, Variant};

use dense::{BackwardBuffers, DenseInLaw};
use layer::LawLayer;
use norm::norm;

/// Why a variant's error signal cannot be drawn in law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotExact {
    /// The weights are not independent normal draws.
    #[error("drawing in law needs normal weights, neither truncated nor given")]
    Weights,
    /// Layers share their weights.
    #[error("drawing in law needs weights of its own in each layer, not tied ones")]
    Tied,
    /// Rounding in another format is part of the question.
    #[error("drawing in law is done in double precision")]
    Precision,
}

/// What a normal number costs, in multiply-adds of a large product.
const NORMAL: usize = 16;

/// Draws the error signal of one variant's network, seed after seed, in the same buffers.
///
/// ```
/// use gradient_lab::engine::ExactLaw;
/// use gradient_lab::experiment::Experiment;
/// let chapter = Experiment::default();
/// let mut law = ExactLaw::new(&chapter, &chapter.variants[0]).expect("normal weights");
/// let first = law.draw(42)[0];
/// assert!(first.log10().expect("a sigmoid never dies") < -2.0);
/// assert_eq!(law.draw(42)[0], first); // a seed is a seed
/// ```
pub struct ExactLaw {
    /// x, n_0 × B.
    input: Signal<f64>,
    layers: Vec<LawLayer>,
    /// y, n_L × B.
    target: ScaledColumns<f64>,
    /// Whether x and y are given.
    is_given: bool,
    loss: Loss,
    norms: Vec<Scaled>,
    buffers: BackwardBuffers,
}

impl ExactLaw {
    /// Whether the variant can be drawn in law.
    ///
    /// # Errors
    /// [`NotExact`] where it cannot, and why.
    pub fn applies(experiment: &Experiment, variant: &Variant) -> Result<(), NotExact> {
        // Weights of scale 0 are normal ones of variance 0.
        let is_known = |(l, op)| match op {
            OpShape::Dense { inputs, units } => {
                let init = variant.init_of(l);
                init.unit_law() == UnitLaw::Normal || init.scale(inputs, units) == 0.0
            }
            _ => true,
        };
        let mut ops = OpShape::of_variant(experiment, variant);
        if variant.weights.is_some() || !ops.all(is_known) {
            Err(NotExact::Weights)
        } else if variant.tied {
            Err(NotExact::Tied)
        } else if !matches!(experiment.architecture.precision, Precision::F64 | Precision::F32) {
            Err(NotExact::Precision)
        } else {
            Ok(())
        }
    }

    /// Whether that is less work than drawing the weights: always for one example, otherwise as
    /// long as the examples are few beside the units.
    ///
    /// A layer of n × n in law takes 2nB normal numbers and about 9nB² multiply-adds by
    /// Gram–Schmidt, which is what counts here, since inner products take fewer; with its weights n²
    /// and 2n²B.
    pub fn is_cheaper(experiment: &Experiment, variant: &Variant) -> bool {
        let batch = experiment.architecture.batch;
        let (mut in_law, mut direct) = (0, 0);
        for (_, op) in OpShape::of_variant(experiment, variant) {
            if let OpShape::Dense { inputs, units } = op {
                in_law +=
                    (inputs + units) * batch * NORMAL + (5 * inputs + 4 * units) * batch * batch;
                direct += op.weights() * NORMAL + 2 * op.multiply_adds() * batch;
            }
        }
        batch == 1 || in_law < direct
    }

    /// Buffers for one variant.
    ///
    /// # Errors
    /// [`NotExact`] where the weights are not normal.
    pub fn new(experiment: &Experiment, variant: &Variant) -> Result<Self, NotExact> {
        Self::applies(experiment, variant)?;
        let sizes = experiment.sizes();
        let batch = experiment.architecture.batch;
        let data = experiment.data.as_ref();
        let columns = |given: Option<&Vec<Vec<f64>>>, units: usize| {
            let mut columns = ScaledColumns::zeros(units, batch);
            for (b, numbers) in given.into_iter().flatten().take(batch).enumerate() {
                columns.mantissa.column_mut(b).iter_mut().zip(numbers).for_each(|(to, &x)| *to = x);
            }
            columns
        };
        let input = columns(data.map(|data| &data.x), sizes[0]);
        // Summed without lanes: part of what a seed means.
        let given_norm = (data.is_some() && batch == 1).then(|| input.norm(0));
        let mut layers: Vec<LawLayer> = Vec::new();
        for (l, shape) in OpShape::of_variant(experiment, variant) {
            match (Op::without_weights(shape), layers.last_mut()) {
                (Some(op), Some(layer)) => layer.ops.push(op),
                (_, _) => {
                    let given_norm = given_norm.filter(|_| l == 1);
                    let shape = [sizes[l - 1], sizes[l]];
                    let dense = DenseInLaw::new(variant, l, shape, batch, given_norm);
                    layers.push(LawLayer::new(dense, sizes[l]));
                }
            }
        }
        let [hidden @ .., _] = &mut layers[..] else { unreachable!("there is an output layer") };
        hidden.iter_mut().filter(|_| batch > 1).for_each(LawLayer::plan_recomputing);
        Ok(Self {
            input: input.into(),
            layers,
            target: columns(data.map(|data| &data.y), sizes[sizes.len() - 1]),
            is_given: data.is_some(),
            loss: experiment.architecture.loss,
            norms: vec![Scaled::ZERO; sizes.len() - 1],
            buffers: BackwardBuffers::default(),
        })
    }

    /// ‖δ^(1)‖ … ‖δ^(L)‖ of the seed's network, root mean squares over its examples. A true zero
    /// is a zero.
    pub fn draw(&mut self, seed: u64) -> &[Scaled] {
        self.draw_while(seed, &|| true).expect("nobody stops it")
    }

    /// [`Self::draw`], or nothing where `proceed`, asked at each layer, says stop.
    pub fn draw_while(&mut self, seed: u64, proceed: &dyn Fn() -> bool) -> Option<&[Scaled]> {
        let mut stream = Stream::in_law(seed);
        self.forward(&mut stream, proceed)?;
        self.backward(&mut stream, proceed)?;
        Some(&self.norms)
    }

    /// Keeps what [`Self::traces`] shows.
    #[must_use]
    pub fn with_traces(mut self) -> Self {
        self.layers.iter_mut().for_each(LawLayer::keep_trace);
        self
    }

    /// a, φ′ and what φ is taken of, of layers 1…L of the last draw; other memory goes from layer to
    /// layer.
    ///
    /// # Panics
    /// Without [`Self::with_traces`], where a layer's a and φ′ go on as well.
    pub fn traces(&self) -> impl ExactSizeIterator<Item = &LayerTrace<f64>> {
        assert!(
            self.layers.iter().all(|layer| layer.recomputed.is_none()),
            "`with_traces` keeps them"
        );
        self.layers.iter().map(|layer| &layer.trace)
    }

    fn forward(&mut self, stream: &mut Stream, proceed: &dyn Fn() -> bool) -> Option<()> {
        if !self.is_given {
            stream.fill_normal(self.input.columns_mut().entries_mut());
        }
        for index in 0..self.layers.len() {
            proceed().then_some(())?;
            let (until, from) = self.layers.split_at_mut(index);
            let layer = &mut from[0];
            layer.prepare(self.input.batch());
            if let [.., two_below, _] = until {
                layer.take_free_memory(two_below);
            }
            let below = match until.last() {
                Some(LawLayer { trace, .. }) => {
                    Below { input: &trace.a, handed_on: trace.handed_on() }
                }
                None => Below { input: &self.input, handed_on: None },
            };
            let LayerTrace { z, chain, .. } = &mut layer.trace;
            let next = chain.as_ref().and_then(|chain| chain.activated_signal());
            let next = next.map_or(&[][..], |signal| signal.columns().entries());
            layer.dense.forward(below.input, (&mut *stream, next), z);
            op::forward_between(&layer.ops, below.handed_on, &mut layer.trace);
        }
        if !self.is_given {
            stream.fill_normal(self.target.entries_mut());
            make_targets(self.loss, &mut self.target.mantissa);
        }
        Some(())
    }

    /// BP1, then BP2 with Wᵀδ in law.
    fn backward(&mut self, stream: &mut Stream, proceed: &dyn Fn() -> bool) -> Option<()> {
        let last = self.layers.len() - 1;
        let LawLayer { ops, trace, .. } = &mut self.layers[last];
        let &mut [Op::Activation(activation)] = &mut ops[..] else {
            unreachable!("the output layer is plain")
        };
        output_gradient(self.loss, activation, trace, &self.target);
        if !self.loss.cancels_slope() {
            times_slope(activation, trace);
        }
        self.norms[last] = norm(trace.delta.columns());
        for index in (0..last).rev() {
            proceed().then_some(())?;
            let (until, from) = self.layers.split_at_mut(index);
            let [layer, above, ..] = from else { unreachable!("not the last layer") };
            layer.recompute(above);
            let LayerTrace { a, delta, .. } = &mut layer.trace;
            let next = until.last().map(|below| below.trace.activated().columns().entries());
            let memory = (&mut *stream, &mut self.buffers, next.unwrap_or_default());
            above.dense.backward(a, &above.trace.delta, memory, delta);
            op::backward_between(&layer.ops, above.trace.along_skip(), &mut layer.trace);
            self.norms[index] = norm(layer.trace.delta.columns());
            // Nobody asks for δ above any more, and its memory lies in a near cache.
            if let Some(below) = until.last_mut() {
                above.swap_memory(below);
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Activation, Init, LeakyRelu, Scheme};

    fn deep(variant: Variant) -> Experiment {
        let mut experiment = Experiment { variants: vec![variant], ..Experiment::default() };
        experiment.architecture.depth = 1500;
        experiment
    }

    #[test]
    fn no_norm_is_lost_however_deep() {
        let he = Init { gain: Some(1e5), ..Init::of(Scheme::HeNormal) };
        let tiny = Init { std: Some(1e-5), ..Init::of(Scheme::Normal) };
        let bias = Init { std: Some(0.5), ..Init::of(Scheme::Normal) };
        for (activation, init, bias) in [
            (Activation::Sigmoid, Init::default(), Init::of(Scheme::Zeros)),
            (Activation::Sigmoid, he, bias),
            (Activation::LeakyRelu(LeakyRelu::DEFAULT), he, bias),
            (Activation::Selu, he, Init::of(Scheme::Zeros)),
            (Activation::Tanh, tiny, Init::of(Scheme::Zeros)),
            (Activation::Gelu, tiny, bias),
        ] {
            // A single SELU output far on the left would have no slope that a number can hold.
            let output_activation = Some(Activation::Linear);
            let variant = Variant { init, bias, output_activation, ..Variant::of(activation) };
            let experiment = deep(variant);
            let mut law = ExactLaw::new(&experiment, &experiment.variants[0]).expect("normal");
            for norm in law.draw(1) {
                let log10 = norm.log10().expect("not zero");
                assert!(log10.is_finite(), "{activation:?}");
            }
        }
    }

    /// A draw that is stopped has made the layers that it came to, and the next one goes on with them.
    #[test]
    fn memory_is_made_layer_by_layer() {
        let experiment = Experiment::default();
        let new = || ExactLaw::new(&experiment, &experiment.variants[0]).expect("normal");
        let (mut law, left) = (new(), std::cell::Cell::new(3));
        let proceed = || left.replace(left.get() - 1) > 0;
        assert!(law.draw_while(7, &proceed).is_none());
        assert_eq!(law.traces().filter(|trace| trace.z.units() > 0).count(), 3);
        assert_eq!(law.draw(8), new().draw(8));
    }

    /// What lies in memory that went from layer to layer is of no account, whatever the layers' widths.
    #[test]
    fn each_draw_is_as_the_first() {
        let (alike, others) = ("12, 12, 12, 12, 12", "12, 12, 12, 7, 7, 12, 12");
        for (hidden, batch, remedies) in [
            (others, 3, ""),
            (alike, 3, ""),
            (alike, 6, "normalization = 'layer'"),
            (others, 5, "normalization = 'batch'"),
            (alike, 1, "normalization = 'layer'\nskip = 'pre'"),
            (alike, 5, "normalization = 'batch'\nskip = 'pre'"),
            (alike, 9, "skip = 'post'"),
            (alike, 4, "normalization = 'rms'\nskip = 'post_norm'"),
        ] {
            let experiment = Experiment::from_toml(&format!(
                "[architecture]\ninput = 9\nhidden = [{hidden}]\nbatch = {batch}\n\
                 [[variant]]\nactivation = 'relu'\n{remedies}\ninit = {{ scheme = 'he_normal' }}"
            ));
            let experiment = experiment.expect("an experiment");
            let new = || ExactLaw::new(&experiment, &experiment.variants[0]).expect("normal");
            let mut law = new();
            // Memory has been in every layer after as many draws as there are layers.
            for seed in 0..2 * hidden.split(',').count() as u64 {
                let first = law.draw(seed);
                assert_eq!(first, new().draw(seed), "{remedies} {batch}");
                assert_eq!(first, new().with_traces().draw(seed), "{remedies} {batch}");
            }
            assert_eq!(law.with_traces().draw(3), new().draw(3), "{remedies} {batch}");
        }
    }

    #[test]
    fn the_dead_stay_dead() {
        let experiment = Experiment::default();
        let mut law = ExactLaw::new(&experiment, &experiment.variants[1]).expect("normal");
        let dead = (0..400).filter(|&seed| law.draw(seed).iter().all(|n| n.is_zero())).count();
        assert!((160..240).contains(&dead), "half of all single outputs are dead, not {dead}");
    }

    #[test]
    fn what_does_not_apply_is_refused() {
        let mut experiment = Experiment::default();
        let uniform = Variant { init: Init::of(Scheme::HeUniform), ..Variant::default() };
        assert_eq!(ExactLaw::applies(&experiment, &uniform), Err(NotExact::Weights));
        experiment.architecture.precision = Precision::Fp16;
        let normal = experiment.variants[0].clone();
        assert_eq!(ExactLaw::applies(&experiment, &normal), Err(NotExact::Precision));
    }
}
