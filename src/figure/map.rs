//! Maps over two settings.

use crate::study;
use crate::study::{Spacing, SweepMap};

use super::chart::AxisScale;
use super::colour::{ColourMap, Rgb};
use super::heat::ColourScale;
use super::number::{trimmed, with_minus};

/// One cell of a map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MapCell {
    /// Not measured yet.
    Pending,
    /// The median over the seeds is a true zero: no logarithm, and its own mark.
    Zero,
    /// The quantity.
    Value(f64),
}

/// A map: cells over two settings, a line of theory, a chosen cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// The panel's heading.
    pub heading: String,
    /// Along the bottom.
    pub x: MapAxis,
    /// Upwards.
    pub y: MapAxis,
    /// Row after row from the bottom; a cell that is not measured yet is pending.
    pub cells: Vec<MapCell>,
    /// The cells as they are painted: what coarser rounds have measured stands in the place of
    /// what is pending.
    pub shown: Vec<MapCell>,
    /// All that is known of each cell: a tooltip tells it of one, and of most cells nobody asks.
    pub measured: Vec<Option<study::Cell>>,
    /// How many seeds that is.
    pub seeds: u32,
    /// What the number is.
    pub quantity: study::Quantity,
    /// How numbers become colours.
    pub scale: ColourScale,
    /// A line over the map, in the axes' positions.
    pub line: Vec<[f64; 2]>,
    /// The line's name.
    pub line_name: String,
    /// A cell with a frame around it.
    pub chosen: Option<(usize, usize)>,
}

/// One side of a map. Cells are equally wide in positions: values, or their log10.
#[derive(Clone, Debug, PartialEq)]
pub struct MapAxis {
    /// Its words.
    pub label: String,
    /// Linear or Log10.
    pub scale: AxisScale,
    /// Each cell's value.
    pub values: Vec<f64>,
    /// The position of the first cell's middle.
    pub first: f64,
    /// The width of a cell.
    pub step: f64,
}

impl MapAxis {
    /// Of a sweep's axis.
    pub fn of(axis: &study::Axis) -> Self {
        let scale = match axis.spacing {
            Spacing::Linear => AxisScale::Linear,
            Spacing::Logarithmic => AxisScale::Log10,
        };
        let [first, last] = [axis.from, axis.to].map(|value| position(scale, value));
        let steps = axis.cells.saturating_sub(1);
        Self {
            label: axis.setting.label().to_owned(),
            scale,
            values: (0..axis.cells).map(|cell| axis.value(cell)).collect(),
            first,
            step: if steps > 0 { (last - first) / steps as f64 } else { 1.0 },
        }
    }

    /// Where a value stands.
    pub fn position(&self, value: f64) -> f64 {
        position(self.scale, value)
    }

    /// The outer edges of the first and the last cell.
    pub fn edges(&self) -> (f64, f64) {
        let from = self.first - 0.5 * self.step;
        (from, from + self.values.len() as f64 * self.step)
    }

    /// The cell at a position.
    pub fn cell_at(&self, position: f64) -> Option<usize> {
        let cell = ((position - self.edges().0) / self.step).floor();
        (cell >= 0.0 && cell < self.values.len() as f64).then_some(cell as usize)
    }

    /// `σ_w = 1.25`.
    pub fn name(&self, cell: usize) -> String {
        let value = self.values.get(cell).copied().unwrap_or(f64::NAN);
        format!("{} = {}", self.label, trimmed(value))
    }

    fn contains(&self, position: f64) -> bool {
        let (from, to) = self.edges();
        (from..=to).contains(&position)
    }
}

fn position(scale: AxisScale, value: f64) -> f64 {
    if scale == AxisScale::Log10 { libm::log10(value) } else { value }
}

impl Map {
    /// A sweep over two settings; nothing for one.
    pub(super) fn of(result: &study::SweepResult, chosen: Option<(usize, usize)>) -> Option<Self> {
        let (sweep, map) = (&result.sweep, &result.map);
        let (x, y) = (MapAxis::of(&sweep.x), MapAxis::of(sweep.y.as_ref()?));
        let places = || (0..map.height).flat_map(|y| (0..map.width).map(move |x| (x, y)));
        let line = result.critical.iter().map(|&[a, b]| [x.position(a), y.position(b)]);
        let line = line.filter(|&[a, b]| x.contains(a) && y.contains(b)).collect();
        Some(Self {
            heading: heading(result),
            line,
            line_name: line_name(sweep.quantity).to_owned(),
            cells: places().map(|(x, y)| MapCell::of(map.cell(x, y))).collect(),
            shown: places().map(|(x, y)| MapCell::of(map.nearest(x, y))).collect(),
            measured: map.cells.clone(),
            seeds: sweep.seeds,
            quantity: sweep.quantity,
            scale: scale(sweep.quantity, map),
            chosen,
            x,
            y,
        })
    }

    /// A cell as the picture shows it, possibly a coarser one's.
    pub fn shown(&self, x: usize, y: usize) -> MapCell {
        self.shown.get(y * self.x.values.len() + x).copied().unwrap_or(MapCell::Pending)
    }

    /// A cell.
    pub fn cell(&self, x: usize, y: usize) -> MapCell {
        self.cells.get(y * self.x.values.len() + x).copied().unwrap_or(MapCell::Pending)
    }

    /// What there is to say of a cell, beside its settings.
    pub fn story(&self, x: usize, y: usize) -> String {
        let measured = self.measured.get(y * self.x.values.len() + x).copied().flatten();
        let Some(cell) = measured else { return "Not measured yet.".to_owned() };
        let (seeds, quantity) = (self.seeds, self.quantity.label());
        let end =
            |end: Option<f64>| end.map_or("a true zero".to_owned(), |end| format!("{end:.6}"));
        let spread = cell.quartiles.map(|[low, high]| {
            format!("\nquartiles of {seeds} seeds: {} to {}", end(low), end(high))
        });
        let spread = spread.unwrap_or_default();
        if let (study::Quantity::Learned, Some(value)) = (self.quantity, cell.value) {
            return with_minus(&format!("{quantity}: {value:.4}{spread}"));
        }
        let share = trimmed(100.0 * cell.zero_share);
        let words = match cell.value {
            None if cell.zero_share == 1.0 => {
                format!("δ⁽¹⁾ is a true zero for all {seeds} seeds.")
            }
            None => format!(
                "{quantity}: the median is a true zero, as δ⁽¹⁾ is for {share} % of the seeds{spread}"
            ),
            Some(value) if cell.zero_share > 0.0 => format!(
                "{quantity}: {value:.6}{spread}\nδ⁽¹⁾ is a true zero for {share} % of the seeds"
            ),
            Some(value) => format!("{quantity}: {value:.6}{spread}"),
        };
        with_minus(&words)
    }

    /// Whether any cell is a true zero.
    pub fn has_zero(&self) -> bool {
        self.shown.contains(&MapCell::Zero)
    }

    /// A value's colour.
    pub fn colour(&self, value: f64) -> Rgb {
        self.scale.colour(value)
    }
}

impl MapCell {
    fn of(cell: Option<study::Cell>) -> Self {
        match cell {
            None => Self::Pending,
            Some(cell) => cell.value.map_or(Self::Zero, Self::Value),
        }
    }

    /// The number, where there is one.
    pub fn value(self) -> Option<f64> {
        match self {
            Self::Value(value) => Some(value),
            Self::Pending | Self::Zero => None,
        }
    }
}

/// What theory's line is, of a map of that quantity.
pub(super) fn line_name(quantity: study::Quantity) -> &'static str {
    if quantity == study::Quantity::Learned { "6 ξ" } else { "χ = 1" }
}

/// Shares from 0 to 1; decades as far above 0, the healthy value, as below.
fn scale(quantity: study::Quantity, map: &SweepMap) -> ColourScale {
    if quantity.is_share() {
        return ColourScale { min: 0.0, max: 1.0, map: ColourMap::Viridis };
    }
    let values = map.cells.iter().flatten().filter_map(|cell| cell.value);
    let far = values.fold(0.0, |far: f64, value| far.max(value.abs()));
    let far = if far > 0.0 { far } else { 1.0 };
    ColourScale { min: -far, max: far, map: ColourMap::PurpleOrange }
}

/// The heading of a map or a curve.
pub(super) fn heading(result: &study::SweepResult) -> String {
    let sweep = &result.sweep;
    let name = sweep.experiment.variants.get(sweep.variant).map_or("", |v| v.name.as_str());
    let x = sweep.x.setting.label();
    let over = sweep.y.map_or_else(|| x.to_owned(), |y| format!("{x} and {}", y.setting.label()));
    format!("{} over {over}: {name}", sweep.quantity.label())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::{Setting, Shard, Sweep, SweepPreset, SweepResult, TaskContext, sweep};

    fn coarse(threads: usize) -> SweepResult {
        let preset = SweepPreset::PhaseDiagram.sweep();
        let y = preset.y.map(|y| study::Axis { cells: 4, ..y });
        let request = Sweep { x: study::Axis { cells: 5, ..preset.x }, y, seeds: 1, ..preset };
        let map = sweep(&request, Shard::WHOLE, threads, &TaskContext::unattended(), |_| {});
        SweepResult {
            map: map.expect("valid"),
            sweep: request,
            critical: vec![[1.0, 0.0], [9.0, 0.0]],
        }
    }

    #[test]
    fn zero_is_the_middle_of_the_colours() {
        let map = Map::of(&coarse(1), None).expect("two settings");
        assert_eq!(map.scale.min, -map.scale.max);
        let [r, g, b] = map.colour(0.0);
        // The library's middle colour is (243, 238, 234).
        assert!(r.min(g).min(b) > 230, "nearly white: {r} {g} {b}");
        assert_eq!(map.line, [[1.0, 0.0]], "what lies outside is left out");
    }

    #[test]
    fn positions_and_cells_agree() {
        let axis =
            study::Axis { spacing: Spacing::Logarithmic, ..study::Axis::usual(Setting::Width) };
        let axis = MapAxis::of(&axis);
        for (cell, &value) in axis.values.iter().enumerate() {
            assert_eq!(axis.cell_at(axis.position(value)), Some(cell), "{value}");
        }
        assert_eq!(axis.cell_at(axis.edges().1 + 1e-6), None);
        assert_eq!(axis.cell_at(axis.edges().0 - 1e-6), None);
    }
}
