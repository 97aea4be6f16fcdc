//! A whole network's error signal without its weights: 2n random numbers a layer in place
//! of n², with exactly the same law, jointly over all layers.
//!
//! For normal weights of variance s², r = W a is N(0, s²‖a‖²) in each unit, and given r what
//! is left of W is fresh noise in the directions orthogonal to a. With â = a/‖a‖ and
//! r = s‖a‖ g, g ~ N(0, I),
//!
//! Wᵀδ = a (rᵀδ)/‖a‖² + (I − â âᵀ) s‖δ‖ h = s [‖δ‖ h + â (gᵀδ − ‖δ‖ âᵀh)],  h ~ N(0, I),
//!
//! whatever δ is made of, as long as it knows W only through r. A bias is drawn as it is and
//! added to r, so that any law of the bias will do: conditioned on b the formula is the one
//! without. (This is the conditioning of Bolthausen 2014 and Bayati & Montanari 2011.)

use crate::engine::draws::Stream;
use crate::engine::kernels;
use crate::engine::loss::{make_targets, output_gradient};
use crate::engine::number::{Scaled, ScaledColumns, ldexp};
use crate::engine::op::{OpShape, activate, add_bias, times_slope};
use crate::engine::pass::LayerTrace;
use crate::experiment::{Activation, Experiment, Init, Loss, Precision, UnitLaw, Variant};

/// Why a variant's error signal cannot be drawn in law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotExact {
    /// The weights are not independent normal draws.
    #[error("drawing in law needs normal weights, neither truncated nor given")]
    Weights,
    /// More than one example shares the weights.
    #[error("drawing in law needs a batch of 1")]
    Batch,
    /// Layers are more than weights and activations, or share their weights.
    #[error("drawing in law is of plain layers, without normalization, skips or tied weights")]
    Layers,
    /// Rounding in another format is part of the question.
    #[error("drawing in law is done in double precision")]
    Precision,
}

/// Powers of two within which a standard deviation is a plain factor.
const PLAIN_EXPONENT: i64 = 300;
/// Squares between which a norm is the plain root of the sum.
const PLAIN_SQUARES: (f64, f64) = (1e-200, 1e200);

/// Draws the error signal of one variant's network, seed after seed, in the same buffers.
///
/// ```
/// use gradient_lab::engine::ExactLaw;
/// use gradient_lab::experiment::Experiment;
/// let chapter = Experiment::default();
/// let mut law = ExactLaw::new(&chapter, &chapter.variants[0]).expect("normal weights, batch 1");
/// let first = law.draw(42)[0];
/// assert!(first.log10().expect("a sigmoid never dies") < -2.0);
/// assert_eq!(law.draw(42)[0], first); // a seed is a seed
/// ```
pub struct ExactLaw {
    layers: Vec<LawLayer>,
    /// ‖x‖ where x is given.
    given_input: Option<Scaled>,
    /// n_0.
    inputs: usize,
    given_target: bool,
    target: ScaledColumns<f64>,
    loss: Loss,
    norms: Vec<Scaled>,
    /// Room for one layer's fresh normals.
    fresh: Vec<f64>,
}

/// One layer: its scale, the numbers drawn for it, and its trace.
struct LawLayer {
    scale: f64,
    /// b, or nothing where all are zero.
    bias: Option<Vec<f64>>,
    /// What b is drawn by, where it is.
    bias_law: Option<Init>,
    activation: Activation,
    fan_in: usize,
    /// g, the pre-activations' own normals.
    normals: Vec<f64>,
    trace: LayerTrace<f64>,
    /// ‖a‖ / 2^(the exponent of a's column).
    activation_norm: f64,
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
            OpShape::Activation(_) => true,
            OpShape::Norm { .. } | OpShape::Add { .. } | OpShape::Save => true,
        };
        let mut ops = OpShape::of_variant(experiment, variant);
        if variant.weights.is_some() || !ops.all(is_known) {
            Err(NotExact::Weights)
        } else if !variant.is_plain() {
            Err(NotExact::Layers)
        } else if experiment.architecture.batch != 1 {
            Err(NotExact::Batch)
        } else if !matches!(experiment.architecture.precision, Precision::F64 | Precision::F32) {
            Err(NotExact::Precision)
        } else {
            Ok(())
        }
    }

    /// Buffers for one variant.
    ///
    /// # Errors
    /// [`NotExact`] where the weights are not normal, or not for one example alone.
    pub fn new(experiment: &Experiment, variant: &Variant) -> Result<Self, NotExact> {
        Self::applies(experiment, variant)?;
        let sizes = experiment.sizes();
        let outputs = sizes[sizes.len() - 1];
        let (given_input, target) = match &experiment.data {
            Some(data) => (Some(column(&data.x[0]).norm(0)), column(&data.y[0])),
            None => (None, ScaledColumns::zeros(outputs, 1)),
        };
        Ok(Self {
            layers: (1..sizes.len())
                .map(|l| LawLayer::new(experiment, variant, l, &sizes))
                .collect(),
            given_input,
            inputs: sizes[0],
            given_target: experiment.data.is_some(),
            target,
            loss: experiment.architecture.loss,
            norms: vec![Scaled::ZERO; sizes.len() - 1],
            fresh: vec![0.0; sizes.iter().copied().max().unwrap_or(0)],
        })
    }

    /// ‖δ^(1)‖ … ‖δ^(L)‖ of the seed's network. A true zero is a zero.
    pub fn draw(&mut self, seed: u64) -> &[Scaled] {
        let mut stream = Stream::in_law(seed);
        self.forward(&mut stream);
        self.backward(&mut stream);
        &self.norms
    }

    /// z, a, φ′ and δ of layers 1…L of the last draw.
    pub fn traces(&self) -> impl ExactSizeIterator<Item = &LayerTrace<f64>> {
        self.layers.iter().map(|layer| &layer.trace)
    }

    fn forward(&mut self, stream: &mut Stream) {
        let mut norm = self.given_input.unwrap_or_else(|| {
            let x = &mut self.fresh[..self.inputs];
            stream.fill_normal(x);
            dot(x, x).sqrt().into()
        });
        for layer in &mut self.layers {
            norm = layer.forward(norm, stream);
        }
        if !self.given_target {
            stream.fill_normal(self.target.entries_mut());
            make_targets(self.loss, &mut self.target.mantissa);
        }
    }

    /// BP1, then BP2 with Wᵀδ in law.
    fn backward(&mut self, stream: &mut Stream) {
        let last = self.layers.len() - 1;
        let output = &mut self.layers[last];
        output_gradient(self.loss, output.activation, &mut output.trace, &self.target);
        self.norms[last] = if self.loss.cancels_slope() {
            norm(output.trace.delta.columns())
        } else {
            output.finish()
        };
        for index in (0..last).rev() {
            let (until, from) = self.layers.split_at_mut(index + 1);
            let (layer, above) = (&mut until[index], &from[0]);
            let fresh = &mut self.fresh[..layer.normals.len()];
            stream.fill_normal(fresh);
            layer.pull_back(above, fresh, self.norms[index + 1]);
            self.norms[index] = layer.finish();
        }
    }
}

impl LawLayer {
    fn new(experiment: &Experiment, variant: &Variant, l: usize, sizes: &[usize]) -> Self {
        let (fan_in, units) = (sizes[l - 1], sizes[l]);
        let law = variant.bias_of(l);
        let random = variant.biases.is_none() && law.scale(fan_in, units) != 0.0;
        let bias = match &variant.biases {
            Some(biases) => Some(biases[l - 1].clone()),
            None => random.then(|| vec![0.0; units]),
        };
        Self {
            scale: variant.init_of(l).scale(fan_in, units),
            bias,
            bias_law: random.then_some(*law),
            activation: experiment.activation_of(variant, l),
            fan_in,
            normals: vec![0.0; units],
            trace: LayerTrace::zeros(units, 1),
            activation_norm: 0.0,
        }
    }

    /// z = s‖a‖ g + b and a = φ(z), from the norm of the layer below; returns ‖a‖.
    fn forward(&mut self, input_norm: Scaled, stream: &mut Stream) -> Scaled {
        stream.fill_normal(&mut self.normals);
        self.draw_bias(stream);
        let std = input_norm * self.scale;
        let plain = std.exponent().abs() < PLAIN_EXPONENT;
        let factor = if plain { std.to_f64() } else { std.mantissa() };
        self.trace.z.clear_underflowed();
        self.trace.z.columns_mut().exponent[0] = if plain { 0 } else { std.exponent() };
        for (z, g) in self.trace.z.columns_mut().entries_mut().iter_mut().zip(&self.normals) {
            *z = factor * g;
        }
        add_bias(self.bias.as_deref(), &mut self.trace.z, 0, None);
        activate(self.activation, &mut self.trace);
        let a = self.trace.a.columns();
        let norm = norm(a);
        self.activation_norm = ldexp(norm.mantissa(), norm.exponent() - a.exponent[0]);
        norm
    }

    fn draw_bias(&mut self, stream: &mut Stream) {
        if let (Some(law), Some(bias)) = (&self.bias_law, &mut self.bias) {
            let scale = law.scale(self.fan_in, bias.len());
            let units = stream.row(law.unit_law(), bias.len());
            bias.iter_mut().zip(&units).for_each(|(bias, unit)| *bias = scale * unit);
        }
    }

    /// δ ← Wᵀδ of the layer above, in law: s [‖δ‖ h + â (gᵀδ − ‖δ‖ âᵀh)], with `fresh` = h.
    fn pull_back(&mut self, above: &Self, fresh: &[f64], above_norm: Scaled) {
        let exponent = above.trace.delta.columns().exponent[0];
        let norm = ldexp(above_norm.mantissa(), above_norm.exponent() - exponent);
        let a = self.trace.a.columns().entries();
        let inverse = if self.activation_norm > 0.0 { 1.0 / self.activation_norm } else { 0.0 };
        let aligned = dot(&above.normals, above.trace.delta.columns().entries());
        let along = (aligned - norm * (dot(a, fresh) * inverse)) * inverse;
        let scale = above.scale;
        let delta = self.trace.delta.columns_mut();
        delta.exponent[0] = exponent;
        let out = delta.entries_mut();
        for ((u, h), a) in out.iter_mut().zip(fresh).zip(a) {
            *u = scale * (norm * h + a * along);
        }
        // Every h_j has a part in every u_j: nothing is lost beside the largest for good.
        self.trace.delta.clear_underflowed();
    }

    /// δ ← u ⊙ φ′(z), and ‖δ‖.
    fn finish(&mut self) -> Scaled {
        times_slope(self.activation, &mut self.trace);
        norm(self.trace.delta.columns())
    }
}

fn column(numbers: &[f64]) -> ScaledColumns<f64> {
    let mut columns = ScaledColumns::zeros(numbers.len(), 1);
    columns.entries_mut().copy_from_slice(numbers);
    columns
}

/// The norm of a single column.
fn norm(columns: &ScaledColumns<f64>) -> Scaled {
    let entries = columns.entries();
    let squares = dot(entries, entries);
    if squares > PLAIN_SQUARES.0 && squares < PLAIN_SQUARES.1 {
        Scaled::new(squares.sqrt(), columns.exponent[0])
    } else {
        columns.norm(0)
    }
}

/// aᵀb in the kernels' fixed order.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut out = [0.0];
    kernels::matvec(a, b, 1.0, &mut out);
    out[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Activation, LeakyRelu, Scheme};

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
        experiment.architecture.batch = 2;
        let normal = experiment.variants[0].clone();
        assert_eq!(ExactLaw::applies(&experiment, &normal), Err(NotExact::Batch));
    }
}
