//! What is true of a network's derivatives, from weights, traces and losses alone, and whether
//! a finding says it.

use gradient_lab::engine::{Network, Parameter, Pass, Real, Scaled};
use gradient_lab::experiment::{Activation, Loss};
use gradient_lab::study::{CheckFinding, Compared, GradientCheck, KinkUnit};

use super::backward::{minus_target, slope};
use super::{relative, size};

/// What moving one parameter does, by the chain rule forwards from its layer.
pub struct Tangent {
    /// ∂L/∂θ; on a kink the one of a step upwards.
    pub value: Scaled,
    /// Whether neither a step upwards nor one downwards moves more than rounding leaves of a sum
    /// that is 0.
    pub still: bool,
    /// The sum of the magnitudes of all paths to the loss, each times 1 + |ln φ′| for the digits
    /// that an exponential loses.
    pub paths: Scaled,
    /// Units with z = 0 at a kink that it moves.
    pub kinks: Vec<KinkUnit>,
}

/// A number and the magnitudes of what it is the sum of.
type Term = (Scaled, Scaled);

impl Tangent {
    pub fn of<T: Real>(network: &Network<T>, pass: &Pass<T>, parameter: Parameter) -> Self {
        let mut upwards = Self::towards(network, pass, parameter, 1.0);
        let downwards = Self::towards(network, pass, parameter, -1.0);
        upwards.still = upwards.rounds_to_0::<T>() && downwards.rounds_to_0::<T>();
        upwards.paths = (upwards.paths + downwards.paths) * 0.5;
        upwards
    }

    /// Whether it is 0 as far as the rounding of its paths lets anybody say. A loss over a softmax
    /// does not notice that all logits rise alike, yet Σ (p_i − y_i) is left at some ε.
    fn rounds_to_0<T: Real>(&self) -> bool {
        size(self.value) <= self.paths * (100.0 * T::EPSILON)
    }

    fn towards<T: Real>(
        network: &Network<T>,
        pass: &Pass<T>,
        parameter: Parameter,
        step: f64,
    ) -> Self {
        let (value, paths, kinks) = (Scaled::ZERO, Scaled::ZERO, Vec::new());
        let mut tangent = Self { value, still: false, paths, kinks };
        let share = Scaled::from(1.0 / network.input.batch() as f64);
        for b in 0..network.input.batch() {
            let (value, paths) = tangent.example(network, pass, parameter, b, step.into());
            tangent.value += value * share;
            tangent.paths += paths * share;
        }
        tangent
    }

    fn example<T: Real>(
        &mut self,
        network: &Network<T>,
        pass: &Pass<T>,
        parameter: Parameter,
        b: usize,
        step: Scaled,
    ) -> Term {
        let (layer, row) = (parameter.layer(), parameter.row());
        let input = match parameter {
            Parameter::Weight { column, .. } => pass.inputs_of(layer - 1).column(b)[column - 1],
            _ => 1.0.into(),
        };
        let input = input * step;
        let mut moved = vec![(Scaled::ZERO, Scaled::ZERO); network.dense(layer - 1).unit.nrows()];
        moved[row - 1] = (input, size(input));
        for index in layer - 1..network.depth() {
            if index >= layer {
                moved = product(network, index, &moved);
            }
            let is_output = index + 1 == network.depth();
            if !(is_output && network.loss != Loss::Mse) {
                self.activate(network, pass, index, b, &mut moved);
            }
        }
        let errors = errors(network, pass, b);
        moved.iter().zip(errors).fold((Scaled::ZERO, Scaled::ZERO), |sum, (moved, error)| {
            (sum.0 + moved.0 * error.0, sum.1 + moved.1 * error.1)
        })
    }

    fn activate<T: Real>(
        &mut self,
        network: &Network<T>,
        pass: &Pass<T>,
        index: usize,
        b: usize,
        moved: &mut [Term],
    ) {
        let activation = network.activation(index);
        for (unit, (moved, z)) in moved.iter_mut().zip(pass.layers[index].z.column(b)).enumerate() {
            let mut slope = slope(network, index, z);
            if z.is_zero() && !moved.0.is_zero() && has_kink(activation) {
                self.kinks.push(KinkUnit { layer: index + 1, unit: unit + 1, example: b + 1 });
                let (left, right) = activation.slopes_at_origin().expect("φ(0) = 0");
                slope = if moved.0.mantissa() > 0.0 { right } else { left }.into();
            }
            let ln = slope.log10().map_or(0.0, f64::abs) * std::f64::consts::LN_10;
            // Near a flat spot two terms of order 1 cancel.
            let terms = match activation {
                Activation::Elu(_) | Activation::Selu => 0.0,
                _ => {
                    if activation.is_piecewise_linear() {
                        0.0
                    } else {
                        1.0
                    }
                }
            };
            let terms = size(slope) * (1.0 + ln) + flat(z, terms);
            *moved = (moved.0 * slope, moved.1 * terms);
        }
    }
}

/// What GELU and SiLU cancel of where their slope is nearly 0.
fn flat(z: Scaled, terms: f64) -> Scaled {
    if z.to_f64().abs() < 3.0 { terms.into() } else { Scaled::ZERO }
}

fn product<T: Real>(network: &Network<T>, index: usize, moved: &[Term]) -> Vec<Term> {
    let layer = network.dense(index);
    let row = |weights: ndarray::ArrayView1<'_, T>| {
        weights.iter().zip(moved).fold((Scaled::ZERO, Scaled::ZERO), |sum, (w, moved)| {
            let w = Scaled::from(w.to_f64()) * layer.scale.to_f64();
            (sum.0 + w * moved.0, sum.1 + size(w) * moved.1)
        })
    };
    layer.unit.rows().into_iter().map(row).collect()
}

/// ∂L/∂a for a squared error, ∂L/∂z for the others, of one example.
fn errors<T: Real>(network: &Network<T>, pass: &Pass<T>, b: usize) -> Vec<Term> {
    let last = pass.layers.last().expect("a network has layers");
    let (z, a) = (last.z.column(b), last.a.column(b));
    let error = |unit: usize| {
        let y = Scaled::from(network.target.mantissa[[unit, b]].to_f64());
        let error = match network.loss {
            Loss::Mse => a[unit] - y,
            Loss::Bce => minus_target(&[z[unit], Scaled::ZERO], 0, y),
            Loss::SoftmaxCe => minus_target(&z, unit, y),
        };
        let soft = !y.is_zero() && y.to_f64() != 1.0 && network.loss != Loss::Mse;
        (error, size(error) + (if soft { y } else { Scaled::ZERO }))
    };
    (0..z.len()).map(error).collect()
}

/// A check with what is true of it.
pub struct Raw<'a, T> {
    pub network: &'a Network<T>,
    pub pass: Pass<T>,
    /// The gradient that was checked.
    pub claimed: Vec<Scaled>,
    pub tangents: Vec<Tangent>,
    pub check: &'a GradientCheck,
}

impl<'a, T: Real> Raw<'a, T> {
    pub fn new(
        network: &'a Network<T>,
        claimed: &dyn Fn(Parameter) -> Scaled,
        check: &'a GradientCheck,
    ) -> Self {
        let pass = network.forward();
        let parameters = || check.details.iter().map(|of| of.differences.parameter);
        let tangents = parameters().map(|of| Tangent::of(network, &pass, of)).collect();
        Self { network, tangents, claimed: parameters().map(claimed).collect(), pass, check }
    }

    /// Every finding is true, and together they speak of every parameter once.
    pub fn verify(&self, findings: &[CheckFinding]) -> Result<(), String> {
        let counted = findings.iter().map(|finding| match *finding {
            CheckFinding::Differs { count, .. }
            | CheckFinding::Agrees { count, .. }
            | CheckFinding::Zero { count, .. }
            | CheckFinding::OnKink { count, .. }
            | CheckFinding::BelowRounding { count, .. } => count,
            CheckFinding::NothingResolved | CheckFinding::PlainDifferences { .. } => 0,
        });
        let counted: usize = counted.sum();
        let agrees = self.with(|i| self.agrees(i)).count();
        let differs = self.with(|i| self.differs(i)).count();
        // With a wrong derivative about, nobody counts those that agree.
        if counted + if differs > 0 { agrees } else { 0 } != self.claimed.len() {
            return Err(format!("{counted} of {} counted", self.claimed.len()));
        }
        let told = findings.iter().map(std::mem::discriminant);
        if told.clone().enumerate().any(|(i, kind)| told.clone().take(i).any(|t| t == kind)) {
            return Err("one thing is told twice".to_owned());
        }
        findings
            .iter()
            .find(|&finding| !self.is_true(finding))
            .map_or(Ok(()), |finding| Err(format!("not true: {finding:?}")))
    }

    fn is_true(&self, finding: &CheckFinding) -> bool {
        let all = self.claimed.len();
        match *finding {
            CheckFinding::Differs { count, checked, ref worst } => {
                let right = count == self.with(|i| self.differs(i)).count() && count > 0;
                right && checked == all && self.is_worst(worst, |i| self.differs(i))
            }
            CheckFinding::Agrees { count, checked, ref worst } => {
                let none = self.with(|i| self.differs(i)).count() == 0;
                let right = count == self.with(|i| self.agrees(i)).count() && count > 0;
                none && right && checked == all && self.is_worst(worst, |i| self.agrees(i))
            }
            CheckFinding::NothingResolved => {
                self.with(|i| self.agrees(i) || self.differs(i)).count() == 0
            }
            CheckFinding::Zero { count, checked } => {
                checked == all && count == self.with(|i| self.is_zero(i)).count()
            }
            CheckFinding::OnKink { count, unit } => {
                let on_kink: Vec<usize> = self.with(|i| self.on_kink(i)).collect();
                let first = on_kink.first().map(|&i| self.tangents[i].kinks[0]) == Some(unit);
                let z = self.pass.layers[unit.layer - 1].z.column(unit.example - 1);
                count == on_kink.len() && first && z[unit.unit - 1].is_zero()
            }
            CheckFinding::BelowRounding { count, single } => {
                let mut rest = self.with(|i| self.is_rest(i));
                let right = count == rest.clone().count() && count > 0;
                right && single == (T::EPSILON > 1e-10) && rest.all(|i| self.is_hopeless(i))
            }
            CheckFinding::PlainDifferences { step, median, compared } => {
                let here = self.plain(step);
                let elsewhere = self.check.steps.iter().map(|other| self.plain(other.step));
                self.check.steps.iter().any(|taken| taken.step == step)
                    && here == Some((median, compared))
                    && elsewhere.flatten().all(|(other, _)| other >= median)
            }
        }
    }

    fn with<'b>(
        &'b self,
        is: impl Fn(usize) -> bool + Clone + 'b,
    ) -> impl Iterator<Item = usize> + Clone + 'b {
        (0..self.claimed.len()).filter(move |&i| is(i))
    }

    fn bound(&self, i: usize) -> Scaled {
        self.check.details[i].differences.bound
    }

    /// Claimed to be 0, and so it is; where paths cancel, as far as rounding lets anybody say.
    fn is_zero(&self, i: usize) -> bool {
        let Tangent { paths, still, .. } = &self.tangents[i];
        let recorded = self.check.details[i].differences.still;
        self.claimed[i].is_zero() && (paths.is_zero() || *still && recorded)
    }

    fn on_kink(&self, i: usize) -> bool {
        !self.is_zero(i) && !self.tangents[i].kinks.is_empty()
    }

    fn differs(&self, i: usize) -> bool {
        let off = size(self.claimed[i] - self.tangents[i].value);
        !self.is_zero(i) && !self.on_kink(i) && (off - self.bound(i)).mantissa() > 0.0
    }

    /// Within the bound, which tells it from 0.
    fn agrees(&self, i: usize) -> bool {
        let near = |number: Scaled| {
            let share =
                self.bound(i).checked_div(number).map_or(f64::INFINITY, |share| share.to_f64());
            share.abs() <= libm::cbrt(T::EPSILON)
        };
        let told = near(self.claimed[i]) || near(self.tangents[i].value);
        !self.is_zero(i) && !self.on_kink(i) && !self.differs(i) && told
    }

    /// None of the others.
    fn is_rest(&self, i: usize) -> bool {
        !(self.is_zero(i) || self.on_kink(i) || self.differs(i) || self.agrees(i))
    }

    /// Whether rounding of so many paths that cancel may leave nothing.
    fn is_hopeless(&self, i: usize) -> bool {
        let Tangent { value, paths, .. } = &self.tangents[i];
        let rounding = *paths * (1000.0 * T::EPSILON);
        (rounding - size(*value) * libm::cbrt(T::EPSILON)).mantissa() > 0.0
    }

    /// Whether it is one of them, says what it should, and none is farther off.
    fn is_worst(&self, worst: &Compared, is: impl Fn(usize) -> bool + Clone) -> bool {
        let error = |i: usize| relative(self.claimed[i], self.tangents[i].value);
        let slack = |i: usize| {
            let larger = [self.claimed[i], self.tangents[i].value].map(size);
            let bound =
                |of: Scaled| self.bound(i).checked_div(of).map_or(f64::INFINITY, Scaled::to_f64);
            bound(larger[0]).min(bound(larger[1]))
        };
        let parameter = worst.differences.parameter;
        let place = self.check.details.iter().position(|of| of.differences.parameter == parameter);
        let Some(place) = place.filter(|&i| is(i)) else { return false };
        let near = (worst.relative_error - error(place)).abs() <= 2.0 * slack(place);
        let farthest = self.with(&is).map(|i| error(i) - 2.0 * slack(i)).fold(0.0, f64::max);
        worst.analytic == self.claimed[place] && near && worst.relative_error >= farthest.max(0.0)
    }

    /// The median of what plain centred differences at one h are off by, and of how many.
    fn plain(&self, step: f64) -> Option<(f64, usize)> {
        let mut network = self.network.with_plain_parameters();
        let at_rest = sides(&network, &network.forward());
        let all: Vec<usize> = self.with(|i| self.agrees(i) || self.differs(i)).collect();
        let mut errors = Vec::new();
        for &i in &all {
            let parameter = self.check.details[i].differences.parameter;
            let (value, h) = (network.value(parameter), T::from_f64(step));
            let mut losses = Vec::new();
            for moved in [value + h, value - h] {
                network.set(parameter, moved);
                let pass = network.forward();
                if sides(&network, &pass) == at_rest {
                    losses.push(network.loss_of(&pass));
                }
            }
            network.set(parameter, value);
            if let [above, below] = losses[..] {
                let run = (value + h).to_f64() - (value - h).to_f64();
                let difference = (above - below).checked_div(run.into()).unwrap_or_default();
                errors.push(relative(self.claimed[i], difference));
            }
        }
        errors.sort_by(f64::total_cmp);
        let enough = !errors.is_empty() && 2 * errors.len() >= all.len();
        enough.then(|| (errors[errors.len() / 2], errors.len()))
    }
}

/// Whether the slopes just beside 0 differ.
fn has_kink(activation: Activation) -> bool {
    (activation.derivative(1e-12) - activation.derivative(-1e-12)).abs() > 1e-9
}

/// On which side of a kink every pre-activation is.
fn sides<T: Real>(network: &Network<T>, pass: &Pass<T>) -> Vec<bool> {
    let layers = network.activations().zip(&pass.layers);
    let with_kink = layers.filter(|(activation, _)| has_kink(*activation));
    let columns = with_kink
        .flat_map(|(_, trace)| (0..trace.z.batch()).flat_map(|example| trace.z.column(example)));
    columns.map(|z| z.mantissa() > 0.0).collect()
}
