//! Memory of a training: for each array of parameters its gradient and what the optimizer keeps.

use ndarray::Array2;

use crate::engine::kernels::{STANDARD, UpdateNumbers};
use crate::engine::network::Network;
use crate::engine::number::Real;
use crate::engine::pass::LayerTrace;
use crate::engine::rows::{Executor, Rows, shares};
use crate::experiment::OptimizerKind;

use super::optimizer::{Moments, Optimizer};
use super::plain_gradient::PlainSignal;

/// Which of a layer's arrays of parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotKind {
    /// W.
    Weight,
    /// b.
    Bias,
    /// γ.
    Gamma,
    /// β.
    Beta,
}

/// What a stopped training keeps of one array to go on later.
#[derive(Clone, Debug, PartialEq)]
pub struct SlotState<T> {
    /// l, from 1.
    pub layer: usize,
    /// Which array.
    pub kind: SlotKind,
    /// What the optimizer keeps of it.
    pub moments: Moments<T>,
}

/// One array of parameters.
#[derive(Clone, Debug)]
pub(super) struct Slot<T> {
    /// ∂L/∂θ, and after an update the new θ.
    pub gradient: Array2<T>,
    pub moments: Moments<T>,
}

impl SlotKind {
    /// The name in weights files, as PyTorch has it.
    pub fn tensor(self) -> &'static str {
        match self {
            Self::Weight => "weight",
            Self::Bias => "bias",
            Self::Gamma => "norm.weight",
            Self::Beta => "norm.bias",
        }
    }
}

impl<T: Real> Slot<T> {
    fn new(optimizer: OptimizerKind, dim: (usize, usize)) -> Self {
        let moments = Moments::zeros(optimizer, dim.0 * dim.1);
        Self { gradient: Array2::from_elem(dim, T::ZERO), moments }
    }

    pub fn entries(&self) -> &[T] {
        self.gradient.as_slice().expect(STANDARD)
    }

    pub fn entries_mut(&mut self) -> &mut [T] {
        self.gradient.as_slice_mut().expect(STANDARD)
    }

    /// Makes the gradient the new parameters. Whether all are finite.
    pub fn update(
        &mut self,
        optimizer: &Optimizer,
        numbers: &UpdateNumbers<T>,
        parameters: &[T],
        executor: &impl Executor,
    ) -> bool {
        self.share(executor, WORK_OF_AN_UPDATE, &|mut rows, width| {
            let own = rows.range.start * width..rows.range.end * width;
            let [gradient, first, second] = rows.entries.each_mut();
            optimizer.update(numbers, &parameters[own], gradient, [first, second])
        })
    }

    /// Works on all rows of the gradient and of what the optimizer keeps, which have `width`
    /// numbers each, shared out. Whether all shares say so.
    pub fn share(
        &mut self,
        executor: &impl Executor,
        work_of_an_entry: usize,
        work: &(impl Fn(Rows<'_, T, 3>, usize) -> bool + Sync),
    ) -> bool {
        let (rows, width) = self.gradient.dim();
        let shares = shares(executor, rows * width * work_of_an_entry);
        let gradient = self.gradient.as_slice_mut().expect(STANDARD);
        let all = [gradient, &mut self.moments.first[..], &mut self.moments.second[..]];
        let both = |first, second| first && second;
        Rows::all(all, rows).share(executor, shares, &|rows| work(rows, width), &both)
    }
}

/// What the gradients of γ and β take for granted.
const NORMALIZED: &str = "the layer has a normalization, and its pass went back";
/// What an update costs for each parameter, in multiply-adds of a product.
const WORK_OF_AN_UPDATE: usize = 8;

/// A layer's arrays.
#[derive(Clone, Debug)]
pub(super) struct LayerSlots<T> {
    pub weight: Slot<T>,
    pub bias: Slot<T>,
    /// γ and β, where the layer is normalized.
    pub norm: Option<[Slot<T>; 2]>,
    /// The layer, from 0, whose W and b it has: their gradients are added up there.
    pub owner: Option<usize>,
    /// δ.
    pub delta: PlainSignal<T>,
    /// ẑ, where the layer is normalized.
    pub normalized: Option<PlainSignal<T>>,
    /// What the layer takes in where that is not plain.
    pub input: Option<Box<PlainSignal<T>>>,
}

impl<T: Real> LayerSlots<T> {
    /// For the layer of that index of a network with plain parameters.
    pub fn new(
        network: &Network<T>,
        index: usize,
        owner: Option<usize>,
        optimizer: OptimizerKind,
    ) -> Self {
        let dense = network.dense(index);
        let (units, batch) = (dense.units(), network.input.batch());
        let vector = || Slot::new(optimizer, (units, 1));
        let norm = network.norm(index).map(|_| [vector(), vector()]);
        // The owner alone moves what is shared.
        let shared = |dim| match owner {
            None => Slot::new(optimizer, dim),
            Some(_) => Slot::new(OptimizerKind::Sgd, dim),
        };
        Self {
            weight: shared(dense.unit.dim()),
            bias: shared((units, 1)),
            normalized: norm.as_ref().map(|_| PlainSignal::zeros(units, batch)),
            norm,
            owner,
            delta: PlainSignal::zeros(units, batch),
            input: None,
        }
    }

    /// BP4 and the gradients of γ and β, and δ made plain, of traces whose examples lie side by side.
    pub fn take_vector_gradients<'a>(
        &mut self,
        traces: &(impl Iterator<Item = &'a LayerTrace<T>> + Clone),
    ) {
        let Self { bias, norm, delta, normalized, .. } = self;
        if let (Some([gamma, beta]), Some(normalized)) = (norm, normalized) {
            // The memory of δ serves ∂L/∂u before.
            delta.set(traces.clone().map(|trace| trace.above_norm().expect(NORMALIZED)));
            normalized.set(traces.clone().map(|trace| trace.normalized().expect(NORMALIZED)));
            delta.products_into(normalized, beta.entries_mut(), gamma.entries_mut());
        }
        delta.set(traces.clone().map(|trace| &trace.delta));
        if traces.clone().any(LayerTrace::is_bias_idle) {
            bias.entries_mut().fill(T::ZERO);
        } else {
            delta.means_into(bias.entries_mut());
        }
    }

    /// Makes this layer's own gradients new parameters, W's only where told. Whether all are finite.
    pub fn update(
        &mut self,
        network: &Network<T>,
        index: usize,
        (optimizer, numbers): (&Optimizer, &UpdateNumbers<T>),
        with_weight: bool,
        executor: &impl Executor,
    ) -> bool {
        let mut is_finite = true;
        for (kind, slot) in self.own_mut() {
            if kind != SlotKind::Weight || with_weight {
                let parameters = network.array(index, kind);
                is_finite &= slot.update(optimizer, numbers, parameters, executor);
            }
        }
        is_finite
    }

    /// The arrays that are this layer's own, each with its kind.
    pub fn own(&self) -> impl Iterator<Item = (SlotKind, &Slot<T>)> {
        let shared = [(SlotKind::Weight, &self.weight), (SlotKind::Bias, &self.bias)];
        let norm = self.norm.iter().flatten();
        let own = shared.into_iter().filter(|_| self.owner.is_none());
        own.chain([SlotKind::Gamma, SlotKind::Beta].into_iter().zip(norm))
    }

    /// The arrays that are this layer's own, each with its kind.
    pub fn own_mut(&mut self) -> impl Iterator<Item = (SlotKind, &mut Slot<T>)> {
        let is_own = self.owner.is_none();
        let shared = [(SlotKind::Weight, &mut self.weight), (SlotKind::Bias, &mut self.bias)];
        let norm = self.norm.iter_mut().flatten();
        let own = shared.into_iter().filter(move |_| is_own);
        own.chain([SlotKind::Gamma, SlotKind::Beta].into_iter().zip(norm))
    }
}

/// What a network that trains takes for granted.
const PLAIN: &str = "plain parameters are written out";

impl<T: Real> Network<T> {
    /// One array of a network with plain parameters.
    ///
    /// # Panics
    /// If the layer has no such array.
    pub(super) fn array(&self, index: usize, kind: SlotKind) -> &[T] {
        let vector = match kind {
            SlotKind::Weight => return self.dense(index).unit.as_slice().expect(STANDARD),
            SlotKind::Bias => self.dense(index).bias.as_ref(),
            SlotKind::Gamma => self.norm(index).and_then(|norm| norm.gamma.as_ref()),
            SlotKind::Beta => self.norm(index).and_then(|norm| norm.beta.as_ref()),
        };
        vector.expect(PLAIN)
    }

    /// The array of that kind, but for W.
    ///
    /// # Panics
    /// If the layer has no such vector.
    pub(super) fn vector_mut(&mut self, index: usize, kind: SlotKind) -> &mut Vec<T> {
        let vector = match kind {
            SlotKind::Weight => unreachable!("W is a matrix"),
            SlotKind::Bias => self.dense_mut(index).bias.as_mut(),
            SlotKind::Gamma => self.norm_mut(index).and_then(|norm| norm.gamma.as_mut()),
            SlotKind::Beta => self.norm_mut(index).and_then(|norm| norm.beta.as_mut()),
        };
        vector.expect(PLAIN)
    }
}
