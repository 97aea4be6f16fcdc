//! The equations of one run, one after the other.

use std::sync::Arc;

use ndarray::Array2;

use crate::engine::{Network, Op, OpShape, Pass};
use crate::experiment::{Activation, Clip, Loss};

use super::latex::{Digits, bracketed, computed, factor, loss_equation, matrix, scalar, times};
use super::rows::{Rows, given, plain, product, rows, transposed};
use super::step::{Part, Step, StepKind, Values};

/// The run of a network with one example, scale 1 and biases written out.
pub(super) struct Walk {
    pub steps: Vec<Step>,
    pub loss: f64,
    pub loss_after: f64,
    network: Network<f64>,
}

/// Which of the two passes an equation belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Round {
    Before,
    After,
}

impl Round {
    fn prefix(self) -> &'static str {
        match self {
            Self::Before => "",
            Self::After => "again-",
        }
    }

    /// How weights and biases are shown: after an update every digit counts.
    fn parameters(self) -> Digits {
        match self {
            Self::Before => Digits::Given,
            Self::After => Digits::Updated,
        }
    }
}

impl Walk {
    pub fn of(network: Network<f64>, rate: f64, clip: Option<Clip>) -> Self {
        let mut walk = Self { steps: Vec::new(), loss: 0.0, loss_after: 0.0, network };
        let mut pass = walk.forward(Round::Before);
        walk.network.backward(&mut pass);
        walk.loss = pass.loss.to_f64();
        walk.backward(&pass);
        walk.gradients(&pass);
        walk.update(&pass, rate, clip);
        let after = walk.forward(Round::After);
        walk.loss_after = walk.network.loss_of(&after).to_f64();
        walk
    }

    fn layers(&self) -> usize {
        self.network.depth()
    }

    fn forward(&mut self, round: Round) -> Pass<f64> {
        let pass = self.network.forward();
        for layer in 1..=self.layers() {
            let step = |op: &Op<f64>| match op.shape() {
                shape @ OpShape::Dense { .. } => self.preactivation(shape, &pass, layer, round),
                OpShape::Activation(own) => self.activation(own, &pass, layer, round),
                OpShape::Norm { .. } | OpShape::Add { .. } | OpShape::Save => {
                    unreachable!("only plain layers are written out")
                }
            };
            let steps: Vec<Step> = self.network.layer_ops(layer - 1).iter().map(step).collect();
            self.steps.extend(steps);
        }
        let loss = self.loss_step(&pass, round);
        self.steps.push(loss);
        pass
    }

    /// z = W a + b.
    fn preactivation(&self, dense: OpShape, pass: &Pass<f64>, layer: usize, round: Round) -> Step {
        let (below, input) = (layer - 1, rows(pass.inputs_of(layer - 1)));
        let input_digits = if below == 0 { Digits::Given } else { Digits::Computed };
        let z = rows(&pass.layers[layer - 1].z);
        let digits = round.parameters();
        Step {
            id: format!("{}z{layer}", round.prefix()),
            kind: forward_kind(round),
            layer: Some(layer),
            title: format!("Weigh the inputs of layer {layer} and add the bias"),
            symbols: dense.equation(layer),
            numbers: format!(
                "{}{}+{}={}",
                factor(&self.weight(layer), digits),
                factor(&input, input_digits),
                bracketed(&matrix(&self.bias(layer), digits)),
                computed(&z)
            ),
            result: Values { part: Part::Preactivation(layer), rows: z },
            between: Vec::new(),
            reads: vec![Part::Weight(layer), activation_part(below), Part::Bias(layer)],
        }
    }

    /// a = σ(z), or the softmax of the output's logits.
    fn activation(
        &self,
        activation: Activation,
        pass: &Pass<f64>,
        layer: usize,
        round: Round,
    ) -> Step {
        let trace = &pass.layers[layer - 1];
        let softmax = layer == self.layers() && self.network.loss == Loss::SoftmaxCe;
        let (symbol, name) = match activation.lines() {
            _ if softmax => (r"\operatorname{softmax}", "the softmax".to_owned()),
            Some((1.0, 1.0)) => ("", "the identity".to_owned()),
            _ => (r"\sigma", activation.describe()),
        };
        let (z, a) = (rows(&trace.z), rows(&trace.a));
        let of = |argument: &str| match symbol {
            "" => argument.to_owned(),
            _ => format!(r"{symbol}\left({argument}\right)"),
        };
        Step {
            id: format!("{}a{layer}", round.prefix()),
            kind: forward_kind(round),
            layer: Some(layer),
            title: format!("Apply {name} in layer {layer}"),
            symbols: match softmax {
                true => format!("a^{{({layer})}}={}", of(&format!("z^{{({layer})}}"))),
                false => OpShape::Activation(activation).equation(layer),
            },
            numbers: format!("{}={}", of(&computed(&z)), computed(&a)),
            result: Values { part: Part::Activation(layer), rows: a },
            between: Vec::new(),
            reads: vec![Part::Preactivation(layer)],
        }
    }

    fn loss_step(&self, pass: &Pass<f64>, round: Round) -> Step {
        let a = pass.layers.last().map_or(Vec::new(), |last| rows(&last.a));
        let value = self.network.loss_of(pass).to_f64();
        let (symbols, terms) = loss_equation(self.network.loss, &a, &given(&self.network.target));
        let (id, kind, title) = match round {
            Round::Before => ("loss", StepKind::Loss, "Compare the output with the target"),
            Round::After => ("again-loss", StepKind::LossAgain, "The loss after the update"),
        };
        Step {
            id: id.to_owned(),
            kind,
            layer: None,
            title: title.to_owned(),
            symbols: symbols.to_owned(),
            numbers: format!("{terms}={}", scalar(value)),
            result: Values { part: Part::Loss, rows: vec![vec![value]] },
            between: Vec::new(),
            reads: vec![Part::Activation(self.layers()), Part::Target],
        }
    }

    fn backward(&mut self, pass: &Pass<f64>) {
        let output = self.output_error(pass);
        self.steps.push(output);
        for layer in (1..self.layers()).rev() {
            let step = self.hidden_error(pass, layer);
            self.steps.push(step);
        }
    }

    /// BP1.
    fn output_error(&self, pass: &Pass<f64>) -> Step {
        let last = self.layers();
        let trace = &pass.layers[last - 1];
        let (a, y) =
            (computed(&rows(&trace.a)), matrix(&given(&self.network.target), Digits::Given));
        let difference = format!("{a}-{}", bracketed(&y));
        let delta = rows(&trace.delta);
        let mut symbols = format!(r"\delta^{{({last})}}=a^{{({last})}}-y");
        let mut numbers = format!("{difference}={}", computed(&delta));
        let mut between = Vec::new();
        let mut reads = vec![Part::Activation(last), Part::Target];
        if !self.network.loss.cancels_slope() {
            let slope = plain(&trace.slope);
            symbols = format!(
                r"\delta^{{({last})}}=\nabla_a L\odot\sigma'(z^{{({last})}})=(a^{{({last})}}-y)\odot\sigma'(z^{{({last})}})"
            );
            numbers = format!(
                "({difference}){}{}={}",
                times(&slope),
                bracketed(&computed(&slope)),
                computed(&delta)
            );
            between.push(Values { part: Part::Slope(last), rows: slope });
            reads.push(Part::Preactivation(last));
        }
        Step {
            id: "bp1".to_owned(),
            kind: StepKind::Bp1,
            layer: Some(last),
            title: "BP1: the error signal of the output".to_owned(),
            symbols,
            numbers,
            result: Values { part: Part::Delta(last), rows: delta },
            between,
            reads,
        }
    }

    /// BP2.
    fn hidden_error(&self, pass: &Pass<f64>, layer: usize) -> Step {
        let (above, trace) = (layer + 1, &pass.layers[layer - 1]);
        let weight = transposed(&self.weight(above));
        let delta_above = rows(&pass.layers[above - 1].delta);
        let sent = product(&weight, &delta_above);
        let (slope, delta) = (plain(&trace.slope), rows(&trace.delta));
        Step {
            id: format!("bp2-{layer}"),
            kind: StepKind::Bp2,
            layer: Some(layer),
            title: format!("BP2: send the error signal back to layer {layer}"),
            symbols: format!(
                r"\delta^{{({layer})}}=\left((W^{{({above})}})^{{\top}}\delta^{{({above})}}\right)\odot\sigma'(z^{{({layer})}})"
            ),
            numbers: format!(
                r"\left({}{}\right){times}{slope}={}{times}{slope}={}",
                factor(&weight, Digits::Given),
                factor(&delta_above, Digits::Computed),
                computed(&sent),
                computed(&delta),
                times = times(&slope),
                slope = bracketed(&computed(&slope)),
            ),
            result: Values { part: Part::Delta(layer), rows: delta },
            between: vec![
                Values { part: Part::SentBack(above), rows: sent },
                Values { part: Part::Slope(layer), rows: slope },
            ],
            reads: vec![Part::Weight(above), Part::Delta(above), Part::Preactivation(layer)],
        }
    }

    /// BP3 and BP4.
    fn gradients(&mut self, pass: &Pass<f64>) {
        for layer in (1..=self.layers()).rev() {
            let input = transposed(&rows(pass.inputs_of(layer - 1)));
            let delta = rows(&pass.layers[layer - 1].delta);
            let gradient = plain(&pass.weight_gradient(layer - 1).to_f64());
            let input_digits = if layer == 1 { Digits::Given } else { Digits::Computed };
            self.steps.push(Step {
                id: format!("bp3-{layer}"),
                kind: StepKind::Bp3,
                layer: Some(layer),
                title: format!("BP3: the gradient of the weights of layer {layer}"),
                symbols: format!(
                    r"\frac{{\partial L}}{{\partial W^{{({layer})}}}}=\delta^{{({layer})}}{}^{{\top}}",
                    if layer == 1 { "x".to_owned() } else { format!("({})", a_of(layer - 1)) }
                ),
                numbers: format!(
                    "{}{}={}",
                    factor(&delta, Digits::Computed),
                    factor(&input, input_digits),
                    computed(&gradient)
                ),
                result: Values { part: Part::WeightGradient(layer), rows: gradient },
                between: Vec::new(),
                reads: vec![Part::Delta(layer), activation_part(layer - 1)],
            });
        }
        for layer in (1..=self.layers()).rev() {
            let gradient = plain(&pass.bias_gradient(layer - 1).to_f64());
            self.steps.push(Step {
                id: format!("bp4-{layer}"),
                kind: StepKind::Bp4,
                layer: Some(layer),
                title: format!("BP4: the gradient of the biases of layer {layer}"),
                symbols: format!(
                    r"\frac{{\partial L}}{{\partial b^{{({layer})}}}}=\delta^{{({layer})}}"
                ),
                numbers: computed(&gradient),
                result: Values { part: Part::BiasGradient(layer), rows: gradient },
                between: Vec::new(),
                reads: vec![Part::Delta(layer)],
            });
        }
    }

    /// W ← W − η ∂L/∂W and b ← b − η ∂L/∂b, all with the gradients of one pass, clipped where that
    /// is set.
    fn update(&mut self, pass: &Pass<f64>, rate: f64, clip: Option<Clip>) {
        let layers = (1..=self.layers()).rev();
        let of = |layer: usize| {
            [pass.weight_gradient(layer - 1).to_f64(), pass.bias_gradient(layer - 1).to_f64()]
        };
        let mut gradients: Vec<(usize, [Array2<f64>; 2])> =
            layers.map(|layer| (layer, of(layer))).collect();
        let all = gradients.iter().flat_map(|(_, both)| both).flatten();
        let norm = all.map(|g| g * g).sum::<f64>().sqrt();
        let [factor, limit] = Clip::factor_and_limit(clip, norm);
        for gradient in gradients.iter_mut().flat_map(|(_, both)| both) {
            gradient.mapv_inplace(|g| (g * factor).clamp(-limit, limit));
        }
        let title = |name: &str, layer: usize| {
            let how = if clip.is_some() { ", with the clipped gradient" } else { "" };
            format!("Move the {name} of layer {layer} down the slope{how}")
        };
        for (layer, [gradient, _]) in &gradients {
            let updated = &*self.network.dense(layer - 1).unit - &(gradient * rate);
            let (old, new) = (self.weight(*layer), plain(&updated));
            let title = title("weights", *layer);
            self.steps.push(updated_step("W", *layer, title, rate, &old, &plain(gradient), &new));
            self.network.dense_mut(layer - 1).unit = Arc::new(updated);
        }
        for (layer, [_, gradient]) in &gradients {
            let old = self.bias(*layer);
            let updated: Vec<f64> =
                old.iter().flatten().zip(gradient).map(|(b, g)| b - rate * g).collect();
            let new: Rows = updated.iter().map(|&b| vec![b]).collect();
            let title = title("biases", *layer);
            self.steps.push(updated_step("b", *layer, title, rate, &old, &plain(gradient), &new));
            self.network.dense_mut(layer - 1).bias = Some(updated);
        }
    }

    /// W^(l).
    fn weight(&self, layer: usize) -> Rows {
        plain(&self.network.weight(layer - 1))
    }

    /// b^(l), n × 1.
    fn bias(&self, layer: usize) -> Rows {
        let bias = self.network.dense(layer - 1).bias.iter().flatten();
        bias.map(|&b| vec![b]).collect()
    }
}

fn updated_step(
    symbol: &str,
    layer: usize,
    title: String,
    rate: f64,
    old: &Rows,
    gradient: &Rows,
    updated: &Rows,
) -> Step {
    let (part, read) = match symbol {
        "W" => (Part::Weight(layer), Part::WeightGradient(layer)),
        _ => (Part::Bias(layer), Part::BiasGradient(layer)),
    };
    Step {
        id: format!("update-{}{layer}", symbol.to_lowercase()),
        kind: StepKind::Update,
        layer: Some(layer),
        title,
        symbols: format!(
            r"{symbol}^{{({layer})}}\leftarrow {symbol}^{{({layer})}}-\eta\frac{{\partial L}}{{\partial {symbol}^{{({layer})}}}}"
        ),
        numbers: format!(
            r"{}-{}\cdot{}={}",
            matrix(old, Digits::Given),
            matrix(&[vec![rate]], Digits::Given),
            bracketed(&computed(gradient)),
            matrix(updated, Digits::Updated)
        ),
        result: Values { part, rows: updated.clone() },
        between: Vec::new(),
        reads: vec![part, read],
    }
}

fn forward_kind(round: Round) -> StepKind {
    match round {
        Round::Before => StepKind::Forward,
        Round::After => StepKind::ForwardAgain,
    }
}

fn a_of(layer: usize) -> String {
    if layer == 0 { "x".to_owned() } else { format!("a^{{({layer})}}") }
}

fn activation_part(layer: usize) -> Part {
    if layer == 0 { Part::Input } else { Part::Activation(layer) }
}
