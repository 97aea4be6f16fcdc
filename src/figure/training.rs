//! A training as figures: loss and accuracy by step, the layers at one step, and layer × step.

use crate::engine::{LayerProgress, MixedReport};
use crate::study::{TrainingRecord, TrainingState, VariantTraining};

use super::heat::{Cell, ColourScale};
use super::words::training::sentences;
use super::{
    Axis, AxisScale, Chart, Figure, FigureId, Heat, Ink, Mark, MarkShape, Note, Panel, Rows,
};

/// log10 of the update ratio that is commonly aimed at.
const USUAL_RATIO: f64 = -3.0;
/// Cells of layer × step at most: beyond them every second, third… record has a row.
const MOST_CELLS: usize = 200_000;
const STEP: (&str, AxisScale) = ("step", AxisScale::Linear);
const LAYER: (&str, AxisScale) = ("layer l  (1 is next to the input)", AxisScale::Layers);

impl Figure {
    /// Loss by step, and accuracy where there is one, of every variant.
    pub fn training(state: &TrainingState) -> Self {
        let test = |record: &TrainingRecord| record.test.map(|score| score.loss);
        let loss = by_step(state, &|record| Some(record.loss), &test).into_iter().map(log10);
        let chart = |heading, y, marks| chart(state, heading, y, marks);
        let mut panels = vec![chart("Loss", ("loss", AxisScale::Log10), loss.collect())];
        let test = |record: &TrainingRecord| record.test.and_then(|score| score.accuracy);
        let accuracy = by_step(state, &|record| record.accuracy, &test);
        if !accuracy.is_empty() {
            panels.push(chart("Accuracy", ("share right", AxisScale::Linear), accuracy));
        }
        let mut figure = Self::of_training(FigureId::Training, state, panels);
        let records = state.variants.iter().map(|variant| variant.records.len()).max();
        if let Some(block) = records.map(block).filter(|block| *block > 1) {
            figure.caption.push(format!("each point the mean of {block} records"));
        }
        figure
    }

    /// ‖∂L/∂W⁽ˡ⁾‖ and ‖ΔW⁽ˡ⁾‖/‖W⁽ˡ⁾‖ by layer, at the last record that is no later than `step`.
    pub fn training_layers(state: &TrainingState, step: usize) -> Self {
        let at = AtStep::of(state, step);
        let gradients = at.lines(&|layer| layer.gradient.log10());
        let mut ratios =
            at.lines(&|layer| layer.update_ratio.filter(|ratio| *ratio > 0.0).map(f64::log10));
        ratios.push(Mark::new("1e-3", Ink::Weak, MarkShape::Level(USUAL_RATIO)));
        let panels = vec![
            at.panel("Gradients of the weights", ("‖∂L/∂W⁽ˡ⁾‖", AxisScale::Log10), gradients),
            at.panel("Update ratios", ("‖ΔW⁽ˡ⁾‖/‖W⁽ˡ⁾‖", AxisScale::Log10), ratios),
        ];
        Self::of_training(FigureId::TrainingLayers, state, panels)
    }

    /// The root mean square of a⁽ˡ⁾ and the share of dead units by layer, at the last record that is
    /// no later than `step`.
    pub fn training_activations(state: &TrainingState, step: usize) -> Self {
        let at = AtStep::of(state, step);
        let sizes = at.lines(&|layer| layer.activation.log10());
        let dead = at.lines(&|layer| Some(layer.dead_share));
        let shares = at.panel("Dead units", ("share of the layer", AxisScale::Linear), dead);
        let panels =
            vec![at.panel("Activations", ("RMS of a⁽ˡ⁾", AxisScale::Log10), sizes), of_one(shares)];
        Self::of_training(FigureId::TrainingActivations, state, panels)
    }

    /// Layer × step: log10 ‖∂L/∂W⁽ˡ⁾‖ of one variant, an index past the last meaning the last.
    pub fn training_heat(state: &TrainingState, variant: usize) -> Self {
        let variant = &state.variants[variant.min(state.variants.len() - 1)];
        let columns = state.experiment.layers();
        let rows = variant.records.len();
        let stride = (rows * columns).div_ceil(MOST_CELLS).max(1);
        let records: Vec<_> = variant.records.iter().step_by(stride).collect();
        let layers = records.iter().flat_map(|record| record.layers.iter());
        let cells: Vec<Cell> = layers.map(|layer| Cell::of(layer.gradient)).collect();
        let heat = Heat {
            heading: format!("{}: ‖∂L/∂W⁽ˡ⁾‖ by layer and step", variant.name),
            x_label: "layer l".to_owned(),
            rows: Rows::Steps(records.iter().map(|record| record.step).collect()),
            columns,
            scale: ColourScale::spanning(&cells),
            cells,
            quantity: "‖∂L/∂W⁽ˡ⁾‖".to_owned(),
            why: vec!["no error arrives at it, or nothing comes in".to_owned(); records.len()],
            lost_in: None,
            marks: Vec::new(),
        };
        Self::of_training(FigureId::TrainingHeat, state, vec![Panel::Heat(heat)])
    }

    /// The loss scale by step and the largest share of a layer's gradient that it lets flush to zero,
    /// of every variant; nothing where no narrow format is trained in.
    pub fn loss_scale(state: &TrainingState) -> Option<Self> {
        let lines = |of: &dyn Fn(&MixedReport) -> Option<f64>| -> Vec<Mark> {
            let marks = state.variants.iter().enumerate().filter_map(|(index, variant)| {
                let records = variant.records.iter();
                let mixed = records.filter_map(|r| Some((r.step as f64, r.mixed.as_deref()?)));
                let points = mixed.filter_map(|(step, mixed)| Some([step, of(mixed)?])).collect();
                let shape = MarkShape::Line(points);
                Some(Mark::new(&variant.name, Ink::Variant(index), shape))
                    .filter(|mark| !mark.readings().is_empty())
            });
            marks.collect()
        };
        let scales = lines(&|mixed| Some(mixed.power as f64 * std::f64::consts::LOG10_2));
        if scales.is_empty() {
            return None;
        }
        // Of a step that is skipped not every layer's share is known, nor then the largest.
        let most = |mixed: &MixedReport| {
            mixed.flushed.iter().try_fold(0.0, |most: f64, share| Some(most.max((*share)?)))
        };
        let flushed = lines(&most);
        let skipped = lines(&|mixed| Some(mixed.skipped as f64));
        let y = ("share of the layer", AxisScale::Linear);
        let panels = vec![
            chart(state, "Loss scale", ("loss scale", AxisScale::Log10), scales),
            of_one(chart(
                state,
                "Gradient flushed to zero, of the layer that loses most",
                y,
                flushed,
            )),
            chart(state, "Steps skipped so far", ("steps", AxisScale::Linear), skipped),
        ];
        Some(Self::of_training(FigureId::LossScale, state, panels))
    }

    pub(super) fn of_training(id: FigureId, state: &TrainingState, panels: Vec<Panel>) -> Self {
        let experiment = &state.experiment;
        let note = |(variant, training): (usize, &VariantTraining)| {
            let text = sentences(training);
            (!text.is_empty()).then(|| Note { variant, name: training.name.clone(), text })
        };
        let notes = state.variants.iter().enumerate().filter_map(note).collect();
        let mut figure = Self { notes, ..Self::new(id, experiment, panels) };
        let (taken, all) = (state.steps_taken, experiment.training_steps());
        figure.caption.push(format!("{taken} of {all} steps"));
        figure
    }
}

/// Points of a line at the most.
const MOST_POINTS: usize = 250;

/// Of so many records so many make one point.
fn block(records: usize) -> usize {
    records.div_ceil(MOST_POINTS).max(1)
}

/// A quantity of the minibatches and the same of the test examples by step, of every variant.
fn by_step(
    state: &TrainingState,
    own: &dyn Fn(&TrainingRecord) -> Option<f64>,
    test: &dyn Fn(&TrainingRecord) -> Option<f64>,
) -> Vec<Mark> {
    let line = |of: &dyn Fn(&TrainingRecord) -> Option<f64>, is_test: bool| {
        let marks = state.variants.iter().enumerate().filter_map(|(index, variant)| {
            let points = means(&variant.records, of);
            let is_empty = points.is_empty();
            let (kind, shape) = match is_test {
                false => ("minibatch", MarkShape::Line(points)),
                true => ("test", MarkShape::Dashed(points)),
            };
            (!is_empty).then(|| Mark::of_variant(index, &variant.name, kind, shape))
        });
        marks.collect::<Vec<_>>()
    };
    [line(own, false), line(test, true)].concat()
}

/// The means of the blocks of records, each at its middle step.
fn means(records: &[TrainingRecord], of: &dyn Fn(&TrainingRecord) -> Option<f64>) -> Vec<[f64; 2]> {
    let mean = |records: &[TrainingRecord]| {
        let known = records.iter().filter_map(|record| Some((record.step as f64, of(record)?)));
        let (count, step, sum) = known.fold((0, 0.0, 0.0), |(count, step, sum), (at, value)| {
            (count + 1, step + at, sum + value)
        });
        (count > 0).then(|| [step / f64::from(count), sum / f64::from(count)])
    };
    records.chunks(block(records.len())).filter_map(mean).collect()
}

/// A line on a logarithmic axis, without zeros.
fn log10(mark: Mark) -> Mark {
    let points = |points: Vec<[f64; 2]>| {
        points.into_iter().filter(|p| p[1] > 0.0).map(|[x, y]| [x, y.log10()]).collect()
    };
    let shape = match mark.shape {
        MarkShape::Line(line) => MarkShape::Line(points(line)),
        MarkShape::Dashed(line) => MarkShape::Dashed(points(line)),
        other => other,
    };
    Mark { shape, ..mark }
}

/// Over the whole training, so that the axis stays while it goes on.
fn chart(state: &TrainingState, heading: &str, y: (&str, AxisScale), marks: Vec<Mark>) -> Panel {
    let chart = Chart::spanning(heading, STEP, y, marks);
    let range = (0.0, state.experiment.training_steps() as f64);
    Panel::Chart(Chart { x: Axis { range, ..chart.x }, ..chart })
}

/// With an axis of shares from 0 to 1.
fn of_one(panel: Panel) -> Panel {
    match panel {
        Panel::Chart(chart) => {
            Panel::Chart(Chart { y: Axis { range: (-0.03, 1.03), ..chart.y }, ..chart })
        }
        other => other,
    }
}

/// Every variant's last record that is no later than a step.
struct AtStep<'a> {
    state: &'a TrainingState,
    records: Vec<Option<&'a TrainingRecord>>,
}

impl<'a> AtStep<'a> {
    fn of(state: &'a TrainingState, step: usize) -> Self {
        let at = |variant: &'a VariantTraining| {
            variant.records.iter().rfind(|record| record.step <= step)
        };
        Self { state, records: state.variants.iter().map(at).collect() }
    }

    /// A line for each variant, without the layers that have no such number.
    fn lines(&self, of: &dyn Fn(&LayerProgress) -> Option<f64>) -> Vec<Mark> {
        let pairs = self.records.iter().zip(&self.state.variants).enumerate();
        let marks = pairs.filter_map(|(index, (record, variant))| {
            let layers = (1..).zip(record.as_ref()?.layers.iter());
            let points = layers.filter_map(|(l, layer)| Some([f64::from(l), of(layer)?]));
            let shape = MarkShape::Line(points.collect());
            Some(Mark::new(&variant.name, Ink::Variant(index), shape))
        });
        marks.collect()
    }

    fn panel(&self, of_what: &str, y: (&str, AxisScale), marks: Vec<Mark>) -> Panel {
        let steps = self.records.iter().flatten().map(|record| record.step);
        let heading = format!("{of_what} at step {}", steps.max().unwrap_or(0));
        Panel::Chart(Chart::spanning(heading, LAYER, y, marks))
    }
}
