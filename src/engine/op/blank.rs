//! Memory for what a layer's ops leave.

use crate::engine::chain::{AlongSkip, ChainTrace, NormTrace};
use crate::engine::number::{Real, Signal};
use crate::engine::op::Op;
use crate::engine::pass::LayerTrace;

impl<T: Real> LayerTrace<T> {
    /// Memory for what a layer leaves whose ops after the dense one are these.
    pub(crate) fn of_ops<U: Real>(ops: &[Op<U>], units: usize, batch: usize) -> Self {
        let mut trace = Self::zeros(units, batch);
        if let [Op::Activation(_)] = ops {
            return trace;
        }
        let place = |is: fn(&Op<U>) -> bool| ops.iter().position(is);
        let activation = place(|op| matches!(op, Op::Activation(_)));
        let activation = activation.expect("every layer has an activation");
        let along_skip = match place(|op| matches!(op, Op::Add { .. })) {
            None => AlongSkip::Nothing,
            Some(0) if matches!(ops[0], Op::Add { alpha: 1.0 }) => AlongSkip::Delta,
            Some(_) => AlongSkip::Other(Signal::zeros(units, batch)),
        };
        // `Save` makes no signal: it names the one before it.
        let save = place(|op| matches!(op, Op::Save));
        let before = |place: usize| place - usize::from(save.is_some_and(|save| save < place));
        let signals = ops.len() - usize::from(save.is_some());
        let couples =
            |op: &Op<U>| matches!(op, Op::Norm(norm) if norm.spec.kind.couples_examples());
        trace.chain = Some(Box::new(ChainTrace {
            made: vec![Signal::zeros(units, batch); signals - 1],
            activated: before(activation),
            normalized: place(|op| matches!(op, Op::Norm(_))).map(|place| before(place) + 1),
            handed_on: save,
            norm: NormTrace::default(),
            couples: ops.iter().any(couples),
            idle_bias: ops[..activation].iter().any(couples),
            along_skip,
        }));
        trace
    }
}
