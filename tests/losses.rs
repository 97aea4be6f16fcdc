//! The cross-entropies against finite differences of plainly written losses.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use gradient_lab::engine::{DrawCache, Network, Pass, Scaled, softmax};
use gradient_lab::experiment::{Activation, Experiment, Loss};
use gradient_lab::study::{DrawStudy, TaskContext};

fn network(experiment: &Experiment) -> Network<f64> {
    experiment.validate().unwrap();
    Network::build(experiment, &experiment.variants[0], &mut DrawCache::new(), &mut || true)
        .unwrap()
}

fn plain(numbers: &[Scaled]) -> Vec<f64> {
    numbers.iter().map(|number| number.to_f64()).collect()
}

/// 3-4-n, tanh, a batch of five with drawn data; the weights written out so that a test can
/// move them.
fn small(loss: Loss, output: usize) -> Experiment {
    let mut experiment = Experiment::default();
    experiment.variants.truncate(1);
    experiment.variants[0].activation = Activation::Tanh;
    let architecture = &mut experiment.architecture;
    (architecture.input, architecture.output, architecture.batch) = (3, output, 5);
    (architecture.hidden, architecture.loss) = (Some(vec![4]), loss);
    let drawn = network(&experiment);
    let rows = |index| drawn.weight(index).rows().into_iter().map(|row| row.to_vec()).collect();
    experiment.variants[0].weights = Some(vec![rows(0), rows(1)]);
    experiment
}

/// The mean loss of a batch, written as the textbook writes it.
fn plain_loss(loss: Loss, network: &Network<f64>) -> f64 {
    let pass = network.forward();
    let z = &pass.layers.last().unwrap().z;
    let y = &network.target.mantissa;
    let example = |b: usize| -> f64 {
        let logits = plain(&z.column(b));
        let p: Vec<f64> = match loss {
            Loss::Bce => logits.iter().map(|z| 1.0 / (1.0 + (-z).exp())).collect(),
            _ => softmax(&logits),
        };
        let pairs = p.iter().zip(y.column(b));
        match loss {
            Loss::Bce => pairs.map(|(p, y)| -y * p.ln() - (1.0 - y) * (1.0 - p).ln()).sum(),
            _ => pairs.map(|(p, y)| if *y == 0.0 { 0.0 } else { -y * p.ln() }).sum(),
        }
    };
    (0..z.batch()).map(example).sum::<f64>() / z.batch() as f64
}

fn shifted(experiment: &Experiment, at: (usize, usize, usize), by: f64) -> Network<f64> {
    let mut moved = experiment.clone();
    moved.variants[0].weights.as_mut().unwrap()[at.0][at.1][at.2] += by;
    network(&moved)
}

fn check(loss: Loss, output: usize) {
    let experiment = small(loss, output);
    let network = network(&experiment);
    let pass: Pass<f64> = network.pass();
    let base = plain_loss(loss, &network);
    assert!(
        (pass.loss.to_f64() - base).abs() < 1e-14
            && network.loss_of(&network.forward()) == pass.loss
    );
    let weights = experiment.variants[0].weights.clone().unwrap();
    for (index, matrix) in weights.iter().enumerate() {
        let gradient = pass.weight_gradient(index).to_f64();
        for (row, column) in
            (0..matrix.len()).flat_map(|i| (0..matrix[0].len()).map(move |j| (i, j)))
        {
            let at = (index, row, column);
            let [above, below] =
                [1e-5, -1e-5].map(|by| plain_loss(loss, &shifted(&experiment, at, by)));
            let numeric = (above - below) / 2e-5;
            let error = (numeric - gradient[[row, column]]).abs();
            assert!(error < 1e-7 * numeric.abs().max(1e-3), "{loss:?} {at:?}: {error}");
        }
    }
}

#[test]
fn gradients_agree_with_centred_differences() {
    check(Loss::Bce, 1);
    check(Loss::Bce, 3);
    check(Loss::SoftmaxCe, 4);
}

#[test]
fn drawn_targets_are_what_the_loss_takes() {
    let classes = network(&small(Loss::SoftmaxCe, 4)).target.mantissa;
    for column in classes.columns() {
        assert_eq!(column.sum(), 1.0);
        assert_eq!(column.iter().filter(|y| **y == 1.0).count(), 1);
    }
    let bits = network(&small(Loss::Bce, 3)).target.mantissa;
    assert!(bits.iter().all(|y| [0.0, 1.0].contains(y)) && bits.sum() > 0.0);
}

#[test]
fn the_output_error_is_a_minus_y() {
    for (loss, output) in [(Loss::Bce, 3), (Loss::SoftmaxCe, 4)] {
        let network = network(&small(loss, output));
        let pass = network.pass();
        let last = pass.layers.last().unwrap();
        for b in 0..5 {
            for unit in 0..output {
                let a = last.a.entry(unit, b).to_f64();
                let difference = a - network.target.mantissa[[unit, b]];
                assert!((last.delta.entry(unit, b).to_f64() - difference).abs() < 1e-15);
            }
        }
    }
}

/// One linear layer that multiplies its input by 1000, or by far more.
fn steep(loss: Loss, factor: f64, y: [f64; 2]) -> Experiment {
    Experiment::from_toml(&format!(
        "[architecture]\ninput = 2\nhidden = [2]\noutput = 2\nloss = \"{}\"\n\
         [data]\nx = [[1.0, -1.0]]\ny = [[{:?}, {:?}]]\n[[variant]]\nactivation = \"linear\"\n\
         weights = [[[1e3, 0.0], [0.0, 1e3]], [[{factor:?}, 0.0], [0.0, {factor:?}]]]",
        loss.id(),
        y[0],
        y[1]
    ))
    .unwrap()
}

#[test]
fn the_loss_is_finite_at_a_thousand_and_the_signal_is_not_lost() {
    for loss in [Loss::Bce, Loss::SoftmaxCe] {
        let pass = network(&steep(loss, 1.0, [0.0, 1.0])).pass();
        assert_eq!(pass.loss.to_f64(), 2000.0);
        assert_eq!(plain(&pass.layers[1].delta.column(0)), [1.0, -1.0]);
        let right = network(&steep(loss, 1.0, [1.0, 0.0])).pass();
        for layer in &right.layers {
            assert!(layer.delta.norm(0).log10().unwrap() < -400.0);
        }
        let far = DrawStudy::new()
            .run(&steep(loss, 1e6, [1.0, 0.0]), &TaskContext::unattended())
            .unwrap();
        assert!(far.variants[0].layers[0].delta.log10().unwrap() < -4e8);
    }
}
