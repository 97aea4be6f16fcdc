//! Loops over whole arrays, in one fixed order of operations.
//!
//! Sums run over a fixed number of lanes, with separate multiplications and additions and no
//! fused ones. The compiler may use whatever vector width the processor has: the bits are the
//! same on every machine, and those of an example in a batch do not depend on the others (a batch
//! of one has its own, faster order). At batch 1 a product is bound by memory, so that the fused
//! operation would gain nothing.

mod columns;
mod product;

pub use columns::{all_at_least, column_squares, column_tops, largest, multiply, scale_columns};
pub use product::{matvec, product, product_transposed};

/// A function over arrays, compiled twice: for any processor, and for those with AVX2, which
/// is asked for at run time.
macro_rules! dispatch {
    ($(#[$doc:meta])* $name:ident, $wide:ident, $body:ident,
     ($($argument:ident: $type:ty),*) $(-> $result:ty)?) => {
        $(#[$doc])*
        pub fn $name<T: $crate::engine::Real>($($argument: $type),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            if std::arch::is_x86_feature_detected!("avx2") {
                // SAFETY: the processor has just been asked for AVX2.
                return unsafe { $wide($($argument),*) };
            }
            $body($($argument),*)
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2")]
        fn $wide<T: $crate::engine::Real>($($argument: $type),*) $(-> $result)? {
            $body($($argument),*)
        }
    };
}
use dispatch;
