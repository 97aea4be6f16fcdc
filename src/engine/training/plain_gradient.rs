//! Gradients of the mean loss in plain numbers, in memory that serves every step.

use ndarray::Array2;
use smallvec::{SmallVec, smallvec};

use crate::engine::kernels::{self, Groups};
use crate::engine::number::{Real, Signal, ldexp};

/// A layer's δ, or another signal of its shape, in plain numbers.
#[derive(Clone, Debug)]
pub(super) struct PlainSignal<T> {
    /// n × B.
    pub entries: Array2<T>,
    factors: Vec<T>,
    sums: Vec<f64>,
    products: Vec<f64>,
    /// Zeros, as means that take nothing off.
    zeros: Vec<f64>,
}

impl<T: Real> PlainSignal<T> {
    pub fn zeros(units: usize, batch: usize) -> Self {
        Self {
            entries: Array2::from_elem((units, batch), T::ZERO),
            factors: vec![T::ZERO; batch],
            sums: vec![0.0; units],
            products: vec![0.0; units],
            zeros: vec![0.0; units],
        }
    }

    /// Takes the numbers of signals side by side, as near as the type has them.
    pub fn set<'a>(&mut self, signals: impl Iterator<Item = &'a Signal<T>>) {
        let mut first = 0;
        for signal in signals {
            self.set_from(first, signal);
            first += signal.batch();
        }
        assert_eq!(first, self.entries.ncols(), "signals of all examples");
    }

    /// Takes a signal's numbers as those of the examples from `first` on.
    fn set_from(&mut self, first: usize, signal: &Signal<T>) {
        let (columns, own) = (signal.columns(), first..first + signal.batch());
        let (units, batch) = self.entries.dim();
        assert_eq!(signal.units(), units, "units of a layer");
        let entries = self.entries.as_slice_mut().expect(kernels::STANDARD);
        let factors = &mut self.factors[own.clone()];
        if columns.exponent.iter().all(|&exponent| exponent == 0) {
            factors.fill(T::from_f64(1.0));
        } else {
            let exponents = factors.iter_mut().zip(&columns.exponent);
            exponents.for_each(|(factor, &e)| *factor = T::from_f64(ldexp(1.0, e)));
        }
        kernels::scale_columns_into(columns.entries(), factors, &mut entries[first..], batch);
        for entry in signal.underflowed() {
            let number = T::from_f64(entry.value.to_f64());
            self.entries[[entry.unit, first + entry.example]] = number;
        }
    }

    fn slice(&self) -> &[T] {
        self.entries.as_slice().expect(kernels::STANDARD)
    }

    /// The mean over the examples of each unit's entries.
    pub fn means_into(&mut self, means: &mut [T]) {
        let batch = self.entries.ncols();
        let entries = self.entries.as_slice().expect(kernels::STANDARD);
        kernels::group_sums(entries, Groups::Rows(batch), &mut self.sums);
        let share = 1.0 / batch as f64;
        means.iter_mut().zip(&self.sums).for_each(|(mean, sum)| *mean = T::from_f64(sum * share));
    }

    /// The mean over the examples of each unit's entries, and of their products with another's.
    pub fn products_into(&mut self, other: &Self, means: &mut [T], products: &mut [T]) {
        let batch = self.entries.ncols();
        let entries = self.entries.as_slice().expect(kernels::STANDARD);
        let (groups, sums) = (Groups::Rows(batch), [&mut self.sums[..], &mut self.products]);
        kernels::group_products(entries, groups, &self.zeros, other.slice(), sums);
        let share = 1.0 / batch as f64;
        let scale = |numbers: &mut [T], sums: &[f64]| {
            numbers.iter_mut().zip(sums).for_each(|(to, sum)| *to = T::from_f64(sum * share));
        };
        scale(means, &self.sums);
        scale(products, &self.products);
    }
}

/// Signals side by side as plain numbers: their own mantissas where all are that and there is more
/// than a row of them, else a copy of all in `memory`.
pub(super) fn plain_parts<'a, T: Real>(
    signals: SmallVec<[&'a Signal<T>; 4]>,
    memory: &'a mut Option<Box<PlainSignal<T>>>,
) -> SmallVec<[&'a Array2<T>; 4]> {
    let units = signals[0].units();
    if signals.iter().all(|signal| signal.is_plain()) && (units > 1 || signals.len() == 1) {
        return signals.into_iter().map(|signal| &signal.columns().mantissa).collect();
    }
    let batch = signals.iter().map(|signal| signal.batch()).sum();
    let plain = memory.get_or_insert_with(|| Box::new(PlainSignal::zeros(units, batch)));
    plain.set(signals.into_iter());
    smallvec![&plain.entries]
}
