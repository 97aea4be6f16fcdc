//! Registers of every processor: arrays, of which the compiler makes what there is.

use super::{Doubles, InRegisters, Register, Registers};

/// Those of [`InstructionSet::Portable`](crate::engine::InstructionSet::Portable).
pub struct Portable;

impl Registers for Portable {
    const MANY: bool = false;
    type Of<T: InRegisters> = T::Portable;
    type Double = FewDouble;
}

macro_rules! portable {
    ($type:ident, $number:ident, $lanes:literal) => {
        /// Numbers side by side.
        #[derive(Clone, Copy)]
        pub struct $type(pub(super) [$number; $lanes]);

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
            unsafe fn load_first(count: usize, from: *const $number) -> Self {
                let mut numbers = [0.0; $lanes];
                for (lane, number) in numbers.iter_mut().enumerate().take(count) {
                    // SAFETY: as the trait has it.
                    *number = unsafe { *from.add(lane) };
                }
                Self(numbers)
            }

            #[inline(always)]
            unsafe fn store_first(self, count: usize, to: *mut $number) {
                for (lane, number) in self.0.into_iter().enumerate().take(count) {
                    // SAFETY: as the trait has it.
                    unsafe { *to.add(lane) = number };
                }
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

            #[inline(always)]
            unsafe fn max(mut self, other: Self) -> Self {
                self.0
                    .iter_mut()
                    .zip(other.0)
                    .for_each(|(number, other)| *number = number.max(other));
                self
            }

            #[inline(always)]
            unsafe fn min(mut self, other: Self) -> Self {
                self.0
                    .iter_mut()
                    .zip(other.0)
                    .for_each(|(number, other)| *number = number.min(other));
                self
            }

            #[inline(always)]
            unsafe fn largest(self) -> $number {
                self.0.into_iter().fold(self.0[0], $number::max)
            }

            #[inline(always)]
            unsafe fn smallest(self) -> $number {
                self.0.into_iter().fold(self.0[0], $number::min)
            }
        }
    };
}

portable!(FewSingle, f32, 8);
portable!(FewDouble, f64, 4);

impl Doubles for FewDouble {
    #[inline(always)]
    unsafe fn widen(from: *const f32) -> Self {
        // SAFETY: as the trait has it.
        let numbers = unsafe { from.cast::<[f32; 4]>().read_unaligned() };
        Self(numbers.map(f64::from))
    }

    #[inline(always)]
    unsafe fn narrow(self, to: *mut f32) {
        let numbers = self.0.map(|number| number as f32);
        // SAFETY: as the trait has it.
        unsafe { to.cast::<[f32; 4]>().write_unaligned(numbers) };
    }

    #[inline(always)]
    unsafe fn plus(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(number, other)| *number += other);
        self
    }

    #[inline(always)]
    unsafe fn minus(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(number, other)| *number -= other);
        self
    }

    #[inline(always)]
    unsafe fn halved(self) -> f64 {
        let [a, b, c, d] = self.0;
        (a + c) + (b + d)
    }

    #[inline(always)]
    unsafe fn all_halved(registers: [Self; 8], to: *mut f64) {
        // SAFETY: as the trait has it.
        unsafe { to.cast::<[f64; 8]>().write_unaligned(registers.map(|one| one.halved())) };
    }

    #[inline(always)]
    unsafe fn larger(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(top, other)| {
            *top = if other.abs() > *top { other.abs() } else { *top };
        });
        self
    }

    #[inline(always)]
    unsafe fn smaller_but_zero(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(least, other)| {
            *least = if other != 0.0 && other.abs() < *least { other.abs() } else { *least };
        });
        self
    }
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
