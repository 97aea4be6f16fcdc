//! Units that are alike: they start alike, get the same gradient, and stay alike.

use crate::engine::network::Network;
use crate::engine::number::Real;
use ndarray::ArrayView1;

impl<T: Real> Network<T> {
    /// Whether all units of hidden layer l have the same incoming weights, bias and outgoing
    /// weights; `index` = l − 1. Such units have the same activation and the same gradient in
    /// every step: the layer is as good as one unit. False for a single unit, and for the output
    /// layer, whose units differ by their targets.
    pub fn has_alike_units(&self, index: usize) -> bool {
        if index + 1 >= self.depth() {
            return false;
        }
        let (own, above) = (self.dense(index), self.dense(index + 1));
        let first = own.unit.row(0);
        own.units() > 1
            && (own.scale == T::ZERO || own.unit.rows().into_iter().skip(1).all(|row| row == first))
            && own.bias.as_ref().is_none_or(|bias| bias.iter().all(|b| *b == bias[0]))
            && (above.scale == T::ZERO
                || above.unit.rows().into_iter().all(|row| is_constant(&row)))
    }
}

fn is_constant<T: Real>(row: &ArrayView1<'_, T>) -> bool {
    row.iter().all(|weight| *weight == row[0])
}
