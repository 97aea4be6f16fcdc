//! z = W a + b, and what it sends back: Wᵀδ.

use std::ops::Range;
use std::sync::Arc;

use ndarray::Array2;

use crate::engine::kernels::{self, DenseRows, STANDARD};
use crate::engine::number::{Real, Scaled, Signal, stays_plain};
use crate::engine::op::recover::{Product, floor};
use crate::engine::rows::{Executor, Rows, Serial, shares, work_of_product};

/// z = W a + b with W = scale · U.
#[derive(Clone, Debug)]
pub struct Dense<T> {
    /// U, n_out × n_in: clones of a network share it until one is changed.
    pub unit: Arc<Array2<T>>,
    /// What the unit draw is multiplied by.
    pub scale: T,
    /// b, n_out numbers, or nothing where all are zero.
    pub bias: Option<Vec<T>>,
    /// Whether the weights are random draws, so that sums over them do not cancel.
    pub is_random: bool,
}

impl<T: Real> Dense<T> {
    /// n_out.
    pub fn units(&self) -> usize {
        self.unit.nrows()
    }

    /// n_in.
    pub fn inputs(&self) -> usize {
        self.unit.ncols()
    }

    /// W as a plain matrix, n_out × n_in.
    pub fn weight(&self) -> Array2<f64> {
        let scale = self.scale.to_f64();
        self.unit.mapv(|u| u.to_f64() * scale)
    }

    /// Whether all weights are zero.
    pub fn is_zero(&self) -> bool {
        self.scale == T::ZERO || self.unit.iter().all(|&u| u == T::ZERO)
    }

    /// U, row by row.
    pub(super) fn entries(&self) -> &[T] {
        self.unit.as_slice().expect(STANDARD)
    }

    /// Some rows of W, with their b.
    pub(super) fn rows(&self, rows: Range<usize>) -> DenseRows<'_, T> {
        let inputs = self.inputs();
        DenseRows {
            w: &self.entries()[rows.start * inputs..rows.end * inputs],
            scale: self.scale,
            bias: self.bias.as_deref().map(|bias| &bias[rows]),
        }
    }

    /// Some rows of W a, in mantissas of a's exponents; with `plain` inputs, whose numbers are
    /// their mantissas, of W a + b.
    ///
    /// # Shapes
    /// `input` is n_in × B, `z` has B numbers for each of the rows.
    pub(super) fn forward_rows(
        &self,
        rows: Range<usize>,
        input: &Array2<T>,
        plain: bool,
        z: &mut [T],
    ) {
        kernels::product_rows(&self.unit.view(), rows.clone(), input, self.scale, z);
        if let Some(bias) = self.bias.as_ref().filter(|_| plain) {
            for (z, &bias) in z.chunks_exact_mut(input.ncols()).zip(&bias[rows]) {
                z.iter_mut().for_each(|z| *z += bias);
            }
        }
    }

    /// Some rows of Wᵀδ, in mantissas of δ's exponents.
    ///
    /// # Shapes
    /// `delta` is n_out × B, `u` has B numbers for each of the rows, which count inputs.
    pub(super) fn backward_rows(&self, rows: Range<usize>, delta: &Array2<T>, u: &mut [T]) {
        kernels::product_transposed_rows(&self.unit.view(), rows, delta, self.scale, u);
    }

    /// z = W a + b of the a below, n_in × B, without loss.
    pub(super) fn forward(&self, input: &Signal<T>, z: &mut Signal<T>, executor: &impl Executor) {
        let plain = input.is_plain();
        z.clear_underflowed();
        let columns = z.columns_mut();
        columns.exponent.copy_from_slice(&input.columns().exponent);
        let work = |rows: Rows<'_, T, 1>| {
            let [z] = rows.entries;
            self.forward_rows(rows.range, &input.columns().mantissa, plain, z);
        };
        let shares = shares(executor, work_of_product(self.unit.len(), input.batch()));
        let rows = Rows::all([columns.entries_mut()], self.units());
        rows.share(executor, shares, &work, &|(), ()| ());
        self.finish_forward(input, plain, z);
    }

    /// u = Wᵀδ, n_in × B, with an exponent for each column and without loss.
    pub(super) fn backward(&self, delta: &Signal<T>, u: &mut Signal<T>, executor: &impl Executor) {
        u.clear_underflowed();
        let columns = u.columns_mut();
        columns.exponent.copy_from_slice(&delta.columns().exponent);
        let work = |rows: Rows<'_, T, 1>| {
            let [u] = rows.entries;
            self.backward_rows(rows.range, &delta.columns().mantissa, u);
        };
        let shares = shares(executor, work_of_product(self.unit.len(), delta.batch()));
        let rows = Rows::all([columns.entries_mut()], self.inputs());
        rows.share(executor, shares, &work, &|(), ()| ());
        self.recover_backward(delta, u);
    }

    /// Wᵀδ, n_in × B, on one thread.
    pub fn send_back(&self, delta: &Signal<T>) -> Signal<T> {
        let mut sent = Signal::zeros(self.inputs(), delta.batch());
        self.backward(delta, &mut sent, &Serial);
        sent
    }

    /// z = W a + b where plain arithmetic has made the mantissas of W a, b included if the input
    /// was `plain`: what it lost is put back, and columns that need an exponent get one.
    pub(super) fn finish_forward(&self, input: &Signal<T>, plain: bool, z: &mut Signal<T>) {
        let entries = z.columns().entries();
        let range = kernels::range(entries);
        if plain && range[0] >= floor(self.scale) && stays_plain(range, entries, z.batch()) {
            return;
        }
        let product = Product { row: |unit| self.unit.row(unit), scale: self.scale, x: input };
        let whole = product.is_whole(z.columns().entries());
        let added = self.bias.as_deref().filter(|_| plain);
        if whole && (plain || self.bias.is_none()) {
            return z.settle_all();
        }
        for example in 0..z.batch() {
            let column = z.columns().mantissa.column(example);
            let recovered = if whole { None } else { product.recovered(&column, example, added) };
            match (recovered, plain) {
                (Some(exact), true) => z.set_settled(example, &exact),
                (None, true) => z.settle(example),
                (recovered, false) => add_bias(self.bias.as_deref(), z, example, recovered),
            }
        }
    }

    /// Puts back what u = Wᵀδ lost, because the weights are 0 or tiny for all but the smallest δ.
    pub(super) fn recover_backward(&self, above: &Signal<T>, u: &mut Signal<T>) {
        let row = |unit| self.unit.column(unit);
        let product = Product { row, scale: self.scale, x: above };
        if product.is_whole(u.columns().entries()) {
            return;
        }
        for example in 0..u.batch() {
            let column = u.columns().mantissa.column(example);
            if let Some(exact) = product.recovered(&column, example, None) {
                u.set_column(example, &exact);
            }
        }
    }
}

/// Adds b to one example's W a, which is `exact` where the mantissas are not, and settles
/// the column.
pub(crate) fn add_bias<T: Real>(
    bias: Option<&[T]>,
    z: &mut Signal<T>,
    example: usize,
    exact: Option<Vec<Scaled>>,
) {
    if exact.is_none() && (bias.is_none() || z.columns().exponent[example] == 0) {
        let column = z.columns_mut().mantissa.column_mut(example);
        column.into_iter().zip(bias.into_iter().flatten()).for_each(|(z, &b)| *z += b);
        return z.settle(example);
    }
    let mut exact = exact.unwrap_or_else(|| z.columns().column(example));
    for (z, bias) in exact.iter_mut().zip(bias.into_iter().flatten()) {
        *z += Scaled::from(bias.to_f64());
    }
    z.set_settled(example, &exact);
}
