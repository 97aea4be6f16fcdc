//! Measured beside expected: how far an ensemble lies from the theory of its variant.

use super::{Distribution, Footing, LayerTheory, VariantEnsemble};

/// Standard normal quantile at 95 %: 5 to 95 % of a normal law is its mean ± 1.645 σ.
pub const Z_95: f64 = 1.644_853_626_951_472_2;

/// Numbers that stand for the law of layer L.
const ATOMS: usize = 64;
/// The steps' spread in that of the output layer from which on their sum is close to normal.
const MANY_STEPS: f64 = 2.0;
/// Halvings of a bracket: its width becomes a hundred-millionth.
const HALVINGS: usize = 27;

/// An ensemble of one variant and what the theory expects of it.
///
/// The theory gives the steps back from the output; where they start, at log10 ‖δ^(L)‖, is
/// taken from the ensemble. The law of log10 ‖δ^(l)‖ is expected to be that of layer L plus an
/// independent normal number with the mean and the spread of the band, so that means and
/// variances add. Independent it is only nearly: the active units that make
/// the steps back also make the output, and with it ‖δ^(L)‖. The ratio's law is free of that. All of it speaks of the draws that are not true zeros.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Layers 1…L where both the ensemble and the theory have a number.
    pub layers: Vec<LayerComparison>,
    /// log10 ‖δ^(1)‖/‖δ^(L)‖, network by network.
    pub ratio: RatioComparison,
}

/// One layer, in log10 ‖δ^(l)‖.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerComparison {
    /// l, from 1.
    pub layer: usize,
    /// The mean over the ensemble.
    pub measured_mean: f64,
    /// The expected mean.
    pub expected_mean: f64,
    /// The expected standard deviation of one network.
    pub expected_std: f64,
    /// 5 % and 95 % of the expected law. In layer L, where both start, they are the measured.
    pub interval: (f64, f64),
    /// The share of networks inside that interval: 0.9 where the expected law is true.
    pub inside: f64,
}

/// log10 ‖δ^(1)‖/‖δ^(L)‖ over the networks whose δ is nowhere zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RatioComparison {
    /// Networks that count.
    pub count: u64,
    /// Their mean.
    pub measured_mean: f64,
    /// Their standard deviation; nothing for one network.
    pub measured_std: Option<f64>,
    /// The expected mean.
    pub expected_mean: f64,
    /// The expected standard deviation.
    pub expected_std: f64,
    /// Exact or estimated.
    pub footing: Footing,
}

impl Comparison {
    /// Compares; nothing where every draw is zero or the theory expects zeros.
    pub fn of(measured: &VariantEnsemble, theory: &LayerTheory) -> Option<Self> {
        let last = measured.layers.last()?;
        let (output_mean, output_std) = (last.log10_mean()?, last.log10_std().unwrap_or(0.0));
        let start = atoms(last);
        let third = start.iter().map(|atom| (atom - output_mean).powi(3)).sum::<f64>();
        let output_skew = third / start.len() as f64;
        let band = |(measured, band): (&Distribution, &super::LayerBand)| {
            let expected_mean = output_mean + band.mean_log10;
            let expected_std = output_std.hypot(band.std_log10);
            if !(expected_mean.is_finite() && expected_std.is_finite()) {
                return None;
            }
            let interval = if band.std_log10 > MANY_STEPS * output_std {
                nearly_normal(expected_mean, expected_std, output_skew)
            } else {
                interval(&start, band.mean_log10, band.std_log10)
            };
            Some(LayerComparison {
                layer: band.layer,
                measured_mean: measured.log10_mean()?,
                expected_mean,
                expected_std,
                interval,
                inside: inside(measured, interval),
            })
        };
        let layers: Vec<_> = measured.layers.iter().zip(&theory.bands).filter_map(band).collect();
        let ratio = &measured.first_over_last;
        let first = theory.bands.first()?;
        Some(Self {
            layers,
            ratio: RatioComparison {
                count: ratio.total() - ratio.zeros(),
                measured_mean: ratio.log10_mean()?,
                measured_std: ratio.log10_std(),
                expected_mean: Some(first.mean_log10).filter(|mean| mean.is_finite())?,
                expected_std: first.std_log10,
                footing: first.footing,
            },
        })
    }

    /// The layer whose mean is farthest off, counted in standard deviations of one network.
    /// The output layer is where both start, and does not count.
    pub fn farthest(&self) -> Option<&LayerComparison> {
        let steps = &self.layers[..self.layers.len().saturating_sub(1)];
        steps.iter().max_by(|a, b| a.off_stds().abs().total_cmp(&b.off_stds().abs()))
    }

    /// Whether the measured mean of every layer lies in the expected 5–95 % interval, as the
    /// normal law of the same mean and spread has it.
    pub fn is_inside(&self) -> bool {
        self.farthest().is_none_or(|layer| layer.off_stds().abs() <= Z_95)
    }
}

impl LayerComparison {
    /// Measured minus expected mean, in decades.
    pub fn off_decades(&self) -> f64 {
        self.measured_mean - self.expected_mean
    }

    /// Measured less expected mean, in standard deviations of one network.
    pub fn off_stds(&self) -> f64 {
        off(self.off_decades(), self.expected_std)
    }
}

impl RatioComparison {
    /// Measured minus expected mean, in decades.
    pub fn off_decades(&self) -> f64 {
        self.measured_mean - self.expected_mean
    }

    /// Measured less expected mean, in standard deviations of one network.
    pub fn off_stds(&self) -> f64 {
        off(self.off_decades(), self.expected_std)
    }

    /// The standard error of the measured mean.
    pub fn standard_error(&self) -> Option<f64> {
        self.measured_std.map(|std| std / (self.count as f64).sqrt())
    }

    /// Measured minus expected mean in standard errors: beyond about 3 the difference is no
    /// accident of these seeds.
    pub fn off_errors(&self) -> Option<f64> {
        self.standard_error().map(|error| off(self.off_decades(), error))
    }
}

/// A distribution as numbers of equal weight: its quantiles in the middle of equal shares.
fn atoms(distribution: &Distribution) -> Vec<f64> {
    let share = |i: usize| (i as f64 + 0.5) / ATOMS as f64;
    (0..ATOMS).filter_map(|i| distribution.log10_quantile(share(i))).collect()
}

/// 5 % and 95 % of a law with this mean, standard deviation and third central moment, which is
/// close to normal: Cornish and Fisher's expansion (1938), first term.
fn nearly_normal(mean: f64, std: f64, third: f64) -> (f64, f64) {
    let lean = third / (6.0 * std * std) * (Z_95 * Z_95 - 1.0);
    (mean - Z_95 * std + lean, mean + Z_95 * std + lean)
}

/// 5 % and 95 % of one of the atoms plus an independent normal number.
fn interval(atoms: &[f64], mean: f64, std: f64) -> (f64, f64) {
    let quantile = |p: f64| {
        let reach = 8.0 * std + 1e-12;
        let (first, last) = (atoms[0], atoms[atoms.len() - 1]);
        let (mut low, mut high) = (first + mean - reach, last + mean + reach);
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if below(atoms, mean, std, middle) < p { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    };
    (quantile(0.05), quantile(0.95))
}

/// P(atom + normal ≤ x).
fn below(atoms: &[f64], mean: f64, std: f64, x: f64) -> f64 {
    let each = atoms.iter().map(|atom| {
        let off = x - atom - mean;
        if std > 0.0 {
            0.5 * libm::erfc(-off / (std * std::f64::consts::SQRT_2))
        } else {
            f64::from(u8::from(off >= 0.0))
        }
    });
    each.sum::<f64>() / atoms.len() as f64
}

/// A distance in units; 0 only where there is none.
fn off(distance: f64, unit: f64) -> f64 {
    if distance == 0.0 { 0.0 } else { distance / unit }
}

/// The share of the draws that are not zero from `low` to `high`, to a bin's width.
fn inside(measured: &Distribution, (low, high): (f64, f64)) -> f64 {
    let histogram = measured.histogram();
    let half = 0.5 * histogram.bin_width();
    let within = |&(edge, _): &(f64, u32)| (low..=high).contains(&(edge + half));
    let count: u64 = histogram.bins().filter(within).map(|(_, count)| u64::from(count)).sum();
    count as f64 / histogram.total().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Activation, Experiment, Init, Scheme, Variant};
    use crate::study::{EnsembleSettings, TaskContext, TheoryStudy, ensemble};

    fn compare(variant: Variant, depth: usize, seeds: u32) -> Comparison {
        let mut experiment = Experiment { variants: vec![variant], ..Experiment::default() };
        experiment.architecture.depth = depth;
        let task = TaskContext::unattended();
        let settings = EnsembleSettings { seeds, ..EnsembleSettings::default() };
        let measured = ensemble(&experiment, &settings, &task, |_| {}).expect("valid");
        let theory = TheoryStudy::new().run(&experiment, &task).expect("nobody stops it");
        let layers = theory.variants[0].layers.as_ref().expect("random weights");
        Comparison::of(&measured.variants[0], layers).expect("not all zero")
    }

    /// The ratio's law is exact here, so that measured and expected differ by chance alone. The
    /// layers' intervals take ‖δ^(L)‖ as independent of the steps, which costs a few per cent
    /// of coverage over eight layers of 20 units: measured were 86 to 89 % in place of 90.
    #[test]
    fn relu_lies_in_its_exact_band() {
        let he = Init::of(Scheme::HeNormal);
        let relu = Variant {
            init: he,
            output_activation: Some(Activation::Linear),
            ..Variant::of(Activation::Relu)
        };
        let found = compare(relu, 8, 4000);
        assert_eq!(found.ratio.footing, Footing::Exact);
        assert!(found.ratio.off_errors().expect("many").abs() < 3.5, "{:?}", found.ratio);
        let spread = found.ratio.measured_std.expect("many") / found.ratio.expected_std;
        assert!((spread - 1.0).abs() < 0.05, "{spread}");
        assert!(found.is_inside());
        let inside: Vec<f64> = found.layers.iter().map(|layer| layer.inside).collect();
        assert!(inside.iter().all(|share| (0.84..0.92).contains(share)), "{inside:?}");
    }

    /// Of normal atoms and a normal step the law is normal, and its quantiles are known.
    #[test]
    fn intervals_of_normal_laws() {
        let mut start = Distribution::default();
        // Standard normal numbers by their quantiles, found by halving erfc.
        for i in 0..2000 {
            let p = (f64::from(i) + 0.5) / 2000.0;
            let (mut low, mut high) = (-6.0, 6.0);
            for _ in 0..60 {
                let middle: f64 = 0.5 * (low + high);
                let share = 0.5 * libm::erfc(-middle / std::f64::consts::SQRT_2);
                if share < p { low = middle } else { high = middle }
            }
            start.add(crate::engine::Scaled::from_ln(low * std::f64::consts::LN_10));
        }
        let (low, high) = interval(&atoms(&start), -3.0, 0.75);
        let expected = Z_95 * 1.25;
        assert!((high + 3.0 - expected).abs() < 0.02, "{high}");
        assert!((low + 3.0 + expected).abs() < 0.02, "{low}");
    }

    /// Where one way of finding the interval gives way to the other, both agree.
    #[test]
    fn both_ways_agree_where_they_meet() {
        // log10 of a squared uniform number: as skewed as an output layer's law.
        let start: Vec<f64> =
            (0..64).map(|i| 2.0 * ((f64::from(i) + 0.5) / 64.0).log10()).collect();
        let moment = |k, about: f64| start.iter().map(|a| (a - about).powi(k)).sum::<f64>() / 64.0;
        let mean = moment(1, 0.0);
        let std = moment(2, mean).sqrt();
        let (low, high) = interval(&start, 0.0, MANY_STEPS * std);
        let all = std.hypot(MANY_STEPS * std);
        let (near_low, near_high) = nearly_normal(mean, all, moment(3, mean));
        assert!((low - near_low).abs() < 0.03 * all, "{low} {near_low}");
        assert!((high - near_high).abs() < 0.03 * all, "{high} {near_high}");
    }

    #[test]
    fn a_wrong_expectation_is_told() {
        let mut found = compare(Variant::of(Activation::Tanh), 5, 500);
        assert!(found.is_inside(), "{:?}", found.farthest());
        let layer = &mut found.layers[2];
        layer.expected_mean += 2.0 * layer.expected_std;
        let off = layer.layer;
        assert!(!found.is_inside());
        assert_eq!(found.farthest().map(|layer| layer.layer), Some(off));
    }

    #[test]
    fn zeros_leave_nothing_to_compare() {
        let mut experiment = Experiment::default();
        experiment.variants.truncate(1);
        experiment.variants[0].init = Init::of(Scheme::Zeros);
        let task = TaskContext::unattended();
        let settings = EnsembleSettings { seeds: 3, ..EnsembleSettings::default() };
        let measured = ensemble(&experiment, &settings, &task, |_| {}).expect("valid");
        let theory = TheoryStudy::new().run(&experiment, &task).expect("nobody stops it");
        let layers = theory.variants[0].layers.as_ref().expect("zeros are independent draws");
        assert_eq!(Comparison::of(&measured.variants[0], layers), None);
    }
}
