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
    /// W of the layers that share one.
    SharedWeight,
    /// b of the layers that share one.
    SharedBias,
    /// Wᵀ δ^(l), where W is shared.
    SharedSentBack(usize),
    /// ∂L/∂W of the layers that share W.
    SharedWeightGradient,
    /// δ^(l) a^(l−1)ᵀ, what layer l adds to ∂L/∂W where W is shared.
    WeightShare(usize),
    /// ∂L/∂b of the layers that share b.
    SharedBiasGradient,
    /// γ^(l) of a normalization.
    Gamma(usize),
    /// β^(l) of a normalization.
    Beta(usize),
    /// μ^(l), of what is normalized.
    Mean(usize),
    /// v^(l), of what is normalized; of RMS normalization its mean square.
    Variance(usize),
    /// ẑ^(l).
    Normalized(usize),
    /// u^(l) = γ ⊙ ẑ + β, which φ is taken of.
    NormOutput(usize),
    /// r^(l), the layer's own share beside a skip.
    Branch(usize),
    /// s^(l) = h^(l−1) + α r^(l), where that is normalized.
    Sum(usize),
    /// h^(l), what the skip of the layer above adds.
    HandedOn(usize),
    /// σ′(u^(l)).
    NormSlope(usize),
    /// σ′(h^(l)).
    SkipSlope(usize),
    /// ∂L/∂u^(l).
    NormOutputError(usize),
    /// ∂L/∂r^(l).
    BranchError(usize),
    /// ∂L/∂s^(l).
    SumError(usize),
    /// ∂L/∂h^(l).
    HandedOnError(usize),
    /// e^(l), what comes back to the start of a skip by the way of the weights.
    WithoutSkip(usize),
    /// g^(l) = γ ⊙ ∂L/∂u.
    NormError(usize),
    /// The mean of g^(l).
    MeanError(usize),
    /// g^(l) without its mean.
    CentredError(usize),
    /// Of g^(l) without its mean, how much of ẑ^(l) there is in it.
    AlongFactor(usize),
    /// g∥^(l), the part along ẑ^(l) of g^(l) without its mean.
    AlongError(usize),
    /// g⊥^(l), what is left of g^(l).
    AcrossError(usize),
    /// 1/√(v + ε).
    InverseRoot(usize),
    /// ε/(v + ε).
    EpsilonShare(usize),
    /// ∂L/∂γ^(l).
    GammaGradient(usize),
    /// ∂L/∂β^(l).
    BetaGradient(usize),
}

impl Part {
    /// The array's symbol, LaTeX.
    pub fn symbol(self) -> String {
        match self {
            Self::Input => "x".to_owned(),
            Self::Target => "y".to_owned(),
            Self::Weight(layer) => of(layer, "W"),
            Self::Bias(layer) => of(layer, "b"),
            Self::Preactivation(layer) => of(layer, "z"),
            Self::Activation(layer) => of(layer, "a"),
            Self::Slope(layer) => slope(Self::Preactivation(layer)),
            Self::SentBack(layer) => {
                format!(r"({})^{{\top}}{}", of(layer, "W"), of(layer, r"\delta"))
            }
            Self::Delta(layer) => of(layer, r"\delta"),
            Self::WeightGradient(layer) => derivative(&Self::Weight(layer).symbol()),
            Self::BiasGradient(layer) => derivative(&Self::Bias(layer).symbol()),
            Self::Loss => "L".to_owned(),
            Self::SharedWeight => "W".to_owned(),
            Self::SharedBias => "b".to_owned(),
            Self::SharedSentBack(layer) => format!(r"W^{{\top}}{}", of(layer, r"\delta")),
            Self::SharedWeightGradient => derivative("W"),
            Self::WeightShare(layer) => format!(r"\left.{}\right|_{{({layer})}}", derivative("W")),
            Self::SharedBiasGradient => derivative("b"),
            Self::Gamma(layer) => of(layer, r"\gamma"),
            Self::Beta(layer) => of(layer, r"\beta"),
            Self::Mean(layer) => of(layer, r"\mu"),
            Self::Variance(layer) => of(layer, "v"),
            Self::Normalized(layer) => of(layer, r"\hat z"),
            Self::NormOutput(layer) => of(layer, "u"),
            Self::Branch(layer) => of(layer, "r"),
            Self::Sum(layer) => of(layer, "s"),
            Self::HandedOn(layer) => of(layer, "h"),
            Self::NormSlope(layer) => slope(Self::NormOutput(layer)),
            Self::SkipSlope(layer) => slope(Self::HandedOn(layer)),
            Self::NormOutputError(layer) => derivative(&Self::NormOutput(layer).symbol()),
            Self::BranchError(layer) => derivative(&Self::Branch(layer).symbol()),
            Self::SumError(layer) => derivative(&Self::Sum(layer).symbol()),
            Self::HandedOnError(layer) => derivative(&Self::HandedOn(layer).symbol()),
            Self::WithoutSkip(layer) => of(layer, "e"),
            Self::NormError(layer) => of(layer, "g"),
            Self::MeanError(layer) => of(layer, r"\bar g"),
            Self::CentredError(layer) => of(layer, r"\tilde g"),
            Self::AlongFactor(layer) => of(layer, "c"),
            Self::AlongError(layer) => of(layer, r"g_{\parallel}"),
            Self::AcrossError(layer) => of(layer, r"g_{\perp}"),
            Self::InverseRoot(layer) => {
                format!(r"\frac{{1}}{{\sqrt{{{}+\varepsilon}}}}", Self::Variance(layer).symbol())
            }
            Self::EpsilonShare(layer) => {
                format!(r"\frac{{\varepsilon}}{{{}+\varepsilon}}", Self::Variance(layer).symbol())
            }
            Self::GammaGradient(layer) => derivative(&Self::Gamma(layer).symbol()),
            Self::BetaGradient(layer) => derivative(&Self::Beta(layer).symbol()),
        }
    }

    /// Whether it is learned.
    pub fn is_parameter(self) -> bool {
        matches!(
            self,
            Self::Weight(_)
                | Self::Bias(_)
                | Self::SharedWeight
                | Self::SharedBias
                | Self::Gamma(_)
                | Self::Beta(_)
        )
    }
}

/// A symbol with its layer.
fn of(layer: usize, symbol: &str) -> String {
    format!("{symbol}^{{({layer})}}")
}

fn derivative(symbol: &str) -> String {
    format!(r"\frac{{\partial L}}{{\partial {symbol}}}")
}

fn slope(part: Part) -> String {
    format!(r"\sigma'({})", part.symbol())
}

/// What kind of step this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// What an op of a layer makes: z, a, and what lies between them.
    Forward,
    /// The loss.
    Loss,
    /// δ^(L).
    Bp1,
    /// δ^(l) of a hidden layer, and what comes back to its other ops.
    Bp2,
    /// ∂L/∂W^(l).
    Bp3,
    /// ∂L/∂b^(l).
    Bp4,
    /// ∂L/∂γ^(l) or ∂L/∂β^(l).
    NormGradient,
    /// One step of gradient descent.
    Update,
    /// What an op of a layer makes after the update.
    ForwardAgain,
    /// The loss after the update.
    LossAgain,
}

/// One array with its values: vectors are n × 1, or n × B where the examples of a batch are
/// coupled, and the loss is 1 × 1.
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
        let digits = match self.part.is_parameter() {
            true => latex::Digits::Updated,
            false => latex::Digits::Computed,
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
    /// Which layer, from 1; none for the loss and for what layers share.
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
    /// A step that makes an array, of which words, equation and what it reads are still to be said.
    pub(super) fn making(kind: StepKind, layer: Option<usize>, result: Values) -> Self {
        let (id, title, symbols, numbers) = Default::default();
        Self {
            id,
            kind,
            layer,
            title,
            symbols,
            numbers,
            result,
            between: Vec::new(),
            reads: Vec::new(),
        }
    }

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
    /// Which example of the batch, from 1. Loss, gradients and update are this example's own. None
    /// where batch normalization couples the examples: then arrays have a column for each of them,
    /// δ is that of its own loss, and loss, gradients and update are those of the mean.
    pub example: Option<usize>,
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
