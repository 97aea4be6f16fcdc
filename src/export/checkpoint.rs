//! A training as a safetensors file: all parameters, and what the optimizers keep to go on.

use std::collections::HashMap;
use std::io::Write;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::engine::{LossScaler, MixedState, Moments, RunningStatistics, SlotKind};
use crate::experiment::Precision;
use crate::study::{Learner, Training};

use super::weights::{
    METADATA_KEY, Number, Tensor, WeightsError, header_of, parameters, write_network, write_numbers,
};

/// Begins the line of the metadata that says how many steps the training has taken. A key of its own
/// would have no fixed place among the others.
const STEPS: &str = "# Steps taken: ";

/// What the tensors are, for whoever opens the file without the lab.
const LAYOUT: &str = "\
# <variant>.<l>.weight: W of layer l, from 1, outputs × inputs, so that z = W a + b.
# <variant>.<l>.bias: b of layer l.
# <variant>.<l>.norm.weight, .norm.bias: γ and β of a normalized layer; .norm.running_mean and
# .norm.running_var are F64.
# <variant>.loss_scaler: of a training in fp16 or bf16, I64: log2 of the loss scale, steps since it
# changed or a gradient overflowed, steps that were skipped.
# A name of these and .momentum_buffer, .exp_avg or .exp_avg_sq: what the optimizer keeps of it.
# All row-major, F64 or, where the network learned in single precision, F32.
";

/// Why a training cannot go on from a file. The words name no file; whoever shows them does.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// The system's words.
    #[error("reading it failed: {0}.")]
    Read(std::io::Error),
    /// Not a safetensors file, or a damaged one.
    #[error("it is no whole safetensors file: {0}.")]
    Format(safetensors::SafeTensorError),
    /// A file of weights alone.
    #[error("it does not say after how many steps it was written; give a file of train --weights.")]
    NoSteps,
    /// More steps than this training takes.
    #[error(
        "it was written after {taken} steps, and this training takes {steps}: set training.steps to more."
    )]
    Finished {
        /// Steps behind the file.
        taken: usize,
        /// Those of the experiment.
        steps: usize,
    },
    /// A file of a narrow format's training from before loss scale and skipped steps were kept.
    #[error(
        "it keeps neither the loss scale nor the skipped steps that a training in {0} goes on with: set architecture.precision to \"f32\", or give the file as weights = {{ file = … }} to begin with its networks."
    )]
    Narrow(&'static str),
    /// A loss scale or a count that no training leaves.
    #[error("its tensor “{0}” has a number that no training leaves.")]
    LossScaler(String),
    /// Something is not there.
    #[error("it has no tensor “{0}”; give a file that train wrote of this experiment.")]
    Missing(String),
    /// Something is of another type or shape.
    #[error(
        "its tensor “{name}” is {found}, and this experiment takes {expected}; give a file that train wrote of this experiment."
    )]
    Other {
        /// The tensor.
        name: String,
        /// Its type and shape.
        found: String,
        /// What is needed.
        expected: String,
    },
    /// A number that no training leaves.
    #[error("its tensor “{0}” has an entry that is not a finite number.")]
    NotFinite(String),
}

/// Bytes of the file that [`write()`] makes.
///
/// # Errors
/// [`WeightsError::Format`].
pub fn size<T: Number>(training: &Training<T>) -> Result<u64, WeightsError> {
    let (header, data) = header(training)?;
    Ok(header.len() as u64 + data)
}

/// Writes every variant's parameters as they are now, and what the optimizers keep of them.
///
/// # Errors
/// [`WeightsError`]: `out` takes no more.
pub fn write<T: Number>(training: &Training<T>, out: &mut impl Write) -> Result<(), WeightsError> {
    out.write_all(&header(training)?.0)?;
    for learner in training.learners() {
        write_network(&learner.trainer().network(), &mut || true, out)?;
        for state in learner.trainer().states() {
            write_numbers(state.moments.first.into_iter(), out)?;
            write_numbers(state.moments.second.into_iter(), out)?;
        }
        for running in learner.trainer().running() {
            write_numbers(running.mean.iter().copied(), out)?;
            write_numbers(running.variance.iter().copied(), out)?;
        }
        if let Some(MixedState { power, finite_steps, skipped }) = learner.trainer().mixed_state() {
            for number in [power, finite_steps.into(), skipped as i64] {
                out.write_all(&number.to_le_bytes())?;
            }
        }
    }
    Ok(())
}

fn header<T: Number>(training: &Training<T>) -> Result<(Vec<u8>, u64), WeightsError> {
    let experiment = training.experiment();
    let sizes = experiment.sizes();
    let mut tensors = Vec::new();
    for (learner, variant) in training.learners().iter().zip(&experiment.variants) {
        tensors.extend(parameters(&sizes, variant, T::DTYPE));
        tensors.extend(
            states(learner).into_iter().flat_map(|(first, second)| first.into_iter().chain(second)),
        );
        tensors.extend(running(learner).into_iter().flatten());
        tensors.extend(learner.trainer().mixed_state().map(|_| loss_scaler(learner)));
    }
    let (taken, experiment) = (training.steps_taken(), experiment.to_toml());
    let text = format!("{LAYOUT}{STEPS}{taken}\n\n{experiment}");
    header_of(tensors, HashMap::from([(METADATA_KEY.to_owned(), text)]))
}

/// The tensors of what the optimizer keeps of each array, in its order.
fn states<T: Number>(learner: &Learner<T>) -> Vec<(Option<Tensor>, Option<Tensor>)> {
    let has_moments = learner.trainer().optimizer().settings.optimizer.has_moments();
    let [first, second] =
        if has_moments { ["exp_avg", "exp_avg_sq"] } else { ["momentum_buffer", ""] };
    let of = |state: crate::engine::SlotState<T>| {
        let tensor = |suffix: &str, numbers: usize| {
            let (layer, kind) = (state.layer, state.kind.tensor());
            let name = format!("{}.{layer}.{kind}.{suffix}", learner.name());
            (numbers > 0).then(|| (name, T::DTYPE, vec![numbers]))
        };
        (tensor(first, state.moments.first.len()), tensor(second, state.moments.second.len()))
    };
    learner.trainer().states().map(of).collect()
}

fn running<T: Number>(learner: &Learner<T>) -> Vec<[Tensor; 2]> {
    let of = |running: &RunningStatistics| {
        ["running_mean", "running_var"].map(|statistic| {
            let name = format!("{}.{}.norm.{statistic}", learner.name(), running.layer);
            (name, Dtype::F64, vec![running.mean.len()])
        })
    };
    learner.trainer().running().iter().map(of).collect()
}

/// The tensor of what a training in a narrow format keeps besides.
fn loss_scaler<T: Number>(learner: &Learner<T>) -> Tensor {
    (format!("{}.loss_scaler", learner.name()), Dtype::I64, vec![3])
}

/// What a training in a narrow format kept after `taken` steps.
fn read_mixed<T: Number>(
    file: &SafeTensors<'_>,
    learner: &Learner<T>,
    precision: Precision,
    taken: usize,
) -> Result<MixedState, ResumeError> {
    let tensor = loss_scaler(learner);
    let bytes = match bytes_of(file, &tensor) {
        Err(ResumeError::Missing(_)) => return Err(ResumeError::Narrow(precision.id())),
        bytes => bytes?,
    };
    let (numbers, _) = bytes.as_chunks();
    let [power, finite_steps, skipped] =
        [0, 1, 2].map(|place: usize| i64::from_le_bytes(numbers[place]));
    let state = || {
        let skipped = usize::try_from(skipped).ok().filter(|skipped| *skipped <= taken)?;
        let finite_steps = u32::try_from(finite_steps).ok()?;
        LossScaler::POWERS.contains(&power).then_some(MixedState { power, finite_steps, skipped })
    };
    state().ok_or(ResumeError::LossScaler(tensor.0))
}

/// Has a training that is still to begin go on where the one stopped that wrote the file.
///
/// # Errors
/// [`ResumeError`]; the training may then have some of the file's numbers, and must not run.
pub fn resume<T: Number>(training: &mut Training<T>, bytes: &[u8]) -> Result<(), ResumeError> {
    let precision = training.experiment().architecture.precision;
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(ResumeError::Format)?;
    let text = metadata.metadata().as_ref().and_then(|all| all.get(METADATA_KEY));
    let steps = text.and_then(|text| text.lines().find_map(|line| line.strip_prefix(STEPS)));
    let taken = steps.and_then(|steps| steps.parse().ok()).ok_or(ResumeError::NoSteps)?;
    let steps = training.experiment().training_steps();
    if taken >= steps {
        return Err(ResumeError::Finished { taken, steps });
    }
    let file = SafeTensors::deserialize(bytes).map_err(ResumeError::Format)?;
    let (sizes, variants) = (training.experiment().sizes(), training.experiment().variants.clone());
    for (learner, variant) in training.learners_mut().iter_mut().zip(&variants) {
        let prefix = format!("{}.", learner.name());
        for tensor in parameters(&sizes, variant, T::DTYPE) {
            let numbers = read::<T>(&file, &tensor)?;
            let place = tensor.0.strip_prefix(&prefix).and_then(|rest| rest.split_once('.'));
            let (layer, kind) = place.expect("a tensor is named after its variant and layer");
            let layer = layer.parse().expect("layers have numbers");
            let kinds = [SlotKind::Weight, SlotKind::Bias, SlotKind::Gamma, SlotKind::Beta];
            let kind = kinds.into_iter().find(|own| own.tensor() == kind);
            learner.trainer_mut().set_parameters(layer, kind.expect("one of four"), &numbers);
        }
        let mut moments = Vec::new();
        for (first, second) in states(learner) {
            let numbers = |tensor: Option<Tensor>| match tensor {
                Some(tensor) => read::<T>(&file, &tensor),
                None => Ok(Vec::new()),
            };
            moments.push(Moments { first: numbers(first)?, second: numbers(second)? });
        }
        let mut statistics = learner.trainer().running().to_vec();
        for (statistics, [mean, variance]) in statistics.iter_mut().zip(running(learner)) {
            statistics.mean = read::<f64>(&file, &mean)?;
            statistics.variance = read::<f64>(&file, &variance)?;
        }
        let mut updates = taken;
        if precision.is_emulated() {
            let state = read_mixed(&file, learner, precision, taken)?;
            updates -= state.skipped;
            learner.trainer_mut().resume_mixed(state);
        }
        learner.trainer_mut().resume(updates, moments, statistics);
    }
    training.resume_at(taken);
    Ok(())
}

/// A tensor's numbers.
fn read<T: Number>(file: &SafeTensors<'_>, tensor: &Tensor) -> Result<Vec<T>, ResumeError> {
    let numbers = T::all(bytes_of(file, tensor)?);
    match numbers.iter().all(|number| number.to_f64().is_finite()) {
        true => Ok(numbers),
        false => Err(ResumeError::NotFinite(tensor.0.clone())),
    }
}

/// The bytes of a tensor of that name, type and shape.
fn bytes_of<'a>(
    file: &SafeTensors<'a>,
    (name, dtype, shape): &Tensor,
) -> Result<&'a [u8], ResumeError> {
    let tensor = file.tensor(name).map_err(|_| ResumeError::Missing(name.clone()))?;
    let is_it = |tensor: &TensorView<'_>| tensor.dtype() == *dtype && tensor.shape() == shape;
    if !is_it(&tensor) {
        let words = |dtype: Dtype, shape: &[usize]| format!("{dtype:?} {shape:?}");
        return Err(ResumeError::Other {
            name: name.clone(),
            found: words(tensor.dtype(), tensor.shape()),
            expected: words(*dtype, shape),
        });
    }
    Ok(tensor.data())
}
