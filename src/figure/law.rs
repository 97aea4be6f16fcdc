//! The ensemble beside the theory: bands by layer, true zeros apart, a layer's histogram, and
//! the theory alone.

mod histogram;

use crate::study::{
    Comparison, Draw, Ensemble, EnsembleFinding, LayerBand, Theory, VariantEnsemble, VariantTheory,
    Z_95,
};

use super::chart::NORM;
use super::words::{self, theory::limit};
use super::{AxisScale, Chart, Figure, FigureId, Ink, Mark, MarkShape, Note, Panel};

/// The quantity on most of these axes.
const LAYER: &str = "layer l  (1 is next to the input)";

impl Figure {
    /// The 5–95 % band and the median of ‖δ^(l)‖ by layer, the theory's line and band, one
    /// draw's points; below it the share of true zeros where there are any.
    pub fn ensemble(ensemble: &Ensemble, theory: &Theory, draw: Option<&Draw>) -> Self {
        let compared = compared(ensemble, theory);
        let mut panels = vec![Panel::Chart(by_layer(ensemble, theory, &compared, draw))];
        panels.extend(zero_shares(ensemble).map(Panel::Chart));
        let experiment = &ensemble.experiment;
        let mut figure = Self::new(FigureId::Ensemble, experiment, panels);
        figure.notes = notes(ensemble, theory, |variant, measured, theory| {
            words::ensemble::verdict(&EnsembleFinding::verdict(
                measured,
                theory,
                compared[variant].as_ref(),
            ))
        });
        figure.caption.push(words::ensemble::ensemble(ensemble));
        figure
    }

    /// The ensemble's figure with its norms divided by the predicted root mean squares: deep
    /// down a band is thinner than a line beside the decades that the norm loses.
    #[must_use]
    pub fn divided_by(mut self, theory: &Theory) -> Self {
        if let Some(Panel::Chart(chart)) = self.panels.first_mut() {
            *chart = divided(chart, theory);
        }
        self
    }

    /// How log10 ‖δ^(l)‖ of one layer is distributed over the seeds.
    pub fn histogram(
        ensemble: &Ensemble,
        theory: &Theory,
        draw: Option<&Draw>,
        layer: usize,
    ) -> Self {
        let layer = layer.clamp(1, ensemble.experiment.layers());
        let panel = Panel::Chart(histogram::of_layer(ensemble, theory, draw, layer));
        let mut figure = Self::new(FigureId::Histogram, &ensemble.experiment, vec![panel]);
        figure.notes = notes(ensemble, theory, |_, measured, theory| {
            words::ensemble::found(&EnsembleFinding::layer(measured, theory, layer))
        });
        figure.caption.push(words::ensemble::ensemble(ensemble));
        figure
    }

    /// The theory alone: predicted norms with their band at this width, and χ over σ_w².
    pub fn theory(theory: &Theory) -> Self {
        let mut panels = vec![Panel::Chart(predicted(theory))];
        panels.extend(chi_curves(theory).map(Panel::Chart));
        let mut figure = Self::new(FigureId::Theory, &theory.experiment, panels);
        figure.notes = limit_notes(theory);
        figure
    }

    /// χ over σ_w² alone; without a panel where no variant has a wide and deep limit.
    pub fn chi(theory: &Theory) -> Self {
        let panels = chi_curves(theory).map(Panel::Chart).into_iter().collect();
        let mut figure = Self::new(FigureId::Chi, &theory.experiment, panels);
        figure.notes = limit_notes(theory);
        figure
    }

    /// Draws the theory's dashed line over the figure's bars, and adds a sentence for each
    /// variant that the theory says nothing of.
    #[must_use]
    pub fn with_theory(mut self, theory: &Theory) -> Self {
        for panel in &mut self.panels {
            if let Panel::Bars(bars) = panel {
                *bars = bars.clone().with_overlays(rms_lines(theory));
            }
        }
        for (variant, each) in theory.experiment.shown(&theory.variants) {
            if let Err(error) = &each.layers {
                let text = format!("No theory: {error}.");
                self.notes.push(Note { variant, name: each.name.clone(), text });
            }
        }
        self
    }
}

fn limit_notes(theory: &Theory) -> Vec<Note> {
    let note = |(variant, theory): (usize, &VariantTheory)| Note {
        variant,
        name: theory.name.clone(),
        text: limit(theory),
    };
    theory.experiment.shown(&theory.variants).map(note).collect()
}

fn notes(
    ensemble: &Ensemble,
    theory: &Theory,
    words: impl Fn(usize, &VariantEnsemble, &VariantTheory) -> String,
) -> Vec<Note> {
    let shown = ensemble.experiment.shown(&ensemble.variants);
    shown
        .map(|(variant, measured)| Note {
            variant,
            name: measured.name.clone(),
            text: words(variant, measured, &theory.variants[variant]),
        })
        .collect()
}

/// What measured and expected have in common, variant by variant.
fn compared(ensemble: &Ensemble, theory: &Theory) -> Vec<Option<Comparison>> {
    let pairs = ensemble.variants.iter().zip(&theory.variants);
    let compare = |(measured, theory): (&VariantEnsemble, &VariantTheory)| {
        let layers = theory.layers.as_ref().ok().filter(|layers| layers.no_spread.is_none());
        Comparison::of(measured, layers?)
    };
    pairs.map(compare).collect()
}

fn by_layer(
    ensemble: &Ensemble,
    theory: &Theory,
    compared: &[Option<Comparison>],
    draw: Option<&Draw>,
) -> Chart {
    let mut marks = Vec::new();
    let shown = || ensemble.experiment.shown(&ensemble.variants);
    for (variant, measured) in shown() {
        marks.push(Mark::of_variant(
            variant,
            &measured.name,
            "5–95\u{a0}%",
            MarkShape::Band(band(measured)),
        ));
    }
    for (variant, measured) in shown() {
        let median = quantiles(measured, 0.5);
        marks.push(Mark::of_variant(variant, &measured.name, "median", MarkShape::Line(median)));
        let expected = compared[variant].as_ref().map(expected_band);
        marks.extend(
            expected.map(|(kind, shape)| Mark::of_variant(variant, &measured.name, kind, shape)),
        );
    }
    marks.extend(rms_lines(theory));
    marks.extend(draw.into_iter().flat_map(draw_points));
    marks.retain(|mark| !mark.readings().is_empty());
    let heading = format!("{NORM} by layer over {} networks", ensemble.seeds);
    Chart::spanning(heading, (LAYER, AxisScale::Layers), (NORM, AxisScale::Log10), marks)
}

/// The chart with its marks divided.
fn divided(chart: &Chart, theory: &Theory) -> Chart {
    let mut marks = chart.marks.clone();
    marks.iter_mut().for_each(|mark| divide(mark, theory));
    marks.retain(|mark| !mark.readings().is_empty());
    let quantity = format!("{NORM} / theory RMS");
    let heading = chart.heading.replacen(NORM, &quantity, 1);
    let (x, y) = ((LAYER, AxisScale::Layers), (quantity.as_str(), AxisScale::Log10));
    Chart::spanning(heading, x, y, marks)
}

/// Divides a variant's mark by its predicted root mean squares; where there are none, nothing
/// is left.
fn divide(mark: &mut Mark, theory: &Theory) {
    let Ink::Variant(variant) = mark.ink else { return };
    let layers = theory.variants.get(variant).and_then(|each| each.layers.as_ref().ok());
    let predicted = |layer: f64| {
        layers?.prediction.layers.get(layer as usize - 1).and_then(|layer| layer.delta.log10())
    };
    match &mut mark.shape {
        MarkShape::Line(points) | MarkShape::Dashed(points) | MarkShape::Points(points) => {
            points.retain_mut(|[x, y]| predicted(*x).map(|log10| *y -= log10).is_some());
        }
        MarkShape::Band(band) | MarkShape::Edges(band) => band.retain_mut(|[x, low, high]| {
            let log10 = predicted(*x);
            log10.map(|log10| (*low, *high) = (*low - log10, *high - log10)).is_some()
        }),
        MarkShape::Columns(_) | MarkShape::Level(_) | MarkShape::At(_) => {}
    }
}

fn quantiles(measured: &VariantEnsemble, p: f64) -> Vec<[f64; 2]> {
    let each = measured.layers.iter().enumerate();
    each.filter_map(|(l, layer)| Some([(l + 1) as f64, layer.log10_quantile(p)?])).collect()
}

fn band(measured: &VariantEnsemble) -> Vec<[f64; 3]> {
    let (low, high) = (quantiles(measured, 0.05), quantiles(measured, 0.95));
    low.iter().zip(&high).map(|(low, high)| [low[0], low[1], high[1]]).collect()
}

/// The edges of the band that the theory expects at this width, and on what footing.
fn expected_band(comparison: &Comparison) -> (&'static str, MarkShape) {
    let edges = comparison.layers.iter().map(|layer| {
        let (low, high) = layer.interval;
        [layer.layer as f64, low, high]
    });
    (words::ensemble::footing(comparison.ratio.footing), MarkShape::Edges(edges.collect()))
}

/// The predicted root mean squares, a dashed line a variant.
fn rms_lines(theory: &Theory) -> Vec<Mark> {
    let variants = theory.experiment.shown(&theory.variants);
    let line = |(variant, each): (usize, &VariantTheory)| {
        let layers = &each.layers.as_ref().ok()?.prediction.layers;
        let points: Vec<_> =
            layers.iter().filter_map(|l| Some([l.layer as f64, l.delta.log10()?])).collect();
        let shape = MarkShape::Dashed(points);
        Some(Mark::of_variant(variant, &each.name, "theory RMS", shape))
    };
    variants.filter_map(line).filter(|mark| !mark.readings().is_empty()).collect()
}

fn draw_points(draw: &Draw) -> Vec<Mark> {
    let variants = draw.experiment.shown(&draw.variants);
    variants
        .map(|(variant, result)| {
            let layers = result.layers.iter();
            let points = layers.filter_map(|l| Some([l.layer as f64, l.delta.log10()?]));
            Mark::of_variant(
                variant,
                &result.name,
                "this network",
                MarkShape::Points(points.collect()),
            )
        })
        .collect()
}

/// The share of true zeros by layer of the variants that have any.
fn zero_shares(ensemble: &Ensemble) -> Option<Chart> {
    let variants = ensemble.experiment.shown(&ensemble.variants);
    let with_zeros = variants.filter(|(_, v)| v.layers.iter().any(|layer| layer.zeros() > 0));
    let marks: Vec<_> = with_zeros
        .map(|(variant, measured)| {
            let shares = measured.layers.iter().enumerate();
            let points = shares.map(|(l, layer)| [(l + 1) as f64, 100.0 * layer.zero_share()]);
            let shape = MarkShape::Line(points.collect());
            Mark::new(measured.name.clone(), Ink::Variant(variant), shape)
        })
        .collect();
    let mut chart = (!marks.is_empty()).then(|| {
        Chart::spanning(
            "True zeros among the networks",
            (LAYER, AxisScale::Layers),
            ("share in %", AxisScale::Linear),
            marks,
        )
    })?;
    chart.y.range = (0.0, 100.0);
    Some(chart)
}

/// Predicted norms; the band at this width stands around the predicted mean logarithm,
/// anchored at the predicted ‖δ^(L)‖.
fn predicted(theory: &Theory) -> Chart {
    let mut marks = Vec::new();
    for (variant, each) in theory.experiment.shown(&theory.variants) {
        let Ok(layers) = &each.layers else { continue };
        let start = layers.prediction.layers.last().and_then(|layer| layer.delta.log10());
        let Some(start) = start else { continue };
        let known = |band: &&LayerBand| layers.no_spread.is_none() && band.mean_log10.is_finite();
        let band = layers.bands.iter().filter(known);
        let band = band.map(|band| {
            let (mean, reach) = (start + band.mean_log10, Z_95 * band.std_log10);
            [band.layer as f64, mean - reach, mean + reach]
        });
        marks.push(Mark::of_variant(
            variant,
            &each.name,
            "steps, 5–95\u{a0}%",
            MarkShape::Band(band.collect()),
        ));
    }
    marks.extend(rms_lines(theory));
    marks.retain(|mark| !mark.readings().is_empty());
    let heading = format!("Predicted {NORM} by layer");
    Chart::spanning(heading, (LAYER, AxisScale::Layers), (NORM, AxisScale::Log10), marks)
}

/// χ over σ_w² for each variant with a limit, its own setting as a point, and the critical
/// line χ = 1.
fn chi_curves(theory: &Theory) -> Option<Chart> {
    let mut marks = Vec::new();
    for (variant, each) in theory.experiment.shown(&theory.variants) {
        let Some(limit) = &each.limit else { continue };
        let here = [libm::log10(limit.field.weight_variance), libm::log10(limit.chi)];
        let Some(line) = &limit.critical else { continue };
        marks.push(Mark::of_variant(
            variant,
            &each.name,
            "χ(σ_w²)",
            MarkShape::Line(line.curve.clone()),
        ));
        if here.iter().all(|number| number.is_finite()) {
            let shape = MarkShape::Points(vec![here]);
            marks.push(Mark::of_variant(variant, &each.name, "this setting", shape));
        }
    }
    if marks.is_empty() {
        return None;
    }
    marks.push(Mark::new("χ = 1", Ink::Text, MarkShape::Level(0.0)));
    Some(Chart::spanning(
        "χ, what one step back multiplies ‖δ‖² by, deep in a wide network",
        ("σ_w² = fan_in · Var W", AxisScale::Log10),
        ("χ", AxisScale::Log10),
        marks,
    ))
}
