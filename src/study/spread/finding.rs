//! What the spread of a signal shows: where its middle lies, and what of it is zero or faded.

use crate::engine::Scaled;

use super::{LayerSpread, Spread, ValueScale};

/// One claim about a spread.
#[derive(Clone, Debug, PartialEq)]
pub enum SpreadFinding {
    /// Every entry of every layer is exactly 0.
    AllZero,
    /// The median of the entries that are not zero, of their magnitude on a logarithmic axis; none
    /// where a layer has no such entry.
    Median {
        /// In layer 1.
        first: Option<Scaled>,
        /// In layer L.
        last: Option<Scaled>,
        /// L.
        layers: usize,
        /// Whether magnitudes are meant.
        of_magnitudes: bool,
        /// Whether zeros were left out.
        without_zeros: bool,
    },
    /// The largest share of a layer, where it is not 0.
    Most {
        /// Of what.
        what: ShareOf,
        /// The lowest layer that has it.
        layer: usize,
        /// The share, above 0.
        share: f64,
        /// B.
        examples: usize,
    },
}

/// What there may be a share of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareOf {
    /// Entries that are exactly 0.
    Zeros,
    /// Units whose slope is 0 in every example.
    Inactive,
    /// Slopes that have faded.
    Saturated,
}

impl Spread {
    /// What the spread shows.
    pub fn findings(&self) -> Vec<SpreadFinding> {
        if self.layers.iter().all(|layer| layer.zeros == layer.total) {
            return vec![SpreadFinding::AllZero];
        }
        let of_magnitudes = self.scale == ValueScale::Log;
        let middle = |layer: Option<&LayerSpread>| {
            let median = layer?.median?;
            Some(if of_magnitudes { median.abs() } else { median })
        };
        let median = SpreadFinding::Median {
            first: middle(self.layers.first()),
            last: middle(self.layers.last()),
            layers: self.layers.len(),
            of_magnitudes,
            without_zeros: self.layers.iter().any(|layer| layer.zeros > 0),
        };
        let shares = [
            self.most(ShareOf::Zeros, LayerSpread::zero_share),
            self.most(ShareOf::Inactive, |layer| layer.dead_share),
            self.most(ShareOf::Saturated, |layer| layer.saturated_share),
        ];
        std::iter::once(median).chain(shares.into_iter().flatten()).collect()
    }

    fn most(&self, what: ShareOf, of: impl Fn(&LayerSpread) -> f64) -> Option<SpreadFinding> {
        let shares = self.layers.iter().map(of).zip(1..);
        let (share, layer) = shares.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))?;
        let examples = self.experiment.architecture.batch;
        (share > 0.0).then_some(SpreadFinding::Most { what, layer, share, examples })
    }
}
