//! Networks made of an experiment's numbers and draws.

use std::sync::Arc;

use ndarray::Array2;

use crate::engine::draws::{
    DrawCache, Drawing, Drawn, NumpyOrder, Request, Source, Tensor, Wanted,
};
use crate::engine::loss::make_targets;
use crate::engine::network::Network;
use crate::engine::number::{Real, ScaledColumns};
use crate::engine::op::{Dense, Op, OpShape};
use crate::engine::pass::{Pass, PassBuffers};
use crate::experiment::{Draws, Experiment, Init, Precision, UnitLaw, Variant};

/// Drawing or passing was told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stopped")]
pub struct BuildStopped;

impl BuildStopped {
    /// Whether to go on.
    pub(super) fn unless(proceed: bool) -> Result<(), Self> {
        if proceed { Ok(()) } else { Err(Self) }
    }
}

impl<T: FromDraws> Network<T> {
    /// Draws, or finds in the cache, everything that a variant of an experiment needs.
    ///
    /// Variants of one experiment share x, y and the unit draws of each array of equal law. The
    /// order of NumPy's stream is W^(1) … W^(L), x, y, b^(1) … b^(L), as standard normals; each
    /// array has its place there whatever the laws of the others are, also where it is given or
    /// constant and not drawn. Uniform weights come from the beginning of a second stream of the
    /// same seed, uniform biases after the normal ones, and truncated normals after those: first
    /// the biases, then the weights. For binary cross-entropy a drawn target is 1 where its
    /// normal is positive and 0 elsewhere; for softmax cross-entropy it is the class of the
    /// largest normal.
    ///
    /// # Errors
    /// [`BuildStopped`] when `proceed`, asked before each array, says stop.
    pub fn build(
        experiment: &Experiment,
        variant: &Variant,
        cache: &mut DrawCache,
        proceed: &mut dyn FnMut() -> bool,
    ) -> Result<Self, BuildStopped> {
        let mut in_turn = |drawing: Drawing<'_>| {
            let Drawing::Arrays(pending) = drawing else { return proceed() };
            let mut all = pending.iter_mut();
            proceed()
                && all.all(|blank| {
                    proceed() && {
                        blank.draw();
                        true
                    }
                })
        };
        Self::build_by(experiment, variant, cache, &mut in_turn)
    }

    /// Builds a variant's network, with the layered arrays that are missing given to `draw` all at
    /// once: it may draw them on several threads, or return `false` to stop. Where one stream serves the
    /// whole network, it is told before each array the share of the numbers that is drawn.
    ///
    /// # Errors
    /// [`BuildStopped`] when `draw` says stop.
    pub fn build_by(
        experiment: &Experiment,
        variant: &Variant,
        cache: &mut DrawCache,
        draw: &mut dyn FnMut(Drawing<'_>) -> bool,
    ) -> Result<Self, BuildStopped> {
        let sizes = experiment.sizes();
        let wanted = Wanted {
            seed: experiment.seed,
            draws: experiment.draws,
            requests: &requests(experiment, variant, &sizes),
            single: T::PRECISION == Precision::F32,
        };
        let drawn = cache.draw(wanted, draw).ok_or(BuildStopped)?;
        let mut arrays = T::arrays(drawn).into_iter();
        let shapes = OpShape::of_variant(experiment, variant);
        let mut ops: Vec<(usize, Op<T>)> = Vec::new();
        for (l, shape) in shapes {
            let shared = variant
                .shares_weights(l, sizes.len() - 1)
                .then(|| ops.iter().find(|(l, op)| *l == 2 && matches!(op, Op::Dense(_))).cloned());
            let made = match (shape, shared.flatten()) {
                (OpShape::Dense { .. }, Some((_, dense))) => dense,
                _ => op(variant, l, shape, &mut arrays),
            };
            ops.push((l, made));
        }
        let mut data = |given: Option<&Vec<Vec<f64>>>, units: usize| ScaledColumns {
            mantissa: match given {
                Some(rows) => Array2::from_shape_fn((units, rows.len()), |(unit, example)| {
                    T::from_f64(rows[example][unit])
                }),
                None => (*arrays.next().expect(DRAWN)).clone(),
            },
            exponent: vec![0; experiment.architecture.batch],
        };
        let (given, loss) = (experiment.data.as_ref(), experiment.architecture.loss);
        let input = data(given.map(|d| &d.x), sizes[0]);
        let mut target = data(given.map(|d| &d.y), sizes[sizes.len() - 1]);
        if given.is_none() {
            make_targets(loss, &mut target.mantissa);
        }
        let mut network = Self::new(ops, [input, target], loss);
        for index in 0..network.depth() {
            if let (Some(given), Some(norm)) =
                (variant.given_norm(index + 1), network.norm_mut(index))
            {
                let numbers = |of: &[f64]| of.iter().map(|&number| T::from_f64(number)).collect();
                (norm.gamma, norm.beta) = (Some(numbers(&given.gamma)), Some(numbers(&given.beta)));
            }
        }
        network.fit_to_data(variant);
        Ok(network)
    }
}

/// An op of layer l with its numbers, of which the next arrays are those that had to be drawn.
fn op<T: Real>(
    variant: &Variant,
    l: usize,
    shape: OpShape,
    arrays: &mut impl Iterator<Item = Arc<Array2<T>>>,
) -> Op<T> {
    if let OpShape::Dense { inputs, units } = shape {
        return Op::Dense(dense(variant, l, [inputs, units], arrays));
    }
    Op::without_weights(shape).expect("dense ops alone have weights")
}

/// W^(l) and b^(l).
fn dense<T: Real>(
    variant: &Variant,
    l: usize,
    [fan_in, fan_out]: [usize; 2],
    arrays: &mut impl Iterator<Item = Arc<Array2<T>>>,
) -> Dense<T> {
    let (init, law) = (variant.init_of(l), variant.bias_of(l));
    let mut drawn = || arrays.next().expect(DRAWN);
    let (unit, scale) = match &variant.weights {
        Some(weights) => (Arc::new(from_rows(&weights[l - 1], fan_in)), 1.0),
        None => (drawn(), init.scale(fan_in, fan_out)),
    };
    let bias = match &variant.biases {
        Some(biases) => Some(biases[l - 1].iter().map(|&b| T::from_f64(b)).collect()),
        None if is_absent(law) => None,
        None => {
            let scale = law.scale(fan_in, fan_out);
            Some(drawn().iter().map(|&u| T::from_f64(u.to_f64() * scale)).collect())
        }
    };
    let is_random = variant.weights.is_none() && init.unit_law().is_random();
    Dense { unit, scale: T::from_f64(scale), bias, is_random }
}

/// The cache hands out an array for each of [`requests`], in their order.
const DRAWN: &str = "every array that was asked for has been drawn";

/// What must be drawn: each layer's weights and biases, x, y.
fn requests(experiment: &Experiment, variant: &Variant, sizes: &[usize]) -> Vec<Request> {
    let batch = experiment.architecture.batch;
    let order = NumpyOrder::new(sizes, batch);
    let request = |tensor, law, rows, columns| {
        let source = match experiment.draws {
            Draws::Layered => Source::Layered(tensor),
            Draws::Numpy => Source::Numpy(order.place(tensor, law)),
        };
        Request { source, law, rows, columns }
    };
    let mut requests = Vec::new();
    for l in 1..sizes.len() {
        if variant.shares_weights(l, sizes.len() - 1) {
            continue;
        }
        if variant.weights.is_none() {
            let law = variant.init_of(l).unit_law();
            requests.push(request(Tensor::Weight(l), law, sizes[l], sizes[l - 1]));
        }
        let bias = variant.bias_of(l);
        if variant.biases.is_none() && !is_absent(bias) {
            requests.push(request(Tensor::Bias(l), bias.unit_law(), sizes[l], 1));
        }
    }
    if experiment.data.is_none() {
        let outputs = sizes[sizes.len() - 1];
        requests.push(request(Tensor::Input, UnitLaw::Normal, sizes[0], batch));
        requests.push(request(Tensor::Target, UnitLaw::Normal, outputs, batch));
    }
    requests
}

/// A bias that is zero whatever is drawn needs no array.
fn is_absent(bias: &Init) -> bool {
    bias.scale(1, 1) == 0.0
}

fn from_rows<T: Real>(rows: &[Vec<f64>], columns: usize) -> Array2<T> {
    Array2::from_shape_fn((rows.len(), columns), |(i, j)| T::from_f64(rows[i][j]))
}

/// Evaluates an expression with `$real` being the type that a pass in a precision computes with;
/// the exact pass beside an emulated one is in double precision.
macro_rules! in_precision {
    ($precision:expr, $real:ident => $body:expr) => {
        match $precision {
            $crate::experiment::Precision::F32 => {
                type $real = f32;
                $body
            }
            $crate::experiment::Precision::F64
            | $crate::experiment::Precision::Fp16
            | $crate::experiment::Precision::Bf16 => {
                type $real = f64;
                $body
            }
        }
    };
}
pub(crate) use in_precision;

/// The precision's own copy of a network's unit draws.
pub trait FromDraws: Real {
    /// Which precision this type is.
    const PRECISION: Precision;

    /// This precision's pass.
    fn buffers(all: &mut PassBuffers) -> &mut Option<Pass<Self>>;

    /// The arrays in this precision.
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "only this crate draws")]
    fn arrays(drawn: Drawn) -> Vec<Arc<Array2<Self>>>;
}

impl FromDraws for f64 {
    const PRECISION: Precision = Precision::F64;

    fn buffers(all: &mut PassBuffers) -> &mut Option<Pass<Self>> {
        &mut all.double
    }

    #[expect(private_interfaces, reason = "only this crate draws")]
    fn arrays(drawn: Drawn) -> Vec<Arc<Array2<Self>>> {
        drawn.double
    }
}

impl FromDraws for f32 {
    const PRECISION: Precision = Precision::F32;

    fn buffers(all: &mut PassBuffers) -> &mut Option<Pass<Self>> {
        &mut all.single
    }

    #[expect(private_interfaces, reason = "only this crate draws")]
    fn arrays(drawn: Drawn) -> Vec<Arc<Array2<Self>>> {
        drawn.single
    }
}
