//! What a training's records say of how it went, as typed findings.

use std::ops::RangeInclusive;

use serde::Serialize;

use super::{Divergence, TrainingRecord};

/// A layer whose weights have changed by less than this share of their size has not moved.
pub const STILL: f64 = 1e-3;
/// Steps before which a layer that has not moved is no news.
pub const ENOUGH_UPDATES: usize = 100;
/// Records at the start whose mean loss is what a training begins with.
const FIRST_RECORDS: usize = 5;
/// Records at the end whose mean loss is compared with it: the share of all of them.
const END: f64 = 0.1;
/// Records without which a loss has no trend.
const ENOUGH_RECORDS: usize = 20;
/// A loss that keeps more than this share of what it was has not fallen.
pub const UNCHANGED: f64 = 0.95;
/// An update by more than this share of the weights is large.
pub const LARGE_UPDATE: f64 = 0.1;

/// A layer of whose gradient more than this share is flushed to zero is told of.
pub const NOTABLE_FLUSHED: f64 = 0.01;

/// What is claimed of one variant's training.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum TrainingFinding {
    /// Its numbers left the range of its precision.
    Diverged {
        /// Updates before that.
        step: usize,
        /// The largest update of the last steps before it, where one was large: the layer, and
        /// ‖ΔW‖/‖W‖.
        largest: Option<(usize, f64)>,
    },
    /// Weights of these layers are what they were at the start, though others have moved.
    Still {
        /// The layers.
        #[serde(serialize_with = "ends")]
        layers: RangeInclusive<usize>,
        /// The largest ‖W − W₀‖/‖W₀‖ of them.
        moved: f64,
        /// The layer that has moved the most, and by how much.
        most: (usize, f64),
    },
    /// From this step on every recorded minibatch finds all units of the layer dead; before, it
    /// did not.
    Dies {
        /// The lowest such layer.
        layer: usize,
        /// The first such step.
        step: usize,
    },
    /// At the last record the narrow format has flushed so much of a layer's gradient to zero.
    Flushed {
        /// The layer that loses most.
        layer: usize,
        /// The share of its ∂L/∂W, of what is not 0 exactly.
        share: f64,
        /// log2 of the loss scale.
        power: i64,
        /// log2 of the least loss scale that keeps 99 % of every layer's for the present networks
        /// and the last minibatch, and lets nothing overflow; nothing where none does.
        needed: Option<i64>,
    },
    /// Steps that were skipped because a gradient overflowed.
    Skipped {
        /// So many.
        skipped: usize,
        /// Of the steps up to the last record.
        steps: usize,
    },
    /// The loss over the training.
    Loss {
        /// The mean of the first five records, or of a tenth of all if those are fewer; that of the
        /// first if it is smaller.
        first: f64,
        /// The mean of the last tenth.
        last: f64,
        /// Updates before the last record.
        step: usize,
    },
    /// The share of examples that were right at the last record.
    Accuracy {
        /// Of the minibatch.
        minibatch: f64,
        /// Of the examples that no step learns from.
        test: Option<f64>,
    },
}

/// Of records in order, and of how far each layer has moved, the gravest first.
pub(super) fn findings(
    records: &[TrainingRecord],
    divergence: Option<Divergence>,
    moved: &[Option<f64>],
    needed: impl FnOnce() -> Option<i64>,
) -> Vec<TrainingFinding> {
    let diverged = divergence.map(|divergence| TrainingFinding::Diverged {
        step: divergence.step,
        largest: largest_update(records),
    });
    let mut found: Vec<TrainingFinding> = diverged.into_iter().collect();
    found.extend(flushed(records, needed));
    found.extend(skipped(records));
    found.extend(dies(records));
    found.extend(loss(records));
    found.extend(accuracy(records));
    if records.last().is_some_and(|record| record.step >= ENOUGH_UPDATES) {
        found.extend(still(moved));
    }
    found
}

/// The largest update of the last [`END`] of the records, where it is large.
fn largest_update(records: &[TrainingRecord]) -> Option<(usize, f64)> {
    let last = &records[records.len() - tenth(records.len())..];
    let updates = last.iter().flat_map(|record| (1..).zip(record.layers.iter()));
    let ratios = updates.filter_map(|(l, layer)| Some((l, layer.update_ratio?)));
    ratios.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, ratio)| *ratio > LARGE_UPDATE)
}

/// So many records are a tenth of them, one at least where there are any.
fn tenth(records: usize) -> usize {
    ((END * records as f64).ceil() as usize).min(records)
}

fn flushed(
    records: &[TrainingRecord],
    needed: impl FnOnce() -> Option<i64>,
) -> Option<TrainingFinding> {
    let mixed = records.last()?.mixed.as_deref()?;
    let shares = (1..).zip(&mixed.flushed).filter_map(|(l, share)| Some((l, (*share)?)));
    let (layer, share) = shares.max_by(|a, b| a.1.total_cmp(&b.1))?;
    let power = mixed.power;
    (share >= NOTABLE_FLUSHED).then(|| TrainingFinding::Flushed {
        layer,
        share,
        power,
        needed: needed(),
    })
}

fn skipped(records: &[TrainingRecord]) -> Option<TrainingFinding> {
    let last = records.last()?;
    let skipped = last.mixed.as_deref()?.skipped;
    (skipped > 0).then_some(TrainingFinding::Skipped { skipped, steps: last.step + 1 })
}

fn dies(records: &[TrainingRecord]) -> Option<TrainingFinding> {
    let depth = records.first()?.layers.len();
    let is_dead = |record: &TrainingRecord, l: usize| record.layers[l - 1].dead_share == 1.0;
    let death = |l: usize| {
        let alive = records.iter().rposition(|record| !is_dead(record, l))?;
        let record = records.get(alive + 1)?;
        Some(TrainingFinding::Dies { layer: l, step: record.step })
    };
    (1..=depth).find_map(death)
}

fn loss(records: &[TrainingRecord]) -> Option<TrainingFinding> {
    if records.len() < ENOUGH_RECORDS {
        return None;
    }
    let [first, last] = ends_of_loss(records)?;
    Some(TrainingFinding::Loss { first, last, step: records.last()?.step })
}

/// The loss at the start and at the end, as [`TrainingFinding::Loss`] has them.
pub(super) fn ends_of_loss(records: &[TrainingRecord]) -> Option<[f64; 2]> {
    let count = tenth(records.len());
    let start = records.first()?.loss;
    let mean = |records: &[TrainingRecord]| {
        records.iter().map(|record| record.loss).sum::<f64>() / records.len() as f64
    };
    // A training that begins with a leap upwards has not learned when it is back.
    let first = mean(&records[..count.min(FIRST_RECORDS)]).min(start);
    Some([first, mean(&records[records.len() - count..])])
}

fn accuracy(records: &[TrainingRecord]) -> Option<TrainingFinding> {
    let last = records.last()?;
    let test = last.test.and_then(|score| score.accuracy);
    Some(TrainingFinding::Accuracy { minibatch: last.accuracy?, test })
}

/// Runs of layers that have not moved, where another one has moved ten times as much at least as
/// what counts as not moved.
fn still(moved: &[Option<f64>]) -> Vec<TrainingFinding> {
    let known = (1..).zip(moved).filter_map(|(l, moved)| Some((l, (*moved)?)));
    let Some(most) = known.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|most| most.1 > 10.0 * STILL)
    else {
        return Vec::new();
    };
    let mut found: Vec<TrainingFinding> = Vec::new();
    for (l, share) in (1..).zip(moved).filter_map(|(l, moved)| Some((l, (*moved)?))) {
        if share >= STILL {
            continue;
        }
        match found.last_mut() {
            Some(TrainingFinding::Still { layers, moved, .. }) if layers.end() + 1 == l => {
                (*layers, *moved) = (*layers.start()..=l, moved.max(share));
            }
            _ => found.push(TrainingFinding::Still { layers: l..=l, moved: share, most }),
        }
    }
    found
}

fn ends<S: serde::Serializer>(layers: &RangeInclusive<usize>, out: S) -> Result<S::Ok, S::Error> {
    [layers.start(), layers.end()].serialize(out)
}
