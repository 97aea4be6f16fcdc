//! What a forward and a backward pass leave.

use crate::engine::chain::ChainTrace;
use crate::engine::number::{Real, Scaled, Signal};
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

    /// Whether the same ops left both.
    pub(crate) fn has_layout_of(&self, other: &Self) -> bool {
        let layout = |trace: &Self| {
            let chain = trace.chain.as_ref()?;
            Some((chain.made.len(), chain.activated, chain.normalized, chain.handed_on))
        };
        let skips = [self, other].map(|trace| trace.chain.as_ref().map(|chain| &chain.along_skip));
        let [Some(skip), Some(other_skip)] = skips else { return layout(self) == layout(other) };
        layout(self) == layout(other) && skip.is_kept_like(other_skip)
    }

    /// What φ is taken of: z, or what normalization and a skip make of it.
    pub fn activated(&self) -> &Signal<T> {
        self.chain.as_ref().map_or(&self.z, |chain| self.signal(chain.activated))
    }

    /// Whether b has no effect and a gradient of exactly 0: batch normalization, of z itself or of
    /// what it is added to, takes the same number off every example.
    pub fn is_bias_idle(&self) -> bool {
        self.chain.as_ref().is_some_and(|chain| chain.idle_bias)
    }

    /// Whether the layer's examples share means.
    pub(crate) fn couples_examples(&self) -> bool {
        self.chain.as_ref().is_some_and(|chain| chain.couples)
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

    /// ∂L/∂h of the layer below along the skip, n × B, where the layer adds one and the pass went
    /// back.
    pub fn along_skip(&self) -> Option<&Signal<T>> {
        self.chain.as_ref()?.along_skip.of(&self.delta)
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
    /// A pass that has not come to its first layer.
    pub(super) fn before(input: Signal<T>) -> Self {
        Self { input, layers: Vec::new(), loss: Scaled::ZERO }
    }

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
