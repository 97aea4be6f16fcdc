//! What a run by hand consists of: its steps, and the arrays that they read and make.

use serde::Serialize;

use super::latex;

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

impl Step {
    /// The equation in symbols and below it the numbers, aligned at their equals signs: LaTeX for
    /// a document with `amsmath`.
    ///
    /// ```
    /// use gradient_lab::experiment::Preset;
    /// use gradient_lab::study::{DrawStudy, TaskContext, steps};
    /// let example = Preset::find("worked-example").expect("a preset").experiment();
    /// let run = steps(&example, 0, 0, &mut DrawStudy::new(), &TaskContext::unattended())?;
    /// let step = run.find("a2").expect("a step");
    /// assert_eq!(
    ///     step.latex(),
    ///     r"\begin{align*}
    /// a^{(2)}&=\sigma\left(z^{(2)}\right)\\
    /// &=\sigma\left(1.406150\right)\\
    /// &=.803158
    /// \end{align*}
    /// "
    /// );
    /// # Ok::<(), gradient_lab::study::StepsError>(())
    /// ```
    pub fn latex(&self) -> String {
        let relation = if self.kind == StepKind::Update { r"\leftarrow" } else { "=" };
        let symbols = self.symbols.replacen(relation, &format!("&{relation}"), 1);
        let numbers = self.numbers.split('=').map(|part| format!("&={part}"));
        let lines = [symbols].into_iter().chain(numbers).collect::<Vec<_>>().join("\\\\\n");
        format!("\\begin{{align*}}\n{lines}\n\\end{{align*}}\n")
    }
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
