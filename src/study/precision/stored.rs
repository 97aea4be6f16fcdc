//! What a format keeps of one layer.

use crate::engine::{
    Format, Magnitudes, Scaled, StoredDelta, StoredGradient, ZeroCause, may_flush,
};

/// A derivative of the mean loss, of one layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackwardTensor {
    /// δ^(l) of every example, over B: n_l × B entries.
    Delta,
    /// ∂L/∂W^(l): n_l × n_{l−1} entries.
    Weight,
    /// ∂L/∂b^(l): n_l entries.
    Bias,
}

impl BackwardTensor {
    /// All of them, in the order in which a layer holds them.
    pub const ALL: [Self; 3] = [Self::Delta, Self::Weight, Self::Bias];
}

/// How many of the entries that are not zero a format flushes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Rounded to zero.
    pub flushed: u64,
    /// Entries that are not a true zero.
    pub of: u64,
}

/// A place in the backward pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryPlace {
    /// Of what.
    pub derivative: BackwardTensor,
    /// l, from 1.
    pub layer: usize,
}

/// What a pass in a format leaves of one layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StoredLayer {
    /// δ^(l), each example's own.
    pub delta: StoredDelta,
    /// ∂L/∂W^(l).
    pub weight: StoredGradient,
    /// ∂L/∂b^(l).
    pub bias: StoredGradient,
    /// How much of each of [`BackwardTensor::ALL`] is stored as 0 and should not be. Units that
    /// the rounding of z carries across a kink, so that their slope is 0, are not counted.
    pub flushed: [Share; 3],
}

impl Share {
    /// Whether fewer than [`crate::engine::FLUSHED_SHARE`] are flushed.
    pub fn is_kept(self) -> bool {
        self.flushed <= may_flush(self.of)
    }

    /// From 0 to 1.
    pub fn ratio(self) -> f64 {
        self.flushed as f64 / self.of.max(1) as f64
    }

    /// Whether there was something, and all of it is flushed.
    pub fn is_all(self) -> bool {
        self.of > 0 && self.flushed == self.of
    }
}

impl StoredLayer {
    /// Entries of a derivative that are infinite or no number.
    pub fn not_finite(&self, derivative: BackwardTensor) -> u64 {
        match derivative {
            BackwardTensor::Delta => self.delta.not_finite,
            BackwardTensor::Weight => self.weight.not_finite,
            BackwardTensor::Bias => self.bias.not_finite,
        }
    }
}

/// One layer's exact derivatives.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerPrecision {
    /// ‖δ^(l)‖, the root mean square over the batch of each example's own.
    pub norm: Scaled,
    /// Why it is exactly zero, where it is.
    pub zero: Option<ZeroCause>,
    /// The entries of each of [`BackwardTensor::ALL`].
    pub entries: [Magnitudes; 3],
    /// Entries of δ whose squares each of [`Format::ALL`] rounds to zero, without being 0.
    pub squares_flushed: [u64; Format::ALL.len()],
}

/// Passes computed in a narrow format.
#[derive(Clone, Debug, PartialEq)]
pub struct Emulation {
    /// The format.
    pub format: Format,
    /// The first layer whose z, a or φ′ is not finite, if any.
    pub forward_overflow: Option<usize>,
    /// Layers 1…L without a loss scale.
    pub plain: Vec<StoredLayer>,
    /// Layers 1…L with the loss scale that is advised, where one is.
    pub scaled: Option<Vec<StoredLayer>>,
}

impl LayerPrecision {
    /// The exact entries of a derivative.
    pub fn of(&self, derivative: BackwardTensor) -> &Magnitudes {
        &self.entries[derivative as usize]
    }

    /// How much of the exact entries a format rounds to zero without a loss scale.
    pub fn flushed(&self, derivative: BackwardTensor, format: Format) -> Share {
        let entries = self.of(derivative);
        Share { flushed: entries.flushed(format, 0), of: entries.nonzero }
    }
}
