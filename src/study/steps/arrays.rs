//! The arrays of a network that is run by hand: what each is called, and its numbers.

use crate::engine::{Network, Op, Pass, Signal};
use crate::experiment::Variant;

use super::rows::{Rows, plain, rows};
use super::step::{Part, Values};

/// A network with scale 1 and all parameters written out, and which of its layers share theirs.
pub(super) struct Arrays {
    pub network: Network<f64>,
    /// Of layers 1…L: whether W and b are those that hidden layers share.
    shares: Vec<bool>,
}

impl Arrays {
    pub fn new(network: Network<f64>, variant: &Variant) -> Self {
        let layers = network.depth();
        let is_shared = (2..=layers).any(|layer| variant.shares_weights(layer, layers));
        let shares = |layer| is_shared && layer == 2 || variant.shares_weights(layer, layers);
        let shares = (1..=layers).map(shares).collect();
        Self { network, shares }
    }

    /// L.
    pub fn layers(&self) -> usize {
        self.network.depth()
    }

    /// B, the columns of every array but parameters.
    pub fn batch(&self) -> usize {
        self.network.input.batch()
    }

    /// Layers from the last to the first, those that share W and b together at the place of their
    /// last one.
    pub fn groups_down(&self) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for layer in (1..=self.layers()).rev() {
            match groups.last_mut() {
                Some(group) if self.is_shared(layer) && self.is_shared(group[0]) => {
                    group.push(layer);
                }
                _ => groups.push(vec![layer]),
            }
        }
        groups
    }

    /// Whether layer l has W and b together with others.
    pub fn is_shared(&self, layer: usize) -> bool {
        self.shares[layer - 1]
    }

    /// What W of layer l is called.
    pub fn weight_part(&self, layer: usize) -> Part {
        if self.is_shared(layer) { Part::SharedWeight } else { Part::Weight(layer) }
    }

    /// What b of layer l is called.
    pub fn bias_part(&self, layer: usize) -> Part {
        if self.is_shared(layer) { Part::SharedBias } else { Part::Bias(layer) }
    }

    /// W of layer l, n_l × n_{l−1}.
    pub fn weight(&self, layer: usize) -> Rows {
        plain(&self.network.weight(layer - 1))
    }

    /// b of layer l, n_l × 1.
    pub fn bias(&self, layer: usize) -> Rows {
        column(self.network.dense(layer - 1).bias.as_ref())
    }

    /// γ of layer l, n_l × 1.
    pub fn gamma(&self, layer: usize) -> Rows {
        column(self.network.norm(layer - 1).and_then(|norm| norm.gamma.as_ref()))
    }

    /// β of layer l, n_l × 1.
    pub fn beta(&self, layer: usize) -> Rows {
        column(self.network.norm(layer - 1).and_then(|norm| norm.beta.as_ref()))
    }

    /// An array of parameters as it stands in the network.
    pub fn parameter(&self, part: Part) -> Rows {
        let layer = self.layers_with(part)[0];
        match part {
            Part::Weight(_) | Part::SharedWeight => self.weight(layer),
            Part::Bias(_) | Part::SharedBias => self.bias(layer),
            Part::Gamma(_) => self.gamma(layer),
            Part::Beta(_) => self.beta(layer),
            other => unreachable!("{other:?} is no parameter"),
        }
    }

    /// The layers that have an array of parameters.
    pub fn layers_with(&self, part: Part) -> Vec<usize> {
        match part {
            Part::SharedWeight | Part::SharedBias => {
                (1..=self.layers()).filter(|&layer| self.is_shared(layer)).collect()
            }
            Part::Weight(layer) | Part::Bias(layer) | Part::Gamma(layer) | Part::Beta(layer) => {
                vec![layer]
            }
            other => unreachable!("{other:?} is no parameter"),
        }
    }

    /// What a layer's ops make, one after the other: first z, last what the weights above are
    /// multiplied with.
    pub fn parts(&self, layer: usize) -> Vec<Part> {
        let ops = self.network.layer_ops(layer - 1);
        let is_saved = |place: usize| matches!(ops.get(place + 1), Some(Op::Save));
        let part = |(place, op): (usize, &Op<f64>)| match op {
            Op::Save => None,
            Op::Dense(_) => Some(Part::Preactivation(layer)),
            _ if is_saved(place) => Some(Part::HandedOn(layer)),
            Op::Norm(_) => Some(Part::NormOutput(layer)),
            Op::Add { .. } => Some(Part::Sum(layer)),
            Op::Activation(_) if place + 1 == ops.len() => Some(Part::Activation(layer)),
            Op::Activation(_) => Some(Part::Branch(layer)),
        };
        ops.iter().enumerate().filter_map(part).collect()
    }

    /// What the weights above layer l are multiplied with; x for l = 0.
    pub fn output(&self, layer: usize) -> Part {
        match layer {
            0 => Part::Input,
            _ => *self.parts(layer).last().expect("a layer has a dense op"),
        }
    }

    /// What the normalization of layer l makes: u, or h where the sum with the skip is normalized.
    pub fn norm_output(&self, layer: usize) -> Part {
        let is_output = |part: &Part| matches!(part, Part::NormOutput(_));
        let found = self.parts(layer).into_iter().find(is_output);
        found.unwrap_or(Part::HandedOn(layer))
    }

    /// What the skip of the layer above l adds: h, or the first layer's z where it starts there.
    pub fn handed_on(&self, layer: usize) -> Part {
        let is_handed_on = |part: &Part| matches!(part, Part::HandedOn(_));
        let found = self.parts(layer).into_iter().find(is_handed_on);
        found.unwrap_or(Part::Preactivation(layer))
    }
}

fn column(numbers: Option<&Vec<f64>>) -> Rows {
    let numbers = numbers.expect("parameters are written out");
    numbers.iter().map(|&number| vec![number]).collect()
}

/// One layer of a pass.
pub(super) struct Layer<'a> {
    pub arrays: &'a Arrays,
    pub pass: &'a Pass<f64>,
    /// l.
    pub number: usize,
    /// See [`Arrays::parts`].
    pub parts: Vec<Part>,
}

impl<'a> Layer<'a> {
    pub fn new(arrays: &'a Arrays, pass: &'a Pass<f64>, number: usize) -> Self {
        Self { arrays, pass, number, parts: arrays.parts(number) }
    }

    /// What the layer's ops make, counted as [`Arrays::parts`] are.
    pub fn signal(&self, place: usize) -> &'a Signal<f64> {
        self.pass.layers[self.number - 1].signal(place)
    }

    /// The array of that place.
    pub fn values(&self, place: usize) -> Values {
        Values { part: self.parts[place], rows: rows(self.signal(place)) }
    }
}

/// ∂L/∂ of an array, by its name.
pub(super) fn error_part(part: Part) -> Part {
    match part {
        Part::Preactivation(layer) => Part::Delta(layer),
        Part::NormOutput(layer) => Part::NormOutputError(layer),
        Part::Branch(layer) => Part::BranchError(layer),
        Part::Sum(layer) => Part::SumError(layer),
        Part::HandedOn(layer) => Part::HandedOnError(layer),
        other => unreachable!("{other:?} is never between two ops"),
    }
}

/// The name of the step of an op that makes an array.
pub(super) fn name_of(part: Part) -> String {
    match part {
        Part::Activation(layer) => format!("a{layer}"),
        Part::NormOutput(layer) => format!("u{layer}"),
        Part::Branch(layer) => format!("r{layer}"),
        Part::Sum(layer) => format!("s{layer}"),
        Part::HandedOn(layer) => format!("h{layer}"),
        other => unreachable!("{other:?} is made by no op behind the dense one"),
    }
}
