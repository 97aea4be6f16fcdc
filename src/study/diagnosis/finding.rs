//! What a diagnosis claims: each claim a kind, the layers that it is about, and its numbers.

use std::ops::RangeInclusive;

use serde::{Serialize, Serializer};

use crate::engine::{PlainNorm, ZeroCause};
use crate::experiment::Precision;

use super::Swing;

/// One claim about a pass. The numbers are those of its records.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FlowFinding {
    /// δ is zero, or kept as zero by a format, from a layer down to the input.
    Zero {
        /// Why.
        #[serde(serialize_with = "word")]
        cause: ZeroCause,
        /// The highest such layer.
        layer: usize,
        /// The largest pre-activation of the output layer.
        output_preactivation: f64,
        /// B.
        examples: usize,
    },
    /// δ is zero in these layers and not in the one below, which a skip reaches.
    Gap {
        /// Why, in the highest of them.
        #[serde(serialize_with = "word")]
        cause: ZeroCause,
        /// The layers, each of them.
        #[serde(serialize_with = "ends")]
        layers: RangeInclusive<usize>,
    },
    /// Every output unit is saturated: the slope lets next to nothing of the error through.
    SaturatedOutput {
        /// The steepest slope as a share of the activation's largest; 0 below what `f64` holds.
        steepest: f64,
        /// log10 ‖a − y‖.
        error_log10: Option<f64>,
        /// log10 ‖δ^(L)‖.
        delta_log10: f64,
    },
    /// The output is the target but for next to nothing.
    SmallError {
        /// log10 ‖a − y‖.
        error_log10: f64,
    },
    /// What the one step from the output to the last hidden layer does.
    OutputStep {
        /// log10 ‖δ^(L−1)‖/‖δ^(L)‖.
        decades: f64,
        /// n_L.
        outputs: usize,
        /// n_{L−1}.
        units: usize,
    },
    /// ‖δ‖ falls or rises by much between these hidden layers.
    DeltaSwing(Swing),
    /// What all steps between hidden layers do together.
    Across {
        /// log10 ‖δ^(to)‖/‖δ^(from)‖.
        decades: f64,
        /// The last hidden layer.
        from: usize,
        /// The lowest layer that has a signal.
        to: usize,
    },
    /// Some examples send nothing back at all.
    ZeroExamples {
        /// The highest layer with the most such examples.
        layer: usize,
        /// How many of them.
        zero: usize,
        /// B.
        examples: usize,
    },
    /// All units of these hidden layers are alike and stay so.
    AlikeUnits {
        /// The layers, from the lowest to the highest; those between that are not alike have one unit.
        #[serde(serialize_with = "ends")]
        layers: RangeInclusive<usize>,
    },
    /// At least half of these layers' units have slope 0 in every example.
    InactiveUnits {
        /// The layers, each of them.
        #[serde(serialize_with = "ends")]
        layers: RangeInclusive<usize>,
        /// The largest share of a layer.
        share: f64,
        /// B: with one example a unit is inactive, in a batch it is dead.
        examples: usize,
    },
    /// At least half of these layers' slopes have faded.
    SaturatedUnits {
        /// The layers, each of them.
        #[serde(serialize_with = "ends")]
        layers: RangeInclusive<usize>,
        /// The largest share of a layer.
        share: f64,
    },
    /// Biases that batch normalization takes off again: they do nothing and never learn.
    IdleBias {
        /// The layers, each of them.
        #[serde(serialize_with = "ends")]
        layers: RangeInclusive<usize>,
    },
    /// The root mean square of z falls or rises by much between these hidden layers.
    ForwardSwing(Swing),
    /// Rounding errors of the forward pass, amplified on their way, have grown to
    /// [`NOTABLE_ROUNDING`](crate::study::NOTABLE_ROUNDING) of z: what lies above, and all of δ, is only
    /// what is typical of such networks.
    ForwardRounding {
        /// The first such layer.
        layer: usize,
        /// The arithmetic.
        precision: Precision,
    },
    /// Plain arithmetic would print another norm of δ than the true one in each of these layers.
    Plain {
        /// What it would print.
        #[serde(serialize_with = "plain_word")]
        prints: PlainNorm,
        /// The layers.
        #[serde(serialize_with = "ends")]
        layers: RangeInclusive<usize>,
        /// The arithmetic.
        precision: Precision,
    },
    /// What to do next.
    Advice {
        /// What.
        #[serde(rename = "advice")]
        what: Advice,
    },
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// Give the output layer no activation.
    LinearOutput,
    /// Draw the weights as He et al. do, for units half of whose slopes are 0.
    He,
    /// Draw again: another seed is likely to be alive.
    NewDraw,
    /// Draw the weights at random, so that units differ.
    RandomWeights,
}

fn word<S: Serializer>(cause: &ZeroCause, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(cause.word())
}

fn ends<S: Serializer>(layers: &RangeInclusive<usize>, serializer: S) -> Result<S::Ok, S::Error> {
    [layers.start(), layers.end()].serialize(serializer)
}

fn plain_word<S: Serializer>(norm: &PlainNorm, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match norm {
        PlainNorm::Norm => "norm",
        PlainNorm::Zero => "zero",
        PlainNorm::Infinite => "infinite",
    })
}
