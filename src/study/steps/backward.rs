//! BP1, and BP2 op by op.

use crate::engine::{Op, Pass, Signal};

use super::arrays::{Arrays, Layer, error_part};
use super::latex::{Digits, bracketed, computed, factor, matrix, times};
use super::norm_backward;
use super::rows::{given, plain, product, rows, transposed};
use super::step::{Part, Step, StepKind, Values};

/// The error signals from the output down.
pub(super) fn backward(arrays: &Arrays, pass: &Pass<f64>) -> Vec<Step> {
    let mut steps = vec![output_error(arrays, pass)];
    for number in (1..arrays.layers()).rev() {
        steps.extend(WayBack::new(arrays, pass, number).steps());
    }
    steps
}

/// BP1.
fn output_error(arrays: &Arrays, pass: &Pass<f64>) -> Step {
    let (network, last) = (&arrays.network, arrays.layers());
    let trace = &pass.layers[last - 1];
    let (a, y) = (computed(&rows(&trace.a)), matrix(&given(&network.target), Digits::Given));
    let difference = format!("{a}-{}", bracketed(&y));
    let delta = rows(&trace.delta);
    let mut symbols = format!(r"\delta^{{({last})}}=a^{{({last})}}-y");
    let mut numbers = format!("{difference}={}", computed(&delta));
    let mut between = Vec::new();
    let mut reads = vec![Part::Activation(last), Part::Target];
    if !network.loss.cancels_slope() {
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
        title: "BP1: the error signal of the output".to_owned(),
        symbols,
        numbers,
        between,
        reads,
        ..Step::making(StepKind::Bp1, Some(last), Values { part: Part::Delta(last), rows: delta })
    }
}

/// What comes back to an op of a layer: an array of its own, or Wᵀδ of the layer above, which the
/// next equation multiplies out.
struct Coming {
    symbols: String,
    numbers: String,
    values: Values,
    /// What the product is of.
    factors: Option<[Part; 2]>,
}

impl Coming {
    fn array(values: Values) -> Self {
        let (symbols, numbers) = (values.part.symbol(), computed(&values.rows));
        Self { symbols, numbers, values, factors: None }
    }

    fn reads(&self) -> Vec<Part> {
        self.factors.map_or(vec![self.values.part], Vec::from)
    }

    /// Where it is a product, what that comes to.
    fn multiplied_out(&self) -> Option<&Values> {
        self.factors.map(|_| &self.values)
    }

    /// As one side of another operation: in symbols and in numbers.
    fn bracketed(&self) -> [String; 2] {
        let texts = [&self.symbols, &self.numbers];
        match self.factors {
            Some(_) => texts.map(|text| format!(r"\left({text}\right)")),
            None => texts.map(String::clone),
        }
    }
}

/// The way of an error signal through the ops of a hidden layer.
struct WayBack<'a> {
    layer: Layer<'a>,
    /// What each op sends back, the one of the layer above first.
    errors: Vec<Signal<f64>>,
    /// What comes along the skip of the layer above, where that has one.
    along_skip: Option<Values>,
}

impl<'a> WayBack<'a> {
    fn new(arrays: &'a Arrays, pass: &'a Pass<f64>, number: usize) -> Self {
        let above = number + 1;
        let along_skip = pass.layers[above - 1].along_skip().map(|signal| {
            let ops = arrays.network.layer_ops(above - 1);
            let place = ops.iter().position(|op| matches!(op, Op::Add { .. }));
            let place = arrays.network.signal_before(above - 1, place.expect("it adds a skip"));
            let part = error_part(arrays.parts(above)[place + 1]);
            Values { part, rows: rows(signal) }
        });
        let errors = arrays.network.errors_between(pass, number - 1);
        Self { layer: Layer::new(arrays, pass, number), errors, along_skip }
    }

    fn steps(&self) -> Vec<Step> {
        let Layer { arrays, number, parts, .. } = &self.layer;
        let ops = &arrays.network.layer_ops(number - 1)[1..];
        let (mut steps, mut coming) = (Vec::new(), self.coming());
        let mut place = parts.len() - 1;
        for (index, (op, error)) in ops.iter().rev().zip(&self.errors[1..]).enumerate() {
            let next = ops.len().checked_sub(index + 2).map(|next| &ops[next]);
            if let Op::Save = op {
                let Some(step) = self.join(&coming, place, error) else { continue };
                steps.push(step);
            } else {
                let to = self.sent(place - 1, next, error);
                steps.extend(self.through(op, &coming, place, to));
                place -= 1;
            }
            coming = Coming::array(steps.last().expect("one was pushed").result.clone());
        }
        assert_eq!(coming.values.part, Part::Delta(*number), "the way ends at z");
        steps
    }

    /// Wᵀδ of the layer above.
    fn coming(&self) -> Coming {
        let (arrays, above) = (self.layer.arrays, self.layer.number + 1);
        let weight = transposed(&arrays.weight(above));
        let delta = rows(&self.layer.pass.layers[above - 1].delta);
        let [w, d] = [arrays.weight_part(above), Part::Delta(above)];
        let part = match arrays.is_shared(above) {
            true => Part::SharedSentBack(above),
            false => Part::SentBack(above),
        };
        Coming {
            symbols: part.symbol(),
            numbers: format!(
                "{}{}",
                factor(&weight, Digits::Given),
                factor(&delta, Digits::Computed)
            ),
            values: Values { part, rows: product(&weight, &delta) },
            factors: Some([w, d]),
        }
    }

    /// ∂L/∂ of the array of that place, from the op that takes it in; `next` is the op before that.
    fn sent(&self, place: usize, next: Option<&Op<f64>>, error: &Signal<f64>) -> Values {
        let part = self.layer.parts[place];
        let joins = self.along_skip.is_some() && matches!(next, Some(Op::Save));
        match (joins, part) {
            (true, _) => Values { part: Part::WithoutSkip(self.layer.number), rows: rows(error) },
            (false, part) => self.whole(part, error),
        }
    }

    /// ∂L/∂ of an array; δ is the pass's own.
    fn whole(&self, part: Part, error: &Signal<f64>) -> Values {
        let delta = &self.layer.pass.layers[self.layer.number - 1].delta;
        match error_part(part) {
            part @ Part::Delta(_) => Values { part, rows: rows(delta) },
            part => Values { part, rows: rows(error) },
        }
    }

    /// Back through the op that makes the array of that place.
    fn through(&self, op: &Op<f64>, coming: &Coming, place: usize, to: Values) -> Vec<Step> {
        match op {
            Op::Activation(_) => vec![self.activation(coming, place, to)],
            Op::Norm(norm) => {
                let id = id_of(to.part);
                norm_backward::backward(&self.layer, norm, place, id, to)
            }
            Op::Add { alpha } => vec![self.skip(coming, *alpha, to)],
            Op::Dense(_) | Op::Save => unreachable!("makes no array between z and a"),
        }
    }

    /// ⊙ σ′.
    fn activation(&self, coming: &Coming, place: usize, to: Values) -> Step {
        let number = self.layer.number;
        let from = self.layer.parts[place - 1];
        let slope = Values {
            part: slope_part(from),
            rows: plain(&self.layer.pass.layers[number - 1].slope),
        };
        let [symbols, numbers] = coming.bracketed();
        let (times, by) = (times(&slope.rows), bracketed(&computed(&slope.rows)));
        let out = coming.multiplied_out();
        let middle =
            out.map_or(String::new(), |out| format!("={}{times}{by}", computed(&out.rows)));
        Step {
            id: id_of(to.part),
            title: match to.part {
                Part::Delta(_) => format!("BP2: send the error signal back to layer {number}"),
                _ => format!("BP2: the error signal passes the activation of layer {number}"),
            },
            symbols: format!(r"{}={symbols}\odot{}", to.part.symbol(), slope.part.symbol()),
            numbers: format!("{numbers}{times}{by}{middle}={}", computed(&to.rows)),
            reads: [coming.reads(), vec![from]].concat(),
            between: out.cloned().into_iter().chain([slope]).collect(),
            ..Step::making(StepKind::Bp2, Some(number), to)
        }
    }

    /// α times what comes to the sum, whose other term is the skip.
    fn skip(&self, coming: &Coming, alpha: f64, to: Values) -> Step {
        let (number, below) = (self.layer.number, self.layer.number - 1);
        Step {
            id: id_of(to.part),
            title: format!(
                "BP2: α times the error signal goes through layer {number}, the whole of it along the skip to layer {below}"
            ),
            symbols: format!(r"{}=\alpha\,{}", to.part.symbol(), coming.symbols),
            numbers: format!(
                r"{}\cdot{}={}",
                matrix(&[vec![alpha]], Digits::Given),
                factor(&coming.values.rows, Digits::Computed),
                computed(&to.rows)
            ),
            reads: coming.reads(),
            ..Step::making(StepKind::Bp2, Some(number), to)
        }
    }

    /// Where the skip of the layer above starts: what comes along it is added. Nothing where that
    /// layer has no skip and ∂L/∂h is there already.
    fn join(&self, coming: &Coming, place: usize, error: &Signal<f64>) -> Option<Step> {
        let (number, above) = (self.layer.number, self.layer.number + 1);
        let out = coming.multiplied_out();
        if self.along_skip.is_none() && out.is_none() {
            return None;
        }
        let to = self.whole(self.layer.parts[place], error);
        let skip = self.along_skip.as_ref();
        let [added, put_in] = [
            skip.map_or(String::new(), |skip| format!("+{}", skip.part.symbol())),
            skip.map_or(String::new(), |skip| format!("+{}", bracketed(&computed(&skip.rows)))),
        ];
        let middle = out.filter(|_| skip.is_some());
        let middle =
            middle.map_or(String::new(), |out| format!("={}{put_in}", computed(&out.rows)));
        let title = match skip {
            Some(_) => {
                format!("BP2: the skip of layer {above} joins the way back to layer {number}")
            }
            None => format!("BP2: send the error signal back to layer {number}"),
        };
        Some(Step {
            id: id_of(to.part),
            title,
            symbols: format!("{}={}{added}", to.part.symbol(), coming.symbols),
            numbers: format!("{}{put_in}{middle}={}", coming.numbers, computed(&to.rows)),
            reads: coming.reads().into_iter().chain(skip.map(|skip| skip.part)).collect(),
            between: out.filter(|_| skip.is_some()).cloned().into_iter().collect(),
            ..Step::making(StepKind::Bp2, Some(number), to)
        })
    }
}

/// σ′ of an array.
fn slope_part(part: Part) -> Part {
    match part {
        Part::Preactivation(layer) => Part::Slope(layer),
        Part::NormOutput(layer) => Part::NormSlope(layer),
        Part::HandedOn(layer) => Part::SkipSlope(layer),
        other => unreachable!("no activation takes in {other:?}"),
    }
}

/// The name of the step that makes ∂L/∂ of an array.
fn id_of(part: Part) -> String {
    match part {
        Part::Delta(layer) => format!("bp2-{layer}"),
        Part::NormOutputError(layer) => format!("bp2-u{layer}"),
        Part::BranchError(layer) => format!("bp2-r{layer}"),
        Part::SumError(layer) => format!("bp2-s{layer}"),
        Part::HandedOnError(layer) => format!("bp2-h{layer}"),
        Part::WithoutSkip(layer) => format!("bp2-e{layer}"),
        other => unreachable!("{other:?} is no error signal"),
    }
}
