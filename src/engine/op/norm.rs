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

use crate::engine::chain::{InverseRoots, NormTrace};
use crate::engine::kernels::{self, GroupNumbers, Groups};
use crate::engine::number::{Real, Scaled, ScaledColumns, Signal, ldexp, smallest};
use crate::engine::op::extent::{renormalize_to, renormalize_together};
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
        let goes_on =
            chain.is_norm_above_skip() && trace.along_skip().is_some_and(|skip| !is_zero(skip));
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
        if z.is_plain() && Self::normalize_plain(z, u, Groups::Rows(z.batch()), [means, inverse]) {
            return;
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
        let NormTrace { inverse, share, .. } = trace;
        let mut factors = inverse.take_plain();
        factors.resize(count, 0.0);
        share.resize(count, 0.0);
        kernels::group_squares(entries, groups, &means, [&mut factors, share]);
        let numbers = self.numbers(length);
        let whole = kernels::group_factors(&mut means, [&mut factors, share], numbers)
            && Self::normalize_plain(z, u, groups, [&means, &factors]);
        *inverse = InverseRoots::Plain(factors);
        whole
    }

    fn numbers(&self, length: usize) -> GroupNumbers {
        let (centres, epsilon) = (self.centres(), self.spec.epsilon);
        GroupNumbers { length: length as f64, centres, epsilon }
    }

    /// u = (z − mean) · factor of each group, or `false` where a number would lose digits.
    fn normalize_plain(
        z: &Signal<T>,
        u: &mut Signal<T>,
        groups: Groups,
        [means, factors]: [&[f64]; 2],
    ) -> bool {
        let mut tops = vec![T::ZERO; z.batch()];
        u.clear_underflowed();
        u.columns_mut().exponent.fill(0);
        let (from, to) = (z.columns().entries(), u.columns_mut().entries_mut());
        let whole = kernels::group_normalize(from, groups, means, factors, to, &mut tops);
        if whole {
            u.settle_under(&tops);
        }
        whole
    }

    /// The groups' means up to rounding, and 0 where nothing is taken off.
    fn means(&self, entries: &[T], groups: Groups, [count, length]: [usize; 2]) -> Vec<f64> {
        let mut means = vec![0.0; count];
        if self.centres() {
            kernels::group_sums(entries, groups, &mut means);
            kernels::means_of(&mut means, length as f64);
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
        let blank = || Signal::zeros(delta.units(), delta.batch());
        let mut above = trace.above.take().unwrap_or_else(blank);
        // ∂L/∂u is kept where it lies; δ goes to the other memory.
        std::mem::swap(&mut above, delta);
        let normalized = trace.normalized.as_ref().unwrap_or(u);
        if self.backward_plain(normalized, &above, delta, trace).is_none() {
            delta.copy_from(&above);
            self.times_gamma(delta);
            self.backward_scaled(normalized, delta, trace);
        }
        trace.above = Some(above);
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

    /// δ of ∂L/∂u in mantissas, or `None` where they would lose digits.
    fn backward_plain(
        &self,
        normalized: &Signal<T>,
        above: &Signal<T>,
        delta: &mut Signal<T>,
        trace: &NormTrace<T>,
    ) -> Option<()> {
        let (units, batch) = (above.units(), above.batch());
        let factors = trace.inverse.as_factors()?;
        let [count, length] = self.extents(units, batch);
        let is_all_along = length == 1 + usize::from(self.centres());
        if is_all_along || !above.underflowed().is_empty() || !normalized.is_plain() {
            return None;
        }
        let is_there = self.gather(above, delta)?;
        let from = if is_there { &*delta } else { above };
        let groups = self.groups(units, batch);
        let (g, z) = (from.columns().entries(), normalized.columns().entries());
        let mut means = self.means(g, groups, [count, length]);
        let [mut kepts, mut alongs] = [(); 2].map(|()| vec![0.0; count]);
        let sums = [&mut kepts[..], &mut alongs];
        kernels::group_products(g, groups, &means, z, sums);
        let squares = squares_of_normalized(z, groups, &trace.share);
        let (sums, numbers) = ([&mut kepts[..], &mut alongs], self.numbers(length));
        kernels::group_parts(&mut means, sums, &trace.share, squares.as_deref(), numbers);
        let numbers = [&means[..], &alongs, &kepts, &factors];
        self.pull_back_plain((!is_there).then_some(above), groups, (z, numbers), delta)
    }

    /// g with one exponent for all examples where they share means: whether it had to be made in
    /// `delta`, which has its exponents, or is ∂L/∂u itself. `None` where it would lose digits.
    fn gather(&self, above: &Signal<T>, delta: &mut Signal<T>) -> Option<bool> {
        delta.clear_underflowed();
        delta.columns_mut().exponent.copy_from_slice(&above.columns().exponent);
        if self.gamma.is_some() {
            delta.copy_from(above);
            self.times_gamma(delta);
        }
        let is_there = self.gamma.is_some();
        if !self.spec.kind.couples_examples() {
            return Some(is_there);
        }
        let from = if is_there { delta.columns() } else { above.columns() };
        let most = *from.exponent.iter().max().expect("a batch has examples");
        if from.exponent.iter().all(|&exponent| exponent == most) {
            return Some(is_there);
        }
        let alignment = Alignment::of(from)?;
        let out = delta.columns_mut();
        if is_there {
            kernels::scale_columns(out.entries_mut(), &alignment.factors);
        } else {
            let batch = above.batch();
            let entries = above.columns().entries();
            kernels::scale_columns_into(entries, &alignment.factors, out.entries_mut(), batch);
        }
        out.exponent.fill(alignment.exponent);
        Some(true)
    }

    /// δ of g, which is `from` or what δ has, with ẑ and each group's numbers; `None` where an
    /// entry would lose digits.
    fn pull_back_plain(
        &self,
        from: Option<&Signal<T>>,
        groups: Groups,
        (z, numbers): (&[T], [&[f64]; 4]),
        delta: &mut Signal<T>,
    ) -> Option<()> {
        let entries = from.map(|from| from.columns().entries());
        let [mut before, mut after] = [(); 2].map(|()| vec![T::ZERO; delta.batch()]);
        let out = delta.columns_mut().entries_mut();
        let tops = [&mut before[..], &mut after];
        let whole = kernels::group_pull_back(entries, groups, z, numbers, out, tops);
        // A column in which hardly anything is left may be rounding noise.
        let largest = Scaled::from(kernels::largest(numbers[3]));
        let least = largest.exponent() + Scaled::from(SUSPICIOUS * T::EPSILON).exponent();
        let [before, after] = [before, after].map(|tops| delta.columns().exponents_of(&tops));
        let is_noise = |(before, after): (&Option<i64>, &Option<i64>)| match (before, after) {
            (Some(before), Some(after)) => after - before < least,
            _ => false,
        };
        if !whole || before.iter().zip(&after).any(is_noise) {
            return None;
        }
        if self.spec.kind.couples_examples() {
            renormalize_together(delta.columns_mut(), &after);
        } else {
            renormalize_to(delta.columns_mut(), &after);
        }
        Some(())
    }
}

/// Σ ẑ² of each group, added up where v is small beside ε in one of them; else it is the length times
/// v/(v + ε).
fn squares_of_normalized<T: Real>(z: &[T], groups: Groups, shares: &[f64]) -> Option<Vec<f64>> {
    if kernels::largest(shares) < 0.5 {
        return None;
    }
    let [zeros, mut sums, mut squares] = [(); 3].map(|()| vec![0.0; shares.len()]);
    kernels::group_squares(z, groups, &zeros, [&mut sums, &mut squares]);
    Some(squares)
}

/// What brings columns to one exponent.
struct Alignment<T> {
    factors: Vec<T>,
    exponent: i64,
}

impl<T: Real> Alignment<T> {
    /// Of these columns, or `None` where one would lose digits by it.
    fn of(columns: &ScaledColumns<T>) -> Option<Self> {
        let tops = columns.tops();
        let alive = || columns.exponent.iter().zip(&tops).filter(|(_, top)| top.is_some());
        let exponent = alive().map(|(e, _)| *e).max().unwrap_or(0);
        if alive().any(|(e, _)| exponent - e > PLAIN_SPREAD) {
            return None;
        }
        let factor = |(e, top): (&i64, &Option<i64>)| {
            T::from_f64(top.map_or(1.0, |_| ldexp(1.0, e - exponent)))
        };
        let factors = columns.exponent.iter().zip(&tops).map(factor).collect();
        let floor = T::from_f64(ldexp(1.0, T::SMALLEST_EXPONENT + PLAIN_SPREAD));
        let is_whole = !kernels::holds_faint(columns.entries(), floor);
        is_whole.then_some(Self { factors, exponent })
    }
}
