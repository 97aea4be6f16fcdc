//! The loss scale: a power of two by which δ is multiplied at the output, so that a format
//! holds what it would otherwise flush (Micikevicius et al. 2018).

use crate::engine::{Format, Scaled};

use super::{Emulation, LayerLens};

/// The share of a layer's |δ_j| that may flush to zero with a loss scale.
pub const FLUSHED_SHARE: f64 = 0.01;
/// A pass with the loss scale counts as saved where every layer's norm is the exact one
/// within this factor.
pub const WITHIN: f64 = 2.0;

/// Which powers of two serve as loss scale for a format.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LossScale {
    /// Every δ is a true zero: there is nothing to save.
    NoSignal,
    /// 2^least … 2^most serve, as far as the exact δ are concerned.
    Range {
        /// Below it some layer loses more than [`FLUSHED_SHARE`] of its entries.
        least: i64,
        /// Above it some entry overflows.
        most: i64,
        /// The one that is advised: 2^0 where it serves, the middle of the range otherwise.
        chosen: i64,
        /// What a pass really computed with it shows, where there is one.
        check: Option<Check>,
    },
    /// None serves: δ spans more powers of two than the format has.
    TooWide {
        /// Powers of two from the faintest entry that must be kept to the largest.
        spans: f64,
        /// Powers of two from the format's smallest to its largest number.
        holds: f64,
    },
}

/// What the pass in the format shows beside the exact one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Check {
    /// Every layer's norm is the exact one within this factor, the worst of all.
    Kept {
        /// At least 1.
        factor: f64,
    },
    /// The forward pass overflows; no loss scale mends that.
    ForwardOverflow {
        /// The first layer where it does.
        layer: usize,
    },
    /// In a layer something is not finite, or all is flushed, or the norm is off.
    Lost {
        /// The highest such layer, where it begins.
        layer: usize,
        /// The factor by which the norm is off, at least 1; nothing where it is 0 or not
        /// finite.
        factor: Option<f64>,
    },
}

impl LossScale {
    /// The powers of two with which a format holds the exact δ of all layers.
    pub(super) fn of(format: Format, layers: &[LayerLens]) -> Self {
        let ends = |layer: &LayerLens| Some([layer.faintest?, layer.largest?]);
        let layers: Vec<[Scaled; 2]> = layers.iter().filter_map(ends).collect();
        let powers = |number: &Scaled| format.powers(*number);
        let least = layers.iter().filter_map(|[faint, _]| Some(powers(faint)?[0])).max();
        let most = layers.iter().filter_map(|[_, large]| Some(powers(large)?[1])).min();
        let (Some(least), Some(most)) = (least, most) else { return Self::NoSignal };
        if least <= most {
            let chosen = if (least..=most).contains(&0) { 0 } else { (least + most).div_euclid(2) };
            return Self::Range { least, most, chosen, check: None };
        }
        let logs = |end: usize| layers.iter().filter_map(move |layer| log2(layer[end]));
        let (low, high) =
            (logs(0).fold(f64::INFINITY, f64::min), logs(1).fold(f64::NEG_INFINITY, f64::max));
        let holds = format.largest().log2() - format.subnormal_exponent() as f64;
        Self::TooWide { spans: high - low, holds }
    }

    /// The power of two that is advised, where one is.
    pub fn chosen(&self) -> Option<i64> {
        match self {
            Self::Range { chosen, .. } => Some(*chosen),
            Self::NoSignal | Self::TooWide { .. } => None,
        }
    }

    /// Whether a pass really computed with it keeps every layer.
    pub fn is_kept(&self) -> bool {
        matches!(self, Self::Range { check: Some(Check::Kept { .. }), .. })
    }

    /// Puts a computed pass beside the exact layers.
    pub(super) fn check(&mut self, emulation: &Emulation, layers: &[LayerLens]) {
        if let Self::Range { check, .. } = self {
            *check = Check::of(emulation, layers);
        }
    }
}

fn log2(number: Scaled) -> Option<f64> {
    number.log10().map(|log10| log10 / std::f64::consts::LOG10_2)
}

impl Check {
    fn of(emulation: &Emulation, layers: &[LayerLens]) -> Option<Self> {
        let scaled = emulation.scaled.as_ref()?;
        if let Some(layer) = emulation.forward_overflow {
            return Some(Self::ForwardOverflow { layer });
        }
        let mut worst = 1.0_f64;
        for (index, (stored, exact)) in scaled.iter().zip(layers).enumerate().rev() {
            let factor = stored.norm.and_then(|norm| factor(norm, exact.norm));
            match factor {
                Some(factor) if factor <= WITHIN => worst = worst.max(factor),
                factor => return Some(Self::Lost { layer: index + 1, factor }),
            }
        }
        Some(Self::Kept { factor: worst })
    }
}

/// The factor between two norms, at least 1; 1 for two true zeros, nothing where one is zero.
fn factor(stored: Scaled, exact: Scaled) -> Option<f64> {
    match (stored.log10(), exact.log10()) {
        (None, None) => Some(1.0),
        (Some(stored), Some(exact)) => Some(libm::exp10((stored - exact).abs())),
        _ => None,
    }
}
