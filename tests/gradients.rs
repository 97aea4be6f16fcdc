//! Backpropagation against finite differences: every activation, scheme and several depths.

mod helpers;

use std::sync::Arc;

use gradient_lab::engine::{DrawCache, Network};
use gradient_lab::experiment::{Activation, Scheme};
use helpers::experiment;
use ndarray::Array2;

/// Step of the stencil; its error is of the order of this to the fourth.
const STEP: f64 = 4e-4;
/// Allowed difference, relative to the gradient's norm.
const TOLERANCE: f64 = 1e-7;
/// What rounding of the loss leaves of a gradient that is exactly zero.
const ROUNDING: f64 = 2e-12;

/// A network with plain weights and a bias everywhere, so that any of them can be moved.
fn network(activation: Activation, scheme: Scheme, depth: usize, seed: u64) -> Network<f64> {
    let scale = match scheme {
        Scheme::Constant => ", value = 0.3",
        Scheme::Normal => ", std = 0.7",
        Scheme::Uniform => ", bound = 1.2",
        _ => "",
    };
    let experiment = experiment(&format!(
        "seed = {seed}\ndraws = 'layered'\n\
         [architecture]\ninput = 3\ndepth = {depth}\nwidth = 4\noutput = 2\nbatch = 2\n\
         [[variant]]\nactivation = '{}'\ninit = {{ scheme = '{}'{scale} }}\n\
         bias = {{ scheme = 'normal', std = 0.6 }}",
        activation.id(),
        scheme.id(),
    ));
    let variant = &experiment.variants[0];
    let mut network = Network::build(&experiment, variant, &mut DrawCache::new(), &mut || true)
        .expect("nobody stops it");
    for index in 0..network.depth() {
        network.dense_mut(index).unit = Arc::new(network.weight(index));
        network.dense_mut(index).scale = 1.0;
    }
    network
}

/// Whether every pre-activation keeps its distance from the kink at 0 while one parameter moves.
fn is_far_from_kinks(network: &Network<f64>) -> bool {
    let pass = network.forward();
    pass.layers.iter().zip(network.activations()).all(|(trace, activation)| {
        let z = trace.z.column(0);
        !activation.has_kink() || z.iter().all(|z| z.to_f64().abs() > 50.0 * STEP)
    })
}

/// ∂L/∂p by the five-point stencil, where `nudge` adds to p.
fn slope(network: &Network<f64>, nudge: impl Fn(&mut Network<f64>, f64)) -> f64 {
    let loss = |step: f64| {
        let mut moved = network.clone();
        nudge(&mut moved, step);
        moved.pass().loss.to_f64()
    };
    let near = loss(STEP) - loss(-STEP);
    let far = loss(2.0 * STEP) - loss(-2.0 * STEP);
    (8.0 * near - far) / (12.0 * STEP)
}

fn check(what: &str, analytic: &Array2<f64>, numeric: &Array2<f64>) {
    let norm = |m: &Array2<f64>| m.iter().map(|v| v * v).sum::<f64>().sqrt();
    let difference = norm(&(analytic - numeric));
    assert!(
        difference <= TOLERANCE * norm(analytic) + ROUNDING,
        "{what}: off by {difference:e} of {:e}",
        norm(analytic)
    );
}

fn check_layer(what: &str, network: &Network<f64>, index: usize) {
    let pass = network.pass();
    let shape = network.dense(index).unit.dim();
    let numeric = Array2::from_shape_fn(shape, |at| {
        slope(network, |moved, step| Arc::make_mut(&mut moved.dense_mut(index).unit)[at] += step)
    });
    check(&format!("{what} ∂W"), &pass.weight_gradient(index).to_f64(), &numeric);
    let numeric = Array2::from_shape_fn((shape.0, 1), |(unit, _)| {
        slope(network, |moved, step| {
            moved.dense_mut(index).bias.as_mut().expect("a bias everywhere")[unit] += step;
        })
    });
    check(&format!("{what} ∂b"), &pass.bias_gradient(index).to_f64(), &numeric);
}

#[test]
fn every_activation_scheme_and_depth_agrees_with_finite_differences() {
    for activation in Activation::ALL {
        for scheme in Scheme::ALL {
            for depth in [1, 2, 5] {
                let network = (0..500)
                    .map(|seed| network(activation, scheme, depth, seed))
                    .find(is_far_from_kinks)
                    .expect("some seed keeps its distance from the kinks");
                for index in 0..=depth {
                    let (activation, scheme) = (activation.id(), scheme.id());
                    let what = format!("{activation} {scheme} depth {depth} layer {}", index + 1);
                    check_layer(&what, &network, index);
                }
            }
        }
    }
}

#[test]
fn norms_without_the_matrix_are_the_matrix_norms() {
    for batch in [1, 2, 3, 16, 100] {
        let experiment = experiment(&format!(
            "draws = 'layered'\n[architecture]\ninput = 8\ndepth = 3\nwidth = 9\noutput = 4\n\
             batch = {batch}\n[[variant]]\nactivation = 'tanh'"
        ));
        let variant = &experiment.variants[0];
        let mut cache = DrawCache::new();
        let network = Network::<f64>::build(&experiment, variant, &mut cache, &mut || true)
            .expect("nobody stops it");
        let pass = network.pass();
        for index in 0..4 {
            let norm = pass.weight_gradient_norm(index).to_f64();
            let matrix = pass.weight_gradient(index).norm().to_f64();
            assert!((norm - matrix).abs() < 1e-13 * matrix, "batch {batch}: {norm} {matrix}");
            let norm = pass.bias_gradient_norm(index).to_f64();
            let matrix = pass.bias_gradient(index).norm().to_f64();
            assert!((norm - matrix).abs() < 1e-13 * matrix, "batch {batch}: {norm} {matrix}");
        }
    }
}

/// Two examples whose gradients are opposite: the mean loss does not move, and the norm says
/// so to the last digits though it is a small difference of large numbers.
#[test]
fn examples_that_cancel_leave_no_gradient() {
    let experiment = experiment(
        "[architecture]\ninput = 2\nhidden = [30]\noutput = 2\nbatch = 2\n\
         [data]\nx = [[0.3, 0.4], [0.3, 0.4]]\ny = [[1, 2], [-1, -2]]\n\
         [[variant]]\nactivation = 'linear'\ninit = { scheme = 'normal', std = 1e-9 }",
    );
    let variant = &experiment.variants[0];
    let mut cache = DrawCache::new();
    let network = Network::<f64>::build(&experiment, variant, &mut cache, &mut || true)
        .expect("nobody stops it");
    let pass = network.pass();
    let (norm, matrix) = (pass.weight_gradient_norm(1), pass.weight_gradient(1).norm());
    let difference = (norm.to_f64() - matrix.to_f64()).abs();
    assert!(difference <= 1e-12 * matrix.to_f64(), "{norm:?} {matrix:?}");
}
