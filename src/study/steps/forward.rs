//! The forward pass, op by op.

use crate::engine::{Op, Pass};
use crate::experiment::{Activation, Loss};

use super::arrays::{Arrays, Layer, name_of};
use super::latex::{Digits, bracketed, computed, factor, matrix, ones_row, scalar};
use super::loss::loss_equation;
use super::norm;
use super::round::Round;
use super::rows::{given, rows};
use super::step::{Part, Step, StepKind, Values};

/// What each op makes, from the first layer to the loss.
pub(super) fn forward(arrays: &Arrays, pass: &Pass<f64>, round: Round) -> Vec<Step> {
    let layers = (1..=arrays.layers()).map(|number| Layer::new(arrays, pass, number));
    let mut steps: Vec<Step> = layers.flat_map(|layer| of_layer(&layer, round)).collect();
    steps.push(loss(arrays, pass, round));
    steps
}

fn of_layer(layer: &Layer<'_>, round: Round) -> Vec<Step> {
    let ops = layer.arrays.network.layer_ops(layer.number - 1);
    let makers = ops.iter().filter(|op| !matches!(op, Op::Save)).enumerate();
    let made = |(place, op): (usize, &Op<f64>)| match op {
        Op::Dense(_) => vec![preactivation(layer, round)],
        Op::Activation(own) => vec![activation(layer, *own, place, round)],
        Op::Norm(own) => norm::forward(layer, own, place, round),
        Op::Add { alpha } => vec![skip(layer, *alpha, place, round)],
        Op::Save => unreachable!("it makes nothing"),
    };
    makers.flat_map(made).collect()
}

/// z = W a + b.
fn preactivation(layer: &Layer<'_>, round: Round) -> Step {
    let Layer { arrays, pass, number, .. } = layer;
    let below = arrays.output(number - 1);
    let input = rows(pass.inputs_of(number - 1));
    let input_digits = if below == Part::Input { Digits::Given } else { Digits::Computed };
    let (digits, batch) = (round.parameters(), arrays.batch());
    let [weight, bias] = [arrays.weight_part(*number), arrays.bias_part(*number)];
    let (z, ones) = (layer.values(0), if batch == 1 { "" } else { r"\mathbf{1}^{\top}" });
    let whose = if arrays.is_shared(*number) { ", both of them shared" } else { "" };
    Step {
        id: format!("{}z{number}", round.prefix()),
        title: format!("Weigh the inputs of layer {number} and add the bias{whose}"),
        symbols: format!(
            "{}={}{}+{}{ones}",
            z.part.symbol(),
            weight.symbol(),
            below.symbol(),
            bias.symbol()
        ),
        numbers: format!(
            "{}{}+{}{}={}",
            factor(&arrays.weight(*number), digits),
            factor(&input, input_digits),
            bracketed(&matrix(&arrays.bias(*number), digits)),
            ones_row(batch),
            computed(&z.rows)
        ),
        reads: vec![weight, below, bias],
        ..Step::making(round.kind(), Some(*number), z)
    }
}

/// σ of z, or of what normalization and a skip make of it; the softmax of the output's logits.
fn activation(layer: &Layer<'_>, activation: Activation, place: usize, round: Round) -> Step {
    let (arrays, number) = (layer.arrays, layer.number);
    let softmax = number == arrays.layers() && arrays.network.loss == Loss::SoftmaxCe;
    let (symbol, name) = match activation.lines() {
        _ if softmax => (r"\operatorname{softmax}", "the softmax".to_owned()),
        Some((1.0, 1.0)) => ("", "the identity".to_owned()),
        _ => (r"\sigma", activation.describe()),
    };
    let of = |argument: &str| match symbol {
        "" => argument.to_owned(),
        _ => format!(r"{symbol}\left({argument}\right)"),
    };
    let (from, to) = (layer.values(place - 1), layer.values(place));
    Step {
        id: format!("{}{}", round.prefix(), name_of(to.part)),
        title: format!("Apply {name} in layer {number}"),
        symbols: format!("{}={}", to.part.symbol(), of(&from.part.symbol())),
        numbers: format!("{}={}", of(&computed(&from.rows)), computed(&to.rows)),
        reads: vec![from.part],
        ..Step::making(round.kind(), Some(number), to)
    }
}

/// h^(l−1) + α r.
fn skip(layer: &Layer<'_>, alpha: f64, place: usize, round: Round) -> Step {
    let (arrays, number) = (layer.arrays, layer.number);
    let below = number - 1;
    let handed_on = layer.pass.layers[below - 1].handed_on().expect("a skip starts below");
    let skipped = Values { part: arrays.handed_on(below), rows: rows(handed_on) };
    let (own, to) = (layer.values(place - 1), layer.values(place));
    Step {
        id: format!("{}{}", round.prefix(), name_of(to.part)),
        title: format!(
            "Add the skip: what layer {below} hands on, and α times layer {number}’s own"
        ),
        symbols: format!(
            r"{}={}+\alpha\,{}",
            to.part.symbol(),
            skipped.part.symbol(),
            own.part.symbol()
        ),
        numbers: format!(
            r"{}+{}\cdot{}={}",
            computed(&skipped.rows),
            bracketed(&matrix(&[vec![alpha]], Digits::Given)),
            factor(&own.rows, Digits::Computed),
            computed(&to.rows)
        ),
        reads: vec![skipped.part, own.part],
        ..Step::making(round.kind(), Some(number), to)
    }
}

fn loss(arrays: &Arrays, pass: &Pass<f64>, round: Round) -> Step {
    let a = pass.layers.last().map_or(Vec::new(), |last| rows(&last.a));
    let network = &arrays.network;
    let value = network.loss_of(pass).to_f64();
    let (symbols, terms) = loss_equation(network.loss, &a, &given(&network.target));
    let (id, kind, title) = match round {
        Round::Before => ("loss", StepKind::Loss, "Compare the output with the target"),
        Round::After => ("again-loss", StepKind::LossAgain, "The loss after the update"),
    };
    Step {
        id: id.to_owned(),
        title: title.to_owned(),
        symbols,
        numbers: format!("{terms}={}", scalar(value)),
        reads: vec![Part::Activation(arrays.layers()), Part::Target],
        ..Step::making(kind, None, Values { part: Part::Loss, rows: vec![vec![value]] })
    }
}
