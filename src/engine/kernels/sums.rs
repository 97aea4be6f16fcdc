//! Sums of two arrays, entry by entry, each product and each sum rounded by itself.

use super::columns::{ROW, repeated};
use super::dispatch;
use super::extremes::{LANES, ends_of, larger, smaller};
use super::registers::Registers;
use crate::engine::number::{Real, smallest};

dispatch!(
    /// out = h + α r, in `f64`, and its smallest and its largest magnitude; nothing where a number but 0 is
    /// below the smallest that the type has with all digits.
    add_multiple, add_multiple_body by registers,
    (h: &[T], alpha: f64, r: &[T], out: &mut [T]) -> Option<[T; 2]>
);
dispatch!(
    /// own ← own · `kept[b]` + other · `added[b]` in column b.
    add_columns, add_columns_body,
    (own: &mut [T], other: &[T], kept: &[T], added: &[T])
);
dispatch!(
    /// Whether no number but 0 is below `floor`.
    none_between, none_between_body,
    (entries: &[T], floor: f64) -> bool
);

#[inline(always)]
fn add_multiple_body<T: Real, S: Registers>(
    h: &[T],
    alpha: f64,
    r: &[T],
    out: &mut [T],
) -> Option<[T; 2]> {
    assert!(h.len() == out.len() && r.len() == out.len(), "a place for each sum");
    let faint = smallest::<T>().to_f64();
    let (mut least, mut tops, mut lost) = ([T::LARGEST; LANES], [T::ZERO; LANES], false);
    let mut add = |out: &mut T, h: T, r: T, lane: usize| {
        let sum = h.to_f64() + alpha * r.to_f64();
        lost |= (sum != 0.0) & (sum.abs() < faint);
        *out = T::from_f64(sum);
        least[lane] = smaller(least[lane], *out);
        tops[lane] = larger(tops[lane], *out);
    };
    let [(h, h_rest), (r, r_rest)] = [h, r].map(|numbers| numbers.as_chunks::<LANES>());
    let (out, out_rest) = out.as_chunks_mut::<LANES>();
    for ((out, h), r) in out.iter_mut().zip(h).zip(r) {
        for lane in 0..LANES {
            add(&mut out[lane], h[lane], r[lane], lane);
        }
    }
    for (lane, out) in out_rest.iter_mut().enumerate() {
        add(out, h_rest[lane], r_rest[lane], lane);
    }
    (!lost).then(|| ends_of::<T, S, LANES>(&least, &tops))
}

#[inline(always)]
fn add_columns_body<T: Real>(own: &mut [T], other: &[T], kept: &[T], added: &[T]) {
    assert_eq!(kept.len(), added.len(), "two factors for each column");
    // Columns of examples that share means most often have the same factors.
    if kept.iter().all(|factor| *factor == kept[0])
        && added.iter().all(|factor| *factor == added[0])
    {
        for (own, &other) in own.iter_mut().zip(other) {
            *own = *own * kept[0] + other * added[0];
        }
        return;
    }
    let [mut kept_row, mut added_row] = [[T::ZERO; ROW]; 2];
    let (kept, added) = (repeated(kept, &mut kept_row), repeated(added, &mut added_row));
    for (own, other) in own.chunks_mut(kept.len()).zip(other.chunks(kept.len())) {
        for (((own, &other), &kept), &added) in own.iter_mut().zip(other).zip(kept).zip(added) {
            *own = *own * kept + other * added;
        }
    }
}

#[inline(always)]
fn none_between_body<T: Real>(entries: &[T], floor: f64) -> bool {
    let mut any = false;
    for entry in entries {
        any |= (*entry != T::ZERO) & (entry.abs().to_f64() < floor);
    }
    !any
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kernels::product::tests::{narrow, noise};
    use crate::engine::kernels::{range, same_bits, same_filled};

    #[test]
    fn every_path_gives_the_same_bits() {
        for batch in [1, 7, 32] {
            let (h, r) = (noise(19 * batch), noise(20 * batch)[batch..].to_vec());
            let [kept, added] = [noise(batch), noise(2 * batch)[batch..].to_vec()];
            let alike = [kept[0], added[0]].map(|factor| vec![factor; batch]);
            let sum = same_filled(vec![0.0; h.len()], |out| {
                let ends = add_multiple(&h, 0.3, &r, out);
                assert_eq!(ends, Some(range(out)));
            });
            assert!(sum.iter().zip(&h).zip(&r).all(|((sum, h), r)| *sum == h + 0.3 * r));
            for [kept, added] in [[kept, added], alike] {
                let sum = same_filled(h.clone(), |out| add_columns(out, &r, &kept, &added));
                for (place, sum) in sum.into_iter().enumerate() {
                    let (kept, added) = (kept[place % batch], added[place % batch]);
                    assert_eq!(sum, h[place] * kept + r[place] * added, "{place} of {batch}");
                }
            }
            let narrow = narrow(&h);
            same_bits(|| none_between(&narrow, 1e-3));
        }
    }

    #[test]
    fn zeros_are_not_small() {
        assert!(none_between(&[0.0, -2.0, 1.0], 1.0));
        assert!(!none_between(&[0.0, -0.5, 1.0], 1.0));
        let mut out = [0.0_f32; 2];
        assert_eq!(add_multiple(&[1.0, 2.0], -1.0, &[1.0, 1.0], &mut out), Some([0.0, 1.0]));
        assert_eq!(add_multiple(&[1e-38, 2.0], 0.5, &[0.0, 1.0], &mut out), None);
    }
}
