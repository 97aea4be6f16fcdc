//! The difference between two forward passes, carried through the layers.
//!
//! L(θ + h) − L(θ), computed as it stands, has an error of ε|L|, beside which a vanished
//! gradient is nothing at any h. Here the *differences* go forward: where one pass has a and
//! the other a + Δa, the next layer's z differ by W Δa, and its activations by
//! φ(z + Δz) − φ(z), which [`super::quotient`] computes to the last digits; so does
//! [`super::rise`] the loss. That is a forward pass and knows nothing of the way back. It
//! begins at the parameter's own layer: below it nothing moves.

use std::ops::Range;

use ndarray::ArrayView1;

use crate::engine::{Dense, Network, Op, Parameter, Pass, Real, Scaled};
use crate::experiment::Activation;

use super::noise::{Noise, shaken};
use super::normalized::norm_moved;
use super::quotient::quotient;
use super::rise::OutputRise;

/// Between these powers of two beside the largest, plain numbers do for a product.
const PLAIN: std::ops::Range<i64> = -500..900;
/// A kink counts as near as this many times its distance: the network is straight up to it.
const STRAIGHT: f64 = 32.0;
/// What a step from where φ″ jumps is multiplied by, so that what it bends is below rounding.
const BENT: f64 = 1e12;

/// A unit that sits on a kink of its activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KinkUnit {
    /// l, from 1.
    pub layer: usize,
    /// j, from 1.
    pub unit: usize,
    /// Which example, from 1.
    pub example: usize,
}

/// What one step does.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Carried {
    /// L(θ + h) − L(θ), the mean over the batch.
    pub rise: Scaled,
    /// The largest |Δz| anywhere, beside what its unit can take: the distance over which its
    /// activation bends, and, more than once, the one to its kink.
    pub reach: Scaled,
    /// The first unit that sits on its kink and was moved off it.
    pub on_kink: Option<KinkUnit>,
    /// Whether a unit beside its kink was taken to the other side.
    pub crossed: bool,
    /// Whether a Δz was so large that the quotients were not computed for it.
    pub too_far: bool,
}

impl Carried {
    /// Takes the Δz of an output whose loss takes the logits themselves.
    fn take_logits(&mut self, moved: &[Scaled]) {
        let far = moved.iter().map(|&moved| moved.abs());
        self.reach = far.fold(self.reach, Scaled::max);
        self.too_far |= moved.iter().any(|&moved| moved.abs() > 1.0.into());
    }
}

/// Δ of what goes through the layer and of what goes along the skip, of each example.
#[derive(Default)]
struct Moved {
    way: Vec<Vec<Scaled>>,
    skip: Vec<Vec<Scaled>>,
}

impl Moved {
    fn is_still(&self) -> bool {
        self.way.iter().chain(&self.skip).flatten().all(|moved| moved.is_zero())
    }
}

/// A network at rest, past which differences are carried.
pub(super) struct DifferencePass<'a, T> {
    network: &'a Network<T>,
    base: Pass<T>,
    output: OutputRise,
}

impl<'a, T: Real> DifferencePass<'a, T> {
    /// Runs the one forward pass that everything differs from.
    pub fn new(network: &'a Network<T>) -> Self {
        let base = network.forward();
        let output = OutputRise::new(network, &base);
        Self { network, base, output }
    }

    /// Adds h to a parameter. With `noise` every product and every quotient is off by a
    /// random share, as rounding would have it.
    pub fn carry(&self, parameter: Parameter, h: Scaled, mut noise: Option<&mut Noise>) -> Carried {
        let mut carried = Carried::default();
        let batch = self.network.input.batch();
        // Examples go one by one, but for those that a normalization couples.
        let together = if self.is_coupled() { batch } else { 1 };
        for first in (0..batch).step_by(together) {
            let examples = first..first + together;
            let rise = self.rise_of(parameter, h, examples, &mut carried, &mut noise);
            carried.rise += rise;
        }
        carried.rise *= 1.0 / batch as f64;
        carried
    }

    /// Whether the examples of the batch depend on each other.
    fn is_coupled(&self) -> bool {
        self.network.ops().iter().any(|op| match op {
            Op::Norm(norm) => norm.spec.kind.couples_examples(),
            _ => false,
        })
    }

    /// How much the examples' own losses rise together.
    fn rise_of(
        &self,
        parameter: Parameter,
        h: Scaled,
        examples: Range<usize>,
        carried: &mut Carried,
        noise: &mut Option<&mut Noise>,
    ) -> Scaled {
        let first = parameter.layer() - 1;
        let mut moved = Moved::default();
        for index in first..self.network.depth() {
            if index > first && moved.is_still() {
                return Scaled::ZERO;
            }
            for (place, op) in self.network.layer_ops(index).iter().enumerate() {
                match op {
                    // The first layer's z, or what its normalization makes of it, is what moves.
                    Op::Dense(_) if index == first => {
                        moved = self.first(parameter, h, examples.clone(), noise);
                    }
                    Op::Dense(dense) => {
                        for way in &mut moved.way {
                            *way = product(dense, way, noise);
                        }
                    }
                    op => self.carry_between(
                        (op, place),
                        index,
                        &examples,
                        &mut moved,
                        carried,
                        noise,
                    ),
                }
                if index == first {
                    self.move_norm(parameter, h, op, &examples, &mut moved, noise);
                }
            }
        }
        let rises = examples.zip(&moved.way);
        let rises = rises.map(|(example, way)| self.output.of(example, way, noise));
        rises.collect::<Vec<_>>().into_iter().sum()
    }

    /// What an op between z and a makes of what moves.
    fn carry_between(
        &self,
        (op, place): (&Op<T>, usize),
        index: usize,
        examples: &Range<usize>,
        moved: &mut Moved,
        carried: &mut Carried,
        noise: &mut Option<&mut Noise>,
    ) {
        let is_output = index + 1 == self.network.depth();
        match op {
            Op::Activation(_) if is_output && self.network.loss.cancels_slope() => {
                moved.way.iter().for_each(|way| carried.take_logits(way));
            }
            Op::Activation(activation) => {
                for (example, way) in examples.clone().zip(&mut moved.way) {
                    self.activate((*activation, index), example, way, carried, noise);
                }
            }
            Op::Norm(norm) => {
                let place = self.network.signal_before(index, place);
                let signal = self.base.layers[index].signal(place);
                let before: Vec<_> =
                    examples.clone().map(|example| signal.column(example)).collect();
                norm_moved(norm, &before, &mut moved.way, &mut carried.reach, noise);
            }
            Op::Add { alpha } => {
                for (way, skip) in moved.way.iter_mut().zip(&moved.skip) {
                    way.iter_mut().zip(skip).for_each(|(way, skip)| *way = *way * *alpha + *skip);
                }
            }
            Op::Save => moved.skip.clone_from(&moved.way),
            Op::Dense(_) => unreachable!("makes z"),
        }
    }

    /// Δz of the first layer that moves, and what its skip moves by: nothing.
    fn first(
        &self,
        parameter: Parameter,
        h: Scaled,
        examples: Range<usize>,
        noise: &mut Option<&mut Noise>,
    ) -> Moved {
        let layer = parameter.layer();
        let still = vec![Scaled::ZERO; self.network.dense(layer - 1).unit.nrows()];
        let way = examples.map(|example| {
            let step = match parameter {
                Parameter::Weight { column, .. } => {
                    h * self.base.inputs_of(layer - 1).column(example)[column - 1]
                }
                Parameter::Bias { .. } => h,
                Parameter::Gamma { .. } | Parameter::Beta { .. } => Scaled::ZERO,
            };
            let mut moved = still.clone();
            moved[parameter.row() - 1] = shaken(step, step, noise);
            moved
        });
        let way: Vec<_> = way.collect();
        Moved { skip: vec![still; way.len()], way }
    }

    /// Adds what a step of γ or β moves, behind the normalization.
    fn move_norm(
        &self,
        parameter: Parameter,
        h: Scaled,
        op: &Op<T>,
        examples: &Range<usize>,
        moved: &mut Moved,
        noise: &mut Option<&mut Noise>,
    ) {
        if !matches!(op, Op::Norm(_)) {
            return;
        }
        let unit = parameter.row() - 1;
        for (example, way) in examples.clone().zip(&mut moved.way) {
            let step = match parameter {
                Parameter::Gamma { layer, .. } => {
                    let normalized = self.base.layers[layer - 1].normalized();
                    h * normalized.expect("the op is there").entry(unit, example)
                }
                Parameter::Beta { .. } => h,
                _ => return,
            };
            way[unit] = shaken(step, step, noise);
        }
    }

    /// Δz becomes Δa.
    fn activate(
        &self,
        (activation, index): (Activation, usize),
        example: usize,
        moved: &mut [Scaled],
        carried: &mut Carried,
        noise: &mut Option<&mut Noise>,
    ) {
        let z = self.base.layers[index].activated().column(example);
        let units = moved.iter_mut().zip(z).enumerate();
        for (unit, (moved, exact)) in units.filter(|(_, (moved, _))| !moved.is_zero()) {
            let distance = (*moved).abs();
            let plain = clamped(exact);
            let room = activation.smooth_distance(plain);
            let mut reach = distance * (1.0 / room);
            let mut positive = exact.mantissa() > 0.0;
            if activation.is_piecewise() {
                let against = (moved.mantissa() > 0.0) != positive;
                let crosses = against && exact.abs() <= distance;
                if activation.has_kink() && exact.is_zero() {
                    let at = KinkUnit { layer: index + 1, unit: unit + 1, example: example + 1 };
                    carried.on_kink.get_or_insert(at);
                }
                carried.crossed |= crosses && !exact.is_zero();
                if exact.is_zero() || crosses {
                    positive = moved.mantissa() > 0.0;
                }
                let bend = distance.checked_div(exact.abs()).map(|share| share * STRAIGHT);
                let bend = bend.unwrap_or(distance * BENT);
                reach = match activation.is_piecewise_linear() {
                    true => bend,
                    false => reach.max(bend),
                };
            }
            carried.reach = carried.reach.max(reach);
            let far = !activation.is_piecewise_linear() && distance > room.into();
            carried.too_far |= far;
            let d = if far { 0.0 } else { moved.to_f64() };
            let quotient = quotient(activation, plain, d, positive);
            *moved *= match noise {
                Some(noise) => noise.slope(quotient),
                None => quotient.value,
            };
        }
    }
}

/// A number as an `f64`, past its ends the last one that is some way inside.
fn clamped(number: Scaled) -> f64 {
    number.to_f64().clamp(-1e300, 1e300)
}

/// W Δa of one example.
fn product<T: Real>(
    dense: &Dense<T>,
    moved: &[Scaled],
    noise: &mut Option<&mut Noise>,
) -> Vec<Scaled> {
    let exponents = || moved.iter().filter(|moved| !moved.is_zero()).map(|moved| moved.exponent());
    let (top, least) = (exponents().max().unwrap_or(0), exponents().min().unwrap_or(0));
    let spread = least - top < PLAIN.start;
    let mantissas: Vec<f64> = moved
        .iter()
        .map(|&moved| Scaled::new(moved.mantissa(), moved.exponent() - top).to_f64())
        .collect();
    let scale = Scaled::from(dense.scale.to_f64());
    let row = |weights: ArrayView1<'_, T>| {
        let weights = weights.as_slice().expect("draws and given matrices are stored row by row");
        let (sum, squares) = match noise {
            None => (dot(weights, &mantissas), 0.0),
            Some(_) => dot_and_squares(weights, &mantissas),
        };
        let holds =
            |number: f64| number.is_normal() && PLAIN.contains(&Scaled::from(number).exponent());
        let plain = !spread && holds(sum) && (noise.is_none() || holds(squares));
        let (sum, terms) = match plain {
            true => (Scaled::new(sum, top), Scaled::new(squares.sqrt(), top)),
            false => exactly(weights, moved),
        };
        shaken(sum, terms, noise) * scale
    };
    let mut row = row;
    dense.unit.rows().into_iter().map(&mut row).collect()
}

/// Σ w m, in four sums that an instruction can take at a time.
fn dot<T: Real>(weights: &[T], moved: &[f64]) -> f64 {
    let (weight_fours, weight_rest) = weights.as_chunks::<4>();
    let (moved_fours, moved_rest) = moved.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for (w, m) in weight_fours.iter().zip(moved_fours) {
        for lane in 0..4 {
            sums[lane] += w[lane].to_f64() * m[lane];
        }
    }
    let rest: f64 = weight_rest.iter().zip(moved_rest).map(|(w, m)| w.to_f64() * m).sum();
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

/// Σ w m and Σ (w m)².
fn dot_and_squares<T: Real>(weights: &[T], moved: &[f64]) -> (f64, f64) {
    let terms = weights.iter().zip(moved).map(|(w, m)| w.to_f64() * m);
    terms.fold((0.0, 0.0), |(sum, squares), term| (sum + term, squares + term * term))
}

/// Σ w m and √Σ (w m)² where plain numbers would lose some of it.
fn exactly<T: Real>(weights: &[T], moved: &[Scaled]) -> (Scaled, Scaled) {
    let terms = weights.iter().zip(moved).map(|(w, m)| *m * w.to_f64());
    let (sum, squares) = terms.fold((Scaled::ZERO, Scaled::ZERO), |(sum, squares), term| {
        (sum + term, squares + term * term)
    });
    (sum, squares.sqrt())
}
