//! What a network with two inputs says of every point around its examples.

use ndarray::Array2;

use crate::engine::{Real, Trainer};

/// Points along each side.
pub const SURFACE_CELLS: usize = 48;
/// Multiply-adds of a surface that are worth the time between two looks.
const MOST_WORK: usize = 60_000_000;
/// Examples that are shown at most.
const MOST_POINTS: usize = 600;
/// Room around the examples: the share of their extent.
const ROOM: f64 = 0.15;

/// What a network with two inputs and one output, or two, says of every point of a square.
#[derive(Clone, Debug, PartialEq)]
pub struct DecisionSurface {
    /// The ends of the square along each input.
    pub range: (f64, f64),
    /// Row by row from the lowest second input, [`SURFACE_CELLS`] a side: how much it is for the
    /// second class, 0 for not at all and 1 for wholly. One output as it is; of two ½ + (a₂ − a₁)/2.
    pub values: Vec<f64>,
    /// The examples that are learned from, or the first of them: both inputs, and the same of the
    /// target.
    pub examples: Vec<([f64; 2], f64)>,
}

/// The examples of a surface, n × n_0 and n × n_L, where they have two inputs and at most two outputs.
pub(super) fn shown_examples([x, y]: &[Array2<f64>; 2]) -> Option<Vec<([f64; 2], f64)>> {
    if x.ncols() != 2 || y.ncols() > 2 {
        return None;
    }
    let rows = x.rows().into_iter().zip(y.rows()).take(MOST_POINTS);
    Some(rows.map(|(x, y)| ([x[0], x[1]], second_class(&y.to_vec()))).collect())
}

fn second_class(outputs: &[f64]) -> f64 {
    match outputs {
        [first, second] => 0.5 + 0.5 * (second - first),
        outputs => outputs[0],
    }
}

impl DecisionSurface {
    /// Of a network as it is now; nothing where it is so large that this would take too long.
    pub(super) fn of<T: Real>(
        trainer: &Trainer<T>,
        examples: Option<&Vec<([f64; 2], f64)>>,
    ) -> Option<Self> {
        let examples = examples?;
        let network = trainer.network();
        let points = SURFACE_CELLS * SURFACE_CELLS;
        if points * network.parameter_count() > MOST_WORK {
            return None;
        }
        let most = examples.iter().flat_map(|(x, _)| x).fold(0.0_f64, |far, x| far.max(x.abs()));
        let end = (1.0 + ROOM) * if most > 0.0 { most } else { 1.0 };
        let at = |cell: usize| end * ((2 * cell + 1) as f64 / SURFACE_CELLS as f64 - 1.0);
        let x = Array2::from_shape_fn((2, points), |(input, point)| {
            let cell = if input == 0 { point % SURFACE_CELLS } else { point / SURFACE_CELLS };
            T::from_f64(at(cell))
        });
        let depth = network.depth();
        let outputs = network.dense(depth - 1).units();
        let network = trainer.network_for([x, Array2::from_elem((outputs, points), T::ZERO)]);
        let pass = network.forward();
        let a = &pass.layers[depth - 1].a;
        let value = |point: usize| {
            let outputs: Vec<f64> = a.column(point).iter().map(|a| a.to_f64()).collect();
            second_class(&outputs)
        };
        Some(Self {
            range: (-end, end),
            values: (0..points).map(value).collect(),
            examples: examples.clone(),
        })
    }
}
