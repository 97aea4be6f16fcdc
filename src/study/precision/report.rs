//! What the study of precision leaves.

use crate::engine::Format;
use crate::experiment::Experiment;

use super::finding::PrecisionFinding;
use super::scale::LossScale;
use super::stored::{Emulation, LayerPrecision};

/// What the formats make of every variant.
#[derive(Clone, Debug, PartialEq)]
pub struct PrecisionReport {
    /// What was asked.
    pub experiment: Experiment,
    /// One result for each variant, in order.
    pub variants: Vec<VariantPrecision>,
}

/// One variant's result.
#[derive(Clone, Debug, PartialEq)]
pub struct VariantPrecision {
    /// The variant's name.
    pub name: String,
    /// Layers 1…L.
    pub layers: Vec<LayerPrecision>,
    /// The passes in each of [`EMULATED`](crate::study::EMULATED).
    pub emulations: Vec<Emulation>,
    /// The loss scale for each of [`Format::ALL`].
    pub scales: Vec<LossScale>,
    /// Everything that is claimed of the variant, format by format.
    pub findings: Vec<PrecisionFinding>,
}

impl VariantPrecision {
    /// The passes in a format, where they were computed.
    pub fn emulation(&self, format: Format) -> Option<&Emulation> {
        self.emulations.iter().find(|emulation| emulation.format == format)
    }
}
