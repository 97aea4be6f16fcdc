//! Whether a remedy cures.

use super::measure::Measured;

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
    /// 95 % one, few units are lost, by two standard errors, and examples stay apart.
    Cures,
    /// The interval reaches across ±[`CURED`], or lost units are too near the limit: more networks
    /// would tell.
    Undecided,
    /// ‖δ‖ keeps its size, but two examples are alike at layer L.
    Alike,
    /// ‖δ‖ keeps its size, but more than [`LOST`] of the units are saturated or dead.
    Lost,
    /// ‖δ‖ falls: the median does, with the whole of its interval.
    Vanishes,
    /// ‖δ‖ rises: the median does, with the whole of its interval.
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
            () if high <= -CURED => Self::Vanishes,
            () if low >= CURED => Self::Explodes,
            () if decades.median.abs() >= CURED => Self::Undecided,
            () if measured.lost() > LOST => Self::Lost,
            () if measured.difference < ALIKE => Self::Alike,
            () if measured.lost() + 2.0 * measured.lost_error > LOST => Self::Undecided,
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
