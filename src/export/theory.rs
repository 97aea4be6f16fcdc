//! The theory as JSON and as CSV: every layer's prediction, and the wide and deep limit.

use std::io::{self, Write};

use serde::Serialize;

use crate::experiment::Experiment;
use crate::figure::words::theory::claim;
use crate::study::{
    FixedPoint, Footing, LayerBand, LayerPrediction, LayerTheory, Limit, Phase, Theory,
    TheoryFinding, VariantTheory,
};

use super::csv::write_rows;
use super::json::write_pretty;
use super::row::{plain, table_row};

#[derive(Serialize)]
struct TheoryJson<'a> {
    experiment: &'a Experiment,
    variants: Vec<VariantJson<'a>>,
}

#[derive(Serialize)]
struct VariantJson<'a> {
    name: &'a str,
    /// Why there are no layers.
    refusal: Option<String>,
    limit: Option<LimitJson>,
    /// Every claim: its kind, its numbers and its sentence.
    findings: Vec<Claim>,
    layers: Vec<LayerRow>,
}

#[derive(Serialize)]
struct Claim {
    #[serde(flatten)]
    finding: TheoryFinding,
    sentence: String,
}

impl Claim {
    fn of(finding: TheoryFinding) -> Self {
        Self { sentence: claim(&finding), finding }
    }
}

/// Infinite numbers are null: `phase` and `fixed_point_kind` say which.
#[derive(Serialize)]
struct LimitJson {
    weight_variance: f64,
    bias_mean: f64,
    bias_variance: f64,
    /// E z² in layer 1.
    first_q: f64,
    fixed_point_kind: &'static str,
    fixed_point: Option<f64>,
    chi: f64,
    phase: &'static str,
    depth_scale: Option<f64>,
    trainable_depth: Option<f64>,
    critical_weight_variance: Option<f64>,
}

table_row! {
    /// One layer: root mean squares, and the law of log10 ‖δ^(l)‖/‖δ^(L)‖ at this width.
    struct LayerRow {
        layer: usize,
        fan_in: usize,
        fan_out: usize,
        q: Option<f64>,
        q_log10: Option<f64>,
        activation_norm: Option<f64>,
        activation_log10: Option<f64>,
        slope_square: f64,
        ratio: Option<f64>,
        delta_norm: Option<f64>,
        delta_log10: Option<f64>,
        band_log10_mean: Option<f64>,
        band_log10_std: Option<f64>,
        band_footing: &'static str,
    }
}

impl LayerRow {
    /// `told` where the band holds.
    fn of(layer: &LayerPrediction, band: &LayerBand, told: bool) -> Self {
        let finite = |number: f64| Some(number).filter(|number| told && number.is_finite());
        Self {
            layer: layer.layer,
            fan_in: layer.fan_in,
            fan_out: layer.fan_out,
            q: plain(layer.q),
            q_log10: layer.q.log10(),
            activation_norm: plain(layer.activation),
            activation_log10: layer.activation.log10(),
            slope_square: layer.slope_square,
            ratio: layer.ratio,
            delta_norm: plain(layer.delta),
            delta_log10: layer.delta.log10(),
            band_log10_mean: finite(band.mean_log10),
            band_log10_std: finite(band.std_log10),
            band_footing: match band.footing {
                _ if !told => "none",
                Footing::Exact => "exact",
                Footing::Heuristic => "heuristic",
            },
        }
    }

    fn all(theory: &LayerTheory) -> impl Iterator<Item = Self> + '_ {
        let told = theory.no_spread.is_none();
        let layers = theory.prediction.layers.iter().zip(&theory.bands);
        layers.map(move |(layer, band)| Self::of(layer, band, told))
    }
}

impl LimitJson {
    fn of(limit: &Limit) -> Self {
        let finite = |number: f64| Some(number).filter(|number| number.is_finite());
        let (fixed_point_kind, fixed_point) = match limit.fixed_point {
            FixedPoint::At(q) => ("at", Some(q)),
            FixedPoint::Every => ("every", None),
            FixedPoint::Diverges => ("diverges", None),
        };
        Self {
            weight_variance: limit.field.weight_variance,
            bias_mean: limit.field.bias.mean,
            bias_variance: limit.field.bias.spread(),
            first_q: limit.field.first_q(),
            fixed_point_kind,
            fixed_point,
            chi: limit.chi,
            phase: match limit.phase {
                Phase::Ordered => "ordered",
                Phase::Critical => "critical",
                Phase::Chaotic => "chaotic",
            },
            depth_scale: finite(limit.depth_scale),
            trainable_depth: limit.trainable_depth.and_then(finite),
            critical_weight_variance: limit.critical.as_ref().and_then(|line| line.weight_variance),
        }
    }
}

impl<'a> VariantJson<'a> {
    fn of(variant: &'a VariantTheory) -> Self {
        Self {
            name: &variant.name,
            refusal: variant.layers.as_ref().err().map(ToString::to_string),
            limit: variant.limit.as_ref().map(LimitJson::of),
            findings: variant.findings().into_iter().map(Claim::of).collect(),
            layers: variant.layers.as_ref().map(|l| LayerRow::all(l).collect()).unwrap_or_default(),
        }
    }
}

/// Writes the theory as one JSON object, indented, with a newline at its end.
///
/// # Errors
/// What `out` says when it takes no more.
///
/// ```
/// use gradient_lab::{experiment::Experiment, export::theory as export};
/// use gradient_lab::study::{TheoryStudy, TaskContext};
/// let theory = TheoryStudy::new().run(&Experiment::default(), &TaskContext::unattended())?;
/// let mut text = Vec::new();
/// export::write_json(&theory, &mut text)?;
/// let read: serde_json::Value = serde_json::from_slice(&text)?;
/// assert_eq!(read["variants"][0]["limit"]["phase"], "ordered");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_json(theory: &Theory, out: impl Write) -> io::Result<()> {
    let json = TheoryJson {
        experiment: &theory.experiment,
        variants: theory.variants.iter().map(VariantJson::of).collect(),
    };
    write_pretty(&json, out)
}

/// Writes a header and one row for each layer of each variant that has a theory.
///
/// # Errors
/// What `out` says when it takes no more.
pub fn write_csv(theory: &Theory, out: impl Write) -> io::Result<()> {
    let rows = theory.variants.iter().flat_map(|variant| {
        let rows = variant.layers.iter().flat_map(LayerRow::all);
        rows.map(|row| (&variant.name, row))
    });
    write_rows(["variant"].iter().chain(LayerRow::COLUMNS), rows, out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::{TaskContext, TheoryStudy};

    #[test]
    fn the_header_names_the_fields_in_order() {
        let theory = TheoryStudy::new().run(&Experiment::default(), &TaskContext::unattended());
        let theory = theory.expect("nobody stops it");
        let layers = theory.variants[0].layers.as_ref().expect("random weights");
        let row = LayerRow::all(layers).next().expect("six layers");
        let json = serde_json::to_string(&row).expect("plain data");
        let mut rest = json.as_str();
        for column in LayerRow::COLUMNS {
            let at = rest.find(&format!("\"{column}\":")).expect(column);
            rest = &rest[at + 1..];
        }
        assert_eq!(json.matches("\":").count(), LayerRow::COLUMNS.len());
    }
}
