//! Backpropagation written out for the tests, right or with a mistake in it.
//!
//! Slow and plain: every number has an exponent of its own, every sum is a loop.

use gradient_lab::engine::{Network, Parameter, Pass, Real, Scaled};
use gradient_lab::experiment::Loss;

/// What is wrong with a backward pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// Nothing.
    None,
    /// BP1 without φ′(z^(L)).
    NoOutputSlope,
    /// BP2 without φ′ in one layer.
    NoSlope,
    /// φ′(a) in place of φ′(z).
    SlopeOfActivation,
    /// φ′ of the unit beside.
    SlopeOfNeighbour,
    /// One layer's δ with the other sign.
    WrongSign,
    /// a + y in place of a − y.
    PlusTarget,
    /// One layer's δ times 1.001.
    FactorInLayer,
    /// One derivative times 1.001.
    FactorInOne,
    /// W in place of Wᵀ, where it is square.
    NotTransposed,
    /// Wᵀδ without its last term.
    DroppedTerm,
    /// BP3 with the inputs of the unit beside.
    NeighboursInput,
    /// BP3 with a^(l) in place of a^(l−1), as far as there are units.
    OwnActivation,
    /// BP4 forgotten.
    NoBias,
    /// δ of the layer above, as far as there are units.
    StaleLayer,
    /// The sum over the batch in place of the mean.
    SumOfBatch,
    /// The batch without its last example, divided by its size all the same.
    ForgottenExample,
    /// Every example with the inputs of the first.
    StaleInput,
}

impl Mistake {
    /// Every mistake.
    pub const ALL: [Self; 17] = [
        Self::NoOutputSlope,
        Self::NoSlope,
        Self::SlopeOfActivation,
        Self::SlopeOfNeighbour,
        Self::WrongSign,
        Self::PlusTarget,
        Self::FactorInLayer,
        Self::FactorInOne,
        Self::NotTransposed,
        Self::DroppedTerm,
        Self::NeighboursInput,
        Self::OwnActivation,
        Self::NoBias,
        Self::StaleLayer,
        Self::SumOfBatch,
        Self::ForgottenExample,
        Self::StaleInput,
    ];
}

/// δ by layer, example and unit, and what is read of it.
pub struct Backward<'a, T> {
    network: &'a Network<T>,
    pass: &'a Pass<T>,
    mistake: Mistake,
    /// The layer of a mistake that is in one layer only, from 0.
    at: usize,
    delta: Vec<Vec<Vec<Scaled>>>,
}

impl<'a, T: Real> Backward<'a, T> {
    /// A backward pass with a mistake, which `number` puts somewhere.
    pub fn new(network: &'a Network<T>, pass: &'a Pass<T>, mistake: Mistake, number: u64) -> Self {
        let layers = network.depth();
        let at = number as usize % layers;
        let mut backward = Self { network, pass, mistake, at, delta: vec![Vec::new(); layers] };
        for index in (0..layers).rev() {
            let examples = 0..network.input.batch();
            let delta = examples.map(|b| backward.example(index, b)).collect();
            backward.delta[index] = delta;
        }
        backward
    }

    /// δ of one layer and example.
    fn example(&self, index: usize, b: usize) -> Vec<Scaled> {
        let is_output = index + 1 == self.network.depth();
        if self.mistake == Mistake::StaleLayer && !is_output && index == self.at {
            let above = &self.delta[index + 1][b];
            let units = self.network.dense(index).unit.nrows();
            return (0..units).map(|j| above.get(j).copied().unwrap_or_default()).collect();
        }
        let signal = if is_output { self.error(b) } else { self.sent_back(index, b) };
        let cancels = is_output && self.network.loss != Loss::Mse;
        let delta = signal.into_iter().enumerate().map(|(unit, signal)| {
            let slope = if cancels { 1.0.into() } else { self.slope(index, unit, b, is_output) };
            (signal * slope) * self.factor(index)
        });
        delta.collect()
    }

    fn factor(&self, index: usize) -> f64 {
        match self.mistake {
            Mistake::WrongSign if index == self.at => -1.0,
            Mistake::FactorInLayer if index == self.at => 1.001,
            _ => 1.0,
        }
    }

    /// ∇_a L, or δ itself where the loss cancels the slope.
    fn error(&self, b: usize) -> Vec<Scaled> {
        let last = self.pass.layers.last().expect("a network has layers");
        let target = |unit: usize| Scaled::from(self.network.target.mantissa[[unit, b]].to_f64());
        let logits = last.z.column(b);
        let error = |unit: usize| {
            if self.mistake == Mistake::PlusTarget {
                return last.a.column(b)[unit] + target(unit);
            }
            match self.network.loss {
                Loss::Mse => last.a.column(b)[unit] - target(unit),
                Loss::Bce => minus_target(&[logits[unit], Scaled::ZERO], 0, target(unit)),
                Loss::SoftmaxCe => minus_target(&logits, unit, target(unit)),
            }
        };
        (0..logits.len()).map(error).collect()
    }

    /// W^(l+1)ᵀ δ^(l+1).
    fn sent_back(&self, index: usize, b: usize) -> Vec<Scaled> {
        let above = self.network.dense(index + 1);
        let (rows, columns) = above.unit.dim();
        let delta = &self.delta[index + 1][b];
        let at_this = index == self.at.min(self.network.depth() - 2);
        let transposed = self.mistake == Mistake::NotTransposed && rows == columns;
        let rows = if self.mistake == Mistake::DroppedTerm && at_this { rows - 1 } else { rows };
        let unit = |j: usize| {
            (0..rows).fold(Scaled::ZERO, |sum, i| {
                let place = if transposed { [j, i] } else { [i, j] };
                let weight = Scaled::from(above.unit[place].to_f64());
                sum + (weight * above.scale.to_f64()) * delta[i]
            })
        };
        (0..columns).map(unit).collect()
    }

    fn slope(&self, index: usize, unit: usize, b: usize, is_output: bool) -> Scaled {
        let trace = &self.pass.layers[index];
        let number = match self.mistake {
            Mistake::NoOutputSlope if is_output => return 1.0.into(),
            Mistake::NoSlope if !is_output && index == self.at => return 1.0.into(),
            Mistake::SlopeOfActivation => trace.a.column(b)[unit],
            Mistake::SlopeOfNeighbour => trace.z.column(b)[(unit + 1) % trace.z.units()],
            _ => trace.z.column(b)[unit],
        };
        slope(self.network, index, number)
    }

    /// ∂L/∂θ of the mean loss.
    pub fn gradient(&self, parameter: Parameter) -> Scaled {
        let batch = self.network.input.batch();
        let (layer, row) = (parameter.layer(), parameter.row());
        let used = if self.mistake == Mistake::ForgottenExample { batch - 1 } else { batch };
        let sum = (0..used).fold(Scaled::ZERO, |sum, b| {
            sum + self.delta[layer - 1][b][row - 1] * self.input(parameter, b)
        });
        let share = if self.mistake == Mistake::SumOfBatch { 1.0 } else { 1.0 / batch as f64 };
        let first = Parameter::Weight { layer: self.at + 1, row: 1, column: 1 };
        let one = self.mistake == Mistake::FactorInOne && parameter == first;
        sum * (share * if one { 1.001 } else { 1.0 })
    }

    fn input(&self, parameter: Parameter, b: usize) -> Scaled {
        let Parameter::Weight { layer, column, .. } = parameter else {
            return if self.mistake == Mistake::NoBias { 0.0 } else { 1.0 }.into();
        };
        let below = self.pass.inputs_of(layer - 1);
        let own = &self.pass.layers[layer - 1].a;
        match self.mistake {
            Mistake::NeighboursInput => below.column(b)[column % below.units()],
            Mistake::OwnActivation if column <= own.units() => own.column(b)[column - 1],
            Mistake::StaleInput => below.column(0)[column - 1],
            _ => below.column(b)[column - 1],
        }
    }
}

/// φ′(z) of a layer, with an exponent of its own.
pub fn slope<T: Real>(network: &Network<T>, index: usize, z: Scaled) -> Scaled {
    let activation = network.activation(index);
    let plain = z.to_f64().clamp(-1e300, 1e300);
    // Only the side counts where f64 has no such number.
    let plain = if plain == 0.0 { f64::MIN_POSITIVE * z.mantissa().signum() } else { plain };
    let plain = if z.is_zero() { 0.0 } else { plain };
    let sign = activation.derivative_sign(plain);
    Scaled::from_ln(activation.ln_derivative(plain)) * sign
}

/// p_i − y with p = softmax(logits), without losing what p lacks to 1.
pub fn minus_target(logits: &[Scaled], i: usize, y: Scaled) -> Scaled {
    let e = |j: usize, k: usize| {
        let gap = (logits[j] - logits[k]).to_f64();
        if gap < -700.0 { Scaled::from_ln(gap) } else { Scaled::from(gap.min(700.0).exp()) }
    };
    let top = (0..logits.len())
        .fold(0, |top, j| if (logits[j] - logits[top]).mantissa() > 0.0 { j } else { top });
    let total = (0..logits.len()).fold(Scaled::ZERO, |sum, j| sum + e(j, top));
    let rest = (0..logits.len())
        .filter(|&j| j != i)
        .fold(Scaled::ZERO, |sum, j| sum + e(j, top))
        .checked_div(total)
        .unwrap_or_default();
    let p = e(i, top).checked_div(total).unwrap_or_default();
    // (1 − y) p − y (1 − p).
    (Scaled::from(1.0) - y) * p - y * rest
}
