//! The precision report: the bars of ‖δ^(l)‖ between the ends of the formats, with the norms
//! that fp16 and bf16 really keep, and strips of the shares that each format flushes to zero.

use std::sync::Arc;

use crate::engine::{Format, Scaled};
use crate::study::{BackwardTensor, LayerPrecision, PrecisionReport, VariantPrecision};

use super::bars::{log10_range, norm_point};
use super::colour::ColourMap;
use super::format_rows::rows;
use super::number::{full, scientific};
use super::stored_norms::{Limit, StoredNorm, StoredNorms};
use super::table::{of_layer, row};
use super::words::precision::variant_words;
use super::{Bars, Cell, ColourScale, Figure, FigureId, Heat, Note, Panel, Rows, Scale, Series};

/// The formats whose norms are marks, and whose sentences stand above the bars.
const MARKED: [Format; 2] = [Format::Fp16, Format::Bf16];
/// An end of a format out of sight is brought in where the axis grows by this share at most.
const MOST_GROWTH: f64 = 0.25;

impl Figure {
    /// Bars of every variant's exact norms between the ends of the formats, with the norms of
    /// passes really computed in fp16 and bf16: plain ones, or with the advised loss scale
    /// where there is one.
    pub fn precision(report: &PrecisionReport, with_scale: bool) -> Self {
        let panels = vec![Panel::Bars(bars(report, with_scale))];
        let mut figure = Self::new(FigureId::Precision, &report.experiment, panels);
        let note = |(variant, report): (usize, &VariantPrecision)| Note {
            variant,
            name: report.name.clone(),
            text: variant_words(report, &MARKED),
        };
        figure.notes = report.experiment.shown(&report.variants).map(note).collect();
        figure.caption.push(
            "Lines: a format’s largest and smallest number, for each |δⱼ| alone; a layer’s norm lies up to √n above its largest |δⱼ|. \
             Marks: the norm of what a pass computed in the format stores (every result rounded, products summed in fp32). \
             Sentences: δ, ∂W and ∂b of the mean loss, which is what training sees; kept means that less than 1 % is flushed."
                .to_owned(),
        );
        figure
    }

    /// One strip a format: the share of a variant's δ, ∂W or ∂b of the mean loss that it flushes
    /// to zero without a loss scale, by layer. A variant past the last means the last.
    pub fn flush(report: &Arc<PrecisionReport>, variant: usize) -> Self {
        let variant = report.experiment.shown_variant(variant);
        let panels = vec![Panel::Heat(strips(report, variant))];
        let mut figure = Self::new(FigureId::Flush, &report.experiment, panels);
        let chosen = &report.variants[variant];
        let note = |format: Format| Note {
            variant,
            name: format.label().to_owned(),
            text: variant_words(chosen, &[format]),
        };
        let all = Format::ALL.into_iter().filter(|format| *format != Format::Fp64);
        figure.notes = all.map(note).collect();
        figure
    }
}

fn bars(report: &PrecisionReport, with_scale: bool) -> Bars {
    let series = |(variant, report): (usize, &VariantPrecision)| Series {
        name: report.name.clone(),
        variant,
        points: (report.layers.iter().enumerate())
            .map(|(index, layer)| norm_point(index + 1, layer.norm, layer.zero, Scale::Log10))
            .collect(),
    };
    let series: Vec<Series> = report.experiment.shown(&report.variants).map(series).collect();
    let kept = kept(report, with_scale);
    let norms = kept.iter().flat_map(|kept| &kept.norms).filter_map(|norm| norm.log10());
    let heights = series.iter().flat_map(|s| s.points.iter().filter_map(|p| p.height));
    let (floor, top, limits) = between_limits(log10_range(heights.chain(norms)));
    let scaled = if with_scale { ", with the loss scale" } else { "" };
    Bars {
        heading: format!("Norm ‖δ⁽ˡ⁾‖ by layer, and what fp16 and bf16 keep of it{scaled}"),
        x_label: "layer l  (1 is next to the input)".to_owned(),
        y_label: "‖δ⁽ˡ⁾‖".to_owned(),
        scale: Scale::Log10,
        floor,
        top,
        series,
        overlays: Vec::new(),
        limits,
        kept,
    }
}

fn kept(report: &PrecisionReport, with_scale: bool) -> Vec<StoredNorms> {
    let kept = |variant: usize, report: &VariantPrecision, format: Format| {
        let emulation = report.emulation(format)?;
        let scaled = emulation.scaled.as_ref().filter(|_| with_scale);
        let stored = scaled.unwrap_or(&emulation.plain);
        let pairs = stored.iter().zip(&report.layers);
        Some(StoredNorms {
            format: format.label(),
            variant,
            name: report.name.clone(),
            norms: pairs.map(|(stored, exact)| StoredNorm::of(&stored.delta, exact)).collect(),
        })
    };
    let variants = report.experiment.shown(&report.variants);
    variants
        .flat_map(|(variant, report)| MARKED.map(|format| kept(variant, report, format)))
        .flatten()
        .collect()
}

/// The axis, and every end of every format: fp16's are always in sight, others where they
/// are near.
fn between_limits((mut floor, mut top): (f64, f64)) -> (f64, f64, Vec<Limit>) {
    let ends = |format: Format| {
        let [largest, smallest, normal] =
            [format.largest(), format.smallest_subnormal(), format.smallest_normal()];
        let digits = |number: f64| scientific(number.into(), 3);
        let limit = |word: &str, number: f64, more: String| Limit {
            name: format!("{} {word}", format.label().trim_start_matches("fp8 ")),
            number,
            log10: number.log10(),
            in_sight: format == Format::Fp16,
            hint: format!("The {word} number of {}, {}{more}", format.label(), digits(number)),
        };
        [
            limit("largest", largest, ".".to_owned()),
            limit(
                "smallest",
                smallest,
                format!("; only from {} on has it all its digits.", digits(normal)),
            ),
        ]
    };
    let mut limits: Vec<Limit> = Format::ALL.into_iter().flat_map(ends).collect();
    // A line on the very edge would not be seen.
    let reach = |log10: f64, floor: &mut f64, top: &mut f64| {
        let air = 0.03 * (*top - *floor);
        *floor = floor.min((log10 - air).floor());
        *top = top.max(log10 + air);
    };
    for limit in limits.iter().filter(|limit| limit.in_sight) {
        reach(limit.log10, &mut floor, &mut top);
    }
    // The nearest first: each end that comes into sight makes room for the next.
    loop {
        let growth = |limit: &Limit| (floor - limit.log10).max(limit.log10 - top).max(0.0);
        let hidden = limits.iter_mut().filter(|limit| !limit.in_sight);
        let nearest = hidden.min_by(|a, b| growth(a).total_cmp(&growth(b)));
        let Some(nearest) = nearest.filter(|l| growth(l) <= MOST_GROWTH * (top - floor)) else {
            return (floor, top, limits);
        };
        nearest.in_sight = true;
        reach(nearest.log10, &mut floor, &mut top);
    }
}

fn strips(report: &Arc<PrecisionReport>, variant: usize) -> Heat {
    let chosen = &report.variants[variant];
    let layers = || chosen.layers.iter();
    let cells =
        rows().flat_map(|(format, _)| layers().map(move |layer| flushed_cell(layer, format)));
    let why =
        layers().find_map(|layer| layer.zero).map(super::words::zero::why_zero).unwrap_or_default();
    Heat {
        heading: format!("Share of the layer’s δ, ∂W or ∂b flushed to 0: {}", chosen.name),
        x_label: "layer l".to_owned(),
        columns: chosen.layers.len(),
        cells: cells.collect(),
        rows: Rows::Formats { report: report.clone(), variant },
        quantity: "flushed to 0".to_owned(),
        scale: ColourScale { min: 0.0, max: 1.0, map: ColourMap::default() },
        why: vec![why; Format::ALL.len()],
        lost_in: None,
        marks: Vec::new(),
    }
}

/// The largest share of the three derivatives.
fn flushed_cell(layer: &LayerPrecision, format: usize) -> Cell {
    let shares = BackwardTensor::ALL.map(|of| layer.flushed(of, Format::ALL[format]));
    let shares = shares.into_iter().filter(|share| share.of > 0);
    shares.map(|share| share.ratio()).reduce(f64::max).map_or(Cell::Zero, Cell::Share)
}

/// The formats' ends, and the norms that formats keep.
pub(super) fn bars_rows(bars: &Bars) -> Vec<Vec<String>> {
    let limit = |limit: &Limit| {
        let value = full(Scaled::from(limit.number));
        row(limit.name.clone(), String::new(), ["", ""], value, Some(limit.log10))
    };
    let mut table: Vec<Vec<String>> = bars.limits.iter().map(limit).collect();
    for kept in &bars.kept {
        for (index, norm) in kept.norms.iter().enumerate() {
            let quantity = format!("‖δ⁽ˡ⁾‖ in {}", kept.format);
            let name = kept.name.clone();
            table.push(of_layer(quantity, name, index + 1, norm.exact(), norm.log10()));
        }
    }
    table
}
