//! Grouped bars: the chapter's gradient-flow figure.

use crate::engine::{LayerRecord, Scaled, ZeroCause};
use crate::study::Draw;

use super::chart::{Mark, MarkShape};
use super::number::{full, readable, scientific, tick};
use super::stored_norms::{Limit, StoredNorms};
use super::words::zero::{lost_sign, why_zero};

/// Bars by layer, grouped by variant.
#[derive(Clone, Debug, PartialEq)]
pub struct Bars {
    /// The panel's heading.
    pub heading: String,
    /// What runs along the bottom.
    pub x_label: String,
    /// What the heights mean.
    pub y_label: String,
    /// How heights are scaled.
    pub scale: Scale,
    /// Where bars stand.
    pub floor: f64,
    /// The upper end of the axis.
    pub top: f64,
    /// One series a variant, each with a point for every layer.
    pub series: Vec<Series>,
    /// Lines over the bars, in the axis' own numbers.
    pub overlays: Vec<Mark>,
    /// The ends of floating-point formats, as lines through the bars.
    pub limits: Vec<Limit>,
    /// What formats keep of the norms, as marks on the bars.
    pub kept: Vec<StoredNorms>,
}

/// How a bar's height follows from the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// height = log10 of the number.
    Log10,
    /// height = number × 10^−power.
    Linear {
        /// The shared power of ten, so that heights stay numbers at all.
        power: i64,
    },
}

/// One variant's bars.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The variant's name.
    pub name: String,
    /// The variant's index, for its colour.
    pub variant: usize,
    /// One for each layer.
    pub points: Vec<Point>,
}

/// One bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The layer, from 1.
    pub layer: usize,
    /// Where the bar ends on the axis; `None` for a zero, true or not, and for no number.
    pub height: Option<f64>,
    /// log10 of the number; `None` for a true zero.
    pub log10: Option<f64>,
    /// The number itself.
    pub norm: Scaled,
    /// Why it is zero, where it is.
    pub zero: Option<ZeroCause>,
}

/// A point's words are made when they are asked for: a deep network has thousands of points, and
/// one of them is under the pointer.
impl Point {
    /// The number with the chapter's seven digits and a power of ten.
    pub fn exact(&self) -> String {
        self.lost().unwrap_or_else(|| scientific(self.norm, 6))
    }

    /// The number with all its digits, for tables.
    pub(super) fn full(&self) -> String {
        self.lost().unwrap_or_else(|| full(self.norm))
    }

    /// The number with seven digits, to be read beside the axis.
    pub fn told(&self) -> String {
        self.lost().unwrap_or_else(|| readable(self.norm, 7))
    }

    /// The number in two digits, to stand on the bar.
    pub fn short(&self) -> String {
        readable(self.norm, 2)
    }

    fn lost(&self) -> Option<String> {
        self.zero.and_then(lost_sign).map(|(_, words)| words.to_owned())
    }

    /// The sign that stands in place of the bar, where there is none.
    pub fn sign(&self) -> Option<&'static str> {
        let sign = || self.zero.and_then(lost_sign).map_or("0", |(sign, _)| sign);
        self.height.is_none().then(sign)
    }

    /// Why it is zero, or nothing.
    pub fn why(&self) -> String {
        self.zero.map(why_zero).unwrap_or_default()
    }
}

impl Bars {
    /// ‖δ^(l)‖ of every layer and variant.
    pub fn norms(draw: &Draw, linear: bool) -> Self {
        let scale = if linear { linear_scale(draw) } else { Scale::Log10 };
        let series: Vec<Series> = draw
            .experiment
            .shown(&draw.variants)
            .map(|(variant, result)| Series {
                name: result.name.clone(),
                variant,
                points: result.layers.iter().map(|layer| point(layer, scale)).collect(),
            })
            .collect();
        let (floor, top) = range(&series, scale);
        let y_label = match scale {
            Scale::Linear { power } if power != 0 => format!("‖δ⁽ˡ⁾‖ / {}", tick(power as f64)),
            _ => "‖δ⁽ˡ⁾‖".to_owned(),
        };
        Self {
            heading: "Norm of the error signal ‖δ⁽ˡ⁾‖ by layer".to_owned(),
            x_label: "layer l  (1 is next to the input)".to_owned(),
            y_label,
            scale,
            floor,
            top,
            series,
            overlays: Vec::new(),
            limits: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// Draws lines over the bars, given as log10 by layer; the axis makes room.
    #[must_use]
    pub fn with_overlays(mut self, lines: Vec<Mark>) -> Self {
        self.overlays = lines.into_iter().map(|line| on_scale(line, self.scale)).collect();
        let heights = self.overlays.iter().flat_map(Mark::readings).map(|[_, height]| height);
        for height in heights.filter(|height| height.is_finite()) {
            if self.scale == Scale::Log10 {
                self.floor = self.floor.min(height.floor());
                self.top = self.top.max(height + 0.05 * (height - self.floor).abs());
            } else {
                self.top = self.top.max(1.08 * height);
            }
        }
        self
    }

    /// Number of layers.
    pub fn layers(&self) -> usize {
        self.series.first().map_or(0, |series| series.points.len())
    }

    /// Whether any bar is a true zero.
    pub fn has_zero(&self) -> bool {
        self.has_sign("0")
    }

    /// The signs that stand in place of bars, with what they mean.
    pub fn signs(&self) -> impl Iterator<Item = (&'static str, &'static str)> + '_ {
        let all = [("0", "true zero"), ("≈0", "underflow"), ("∞", "overflow")];
        all.into_iter().filter(|(sign, _)| self.has_sign(sign))
    }

    fn has_sign(&self, sign: &str) -> bool {
        let mut points = self.series.iter().flat_map(|series| &series.points);
        points.any(|point| point.sign() == Some(sign))
    }
}

fn point(layer: &LayerRecord, scale: Scale) -> Point {
    norm_point(layer.layer, layer.delta, layer.zero, scale)
}

/// The bar of one layer's norm.
pub(super) fn norm_point(
    layer: usize,
    norm: Scaled,
    zero: Option<ZeroCause>,
    scale: Scale,
) -> Point {
    let log10 = norm.log10();
    let height = log10.map(|log10| match scale {
        Scale::Log10 => log10,
        Scale::Linear { power } => shifted(norm, power),
    });
    Point { layer, height, log10, norm, zero }
}

/// The number × 10^−power, where the power brings the largest near 1.
fn shifted(number: Scaled, power: i64) -> f64 {
    number.log10().map_or(0.0, |log10| libm::pow(10.0, log10 - power as f64))
}

/// No power of ten while plain numbers read well, else that of the largest norm.
fn linear_scale(draw: &Draw) -> Scale {
    let shown = draw.experiment.shown(&draw.variants);
    let norms = shown.flat_map(|(_, v)| &v.layers).filter_map(|l| l.delta.log10());
    let largest = norms.fold(f64::NEG_INFINITY, f64::max);
    let power = if largest.is_finite() && !(-2.0..4.0).contains(&largest) {
        largest.floor() as i64
    } else {
        0
    };
    Scale::Linear { power }
}

/// Whole decades around all bars on a logarithmic axis, from 0 on a linear one.
fn range(series: &[Series], scale: Scale) -> (f64, f64) {
    let heights = series.iter().flat_map(|s| s.points.iter().filter_map(|p| p.height));
    match scale {
        Scale::Log10 => log10_range(heights),
        Scale::Linear { .. } => match heights.fold(f64::NEG_INFINITY, f64::max) {
            top if top.is_finite() => (0.0, top * 1.08),
            _ => (0.0, 1.0),
        },
    }
}

/// Whole decades around bars on a logarithmic axis.
pub(super) fn log10_range(heights: impl Iterator<Item = f64>) -> (f64, f64) {
    let (bottom, top) = heights.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), height| {
        (low.min(height), high.max(height))
    });
    if !top.is_finite() {
        return (0.0, 1.0);
    }
    let below = (0.15 * (top - bottom)).clamp(0.15, 1.0).max(0.02 * (top - bottom));
    let floor = (bottom - below).floor();
    (floor, top + (0.1 * (top - floor)).clamp(0.05, 1.0).max(0.03 * (top - floor)))
}

/// A line of logarithms on the bars' axis.
fn on_scale(mut line: Mark, scale: Scale) -> Mark {
    if let (Scale::Linear { power }, MarkShape::Line(points) | MarkShape::Dashed(points)) =
        (scale, &mut line.shape)
    {
        for point in points {
            point[1] = libm::pow(10.0, point[1] - power as f64);
        }
    }
    line
}
