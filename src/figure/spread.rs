//! How z, a, δ, W and ∂W are spread in each layer: a heatmap of layer × value, or one outline a layer.

use std::sync::Arc;

use crate::study::{LayerSpread, Spread, SpreadSignal, ValueScale};

use super::colour::ColourMap;
use super::number::tick;
use super::value_rows::{counted, has_zeros, zero_rows};
use super::why::{dots, layers_axis, line};
use super::words;
use super::{
    Axis, AxisScale, Cell, Chart, ColourScale, Figure, FigureId, Heat, Ink, Mark, MarkShape, Note,
    Panel, Rows,
};

/// Outlines of a ridge plot at the most.
pub const MOST_OUTLINES: usize = 16;
/// Points of the line of medians at the most.
const MOST_POINTS: usize = 100;

/// How a spread is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpreadForm {
    /// Layer × value, the share of each bin as a colour.
    #[default]
    Heat,
    /// One outline for each of some layers.
    Ridge,
}

impl SpreadForm {
    /// The figure's name.
    pub fn id(self, signal: SpreadSignal) -> FigureId {
        match self {
            Self::Heat => FigureId::Dist(signal),
            Self::Ridge => FigureId::Ridge(signal),
        }
    }
}

/// Histograms one above the other, the first layer on top. Each outline is as high as its
/// own tallest bin.
#[derive(Clone, Debug, PartialEq)]
pub struct Ridge {
    /// The panel's heading.
    pub heading: String,
    /// What runs along the bottom.
    pub x_label: String,
    /// All layers' counts.
    pub spread: Arc<Spread>,
    /// The layers that have an outline, from 0, ascending.
    pub shown: Vec<usize>,
}

impl Ridge {
    /// Whether any layer has an exact zero.
    pub fn has_zeros(&self) -> bool {
        has_zeros(&self.spread)
    }
}

impl Figure {
    /// The spread of a signal over all layers, and below it the shares of exact zeros, dead
    /// and saturated units.
    pub fn spread(spread: &Arc<Spread>, form: SpreadForm) -> Self {
        let main = match form {
            SpreadForm::Heat => Panel::Heat(heat(spread)),
            SpreadForm::Ridge => Panel::Ridge(ridge(spread)),
        };
        let panels = vec![main, Panel::Chart(shares(spread))];
        let mut figure = Self::new(form.id(spread.signal), &spread.experiment, panels);
        let (variant, name) = (spread.variant, spread.name.clone());
        figure.notes = vec![Note { variant, name, text: words::spread::sentences(spread) }];
        figure.caption.push(how_to_read(spread, form));
        figure
    }
}

/// A symbol with its layer, and bars around it where the sign is left out.
fn symbol(spread: &Spread) -> String {
    let symbol = spread.signal.symbol();
    match spread.scale {
        ValueScale::Log => format!("|{symbol}|"),
        _ => symbol.to_owned(),
    }
}

/// The symbol, and what the axis does to it.
fn axis_label(spread: &Spread) -> String {
    let symbol = symbol(spread);
    match spread.scale {
        ValueScale::Log | ValueScale::Linear { power: 0 } => symbol,
        ValueScale::SignedLog { threshold } => {
            format!("{symbol}, linear within ±{}", tick(threshold as f64))
        }
        ValueScale::Linear { power } => format!("{symbol} / {}", tick(power as f64)),
    }
}

fn heading(spread: &Spread) -> String {
    format!("{} in every layer: {}", symbol(spread), spread.name)
}

fn heat(spread: &Arc<Spread>) -> Heat {
    let (below, columns) = (zero_rows(spread), spread.layers.len());
    let rows = below + spread.bins.count;
    let cell = |row: usize, layer: &LayerSpread| match counted(spread, row, layer) {
        None | Some(0) => Cell::Absent,
        Some(count) => Cell::Log10((count as f64 / layer.total as f64).log10()),
    };
    let layers = || spread.layers.iter();
    let cells: Vec<Cell> =
        (0..rows).flat_map(|row| layers().map(move |layer| cell(row, layer))).collect();
    Heat {
        heading: heading(spread),
        x_label: "layer l  (1 is next to the input)".to_owned(),
        rows: Rows::Values { label: axis_label(spread), spread: spread.clone() },
        columns,
        scale: colours(&cells),
        cells,
        quantity: "share of the layer".to_owned(),
        why: Vec::new(),
        lost_in: None,
        marks: medians(spread, below),
    }
}

/// Shares up to 1, at least one decade: the shape of a layer is what is looked at.
fn colours(cells: &[Cell]) -> ColourScale {
    let shares = || cells.iter().filter_map(|cell| cell.log10());
    let max = shares().fold(f64::NEG_INFINITY, f64::max).clamp(-12.0, 0.0);
    let least = shares().fold(max, f64::min).min(max - 1.0);
    // The faintest colours are left out: on a dark ground a single entry would be lost.
    let min = least - 0.25 * (max - least);
    ColourScale { min, max, map: ColourMap::default() }
}

/// Layers that share a point of the line of medians: one as long as the line reads well.
fn block(layers: usize) -> usize {
    layers.div_ceil(MOST_POINTS)
}

/// A line through the medians, broken where layers have none. A point that stands for several
/// layers is at the median of theirs.
fn medians(spread: &Spread, below: usize) -> Vec<Mark> {
    let block = block(spread.layers.len());
    let row = |position: f64| position / spread.bins.width - spread.bins.first as f64;
    let place = |(index, layers): (usize, &[LayerSpread])| {
        let medians = layers.iter().filter_map(|layer| layer.quantiles);
        let mut medians: Vec<f64> = medians.map(|[_, median, _]| median).collect();
        medians.sort_by(f64::total_cmp);
        let middle = medians.get(medians.len() / 2)?;
        let x = (index * block) as f64 + 0.5 * (layers.len() + 1) as f64;
        Some([x, row(*middle) + below as f64 + 0.5])
    };
    let points: Vec<_> = spread.layers.chunks(block).enumerate().map(place).collect();
    let runs = points.split(Option::is_none).filter(|run| !run.is_empty());
    let runs = runs.map(|run| run.iter().copied().flatten().collect::<Vec<_>>());
    runs.map(|run| Mark::new("median", Ink::Text, through(run, block))).collect()
}

/// A line; dashed over many layers, so that the cells show; with a length where it has one
/// point only.
fn through(points: Vec<[f64; 2]>, block: usize) -> MarkShape {
    match points[..] {
        [[x, y]] => MarkShape::Line(vec![[x - 0.4, y], [x + 0.4, y]]),
        _ if block > 1 => MarkShape::Dashed(points),
        _ => MarkShape::Line(points),
    }
}

fn ridge(spread: &Arc<Spread>) -> Ridge {
    Ridge {
        heading: heading(spread),
        x_label: axis_label(spread),
        shown: evenly_spaced(spread.layers.len()),
        spread: spread.clone(),
    }
}

/// At most [`MOST_OUTLINES`] of `count` layers, the first and the last among them.
fn evenly_spaced(count: usize) -> Vec<usize> {
    if count <= MOST_OUTLINES {
        return (0..count).collect();
    }
    let last = MOST_OUTLINES - 1;
    (0..=last).map(|i| (i * (count - 1) + last / 2) / last).collect()
}

/// Shares of exact zeros, of dead and of saturated units by layer.
fn shares(spread: &Spread) -> Chart {
    let inactive = words::without_slope(spread.experiment.architecture.batch);
    let share = |of: &dyn Fn(&LayerSpread) -> f64| -> Vec<[f64; 2]> {
        let layers = spread.layers.iter().enumerate();
        layers.map(|(index, layer)| [index as f64 + 1.0, 100.0 * of(layer)]).collect()
    };
    let series = [
        (
            format!("{} = 0", spread.signal.letter()),
            Ink::Palette(0),
            share(&LayerSpread::zero_share),
        ),
        (inactive.to_owned(), Ink::Text, share(&|layer| layer.dead_share)),
        ("saturated".to_owned(), Ink::Palette(3), share(&|layer| layer.saturated_share)),
    ];
    let points = series.iter().map(|(_, ink, points)| dots(points.clone(), "", *ink));
    let lines = series.iter().map(|(name, ink, points)| line(points.clone(), name, *ink));
    let y = Axis { label: "share, %".to_owned(), scale: AxisScale::Linear, range: (-4.0, 104.0) };
    let letter = spread.signal.letter();
    Chart {
        heading: format!("Entries with {letter} = 0 exactly, {inactive} and saturated units"),
        x: layers_axis(spread.layers.len()),
        y,
        marks: points.chain(lines).collect(),
    }
}

/// What colours, lines and outlines mean.
fn how_to_read(spread: &Spread, form: SpreadForm) -> String {
    let mut words = match form {
        SpreadForm::Heat => {
            let over = match block(spread.layers.len()) {
                1 => String::new(),
                block => format!(" over {block} layers at a time"),
            };
            let of = if spread.signal.is_of_weights() { "inputs" } else { "examples" };
            format!(
                "Colour: the share of a layer’s entries (units × {of}) in each bin. Line: the median{over}"
            )
        }
        SpreadForm::Ridge => {
            let (shown, all) = (evenly_spaced(spread.layers.len()).len(), spread.layers.len());
            let chosen = if shown < all {
                format!("{shown} of {all} layers, evenly spaced. ")
            } else {
                String::new()
            };
            format!("{chosen}Each outline is scaled to its own tallest bin. Tick: the median")
        }
    };
    let zeros = has_zeros(spread);
    words += if zeros { " of what is not 0. Exact zeros stand apart." } else { "." };
    if spread.hides_faint_layers() {
        words += &format!(
            " The layers’ root mean squares are {:.1} decades apart: signed log shows the faint ones.",
            spread.layers_apart
        );
    }
    if let ValueScale::SignedLog { threshold } = spread.scale {
        let t = tick(threshold as f64);
        words += &format!(" Signed log: v stands at sign(v) · log₁₀(1 + |v|/{t}).");
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_layer_have_an_outline() {
        for count in [1, 2, 16, 17, 18, 31, 1001, 2001] {
            let shown = evenly_spaced(count);
            assert_eq!(shown.len(), count.min(MOST_OUTLINES));
            assert_eq!((shown[0], shown[shown.len() - 1]), (0, count - 1));
            assert!(shown.is_sorted_by(|a, b| a < b), "{count}: {shown:?}");
        }
    }
}
