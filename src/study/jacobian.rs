//! The singular values of ∂z^(L)/∂z^(l): what BP2 can do to any error signal at all.
//!
//! δ^(l) = J_lᵀ δ^(L) with J_lᵀ = D_l W^(l+1)ᵀ D_{l+1} … W^(L)ᵀ and D_l = diag σ′(z^(l)).
//! The largest singular value says how much a signal can grow on its way from L to l, the
//! smallest how much it can lose. The product is never formed: see
//! [`ProductSvd`](crate::engine::ProductSvd).

use nalgebra::DMatrix;
use ndarray::{Array1, Array2, Axis};

use crate::engine::{Jacobian, Network, Pass, ProductSvd, Real, Scaled};

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
        for op in network.ops_back(layer - 1) {
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
mod tests {
    use crate::experiment::{Activation, Experiment, Init, LeakyRelu, Scheme};
    use crate::study::DrawStudy;

    use super::*;

    fn experiment(activation: Activation, hidden: Vec<usize>, output: usize) -> Experiment {
        let mut experiment = Experiment::default();
        experiment.variants.truncate(1);
        experiment.variants[0].activation = activation;
        experiment.architecture.output = output;
        experiment.architecture.hidden = Some(hidden);
        experiment.validate().unwrap();
        experiment
    }

    fn network(experiment: &Experiment) -> (Network<f64>, Pass<f64>) {
        let variant = &experiment.variants[0];
        let task = TaskContext::unattended();
        let network = DrawStudy::new().network::<f64>(experiment, variant, &task).unwrap();
        let pass = network.forward();
        (network, pass)
    }

    fn spectrum(experiment: &Experiment) -> JacobianSpectrum {
        let (network, pass) = network(experiment);
        let top = pass.layers.len();
        jacobian_spectrum(&network, &pass, 0, top, &TaskContext::unattended()).unwrap()
    }

    #[test]
    fn small_nets_agree_with_the_singular_values_of_the_plain_product() {
        for (activation, hidden) in [
            (Activation::Sigmoid, vec![7, 9, 6]),
            (Activation::Tanh, vec![8, 8]),
            (Activation::LeakyRelu(LeakyRelu::DEFAULT), vec![6, 12, 5]),
        ] {
            let experiment = experiment(activation, hidden, 5);
            let (network, pass) = network(&experiment);
            let spectrum = spectrum(&experiment);
            let mut product = Array2::eye(5);
            for layer in (1..pass.layers.len()).rev() {
                product = Factor::of(&network, &pass, layer, 0).matrix.dot(&product);
                let direct = singular_values(&product);
                let mine = &spectrum.layers[layer - 1];
                assert_eq!((mine.log10.len(), mine.zeros), (5, 0));
                for (log10, direct) in mine.log10.iter().zip(&direct) {
                    let relative = (10_f64.powf(*log10) / direct - 1.0).abs();
                    assert!(relative < 1e-10, "{activation:?} {layer}: {relative}");
                }
            }
        }
    }

    #[test]
    fn two_hundred_layers_keep_the_determinant() {
        for activation in [Activation::Sigmoid, Activation::Tanh, Activation::Linear] {
            let experiment = experiment(activation, vec![12; 200], 12);
            let (network, pass) = network(&experiment);
            let first = &spectrum(&experiment).layers[0];
            assert!(first.log10.len() == 12 && first.log10.iter().all(|v| v.is_finite()));
            let determinant = |layer| {
                let matrix = Factor::of(&network, &pass, layer, 0).matrix;
                let matrix = DMatrix::from_fn(12, 12, |i, j| matrix[[i, j]]);
                matrix.lu().determinant().abs().log10()
            };
            let expected: f64 = (1..pass.layers.len()).map(determinant).sum();
            let sum: f64 = first.log10.iter().sum();
            assert!((sum - expected).abs() < 1e-9 * expected.abs().max(1.0), "{sum} {expected}");
            assert!(first.smallest() < first.median() && first.median() < first.largest());
        }
    }

    /// 1/σ of the inverse … D_2⁻¹ W^(2)⁻ᵀ D_1⁻¹, carried from the other end. Each D⁻¹ must
    /// stand left of its factor, where its decades are the rows' own.
    fn by_the_inverse(network: &Network<f64>, pass: &Pass<f64>, units: usize) -> Vec<f64> {
        let mut columns = ProductSvd::identity(units);
        for (index, layer) in pass.layers.iter().enumerate() {
            let weight = network.weight(index);
            let inverse = match index {
                0 => DMatrix::identity(units, units),
                _ => DMatrix::from_fn(units, units, |i, j| weight[[j, i]]).try_inverse().unwrap(),
            };
            let last = index + 1 == pass.layers.len();
            let slope = |unit: usize| if last { 1.0 } else { layer.slope[[unit, 0]] };
            let entry = |(i, j)| inverse[(i, j)] / slope(i);
            columns.multiply(&Array2::from_shape_fn((units, units), entry), units);
        }
        columns.singular_values().iter().rev().map(|value| -value.log10().unwrap()).collect()
    }

    #[test]
    fn saturated_nets_keep_every_singular_value() {
        for (activation, gain) in [(Activation::Sigmoid, 60.0), (Activation::Tanh, 12.0)] {
            let mut experiment = experiment(activation, vec![8; 60], 8);
            experiment.variants[0].init.gain = Some(gain);
            let (network, pass) = network(&experiment);
            let slopes = pass.layers[30].slope.iter().copied();
            assert!(slopes.fold(1.0, f64::min) < 1e-12, "the test wants graded slopes");
            let first = &spectrum(&experiment).layers[0];
            let inverse = by_the_inverse(&network, &pass, 8);
            assert_eq!(first.log10.len(), 8);
            for (mine, other) in first.log10.iter().zip(&inverse) {
                assert!((mine - other).abs() < 1e-9, "{activation:?}: {mine} {other}");
            }
            assert!(first.smallest().unwrap() < first.largest().unwrap() - 300.0);
            assert!(first.relative_error < 1e-9);
        }
    }

    #[test]
    fn the_signal_lies_between_the_smallest_and_the_largest() {
        let experiment = experiment(Activation::Tanh, vec![10; 120], 4);
        let (network, _) = network(&experiment);
        let pass = network.pass();
        let last = pass.layers.last().unwrap().delta.norm(0).log10().unwrap();
        for layer in &spectrum(&experiment).layers {
            let delta = pass.layers[layer.layer - 1].delta.norm(0).log10().unwrap() - last;
            assert!(delta < layer.largest().unwrap() + 1e-9);
            assert!(delta > layer.smallest().unwrap() - 1e-9);
        }
    }

    #[test]
    fn orthogonal_weights_keep_every_length() {
        let mut experiment = experiment(Activation::Linear, vec![16; 100], 16);
        experiment.variants[0].init = Init::of(Scheme::Orthogonal);
        for layer in spectrum(&experiment).layers {
            assert!(layer.log10.iter().all(|log10| log10.abs() < 1e-12));
        }
    }

    #[test]
    fn dead_units_and_low_rank_are_zeros_and_not_small_numbers() {
        let mut experiment = experiment(Activation::Relu, vec![6, 6], 6);
        let (_, pass) = network(&experiment);
        let alive = pass.layers[1].slope.iter().filter(|slope| **slope > 0.0).count();
        let second = &spectrum(&experiment).layers[1];
        assert_eq!((second.log10.len(), second.zeros), (alive, 6 - alive));
        assert_eq!(second.smallest(), None);
        experiment.variants[0].activation = Activation::Sigmoid;
        experiment.variants[0].init = Init { value: Some(0.3), ..Init::of(Scheme::Constant) };
        let first = &spectrum(&experiment).layers[0];
        assert_eq!((first.log10.len(), first.zeros), (1, 5));
    }

    #[test]
    fn what_cannot_be_computed_is_refused_with_a_sentence() {
        let wide = experiment(Activation::Tanh, vec![300], 1);
        let (network, pass) = network(&wide);
        let run = |example, top| {
            jacobian_spectrum(&network, &pass, example, top, &TaskContext::unattended())
                .unwrap_err()
                .to_string()
        };
        assert!(run(0, 2).contains("Layer 1 has 300 units"));
        assert!(run(3, 2).contains("no example 4"));
        assert!(run(0, 9).contains("no layer 9"));
    }
}
