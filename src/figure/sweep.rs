//! The figure of a sweep: a map or a curve, and profiles through a chosen cell.

use crate::study::{self, SweepResult};

use super::chart::{Axis, AxisScale, Chart, Ink, Mark, MarkShape};
use super::map::{self, Map, MapAxis};
use super::number::trimmed;
use super::words::sweep::sentence;
use super::{Figure, FigureId, Note, Panel};

/// Along which axis a profile runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Along x, at the chosen cell's y.
    #[default]
    Row,
    /// Along y, at the chosen cell's x.
    Column,
}

/// A cell of a sweep, and the profile through it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Counted from the left.
    pub x: usize,
    /// Counted from the bottom.
    pub y: usize,
    /// Which way the profile runs.
    pub profile: Profile,
}

impl Figure {
    /// A sweep as measured so far: over two settings a map, with a profile through the chosen
    /// cell below it; over one setting a curve.
    pub fn sweep(result: &SweepResult, chosen: Option<Chosen>) -> Self {
        let mut panels = Vec::new();
        if let Some(map) = Map::of(result, chosen.map(|chosen| (chosen.x, chosen.y))) {
            let profile = chosen.map(|chosen| profile(result, &map, chosen));
            panels.push(Panel::Map(map));
            panels.extend(profile.map(Panel::Chart));
        } else {
            panels.push(Panel::Chart(curve(result)));
        }
        let mut figure = Self::new(FigureId::Sweep, &result.sweep.experiment, panels);
        figure.caption.push(words(result));
        figure.notes = notes(result);
        figure
    }
}

/// What the sweep replaces of its experiment, and where its medians are true zeros.
fn notes(result: &SweepResult) -> Vec<Note> {
    let sweep = &result.sweep;
    let Some(variant) = sweep.experiment.variants.get(sweep.variant) else { return Vec::new() };
    let text: Vec<String> = sweep.findings(&result.map).iter().map(sentence).collect();
    let note = Note { variant: sweep.variant, name: variant.name.clone(), text: text.join(" ") };
    if text.is_empty() { Vec::new() } else { vec![note] }
}

/// What was asked, in a line under the figure.
fn words(result: &SweepResult) -> String {
    let sweep = &result.sweep;
    let name = sweep.experiment.variants.get(sweep.variant).map_or("", |v| v.name.as_str());
    let axis = |axis: &study::Axis| {
        let (from, to) = (trimmed(axis.from), trimmed(axis.to));
        format!("{} {from} to {to} ({} cells)", axis.setting.label(), axis.cells)
    };
    let axes: Vec<String> = [Some(sweep.x), sweep.y].iter().flatten().map(axis).collect();
    let (done, all) = (result.map.done(), result.map.cells.len());
    let mut words = format!("{name} · {} · {} seeds a cell", axes.join(" · "), sweep.seeds);
    if done < all {
        words += &format!(" · {done} of {all} cells measured");
    }
    words
}

/// A sweep over one setting.
fn curve(result: &SweepResult) -> Chart {
    let axis = MapAxis::of(&result.sweep.x);
    let cells: Vec<_> = (0..result.map.width).map(|x| (x, result.map.cell(x, 0))).collect();
    let critical = result.critical.first().map(|&[x, _]| axis.position(x));
    chart(result, map::heading(result), &axis, &cells, critical)
}

/// The row or the column through the chosen cell.
fn profile(result: &SweepResult, map: &Map, chosen: Chosen) -> Chart {
    let (x, y) = (chosen.x, chosen.y);
    let (axis, other, at) = match chosen.profile {
        Profile::Row => (&map.x, &map.y, y),
        Profile::Column => (&map.y, &map.x, x),
    };
    let place = |i: usize| if chosen.profile == Profile::Row { (i, y) } else { (x, i) };
    let cell = |i: usize| {
        let (x, y) = place(i);
        result.map.cell(x, y)
    };
    let cells: Vec<_> = (0..axis.values.len()).map(|i| (i, cell(i))).collect();
    let heading = format!("Profile along {} at {}", axis.label, other.name(at));
    let critical = crossing(map, chosen);
    chart(result, heading, axis, &cells, critical)
}

/// Where the line of theory crosses the profile.
fn crossing(map: &Map, chosen: Chosen) -> Option<f64> {
    let (along, across, axis, cell) = match chosen.profile {
        Profile::Row => (0, 1, &map.y, chosen.y),
        Profile::Column => (1, 0, &map.x, chosen.x),
    };
    let at = axis.first + cell as f64 * axis.step;
    map.line.windows(2).find_map(|pair| {
        let (from, to) = (pair[0], pair[1]);
        let share = (at - from[across]) / (to[across] - from[across]);
        (0.0..=1.0).contains(&share).then(|| from[along] + share * (to[along] - from[along]))
    })
}

/// Median, quartiles, the healthy level and theory's critical setting.
fn chart(
    result: &SweepResult,
    heading: String,
    axis: &MapAxis,
    cells: &[(usize, Option<study::Cell>)],
    critical: Option<f64>,
) -> Chart {
    let at = |cell: usize| axis.first + cell as f64 * axis.step;
    let known = || cells.iter().filter_map(|&(x, cell)| Some((at(x), cell?)));
    let values = known().filter_map(|(x, cell)| Some([x, cell.value?])).collect::<Vec<_>>();
    let band = known().filter_map(|(x, cell)| {
        let [low, high] = cell.quartiles?;
        Some([x, low?, high?])
    });
    let zeros: Vec<f64> = known().filter(|(_, c)| c.value.is_none()).map(|(x, _)| x).collect();
    let share = result.sweep.quantity.is_share();
    let ink = Ink::Variant(result.sweep.variant);
    let middle = if share { "mean" } else { "median" };
    let mut marks = vec![
        Mark::new("quartiles", ink, MarkShape::Band(band.collect())),
        Mark::new(middle, ink, MarkShape::Line(values)),
    ];
    if !share {
        marks.push(Mark::new("healthy: 0", Ink::Weak, MarkShape::Level(0.0)));
    }
    if let Some(critical) = critical {
        let name = format!("theory {}", map::line_name(result.sweep.quantity));
        marks.push(Mark::new(name, Ink::Text, MarkShape::At(critical)));
    }
    let label = result.sweep.quantity.label().to_lowercase();
    let readings = marks.iter().flat_map(Mark::readings).map(|[_, y]| y);
    let y = Axis::spanning(&label, AxisScale::Linear, readings.chain([0.0]));
    if !zeros.is_empty() {
        // Below every number, and far from the healthy 0.
        let points = zeros.iter().map(|x| [*x, y.range.0]).collect();
        marks.push(Mark::new("median is a true zero", Ink::Weak, MarkShape::Points(points)));
    }
    let x = Axis { label: axis.label.clone(), scale: axis.scale, range: axis.edges() };
    Chart { heading, x, y, marks }
}
