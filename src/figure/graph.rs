//! The network as the chapter's diagram: units by layer, edges, the arrows that carry δ back.

use crate::engine::Scaled;
use crate::experiment::Loss;
use crate::study::{EdgeSnapshot, LayerSnapshot, NormUnit, Snapshot, UnitChain, UnitSnapshot};

use super::colour::Rgb;
use super::heat::{Cell, ColourScale};
use super::number::{plain_or_scientific, readable, scientific, superscript, tick};

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
    /// Which way the arrows point.
    pub direction: Direction,
    /// From the input to the loss.
    pub columns: Vec<GraphColumn>,
    /// Every edge between neighbouring columns.
    pub links: Vec<Link>,
    /// The colours of the units: of |a| forward, of |δ| backward.
    pub scale: ColourScale,
    /// What the colours show.
    pub quantity: &'static str,
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
    /// What the arrow between this column and the one before carries, where there is an arrow.
    pub arrow: Option<String>,
    /// What the skip from the column before adds, where there is one.
    pub skip: Option<String>,
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
        let scale = scale(snapshot, direction);
        let layers = snapshot.layers.iter();
        let mut columns: Vec<GraphColumn> =
            layers.map(|layer| column(snapshot, layer, direction, &scale)).collect();
        columns.push(loss_column(snapshot, direction));
        let links = snapshot
            .layers
            .iter()
            .enumerate()
            .flat_map(|(place, layer)| links(place, layer, direction))
            .collect();
        let (what, quantity, mut key) = match direction {
            Direction::Forward => (
                "forward",
                "|aⱼ⁽ˡ⁾|",
                "Edges: width |W|, blue positive, orange negative. Colour of a unit: |a|.".to_owned(),
            ),
            Direction::Backward => (
                "backward",
                "|δⱼ⁽ˡ⁾|",
                "Edges: width |∂L/∂W| on a log scale, blue positive, orange negative. Colour of a unit: |δ|.".to_owned(),
            ),
        };
        if snapshot.batch > 1 {
            key += match snapshot.coupled {
                true => {
                    " Batch normalization couples the examples: δ is of the sum of their losses."
                }
                false => " All numbers are this example’s own, none the mean of the batch.",
            };
        }
        let whose = of_example(snapshot).map_or(String::new(), |example| format!(": {example}"));
        Self {
            heading: format!("{} as a graph, {what}{whose}", snapshot.variant),
            direction,
            columns,
            links,
            scale,
            quantity,
            key,
        }
    }

    /// Whether any unit is a true zero.
    pub fn has_zero(&self) -> bool {
        self.columns.iter().any(|column| column.nodes.iter().any(|node| node.zero))
    }
}

/// `example 2 of 4`, where there is more than one.
fn of_example(snapshot: &Snapshot) -> Option<String> {
    let Snapshot { example, batch, .. } = snapshot;
    (*batch > 1).then(|| format!("example {} of {batch}", example + 1))
}

/// What a unit shows: a forward, δ backward where it has one.
fn shown(unit: &UnitSnapshot, direction: Direction) -> Option<Scaled> {
    match direction {
        Direction::Forward => Some(unit.a.into()),
        Direction::Backward => unit.delta,
    }
}

fn scale(snapshot: &Snapshot, direction: Direction) -> ColourScale {
    let units = snapshot.layers.iter().flat_map(|layer| &layer.units);
    let cells: Vec<Cell> =
        units.filter_map(|unit| shown(unit, direction)).map(|n| Cell::of(n.abs())).collect();
    ColourScale::spanning(&cells)
}

fn column(
    snapshot: &Snapshot,
    layer: &LayerSnapshot,
    direction: Direction,
    scale: &ColourScale,
) -> GraphColumn {
    let is_output = snapshot.layers.last().is_some_and(|last| last.layer == layer.layer);
    let output = is_output.then_some(snapshot.loss_kind);
    let title = match layer.layer {
        0 => "input".to_owned(),
        l => format!("layer {l}"),
    };
    // Both would not fit into a column's width.
    let subtitle = match layer.skipped {
        0 if output == Some(Loss::SoftmaxCe) => "softmax".to_owned(),
        0 => layer.activation.map(|a| a.label().to_lowercase()).unwrap_or_default(),
        skipped => format!("… {skipped} left out"),
    };
    let cancels = output.is_some_and(Loss::cancels_slope);
    let unit = |(index, unit): (usize, &UnitSnapshot)| {
        let name = |letter: &str| format!("{letter}{}{}", lowered(index + 1), raised(layer.layer));
        Node {
            story: story(unit, cancels, &name),
            ..node(layer.layer, index, unit, direction, scale)
        }
    };
    let mut nodes: Vec<Node> = layer.units.iter().enumerate().map(unit).collect();
    nodes.extend(layer.rest.as_ref().map(|rest| Node {
        label: format!("{} more", rest.count),
        fill: None,
        zero: false,
        summary: true,
        story: vec![
            format!("{} units that have no room", rest.count),
            format!("root mean square of a = {}", readable(rest.rms_a.into(), 7)),
            format!("root mean square of δ = {}", readable(rest.rms_delta, 7)),
        ],
    }));
    let arrow = match (direction, layer.layer) {
        (_, 0) | (Direction::Backward, 1) => None,
        (Direction::Backward, l) => Some(format!("δ{}", raised(l))),
        (Direction::Forward, 1) => Some("x".to_owned()),
        (Direction::Forward, l) => Some(format!("a{}", raised(l - 1))),
    };
    let skip = layer.skip_scale.filter(|_| layer.skipped == 0);
    let skip = skip.map(|alpha| match alpha {
        1.0 => "skip".to_owned(),
        0.0 => "skip, α = 0".to_owned(),
        alpha => {
            let sign = if alpha < 0.0 { "−" } else { "" };
            format!("skip, α = {sign}{}", tick(alpha.abs().log10()))
        }
    });
    GraphColumn { title, subtitle, arrow, skip, nodes }
}

fn loss_column(snapshot: &Snapshot, direction: Direction) -> GraphColumn {
    let targets: Vec<String> = snapshot.targets.iter().map(|y| format!("{y:.6}")).collect();
    let last = snapshot.layers.last().map_or(0, |last| last.layer);
    let mut story = vec![
        format!("L = {}", scientific(snapshot.loss, 6)),
        format!("target y = {}", targets.join(", ")),
    ];
    if let Some(example) = of_example(snapshot) {
        story[0] = format!("L of {example} = {}", scientific(snapshot.loss, 6));
        story.push(format!("mean L of the batch = {}", scientific(snapshot.mean_loss, 6)));
    }
    GraphColumn {
        title: "loss".to_owned(),
        subtitle: match snapshot.batch {
            1 => String::new(),
            _ => format!("of example {}", snapshot.example + 1),
        },
        arrow: Some(match direction {
            Direction::Forward => format!("a{}", raised(last)),
            Direction::Backward => "∇ₐL".to_owned(),
        }),
        skip: None,
        nodes: vec![Node {
            label: format!("L = {}", plain_or_scientific(snapshot.loss, 6, 1e-4, 3)),
            fill: None,
            zero: false,
            summary: true,
            story,
        }],
    }
}

fn node(
    layer: usize,
    index: usize,
    unit: &UnitSnapshot,
    direction: Direction,
    scale: &ColourScale,
) -> Node {
    let shown = shown(unit, direction);
    let letter = match (direction, layer) {
        (_, 0) => "x",
        (Direction::Forward, _) => "a",
        (Direction::Backward, _) => "δ",
    };
    let number = readable(shown.unwrap_or(unit.a.into()), 3);
    let log10 = shown.and_then(|number| number.abs().log10());
    Node {
        label: format!("{letter}{} {number}", lowered(index + 1)),
        fill: log10.map(|log10| scale.colour(log10)),
        zero: shown.is_some_and(Scaled::is_zero),
        summary: false,
        story: Vec::new(),
    }
}

/// The chain of factors: z, a, φ′, what returns, and their product δ.
/// Where the loss cancels the slope, δ = a − y.
fn story(unit: &UnitSnapshot, cancels: bool, name: &dyn Fn(&str) -> String) -> Vec<String> {
    let number = |number: Scaled| readable(number, 7);
    let (Some(z), Some(slope), Some(delta)) = (unit.z, unit.slope, unit.delta) else {
        return vec![format!("{} = {}", name("x"), number(unit.a.into()))];
    };
    if let Some(chain) = &unit.chain {
        return chain_story(unit, chain, name);
    }
    let slope = number(slope.into());
    let mut lines = vec![
        format!("{} = {}", name("z"), number(z.into())),
        format!("{} = {}", name("a"), number(unit.a.into())),
    ];
    if cancels {
        lines.push(format!("{} = a − y: the loss cancels the slope", name("δ")));
    } else {
        lines.push(format!("σ′({}) = {slope}", name("z")));
    }
    if let Some(returned) = unit.returned {
        lines.push(format!("Σ W δ from above = {}", number(returned)));
        lines.push(format!("{} = {} × {slope}", name("δ"), number(returned)));
    }
    lines.push(format!("{} = {}", name("δ"), number(delta)));
    lines
}

/// The factors of a unit with a normalization or skips, where δ is no product of two numbers.
fn chain_story(
    unit: &UnitSnapshot,
    chain: &UnitChain,
    name: &dyn Fn(&str) -> String,
) -> Vec<String> {
    let line = |what: &str, number: Scaled| format!("{what} = {}", readable(number, 7));
    let named = |letter: &str, number: f64| line(&name(letter), number.into());
    let mut lines: Vec<String> = unit.z.map(|z| named("z", z)).into_iter().collect();
    lines.extend(chain.handed_on.map(|h| named("h", h)));
    if let Some(NormUnit { normalized, gamma, beta, .. }) = chain.norm {
        lines.push(format!("normalized: ẑ = {}", readable(normalized.into(), 7)));
        let [gamma, beta] = [gamma, beta].map(|number| readable(number.into(), 7));
        lines.push(format!("γ = {gamma}, β = {beta}"));
    }
    lines.push(named("a", unit.a));
    lines.extend(unit.slope.map(|slope| line("slope σ′", slope.into())));
    lines.extend(unit.returned.map(|returned| line("Σ W δ from above", returned)));
    lines.extend(chain.along_skip.map(|along| line("along the skip from above", along)));
    if let Some(NormUnit { normalized, above, .. }) = chain.norm {
        lines.push(line("∂L/∂β", above));
        lines.push(line("∂L/∂γ = ẑ · ∂L/∂β", above * normalized));
    }
    lines.extend(unit.delta.map(|delta| line(&name("δ"), delta)));
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
    let mut lines = vec![format!("{weight} = {}", readable(edge.weight.into(), 7))];
    if let Some(delta) = layer.units.get(edge.to).and_then(|unit| unit.delta) {
        lines.push(format!(
            "∂L/∂{weight} = δ{} · a{} = {}",
            lowered(edge.to + 1),
            lowered(edge.from + 1),
            readable(edge.gradient, 7)
        ));
        lines.push(format!("with δ{} = {}", lowered(edge.to + 1), readable(delta, 7)));
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
