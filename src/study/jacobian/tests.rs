use crate::experiment::{Activation, Experiment, Init, LeakyRelu, Scheme};
use crate::study::DrawStudy;

use super::*;

fn experiment(activation: Activation, hidden: Vec<usize>, output: usize) -> Experiment {
    let mut experiment = Experiment::default();
    experiment.variants.truncate(1);
    experiment.variants[0].activation = activation;
    experiment.architecture.output = output;
    experiment.architecture.hidden = Some(hidden);
    experiment.validate().unwrap();
    experiment
}

fn network(experiment: &Experiment) -> (Network<f64>, Pass<f64>) {
    let variant = &experiment.variants[0];
    let task = TaskContext::unattended();
    let network = DrawStudy::new().network::<f64>(experiment, variant, &task).unwrap();
    let pass = network.forward();
    (network, pass)
}

fn spectrum(experiment: &Experiment) -> JacobianSpectrum {
    let (network, pass) = network(experiment);
    let top = pass.layers.len();
    jacobian_spectrum(&network, &pass, 0, top, &TaskContext::unattended()).unwrap()
}

#[test]
fn small_nets_agree_with_the_singular_values_of_the_plain_product() {
    for (activation, hidden) in [
        (Activation::Sigmoid, vec![7, 9, 6]),
        (Activation::Tanh, vec![8, 8]),
        (Activation::LeakyRelu(LeakyRelu::DEFAULT), vec![6, 12, 5]),
    ] {
        let experiment = experiment(activation, hidden, 5);
        let (network, pass) = network(&experiment);
        let spectrum = spectrum(&experiment);
        let mut product = Array2::eye(5);
        for layer in (1..pass.layers.len()).rev() {
            product = Factor::of(&network, &pass, layer, 0).matrix.dot(&product);
            let direct = singular_values(&product);
            let mine = &spectrum.layers[layer - 1];
            assert_eq!((mine.log10.len(), mine.zeros), (5, 0));
            for (log10, direct) in mine.log10.iter().zip(&direct) {
                let relative = (10_f64.powf(*log10) / direct - 1.0).abs();
                assert!(relative < 1e-10, "{activation:?} {layer}: {relative}");
            }
        }
    }
}

#[test]
fn two_hundred_layers_keep_the_determinant() {
    for activation in [Activation::Sigmoid, Activation::Tanh, Activation::Linear] {
        let experiment = experiment(activation, vec![12; 200], 12);
        let (network, pass) = network(&experiment);
        let first = &spectrum(&experiment).layers[0];
        assert!(first.log10.len() == 12 && first.log10.iter().all(|v| v.is_finite()));
        let determinant = |layer| {
            let matrix = Factor::of(&network, &pass, layer, 0).matrix;
            let matrix = DMatrix::from_fn(12, 12, |i, j| matrix[[i, j]]);
            matrix.lu().determinant().abs().log10()
        };
        let expected: f64 = (1..pass.layers.len()).map(determinant).sum();
        let sum: f64 = first.log10.iter().sum();
        assert!((sum - expected).abs() < 1e-9 * expected.abs().max(1.0), "{sum} {expected}");
        assert!(first.smallest() < first.median() && first.median() < first.largest());
    }
}

/// 1/σ of the inverse … D_2⁻¹ W^(2)⁻ᵀ D_1⁻¹, carried from the other end. Each D⁻¹ must
/// stand left of its factor, where its decades are the rows' own.
fn by_the_inverse(network: &Network<f64>, pass: &Pass<f64>, units: usize) -> Vec<f64> {
    let mut columns = ProductSvd::identity(units);
    for (index, layer) in pass.layers.iter().enumerate() {
        let weight = network.weight(index);
        let inverse = match index {
            0 => DMatrix::identity(units, units),
            _ => DMatrix::from_fn(units, units, |i, j| weight[[j, i]]).try_inverse().unwrap(),
        };
        let last = index + 1 == pass.layers.len();
        let slope = |unit: usize| if last { 1.0 } else { layer.slope[[unit, 0]] };
        let entry = |(i, j)| inverse[(i, j)] / slope(i);
        columns.multiply(&Array2::from_shape_fn((units, units), entry), units);
    }
    columns.singular_values().iter().rev().map(|value| -value.log10().unwrap()).collect()
}

#[test]
fn saturated_nets_keep_every_singular_value() {
    for (activation, gain) in [(Activation::Sigmoid, 60.0), (Activation::Tanh, 12.0)] {
        let mut experiment = experiment(activation, vec![8; 60], 8);
        experiment.variants[0].init.gain = Some(gain);
        let (network, pass) = network(&experiment);
        let slopes = pass.layers[30].slope.iter().copied();
        assert!(slopes.fold(1.0, f64::min) < 1e-12, "the test wants graded slopes");
        let first = &spectrum(&experiment).layers[0];
        let inverse = by_the_inverse(&network, &pass, 8);
        assert_eq!(first.log10.len(), 8);
        for (mine, other) in first.log10.iter().zip(&inverse) {
            assert!((mine - other).abs() < 1e-9, "{activation:?}: {mine} {other}");
        }
        assert!(first.smallest().unwrap() < first.largest().unwrap() - 300.0);
        assert!(first.relative_error < 1e-9);
    }
}

#[test]
fn the_signal_lies_between_the_smallest_and_the_largest() {
    let experiment = experiment(Activation::Tanh, vec![10; 120], 4);
    let (network, _) = network(&experiment);
    let pass = network.pass();
    let last = pass.layers.last().unwrap().delta.norm(0).log10().unwrap();
    for layer in &spectrum(&experiment).layers {
        let delta = pass.layers[layer.layer - 1].delta.norm(0).log10().unwrap() - last;
        assert!(delta < layer.largest().unwrap() + 1e-9);
        assert!(delta > layer.smallest().unwrap() - 1e-9);
    }
}

#[test]
fn orthogonal_weights_keep_every_length() {
    let mut experiment = experiment(Activation::Linear, vec![16; 100], 16);
    experiment.variants[0].init = Init::of(Scheme::Orthogonal);
    for layer in spectrum(&experiment).layers {
        assert!(layer.log10.iter().all(|log10| log10.abs() < 1e-12));
    }
}

#[test]
fn dead_units_and_low_rank_are_zeros_and_not_small_numbers() {
    let mut experiment = experiment(Activation::Relu, vec![6, 6], 6);
    let (_, pass) = network(&experiment);
    let alive = pass.layers[1].slope.iter().filter(|slope| **slope > 0.0).count();
    let second = &spectrum(&experiment).layers[1];
    assert_eq!((second.log10.len(), second.zeros), (alive, 6 - alive));
    assert_eq!(second.smallest(), None);
    experiment.variants[0].activation = Activation::Sigmoid;
    experiment.variants[0].init = Init { value: Some(0.3), ..Init::of(Scheme::Constant) };
    let first = &spectrum(&experiment).layers[0];
    assert_eq!((first.log10.len(), first.zeros), (1, 5));
}

#[test]
fn what_cannot_be_computed_is_refused_with_a_sentence() {
    let wide = experiment(Activation::Tanh, vec![300], 1);
    let (network, pass) = network(&wide);
    let run = |example, top| {
        jacobian_spectrum(&network, &pass, example, top, &TaskContext::unattended())
            .unwrap_err()
            .to_string()
    };
    assert!(run(0, 2).contains("Layer 1 has 300 units"));
    assert!(run(3, 2).contains("no example 4"));
    assert!(run(0, 9).contains("no layer 9"));
}
