//! How a signal spreads over a layer's units, in sentences.

use crate::engine::Scaled;
use crate::figure::number::{percent, three_digits};
use crate::study::{ShareOf, Spread, SpreadFinding, SpreadSignal};

use super::{capitalized, flow, without_slope};

/// Where the middle lies in the first and the last layer, and what is zero or saturated.
pub fn sentences(spread: &Spread) -> String {
    let sentences: Vec<String> =
        spread.findings().iter().map(|finding| sentence(spread, finding)).collect();
    sentences.join(" ")
}

fn sentence(spread: &Spread, finding: &SpreadFinding) -> String {
    let letter = spread.signal.letter();
    match finding {
        SpreadFinding::AllZero if spread.signal == SpreadSignal::Delta => {
            format!("Every {letter} is exactly 0. {}", flow::sentence(&spread.diagnosis))
        }
        SpreadFinding::AllZero => format!("Every {letter} is exactly 0."),
        SpreadFinding::Median { first, last, layers, of_magnitudes, without_zeros } => {
            let of = if *of_magnitudes { format!("|{letter}|") } else { letter.to_owned() };
            let rest = if *without_zeros { " that is not 0" } else { "" };
            let [first, last] = [first, last].map(|v| v.map_or("none".to_owned(), signed));
            format!("The median {of}{rest} is {first} in layer 1 and {last} in layer {layers}.")
        }
        SpreadFinding::Most { what, layer, share, examples } => {
            let what = match what {
                ShareOf::Zeros => "Exactly 0".to_owned(),
                ShareOf::Inactive => capitalized(without_slope(*examples)),
                ShareOf::Saturated => "Saturated".to_owned(),
            };
            format!("{what}: at most {}, in layer {layer}.", percent(*share, 0))
        }
    }
}

/// Three digits, with a true minus sign before them.
fn signed(value: Scaled) -> String {
    let sign = if value.mantissa() < 0.0 { "−" } else { "" };
    value.log10().map_or("0".to_owned(), |log10| format!("{sign}{}", three_digits(log10)))
}
