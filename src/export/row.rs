//! One layer's record as a flat row: the columns of the CSV and the keys of the JSON.

use crate::engine::{LayerRecord, PlainNorm, Scaled, ZeroCause};

/// A struct whose fields' names, in order, are the header of a table.
macro_rules! table_row {
    ($(#[$doc:meta])* $visibility:vis struct $name:ident {
        $($(#[$of_field:meta])* $field:ident: $kind:ty,)*
    }) => {
        $(#[$doc])*
        #[derive(serde::Serialize)]
        $visibility struct $name {
            $($(#[$of_field])* $field: $kind,)*
        }

        impl $name {
            /// The names of the fields, in order: the CSV's header.
            $visibility const COLUMNS: &[&str] = &[$(stringify!($field)),*];
        }
    };
}
pub(super) use table_row;

table_row! {
    /// A layer's record in plain numbers, each with its log10 where `f64` may not hold it.
    ///
    /// A number below what `f64` holds is 0, one above is absent; its log10 stands in either case
    /// and is absent only for a true zero, or where a format in which the pass is emulated keeps nothing:
    /// `zero_cause` says which.
    pub(super) struct LayerRow {
        layer: usize,
        fan_in: usize,
        fan_out: usize,
        delta_norm: Option<f64>,
        delta_log10: Option<f64>,
        weight_grad_norm: Option<f64>,
        weight_grad_log10: Option<f64>,
        bias_grad_norm: Option<f64>,
        bias_grad_log10: Option<f64>,
        activation_mean: Option<f64>,
        activation_mean_log10: Option<f64>,
        activation_std: Option<f64>,
        activation_std_log10: Option<f64>,
        preactivation_std: Option<f64>,
        preactivation_std_log10: Option<f64>,
        saturated_share: f64,
        dead_share: f64,
        lost_in_plain: bool,
        zero_cause: Option<&'static str>,
        infinite_in_plain: bool,
        zero_examples: usize,
    }
}

impl LayerRow {
    pub(super) fn of(record: &LayerRecord) -> Self {
        // What is infinite or no number in an emulated format has no value here.
        let is_lost = matches!(record.zero, Some(ZeroCause::NotFinite { .. }));
        let finite = |norm: Option<f64>| norm.filter(|_| !is_lost);
        Self {
            layer: record.layer,
            fan_in: record.fan_in,
            fan_out: record.fan_out,
            delta_norm: finite(plain(record.delta)),
            delta_log10: record.delta.log10(),
            weight_grad_norm: finite(plain(record.weight_grad)),
            weight_grad_log10: record.weight_grad.log10(),
            bias_grad_norm: finite(plain(record.bias_grad)),
            bias_grad_log10: record.bias_grad.log10(),
            activation_mean: record.activation_mean.and_then(plain),
            activation_mean_log10: record.activation_mean.and_then(Scaled::log10),
            activation_std: record.activation_std.and_then(plain),
            activation_std_log10: record.activation_std.and_then(Scaled::log10),
            preactivation_std: record.preactivation_std.and_then(plain),
            preactivation_std_log10: record.preactivation_std.and_then(Scaled::log10),
            saturated_share: record.saturated_share,
            dead_share: record.dead_share,
            lost_in_plain: record.plain == PlainNorm::Zero,
            infinite_in_plain: record.plain == PlainNorm::Infinite,
            zero_examples: record.zero_examples,
            zero_cause: record.zero.map(|cause| cause.word()),
        }
    }
}

/// The number where `f64` holds it, 0 below and nothing above.
pub(super) fn plain(number: Scaled) -> Option<f64> {
    Some(number.to_f64()).filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Experiment;
    use crate::study::{DrawStudy, TaskContext};

    #[test]
    fn the_header_names_the_fields_in_order() {
        let draw = DrawStudy::new()
            .run(&Experiment::default(), &TaskContext::unattended())
            .expect("nobody stops it");
        let row = LayerRow::of(&draw.variants[0].layers[0]);
        let json = serde_json::to_string(&row).expect("plain data");
        let mut rest = json.as_str();
        for column in LayerRow::COLUMNS {
            let at = rest.find(&format!("\"{column}\":")).expect(column);
            rest = &rest[at + 1..];
        }
        assert_eq!(json.matches("\":").count(), LayerRow::COLUMNS.len());
    }

    #[test]
    fn what_f64_cannot_hold_is_zero_or_nothing() {
        assert_eq!(plain(Scaled::new(0.5, -5000)), Some(0.0));
        assert_eq!(plain(Scaled::new(0.5, 5000)), None);
        assert_eq!(plain(Scaled::ZERO), Some(0.0));
    }
}
