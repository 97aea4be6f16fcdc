//! Experiments on which the lab once said something false, with what is true of them.

use gradient_lab::engine::{PlainNorm, ZeroCause};
use gradient_lab::experiment::{Experiment, Precision, Preset};
use gradient_lab::figure::words::{flow, why};
use gradient_lab::study::{
    BackwardSettings, Cause, CutBy, Diagnosis, DrawStudy, FlowFinding, Kind, TaskContext,
    WhyFinding, backward_factors,
};

/// An experiment of `tests/data/cases`.
pub fn case(name: &str) -> Experiment {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/cases");
    let text = std::fs::read_to_string(format!("{folder}/{name}.toml")).expect("a case");
    Experiment::from_toml(&text).expect("valid")
}

fn diagnosis(experiment: &Experiment) -> Diagnosis {
    let draw = DrawStudy::new().run(experiment, &TaskContext::unattended());
    draw.expect("nobody stops it").variants.remove(0).diagnosis
}

/// The swings of ‖δ‖ as (from, to, decades), in tenths.
fn swings(diagnosis: &Diagnosis) -> Vec<(usize, usize, f64)> {
    let swings = diagnosis.findings.iter().filter_map(|finding| match finding {
        FlowFinding::DeltaSwing(s) => Some((s.from, s.to, (s.decades * 10.0).round() / 10.0)),
        _ => None,
    });
    swings.collect()
}

/// The output step and what the hidden layers do together, in hundredths of a decade.
fn steps(diagnosis: &Diagnosis) -> (f64, f64) {
    let hundredths = |decades: f64| (decades * 100.0).round() / 100.0;
    let output = diagnosis.findings.iter().find_map(|finding| match finding {
        FlowFinding::OutputStep { decades, .. } => Some(hundredths(*decades)),
        _ => None,
    });
    let across = diagnosis.findings.iter().find_map(|finding| match finding {
        FlowFinding::Across { decades, .. } => Some(hundredths(*decades)),
        _ => None,
    });
    (output.expect("an output step"), across.expect("hidden layers"))
}

#[test]
fn a_hump_is_no_health() {
    let found = diagnosis(&case("verdict-hump"));
    assert_eq!(found.kind, Kind::Uneven);
    assert_eq!(swings(&found), [(60, 21, 8.6), (21, 1, -9.1)]);
}

#[test]
fn a_saturated_output_sends_nothing() {
    let found = diagnosis(&case("verdict-saturated-output"));
    assert_eq!(found.kind, Kind::SaturatedOutput);
    let delta = found.findings.iter().find_map(|finding| match finding {
        FlowFinding::SaturatedOutput { delta_log10, .. } => Some(*delta_log10),
        _ => None,
    });
    assert_eq!(delta.expect("a norm").round(), -3306280.0);
}

/// The chapter's exercise: z = 5 where the target is 0.
#[test]
fn a_confident_and_wrong_output_is_saturated() {
    let experiment = Experiment::from_toml(
        "[architecture]\ninput = 1\nhidden = [2]\noutput = 1\n[data]\nx = [[1.0]]\ny = [[0.0]]\n\
         [[variant]]\nactivation = 'sigmoid'\nweights = [[[1.0], [2.0]], [[3.0, 3.0]]]\n\
         biases = [[0.0, 0.0], [0.5]]",
    );
    let found = diagnosis(&experiment.expect("valid"));
    assert_eq!(found.kind, Kind::SaturatedOutput, "{found:?}");
}

#[test]
fn the_output_step_stands_apart() {
    let found = diagnosis(&case("verdict-output-step"));
    assert_eq!((found.kind, steps(&found)), (Kind::Healthy, (-1.16, -0.26)));
    let found = diagnosis(&case("verdict-output-step-relu"));
    assert_eq!((found.kind, steps(&found)), (Kind::Healthy, (1.11, 0.13)));
}

#[test]
fn one_step_is_too_few() {
    let found = diagnosis(&Preset::find("worked-example").expect("a preset").experiment());
    assert_eq!((found.kind, steps(&found)), (Kind::TooFewLayers, (-0.73, 0.0)));
    assert!(flow::sentence(&found).starts_with("Too few layers to tell: "));
}

#[test]
fn examples_without_a_gradient_are_counted() {
    let found = diagnosis(&case("verdict-batch-dead"));
    assert_eq!(found.kind, Kind::ZeroExamples);
    assert_eq!(
        found
            .findings
            .iter()
            .filter(|f| {
                matches!(f, FlowFinding::ZeroExamples { layer: 4, zero: 14, examples: 16 })
            })
            .count(),
        1
    );
}

#[test]
fn cancelled_sums_are_zero_and_alike_units_are_named() {
    let found = diagnosis(&case("verdict-constant-softmax"));
    assert_eq!(found.kind, Kind::Zero(ZeroCause::Cancelled(1)));
    assert!(found.findings.contains(&FlowFinding::AlikeUnits { layers: 1..=1 }));
    // With a squared error nothing cancels, and equal units are no healthier.
    let mut experiment = case("verdict-constant-softmax");
    experiment.architecture.loss = gradient_lab::experiment::Loss::Mse;
    assert_eq!(diagnosis(&experiment).kind, Kind::AlikeUnits);
}

fn plain(diagnosis: &Diagnosis) -> Vec<(PlainNorm, usize, usize, Precision)> {
    let plain = diagnosis.findings.iter().filter_map(|finding| match finding {
        FlowFinding::Plain { prints, layers, precision } => {
            Some((*prints, *layers.start(), *layers.end(), *precision))
        }
        _ => None,
    });
    plain.collect()
}

#[test]
fn what_plain_arithmetic_loses_is_a_range_of_layers() {
    let found = diagnosis(&case("verdict-plain-range"));
    assert_eq!(plain(&found), [(PlainNorm::Zero, 209, 269, Precision::F64)]);
    let found = diagnosis(&case("verdict-plain-overflow"));
    assert_eq!(plain(&found), [(PlainNorm::Infinite, 1, 1, Precision::F32)]);
}

/// A backward pass in bare `f64`, without an exponent anywhere, agrees with the range.
#[test]
fn a_plain_pass_prints_what_the_lab_says() {
    let raw = crate::raw::Raw::of(&case("verdict-plain-range"));
    let bare =
        |l: usize| -> Vec<f64> { raw.layer(l).delta[0].iter().map(|d| d.to_f64()).collect() };
    let mut delta = bare(raw.last());
    let mut zero = Vec::new();
    for l in (1..raw.last()).rev() {
        let (layer, above) = (raw.layer(l), raw.layer(l + 1));
        delta = (0..layer.weight.len())
            .map(|j| {
                let sent: f64 = above.weight.iter().zip(&delta).map(|(row, d)| row[j] * d).sum();
                sent * layer.slope[0][j]
            })
            .collect();
        if delta.iter().map(|d| d * d).sum::<f64>().sqrt() == 0.0 {
            zero.push(l);
        }
    }
    assert_eq!((zero.first(), zero.last(), zero.len()), (Some(&269), Some(&209), 61));
}

#[test]
fn the_slopes_of_selu_make_it_grow() {
    let (settings, task) = (BackwardSettings::default(), TaskContext::unattended());
    let backward =
        backward_factors(&mut DrawStudy::new(), &case("why-selu"), settings, &|_| {}, &task);
    let found = backward.expect("nobody stops it").factors.findings();
    let (by, against, idle) = (vec![Cause::Slopes], vec![Cause::Weights], Vec::new());
    let blame = WhyFinding::Blame { grows: Some(true), by, against, idle };
    assert_eq!(found.last(), Some(&blame));
    assert!(
        why::sentences(&found)
            .ends_with("The slopes make it grow, more than the weights take away.")
    );
}

#[test]
fn directions_are_not_lost_to_units_that_only_saturate() {
    let (settings, task) = (BackwardSettings::default(), TaskContext::unattended());
    let backward =
        backward_factors(&mut DrawStudy::new(), &case("why-jacobian"), settings, &|_| {}, &task);
    let spectrum = backward.expect("nobody stops it").spectrum.expect("there").expect("narrow");
    let found = spectrum.findings(1);
    let causes = found.iter().find_map(|finding| match finding {
        WhyFinding::Lost { causes, .. } => Some(causes),
        _ => None,
    });
    assert!(causes.expect("lost").iter().all(|cut| cut.by == CutBy::TinySlopes), "{found:?}");
    let words = why::sentences(&found);
    assert!(!words.contains("dead") && !words.contains("for good"), "{words}");
}
