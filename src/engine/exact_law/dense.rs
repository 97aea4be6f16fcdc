//! A dense layer without its weights.

use super::batch::{BatchBuffers, BatchInLaw};
use super::norm::norm;
use super::one_example::OneInLaw;
use crate::engine::draws::Stream;
use crate::engine::number::{Scaled, Signal};
use crate::engine::op::add_bias;
use crate::experiment::{Init, Variant};

/// z = Wa + b and Wᵀδ in law, whatever lies between: a may be made of z and δ of a in any way that
/// knows W only through z.
///
/// A bias is drawn as it is and added to Wa, so that any law of the bias will do: conditioned on b
/// the formulas are the ones without.
#[derive(Clone, Debug)]
pub(super) struct DenseInLaw {
    inputs: usize,
    /// s.
    scale: f64,
    /// b, or nothing where all are zero.
    bias: Option<Vec<f64>>,
    /// What b is drawn by, where it is.
    bias_law: Option<Init>,
    /// ‖x‖ of a single given example.
    given_norm: Option<Scaled>,
    weights: Weights,
}

/// Memory that the layers of a network use in turn on the way back.
#[derive(Clone, Debug, Default)]
pub(super) struct BackwardBuffers {
    batch: BatchBuffers,
    /// h of one example, n_in.
    fresh: Vec<f64>,
}

#[derive(Clone, Debug)]
enum Weights {
    One(OneInLaw),
    Batch(Box<BatchInLaw>),
}

impl DenseInLaw {
    /// That of layer l, n_out × n_in.
    pub fn new(
        variant: &Variant,
        l: usize,
        [inputs, units]: [usize; 2],
        batch: usize,
        given_norm: Option<Scaled>,
    ) -> Self {
        let law = variant.bias_of(l);
        let random = variant.biases.is_none() && law.scale(inputs, units) != 0.0;
        let bias = match &variant.biases {
            Some(biases) => Some(biases[l - 1].clone()),
            None => random.then(|| vec![0.0; units]),
        };
        let weights = match batch {
            1 => Weights::One(OneInLaw::new(units)),
            _ => Weights::Batch(Box::default()),
        };
        let scale = variant.init_of(l).scale(inputs, units);
        Self { inputs, scale, bias, bias_law: random.then_some(*law), given_norm, weights }
    }

    /// z = Wa + b of a, n_in × B, which it remembers W by; `next` is memory that is filled soon
    /// afterwards.
    pub fn forward(
        &mut self,
        input: &Signal<f64>,
        (stream, next): (&mut Stream, &[f64]),
        z: &mut Signal<f64>,
    ) {
        z.clear_underflowed();
        match &mut self.weights {
            Weights::One(one) => {
                one.draw(stream);
                draw_bias((&self.bias_law, &mut self.bias), self.inputs, stream);
                let norm = self.given_norm.unwrap_or_else(|| norm(input.columns()));
                one.forward(self.scale, (input.columns(), norm), z.columns_mut());
            }
            Weights::Batch(batch) => {
                draw_bias((&self.bias_law, &mut self.bias), self.inputs, stream);
                batch.forward(self.scale, input.columns(), (stream, next), z.columns_mut());
            }
        }
        if self.bias.is_none() {
            return z.settle_all();
        }
        (0..z.batch()).for_each(|b| add_bias(self.bias.as_deref(), z, b, None));
    }

    /// u = Wᵀδ, n_in × B, of the W that `input` = a went through; `next` is read soon afterwards.
    pub fn backward(
        &mut self,
        input: &Signal<f64>,
        delta: &Signal<f64>,
        (stream, buffers, next): (&mut Stream, &mut BackwardBuffers, &[f64]),
        u: &mut Signal<f64>,
    ) {
        // Every normal number has a part in every entry: nothing is lost beside the largest for good.
        u.clear_underflowed();
        let (delta, out) = (delta.columns(), u.columns_mut());
        match &mut self.weights {
            Weights::One(one) => {
                let memory = (stream, &mut buffers.fresh);
                one.backward(self.scale, input.columns(), delta, memory, out);
            }
            Weights::Batch(batch) => {
                let memory = (stream, &mut buffers.batch, next);
                batch.backward(self.scale, [input.columns(), delta], memory, out);
            }
        }
    }
}

fn draw_bias(
    (law, bias): (&Option<Init>, &mut Option<Vec<f64>>),
    inputs: usize,
    stream: &mut Stream,
) {
    if let (Some(law), Some(bias)) = (law, bias) {
        let scale = law.scale(inputs, bias.len());
        let units = stream.row(law.unit_law(), bias.len());
        bias.iter_mut().zip(&units).for_each(|(bias, unit)| *bias = scale * unit);
    }
}
