//! Registers of numbers, by the instructions that work on them.
//!
//! A product's sums must stay in registers while its terms go by. Loops over arrays leave it to the
//! compiler whether they do, so here the registers have names.

/// Some numbers that one instruction works on.
///
/// # Safety
/// The processor must have the instructions of the register's set; and from, or to, an address as
/// many numbers must be there to be read or written as the register holds.
pub trait Register<T>: Copy {
    /// How many numbers.
    const LANES: usize;

    /// One number in every lane.
    unsafe fn splat(number: T) -> Self;
    /// The numbers from an address on, whatever its alignment.
    unsafe fn load(from: *const T) -> Self;
    /// Puts the numbers to an address, whatever its alignment.
    unsafe fn store(self, to: *mut T);
    /// self · factor, lane by lane.
    unsafe fn times(self, factor: Self) -> Self;
    /// self · factor + sum, lane by lane, each rounded once.
    unsafe fn times_plus(self, factor: Self, sum: Self) -> Self;
}

/// A number of which registers are made.
pub trait InRegisters: Sized {
    /// What every processor has.
    type Portable: Register<Self>;
    /// AVX2's.
    type Avx2: Register<Self>;
    /// AVX-512's.
    type Avx512: Register<Self>;
}

/// The registers of an instruction set.
pub trait Registers {
    /// Whether there are thirty-two of them, and not sixteen.
    const MANY: bool;
    /// One of them, full of such numbers.
    type Of<T: InRegisters>: Register<T>;
}

/// Those of [`InstructionSet::Portable`](super::InstructionSet::Portable).
pub struct Portable;

impl Registers for Portable {
    const MANY: bool = false;
    type Of<T: InRegisters> = T::Portable;
}

macro_rules! portable {
    ($type:ident, $number:ident, $lanes:literal) => {
        /// Numbers side by side.
        #[derive(Clone, Copy)]
        pub struct $type([$number; $lanes]);

        impl Register<$number> for $type {
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn splat(number: $number) -> Self {
                Self([number; $lanes])
            }

            #[inline(always)]
            unsafe fn load(from: *const $number) -> Self {
                // SAFETY: as the trait has it.
                Self(unsafe { from.cast::<[$number; $lanes]>().read_unaligned() })
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $number) {
                // SAFETY: as the trait has it.
                unsafe { to.cast::<[$number; $lanes]>().write_unaligned(self.0) };
            }

            #[inline(always)]
            unsafe fn times(mut self, factor: Self) -> Self {
                self.0.iter_mut().zip(factor.0).for_each(|(number, factor)| *number *= factor);
                self
            }

            #[inline(always)]
            unsafe fn times_plus(self, factor: Self, mut sum: Self) -> Self {
                for lane in 0..$lanes {
                    sum.0[lane] = self.0[lane].mul_add(factor.0[lane], sum.0[lane]);
                }
                sum
            }
        }
    };
}

portable!(FewSingle, f32, 8);
portable!(FewDouble, f64, 4);

#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256, __m256d, __m512, __m512d, _mm256_fmadd_pd, _mm256_fmadd_ps, _mm256_loadu_pd,
        _mm256_loadu_ps, _mm256_mul_pd, _mm256_mul_ps, _mm256_set1_pd, _mm256_set1_ps,
        _mm256_storeu_pd, _mm256_storeu_ps, _mm512_fmadd_pd, _mm512_fmadd_ps, _mm512_loadu_pd,
        _mm512_loadu_ps, _mm512_mul_pd, _mm512_mul_ps, _mm512_set1_pd, _mm512_set1_ps,
        _mm512_storeu_pd, _mm512_storeu_ps,
    };

    use super::{FewDouble, FewSingle, InRegisters, Register, Registers};

    /// Those of [`InstructionSet::Avx2`](crate::engine::InstructionSet::Avx2).
    pub struct Avx2;

    impl Registers for Avx2 {
        const MANY: bool = false;
        type Of<T: InRegisters> = T::Avx2;
    }

    /// Those of [`InstructionSet::Avx512`](crate::engine::InstructionSet::Avx512).
    pub struct Avx512;

    impl Registers for Avx512 {
        const MANY: bool = true;
        type Of<T: InRegisters> = T::Avx512;
    }

    impl InRegisters for f32 {
        type Portable = FewSingle;
        type Avx2 = __m256;
        type Avx512 = __m512;
    }

    impl InRegisters for f64 {
        type Portable = FewDouble;
        type Avx2 = __m256d;
        type Avx512 = __m512d;
    }

    macro_rules! register {
        ($type:ident, $number:ident, $lanes:literal, $splat:ident, $load:ident, $store:ident,
         $times:ident, $times_plus:ident) => {
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
                unsafe fn times(self, factor: Self) -> Self {
                    // SAFETY: as the trait has it.
                    unsafe { $times(self, factor) }
                }

                #[inline(always)]
                unsafe fn times_plus(self, factor: Self, sum: Self) -> Self {
                    // SAFETY: as the trait has it.
                    unsafe { $times_plus(self, factor, sum) }
                }
            }
        };
    }

    register!(
        __m256,
        f32,
        8,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_mul_ps,
        _mm256_fmadd_ps
    );
    register!(
        __m256d,
        f64,
        4,
        _mm256_set1_pd,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_mul_pd,
        _mm256_fmadd_pd
    );
    register!(
        __m512,
        f32,
        16,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_mul_ps,
        _mm512_fmadd_ps
    );
    register!(
        __m512d,
        f64,
        8,
        _mm512_set1_pd,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_mul_pd,
        _mm512_fmadd_pd
    );
}

#[cfg(not(target_arch = "x86_64"))]
impl InRegisters for f32 {
    type Portable = FewSingle;
    type Avx2 = FewSingle;
    type Avx512 = FewSingle;
}

#[cfg(not(target_arch = "x86_64"))]
impl InRegisters for f64 {
    type Portable = FewDouble;
    type Avx2 = FewDouble;
    type Avx512 = FewDouble;
}
