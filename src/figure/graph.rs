//! The network as the chapter's diagram: units by layer, edges, the arrows that carry δ back.

use crate::engine::Scaled;
use crate::study::{EdgeSnapshot, LayerSnapshot, Snapshot, UnitSnapshot};

use super::colour::Rgb;
use super::heat::{Cell, ColourScale};
use super::number::{plain_or_scientific, scientific, superscript};

/// Which pass the diagram shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Activations and weights.
    Forward,
    /// Error signals and the weights' gradients.
    #[default]
    Backward,
}

/// The diagram as plain data. Places are columns and rows; whoever paints gives them room.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// The panel's heading.
    pub heading: String,
    /// From the input to the loss.
    pub columns: Vec<GraphColumn>,
    /// Every edge between neighbouring columns.
    pub links: Vec<Link>,
    /// The colours of δ in the backward direction.
    pub scale: Option<ColourScale>,
    /// What edges' widths and colours mean, in words.
    pub key: String,
}

/// One column of the diagram: a layer, or the loss.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphColumn {
    /// `layer 2`, `input`, `loss`.
    pub title: String,
    /// `sigmoid`, `… 12 layers left out`.
    pub subtitle: String,
    /// What the arrow from this column to the one before carries, where there is an arrow.
    pub arrow: Option<String>,
    /// From top to bottom.
    pub nodes: Vec<Node>,
}

/// One unit, or a summary of many.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// `a₁ = 0.59`, beside the unit.
    pub label: String,
    /// Its fill, or none for the ground's own.
    pub fill: Option<Rgb>,
    /// Whether it is a true zero, with its own mark.
    pub zero: bool,
    /// Whether it stands for several units.
    pub summary: bool,
    /// Its value and the factors that made it, a line each.
    pub story: Vec<String>,
}

/// One edge.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The column on the right.
    pub column: usize,
    /// The row on the left.
    pub from: usize,
    /// The row on the right.
    pub to: usize,
    /// From 0 to 1.
    pub width: f32,
    /// The sign of what it shows.
    pub sign: i8,
    /// Its value and the factors that made it, a line each.
    pub story: Vec<String>,
}

impl Graph {
    /// The diagram of a snapshot.
    pub fn of(snapshot: &Snapshot, direction: Direction) -> Self {
        let scale = match direction {
            Direction::Forward => None,
            Direction::Backward => Some(delta_scale(snapshot)),
        };
        let mut columns: Vec<GraphColumn> =
            snapshot.layers.iter().map(|layer| column(layer, direction, scale.as_ref())).collect();
        columns.push(loss_column(snapshot));
        let links = snapshot
            .layers
            .iter()
            .enumerate()
            .flat_map(|(place, layer)| links(place, layer, direction))
            .collect();
        let (what, key) = match direction {
            Direction::Forward => ("forward", "Edges: width |W|, blue positive, orange negative."),
            Direction::Backward => (
                "backward",
                "Edges: width |∂L/∂W| on a log scale, blue positive, orange negative. Colour of a unit: |δ|.",
            ),
        };
        Self {
            heading: format!("{} as a graph, {what}", snapshot.variant),
            columns,
            links,
            scale,
            key: key.to_owned(),
        }
    }

    /// Whether any unit is a true zero.
    pub fn has_zero(&self) -> bool {
        self.columns.iter().any(|column| column.nodes.iter().any(|node| node.zero))
    }
}

fn delta_scale(snapshot: &Snapshot) -> ColourScale {
    let units = snapshot.layers.iter().flat_map(|layer| &layer.units);
    let cells: Vec<Cell> = units.filter_map(|unit| unit.delta).map(Cell::of).collect();
    ColourScale::spanning(&cells)
}

fn column(layer: &LayerSnapshot, direction: Direction, scale: Option<&ColourScale>) -> GraphColumn {
    let title = match layer.layer {
        0 => "input".to_owned(),
        l => format!("layer {l}"),
    };
    // Both would not fit into a column's width.
    let subtitle = match layer.skipped {
        0 => layer.activation.map(|a| a.label().to_lowercase()).unwrap_or_default(),
        skipped => format!("… {skipped} left out"),
    };
    let unit =
        |(index, unit): (usize, &UnitSnapshot)| node(layer.layer, index, unit, direction, scale);
    let mut nodes: Vec<Node> = layer.units.iter().enumerate().map(unit).collect();
    nodes.extend(layer.rest.as_ref().map(|rest| Node {
        label: format!("{} more", rest.count),
        fill: None,
        zero: false,
        summary: true,
        story: vec![
            format!("{} units that have no room", rest.count),
            format!("root mean square of a = {:.6}", rest.rms_a),
            format!("root mean square of δ = {}", scientific(rest.rms_delta, 6)),
        ],
    }));
    let arrow = (layer.layer > 1).then(|| format!("δ{}", raised(layer.layer)));
    GraphColumn { title, subtitle, arrow, nodes }
}

fn loss_column(snapshot: &Snapshot) -> GraphColumn {
    let targets: Vec<String> = snapshot.targets.iter().map(|y| format!("{y:.6}")).collect();
    GraphColumn {
        title: "loss".to_owned(),
        subtitle: String::new(),
        arrow: Some("∇ₐL".to_owned()),
        nodes: vec![Node {
            label: format!("L = {}", plain_or_scientific(snapshot.loss, 6, 1e-4, 3)),
            fill: None,
            zero: false,
            summary: true,
            story: vec![
                format!("L = {}", scientific(snapshot.loss, 6)),
                format!("target y = {}", targets.join(", ")),
            ],
        }],
    }
}

fn node(
    layer: usize,
    index: usize,
    unit: &UnitSnapshot,
    direction: Direction,
    scale: Option<&ColourScale>,
) -> Node {
    let name = |letter: &str| format!("{letter}{}{}", lowered(index + 1), raised(layer));
    let delta = unit.delta.filter(|_| direction == Direction::Backward);
    let label = match delta {
        Some(delta) => format!("δ{} {}", lowered(index + 1), scientific(delta, 2)),
        None if layer == 0 => format!("x{} {:.4}", lowered(index + 1), unit.a),
        None => format!("a{} {:.4}", lowered(index + 1), unit.a),
    };
    let log10 = delta.and_then(Scaled::log10);
    Node {
        label,
        fill: log10.zip(scale).map(|(log10, scale)| scale.colour(log10)),
        zero: delta.is_some_and(Scaled::is_zero),
        summary: false,
        story: story(unit, &name),
    }
}

/// The chain of factors: z, a, φ′, what returns, and their product δ.
fn story(unit: &UnitSnapshot, name: &dyn Fn(&str) -> String) -> Vec<String> {
    let (Some(z), Some(slope), Some(delta)) = (unit.z, unit.slope, unit.delta) else {
        return vec![format!("{} = {:.6}", name("x"), unit.a)];
    };
    let mut lines = vec![
        format!("{} = {z:.6}", name("z")),
        format!("{} = {:.6}", name("a"), unit.a),
        format!("σ′({}) = {slope:.6}", name("z")),
    ];
    if let Some(returned) = unit.returned {
        lines.push(format!("Σ W δ from above = {}", scientific(returned, 6)));
        lines.push(format!("{} = {} × {slope:.6}", name("δ"), scientific(returned, 6)));
    }
    lines.push(format!("{} = {}", name("δ"), scientific(delta, 6)));
    lines
}

fn links(place: usize, layer: &LayerSnapshot, direction: Direction) -> Vec<Link> {
    let magnitude = |edge: &EdgeSnapshot| match direction {
        Direction::Forward => Some(edge.weight.abs()).filter(|w| *w > 0.0),
        Direction::Backward => edge.gradient.log10(),
    };
    let known = || layer.edges.iter().filter_map(magnitude);
    let (low, high) = match direction {
        Direction::Forward => (0.0, known().fold(0.0, f64::max)),
        // Three decades below the strongest edge of the layer a line is as thin as it gets.
        Direction::Backward => {
            let high = known().fold(f64::NEG_INFINITY, f64::max);
            (high - 3.0, high)
        }
    };
    let width = |edge: &EdgeSnapshot| {
        magnitude(edge).map_or(0.0, |m| ((m - low) / (high - low)).clamp(0.0, 1.0) as f32)
    };
    let link = |edge: &EdgeSnapshot| {
        let shown = match direction {
            Direction::Forward => edge.weight,
            Direction::Backward => edge.gradient.mantissa(),
        };
        Link {
            column: place,
            from: edge.from,
            to: edge.to,
            width: width(edge),
            sign: if shown > 0.0 {
                1
            } else if shown < 0.0 {
                -1
            } else {
                0
            },
            story: edge_story(layer, edge),
        }
    };
    layer.edges.iter().map(link).collect()
}

fn edge_story(layer: &LayerSnapshot, edge: &EdgeSnapshot) -> Vec<String> {
    let place = format!("{}{}", lowered(edge.to + 1), lowered(edge.from + 1));
    let weight = format!("W{place}{}", raised(layer.layer));
    let mut lines = vec![format!("{weight} = {:.6}", edge.weight)];
    if let Some(delta) = layer.units.get(edge.to).and_then(|unit| unit.delta) {
        lines.push(format!(
            "∂L/∂{weight} = δ{} · a{} = {}",
            lowered(edge.to + 1),
            lowered(edge.from + 1),
            scientific(edge.gradient, 6)
        ));
        lines.push(format!("with δ{} = {}", lowered(edge.to + 1), scientific(delta, 6)));
    }
    lines
}

/// A layer as a superscript in brackets.
fn raised(layer: usize) -> String {
    format!("⁽{}⁾", superscript(layer as i64))
}

/// A unit's number as a subscript.
fn lowered(unit: usize) -> String {
    const DIGITS: [char; 10] = ['₀', '₁', '₂', '₃', '₄', '₅', '₆', '₇', '₈', '₉'];
    unit.to_string().chars().filter_map(|c| c.to_digit(10)).map(|d| DIGITS[d as usize]).collect()
}
