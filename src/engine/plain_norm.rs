//! What plain arithmetic, whose numbers carry no exponent of their own, would print for ‖δ‖.

use crate::engine::number::{Real, Signal};
use crate::engine::pass::Pass;

/// What plain arithmetic in the pass's own precision would print for a norm of δ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlainNorm {
    /// The norm, up to rounding.
    #[default]
    Norm,
    /// 0, although the norm is not: the squares underflow, or δ itself did further up.
    Zero,
    /// Infinity or no number: the squares overflow, or δ itself did further up.
    Infinite,
}

/// One example's δ in plain arithmetic.
#[derive(Clone, Copy, PartialEq)]
enum PlainColumn {
    /// Every entry is held.
    Held,
    /// Every entry is rounded to 0, and so is all that follows from it.
    Flushed,
    /// An entry is infinite, and all that follows from it is infinite or no number.
    Overflown,
}

impl PlainNorm {
    /// Of layers 1…L. On its way back a column that is rounded to 0, or that overflows, stays so:
    /// plain arithmetic cannot recover what it has lost, while squares that underflow are lost
    /// in one layer's norm alone.
    pub fn of_layers<T: Real>(pass: &Pass<T>) -> Vec<Self> {
        let mut columns = vec![PlainColumn::Held; pass.input.batch()];
        let layers = pass.layers.iter().rev();
        let mut norms: Vec<Self> = layers
            .map(|trace| {
                if is_far_inside(&trace.delta) && columns.iter().all(|c| *c == PlainColumn::Held) {
                    return Self::Norm;
                }
                Self::of_layer(&trace.delta, &mut columns)
            })
            .collect();
        norms.reverse();
        norms
    }

    fn of_layer<T: Real>(delta: &Signal<T>, columns: &mut [PlainColumn]) -> Self {
        let (mut alive, mut printed, mut infinite) = (false, false, false);
        let numbers = delta.columns().largest_of_each().into_iter().zip(delta.norms());
        for ((top, norm), column) in numbers.zip(columns) {
            let Some(top) = top else { continue };
            alive = true;
            let plain = T::from_f64(top.to_f64());
            if *column == PlainColumn::Held {
                *column = match plain {
                    zero if zero == T::ZERO => PlainColumn::Flushed,
                    large if large > T::LARGEST => PlainColumn::Overflown,
                    _ => PlainColumn::Held,
                };
            }
            match column {
                PlainColumn::Overflown => infinite = true,
                PlainColumn::Flushed => {}
                PlainColumn::Held => {
                    infinite |= T::from_f64((norm * norm).to_f64()) > T::LARGEST;
                    // Every square is rounded on its own: where the largest is lost, all are.
                    printed |= plain * plain != T::ZERO;
                }
            }
        }
        match (infinite, alive && !printed) {
            (true, _) => Self::Infinite,
            (false, true) => Self::Zero,
            (false, false) => Self::Norm,
        }
    }
}

/// Whether every column's largest entry is so far inside the type's range that squares are too.
fn is_far_inside<T: Real>(delta: &Signal<T>) -> bool {
    let most = -T::SMALLEST_EXPONENT / 4;
    delta.columns().tops().into_iter().flatten().all(|exponent| exponent.abs() < most)
}
