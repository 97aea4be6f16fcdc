//! What sums take of AVX2's and AVX-512's registers of `f64`.

use std::arch::x86_64::{
    __m256d, __m512d, _CMP_NEQ_UQ, _mm_add_pd, _mm_add_sd, _mm_cvtsd_f64, _mm_loadu_ps,
    _mm_storeu_ps, _mm_unpackhi_pd, _mm256_add_pd, _mm256_andnot_pd, _mm256_blendv_pd,
    _mm256_castpd256_pd128, _mm256_cmp_pd, _mm256_cvtpd_ps, _mm256_cvtps_pd, _mm256_extractf128_pd,
    _mm256_loadu_ps, _mm256_max_pd, _mm256_min_pd, _mm256_permute2f128_pd, _mm256_set1_pd,
    _mm256_setzero_pd, _mm256_storeu_pd, _mm256_storeu_ps, _mm256_sub_pd, _mm256_unpackhi_pd,
    _mm256_unpacklo_pd, _mm512_add_pd, _mm512_castpd512_pd256, _mm512_cmp_pd_mask, _mm512_cvtpd_ps,
    _mm512_cvtps_pd, _mm512_extractf64x4_pd, _mm512_mask_range_pd, _mm512_range_pd,
    _mm512_setzero_pd, _mm512_shuffle_f64x2, _mm512_storeu_pd, _mm512_sub_pd, _mm512_unpackhi_pd,
    _mm512_unpacklo_pd,
};

use super::Doubles;

/// Four lanes of each of two rows become two.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn halves_added(a: __m256d, b: __m256d) -> __m256d {
    // SAFETY: as the function has it.
    unsafe {
        let low = _mm256_permute2f128_pd::<0x20>(a, b);
        _mm256_add_pd(low, _mm256_permute2f128_pd::<0x31>(a, b))
    }
}

/// Eight lanes of each of two rows become four.
///
/// # Safety
/// The processor has AVX-512.
#[inline(always)]
unsafe fn halves_added_512(a: __m512d, b: __m512d) -> __m512d {
    // SAFETY: as the function has it.
    unsafe {
        let low = _mm512_shuffle_f64x2::<0x44>(a, b);
        _mm512_add_pd(low, _mm512_shuffle_f64x2::<0xEE>(a, b))
    }
}

/// Four lanes of each of two rows in a and two in b become two.
///
/// # Safety
/// The processor has AVX-512.
#[inline(always)]
unsafe fn quarters_added(a: __m512d, b: __m512d) -> __m512d {
    // SAFETY: as the function has it.
    unsafe {
        let low = _mm512_shuffle_f64x2::<0x88>(a, b);
        _mm512_add_pd(low, _mm512_shuffle_f64x2::<0xDD>(a, b))
    }
}

impl Doubles for __m256d {
    #[inline(always)]
    unsafe fn widen(from: *const f32) -> Self {
        // SAFETY: as the trait has it.
        unsafe { _mm256_cvtps_pd(_mm_loadu_ps(from)) }
    }

    #[inline(always)]
    unsafe fn narrow(self, to: *mut f32) {
        // SAFETY: as the trait has it.
        unsafe { _mm_storeu_ps(to, _mm256_cvtpd_ps(self)) }
    }

    #[inline(always)]
    unsafe fn plus(self, other: Self) -> Self {
        // SAFETY: as the trait has it.
        unsafe { _mm256_add_pd(self, other) }
    }

    #[inline(always)]
    unsafe fn minus(self, other: Self) -> Self {
        // SAFETY: as the trait has it.
        unsafe { _mm256_sub_pd(self, other) }
    }

    #[inline(always)]
    unsafe fn halved(self) -> f64 {
        // SAFETY: as the trait has it.
        unsafe {
            let pair = _mm_add_pd(_mm256_castpd256_pd128(self), _mm256_extractf128_pd::<1>(self));
            _mm_cvtsd_f64(_mm_add_sd(pair, _mm_unpackhi_pd(pair, pair)))
        }
    }

    #[inline(always)]
    unsafe fn all_halved([a, b, c, d, e, f, g, h]: [Self; 8], to: *mut f64) {
        // SAFETY: as the trait has it.
        unsafe {
            // Four lanes of two rows become two of each.
            let [even, odd] = [halves_added(a, c), halves_added(b, d)];
            let four = _mm256_add_pd(_mm256_unpacklo_pd(even, odd), _mm256_unpackhi_pd(even, odd));
            _mm256_storeu_pd(to, four);
            let [even, odd] = [halves_added(e, g), halves_added(f, h)];
            let four = _mm256_add_pd(_mm256_unpacklo_pd(even, odd), _mm256_unpackhi_pd(even, odd));
            _mm256_storeu_pd(to.add(4), four);
        }
    }

    #[inline(always)]
    unsafe fn larger(self, other: Self) -> Self {
        // SAFETY: as the trait has it. The instruction takes the second number where one is NaN.
        unsafe { _mm256_max_pd(_mm256_andnot_pd(_mm256_set1_pd(-0.0), other), self) }
    }

    #[inline(always)]
    unsafe fn smaller_but_zero(self, other: Self) -> Self {
        // SAFETY: as the trait has it. The instruction takes the second number where one is NaN.
        unsafe {
            let magnitude = _mm256_andnot_pd(_mm256_set1_pd(-0.0), other);
            let is_any = _mm256_cmp_pd::<_CMP_NEQ_UQ>(other, _mm256_setzero_pd());
            _mm256_min_pd(_mm256_blendv_pd(self, magnitude, is_any), self)
        }
    }
}

/// The number of the larger magnitude, without its sign.
const LARGER_MAGNITUDE: i32 = 0b1011;
/// The number of the smaller magnitude, without its sign.
const SMALLER_MAGNITUDE: i32 = 0b1010;

impl Doubles for __m512d {
    #[inline(always)]
    unsafe fn widen(from: *const f32) -> Self {
        // SAFETY: as the trait has it.
        unsafe { _mm512_cvtps_pd(_mm256_loadu_ps(from)) }
    }

    #[inline(always)]
    unsafe fn narrow(self, to: *mut f32) {
        // SAFETY: as the trait has it.
        unsafe { _mm256_storeu_ps(to, _mm512_cvtpd_ps(self)) }
    }

    #[inline(always)]
    unsafe fn plus(self, other: Self) -> Self {
        // SAFETY: as the trait has it.
        unsafe { _mm512_add_pd(self, other) }
    }

    #[inline(always)]
    unsafe fn minus(self, other: Self) -> Self {
        // SAFETY: as the trait has it.
        unsafe { _mm512_sub_pd(self, other) }
    }

    #[inline(always)]
    unsafe fn halved(self) -> f64 {
        // SAFETY: as the trait has it.
        unsafe {
            let four =
                _mm256_add_pd(_mm512_castpd512_pd256(self), _mm512_extractf64x4_pd::<1>(self));
            four.halved()
        }
    }

    #[inline(always)]
    unsafe fn all_halved([a, b, c, d, e, f, g, h]: [Self; 8], to: *mut f64) {
        // SAFETY: as the trait has it.
        unsafe {
            let even = quarters_added(halves_added_512(a, c), halves_added_512(e, g));
            let odd = quarters_added(halves_added_512(b, d), halves_added_512(f, h));
            let sums = _mm512_add_pd(_mm512_unpacklo_pd(even, odd), _mm512_unpackhi_pd(even, odd));
            _mm512_storeu_pd(to, sums);
        }
    }

    #[inline(always)]
    unsafe fn larger(self, other: Self) -> Self {
        // SAFETY: as the trait has it. The instruction takes the other number where one is NaN.
        unsafe { _mm512_range_pd::<LARGER_MAGNITUDE>(self, other) }
    }

    #[inline(always)]
    unsafe fn smaller_but_zero(self, other: Self) -> Self {
        // SAFETY: as the trait has it. The instruction takes the other number where one is NaN.
        unsafe {
            let is_any = _mm512_cmp_pd_mask::<_CMP_NEQ_UQ>(other, _mm512_setzero_pd());
            _mm512_mask_range_pd::<SMALLER_MAGNITUDE>(self, is_any, self, other)
        }
    }
}
