//! How the norm of one layer is distributed over the networks.

use crate::study::{Distribution, Draw, Ensemble, Theory, VariantEnsemble, VariantTheory};

use crate::figure::chart::NORM;
use crate::figure::{AxisScale, Chart, Mark, MarkShape};

/// Columns of a histogram, about.
const COLUMNS: f64 = 48.0;
/// The narrowest column, in decades, where networks hardly differ.
const LEAST_WIDTH: f64 = 1.0 / 64.0;
/// The least that a histogram's axis spans, in decades.
const LEAST_SPAN: f64 = 1.0;
/// Points of a density curve.
const DENSITY_POINTS: usize = 161;
/// Standard deviations to each side that a density curve covers.
const DENSITY_REACH: f64 = 3.0;

/// The networks' columns, the theory's expected density and this draw.
pub(super) fn of_layer(
    ensemble: &Ensemble,
    theory: &Theory,
    draw: Option<&Draw>,
    layer: usize,
) -> Chart {
    let mut marks = Vec::new();
    let shown = || ensemble.experiment.shown(&ensemble.variants);
    for (variant, measured) in shown() {
        let columns = columns(&measured.layers[layer - 1]);
        marks.push(Mark::of_variant(
            variant,
            &measured.name,
            "networks",
            MarkShape::Columns(columns),
        ));
    }
    for (variant, measured) in shown() {
        if let Some(curve) = expected_density(measured, &theory.variants[variant], layer) {
            marks.push(Mark::of_variant(
                variant,
                &measured.name,
                "theory",
                MarkShape::Dashed(curve),
            ));
        }
    }
    marks.retain(|mark| !mark.readings().is_empty());
    for (variant, result) in draw.iter().flat_map(|draw| draw.experiment.shown(&draw.variants)) {
        if let Some(log10) = result.layers.get(layer - 1).and_then(|l| l.delta.log10()) {
            marks.push(Mark::of_variant(
                variant,
                &result.name,
                "this network",
                MarkShape::At(log10),
            ));
        }
    }
    let heading = format!("‖δ⁽ˡ⁾‖ of layer {layer} over {} networks", ensemble.seeds);
    let x = (NORM, AxisScale::Log10);
    let mut chart = Chart::spanning(heading, x, ("share per decade", AxisScale::Linear), marks);
    chart.x.range = at_least(LEAST_SPAN, chart.x.range);
    chart
}

/// The range, widened about its middle where it is narrower than `span`.
fn at_least(span: f64, (low, high): (f64, f64)) -> (f64, f64) {
    let more = (0.5 * (span - (high - low))).max(0.0);
    (low - more, high + more)
}

/// Columns on the distribution's own bins, several bins wide, so that none counts askew. Their
/// area is the share of the networks that are not zero.
fn columns(layer: &Distribution) -> Vec<[f64; 3]> {
    let (Some(least), Some(largest)) = (layer.log10_min(), layer.log10_max()) else {
        return Vec::new();
    };
    let width = column_width(layer, largest - least);
    let from = (least / width).floor() * width;
    let count = (((largest - from) / width).floor() as usize + 1).min(4096);
    let counts = layer.histogram().counts(from, from + count as f64 * width, count);
    let total = layer.total() as f64;
    let column = |(i, &count): (usize, &u32)| {
        let left = from + i as f64 * width;
        [left, left + width, f64::from(count) / (total * width)]
    };
    counts.iter().enumerate().map(column).collect()
}

/// 2 · interquartile range / ∛n (Freedman & Diaconis 1981), within a range that can be seen,
/// in whole powers of two of the distribution's bins.
fn column_width(layer: &Distribution, span: f64) -> f64 {
    let bin = layer.histogram().bin_width();
    let quartile = |p| layer.log10_quantile(p).unwrap_or(0.0);
    let count = (layer.total() - layer.zeros()).max(1) as f64;
    let rule = 2.0 * (quartile(0.75) - quartile(0.25)) / count.cbrt();
    let wanted = rule.max(span / (2.0 * COLUMNS)).max(LEAST_WIDTH);
    let wanted = wanted.min((span / 4.0).max(LEAST_WIDTH)).max(bin);
    bin * libm::exp2((wanted / bin).log2().round().max(0.0))
}

/// The expected law of log10 ‖δ^(l)‖, that of the output layer and a normal step; its area is
/// the share that is not zero. The output layer is where the theory starts, and has none.
fn expected_density(
    measured: &VariantEnsemble,
    theory: &VariantTheory,
    layer: usize,
) -> Option<Vec<[f64; 2]>> {
    let layers = theory.layers.as_ref().ok()?;
    let band = layers.bands.get(layer - 1).filter(|band| band.mean_log10.is_finite())?;
    let start = measured.layers.last()?.histogram();
    let (mean, std) = (band.mean_log10, band.std_log10);
    if start.total() == 0 || std <= 0.0 {
        return None;
    }
    let half = 0.5 * start.bin_width();
    let share = 1.0 - measured.layers[layer - 1].zero_share();
    let height = share / (start.total() as f64 * std * (2.0 * std::f64::consts::PI).sqrt());
    let density = |x: f64| {
        let each = start.bins().map(|(edge, count)| {
            let off = (x - edge - half - mean) / std;
            f64::from(count) * libm::exp(-0.5 * off * off)
        });
        height * each.sum::<f64>()
    };
    let starts = measured.layers.last()?;
    let from = starts.log10_min()? + mean - DENSITY_REACH * std;
    let to = starts.log10_max()? + mean + DENSITY_REACH * std;
    let step = (to - from) / (DENSITY_POINTS - 1) as f64;
    let points = (0..DENSITY_POINTS).map(|i| from + i as f64 * step);
    Some(points.map(|x| [x, density(x)]).collect())
}
