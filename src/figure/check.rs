//! The gradient check: the V of the errors against h, every derivative's own error, and the
//! output layer where backpropagation starts.

use crate::engine::{Parameter, Scaled};
use crate::experiment::Experiment;
use crate::study::{
    CheckSettings, Compared, Cost, Derivative, Errors, GradientCheck, Outcome, Snapshot, StepCheck,
    Unresolved,
};

use super::number::{grouped, plain_or_scientific, scientific, two_digits};
use super::words::check::SHOWS;
use super::{Axis, AxisScale, Chart, Figure, FigureId, Ink, Mark, MarkShape, Note, Panel, words};

/// A check of all parameters with this many multiply-adds is done at once, about a second.
const QUICK: u128 = 500_000_000;

/// Whether a check is done in about a second, so that nobody need ask for it.
pub fn quick_check(experiment: &Experiment, settings: &CheckSettings) -> bool {
    settings.multiply_adds(&Cost::of_experiment(experiment)) <= QUICK
}

/// How many parameters can be checked in about a second, at least one.
pub fn quick_sample(experiment: &Experiment, settings: &CheckSettings) -> u64 {
    let forward = u128::from(Cost::of_experiment(experiment).forward());
    let passes = QUICK / forward.max(1);
    let each = u128::from(settings.passes_each());
    u64::try_from(passes.saturating_sub(1) / each).unwrap_or(u64::MAX).clamp(1, 1000)
}

impl Figure {
    /// A figure of a gradient check: the V, or every derivative. Where there is nothing to
    /// draw, the words alone.
    pub fn of_check(
        id: FigureId,
        experiment: &Experiment,
        variant: usize,
        check: &GradientCheck,
    ) -> Self {
        let chart = match id {
            FigureId::Derivatives => derivatives(check),
            _ => errors(check),
        };
        let panels = chart.map(Panel::Chart).into_iter().collect();
        let words = words::check::sentences(&check.findings());
        let derivatives = match id {
            FigureId::Derivatives => check.details.clone(),
            _ => Vec::new(),
        };
        Self { derivatives, ..with_note(id, experiment, variant, panels, words) }
    }
}

pub(crate) fn with_note(
    id: FigureId,
    experiment: &Experiment,
    variant: usize,
    panels: Vec<Panel>,
    text: String,
) -> Figure {
    let name = experiment.variants.get(variant).map_or(String::new(), |v| v.name.clone());
    let notes = vec![Note { variant, name, text }];
    Figure { notes, ..Figure::new(id, experiment, panels) }
}

/// log10 of an error; none of one that is exactly 0.
fn log10(error: f64) -> Option<f64> {
    (error > 0.0 && error.is_finite()).then(|| libm::log10(error))
}

/// The errors of plain differences against h on two logarithmic axes, over what can be
/// compared.
fn errors(check: &GradientCheck) -> Option<Chart> {
    let best = check.best_step()?;
    let curve = |of: &dyn Fn(&StepCheck) -> Option<f64>| -> Vec<[f64; 2]> {
        let steps = check.steps.iter();
        steps.filter_map(|step| Some([libm::log10(step.step), log10(of(step)?)?])).collect()
    };
    let single = check.steps.len() == 1;
    let mark = |name: &str, ink: Ink, solid: bool, of: &dyn Fn(&StepCheck) -> Option<f64>| {
        let shape = match (single, solid) {
            (true, _) => MarkShape::Points(curve(of)),
            (false, true) => MarkShape::Line(curve(of)),
            (false, false) => MarkShape::Dashed(curve(of)),
        };
        Mark::new(name, ink, shape)
    };
    let (one_sided, centred) = (Ink::Palette(1), Ink::Palette(0));
    let max = |errors: &Errors| errors.worst.relative_error;
    let mut marks = vec![
        mark("one-sided, max", one_sided, false, &|step| step.one_sided.as_ref().map(max)),
        mark("one-sided", one_sided, true, &|step| Some(step.one_sided.as_ref()?.median)),
        mark("centred, max", centred, false, &|step| step.centred.as_ref().map(max)),
        mark("centred", centred, true, &|step| Some(step.centred.as_ref()?.median)),
    ];
    // A best step that shows nothing is none.
    let shows = best.centred.as_ref().is_some_and(|errors| errors.median < SHOWS);
    if !single && shows {
        marks.push(Mark::new("best h", Ink::Weak, MarkShape::At(libm::log10(best.step))));
    }
    let heading = match single {
        true => "Plain differences of the loss at one h",
        false => "Plain differences of the loss at one h for all: the V",
    };
    let (x, y) = (("step h", AxisScale::Log10), ("relative error", AxisScale::Log10));
    let mut chart = Chart::spanning(heading, x, y, marks);
    if let Some(bound) = check.median_bound().and_then(log10) {
        let (low, high) = chart.y.range;
        chart.y.range = (low.min(bound - 0.5), high.max(bound + 0.5));
        chart.marks.insert(0, Mark::new("error bound", Ink::Weak, MarkShape::Level(bound)));
    }
    Some(chart)
}

/// What the legend calls an outcome.
pub(super) fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Agrees => "agrees",
        Outcome::Differs => "differs",
        Outcome::Zero => "exactly 0 both ways",
        Outcome::Unresolved(Unresolved::OnKink) => "on a kink",
        Outcome::Unresolved(Unresolved::BelowRounding) => "below rounding",
    }
}

/// Every checked derivative: how large it is, how far off beside its own error bound.
fn derivatives(check: &GradientCheck) -> Option<Chart> {
    // What agrees to the last bit is off by less than half of that bit.
    let least = 0.5 * check.epsilon;
    let point = |of: &Compared| {
        let floor = least / of.relative_bound()?;
        Some([of.analytic.log10()?, log10(of.share_of_bound()?.max(floor))?])
    };
    let mark = |(ink, outcome): (Ink, Outcome)| {
        let points = check.with(outcome).filter_map(point).collect();
        Mark::new(outcome_name(outcome), ink, MarkShape::Points(points))
    };
    let all = [
        (Ink::Weak, Outcome::Unresolved(Unresolved::BelowRounding)),
        (Ink::Palette(0), Outcome::Agrees),
        (Ink::Palette(1), Outcome::Differs),
    ];
    let some = |mark: &Mark| !mark.readings().is_empty();
    let marks: Vec<Mark> = all.into_iter().map(mark).filter(some).collect();
    if marks.is_empty() {
        return None;
    }
    let (x, y) = (
        ("size of the derivative |∂L/∂θ|", AxisScale::Log10),
        ("difference / bound", AxisScale::Log10),
    );
    // The bound itself is 1.
    let heights: Vec<f64> =
        marks.iter().flat_map(Mark::readings).map(|p| p[1]).chain([0.0]).collect();
    let heading = "Every checked derivative, at a step of its own";
    let mut chart = Chart::spanning(heading, x, y, marks);
    chart.y = Axis::spanning(y.0, y.1, heights);
    chart.marks.insert(0, Mark::new("error bound", Ink::Weak, MarkShape::Level(0.0)));
    Some(chart)
}

/// One kind of difference at its best step, in words for a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckRow {
    /// `one-sided`, `centred`, `own steps`.
    pub name: &'static str,
    /// The forward passes that it takes alone at one h.
    pub passes: String,
    /// The h with the smallest median; the median of steps of their own.
    pub step: String,
    /// The median of the relative errors.
    pub median: String,
    /// The largest.
    pub max: String,
    /// The parameter that it belongs to.
    pub worst: String,
    /// What backpropagation and the difference say of that parameter.
    pub story: String,
}

/// Both kinds of plain differences at one h for all, and steps of their own; only the last
/// where there is nothing to compare.
pub fn check_rows(check: &GradientCheck) -> Vec<CheckRow> {
    let n = check.checked as u128;
    let letter = if check.checked == check.parameters { "P" } else { "N" };
    let one_sided = format!("{} ({letter} + 1)", grouped(n + 1));
    let centred = format!("{} (2{letter})", grouped(2 * n));
    [
        plain_row(check, "one-sided", one_sided, |step| step.one_sided.as_ref()),
        plain_row(check, "centred", centred, |step| step.centred.as_ref()),
        own_row(check),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn plain_row(
    check: &GradientCheck,
    name: &'static str,
    passes: String,
    of: fn(&StepCheck) -> Option<&Errors>,
) -> Option<CheckRow> {
    let best = check.best_by(of)?;
    let Errors { median, worst, .. } = of(best)?;
    Some(CheckRow {
        name,
        passes,
        step: two_digits(best.step),
        median: two_digits(*median),
        max: two_digits(worst.relative_error),
        worst: worst.parameter.to_string(),
        story: story(worst.parameter, worst.analytic, worst.numeric),
    })
}

/// The derivatives that are resolved and not 0, each at its own step.
fn own_row(check: &GradientCheck) -> Option<CheckRow> {
    let comparable = || check.details.iter().filter(|compared| compared.is_comparable());
    let worst = comparable().max_by(|a, b| a.relative_error.total_cmp(&b.relative_error))?;
    let Derivative { parameter, value, .. } = worst.differences;
    let bound = worst.relative_bound().map(two_digits).unwrap_or_default();
    let words = story(parameter, worst.analytic, value);
    let mut steps: Vec<Scaled> = comparable().map(|of| of.differences.step).collect();
    steps.sort_by(|a, b| a.log10().partial_cmp(&b.log10()).unwrap_or(std::cmp::Ordering::Equal));
    let mut errors: Vec<f64> = comparable().map(|of| of.relative_error).collect();
    errors.sort_by(f64::total_cmp);
    Some(CheckRow {
        name: "own steps",
        passes: format!("{} in part", grouped(check.carried_passes.into())),
        step: two_digits(steps[steps.len() / 2]),
        median: two_digits(errors[errors.len() / 2]),
        max: two_digits(worst.relative_error),
        worst: parameter.to_string(),
        story: format!("{words}; error bound {bound} of it, {}", outcome_name(worst.outcome)),
    })
}

fn story(parameter: Parameter, analytic: Scaled, numeric: Scaled) -> String {
    format!(
        "∂L/∂{parameter}: backpropagation {}, difference {}",
        scientific(analytic, 6),
        scientific(numeric, 6)
    )
}

/// One output of the network: where BP1 starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputRow {
    /// j, from 1.
    pub unit: usize,
    /// z, a, y, a − y, σ′(z) and δ, in this order.
    pub numbers: [String; 6],
}

/// The shown outputs of a snapshot. Where the loss cancels the slope, no slope is shown.
pub fn output_rows(snapshot: &Snapshot, cancels: bool) -> Vec<OutputRow> {
    let Some(last) = snapshot.layers.last() else { return Vec::new() };
    let number = |number: f64| plain_or_scientific(number.into(), 6, 1e-3, 4);
    let outputs = last.units.iter().zip(&snapshot.targets).enumerate();
    outputs
        .map(|(index, (unit, &y))| OutputRow {
            unit: index + 1,
            numbers: [
                unit.z.map(number).unwrap_or_default(),
                number(unit.a),
                number(y),
                number(unit.a - y),
                if cancels {
                    "cancels".to_owned()
                } else {
                    unit.slope.map(number).unwrap_or_default()
                },
                unit.delta.map(|delta| plain_or_scientific(delta, 6, 1e-3, 4)).unwrap_or_default(),
            ],
        })
        .collect()
}
