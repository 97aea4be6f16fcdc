//! What people put into deep networks so that they learn: normalization, skips, shared weights.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::error::in_words;
use super::{Experiment, ExperimentError, Variant};

/// Over what a normalization takes its mean and variance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NormKind {
    /// Of each unit over the examples of the batch (Ioffe and Szegedy 2015).
    Batch,
    /// Of each example over the units of the layer (Ba et al. 2016).
    Layer,
    /// Of each example over the units, the root mean square alone (Zhang and Sennrich 2019).
    Rms,
}

impl NormKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Batch, Self::Layer, Self::Rms];

    /// The name in files.
    pub fn id(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Layer => "layer",
            Self::Rms => "rms",
        }
    }

    /// The name on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Batch => "Batch norm",
            Self::Layer => "Layer norm",
            Self::Rms => "RMS norm",
        }
    }

    /// One sentence for a tooltip.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Batch => {
                "(z − μ)/√(v + ε) with each unit’s mean and variance over the examples. It needs a batch of 2 or more and couples its examples."
            }
            Self::Layer => {
                "(z − μ)/√(v + ε) with each example’s mean and variance over the units of the layer."
            }
            Self::Rms => {
                "z/√(v + ε) with v the mean of each example’s squares over the units of the layer."
            }
        }
    }

    /// Whether statistics are of a unit over the examples, and not of an example over the units.
    pub fn couples_examples(self) -> bool {
        self == Self::Batch
    }
}

/// A normalization of the hidden layers: ẑ = (z − μ)/√(v + ε), with γ = 1 and β = 0 at the start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalization {
    /// Over what.
    pub kind: NormKind,
    /// ε, added to the variance.
    pub epsilon: f64,
}

impl Normalization {
    /// ε where none is given, PyTorch's of batch and layer normalization.
    pub const EPSILON: f64 = 1e-5;

    /// With the usual ε.
    pub fn of(kind: NormKind) -> Self {
        Self { kind, epsilon: Self::EPSILON }
    }

    /// “layer norm”, “batch norm, ε 0”.
    pub fn describe(&self) -> String {
        let name = self.kind.label().to_lowercase().replace("rms", "RMS");
        match self.epsilon {
            Self::EPSILON => name,
            epsilon => format!("{name}, ε {epsilon}"),
        }
    }
}

/// Where a skip connection joins the way through a layer. Hidden layers from the second on have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Skip {
    /// h^(l) = h^(l−1) + α φ(norm(W h^(l−1) + b)) (He et al. 2016a, in its simple form).
    Post,
    /// h^(l) = h^(l−1) + α (W φ(norm(h^(l−1))) + b) (He et al. 2016b, the pre-norm transformer).
    Pre,
    /// h^(l) = norm(h^(l−1) + α φ(W h^(l−1) + b)) (the post-norm transformer).
    PostNorm,
}

impl Skip {
    /// Every place.
    pub const ALL: [Self; 3] = [Self::Post, Self::Pre, Self::PostNorm];

    /// The name in files.
    pub fn id(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Pre => "pre",
            Self::PostNorm => "post_norm",
        }
    }

    /// The name on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Post => "After the activation",
            Self::Pre => "Before the activation",
            Self::PostNorm => "Before the normalization",
        }
    }

    /// One sentence for a tooltip.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Post => {
                "h = h + α φ(norm(W h + b)): the activation’s output is added to what came in (a plain residual block)."
            }
            Self::Pre => {
                "h = h + α (W φ(norm(h)) + b): normalization and activation come before the weights (pre-activation ResNet, pre-norm transformer)."
            }
            Self::PostNorm => {
                "h = norm(h + α φ(W h + b)): the sum is normalized (the first transformer). It needs a normalization."
            }
        }
    }
}

/// α, by which a layer's own share is multiplied before it is added to the skip.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SkipScale {
    /// A number.
    Number(f64),
    /// 1/√D with D hidden layers.
    InverseSqrtDepth,
}

impl SkipScale {
    const INVERSE_SQRT_DEPTH: &'static str = "inverse_sqrt_depth";

    /// α of a network with so many hidden layers.
    ///
    /// ```
    /// use gradient_lab::experiment::SkipScale;
    /// assert_eq!(SkipScale::InverseSqrtDepth.of_depth(16), 0.25);
    /// ```
    pub fn of_depth(self, depth: usize) -> f64 {
        match self {
            Self::Number(alpha) => alpha,
            Self::InverseSqrtDepth => 1.0 / (depth as f64).sqrt(),
        }
    }

    fn is_one(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for SkipScale {
    fn default() -> Self {
        Self::Number(1.0)
    }
}

/// What stands in a file for no normalization and no skip.
const NONE: &str = "none";

/// serde's way of `Option<Normalization>`: a name, or a table with kind and epsilon.
pub(super) mod normalization {
    use super::*;

    pub fn serialize<S: Serializer>(
        value: &Option<Normalization>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            None => serializer.serialize_str(NONE),
            Some(norm) if norm.epsilon == Normalization::EPSILON => {
                serializer.serialize_str(norm.kind.id())
            }
            Some(norm) => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("kind", norm.kind.id())?;
                map.serialize_entry("epsilon", &norm.epsilon)?;
                map.end()
            }
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Normalization>, D::Error> {
        deserializer.deserialize_any(NameOrTable)
    }

    struct NameOrTable;

    impl<'de> Visitor<'de> for NameOrTable {
        type Value = Option<Normalization>;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("a name or a table")
        }

        fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
            let kind = named(NormKind::ALL, NormKind::id, name)?;
            Ok(kind.map(Normalization::of))
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let (mut kind, mut epsilon) = (None, Normalization::EPSILON);
            while let Some(key) = map.next_key::<String>()? {
                match key.as_str() {
                    "kind" => {
                        kind =
                            Some(named(NormKind::ALL, NormKind::id, &map.next_value::<String>()?)?)
                    }
                    "epsilon" => epsilon = map.next_value()?,
                    _ => {
                        map.next_value::<IgnoredAny>()?;
                        // In the words that serde has for keys of a struct.
                        let words = format!("unknown field `{key}`, expected `kind` or `epsilon`");
                        return Err(Error::custom(words));
                    }
                }
            }
            let kind = kind.ok_or_else(|| Error::custom("no kind"))?;
            Ok(kind.map(|kind| Normalization { kind, epsilon }))
        }
    }
}

/// serde's way of `Option<Skip>`: a name.
pub(super) mod skip {
    use super::*;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub fn serialize<S: Serializer>(
        value: &Option<Skip>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(value.map_or(NONE, Skip::id))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Skip>, D::Error> {
        named(Skip::ALL, Skip::id, &String::deserialize(deserializer)?)
    }
}

/// One of a few choices by its name, or none.
fn named<T: Copy, E: Error, const N: usize>(
    all: [T; N],
    id: fn(T) -> &'static str,
    name: &str,
) -> Result<Option<T>, E> {
    if name == NONE {
        return Ok(None);
    }
    let found = all.into_iter().find(|&choice| id(choice) == name);
    found.map(Some).ok_or_else(|| E::custom("no choice of that name"))
}

impl Serialize for SkipScale {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::InverseSqrtDepth => serializer.serialize_str(Self::INVERSE_SQRT_DEPTH),
        }
    }
}

impl<'de> Deserialize<'de> for SkipScale {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrName;

        impl Visitor<'_> for NumberOrName {
            type Value = SkipScale;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a number or a name")
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<SkipScale, E> {
                Ok(SkipScale::Number(number))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<SkipScale, E> {
                Ok(SkipScale::Number(number as f64))
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<SkipScale, E> {
                match name {
                    SkipScale::INVERSE_SQRT_DEPTH => Ok(SkipScale::InverseSqrtDepth),
                    _ => Err(E::custom("no scale of that name")),
                }
            }
        }

        deserializer.deserialize_any(NumberOrName)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(super) fn is_default_scale(scale: &SkipScale) -> bool {
    scale.is_one()
}

impl Variant {
    /// Whether layers are more than dense ops and activations, or share their weights.
    pub fn is_plain(&self) -> bool {
        self.normalization.is_none() && self.skip.is_none() && !self.tied
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
            super::validate::number_within(
                &format!("variant[{index}].normalization.epsilon"),
                norm.epsilon,
            )?;
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
            super::validate::number_within(&format!("variant[{index}].skip_scale"), alpha)?;
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
