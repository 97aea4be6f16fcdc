//! Sweeps in words: what they put in the place of what is set, and what their map cannot show.

use crate::figure::number::trimmed;
use crate::study::SweepFinding;

use super::{capitalized, numbered};

/// One claim about a sweep, as a sentence.
pub fn sentence(finding: &SweepFinding) -> String {
    match finding {
        SweepFinding::GainOfScheme { scheme, own } => format!(
            "Gain is a factor on {} as it is: 1 stands for its own gain of {}.",
            scheme.label(),
            trimmed(*own)
        ),
        SweepFinding::GainReplaced { gain } => {
            format!("The variant’s own gain of {} gives way to the axis.", trimmed(*gain))
        }
        SweepFinding::SizesReplaced { sizes, width, depth } => {
            let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
            let depth = depth.map_or(String::new(), |depth| format!("{depth} "));
            let width = match width {
                Some(width) => format!("of {width} units each, the first one’s number"),
                None => "of the axis’ width each".to_owned(),
            };
            format!("The hidden sizes {} give way to {depth}layers {width}.", sizes.join(", "))
        }
        SweepFinding::WeightsReplaced { scheme: Some(scheme) } => format!(
            "The given weights give way to random ones by the variant’s scheme, {}.",
            scheme.label()
        ),
        SweepFinding::WeightsReplaced { scheme: None } => {
            "The given weights give way to normal random ones of variance σ_w²/fan_in.".to_owned()
        }
        SweepFinding::BiasesReplaced { given, by_axis } => format!(
            "The {} give way to {}.",
            if *given { "given biases" } else { "variant’s biases" },
            if *by_axis {
                "normal random ones of variance σ_b²"
            } else {
                "random ones by the variant’s law"
            },
        ),
        SweepFinding::DataReplaced => {
            "The given inputs and targets give way to drawn ones, as many as the batch takes."
                .to_owned()
        }
        SweepFinding::ExceptionsDropped { layers } => format!(
            "The number of layers is on an axis: what is set for {} alone gives way to the variant’s own settings.",
            numbered(layers)
        ),
        SweepFinding::LayersKept { layers, weights } => format!(
            "{} keep{} {} own, which the axis does not move.",
            capitalized(&numbered(layers)),
            if layers.len() == 1 { "s" } else { "" },
            match (layers.len(), weights) {
                (1, true) => "weights of its",
                (1, false) => "biases of its",
                (_, true) => "weights of their",
                (_, false) => "biases of their",
            },
        ),
        SweepFinding::DeadMedians { cells, of } => format!(
            "In {cells} of {of} cells at least half of the networks are dead: their median is a true zero, and marked."
        ),
    }
}
