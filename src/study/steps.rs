//! The run by hand: one example forward, back and one update, as the chapter's section 16.5
//! does it, every equation with its numbers put in.

mod given;
mod latex;
mod rows;
mod step;
mod walk;

use crate::experiment::Experiment;

use super::{DrawStudy, Stopped, TaskContext};

pub use given::Given;
pub use step::{Part, Step, StepKind, Steps, Values};

/// Widest layer whose matrices can still be read as equations.
pub const MOST_UNITS: usize = 6;
/// Most layers L of a run by hand.
pub const MOST_LAYERS: usize = 4;

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
    /// More than weights and activations.
    #[error(
        "“{0}” has normalization, skips or tied weights, and a run by hand writes out plain layers: choose another variant, or set them to none."
    )]
    NotPlain(String),
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
/// there are too many, one example; what is given number by number goes where it no longer fits.
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
    architecture.batch = 1;
    if let Some(hidden) = &mut architecture.hidden {
        hidden.truncate(MOST_LAYERS - 1);
        hidden.iter_mut().for_each(|units| *units = fitting(*units));
    }
    copy.forget_misfits();
    copy
}

/// Runs one example of the batch through one variant's network by hand, in double precision:
/// forward, BP1 to BP4, one update with the experiment's learning rate, forward again. Both
/// `variant` and `example` count from 0.
///
/// # Errors
/// A network too large to read, a variant or an example that is not there, or [`Stopped`].
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
    if !chosen.is_plain() {
        return Err(StepsError::NotPlain(chosen.name.clone()));
    }
    let network = study.network::<f64>(experiment, chosen, task)?;
    let network = network.with_example(example).with_plain_parameters();
    let walk = walk::Walk::of(network, experiment.step_rate(), chosen.clip);
    Ok(Steps {
        variant: chosen.name.clone(),
        example: example + 1,
        learning_rate: experiment.step_rate(),
        loss: walk.loss,
        loss_after: walk.loss_after,
        steps: walk.steps,
    })
}
