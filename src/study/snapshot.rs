//! One example's pass through one variant, unit by unit: what the network's diagram shows.
//!
//! A diagram has room for a few units of a layer. A large layer shows its first ones, and
//! the rest as one summary with its count and root mean squares: nothing is dropped in silence.

use crate::engine::{Network, Parameter, Pass, Scaled, Signal};
use crate::experiment::{Activation, Experiment, Loss};

use super::unit_chain::skip_scale;
use super::{DrawStudy, Stopped, TaskContext, UnitChain};

/// Layers that a diagram shows at most; of a deeper network the first and the last ones.
pub const MOST_LAYERS: usize = 8;
/// Units of a layer that a diagram shows at most, the summary counted.
pub const MOST_UNITS: usize = 8;

/// A network with one example in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The variant's name.
    pub variant: String,
    /// Which example of the batch, from 0.
    pub example: usize,
    /// The input and every layer that is shown, in order.
    pub layers: Vec<LayerSnapshot>,
    /// B, how many examples the batch has.
    pub batch: usize,
    /// Whether the examples depend on each other, so that δ is of the sum of their losses.
    pub coupled: bool,
    /// Which loss it is.
    pub loss_kind: Loss,
    /// This example's own loss.
    pub loss: Scaled,
    /// The mean loss of the batch.
    pub mean_loss: Scaled,
    /// The shown outputs' targets.
    pub targets: Vec<f64>,
}

/// One layer of a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerSnapshot {
    /// l; 0 is the input.
    pub layer: usize,
    /// Layers left out between this and the one before it in the snapshot.
    pub skipped: usize,
    /// α, where the layer adds the skip of the one below.
    pub skip_scale: Option<f64>,
    /// φ, where the layer has one.
    pub activation: Option<Activation>,
    /// The units shown, the first of the layer.
    pub units: Vec<UnitSnapshot>,
    /// The units not shown, where there are any.
    pub rest: Option<Rest>,
    /// The edges from the shown units below to the shown units here; none where layers are
    /// left out between.
    pub edges: Vec<EdgeSnapshot>,
}

/// One unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnitSnapshot {
    /// z, absent for inputs.
    pub z: Option<f64>,
    /// a.
    pub a: f64,
    /// φ′ of what φ is taken of, absent for inputs.
    pub slope: Option<f64>,
    /// What lies between z and a, where that is more than φ.
    pub chain: Option<UnitChain>,
    /// Σ_k W_kj δ_k, what comes back before it meets the slope; absent at the output.
    pub returned: Option<Scaled>,
    /// δ, absent for inputs.
    pub delta: Option<Scaled>,
}

/// One weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EdgeSnapshot {
    /// The unit below, from 0.
    pub from: usize,
    /// The unit here, from 0.
    pub to: usize,
    /// W_kj.
    pub weight: f64,
    /// δ_k a_j, this example's share of ∂L/∂W_kj before the mean.
    pub gradient: Scaled,
}

/// The units of a layer that are not shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rest {
    /// How many.
    pub count: usize,
    /// Root mean square of their a.
    pub rms_a: f64,
    /// Root mean square of their δ.
    pub rms_delta: Scaled,
}

/// The snapshot of one variant and one example; an index past the last means the last.
///
/// # Errors
/// [`Stopped`] when told to stop.
pub fn snapshot(
    study: &mut DrawStudy,
    experiment: &Experiment,
    variant: usize,
    example: usize,
    task: &TaskContext<'_>,
) -> Result<Snapshot, Stopped> {
    let variant = &experiment.variants[variant.min(experiment.variants.len() - 1)];
    let example = example.min(experiment.architecture.batch - 1);
    let (network, pass): (Network<f64>, _) = study.passed(experiment, variant, task)?;
    let sitter = Sitter { network: &network, pass: &pass, example };
    let chosen = chosen_layers(network.depth());
    let layers = chosen.iter().enumerate().map(|(place, &layer)| {
        let before = place.checked_sub(1).map(|place| chosen[place]);
        sitter.layer(layer, before)
    });
    let outputs = pass.layers.last().map_or(0, |last| shown(last.a.units()));
    Ok(Snapshot {
        variant: variant.name.clone(),
        example,
        layers: layers.collect(),
        batch: experiment.architecture.batch,
        coupled: variant.couples_examples(),
        loss_kind: experiment.architecture.loss,
        loss: network.loss_of_example(&pass, example),
        mean_loss: pass.loss,
        targets: (0..outputs).map(|unit| network.target.get(unit, example).to_f64()).collect(),
    })
}

/// All layers 0…L, or the first and the last halves of what has room.
fn chosen_layers(last: usize) -> Vec<usize> {
    if last < MOST_LAYERS {
        return (0..=last).collect();
    }
    let half = MOST_LAYERS / 2;
    (0..half).chain(last + 1 - half..=last).collect()
}

/// Units shown of a layer: all, or one less than there is room for, beside the summary.
fn shown(units: usize) -> usize {
    if units <= MOST_UNITS { units } else { MOST_UNITS - 1 }
}

struct Sitter<'a> {
    network: &'a Network<f64>,
    pass: &'a Pass<f64>,
    example: usize,
}

impl Sitter<'_> {
    fn layer(&self, layer: usize, before: Option<usize>) -> LayerSnapshot {
        let count = self.count(layer);
        let shown = shown(count);
        let hidden = (1..self.network.depth()).contains(&layer);
        let returned = hidden.then(|| self.network.sent_back(self.pass, layer));
        LayerSnapshot {
            layer,
            skipped: before.map_or(0, |before| layer - before - 1),
            skip_scale: layer.checked_sub(1).and_then(|index| skip_scale(self.network, index)),
            activation: layer.checked_sub(1).map(|index| self.network.activation(index)),
            units: (0..shown).map(|unit| self.unit(layer, unit, returned.as_ref())).collect(),
            rest: (shown < count).then(|| self.rest(layer, shown..count)),
            edges: match before {
                Some(before) if before + 1 == layer => self.edges(layer),
                _ => Vec::new(),
            },
        }
    }

    fn count(&self, layer: usize) -> usize {
        match layer.checked_sub(1) {
            None => self.pass.input.units(),
            Some(index) => self.pass.layers[index].a.units(),
        }
    }

    fn activation(&self, layer: usize, unit: usize) -> Scaled {
        match layer.checked_sub(1) {
            None => self.pass.input.entry(unit, self.example),
            Some(index) => self.pass.layers[index].a.entry(unit, self.example),
        }
    }

    fn delta(&self, layer: usize, unit: usize) -> Option<Scaled> {
        let index = layer.checked_sub(1)?;
        Some(self.pass.layers[index].delta.entry(unit, self.example))
    }

    fn unit(&self, layer: usize, unit: usize, returned: Option<&Signal<f64>>) -> UnitSnapshot {
        let trace = layer.checked_sub(1).map(|index| &self.pass.layers[index]);
        UnitSnapshot {
            z: trace.map(|trace| trace.z.entry(unit, self.example).to_f64()),
            a: self.activation(layer, unit).to_f64(),
            slope: trace.map(|trace| trace.slope[[unit, self.example]]),
            chain: (layer > 0)
                .then(|| UnitChain::of(self.network, self.pass, [layer, unit, self.example]))
                .flatten(),
            returned: returned.map(|sent| sent.entry(unit, self.example)),
            delta: self.delta(layer, unit),
        }
    }

    fn rest(&self, layer: usize, units: std::ops::Range<usize>) -> Rest {
        let mean_square = |of: &dyn Fn(usize) -> Scaled| {
            let sum = units.clone().map(of).fold(Scaled::ZERO, |sum, v| sum + v * v);
            (sum * (1.0 / units.len() as f64)).sqrt()
        };
        Rest {
            count: units.len(),
            rms_a: mean_square(&|unit| self.activation(layer, unit)).to_f64(),
            rms_delta: mean_square(&|unit| self.delta(layer, unit).unwrap_or_default()),
        }
    }

    fn edges(&self, layer: usize) -> Vec<EdgeSnapshot> {
        let (from, to) = (shown(self.count(layer - 1)), shown(self.count(layer)));
        let edge = |to: usize, from: usize| EdgeSnapshot {
            from,
            to,
            weight: self.network.value(Parameter::Weight { layer, row: to + 1, column: from + 1 }),
            gradient: (self.delta(layer, to).unwrap_or_default()
                * self.activation(layer - 1, from)),
        };
        (0..to).flat_map(|k| (0..from).map(move |j| (k, j))).map(|(k, j)| edge(k, j)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Preset;

    fn of(experiment: &Experiment) -> Snapshot {
        snapshot(&mut DrawStudy::new(), experiment, 0, 0, &TaskContext::unattended())
            .expect("not stopped")
    }

    #[test]
    fn large_layers_are_summarised_and_deep_networks_say_what_is_left_out() {
        let mut experiment = Experiment::default();
        experiment.architecture.depth = 30;
        let snapshot = of(&experiment);
        assert_eq!(snapshot.layers.len(), MOST_LAYERS);
        let rest = snapshot.layers[1].rest.expect("20 units do not fit");
        assert_eq!(rest.count + snapshot.layers[1].units.len(), 20);
        let skipped: usize = snapshot.layers.iter().map(|layer| layer.skipped).sum();
        assert_eq!(skipped + MOST_LAYERS, 32);
    }

    #[test]
    fn each_example_has_a_loss_of_its_own() {
        let experiment = Preset::find("xor").expect("a preset").experiment();
        let (mut study, task) = (DrawStudy::new(), TaskContext::unattended());
        let all = [0, 1, 2, 3].map(|example| {
            snapshot(&mut study, &experiment, 0, example, &task).expect("not stopped")
        });
        for snapshot in &all {
            let (a, y) = (snapshot.layers[2].units[0].a, snapshot.targets[0]);
            assert!((snapshot.loss.to_f64() - 0.5 * (a - y) * (a - y)).abs() < 1e-15);
        }
        let mean = all.iter().map(|snapshot| snapshot.loss.to_f64()).sum::<f64>() / 4.0;
        assert!((all[0].mean_loss.to_f64() - mean).abs() < 1e-15);
    }

    #[test]
    fn delta_is_what_returns_times_the_slope() {
        let snapshot = of(&Experiment::default());
        for layer in &snapshot.layers[1..6] {
            for unit in &layer.units {
                let product = unit.returned.expect("hidden") * unit.slope.expect("hidden");
                let delta = unit.delta.expect("hidden");
                let error = product.checked_div(delta).expect("not zero").to_f64() - 1.0;
                assert!(error.abs() < 1e-12);
            }
        }
    }
}
