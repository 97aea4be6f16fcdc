//! The forward pass: z^(l) = W^(l) a^(l−1) + b^(l), a^(l) = φ(z^(l)).

use ndarray::{Array2, ArrayViewMut1};

use crate::experiment::Activation;

use super::kernels;
use super::loss::finish_output;
use super::network::{Layer, Network, Pass};
use super::rows::{Rows, shares};
use super::scaled::{frexp, halves, ldexp};
use super::{Alone, Columns, Crew, Real, Scaled, Signal};

/// What the passes leave of one layer.
#[derive(Clone, Debug)]
pub struct LayerTrace<T> {
    /// z, n_l × B.
    pub z: Signal<T>,
    /// a = φ(z), n_l × B; at a softmax output the probabilities softmax(z).
    pub a: Signal<T>,
    /// φ′(z), n_l × B.
    pub slope: Array2<T>,
    /// δ = ∂L/∂z of each example's own loss, n_l × B.
    pub delta: Signal<T>,
}

impl<T: Real> LayerTrace<T> {
    pub(super) fn zeros(units: usize, batch: usize) -> Self {
        Self {
            z: Signal::zeros(units, batch),
            a: Signal::zeros(units, batch),
            slope: Array2::from_elem((units, batch), T::ZERO),
            delta: Signal::zeros(units, batch),
        }
    }

    /// The true pre-activation of one entry, where `f64` can hold it; far out, the largest
    /// number that stands for it.
    pub(super) fn true_z(&self, unit: usize, example: usize) -> f64 {
        let z = self.z.entry(unit, example);
        clamped(z.mantissa(), z.exponent())
    }
}

impl<T: Real> Network<T> {
    /// Room for a pass: everything zero. It can be used for pass after pass.
    pub fn room(&self) -> Pass<T> {
        let batch = self.input.batch();
        let trace = |layer: &Layer<T>| LayerTrace::zeros(layer.unit.nrows(), batch);
        let layers = self.layers.iter().map(trace).collect();
        Pass { input: self.input.clone().into(), layers, loss: Scaled::ZERO }
    }

    /// The forward pass alone; δ is left zero.
    pub fn forward(&self) -> Pass<T> {
        let mut pass = self.room();
        self.forward_into(&mut pass);
        pass
    }

    /// The same into room made by [`Self::room`] of a network of the same shape.
    pub fn forward_into(&self, pass: &mut Pass<T>) {
        self.forward_while(pass, &Alone, &mut || true);
    }

    /// Whether `proceed`, asked before each layer, let it come to its end.
    pub(super) fn forward_while(
        &self,
        pass: &mut Pass<T>,
        crew: &impl Crew,
        proceed: &mut dyn FnMut() -> bool,
    ) -> bool {
        pass.input.columns_mut().clone_from(&self.input);
        for (index, layer) in self.layers.iter().enumerate() {
            let (before, from) = pass.layers.split_at_mut(index);
            let Some(trace) = from.first_mut().filter(|_| proceed()) else { return false };
            layer.forward(before.last().map_or(&pass.input, |before| &before.a), trace, crew);
        }
        if let Some(output) = pass.layers.last_mut() {
            finish_output(self.loss, output);
        }
        true
    }
}

impl<T: Real> Layer<T> {
    fn forward(&self, input: &Signal<T>, trace: &mut LayerTrace<T>, crew: &impl Crew) {
        let plain = input.is_plain();
        let done = self.forward_in_shares(input.columns(), plain, trace, crew);
        trace.z.columns_mut().exponent.copy_from_slice(&input.columns().exponent);
        trace.a.columns_mut().exponent.fill(0);
        if done {
            return;
        }
        if !plain {
            self.add_bias(trace.z.columns_mut());
        }
        settle(trace.z.columns_mut());
        self.activate(trace);
    }

    /// W a, and with a `plain` input, whose exponents are 0, also b, φ and φ′. Whether that is
    /// all: no z is so large or small that its column needs an exponent of its own. Where it is
    /// not, z is there, with b where the input is plain, and a and φ′ are still to be made.
    fn forward_in_shares(
        &self,
        input: &Columns<T>,
        plain: bool,
        trace: &mut LayerTrace<T>,
        crew: &impl Crew,
    ) -> bool {
        let batch = input.batch();
        let (Some(z), Some(a), Some(slope)) = (
            trace.z.columns_mut().mantissa.as_slice_mut(),
            trace.a.columns_mut().mantissa.as_slice_mut(),
            trace.slope.as_slice_mut(),
        ) else {
            return false;
        };
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
            let comfortable = comfortable(z, batch);
            if comfortable {
                T::activate(self.activation, z, a, slope);
            }
            comfortable
        };
        let shares = shares(crew, self.unit.len() * batch);
        let rows = Rows::all([z, a, slope], self.unit.nrows());
        rows.share(crew, shares, &work, &|first, second| first && second)
    }

    pub(super) fn add_bias(&self, z: &mut Columns<T>) {
        let Some(bias) = &self.bias else { return };
        for (b, exponent) in z.exponent.iter_mut().enumerate() {
            let mut column = z.mantissa.column_mut(b);
            if *exponent == 0 {
                column.iter_mut().zip(bias).for_each(|(z, &bias)| *z += bias);
                continue;
            }
            // The bias is a plain number: beside a far smaller z its own exponent rules.
            let shared = (*exponent).max(0);
            let (to_z, to_bias) = (ldexp(1.0, *exponent - shared), ldexp(1.0, -shared));
            for (z, bias) in column.iter_mut().zip(bias) {
                let sum = T::from_f64(z.to_f64() * to_z + bias.to_f64() * to_bias);
                // Where the bias is exactly 0, even a z that is lost beside the others keeps
                // its side of a kink.
                *z = if sum == T::ZERO { smallest_like(*z) } else { sum };
            }
            *exponent = shared;
        }
    }

    /// a and φ′ of the whole layer. Columns with an exponent of their own are done one
    /// number at a time; they are the far corners of exploding and vanishing passes.
    pub(super) fn activate(&self, trace: &mut LayerTrace<T>) {
        let (z, a, slope) = (trace.z.columns(), trace.a.columns_mut(), &mut trace.slope);
        if let (Some(z), Some(a), Some(slope)) =
            (z.mantissa.as_slice(), a.mantissa.as_slice_mut(), slope.as_slice_mut())
        {
            T::activate(self.activation, z, a, slope);
        }
        for (b, &exponent) in z.exponent.iter().enumerate() {
            a.exponent[b] = 0;
            if exponent != 0 {
                a.exponent[b] = activation_exponent(self.activation, exponent);
                for unit in 0..z.units() {
                    let m = z.mantissa[[unit, b]].to_f64();
                    let value = scaled_value(self.activation, m, exponent, a.exponent[b]);
                    a.mantissa[[unit, b]] = T::from_f64(value);
                    slope[[unit, b]] =
                        T::from_f64(self.activation.derivative(clamped(m, exponent)));
                }
            }
        }
    }
}

/// The smallest normal number with the sign of `number`; 0 where that is 0.
fn smallest_like<T: Real>(number: T) -> T {
    let smallest = T::from_f64(ldexp(1.0, T::SMALLEST_EXPONENT));
    if number > T::ZERO {
        smallest
    } else if number < T::ZERO {
        -smallest
    } else {
        number
    }
}

/// m × 2^e, kept away from 0 and infinity so that a derivative sees the sign and the side.
fn clamped(m: f64, exponent: i64) -> f64 {
    let z = ldexp(m, exponent);
    if m == 0.0 {
        0.0
    } else if z.abs() > 1e300 {
        1e300_f64.copysign(m)
    } else if z.abs() < 1e-300 {
        1e-300_f64.copysign(m)
    } else {
        z
    }
}

/// The exponent in which φ's result is carried: none for what is bounded away from zero,
/// the pre-activation's own otherwise.
fn activation_exponent(activation: Activation, exponent: i64) -> i64 {
    let carried = if exponent > 0 {
        !activation.is_bounded()
    } else {
        activation.slopes_at_origin().is_some()
    };
    if carried { exponent } else { 0 }
}

/// φ(m 2^e) / 2^`out`: exactly where `f64` holds the numbers, by φ's straight-line limits
/// far out and close to zero, where nothing else is left of it.
fn scaled_value(activation: Activation, m: f64, exponent: i64, out: i64) -> f64 {
    if out == 0 {
        return activation.value(clamped(m, exponent));
    }
    let (left, right) = if exponent > 0 {
        activation.slopes_at_infinity()
    } else {
        activation.slopes_at_origin().unwrap_or((0.0, 0.0))
    };
    m * if m > 0.0 { right } else { left }
}

/// Folds each column's exponent back where plain numbers do, and brings the column's largest
/// entry near 1 where they do not.
pub(super) fn settle<T: Real>(columns: &mut Columns<T>) {
    let Some(entries) = columns.mantissa.as_slice() else { return };
    if let [exponent] = columns.exponent[..] {
        settle_column(columns, 0, exponent, kernels::largest(entries).to_f64());
        return;
    }
    let mut tops = vec![T::ZERO; columns.batch()];
    kernels::column_tops(entries, &mut tops);
    for (b, top) in tops.into_iter().enumerate() {
        settle_column(columns, b, columns.exponent[b], top.to_f64());
    }
}

/// Whether no column of these rows needs an exponent, as [`settle`] would find.
fn comfortable<T: Real>(entries: &[T], batch: usize) -> bool {
    let plain = |top: T| top == T::ZERO || exponent_of(top.to_f64()).abs() < T::COMFORT;
    if batch == 1 {
        return plain(kernels::largest(entries));
    }
    let mut tops = vec![T::ZERO; batch];
    kernels::column_tops(entries, &mut tops);
    tops.into_iter().all(plain)
}

fn settle_column<T: Real>(columns: &mut Columns<T>, b: usize, exponent: i64, top: f64) {
    let shift = exponent_of(top);
    let true_exponent = shift + exponent;
    let plain = top == 0.0 || true_exponent.abs() < T::COMFORT;
    if plain && exponent == 0 {
        return;
    }
    let target = if plain { exponent } else { -shift };
    rescale(&mut columns.mantissa.column_mut(b), if top == 0.0 { 0 } else { target });
    columns.exponent[b] = if plain { 0 } else { true_exponent };
}

/// e of |x| = m × 2^e with ½ ≤ m < 1.
pub(super) fn exponent_of(number: f64) -> i64 {
    frexp(number).1
}

/// Multiplies by 2^power, which loses nothing but what lies far below the column's largest.
pub(super) fn rescale<T: Real>(column: &mut ArrayViewMut1<'_, T>, power: i64) {
    if power == 0 {
        return;
    }
    let factors = halves(power).map(T::from_f64);
    for value in column {
        *value = *value * factors[0] * factors[1];
    }
}
