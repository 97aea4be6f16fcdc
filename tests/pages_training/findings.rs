//! What is found in trainings, verified on their records.

use gradient_lab::figure::words;
use gradient_lab::study::{TrainingFinding, TrainingState, VariantTraining};

use crate::{experiment, trained};

fn is_still(finding: &TrainingFinding) -> bool {
    matches!(finding, TrainingFinding::Still { .. })
}

/// Each finding again, from the records and the weights alone.
pub fn verify(state: &TrainingState, variant: &VariantTraining) {
    for finding in &variant.findings {
        match finding {
            TrainingFinding::Diverged { step, largest } => {
                let divergence = variant.divergence.expect("it diverged");
                assert_eq!(divergence.step, *step);
                if let Some((layer, ratio)) = largest {
                    let count = variant.records.len().div_ceil(10);
                    let last = &variant.records[variant.records.len() - count..];
                    let all = last.iter().flat_map(|record| record.layers.iter());
                    let most = all.filter_map(|layer| layer.update_ratio).fold(0.0, f64::max);
                    assert!(most == *ratio && *ratio > 0.1);
                    let of = |r: &&gradient_lab::study::TrainingRecord| {
                        r.layers[layer - 1].update_ratio == Some(*ratio)
                    };
                    assert!(last.iter().any(|record| of(&record)));
                }
            }
            TrainingFinding::Still { layers, moved, most } => {
                let all: Vec<f64> = layers.clone().filter_map(|l| variant.moved[l - 1]).collect();
                assert!(!all.is_empty() && all.iter().all(|share| share <= moved && *share < 1e-3));
                assert!(variant.moved[most.0 - 1] == Some(most.1) && most.1 > 0.01);
                let beyond = [layers.start() - 1, layers.end() + 1];
                let inside = beyond.into_iter().filter(|l| (1..=variant.moved.len()).contains(l));
                assert!(inside.into_iter().all(|l| variant.moved[l - 1].is_none_or(|m| m >= 1e-3)));
            }
            TrainingFinding::Dies { layer, step } => {
                let (before, after): (Vec<_>, Vec<_>) =
                    variant.records.iter().partition(|record| record.step < *step);
                let is_dead = |r: &&gradient_lab::study::TrainingRecord| {
                    r.layers[layer - 1].dead_share == 1.0
                };
                assert!(after.iter().all(is_dead) && !is_dead(before.last().expect("alive")));
            }
            TrainingFinding::Flushed { layer, share, power, .. } => {
                let last = variant.records.last().expect("records").mixed.as_ref().expect("narrow");
                assert!(last.power == *power && last.flushed[layer - 1] == Some(*share));
                assert!(
                    *share >= 0.01 && last.flushed.iter().flatten().all(|other| other <= share)
                );
            }
            TrainingFinding::Skipped { skipped, steps } => {
                // Every step of a short training leaves a record.
                let mixed = variant.records.iter().filter_map(|record| record.mixed.as_ref());
                assert_eq!(mixed.filter(|mixed| mixed.is_skipped).count(), *skipped);
                assert_eq!(variant.records.len(), *steps);
            }
            TrainingFinding::Loss { first, last, step } => {
                let count = variant.records.len().div_ceil(10);
                let mean =
                    |records: &mut dyn Iterator<Item = f64>| records.sum::<f64>() / count as f64;
                let losses = || variant.records.iter().map(|record| record.loss);
                let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * a.abs();
                let few = count.min(5);
                let start = losses().take(few).sum::<f64>() / few as f64;
                assert!(close(*first, start.min(variant.records[0].loss)));
                assert!(close(*last, mean(&mut losses().rev().take(count))));
                assert_eq!(*step, variant.records.last().expect("records").step);
            }
            TrainingFinding::Accuracy { minibatch, test } => {
                let last = variant.records.last().expect("records");
                assert_eq!(last.accuracy, Some(*minibatch));
                assert_eq!(last.test.and_then(|score| score.accuracy), *test);
            }
        }
    }
    assert!(state.steps_taken == 0 || !words::training::sentences(variant).contains("NaN"));
}

#[test]
fn planted_courses_are_named_and_healthy_ones_are_not_accused() {
    let course = |architecture: &str, variant: &str, training: &str| {
        let text = format!(
            "[architecture]\ninput = 6\nwidth = 16\noutput = 2\nbatch = 16\n{architecture}\n[training]\nsteps = 300\n{training}\n[[variant]]\noutput_activation = 'linear'\n{variant}\n"
        );
        let state = trained(&experiment(&text));
        verify(&state, &state.variants[0]);
        state.variants[0].findings.clone()
    };
    let he = "activation = 'relu'\ninit = { scheme = 'he_normal' }";
    let diverging = course("depth = 4", he, "learning_rate = 1000.0");
    assert!(matches!(diverging[0], TrainingFinding::Diverged { .. }), "{diverging:?}");
    let dying = course("depth = 4", he, "learning_rate = 3.0\noptimizer = 'adam'");
    assert!(dying.iter().any(|f| matches!(f, TrainingFinding::Dies { .. })), "{dying:?}");
    let frozen = course("depth = 20", "activation = 'sigmoid'", "learning_rate = 0.1");
    assert!(frozen.iter().any(is_still), "{frozen:?}");
    for healthy in [
        course("depth = 3", "activation = 'tanh'", "learning_rate = 0.1"),
        course("depth = 3", he, "learning_rate = 0.001\noptimizer = 'adam'"),
    ] {
        let is_accused = |f: &TrainingFinding| {
            is_still(f)
                || matches!(f, TrainingFinding::Diverged { .. } | TrainingFinding::Dies { .. })
        };
        assert!(!healthy.iter().any(is_accused), "{healthy:?}");
        let learns = |f: &TrainingFinding| matches!(f, TrainingFinding::Loss { first, last, .. } if last < &(0.5 * first));
        assert!(healthy.iter().any(learns), "{healthy:?}");
    }
}
