//! BP3, BP4 and the gradients of γ and β.

use crate::engine::{Parameter, Pass};

use super::arrays::{Arrays, error_part};
use super::latex::{Digits, average, computed, factor, ones_column, times};
use super::rows::{Rows, plain, rows, sum, transposed};
use super::step::{Part, Step, StepKind, Values};

/// The gradients of all parameters, from the last layer to the first.
pub(super) fn gradients(arrays: &Arrays, pass: &Pass<f64>) -> Vec<Step> {
    let groups = arrays.groups_down();
    let weights = groups.iter().map(|group| weights(arrays, pass, group));
    let biases = groups.iter().map(|group| biases(arrays, pass, group));
    let normalized =
        (1..=arrays.layers()).rev().filter(|layer| arrays.network.norm(layer - 1).is_some());
    let norms =
        normalized.flat_map(|layer| [gamma(arrays, pass, layer), beta(arrays, pass, layer)]);
    weights.chain(biases).chain(norms).collect()
}

/// Before what is averaged over the examples, in symbols.
fn average_in_symbols(batch: usize) -> &'static str {
    if batch == 1 { "" } else { r"\frac{1}{B}" }
}

/// Behind what is added up over the examples, in symbols.
fn ones_in_symbols(batch: usize) -> &'static str {
    if batch == 1 { "" } else { r"\mathbf{1}" }
}

/// BP3 of layers that have one W.
fn weights(arrays: &Arrays, pass: &Pass<f64>, group: &[usize]) -> Step {
    let batch = arrays.batch();
    let mut terms = [Vec::new(), Vec::new()];
    let (mut shares, mut reads) = (Vec::new(), Vec::new());
    for &layer in group {
        let below = arrays.output(layer - 1);
        let symbol = match below {
            Part::Input => "x".to_owned(),
            below => format!("({})", below.symbol()),
        };
        let (delta, input) =
            (rows(&pass.layers[layer - 1].delta), transposed(&rows(pass.inputs_of(layer - 1))));
        let input_digits = if below == Part::Input { Digits::Given } else { Digits::Computed };
        terms[0].push(format!(r"{}{symbol}^{{\top}}", Part::Delta(layer).symbol()));
        terms[1].push(format!(
            "{}{}",
            factor(&delta, Digits::Computed),
            factor(&input, input_digits)
        ));
        let own = plain(&pass.weight_gradient(layer - 1).to_f64());
        shares.push(Values { part: Part::WeightShare(layer), rows: own });
        reads.extend([Part::Delta(layer), below]);
    }
    let (number, whose) = whose(arrays, group);
    let part = number.map_or(Part::SharedWeightGradient, Part::WeightGradient);
    let gradient = total(&shares);
    let [symbols, numbers] = terms.map(|terms| terms.join("+"));
    let (symbols, numbers) = match (batch, group) {
        (1, _) | (_, [_]) => (symbols, numbers),
        _ => (format!(r"\left({symbols}\right)"), format!(r"\left({numbers}\right)")),
    };
    Step {
        id: format!("bp3-{}", name(number)),
        title: format!("BP3: the gradient of the weights of {whose}"),
        symbols: format!("{}={}{symbols}", part.symbol(), average_in_symbols(batch)),
        numbers: format!("{}{numbers}={}", average(batch), computed(&gradient)),
        between: if number.is_some() { Vec::new() } else { shares },
        reads,
        ..Step::making(StepKind::Bp3, number, Values { part, rows: gradient })
    }
}

/// BP4 of layers that have one b.
fn biases(arrays: &Arrays, pass: &Pass<f64>, group: &[usize]) -> Step {
    let batch = arrays.batch();
    let shares = group.iter().map(|&layer| Values {
        part: Part::Delta(layer),
        rows: plain(&pass.bias_gradient(layer - 1).to_f64()),
    });
    let gradient = total(&shares.collect::<Vec<_>>());
    let (number, whose) = whose(arrays, group);
    let part = number.map_or(Part::SharedBiasGradient, Part::BiasGradient);
    let of = |layer: &usize| Part::Delta(*layer);
    let symbols: Vec<String> = group.iter().map(|layer| of(layer).symbol()).collect();
    let terms =
        group.iter().map(|layer| factor(&rows(&pass.layers[layer - 1].delta), Digits::Computed));
    let terms: Vec<String> = terms.collect();
    let [symbols, terms] = [symbols, terms].map(|terms| match (batch, &terms[..]) {
        (2.., [_, _, ..]) => format!(r"\left({}\right)", terms.join("+")),
        _ => terms.join("+"),
    });
    let is_trivial = batch == 1 && group.len() == 1;
    let put_in = match is_trivial {
        true => String::new(),
        false => format!("{}{terms}{}=", average(batch), ones_column(batch)),
    };
    let is_idle = group.iter().all(|layer| pass.layers[layer - 1].is_bias_idle());
    let idle = if is_idle { ", which batch normalization takes off again" } else { "" };
    Step {
        id: format!("bp4-{}", name(number)),
        title: format!("BP4: the gradient of the biases of {whose}{idle}"),
        symbols: format!(
            "{}={}{symbols}{}",
            part.symbol(),
            average_in_symbols(batch),
            ones_in_symbols(batch)
        ),
        numbers: format!("{put_in}{}", computed(&gradient)),
        reads: group.iter().map(of).collect(),
        ..Step::making(StepKind::Bp4, number, Values { part, rows: gradient })
    }
}

/// ∂L/∂γ = ∂L/∂u ⊙ ẑ.
fn gamma(arrays: &Arrays, pass: &Pass<f64>, layer: usize) -> Step {
    let (batch, ends) = (arrays.batch(), NormEnds::new(arrays, pass, layer));
    let (above, normalized) = (ends.above.part, Part::Normalized(layer));
    let brackets = |text: String| match batch {
        1 => text,
        _ => format!(r"\left({text}\right)"),
    };
    let put_in = format!(
        "{}{}{}",
        factor(&ends.above.rows, Digits::Computed),
        times(&ends.above.rows),
        factor(&ends.normalized, Digits::Computed)
    );
    let result = Values {
        part: Part::GammaGradient(layer),
        rows: vector(pass, ends.above.rows.len(), |row| Parameter::Gamma { layer, row }),
    };
    Step {
        id: format!("gradient-gamma{layer}"),
        title: format!("The gradient of γ of layer {layer}"),
        symbols: format!(
            "{}={}{}{}",
            result.part.symbol(),
            average_in_symbols(batch),
            brackets(format!(r"{}\odot {}", above.symbol(), normalized.symbol())),
            ones_in_symbols(batch)
        ),
        numbers: format!(
            "{}{}{}={}",
            average(batch),
            brackets(put_in),
            ones_column(batch),
            computed(&result.rows)
        ),
        reads: vec![above, normalized],
        ..Step::making(StepKind::NormGradient, Some(layer), result)
    }
}

/// ∂L/∂β = ∂L/∂u.
fn beta(arrays: &Arrays, pass: &Pass<f64>, layer: usize) -> Step {
    let (batch, ends) = (arrays.batch(), NormEnds::new(arrays, pass, layer));
    let above = ends.above.part;
    let result = Values {
        part: Part::BetaGradient(layer),
        rows: vector(pass, ends.above.rows.len(), |row| Parameter::Beta { layer, row }),
    };
    let put_in = match batch {
        1 => String::new(),
        _ => format!("{}{}{}=", average(batch), computed(&ends.above.rows), ones_column(batch)),
    };
    Step {
        id: format!("gradient-beta{layer}"),
        title: format!("The gradient of β of layer {layer}"),
        symbols: format!(
            "{}={}{}{}",
            result.part.symbol(),
            average_in_symbols(batch),
            above.symbol(),
            ones_in_symbols(batch)
        ),
        numbers: format!("{put_in}{}", computed(&result.rows)),
        reads: vec![above],
        ..Step::making(StepKind::NormGradient, Some(layer), result)
    }
}

/// What the gradients of γ and β are made of.
struct NormEnds {
    /// ∂L/∂u.
    above: Values,
    /// ẑ.
    normalized: Rows,
}

impl NormEnds {
    fn new(arrays: &Arrays, pass: &Pass<f64>, layer: usize) -> Self {
        const NORMALIZED: &str = "the layer is normalized, and its pass went back";
        let trace = &pass.layers[layer - 1];
        let [above, normalized] =
            [trace.above_norm(), trace.normalized()].map(|signal| rows(signal.expect(NORMALIZED)));
        let part = error_part(arrays.norm_output(layer));
        Self { above: Values { part, rows: above }, normalized }
    }
}

/// The gradient of a vector of parameters, whose rows count from 1.
fn vector(pass: &Pass<f64>, units: usize, parameter: impl Fn(usize) -> Parameter) -> Rows {
    (1..=units).map(|row| vec![pass.gradient(parameter(row)).to_f64()]).collect()
}

/// The layer, where it shares nothing, and whose parameters they are in words.
fn whose(arrays: &Arrays, group: &[usize]) -> (Option<usize>, String) {
    match group {
        [layer] if !arrays.is_shared(*layer) => (Some(*layer), format!("layer {layer}")),
        [.., first] => (None, format!("layers {first} to {}, which share them", group[0])),
        [] => unreachable!("a group has a layer"),
    }
}

/// In the names of steps.
fn name(number: Option<usize>) -> String {
    number.map_or("shared".to_owned(), |layer| layer.to_string())
}

fn total(shares: &[Values]) -> Rows {
    let (first, others) = shares.split_first().expect("a group has a layer");
    others.iter().fold(first.rows.clone(), |total, share| sum(&total, &share.rows))
}
