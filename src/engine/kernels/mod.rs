//! Loops over whole arrays, in one fixed order of operations.
//!
//! Sums run over a fixed number of lanes in a fixed order. Products are summed by fused
//! multiply-adds, which round once by definition: a processor without the instruction gets the
//! same bits from a (slow) routine. So the bits are the same on every machine, and those of an
//! example in a batch do not depend on the others (a batch of one has its own, faster order).

mod blocked;
mod columns;
mod product;
mod vectors;

pub use columns::{
    all_at_least, column_squares, column_tops, count_below, largest, multiply, none_below,
    scale_columns, squared_deviations, total,
};
pub use product::{gram, product, product_transposed};
pub use vectors::matvec;

/// A function over arrays, compiled twice: for any processor, and for those with AVX2, which
/// is asked for at run time.
macro_rules! dispatch {
    ($(#[$doc:meta])* $name:ident, $wide:ident, $body:ident,
     ($($argument:ident: $type:ty),*) $(-> $result:ty)?) => {
        $(#[$doc])*
        pub fn $name<T: $crate::engine::Real>($($argument: $type),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            if std::arch::is_x86_feature_detected!("avx2")
                && std::arch::is_x86_feature_detected!("fma")
            {
                // SAFETY: the processor has just been asked for AVX2 and FMA.
                return unsafe { $wide($($argument),*) };
            }
            $body($($argument),*)
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2,fma")]
        fn $wide<T: $crate::engine::Real>($($argument: $type),*) $(-> $result)? {
            $body($($argument),*)
        }
    };
}
use dispatch;

/// Numbers of a cache line.
const fn line<T>() -> usize {
    64 / size_of::<T>()
}

/// Asks for what lies `ahead` of a slice's begin, which the processor could not guess: a hint
/// only, for any address.
#[inline(always)]
fn will_need<T>(slice: &[T], ahead: usize) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch reads nothing and cannot fault.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T1>(slice.as_ptr().wrapping_add(ahead).cast());
    }
}
