//! What the formats do to an error signal, in sentences.

use crate::engine::{Format, StoredDelta};
use crate::study::{Check, Emulation, LayerLens, LossScale, VariantLens, WITHIN};

use super::number::superscript;

/// What fp16 and bf16 keep of a variant, and the loss scale that each wants.
pub fn variant_words(lens: &VariantLens) -> String {
    if lens.scales.contains(&LossScale::NoSignal) {
        return super::words::flow::sentence(&lens.diagnosis);
    }
    let emulations = lens.emulations.iter();
    let words = emulations.map(|emulation| {
        let format = emulation.format.label();
        let scale = lens.scales.get(emulation.format.place());
        let scale = scale.map(|scale| scale_words(emulation.format, scale)).unwrap_or_default();
        format!("In {format} {}: {scale}.", plain_words(lens, emulation))
    });
    words.collect::<Vec<_>>().join(" ")
}

/// What one format would make of a variant's exact δ, and the loss scale that it wants.
pub fn format_words(lens: &VariantLens, format: Format, scale: &LossScale) -> String {
    if *scale == LossScale::NoSignal {
        return "There is nothing to flush: every δ is exactly 0.".to_owned();
    }
    let place = format.place();
    let share = |layer: &LayerLens| layer.held[place].flushed as f64 / layer.nonzero.max(1) as f64;
    let worst = lens.layers.iter().map(share).enumerate();
    let worst = worst.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
    let overflow = lens.layers.iter().rposition(|layer| layer.held[place].overflow > 0);
    let lost = match (lens.kept_layers(format), worst) {
        (Some(kept), _) => {
            format!("flushes all δⱼ from layer {} down", lens.layers.len() - kept)
        }
        (None, Some((layer, share))) if share > 0.0 => {
            format!("flushes up to {} of a layer (layer {})", percent(share), layer + 1)
        }
        _ => match overflow {
            Some(layer) => format!("is too small for δⱼ from layer {} down", layer + 1),
            None => "flushes nothing".to_owned(),
        },
    };
    format!("{lost}; {}.", scale_words(format, scale))
}

/// `12 %`, and one digit where there is little; number and sign stay on one line.
fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent < 10.0 { format!("{percent:.1}\u{a0}%") } else { format!("{percent:.0}\u{a0}%") }
}

/// `2¹²`.
fn power(power: i64) -> String {
    format!("2{}", superscript(power))
}

/// What becomes of the norms without a loss scale.
fn plain_words(lens: &VariantLens, emulation: &Emulation) -> String {
    if let Some(layer) = emulation.forward_overflow {
        return format!("the forward pass overflows in layer {layer}");
    }
    let highest = |is_lost: &dyn Fn((&StoredDelta, bool)) -> bool| {
        let zeros = lens.layers.iter().map(|layer| layer.norm.is_zero());
        let layers: Vec<_> = emulation.plain.iter().zip(zeros).collect();
        layers.into_iter().rposition(is_lost).map(|index| index + 1)
    };
    let flushed = highest(&|(stored, zero)| !zero && stored.zeros == stored.total);
    let overflow = highest(&|(stored, _)| stored.not_finite > 0);
    let plain = highest(&|(stored, zero)| !zero && stored.plain_norm == 0.0);
    match (overflow, flushed, plain) {
        (Some(layer), ..) => format!("δ overflows from layer {layer} down"),
        (_, Some(layer), _) => format!("δ is flushed to 0 from layer {layer} down"),
        (_, _, Some(layer)) => {
            format!(
                "δ survives, though its norm, summed in {}, would be 0 from layer {layer} down",
                emulation.format.label()
            )
        }
        _ => partly(lens, emulation),
    }
}

/// Where no layer is lost: how much of one at the most, flushed or switched off by a z whose
/// rounding crosses a kink.
fn partly(lens: &VariantLens, emulation: &Emulation) -> String {
    let share = |(stored, exact): (&StoredDelta, &LayerLens)| {
        let true_zeros = exact.total - exact.nonzero;
        stored.zeros.saturating_sub(true_zeros) as f64 / exact.nonzero.max(1) as f64
    };
    let shares = emulation.plain.iter().zip(&lens.layers).map(share).enumerate();
    match shares.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0))) {
        Some((layer, share)) if share > 0.0 => {
            format!(
                "up to {} of a layer’s δⱼ are 0 and should not be (layer {})",
                percent(share),
                layer + 1
            )
        }
        _ => "every δⱼ is kept".to_owned(),
    }
}

/// The loss scale that a format wants, or why there is none.
fn scale_words(format: Format, scale: &LossScale) -> String {
    match scale {
        LossScale::NoSignal => "there is nothing to save".to_owned(),
        LossScale::TooWide { spans, holds } => {
            format!("no loss scale can save it, {}", too_wide(*spans, *holds, format.label()))
        }
        LossScale::Range { least, most, chosen, check } => {
            let range = format!("{} to {} would do", power(*least), power(*most));
            let advised = match chosen {
                0 => "no loss scale is needed".to_owned(),
                chosen => format!("a loss scale of {} saves it ({range})", power(*chosen)),
            };
            match check {
                None => format!("{advised}, by the exact δ; not computed"),
                Some(check) => check_words(check, *chosen, &advised, &range),
            }
        }
    }
}

/// Why none can. Where the numbers would just fit, no whole power brings them there.
fn too_wide(spans: f64, holds: f64, format: &str) -> String {
    if spans < holds + 0.05 {
        return format!(
            "since δ spans {spans:.1} of the {holds:.1} powers of two that {format} holds, and no whole power makes it fit"
        );
    }
    let decades = std::f64::consts::LOG10_2;
    let digits = usize::from(spans < holds + 1.0);
    format!(
        "since δ spans {spans:.digits$} powers of two ({:.0} decades) and {format} holds only {holds:.digits$} ({:.0} decades)",
        spans * decades,
        holds * decades
    )
}

fn check_words(check: &Check, chosen: i64, advised: &str, range: &str) -> String {
    match check {
        Check::Kept { factor } if *factor < 1.1 => {
            format!(
                "{advised}; computed so, every norm is within {} of the exact one",
                percent((factor - 1.0).max(0.001))
            )
        }
        Check::Kept { factor } => {
            format!(
                "{advised}; computed so, every norm is within a factor of {factor:.2} of the exact one"
            )
        }
        Check::ForwardOverflow { .. } => {
            "no loss scale can save it, since it acts on the way back only".to_owned()
        }
        Check::Lost { layer, factor } => {
            let off = match factor {
                Some(factor) => format!("is off by a factor of {factor:.1}, more than {WITHIN}"),
                None => "is lost".to_owned(),
            };
            let with = match chosen {
                0 => "without a loss scale".to_owned(),
                chosen => format!("with a loss scale of {}", power(chosen)),
            };
            format!(
                "by the exact δ {range}, but computed {with} layer {layer} {off}: the rounding of weights, activations and slopes adds up"
            )
        }
    }
}
