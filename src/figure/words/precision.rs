//! What the formats do to training, in sentences: one for each finding.

use crate::engine::Format;
use crate::figure::number::{percent_of, power_of_two, scientific};
use crate::study::{
    BackwardTensor, EntryPlace, ForwardLoss, ForwardTensor, LossScale, NoScale, NormCheck, NormSum,
    PlainLoss, PrecisionFinding, Rule, ScaleRange, Share, VariantPrecision,
};

use super::capitalized;

/// The sentences of a variant about some formats.
pub fn variant_words(report: &VariantPrecision, formats: &[Format]) -> String {
    let about = |finding: &&PrecisionFinding| {
        finding.format().is_none_or(|format| formats.contains(&format))
    };
    // As the formats are asked for, and not as they are computed.
    let mut findings: Vec<&PrecisionFinding> = report.findings.iter().filter(about).collect();
    findings.sort_by_key(|finding| {
        finding.format().and_then(|format| formats.iter().position(|other| *other == format))
    });
    let words: Vec<String> = findings.into_iter().map(sentence).collect();
    words.join(" ")
}

/// A finding in a sentence.
pub fn sentence(finding: &PrecisionFinding) -> String {
    match finding {
        PrecisionFinding::NoSignal { cause } => format!(
            "{}: every δ is exactly 0, and there is nothing for a format to lose.",
            capitalized(cause.word())
        ),
        PrecisionFinding::ForwardOverflow { format, layer } => {
            format!("In {} the forward pass overflows in layer {layer}.", format.label())
        }
        PrecisionFinding::Plain { format, loss } => plain_words(*format, loss),
        PrecisionFinding::NormSum { format, sum, layers } => {
            let gives = match sum {
                NormSum::Zero => "0",
                NormSum::Infinite => "infinite, since the squares are too large",
            };
            let (format, layers) = (format.label(), layers_words(layers));
            format!("δ survives, though its norm, summed in {format}, would be {gives}, {layers}.")
        }
        PrecisionFinding::Scale { format, scale } => scale_words(*format, scale),
    }
}

/// `from layer 7 down`, `in layers 2–5 and 8`.
fn layers_words(layers: &[usize]) -> String {
    let runs = layers.chunk_by(|below, above| below + 1 == *above);
    let ranges: Vec<[usize; 2]> = runs.map(|run| [run[0], run[run.len() - 1]]).collect();
    if let [[1, last]] = ranges[..]
        && last > 1
    {
        return format!("from layer {last} down");
    }
    let word = if layers.len() == 1 { "layer" } else { "layers" };
    let mut words: Vec<String> = ranges
        .iter()
        .map(
            |[first, last]| {
                if first == last { first.to_string() } else { format!("{first}–{last}") }
            },
        )
        .collect();
    let last = words.pop().unwrap_or_default();
    match words.len() {
        0 => format!("in {word} {last}"),
        1..=3 => format!("in {word} {} and {last}", words.join(", ")),
        more => format!(
            "in {word} {}, … {last} ({} in all)",
            words[..3.min(more)].join(", "),
            layers.len()
        ),
    }
}

fn name(derivative: BackwardTensor) -> &'static str {
    match derivative {
        BackwardTensor::Delta => "δ",
        BackwardTensor::Weight => "∂W",
        BackwardTensor::Bias => "∂b",
    }
}

/// `∂W of layer 3`.
fn place_words(place: EntryPlace) -> String {
    format!("{} of layer {}", name(place.derivative), place.layer)
}

fn percent(share: Share) -> String {
    percent_of(share.ratio(), share.flushed == share.of)
}

/// What becomes of the gradients without a loss scale.
fn plain_words(format: Format, loss: &PlainLoss) -> String {
    let format = format.label();
    match loss {
        PlainLoss::Overflow { derivative, layers } => {
            format!("In {format} {} overflows {}.", name(*derivative), layers_words(layers))
        }
        PlainLoss::Flushed { derivative, layers } => {
            let layers = layers_words(layers);
            format!("In {format} {} is flushed to 0 {layers}.", name(*derivative))
        }
        PlainLoss::Partly { place, share } => {
            let (place, share) = (place_words(*place), percent(*share));
            format!("In {format} up to {share} of a layer’s entries are flushed to 0 ({place}).")
        }
        PlainLoss::Nothing => format!("In {format} every entry of δ, ∂W and ∂b is kept."),
    }
}

/// The loss scale that a format wants, or why there is none.
fn scale_words(format: Format, scale: &LossScale) -> String {
    match scale {
        LossScale::NoSignal => "There is nothing to save.".to_owned(),
        LossScale::Range(range) => range_words(format, range),
        LossScale::None(why) => format!("No loss scale can save it: {}.", why_none(format, why)),
    }
}

fn range_words(format: Format, range: &ScaleRange) -> String {
    let ScaleRange { rule, least, most, chosen, forward, norms } = *range;
    let what = match (rule, forward) {
        (Rule::Entries, _) => "δ, ∂W and ∂b".to_owned(),
        (Rule::Norms, _) => "what matters to the norms of δ, ∂W and ∂b".to_owned(),
        (Rule::Backward, loss) => {
            let loss = loss.map(|loss| format!(": {}", forward_words(&loss)));
            format!("the rest of δ, ∂W and ∂b{}", loss.unwrap_or_default())
        }
    };
    let span = if least == most {
        format!("only {} keeps {what}", power_of_two(least))
    } else {
        format!("{} to {} keep {what}", power_of_two(least), power_of_two(most))
    };
    if let Some(check) = norms.filter(|norms| !norms.is_right()) {
        let off = match check.factor {
            Some(factor) => format!("is off by a factor of {factor:.1}"),
            None => "is lost".to_owned(),
        };
        let (with, place) = (power_of_two(chosen), place_words(check.place));
        return format!(
            "With a loss scale of {with} ({span}) the norm of {place} still {off}: the rounding on the way forward and back adds up."
        );
    }
    let advice = match chosen {
        0 => "No loss scale is needed".to_owned(),
        chosen if rule == Rule::Backward => {
            format!("A loss scale of {} saves what the way back would lose", power_of_two(chosen))
        }
        chosen => format!("A loss scale of {} saves it", power_of_two(chosen)),
    };
    let ends = format.loss_scales();
    let end = if most == *ends.end() && chosen != 0 {
        format!(", and {} holds no larger power of two", format.label())
    } else {
        String::new()
    };
    let basis = match norms {
        Some(NormCheck { factor: Some(factor), .. }) => {
            format!("; computed so, every norm is {} the exact one", within(factor))
        }
        _ => "; by the exact numbers, not computed".to_owned(),
    };
    format!("{advice}: {span}{end}{basis}.")
}

/// `within 0.3 % of`.
fn within(factor: f64) -> String {
    match factor - 1.0 {
        ..1e-13 => "within 1e-13 of".to_owned(),
        off @ ..1e-4 => format!("within {} of", scientific(off.into(), 0)),
        off @ ..0.1 => format!("within {:.2}\u{a0}% of", 100.0 * off),
        _ => format!("within a factor of {factor:.2} of"),
    }
}

fn why_none(format: Format, why: &NoScale) -> String {
    let (label, ends) = (format.label(), format.loss_scales());
    match why {
        NoScale::ForwardOverflow { layer } => {
            format!(
                "it acts on the way back only, and {label} does not hold layer {layer} on the way forward"
            )
        }
        NoScale::ForwardFlush(loss) => forward_words(loss),
        NoScale::TooWide { power: scale, flushed, share, overflow } => {
            let (share, place) = (percent(*share), place_words(*flushed));
            let more = match overflow {
                Some(place) => {
                    format!("with {} {} overflows", power_of_two(scale + 1), place_words(*place))
                }
                None => format!("{label} holds no larger power of two"),
            };
            format!(
                "with {} still {share} of {place} is 0 and should not be, and {more}",
                power_of_two(*scale)
            )
        }
        NoScale::TooLarge { place } => {
            let (least, place) = (power_of_two(*ends.start()), place_words(*place));
            format!("even with {least}, the least that {label} holds, {place} overflows")
        }
    }
}

/// `12 % of φ′ of layer 3 is flushed to 0 on the way forward`.
fn forward_words(loss: &ForwardLoss) -> String {
    let tensor = match loss.tensor {
        ForwardTensor::Slope => "φ′",
        ForwardTensor::Activation => "a",
    };
    let (share, layer) = (percent(loss.share), loss.layer);
    format!("{share} of {tensor} of layer {layer} is flushed to 0 on the way forward")
}
