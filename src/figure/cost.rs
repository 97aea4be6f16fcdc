//! What a pass costs, layer by layer: the table, the bars and the words.

use crate::experiment::Experiment;
use crate::study::{Cost, LayerCost, OwnParameters};

use super::number::grouped;
use super::{Axis, AxisScale, Chart, Figure, FigureId, Ink, Mark, MarkShape, Note, Panel};

/// More layers than this are drawn as lines.
const MOST_COLUMNS: usize = 30;

/// The table's columns with what they mean.
pub const COST_COLUMNS: [(&str, &str); 6] = [
    ("layer", "Layer, 1 next to the input"),
    ("weights", "Units of this layer × units of the layer below"),
    ("biases", "Units of this layer"),
    ("forward", "Multiply-adds of W a for one example"),
    ("deltas", "Multiply-adds of Wᵀδ, BP2: none for layer 1, below which there is no layer"),
    ("∂W", "Multiply-adds of δ aᵀ, BP3"),
];

/// A row of the table, `index` from 0; the row after the last layer is the total.
pub fn cost_row(cost: &Cost, index: usize) -> [String; 6] {
    let cells = |name: String, numbers: [u64; 5]| {
        let [weights, biases, forward, deltas, gradients] =
            numbers.map(|number| grouped(number.into()));
        [name, weights, biases, forward, deltas, gradients]
    };
    match cost.layers.get(index) {
        Some(layer) => cells(layer.layer.to_string(), counts(layer)),
        None => {
            let sum = |of: fn(&LayerCost) -> u64| cost.layers.iter().map(of).sum::<u64>();
            let numbers = [
                cost.weights(),
                cost.biases(),
                sum(|layer| layer.forward),
                sum(|layer| layer.deltas),
                sum(|layer| layer.weight_gradients),
            ];
            cells("total".to_owned(), numbers)
        }
    }
}

fn counts(layer: &LayerCost) -> [u64; 5] {
    [layer.weights, layer.biases, layer.forward, layer.deltas, layer.weight_gradients]
}

/// The totals in sentences.
pub fn cost_words(cost: &Cost) -> Vec<String> {
    let number = |number: u64| grouped(number.into());
    let whose = match cost.batch {
        1 => String::new(),
        batch => format!(" of all {batch} examples"),
    };
    let parameters = format!(
        "{} parameters: {} weights and {} biases.{}",
        number(cost.parameters()),
        number(cost.weights()),
        number(cost.biases()),
        cost.own.iter().map(|own| own_parameters(cost, own)).collect::<String>()
    );
    vec![
        parameters,
        format!(
            "A forward pass{whose} takes {} multiply-adds, a backward pass {} + {} = {}: {:.2} times the forward pass, and never more than 2.",
            number(cost.forward()),
            number(cost.deltas()),
            number(cost.weight_gradients()),
            number(cost.backward()),
            cost.backward_over_forward()
        ),
        format!(
            "The same gradient by one-sided differences takes P + 1 forward passes, {} multiply-adds: {} times forward and backward together. Centred ones take 2P passes, {}.",
            grouped(cost.one_sided_differences()),
            grouped(cost.saving().round() as u128),
            grouped(cost.centred_differences())
        ),
    ]
}

/// How a variant's parameters differ, a sentence after a space.
fn own_parameters(cost: &Cost, own: &OwnParameters) -> String {
    let number = |number: u64| grouped(number.into());
    let mut parts = Vec::new();
    if own.norm > 0 {
        parts.push(format!("has {} γ and β more", number(own.norm)));
    }
    if own.shared > 0 {
        parts.push(format!("shares {}", number(own.shared)));
    }
    let all = cost.parameters() + own.norm - own.shared;
    format!(" “{}” {} and has {} in all.", own.name, parts.join(", "), number(all))
}

impl Figure {
    /// Multiply-adds by layer.
    pub fn cost(experiment: &Experiment) -> Self {
        let cost = Cost::of_experiment(experiment);
        let notes = cost_words(&cost).into_iter();
        let notes = notes.map(|text| Note { variant: 0, name: String::new(), text }).collect();
        let panels = vec![Panel::Chart(chart(&cost))];
        Self { notes, ..Self::new(FigureId::Cost, experiment, panels) }
    }
}

/// A kind of work: its name and its multiply-adds.
type Kind = (&'static str, fn(&LayerCost) -> u64);

fn chart(cost: &Cost) -> Chart {
    let kinds: [Kind; 3] = [
        ("forward", |layer| layer.forward),
        ("deltas", |layer| layer.deltas),
        ("∂W", |layer| layer.weight_gradients),
    ];
    let few = cost.layers.len() <= MOST_COLUMNS;
    let mark = |(place, (name, of)): (usize, Kind)| {
        let left = -0.39 + 0.26 * place as f64;
        let count = |layer: &LayerCost| (layer.layer as f64, of(layer) as f64);
        let layers = cost.layers.iter().map(count);
        let shape = if few {
            MarkShape::Columns(layers.map(|(l, n)| [l + left, l + left + 0.24, n]).collect())
        } else {
            MarkShape::Line(layers.map(|(l, n)| [l, n]).collect())
        };
        Mark::new(name, Ink::Palette(place), shape)
    };
    let marks: Vec<Mark> = kinds.into_iter().enumerate().map(mark).collect();
    let most = cost.layers.iter().map(|layer| layer.forward).max().unwrap_or(1);
    let ends = [1.0, cost.layers.len() as f64];
    Chart {
        heading: "Multiply-adds of one example by layer".to_owned(),
        x: Axis::spanning("layer l  (1 is next to the input)", AxisScale::Layers, ends),
        y: Axis {
            label: "multiply-adds".to_owned(),
            scale: AxisScale::Linear,
            range: (0.0, 1.08 * most as f64),
        },
        marks,
    }
}
