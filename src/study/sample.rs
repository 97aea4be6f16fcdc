//! Some of many, chosen by a seed.

use rand::SeedableRng as _;
use rand::seq::index;
use rand_xoshiro::Xoshiro256PlusPlus;

/// Which of `total` things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sample {
    /// All of them.
    #[default]
    All,
    /// `count` different ones; all where there are no more than that.
    Some {
        /// How many.
        count: usize,
        /// Names the choice.
        seed: u64,
    },
}

impl Sample {
    /// The chosen indices below `total`, ascending. Every set is equally likely.
    ///
    /// ```
    /// use gradient_lab::study::Sample;
    /// assert_eq!(Sample::All.indices(3), [0, 1, 2]);
    /// assert_eq!(Sample::Some { count: 4, seed: 1 }.indices(1_000_000_000).len(), 4);
    /// ```
    pub fn indices(self, total: usize) -> Vec<usize> {
        let (count, seed) = match self {
            Self::Some { count, seed } if count < total => (count, seed),
            _ => return (0..total).collect(),
        };
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut chosen = index::sample(&mut rng, total, count).into_vec();
        chosen.sort_unstable();
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_is_as_likely_as_any_other() {
        let mut counts = [0; 10];
        for seed in 0..4000 {
            let chosen = Sample::Some { count: 3, seed }.indices(10);
            assert_eq!(chosen.len(), 3);
            chosen.into_iter().for_each(|index| counts[index] += 1);
        }
        // 1200 expected, standard deviation 29.
        assert!(counts.iter().all(|count| (1080..1320).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_large_sample_is_all() {
        assert_eq!(Sample::Some { count: 9, seed: 3 }.indices(4), [0, 1, 2, 3]);
    }
}
