//! The loss scale of mixed precision, step by step.

use std::ops::RangeInclusive;

use crate::engine::number::Format;
use crate::experiment::LossScaling;

/// Steps without an overflow after which a dynamic scale doubles.
const GROWTH_INTERVAL: u32 = 2000;

/// The loss scale 2^power.
///
/// A dynamic one follows `torch.amp.GradScaler`: halved when a gradient is not finite, and that
/// step is skipped; doubled after 2000 steps without. It begins at the largest power of two that
/// the format holds, at most 2^24; PyTorch begins at 2^16, which is beyond `float16`, whose first
/// step it would skip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LossScaler {
    power: i64,
    most: i64,
    is_dynamic: bool,
    finite_steps: u32,
}

impl LossScaler {
    /// log2 of every scale that there is.
    pub const POWERS: RangeInclusive<i64> = 0..=24;

    /// Before the first step; a scale of 1 where none is set.
    pub fn new(scaling: Option<LossScaling>, format: Format) -> Self {
        let most = *Self::POWERS.end().min(format.loss_scales().end());
        let (power, is_dynamic) = match scaling {
            None => (0, false),
            Some(LossScaling::Static(scale)) => (libm::log2(scale).round() as i64, false),
            Some(LossScaling::Dynamic) => (most, true),
        };
        Self { power, most, is_dynamic, finite_steps: 0 }
    }

    /// log2 of the scale of the next step.
    pub fn power(&self) -> i64 {
        self.power
    }

    /// Steps since it changed or a gradient overflowed; 0 for a scale that is fixed.
    pub fn finite_steps(&self) -> u32 {
        self.finite_steps
    }

    /// Goes on where a dynamic one stopped; a scale that is fixed stays what it is.
    pub fn resume(&mut self, power: i64, finite_steps: u32) {
        if self.is_dynamic {
            self.power = power.clamp(0, self.most);
            self.finite_steps = finite_steps.min(GROWTH_INTERVAL - 1);
        }
    }

    /// Takes in whether all gradients of a step were finite.
    pub fn update(&mut self, is_finite: bool) {
        if !self.is_dynamic {
            return;
        }
        if !is_finite {
            (self.power, self.finite_steps) = ((self.power - 1).max(0), 0);
            return;
        }
        self.finite_steps += 1;
        if self.finite_steps == GROWTH_INTERVAL {
            (self.power, self.finite_steps) = ((self.power + 1).min(self.most), 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_halves_at_an_overflow_and_doubles_after_2000_steps() {
        let mut scaler = LossScaler::new(Some(LossScaling::Dynamic), Format::Fp16);
        assert_eq!(scaler.power(), 15);
        [false, false, false].into_iter().for_each(|finite| scaler.update(finite));
        assert_eq!(scaler.power(), 12);
        (0..1999).for_each(|_| scaler.update(true));
        assert_eq!(scaler.power(), 12);
        scaler.update(true);
        assert_eq!(scaler.power(), 13);
        // An overflow begins the count anew.
        (0..1999).for_each(|_| scaler.update(true));
        scaler.update(false);
        (0..1999).for_each(|_| scaler.update(true));
        assert_eq!(scaler.power(), 12);
        let mut fixed = LossScaler::new(Some(LossScaling::Static(1024.0)), Format::Fp16);
        fixed.update(false);
        assert_eq!(fixed.power(), 10);
    }
}
