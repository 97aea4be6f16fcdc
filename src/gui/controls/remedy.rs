//! A variant's normalization, skip and shared weights.

use eframe::egui::{ComboBox, DragValue, Ui};

use super::row::{entry, row};
use crate::experiment::{NormKind, Normalization, Skip, SkipScale, Variant, limits};

/// What stands for no normalization and no skip.
const NONE: &str = "none";

/// The rows of a grid of controls.
pub fn show(ui: &mut Ui, variant: &mut Variant) {
    normalization(ui, variant);
    skip(ui, variant);
    let hint = "The hidden layers from the second on share one weight matrix and bias: a recurrent network unrolled";
    row(ui, "Weights are", hint, |ui| ui.checkbox(&mut variant.tied, "tied"));
}

fn normalization(ui: &mut Ui, variant: &mut Variant) {
    let chosen = variant.normalization.map(|norm| norm.kind);
    let hint = chosen.map_or("What the hidden layers’ numbers are normalized by", NormKind::hint);
    row(ui, "Normalize", hint, |ui| {
        let list = ComboBox::from_id_salt("normalization")
            .selected_text(chosen.map_or(NONE, NormKind::label));
        let list = list.show_ui(ui, |ui| {
            if entry(ui, chosen.is_none(), NONE, "") {
                variant.normalization = None;
                if variant.skip == Some(Skip::PostNorm) {
                    variant.skip = Some(Skip::Post);
                }
            }
            for kind in NormKind::ALL {
                if entry(ui, chosen == Some(kind), kind.label(), kind.hint()) {
                    variant.normalization = Some(Normalization::of(kind));
                }
            }
        });
        list.response
    });
    if let Some(norm) = &mut variant.normalization {
        row(ui, "ε", "Added to the variance under the root", |ui| {
            let field = DragValue::new(&mut norm.epsilon).speed(1e-6).range(limits::EPSILON);
            let written = |number: f64, _: std::ops::RangeInclusive<usize>| format!("{number:e}");
            ui.add(field.custom_formatter(written))
        });
    }
}

fn skip(ui: &mut Ui, variant: &mut Variant) {
    let chosen = variant.skip;
    let hint = chosen.map_or("What a hidden layer adds to what came in", Skip::hint);
    row(ui, "Skip", hint, |ui| {
        let list = ComboBox::from_id_salt("skip").selected_text(chosen.map_or(NONE, Skip::label));
        let list = list.show_ui(ui, |ui| {
            if entry(ui, chosen.is_none(), NONE, "") {
                (variant.skip, variant.skip_scale) = (None, SkipScale::default());
            }
            for skip in Skip::ALL {
                if entry(ui, chosen == Some(skip), skip.label(), skip.hint()) {
                    variant.skip = Some(skip);
                    // The sum is normalized there, so that there must be a normalization.
                    if skip == Skip::PostNorm && variant.normalization.is_none() {
                        variant.normalization = Some(Normalization::of(NormKind::Layer));
                    }
                }
            }
        });
        list.response
    });
    if variant.skip.is_some() {
        scale(ui, &mut variant.skip_scale);
    }
}

/// α: a number, or 1/√depth.
fn scale(ui: &mut Ui, scale: &mut SkipScale) {
    row(ui, "α", "What a layer’s own share is multiplied by before it is added", |ui| {
        let choices = ui.horizontal(|ui| {
            let mut by_depth = *scale == SkipScale::InverseSqrtDepth;
            let number = match scale {
                SkipScale::Number(alpha) => {
                    let field = DragValue::new(alpha).speed(0.01).max_decimals(6);
                    Some(ui.add(field.range(limits::VALUE)))
                }
                SkipScale::InverseSqrtDepth => None,
            };
            let box_of_depth = ui.checkbox(&mut by_depth, "1/√depth");
            if box_of_depth.changed() {
                *scale = if by_depth { SkipScale::InverseSqrtDepth } else { SkipScale::default() };
            }
            // The box has a name of its own.
            number.unwrap_or(box_of_depth)
        });
        choices.inner
    });
}
