//! The optimizers, as PyTorch defines them (`torch.optim`; Kingma and Ba 2015; Loshchilov and
//! Hutter 2019).

use crate::engine::kernels::{self, UpdateNumbers};
use crate::engine::number::Real;
use crate::experiment::{Clip, Optimization, OptimizerKind};

/// Which rule moves the parameters, and how many steps it has taken.
///
/// With λ the weight decay, of each clipped gradient g:
///
/// - sgd: g ← g + λθ, θ ← θ − ηg;
/// - momentum: g ← g + λθ, v ← μv + g, θ ← θ − ηv; nesterov takes g + μv for v in the last;
/// - adam: g ← g + λθ, m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², θ ← θ − η m̂/(√v̂ + ε) with
///   m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ); adamw takes ηλθ off θ first in place of the first.
///
/// Clipping by norm multiplies g by min(1, c/(‖g‖ + 1e-6)), ‖g‖ over all parameters; by value it
/// puts each entry into [−c, c].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Optimizer {
    /// The rule with its numbers.
    pub settings: Optimization,
    /// Steps taken.
    pub steps_taken: usize,
}

/// What an optimizer keeps of one array of parameters, as long as it or empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moments<T> {
    /// v of momentum, m of Adam.
    pub first: Vec<T>,
    /// v of Adam.
    pub second: Vec<T>,
}

impl<T: Real> Moments<T> {
    /// Zeros, as before the first step.
    pub fn zeros(optimizer: OptimizerKind, parameters: usize) -> Self {
        let zeros = |is_kept: bool| vec![T::ZERO; if is_kept { parameters } else { 0 }];
        Self {
            first: zeros(optimizer.has_momentum() || optimizer.has_moments()),
            second: zeros(optimizer.has_moments()),
        }
    }
}

impl Optimizer {
    /// Before its first step.
    pub fn new(settings: Optimization) -> Self {
        Self { settings, steps_taken: 0 }
    }

    /// Whether the norm of all gradients must be known before a step.
    pub fn needs_norm(&self) -> bool {
        matches!(self.settings.clip, Some(Clip::Norm(_)))
    }

    /// The numbers of the next step, for gradients of that norm over all parameters, which counts
    /// where [`Self::needs_norm`].
    pub fn numbers<T: Real>(&self, norm: f64) -> UpdateNumbers<T> {
        let Optimization { optimizer, momentum, betas, weight_decay, clip, .. } = self.settings;
        let rate = self.settings.rate(self.steps_taken);
        let [factor, limit] = Clip::factor_and_limit(clip, norm);
        let decoupled = optimizer == OptimizerKind::AdamW;
        let moments = optimizer.has_moments();
        // Exact below 2^53 steps.
        let power = (self.steps_taken + 1) as f64;
        let unbiased = betas.map(|beta| if moments { 1.0 - libm::pow(beta, power) } else { 1.0 });
        let share = match optimizer {
            OptimizerKind::Nesterov => 1.0,
            _ if moments => 1.0 - betas[0],
            _ => 0.0,
        };
        let number = T::from_f64;
        UpdateNumbers {
            factor: number(factor),
            limit: number(limit),
            decay: number(if decoupled { 0.0 } else { weight_decay }),
            shrink: number(if decoupled { 1.0 - rate * weight_decay } else { 1.0 }),
            rate: number(if moments { rate / unbiased[0] } else { rate }),
            momentum: number(if moments { betas[0] } else { momentum }),
            share: number(share),
            second: [number(betas[1]), number(1.0 - betas[1])],
            inverse: number(1.0 / unbiased[1].sqrt()),
            epsilon: number(self.settings.epsilon),
        }
    }

    /// Makes the gradient of some parameters their new values. Whether all of these are finite.
    pub fn update<T: Real>(
        &self,
        numbers: &UpdateNumbers<T>,
        parameters: &[T],
        gradient: &mut [T],
        [first, second]: [&mut [T]; 2],
    ) -> bool {
        match self.settings.optimizer {
            OptimizerKind::Sgd => kernels::update_sgd(parameters, gradient, numbers),
            OptimizerKind::Momentum | OptimizerKind::Nesterov => {
                kernels::update_momentum(parameters, gradient, first, numbers)
            }
            OptimizerKind::Adam | OptimizerKind::AdamW => {
                kernels::update_adam(parameters, gradient, first, second, numbers)
            }
        }
    }
}
