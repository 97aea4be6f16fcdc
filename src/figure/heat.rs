//! Heatmaps on a logarithmic colour scale.

use std::sync::Arc;

use crate::engine::{Format, LayerRecord, Scaled};
use crate::study::{Draw, PrecisionReport, Spread};

use super::chart::Mark;
use super::colour::{ColourMap, Rgb};
use super::format_rows;
use super::number::{percent, readable_of_log10, scientific_of_log10};
use super::value_rows::{row_name, zero_rows};
use super::words::zero::why_zero;

/// One cell of a heatmap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell {
    /// There is nothing: a layer with fewer units.
    Absent,
    /// A true zero, which has no logarithm and its own mark.
    Zero,
    /// log10 of the number.
    Log10(f64),
    /// A share, from 0 to 1.
    Share(f64),
    /// No true zero: the format in which the pass is emulated does not keep the number.
    Lost,
}

/// A heatmap with one column for each layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Heat {
    /// The panel's heading.
    pub heading: String,
    /// What runs along the bottom.
    pub x_label: String,
    /// What the rows are.
    pub rows: Rows,
    /// Number of columns; column c is layer c + 1.
    pub columns: usize,
    /// Row by row from the bottom, `columns` cells each.
    pub cells: Vec<Cell>,
    /// What a cell's number is, for tooltips: `‖δ⁽ˡ⁾‖`.
    pub quantity: String,
    /// How numbers become colours.
    pub scale: ColourScale,
    /// For each row, why its zeros are zero.
    pub why: Vec<String>,
    /// The format in which cells are lost, where the pass is emulated in one.
    pub lost_in: Option<String>,
    /// Lines over the cells: x is the layer, y the row counted from 1.
    pub marks: Vec<Mark>,
}

/// The rows of a heatmap, from the bottom.
#[derive(Clone, Debug, PartialEq)]
pub enum Rows {
    /// Each row has a name: variants.
    Named(Vec<String>),
    /// Rows are numbered from 1: units.
    Numbered {
        /// The axis' label.
        label: String,
        /// How many.
        count: usize,
    },
    /// Each row is a step of a training, the first at the bottom.
    Steps(Vec<usize>),
    /// Rows are bins of values, below them exact zeros and a gap where there are zeros.
    Values {
        /// The axis' label.
        label: String,
        /// The bins and what they count.
        spread: Arc<Spread>,
    },
    /// Each row is a floating-point format, the widest on top.
    Formats {
        /// What the formats make of every variant.
        report: Arc<PrecisionReport>,
        /// Which variant, from 0.
        variant: usize,
    },
}

impl Rows {
    /// Number of rows.
    pub fn count(&self) -> usize {
        match self {
            Self::Named(names) => names.len(),
            Self::Numbered { count, .. } => *count,
            Self::Steps(steps) => steps.len(),
            Self::Values { spread, .. } => zero_rows(spread) + spread.bins.count,
            Self::Formats { .. } => Format::ALL.len(),
        }
    }

    /// A row's name for tooltips and tables.
    pub fn name(&self, row: usize) -> String {
        match self {
            Self::Named(names) => names.get(row).cloned().unwrap_or_default(),
            Self::Numbered { .. } => format!("unit {}", row + 1),
            Self::Steps(steps) => {
                steps.get(row).map_or(String::new(), |step| format!("step {step}"))
            }
            Self::Values { spread, .. } => row_name(spread, row),
            Self::Formats { .. } => format_rows::row_name(row),
        }
    }
}

/// A shared logarithmic colour scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColourScale {
    /// log10 at the lower end.
    pub min: f64,
    /// log10 at the upper end.
    pub max: f64,
    /// The colours.
    pub map: ColourMap,
}

/// Columns of units that are laid out row by row together.
const COLUMNS_AT_ONCE: usize = 16;
/// The least that a colour scale spans, in decades.
const LEAST_SPAN: f64 = 2.0;

impl ColourScale {
    /// The scale that spans all numbers and, about their middle, two decades at least: a net whose
    /// norms hardly differ looks calm.
    pub(super) fn spanning(cells: &[Cell]) -> Self {
        let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
        for log10 in cells.iter().filter_map(|cell| cell.log10()) {
            min = if log10 < min { log10 } else { min };
            max = if log10 > max { log10 } else { max };
        }
        if !min.is_finite() {
            (min, max) = (-LEAST_SPAN, 0.0);
        }
        let more = (0.5 * (LEAST_SPAN - (max - min))).max(0.0);
        Self { min: min - more, max: max + more, map: ColourMap::default() }
    }

    /// The colour of log10 of a number.
    pub fn colour(&self, log10: f64) -> Rgb {
        self.map.at((log10 - self.min) / (self.max - self.min))
    }
}

impl Cell {
    pub(super) fn of(number: Scaled) -> Self {
        Self::of_log10(number.log10())
    }

    /// Of log10 of a number, `None` for a zero.
    fn of_log10(log10: Option<f64>) -> Self {
        log10.map_or(Self::Zero, Self::Log10)
    }

    /// ‖δ^(l)‖ of a record.
    fn of_layer(layer: &LayerRecord) -> Self {
        match layer.zero {
            Some(cause) if !cause.is_true_zero() => Self::Lost,
            _ => Self::of(layer.delta),
        }
    }

    /// log10, where there is one.
    pub fn log10(self) -> Option<f64> {
        match self {
            Self::Log10(log10) => Some(log10),
            Self::Absent | Self::Zero | Self::Share(_) | Self::Lost => None,
        }
    }

    /// The number in seven digits with a power of ten, `0` for a true zero, nothing for an absent
    /// one, a share in whole per cent.
    pub fn exact(self) -> String {
        self.words(|log10| scientific_of_log10(log10, 6))
    }

    /// The number with so many digits, to be read beside the colour bar.
    pub fn told(self, digits: usize) -> String {
        self.words(|log10| readable_of_log10(log10, digits))
    }

    fn words(self, number: impl Fn(f64) -> String) -> String {
        match self {
            Self::Absent => String::new(),
            Self::Zero => "0".to_owned(),
            Self::Log10(log10) => number(log10),
            Self::Share(share) => percent(share, 0),
            Self::Lost => "lost".to_owned(),
        }
    }
}

impl Heat {
    /// Whether it is rows of strips with names, which keep their height.
    pub fn is_strip(&self) -> bool {
        matches!(self.rows, Rows::Named(_) | Rows::Formats { .. })
    }

    /// One strip of log10 ‖δ^(l)‖ for each variant, the first on top.
    pub fn strips(draw: &Draw) -> Self {
        let from_bottom = || draw.experiment.shown(&draw.variants).rev().map(|(_, v)| v);
        let cells: Vec<Cell> =
            from_bottom().flat_map(|v| v.layers.iter().map(Cell::of_layer)).collect();
        let why = from_bottom().map(|v| {
            v.layers.iter().find_map(|layer| layer.zero).map(why_zero).unwrap_or_default()
        });
        Self {
            heading: "The same norms as strips on one colour scale".to_owned(),
            x_label: "layer l".to_owned(),
            rows: Rows::Named(from_bottom().map(|v| v.name.clone()).collect()),
            columns: draw.experiment.layers(),
            scale: ColourScale::spanning(&cells),
            cells,
            quantity: "‖δ⁽ˡ⁾‖".to_owned(),
            why: why.collect(),
            lost_in: lost_in(draw),
            marks: Vec::new(),
        }
    }

    /// Layer × unit: log10 |δ_j^(l)| of one variant; an index past the last means the last.
    pub fn units(draw: &Draw, variant: usize) -> Self {
        let variant = draw.experiment.shown_variant(variant);
        let result = &draw.variants[variant];
        let columns = result.profile.len();
        let rows = result.profile.iter().map(Vec::len).max().unwrap_or(0);
        let cell = |row: usize, column: usize| {
            let lost = result.lost.get(column).and_then(|lost| lost.get(row));
            match result.profile[column].get(row) {
                Some(_) if lost == Some(&true) => Cell::Lost,
                delta => delta.map_or(Cell::Absent, |&log10| Cell::of_log10(log10)),
            }
        };
        let mut cells = vec![Cell::Absent; rows * columns];
        // Some columns at a time, whose units lie in the cache when the next row asks for them.
        for first in (0..columns).step_by(COLUMNS_AT_ONCE) {
            for row in 0..rows {
                for column in first..columns.min(first + COLUMNS_AT_ONCE) {
                    cells[row * columns + column] = cell(row, column);
                }
            }
        }
        let true_zero = |l: &LayerRecord| l.zero.filter(|cause| cause.is_true_zero());
        let why = result.layers.iter().find_map(true_zero).map(why_zero);
        let why = why.unwrap_or_else(|| "true zero: this unit's slope is 0 (z ≤ 0)".to_owned());
        Self {
            heading: format!("Error signal |δⱼ⁽ˡ⁾| of every unit: {}", result.name),
            x_label: "layer l".to_owned(),
            rows: Rows::Numbered { label: "unit j".to_owned(), count: rows },
            columns,
            scale: ColourScale::spanning(&cells),
            cells,
            quantity: "|δⱼ⁽ˡ⁾|".to_owned(),
            why: vec![why; rows],
            lost_in: lost_in(draw),
            marks: Vec::new(),
        }
    }

    /// One cell; absent outside.
    pub fn cell(&self, row: usize, column: usize) -> Cell {
        if column < self.columns {
            self.cells.get(row * self.columns + column).copied().unwrap_or(Cell::Absent)
        } else {
            Cell::Absent
        }
    }

    /// Whether any cell is a true zero.
    pub fn has_zero(&self) -> bool {
        self.cells.contains(&Cell::Zero)
    }

    /// Whether any cell is a number that a format does not keep.
    pub fn has_lost(&self) -> bool {
        self.cells.contains(&Cell::Lost)
    }

    /// What `paint` makes of the cells, row by row from the top, at most `most` a side: each block of
    /// cells becomes the largest of them, so that no peak is lost. A block is zero where all of it is.
    pub fn painted<P>(&self, most: usize, paint: impl Fn(Cell) -> P) -> Painted<P> {
        let (rows, columns) = (self.rows.count(), self.columns);
        let (height, width) = (rows.min(most), columns.min(most));
        let targets: Vec<usize> = (0..columns).map(|column| column * width / columns).collect();
        let mut pixels = Vec::with_capacity(width * height);
        let mut line = vec![Cell::Absent; width];
        for target in (0..height).rev() {
            line.fill(Cell::Absent);
            let first = |target: usize| (target * rows).div_ceil(height);
            for row in first(target)..first(target + 1) {
                let own = &self.cells[row * columns..][..columns];
                for (&target, &cell) in targets.iter().zip(own) {
                    line[target] = larger(line[target], cell);
                }
            }
            pixels.extend(line.iter().map(|&cell| paint(cell)));
        }
        Painted { width, height, pixels }
    }
}

fn lost_in(draw: &Draw) -> Option<String> {
    let precision = draw.experiment.architecture.precision;
    Format::emulated(precision).map(|format| format.label().to_owned())
}

/// A heatmap's cells brought down to the size of a texture.
#[derive(Clone, Debug, PartialEq)]
pub struct Painted<P> {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Row by row from the top.
    pub pixels: Vec<P>,
}

fn larger(a: Cell, b: Cell) -> Cell {
    match (a, b) {
        (Cell::Log10(x), Cell::Log10(y)) => Cell::Log10(x.max(y)),
        (Cell::Share(x), Cell::Share(y)) => Cell::Share(x.max(y)),
        (Cell::Log10(_) | Cell::Share(_), _)
        | (Cell::Lost, Cell::Zero)
        | (Cell::Zero | Cell::Lost, Cell::Absent) => a,
        _ => b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Experiment, Preset};
    use crate::study::{DrawStudy, TaskContext};

    #[test]
    fn reducing_keeps_every_peak_and_marks_zeros() {
        let draw = DrawStudy::new()
            .run(&Experiment::default(), &TaskContext::unattended())
            .expect("nobody stops it");
        let mut heat = Heat::units(&draw, 0);
        let reduced = heat.painted(4, |cell| cell);
        assert_eq!((reduced.width, reduced.height), (4, 4));
        let top = |cells: &[Cell]| {
            cells.iter().filter_map(|c| c.log10()).fold(f64::NEG_INFINITY, f64::max)
        };
        assert_eq!(top(&reduced.pixels), top(&heat.cells));
        heat.cells.fill(Cell::Zero);
        assert!(heat.painted(4, |cell| cell == Cell::Zero).pixels.iter().all(|&is_zero| is_zero));
    }

    #[test]
    fn the_dead_relu_is_zero_and_the_sigmoid_is_not() {
        let draw = DrawStudy::new()
            .run(&Experiment::default(), &TaskContext::unattended())
            .expect("nobody stops it");
        let strips = Heat::strips(&draw);
        assert_eq!(strips.rows, Rows::Named(vec!["ReLU".to_owned(), "Sigmoid".to_owned()]));
        assert!((0..6).all(|layer| strips.cell(0, layer) == Cell::Zero));
        assert_eq!(strips.cell(1, 0).exact(), "7.002996e-05");
        assert!(strips.why[0].contains("dead"));
    }

    #[test]
    fn a_colour_scale_spans_two_decades_at_least() {
        let scale = |numbers: &[f64]| {
            let cells: Vec<Cell> = numbers.iter().map(|log10| Cell::Log10(*log10)).collect();
            let ColourScale { min, max, .. } = ColourScale::spanning(&cells);
            (min, max)
        };
        assert_eq!(scale(&[-0.25, 0.25]), (-1.0, 1.0));
        assert_eq!(scale(&[-600.0]), (-601.0, -599.0));
        assert_eq!(scale(&[-4.5, -1.0]), (-4.5, -1.0));
        assert_eq!(scale(&[]), (-2.0, 0.0));
    }

    #[test]
    fn a_healthy_net_looks_calm() {
        let mut experiment = Preset::find("orthogonal").expect("a preset").experiment();
        experiment.variants.truncate(1);
        let draw =
            DrawStudy::new().run(&experiment, &TaskContext::unattended()).expect("nobody stops it");
        let strips = Heat::strips(&draw);
        let colours =
            strips.cells.iter().filter_map(|cell| Some(strips.scale.colour(cell.log10()?)));
        let green: Vec<u8> = colours.map(|[_, green, _]| green).collect();
        let apart = green.iter().max().expect("cells") - green.iter().min().expect("cells");
        assert!(apart < 30, "{apart} of 255");
    }
}
