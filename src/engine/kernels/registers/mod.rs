//! Registers of numbers, by the instructions that work on them.
//!
//! A product's sums must stay in registers while its terms go by. Loops over arrays leave it to the
//! compiler whether they do, so here the registers have names.

mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;
#[cfg(target_arch = "x86_64")]
mod x86_doubles;

pub use portable::{FewDouble, FewSingle, Portable};
#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2, Avx512};

/// Some numbers that one instruction works on.
///
/// # Safety
/// The processor must have the instructions of the register's set; and from, or to, an address as
/// many numbers must be there to be read or written as the register holds, or as are counted.
pub trait Register<T>: Copy {
    /// How many numbers.
    const LANES: usize;

    /// One number in every lane.
    unsafe fn splat(number: T) -> Self;
    /// The numbers from an address on, whatever its alignment.
    unsafe fn load(from: *const T) -> Self;
    /// Puts the numbers to an address, whatever its alignment.
    unsafe fn store(self, to: *mut T);
    /// So many numbers from an address on, and 0 in the lanes behind them; no more is read.
    unsafe fn load_first(count: usize, from: *const T) -> Self;
    /// Puts so many numbers to an address; no more is written.
    unsafe fn store_first(self, count: usize, to: *mut T);
    /// self · factor, lane by lane.
    unsafe fn times(self, factor: Self) -> Self;
    /// self · factor + sum, lane by lane, each rounded once.
    unsafe fn times_plus(self, factor: Self, sum: Self) -> Self;
    /// The larger of both, lane by lane, neither of which may be NaN.
    unsafe fn max(self, other: Self) -> Self;
    /// The smaller of both, lane by lane, neither of which may be NaN.
    unsafe fn min(self, other: Self) -> Self;
    /// The largest of all lanes, of which none may be NaN.
    unsafe fn largest(self) -> T;
    /// The smallest of all lanes, of which none may be NaN.
    unsafe fn smallest(self) -> T;
}

/// A register of `f64` with what sums take.
///
/// # Safety
/// As for [`Register`].
pub trait Doubles: Register<f64> {
    /// As many `f32` from an address on, made double.
    unsafe fn widen(from: *const f32) -> Self;
    /// Puts the numbers to an address as `f32`, each rounded once.
    unsafe fn narrow(self, to: *mut f32);
    /// self + other, lane by lane.
    unsafe fn plus(self, other: Self) -> Self;
    /// self − other, lane by lane.
    unsafe fn minus(self, other: Self) -> Self;
    /// All lanes added up, half of them to the other half at a time.
    unsafe fn halved(self) -> f64;
    /// [`Self::halved`] of eight registers, put to an address one after the other.
    unsafe fn all_halved(registers: [Self; 8], to: *mut f64);
    /// The larger of self and |other|, lane by lane; NaN of the other counts as nothing.
    unsafe fn larger(self, other: Self) -> Self;
    /// The smaller of self and |other|, lane by lane; 0 and NaN of the other count as nothing.
    unsafe fn smaller_but_zero(self, other: Self) -> Self;
}

/// A number that sums take as `f64`.
pub trait MadeDouble: Copy {
    /// The numbers as they are, where they are `f64`.
    fn as_doubles(numbers: &[Self]) -> Option<&[f64]>;
    /// As many numbers from an address on as a register has of `f64`, made double.
    ///
    /// # Safety
    /// They are there, and the processor has the register's instructions.
    unsafe fn doubles<D: Doubles>(from: *const Self) -> D;
    /// Puts a register's numbers to an address, as numbers of this type, each rounded once.
    ///
    /// # Safety
    /// There is a place for them, and the processor has the register's instructions.
    unsafe fn put<D: Doubles>(numbers: D, to: *mut Self);
}

impl MadeDouble for f32 {
    #[inline(always)]
    fn as_doubles(_: &[Self]) -> Option<&[f64]> {
        None
    }

    #[inline(always)]
    unsafe fn doubles<D: Doubles>(from: *const Self) -> D {
        // SAFETY: as the trait has it.
        unsafe { D::widen(from) }
    }

    #[inline(always)]
    unsafe fn put<D: Doubles>(numbers: D, to: *mut Self) {
        // SAFETY: as the trait has it.
        unsafe { numbers.narrow(to) }
    }
}

impl MadeDouble for f64 {
    #[inline(always)]
    fn as_doubles(numbers: &[Self]) -> Option<&[f64]> {
        Some(numbers)
    }

    #[inline(always)]
    unsafe fn doubles<D: Doubles>(from: *const Self) -> D {
        // SAFETY: as the trait has it.
        unsafe { D::load(from) }
    }

    #[inline(always)]
    unsafe fn put<D: Doubles>(numbers: D, to: *mut Self) {
        // SAFETY: as the trait has it.
        unsafe { numbers.store(to) }
    }
}

/// A number of which registers are made.
pub trait InRegisters: MadeDouble {
    /// What every processor has.
    type Portable: Register<Self>;
    /// AVX2's.
    type Avx2: Register<Self>;
    /// AVX-512's.
    type Avx512: Register<Self>;

    /// The columns of a square of so many rows.
    #[inline(always)]
    fn turned([a, b, c, d]: [&[Self; SIDE]; SIDE]) -> [[Self; SIDE]; SIDE] {
        [0, 1, 2, 3].map(|k| [a[k], b[k], c[k], d[k]])
    }
}

/// Side of a square that is turned in registers.
pub const SIDE: usize = 4;

/// The registers of an instruction set.
pub trait Registers {
    /// Whether there are thirty-two of them, and not sixteen.
    const MANY: bool;
    /// One of them, full of such numbers.
    type Of<T: InRegisters>: Register<T>;
    /// One of them, full of `f64`.
    type Double: Doubles;
}
