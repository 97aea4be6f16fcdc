//! Loss against a growing learning rate, as a figure.

use crate::study::{RateTest, VariantRates};

use super::words::rate_test::sentence;
use super::{Axis, AxisScale, Chart, Figure, FigureId, Mark, MarkShape, Note, Panel};

impl Figure {
    /// The loss of every variant by learning rate, its smoothed course, and the rate to take.
    pub fn rate_test(test: &RateTest) -> Self {
        let marks = test.variants.iter().enumerate().flat_map(|(index, variant)| {
            let line = |of: &dyn Fn(usize) -> f64| -> Vec<[f64; 2]> {
                let points = variant.points.iter().enumerate();
                let points = points.map(|(place, point)| [point.rate, of(place)]);
                points.filter(|p| p[1] > 0.0).map(|p| p.map(f64::log10)).collect()
            };
            let own = |kind, shape| Mark::of_variant(index, &variant.name, kind, shape);
            let raw = line(&|place| variant.points[place].loss);
            let smoothed = line(&|place| variant.points[place].smoothed);
            let mut marks = vec![
                own("minibatch", MarkShape::Dashed(raw)),
                own("smoothed", MarkShape::Line(smoothed)),
            ];
            if let Some(at) = suggested(variant) {
                marks.push(own("to take", MarkShape::Points(vec![at])));
                let guide = MarkShape::At(at[0]);
                marks.push(Mark::new("", super::Ink::Variant(index), guide));
            }
            marks
        });
        let axes = (("learning rate η", AxisScale::Log10), ("loss", AxisScale::Log10));
        let heading = "Loss against a growing learning rate";
        let chart = Chart::spanning(heading, axes.0, axes.1, marks.collect());
        let ends = [test.range.low, test.range.high].map(f64::log10);
        let chart = Chart { x: Axis { range: (ends[0], ends[1]), ..chart.x }, ..chart };
        let note = |(variant, rates): (usize, &VariantRates)| Note {
            variant,
            name: rates.name.clone(),
            text: sentence(&rates.finding, &test.range),
        };
        let notes = test.variants.iter().enumerate().map(note).collect();
        let panels = vec![Panel::Chart(chart)];
        Self { notes, ..Self::new(FigureId::RateTest, &test.experiment, panels) }
    }
}

/// log10 of the rate to take, and of the smoothed loss there.
fn suggested(variant: &VariantRates) -> Option<[f64; 2]> {
    let rate = variant.finding.suggested()?;
    let point = variant.points.iter().find(|point| point.rate == rate)?;
    Some([rate.log10(), point.smoothed.log10()])
}
