//! ẑ = (z − μ)/√(v + ε) and u = γ ⊙ ẑ + β, with the mean and the variance of a group of numbers
//! (Ioffe and Szegedy 2015; Ba et al. 2016; Zhang and Sennrich 2019).
//!
//! On the way back, with means over the same group and g = ∂L/∂u ⊙ γ,
//!
//! δ = (g⊥ + g∥ ε/(v + ε))/√(v + ε),
//!
//! where g∥ is the part of g − mean(g) (of g for RMS normalization) along ẑ, and g⊥ the rest. The
//! usual form g − mean(g) − ẑ mean(g ⊙ ẑ) is the same, and cancels where few numbers are
//! normalized: of two g⊥ is exactly 0.

mod scaled;

use crate::engine::chain::NormTrace;
use crate::engine::kernels::{self, Groups};
use crate::engine::number::{Real, SAFE_SQUARES, Scaled, Signal, ldexp, smallest};
use crate::engine::op::extent::renormalize_to;
use crate::engine::pass::LayerTrace;
use crate::experiment::{NormKind, Normalization};

/// A normalization with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Norm<T> {
    /// Over what, and ε.
    pub spec: Normalization,
    /// n.
    pub units: usize,
    /// γ, n numbers, or nothing where all are 1.
    pub gamma: Option<Vec<T>>,
    /// β, n numbers, or nothing where all are 0.
    pub beta: Option<Vec<T>>,
    /// n means and n numbers 1/√(v + ε) in place of those of the batch, for a forward pass alone.
    fixed: Option<[Vec<f64>; 2]>,
}

/// The exponents, as powers of two, between which a factor is a plain number.
const PLAIN_FACTOR: i64 = 300;
/// A standard deviation below so many roundings of the mean is taken from exact differences.
const ROUNDINGS_OF_A_MEAN: f64 = 1000.0;
/// So many ε of a column's largest and less are looked at number by number.
const SUSPICIOUS: f64 = 512.0;
/// Powers of two by which examples may differ and still be added up as plain numbers.
const PLAIN_SPREAD: i64 = 60;

impl<T: Real> Norm<T> {
    /// As it starts: γ = 1 and β = 0.
    pub fn new(spec: Normalization, units: usize) -> Self {
        Self { spec, units, gamma: None, beta: None, fixed: None }
    }

    /// This normalization with γ and β in double precision.
    pub(crate) fn to_double(&self) -> Norm<f64> {
        let numbers = |of: &Vec<T>| of.iter().map(|number| number.to_f64()).collect();
        let [gamma, beta] = [&self.gamma, &self.beta].map(|of| of.as_ref().map(numbers));
        Norm { spec: self.spec, units: self.units, gamma, beta, fixed: self.fixed.clone() }
    }

    /// Whether it sends nothing back of what came to it: of a layer whose δ is zero.
    pub(crate) fn lets_nothing_back(&self, trace: &LayerTrace<T>) -> bool {
        let Some(chain) = &trace.chain else { return false };
        let is_zero = |signal: &Signal<T>| signal.norms().iter().all(|norm| norm.is_zero());
        let comes = chain.norm.above.as_ref().is_some_and(|above| !is_zero(above));
        // Where the skip joins below it, what goes on is there to see.
        let goes_on = chain.is_norm_above_skip()
            && chain.along_skip.as_ref().is_some_and(|skip| !is_zero(skip));
        comes && !goes_on
    }

    fn groups(&self, units: usize, batch: usize) -> Groups {
        match self.spec.kind {
            NormKind::Batch => Groups::Rows(batch),
            NormKind::Layer | NormKind::Rms if batch == 1 => Groups::Rows(units),
            NormKind::Layer | NormKind::Rms => Groups::Columns(batch),
        }
    }

    fn centres(&self) -> bool {
        self.spec.kind != NormKind::Rms
    }

    /// How many groups there are, and how many numbers each has.
    fn extents(&self, units: usize, batch: usize) -> [usize; 2] {
        if self.spec.kind.couples_examples() { [units, batch] } else { [batch, units] }
    }

    /// u of z, both n × B.
    pub(super) fn forward(&self, z: &Signal<T>, u: &mut Signal<T>, trace: &mut NormTrace<T>) {
        if let Some(fixed) = &self.fixed {
            Self::forward_fixed(z, u, fixed);
        } else if !self.forward_plain(z, u, trace) {
            self.forward_scaled(z, u, trace);
        }
        if self.gamma.is_none() && self.beta.is_none() {
            trace.normalized = None;
            return;
        }
        match &mut trace.normalized {
            Some(normalized) => normalized.copy_from(u),
            None => trace.normalized = Some(u.clone()),
        }
        if self.scale_and_shift_plain(u) {
            return;
        }
        u.copy_from(trace.normalized.as_ref().expect("it was just kept"));
        for example in 0..u.batch() {
            let mut column = u.column(example);
            for (unit, u) in column.iter_mut().enumerate() {
                let [gamma, beta] = [(&self.gamma, 1.0), (&self.beta, 0.0)]
                    .map(|(of, absent)| of.as_ref().map_or(absent, |of| of[unit].to_f64()));
                *u = *u * gamma + Scaled::from(beta);
            }
            if example == 0 {
                u.clear_underflowed();
            }
            u.set_settled(example, &column);
        }
    }

    /// γ ⊙ u + β in plain numbers, or `false` where they would lose digits.
    fn scale_and_shift_plain(&self, u: &mut Signal<T>) -> bool {
        let (Some(gamma), Some(beta), true) = (&self.gamma, &self.beta, u.is_plain()) else {
            return false;
        };
        let batch = u.batch();
        let entries = u.columns_mut().entries_mut();
        kernels::scale_and_shift_rows(entries, batch, gamma, beta);
        let whole = kernels::none_below(entries, smallest());
        let whole = whole && kernels::largest(entries) <= T::LARGEST;
        if whole {
            u.settle_all();
        }
        whole
    }

    /// Takes these means and variances, n each, in place of those of the examples.
    pub(in crate::engine) fn fix(&mut self, mean: &[f64], variance: &[f64]) {
        let inverse = |&variance: &f64| self.inverse_and_share(variance)[0];
        self.fixed = Some([mean.to_vec(), variance.iter().map(inverse).collect()]);
    }

    /// ẑ with fixed statistics.
    fn forward_fixed(z: &Signal<T>, u: &mut Signal<T>, [means, inverse]: &[Vec<f64>; 2]) {
        u.clear_underflowed();
        if z.is_plain() {
            u.columns_mut().exponent.fill(0);
            let (from, to) = (z.columns().entries(), u.columns_mut().entries_mut());
            if kernels::group_normalize(from, Groups::Rows(z.batch()), means, inverse, to) {
                return u.settle_all();
            }
        }
        for example in 0..z.batch() {
            let mut column = z.column(example);
            for ((z, mean), inverse) in column.iter_mut().zip(means).zip(inverse) {
                *z = (*z - Scaled::from(*mean)) * *inverse;
            }
            u.set_settled(example, &column);
        }
    }

    /// The forward pass in plain numbers, or `false` where they would lose digits.
    fn forward_plain(&self, z: &Signal<T>, u: &mut Signal<T>, trace: &mut NormTrace<T>) -> bool {
        let (units, batch) = (z.units(), z.batch());
        let groups = self.groups(units, batch);
        let [count, length] = self.extents(units, batch);
        if !z.is_plain() {
            return false;
        }
        let entries = z.columns().entries();
        let mut means = self.means(entries, groups, [count, length]);
        let mut pairs = vec![[0.0; 2]; count];
        kernels::group_squares(entries, groups, &means, &mut pairs);
        let mut squares = Vec::with_capacity(count);
        for (mean, [rest, square]) in means.iter_mut().zip(pairs) {
            let rest = if self.centres() { rest / length as f64 } else { 0.0 };
            *mean += rest;
            squares.push(square - length as f64 * rest * rest);
        }
        // What is left of numbers that are nearly equal is the mean's rounding.
        let is_noise = |(square, mean): (&f64, &f64)| {
            let spread = (square / length as f64).sqrt();
            spread < ROUNDINGS_OF_A_MEAN * f64::EPSILON * mean.abs()
        };
        let is_unsafe = |square: &f64| *square != 0.0 && !SAFE_SQUARES.contains(square);
        if squares.iter().any(is_unsafe) || squares.iter().zip(&means).any(is_noise) {
            return false;
        }
        trace.inverse.clear();
        trace.share.clear();
        let factors: Vec<f64> = squares
            .iter()
            .map(|square| {
                let [inverse, share] = self.inverse_and_share(square / length as f64);
                trace.inverse.push(inverse.into());
                trace.share.push(share);
                inverse
            })
            .collect();
        u.clear_underflowed();
        u.columns_mut().exponent.fill(0);
        let out = u.columns_mut().entries_mut();
        let whole = kernels::group_normalize(entries, groups, &means, &factors, out);
        if whole {
            u.settle_all();
        }
        whole
    }

    /// The groups' means up to rounding, and 0 where nothing is taken off.
    fn means(&self, entries: &[T], groups: Groups, [count, length]: [usize; 2]) -> Vec<f64> {
        let mut means = vec![0.0; count];
        if self.centres() {
            kernels::group_sums(entries, groups, &mut means);
            means.iter_mut().for_each(|sum| *sum /= length as f64);
        }
        means
    }

    /// 1/√(v + ε) and ε/(v + ε).
    fn inverse_and_share(&self, variance: f64) -> [f64; 2] {
        let sum = variance + self.spec.epsilon;
        if sum == 0.0 { [0.0, 0.0] } else { [1.0 / sum.sqrt(), self.spec.epsilon / sum] }
    }

    /// δ = ∂L/∂z of the ∂L/∂u that is there; `u` is what the forward pass made.
    pub(super) fn backward(&self, u: &Signal<T>, delta: &mut Signal<T>, trace: &mut NormTrace<T>) {
        assert!(self.fixed.is_none(), "fixed statistics serve the forward pass alone");
        match &mut trace.above {
            Some(above) => above.copy_from(delta),
            None => trace.above = Some(delta.clone()),
        }
        self.times_gamma(delta);
        let normalized = trace.normalized.as_ref().unwrap_or(u);
        if !self.backward_plain(normalized, delta, trace) {
            delta.copy_from(trace.above.as_ref().expect("it was just kept"));
            self.times_gamma(delta);
            self.backward_scaled(normalized, delta, trace);
        }
    }

    /// δ ← γ ⊙ δ.
    fn times_gamma(&self, delta: &mut Signal<T>) {
        let Some(gamma) = &self.gamma else { return };
        for (gamma, row) in gamma.iter().zip(delta.columns_mut().mantissa.rows_mut()) {
            row.into_iter().for_each(|delta| *delta = *delta * *gamma);
        }
        let lost = delta.take_underflowed();
        for mut entry in lost {
            entry.value *= gamma[entry.unit].to_f64();
            delta.push(entry);
        }
    }

    /// The way back in mantissas, or `false` where they would lose digits.
    fn backward_plain(
        &self,
        normalized: &Signal<T>,
        delta: &mut Signal<T>,
        trace: &NormTrace<T>,
    ) -> bool {
        let (units, batch) = (delta.units(), delta.batch());
        let is_far = |inverse: &Scaled| inverse.exponent().abs() > PLAIN_FACTOR;
        let far = trace.inverse.iter().any(|inverse| !inverse.is_zero() && is_far(inverse));
        let [_, numbers] = self.extents(units, batch);
        let is_all_along = numbers == 1 + usize::from(self.centres());
        if far || is_all_along || !delta.underflowed().is_empty() || !normalized.is_plain() {
            return false;
        }
        if self.spec.kind.couples_examples() && !align(delta) {
            return false;
        }
        let groups = self.groups(units, batch);
        let [count, length] = self.extents(units, batch);
        let (g, z) = (delta.columns().entries(), normalized.columns().entries());
        let mut means = self.means(g, groups, [count, length]);
        let mut products = vec![[0.0; 2]; count];
        kernels::group_products(g, groups, &means, z, &mut products);
        if self.centres() {
            let rests = means.iter_mut().zip(&products);
            rests.for_each(|(mean, [rest, _])| *mean += rest / length as f64);
        }
        let squares = self.squares_of_normalized(z, groups, [count, length], trace);
        let along = |(&square, &[_, product]): (&f64, &[f64; 2])| {
            if square == 0.0 { 0.0 } else { product / square }
        };
        let alongs: Vec<f64> = squares.iter().zip(&products).map(along).collect();
        let kepts: Vec<f64> =
            alongs.iter().zip(&trace.share).map(|(along, share)| along * share).collect();
        let factors: Vec<f64> = trace.inverse.iter().map(|inverse| inverse.to_f64()).collect();
        let before = delta.columns().tops();
        let out = delta.columns_mut().entries_mut();
        let numbers = [&means[..], &alongs, &kepts, &factors];
        let whole = kernels::group_pull_back(out, groups, z, numbers);
        // A column in which hardly anything is left may be rounding noise.
        let largest = Scaled::from(factors.iter().copied().fold(0.0, f64::max));
        let least = largest.exponent() + Scaled::from(SUSPICIOUS * T::EPSILON).exponent();
        let after = delta.columns().tops();
        let is_noise = |(before, after): (&Option<i64>, &Option<i64>)| match (before, after) {
            (Some(before), Some(after)) => after - before < least,
            _ => false,
        };
        if !whole || before.iter().zip(&after).any(is_noise) {
            return false;
        }
        renormalize_to(delta.columns_mut(), &after);
        true
    }

    /// Σ ẑ² of each group: n v/(v + ε), or added up where v is small beside ε.
    fn squares_of_normalized(
        &self,
        z: &[T],
        groups: Groups,
        [count, length]: [usize; 2],
        trace: &NormTrace<T>,
    ) -> Vec<f64> {
        if trace.share.iter().all(|share| *share < 0.5) {
            let inverse = trace.inverse.iter().zip(&trace.share);
            let square = |(inverse, share): (&Scaled, &f64)| {
                if inverse.is_zero() { 0.0 } else { length as f64 * (1.0 - share) }
            };
            return inverse.map(square).collect();
        }
        let mut pairs = vec![[0.0; 2]; count];
        kernels::group_squares(z, groups, &vec![0.0; count], &mut pairs);
        pairs.into_iter().map(|[_, square]| square).collect()
    }
}

/// Gives all columns one exponent, or `false` where one would lose digits by it.
fn align<T: Real>(delta: &mut Signal<T>) -> bool {
    let exponents = &delta.columns().exponent;
    let tops = delta.columns().tops();
    let alive = || exponents.iter().zip(&tops).filter(|(_, top)| top.is_some());
    let (least, most) =
        (alive().map(|(e, _)| *e).min().unwrap_or(0), alive().map(|(e, _)| *e).max().unwrap_or(0));
    if least == most {
        delta.columns_mut().exponent.fill(most);
        return true;
    }
    if most - least > PLAIN_SPREAD {
        return false;
    }
    let factors: Vec<T> = exponents
        .iter()
        .zip(&tops)
        .map(|(e, top)| T::from_f64(top.map_or(1.0, |_| ldexp(1.0, e - most))))
        .collect();
    let floor = T::from_f64(ldexp(1.0, T::SMALLEST_EXPONENT + PLAIN_SPREAD));
    if kernels::holds_faint(delta.columns().entries(), floor) {
        return false;
    }
    kernels::scale_columns(delta.columns_mut().entries_mut(), &factors);
    delta.columns_mut().exponent.fill(most);
    true
}
