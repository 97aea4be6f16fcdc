//! A layer's rows, shared out among those who compute them.

use std::ops::Range;

/// Multiply-adds of a product worth a share of their own, see [`work_of_product`]: in `f32` 0.8 µs in a
/// batch and, from the cache, 0.6 µs with one example, by W2 and W1 of benches/README.md; handing a share
/// to another thread took 0.7 µs.
const WORTH_A_SHARE: usize = 100_000;
/// A share is a multiple of so many rows: whole cache lines of a batch of one.
const TOGETHER: usize = 16;

/// Runs the shares of a layer: one after the other, or several at once. The engine itself starts no
/// thread.
pub trait Executor: Sync {
    /// How many work at once.
    fn threads(&self) -> usize;

    /// Does both, at once or one after the other.
    fn join<A: Send, B: Send>(
        &self,
        first: impl FnOnce() -> A + Send,
        second: impl FnOnce() -> B + Send,
    ) -> (A, B);
}

/// Does everything in turn, on the calling thread.
#[derive(Clone, Copy, Debug)]
pub struct Serial;

impl Executor for Serial {
    fn threads(&self) -> usize {
        1
    }

    fn join<A: Send, B: Send>(
        &self,
        first: impl FnOnce() -> A + Send,
        second: impl FnOnce() -> B + Send,
    ) -> (A, B) {
        (first(), second())
    }
}

/// Into how many shares a layer of so many multiply-adds is worth being cut.
pub(super) fn shares(executor: &impl Executor, work: usize) -> usize {
    executor.threads().min(work / WORTH_A_SHARE).max(1)
}

/// What so many examples' product with so many weights is worth, in multiply-adds of a large one: of few
/// examples each weight waits for memory.
pub(super) fn work_of_product(weights: usize, batch: usize) -> usize {
    weights * batch.max(A_WEIGHT)
}

/// Rows in blocks of about a hundredth of a second's work; `work` is that of one row.
pub(super) fn blocks(rows: usize, work: usize) -> impl Iterator<Item = Range<usize>> {
    let block = (BLOCK / work.max(1)).clamp(1, rows.max(1));
    (0..rows).step_by(block).map(move |first| first..(first + block).min(rows))
}

/// Multiply-adds in the time in which a weight comes from memory.
const A_WEIGHT: usize = 8;

/// Multiply-adds of a block.
const BLOCK: usize = 1 << 26;

/// Some rows of a few arrays of one shape, n × B each.
pub(super) struct Rows<'a, T, const N: usize> {
    /// What the arrays hold of them.
    pub entries: [&'a mut [T]; N],
    /// Which.
    pub range: Range<usize>,
}

impl<'a, T: Send, const N: usize> Rows<'a, T, N> {
    /// All rows.
    pub fn all(entries: [&'a mut [T]; N], rows: usize) -> Self {
        Self { entries, range: 0..rows }
    }

    /// Cuts them into shares, has each worked on and puts the results together.
    pub fn share<R: Send>(
        self,
        executor: &impl Executor,
        shares: usize,
        work: &(impl Fn(Self) -> R + Sync),
        together: &(impl Fn(R, R) -> R + Sync),
    ) -> R {
        let rows = self.range.len();
        let first = (rows * (shares / 2) / shares.max(1)).next_multiple_of(TOGETHER);
        if shares < 2 || first == 0 || first >= rows {
            return work(self);
        }
        let (mine, others) = self.split(first);
        let (mine, others) = executor.join(
            || mine.share(executor, shares / 2, work, together),
            || others.share(executor, shares - shares / 2, work, together),
        );
        together(mine, others)
    }

    /// The first rows and the rest.
    fn split(mut self, first: usize) -> (Self, Self) {
        let middle = self.range.start + first;
        let rows = self.range.len();
        let upper = self.entries.each_mut().map(|entries| {
            let whole = std::mem::take(entries);
            let (upper, lower) = whole.split_at_mut(whole.len() / rows * first);
            *entries = lower;
            upper
        });
        (
            Self { entries: upper, range: self.range.start..middle },
            Self { entries: self.entries, range: middle..self.range.end },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An executor that says it is larger than it is.
    struct Crowd(usize);

    impl Executor for Crowd {
        fn threads(&self) -> usize {
            self.0
        }

        fn join<A: Send, B: Send>(
            &self,
            first: impl FnOnce() -> A + Send,
            second: impl FnOnce() -> B + Send,
        ) -> (A, B) {
            let second = second();
            (first(), second)
        }
    }

    #[test]
    fn every_row_belongs_to_one_share() {
        for (rows, size) in [(1, 2), (16, 2), (17, 2), (100, 3), (300, 7), (40, 100)] {
            let (mut a, mut b) = (vec![0; rows * 3], vec![0; rows * 3]);
            let work = |share: Rows<'_, usize, 2>| {
                let [a, b] = share.entries;
                assert_eq!((a.len(), b.len()), (share.range.len() * 3, share.range.len() * 3));
                a.iter_mut().enumerate().for_each(|(i, a)| *a += share.range.start * 3 + i);
                b.fill(1);
                vec![share.range]
            };
            let ranges = Rows::all([&mut a, &mut b], rows).share(
                &Crowd(size),
                size,
                &work,
                &|first, second| [first, second].concat(),
            );
            assert!(a.iter().copied().eq(0..rows * 3) && b.iter().all(|&b| b == 1));
            assert!(ranges.len() <= size && ranges.windows(2).all(|w| w[0].end == w[1].start));
        }
    }

    #[test]
    fn small_layers_are_not_cut() {
        assert_eq!(shares(&Crowd(8), WORTH_A_SHARE / 2), 1);
        assert_eq!(shares(&Crowd(8), 3 * WORTH_A_SHARE), 3);
        assert_eq!(shares(&Crowd(8), 100 * WORTH_A_SHARE), 8);
        assert_eq!(shares(&Serial, 100 * WORTH_A_SHARE), 1);
        // Weights that one example reads are worth more than its multiply-adds.
        assert_eq!(work_of_product(256 * 256, 1), work_of_product(256 * 256, 8));
        assert_eq!(work_of_product(1000, 32), 32_000);
    }
}
