//! What is found in a training, in sentences.

use crate::figure::number::{grouped, percent, readable};
use crate::study::{TrainingFinding, UNCHANGED, VariantTraining};

use super::{capitalized, layers};

/// A loss that has fallen below this share of what it was has fallen by much.
const LEARNED: f64 = 0.5;

/// All findings of a variant; nothing where there are none yet.
pub fn sentences(variant: &VariantTraining) -> String {
    let sentence = |finding| format!("{}.", capitalized(&said(finding)));
    variant.findings.iter().map(sentence).collect::<Vec<_>>().join(" ")
}

/// One finding, without a full stop and without a capital.
fn said(finding: &TrainingFinding) -> String {
    let number = |number: f64| readable(number.into(), 3);
    match finding {
        TrainingFinding::Diverged { step, largest } => {
            let largest = largest.map_or(String::new(), |(layer, ratio)| {
                let share = percent(ratio, 0);
                format!("; shortly before, one step changed layer {layer} by {share} of its size")
            });
            format!(
                "diverged in step {}{largest}: lower the learning rate, or clip the gradients",
                step + 1
            )
        }
        TrainingFinding::Still { layers: range, moved, most: (layer, most) } => format!(
            "{} {} not moved: by at most {} of their size, where layer {layer} has changed by {}",
            layers(range),
            if range.start() == range.end() { "has" } else { "have" },
            percent(*moved, 3),
            percent(*most, 1)
        ),
        TrainingFinding::Flushed { layer, share, power, needed } => {
            let share = percent(*share, 0);
            let cure = match needed {
                Some(needed) => format!("a loss scale of {} saves it", grouped(1 << needed)),
                None => "no loss scale saves it".to_owned(),
            };
            let scale = grouped(1 << power);
            format!(
                "{share} of layer {layer}’s gradient underflow to zero with a loss scale of {scale}: {cure}"
            )
        }
        TrainingFinding::Skipped { skipped, steps } => {
            format!("{skipped} of {steps} steps were skipped because a gradient overflowed")
        }
        TrainingFinding::Dies { layer, step } => format!(
            "layer {layer} is dead from step {step} on: no example of a minibatch reaches any of its units, and nothing below it learns"
        ),
        TrainingFinding::Loss { first, last, step } => {
            let change = format!("from {} to {} in {step} steps", number(*first), number(*last));
            match last / first {
                share if share > 1.0 / UNCHANGED => format!("the loss rises {change}"),
                share if share > UNCHANGED => {
                    format!("it does not learn: the loss hardly changes, {change}")
                }
                share if share > LEARNED => format!("the loss falls a little, {change}"),
                _ => format!("it learns: the loss falls {change}"),
            }
        }
        TrainingFinding::Accuracy { minibatch, test: None } => {
            format!("{} of the last minibatch is right", percent(*minibatch, 0))
        }
        TrainingFinding::Accuracy { minibatch, test: Some(test) } => format!(
            "{} of the last minibatch and {} of the test examples are right",
            percent(*minibatch, 0),
            percent(*test, 1)
        ),
    }
}
