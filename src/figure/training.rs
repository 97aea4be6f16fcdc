//! A training as figures: loss and accuracy by step, the layers at one step, and layer × step.

use crate::study::{TrainingRecord, TrainingState, VariantTraining};

use super::heat::{Cell, ColourScale};
use super::words::training::sentences;
use super::{AxisScale, Chart, Figure, FigureId, Heat, Ink, Mark, MarkShape, Note, Panel, Rows};

/// log10 of the update ratio that is commonly aimed at.
const USUAL_RATIO: f64 = -3.0;
const STEP: (&str, AxisScale) = ("step", AxisScale::Linear);
const LAYER: (&str, AxisScale) = ("layer l  (1 is next to the input)", AxisScale::Layers);

impl Figure {
    /// Loss by step, and accuracy where there is one, of every variant.
    pub fn training(state: &TrainingState) -> Self {
        let loss = by_step(state, "loss", &|record| Some(record.loss), &|record| {
            record.test.map(|score| score.loss)
        });
        let loss = loss.map(log10);
        let mut panels = vec![chart("Loss", ("loss", AxisScale::Log10), loss.concat())];
        let test = |record: &TrainingRecord| record.test.and_then(|score| score.accuracy);
        let accuracy = by_step(state, "accuracy", &|record| record.accuracy, &test).concat();
        if !accuracy.is_empty() {
            panels.push(chart("Accuracy", ("share right", AxisScale::Linear), accuracy));
        }
        Self::of_training(FigureId::Training, state, panels)
    }

    /// ‖∂L/∂W⁽ˡ⁾‖ and ‖ΔW⁽ˡ⁾‖/‖W⁽ˡ⁾‖ by layer, at the last record that is no later than `step`.
    pub fn training_layers(state: &TrainingState, step: usize) -> Self {
        let at = |variant: &VariantTraining| {
            variant.records.iter().rfind(|record| record.step <= step).cloned()
        };
        let records: Vec<_> = state.variants.iter().map(at).collect();
        let line = |of: &dyn Fn(&TrainingRecord, usize) -> Option<f64>| -> Vec<Mark> {
            let marks = records.iter().enumerate().filter_map(|(index, record)| {
                let record = record.as_ref()?;
                let layers = 0..record.layers.len();
                let points = layers.filter_map(|l| Some([l as f64 + 1.0, of(record, l)?]));
                let name = &state.variants[index].name;
                Some(Mark::new(name, Ink::Variant(index), MarkShape::Line(points.collect())))
            });
            marks.collect()
        };
        let gradients = line(&|record, l| record.layers[l].gradient.log10());
        let mut ratios = line(&|record, l| {
            record.layers[l].update_ratio.filter(|ratio| *ratio > 0.0).map(f64::log10)
        });
        ratios.push(Mark::new("1e-3", Ink::Weak, MarkShape::Level(USUAL_RATIO)));
        let step = records.iter().flatten().map(|record| record.step).max().unwrap_or(0);
        let log = |label| (label, AxisScale::Log10);
        let panels = vec![
            layers(
                format!("Gradients of the weights at step {step}"),
                log("‖∂L/∂W⁽ˡ⁾‖"),
                gradients,
            ),
            layers(format!("Update ratios at step {step}"), log("‖ΔW⁽ˡ⁾‖/‖W⁽ˡ⁾‖"), ratios),
        ];
        Self::of_training(FigureId::TrainingLayers, state, panels)
    }

    /// Layer × step: log10 ‖∂L/∂W⁽ˡ⁾‖ of one variant, an index past the last meaning the last.
    pub fn training_heat(state: &TrainingState, variant: usize) -> Self {
        let variant = &state.variants[variant.min(state.variants.len() - 1)];
        let columns = state.experiment.layers();
        let records = &variant.records;
        let layers = records.iter().flat_map(|record| &record.layers);
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

    fn of_training(id: FigureId, state: &TrainingState, panels: Vec<Panel>) -> Self {
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

/// A quantity of the minibatches and one of the test examples: points by step, with their marks'
/// names and colours.
fn by_step(
    state: &TrainingState,
    what: &str,
    own: &dyn Fn(&TrainingRecord) -> Option<f64>,
    test: &dyn Fn(&TrainingRecord) -> Option<f64>,
) -> [Vec<Mark>; 2] {
    let line = |of: &dyn Fn(&TrainingRecord) -> Option<f64>, is_test: bool| {
        let marks = state.variants.iter().enumerate().filter_map(|(index, variant)| {
            let points = variant.records.iter();
            let points: Vec<[f64; 2]> =
                points.filter_map(|record| Some([record.step as f64, of(record)?])).collect();
            let (kind, shape) = match is_test {
                false => (what.to_owned(), MarkShape::Line(points.clone())),
                true => (format!("{what} of the test share"), MarkShape::Dashed(points.clone())),
            };
            let mark = Mark::of_variant(index, &variant.name, &kind, shape);
            (!points.is_empty()).then_some(mark)
        });
        marks.collect()
    };
    [line(own, false), line(test, true)]
}

/// Points on a logarithmic axis, without zeros.
fn log10(marks: Vec<Mark>) -> Vec<Mark> {
    let points = |points: Vec<[f64; 2]>| {
        points.into_iter().filter(|p| p[1] > 0.0).map(|[x, y]| [x, y.log10()]).collect()
    };
    let mark = |mark: Mark| {
        let shape = match mark.shape {
            MarkShape::Line(line) => MarkShape::Line(points(line)),
            MarkShape::Dashed(line) => MarkShape::Dashed(points(line)),
            other => other,
        };
        Mark { shape, ..mark }
    };
    marks.into_iter().map(mark).collect()
}

fn chart(heading: &str, y: (&str, AxisScale), marks: Vec<Mark>) -> Panel {
    Panel::Chart(Chart::spanning(heading, STEP, y, marks))
}

fn layers(heading: String, y: (&str, AxisScale), marks: Vec<Mark>) -> Panel {
    Panel::Chart(Chart::spanning(heading, LAYER, y, marks))
}
