//! Gradients of the mean loss in plain numbers, in memory that serves every step.

use ndarray::Array2;

use crate::engine::kernels::{self, Groups};
use crate::engine::number::{Real, Signal, ldexp};
use crate::engine::pass::Pass;

/// A layer's δ, or another signal of its shape, in plain numbers.
#[derive(Clone, Debug)]
pub(super) struct PlainSignal<T> {
    /// n × B.
    pub entries: Array2<T>,
    factors: Vec<T>,
    sums: Vec<f64>,
    pairs: Vec<[f64; 2]>,
}

impl<T: Real> PlainSignal<T> {
    pub fn zeros(units: usize, batch: usize) -> Self {
        Self {
            entries: Array2::from_elem((units, batch), T::ZERO),
            factors: vec![T::ZERO; batch],
            sums: vec![0.0; units],
            pairs: vec![[0.0; 2]; units],
        }
    }

    /// Takes a signal's numbers, as near as the type has them.
    pub fn set(&mut self, signal: &Signal<T>) {
        let columns = signal.columns();
        let entries = self.entries.as_slice_mut().expect(kernels::STANDARD);
        if columns.exponent.iter().all(|&exponent| exponent == 0) {
            entries.copy_from_slice(columns.entries());
        } else {
            let exponents = self.factors.iter_mut().zip(&columns.exponent);
            exponents.for_each(|(factor, &e)| *factor = T::from_f64(ldexp(1.0, e)));
            kernels::scale_columns_into(columns.entries(), &self.factors, entries);
        }
        for entry in signal.underflowed() {
            self.entries[[entry.unit, entry.example]] = T::from_f64(entry.value.to_f64());
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
        self.sums.fill(0.0);
        let entries = self.entries.as_slice().expect(kernels::STANDARD);
        let groups = Groups::Rows(batch);
        kernels::group_products(entries, groups, &self.sums, other.slice(), &mut self.pairs);
        let share = 1.0 / batch as f64;
        for ((mean, product), [sum, of_products]) in means.iter_mut().zip(products).zip(&self.pairs)
        {
            *mean = T::from_f64(sum * share);
            *product = T::from_f64(of_products * share);
        }
    }
}

impl<T: Real> Pass<T> {
    /// What a layer takes in as plain numbers: its own mantissas where they are that, else a copy
    /// in `memory`; `index` = l − 1.
    pub(super) fn plain_input<'a>(
        &'a self,
        index: usize,
        memory: &'a mut Option<Box<PlainSignal<T>>>,
    ) -> &'a Array2<T> {
        let input = self.inputs_of(index);
        if input.is_plain() {
            return &input.columns().mantissa;
        }
        let blank = || Box::new(PlainSignal::zeros(input.units(), input.batch()));
        let plain = memory.get_or_insert_with(blank);
        plain.set(input);
        &plain.entries
    }
}
