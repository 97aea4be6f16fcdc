//! What a range test of the learning rate says, in sentences.

use crate::figure::number::readable;
use crate::study::{RateFinding, RateRange};

use super::capitalized;

/// One finding, of a test over these rates.
pub fn sentence(finding: &RateFinding, range: &RateRange) -> String {
    let number = |number: f64| readable(number.into(), 2);
    let steps = range.steps;
    let said = match finding {
        RateFinding::Falls { steepest, lowest, first, least, rises } => {
            let end = match rises {
                Some(rate) => {
                    format!("and from {} on is above what it was at first", number(*rate))
                }
                None => {
                    format!("and stays below what it was at first up to {}", number(range.high))
                }
            };
            format!(
                "take η = {}, where the loss falls most steeply; it is lowest at {} ({}, from {}), {end}",
                number(*steepest),
                number(*lowest),
                number(*least),
                number(*first),
            )
        }
        RateFinding::Unclear { first, least } => format!(
            "no rate can be told: the loss falls from {} to {}, no more than minibatches differ from one another; a larger batch would tell",
            number(*first),
            number(*least)
        ),
        RateFinding::Flat { first, least, last, rises } => {
            let end = match rises {
                Some(rate) => format!("and from {} on it rises", number(*rate)),
                None => format!("up to η = {}", number(*last)),
            };
            format!(
                "no rate to take: in {steps} steps the loss falls at none, {} at first and {} at best, {end}",
                number(*first),
                number(*least)
            )
        }
        RateFinding::Diverges { rate } => format!(
            "no rate to take: at η = {} already its numbers leave the range of its precision",
            number(*rate)
        ),
    };
    format!("{}.", capitalized(&said))
}
