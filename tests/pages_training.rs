//! The training page, driven by its accessible names, and what is found in trainings whose course
//! is known.

mod helpers;
#[path = "support/page.rs"]
mod page;
mod support;

use eframe::egui::{Theme, accesskit::Role};
use egui_kittest::kittest::Queryable as _;
use gradient_lab::experiment::{Experiment, Preset};
use gradient_lab::figure::{Figure, words};
use gradient_lab::study::{
    DrawStudy, LiveTraining, TaskContext, TrainingFinding, TrainingState, VariantTraining,
};
use page::{PageWindow, on_paper};

/// Twenty sigmoid layers as they are, and with what lets them learn.
const DEEP: &str = r#"
title = "Twenty sigmoid layers"
[architecture]
input = 10
depth = 20
width = 24
output = 2
batch = 16
[training]
optimizer = "adam"
steps = 300
[[variant]]
name = "Sigmoid"
activation = "sigmoid"
output_activation = "linear"
[[variant]]
name = "with batch norm, skips"
activation = "sigmoid"
output_activation = "linear"
normalization = "batch"
skip = "post"
"#;

fn experiment(text: &str) -> Experiment {
    Experiment::from_toml(text).unwrap_or_else(|refusal| panic!("{refusal}\n{text}"))
}

fn trained(experiment: &Experiment) -> TrainingState {
    let task = TaskContext::unattended();
    let mut live = LiveTraining::new(experiment, &mut DrawStudy::new(), &task).expect("trains");
    live.run_to(usize::MAX, 1, &task).expect("nobody stops it");
    live.state()
}

#[test]
fn it_plays_pauses_steps_and_begins_anew() {
    let mut window = PageWindow::open(experiment(DEEP), [1024.0, 640.0], Theme::Light, "Training");
    window.wait_for("press Play");
    window.get_by_role_and_label(Role::Button, "Step").click();
    window.wait_for("1 of 300 steps");
    window.get_by_role_and_label(Role::Button, "Play").click();
    window.wait_for("300 of 300 steps");
    window.wait_for("It learns");
    window.keep("training-1024");
    window.get_by_role_and_label(Role::Button, "Reset").click();
    window.wait_for("0 of 300 steps");
}

#[test]
fn it_is_seen_at_other_sizes() {
    let mut window = PageWindow::open(experiment(DEEP), [1920.0, 1080.0], Theme::Dark, "Training");
    window.wait_for("press Play");
    window.get_by_role_and_label(Role::Button, "Play").click();
    window.wait_for("300 of 300 steps");
    window.wait_for("It learns");
    window.keep("training-1920");
    let state = trained(&Preset::find("xor").expect("a preset").experiment());
    on_paper(&Figure::training(&state), "xor");
    on_paper(&Figure::training_layers(&state, 100), "xor");
    on_paper(&Figure::training_heat(&state, 0), "xor");
}

fn is_still(finding: &TrainingFinding) -> bool {
    matches!(finding, TrainingFinding::Still { .. })
}

/// Each finding again, from the records and the weights alone.
fn verify(state: &TrainingState, variant: &VariantTraining) {
    for finding in &variant.findings {
        match finding {
            TrainingFinding::Diverged { step, largest } => {
                let divergence = variant.divergence.expect("it diverged");
                assert_eq!(divergence.step, *step);
                if let Some((layer, ratio)) = largest {
                    let count = variant.records.len().div_ceil(10);
                    let last = &variant.records[variant.records.len() - count..];
                    let all = last.iter().flat_map(|record| &record.layers);
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
