//! An ensemble as JSON and as CSV: the distribution of ‖δ^(l)‖ of every layer and variant.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use crate::experiment::{Experiment, Variant};
use crate::figure::words::{ensemble as words, theory::claim};
use crate::study::{
    Comparison, Distribution, Ensemble, EnsembleFinding, Theory, VariantEnsemble, VariantTheory,
};

use super::csv::write_rows;
use super::json::write_pretty;
use super::row::{plain, table_row};

#[derive(Serialize)]
struct EnsembleJson<'a> {
    experiment: &'a Experiment,
    seeds: u32,
    variants: Vec<VariantJson<'a>>,
}

#[derive(Serialize)]
struct VariantJson<'a> {
    name: &'a str,
    engine: &'static str,
    /// Every claim, the theory's and those beside it: its kind, its numbers and its sentence.
    findings: Vec<Claim>,
    first_over_last: Summary,
    layers: Vec<LayerJson>,
}

#[derive(Serialize)]
struct Claim {
    #[serde(flatten)]
    finding: Value,
    sentence: String,
}

impl Claim {
    fn all(
        experiment: &Experiment,
        variant: &Variant,
        measured: &VariantEnsemble,
        theory: &VariantTheory,
    ) -> serde_json::Result<Vec<Self>> {
        let comparison = theory.layers.as_ref().ok();
        let comparison = comparison.and_then(|layers| Comparison::of(measured, layers));
        let mut found = EnsembleFinding::verdict(measured, theory, comparison.as_ref());
        found.extend(EnsembleFinding::caveats(experiment, variant, measured, theory));
        let found =
            found.iter().map(|finding| (serde_json::to_value(finding), words::found(finding)));
        let claims = theory.findings();
        let claims = claims.iter().map(|finding| (serde_json::to_value(finding), claim(finding)));
        // What has no theory says so once.
        let claims = claims.filter(|_| theory.layers.is_ok());
        let all = found.chain(claims);
        all.map(|(finding, sentence)| Ok(Self { finding: finding?, sentence })).collect()
    }
}

#[derive(Serialize)]
struct LayerJson {
    layer: usize,
    #[serde(flatten)]
    summary: Summary,
}

table_row! {
    /// A distribution in numbers. What `log10_` begins is about the draws that are not zero, and
    /// absent where all are; the root mean square counts zeros.
    struct Summary {
        networks: u64,
        zeros: u64,
        zero_share: f64,
        rms: Option<f64>,
        rms_log10: Option<f64>,
        log10_mean: Option<f64>,
        log10_std: Option<f64>,
        log10_min: Option<f64>,
        log10_05: Option<f64>,
        log10_median: Option<f64>,
        log10_95: Option<f64>,
        log10_max: Option<f64>,
    }
}

impl Summary {
    fn of(distribution: &Distribution) -> Self {
        Self {
            networks: distribution.total(),
            zeros: distribution.zeros(),
            zero_share: distribution.zero_share(),
            rms: plain(distribution.rms()),
            rms_log10: distribution.rms().log10(),
            log10_mean: distribution.log10_mean(),
            log10_std: distribution.log10_std(),
            log10_min: distribution.log10_min(),
            log10_05: distribution.log10_quantile(0.05),
            log10_median: distribution.log10_quantile(0.5),
            log10_95: distribution.log10_quantile(0.95),
            log10_max: distribution.log10_max(),
        }
    }
}

impl<'a> VariantJson<'a> {
    fn of(variant: &'a VariantEnsemble, findings: Vec<Claim>) -> Self {
        let layer = |(index, distribution): (usize, &Distribution)| LayerJson {
            layer: index + 1,
            summary: Summary::of(distribution),
        };
        Self {
            name: &variant.name,
            engine: variant.engine.id(),
            findings,
            first_over_last: Summary::of(&variant.first_over_last),
            layers: variant.layers.iter().enumerate().map(layer).collect(),
        }
    }
}

/// Writes an ensemble beside its theory as one JSON object, indented, with a newline at its end.
///
/// # Errors
/// What `out` says when it takes no more.
///
/// ```
/// use gradient_lab::{experiment::Experiment, export::ensemble as export};
/// use gradient_lab::study::{EnsembleSettings, Theory, TaskContext, ensemble};
/// let settings = EnsembleSettings { seeds: 20, ..EnsembleSettings::default() };
/// let result = ensemble(&Experiment::default(), &settings, &TaskContext::unattended(), |_| {})?;
/// let theory = Theory::at_once(&result.experiment);
/// let mut text = Vec::new();
/// export::write_json(&result, &theory, &mut text)?;
/// let read: serde_json::Value = serde_json::from_slice(&text)?;
/// assert_eq!(read["seeds"], 20);
/// assert_eq!(read["variants"][0]["findings"][0]["kind"], "ratio");
/// assert_eq!(read["variants"][0]["layers"][5]["layer"], 6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_json(ensemble: &Ensemble, theory: &Theory, out: impl Write) -> io::Result<()> {
    let experiment = &ensemble.experiment;
    let variants = experiment.variants.iter().zip(&ensemble.variants).zip(&theory.variants);
    let variants = variants.map(|((variant, measured), theory)| {
        let findings = Claim::all(experiment, variant, measured, theory)?;
        Ok(VariantJson::of(measured, findings))
    });
    let json = EnsembleJson {
        experiment,
        seeds: ensemble.seeds,
        variants: variants.collect::<serde_json::Result<_>>()?,
    };
    write_pretty(&json, out)
}

/// Writes a header and one row for each variant and layer.
///
/// An empty field is what the JSON calls null: a logarithm where every draw is a true zero, or
/// a number larger than `f64` holds.
///
/// # Errors
/// What `out` says when it takes no more.
pub fn write_csv(ensemble: &Ensemble, out: impl Write) -> io::Result<()> {
    let rows = ensemble.variants.iter().flat_map(|variant| {
        let (name, engine) = (&variant.name, variant.engine.id());
        let layers = variant.layers.iter().enumerate();
        layers.map(move |(index, layer)| (name, engine, index + 1, Summary::of(layer)))
    });
    write_rows(["variant", "engine", "layer"].iter().chain(Summary::COLUMNS), rows, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_names_the_fields_in_order() {
        let json = serde_json::to_string(&Summary::of(&Distribution::default()));
        let json = json.expect("plain data");
        let mut rest = json.as_str();
        for column in Summary::COLUMNS {
            let at = rest.find(&format!("\"{column}\":")).expect(column);
            rest = &rest[at + 1..];
        }
        assert_eq!(json.matches("\":").count(), Summary::COLUMNS.len());
    }
}
