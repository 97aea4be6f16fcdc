//! Registers of AVX2 and AVX-512.

use std::arch::x86_64::{
    __m128, __m128d, __m256, __m256d, __m256i, __m512, __m512d, _mm_cvtsd_f64, _mm_cvtss_f32,
    _mm_loadu_pd, _mm_loadu_ps, _mm_max_pd, _mm_max_ps, _mm_min_pd, _mm_min_ps, _mm_movehdup_ps,
    _mm_movehl_ps, _mm_movelh_ps, _mm_unpackhi_pd, _mm_unpackhi_ps, _mm_unpacklo_pd,
    _mm_unpacklo_ps, _mm256_castpd256_pd128, _mm256_castps256_ps128, _mm256_cmpgt_epi32,
    _mm256_cmpgt_epi64, _mm256_extractf128_pd, _mm256_extractf128_ps, _mm256_fmadd_pd,
    _mm256_fmadd_ps, _mm256_loadu_pd, _mm256_loadu_ps, _mm256_maskload_pd, _mm256_maskload_ps,
    _mm256_maskstore_pd, _mm256_maskstore_ps, _mm256_max_pd, _mm256_max_ps, _mm256_min_pd,
    _mm256_min_ps, _mm256_mul_pd, _mm256_mul_ps, _mm256_set1_epi32, _mm256_set1_epi64x,
    _mm256_set1_pd, _mm256_set1_ps, _mm256_setr_epi32, _mm256_setr_epi64x, _mm256_storeu_pd,
    _mm256_storeu_ps, _mm512_fmadd_pd, _mm512_fmadd_ps, _mm512_loadu_pd, _mm512_loadu_ps,
    _mm512_mask_storeu_pd, _mm512_mask_storeu_ps, _mm512_maskz_loadu_pd, _mm512_maskz_loadu_ps,
    _mm512_max_pd, _mm512_max_ps, _mm512_min_pd, _mm512_min_ps, _mm512_mul_pd, _mm512_mul_ps,
    _mm512_reduce_max_pd, _mm512_reduce_max_ps, _mm512_reduce_min_pd, _mm512_reduce_min_ps,
    _mm512_set1_pd, _mm512_set1_ps, _mm512_storeu_pd, _mm512_storeu_ps,
};

use super::{FewDouble, FewSingle, InRegisters, Register, Registers, SIDE};

/// Those of [`InstructionSet::Avx2`](crate::engine::InstructionSet::Avx2).
pub struct Avx2;

impl Registers for Avx2 {
    const MANY: bool = false;
    type Of<T: InRegisters> = T::Avx2;
    type Double = __m256d;
}

/// Those of [`InstructionSet::Avx512`](crate::engine::InstructionSet::Avx512).
pub struct Avx512;

impl Registers for Avx512 {
    const MANY: bool = true;
    type Of<T: InRegisters> = T::Avx512;
    type Double = __m512d;
}

impl InRegisters for f32 {
    type Portable = FewSingle;
    type Avx2 = __m256;
    type Avx512 = __m512;

    #[inline(always)]
    fn turned(rows: [&[Self; SIDE]; SIDE]) -> [[Self; SIDE]; SIDE] {
        // SAFETY: every x86-64 has SSE; the rows are there to be read.
        unsafe {
            let [a, b, c, d] = rows.map(|row| _mm_loadu_ps(row.as_ptr()));
            let (ab, cd) = (_mm_unpacklo_ps(a, b), _mm_unpacklo_ps(c, d));
            let (far_ab, far_cd) = (_mm_unpackhi_ps(a, b), _mm_unpackhi_ps(c, d));
            let columns = [
                _mm_movelh_ps(ab, cd),
                _mm_movehl_ps(cd, ab),
                _mm_movelh_ps(far_ab, far_cd),
                _mm_movehl_ps(far_cd, far_ab),
            ];
            std::mem::transmute::<[__m128; SIDE], [[Self; SIDE]; SIDE]>(columns)
        }
    }
}

impl InRegisters for f64 {
    type Portable = FewDouble;
    type Avx2 = __m256d;
    type Avx512 = __m512d;

    #[inline(always)]
    fn turned(rows: [&[Self; SIDE]; SIDE]) -> [[Self; SIDE]; SIDE] {
        // SAFETY: every x86-64 has SSE2; the rows are there to be read.
        unsafe {
            let [a, b, c, d] = rows.map(|row| _mm_loadu_pd(row.as_ptr()));
            let far = rows.map(|row| _mm_loadu_pd(row.as_ptr().add(2)));
            let [far_a, far_b, far_c, far_d] = far;
            let columns = [
                [_mm_unpacklo_pd(a, b), _mm_unpacklo_pd(c, d)],
                [_mm_unpackhi_pd(a, b), _mm_unpackhi_pd(c, d)],
                [_mm_unpacklo_pd(far_a, far_b), _mm_unpacklo_pd(far_c, far_d)],
                [_mm_unpackhi_pd(far_a, far_b), _mm_unpackhi_pd(far_c, far_d)],
            ];
            std::mem::transmute::<[[__m128d; 2]; SIDE], [[Self; SIDE]; SIDE]>(columns)
        }
    }
}

macro_rules! register {
    ($type:ident, $number:ident, $lanes:literal, $splat:ident, $load:ident, $store:ident,
     $times:ident, $times_plus:ident, $max:ident, $min:ident, $largest:ident, $smallest:ident,
     |$count:ident, $from:ident| $load_first:expr,
     |$some:ident, $to:ident, $register:ident| $store_first:expr) => {
        impl Register<$number> for $type {
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn splat(number: $number) -> Self {
                // SAFETY: as the trait has it.
                unsafe { $splat(number) }
            }

            #[inline(always)]
            unsafe fn load(from: *const $number) -> Self {
                // SAFETY: as the trait has it.
                unsafe { $load(from) }
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $number) {
                // SAFETY: as the trait has it.
                unsafe { $store(to, self) }
            }

            #[inline(always)]
            unsafe fn load_first($count: usize, $from: *const $number) -> Self {
                // SAFETY: as the trait has it.
                unsafe { $load_first }
            }

            #[inline(always)]
            unsafe fn store_first(self, $some: usize, $to: *mut $number) {
                let $register = self;
                // SAFETY: as the trait has it.
                unsafe { $store_first }
            }

            #[inline(always)]
            unsafe fn times(self, factor: Self) -> Self {
                // SAFETY: as the trait has it.
                unsafe { $times(self, factor) }
            }

            #[inline(always)]
            unsafe fn times_plus(self, factor: Self, sum: Self) -> Self {
                // SAFETY: as the trait has it.
                unsafe { $times_plus(self, factor, sum) }
            }

            #[inline(always)]
            unsafe fn max(self, other: Self) -> Self {
                // SAFETY: as the trait has it.
                unsafe { $max(self, other) }
            }

            #[inline(always)]
            unsafe fn min(self, other: Self) -> Self {
                // SAFETY: as the trait has it.
                unsafe { $min(self, other) }
            }

            #[inline(always)]
            unsafe fn largest(self) -> $number {
                // SAFETY: as the trait has it.
                unsafe { $largest(self) }
            }

            #[inline(always)]
            unsafe fn smallest(self) -> $number {
                // SAFETY: as the trait has it.
                unsafe { $smallest(self) }
            }
        }
    };
}

/// The first lanes of an AVX-512 register, a bit for each.
#[inline(always)]
fn first_bits(count: usize) -> u16 {
    if count < 16 { (1 << count) - 1 } else { u16::MAX }
}

/// The first lanes of an AVX2 register of `f32`: their highest bits.
#[inline(always)]
unsafe fn first_of_eight(count: usize) -> __m256i {
    // SAFETY: the caller has AVX2.
    unsafe {
        let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), lanes)
    }
}

/// The first lanes of an AVX2 register of `f64`: their highest bits.
#[inline(always)]
unsafe fn first_of_four(count: usize) -> __m256i {
    // SAFETY: the caller has AVX2.
    unsafe { _mm256_cmpgt_epi64(_mm256_set1_epi64x(count as i64), _mm256_setr_epi64x(0, 1, 2, 3)) }
}

/// The largest or the smallest of a register's lanes, half of them brought to the other half at a time.
macro_rules! brought_together {
    ($name:ident, __m256, $both:ident) => {
        #[inline(always)]
        unsafe fn $name(register: __m256) -> f32 {
            // SAFETY: the caller has AVX2.
            unsafe {
                let upper = _mm256_extractf128_ps::<1>(register);
                let four = $both(_mm256_castps256_ps128(register), upper);
                let two = $both(four, _mm_movehl_ps(four, four));
                _mm_cvtss_f32($both(two, _mm_movehdup_ps(two)))
            }
        }
    };
    ($name:ident, __m256d, $both:ident) => {
        #[inline(always)]
        unsafe fn $name(register: __m256d) -> f64 {
            // SAFETY: the caller has AVX2.
            unsafe {
                let upper = _mm256_extractf128_pd::<1>(register);
                let two = $both(_mm256_castpd256_pd128(register), upper);
                _mm_cvtsd_f64($both(two, _mm_unpackhi_pd(two, two)))
            }
        }
    };
}
brought_together!(largest_of_eight, __m256, _mm_max_ps);
brought_together!(smallest_of_eight, __m256, _mm_min_ps);
brought_together!(largest_of_four, __m256d, _mm_max_pd);
brought_together!(smallest_of_four, __m256d, _mm_min_pd);

register!(
    __m256,
    f32,
    8,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_mul_ps,
    _mm256_fmadd_ps,
    _mm256_max_ps,
    _mm256_min_ps,
    largest_of_eight,
    smallest_of_eight,
    |count, from| _mm256_maskload_ps(from, first_of_eight(count)),
    |count, to, register| _mm256_maskstore_ps(to, first_of_eight(count), register)
);
register!(
    __m256d,
    f64,
    4,
    _mm256_set1_pd,
    _mm256_loadu_pd,
    _mm256_storeu_pd,
    _mm256_mul_pd,
    _mm256_fmadd_pd,
    _mm256_max_pd,
    _mm256_min_pd,
    largest_of_four,
    smallest_of_four,
    |count, from| _mm256_maskload_pd(from, first_of_four(count)),
    |count, to, register| _mm256_maskstore_pd(to, first_of_four(count), register)
);
register!(
    __m512,
    f32,
    16,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_mul_ps,
    _mm512_fmadd_ps,
    _mm512_max_ps,
    _mm512_min_ps,
    _mm512_reduce_max_ps,
    _mm512_reduce_min_ps,
    |count, from| _mm512_maskz_loadu_ps(first_bits(count), from),
    |count, to, register| _mm512_mask_storeu_ps(to, first_bits(count), register)
);
register!(
    __m512d,
    f64,
    8,
    _mm512_set1_pd,
    _mm512_loadu_pd,
    _mm512_storeu_pd,
    _mm512_mul_pd,
    _mm512_fmadd_pd,
    _mm512_max_pd,
    _mm512_min_pd,
    _mm512_reduce_max_pd,
    _mm512_reduce_min_pd,
    |count, from| _mm512_maskz_loadu_pd(first_bits(count) as u8, from),
    |count, to, register| _mm512_mask_storeu_pd(to, first_bits(count) as u8, register)
);
