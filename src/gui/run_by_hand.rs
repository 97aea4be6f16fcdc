//! What the worker makes of an experiment: every text that the page shows.

use std::sync::Arc;

use crate::experiment::Experiment;
use crate::gui::chapter::prose::spoken_formula;
use crate::study::{
    DrawStudy, Given, Part, Step, StepKind, Steps, StepsError, Stopped, TaskContext, Values, steps,
};

/// What is asked of the worker.
#[derive(Clone, PartialEq)]
pub struct Question {
    pub experiment: Experiment,
    /// From 0.
    pub variant: usize,
    /// From 0.
    pub example: usize,
}

/// The run, or a sentence why there is none.
pub struct Answer {
    pub run: Result<Run, String>,
}

/// A run in LaTeX and words.
pub struct Run {
    pub question: Question,
    pub steps: Vec<Arc<Shown>>,
    /// What the texts are made of.
    pub numbers: Arc<Steps>,
    /// The numbers that the run has, drawn or given.
    pub given: Given,
}

/// One step.
#[derive(Debug, PartialEq)]
pub struct Shown {
    pub phase: &'static str,
    /// The entry in the list.
    pub entry: String,
    pub title: String,
    pub symbols: Equation,
    pub numbers: Equation,
    pub between: Vec<Equation>,
    pub result: Equation,
    /// What the run came to, at its last step.
    pub remark: Option<String>,
    /// The whole for a document.
    pub latex: String,
}

/// An equation to be set.
#[derive(Debug, PartialEq)]
pub struct Equation {
    pub latex: String,
    /// The LaTeX broken at its equals signs, a line each.
    pub lines: Vec<String>,
    pub spoken: String,
}

impl Equation {
    fn of(latex: String) -> Self {
        let mut parts = latex.split('=');
        let mut lines: Vec<String> = parts.next().map(str::to_owned).into_iter().collect();
        lines.extend(parts.map(|part| format!("={part}")));
        let spoken = spoken(&latex);
        Self { latex, lines, spoken }
    }
}

/// Runs the example and puts the run into words.
pub fn answer(
    question: Question,
    study: &mut DrawStudy,
    task: &TaskContext<'_>,
) -> Result<Answer, Stopped> {
    let Question { experiment, variant, example } = &question;
    let run = match steps(experiment, *variant, *example, study, task) {
        Ok(run) => run,
        Err(StepsError::Stopped(stopped)) => return Err(stopped),
        Err(error) => return Ok(Answer { run: Err(error.to_string()) }),
    };
    let given = Given::of(experiment, &experiment.variants[*variant], study, task)?;
    let batch = experiment.architecture.batch;
    let shown = run.steps.iter().map(|step| Arc::new(shown(step, &run, batch))).collect();
    Ok(Answer { run: Ok(Run { question, steps: shown, numbers: Arc::new(run), given }) })
}

fn shown(step: &Step, run: &Steps, batch: usize) -> Shown {
    let equation = |values: &Values| Equation::of(values.equation());
    Shown {
        phase: phase(step.kind),
        entry: entry(step),
        title: step.title.clone(),
        symbols: Equation::of(step.symbols.clone()),
        numbers: Equation::of(step.numbers.clone()),
        between: step.between.iter().map(equation).collect(),
        result: equation(&step.result),
        remark: (step.kind == StepKind::LossAgain).then(|| remark(run, batch)),
        latex: step.latex(),
    }
}

/// What the update did to the loss.
fn remark(run: &Steps, batch: usize) -> String {
    let (before, after) = (run.loss, run.loss_after);
    let whose = match (batch, run.example) {
        (1, _) => String::new(),
        (_, Some(example)) => format!(" of example {example} of {batch}"),
        (_, None) => format!(", the mean of the {batch} examples"),
    };
    let moved = match after.partial_cmp(&before) {
        Some(std::cmp::Ordering::Less) => "lowers the loss",
        Some(std::cmp::Ordering::Greater) => "raises the loss",
        Some(std::cmp::Ordering::Equal) => "leaves the loss as it was",
        None => "leaves the loss undefined",
    };
    format!(
        "One update with η = {} {moved}{whose}: {before:.6} before, {after:.6} after.",
        run.learning_rate
    )
}

fn phase(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Forward | StepKind::Loss => "Forward",
        StepKind::Bp1 | StepKind::Bp2 => "Error signals",
        StepKind::Bp3 | StepKind::Bp4 | StepKind::NormGradient => "Gradients",
        StepKind::Update => "Update",
        StepKind::ForwardAgain | StepKind::LossAgain => "Forward again",
    }
}

fn entry(step: &Step) -> String {
    let array = plain(step.result.part);
    match step.kind {
        StepKind::Bp1 => format!("BP1  {array}"),
        StepKind::Bp2 => format!("BP2  {array}"),
        StepKind::Bp3 => format!("BP3  {array}"),
        StepKind::Bp4 => format!("BP4  {array}"),
        StepKind::Update => format!("new  {array}"),
        _ => array,
    }
}

/// An array's symbol without TeX.
fn plain(part: Part) -> String {
    let of = |symbol: &str, layer: usize| format!("{symbol}{}", of_layer(layer));
    match part {
        Part::Input => "x".to_owned(),
        Part::Target => "y".to_owned(),
        Part::Weight(layer) => of("W", layer),
        Part::Bias(layer) => of("b", layer),
        Part::Preactivation(layer) => of("z", layer),
        Part::Activation(layer) => of("a", layer),
        Part::Slope(layer) => format!("σ′({})", of("z", layer)),
        Part::SentBack(layer) => format!("{}ᵀ{}", of("W", layer), of("δ", layer)),
        Part::Delta(layer) => of("δ", layer),
        Part::WeightGradient(layer) => of("∂L/∂W", layer),
        Part::BiasGradient(layer) => of("∂L/∂b", layer),
        Part::Loss => "L".to_owned(),
        Part::SharedWeight => "W".to_owned(),
        Part::SharedBias => "b".to_owned(),
        Part::SharedSentBack(layer) => of("Wᵀδ", layer),
        Part::SharedWeightGradient => "∂L/∂W".to_owned(),
        Part::WeightShare(layer) => format!("∂L/∂W, layer {layer}"),
        Part::SharedBiasGradient => "∂L/∂b".to_owned(),
        Part::Gamma(layer) => of("γ", layer),
        Part::Beta(layer) => of("β", layer),
        Part::Mean(layer) => of("μ", layer),
        Part::Variance(layer) => of("v", layer),
        // No typeface on screen has a z with a hat.
        Part::Normalized(layer) => of("norm", layer),
        Part::NormOutput(layer) => of("u", layer),
        Part::Branch(layer) => of("r", layer),
        Part::Sum(layer) => of("s", layer),
        Part::HandedOn(layer) => of("h", layer),
        Part::NormSlope(layer) => format!("σ′({})", of("u", layer)),
        Part::SkipSlope(layer) => format!("σ′({})", of("h", layer)),
        Part::NormOutputError(layer) => of("∂L/∂u", layer),
        Part::BranchError(layer) => of("∂L/∂r", layer),
        Part::SumError(layer) => of("∂L/∂s", layer),
        Part::HandedOnError(layer) => of("∂L/∂h", layer),
        Part::WithoutSkip(layer) => of("e", layer),
        Part::NormError(layer) => of("g", layer),
        Part::MeanError(layer) => format!("mean of {}", of("g", layer)),
        Part::CentredError(layer) => format!("{} − mean", of("g", layer)),
        Part::AlongFactor(layer) => of("c", layer),
        Part::AlongError(layer) => of("g∥", layer),
        Part::AcrossError(layer) => of("g⊥", layer),
        Part::InverseRoot(layer) => format!("1/√({} + ε)", of("v", layer)),
        Part::EpsilonShare(layer) => format!("ε/({} + ε)", of("v", layer)),
        Part::GammaGradient(layer) => of("∂L/∂γ", layer),
        Part::BetaGradient(layer) => of("∂L/∂β", layer),
    }
}

/// The layer as a superscript in brackets.
pub fn of_layer(layer: usize) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digit = |letter: char| letter.to_digit(10).map_or(letter, |digit| DIGITS[digit as usize]);
    format!("⁽{}⁾", layer.to_string().chars().map(digit).collect::<String>())
}

/// An equation as a screen reader says it; the rows of an array are parted by semicolons.
fn spoken(latex: &str) -> String {
    let arrays = [
        (r"\begin{pmatrix}", " ["),
        (r"\end{pmatrix}", "] "),
        (r"\\", "; "),
        ("&", ", "),
        (r"\infty", "infinity"),
    ];
    let said = arrays.iter().fold(latex.to_owned(), |text, (from, to)| text.replace(from, to));
    spoken_formula(&said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_spoken_row_by_row() {
        let said = spoken(r"\delta^{(1)}=\begin{pmatrix}.1&.2\\.3&.4\end{pmatrix}");
        assert!(said.ends_with("[.1, .2; .3, .4]"), "{said}");
        assert!(!said.contains('\\'), "{said}");
    }

    #[test]
    fn long_equations_break_before_the_equals_sign() {
        let equation = Equation::of("a+b=c=d".to_owned());
        assert_eq!(equation.lines, ["a+b", "=c", "=d"]);
        assert_eq!(of_layer(12), "⁽¹²⁾");
    }
}
