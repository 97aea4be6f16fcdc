//! What a normalization makes of one entry, forward and back.

use super::registers::Doubles;

/// What becomes of an entry, beside another's, with N numbers of its group.
pub(super) trait Formula<const N: usize> {
    /// Whether the entries' own magnitudes are asked for.
    const TOPS_BEFORE: bool;

    /// In a register.
    ///
    /// # Safety
    /// The processor has the register's instructions.
    unsafe fn of<D: Doubles>(entry: D, other: D, numbers: [D; N]) -> D;

    /// Of a single number.
    fn of_one(entry: f64, other: f64, numbers: [f64; N]) -> f64;
}

/// (entry − mean) · factor.
pub(super) struct Normalized;

impl Formula<2> for Normalized {
    const TOPS_BEFORE: bool = false;

    #[inline(always)]
    unsafe fn of<D: Doubles>(entry: D, _: D, [mean, factor]: [D; 2]) -> D {
        // SAFETY: as the trait has it.
        unsafe { entry.minus(mean).times(factor) }
    }

    #[inline(always)]
    fn of_one(entry: f64, _: f64, [mean, factor]: [f64; 2]) -> f64 {
        (entry - mean) * factor
    }
}

/// ((entry − mean − other · along) + other · kept) · factor.
pub(super) struct PulledBack;

impl Formula<4> for PulledBack {
    const TOPS_BEFORE: bool = true;

    #[inline(always)]
    unsafe fn of<D: Doubles>(entry: D, other: D, [mean, along, kept, factor]: [D; 4]) -> D {
        // SAFETY: as the trait has it.
        unsafe {
            let left = entry.minus(mean).minus(other.times(along));
            left.plus(other.times(kept)).times(factor)
        }
    }

    #[inline(always)]
    fn of_one(entry: f64, other: f64, [mean, along, kept, factor]: [f64; 4]) -> f64 {
        ((entry - mean - other * along) + other * kept) * factor
    }
}
