//! What a forward and a backward pass leave.

use crate::engine::number::{Real, Scaled, Signal};
use crate::engine::op::{NormTrace, Op};
use ndarray::Array2;

/// What a forward and a backward pass leave.
#[derive(Clone, Debug)]
pub struct Pass<T> {
    /// a^(0) = x, n_0 × B.
    pub input: Signal<T>,
    /// z, a, φ′ and δ of each layer.
    pub layers: Vec<LayerTrace<T>>,
    /// The mean loss of the batch.
    pub loss: Scaled,
}

/// The last pass of each precision, where its memory is to serve the next.
#[derive(Default)]
pub struct PassBuffers {
    pub(super) double: Option<Pass<f64>>,
    pub(super) single: Option<Pass<f32>>,
}

/// What the passes leave of one layer.
#[derive(Clone, Debug)]
pub struct LayerTrace<T> {
    /// z, n_l × B.
    pub z: Signal<T>,
    /// What the layer hands to the weights above, n_l × B: a = φ(z), or what normalization and a
    /// skip make of it; at a softmax output the probabilities softmax(z).
    pub a: Signal<T>,
    /// φ′ of what φ is taken of, n_l × B.
    pub slope: Array2<T>,
    /// δ = ∂L/∂z of each example's own loss, n_l × B.
    pub delta: Signal<T>,
    /// What lies between z and a where that is more than φ.
    pub chain: Option<Box<ChainTrace<T>>>,
}

/// What normalization and a skip leave of a layer whose ops are more than a dense one and φ.
///
/// Its signals are counted from z, the 0th; op k after the dense one makes the k-th of the one
/// before, and the last is a.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainTrace<T> {
    /// The signals between z and a, n × B each.
    pub(crate) made: Vec<Signal<T>>,
    /// Which signal φ is taken of.
    activated: usize,
    /// Which signal the normalization makes, where there is one.
    normalized: Option<usize>,
    /// Which signal the skips go on with, where there are skips.
    pub(crate) handed_on: Option<usize>,
    /// What the normalization leaves.
    pub norm: NormTrace<T>,
    /// ∂L/∂h of the layer below along the skip, n × B, where the layer adds one.
    pub along_skip: Option<Signal<T>>,
}

impl<T: Real> LayerTrace<T> {
    pub(crate) fn zeros(units: usize, batch: usize) -> Self {
        Self {
            z: Signal::zeros(units, batch),
            a: Signal::zeros(units, batch),
            slope: Array2::from_elem((units, batch), T::ZERO),
            delta: Signal::zeros(units, batch),
            chain: None,
        }
    }

    /// Memory for what a layer leaves whose ops after the dense one are these.
    pub(crate) fn of_ops<U: Real>(ops: &[Op<U>], units: usize, batch: usize) -> Self {
        let mut trace = Self::zeros(units, batch);
        if let [Op::Activation(_)] = ops {
            return trace;
        }
        let place = |is: fn(&Op<U>) -> bool| ops.iter().position(is);
        let activation = place(|op| matches!(op, Op::Activation(_)));
        let adds = ops.iter().any(|op| matches!(op, Op::Add { .. }));
        // `Save` makes no signal: it names the one before it.
        let save = place(|op| matches!(op, Op::Save));
        let before = |place: usize| place - usize::from(save.is_some_and(|save| save < place));
        let signals = ops.len() - usize::from(save.is_some());
        trace.chain = Some(Box::new(ChainTrace {
            made: vec![Signal::zeros(units, batch); signals - 1],
            activated: before(activation.expect("every layer has an activation")),
            normalized: place(|op| matches!(op, Op::Norm(_))).map(|place| before(place) + 1),
            handed_on: save,
            norm: NormTrace::default(),
            along_skip: adds.then(|| Signal::zeros(units, batch)),
        }));
        trace
    }

    /// Whether the same ops left both.
    pub(crate) fn has_layout_of(&self, other: &Self) -> bool {
        let layout = |trace: &Self| {
            let chain = trace.chain.as_ref()?;
            let skips = chain.along_skip.is_some();
            Some((chain.made.len(), chain.activated, chain.normalized, chain.handed_on, skips))
        };
        layout(self) == layout(other)
    }

    /// What φ is taken of: z, or what normalization and a skip make of it.
    pub fn activated(&self) -> &Signal<T> {
        self.chain.as_ref().map_or(&self.z, |chain| self.signal(chain.activated))
    }

    /// ẑ, where the layer has a normalization.
    pub fn normalized(&self) -> Option<&Signal<T>> {
        let chain = self.chain.as_ref()?;
        let made = self.signal(chain.normalized?);
        Some(chain.norm.normalized.as_ref().unwrap_or(made))
    }

    /// ∂L/∂u of each example's own loss, where the layer has a normalization and the pass went back.
    pub fn above_norm(&self) -> Option<&Signal<T>> {
        self.chain.as_ref()?.norm.above.as_ref()
    }

    /// h, which the skip of the layer above adds; nothing where there are no skips.
    pub fn handed_on(&self) -> Option<&Signal<T>> {
        self.chain.as_ref()?.handed_on.map(|place| self.signal(place))
    }

    /// The signal of that place: see [`ChainTrace`].
    pub(crate) fn signal(&self, place: usize) -> &Signal<T> {
        let made = self.chain.as_ref().map_or(&[][..], |chain| &chain.made);
        match place {
            0 => &self.z,
            place if place > made.len() => &self.a,
            place => &made[place - 1],
        }
    }
}

/// What a layer takes in.
#[derive(Clone, Copy)]
pub(crate) struct Below<'a, T> {
    /// a^(l−1), n_{l−1} × B, which its weights are multiplied with.
    pub input: &'a Signal<T>,
    /// h^(l−1), n_{l−1} × B, which a skip adds.
    pub handed_on: Option<&'a Signal<T>>,
}

impl<T: Real> Pass<T> {
    /// What layer l takes in, and what is to be filled of it; `index` = l − 1.
    pub(super) fn step(&mut self, index: usize) -> (Below<'_, T>, &mut LayerTrace<T>) {
        let (below, from) = self.layers.split_at_mut(index);
        let below = match below.last() {
            Some(below) => Below { input: &below.a, handed_on: below.handed_on() },
            None => Below { input: &self.input, handed_on: None },
        };
        (below, &mut from[0])
    }

    /// Layer l + 1 with its δ, where there is such a layer, and what is to be filled of layer l;
    /// `index` = l − 1.
    pub(super) fn step_back(
        &mut self,
        index: usize,
    ) -> (Option<&LayerTrace<T>>, &mut LayerTrace<T>) {
        let (until, above) = self.layers.split_at_mut(index + 1);
        (above.first(), &mut until[index])
    }

    /// a^(l−1), n_{l−1} × B; `index` = l − 1.
    pub fn inputs_of(&self, index: usize) -> &Signal<T> {
        if index == 0 { &self.input } else { &self.layers[index - 1].a }
    }
}
