//! A range test of the learning rate: the loss while the rate grows from step to step (Smith,
//! *Cyclical Learning Rates for Training Neural Networks*, 2017).

use serde::Serialize;

use crate::engine::{FromDraws, Real};
use crate::experiment::{Experiment, Precision};
use crate::study::{DrawStudy, Stopped, TaskContext};

use super::{Learner, MOST_RECORDS, Training, TrainingRecord, UNCHANGED};

/// Records on either side that a smoothed loss is the mean of.
const REACH: usize = 7;
/// A loss of so many times what it was at first has left for good: the test of the variant ends.
const GONE: f64 = 4.0;
/// Standard errors of the first loss that a fall must exceed to be told from the minibatches' noise.
const CLEAR: f64 = 3.0;

/// The rates of a test: η grows by the same factor in each step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateRange {
    /// η of the first step.
    pub low: f64,
    /// η of the last step.
    pub high: f64,
    /// Steps.
    pub steps: usize,
}

impl Default for RateRange {
    fn default() -> Self {
        Self { low: 1e-6, high: 100.0, steps: 240 }
    }
}

impl RateRange {
    /// η of step t, counted from 0: low (high/low)^(t/(steps − 1)).
    pub fn rate(&self, step: usize) -> f64 {
        let part = step as f64 / (self.steps.max(2) - 1) as f64;
        self.low * libm::pow(self.high / self.low, part)
    }
}

/// Every variant's loss by rate.
#[derive(Clone, Debug, PartialEq)]
pub struct RateTest {
    /// What was tested; its own learning rates do not count.
    pub experiment: Experiment,
    /// The rates.
    pub range: RateRange,
    /// In the experiment's order.
    pub variants: Vec<VariantRates>,
}

/// One variant's loss by rate.
#[derive(Clone, Debug, PartialEq)]
pub struct VariantRates {
    /// Its name.
    pub name: String,
    /// One for each step before the loss left for good.
    pub points: Vec<RatePoint>,
    /// What is claimed of it.
    pub finding: RateFinding,
}

/// One step of a test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RatePoint {
    /// η.
    pub rate: f64,
    /// The minibatch's loss before the step.
    pub loss: f64,
    /// The mean of this loss and of those at most seven steps away.
    pub smoothed: f64,
}

/// What a test says of one variant.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum RateFinding {
    /// The smoothed loss falls.
    Falls {
        /// η where it falls most by decade of η: the suggestion.
        steepest: f64,
        /// η where it is lowest.
        lowest: f64,
        /// The mean of the first fifteen losses.
        first: f64,
        /// The lowest smoothed loss.
        least: f64,
        /// The first η after the lowest at which the smoothed loss is above `first` again, or
        /// at which numbers left the range of their precision.
        rises: Option<f64>,
    },
    /// It falls by less than three standard errors of `first`: no rate can be told from noise.
    Unclear {
        /// The mean of the first fifteen losses.
        first: f64,
        /// The lowest smoothed loss.
        least: f64,
    },
    /// It never falls by 5 %.
    Flat {
        /// The mean of the first fifteen losses.
        first: f64,
        /// The lowest smoothed loss.
        least: f64,
        /// The last η.
        last: f64,
        /// The first η at which the smoothed loss is above `first`/0.95, or at which numbers left the
        /// range of their precision.
        rises: Option<f64>,
    },
    /// It left the range of its precision within the first fifteen steps.
    Diverges {
        /// η of that step.
        rate: f64,
    },
}

impl RateFinding {
    /// The rate to take, where one can be told.
    pub fn suggested(&self) -> Option<f64> {
        match self {
            Self::Falls { steepest, .. } => Some(*steepest),
            _ => None,
        }
    }
}

/// Trains every variant with its own optimizer at a rate that grows, on the minibatches of a
/// training of the experiment. Schedules and warm-up do not count; momentum goes on from rate to
/// rate.
///
/// # Errors
/// [`Stopped`] when told to stop.
///
/// # Panics
/// If the range has no steps, or more than [`MOST_RECORDS`].
///
/// ```
/// use gradient_lab::experiment::Preset;
/// use gradient_lab::study::{DrawStudy, RateRange, TaskContext, rate_test};
/// let (xor, task) = (Preset::find("xor").expect("a preset").experiment(), TaskContext::unattended());
/// let test = rate_test(&xor, RateRange::default(), &mut DrawStudy::new(), &task)?;
/// let rate = test.variants[0].finding.suggested().expect("it learns");
/// assert!(rate > 1.0); // few sigmoid units and squared error take large steps
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn rate_test(
    experiment: &Experiment,
    range: RateRange,
    study: &mut DrawStudy,
    task: &TaskContext<'_>,
) -> Result<RateTest, Stopped> {
    assert!((1..=MOST_RECORDS).contains(&range.steps), "every step leaves a record");
    let variants = match experiment.architecture.precision {
        Precision::F64 => run::<f64>(experiment, range, study, task)?,
        _ => run::<f32>(experiment, range, study, task)?,
    };
    Ok(RateTest { experiment: experiment.clone(), range, variants })
}

fn run<T: Real + FromDraws>(
    experiment: &Experiment,
    range: RateRange,
    study: &mut DrawStudy,
    task: &TaskContext<'_>,
) -> Result<Vec<VariantRates>, Stopped> {
    let mut ramp = experiment.clone();
    ramp.training.get_or_insert_default().steps = Some(range.steps);
    let mut training = Training::<T>::new(&ramp, study, task)?;
    training.learners_mut().iter_mut().for_each(Learner::tell_loss_alone);
    for step in 0..range.steps {
        for learner in training.learners_mut() {
            learner.trainer_mut().set_constant_rate(range.rate(step));
        }
        task.quietly(|task| training.run_to(step + 1, 1, task))?;
        task.report((step + 1) as f32 / range.steps as f32);
        if training.learners().iter().all(|learner| end(learner).is_some()) {
            break;
        }
    }
    let variants = training.learners().iter().map(|learner| {
        let count = end(learner).unwrap_or(learner.records().len());
        let diverged = learner.divergence().map(|divergence| range.rate(divergence.step));
        let points = points(&learner.records()[..count]);
        let finding = finding(&points, diverged);
        VariantRates { name: learner.name().to_owned(), points, finding }
    });
    Ok(variants.collect())
}

/// After how many records nothing more is to be learned: the numbers left their range, or the
/// smoothed loss has been [`GONE`] times what it was.
fn end<T: Real>(learner: &Learner<T>) -> Option<usize> {
    let records = learner.records();
    let window = 2 * REACH + 1;
    let mean = |records: &[TrainingRecord]| {
        records.iter().map(|record| record.loss).sum::<f64>() / records.len() as f64
    };
    let first = records.get(..window).map(mean);
    let gone = first.and_then(|first| {
        let far = records.windows(window).position(|records| mean(records) > GONE * first)?;
        Some(far + window)
    });
    gone.or(learner.divergence().map(|_| records.len()))
}

fn points(records: &[TrainingRecord]) -> Vec<RatePoint> {
    let smoothed = |index: usize| {
        let near = &records[index.saturating_sub(REACH)..(index + REACH + 1).min(records.len())];
        near.iter().map(|record| record.loss).sum::<f64>() / near.len() as f64
    };
    let point = |(index, record): (usize, &TrainingRecord)| RatePoint {
        rate: record.rate,
        loss: record.loss,
        smoothed: smoothed(index),
    };
    records.iter().enumerate().map(point).collect()
}

/// `diverged`: η of the step in which numbers left their range, where they did.
fn finding(points: &[RatePoint], diverged: Option<f64>) -> RateFinding {
    let window = 2 * REACH + 1;
    let Some(start) = points.get(..window) else {
        let last = points.last().map_or(0.0, |point| point.rate);
        return RateFinding::Diverges { rate: diverged.unwrap_or(last) };
    };
    let first = start.iter().map(|point| point.loss).sum::<f64>() / window as f64;
    let squares = start.iter().map(|point| (point.loss - first).powi(2)).sum::<f64>();
    let error = (squares / (window - 1) as f64 / window as f64).sqrt();
    let lowest = (0..points.len())
        .min_by(|&a, &b| points[a].smoothed.total_cmp(&points[b].smoothed))
        .expect("a window of points");
    let (least, last) = (points[lowest].smoothed, points[points.len() - 1].rate);
    let above = |from: usize, level: f64| {
        let found = points[from..].iter().find(|point| point.smoothed > level);
        found.map(|point| point.rate).or(diverged)
    };
    match least {
        least if least >= UNCHANGED * first => {
            RateFinding::Flat { first, least, last, rises: above(0, first / UNCHANGED) }
        }
        least if first - least < CLEAR * error => RateFinding::Unclear { first, least },
        least => RateFinding::Falls {
            steepest: points[steepest(points, lowest)].rate,
            lowest: points[lowest].rate,
            first,
            least,
            rises: above(lowest, first),
        },
    }
}

/// Where the smoothed loss falls most by step, and so by decade, up to its lowest place: the least
/// slope of a straight line through the points at most seven steps away.
fn steepest(points: &[RatePoint], lowest: usize) -> usize {
    let slope = |at: usize| {
        let near = at.saturating_sub(REACH)..(at + REACH + 1).min(points.len());
        let middle = 0.5 * (near.start + near.end - 1) as f64;
        let pairs = near.map(|index| (index as f64 - middle, points[index].smoothed));
        let (product, square) =
            pairs.fold((0.0, 0.0), |(product, square), (x, y)| (product + x * y, square + x * x));
        product / square
    };
    (0..=lowest).min_by(|&a, &b| slope(a).total_cmp(&slope(b))).expect("a point at least")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tested(text: &str) -> RateTest {
        let experiment = Experiment::from_toml(text).expect("a valid file");
        let task = TaskContext::unattended();
        rate_test(&experiment, RateRange::default(), &mut DrawStudy::new(), &task).expect("trains")
    }

    const SMALL: &str = "[architecture]\ninput = 6\nwidth = 16\noutput = 2\nbatch = 16\n";

    #[test]
    fn rates_grow_by_the_same_factor() {
        let range = RateRange { low: 1e-4, high: 1.0, steps: 5 };
        for (step, rate) in [1e-4, 1e-3, 1e-2, 1e-1, 1.0].into_iter().enumerate() {
            assert!((range.rate(step) / rate - 1.0).abs() < 1e-12);
        }
    }

    /// The finding again from the losses alone, and that a training at the suggested rate learns while
    /// one at the rate where the loss rises does not.
    #[test]
    fn a_healthy_network_is_given_a_rate_at_which_it_learns() {
        for (variant, optimizer) in [("tanh", "sgd"), ("tanh", "adam"), ("relu", "momentum")] {
            let text = |training: &str| {
                format!(
                    "{SMALL}depth = 3\n[training]\noptimizer = '{optimizer}'\n{training}\n[[variant]]\nactivation = '{variant}'\noutput_activation = 'linear'\ninit = {{ scheme = 'he_normal' }}"
                )
            };
            let test = tested(&text(""));
            let VariantRates { points, finding, .. } = &test.variants[0];
            let RateFinding::Falls { steepest, lowest, first, least, rises } = finding else {
                panic!("{variant} {optimizer}: {finding:?}");
            };
            let mean = |points: &[RatePoint]| {
                points.iter().map(|point| point.loss).sum::<f64>() / points.len() as f64
            };
            assert!((mean(&points[..15]) / first - 1.0).abs() < 1e-12);
            for (at, point) in points.iter().enumerate() {
                let near = &points[at.saturating_sub(7)..points.len().min(at + 8)];
                assert!((mean(near) / point.smoothed - 1.0).abs() < 1e-12);
                assert!(point.smoothed >= *least);
            }
            assert!(steepest <= lowest && *least < 0.95 * first);
            let rises = rises.expect("every rate is tried that makes it diverge");
            let beyond = points.iter().find(|point| point.rate >= rises);
            assert!(beyond.is_none_or(|point| point.smoothed > *first));
            let learned = |rate: f64| {
                let training = format!("steps = 300\nlearning_rate = {rate}");
                let experiment = Experiment::from_toml(&text(&training)).expect("a valid file");
                let task = TaskContext::unattended();
                let training = Training::<f64>::new(&experiment, &mut DrawStudy::new(), &task);
                let mut training = training.expect("trains");
                training.run(1, &task).expect("nobody stops it");
                let learner = &training.learners()[0];
                let last = learner.records().last().expect("records").loss;
                if learner.divergence().is_some() { f64::INFINITY } else { last / first }
            };
            assert!(learned(*steepest) < 0.5, "{variant} {optimizer} {finding:?}");
            // Adam's steps stay bounded, and the network may come back: it is worse all the same.
            let (taken, beyond) = (learned(*steepest), learned(3.0 * rises));
            assert!(beyond > 10.0 * taken, "{variant} {optimizer} {taken} {beyond}");
        }
    }

    fn planted(losses: impl Iterator<Item = f64>) -> Vec<RatePoint> {
        let record = |(step, loss): (usize, f64)| TrainingRecord {
            step,
            rate: RateRange::default().rate(step),
            loss,
            accuracy: None,
            test: None,
            layers: [].into(),
            mixed: None,
        };
        points(&losses.enumerate().map(record).collect::<Vec<_>>())
    }

    #[test]
    fn where_nothing_can_be_told_it_says_so() {
        // Nothing falls.
        let flat = finding(&planted((0..240).map(|_| 0.7)), None);
        assert!(matches!(flat, RateFinding::Flat { rises: None, .. }), "{flat:?}");
        assert_eq!(flat.suggested(), None);
        // What falls is less than minibatches differ.
        let noise = |step: usize| [0.2, 2.6, 0.1][step % 3] * if step > 120 { 0.93 } else { 1.0 };
        let unclear = finding(&planted((0..240).map(noise)), None);
        assert!(matches!(unclear, RateFinding::Unclear { .. }), "{unclear:?}");
        // It leaves the range before there is a first loss.
        let diverges = finding(&planted((0..3).map(|_| 1e300)), Some(1e-5));
        assert_eq!(diverges, RateFinding::Diverges { rate: 1e-5 });
        // A straight fall from 1 to ½ over steps 100 to 140, and a rise from 200 on.
        let course = |step: usize| match step {
            ..100 => 1.0,
            100..140 => 1.0 - 0.0125 * (step - 100) as f64,
            140..200 => 0.5,
            _ => 0.5 + 0.1 * (step - 200) as f64,
        };
        let falls = finding(&planted((0..240).map(course)), None);
        let RateFinding::Falls { steepest, lowest, rises: Some(rises), .. } = falls else {
            panic!("{falls:?}");
        };
        let range = RateRange::default();
        assert!((range.rate(106)..=range.rate(134)).contains(&steepest), "{falls:?}");
        assert!((range.rate(146)..=range.rate(194)).contains(&lowest), "{falls:?}");
        assert!((range.rate(203)..=range.rate(207)).contains(&rises), "{falls:?}");
    }
}
