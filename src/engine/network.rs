//! A network ready to run: a list of ops, of which each layer is a span, and its data.

use ndarray::Array2;

use crate::engine::number::{Real, ScaledColumns};
use crate::engine::op::{Dense, Norm, Op};
use crate::engine::rows::work_of_product;
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

/// Where a layer's ops stand among all: from the one that makes z to the one that makes a.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LayerSpan {
    dense: usize,
    activation: usize,
    last: usize,
}

/// A network's layers count from 0 here: `index` = l − 1.
impl<T: Real> Network<T> {
    /// A network of ops, each with its layer, in the order of
    /// [`OpShape::of_variant`](super::op::OpShape::of_variant).
    pub(super) fn new(
        ops: Vec<(usize, Op<T>)>,
        [input, target]: [ScaledColumns<T>; 2],
        loss: Loss,
    ) -> Self {
        let mut layers: Vec<LayerSpan> = Vec::new();
        for (place, (l, op)) in ops.iter().enumerate() {
            let l = *l;
            if layers.len() < l {
                layers.push(LayerSpan { dense: place, activation: place, last: place });
            }
            let span = &mut layers[l - 1];
            span.last = place;
            if matches!(op, Op::Activation(_)) {
                span.activation = place;
            }
        }
        let ops = ops.into_iter().map(|(_, op)| op).collect();
        Self { ops, layers, input, target, loss }
    }

    /// L.
    pub fn depth(&self) -> usize {
        self.layers.len()
    }

    /// All ops, in the order of the forward pass.
    pub fn ops(&self) -> &[Op<T>] {
        &self.ops
    }

    /// The ops that make z and a of a layer, in the order of the forward pass.
    pub fn layer_ops(&self, index: usize) -> &[Op<T>] {
        let LayerSpan { dense, last, .. } = self.layers[index];
        &self.ops[dense..=last]
    }

    /// The ops of a layer that make a of z.
    pub(super) fn ops_behind(&self, index: usize) -> &[Op<T>] {
        &self.layer_ops(index)[1..]
    }

    /// The ops between z^(l) and z^(l+1), in the order of the forward pass: on its way back
    /// δ^(l+1) passes the last of them first. `index` = l − 1, not the output layer's.
    pub fn ops_between(&self, index: usize) -> &[Op<T>] {
        let (own, above) = (self.layers[index], self.layers[index + 1]);
        &self.ops[own.dense + 1..=above.dense]
    }

    /// W^(l) and b^(l).
    pub fn dense(&self, index: usize) -> &Dense<T> {
        match &self.ops[self.layers[index].dense] {
            Op::Dense(dense) => dense,
            _ => unreachable!("a layer's span names its dense op"),
        }
    }

    /// W^(l) and b^(l), to be changed.
    pub fn dense_mut(&mut self, index: usize) -> &mut Dense<T> {
        match &mut self.ops[self.layers[index].dense] {
            Op::Dense(dense) => dense,
            _ => unreachable!("a layer's span names its dense op"),
        }
    }

    /// The normalization of a layer, where it has one.
    pub fn norm(&self, index: usize) -> Option<&Norm<T>> {
        self.layer_ops(index).iter().find_map(|op| match op {
            Op::Norm(norm) => Some(norm),
            _ => None,
        })
    }

    /// The normalization of a layer, to be changed.
    pub fn norm_mut(&mut self, index: usize) -> Option<&mut Norm<T>> {
        let LayerSpan { dense, last, .. } = self.layers[index];
        self.ops[dense..=last].iter_mut().find_map(|op| match op {
            Op::Norm(norm) => Some(norm),
            _ => None,
        })
    }

    /// Which signal of its layer an op takes in, by its place in [`Self::layer_ops`].
    pub fn signal_before(&self, index: usize, place: usize) -> usize {
        let before = &self.layer_ops(index)[..place];
        before.iter().filter(|op| !matches!(op, Op::Save)).count() - 1
    }

    /// Whether layers are dense ops and activations alone.
    pub fn is_plain(&self) -> bool {
        self.ops.iter().all(|op| matches!(op, Op::Dense(_) | Op::Activation(_)))
    }

    /// W^(1) and b^(1) to W^(L) and b^(L).
    pub fn denses(&self) -> impl ExactSizeIterator<Item = &Dense<T>> {
        (0..self.depth()).map(|index| self.dense(index))
    }

    /// φ of a layer.
    pub fn activation(&self, index: usize) -> Activation {
        match &self.ops[self.layers[index].activation] {
            Op::Activation(activation) => *activation,
            _ => unreachable!("a layer's span names its activation"),
        }
    }

    /// φ of layers 1…L.
    pub fn activations(&self) -> impl ExactSizeIterator<Item = Activation> {
        (0..self.depth()).map(|index| self.activation(index))
    }

    /// What a forward pass over the batch takes, and a backward pass without gradients, in multiply-adds
    /// of large products.
    pub fn work(&self) -> usize {
        let batch = self.input.batch();
        self.ops.iter().map(|op| work_of_product(op.shape().multiply_adds(), batch)).sum()
    }

    /// W^(l) as a plain matrix, n_l × n_{l−1}.
    pub fn weight(&self, index: usize) -> Array2<f64> {
        self.dense(index).weight()
    }
}
