//! Loops over whole arrays, in one fixed order of operations.
//!
//! Sums run over a fixed number of lanes in a fixed order. Products are summed by fused
//! multiply-adds, which round once by definition: a processor without the instruction gets the
//! same bits from a (slow) routine. So the bits are the same on every machine, and those of an
//! example in a batch do not depend on the others (a batch of one has its own, faster order).

mod activate;
mod affine;
mod blocked;
mod columns;
mod dispatch;
mod extremes;
mod formulas;
mod layer;
mod moments;
mod normalize;
mod panels;
mod product;
pub(crate) mod registers;
mod row_sums;
pub(crate) mod sigmoid;
mod slopes;
mod statistics;
mod sums;
mod tiles;
mod triangular;
mod update;
mod vectors;

pub use activate::activate;
pub use affine::scale_and_shift_rows;
pub use columns::{
    column_squares, scale_columns, scale_columns_into, square_sum, squared_deviations,
    squared_distance, total, weighted_dot, weighted_row_sums,
};
pub use dispatch::InstructionSet;
pub(crate) use dispatch::dispatch;
#[cfg(test)]
pub(crate) use dispatch::tests::{same_bits, same_filled};
pub use extremes::{column_tops, count_below, largest, none_below, range};
pub use layer::{DenseRows, backward_one, forward_one};
pub use moments::{Groups, group_products, group_squares, group_sums, holds_faint};
pub use normalize::{group_normalize, group_pull_back};
pub use product::{
    gram, outer, outer_rows, product, product_rows, product_transposed, product_transposed_rows,
};
pub use slopes::{multiply_columns, product_extremes};
pub use statistics::{GroupNumbers, group_factors, group_parts, means_of};
pub use sums::{add_columns, add_multiple, none_between};
pub use triangular::{factorize, solve, solve_transposed};
pub use update::{UpdateNumbers, update_adam, update_momentum, update_sgd};
pub use vectors::{matvec, subtract_multiples};

/// What arrays must be: kernels read their rows one behind the other.
pub(crate) const STANDARD: &str = "the engine's arrays are in standard layout";

/// Numbers of a cache line.
pub(super) const fn line<T>() -> usize {
    64 / size_of::<T>()
}

/// Asks for what lies at any address into the nearest cache, where the processor could not guess:
/// a hint only.
#[inline(always)]
fn will_need<T>(at: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch reads nothing and cannot fault.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(at.cast());
    }
}

/// [`will_need`] into the second cache alone, so that nothing that is at work is driven out.
#[inline(always)]
pub(super) fn will_need_later<T>(at: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch reads nothing and cannot fault.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T1>(at.cast());
    }
}
