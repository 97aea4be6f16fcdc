use nalgebra::DMatrix;

use crate::engine::ProductSvd;
use crate::experiment::{
    Activation, Experiment, Init, LeakyRelu, NormKind, Normalization, Scheme, Skip, SkipScale,
};
use crate::study::DrawStudy;

use super::way::singular_values;
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

/// D_l W^(l+1)ᵀ of a plain net, n_l × n_{l+1}.
fn factor(network: &Network<f64>, pass: &Pass<f64>, layer: usize) -> Array2<f64> {
    let mut factor = network.weight(layer).reversed_axes();
    let slopes = pass.layers[layer - 1].slope.column(0);
    factor.rows_mut().into_iter().zip(slopes).for_each(|(mut row, &slope)| row *= slope);
    factor
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
            product = factor(&network, &pass, layer).dot(&product);
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
            let matrix = factor(&network, &pass, layer);
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

/// Whether the experiment is one the lab takes: a small net with a normalization and a skip.
fn remedied(
    norm: Option<NormKind>,
    skip: Option<Skip>,
    [width, depth, batch]: [usize; 3],
) -> Option<Experiment> {
    let mut experiment = Experiment::default();
    experiment.variants.truncate(1);
    experiment.architecture.hidden = Some(vec![width; depth]);
    experiment.architecture.output = width;
    experiment.architecture.batch = batch;

    let variant = &mut experiment.variants[0];
    variant.activation = Activation::Tanh;
    variant.init = Init::of(Scheme::HeNormal);
    variant.normalization = norm.map(|kind| Normalization { kind, epsilon: 1e-5 });
    variant.skip = skip;
    variant.output_activation = Some(Activation::Linear);
    experiment.validate().is_ok().then_some(experiment)
}

const SKIPS: [Option<Skip>; 4] = [None, Some(Skip::Post), Some(Skip::Pre), Some(Skip::PostNorm)];
const NORMS: [Option<NormKind>; 4] =
    [None, Some(NormKind::Layer), Some(NormKind::Rms), Some(NormKind::Batch)];

/// ∂z^(L)/∂z^(l), transposed, of some examples, column by column from what the engine sends back of
/// a unit of δ^(L): with squared error and a linear output δ^(L) = a − y.
fn by_backward(network: &Network<f64>, layer: usize, examples: &Range<usize>) -> Array2<f64> {
    let mut network = network.clone();
    let output = network.forward().layers.last().unwrap().a.clone();
    let outputs = output.units();
    let units = network.dense(layer - 1).units();
    let mut jacobian = Array2::zeros((units * examples.len(), outputs * examples.len()));
    for (place, example) in examples.clone().enumerate() {
        for unit in 0..outputs {
            for b in 0..output.batch() {
                for k in 0..outputs {
                    let one = f64::from(u8::from((b, k) == (example, unit)));
                    network.target.mantissa[[k, b]] = output.entry(k, b).to_f64() - one;
                }
            }
            let pass = network.pass();
            for (other, b) in examples.clone().enumerate() {
                for k in 0..units {
                    let delta = pass.layers[layer - 1].delta.entry(k, b).to_f64();
                    jacobian[[other * units + k, place * outputs + unit]] = delta;
                }
            }
        }
    }
    jacobian
}

/// Seed 42, five units, three hidden layers, four examples; 1e-9 of each value and, since the plain
/// matrix holds no more, 1e-13 of the largest. Chosen before the first run.
#[test]
fn normalizations_and_skips_agree_with_the_engine_on_its_way_back() {
    let mut compared = 0;
    for norm in NORMS {
        for skip in SKIPS {
            for scale in [SkipScale::Number(1.0), SkipScale::InverseSqrtDepth] {
                let Some(mut experiment) = remedied(norm, skip, [5, 3, 4]) else { continue };
                experiment.variants[0].skip_scale = scale;
                if experiment.validate().is_err() {
                    continue;
                }
                let (network, pass) = network(&experiment);
                let task = TaskContext::unattended();
                let spectrum = jacobian_spectrum(&network, &pass, 2, 4, &task).unwrap();
                let examples = if norm == Some(NormKind::Batch) { 0..4 } else { 2..3 };
                assert_eq!(spectrum.coupled, (examples.len() == 4).then_some(4));
                for layer in 1..4 {
                    let direct = singular_values(&by_backward(&network, layer, &examples));
                    let mine = &spectrum.layers[layer - 1];
                    assert_eq!(mine.log10.len() + mine.zeros, direct.len());
                    let log10 = mine.log10.iter().map(|log10| 10_f64.powf(*log10));
                    let values = log10.chain(std::iter::repeat(0.0));
                    for (mine, direct_one) in values.zip(&direct) {
                        let error = (mine - direct_one).abs();
                        assert!(
                            error <= 1e-9 * direct_one + 1e-13 * direct[0],
                            "{norm:?} {skip:?} {layer}: {mine} {direct_one}"
                        );
                    }
                    compared += 1;
                }
            }
        }
    }
    // Three layers of all but a post_norm without a normalization, and no skip with an α.
    assert_eq!(compared, 3 * (2 * 16 - 2 - 4));
}

/// Factors from the left to the right.
type Product = Vec<DMatrix<f64>>;

/// The Jacobians of a net of equal widths at one example, written out from weights, slopes and ẑ
/// alone: ∂h^(l)/∂h^(l−1) and ∂h^(l)/∂z^(l) for l = 1…D, and ∂z^(L)/∂h^(D), each as factors from the
/// left to the right, so that slopes, which may be decades apart, stand alone.
fn written_out(
    network: &Network<f64>,
    pass: &Pass<f64>,
    skip: Skip,
    alpha: f64,
) -> (Vec<[Product; 2]>, Product) {
    let matrix = |of: &Array2<f64>| DMatrix::from_fn(of.nrows(), of.ncols(), |i, j| of[[i, j]]);
    let depth = pass.layers.len() - 1;
    let units = pass.layers[0].z.units();
    let identity = || DMatrix::<f64>::identity(units, units);
    let weight = |layer: usize| matrix(&network.weight(layer - 1));
    let slopes = |layer: usize| {
        let slope = &pass.layers[layer - 1].slope;
        DMatrix::from_fn(units, units, |i, j| if i == j { slope[[i, 0]] } else { 0.0 })
    };
    // RMS normalization: (I − ẑẑᵀ/n)/s.
    let norm = |layer: usize| {
        let trace = &pass.layers[layer - 1];
        let Some(normalized) = trace.normalized() else { return identity() };
        let z = DMatrix::from_fn(units, 1, |i, _| normalized.entry(i, 0).to_f64());
        let inverse = trace.chain.as_ref().unwrap().norm.inverse.get(0).to_f64();
        (identity() - &z * z.transpose() / units as f64) * inverse
    };
    let into = |layer: usize| match skip {
        Skip::Post => vec![slopes(layer), norm(layer)],
        Skip::Pre => vec![identity()],
        Skip::PostNorm => vec![slopes(layer)],
    };
    let out = |layer: usize| match skip {
        Skip::Pre => vec![weight(layer + 1), slopes(layer), norm(layer)],
        _ => vec![weight(layer + 1)],
    };
    let after = |layer: usize| if skip == Skip::PostNorm { norm(layer) } else { identity() };
    let product = |of: Vec<DMatrix<f64>>| of.into_iter().fold(identity(), |all, one| all * one);
    let block = |layer: usize| {
        let scale = if layer == 1 { 1.0 } else { alpha };
        let own = [vec![after(layer), identity() * scale], into(layer)].concat();
        if layer == 1 {
            return [Vec::new(), own];
        }
        let branch = product(into(layer)) * product(out(layer - 1)) * alpha;
        [vec![after(layer), identity() + branch], own]
    };
    ((1..=depth).map(block).collect(), out(depth))
}

fn deep(norm: Option<NormKind>, skip: Skip, scale: SkipScale) -> (Experiment, f64) {
    let mut experiment = remedied(norm, Some(skip), [6, 300, 1]).unwrap();
    experiment.variants[0].skip_scale = scale;
    (experiment, scale.of_depth(300))
}

const DEEP: [(Option<NormKind>, Skip, SkipScale); 6] = [
    (None, Skip::Post, SkipScale::Number(1.0)),
    (None, Skip::Post, SkipScale::InverseSqrtDepth),
    (None, Skip::Pre, SkipScale::Number(0.7)),
    (Some(NormKind::Rms), Skip::Post, SkipScale::Number(1.0)),
    (Some(NormKind::Rms), Skip::Pre, SkipScale::Number(1.0)),
    (Some(NormKind::Rms), Skip::PostNorm, SkipScale::Number(1.0)),
];

/// Seed 42, 300 layers of six units; 1e-7 in log10, chosen before the first run: 300 factors, each
/// with a relative error of at most 1e-11.
#[test]
fn three_hundred_layers_with_skips_keep_the_determinant_and_every_singular_value() {
    for (norm, skip, scale) in DEEP {
        let (experiment, alpha) = deep(norm, skip, scale);
        let (network, pass) = network(&experiment);
        let (blocks, out) = written_out(&network, &pass, skip, alpha);
        let spectrum = spectrum(&experiment);
        for layer in [1, 2, 150, 300] {
            let mine = &spectrum.layers[layer - 1];
            assert_eq!((mine.log10.len(), mine.zeros), (6, 0));
            let own = &blocks[layer - 1][1];
            let above = &blocks[layer..];
            let log10 = |of: &DMatrix<f64>| of.clone().lu().determinant().abs().log10();
            // From z^(l) on, the factors from the right to the left.
            let way = [own].into_iter().chain(above.iter().map(|[block, _]| block)).chain([&out]);
            let way: Vec<&DMatrix<f64>> = way.flat_map(|factors| factors.iter().rev()).collect();
            let expected: f64 = way.iter().map(|factor| log10(factor)).sum();
            let sum: f64 = mine.log10.iter().sum();
            assert!((sum - expected).abs() < 1e-7, "{norm:?} {skip:?} {layer}: {sum} {expected}");
            // 1/σ of the inverse, carried from the other end.
            let mut inverse = ProductSvd::identity(6);
            for factor in way {
                let factor = factor.transpose().try_inverse().unwrap();
                let entry = |(i, j)| factor[(i, j)];
                inverse.multiply(&Array2::from_shape_fn((6, 6), entry), 6);
            }
            let inverse = inverse.singular_values();
            for (mine, other) in mine.log10.iter().zip(inverse.iter().rev()) {
                let other = -other.log10().unwrap();
                assert!((mine - other).abs() < 1e-7, "{norm:?} {skip:?} {layer}: {mine} {other}");
            }
        }
    }
}

/// The measured growth of δ lies between the smallest and the largest.
#[test]
fn with_skips_the_signal_lies_between_the_smallest_and_the_largest() {
    for (norm, skip, scale) in DEEP {
        let (experiment, _) = deep(norm, skip, scale);
        let pass = network(&experiment).0.pass();
        let log10 = |layer: usize| pass.layers[layer - 1].delta.norm(0).log10().unwrap();
        for layer in &spectrum(&experiment).layers {
            let grown = log10(layer.layer) - log10(301);
            assert!(grown < layer.largest().unwrap() + 1e-9);
            assert!(grown > layer.smallest().unwrap() - 1e-9);
        }
    }
}

/// With batch normalization it is the root of the sum of squares over the examples.
#[test]
fn with_batch_normalization_the_signal_of_all_examples_lies_between_them() {
    for skip in SKIPS {
        let Some(experiment) = remedied(Some(NormKind::Batch), skip, [6, 40, 5]) else { continue };
        let pass = network(&experiment).0.pass();
        let log10 = |layer: usize| pass.layers[layer - 1].delta.rms_norm().log10().unwrap();
        let spectrum = spectrum(&experiment);
        assert_eq!(spectrum.layers[0].log10.len() + spectrum.layers[0].zeros, 30);
        for layer in &spectrum.layers {
            let grown = log10(layer.layer) - log10(41);
            assert!(grown < layer.largest().unwrap() + 1e-9);
        }
    }
}

#[test]
fn layer_normalization_loses_the_mean_and_an_alpha_of_zero_all_but_the_stem() {
    let experiment = remedied(Some(NormKind::Layer), None, [6, 2, 1]).unwrap();
    let first = &spectrum(&experiment).layers[0];
    assert_eq!((first.log10.len(), first.zeros), (5, 1));
    assert_eq!(first.cuts[0].by, CutBy::Normalized);
    let mut experiment = remedied(None, Some(Skip::Post), [6, 3, 1]).unwrap();
    experiment.variants[0].skip_scale = SkipScale::Number(0.0);
    let layers = spectrum(&experiment).layers;
    let third = &layers[2];
    assert_eq!((third.log10.len(), third.zeros), (0, 6));
    assert_eq!(third.cuts, [Cut { layer: 3, by: CutBy::SkipScale }]);
    assert_eq!((layers[0].log10.len(), layers[0].cuts.len()), (6, 0));
}

#[test]
fn too_many_coupled_examples_are_refused_and_a_bypass_is_told() {
    let experiment = remedied(Some(NormKind::Batch), None, [20, 2, 13]).unwrap();
    let (coupled, pass) = network(&experiment);
    let task = TaskContext::unattended();
    let error = jacobian_spectrum(&coupled, &pass, 0, 3, &task).unwrap_err().to_string();
    assert!(error.contains("20 units × 13 examples") && error.contains("lower the batch"));
    // A skip round the top layer leads signals that its Jacobian has not.
    let experiment = remedied(None, Some(Skip::Pre), [6, 3, 1]).unwrap();
    let (network, pass) = network(&experiment);
    let is_bypassed = |top| jacobian_spectrum(&network, &pass, 0, top, &task).unwrap().is_bypassed;
    assert_eq!([1, 2, 3, 4].map(is_bypassed), [false, true, true, false]);
}
