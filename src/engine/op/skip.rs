//! h + α r: a skip connection, with exponents that may lie far apart.

use crate::engine::kernels;
use crate::engine::number::{Real, Scaled, ScaledColumns, Signal, ldexp, smallest};
use crate::engine::op::extent::{renormalize, renormalize_to, renormalize_together};

/// Powers of two by which two columns may differ and still be added as plain numbers.
const PLAIN_SPREAD: i64 = 60;

/// out = h + α r, all n × B: plain numbers where these do.
pub(super) fn forward<T: Real>(h: &Signal<T>, alpha: f64, r: &Signal<T>, out: &mut Signal<T>) {
    out.clear_underflowed();
    if h.is_plain() && r.is_plain() && is_plain_factor(alpha) {
        let [h, r] = [h, r].map(|signal| signal.columns().entries());
        out.columns_mut().exponent.fill(0);
        if let Some(ends) = kernels::add_multiple(h, alpha, r, out.columns_mut().entries_mut()) {
            return out.settle_within(ends);
        }
    }
    for example in 0..h.batch() {
        let is_plain = |signal: &Signal<T>| {
            signal.columns().exponent[example] == 0 && signal.underflowed_of(example).is_empty()
        };
        if is_plain(h) && is_plain(r) && is_plain_factor(alpha) {
            let [h, r] = [h, r].map(|signal| signal.columns().mantissa.column(example));
            let columns = out.columns_mut();
            columns.exponent[example] = 0;
            let mut lost = false;
            let out_column = columns.mantissa.column_mut(example);
            for ((out, h), r) in out_column.into_iter().zip(h).zip(r) {
                let sum = h.to_f64() + alpha * r.to_f64();
                lost |= sum != 0.0 && sum.abs() < smallest::<T>().to_f64();
                *out = T::from_f64(sum);
            }
            if !lost {
                out.settle(example);
                continue;
            }
        }
        let r = r.column(example);
        let sum: Vec<Scaled> =
            h.column(example).into_iter().zip(r).map(|(h, r)| h + r * alpha).collect();
        out.set_settled(example, &sum);
    }
}

/// Whether a product with it is a plain number where the other one is.
fn is_plain_factor(alpha: f64) -> bool {
    (ldexp(1.0, -200)..ldexp(1.0, 200)).contains(&alpha.abs())
}

/// δ ← α δ.
pub(super) fn scale<T: Real>(alpha: f64, delta: &mut Signal<T>) {
    if alpha == 1.0 {
        return;
    }
    let factor = Scaled::from(alpha);
    if factor.is_zero() {
        delta.clear_underflowed();
        (0..delta.batch()).for_each(|example| delta.clear(example));
        return;
    }
    let lost = delta.take_underflowed();
    // A factor in [1, 2) makes no number smaller.
    let mantissa = T::from_f64(2.0 * factor.mantissa());
    let columns = delta.columns_mut();
    columns.mantissa.iter_mut().for_each(|delta| *delta = *delta * mantissa);
    for (example, exponent) in columns.exponent.iter_mut().enumerate() {
        if !columns.mantissa.column(example).iter().all(|delta| *delta == T::ZERO) {
            *exponent += factor.exponent() - 1;
        }
    }
    for mut entry in lost {
        entry.value *= factor;
        delta.push(entry);
    }
    renormalize_or_keep(delta);
}

/// δ ← δ + other, of examples that share means where it `couples` them.
pub(super) fn add<T: Real>(delta: &mut Signal<T>, other: &Signal<T>, couples: bool) {
    if add_all_plain(delta, other, couples) {
        return;
    }
    let lost = delta.take_underflowed();
    let tops = delta.columns().tops().into_iter().zip(other.columns().tops());
    for (example, tops) in tops.enumerate() {
        match tops {
            (_, None) => {
                let own = crate::engine::number::of_example(&lost, example);
                own.iter().for_each(|entry| delta.push(*entry));
            }
            (own, Some(_)) => {
                let own_lost = crate::engine::number::of_example(&lost, example);
                let plain = own.is_some()
                    && own_lost.is_empty()
                    && other.underflowed_of(example).is_empty()
                    && add_plain(delta, other, example);
                if !plain {
                    let mut sum = delta.columns().column(example);
                    own_lost.iter().for_each(|entry| sum[entry.unit] = entry.value);
                    sum.iter_mut()
                        .zip(other.column(example))
                        .for_each(|(sum, other)| *sum += other);
                    delta.set_column(example, &sum);
                }
            }
        }
    }
}

/// Adds all mantissas, or `false` where an example needs more care; then nothing is changed.
fn add_all_plain<T: Real>(delta: &mut Signal<T>, other: &Signal<T>, couples: bool) -> bool {
    if !delta.underflowed().is_empty() || !other.underflowed().is_empty() {
        return false;
    }
    let exponents = || delta.columns().exponent.iter().zip(&other.columns().exponent);
    let floor = floor::<T>();
    // No column is all zeros and no number too small, which one look tells where none is 0.
    let is_whole = |columns: &ScaledColumns<T>| {
        kernels::range(columns.entries())[0].to_f64() >= floor
            || !columns.tops().contains(&None) && kernels::none_between(columns.entries(), floor)
    };
    let is_far = |(own, other): (&i64, &i64)| own.abs_diff(*other) > PLAIN_SPREAD as u64;
    if exponents().any(is_far) || !is_whole(delta.columns()) || !is_whole(other.columns()) {
        return false;
    }
    let tops: Vec<i64> = exponents().map(|(own, other)| *own.max(other)).collect();
    let factors = |exponents: &[i64]| -> Vec<T> {
        let pairs = exponents.iter().zip(&tops);
        pairs.map(|(exponent, top)| T::from_f64(ldexp(1.0, exponent - top))).collect()
    };
    let [kept, added] = [delta.columns(), other.columns()].map(|of| factors(&of.exponent));
    let columns = delta.columns_mut();
    columns.exponent = tops;
    kernels::add_columns(columns.entries_mut(), other.columns().entries(), &kept, &added);
    let tops = columns.tops();
    if couples {
        renormalize_together(columns, &tops);
        return true;
    }
    renormalize_to(columns, &tops);
    let zeros = tops.iter().zip(&mut columns.exponent).filter(|(top, _)| top.is_none());
    zeros.for_each(|(_, exponent)| *exponent = 0);
    true
}

/// What a number must reach so that it is normal beside one that is so much larger.
fn floor<T: Real>() -> f64 {
    ldexp(1.0, T::SMALLEST_EXPONENT + PLAIN_SPREAD + 2)
}

/// Adds one example's mantissas, or `false` where one would lose digits; then nothing is changed.
fn add_plain<T: Real>(delta: &mut Signal<T>, other: &Signal<T>, example: usize) -> bool {
    let [own, others] = [delta.columns(), other.columns()].map(|columns| columns.exponent[example]);
    let top = own.max(others);
    if top - own.min(others) > PLAIN_SPREAD {
        return false;
    }
    let floor = floor::<T>();
    let is_small = |m: &T| *m != T::ZERO && m.abs().to_f64() < floor;
    let columns = [delta.columns(), other.columns()];
    if columns.iter().any(|columns| columns.mantissa.column(example).iter().any(is_small)) {
        return false;
    }
    let factors = [own, others].map(|exponent| T::from_f64(ldexp(1.0, exponent - top)));
    let columns = delta.columns_mut();
    columns.exponent[example] = top;
    let pairs = columns.mantissa.column_mut(example).into_iter();
    for (own, other) in pairs.zip(other.columns().mantissa.column(example)) {
        *own = *own * factors[0] + *other * factors[1];
    }
    renormalize_column(delta, example);
    true
}

/// Brings one example's largest into [½, 1).
fn renormalize_column<T: Real>(delta: &mut Signal<T>, example: usize) {
    let Some(top) = delta.largest(example) else {
        delta.columns_mut().exponent[example] = 0;
        return;
    };
    let columns = delta.columns_mut();
    let factor = T::from_f64(ldexp(1.0, columns.exponent[example] - top.exponent()));
    columns.exponent[example] = top.exponent();
    columns.mantissa.column_mut(example).iter_mut().for_each(|m| *m = *m * factor);
}

/// Brings each column's largest into [½, 1), unless a number would lose digits by it.
fn renormalize_or_keep<T: Real>(delta: &mut Signal<T>) {
    let floor = ldexp(1.0, T::SMALLEST_EXPONENT + 2);
    let is_small = |m: &T| *m != T::ZERO && m.abs().to_f64() < floor;
    if delta.columns().entries().iter().any(is_small) {
        let columns: Vec<Vec<Scaled>> = (0..delta.batch()).map(|b| delta.column(b)).collect();
        delta.clear_underflowed();
        columns.iter().enumerate().for_each(|(example, column)| delta.set_column(example, column));
    } else {
        renormalize(delta.columns_mut());
    }
}
