//! The diagnosis: what the norms of the error signal say, in a word and in a sentence.

use crate::engine::{LayerRecord, ZeroCause};

/// Decades that ‖δ‖ may lose or gain over the whole depth and still count as healthy.
pub const HEALTHY_DECADES: f64 = 1.0;

/// The diagnosis in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// ‖δ‖ stays within a factor of ten from the output to the first layer.
    Healthy,
    /// ‖δ‖ shrinks by more than a factor of ten.
    Vanishing,
    /// ‖δ‖ grows by more than a factor of ten.
    Exploding,
    /// ‖δ‖ is recorded as zero in the first layer, and why.
    Zero(ZeroCause),
}

/// The diagnosis of one variant's error signal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// In a word.
    pub kind: Kind,
    /// log10 ‖δ^(1)‖/‖δ^(L)‖, where both are not zero.
    pub log10_ratio: Option<f64>,
    /// Steps from the output to the first layer, L − 1.
    pub steps: usize,
    /// The highest layer whose norm plain arithmetic would show as 0, though it is not.
    pub lost_in_plain: Option<usize>,
    output_preactivation: f64,
}

impl Verdict {
    /// Reads the records of layers 1…L.
    pub fn of(layers: &[LayerRecord], output_preactivation: f64) -> Self {
        let norm = |layer: Option<&LayerRecord>| layer.and_then(|layer| layer.delta.log10());
        let log10_ratio = match (norm(layers.first()), norm(layers.last())) {
            (Some(first), Some(last)) => Some(first - last),
            _ => None,
        };
        let kind = match (layers.first().and_then(|layer| layer.zero), log10_ratio) {
            (Some(cause), _) => Kind::Zero(cause),
            (None, Some(ratio)) if ratio < -HEALTHY_DECADES => Kind::Vanishing,
            (None, Some(ratio)) if ratio > HEALTHY_DECADES => Kind::Exploding,
            _ => Kind::Healthy,
        };
        Self {
            kind,
            log10_ratio,
            steps: layers.len().saturating_sub(1),
            lost_in_plain: layers.iter().rev().find(|l| l.lost_in_plain).map(|l| l.layer),
            output_preactivation,
        }
    }

    /// Decades by which ‖δ‖ changes in one step back, negative where it shrinks.
    pub fn decades_per_layer(&self) -> Option<f64> {
        self.log10_ratio.filter(|_| self.steps > 0).map(|ratio| ratio / self.steps as f64)
    }

    /// The word in tables, JSON and on the command line.
    pub fn word(&self) -> &'static str {
        match self.kind {
            Kind::Healthy => "healthy",
            Kind::Vanishing => "vanishing",
            Kind::Exploding => "exploding",
            Kind::Zero(cause) => cause.word(),
        }
    }

    /// One or two sentences: what happens, how fast, and what plain arithmetic would show.
    pub fn sentence(&self) -> String {
        let mut sentence = match self.kind {
            Kind::Zero(cause) => self.about_zero(cause),
            _ => self.about_decades(),
        };
        // What a format loses altogether has been told already.
        let is_lost = matches!(self.kind, Kind::Zero(cause) if !cause.is_true_zero());
        if let Some(layer) = self.lost_in_plain.filter(|_| !is_lost) {
            sentence += &format!(
                " Plain arithmetic, which loses the squares of δ, would print a norm of 0 for layer {layer} and all below; the lab carries the exponent."
            );
        }
        sentence
    }

    fn about_decades(&self) -> String {
        let (Some(ratio), Some(decades)) = (self.log10_ratio, self.decades_per_layer()) else {
            return "Healthy: there is one layer only, and its error signal is not zero."
                .to_owned();
        };
        let size = decades.abs();
        let steps =
            if self.steps == 1 { "1 step".to_owned() } else { format!("{} steps", self.steps) };
        match self.kind {
            Kind::Vanishing => format!(
                "Vanishing: ‖δ‖ loses {size:.3} decades a layer on its way back, {:.2} in {steps}.",
                -ratio
            ),
            Kind::Exploding => format!(
                "Exploding: ‖δ‖ gains {size:.3} decades a layer on its way back, {ratio:.2} in {steps}."
            ),
            _ => format!(
                "Healthy: ‖δ‖ changes by {ratio:+.2} decades in {steps}, less than a factor of ten."
            ),
        }
    }

    fn about_zero(&self, cause: ZeroCause) -> String {
        match cause {
            ZeroCause::DeadOutput => format!(
                "Dead output: the largest output pre-activation is {} ≤ 0, where ReLU's slope is exactly 0. Every gradient is a true zero; nothing has vanished.",
                readable(self.output_preactivation)
            ),
            ZeroCause::DeadLayer(layer) => format!(
                "Dead layer: every unit of layer {layer} has a pre-activation ≤ 0, so δ is a true zero there and in every layer below."
            ),
            ZeroCause::NoError => {
                "No error: the output equals the target wherever its slope is not 0, so there is nothing to send back."
                    .to_owned()
            }
            ZeroCause::ZeroWeights(layer) => format!(
                "Zero weights: all weights of layer {layer} are 0, so no signal passes to the layers below. Choose another initialization."
            ),
            ZeroCause::SaturatedOutput => {
                "Saturated output: the slope there is smaller than any number can hold.".to_owned()
            }
            ZeroCause::SaturatedLayer(layer) => format!(
                "Saturated layer: every slope of layer {layer} is smaller than any number can hold."
            ),
            ZeroCause::NoPath(layer) => format!(
                "No path: the living units of layer {layer} receive no signal from the layer above."
            ),
            ZeroCause::Underflow { format, layer } => format!(
                "Underflow in {}: from layer {layer} down every δ is rounded to 0, though none of these layers’ δ is truly 0. The page Precision shows what is lost, and whether a loss scale would save it.",
                format.label()
            ),
            ZeroCause::NotFinite { format, layer } => format!(
                "Overflow in {}: from layer {layer} down δ is infinite or no number. The page Precision shows whether a loss scale would save it.",
                format.label()
            ),
        }
    }
}
/// Five decimals, or a power of ten where they would be zeros.
fn readable(number: f64) -> String {
    match number.abs() {
        0.0 => "0".to_owned(),
        size if size < 1e-3 => format!("{number:.2e}"),
        _ => format!("{number:.5}"),
    }
}
