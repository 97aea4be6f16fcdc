//! Numbers at the lower end of `f32`: what is there in `f64` is there in single precision too,
//! with its digits.

mod helpers;

use gradient_lab::experiment::{
    Activation, Architecture, Data, Experiment, LeakyRelu, Precision, Variant,
};
use helpers::draw;

type Matrix = Vec<Vec<f64>>;

/// With the slope of PyTorch's default.
const LEAKY: Activation = Activation::LeakyRelu(LeakyRelu::DEFAULT);

/// One hidden layer with these weights, a linear output, a batch of equal examples.
fn net(activation: Activation, weights: [Matrix; 2], [x, y]: [f64; 2], batch: usize) -> Experiment {
    let sizes = [weights[0][0].len(), weights[0].len(), weights[1].len()];
    let variant = Variant {
        weights: Some(weights.into()),
        output_activation: Some(Activation::Linear),
        ..Variant::of(activation)
    };
    Experiment {
        variants: vec![variant],
        data: Some(Data { x: vec![vec![x; sizes[0]]; batch], y: vec![vec![y; sizes[2]]; batch] }),
        architecture: Architecture {
            input: sizes[0],
            hidden: Some(vec![sizes[1]]),
            output: sizes[2],
            batch,
            ..Architecture::default()
        },
        ..Experiment::default()
    }
}

/// log10 |δ| of the hidden units in both precisions.
fn both(experiment: &Experiment) -> [Vec<Option<f64>>; 2] {
    [Precision::F64, Precision::F32].map(|precision| {
        let mut experiment = experiment.clone();
        experiment.architecture.precision = precision;
        draw(&experiment).variants[0].profile[0].clone()
    })
}

fn agree(experiment: &Experiment, what: &str) {
    let [double, single] = both(experiment);
    for (double, single) in double.into_iter().zip(single) {
        let log10 = |log10: Option<f64>| log10.expect("no true zero");
        let ratio = 10_f64.powf(log10(single) - log10(double));
        assert!((ratio - 1.0).abs() < 1e-5, "{what}: {single:?} for {double:?}");
    }
}

#[test]
fn a_unit_is_not_lost_beside_one_that_is_far_above() {
    for activation in [Activation::Linear, LEAKY, Activation::Tanh] {
        for (outputs, batch) in [(1, 1), (300, 1), (300, 3), (300, 40)] {
            let row = |k: usize| vec![1e6, if k == 0 { 2e-38 } else { 0.0 }];
            let weights = [vec![vec![1e-3; 2]; 2], (0..outputs).map(row).collect()];
            let experiment = net(activation, weights, [1.0, -1.0], batch);
            agree(&experiment, &format!("{activation:?}, {outputs} outputs, batch {batch}"));
        }
    }
}

#[test]
fn a_slope_below_the_smallest_number_keeps_its_digits() {
    for z in [80.0, 88.0, 95.0, 100.0, 103.0] {
        for batch in [1, 3] {
            let weights = [vec![vec![z]], vec![vec![1e6]]];
            agree(&net(Activation::Sigmoid, weights, [1.0, 0.0], batch), &format!("z = {z}"));
        }
    }
}

#[test]
fn a_leaky_slope_takes_no_digits_from_the_smallest_weights() {
    for tiny in [2e-38, 3e-38, 9e-37] {
        let hidden = vec![vec![-1.0]; 50];
        let outputs = vec![(0..50).map(|j| tiny * (1.0 + f64::from(j) / 70.0)).collect()];
        for batch in [1, 3] {
            let experiment = net(LEAKY, [hidden.clone(), outputs.clone()], [1.0, 1.0], batch);
            agree(&experiment, &format!("weights of {tiny}"));
        }
    }
}

/// Some examples of a batch have no living unit at all, and the others are as they are alone.
#[test]
fn dead_examples_do_not_disturb_their_neighbours() {
    for batch in [2, 5, 40] {
        let weights = [vec![vec![1.0]; 20], vec![vec![0.3; 20]; 3]];
        let mut experiment = net(Activation::Relu, weights, [1.0, 0.0], batch);
        let alone = draw(&net_of_one(&experiment)).variants[0].layers[0].delta;
        if let Some(data) = &mut experiment.data {
            data.x.iter_mut().step_by(2).for_each(|x| *x = vec![-1.0]);
        }
        let mixed = draw(&experiment).variants[0].layers[0].delta;
        let share = (batch / 2) as f64 / batch as f64;
        let expected = alone.to_f64() * share.sqrt();
        assert!((mixed.to_f64() / expected - 1.0).abs() < 1e-12, "{mixed:?} {expected}");
    }
}

fn net_of_one(experiment: &Experiment) -> Experiment {
    let mut one = experiment.clone();
    one.architecture.batch = 1;
    if let Some(data) = &mut one.data {
        data.x.truncate(1);
        data.y.truncate(1);
    }
    one
}
