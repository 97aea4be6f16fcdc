//! What a unit of the network's diagram shows between z and a where that is more than φ.

use crate::engine::{Network, Op, Parameter, Pass, Scaled};

/// What lies between a unit's z and its a.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UnitChain {
    /// The layer's normalization, if it has one.
    pub norm: Option<NormUnit>,
    /// h, which the skip of the layer above adds, if there is one.
    pub handed_on: Option<f64>,
    /// ∂L/∂h along the skip of the layer above, if it adds one.
    pub along_skip: Option<Scaled>,
}

/// A unit of a normalization: u = γ ẑ + β.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormUnit {
    /// ẑ.
    pub normalized: f64,
    /// γ.
    pub gamma: f64,
    /// β.
    pub beta: f64,
    /// ∂L/∂u, which is this example's share of ∂L/∂β; times ẑ it is that of ∂L/∂γ.
    pub above: Scaled,
}

impl UnitChain {
    /// Of one unit (from 0) of layer l at one example; nothing where a = φ(z).
    pub fn of(
        network: &Network<f64>,
        pass: &Pass<f64>,
        [layer, unit, example]: [usize; 3],
    ) -> Option<Self> {
        let trace = &pass.layers[layer - 1];
        trace.chain.as_ref()?;
        let row = unit + 1;
        let norm = trace.normalized().zip(trace.above_norm()).map(|(normalized, above)| NormUnit {
            normalized: normalized.entry(unit, example).to_f64(),
            gamma: network.value(Parameter::Gamma { layer, row }),
            beta: network.value(Parameter::Beta { layer, row }),
            above: above.entry(unit, example),
        });
        let along = pass.layers.get(layer).and_then(|above| above.along_skip());
        Some(Self {
            norm,
            handed_on: trace.handed_on().map(|h| h.entry(unit, example).to_f64()),
            along_skip: along.map(|along| along.entry(unit, example)),
        })
    }
}

/// α of the skip that a layer adds, where it does; `index` = l − 1.
pub fn skip_scale(network: &Network<f64>, index: usize) -> Option<f64> {
    network.layer_ops(index).iter().find_map(|op| match op {
        Op::Add { alpha } => Some(*alpha),
        _ => None,
    })
}
