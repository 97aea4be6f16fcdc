//! One function, compiled for several instruction sets; which serves is asked at run time.

use std::sync::atomic::{AtomicU8, Ordering};

/// Instruction sets for which kernels are compiled, the later the wider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InstructionSet {
    /// What every processor of the target has.
    Portable,
    /// AVX2 with fused multiply-adds.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 with double words, bytes and short vectors.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// The set that serves, by its place in [`InstructionSet::ALL`] from 1; 0 before it was asked for.
static SERVING: AtomicU8 = AtomicU8::new(0);

impl InstructionSet {
    /// Every set of this target, the later the wider.
    pub const ALL: &[Self] = &[
        Self::Portable,
        #[cfg(target_arch = "x86_64")]
        Self::Avx2,
        #[cfg(target_arch = "x86_64")]
        Self::Avx512,
    ];

    /// The widest that this processor has and [`Self::limit_to`] allows.
    #[inline]
    pub fn best() -> Self {
        #[cfg(test)]
        if let Some(forced) = tests::FORCED.get() {
            return forced;
        }
        match SERVING.load(Ordering::Relaxed) {
            0 => Self::of_processor().serve(),
            place => Self::ALL[usize::from(place) - 1],
        }
    }

    /// Has no wider set serve from now on. The numbers stay the same to the bit; a benchmark can
    /// tell what a narrower processor would take.
    pub fn limit_to(widest: Self) {
        Self::of_processor().min(widest).serve();
    }

    #[cold]
    fn serve(self) -> Self {
        SERVING.store(self as u8 + 1, Ordering::Relaxed);
        self
    }

    fn of_processor() -> Self {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
        {
            if std::arch::is_x86_feature_detected!("avx512f")
                && std::arch::is_x86_feature_detected!("avx512dq")
                && std::arch::is_x86_feature_detected!("avx512bw")
                && std::arch::is_x86_feature_detected!("avx512vl")
            {
                return Self::Avx512;
            }
            return Self::Avx2;
        }
        Self::Portable
    }
}

/// Defines a function over arrays of a [`Real`](crate::engine::Real) that runs `$body`, compiled
/// for each [`InstructionSet`]: with `/ $widest` another one for AVX-512, and `by registers` one that
/// asks for those of the set.
macro_rules! dispatch {
    ($(#[$doc:meta])* $name:ident, $body:ident $(/ $widest:ident)? $($by:ident registers)?,
     ($($argument:ident: $type:ty),*) $(-> $result:ty)?) => {
        $(#[$doc])*
        pub fn $name<T: $crate::engine::number::Real>($($argument: $type),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            {
                use $crate::engine::kernels::InstructionSet;

                #[target_feature(enable = "avx2,fma")]
                fn wide<T: $crate::engine::number::Real>($($argument: $type),*) $(-> $result)? {
                    $crate::engine::kernels::dispatch!(@body Avx2 $body [$($widest)?] [$($by)?])($($argument),*)
                }

                #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
                fn widest<T: $crate::engine::number::Real>($($argument: $type),*) $(-> $result)? {
                    $crate::engine::kernels::dispatch!(@body Avx512 $body [$($widest)?] [$($by)?])($($argument),*)
                }

                match InstructionSet::best() {
                    // SAFETY: the processor has been asked for all of them.
                    InstructionSet::Avx512 => return unsafe { widest($($argument),*) },
                    // SAFETY: the processor has been asked for AVX2 and FMA.
                    InstructionSet::Avx2 => return unsafe { wide($($argument),*) },
                    InstructionSet::Portable => {}
                }
            }
            $crate::engine::kernels::dispatch!(@body Portable $body [$($widest)?] [$($by)?])($($argument),*)
        }
    };
    (@body Avx512 $body:ident [$widest:ident] []) => { $widest };
    (@body $set:ident $body:ident [$($widest:ident)?] []) => { $body };
    (@body $set:ident $body:ident [] [$by:ident]) => {
        $body::<T, $crate::engine::kernels::registers::$set>
    };
}
pub(crate) use dispatch;

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        pub(super) static FORCED: Cell<Option<InstructionSet>> = const { Cell::new(None) };
    }

    /// Runs a kernel on every instruction set that this processor has: all give the same.
    pub fn same_bits<R: PartialEq + std::fmt::Debug>(kernel: impl Fn() -> R) -> R {
        let on = |set| {
            FORCED.set(Some(set));
            let result = kernel();
            FORCED.set(None);
            result
        };
        let portable = on(InstructionSet::Portable);
        #[cfg(target_arch = "x86_64")]
        for set in [InstructionSet::Avx2, InstructionSet::Avx512] {
            if set <= InstructionSet::of_processor() {
                assert_eq!(on(set), portable, "{set:?}");
            }
        }
        portable
    }

    /// What a kernel leaves in its last argument, the same on every instruction set.
    #[expect(clippy::needless_pass_by_value, reason = "tests hand over what they make for it")]
    pub fn same_filled<T: Clone + PartialEq + std::fmt::Debug>(
        blank: Vec<T>,
        kernel: impl Fn(&mut [T]),
    ) -> Vec<T> {
        same_bits(|| {
            let mut out = blank.clone();
            kernel(&mut out);
            out
        })
    }
}
