//! A map over one or two settings: what the error signal does in each corner, coarse first.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::engine::{NotExact, Scaled};
use crate::experiment::{Experiment, ExperimentError};

use super::parallel::in_order;
use super::sampler::threads_that_fit;
use super::{
    Axis, DrawStudy, Engine, LiveTraining, Quantity, SEEDS, Sampler, Setting, Stopped, TaskContext,
};

/// Cells along one side of a map.
pub const CELLS: RangeInclusive<usize> = 1..=256;
/// Cells apart in the first round; each further round halves it.
const COARSEST: usize = 8;

/// A question asked of a grid of settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// Everything that is not moved.
    pub experiment: Experiment,
    /// Which variant, counted from 0; the others are left out.
    pub variant: usize,
    /// From left to right.
    pub x: Axis,
    /// From bottom to top, for a map; absent, a curve.
    pub y: Option<Axis>,
    /// What is shown.
    pub quantity: Quantity,
    /// Seeds of each cell, the experiment's own and those after it.
    pub seeds: u32,
    /// The engine, or for each cell the fastest that applies.
    pub engine: Option<Engine>,
}

/// A part of a sweep: every `of`-th cell of its order, from the `index`-th on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 0.
    pub index: usize,
    /// How many parts.
    pub of: usize,
}

impl Shard {
    /// All of it.
    pub const WHOLE: Self = Self { index: 0, of: 1 };
}

/// One setting's result.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// The quantity; nothing where the median is a true zero, as at least half of the seeds' are.
    pub value: Option<f64>,
    /// The lower and the upper quartile over all seeds, each nothing where it is a true zero;
    /// nothing where both are.
    pub quartiles: Option<[Option<f64>; 2]>,
    /// The share of seeds whose δ^(1) is a true zero.
    pub zero_share: f64,
}

/// What is known of a sweep so far.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepMap {
    /// Cells along x.
    pub width: usize,
    /// Cells along y, 1 for a curve.
    pub height: usize,
    /// Row after row from the bottom; nothing where a cell is not done.
    pub cells: Vec<Option<Cell>>,
}

/// Why there is no map.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SweepError {
    /// An axis that is too long, empty, reversed or not finite, by its setting.
    #[error(
        "the axis of {} takes 2 to 256 values from a finite number of at least 0 to a larger one, from above 0 in log steps; or one value, from and to the same number",
        .0.id()
    )]
    Axis(Setting),
    /// What the weights' spread follows from moves on both axes.
    #[error(
        "x and y are of different settings, and of gain and weight_std there is but one; choose another for --y"
    )]
    Twice,
    /// No variant of that number, no seed, or no such part.
    #[error("a sweep takes one of the experiment's variants, at least one seed, and a part i < n")]
    Request,
    /// More seeds than anybody waits for.
    #[error("a sweep takes from 1 to {most} seeds a cell, not {0}", most = SEEDS.end())]
    Seeds(u32),
    /// The last seed would lie beyond what names a stream.
    #[error("the last of these seeds is beyond {0}, the largest that names a stream")]
    LastSeed(u64),
    /// The setting at a corner of the map is refused.
    #[error("{}", .0.to_string().trim_end_matches('.'))]
    Setting(#[from] Box<ExperimentError>),
    /// The learning rate of networks that are not trained.
    #[error(
        "a learning rate moves nothing but a training: take the quantity \"learned\", or another setting"
    )]
    Untrained,
    /// `ExactInLaw` was demanded where it does not apply.
    #[error(transparent)]
    NotExact(#[from] NotExact),
    /// Parts that are of different sizes or disagree.
    #[error(
        "these parts do not belong to one sweep: they differ in experiment, axes, quantity, seeds or number of parts. Join parts of the same command, each with another --shard"
    )]
    Parts,
    /// Told to stop.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// Measures the cells of one part of a sweep, every 8th first, then every 4th, 2nd and all.
/// After each cell `snapshot` sees the map as it stands. A cell depends on its settings and
/// seeds alone: the map is the same for any number of threads and of parts.
///
/// # Errors
/// [`SweepError`]: what is asked makes no sense, or a stop.
///
/// ```
/// use gradient_lab::experiment::Experiment;
/// use gradient_lab::study::{Axis, Quantity, Setting, Shard, Spacing, Sweep, TaskContext, sweep};
/// let chapter = Experiment::default();
/// let request = Sweep {
///     x: Axis { setting: Setting::Gain, from: 1.0, to: 4.0, cells: 4, spacing: Spacing::Linear },
///     y: None,
///     variant: 0,
///     quantity: Quantity::DecadesPerLayer,
///     seeds: 20,
///     engine: None,
///     experiment: chapter,
/// };
/// let map = sweep(&request, Shard::WHOLE, 2, &TaskContext::unattended(), |_| {}).expect("valid");
/// let decades = |x| map.cell(x, 0).and_then(|cell| cell.value).expect("a sigmoid never dies");
/// assert!(decades(0) < decades(3)); // larger weights make up for the sigmoid's small slope
/// ```
pub fn sweep(
    sweep: &Sweep,
    shard: Shard,
    threads: usize,
    task: &TaskContext<'_>,
    mut snapshot: impl FnMut(&SweepMap),
) -> Result<SweepMap, SweepError> {
    sweep.check(shard)?;
    let mut map = SweepMap::empty(sweep);
    let order: Vec<(usize, usize)> =
        map.order().into_iter().skip(shard.index).step_by(shard.of).collect();
    in_order(
        order.len(),
        sweep.threads(threads),
        task,
        || (),
        |(), index, proceed| sweep.measure(order[index], proceed),
        |index, cell| {
            let (x, y) = order[index];
            map.cells[y * map.width + x] = Some(cell);
            task.report((index + 1) as f32 / order.len() as f32);
            snapshot(&map);
        },
    )?;
    Ok(map)
}

impl Sweep {
    /// Whether the sweep can be measured: its axes, its variant, and the settings at its
    /// corners.
    ///
    /// # Errors
    /// [`SweepError`]: what is to be mended.
    pub fn validate(&self) -> Result<(), SweepError> {
        self.check(Shard::WHOLE)
    }

    fn check(&self, shard: Shard) -> Result<(), SweepError> {
        let axes = || [Some(self.x), self.y].into_iter().flatten();
        let weights = |axis: &Axis| matches!(axis.setting, Setting::Gain | Setting::WeightStd);
        let twice =
            self.y.is_some_and(|y| y.setting == self.x.setting || weights(&y) && weights(&self.x));
        if twice {
            return Err(SweepError::Twice);
        }
        let unsound = |axis: &Axis| !CELLS.contains(&axis.cells) || !axis.is_sound();
        if let Some(axis) = axes().find(unsound) {
            return Err(SweepError::Axis(axis.setting));
        }
        let is_rate = |axis: Axis| axis.setting == Setting::LearningRate;
        if self.quantity != Quantity::Learned
            && [Some(self.x), self.y].into_iter().flatten().any(is_rate)
        {
            return Err(SweepError::Untrained);
        }
        let known = self.variant < self.experiment.variants.len();
        if !known || self.seeds == 0 || shard.index >= shard.of {
            return Err(SweepError::Request);
        }
        if self.seeds > *SEEDS.end() {
            return Err(SweepError::Seeds(self.seeds));
        }
        if u64::from(self.seeds) > self.experiment.seeds_left() {
            return Err(SweepError::LastSeed(self.experiment.last_seed()));
        }
        for corner in self.corners() {
            let experiment = self.experiment_at(corner);
            experiment.validate().map_err(Box::new)?;
            Sampler::new(&experiment, self.engine)?;
        }
        Ok(())
    }

    pub(super) fn corners(&self) -> [(usize, usize); 4] {
        let (right, top) = (self.x.cells - 1, self.y.map_or(0, |y| y.cells - 1));
        [(0, 0), (right, 0), (0, top), (right, top)]
    }

    /// As many threads as can hold the weights of the largest corner.
    fn threads(&self, threads: usize) -> usize {
        let corners = self.corners().map(|corner| self.experiment_at(corner));
        corners.iter().map(|corner| threads_that_fit(corner, threads)).min().unwrap_or(1)
    }

    /// The experiment of a cell, with the one variant.
    pub fn experiment_at(&self, (x, y): (usize, usize)) -> Experiment {
        let mut experiment = self.experiment.clone();
        experiment.variants = vec![self.experiment.variants[self.variant].clone()];
        self.x.setting.apply(&mut experiment, self.x.value(x));
        if let Some(axis) = self.y {
            axis.setting.apply(&mut experiment, axis.value(y));
        }
        experiment
    }

    /// Nothing where `proceed` said stop.
    fn measure(&self, cell: (usize, usize), proceed: &dyn Fn() -> bool) -> Option<Cell> {
        let experiment = self.experiment_at(cell);
        if self.quantity == Quantity::Learned {
            return self.measure_learned(&experiment, proceed);
        }
        let mut sampler = Sampler::new(&experiment, self.engine).ok()?;
        let wants_shares = self.quantity.is_share();
        if wants_shares {
            sampler = sampler.with_layers();
        }
        let (mut values, mut zeros) = (Vec::new(), 0_u32);
        for seed in 0..u64::from(self.seeds) {
            let norms = sampler.sample(experiment.seed + seed, proceed).ok()?;
            zeros += u32::from(norms[0].is_zero());
            values.push(if wants_shares { self.share(&sampler) } else { self.decades(norms) });
        }
        values.sort_by(f64::total_cmp);
        let quartiles = [quantile(&values, 0.25), quantile(&values, 0.75)];
        Some(Cell {
            value: if wants_shares { mean(&values) } else { quantile(&values, 0.5) },
            quartiles: quartiles.iter().any(Option::is_some).then_some(quartiles),
            zero_share: f64::from(zeros) / f64::from(self.seeds),
        })
    }

    /// Trains each seed's network on this thread.
    fn measure_learned(&self, base: &Experiment, proceed: &dyn Fn() -> bool) -> Option<Cell> {
        let mut values = Vec::new();
        let (has_stopped, nothing) = (|| !proceed(), |_| {});
        let task = TaskContext::new(&has_stopped, &nothing);
        for seed in 0..u64::from(self.seeds) {
            let experiment = Experiment { seed: base.seed + seed, ..base.clone() };
            let mut training =
                LiveTraining::unwatched(&experiment, &mut DrawStudy::on_threads(1), &task).ok()?;
            training.run_to(experiment.training_steps(), 1, &task).ok()?;
            values.push(training.learned_shares()[0]);
        }
        values.sort_by(f64::total_cmp);
        let quartiles = Some([quantile(&values, 0.25), quantile(&values, 0.75)]);
        Some(Cell { value: mean(&values), quartiles, zero_share: 0.0 })
    }

    /// −∞ for a network whose δ^(1) is a true zero: less than any that lives.
    fn decades(&self, norms: &[Scaled]) -> f64 {
        let steps = norms.len() - 1;
        let ratio = norms[0].checked_div(norms[steps]).and_then(Scaled::log10);
        let log10 = ratio.unwrap_or(f64::NEG_INFINITY);
        if self.quantity == Quantity::FirstOverLast { log10 } else { log10 / steps as f64 }
    }

    /// The mean over hidden layers.
    fn share(&self, sampler: &Sampler) -> f64 {
        let layers = sampler.layers();
        let hidden = &layers[..layers.len() - 1];
        let dead = self.quantity == Quantity::DeadShare;
        let sum: f64 = hidden.iter().map(|s| if dead { s.dead } else { s.saturated }).sum();
        sum / hidden.len() as f64
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Linear between the two neighbours in rank; 0.5 is the median. Nothing where a neighbour that
/// counts is −∞.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let rank = share * sorted.len().checked_sub(1)? as f64;
    let (low, high) = (sorted[rank.floor() as usize], sorted[rank.ceil() as usize]);
    // Infinity times 0 is no number.
    let between = if low == high { low } else { low + rank.fract() * (high - low) };
    Some(between).filter(|number| number.is_finite())
}

impl SweepMap {
    /// The map before its first cell.
    pub fn empty(sweep: &Sweep) -> Self {
        let (width, height) = (sweep.x.cells, sweep.y.map_or(1, |y| y.cells));
        Self { width, height, cells: vec![None; width * height] }
    }

    /// A cell that is done.
    pub fn cell(&self, x: usize, y: usize) -> Option<Cell> {
        if x < self.width { self.cells.get(y * self.width + x).copied().flatten() } else { None }
    }

    /// Cells that are done.
    pub fn done(&self) -> usize {
        self.cells.iter().flatten().count()
    }

    /// A cell that is done: this one, or else the one to its lower left that an earlier,
    /// coarser round has measured in its place.
    pub fn nearest(&self, x: usize, y: usize) -> Option<Cell> {
        let steps = std::iter::successors(Some(1), |step| (*step < COARSEST).then_some(2 * step));
        steps.map(|step| (x - x % step, y - y % step)).find_map(|(x, y)| self.cell(x, y))
    }

    /// The cells (x, y), coarse to fine.
    fn order(&self) -> Vec<(usize, usize)> {
        // The round of a cell is decided by the largest step that divides both coordinates.
        let round = |x: usize, y: usize| (x | y | COARSEST).trailing_zeros();
        let mut order: Vec<(usize, usize)> =
            (0..self.height).flat_map(|y| (0..self.width).map(move |x| (x, y))).collect();
        order.sort_by_key(|&(x, y)| std::cmp::Reverse(round(x, y)));
        order
    }

    /// Joins the parts of one sweep.
    ///
    /// # Errors
    /// [`SweepError::Parts`] where sizes differ or a cell has two values.
    pub fn join(parts: &[Self]) -> Result<Self, SweepError> {
        let mut whole = parts.first().ok_or(SweepError::Parts)?.clone();
        for part in &parts[1..] {
            if (part.width, part.height) != (whole.width, whole.height) {
                return Err(SweepError::Parts);
            }
            for (known, new) in whole.cells.iter_mut().zip(&part.cells) {
                match (&known, new) {
                    (Some(one), Some(other)) if *one != *other => return Err(SweepError::Parts),
                    (None, _) => *known = *new,
                    _ => {}
                }
            }
        }
        Ok(whole)
    }
}
