//! Questions asked of an experiment. A study takes an experiment, reports its progress,
//! stops when told to, and returns plain data.
//!
//! | question | asked by | answer |
//! |---|---|---|
//! | what does one seed's pass leave? | [`DrawStudy::run`] | [`Draw`], with a [`Diagnosis`] |
//! | why does δ shrink or grow? | [`backward_factors()`] | [`BackwardFactors`] |
//! | how do z, a, δ, W and ∂W spread? | [`spread()`] | [`Spread`] |
//! | is backpropagation right? | [`gradient_check`] | [`GradientCheck`] |
//! | what would a narrow format lose? | [`precision()`] | [`PrecisionReport`] |
//! | what do many seeds do? | [`ensemble()`] | [`Ensemble`] |
//! | what happens in each corner? | [`sweep()`] | [`Sweep`] |
//! | what cures it? | [`remedies()`] | [`Remedies`] |
//! | what does theory expect? | [`Theory::at_once`] | [`Theory`] |
//! | how is it done by hand? | [`steps()`] | [`Steps`] |
//! | does it learn? | [`Training::run`] | [`Learner`]s with [`TrainingRecord`]s |
//! | at which learning rate? | [`rate_test()`] | [`RateTest`] |

mod backward_factors;
mod basin;
mod blame;
mod check;
mod comparison;
mod correlation;
mod cost;
mod critical;
mod diagnosis;
mod distribution;
mod draw;
mod emulated_draw;
mod ensemble;
mod ensemble_finding;
mod estimate;
mod factors;
mod finite_width;
mod histogram;
mod jacobian;
mod mean_field;
mod moments;
mod no_spread;
mod normalized;
mod normalized_limit;
mod parallel;
mod pass;
mod precision;
mod preview;
mod processor;
mod quantity;
mod remedies;
mod sample;
mod sampler;
mod setting;
mod shared_draws;
mod snapshot;
mod softmax_error;
mod spread;
mod steps;
mod survival;
mod sweep;
mod sweep_finding;
mod sweep_preset;
mod theory;
mod theory_finding;
mod theory_study;
mod tied;
mod training;
mod unit_chain;

use std::ops::Range;

pub use backward_factors::{BackwardFactors, BackwardSettings, backward_factors};
pub use basin::Basin;
pub use blame::{Cause, SLIGHT, UNTRUSTED, WhyFinding};
pub use check::{
    CheckError, CheckFinding, CheckSettings, Compared, Derivative, Differences, Errors,
    GradientCheck, KinkUnit, Outcome, PlainDifference, StepCheck, Unresolved, check_against,
    gradient_check, log_spaced,
};
pub use comparison::{Comparison, LayerComparison, RatioComparison, Z_95};
pub use correlation::Correlation;
pub use cost::{Cost, LayerCost, OwnParameters, Timing, time_passes};
pub use critical::{SweepResult, critical_line};
pub use diagnosis::{
    Advice, Diagnosis, ENOUGH_STEPS, FlowFinding, HEALTHY_RATE, Kind, NOTABLE_INACTIVE,
    NOTABLE_ROUNDING, NOTABLE_SHARE, SATURATED_OUTPUT, SMALL_ERROR, SWING_DECADES, SWING_SHARE,
    Swing, TREND_SHARE, swings,
};
pub use distribution::Distribution;
pub use draw::{Draw, DrawStudy, VariantDraw};
pub use ensemble::{Ensemble, EnsembleError, EnsembleSettings, SEEDS, VariantEnsemble, ensemble};
pub use ensemble_finding::{EnsembleFinding, Place};
pub use estimate::Estimate;
pub use factors::{Factor, Factors, SpectralNorm, factors};
pub use finite_width::{Footing, LayerBand, StepLaw, band, linear_step, relu_step};
pub use histogram::Histogram;
pub use jacobian::{Cut, CutBy, JacobianError, JacobianSpectrum, LayerSpectrum, jacobian_spectrum};
pub use mean_field::{FixedPoint, MeanField, Phase, critical_weight_variance};
pub use moments::BiasLaw;
pub use no_spread::NoSpread;
pub use normalized::{NormalizedMoments, PreSkips};
pub use normalized_limit::{MANY_EXAMPLES, NormalizedLimit};
pub use parallel::all_threads;
pub use pass::pass;
pub use precision::{
    BackwardTensor, EMULATED, Emulation, EntryPlace, ForwardLoss, ForwardTensor, LayerPrecision,
    LossScale, NoScale, NormCheck, NormSum, PlainLoss, PrecisionFinding, PrecisionReport, Rule,
    ScaleRange, Share, StoredLayer, VariantPrecision, WITHIN, precision,
};
pub use quantity::Quantity;
pub use remedies::{
    ALIKE, CURED, Change, Decades, LOST, Measured, Prescription, Remedies, RemediesError,
    RemediesSettings, Remedy, RemedyRow, Verdict, critical_gain, measure, remedies,
};
pub use sample::Sample;
pub use sampler::{Engine, LayerSample, Sampler};
pub use setting::{Axis, Setting, Spacing};
pub use snapshot::{
    EdgeSnapshot, LayerSnapshot, MOST_UNITS, Rest, Snapshot, UnitSnapshot, snapshot,
};
pub use spread::{
    Bins, LayerSpread, MOST_BINS, ShareOf, Spread, SpreadFinding, SpreadSettings, SpreadSignal,
    ValueAxis, ValueScale, spread,
};
pub use steps::{
    Given, Part, Step, StepKind, Steps, StepsError, Values, small_copy, steps, steps_fit,
};
pub use survival::Survival;
pub use sweep::{CELLS, Cell, Shard, Sweep, SweepError, SweepMap, sweep};
pub use sweep_finding::SweepFinding;
pub use sweep_preset::SweepPreset;
pub use theory::{LayerPrediction, Prediction, TheoryError, predict};
pub use theory_finding::TheoryFinding;
pub use theory_study::{
    Basins, CriticalLine, LayerTheory, Limit, Theory, TheoryStudy, VariantTheory,
};
pub use tied::TiedWeights;
pub use training::{
    DecisionSurface, Divergence, ENOUGH_UPDATES, LARGE_UPDATE, Learner, LiveTraining, MOST_RECORDS,
    Minibatches, RateFinding, RatePoint, RateRange, RateTest, STILL, SURFACE_CELLS, Training,
    TrainingFinding, TrainingRecord, TrainingState, UNCHANGED, VariantRates, VariantTraining,
    rate_test,
};
pub use unit_chain::{NormUnit, UnitChain};

/// The study was told to stop, or a newer request took its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stopped")]
pub struct Stopped;

/// What a study knows of whoever asked: whether it is to stop, and where to tell how far it is.
pub struct TaskContext<'a> {
    stop: &'a dyn Fn() -> bool,
    report: &'a dyn Fn(f32),
}

impl<'a> TaskContext<'a> {
    /// `stop` is asked often and must be quick; `report` receives shares from 0 to 1.
    pub fn new(stop: &'a dyn Fn() -> bool, report: &'a dyn Fn(f32)) -> Self {
        Self { stop, report }
    }

    /// Never stops and listens to nothing: for tests and the command line.
    pub fn unattended() -> TaskContext<'static> {
        TaskContext { stop: &|| false, report: &|_| {} }
    }

    /// Goes on, or not.
    ///
    /// # Errors
    /// [`Stopped`] when told to stop.
    pub fn proceed(&self) -> Result<(), Stopped> {
        if (self.stop)() { Err(Stopped) } else { Ok(()) }
    }

    /// Tells how much is done.
    pub fn report(&self, share: f32) {
        (self.report)(share);
    }

    /// Hands a part of the work over, whose own shares lie between these two of the whole.
    fn part<R>(&self, shares: Range<f32>, work: impl FnOnce(&TaskContext<'_>) -> R) -> R {
        let report = |share: f32| self.report(shares.start + share * (shares.end - shares.start));
        work(&TaskContext { stop: self.stop, report: &report })
    }

    /// Does work that may be stopped, and whose progress nobody is told.
    fn quietly<R>(&self, work: impl FnOnce(&TaskContext<'_>) -> R) -> R {
        work(&TaskContext { stop: self.stop, report: &|_| {} })
    }
}
