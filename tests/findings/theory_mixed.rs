//! The theory where layers are set up unlike each other: the recursion worked out layer by layer,
//! and networks drawn weight by weight.

use gradient_lab::experiment::{Activation, Experiment, Init, Sine, UnitLaw, Variant};
use gradient_lab::study::{
    Footing, LayerTheory, NoSpread, Theory, TheoryError, TheoryFinding, VariantTheory,
};

use crate::random::Population;
use crate::theory::{Drawn, Law};

/// One layer's settings, looked up by the test itself.
struct Layer {
    activation: Activation,
    init: Init,
    bias: Init,
    fan_in: usize,
    fan_out: usize,
}

fn layers(experiment: &Experiment) -> Vec<Layer> {
    let (sizes, variant) = (experiment.sizes(), &experiment.variants[0]);
    let last = sizes.len() - 1;
    let of = |l: usize| {
        let own = variant.exceptions.iter().find(|own| own.index == l);
        let activation = own.and_then(|own| own.activation);
        let output = experiment.architecture.loss.output_activation();
        let output = output.or(variant.output_activation).filter(|_| l == last);
        Layer {
            activation: output.or(activation).unwrap_or(variant.activation),
            init: own.and_then(|own| own.init).unwrap_or(variant.init),
            bias: own.and_then(|own| own.bias).unwrap_or(variant.bias),
            fan_in: sizes[l - 1],
            fan_out: sizes[l],
        }
    };
    (1..=last).map(of).collect()
}

impl Layer {
    fn variance(&self) -> f64 {
        self.init.variance(self.fan_in, self.fan_out)
    }

    /// The law of z, given the part of its variance that the weights make.
    fn law(&self, part: f64) -> Law {
        let scale = self.bias.scale(self.fan_in, self.fan_out);
        let variance = self.bias.variance(self.fan_in, self.fan_out);
        match self.bias.unit_law() {
            UnitLaw::Fixed(_) => Law { mean: scale, std: part.sqrt(), uniform: 0.0 },
            UnitLaw::Uniform => Law { mean: 0.0, std: part.sqrt(), uniform: scale.abs() },
            _ => Law { mean: 0.0, std: (part + variance).sqrt(), uniform: 0.0 },
        }
    }

    fn is_fixed(&self) -> bool {
        matches!(self.init.unit_law(), UnitLaw::Fixed(_))
            && self.init.scale(self.fan_in, self.fan_out) != 0.0
    }

    fn is_symmetric(&self) -> bool {
        !matches!(self.bias.unit_law(), UnitLaw::Fixed(_)) || self.bias.scale(1, 1) == 0.0
    }
}

fn theory(experiment: &Experiment) -> VariantTheory {
    Theory::at_once(experiment).variants.remove(0)
}

fn near(a: f64, b: f64, relative: f64) -> bool {
    (a - b).abs() <= relative * a.abs().max(b.abs()) + 1e-12
}

/// E φ′² and the ratio of every layer, from the input up and from the output down. Numbers that
/// leave plain arithmetic are left to the tests of single activations.
fn check_prediction(experiment: &Experiment, told: &LayerTheory) -> usize {
    let layers = layers(experiment);
    let squares: Vec<f64> = match &experiment.data {
        Some(data) => data.x.iter().map(|x| x.iter().map(|x| x * x).sum()).collect(),
        None => vec![experiment.architecture.input as f64],
    };
    let mut square = squares.iter().sum::<f64>() / squares.len() as f64;
    let mut compared = 0;
    for (index, layer) in layers.iter().enumerate() {
        let part = square * layer.variance();
        if !(part == 0.0 || (1e-8..1e8).contains(&part)) {
            break;
        }
        let phi = |z: f64| [layer.activation.value(z), layer.activation.derivative(z)];
        let [value, slope] = match layer.activation {
            Activation::Sine(Sine { omega }) => layer.law(part).sine(omega),
            _ => layer.law(part).expect(&|z| phi(z).map(|f| f * f)),
        };
        let claim = &told.prediction.layers[index];
        let what = || format!("layer {}: {slope} {claim:?}\n{}", index + 1, experiment.to_toml());
        // Where φ′ jumps between two points of the rule, a sixteenth of a deviation apart, it is off
        // by up to half a step of the law's density, at most 0.4.
        let jump = if layer.activation.has_kink() { 0.4 / 32.0 } else { 0.0 };
        let is_near = near(claim.slope_square, slope, 2e-3);
        assert!(is_near || (claim.slope_square - slope).abs() < jump, "{}", what());
        let ratio = layers
            .get(index + 1)
            .map(|above| (layer.fan_out as f64 * above.variance() * claim.slope_square).sqrt());
        assert!(claim.ratio.is_some() == ratio.is_some(), "{}", what());
        assert!(near(claim.ratio.unwrap_or(0.0), ratio.unwrap_or(0.0), 1e-12), "{}", what());
        square = layer.fan_out as f64 * value;
        compared += 1;
    }
    compared
}

fn are_alike(layers: &[Layer]) -> bool {
    let hidden = &layers[..layers.len() - 1];
    hidden.iter().all(|layer| {
        let first = &hidden[0];
        (layer.activation, layer.init, layer.bias) == (first.activation, first.init, first.bias)
    })
}

/// What the theory says, and what it leaves unsaid, of 600 networks.
#[test]
fn what_is_said_layer_by_layer_is_so() {
    let population = Population { depth: 2..=40, width: 1..=64, batch: 1..=4, gain: 0.2..=5.0 };
    let (mut compared, mut mixed, mut refused, mut limits) = (0, 0, 0, 0);
    for number in 50_000..50_600 {
        let experiment = population.with_exceptions(number);
        let layers = layers(&experiment);
        let theory = theory(&experiment);
        let fixed = layers.iter().position(Layer::is_fixed);
        let told = match (&theory.layers, fixed) {
            (Ok(told), None) => told,
            (Err(TheoryError::FixedLayer { layer, scheme }), Some(first)) => {
                assert_eq!((*layer, *scheme), (first + 1, layers[first].init.scheme));
                refused += 1;
                continue;
            }
            other => panic!("{other:?}\n{}", experiment.to_toml()),
        };
        compared += check_prediction(&experiment, told);
        assert!(theory.limit.is_none() || are_alike(&layers), "{}", experiment.to_toml());
        limits += usize::from(theory.limit.is_some());
        mixed += usize::from(told.no_spread == Some(NoSpread::MixedLayers));
        let hidden = &layers[..layers.len() - 1];
        for finding in theory.findings() {
            match finding {
                TheoryFinding::AtThisSize { footing: Footing::Exact, .. } => {
                    assert!(hidden.iter().all(|layer| match layer.activation {
                        Activation::Linear => true,
                        Activation::Relu => layer.is_symmetric(),
                        _ => false,
                    }));
                }
                TheoryFinding::AtThisSize { .. } => assert!(are_alike(&layers)),
                TheoryFinding::Silence { survival, layer, footing, .. } => {
                    assert_eq!(layers[layer - 1].activation, Activation::Relu);
                    let drawn = Drawn::of(&experiment, 30);
                    let (alive, of) = drawn.survivors();
                    let share = alive as f64 / of.max(1) as f64;
                    let error = 4.0 * (survival * (1.0 - survival) / of.max(1) as f64).sqrt();
                    let slack = if footing == Footing::Exact { 2.0 / of as f64 } else { 0.2 };
                    let is_one = experiment.architecture.batch == 1;
                    let off = share - survival;
                    let is_so = off > -error - slack && (!is_one || off < error + slack);
                    assert!(of < 6 || is_so, "{share} {survival}\n{}", experiment.to_toml());
                }
                _ => {}
            }
        }
    }
    assert!(compared > 2000 && mixed > 50 && refused > 100, "{compared} {mixed} {refused}");
    assert!(limits > 10, "{limits}");
}

/// Linear and ReLU layers in turn, of gains and biases of their own: the law of each step is
/// exact, its mean and its spread are those of drawn networks.
#[test]
fn linear_and_relu_layers_take_turns_exactly() {
    let text = "draws = 'layered'\n[architecture]\ndepth = 9\nwidth = 12\n[[variant]]\n\
         activation = 'relu'\noutput_activation = 'linear'\ninit = { scheme = 'he_normal' }\n\
         [[variant.layer]]\nindex = 2\nactivation = 'linear'\n\
         bias = { scheme = 'constant', value = 0.5 }\n[[variant.layer]]\nindex = 4\n\
         init = { scheme = 'normal', std = 0.5 }\nbias = { scheme = 'normal', std = 0.4 }\n\
         [[variant.layer]]\nindex = 7\nactivation = 'linear'\ninit = { scheme = 'xavier_normal' }\n\
         [[variant.layer]]\nindex = 10\ninit = { scheme = 'lecun_normal' }";
    let experiment = Experiment::from_toml(text).expect("valid");
    let told = theory(&experiment).layers.expect("random weights");
    let drawn = Drawn::of(&experiment, 4000);
    for band in &told.bands[..9] {
        assert_eq!(band.footing, Footing::Exact);
        let (mean, std, count) = drawn.change(band.layer, 10);
        assert!(count > 3900.0, "{count}");
        let error = (mean - band.mean_log10) / (band.std_log10 / count.sqrt());
        assert!(error.abs() < 4.0, "layer {}: {error}", band.layer);
        // The spread of a skewed law: 4 % is four standard errors of a normal one's.
        assert!((std / band.std_log10 - 1.0).abs() < 0.06, "layer {}: {std}", band.layer);
    }
    // The steps' means without the finite width.
    let wide: f64 = (1..9)
        .map(|l| {
            let layers = layers(&experiment);
            let slope = if layers[l - 1].activation == Activation::Relu { 0.5 } else { 1.0 };
            0.5 * (12.0 * layers[l].variance() * slope).log10()
        })
        .sum();
    let findings = theory(&experiment).findings();
    let told = findings.iter().find_map(|finding| match finding {
        TheoryFinding::AtThisSize { wide_log10, .. } => Some(*wide_log10),
        _ => None,
    });
    assert!((told.expect("told") - wide).abs() < 1e-9, "{told:?} {wide}");
}

/// A constant bias in one ReLU layer, or another activation, ends the exactness; zeros in the
/// output layer end the signal; and equal exceptions in all hidden layers are none.
#[test]
fn what_one_layer_changes() {
    let spread = |variant: &str| {
        let text = format!(
            "[architecture]\ndepth = 4\nwidth = 30\n[[variant]]\nactivation = 'relu'\n\
             init = {{ scheme = 'he_normal' }}\n{variant}"
        );
        theory(&Experiment::from_toml(&text).unwrap_or_else(|e| panic!("{e}\n{text}")))
    };
    let one = |index: usize, words: &str| format!("[[variant.layer]]\nindex = {index}\n{words}\n");
    let no_spread = |theory: &VariantTheory| theory.layers.as_ref().expect("random").no_spread;
    assert_eq!(no_spread(&spread("")), None);
    for own in [
        "bias = { scheme = 'constant', value = 0.1 }",
        "activation = 'tanh'",
        "init = { scheme = 'he_uniform' }",
    ] {
        let theory = spread(&one(3, own));
        assert_eq!(no_spread(&theory), Some(NoSpread::MixedLayers), "{own}");
        assert!(theory.limit.is_none() && theory.findings().contains(&TheoryFinding::NoLimit));
    }
    let zeros = spread(&one(5, "init = { scheme = 'zeros' }"));
    assert_eq!(no_spread(&zeros), Some(NoSpread::NoSignal));
    let all: String = (1..5).map(|l| one(l, "activation = 'tanh'")).collect();
    let all = spread(&all);
    let tanh = Variant::of(Activation::Tanh);
    let limit = all.limit.expect("alike");
    assert_eq!(limit.field.activation, tanh.activation);
    assert!((limit.field.weight_variance - 2.0).abs() < 1e-12);
    // The output's own activation and bias have no say between the hidden layers.
    let output =
        spread(&one(5, "activation = 'tanh'\nbias = { scheme = 'constant', value = 1.0 }"));
    assert_eq!(no_spread(&output), None);
    assert!(output.limit.is_some());
}
