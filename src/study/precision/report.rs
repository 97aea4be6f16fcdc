//! What the study of precision leaves.

use crate::engine::Format;
use crate::experiment::Experiment;

use super::finding::PrecisionFinding;
use super::scale::LossScale;
use super::stored::{BackwardTensor, Emulation, LayerLens};

/// What the formats make of every variant.
#[derive(Clone, Debug, PartialEq)]
pub struct Lens {
    /// What was asked.
    pub experiment: Experiment,
    /// One result for each variant, in order.
    pub variants: Vec<VariantLens>,
}

/// One variant's result.
#[derive(Clone, Debug, PartialEq)]
pub struct VariantLens {
    /// The variant's name.
    pub name: String,
    /// Layers 1…L.
    pub layers: Vec<LayerLens>,
    /// The passes in each of [`EMULATED`](crate::study::EMULATED).
    pub emulations: Vec<Emulation>,
    /// The loss scale for each of [`Format::ALL`].
    pub scales: Vec<LossScale>,
    /// Everything that is claimed of the variant, format by format.
    pub findings: Vec<PrecisionFinding>,
}

impl VariantLens {
    /// Layers, counted from the output, that a format keeps some |δ_j| of, where it loses all
    /// of them further down.
    pub fn kept_layers(&self, format: Format) -> Option<usize> {
        self.kept(|layer| layer.flushed(BackwardTensor::Delta, format).flushed)
    }

    /// Layers, counted from the output, that a format keeps some of the squares of that a
    /// plainly computed norm adds up, where it loses all of them further down.
    pub fn kept_squares(&self, format: Format) -> Option<usize> {
        self.kept(|layer| layer.squares_flushed[format.place()])
    }

    fn kept(&self, lost: impl Fn(&LayerLens) -> u64) -> Option<usize> {
        let nonzero = |layer: &LayerLens| layer.of(BackwardTensor::Delta).nonzero;
        let all = |layer: &LayerLens| nonzero(layer) > 0 && lost(layer) == nonzero(layer);
        let highest = self.layers.iter().rposition(all)?;
        Some(self.layers.len() - 1 - highest)
    }

    /// The passes in a format, where they were computed.
    pub fn emulation(&self, format: Format) -> Option<&Emulation> {
        self.emulations.iter().find(|emulation| emulation.format == format)
    }

    /// What is claimed of a format, and of every format.
    pub fn findings_of(&self, format: Format) -> impl Iterator<Item = &PrecisionFinding> {
        self.findings.iter().filter(move |finding| finding.format().is_none_or(|f| f == format))
    }
}
