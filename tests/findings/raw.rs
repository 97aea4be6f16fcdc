//! The raw numbers of a pass, entry by entry, and what the tests work out from them by
//! themselves.

use gradient_lab::engine::{DrawCache, FromDraws, LayerTrace, Network, Pass, Real, Scaled};
use gradient_lab::experiment::{Activation, Experiment, Precision};

/// n × B numbers, by example.
pub type Entries = Vec<Vec<Scaled>>;

/// One layer.
pub struct RawLayer {
    pub activation: Activation,
    /// W, row by row.
    pub weight: Vec<Vec<f64>>,
    pub bias: Vec<f64>,
    pub z: Entries,
    pub a: Entries,
    pub delta: Entries,
    /// Slopes as the pass stores them.
    pub slope: Vec<Vec<f64>>,
}

/// One variant's pass.
pub struct Raw {
    pub experiment: Experiment,
    pub layers: Vec<RawLayer>,
    pub target: Vec<Vec<f64>>,
    pub input: Entries,
}

impl Raw {
    /// The pass of an experiment's first variant, in its own precision.
    pub fn of(experiment: &Experiment) -> Self {
        match experiment.architecture.precision {
            Precision::F32 => Self::in_precision::<f32>(experiment),
            _ => Self::in_precision::<f64>(experiment),
        }
    }

    fn in_precision<T: Real + FromDraws>(experiment: &Experiment) -> Self {
        let variant = &experiment.variants[0];
        let network = Network::<T>::build(experiment, variant, &mut DrawCache::new(), &mut || true)
            .expect("nobody stops it");
        Self::read(experiment, &network, &network.pass())
    }

    fn read<T: Real>(experiment: &Experiment, network: &Network<T>, pass: &Pass<T>) -> Self {
        let layer = |index: usize| {
            let trace: &LayerTrace<T> = &pass.layers[index];
            let examples = 0..trace.z.batch();
            RawLayer {
                activation: network.activation(index),
                weight: network.weight(index).rows().into_iter().map(|row| row.to_vec()).collect(),
                bias: network.dense(index).bias.iter().flatten().map(|b| b.to_f64()).collect(),
                z: examples.clone().map(|b| trace.z.column(b)).collect(),
                a: examples.clone().map(|b| trace.a.column(b)).collect(),
                delta: examples.clone().map(|b| trace.delta.column(b)).collect(),
                slope: examples
                    .map(|b| trace.slope.column(b).iter().map(|s| s.to_f64()).collect())
                    .collect(),
            }
        };
        let target = &network.target.mantissa;
        Self {
            experiment: experiment.clone(),
            layers: (0..network.depth()).map(layer).collect(),
            input: (0..pass.input.batch()).map(|b| pass.input.column(b)).collect(),
            target: (0..target.ncols())
                .map(|b| target.column(b).iter().map(|y| y.to_f64()).collect())
                .collect(),
        }
    }

    /// Layer l, from 1.
    pub fn layer(&self, l: usize) -> &RawLayer {
        &self.layers[l - 1]
    }

    /// L.
    pub fn last(&self) -> usize {
        self.layers.len()
    }

    /// log10 ‖δ^(l)‖, the root mean square over the batch.
    pub fn delta_log10(&self, l: usize) -> Option<f64> {
        rms_of_norms(&self.layer(l).delta, 0)
    }

    /// log10 ‖δ^(l)‖/‖δ^(k)‖, with all digits however far down both are.
    pub fn delta_ratio_log10(&self, l: usize, k: usize) -> Option<f64> {
        let above = &self.layer(k).delta;
        let exponents = above.iter().flatten().filter(|d| !d.is_zero()).map(|d| d.exponent());
        let base = exponents.max()?;
        Some(rms_of_norms(&self.layer(l).delta, base)? - rms_of_norms(above, base)?)
    }

    /// log10 of the root mean square of z^(l).
    pub fn z_log10(&self, l: usize) -> Option<f64> {
        let units = self.layer(l).z[0].len() as f64;
        rms_of_norms(&self.layer(l).z, 0).map(|log10| log10 - 0.5 * units.log10())
    }

    /// log10 ‖a^(L) − y‖.
    pub fn error_log10(&self) -> Option<f64> {
        let last = self.layer(self.last());
        let pairs = last.a.iter().zip(&self.target);
        let errors: Entries = pairs
            .map(|(a, y)| a.iter().zip(y).map(|(a, y)| *a - Scaled::from(*y)).collect())
            .collect();
        rms_of_norms(&errors, 0)
    }

    /// Examples whose δ^(l) is exactly zero.
    pub fn zero_examples(&self, l: usize) -> usize {
        let is_zero = |column: &&Vec<Scaled>| column.iter().all(|delta| delta.is_zero());
        self.layer(l).delta.iter().filter(is_zero).count()
    }
}

impl RawLayer {
    /// Share of units whose slope is 0 in every example.
    pub fn inactive_share(&self) -> f64 {
        let units = self.slope[0].len();
        let inactive = |&unit: &usize| self.slope.iter().all(|example| example[unit] == 0.0);
        (0..units).filter(inactive).count() as f64 / units as f64
    }

    /// Share of slopes below a twentieth of the activation's largest.
    pub fn faded_share(&self) -> f64 {
        let steepest = self.activation.largest_slope();
        let slopes: Vec<f64> = self.slope.iter().flatten().copied().collect();
        let faded = slopes.iter().filter(|slope| slope.abs() < 0.05 * steepest).count();
        faded as f64 / slopes.len() as f64
    }
}

/// log10 √(mean over columns of the sum of squares) over 2^`base`, by logarithms alone.
pub fn rms_of_norms(columns: &Entries, base: i64) -> Option<f64> {
    let log10 = |entry: &Scaled| Scaled::new(entry.mantissa(), entry.exponent() - base).log10();
    let logs: Vec<f64> = columns.iter().flatten().filter_map(log10).collect();
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logs.iter().map(|log10| 10_f64.powf(2.0 * (log10 - top))).sum();
    (!logs.is_empty()).then(|| top + 0.5 * (sum / columns.len() as f64).log10())
}
