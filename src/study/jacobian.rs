//! The singular values of ∂z^(L)/∂z^(l): what BP2 can do to any error signal at all.
//!
//! δ^(l) = J_lᵀ δ^(L) with J_lᵀ = D_l W^(l+1)ᵀ D_{l+1} … W^(L)ᵀ and D_l = diag σ′(z^(l)).
//! The largest singular value says how much a signal can grow on its way from L to l, the
//! smallest how much it can lose. The product is never formed: see
//! [`ProductSvd`](crate::engine::ProductSvd).

use nalgebra::DMatrix;
use ndarray::{Array1, Array2, Axis};

use crate::engine::{Jacobian, Network, Op, Pass, ProductSvd, Real, Scaled};

use super::{Stopped, TaskContext};

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
    /// No product of one factor a layer.
    #[error(
        "With a skip, or with batch normalization, ∂z^(L)/∂z^(l) is no product of one matrix for each layer: singular values are computed of networks without them."
    )]
    NoProduct,
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
}

/// The singular values of one layer's Jacobian.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerSpectrum {
    /// l, from 1.
    pub layer: usize,
    /// log10 of the singular values that are not zero, the largest first.
    pub log10: Vec<f64>,
    /// How many of the min(n_top, n_l) singular values are zeros: inactive units, narrow
    /// layers in between and weights of low rank cut the signal's dimensions. A slope below
    /// the smallest `f64`, a sigmoid's at |z| > 745, counts as zero here; `cut` says so.
    pub zeros: usize,
    /// A bound, up to a small constant, of the relative error of the smallest: Σ κ(W) ε, each W
    /// without its dead units. Near 1 or above, the smallest values are not to be trusted.
    pub relative_error: f64,
    /// What this step loses directions by, where it does.
    pub cut: Option<CutBy>,
}

/// What loses directions of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutBy {
    /// The layer has fewer units than there are directions.
    Narrow,
    /// Units whose slope is exactly 0 at this example.
    Inactive,
    /// Slopes below the smallest `f64`: small, and taken for 0 in the singular values.
    TinySlopes,
    /// Weights of low rank.
    LowRank,
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

    fn of(layer: usize, columns: &ProductSvd, count: usize, relative_error: f64) -> Self {
        let log10: Vec<f64> =
            columns.singular_values().into_iter().filter_map(Scaled::log10).collect();
        Self { layer, zeros: count - log10.len(), log10, relative_error, cut: None }
    }
}

/// Computes the singular values of ∂z^(top)/∂z^(l), n_top × n_l, for l = top, top − 1, …, 1 at
/// one example of the batch, from a forward pass of that network.
///
/// `example` counts from 0, `top` is a layer from 1 to L. With one output unit there is one
/// singular value; starting from the last hidden layer shows more.
///
/// # Errors
/// A layer wider than 256, an example or a layer that is not there, or
/// [`Stopped`].
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
    refuse(pass, example, top)?;
    let is_product = |op: &Op<T>| match op {
        Op::Norm(norm) => !norm.spec.kind.couples_examples(),
        Op::Add { .. } => false,
        _ => true,
    };
    if !network.ops().iter().all(is_product) {
        return Err(JacobianError::NoProduct);
    }
    let units = |layer: usize| pass.layers[layer - 1].z.units();
    let mut columns = ProductSvd::identity(units(top));
    let mut relative_error = 0.0;
    let mut layers = vec![LayerSpectrum::of(top, &columns, units(top), relative_error)];
    for layer in (1..top).rev() {
        task.proceed()?;
        task.report((top - layer) as f32 / top as f32);
        let factor = Factor::of(network, pass, layer, example);
        columns.multiply(&factor.matrix, factor.rank);
        relative_error += factor.condition * f64::EPSILON;
        let count = units(layer).min(units(top));
        let before = layers.last().map_or(0, |above: &LayerSpectrum| above.log10.len());
        let spectrum = LayerSpectrum::of(layer, &columns, count, relative_error);
        let cut = (spectrum.log10.len() < before).then(|| factor.cut(before));
        layers.push(LayerSpectrum { cut, ..spectrum });
    }
    layers.reverse();
    Ok(JacobianSpectrum { top, layers })
}

fn refuse<T: Real>(pass: &Pass<T>, example: usize, top: usize) -> Result<(), JacobianError> {
    if top == 0 || top > pass.layers.len() {
        return Err(JacobianError::NoLayer { layer: top, layers: pass.layers.len() });
    }
    let batch = pass.input.batch();
    if example >= batch {
        return Err(JacobianError::NoExample { example: example + 1, batch });
    }
    let sizes = pass.layers[..top].iter().map(|layer| layer.z.units());
    match sizes.enumerate().find(|(_, units)| *units > MOST_UNITS) {
        Some((index, units)) => Err(JacobianError::TooWide { layer: index + 1, units }),
        None => Ok(()),
    }
}

/// D_l W^(l+1)ᵀ, n_l × n_{l+1}.
struct Factor {
    matrix: Array2<f64>,
    /// Of the rows whose slope is not 0, before the slopes scale them: a slope is small, or
    /// it is zero, and only the latter takes a dimension away.
    rank: usize,
    /// κ, the largest over the smallest singular value of those rows.
    condition: f64,
    /// Rows whose slope is not 0.
    alive: usize,
    /// Rows whose slope is below the smallest `f64` and not 0.
    tiny: usize,
}

impl Factor {
    fn of<T: Real>(network: &Network<T>, pass: &Pass<T>, layer: usize, example: usize) -> Self {
        let units = pass.layers[layer - 1].z.units();
        let mut factor =
            Self { matrix: Array2::zeros((0, 0)), rank: 0, condition: 1.0, alive: units, tiny: 0 };
        for op in network.ops_between(layer - 1).iter().rev() {
            match op.jacobian(&pass.layers[layer - 1], example) {
                Jacobian::Matrix(matrix) if factor.matrix.is_empty() => {
                    factor.matrix = matrix.reversed_axes().as_standard_layout().into_owned();
                }
                Jacobian::Matrix(matrix) => factor.matrix = matrix.t().dot(&factor.matrix),
                Jacobian::Diagonal { entries, fades } => factor.scale_rows(&entries, fades),
            }
        }
        factor
    }

    /// Multiplies the rows by slopes, of which a zero is a small one where they fade.
    fn scale_rows(&mut self, slope: &Array1<f64>, fades: bool) {
        let alive: Vec<usize> = (0..slope.len()).filter(|&unit| slope[unit] != 0.0).collect();
        let values = singular_values(&self.matrix.select(Axis(0), &alive));
        let top = values.first().copied().unwrap_or(0.0);
        let (rows, columns) = self.matrix.dim();
        let floor = top * f64::EPSILON * rows.max(columns) as f64;
        let counting: Vec<f64> = values.into_iter().filter(|&value| value > floor).collect();
        self.matrix.rows_mut().into_iter().zip(slope).for_each(|(mut row, &s)| row *= s);
        self.rank = counting.len();
        self.condition = counting.last().map_or(1.0, |bottom| top / bottom);
        self.alive = alive.len();
        self.tiny = if fades { slope.len() - alive.len() } else { 0 };
    }

    /// What takes directions away from a signal that has `before` of them.
    fn cut(&self, before: usize) -> CutBy {
        match self.matrix.nrows() {
            units if units < before => CutBy::Narrow,
            _ if self.alive + self.tiny < before => CutBy::Inactive,
            _ if self.alive < before => CutBy::TinySlopes,
            _ => CutBy::LowRank,
        }
    }
}

/// Singular values in descending order; none of an empty matrix.
fn singular_values(matrix: &Array2<f64>) -> Vec<f64> {
    let (rows, columns) = matrix.dim();
    if rows == 0 || columns == 0 {
        return Vec::new();
    }
    let matrix = DMatrix::from_fn(rows, columns, |i, j| matrix[[i, j]]);
    matrix.singular_values().iter().copied().collect()
}

#[cfg(test)]
mod tests;
