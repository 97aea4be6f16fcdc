//! A network ready to run: a list of ops, of which each layer is a span, and its data.

use ndarray::Array2;

use crate::engine::number::{Real, ScaledColumns};
use crate::engine::op::{Dense, Op};
use crate::experiment::{Activation, Loss};

/// A variant's network with its data.
#[derive(Clone, Debug)]
pub struct Network<T> {
    ops: Vec<Op<T>>,
    layers: Vec<LayerSpan>,
    /// x, n_0 × B.
    pub input: ScaledColumns<T>,
    /// y, n_L × B.
    pub target: ScaledColumns<T>,
    /// The loss.
    pub loss: Loss,
}

/// Where a layer's ops stand among all: what makes z of it, and what makes a.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LayerSpan {
    dense: usize,
    activation: usize,
}

/// A network's layers count from 0 here: `index` = l − 1.
impl<T: Real> Network<T> {
    /// A network of layers, each a dense op and its φ.
    pub(super) fn new(
        layers: impl Iterator<Item = (Dense<T>, Activation)>,
        [input, target]: [ScaledColumns<T>; 2],
        loss: Loss,
    ) -> Self {
        let mut network = Self { ops: Vec::new(), layers: Vec::new(), input, target, loss };
        for (dense, activation) in layers {
            let first = network.ops.len();
            network.ops.extend([Op::Dense(dense), Op::Activation(activation)]);
            network.layers.push(LayerSpan { dense: first, activation: first + 1 });
        }
        network
    }

    /// L.
    pub fn depth(&self) -> usize {
        self.layers.len()
    }

    /// All ops, in the order of the forward pass.
    pub fn ops(&self) -> &[Op<T>] {
        &self.ops
    }

    /// The op that makes z of a layer.
    pub fn dense_op(&self, index: usize) -> &Op<T> {
        &self.ops[self.layers[index].dense]
    }

    /// The op that makes a of a layer's z.
    pub fn activation_op(&self, index: usize) -> &Op<T> {
        &self.ops[self.layers[index].activation]
    }

    /// W^(l) and b^(l).
    pub fn dense(&self, index: usize) -> &Dense<T> {
        match self.dense_op(index) {
            Op::Dense(dense) => dense,
            Op::Activation(_) => unreachable!("a layer's span names its dense op"),
        }
    }

    /// W^(l) and b^(l), to be changed.
    pub fn dense_mut(&mut self, index: usize) -> &mut Dense<T> {
        match &mut self.ops[self.layers[index].dense] {
            Op::Dense(dense) => dense,
            Op::Activation(_) => unreachable!("a layer's span names its dense op"),
        }
    }

    /// W^(1) and b^(1) to W^(L) and b^(L).
    pub fn denses(&self) -> impl ExactSizeIterator<Item = &Dense<T>> {
        (0..self.depth()).map(|index| self.dense(index))
    }

    /// φ of a layer.
    pub fn activation(&self, index: usize) -> Activation {
        match self.activation_op(index) {
            Op::Activation(activation) => *activation,
            Op::Dense(_) => unreachable!("a layer's span names its activation"),
        }
    }

    /// φ of layers 1…L.
    pub fn activations(&self) -> impl ExactSizeIterator<Item = Activation> {
        (0..self.depth()).map(|index| self.activation(index))
    }

    /// Multiply-adds of a forward pass over the batch, and of a backward pass without gradients.
    pub fn multiply_adds(&self) -> usize {
        self.ops.iter().map(Op::multiply_adds).sum::<usize>() * self.input.batch()
    }

    /// W^(l) as a plain matrix, n_l × n_{l−1}.
    pub fn weight(&self, index: usize) -> Array2<f64> {
        self.dense(index).weight()
    }
}
