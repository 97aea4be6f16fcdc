//! The prediction for wide layers: each layer's RMS ‖z‖, ‖a‖ and ‖δ‖ from the variances of
//! the initialization alone (mean-field theory; Poole et al. 2016, *Exponential expressivity
//! in deep neural networks through transient chaos*; Schoenholz et al. 2017, *Deep
//! information propagation*).

use crate::engine::{OpShape, Scaled};
use crate::experiment::{Experiment, Loss, Scheme, Variant};

use super::moments::{BiasLaw, Moments};
use super::softmax_error::softmax_square;

/// Why there is no prediction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TheoryError {
    /// The variant's weights or biases are given numbers, not draws.
    #[error("the theory speaks of random weights and biases; this variant's are given numbers")]
    GivenNumbers,
    /// Layers are more than weights and activations, or share their weights.
    #[error(
        "the theory speaks of plain layers; this variant has normalization, skips or tied weights"
    )]
    NotPlain,
    /// Weights are scaled by what they make of the data.
    #[error("the theory speaks of independent random weights; `lsuv` scales them by the data")]
    FittedWeights,
    /// The scheme of all weights draws nothing.
    #[error("the theory speaks of independent random weights; `{}` draws none", .0.id())]
    FixedWeights(Scheme),
    /// The scheme of one layer's weights draws nothing.
    #[error("the theory speaks of independent random weights; those of layer {layer} are `{}`", scheme.id())]
    FixedLayer {
        /// l.
        layer: usize,
        /// Its scheme.
        scheme: Scheme,
    },
}

/// What is expected of one layer. Norms are roots of expected squares, ‖v‖ = √E‖v‖².
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerPrediction {
    /// l, from 1.
    pub layer: usize,
    /// n_{l−1}.
    pub fan_in: usize,
    /// n_l.
    pub fan_out: usize,
    /// q^(l) = E z², the mean square of one pre-activation.
    pub q: Scaled,
    /// ‖z^(l)‖ = √(n_l q^(l)).
    pub preactivation: Scaled,
    /// ‖a^(l)‖ = √(n_l E[φ(z)²]).
    pub activation: Scaled,
    /// E[φ′(z)²].
    pub slope_square: f64,
    /// E[φ′(z)⁴], on which the spread at finite width depends.
    pub slope_fourth: f64,
    /// ‖δ^(l)‖.
    pub delta: Scaled,
    /// ‖δ^(l)‖/‖δ^(l+1)‖, the chapter's √ratio; nothing for the output layer.
    pub ratio: Option<f64>,
}

/// What is expected of layers 1…L of one variant.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Layers 1…L.
    pub layers: Vec<LayerPrediction>,
}

/// Predicts every layer of a variant.
///
/// Forward, with z ~ N(0, Var(W^(l)) E‖a^(l−1)‖²) plus the bias' own law,
/// E‖a^(l)‖² = n_l E[φ(z)²]; backward,
/// E‖δ^(l)‖² / E‖δ^(l+1)‖² = n_l Var(W^(l+1)) E[φ′(z^(l))²].
/// For the squared error with targets y independent of the network,
/// E‖δ^(L)‖² = Σ_units E[(φ(z) − y)² φ′(z)²], where E y = 0 and E y² = 1 for drawn targets and
/// the examples' means for given ones. Of a softmax output, whose units are alike but for y,
/// E‖δ^(L)‖² = E Σ p² − 2/n_L + E‖y‖². Expectations are exact to about 14 digits (E Σ p² to 9);
/// what remains is the theory's own neglect of 1/width: correlated fluctuations of a layer's norm, and the
/// dependence of δ^(l+1) on W^(l+1).
///
/// # Errors
/// [`TheoryError`] where the weights are not independent draws of mean 0.
///
/// ```
/// use gradient_lab::experiment::Experiment;
/// use gradient_lab::study::predict;
/// let chapter = Experiment::default();
/// let prediction = predict(&chapter, &chapter.variants[0]).expect("random weights");
/// let ratio = prediction.layers[0].ratio.expect("not the output");
/// assert_eq!(format!("{ratio:.4}"), "0.2211");
/// ```
pub fn predict(experiment: &Experiment, variant: &Variant) -> Result<Prediction, TheoryError> {
    check(experiment, variant)?;
    let mut layers = forward(experiment, variant, 1.0);
    backward(experiment, variant, &mut layers);
    Ok(Prediction { layers: layers.into_iter().map(|(layer, _)| layer).collect() })
}

impl Prediction {
    /// The predicted steps back from a known ‖δ^(L)‖, such as the measured one: what the theory
    /// says of the layers below, whatever the loss did.
    #[must_use]
    pub fn anchored(&self, output_delta: Scaled) -> Self {
        let mut anchored = self.clone();
        let mut delta = output_delta;
        for layer in anchored.layers.iter_mut().rev() {
            delta = layer.ratio.map_or(delta, |ratio| delta * ratio);
            layer.delta = delta;
        }
        anchored
    }

    /// ‖δ^(l)‖/‖δ^(l+1)‖ for l = 1…L−1.
    pub fn ratios(&self) -> Vec<f64> {
        self.layers.iter().filter_map(|layer| layer.ratio).collect()
    }
}

/// A layer and all of its moments.
type Working = (LayerPrediction, Moments);

pub(super) fn check(experiment: &Experiment, variant: &Variant) -> Result<(), TheoryError> {
    if !variant.is_plain() {
        return Err(TheoryError::NotPlain);
    }
    check_weights(experiment, variant)
}

/// Whether weights and biases are independent random draws, whatever lies between the layers.
pub(super) fn check_weights(experiment: &Experiment, variant: &Variant) -> Result<(), TheoryError> {
    if variant.weights.is_some() || variant.biases.is_some() {
        return Err(TheoryError::GivenNumbers);
    }
    if (1..=experiment.layers()).any(|l| variant.init_of(l).scheme == Scheme::Lsuv) {
        return Err(TheoryError::FittedWeights);
    }
    let is_fixed = |(l, op): &(usize, OpShape)| match *op {
        OpShape::Dense { inputs, units } => {
            let init = variant.init_of(*l);
            !init.unit_law().is_random() && init.scale(inputs, units) != 0.0
        }
        _ => false,
    };
    match OpShape::of_variant(experiment, variant).find(is_fixed) {
        None => Ok(()),
        Some(_) if variant.exceptions.is_empty() => {
            Err(TheoryError::FixedWeights(variant.init.scheme))
        }
        Some((layer, _)) => {
            Err(TheoryError::FixedLayer { layer, scheme: variant.init_of(layer).scheme })
        }
    }
}

/// log10 √(E‖δ^(1)‖²/E‖δ^(D)‖²) over D hidden layers, with the input's ‖x‖² times `factor`.
pub(super) fn wide_log10(experiment: &Experiment, variant: &Variant, factor: f64) -> f64 {
    let layers = forward(experiment, variant, factor);
    let hidden = &layers[..layers.len() - 1];
    let steps = hidden.windows(2).map(|pair| {
        let (below, above) = (&pair[0].0, &pair[1].0);
        let variance = variance(variant, above);
        0.5 * libm::log10(below.fan_out as f64 * variance * below.slope_square)
    });
    steps.sum()
}

/// Var W^(l).
pub(super) fn variance(variant: &Variant, layer: &LayerPrediction) -> f64 {
    variant.init_of(layer.layer).variance(layer.fan_in, layer.fan_out)
}

/// δ and the ratios are left for [`backward`].
fn forward(experiment: &Experiment, variant: &Variant, factor: f64) -> Vec<Working> {
    let squares = input_squares(experiment);
    // E‖a‖² of what an op is given, and the law of z once a dense op has made it.
    let mut square = Scaled::from(factor * squares.iter().sum::<f64>() / squares.len() as f64);
    let mut z = (Scaled::ZERO, BiasLaw::default());
    let mut layers: Vec<Working> = Vec::new();
    let mut known = None;
    let [mut fan_in, mut fan_out] = [0, 0];
    for (l, op) in OpShape::of_variant(experiment, variant) {
        match op {
            OpShape::Dense { inputs, units } => {
                [fan_in, fan_out] = [inputs, units];
                let variance = variant.init_of(l).variance(inputs, units);
                z = (square * variance, BiasLaw::of(variant.bias_of(l), inputs, units));
            }
            OpShape::Activation(activation) => {
                let question = (activation, z);
                // Deep down nothing changes from layer to layer: a fixed point is computed once.
                let moments = match known {
                    Some((asked, moments)) if asked == question => moments,
                    _ => Moments::of(activation, z.0, z.1),
                };
                known = Some((question, moments));
                square = moments.value_square * (fan_out as f64);
                layers.push((layer(l, fan_in, fan_out, &moments), moments));
            }
            OpShape::Norm { .. } | OpShape::Add { .. } | OpShape::Save => {
                unreachable!("checked before: the layers are plain")
            }
        }
    }
    layers
}

fn layer(l: usize, fan_in: usize, fan_out: usize, moments: &Moments) -> LayerPrediction {
    let units = Scaled::from(fan_out as f64);
    LayerPrediction {
        layer: l,
        fan_in,
        fan_out,
        q: moments.z_square,
        preactivation: (units * moments.z_square).sqrt(),
        activation: (units * moments.value_square).sqrt(),
        slope_square: moments.slope_square,
        slope_fourth: moments.slope_fourth,
        delta: Scaled::ZERO,
        ratio: None,
    }
}

fn backward(experiment: &Experiment, variant: &Variant, layers: &mut [Working]) {
    let mut above: Option<(Scaled, f64)> = None;
    for (layer, moments) in layers.iter_mut().rev() {
        if let Some((delta, variance)) = above {
            let ratio = (layer.fan_out as f64 * variance * layer.slope_square).sqrt();
            layer.ratio = Some(ratio);
            layer.delta = delta * ratio;
        } else {
            layer.delta = output_delta(experiment, variant, layer, moments);
        }
        above = Some((layer.delta, variance(variant, layer)));
    }
}

/// ‖x‖² of each given example, or once n_0, its mean for standard normal ones.
pub(super) fn input_squares(experiment: &Experiment) -> Vec<f64> {
    let Some(data) = &experiment.data else {
        return vec![experiment.architecture.input as f64];
    };
    data.x.iter().map(|x| x.iter().map(|x| x * x).sum()).collect()
}

/// √E‖δ^(L)‖² for targets independent of the network.
fn output_delta(
    experiment: &Experiment,
    variant: &Variant,
    layer: &LayerPrediction,
    moments: &Moments,
) -> Scaled {
    let architecture = &experiment.architecture;
    let outputs = architecture.output as f64;
    // Sums over the output units of E y and E y².
    let (sum, squares) = match (&experiment.data, architecture.loss) {
        // Standard normal targets; with binary cross-entropy 0 or 1, each half of the time; with
        // softmax one class of all.
        (None, Loss::Mse) => (0.0, outputs),
        (None, Loss::Bce) => (0.5 * outputs, 0.5 * outputs),
        (None, Loss::SoftmaxCe) => (1.0, 1.0),
        (Some(data), _) => {
            let mean = |f: fn(f64) -> f64| {
                data.y.iter().flatten().map(|&y| f(y)).sum::<f64>() / data.y.len() as f64
            };
            (mean(|y| y), mean(|y| y * y))
        }
    };
    match architecture.loss {
        Loss::Mse => (moments.product_square * outputs
            + moments.cross * (-2.0 * sum)
            + Scaled::from(moments.slope_square * squares))
        .sqrt(),
        // δ = a − y outright: E a² − 2 E a E y + E y², unit by unit.
        Loss::Bce => {
            (moments.value_square * outputs + moments.value * (-2.0 * sum) + Scaled::from(squares))
                .sqrt()
        }
        Loss::SoftmaxCe => {
            let bias = BiasLaw::of(variant.bias_of(layer.layer), layer.fan_in, layer.fan_out);
            let probabilities = softmax_square(architecture.output, moments.z_square, bias);
            Scaled::from((probabilities - 2.0 * sum / outputs + squares).max(0.0)).sqrt()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Activation, Data, Init, Scheme};

    /// The reference prints .2211 .2353 .2360 .2360 .3258; these are the same ratios by an
    /// independent program in 25 digits, which show that its fourth is .23605, cut.
    const CHAPTER: [f64; 5] = [
        0.221_050_093_596_054_55,
        0.235_283_638_745_021_44,
        0.236_014_210_250_740_3,
        0.236_050_451_277_513_1,
        0.325_783_049_776_589_5,
    ];

    fn assert_close(ratios: &[f64], expected: &[f64], error: f64) {
        assert_eq!(ratios.len(), expected.len());
        for (ratio, expected) in ratios.iter().zip(expected) {
            assert!((ratio - expected).abs() < error, "{ratio} {expected}");
        }
    }

    #[test]
    fn the_chapters_net() {
        let chapter = Experiment::default();
        let ratios = predict(&chapter, &chapter.variants[0]).expect("random").ratios();
        assert_close(&ratios, &CHAPTER, 1e-14);
        assert_close(&ratios, &[0.2211, 0.2353, 0.2360, 0.2360, 0.3258], 0.6e-4);
        // Xavier halves ReLU's signal on square layers; the last step has fan_out 1.
        let ratios = predict(&chapter, &chapter.variants[1]).expect("random").ratios();
        let half = 0.5_f64.sqrt();
        let last = (20.0_f64 / 21.0).sqrt();
        assert_close(&ratios, &[half, half, half, half, last], 1e-14);
    }

    #[test]
    fn no_norm_is_lost_however_deep() {
        let mut experiment = Experiment::default();
        experiment.architecture.depth = 2000;
        let he = Init { gain: Some(1e6), ..Init::of(Scheme::HeNormal) };
        for variant in [
            Variant::of(Activation::Sigmoid),
            Variant { init: he, ..Variant::of(Activation::Relu) },
            Variant { init: he, ..Variant::of(Activation::Selu) },
            Variant {
                init: Init { std: Some(1e-6), ..Init::of(Scheme::Normal) },
                ..Variant::of(Activation::Tanh)
            },
        ] {
            let layers = predict(&experiment, &variant).expect("random").layers;
            for layer in &layers {
                let numbers = [layer.q, layer.activation, layer.delta];
                assert!(numbers.iter().all(|n| n.log10().is_some_and(f64::is_finite)));
            }
            let steps = layers[0].delta.log10().expect("not zero").abs() / 2000.0;
            assert!((0.3..20.0).contains(&steps), "{}: {steps}", variant.name);
        }
    }

    #[test]
    fn a_linear_output_has_a_known_error() {
        // φ(z) = z: E(z − y)² = q − 2·0 + E y², with q = Σx² Var W.
        let mut experiment = Experiment::default();
        experiment.architecture.hidden = Some(vec![3]);
        experiment.architecture.input = 2;
        experiment.data = Some(Data { x: vec![vec![3.0, 4.0]], y: vec![vec![2.0]] });
        let normal = Init { std: Some(0.1), ..Init::of(Scheme::Normal) };
        let variant = Variant { init: normal, ..Variant::of(Activation::Linear) };
        let layers = predict(&experiment, &variant).expect("random").layers;
        let q2 = 25.0 * 0.01 * 3.0 * 0.01;
        assert!((layers[1].delta.to_f64() - (q2 + 4.0_f64).sqrt()).abs() < 1e-14);
        let anchored = predict(&experiment, &variant).expect("random").anchored(2.0.into());
        assert!((anchored.layers[0].delta.to_f64() - 2.0 * 0.03_f64.sqrt()).abs() < 1e-14);
    }

    #[test]
    fn what_is_not_random_is_refused() {
        let experiment = Experiment::default();
        let constant = Init { value: Some(0.1), ..Init::of(Scheme::Constant) };
        let variant = Variant { init: constant, ..Variant::of(Activation::Tanh) };
        assert_eq!(
            predict(&experiment, &variant),
            Err(TheoryError::FixedWeights(Scheme::Constant))
        );
        let variant = Variant { biases: Some(vec![]), ..Variant::of(Activation::Tanh) };
        assert_eq!(predict(&experiment, &variant), Err(TheoryError::GivenNumbers));
    }
}
