//! The forward pass: z^(l) = W^(l) a^(l−1) + b^(l), a^(l) = φ(z^(l)).

use crate::engine::kernels;
use crate::engine::network::Layer;
use crate::engine::number::{Real, Scaled, ScaledColumns, Signal, clamped, exponent_of, smallest};
use crate::engine::op::recover::{Product, floor};
use crate::engine::op::scaled_activation;
use crate::engine::pass::LayerTrace;
use crate::engine::rows::{Crew, Rows, shares};
use crate::experiment::Activation;

impl<T: Real> Layer<T> {
    pub(crate) fn forward(&self, input: &Signal<T>, trace: &mut LayerTrace<T>, crew: &impl Crew) {
        let plain = input.is_plain();
        trace.z.clear_underflowed();
        trace.a.clear_underflowed();
        let done = self.forward_in_shares(input.columns(), plain, trace, crew);
        trace.z.columns_mut().exponent.copy_from_slice(&input.columns().exponent);
        if done {
            trace.a.columns_mut().exponent.fill(0);
        } else {
            self.finish_preactivations(input, plain, &mut trace.z);
            self.activate(trace);
        }
    }

    /// W a, and with a `plain` input, whose numbers are its mantissas, also b, φ and φ′. Whether
    /// that is all: no z is so large or small that its column needs an exponent of its own, and
    /// no z or a so small that digits of it may be lost. Where it is not, z is there, with b
    /// where the input is plain, and a and φ′ are still to be made.
    fn forward_in_shares(
        &self,
        input: &ScaledColumns<T>,
        plain: bool,
        trace: &mut LayerTrace<T>,
        crew: &impl Crew,
    ) -> bool {
        let batch = input.batch();
        let (z, a) = (trace.z.columns_mut().entries_mut(), trace.a.columns_mut().entries_mut());
        let slope = trace.slope.as_slice_mut().expect("made in standard layout");
        let work = |rows: Rows<'_, T, 3>| {
            let [z, a, slope] = rows.entries;
            let (w, range) = (self.unit.view(), rows.range);
            kernels::product_rows(&w, range.clone(), &input.mantissa, self.scale, z);
            if !plain {
                return false;
            }
            if let Some(bias) = &self.bias {
                for (z, &bias) in z.chunks_exact_mut(batch).zip(&bias[range]) {
                    z.iter_mut().for_each(|z| *z += bias);
                }
            }
            let Some([least, top]) = plain_range(z, batch) else { return false };
            if least < floor::<T>(self.scale) * least_for(self.activation) {
                return false;
            }
            kernels::activate(self.activation, z, a, slope);
            top.to_f64() < tail_from::<T>(self.activation) || is_whole(self.activation, a)
        };
        let shares = shares(crew, self.unit.len() * batch);
        let rows = Rows::all([z, a, slope], self.unit.nrows());
        rows.share(crew, shares, &work, &|first, second| first && second)
    }

    /// z = W a + b where plain arithmetic has made the mantissas of W a, b included if the input
    /// was `plain`: what it lost is put back, and columns that need an exponent get one.
    fn finish_preactivations(&self, input: &Signal<T>, plain: bool, z: &mut Signal<T>) {
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
                (recovered, false) => self.add_bias(z, example, recovered),
            }
        }
    }

    /// Adds b to one example's W a, which is `exact` where the mantissas are not, and settles
    /// the column.
    pub(crate) fn add_bias(&self, z: &mut Signal<T>, example: usize, exact: Option<Vec<Scaled>>) {
        if exact.is_none() && (self.bias.is_none() || z.columns().exponent[example] == 0) {
            let column = z.columns_mut().mantissa.column_mut(example);
            column.into_iter().zip(self.bias.iter().flatten()).for_each(|(z, &b)| *z += b);
            return z.settle(example);
        }
        let mut exact = exact.unwrap_or_else(|| z.columns().column(example));
        for (z, bias) in exact.iter_mut().zip(self.bias.iter().flatten()) {
            *z += Scaled::from(bias.to_f64());
        }
        z.set_settled(example, &exact);
    }

    /// a and φ′ of the whole layer. Entries whose z or a plain arithmetic cannot hold are done
    /// one at a time; they are the far corners of exploding and vanishing passes.
    pub(crate) fn activate(&self, trace: &mut LayerTrace<T>) {
        let LayerTrace { z, a, slope, .. } = trace;
        let plain_slope = slope.as_slice_mut().expect("made in standard layout");
        let (from, to) = (z.columns().entries(), a.columns_mut().entries_mut());
        kernels::activate(self.activation, from, to, plain_slope);
        a.clear_underflowed();
        a.columns_mut().exponent.copy_from_slice(&z.columns().exponent);
        let whole = is_whole(self.activation, a.columns().entries());
        if whole && z.is_plain() {
            return;
        }
        for example in 0..z.batch() {
            let units = self.uncertain_units(z, a.columns(), example);
            if units.is_empty() {
                a.settle(example);
                continue;
            }
            let mut exact = a.columns().column(example);
            for unit in units {
                let z = z.entry(unit, example);
                exact[unit] = scaled_activation::value(self.activation, z);
                let derivative = self.activation.derivative(clamped(z));
                slope[[unit, example]] = T::from_f64(derivative);
            }
            a.set_settled(example, &exact);
        }
    }

    /// The units of one example whose φ(z) the mantissas of `a`, made from those of z, do not
    /// have with all digits.
    fn uncertain_units(&self, z: &Signal<T>, a: &ScaledColumns<T>, example: usize) -> Vec<usize> {
        let units = 0..z.units();
        let small = |&unit: &usize| a.mantissa[[unit, example]].abs() < smallest();
        match self.activation.lines() {
            // With slopes of 0 and 1 they have what z's have.
            Some((0.0 | 1.0, 1.0)) => {
                z.underflowed_of(example).iter().map(|entry| entry.unit).collect()
            }
            _ if z.columns().exponent[example] != 0 => units.collect(),
            _ => units.filter(small).collect(),
        }
    }
}

/// Whether no a lost digits below the smallest number. A ReLU passes z on as it is.
fn is_whole<T: Real>(activation: Activation, a: &[T]) -> bool {
    activation.switches_off() || kernels::none_below(a, smallest())
}

/// How many times the smallest number |z| must be so that |φ(z)| near 0 is above it.
fn least_for<T: Real>(activation: Activation) -> T {
    let (left, right) = activation.slopes_at_origin().unwrap_or((1.0, 1.0));
    let least = if left == 0.0 { right } else { left.min(right) };
    // The next power of two above 1/least, so that rounding has room.
    T::from_f64(if least < 1.0 { (-least.log2()).floor().exp2() * 2.0 } else { 1.0 })
}

/// From which |z| on φ(z) may fall below the smallest number.
fn tail_from<T: Real>(activation: Activation) -> f64 {
    let ln_smallest = T::SMALLEST_EXPONENT as f64 * std::f64::consts::LN_2;
    activation.tail_from(ln_smallest)
}

/// The smallest and the largest |entry|, where no column of these rows needs an exponent, as
/// [`Signal::settle`] would find.
fn plain_range<T: Real>(entries: &[T], batch: usize) -> Option<[T; 2]> {
    let plain = |top: T| top == T::ZERO || exponent_of(top.to_f64()).abs() < T::COMFORT;
    let [least, top] = kernels::range(entries);
    if batch > 1 && top > T::ZERO {
        let mut tops = vec![T::ZERO; batch];
        kernels::column_tops(entries, &mut tops);
        return tops.into_iter().all(plain).then_some([least, top]);
    }
    plain(top).then_some([least, top])
}
