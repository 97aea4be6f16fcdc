//! Loops over whole arrays, in one fixed order of operations.
//!
//! Sums run over a fixed number of lanes in a fixed order. Products are summed by fused
//! multiply-adds, which round once by definition: a processor without the instruction gets the
//! same bits from a (slow) routine. So the bits are the same on every machine, and those of an
//! example in a batch do not depend on the others (a batch of one has its own, faster order).

mod blocked;
mod columns;
mod product;
mod slopes;
mod tiles;
mod vectors;

pub use columns::{
    column_squares, column_tops, count_below, largest, none_below, range, scale_columns,
    square_sum, squared_deviations, total, weighted_dot, weighted_row_sums,
};
pub use product::{gram, product, product_rows, product_transposed, product_transposed_rows};
pub use slopes::{multiply_columns, product_extremes};
pub use vectors::matvec;

/// A function over arrays, compiled three times: for any processor, for those with AVX2 and
/// fused multiply-adds, and for those with AVX-512, by the same code or by one with tiles of
/// another size; which one serves is asked at run time.
macro_rules! dispatch {
    ($(#[$doc:meta])* $name:ident, $wide:ident, $widest:ident, $body:ident,
     ($($argument:ident: $type:ty),*) $(-> $result:ty)?) => {
        $crate::engine::kernels::dispatch!(
            $(#[$doc])*
            $name, $wide, $widest, $body / $body,
            ($($argument: $type),*) $(-> $result)?
        );
    };
    ($(#[$doc:meta])* $name:ident, $wide:ident, $widest:ident, $body:ident / $widest_body:ident,
     ($($argument:ident: $type:ty),*) $(-> $result:ty)?) => {
        $(#[$doc])*
        pub fn $name<T: $crate::engine::Real>($($argument: $type),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            if std::arch::is_x86_feature_detected!("avx2")
                && std::arch::is_x86_feature_detected!("fma")
            {
                if std::arch::is_x86_feature_detected!("avx512f")
                    && std::arch::is_x86_feature_detected!("avx512dq")
                    && std::arch::is_x86_feature_detected!("avx512bw")
                    && std::arch::is_x86_feature_detected!("avx512vl")
                {
                    // SAFETY: the processor has just been asked for all of them.
                    return unsafe { $widest($($argument),*) };
                }
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

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
        fn $widest<T: $crate::engine::Real>($($argument: $type),*) $(-> $result)? {
            $widest_body($($argument),*)
        }
    };
}
pub(in crate::engine) use dispatch;

/// Runs a kernel, whose last argument may be what it fills: by its own choice of path, by a
/// portable body, and by the path for AVX2, which this processor might not choose.
#[cfg(test)]
macro_rules! same_bits {
    // A kernel that returns a number.
    ($name:ident, $body:ident, $wide:ident, ($($argument:expr),*)) => {
        let plain = $body($($argument),*);
        assert_eq!($name($($argument),*), plain, "{}", stringify!($name));
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2")
            && std::arch::is_x86_feature_detected!("fma")
        {
            // SAFETY: the processor has just been asked for AVX2 and FMA.
            let wide = unsafe { $wide($($argument),*) };
            assert_eq!(wide, plain, "{}", stringify!($wide));
        }
    };
    ($name:ident, $body:ident, $wide:ident,
     ($($argument:expr),*), $blank:expr) => {
        let mut plain = $blank;
        $body($($argument,)* &mut plain);
        let mut chosen = $blank;
        $name($($argument,)* &mut chosen);
        assert_eq!(chosen, plain, "{}", stringify!($name));
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2")
            && std::arch::is_x86_feature_detected!("fma")
        {
            let mut wide = $blank;
            // SAFETY: the processor has just been asked for AVX2 and FMA.
            unsafe { $wide($($argument,)* &mut wide) };
            assert_eq!(wide, plain, "{}", stringify!($wide));
        }
    };
}
#[cfg(test)]
pub(in crate::engine) use same_bits;

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
