//! The singular values of ∂z^(L)/∂z^(l): what BP2 can do to any error signal at all.
//!
//! δ^(l) = J_lᵀ δ^(L) with J_lᵀ = D_l W^(l+1)ᵀ D_{l+1} … W^(L)ᵀ and D_l = diag σ′(z^(l)).
//! The largest singular value says how much a signal can grow on its way from L to l, the
//! smallest how much it can lose. The product is never formed: see
//! [`ProductSvd`].
//!
//! With skips it is a product over what they hand on. Let P and Q be what lies in a layer before and
//! after the sum with the skip, R what lies between h^(l−1) and z^(l). Then
//! ∂h^(l)/∂h^(l−1) = Q (I + α P R), and J_l ends with ∂h^(l)/∂z^(l) = α Q P: of all ways back to layer l
//! those through z^(l) count, as in δ^(l). A normalization is a factor of its own, since nearly all of
//! what lies along ẑ goes lost in it. Batch normalization couples the examples, and the Jacobian is
//! that of all of them together.

use std::ops::Range;

use ndarray::Array2;

use crate::engine::{Jacobian, Network, Op, Pass, Real, Scaled};

use super::{Stopped, TaskContext};

mod way;

pub use way::{Cut, CutBy};
use way::{Ops, Way};

/// Widest layer whose singular values are computed; the work grows with its cube.
pub const MOST_UNITS: usize = 256;

/// Why there are no singular values.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum JacobianError {
    /// A layer is too wide.
    #[error(
        "Layer {layer} has {units} units, and singular values are computed up to {MOST_UNITS}: lower the width."
    )]
    TooWide {
        /// Which layer.
        layer: usize,
        /// Its units.
        units: usize,
    },
    /// No such example.
    #[error("There is no example {example}: the batch has {batch}.")]
    NoExample {
        /// Counted from 1.
        example: usize,
        /// B.
        batch: usize,
    },
    /// No such layer.
    #[error("There is no layer {layer}: the network has {layers}.")]
    NoLayer {
        /// Counted from 1.
        layer: usize,
        /// L.
        layers: usize,
    },
    /// Batch normalization, of too many units and examples together.
    #[error(
        "Batch normalization couples the examples: layer {layer} has {units} units × {batch} examples, and singular values are computed up to {MOST_UNITS} of both together: lower the batch or the width."
    )]
    Coupled {
        /// Which layer.
        layer: usize,
        /// Its units.
        units: usize,
        /// B.
        batch: usize,
    },
    /// Numbers past the largest `f64` meet a skip's sum.
    #[error(
        "What the skip of layer {layer} adds is past the largest number of this page: lower the gain."
    )]
    TooLarge {
        /// Which layer.
        layer: usize,
    },
    /// Told to stop.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// The singular values of ∂z^(top)/∂z^(l) for every l < top.
#[derive(Clone, Debug, PartialEq)]
pub struct JacobianSpectrum {
    /// The layer from which the signal starts: L, or any below.
    pub top: usize,
    /// Layers 1, 2, …, top, the last of which is the identity.
    pub layers: Vec<LayerSpectrum>,
    /// How many examples batch normalization couples: the signals are those of all together.
    pub coupled: Option<usize>,
    /// Whether a skip leads round z^(top): what goes that way is not in the Jacobian.
    pub is_bypassed: bool,
}

/// The singular values of one layer's Jacobian.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerSpectrum {
    /// l, from 1.
    pub layer: usize,
    /// log10 of the singular values that are not zero, the largest first.
    pub log10: Vec<f64>,
    /// How many of the min(n_top, n_l) singular values, times the coupled examples, are zeros: inactive units, narrow
    /// layers in between and weights of low rank cut the signal's dimensions. A slope below
    /// the smallest `f64`, a sigmoid's at |z| > 745, counts as zero here; `cut` says so.
    pub zeros: usize,
    /// A bound, up to a small constant, of the relative error of the smallest: Σ κ(W) ε, each W
    /// without its dead units. Near 1 or above, the smallest values are not to be trusted.
    pub relative_error: f64,
    /// Where and why the way from the top loses directions.
    pub cuts: Vec<Cut>,
}

impl LayerSpectrum {
    /// log10 σ_max; none where all are zero.
    pub fn largest(&self) -> Option<f64> {
        self.log10.first().copied()
    }

    /// log10 of the median; none where that is a true zero. Of an even number the mean of the
    /// two logarithms in the middle, the geometric mean of the values.
    pub fn median(&self) -> Option<f64> {
        let count = self.log10.len() + self.zeros;
        let upper = self.log10.get(count.saturating_sub(1) / 2)?;
        let lower = self.log10.get(count / 2)?;
        Some(0.5 * (upper + lower))
    }

    /// log10 σ_min; none where that is a true zero.
    pub fn smallest(&self) -> Option<f64> {
        if self.zeros == 0 { self.log10.last().copied() } else { None }
    }

    /// Of a way that has come to a layer, with `count` values.
    fn of(layer: usize, way: &Way, count: usize) -> Self {
        let log10: Vec<f64> = way.singular_values().into_iter().filter_map(Scaled::log10).collect();
        let (relative_error, cuts) = (way.relative_error, way.cuts.clone());
        Self { layer, zeros: count - log10.len(), log10, relative_error, cuts }
    }
}

/// Computes the singular values of ∂z^(top)/∂z^(l), n_top × n_l, for l = top, top − 1, …, 1 at
/// one example of the batch, from a forward pass of that network. With batch normalization it is
/// n_top B × n_l B, of all examples.
///
/// `example` counts from 0, `top` is a layer from 1 to L. With one output unit there is one
/// singular value; starting from the last hidden layer shows more.
///
/// # Errors
/// A layer wider than 256, with batch normalization times the examples, an example or a layer that is
/// not there, or [`Stopped`].
///
/// ```
/// use gradient_lab::experiment::Experiment;
/// use gradient_lab::study::{DrawStudy, TaskContext, jacobian_spectrum};
/// let experiment = Experiment::default();
/// let task = TaskContext::unattended();
/// let network = DrawStudy::new()
///     .network::<f64>(&experiment, &experiment.variants[0], &task)?;
/// let spectrum = jacobian_spectrum(&network, &network.forward(), 0, 5, &task)?;
/// assert_eq!(spectrum.layers[0].log10.len(), 20); // ∂z^(5)/∂z^(1), 20 × 20
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn jacobian_spectrum<T: Real>(
    network: &Network<T>,
    pass: &Pass<T>,
    example: usize,
    top: usize,
    task: &TaskContext<'_>,
) -> Result<JacobianSpectrum, JacobianError> {
    let couples = |op: &Op<T>| matches!(op, Op::Norm(norm) if norm.spec.kind.couples_examples());
    let coupled = network.ops().iter().any(couples).then(|| pass.input.batch());
    refuse(pass, example, top, coupled)?;
    let examples = coupled.map_or(example..example + 1, |batch| 0..batch);
    let count = |layer: usize| {
        let units = |layer: usize| pass.layers[layer - 1].z.units() * examples.len();
        units(layer).min(units(top))
    };
    let mut walk =
        Walk { network, pass, examples: examples.clone(), top, way: Way::new(count(top)) };
    let mut layers = vec![LayerSpectrum::of(top, &walk.way, count(top))];
    for layer in (1..top).rev() {
        task.proceed()?;
        task.report((top - layer) as f32 / top as f32);
        layers.push(walk.step(layer, count(layer))?);
    }
    layers.reverse();
    let is_bypassed = (2..network.depth()).contains(&top) && walk.saved(top).is_some();
    Ok(JacobianSpectrum { top, layers, coupled, is_bypassed })
}

fn refuse<T: Real>(
    pass: &Pass<T>,
    example: usize,
    top: usize,
    coupled: Option<usize>,
) -> Result<(), JacobianError> {
    if top == 0 || top > pass.layers.len() {
        return Err(JacobianError::NoLayer { layer: top, layers: pass.layers.len() });
    }
    let batch = pass.input.batch();
    if example >= batch {
        return Err(JacobianError::NoExample { example: example + 1, batch });
    }
    let sizes = pass.layers[..top].iter().map(|layer| layer.z.units());
    let too_many = |units: usize| units * coupled.unwrap_or(1) > MOST_UNITS;
    match (sizes.enumerate().find(|(_, units)| too_many(*units)), coupled) {
        (Some((index, units)), None) => Err(JacobianError::TooWide { layer: index + 1, units }),
        (Some((index, units)), Some(batch)) => {
            Err(JacobianError::Coupled { layer: index + 1, units, batch })
        }
        (None, _) => Ok(()),
    }
}

/// On the way back from a layer, above the first, at some examples.
struct Walk<'a, T> {
    network: &'a Network<T>,
    pass: &'a Pass<T>,
    examples: Range<usize>,
    top: usize,
    /// To the last z^(l), or with skips to the last h^(l).
    way: Way,
}

impl<'a, T: Real> Walk<'a, T> {
    /// The ops between z^(l) and z^(l+1) in some places of them.
    fn ops(
        &self,
        layer: usize,
        places: impl std::slice::SliceIndex<[Op<T>], Output = [Op<T>]>,
    ) -> Ops<'a, T> {
        let ops = &self.network.ops_between(layer - 1)[places];
        Ops { ops, trace: &self.pass.layers[layer - 1], layer }
    }

    /// Behind which of the ops between z^(l) and z^(l+1) the skip of layer l + 1 starts.
    fn saved(&self, layer: usize) -> Option<usize> {
        self.network.ops_between(layer - 1).iter().position(|op| matches!(op, Op::Save))
    }

    /// One step back, from layer l + 1 to layer l.
    fn step(&mut self, layer: usize, count: usize) -> Result<LayerSpectrum, JacobianError> {
        let Some(saved) = self.saved(layer) else {
            self.way.through(self.ops(layer, ..), &self.examples);
            debug_assert!(self.way.is_settled(), "slopes come last on the way back");
            return Ok(LayerSpectrum::of(layer, &self.way, count));
        };
        if layer + 1 == self.top {
            self.way.through(self.ops(layer, saved..), &self.examples);
        } else {
            self.block(layer + 1, saved)?;
        }
        let mut aside = self.way.clone();
        aside.through(self.ops(layer, ..saved), &self.examples);
        Ok(LayerSpectrum::of(layer, &aside.settled(), count))
    }

    /// From h^(l) to h^(l−1): Q (I + α P R), transposed. `below` is where the skip starts among the
    /// ops of layer l − 1.
    fn block(&mut self, layer: usize, below: usize) -> Result<(), JacobianError> {
        let saved = self.saved(layer).expect("all hidden layers have the skip");
        let is_add = |op: &Op<T>| matches!(op, Op::Add { .. });
        let add = self.network.ops_between(layer - 1).iter().position(is_add);
        let add = add.expect("a skip ends in a sum");
        self.way.through(self.ops(layer, add + 1..saved), &self.examples);
        let units = self.pass.layers[layer - 1].z.units() * self.examples.len();
        let outward = self.ops(layer - 1, below..).times(Array2::eye(units), &self.examples);
        let branch = self.ops(layer, ..=add).times(outward, &self.examples);
        if branch.iter().any(|entry| !entry.is_finite()) {
            return Err(JacobianError::TooLarge { layer });
        }
        self.way.push(Jacobian::Matrix(branch + Array2::<f64>::eye(units)), layer - 1);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
