//! The run by hand: one example forward, back and one update, as the chapter's section 16.5
//! does it, every equation with its numbers put in.

mod arrays;
mod backward;
mod forward;
mod given;
mod gradients;
mod groups;
mod latex;
mod loss;
mod norm;
mod norm_backward;
mod round;
mod rows;
mod step;
mod update;
mod walk;

use crate::experiment::{Experiment, Variant};

use super::{DrawStudy, Stopped, TaskContext};

use arrays::Arrays;
use walk::Walk;

pub use given::Given;
pub use step::{Part, Step, StepKind, Steps, Values};

/// Widest layer whose matrices can still be read as equations.
pub const MOST_UNITS: usize = 6;
/// Most layers L of a run by hand.
pub const MOST_LAYERS: usize = 4;
/// Most examples side by side, where batch normalization couples them.
pub const MOST_EXAMPLES: usize = 4;

/// Why a run by hand is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StepsError {
    /// Too wide to read.
    #[error("{}", too_wide(*layer, *units))]
    TooWide {
        /// Which layer; 0 is the input.
        layer: usize,
        /// Its units.
        units: usize,
    },
    /// Too deep to follow.
    #[error(
        "The network has {0} layers, and a run by hand shows at most {MOST_LAYERS}: lower the depth."
    )]
    TooDeep(usize),
    /// Too many examples side by side.
    #[error(
        "“{variant}” normalizes each unit over the batch of {batch}, and a run by hand shows at most {MOST_EXAMPLES} examples side by side: lower the batch, or take layer norm, which leaves each example alone."
    )]
    TooManyExamples {
        /// Whose batch normalization couples them.
        variant: String,
        /// B.
        batch: usize,
    },
    /// No such example.
    #[error("There is no example {example}: the batch has {batch}.")]
    NoExample {
        /// Counted from 1.
        example: usize,
        /// B.
        batch: usize,
    },
    /// No such variant.
    #[error("There is no variant {0}.")]
    NoVariant(usize),
    /// Told to stop.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

fn too_wide(layer: usize, units: usize) -> String {
    let (what, remedy) = match layer {
        0 => ("The input".to_owned(), "lower the number of inputs"),
        _ => (format!("Layer {layer}"), "make it narrower"),
    };
    format!("{what} has {units} units, and a run by hand shows at most {MOST_UNITS}: {remedy}.")
}

/// Whether an experiment is small enough for a run by hand.
///
/// # Errors
/// The first layer that is too wide, or the depth.
pub fn steps_fit(experiment: &Experiment) -> Result<(), StepsError> {
    if experiment.layers() > MOST_LAYERS {
        return Err(StepsError::TooDeep(experiment.layers()));
    }
    match experiment.sizes().into_iter().enumerate().find(|(_, units)| *units > MOST_UNITS) {
        Some((layer, units)) => Err(StepsError::TooWide { layer, units }),
        None => Ok(()),
    }
}

/// A copy of an experiment that is small enough for a run by hand: fewer layers and units where
/// there are too many, one example, or a few where a variant couples them; what is given number by number goes where it no longer fits.
///
/// ```
/// use gradient_lab::experiment::Experiment;
/// use gradient_lab::study::{small_copy, steps_fit};
/// let copy = small_copy(&Experiment::default());
/// assert!(steps_fit(&copy).is_ok());
/// assert_eq!(copy.variants.len(), 2); // the same activations and laws
/// ```
pub fn small_copy(experiment: &Experiment) -> Experiment {
    const UNITS: usize = 3;
    let mut copy = experiment.clone();
    let fitting = |units: usize| if units > MOST_UNITS { UNITS } else { units };
    let architecture = &mut copy.architecture;
    architecture.input = fitting(architecture.input);
    architecture.output = fitting(architecture.output);
    architecture.width = fitting(architecture.width);
    architecture.depth = architecture.depth.min(MOST_LAYERS - 1);
    let batch = if copy.variants.iter().any(Variant::couples_examples) { MOST_EXAMPLES } else { 1 };
    architecture.batch = architecture.batch.min(batch);
    if let Some(hidden) = &mut architecture.hidden {
        hidden.truncate(MOST_LAYERS - 1);
        hidden.iter_mut().for_each(|units| *units = fitting(*units));
    }
    copy.forget_misfits();
    copy
}

/// Runs one example of the batch through one variant's network by hand, in double precision:
/// forward, BP1 to BP4, one update with the experiment's learning rate, forward again. Both
/// `variant` and `example` count from 0. Where batch normalization couples the examples, all of
/// them run side by side, whichever is asked for.
///
/// # Errors
/// A network or a batch too large to read, a variant or an example that is not there, or
/// [`Stopped`].
///
/// ```
/// use gradient_lab::experiment::Preset;
/// use gradient_lab::study::{DrawStudy, TaskContext, steps};
/// let experiment = Preset::find("worked-example").expect("a preset").experiment();
/// let run = steps(&experiment, 0, 0, &mut DrawStudy::new(), &TaskContext::unattended())?;
/// let delta = run.find("bp1").expect("every run has it");
/// assert_eq!(delta.numbers, r"(.803158-.01)\cdot.158095=.125394"); // section 16.5
/// # Ok::<(), gradient_lab::study::StepsError>(())
/// ```
pub fn steps(
    experiment: &Experiment,
    variant: usize,
    example: usize,
    study: &mut DrawStudy,
    task: &TaskContext<'_>,
) -> Result<Steps, StepsError> {
    steps_fit(experiment)?;
    let batch = experiment.architecture.batch;
    if example >= batch {
        return Err(StepsError::NoExample { example: example + 1, batch });
    }
    let chosen = experiment.variants.get(variant).ok_or(StepsError::NoVariant(variant + 1))?;
    let couples = chosen.couples_examples();
    if couples && batch > MOST_EXAMPLES {
        return Err(StepsError::TooManyExamples { variant: chosen.name.clone(), batch });
    }
    let network = study.network::<f64>(experiment, chosen, task)?;
    let network = if couples { network } else { network.with_example(example) };
    let arrays = Arrays::new(network.with_plain_parameters(), chosen);
    let walk = Walk::of(arrays, experiment.step_rate(), chosen.clip);
    Ok(Steps {
        variant: chosen.name.clone(),
        example: (!couples).then_some(example + 1),
        learning_rate: experiment.step_rate(),
        loss: walk.loss,
        loss_after: walk.loss_after,
        steps: walk.steps,
    })
}
