//! Whether a remedy cures, and in which order remedies stand.

use std::cmp::Ordering;

use super::{Measured, Remedies, RemedyRow};
use crate::experiment::Experiment;

/// |decades per layer| below which ‖δ‖ keeps its size.
pub const CURED: f64 = 0.02;
/// The share of hidden units that may be saturated or dead.
pub const LOST: f64 = 0.2;
/// What must be left at layer L of two examples' difference: e⁻⁶, which is where Schoenholz et al.
/// (2017) found that networks no longer train.
pub const ALIKE: f64 = 0.002_478_752_176_666_358;

/// What a remedy comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The median lies within ±[`CURED`], and so would it with an interval twice as wide as its
    /// 95 % one, few units are lost, and examples stay apart.
    Cures,
    /// As [`Self::Cures`] for the median, but not for the whole of that interval: more networks
    /// would tell.
    Undecided,
    /// ‖δ‖ keeps its size, but two examples are alike at layer L.
    Alike,
    /// ‖δ‖ keeps its size, but more than [`LOST`] of the units are saturated or dead.
    Lost,
    /// ‖δ‖ falls.
    Vanishes,
    /// ‖δ‖ rises.
    Explodes,
    /// At least half of the networks send nothing back.
    Dead,
}

impl Verdict {
    /// Every verdict, the best first.
    pub const ALL: [Self; 7] = [
        Self::Cures,
        Self::Undecided,
        Self::Alike,
        Self::Lost,
        Self::Vanishes,
        Self::Explodes,
        Self::Dead,
    ];

    /// The verdict on what was measured.
    pub fn of(measured: &Measured) -> Self {
        let decades = measured.decades;
        let [low, high] = decades.interval;
        if !decades.median.is_finite() {
            return Self::Dead;
        }
        match () {
            () if decades.median <= -CURED => Self::Vanishes,
            () if decades.median >= CURED => Self::Explodes,
            () if measured.lost() > LOST => Self::Lost,
            () if measured.difference < ALIKE => Self::Alike,
            // On other seeds the median is another: twice the interval holds there too.
            () if 2.0 * low - decades.median > -CURED && 2.0 * high - decades.median < CURED => {
                Self::Cures
            }
            () => Self::Undecided,
        }
    }

    /// The name in files.
    pub fn id(self) -> &'static str {
        match self {
            Self::Cures => "cures",
            Self::Undecided => "undecided",
            Self::Alike => "alike",
            Self::Lost => "lost",
            Self::Vanishes => "vanishes",
            Self::Explodes => "explodes",
            Self::Dead => "dead",
        }
    }
}

impl RemedyRow {
    /// What cures comes first, and of that the smallest change: what leaves the architecture as it
    /// is, then what changes the fewest keys of the file, then the order of the remedies. What does
    /// not cure stands by its verdict and by how far its median lies from 0.
    fn order(&self, other: &Self) -> Ordering {
        let size = |row: &Self| {
            let remedy = &row.remedy;
            (remedy.is_of_architecture(), remedy.keys.len(), row.place)
        };
        let off = |row: &Self| row.measured.decades.median.abs();
        self.verdict.cmp(&other.verdict).then_with(|| match self.verdict {
            Verdict::Cures => size(self).cmp(&size(other)),
            _ => off(self).total_cmp(&off(other)).then(self.place.cmp(&other.place)),
        })
    }
}

impl Remedies {
    pub(super) fn beginning(experiment: &Experiment, before: RemedyRow) -> Self {
        let experiment = experiment.clone();
        Self { experiment, before, rows: Vec::new(), is_complete: false }
    }

    /// Puts the newest numbers of a place in, and everything in order.
    pub(super) fn take(&mut self, row: RemedyRow) {
        if row.place == 0 {
            self.before = row;
            return;
        }
        self.rows.retain(|known| known.place != row.place);
        self.rows.push(row);
        self.rows.sort_by(RemedyRow::order);
    }
}
