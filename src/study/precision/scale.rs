//! The loss scale: a power of two by which the loss is multiplied, so that a format holds the
//! gradients that it would otherwise flush (Micikevicius et al. 2018).

use std::ops::RangeInclusive;

use crate::engine::{Format, Held, LayerTrace, Magnitudes, Network, Pass, Scaled};

use super::emulator::{Emulator, Fault, ForwardLoss, ForwardTensor};
use super::exact::ExactLayer;
use super::rule::Rule;
use super::search::first;
use super::stored::{BackwardTensor, EntryPlace, Share, StoredLayer};
use crate::study::Stopped;

/// A pass with the loss scale counts as right where every layer's norms of δ and ∂W are the
/// exact ones within this factor.
pub const WITHIN: f64 = 2.0;

/// Which powers of two serve as loss scale for a format.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LossScale {
    /// Every δ is a true zero: there is nothing to save.
    NoSignal,
    /// Some serve.
    Range(ScaleRange),
    /// None does.
    None(NoScale),
}

/// 2^`least` … 2^`most`, all of which serve; those outside do not, or the format does not hold
/// them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScaleRange {
    /// What is kept.
    pub rule: Rule,
    /// With half of it some derivative of some layer loses too many entries, or it is the least
    /// that the format holds.
    pub least: i64,
    /// With twice as much some derivative overflows, or it is the largest that the format holds.
    pub most: i64,
    /// The one that is advised: 2^0 where it serves, the middle of the range otherwise.
    pub chosen: i64,
    /// What is lost on the way forward, where that is left out of the count.
    pub forward: Option<ForwardLoss>,
    /// What the pass computed with it shows; nothing where the range is from the exact entries
    /// alone.
    pub norms: Option<NormCheck>,
}

/// How far the norms of δ and ∂W are from the exact ones, the worst of all layers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormCheck {
    /// Where; ∂b is not looked at, since the examples' δ may cancel in it.
    pub place: EntryPlace,
    /// The factor between the two, at least 1; nothing where the norm is 0 or not finite and
    /// should not be.
    pub factor: Option<f64>,
}

/// Why no loss scale serves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NoScale {
    /// The forward pass overflows first in this layer.
    ForwardOverflow {
        /// l, from 1.
        layer: usize,
    },
    /// The format's largest power of two is too little, since a forward tensor is flushed.
    ForwardFlush(ForwardLoss),
    /// With 2^`power` too much is flushed, and with more something overflows.
    TooWide {
        /// The largest with which nothing overflows.
        power: i64,
        /// A place where too much is flushed with it.
        flushed: EntryPlace,
        /// How much.
        share: Share,
        /// A place where 2^(power + 1) overflows; nothing where the format ends there.
        overflow: Option<EntryPlace>,
    },
    /// Even with the least power of two that the format holds something overflows.
    TooLarge {
        /// Where.
        place: EntryPlace,
    },
}

/// Asked whether a loss scale flushes too much, or overflows.
trait Oracle {
    fn flush(&mut self, power: i64, rule: Rule) -> Result<Option<EntryPlace>, Stopped>;
    fn overflow(&mut self, power: i64) -> Result<Option<EntryPlace>, Stopped>;
    /// How many of all entries of a place are flushed.
    fn share(&mut self, power: i64, place: EntryPlace) -> Result<Share, Stopped>;
}

impl Oracle for Emulator<'_> {
    fn flush(&mut self, power: i64, rule: Rule) -> Result<Option<EntryPlace>, Stopped> {
        self.fault(power, rule, Fault::Flushed)
    }

    fn overflow(&mut self, power: i64) -> Result<Option<EntryPlace>, Stopped> {
        self.fault(power, Rule::Entries, Fault::Overflow)
    }

    fn share(&mut self, power: i64, place: EntryPlace) -> Result<Share, Stopped> {
        let layers = self.layers(power)?;
        Ok(layers[place.layer - 1].flushed[place.derivative as usize])
    }
}

/// The exact entries, rounded.
struct Rounding<'a> {
    format: Format,
    exact: &'a [ExactLayer],
}

impl Rounding<'_> {
    fn places(&self) -> impl Iterator<Item = (EntryPlace, &Magnitudes)> {
        self.exact.iter().enumerate().rev().flat_map(|(index, layer)| {
            BackwardTensor::ALL.into_iter().map(move |derivative| {
                (EntryPlace { derivative, layer: index + 1 }, layer.of_derivative(derivative))
            })
        })
    }
}

impl Oracle for Rounding<'_> {
    fn flush(&mut self, power: i64, rule: Rule) -> Result<Option<EntryPlace>, Stopped> {
        let mut places = self.places();
        Ok(places.find_map(|(place, entries)| {
            let least = entries.least_power(self.format, rule.deepest(entries, self.format))?;
            (power < least).then_some(place)
        }))
    }

    fn share(&mut self, power: i64, place: EntryPlace) -> Result<Share, Stopped> {
        let entries = self.exact[place.layer - 1].of_derivative(place.derivative);
        Ok(Share { flushed: entries.flushed(self.format, power), of: entries.nonzero })
    }

    fn overflow(&mut self, power: i64) -> Result<Option<EntryPlace>, Stopped> {
        let mut places = self.places();
        let place = places
            .find(|(_, entries)| entries.most_power(self.format).is_some_and(|most| power > most));
        Ok(place.map(|(place, _)| place))
    }
}

impl LossScale {
    /// What passes computed in the emulator's format say.
    ///
    /// # Errors
    /// [`Stopped`] when told to stop.
    pub(super) fn computed(emulator: &mut Emulator<'_>) -> Result<Self, Stopped> {
        if let Some(layer) = emulator.forward_overflow {
            return Ok(Self::None(NoScale::ForwardOverflow { layer }));
        }
        let (format, exact) = (emulator.format, emulator.exact);
        let forward = emulator.forward_loss();
        Self::search(format, exact, emulator, forward)
    }

    /// What the exact entries say, rounded to a format in which no pass is computed.
    pub(super) fn by_exact_entries(
        format: Format,
        network: &Network<f64>,
        pass: &Pass<f64>,
        exact: &[ExactLayer],
    ) -> Self {
        if let Some(layer) = forward_overflow(format, pass) {
            return Self::None(NoScale::ForwardOverflow { layer });
        }
        if let Some(loss) = slopes_flushed(format, network, pass, exact) {
            return Self::None(NoScale::ForwardFlush(loss));
        }
        let mut rounding = Rounding { format, exact };
        Self::search(format, exact, &mut rounding, None).expect("it asks nobody whether to go on")
    }

    fn search(
        format: Format,
        exact: &[ExactLayer],
        oracle: &mut impl Oracle,
        forward: Option<ForwardLoss>,
    ) -> Result<Self, Stopped> {
        let scales = format.loss_scales();
        let Some([least, most]) = guess(format, exact, Rule::Entries) else {
            return Ok(Self::NoSignal);
        };
        let fits = |power: i64| Ok(oracle.overflow(-power)?.is_none());
        let negated = -scales.end()..=-scales.start();
        let Some(most) = first(negated, -most, fits)?.map(|power: i64| -power) else {
            let Some(place) = oracle.overflow(*scales.start())? else {
                unreachable!("it has just been found to overflow")
            };
            return Ok(Self::None(NoScale::TooLarge { place }));
        };
        let mut least = least;
        for rule in Rule::ALL {
            if rule == Rule::Backward && forward.is_none() {
                continue;
            }
            if let Some([least, chosen]) = kept_from(oracle, rule, *scales.start()..=most, least)? {
                let forward = forward.filter(|_| rule == Rule::Backward);
                let range = ScaleRange { rule, least, most, chosen, forward, norms: None };
                return Ok(Self::Range(range));
            }
            least = guess(format, exact, Rule::Norms).map_or(least, |[least, _]| least);
        }
        let Some(flushed) = oracle.flush(most, Rule::Backward)? else {
            unreachable!("it has just been found to flush too much")
        };
        let share = oracle.share(most, flushed)?;
        let overflow = if most < *scales.end() { oracle.overflow(most + 1)? } else { None };
        Ok(Self::None(match (forward, overflow) {
            (Some(loss), None) => NoScale::ForwardFlush(loss),
            _ => NoScale::TooWide { power: most, flushed, share, overflow },
        }))
    }

    /// The power of two that is advised, where one is.
    pub fn chosen(&self) -> Option<i64> {
        match self {
            Self::Range(range) => Some(range.chosen),
            Self::NoSignal | Self::None(_) => None,
        }
    }

    /// Whether a pass really computed with it has the right norms in every layer.
    pub fn is_kept(&self) -> bool {
        matches!(self, Self::Range(range) if range.norms.is_some_and(NormCheck::is_right))
    }

    /// Puts the pass computed with the advised scale beside the exact layers.
    pub(super) fn checked(self, scaled: Option<&[StoredLayer]>, exact: &[ExactLayer]) -> Self {
        match (self, scaled) {
            (Self::Range(range), Some(scaled)) => {
                Self::Range(ScaleRange { norms: NormCheck::of(scaled, exact), ..range })
            }
            _ => self,
        }
    }
}

/// The least power from which on too little is flushed, and the advised one; nothing where the
/// largest flushes too much.
///
/// Where examples cancel, rounding may leave 0 with one power and not with a smaller one; such a
/// smaller one does not count.
fn kept_from(
    oracle: &mut impl Oracle,
    rule: Rule,
    range: RangeInclusive<i64>,
    guess: i64,
) -> Result<Option<[i64; 2]>, Stopped> {
    let (mut low, most) = (*range.start(), *range.end());
    let mut keeps = |power: i64| Ok(oracle.flush(power, rule)?.is_none());
    if !keeps(most)? {
        return Ok(None);
    }
    loop {
        let least = first(low..=most, guess, &mut keeps)?.unwrap_or(most);
        let zero = (least..=most).contains(&0);
        let chosen = if zero { 0 } else { (least + most).div_euclid(2) };
        if keeps(chosen)? {
            return Ok(Some([least, chosen]));
        }
        low = chosen + 1;
    }
}

/// The least and the most power that keep the exact entries.
fn guess(format: Format, exact: &[ExactLayer], rule: Rule) -> Option<[i64; 2]> {
    let entries = || exact.iter().flat_map(|layer| &layer.entries);
    let least = entries().filter_map(|e| e.least_power(format, rule.deepest(e, format))).max();
    let most = entries().filter_map(|entries| entries.most_power(format)).min();
    Some([least?, most?])
}

/// The first layer in which a z or an a of the exact pass is too large for a format.
fn forward_overflow(format: Format, pass: &Pass<f64>) -> Option<usize> {
    let is_too_large = |number: Scaled| format.hold(number.abs()) == Held::Overflow;
    let overflows = |trace: &LayerTrace<f64>| {
        let examples = 0..trace.z.batch();
        let largest = examples.flat_map(|b| [trace.z.largest(b), trace.a.largest(b)]);
        largest.flatten().any(is_too_large)
    };
    pass.layers.iter().position(overflows).map(|index| index + 1)
}

/// The highest layer in which too many of the slopes that δ depends on, and that matter to its
/// norm, are flushed by a format.
fn slopes_flushed(
    format: Format,
    network: &Network<f64>,
    pass: &Pass<f64>,
    exact: &[ExactLayer],
) -> Option<ForwardLoss> {
    let with_slope = exact.len() - usize::from(network.loss.cancels_slope());
    (0..with_slope).rev().find_map(|index| {
        let delta = exact[index].of_derivative(BackwardTensor::Delta);
        let deepest = Rule::Norms.deepest(delta, format);
        let depths = &exact[index].depths[BackwardTensor::Delta as usize];
        let slopes = pass.layers[index].slope.iter().zip(depths);
        let counted = slopes.filter(|(_, depth)| **depth <= deepest);
        let share = counted.fold(Share::default(), |share, (slope, _)| Share {
            flushed: share.flushed + u64::from(format.round(*slope) == 0.0),
            of: share.of + 1,
        });
        let loss = ForwardLoss { tensor: ForwardTensor::Slope, layer: index + 1, share };
        (!share.is_kept()).then_some(loss)
    })
}

impl NormCheck {
    fn of(scaled: &[StoredLayer], exact: &[ExactLayer]) -> Option<Self> {
        let layers = scaled.iter().zip(exact).enumerate().rev();
        let checks = layers.flat_map(|(index, (stored, exact))| {
            // An example's own δ is B times as large.
            let batch = Scaled::from(stored.delta.total as f64 / exact.entries[2].total as f64);
            let share = stored.delta.norm.and_then(|norm| norm.checked_div(batch.sqrt()));
            [(BackwardTensor::Delta, share), (BackwardTensor::Weight, stored.weight.norm)].map(
                |(derivative, norm)| {
                    let exact = exact.of_derivative(derivative).norm();
                    let factor = norm.and_then(|norm| factor(norm, exact));
                    Self { place: EntryPlace { derivative, layer: index + 1 }, factor }
                },
            )
        });
        let size = |check: &Self| check.factor.unwrap_or(f64::INFINITY);
        checks.reduce(|worst, next| if size(&next) > size(&worst) { next } else { worst })
    }

    /// Whether every norm is the exact one within [`WITHIN`].
    pub fn is_right(self) -> bool {
        self.factor.is_some_and(|factor| factor <= WITHIN)
    }
}

/// The factor between two norms, at least 1; 1 for two true zeros, nothing where one is zero.
fn factor(stored: Scaled, exact: Scaled) -> Option<f64> {
    match (stored.checked_div(exact), exact.checked_div(stored)) {
        (Some(over), Some(under)) => Some(over.to_f64().max(under.to_f64())),
        (None, None) => Some(1.0),
        _ => None,
    }
}
