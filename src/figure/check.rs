//! The gradient check: the V of the errors against h, every derivative's own error, and the
//! output layer where backpropagation starts.

use crate::engine::Scaled;
use crate::experiment::Experiment;
use crate::study::{
    CheckError, CheckSettings, Compared, Cost, DrawStudy, Errors, Finding, GradientCheck, Portrait,
    Sample, StepCheck, Stopped, Watch, gradient_check,
};

use super::cost::grouped;
use super::number::scientific;
use super::{Axis, AxisScale, Chart, Figure, FigureId, Ink, Mark, MarkShape, Note, Panel};

/// A check of all parameters with this many multiply-adds is done at once, about a second.
const QUICK: u128 = 500_000_000;
/// Parameters sampled where all of them would take too long.
const SOME: usize = 100;
/// Where an error that is exactly 0 would lie, lower than any that arithmetic leaves.
const LOWEST: f64 = 1e-18;

/// Whether a check is done in about a second, so that nobody need ask for it.
pub fn quick_check(experiment: &Experiment, settings: &CheckSettings) -> bool {
    settings.multiply_adds(&Cost::of_experiment(experiment)) <= QUICK
}

/// How many parameters can be checked in about a second, at least one.
pub fn quick_sample(experiment: &Experiment, settings: &CheckSettings) -> u64 {
    let forward = u128::from(Cost::of_experiment(experiment).forward());
    let passes = QUICK / forward.max(1);
    let each = 2 * settings.steps.len().max(1) as u128;
    u64::try_from(passes.saturating_sub(1) / each).unwrap_or(u64::MAX).clamp(1, 1000)
}

/// The check's figure with the usual settings: every parameter where that is quick.
pub(super) fn usual(
    id: FigureId,
    study: &mut DrawStudy,
    experiment: &Experiment,
    variant: usize,
    watch: &Watch<'_>,
) -> Result<Figure, Stopped> {
    let variant = variant.min(experiment.variants.len() - 1);
    let mut settings = CheckSettings::default();
    if !quick_check(experiment, &settings) {
        settings.sample = Sample::Some { count: SOME, seed: 1 };
    }
    match gradient_check(experiment, variant, &settings, study, watch) {
        Ok(check) => Ok(Figure::of_check(id, experiment, variant, &check)),
        Err(CheckError::Stopped(stopped)) => Err(stopped),
        Err(refusal) => Ok(with_note(id, experiment, variant, Vec::new(), refusal.to_string())),
    }
}

impl Figure {
    /// A figure of a gradient check: the V, or every derivative.
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
        let panels = vec![Panel::Chart(chart)];
        with_note(id, experiment, variant, panels, check.sentence())
    }
}

fn with_note(
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
    (error > LOWEST && error.is_finite()).then(|| libm::log10(error))
}

/// The errors against h on two logarithmic axes.
fn errors(check: &GradientCheck) -> Chart {
    let curve = |of: fn(&StepCheck) -> f64| -> Vec<[f64; 2]> {
        let steps = check.steps.iter();
        steps.filter_map(|step| Some([libm::log10(step.step), log10(of(step))?])).collect()
    };
    let single = check.steps.len() == 1;
    let mark = |name: &str, ink: Ink, solid: bool, of: fn(&StepCheck) -> f64| {
        let shape = match (single, solid) {
            (true, _) => MarkShape::Points(curve(of)),
            (false, true) => MarkShape::Line(curve(of)),
            (false, false) => MarkShape::Dashed(curve(of)),
        };
        Mark::new(name, ink, shape)
    };
    let (one_sided, centred) = (Ink::Palette(1), Ink::Palette(0));
    let mut marks = vec![
        Mark::new("threshold", Ink::Weak, MarkShape::Level(libm::log10(check.threshold))),
        mark("one-sided, max", one_sided, false, |step| step.one_sided.max),
        mark("one-sided", one_sided, true, |step| step.one_sided.median),
        mark("centred, max", centred, false, |step| step.centred.max),
        mark("centred", centred, true, |step| step.centred.median),
    ];
    if !single && let Some(best) = check.steps.get(check.best) {
        marks.push(Mark::new("", Ink::Weak, MarkShape::At(libm::log10(best.step))));
    }
    let heading = match single {
        true => "Backpropagation against finite differences at one h".to_owned(),
        false => "Backpropagation against finite differences: the V".to_owned(),
    };
    let (x, y) = (("step h", AxisScale::Log10), ("relative error", AxisScale::Log10));
    let mut chart = Chart::spanning(heading, x, y, marks);
    let threshold = libm::log10(check.threshold);
    chart.y.range = (chart.y.range.0.min(threshold - 0.5), chart.y.range.1.max(threshold + 0.5));
    chart
}

/// Every checked derivative at the best h: how large it is, how far off.
fn derivatives(check: &GradientCheck) -> Chart {
    let points = |finding: Finding| -> Vec<[f64; 2]> {
        let found = check.details.iter().filter(|compared| compared.finding == finding);
        found.filter_map(|c| Some([c.analytic.log10()?, log10(c.relative_error)?])).collect()
    };
    let mark = |name: &str, ink: Ink, finding: Finding| {
        Mark::new(name, ink, MarkShape::Points(points(finding)))
    };
    let all = [
        mark("too small", Ink::Weak, Finding::BelowRounding),
        mark("crosses a kink", Ink::Palette(4), Finding::CrossesKink),
        mark("agrees", Ink::Palette(0), Finding::Agrees),
        mark("wrong", Ink::Palette(1), Finding::Wrong),
    ];
    let some = |mark: &Mark| !mark.readings().is_empty();
    let marks: Vec<Mark> = all.into_iter().filter(some).collect();
    let best = &check.steps[check.best];
    let heading = format!("Every checked derivative at h = {:.1e}, centred", best.step);
    let (x, y) = (
        ("size of the derivative |∂L/∂θ|", AxisScale::Log10),
        ("relative error", AxisScale::Log10),
    );
    let heights: Vec<f64> = marks
        .iter()
        .flat_map(Mark::readings)
        .map(|p| p[1])
        .chain([libm::log10(check.threshold)])
        .collect();
    let mut chart = Chart::spanning(heading, x, y, marks);
    chart.y = Axis::spanning(y.0, y.1, heights);
    chart.marks.insert(
        0,
        Mark::new("threshold", Ink::Weak, MarkShape::Level(libm::log10(check.threshold))),
    );
    chart
}

/// One kind of difference at its best step, in words for a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckRow {
    /// `one-sided`, `centred`.
    pub name: &'static str,
    /// The forward passes that it takes alone at one h.
    pub passes: String,
    /// The h with the smallest median.
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

/// Both kinds of differences.
pub fn check_rows(check: &GradientCheck) -> [CheckRow; 2] {
    let n = check.checked as u128;
    let letter = if check.checked == check.parameters { "P" } else { "N" };
    [
        row(check, "one-sided", format!("{} ({letter} + 1)", grouped(n + 1)), |s| &s.one_sided),
        row(check, "centred", format!("{} (2{letter})", grouped(2 * n)), |s| &s.centred),
    ]
}

fn row(
    check: &GradientCheck,
    name: &'static str,
    passes: String,
    of: fn(&StepCheck) -> &Errors,
) -> CheckRow {
    let by_median = |a: &&StepCheck, b: &&StepCheck| of(a).median.total_cmp(&of(b).median);
    let best = check.steps.iter().min_by(by_median);
    let number = |number: f64| format!("{number:.1e}");
    let errors = best.map(of);
    let worst = errors.and_then(|errors| errors.worst);
    CheckRow {
        name,
        passes,
        step: best.map(|best| number(best.step)).unwrap_or_default(),
        median: errors.map(|errors| number(errors.median)).unwrap_or_default(),
        max: errors.map(|errors| number(errors.max)).unwrap_or_default(),
        worst: worst.map(|worst| worst.parameter.to_string()).unwrap_or_default(),
        story: worst.as_ref().map(story).unwrap_or_default(),
    }
}

fn story(compared: &Compared) -> String {
    format!(
        "∂L/∂{}: backpropagation {}, difference {}; {}",
        compared.parameter,
        scientific(compared.analytic, 6),
        scientific(compared.numeric, 6),
        match compared.finding {
            Finding::Agrees => "they agree",
            Finding::Wrong => "the derivative is wrong",
            Finding::BelowRounding => "too small for a difference of losses to show",
            Finding::CrossesKink => "the difference crosses a kink and proves nothing",
        }
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

/// The shown outputs of a portrait. Where the loss cancels the slope, no slope is shown.
pub fn output_rows(portrait: &Portrait, cancels: bool) -> Vec<OutputRow> {
    let Some(last) = portrait.layers.last() else { return Vec::new() };
    let number = |number: f64| scientific_or_plain(number.into());
    let outputs = last.units.iter().zip(&portrait.targets).enumerate();
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
                unit.delta.map(scientific_or_plain).unwrap_or_default(),
            ],
        })
        .collect()
}

/// Six decimals where they say something.
fn scientific_or_plain(number: Scaled) -> String {
    let plain = number.to_f64();
    let readable = number.is_zero() || (1e-3..1e4).contains(&plain.abs());
    if readable { format!("{plain:.6}") } else { scientific(number, 4) }
}
