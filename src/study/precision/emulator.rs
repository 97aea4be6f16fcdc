//! Backward passes of one network in one format, with any loss scale, beside the exact one.

use crate::engine::{Format, LayerTrace, Network, Pass, StoredGradient, TRUE_ZERO};

use super::exact::ExactLayer;
use super::rule::Rule;
use super::stored::{BackwardTensor, EntryPlace, Share, StoredLayer};
use crate::study::{Stopped, TaskContext};

/// A network after its forward pass in a format.
pub(super) struct Emulator<'a> {
    network: &'a Network<f64>,
    pub format: Format,
    pub exact: &'a [ExactLayer],
    pass: Pass<f32>,
    forward: Vec<ForwardLayer>,
    /// The first layer whose z, a or φ′ is not finite, if any.
    pub forward_overflow: Option<usize>,
    task: &'a TaskContext<'a>,
}

/// What rounding did to one layer on the way forward.
struct ForwardLayer {
    /// Where rounding carried z across a kink, so that a slope is 0 that should not be.
    flipped: Off,
    /// Where a slope is wrongly 0: by a kink, or by what is flushed to zero on the way forward.
    lost: Off,
    /// Slopes that are flushed to zero, of those that δ depends on.
    slopes: Share,
    /// Activations that are flushed to zero.
    activations: Share,
}

/// What is 0 whatever the loss scale.
#[derive(Default)]
struct Off {
    /// Entries of δ.
    delta: Vec<bool>,
    /// Entries of a.
    activation: Vec<bool>,
    /// Rows of ∂W that are 0 for no other reason.
    rows: Vec<bool>,
    /// Columns of ∂W that are 0 for no other reason: inputs.
    columns: Vec<bool>,
}

/// A tensor of the forward pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForwardTensor {
    /// φ′(z^(l)).
    Slope,
    /// a^(l).
    Activation,
}

/// What a format flushes to zero on the way forward, where no loss scale helps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ForwardLoss {
    /// Of what.
    pub tensor: ForwardTensor,
    /// l, from 1.
    pub layer: usize,
    /// How much of it.
    pub share: Share,
}

/// What can be wrong in a pass with a loss scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Overflow,
    Flushed,
}

impl<'a> Emulator<'a> {
    /// The forward pass in a format; `exact_pass` is the same in double precision.
    ///
    /// # Errors
    /// [`Stopped`] when told to stop.
    pub fn new(
        network: &'a Network<f64>,
        exact_pass: &Pass<f64>,
        format: Format,
        exact: &'a [ExactLayer],
        task: &'a TaskContext<'a>,
    ) -> Result<Self, Stopped> {
        let mut proceed = || task.proceed().is_ok();
        let pass = network.emulated_forward(format, &mut proceed).map_err(|_| Stopped)?;
        let overflow = pass.layers.iter().position(|trace| !trace.is_finite());
        let mut forward: Vec<ForwardLayer> = Vec::with_capacity(exact.len());
        for (index, layer) in exact.iter().enumerate() {
            task.proceed()?;
            let (stored, trace) = (&pass.layers[index], &exact_pass.layers[index]);
            let cancels_slope = index + 1 == exact.len() && network.loss.cancels_slope();
            let may_flip = network.activation(index).switches_off();
            let depths = &layer.depths[BackwardTensor::Delta as usize];
            let mut next = ForwardLayer::of(stored, trace, depths, may_flip && !cancels_slope);
            if cancels_slope {
                next.slopes = Share::default();
                next.lost.delta.fill(false);
            }
            let (below, inputs) = (index.checked_sub(1), exact_pass.inputs_of(index));
            let below = below.map(|below| &forward[below]);
            let batch = inputs.batch();
            let counts = |place: usize| !inputs.entry(place / batch, place % batch).is_zero();
            let columns = |off: Option<&Off>| match off {
                Some(off) => all_off(&off.activation, batch, counts),
                None => vec![false; inputs.units()],
            };
            next.flipped.columns = columns(below.map(|below| &below.flipped));
            next.lost.columns = columns(below.map(|below| &below.lost));
            for off in [&mut next.flipped, &mut next.lost] {
                off.rows = all_off(&off.delta, batch, |place| depths[place] != TRUE_ZERO);
            }
            forward.push(next);
        }
        let forward_overflow = overflow.map(|index| index + 1);
        Ok(Self { network, format, exact, pass, forward, forward_overflow, task })
    }

    /// What a backward pass with the loss scale 2^`power` leaves of layers 1…L.
    ///
    /// # Errors
    /// [`Stopped`] when told to stop.
    pub fn layers(&mut self, power: i64) -> Result<Vec<StoredLayer>, Stopped> {
        self.backward(power)?;
        let layer = |index: usize| {
            let trace = &self.pass.layers[index];
            let (weight, weights) = self.weight(index, power, Rule::Entries)?;
            let (bias, biases) = self.bias(index, power, Rule::Entries);
            let flushed = [self.delta(index, Rule::Entries), weights, biases];
            Ok(StoredLayer { delta: trace.stored_delta(self.format), weight, bias, flushed })
        };
        (0..self.exact.len()).map(layer).collect()
    }

    /// The first place on the way back that has a fault with the loss scale 2^`power`: δ and ∂b of
    /// every layer come before ∂W, which takes as long as all else.
    ///
    /// # Errors
    /// [`Stopped`] when told to stop.
    pub fn fault(
        &mut self,
        power: i64,
        rule: Rule,
        fault: Fault,
    ) -> Result<Option<EntryPlace>, Stopped> {
        self.backward(power)?;
        let wanted = |derivative, index: usize, not_finite: u64, share: Share| {
            let has_it = match fault {
                Fault::Overflow => not_finite > 0,
                Fault::Flushed => !share.is_kept(),
            };
            has_it.then_some(EntryPlace { derivative, layer: index + 1 })
        };
        for index in (0..self.exact.len()).rev() {
            self.task.proceed()?;
            let share = self.delta(index, rule);
            let entries = self.pass.layers[index].stored()[2].iter();
            let not_finite = entries.filter(|entry| !entry.is_finite()).count() as u64;
            let delta = wanted(BackwardTensor::Delta, index, not_finite, share);
            let (bias, share) = self.bias(index, power, rule);
            let bias = wanted(BackwardTensor::Bias, index, bias.not_finite, share);
            if let Some(place) = delta.or(bias) {
                return Ok(Some(place));
            }
        }
        for index in (0..self.exact.len()).rev() {
            let (weight, share) = self.weight(index, power, rule)?;
            let place = wanted(BackwardTensor::Weight, index, weight.not_finite, share);
            if place.is_some() {
                return Ok(place);
            }
        }
        Ok(None)
    }

    /// The forward tensor of the highest layer that flushes too much of its own entries.
    pub fn forward_loss(&self) -> Option<ForwardLoss> {
        let layers = self.forward.iter().enumerate().rev();
        let mut losses = layers.flat_map(|(index, layer)| {
            let loss = |tensor, share| ForwardLoss { tensor, layer: index + 1, share };
            // Nothing is multiplied by the activations of the output.
            let activations =
                if index + 1 < self.exact.len() { layer.activations } else { Share::default() };
            [loss(ForwardTensor::Slope, layer.slopes), loss(ForwardTensor::Activation, activations)]
        });
        losses.find(|loss| !loss.share.is_kept())
    }

    fn backward(&mut self, power: i64) -> Result<(), Stopped> {
        let mut proceed = || self.task.proceed().is_ok();
        let done = self.network.emulated_backward(self.format, power, &mut self.pass, &mut proceed);
        done.map_err(|_| Stopped)
    }

    /// The depth of the last entries that are to be kept.
    fn deepest(&self, derivative: BackwardTensor, index: usize, rule: Rule) -> u8 {
        rule.deepest(self.exact[index].of_derivative(derivative), self.format)
    }

    fn depths(&self, derivative: BackwardTensor, index: usize) -> &[u8] {
        &self.exact[index].depths[derivative as usize]
    }

    /// What is 0 whatever the loss scale, and is not to be counted.
    fn off(&self, index: usize, rule: Rule) -> &Off {
        let layer = &self.forward[index];
        if rule == Rule::Backward { &layer.lost } else { &layer.flipped }
    }

    fn delta(&self, index: usize, rule: Rule) -> Share {
        let deepest = self.deepest(BackwardTensor::Delta, index, rule);
        let depths = self.depths(BackwardTensor::Delta, index);
        let entries = self.pass.layers[index].stored()[2].iter();
        let entries = entries.zip(depths).zip(&self.off(index, rule).delta);
        let counted = entries.filter(|((_, depth), off)| **depth <= deepest && !**off);
        Share::of(counted.map(|((entry, _), _)| *entry))
    }

    fn weight(
        &self,
        index: usize,
        power: i64,
        rule: Rule,
    ) -> Result<(StoredGradient, Share), Stopped> {
        let deepest = self.deepest(BackwardTensor::Weight, index, rule);
        let (off, depths) = (self.off(index, rule), self.depths(BackwardTensor::Weight, index));
        let (mut stored, mut share) = (StoredGradient::NONE, Share::default());
        let done = self.pass.stored_weight_gradient(self.format, index, &mut |row, entries| {
            stored.take(entries, power);
            if !off.rows[row] {
                let depths = &depths[row * entries.len()..];
                let columns = entries.iter().zip(depths).zip(&off.columns);
                let counted = columns.filter(|((_, depth), off)| **depth <= deepest && !**off);
                share.add(Share::of(counted.map(|((entry, _), _)| *entry)));
            }
            self.task.proceed().is_ok()
        });
        done.map_err(|_| Stopped)?;
        Ok((stored, share))
    }

    fn bias(&self, index: usize, power: i64, rule: Rule) -> (StoredGradient, Share) {
        let entries = self.pass.stored_bias_gradient(self.format, index);
        let mut stored = StoredGradient::NONE;
        stored.take(&entries, power);
        let deepest = self.deepest(BackwardTensor::Bias, index, rule);
        let depths = self.depths(BackwardTensor::Bias, index);
        let rows = entries.into_iter().zip(depths).zip(&self.off(index, rule).rows);
        let counted = rows.filter(|((_, depth), off)| **depth <= deepest && !**off);
        (stored, Share::of(counted.map(|((entry, _), _)| entry)))
    }
}

impl Share {
    /// How many of these stored entries, none of which should be 0, are.
    fn of(entries: impl Iterator<Item = f32>) -> Self {
        entries.fold(Self::default(), |share, entry| Self {
            flushed: share.flushed + u64::from(entry == 0.0),
            of: share.of + 1,
        })
    }

    fn add(&mut self, other: Self) {
        self.flushed += other.flushed;
        self.of += other.of;
    }
}

impl ForwardLayer {
    /// All but rows and columns. `depths` are those of the exact δ; `may_flip` says that the slope
    /// is 0 on one side of a kink.
    fn of(
        stored: &LayerTrace<f32>,
        exact: &LayerTrace<f64>,
        depths: &[u8],
        may_flip: bool,
    ) -> Self {
        let (mut slopes, mut activations) = (Share::default(), Share::default());
        let (mut flipped, mut lost) = (Off::default(), Off::default());
        let [z, a, _] = stored.stored();
        let rounded = z.iter().zip(a).zip(&stored.slope);
        let entries = rounded.zip(exact.slope.indexed_iter());
        for ((((z, a), slope), ((unit, example), exact_slope)), depth) in entries.zip(depths) {
            // A z that is flushed itself crosses nothing.
            let is_off = may_flip && *slope == 0.0 && *z != 0.0;
            let is_flipped = is_off && *exact_slope != 0.0;
            if *depth != TRUE_ZERO && !is_off {
                slopes.add(Share::of([*slope].into_iter()));
            }
            if !is_off && !exact.a.entry(unit, example).is_zero() {
                activations.add(Share::of([*a].into_iter()));
            }
            flipped.delta.push(is_flipped);
            flipped.activation.push(is_flipped);
            lost.delta.push(*slope == 0.0);
            lost.activation.push(*a == 0.0);
        }
        Self { flipped, lost, slopes, activations }
    }
}

/// Which rows have entries that count, and all of these off.
fn all_off(off: &[bool], batch: usize, counts: impl Fn(usize) -> bool) -> Vec<bool> {
    let row = |row: usize| {
        let mut counted =
            (row * batch..(row + 1) * batch).filter(|place| counts(*place)).peekable();
        counted.peek().is_some() && counted.all(|place| off[place])
    };
    (0..off.len() / batch).map(row).collect()
}
