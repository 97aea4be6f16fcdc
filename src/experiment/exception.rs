//! Exceptions: single layers that are set up unlike the others of their variant.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::error::in_words;
use super::tables::optional_table;
use super::{Activation, Experiment, ExperimentError, Init, Variant};

/// What one layer of a variant has in place of the variant's own settings: a table
/// `[[variant.layer]]` of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerException {
    /// l, from 1; L is the output layer.
    pub index: usize,
    /// φ of the layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
    /// How its weights are drawn.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "optional_table")]
    pub init: Option<Init>,
    /// How its biases are drawn.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "optional_table")]
    pub bias: Option<Init>,
}

impl LayerException {
    /// An exception that changes nothing yet.
    pub fn of(index: usize) -> Self {
        Self { index, activation: None, init: None, bias: None }
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.activation.is_none() && self.init.is_none() && self.bias.is_none()
    }

    /// “layer 3 Tanh, He normal, bias normal, std 0.1”.
    fn describe(&self) -> String {
        let activation = self.activation.map(Activation::describe);
        let init = self.init.map(|init| init.describe());
        let bias = self.bias.map(|bias| format!("bias {}", bias.describe().to_lowercase()));
        let parts: Vec<String> = [activation, init, bias].into_iter().flatten().collect();
        format!("layer {}: {}", self.index, parts.join(", "))
    }
}

/// Exceptions up to which a caption names each.
const NAMED: usize = 3;

impl Variant {
    /// The exception of layer `layer`, counted from 1, where it has one.
    pub fn exception(&self, layer: usize) -> Option<&LayerException> {
        self.exceptions.iter().find(|exception| exception.index == layer)
    }

    /// How the weights of layer `layer`, counted from 1, are drawn where they are not given.
    pub fn init_of(&self, layer: usize) -> &Init {
        self.exception(layer).and_then(|own| own.init.as_ref()).unwrap_or(&self.init)
    }

    /// How the biases of layer `layer`, counted from 1, are drawn where they are not given.
    pub fn bias_of(&self, layer: usize) -> &Init {
        self.exception(layer).and_then(|own| own.bias.as_ref()).unwrap_or(&self.bias)
    }

    /// The exceptions in a few words, for captions; nothing where there are none.
    pub(super) fn describe_exceptions(&self) -> String {
        match &self.exceptions[..] {
            [] => String::new(),
            few if few.len() <= NAMED => {
                few.iter().map(|exception| format!("; {}", exception.describe())).collect()
            }
            many => format!("; {} layers set up by themselves", many.len()),
        }
    }
}

impl Experiment {
    /// φ of a variant's layer `layer`, counted from 1. At the output the loss may decide it.
    pub fn activation_of(&self, variant: &Variant, layer: usize) -> Activation {
        let own = variant.exception(layer).and_then(|own| own.activation);
        let output = || self.architecture.loss.output_activation().or(variant.output_activation);
        let decided = if layer < self.layers() { None } else { output() };
        decided.or(own).unwrap_or(variant.activation)
    }

    /// Checks a variant's exceptions.
    pub(super) fn validate_exceptions(&self, index: usize) -> Result<(), ExperimentError> {
        let (variant, layers) = (&self.variants[index], self.layers());
        let key = format!("variant[{index}].layer");
        let mut seen = HashSet::new();
        for (place, exception) in variant.exceptions.iter().enumerate() {
            let key = format!("{key}[{place}]");
            let layer = exception.index;
            if !(1..=layers).contains(&layer) {
                let accepted = format!("a layer from 1 to {layers}, the output layer");
                return Err(ExperimentError::value_of(&format!("{key}.index"), layer, accepted));
            }
            let conflict = |words: &str| {
                let place = in_words(&key);
                Err(ExperimentError::Conflict(format!("{place} (layer {layer}) {words}")))
            };
            if !seen.insert(layer) {
                return conflict("is the second for this layer: a layer takes one.");
            }
            if exception.is_empty() {
                return conflict(
                    "changes nothing: give it an activation, an init or a bias, or leave it out.",
                );
            }
            if let Some(activation) = exception.activation {
                activation.validate(&format!("{key}.activation"))?;
            }
            if let Some(init) = &exception.init {
                init.validate(&format!("{key}.init"))?;
            }
            if let Some(bias) = &exception.bias {
                bias.validate_bias(&format!("{key}.bias"))?;
            }
            if layer == layers
                && exception.activation.is_some()
                && let Some(by) = self.decides_output(variant)
            {
                return conflict(&format!(
                    "has an activation, but {by} decides the output layer’s: leave one of them out."
                ));
            }
        }
        Ok(())
    }

    /// Whether all hidden layers of a variant have one activation and one law of weights and of
    /// biases.
    pub fn hidden_layers_are_alike(&self, variant: &Variant) -> bool {
        let set = |layer: usize| {
            let activation = self.activation_of(variant, layer);
            (activation, variant.init_of(layer), variant.bias_of(layer))
        };
        variant.exceptions.is_empty() || (2..self.layers()).all(|layer| set(layer) == set(1))
    }

    /// Which setting decides the output layer's activation, where one does.
    pub fn decides_output(&self, variant: &Variant) -> Option<&'static str> {
        match variant.output_activation {
            Some(_) => Some("output_activation"),
            None => self.architecture.loss.output_activation().map(|_| "the loss"),
        }
    }

    /// Drops exceptions of layers that are no more, and the activation of the output layer's
    /// where another setting decides it. Returns whether anything was dropped.
    pub(super) fn forget_lost_exceptions(&mut self) -> bool {
        let layers = self.layers();
        let decided: Vec<bool> =
            self.variants.iter().map(|variant| self.decides_output(variant).is_some()).collect();
        let mut dropped = false;
        for (variant, decided) in self.variants.iter_mut().zip(decided) {
            for exception in &mut variant.exceptions {
                let is_lost = decided && exception.index == layers;
                dropped |= is_lost && exception.activation.take().is_some();
            }
            let before = variant.exceptions.len();
            variant.exceptions.retain(|own| (1..=layers).contains(&own.index) && !own.is_empty());
            dropped |= variant.exceptions.len() < before;
        }
        dropped
    }
}
