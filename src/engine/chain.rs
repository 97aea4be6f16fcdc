//! What normalization and a skip leave of a layer.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use crate::engine::kernels;
use crate::engine::number::{Scaled, Signal};

/// What normalization and a skip leave of a layer whose ops are more than a dense one and φ.
///
/// Its signals are counted from z, the 0th; op k after the dense one makes the k-th of the one
/// before, and the last is a.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainTrace<T> {
    /// The signals between z and a, n × B each.
    pub(crate) made: Vec<Signal<T>>,
    /// Which signal φ is taken of.
    pub(super) activated: usize,
    /// Which signal the normalization makes, where there is one.
    pub(super) normalized: Option<usize>,
    /// Which signal the skips go on with, where there are skips.
    pub(super) handed_on: Option<usize>,
    /// What the normalization leaves.
    pub norm: NormTrace<T>,
    /// Whether the layer's examples share means: it has a batch normalization.
    pub(super) couples: bool,
    /// Whether a bias does nothing: batch normalization takes the same number off every example.
    pub(super) idle_bias: bool,
    /// ∂L/∂h of the layer below along the skip.
    pub(super) along_skip: AlongSkip<T>,
}

/// What the way back leaves of ∂L/∂h of the layer below along a layer's skip.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum AlongSkip<T> {
    /// Nothing: the layer adds no skip.
    Nothing,
    /// It is δ itself, where z is added as it is.
    Delta,
    /// Another signal, n × B.
    Other(Signal<T>),
}

impl<T> AlongSkip<T> {
    /// Of a layer with this δ.
    pub fn of<'a>(&'a self, delta: &'a Signal<T>) -> Option<&'a Signal<T>> {
        match self {
            Self::Nothing => None,
            Self::Delta => Some(delta),
            Self::Other(signal) => Some(signal),
        }
    }

    /// Whether both are kept in the same way.
    pub fn is_kept_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl<T> ChainTrace<T> {
    /// Whether the normalization comes after the sum with the skip, so that what it sends back is
    /// what goes along the skip.
    pub(super) fn is_norm_above_skip(&self) -> bool {
        self.normalized.zip(self.handed_on).is_some_and(|(norm, skip)| skip <= norm)
    }

    /// What φ is taken of, n × B, where that is not z.
    pub(super) fn activated_signal(&self) -> Option<&Signal<T>> {
        self.made.get(self.activated.checked_sub(1)?)
    }

    /// Whether the signal of that place is read on the way back: what φ is taken of, and ẑ.
    pub(super) fn is_needed_back(&self, place: usize) -> bool {
        place == self.activated || Some(place) == self.normalized
    }

    /// Whether the normalization comes after φ, of the sum with the skip.
    pub(super) fn is_sum_normalized(&self) -> bool {
        self.normalized.is_some_and(|place| place > self.activated)
    }
}

/// What the forward pass of a normalization leaves for the way back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NormTrace<T> {
    /// Of each group: 1/√(v + ε), and 0 where v and ε are 0, a group of equal numbers.
    pub inverse: InverseRoots,
    /// Of each group: ε/(v + ε).
    pub share: Vec<f64>,
    /// ẑ, n × B, where γ and β make u another.
    pub normalized: Option<Signal<T>>,
    /// ∂L/∂u, n × B.
    pub above: Option<Signal<T>>,
}

/// What a factor of plain numbers must be, so that they have room in `f32` as well.
const PLAIN_FACTORS: RangeInclusive<f64> = 1e-30..=1e30;

/// 1/√(v + ε) of each group of a normalization, as its forward pass computed it.
#[derive(Clone, Debug, PartialEq)]
pub enum InverseRoots {
    /// In plain numbers.
    Plain(Vec<f64>),
    /// With an exponent for each.
    Scaled(Vec<Scaled>),
}

impl Default for InverseRoots {
    fn default() -> Self {
        Self::Plain(Vec::new())
    }
}

impl InverseRoots {
    /// That of one group.
    pub fn get(&self, group: usize) -> Scaled {
        match self {
            Self::Plain(roots) => roots[group].into(),
            Self::Scaled(roots) => roots[group],
        }
    }

    /// One after the other.
    pub fn to_vec(&self) -> Vec<Scaled> {
        match self {
            Self::Plain(roots) => roots.iter().map(|&root| root.into()).collect(),
            Self::Scaled(roots) => roots.clone(),
        }
    }

    /// Their memory, for new plain ones.
    pub(super) fn take_plain(&mut self) -> Vec<f64> {
        match std::mem::take(self) {
            Self::Plain(roots) => roots,
            Self::Scaled(_) => Vec::new(),
        }
    }

    /// As factors of plain numbers, or `None` where one is too large or too small to be one.
    pub(super) fn as_factors(&self) -> Option<Cow<'_, [f64]>> {
        match self {
            Self::Plain(roots) => {
                let is_plain = |root: &f64| PLAIN_FACTORS.contains(root);
                // There may be hundreds, and hardly ever one that is not.
                let all = kernels::range(roots).iter().all(is_plain)
                    || roots.iter().all(|root| *root == 0.0 || is_plain(root));
                all.then_some(Cow::Borrowed(roots))
            }
            Self::Scaled(roots) => {
                let factor = |root: &Scaled| {
                    Some(root.to_f64())
                        .filter(|factor| root.is_zero() || PLAIN_FACTORS.contains(factor))
                };
                roots.iter().map(factor).collect()
            }
        }
    }
}
