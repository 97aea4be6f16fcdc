//! What an ensemble keeps of one quantity: enough for every summary, in bounded memory.

use crate::engine::Scaled;

use super::Histogram;

/// The distribution of a non-negative number over many draws: true zeros apart, the rest by
/// the logarithm to base 10.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distribution {
    zeros: u64,
    histogram: Histogram,
    /// Σ v² over all draws.
    square_sum: Scaled,
    /// Mean of log10 v, and Σ (log10 v − mean)², updated as in Welford (1962).
    mean: f64,
    squared_deviations: f64,
    least: f64,
    largest: f64,
}

impl Distribution {
    /// Adds one draw.
    pub fn add(&mut self, value: Scaled) {
        let Some(log10) = value.log10() else {
            self.zeros += 1;
            return;
        };
        let first = self.histogram.total() == 0;
        self.histogram.add(log10);
        self.square_sum += value * value;
        let off = log10 - self.mean;
        self.mean += off / self.histogram.total() as f64;
        self.squared_deviations += off * (log10 - self.mean);
        self.least = if first { log10 } else { self.least.min(log10) };
        self.largest = if first { log10 } else { self.largest.max(log10) };
    }

    /// Draws in all, zeros included.
    pub fn total(&self) -> u64 {
        self.zeros + self.histogram.total()
    }

    /// True zeros.
    pub fn zeros(&self) -> u64 {
        self.zeros
    }

    /// True zeros among all draws, 0 where there are none.
    pub fn zero_share(&self) -> f64 {
        self.zeros as f64 / self.total().max(1) as f64
    }

    /// √(mean of v²) over all draws, zeros included: what mean-field theory predicts.
    pub fn rms(&self) -> Scaled {
        self.square_sum
            .checked_div((self.total().max(1) as f64).into())
            .map_or(Scaled::ZERO, Scaled::sqrt)
    }

    /// Mean of log10 v over the draws that are not zero.
    pub fn log10_mean(&self) -> Option<f64> {
        self.some(self.mean)
    }

    /// Standard deviation of log10 v over the draws that are not zero (divisor n − 1).
    pub fn log10_std(&self) -> Option<f64> {
        let count = self.histogram.total();
        (count > 1).then(|| (self.squared_deviations / (count - 1) as f64).sqrt())
    }

    /// The least log10 v.
    pub fn log10_min(&self) -> Option<f64> {
        self.some(self.least)
    }

    /// The largest log10 v.
    pub fn log10_max(&self) -> Option<f64> {
        self.some(self.largest)
    }

    /// The quantile of log10 v over the draws that are not zero: 0.5 is the median. At most
    /// [`Histogram::bin_width`] off.
    pub fn log10_quantile(&self, p: f64) -> Option<f64> {
        let quantile = self.histogram.quantile(p)?;
        Some(quantile.clamp(self.least, self.largest))
    }

    /// The histogram of log10 v over the draws that are not zero.
    pub fn histogram(&self) -> &Histogram {
        &self.histogram
    }

    fn some(&self, number: f64) -> Option<f64> {
        (self.histogram.total() > 0).then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_stand_apart() {
        let mut distribution = Distribution::default();
        assert_eq!(distribution.log10_quantile(0.5), None);
        assert!(distribution.rms().is_zero());
        for value in [1e-3, 0.0, 1e-5, 0.0] {
            distribution.add(value.into());
        }
        assert_eq!((distribution.total(), distribution.zeros()), (4, 2));
        assert!((distribution.log10_mean().expect("two") + 4.0).abs() < 1e-12);
        assert!((distribution.log10_std().expect("two") - 2_f64.sqrt()).abs() < 1e-12);
        let rms = ((1e-6 + 1e-10) / 4.0_f64).sqrt();
        assert!((distribution.rms().to_f64() / rms - 1.0).abs() < 1e-14);
        assert_eq!(distribution.log10_quantile(1.0), distribution.log10_max());
    }

    #[test]
    fn numbers_no_double_can_hold() {
        let mut distribution = Distribution::default();
        (0..100).for_each(|i| distribution.add(Scaled::new(0.7, -9000 - i)));
        let rms = distribution.rms().log10().expect("not zero");
        assert!((rms + 2710.0).abs() < 1.0, "{rms}");
        assert!(distribution.log10_quantile(0.5).expect("many") < rms);
    }
}
