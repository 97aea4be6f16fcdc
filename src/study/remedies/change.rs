//! What may be done to a variant whose gradients vanish or explode: typed changes of its experiment.

use crate::experiment::{
    Activation, Experiment, Init, NormKind, Normalization, Scheme, Skip, SkipScale, Variant,
};

/// One change of an experiment with one variant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// A linear output layer.
    LinearOutput,
    /// No biases.
    NoBias,
    /// Weights of its own in every hidden layer.
    Untie,
    /// Another scheme of all weights, with its own gain.
    Scheme(Scheme),
    /// The gain at which the median of ‖δ^(1)‖/‖δ^(L)‖ is 1: [`critical_gain`](super::critical_gain).
    CriticalGain,
    /// Another activation in all hidden layers; the output keeps the one that it has.
    Activation(Activation),
    /// A normalization of the hidden layers.
    Normalize(NormKind),
    /// Neither normalization nor skips.
    Plain,
    /// Skip connections.
    Skip(Skip),
    /// Skips with α = 1/√depth.
    InverseSqrtDepth,
    /// All hidden layers as wide as this.
    Widen(usize),
    /// As many examples.
    Batch(usize),
}

impl Change {
    /// A short name without spaces, part of a remedy's name.
    pub fn id(self) -> String {
        match self {
            Self::LinearOutput => "linear_output".to_owned(),
            Self::NoBias => "no_bias".to_owned(),
            Self::Untie => "untied".to_owned(),
            Self::Scheme(scheme) => scheme.id().to_owned(),
            Self::CriticalGain => "critical_gain".to_owned(),
            Self::Activation(activation) => activation.id().to_owned(),
            Self::Normalize(kind) => format!("{}_norm", kind.id()),
            Self::Plain => "plain".to_owned(),
            Self::Skip(skip) => format!("{}_skip", skip.id()),
            Self::InverseSqrtDepth => "inverse_sqrt_depth".to_owned(),
            Self::Widen(width) => format!("width_{width}"),
            Self::Batch(batch) => format!("batch_{batch}"),
        }
    }

    /// Whether it changes what all variants share, so that it cannot stand beside them.
    pub fn is_of_architecture(self) -> bool {
        matches!(self, Self::Widen(_) | Self::Batch(_))
    }

    /// Makes the change, but for a critical gain, which must be found.
    pub(super) fn apply(self, experiment: &mut Experiment) {
        let output = experiment.activation_of(&experiment.variants[0], experiment.layers());
        let is_decided = experiment.architecture.loss.output_activation().is_some();
        let layers = experiment.layers();
        let variant = &mut experiment.variants[0];
        match self {
            Self::LinearOutput => set_output(variant, Activation::Linear, layers),
            Self::NoBias => {
                variant.bias = Init::of(Scheme::Zeros);
                variant.biases = None;
                variant.exceptions.iter_mut().for_each(|own| own.bias = None);
            }
            Self::Untie => variant.tied = false,
            Self::Scheme(scheme) => {
                variant.init = Init::of(scheme);
                variant.weights = None;
                variant.norms.clear();
                variant.exceptions.iter_mut().for_each(|own| own.init = None);
            }
            Self::CriticalGain => {}
            Self::Activation(activation) => {
                variant.exceptions.iter_mut().for_each(|own| own.activation = None);
                if !is_decided {
                    set_output(variant, output, layers);
                }
                variant.activation = activation;
            }
            Self::Normalize(kind) => variant.normalization = Some(Normalization::of(kind)),
            Self::Plain => {
                variant.normalization = None;
                variant.norms.clear();
                (variant.skip, variant.skip_scale) = (None, SkipScale::default());
            }
            Self::Skip(skip) => {
                (variant.skip, variant.skip_scale) = (Some(skip), SkipScale::default());
            }
            Self::InverseSqrtDepth => variant.skip_scale = SkipScale::InverseSqrtDepth,
            Self::Widen(width) => {
                let architecture = &mut experiment.architecture;
                architecture.depth = architecture.depth();
                (architecture.hidden, architecture.width) = (None, width);
                experiment.forget_misfits();
                return;
            }
            Self::Batch(batch) => {
                experiment.architecture.batch = batch;
                experiment.forget_misfits();
                return;
            }
        }
        variant.exceptions.retain(|own| !own.is_empty());
    }
}

/// The output layer's activation stands in one place.
fn set_output(variant: &mut Variant, output: Activation, layers: usize) {
    let of_output = variant.exceptions.iter_mut().filter(|own| own.index == layers);
    of_output.for_each(|own| own.activation = None);
    variant.output_activation = Some(output);
}

/// The scheme that keeps the signal's size under an activation, as textbooks have it.
pub(super) fn matching_scheme(activation: Activation) -> Scheme {
    match activation {
        Activation::Linear | Activation::Selu => Scheme::LecunNormal,
        Activation::Sigmoid | Activation::Tanh | Activation::Softplus | Activation::Sine(_) => {
            Scheme::XavierNormal
        }
        Activation::Relu
        | Activation::LeakyRelu(_)
        | Activation::Gelu
        | Activation::Silu
        | Activation::Elu(_) => Scheme::HeNormal,
    }
}
