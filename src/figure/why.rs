//! Why δ shrinks or grows: the factors of BP2, their product, and what the Jacobians do to
//! any signal.

use crate::engine::{LayerRecord, OpShape, Scaled};
use crate::experiment::{Experiment, Skip, Variant};
use crate::study::{BackwardFactors, Cause, Factor, JacobianSpectrum, LayerSpectrum, TiedWeights};

use super::number::{superscript, three_digits};
use super::words;
use super::{Axis, AxisScale, Chart, Figure, FigureId, Ink, Mark, MarkShape, Note};

/// More steps than this are drawn as lines: columns and dots would be hair-thin.
const MOST_COLUMNS: usize = 30;
/// Columns of the histogram of singular values.
const BINS: usize = 24;

/// The ink of everything that comes from one of the factors.
pub fn ink(cause: Cause) -> Ink {
    match cause {
        Cause::Weights => Ink::Palette(0),
        Cause::Slopes => Ink::Palette(1),
        Cause::Normalization => Ink::Palette(3),
        Cause::Skip => Ink::Palette(4),
    }
}

/// The figures that a backward pass taken apart has, in the order in which a page shows them.
pub const FIGURES: [FigureId; 5] = [
    FigureId::Factors,
    FigureId::Product,
    FigureId::Shares,
    FigureId::Jacobian,
    FigureId::Spectrum,
];

impl Figure {
    /// A figure of a backward pass taken apart, about layer `layer` where it is about one. Without singular
    /// values there is no panel and the note says why.
    pub fn of_backward_factors(id: FigureId, backward: &BackwardFactors, layer: usize) -> Self {
        let spectrum = || backward.spectrum.as_ref().and_then(|spectrum| spectrum.as_ref().ok());
        let chart = match id {
            FigureId::Factors => Some(factors(backward)),
            FigureId::Product => Some(product(backward)),
            FigureId::Shares => Some(shares(backward)),
            FigureId::Jacobian => spectrum().map(|spectrum| jacobian(backward, spectrum, layer)),
            _ => spectrum().and_then(|spectrum| values(spectrum, layer)),
        };
        let text = match id {
            FigureId::Jacobian | FigureId::Spectrum => about_spectrum(backward, layer),
            _ => about_product(backward),
        };
        let note = Note { variant: backward.variant, name: backward.name.clone(), text };
        let panels = chart.map(super::Panel::Chart).into_iter().collect();
        Self { notes: vec![note], ..Self::new(id, &backward.experiment, panels) }
    }
}

/// `⁽³⁾`.
fn raised(layer: usize) -> String {
    format!("⁽{}⁾", superscript(layer as i64))
}

/// A factor in three digits; a true zero is 0 and what does not exist is a dash.
fn factor_in_words(factor: Option<Scaled>) -> String {
    match factor {
        None => "–".to_owned(),
        Some(factor) => factor.log10().map_or("0".to_owned(), three_digits),
    }
}

/// One step back in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepWords {
    /// The factors, in the order of [`Factor`]'s fields; a normalization and a skip only where there is one.
    pub factors: Vec<(Cause, String)>,
    /// ‖δ^(l)‖/‖δ^(l+1)‖.
    pub ratio: String,
    /// Whether the ratio exists: δ^(l+1) is not a true zero.
    pub exists: bool,
    /// What the layer's units do, in a sentence.
    pub sentence: String,
}

impl StepWords {
    /// The step from layer `layer` + 1 to `layer`; none where there is no such step.
    pub fn of(backward: &BackwardFactors, layer: usize) -> Option<Self> {
        let step = backward.factors.steps.get(layer.checked_sub(1)?)?;
        let in_words = |cause| (cause, factor_in_words(step.of(cause)));
        Some(Self {
            factors: causes(backward).map(in_words).collect(),
            ratio: factor_in_words(step.ratio),
            exists: step.ratio.is_some(),
            sentence: words::why::sentences(backward.step(layer).as_slice()),
        })
    }
}

/// What a variant's step back from a hidden layer l + 1 to layer l computes, LaTeX, each factor in
/// what `coloured` makes of it, and the same for a reader aloud: BP2, with what a normalization and a
/// skip add to it.
pub fn equation(
    experiment: &Experiment,
    variant: &Variant,
    coloured: impl Fn(&str, Cause) -> String,
) -> [String; 2] {
    let sent = coloured(r"W^{(l+1)\top}\,\delta^{(l+1)}", Cause::Weights);
    let (mut latex, mut is_sum) = (sent, false);
    let mut aloud =
        "BP2: delta of layer l is W of layer l plus 1, transposed, times delta of layer l plus 1"
            .to_owned();
    let grouped = |latex: &str| format!(r"\left({latex}\right)");
    let hidden = if experiment.layers() > 2 { 2 } else { 1 };
    let ops = OpShape::of_variant(experiment, variant).filter(|(layer, _)| *layer == hidden);
    let ops: Vec<OpShape> = ops.map(|(_, op)| op).collect();
    for op in ops.into_iter().rev() {
        let (next, then, sum) = match op {
            OpShape::Dense { .. } => continue,
            OpShape::Activation(_) => {
                // Of what normalization and skips make of z there is no letter.
                let of_z = variant.normalization.is_none() && variant.skip != Some(Skip::Pre);
                let slope =
                    if of_z { r"\sigma'\!\left(z^{(l)}\right)" } else { r"\sigma'^{\,(l)}" };
                let slope = coloured(slope, Cause::Slopes);
                let next = format!(r"{} \odot {slope}", grouped(&latex));
                (next, "times elementwise the slope of layer l", true)
            }
            OpShape::Norm { .. } => {
                let norm = coloured(r"N^{(l)\top}", Cause::Normalization);
                let next = format!("{norm}{}", grouped(&latex));
                (next, "times the transposed Jacobian N of the normalization", false)
            }
            OpShape::Save => {
                let skip = coloured(r"s^{(l+1)}", Cause::Skip);
                (format!("{latex} + {skip}"), "plus s, what comes back along the skip", true)
            }
            OpShape::Add { .. } => {
                let alpha = coloured(r"\alpha", Cause::Skip);
                let of = if is_sum { grouped(&latex) } else { latex.clone() };
                (format!(r"{alpha}\,{of}"), "times alpha of the skip", false)
            }
        };
        (latex, is_sum) = (next, sum);
        aloud = format!("{aloud}, {then}");
    }
    [format!(r"\delta^{{(l)}} = {latex}"), aloud]
}

/// The average step and the whole way, or why there is no product.
fn about_product(backward: &BackwardFactors) -> String {
    match &backward.factors.findings()[..] {
        [] => words::flow::sentence(&backward.diagnosis),
        found => {
            let tied = backward.of_tied_weights();
            words::why::sentences(&found.iter().cloned().chain(tied).collect::<Vec<_>>())
        }
    }
}

pub(super) fn line(points: Vec<[f64; 2]>, name: &str, ink: Ink) -> Mark {
    Mark::new(name, ink, MarkShape::Line(points))
}

fn dashed(points: Vec<[f64; 2]>, name: &str, ink: Ink) -> Mark {
    Mark::new(name, ink, MarkShape::Dashed(points))
}

/// Dots on a few layers; on many a dashed line, through which what lies below is seen.
pub(super) fn dots(points: Vec<[f64; 2]>, name: &str, ink: Ink) -> Mark {
    let few = points.len() <= MOST_COLUMNS;
    let shape = if few { MarkShape::Points } else { MarkShape::Dashed };
    Mark::new(name, ink, shape(points))
}

/// One number of every step that has one.
fn by_step(backward: &BackwardFactors, of: impl Fn(&Factor) -> Option<f64>) -> Vec<[f64; 2]> {
    let steps = backward.factors.steps.iter();
    steps.filter_map(|step| Some([step.layer as f64, of(step)?])).collect()
}

/// The layers' axis, whole whatever of it has numbers.
pub(super) fn layers_axis(last: usize) -> Axis {
    let ends = [1.0, last.max(1) as f64];
    Axis::spanning("layer l  (1 is next to the input)", AxisScale::Layers, ends)
}

fn chart(heading: String, x: Axis, y: (&str, AxisScale), mut marks: Vec<Mark>) -> Chart {
    // What has no number is not in the legend either.
    let guide = |mark: &Mark| matches!(mark.shape, MarkShape::Level(_) | MarkShape::At(_));
    marks.retain(|mark| guide(mark) || !mark.readings().is_empty());
    let fixed = marks.iter().filter_map(|mark| match mark.shape {
        MarkShape::Level(level) => Some(level),
        _ => None,
    });
    let heights = marks.iter().flat_map(Mark::readings).map(|point| point[1]);
    let y = Axis::spanning(y.0, y.1, heights.chain(fixed));
    Chart { heading, x, y, marks }
}

/// Every step's weight gain and slope factor, standing on 1 of a logarithmic axis: there a
/// product is a sum of heights.
fn factors(backward: &BackwardFactors) -> Chart {
    let log10 = |number: Option<Scaled>| number.and_then(Scaled::log10);
    let gain = by_step(backward, |step| log10(step.weight_gain));
    let slope = by_step(backward, |step| log10(step.slope_factor));
    let ratio = by_step(backward, |step| log10(step.ratio));
    let mean = by_step(backward, |step| Scaled::from(step.mean_slope).log10());
    let bound = by_step(backward, |step| Scaled::from(step.bound()).log10());
    let few = backward.factors.steps.len() <= MOST_COLUMNS;
    let column = |points: Vec<[f64; 2]>, left: f64, name: &str, ink: Ink| {
        let from_to = |[x, y]: [f64; 2]| [x + left, x + left + 0.36, y];
        Mark::new(name, ink, MarkShape::Columns(points.into_iter().map(from_to).collect()))
    };
    let mut marks = vec![Mark::new("", Ink::Weak, MarkShape::Level(0.0))];
    if few {
        marks.push(column(gain, -0.38, "weight gain", ink(Cause::Weights)));
        marks.push(column(slope, 0.02, "slope factor", ink(Cause::Slopes)));
        marks.push(Mark::new("", Ink::Text, MarkShape::Points(ratio.clone())));
    } else {
        marks.push(line(gain, "weight gain", ink(Cause::Weights)));
        marks.push(line(slope, "slope factor", ink(Cause::Slopes)));
    }
    for cause in causes(backward).skip(2) {
        let points = by_step(backward, |step| log10(step.of(cause)));
        marks.push(line(points, cause.name(), ink(cause)));
    }
    marks.push(line(ratio, "measured ratio", Ink::Text));
    marks.push(dots(mean, "mean |σ′|", Ink::Palette(2)));
    marks.extend(is_bounded(backward).then(|| dashed(bound, "upper bound", Ink::Weak)));
    marks.extend(backward.tied.iter().flat_map(tied));
    let others: String =
        causes(backward).skip(2).map(|cause| format!(" × {}", cause.name())).collect();
    let heading = format!("Each step back: ‖δ⁽ˡ⁾‖/‖δ⁽ˡ⁺¹⁾‖ = weight gain × slope factor{others}");
    let x = layers_axis(backward.factors.steps.len());
    chart(heading, x, ("factor of one step", AxisScale::Log10), marks)
}

/// The factors multiplied up from the output, beside the norms that were measured.
fn product(backward: &BackwardFactors) -> Chart {
    let last = backward.records.len();
    let delta = |record: &LayerRecord| record.delta.log10();
    let top = backward.records.last().and_then(delta);
    let measured: Vec<[f64; 2]> = (backward.records.iter())
        .filter_map(|record| Some([record.layer as f64, delta(record)? - top?]))
        .collect();
    let product = cumulative(backward, |step| step.product());
    let weights = cumulative(backward, |step| step.weight_gain);
    let slopes = cumulative(backward, |step| step.slope_factor);
    let bound = cumulative(backward, |step| Some(step.bound().into()));
    let others = causes(backward).skip(2).map(|cause| {
        // The legend is narrow.
        let name = if cause == Cause::Normalization { "norm" } else { cause.name() };
        line(cumulative(backward, |step| step.of(cause)), &format!("{name} alone"), ink(cause))
    });
    let mut marks = vec![Mark::new("", Ink::Weak, MarkShape::Level(0.0))];
    marks.extend(is_bounded(backward).then(|| dashed(bound, "upper bound", Ink::Weak)));
    marks.extend([
        line(weights, "weights alone", ink(Cause::Weights)),
        line(slopes, "slopes alone", ink(Cause::Slopes)),
    ]);
    marks.extend(others);
    marks
        .extend([line(measured, "measured", Ink::Text), dots(product, "product", Ink::Palette(2))]);
    let heading = format!("All steps from layer {last} back to layer l, multiplied");
    let label = format!("‖δ⁽ˡ⁾‖/‖δ{}‖", raised(last));
    chart(heading, layers_axis(last), (&label, AxisScale::Log10), marks)
}

/// The bound that tied weights give, and their spectral radius, over the steps that go through them.
fn tied(tied: &TiedWeights) -> Vec<Mark> {
    let level = |height: Option<f64>, name: &str, ink: Ink| {
        let points =
            height.into_iter().flat_map(|y| tied.steps.clone().map(move |l| [l as f64, y]));
        dashed(points.collect(), name, ink)
    };
    let bound = Scaled::from(tied.bound()).log10();
    let radius = tied.spectral_radius.and_then(Scaled::log10);
    vec![level(bound, "tied bound", Ink::Palette(3)), level(radius, "tied ρ(W)", Ink::Palette(4))]
}

/// What a step back of the variant is the product of: weights, slopes and what else there is.
fn causes(backward: &BackwardFactors) -> impl Iterator<Item = Cause> {
    let variant = &backward.experiment.variants[backward.variant];
    let (is_normalized, skips) = (variant.normalization.is_some(), variant.skip.is_some());
    Cause::ALL.into_iter().filter(move |cause| match cause {
        Cause::Weights | Cause::Slopes => true,
        Cause::Normalization => is_normalized,
        Cause::Skip => skips,
    })
}

/// Whether weights and slopes are all that a step back has: ‖W‖₂ max|σ′| bounds nothing of what a
/// normalization or a skip does.
fn is_bounded(backward: &BackwardFactors) -> bool {
    let variant = &backward.experiment.variants[backward.variant];
    variant.normalization.is_none() && variant.skip.is_none()
}

/// Σ log10 of a factor from the output down to each layer, as far as it is not zero.
fn cumulative(backward: &BackwardFactors, of: impl Fn(&Factor) -> Option<Scaled>) -> Vec<[f64; 2]> {
    let mut sum = 0.0;
    let mut points = vec![[backward.records.len() as f64, 0.0]];
    for step in backward.factors.steps.iter().rev() {
        let Some(log10) = of(step).and_then(Scaled::log10) else { break };
        sum += log10;
        points.push([step.layer as f64, sum]);
    }
    if points.len() < 2 {
        return Vec::new();
    }
    points.reverse();
    points
}

/// Which units let nothing through, or little.
fn shares(backward: &BackwardFactors) -> Chart {
    let share = |of: fn(&LayerRecord) -> f64| -> Vec<[f64; 2]> {
        backward.records.iter().map(|record| [record.layer as f64, 100.0 * of(record)]).collect()
    };
    let dead = share(|record| record.dead_share);
    let saturated = share(|record| record.saturated_share);
    let name = words::without_slope(backward.experiment.architecture.batch);
    let marks = vec![
        dots(dead.clone(), "", Ink::Text),
        dots(saturated.clone(), "", Ink::Palette(3)),
        line(dead, name, Ink::Text),
        line(saturated, "saturated", Ink::Palette(3)),
    ];
    let y = Axis { label: "share, %".to_owned(), scale: AxisScale::Linear, range: (-4.0, 104.0) };
    let heading = format!("Units that let nothing through ({name}) or little (saturated)");
    Chart { heading, x: layers_axis(backward.records.len()), y, marks }
}

/// The largest, the median and the smallest singular value by layer.
fn jacobian(backward: &BackwardFactors, spectrum: &JacobianSpectrum, layer: usize) -> Chart {
    let by_layer = |of: fn(&LayerSpectrum) -> Option<f64>| -> Vec<[f64; 2]> {
        let layers = spectrum.layers.iter();
        layers.filter_map(|layer| Some([layer.layer as f64, of(layer)?])).collect()
    };
    let band = spectrum
        .layers
        .iter()
        .filter_map(|layer| Some([layer.layer as f64, *layer.log10.last()?, layer.largest()?]));
    // Of many narrow parts the seams would show.
    let band = if spectrum.layers.len() <= MOST_COLUMNS { band.collect() } else { Vec::new() };
    let mut marks = vec![
        Mark::new("", Ink::Weak, MarkShape::Band(band)),
        Mark::new("", Ink::Weak, MarkShape::Level(0.0)),
        line(by_layer(LayerSpectrum::largest), "largest", Ink::Palette(0)),
        line(by_layer(LayerSpectrum::median), "median", Ink::Palette(2)),
        line(by_layer(LayerSpectrum::smallest), "smallest", Ink::Palette(1)),
    ];
    if backward.experiment.architecture.batch == 1 && !spectrum.is_bypassed {
        let log10 = |index: usize| backward.records[index].delta.log10();
        let measured = (0..spectrum.top).filter_map(|index| {
            Some([(index + 1) as f64, log10(index)? - log10(spectrum.top - 1)?])
        });
        marks.push(dashed(measured.collect(), "this δ", Ink::Text));
    }
    marks.push(Mark::new("", Ink::Weak, MarkShape::At(layer.min(spectrum.top) as f64)));
    let top = raised(spectrum.top);
    let heading = format!("What the way back can do to any signal: ∂z{top}/∂z⁽ˡ⁾");
    let x = layers_axis(spectrum.top);
    chart(heading, x, ("singular value", AxisScale::Log10), marks)
}

/// All singular values at one layer, as a histogram of their logarithms.
fn values(spectrum: &JacobianSpectrum, layer: usize) -> Option<Chart> {
    let at = spectrum.layers.get(layer.clamp(1, spectrum.top) - 1)?;
    let (low, high) = (at.log10.last().copied(), at.largest());
    let (low, high) = (low.unwrap_or(0.0), high.unwrap_or(0.0));
    // Values that are all alike still have a column with a width.
    let (low, high) = if high - low < 0.1 { (low - 0.5, high + 0.5) } else { (low, high) };
    let width = (high - low) / BINS as f64;
    let mut counts = [0_u32; BINS];
    for log10 in &at.log10 {
        counts[(((log10 - low) / width) as usize).min(BINS - 1)] += 1;
    }
    let edge = |bin: usize| low + width * bin as f64;
    let columns: Vec<[f64; 3]> = counts
        .iter()
        .enumerate()
        .filter(|(_, count)| **count > 0)
        .map(|(bin, &count)| [edge(bin), edge(bin + 1), f64::from(count)])
        .collect();
    let heading = format!(
        "The singular values of ∂z{}/∂z{}: {}",
        raised(spectrum.top),
        raised(at.layer),
        counted(at),
    );
    let mark = Mark::new("how many", Ink::Palette(0), MarkShape::Columns(columns));
    let (x, y) = (("σ", AxisScale::Log10), ("how many", AxisScale::Linear));
    let mut chart = Chart::spanning(heading, x, y, vec![mark]);
    chart.y.range.1 = chart.y.range.1.max(1.2);
    Some(chart)
}

fn counted(at: &LayerSpectrum) -> String {
    match at.zeros {
        0 => format!("{}, none zero", at.log10.len()),
        zeros => format!("{} and {zeros} true zeros", at.log10.len()),
    }
}

/// What the singular values say at one layer, or why there are none.
fn about_spectrum(backward: &BackwardFactors, layer: usize) -> String {
    let spectrum = match &backward.spectrum {
        None => return "The singular values are not there yet.".to_owned(),
        Some(Err(error)) => return error.to_string(),
        Some(Ok(spectrum)) => spectrum,
    };
    words::why::sentences(&spectrum.findings(layer))
}
