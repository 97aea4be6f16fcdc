//! What a sweep puts in the place of what its experiment sets, and what its map cannot show.

use serde::Serialize;

use crate::experiment::{LayerException, Scheme, Variant};

use super::{Axis, Setting, Sweep, SweepMap};

/// One claim about a sweep.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SweepFinding {
    /// The gain counts from a scheme whose own gain is not 1.
    GainOfScheme {
        /// The scheme.
        scheme: Scheme,
        /// Its own gain, which the axis multiplies.
        own: f64,
    },
    /// The gain that the variant sets gives way.
    GainReplaced {
        /// It.
        gain: f64,
    },
    /// Hidden layers of different widths become equal.
    SizesReplaced {
        /// The sizes that the experiment gives.
        sizes: Vec<usize>,
        /// The width of every hidden layer; nothing where it is on an axis.
        width: Option<usize>,
        /// The number of hidden layers; nothing where it is on an axis.
        depth: Option<usize>,
    },
    /// Given weights give way to draws by this scheme.
    WeightsReplaced {
        /// The variant's scheme; nothing where σ_w brings its own normal weights.
        scheme: Option<Scheme>,
    },
    /// Biases give way.
    BiasesReplaced {
        /// Whether they are given numbers; else they are drawn by the variant's own law.
        given: bool,
        /// What stands in their place: normal draws of σ_b, or of the variant's own law.
        by_axis: bool,
    },
    /// Given inputs and targets give way to draws.
    DataReplaced,
    /// Exceptions of hidden layers give way, for their number is on an axis.
    ExceptionsDropped {
        /// The layers that have one.
        layers: Vec<usize>,
    },
    /// Layers whose own weights, or biases, an axis does not move.
    LayersKept {
        /// The layers.
        layers: Vec<usize>,
        /// Whether it is the weights, or the biases.
        weights: bool,
    },
    /// Cells in which at least half of the networks are dead, so that the median is a true zero.
    DeadMedians {
        /// Such cells.
        cells: usize,
        /// Cells that are measured.
        of: usize,
    },
}

impl Sweep {
    /// What the sweep replaces of its experiment: where it is silent, all stays as it is set.
    pub fn replaces(&self) -> Vec<SweepFinding> {
        let axes: Vec<Setting> =
            [Some(self.x), self.y].iter().flatten().map(|axis: &Axis| axis.setting).collect();
        let moves = |setting| axes.contains(&setting);
        let Some(variant) = self.experiment.variants.get(self.variant) else { return Vec::new() };
        let mut findings = Vec::new();
        if moves(Setting::Gain) {
            let (scheme, own) = (variant.init.scheme, variant.init.scheme.default_gain());
            findings.extend((own != 1.0).then_some(SweepFinding::GainOfScheme { scheme, own }));
            let set = variant.init.gain.filter(|gain| *gain != own && variant.weights.is_none());
            findings.extend(set.map(|gain| SweepFinding::GainReplaced { gain }));
        }
        let (depth, width) = (moves(Setting::Depth), moves(Setting::Width));
        findings.extend(self.sizes_replaced(depth, width));
        let (gain, std) = (moves(Setting::Gain), moves(Setting::WeightStd));
        if variant.weights.is_some() && (depth || width || gain || std) {
            let scheme = (!std).then_some(variant.init.scheme);
            findings.push(SweepFinding::WeightsReplaced { scheme });
        }
        let by_axis = moves(Setting::BiasStd);
        let given = variant.biases.is_some();
        let drawn = variant.bias.scale(1, 1) != 0.0;
        if by_axis && (given || drawn) || given && (depth || width) {
            findings.push(SweepFinding::BiasesReplaced { given, by_axis });
        }
        let output = self.experiment.layers();
        let stays = |own: &LayerException| !depth || own.index == output;
        let dropped = sorted(variant, |own| !stays(own));
        findings.extend(
            (!dropped.is_empty()).then_some(SweepFinding::ExceptionsDropped { layers: dropped }),
        );
        for (moved, weights) in [(gain || std, true), (by_axis, false)] {
            let has = |own: &LayerException| if weights { own.init } else { own.bias }.is_some();
            let layers = sorted(variant, |own| stays(own) && has(own));
            findings.extend(
                (moved && !layers.is_empty())
                    .then_some(SweepFinding::LayersKept { layers, weights }),
            );
        }
        let data = self.experiment.data.is_some() && moves(Setting::Batch);
        findings.extend(data.then_some(SweepFinding::DataReplaced));
        findings
    }

    fn sizes_replaced(&self, depth: bool, width: bool) -> Option<SweepFinding> {
        let sizes = self.experiment.architecture.hidden.as_ref()?;
        let equal = sizes.iter().all(|size| *size == sizes[0]);
        ((depth || width) && !equal).then(|| SweepFinding::SizesReplaced {
            sizes: sizes.clone(),
            width: (!width).then_some(sizes[0]),
            depth: (!depth).then_some(sizes.len()),
        })
    }

    /// What it replaces, and what of the map cannot be shown as a number.
    pub fn findings(&self, map: &SweepMap) -> Vec<SweepFinding> {
        let mut findings = self.replaces();
        findings.extend(map.dead_medians());
        findings
    }
}

/// The layers of some exceptions.
fn sorted(variant: &Variant, has: impl Fn(&LayerException) -> bool) -> Vec<usize> {
    let exceptions = variant.exceptions.iter().filter(|own| has(own));
    let mut layers: Vec<usize> = exceptions.map(|own| own.index).collect();
    layers.sort_unstable();
    layers
}

impl SweepMap {
    /// How many cells have a true zero as their median, where any has.
    pub fn dead_medians(&self) -> Option<SweepFinding> {
        let cells = self.cells.iter().flatten().filter(|cell| cell.value.is_none()).count();
        (cells > 0).then_some(SweepFinding::DeadMedians { cells, of: self.done() })
    }
}
