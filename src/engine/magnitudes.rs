//! How the sizes of a tensor's entries are spread over the powers of two, and what a format
//! with a loss scale makes of them.

use crate::engine::number::{Format, Held, Scaled};

/// The share of a tensor's entries that may flush to zero and still count as kept: fewer than
/// this.
pub const FLUSHED_SHARE: f64 = 0.01;
/// The depth of an entry that is a true zero.
pub const TRUE_ZERO: u8 = u8::MAX;
/// The largest depth of an entry that is not: so deep or deeper.
const DEEPEST: u8 = u8::MAX - 1;
/// Powers of two below the largest entry that are told apart: more than any format has.
const MOST_DEPTH: i64 = 2300;

/// Counts of a tensor's entries by power of two.
///
/// An entry's *depth* is the number of powers of two by which it lies below a bound of the
/// tensor's entries; entries of one depth flush to zero with the same loss scales.
///
/// ```
/// use gradient_lab::engine::{Format, Magnitudes, Scaled};
/// let mut magnitudes = Magnitudes::below(1);
/// for entry in [1.0, 1e-8, 0.0] {
///     magnitudes.take(Scaled::from(entry));
/// }
/// assert_eq!(magnitudes.flushed(Format::Fp16, 0), 1); // 1e-8 is nearer to 0 than to 6e-8
/// assert_eq!(magnitudes.flushed(Format::Fp16, 2), 0);
/// assert_eq!(magnitudes.least_power(Format::Fp16, u8::MAX - 1), Some(2));
/// assert_eq!(magnitudes.most_power(Format::Fp16), Some(15));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Magnitudes {
    /// Entries.
    pub total: u64,
    /// Entries that are not a true zero.
    pub nonzero: u64,
    /// The largest |entry|.
    pub largest: Option<Scaled>,
    /// No entry has a larger exponent.
    top: i64,
    counts: Vec<u64>,
    /// Sums of squares over 2^(2 top).
    squares: Vec<f64>,
    overflow: [u64; Format::ALL.len()],
}

impl Magnitudes {
    /// Of no entries yet; none of those to come is 2^`top` or more.
    pub fn below(top: i64) -> Self {
        let (counts, squares) = (Vec::new(), Vec::new());
        let overflow = [0; Format::ALL.len()];
        Self { total: 0, nonzero: 0, largest: None, top, counts, squares, overflow }
    }

    /// Counts an entry, and returns its depth.
    pub fn take(&mut self, entry: Scaled) -> u8 {
        self.total += 1;
        if entry.is_zero() {
            return TRUE_ZERO;
        }
        self.nonzero += 1;
        let size = entry.abs();
        if self.largest.is_none_or(|largest| size > largest) {
            self.largest = Some(size);
        }
        // Half of the smallest number is rounded to the even neighbour, which is 0.
        let exponent = size.exponent() - i64::from(size.mantissa() == 0.5);
        let depth = (self.top - exponent).clamp(0, MOST_DEPTH);
        let place = depth as usize;
        if place >= self.counts.len() {
            self.counts.resize(place + 1, 0);
            self.squares.resize(place + 1, 0.0);
        }
        self.counts[place] += 1;
        self.squares[place] += size.over_power_of_two(self.top).powi(2);
        if size.exponent() > OVERFLOWS_FROM {
            for (format, count) in Format::ALL.into_iter().zip(&mut self.overflow) {
                *count += u64::from(format.hold(size) == Held::Overflow);
            }
        }
        depth.min(i64::from(DEEPEST)) as u8
    }

    /// Entries, not truly zero, that a format rounds to zero with the loss scale 2^`power`.
    pub fn flushed(&self, format: Format, power: i64) -> u64 {
        self.count_from_depth(self.top + power - format.subnormal_exponent() + 1)
    }

    /// Entries that a format stores with fewer digits, without a loss scale.
    pub fn subnormal(&self, format: Format) -> u64 {
        let normal = format.subnormal_exponent() + format.mantissa_bits();
        self.count_from_depth(self.top - normal) - self.flushed(format, 0)
    }

    /// Entries that are too large for a format, without a loss scale.
    pub fn overflow(&self, format: Format) -> u64 {
        self.overflow[format.place()]
    }

    fn count_from_depth(&self, depth: i64) -> u64 {
        self.counts.iter().skip(depth.max(0) as usize).sum()
    }

    /// The least power of two with which fewer than [`FLUSHED_SHARE`] of the entries no deeper
    /// than `deepest` flush; nothing where there are none.
    pub fn least_power(&self, format: Format, deepest: u8) -> Option<i64> {
        let end = match deepest {
            DEEPEST.. => self.counts.len(),
            _ => self.counts.len().min(usize::from(deepest) + 1),
        };
        let counts = &self.counts[..end];
        let may_flush = may_flush(counts.iter().sum());
        let mut deeper = 0;
        let must_stay = counts.iter().rposition(|count| {
            deeper += count;
            deeper > may_flush
        })?;
        Some(format.subnormal_exponent() - self.top + must_stay as i64)
    }

    /// The largest power of two with which no entry overflows; nothing where all are zero.
    pub fn most_power(&self, format: Format) -> Option<i64> {
        Some(format.powers(self.largest?)?[1])
    }

    /// The Frobenius norm.
    pub fn norm(&self) -> Scaled {
        Scaled::new(self.squares.iter().sum::<f64>().sqrt(), self.top)
    }

    /// The depth below which all entries together are less of the tensor's norm than the
    /// format's rounding of it.
    pub fn last_that_matters(&self, format: Format) -> u8 {
        let round_off = Scaled::new(1.0, -2 * (format.mantissa_bits() + 1)).to_f64();
        let negligible = round_off * self.squares.iter().sum::<f64>();
        let mut deeper = 0.0;
        let matters = self.squares.iter().rposition(|squares| {
            deeper += squares;
            deeper > negligible
        });
        matters.map_or(DEEPEST, |depth| depth.min(usize::from(DEEPEST)) as u8)
    }
}

/// The largest exponent that every format holds.
const OVERFLOWS_FROM: i64 = 8;

/// The largest number of entries that is less than [`FLUSHED_SHARE`] of so many.
pub fn may_flush(entries: u64) -> u64 {
    // A hundredth, in whole numbers.
    entries.div_ceil(100).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(entries: &[Scaled]) -> Magnitudes {
        let top = entries.iter().map(|entry| entry.exponent()).max().expect("some");
        let mut magnitudes = Magnitudes::below(top);
        for entry in entries {
            magnitudes.take(*entry);
        }
        magnitudes
    }

    /// Sizes over many powers of two, halves of the smallest numbers among them.
    fn entries() -> Vec<Scaled> {
        let mantissas = [0.5, 0.500_01, 0.7, 0.999_9, -0.8];
        let numbers = (0..400).map(|n| Scaled::new(mantissas[n % 5], -(n as i64) / 3 + 20));
        numbers.chain([Scaled::ZERO, Scaled::new(0.75, -5000)]).collect()
    }

    #[test]
    fn counts_are_those_of_the_rounded_entries() {
        let entries = entries();
        let magnitudes = of(&entries);
        assert_eq!((magnitudes.total, magnitudes.nonzero), (402, 401));
        for format in Format::ALL {
            let count = |power: i64, held: Held| {
                let scaled = entries.iter().map(|entry| *entry * Scaled::new(1.0, power));
                scaled.filter(|entry| format.hold(*entry) == held).count() as u64
            };
            for power in -100..100 {
                assert_eq!(magnitudes.flushed(format, power), count(power, Held::Flushed));
            }
            assert_eq!(magnitudes.overflow(format), count(0, Held::Overflow), "{format:?}");
            let most = magnitudes.most_power(format).expect("not zero");
            assert_eq!(
                (count(most, Held::Overflow), count(most + 1, Held::Overflow) > 0),
                (0, true)
            );
            let least = magnitudes.least_power(format, DEEPEST).expect("not zero");
            // Four of 401 are less than a hundredth, five are not.
            assert!(count(least, Held::Flushed) <= 4 && count(least - 1, Held::Flushed) > 4);
        }
    }

    #[test]
    fn fewer_than_a_hundredth_may_flush() {
        assert_eq!([0, 1, 99, 100, 101, 200, 201].map(may_flush), [0, 0, 0, 0, 1, 1, 2]);
    }

    #[test]
    fn what_lies_far_below_the_norm_does_not_matter() {
        let mut entries = vec![Scaled::from(1.0); 10];
        entries.extend(vec![Scaled::new(1.0, -40); 90]);
        let magnitudes = of(&entries);
        let least = |deepest| magnitudes.least_power(Format::Fp16, deepest).expect("not zero");
        assert_eq!(least(DEEPEST), 16);
        assert_eq!(least(magnitudes.last_that_matters(Format::Fp16)), -24);
        // Double precision would see them in the norm.
        assert_eq!(magnitudes.last_that_matters(Format::Fp64), 41);
    }
}
