//! Lines, points, bands and histograms over two axes.

/// The quantity that most charts show.
pub(super) const NORM: &str = "‖δ⁽ˡ⁾‖";

/// Which colour a mark has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// A variant's colour.
    Variant(usize),
    /// One of the palette's colours, where marks are no variants.
    Palette(usize),
    /// The text's own colour, for theory and references.
    Text,
    /// Quiet: guides in the background.
    Weak,
}

/// One axis of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Its words, with the unit.
    pub label: String,
    /// How the numbers on it are meant.
    pub scale: AxisScale,
    /// What it spans when nobody has zoomed.
    pub range: (f64, f64),
}

/// How the numbers on an axis are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AxisScale {
    /// As they are.
    Linear,
    /// They are log10 of what is labelled.
    Log10,
    /// Whole numbers from 1: layers.
    Layers,
}

/// A chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// The panel's heading.
    pub heading: String,
    /// Along the bottom.
    pub x: Axis,
    /// Upwards.
    pub y: Axis,
    /// From back to front.
    pub marks: Vec<Mark>,
}

/// One thing on a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Its name in the legend; empty for none. Of `whose · what` the legend shows each part once.
    pub name: String,
    /// Its colour.
    pub ink: Ink,
    /// What it is.
    pub shape: MarkShape,
}

/// What a mark is. Coordinates are in the axes' own numbers: log10 on a logarithmic one.
#[derive(Clone, Debug, PartialEq)]
pub enum MarkShape {
    /// A line through points.
    Line(Vec<[f64; 2]>),
    /// A dashed line through points.
    Dashed(Vec<[f64; 2]>),
    /// Points alone.
    Points(Vec<[f64; 2]>),
    /// A band: x, lower and upper end.
    Band(Vec<[f64; 3]>),
    /// The two edges of a band, dotted: x, lower and upper end.
    Edges(Vec<[f64; 3]>),
    /// A histogram: lower edge, upper edge, height.
    Columns(Vec<[f64; 3]>),
    /// A horizontal line through the whole chart.
    Level(f64),
    /// A vertical line through the whole chart.
    At(f64),
}

impl Mark {
    /// A mark of one variant; the legend shows the name once, and each kind of mark once.
    pub(super) fn of_variant(variant: usize, name: &str, kind: &str, shape: MarkShape) -> Self {
        Self::new(format!("{name} · {kind}"), Ink::Variant(variant), shape)
    }

    /// A named mark.
    pub fn new(name: impl Into<String>, ink: Ink, shape: MarkShape) -> Self {
        Self { name: name.into(), ink, shape }
    }

    /// Whose it is and what, where the name says both: `whose · what`.
    pub fn parts(&self) -> Option<(&str, &str)> {
        self.name.rsplit_once(" · ")
    }

    /// The points that a tooltip can be about: x, and y or the ends of a band.
    pub fn readings(&self) -> Vec<[f64; 2]> {
        match &self.shape {
            MarkShape::Line(p) | MarkShape::Dashed(p) | MarkShape::Points(p) => p.clone(),
            MarkShape::Band(b) | MarkShape::Edges(b) => {
                b.iter().flat_map(|&[x, lo, hi]| [[x, lo], [x, hi]]).collect()
            }
            MarkShape::Columns(c) => c.iter().map(|&[a, b, h]| [0.5 * (a + b), h]).collect(),
            MarkShape::Level(_) | MarkShape::At(_) => Vec::new(),
        }
    }
}

/// The share of a number, or of a decade, below which a span is rounding noise.
const NOISE: f64 = 1e-9;

impl Axis {
    /// An axis that spans the numbers with a little air; one wide around a single number.
    pub fn spanning(
        label: impl Into<String>,
        scale: AxisScale,
        numbers: impl IntoIterator<Item = f64>,
    ) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for number in numbers.into_iter().filter(|number| number.is_finite()) {
            low = low.min(number);
            high = high.max(number);
        }
        let range = match () {
            () if low > high => (0.0, 1.0),
            () if scale == AxisScale::Layers => (low - 0.6, high + 0.6),
            () => {
                // What differs by rounding alone is the same number.
                let size = low.abs().max(high.abs());
                let noise = NOISE * if scale == AxisScale::Log10 { size.max(1.0) } else { size };
                let air = if high - low > noise { 0.06 * (high - low) } else { 0.5 };
                (low - air, high + air)
            }
        };
        Self { label: label.into(), scale, range }
    }
}

impl Chart {
    /// A chart whose axes span its marks.
    pub fn spanning(
        heading: impl Into<String>,
        x: (&str, AxisScale),
        y: (&str, AxisScale),
        marks: Vec<Mark>,
    ) -> Self {
        let readings = || marks.iter().flat_map(Mark::readings);
        let edges = marks.iter().flat_map(|mark| match &mark.shape {
            MarkShape::Columns(c) => c.iter().flat_map(|&[a, b, _]| [a, b]).collect(),
            _ => Vec::new(),
        });
        let x = Axis::spanning(x.0, x.1, readings().map(|p| p[0]).chain(edges));
        let mut y = Axis::spanning(y.0, y.1, readings().map(|p| p[1]));
        if marks.iter().any(|mark| matches!(mark.shape, MarkShape::Columns(_))) {
            y.range = (0.0, y.range.1.max(1e-9));
        }
        Self { heading: heading.into(), x, y, marks }
    }

    /// Whether it counts: every number upwards is whole.
    pub fn counts(&self) -> bool {
        self.marks.iter().flat_map(Mark::readings).all(|point| point[1].fract() == 0.0)
    }
}
