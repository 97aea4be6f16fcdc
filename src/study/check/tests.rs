use std::cell::Cell;

use crate::experiment::{Activation, Loss, Precision, Preset};

use super::*;

fn small(activation: Activation, loss: Loss) -> Experiment {
    let mut experiment = Experiment::default();
    experiment.variants.truncate(1);
    experiment.variants[0].activation = activation;
    experiment.architecture.hidden = Some(vec![5, 4]);
    experiment.architecture.output = 3;
    experiment.architecture.batch = 3;
    experiment.architecture.loss = loss;
    experiment.validate().unwrap();
    experiment
}

fn run(experiment: &Experiment, settings: &CheckSettings) -> GradientCheck {
    gradient_check(experiment, 0, settings, &mut DrawStudy::new(), &Watch::unattended()).unwrap()
}

fn one_step(step: f64) -> CheckSettings {
    CheckSettings { sample: Sample::All, steps: vec![step] }
}

#[test]
fn backpropagation_passes_for_every_activation_and_loss() {
    for activation in Activation::ALL {
        for loss in Loss::ALL {
            let check = run(&small(activation, loss), &one_step(1e-5));
            assert!(check.passes(), "{activation:?} {loss:?}: {}", check.sentence());
            assert!(check.count(Finding::Agrees) > check.checked / 2, "{activation:?} {loss:?}");
            let errors = &check.steps[0];
            assert!(errors.centred.median < 1e-7, "{activation:?} {loss:?}");
        }
    }
}

#[test]
fn a_wrong_derivative_is_flagged_and_named() {
    let experiment = small(Activation::Tanh, Loss::Mse);
    let watch = Watch::unattended();
    let network = DrawStudy::new().network::<f64>(&experiment, &experiment.variants[0], &watch);
    let network = network.unwrap();
    let pass = network.pass();
    let victim = Parameter::Weight { layer: 2, row: 3, column: 1 };
    let claimed = |parameter| {
        let factor = if parameter == victim { 1.001 } else { 1.0 };
        pass.gradient(parameter).times(factor.into())
    };
    let check = check_against(&network, &claimed, &CheckSettings::default(), &watch).unwrap();
    let wrong: Vec<Parameter> = check.wrong().map(|compared| compared.parameter).collect();
    assert_eq!(wrong, [victim]);
    assert!(!check.passes());
    assert!(check.sentence().contains("W^(2)[3, 1]"), "{}", check.sentence());
}

#[test]
fn a_forgotten_slope_is_flagged() {
    let experiment = small(Activation::Sigmoid, Loss::Mse);
    let watch = Watch::unattended();
    let network = DrawStudy::new().network::<f64>(&experiment, &experiment.variants[0], &watch);
    let network = network.unwrap();
    let mut pass = network.forward();
    // BP1 without σ′(z^(L)), a beginner's favourite.
    pass.layers[2].slope.fill(1.0);
    network.backward(&mut pass);
    let claimed = |parameter| pass.gradient(parameter);
    let check = check_against(&network, &claimed, &one_step(1e-5), &watch).unwrap();
    assert!(check.wrong().count() > check.checked / 2);
}

#[test]
fn the_errors_draw_a_v() {
    let check = run(&small(Activation::Tanh, Loss::Mse), &CheckSettings::default());
    let median = |of: fn(&StepCheck) -> &Errors| {
        check.steps.iter().map(|step| of(step).median).collect::<Vec<_>>()
    };
    for curve in [median(|step| &step.one_sided), median(|step| &step.centred)] {
        let low = curve.iter().copied().fold(f64::INFINITY, f64::min);
        assert!(curve[0] > 100.0 * low && curve[curve.len() - 1] > 100.0 * low, "{curve:?}");
    }
    let best = &check.steps[check.best];
    assert!(best.centred.median < 1e-9 && (1e-7..=1e-3).contains(&best.step), "{best:?}");
    // O(h) against O(h²), well right of both bottoms.
    let at = |h: f64| check.steps.iter().position(|s| (s.step / h).ln().abs() < 0.1).unwrap();
    let (wide, narrow) = (&check.steps[at(1e-2)], &check.steps[at(1e-3)]);
    assert!((wide.one_sided.median / narrow.one_sided.median / 10.0 - 1.0).abs() < 0.2);
    assert!((wide.centred.median / narrow.centred.median / 100.0 - 1.0).abs() < 0.2);
}

#[test]
fn it_counts_the_passes() {
    let experiment = Preset::find("cost-5-10-8-3").unwrap().experiment();
    let check = run(&experiment, &one_step(1e-5));
    assert_eq!((check.parameters, check.checked, check.forward_passes), (175, 175, 351));
    let some = CheckSettings {
        sample: Sample::Some { count: 20, seed: 7 },
        steps: vec![1e-4, 1e-5, 1e-6],
    };
    let check = run(&experiment, &some);
    assert_eq!((check.checked, check.details.len(), check.forward_passes), (20, 20, 121));
    assert_eq!(run(&experiment, &some), check);
}

#[test]
fn single_precision_is_checked_by_its_own_measure() {
    let mut experiment = small(Activation::Tanh, Loss::Mse);
    experiment.architecture.precision = Precision::F32;
    let check = run(&experiment, &CheckSettings::default());
    assert!(check.passes(), "{}", check.sentence());
    assert!(check.steps[check.best].step > 1e-4);
}

#[test]
fn vanished_gradients_are_out_of_reach_and_not_wrong() {
    let mut experiment = Preset::find("vanishing").unwrap().experiment();
    experiment.variants.truncate(1);
    let settings = CheckSettings { sample: Sample::Some { count: 60, seed: 1 }, steps: vec![1e-5] };
    let check = run(&experiment, &settings);
    assert!(check.passes() && check.count(Finding::BelowRounding) > 30, "{}", check.sentence());
}

#[test]
fn it_stops_and_refuses() {
    let experiment = small(Activation::Tanh, Loss::Mse);
    let asked = Cell::new(0);
    let stop = || {
        asked.set(asked.get() + 1);
        asked.get() > 30
    };
    let watch = Watch::new(&stop, &|_| {});
    let run = |settings: &CheckSettings, watch: &Watch<'_>| {
        gradient_check(&experiment, 0, settings, &mut DrawStudy::new(), watch).unwrap_err()
    };
    assert_eq!(run(&one_step(1e-5), &watch), CheckError::Stopped(Stopped));
    let free = Watch::unattended();
    assert_eq!(run(&one_step(2.0), &free), CheckError::Step(2.0));
    assert!(run(&one_step(f64::NAN), &free).to_string().contains("1e-16 to 1"));
}
