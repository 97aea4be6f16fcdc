//! What the precision page claims: each finding is one sentence, and nothing else makes one.

use crate::engine::{Format, LayerTrace, Scaled, ZeroCause};

use super::scale::LossScale;
use super::stored::{BackwardTensor, Emulation, EntryPlace, LayerPrecision, Share, StoredLayer};

/// A claim about a variant in a format.
#[derive(Clone, Debug, PartialEq)]
pub enum PrecisionFinding {
    /// δ is a true zero in every layer: there is nothing to lose.
    NoSignal {
        /// Why.
        cause: ZeroCause,
    },
    /// The first layer whose z, a or φ′ is infinite or no number.
    ForwardOverflow {
        /// The format.
        format: Format,
        /// l, from 1.
        layer: usize,
    },
    /// What becomes of the gradients of the mean loss without a loss scale.
    Plain {
        /// The format.
        format: Format,
        /// What.
        loss: PlainLoss,
    },
    /// ‖δ‖, summed in the format, cannot be had although δ is there.
    NormSum {
        /// The format.
        format: Format,
        /// What it gives.
        sum: NormSum,
        /// Which layers, ascending.
        layers: Vec<usize>,
    },
    /// The loss scale.
    Scale {
        /// The format.
        format: Format,
        /// Which, or why there is none.
        scale: LossScale,
    },
}

/// The worst of what becomes of δ, ∂W and ∂b without a loss scale.
#[derive(Clone, Debug, PartialEq)]
pub enum PlainLoss {
    /// Entries are infinite or no number.
    Overflow {
        /// Of what.
        derivative: BackwardTensor,
        /// In which layers, ascending.
        layers: Vec<usize>,
    },
    /// Every entry that should not be 0 is.
    Flushed {
        /// Of what.
        derivative: BackwardTensor,
        /// In which layers, ascending.
        layers: Vec<usize>,
    },
    /// Some entries that should not be 0 are.
    Partly {
        /// Where the share is largest.
        place: EntryPlace,
        /// How many.
        share: Share,
    },
    /// None.
    Nothing,
}

/// What a sum of squares gives in a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NormSum {
    /// 0.
    Zero,
    /// Infinity, or no number.
    Infinite,
}

impl PrecisionFinding {
    /// The format it is about; nothing where it holds for all.
    pub fn format(&self) -> Option<Format> {
        match self {
            Self::NoSignal { .. } => None,
            Self::ForwardOverflow { format, .. }
            | Self::Plain { format, .. }
            | Self::NormSum { format, .. }
            | Self::Scale { format, .. } => Some(*format),
        }
    }

    /// All that is to be said of a variant, format by format.
    pub(super) fn all(
        layers: &[LayerPrecision],
        scales: &[LossScale],
        emulations: &[Emulation],
    ) -> Vec<Self> {
        let signal = |layer: &LayerPrecision| layer.of(BackwardTensor::Delta).nonzero > 0;
        if let Some(first) = layers.first()
            && let Some(cause) = first.zero
            && !layers.iter().any(signal)
        {
            return vec![Self::NoSignal { cause }];
        }
        let mut findings = Vec::new();
        for (format, scale) in Format::ALL.into_iter().zip(scales) {
            match emulations.iter().find(|emulation| emulation.format == format) {
                Some(emulation) => findings.extend(Self::computed(emulation)),
                None => {
                    let loss = PlainLoss::by_exact_entries(layers, format);
                    findings.push(Self::Plain { format, loss });
                }
            }
            findings.push(Self::Scale { format, scale: *scale });
        }
        findings
    }

    fn computed(emulation: &Emulation) -> Vec<Self> {
        let format = emulation.format;
        if let Some(layer) = emulation.forward_overflow {
            return vec![Self::ForwardOverflow { format, layer }];
        }
        let loss = PlainLoss::computed(&emulation.plain);
        let mut findings = vec![Self::Plain { format, loss }];
        let stored = emulation.plain.iter().map(|layer| (layer.delta.norm, layer.delta.plain_norm));
        findings.extend(Self::norm_sums(format, stored));
        findings
    }

    /// What is to be said of an emulated pass beside what its records say: a forward pass that
    /// overflows.
    pub(in crate::study) fn of_pass(format: Format, layers: &[LayerTrace<f32>]) -> Option<Self> {
        let index = layers.iter().position(|trace| !trace.is_finite())?;
        Some(Self::ForwardOverflow { format, layer: index + 1 })
    }

    fn norm_sums(
        format: Format,
        stored: impl Iterator<Item = (Option<Scaled>, f64)>,
    ) -> impl Iterator<Item = Self> {
        let (mut zero, mut infinite) = (Vec::new(), Vec::new());
        for (index, (norm, plain)) in stored.enumerate() {
            match norm {
                Some(norm) if !norm.is_zero() && plain == 0.0 => zero.push(index + 1),
                Some(_) if !plain.is_finite() => infinite.push(index + 1),
                _ => {}
            }
        }
        let sums = [(NormSum::Zero, zero), (NormSum::Infinite, infinite)].into_iter();
        sums.filter(|(_, layers)| !layers.is_empty()).map(move |(sum, layers)| Self::NormSum {
            format,
            sum,
            layers,
        })
    }
}

impl PlainLoss {
    fn computed(layers: &[StoredLayer]) -> Self {
        for derivative in BackwardTensor::ALL {
            let layers = those(layers, |layer| layer.not_finite(derivative) > 0);
            if !layers.is_empty() {
                return Self::Overflow { derivative, layers };
            }
        }
        let shares = |derivative: BackwardTensor| {
            layers.iter().map(move |layer| layer.flushed[derivative as usize])
        };
        Self::of_shares(&BackwardTensor::ALL.map(|derivative| shares(derivative).collect()))
    }

    fn by_exact_entries(layers: &[LayerPrecision], format: Format) -> Self {
        for derivative in BackwardTensor::ALL {
            let layers = those(layers, |layer| layer.of(derivative).overflow(format) > 0);
            if !layers.is_empty() {
                return Self::Overflow { derivative, layers };
            }
        }
        let shares = |derivative: BackwardTensor| {
            layers.iter().map(move |layer| layer.flushed(derivative, format))
        };
        Self::of_shares(&BackwardTensor::ALL.map(|derivative| shares(derivative).collect()))
    }

    /// The shares of each of [`BackwardTensor::ALL`], by layer.
    fn of_shares(shares: &[Vec<Share>; 3]) -> Self {
        for derivative in BackwardTensor::ALL {
            let layers = those(&shares[derivative as usize], |share| share.is_all());
            if !layers.is_empty() {
                return Self::Flushed { derivative, layers };
            }
        }
        let places = BackwardTensor::ALL.into_iter().flat_map(|derivative| {
            let shares = shares[derivative as usize].iter().enumerate();
            shares.map(move |(index, share)| (EntryPlace { derivative, layer: index + 1 }, *share))
        });
        // Of two equal shares the first.
        let worst = places.reduce(
            |worst, next| {
                if next.1.ratio() > worst.1.ratio() { next } else { worst }
            },
        );
        match worst {
            Some((place, share)) if share.flushed > 0 => Self::Partly { place, share },
            _ => Self::Nothing,
        }
    }
}

/// The layers, from 1, of which something holds.
fn those<T>(layers: &[T], holds: impl Fn(&T) -> bool) -> Vec<usize> {
    let layers = layers.iter().enumerate().filter(|(_, layer)| holds(layer));
    layers.map(|(index, _)| index + 1).collect()
}
