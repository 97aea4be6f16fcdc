//! A histogram that grows with its data: bounded memory, and the same whatever the order.

/// Bins that may be occupied at once; one more and all widths double.
const MOST_BINS: usize = 1024;
/// log2 of the number of bins a unit holds at first: a width of 1/4096.
const FINEST: i32 = 12;

/// Counts of numbers in bins [i w, (i + 1) w), kept only where occupied.
///
/// The width w is a power of two, the smallest (from 1/4096 on) with which at most 1024 bins
/// are occupied. It depends on the set of numbers alone, not on their order, and far outliers
/// cost a bin each instead of the others' resolution. Numbers are good up to about 10¹⁵.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// w = 2^−level.
    level: i32,
    /// i of the occupied bins, ascending.
    indices: Vec<i64>,
    counts: Vec<u32>,
    total: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { level: FINEST, indices: Vec::new(), counts: Vec::new(), total: 0 }
    }
}

impl Histogram {
    /// Counts one finite number.
    pub fn add(&mut self, number: f64) {
        let index = (number * 2_f64.powi(self.level)).floor() as i64;
        self.total += 1;
        match self.indices.binary_search(&index) {
            Ok(at) => self.counts[at] += 1,
            Err(at) => {
                self.indices.insert(at, index);
                self.counts.insert(at, 1);
                while self.indices.len() > MOST_BINS {
                    self.coarsen();
                }
            }
        }
    }

    /// Doubles the width.
    fn coarsen(&mut self) {
        self.level -= 1;
        let mut kept = 0;
        for at in 0..self.indices.len() {
            let index = self.indices[at] >> 1;
            if kept > 0 && self.indices[kept - 1] == index {
                self.counts[kept - 1] += self.counts[at];
            } else {
                (self.indices[kept], self.counts[kept]) = (index, self.counts[at]);
                kept += 1;
            }
        }
        self.indices.truncate(kept);
        self.counts.truncate(kept);
    }

    /// Numbers counted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// w.
    pub fn bin_width(&self) -> f64 {
        2_f64.powi(-self.level)
    }

    /// The occupied bins from left to right: lower edge and count.
    pub fn bins(&self) -> impl ExactSizeIterator<Item = (f64, u32)> {
        let width = self.bin_width();
        self.indices.iter().zip(&self.counts).map(move |(&i, &count)| (i as f64 * width, count))
    }

    /// The number below which the share `p` of all lies, at most a bin width off: the
    /// sample's quantile at rank p (n − 1), its bin's numbers taken as evenly spread.
    pub fn quantile(&self, p: f64) -> Option<f64> {
        let rank = p.clamp(0.0, 1.0) * self.total.saturating_sub(1) as f64;
        let mut below = 0.0;
        for (edge, count) in self.bins() {
            let count = f64::from(count);
            if rank < below + count {
                return Some(edge + self.bin_width() * (rank - below + 0.5).min(count) / count);
            }
            below += count;
        }
        None
    }

    /// Counts in `bins` equal bins from `from` to `to`, each occupied bin by its middle; what
    /// lies outside is left out. For pictures that share an axis.
    pub fn counts(&self, from: f64, to: f64, bins: usize) -> Vec<u32> {
        let mut counts = vec![0; bins];
        let scale = bins as f64 / (to - from);
        for (edge, count) in self.bins() {
            let at = ((edge + 0.5 * self.bin_width() - from) * scale).floor();
            if at >= 0.0 && at < bins as f64 {
                counts[at as usize] += count;
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers spread over `span`, without a pattern.
    fn numbers(count: usize, span: f64) -> Vec<f64> {
        let golden = 0.618_033_988_749_894_9;
        (0..count).map(|i| span * ((i as f64 * golden).fract() - 0.5)).collect()
    }

    fn of(numbers: &[f64]) -> Histogram {
        let mut histogram = Histogram::default();
        numbers.iter().for_each(|&number| histogram.add(number));
        histogram
    }

    #[test]
    fn quantiles_are_within_a_bin() {
        for span in [1e-3, 0.3, 40.0, 1e7] {
            let mut numbers = numbers(5001, span);
            let histogram = of(&numbers);
            numbers.sort_by(f64::total_cmp);
            for p in [0.0, 0.05, 0.5, 0.95, 1.0] {
                let exact = numbers[(p * 5000.0) as usize];
                let found = histogram.quantile(p).expect("not empty");
                assert!((found - exact).abs() <= histogram.bin_width(), "{span} {p}");
            }
            assert!(histogram.bin_width() <= (2.0 * span / 1024.0).max(1.0 / 4096.0));
            assert_eq!(histogram.counts(-span, span, 7).iter().sum::<u32>(), 5001);
        }
        assert_eq!(Histogram::default().quantile(0.5), None);
    }

    #[test]
    fn order_does_not_matter_and_outliers_cost_little() {
        let mut numbers = numbers(3000, 1.0);
        numbers.push(-4e14);
        let forward = of(&numbers);
        numbers.reverse();
        assert_eq!(of(&numbers), forward);
        assert!(forward.bin_width() <= 2.0 / 1024.0);
    }
}
