//! The gradient check: what it finds, resolves and refuses.

use std::cell::Cell;

use gradient_lab::engine::Parameter;
use gradient_lab::experiment::{Activation, Experiment, Loss, Precision, Preset};
use gradient_lab::study::{
    CheckError, CheckFinding, CheckSettings, DrawStudy, Errors, GradientCheck, Outcome, Sample,
    StepCheck, Stopped, TaskContext, check_against, gradient_check,
};

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
    gradient_check(experiment, 0, settings, &mut DrawStudy::new(), &TaskContext::unattended())
        .unwrap()
}

fn one_step(step: f64) -> CheckSettings {
    CheckSettings { sample: Sample::All, steps: vec![step] }
}

#[test]
fn backpropagation_passes_for_every_activation_and_loss() {
    for activation in Activation::ALL {
        for loss in Loss::ALL {
            let check = run(&small(activation, loss), &one_step(1e-5));
            assert!(check.passes(), "{activation:?} {loss:?}: {:?}", check.findings());
            let resolved = check.count(Outcome::Agrees) + check.count(Outcome::Zero);
            assert_eq!(resolved, check.checked, "{activation:?} {loss:?}");
            assert!(check.median_bound().unwrap() < 1e-11, "{activation:?} {loss:?}");
            let plain = check.steps[0].centred.as_ref().unwrap();
            assert!(plain.median < 1e-7, "{activation:?} {loss:?}");
        }
    }
}

#[test]
fn a_wrong_derivative_is_flagged_and_named() {
    let experiment = small(Activation::Tanh, Loss::Mse);
    let task = TaskContext::unattended();
    let network = DrawStudy::new().network::<f64>(&experiment, &experiment.variants[0], &task);
    let network = network.unwrap();
    let pass = network.pass();
    let victim = Parameter::Weight { layer: 2, row: 3, column: 1 };
    let claimed = |parameter| {
        let factor = if parameter == victim { 1.001 } else { 1.0 };
        pass.gradient(parameter) * factor
    };
    let check = check_against(&network, &claimed, &CheckSettings::default(), &task).unwrap();
    let wrong = check.with(Outcome::Differs).map(|compared| compared.differences.parameter);
    assert_eq!(wrong.collect::<Vec<_>>(), [victim]);
    assert!(!check.passes());
    let CheckFinding::Differs { count: 1, worst, .. } = check.findings()[0] else {
        panic!("{:?}", check.findings())
    };
    assert_eq!(worst.differences.parameter, victim);
    assert!((worst.relative_error / (0.001 / 1.001) - 1.0).abs() < 1e-6);
}

#[test]
fn a_forgotten_slope_is_flagged() {
    let experiment = small(Activation::Sigmoid, Loss::Mse);
    let task = TaskContext::unattended();
    let network = DrawStudy::new().network::<f64>(&experiment, &experiment.variants[0], &task);
    let network = network.unwrap();
    let mut pass = network.forward();
    // BP1 without σ′(z^(L)), a beginner's favourite.
    pass.layers[2].slope.fill(1.0);
    network.backward(&mut pass);
    let claimed = |parameter| pass.gradient(parameter);
    let check = check_against(&network, &claimed, &one_step(1e-5), &task).unwrap();
    assert!(check.count(Outcome::Differs) > check.checked / 2);
}

#[test]
fn the_errors_draw_a_v() {
    let check = run(&small(Activation::Tanh, Loss::Mse), &CheckSettings::default());
    let median = |errors: &Option<Errors>| errors.as_ref().unwrap().median;
    let curve = |of: fn(&StepCheck) -> &Option<Errors>| {
        check.steps.iter().map(|step| median(of(step))).collect::<Vec<_>>()
    };
    for curve in [curve(|step| &step.one_sided), curve(|step| &step.centred)] {
        let low = curve.iter().copied().fold(f64::INFINITY, f64::min);
        assert!(curve[0] > 100.0 * low && curve[curve.len() - 1] > 100.0 * low, "{curve:?}");
    }
    let best = check.best_step().unwrap();
    assert!(median(&best.centred) < 1e-9 && (1e-7..=1e-3).contains(&best.step), "{best:?}");
    // O(h) against O(h²), well right of both bottoms.
    let at = |h: f64| check.steps.iter().position(|s| (s.step / h).ln().abs() < 0.1).unwrap();
    let (wide, narrow) = (&check.steps[at(1e-2)], &check.steps[at(1e-3)]);
    let falls = |of: fn(&StepCheck) -> &Option<Errors>| median(of(wide)) / median(of(narrow));
    assert!((falls(|step| &step.one_sided) / 10.0 - 1.0).abs() < 0.2);
    assert!((falls(|step| &step.centred) / 100.0 - 1.0).abs() < 0.2);
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
    assert!(check.passes(), "{:?}", check.findings());
    assert_eq!(check.count(Outcome::Agrees), check.checked);
    assert!(check.best_step().unwrap().step > 1e-4);
    let bound = check.median_bound().unwrap();
    assert!((1e-6..1e-3).contains(&bound), "{bound}");
}

/// The first layer's derivatives are some 1e-34, the loss .1: no plain difference shows them.
#[test]
fn vanished_gradients_are_within_reach() {
    let mut experiment = Preset::find("vanishing").unwrap().experiment();
    experiment.variants.truncate(1);
    let settings = CheckSettings { sample: Sample::Some { count: 60, seed: 1 }, steps: vec![1e-5] };
    let check = run(&experiment, &settings);
    assert_eq!(check.count(Outcome::Agrees), 60, "{:?}", check.findings());
    assert!(check.details[0].analytic.log10().unwrap() < -30.0);
    let plain = check.steps[0].centred.as_ref().unwrap();
    assert!(plain.median > 0.5, "{plain:?}");
}

#[test]
fn it_stops_and_refuses() {
    let experiment = small(Activation::Tanh, Loss::Mse);
    let asked = Cell::new(0);
    let stop = || {
        asked.set(asked.get() + 1);
        asked.get() > 30
    };
    let task = TaskContext::new(&stop, &|_| {});
    let run = |settings: &CheckSettings, task: &TaskContext<'_>| {
        gradient_check(&experiment, 0, settings, &mut DrawStudy::new(), task).unwrap_err()
    };
    assert_eq!(run(&one_step(1e-5), &task), CheckError::Stopped(Stopped));
    let free = TaskContext::unattended();
    assert_eq!(run(&one_step(2.0), &free), CheckError::Step(2.0));
    assert!(run(&one_step(f64::NAN), &free).to_string().contains("1e-16 to 1"));
}
