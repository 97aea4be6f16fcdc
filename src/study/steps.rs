//! The run by hand: one example forward, back and one update, as the chapter's section 16.5
//! does it, every equation with its numbers put in.

mod given;
mod latex;
mod rows;
mod walk;

use serde::Serialize;

use crate::experiment::Experiment;

use super::{DrawStudy, Stopped, TaskContext};

pub use given::Given;

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

/// An array of the network, for marking it in a picture. Layers count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case", tag = "array", content = "layer")]
pub enum Part {
    /// x = a^(0).
    Input,
    /// y.
    Target,
    /// W^(l).
    Weight(usize),
    /// b^(l).
    Bias(usize),
    /// z^(l).
    Preactivation(usize),
    /// a^(l).
    Activation(usize),
    /// σ′(z^(l)).
    Slope(usize),
    /// W^(l)ᵀ δ^(l), the signal that leaves layer l downwards.
    SentBack(usize),
    /// δ^(l).
    Delta(usize),
    /// ∂L/∂W^(l).
    WeightGradient(usize),
    /// ∂L/∂b^(l).
    BiasGradient(usize),
    /// L.
    Loss,
}

impl Part {
    /// The array's symbol, LaTeX.
    pub fn symbol(self) -> String {
        match self {
            Self::Input => "x".to_owned(),
            Self::Target => "y".to_owned(),
            Self::Weight(layer) => format!("W^{{({layer})}}"),
            Self::Bias(layer) => format!("b^{{({layer})}}"),
            Self::Preactivation(layer) => format!("z^{{({layer})}}"),
            Self::Activation(layer) => format!("a^{{({layer})}}"),
            Self::Slope(layer) => format!(r"\sigma'(z^{{({layer})}})"),
            Self::SentBack(layer) => {
                format!(r"(W^{{({layer})}})^{{\top}}\delta^{{({layer})}}")
            }
            Self::Delta(layer) => format!(r"\delta^{{({layer})}}"),
            Self::WeightGradient(layer) => {
                format!(r"\frac{{\partial L}}{{\partial W^{{({layer})}}}}")
            }
            Self::BiasGradient(layer) => {
                format!(r"\frac{{\partial L}}{{\partial b^{{({layer})}}}}")
            }
            Self::Loss => "L".to_owned(),
        }
    }
}

/// What kind of step this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// z and a of a layer.
    Forward,
    /// The loss.
    Loss,
    /// δ^(L).
    Bp1,
    /// δ^(l) of a hidden layer.
    Bp2,
    /// ∂L/∂W^(l).
    Bp3,
    /// ∂L/∂b^(l).
    Bp4,
    /// One step of gradient descent.
    Update,
    /// z and a of a layer after the update.
    ForwardAgain,
    /// The loss after the update.
    LossAgain,
}

/// One array with its values: vectors are n × 1, the loss 1 × 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Values {
    /// Which array.
    #[serde(flatten)]
    pub part: Part,
    /// Row by row.
    pub rows: Vec<Vec<f64>>,
}

impl Values {
    /// The array's symbol, an equals sign and its numbers, LaTeX.
    pub fn equation(&self) -> String {
        let digits = match self.part {
            Part::Weight(_) | Part::Bias(_) => latex::Digits::Updated,
            _ => latex::Digits::Computed,
        };
        format!("{}={}", self.part.symbol(), latex::matrix(&self.rows, digits))
    }
}

/// One equation of the run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// A name that no other step of the run has: `bp2-1`, `update-w2`, `again-z1`.
    pub id: String,
    /// What kind of step.
    pub kind: StepKind,
    /// Which layer, from 1; none for the loss.
    pub layer: Option<usize>,
    /// What happens, in words.
    pub title: String,
    /// The equation in symbols, LaTeX.
    pub symbols: String,
    /// The equation with the numbers put in, LaTeX.
    pub numbers: String,
    /// What it gives.
    pub result: Values,
    /// Arrays that it computes on the way: the slope, the signal sent back.
    pub between: Vec<Values>,
    /// What it reads.
    pub reads: Vec<Part>,
}

/// The whole run, in the order in which a person would do it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Steps {
    /// Which variant.
    pub variant: String,
    /// Which example of the batch, from 1. Loss, gradients and update are this example's own.
    pub example: usize,
    /// η.
    pub learning_rate: f64,
    /// L before the update.
    pub loss: f64,
    /// L after it.
    pub loss_after: f64,
    /// The equations.
    pub steps: Vec<Step>,
}

impl Steps {
    /// The step of that id.
    pub fn find(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }
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
    let network = study.network::<f64>(experiment, chosen, task)?;
    let network = network.with_example(example).with_plain_parameters();
    let walk = walk::Walk::of(network, experiment.learning_rate);
    Ok(Steps {
        variant: chosen.name.clone(),
        example: example + 1,
        learning_rate: experiment.learning_rate,
        loss: walk.loss,
        loss_after: walk.loss_after,
        steps: walk.steps,
    })
}

#[cfg(test)]
mod tests;
