//! What normalization, skips and shared weights ask of the rest of an experiment.

use super::error::in_words;
use super::validate::number_within;
use super::{Experiment, ExperimentError, NormKind, Normalization, Skip, SkipScale, Variant};

impl Variant {
    /// Whether layers are more than dense ops and activations, or share their weights.
    pub fn is_plain(&self) -> bool {
        self.normalization.is_none() && self.skip.is_none() && !self.tied
    }

    /// Whether the examples of a batch depend on each other.
    pub fn couples_examples(&self) -> bool {
        self.normalization.is_some_and(|norm| norm.kind.couples_examples())
    }

    /// Whether layer `layer` of `layers`, counted from 1, has W and b of layer 2.
    pub fn shares_weights(&self, layer: usize, layers: usize) -> bool {
        self.tied && (3..layers).contains(&layer)
    }

    /// Normalization, skip and shared weights in a few words, for captions; nothing where there
    /// are none.
    pub(super) fn describe_remedies(&self) -> String {
        let mut words = String::new();
        if let Some(norm) = self.normalization {
            words += &format!(", {}", norm.describe());
        }
        if let Some(skip) = self.skip {
            let scale = match self.skip_scale {
                SkipScale::Number(1.0) => String::new(),
                SkipScale::Number(alpha) => format!(", α {alpha}"),
                SkipScale::InverseSqrtDepth => ", α 1/√depth".to_owned(),
            };
            words += &format!(", {} skip{scale}", skip.id().replace('_', "-"));
        }
        if self.tied {
            words += ", tied weights";
        }
        words
    }
}

impl Experiment {
    /// Checks that a variant's normalization, skip and shared weights go with the architecture.
    pub(super) fn validate_remedies(&self, index: usize) -> Result<(), ExperimentError> {
        let variant = &self.variants[index];
        let sizes = self.sizes();
        let hidden = &sizes[1..sizes.len() - 1];
        let unequal = hidden.windows(2).find(|pair| pair[0] != pair[1]);
        let conflict = |key: &str, words: String| {
            let key = in_words(&format!("variant[{index}].{key}"));
            Err(ExperimentError::Conflict(format!("{key} {words}")))
        };
        if let Some(norm) = variant.normalization {
            number_within(&format!("variant[{index}].normalization.epsilon"), norm.epsilon)?;
            if norm.kind == NormKind::Batch && self.architecture.batch < 2 {
                return conflict(
                    "normalization",
                    "= \"batch\" does not go with architecture.batch = 1: it compares the examples of a batch. Set batch to 2 or more, or take \"layer\".".to_owned(),
                );
            }
            if norm.kind == NormKind::Layer
                && let Some(place) = hidden.iter().position(|&units| units < 2)
            {
                let layer = place + 1;
                return conflict(
                    "normalization",
                    format!(
                        "= \"layer\" does not go with layer {layer} of one unit, which is its own mean: make it wider, or take \"rms\"."
                    ),
                );
            }
        }
        if let SkipScale::Number(alpha) = variant.skip_scale {
            number_within(&format!("variant[{index}].skip_scale"), alpha)?;
        }
        if let Some(skip) = variant.skip {
            let id = skip.id();
            if let Some([below, above]) = unequal.map(|pair| [pair[0], pair[1]]) {
                return conflict(
                    "skip",
                    format!(
                        "= \"{id}\" adds what hidden layers hand on, and here are layers of {below} and {above} units: make all hidden layers equally wide, or set skip = \"none\"."
                    ),
                );
            }
            if skip == Skip::PostNorm && variant.normalization.is_none() {
                return conflict(
                    "skip",
                    "= \"post_norm\" normalizes the sum and there is no normalization: set normalization to \"batch\", \"layer\" or \"rms\", or take skip = \"post\".".to_owned(),
                );
            }
        } else if variant.skip_scale != SkipScale::default() {
            return conflict(
                "skip_scale",
                "scales a skip, and there is none: set skip to \"post\", \"pre\" or \"post_norm\", or leave skip_scale out.".to_owned(),
            );
        }
        if variant.tied { self.validate_tied(index, unequal) } else { Ok(()) }
    }

    fn validate_tied(
        &self,
        index: usize,
        unequal: Option<&[usize]>,
    ) -> Result<(), ExperimentError> {
        let variant = &self.variants[index];
        let words = if let Some([below, above]) = unequal {
            format!(
                "shares one weight matrix among hidden layers, and here are layers of {below} and {above} units: make all hidden layers equally wide, or set tied = false."
            )
        } else if variant.weights.is_some() || variant.biases.is_some() {
            "does not go with given weights or biases, which each layer has of its own: leave one of them out.".to_owned()
        } else if let Some(own) = variant.exceptions.iter().find(|own| {
            (2..self.layers()).contains(&own.index) && (own.init.is_some() || own.bias.is_some())
        }) {
            format!(
                "shares one weight matrix and bias among hidden layers, and layer {} has an init or a bias of its own: leave one of them out.",
                own.index
            )
        } else {
            return Ok(());
        };
        let key = in_words(&format!("variant[{index}].tied"));
        Err(ExperimentError::Conflict(format!("{key} = true {words}")))
    }

    /// Drops what no longer goes with the sizes and the batch, so that a moved slider leaves an
    /// experiment that can run. Returns whether anything was dropped.
    pub(super) fn forget_lost_remedies(&mut self) -> bool {
        let mut dropped = false;
        for index in 0..self.variants.len() {
            let variant = &self.variants[index];
            if variant.is_plain() || self.validate_remedies(index).is_ok() {
                continue;
            }
            let sizes = self.sizes();
            let hidden = &sizes[1..sizes.len() - 1];
            let equal = hidden.windows(2).all(|pair| pair[0] == pair[1]);
            let batch = self.architecture.batch;
            let variant = &mut self.variants[index];
            let fits = |norm: &Normalization| match norm.kind {
                NormKind::Batch => batch >= 2,
                NormKind::Layer => hidden.iter().all(|&units| units >= 2),
                NormKind::Rms => true,
            };
            variant.normalization = variant.normalization.filter(fits);
            let needs_norm = variant.skip == Some(Skip::PostNorm);
            if !equal || needs_norm && variant.normalization.is_none() {
                (variant.skip, variant.skip_scale) = (None, SkipScale::default());
            }
            variant.tied &= equal;
            dropped = true;
        }
        dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Experiment, String> {
        Experiment::from_toml(text).map_err(|error| error.to_string())
    }

    #[test]
    fn remedies_survive_the_file() {
        for remedy in [
            "normalization = 'batch'",
            "normalization = { kind = 'rms', epsilon = 0.0 }",
            "normalization = 'layer'\nskip = 'post_norm'\nskip_scale = 'inverse_sqrt_depth'",
            "skip = 'pre'\nskip_scale = 0",
            "tied = true\nskip = 'none'\nnormalization = 'none'",
        ] {
            let text = format!("[architecture]\nbatch = 3\n[[variant]]\n{remedy}");
            let experiment = read(&text).expect("accepted");
            assert_eq!(read(&experiment.to_toml()).expect("its own"), experiment, "{remedy}");
        }
        let plain = Experiment::default().to_toml();
        for key in ["normalization", "skip", "tied"] {
            assert!(!plain.contains(key), "today's files stay as they are");
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused_with_a_way_out() {
        for (architecture, variant, sentence) in [
            ("", "normalization = 'batch'", "Set batch to 2 or more"),
            ("hidden = [3, 1]", "normalization = 'layer'", "layer 2 of one unit"),
            ("hidden = [3, 4]", "skip = 'post'", "layers of 3 and 4 units"),
            ("hidden = [3, 4]", "tied = true", "set tied = false"),
            ("", "skip = 'post_norm'", "there is no normalization"),
            ("", "skip = 'pre'\nskip_scale = nan", "skip_scale = NaN is not accepted"),
            ("", "skip_scale = 0.5", "there is none"),
            ("", "skip = 'sideways'", "\"none\", \"post\", \"pre\" or \"post_norm\""),
            ("", "normalization = 'group'", "none, batch, layer, rms"),
            ("", "normalization = { kind = 'rms', epsilon = -1 }", "a number from 0 to 1"),
            ("", "normalization = { kind = 'rms', eps = 1 }", "eps"),
            (
                "",
                "tied = true\n[[variant.layer]]\nindex = 3\nbias = { scheme = 'normal' }",
                "layer 3",
            ),
        ] {
            let text = format!("[architecture]\n{architecture}\n[[variant]]\n{variant}");
            let refusal = read(&text).expect_err(variant);
            assert!(refusal.contains(sentence), "{variant}: {refusal}");
        }
    }
}
