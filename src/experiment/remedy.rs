//! What people put into deep networks so that they learn: normalization, skips, shared weights.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

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

/// For `#[serde(serialize_with)]`.
///
/// # Errors
/// What the serializer says.
pub(super) fn write_normalization<S: Serializer>(
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

/// For `#[serde(deserialize_with)]`: a name, or a table with kind and epsilon.
///
/// # Errors
/// What the deserializer says.
pub(super) fn read_normalization<'de, D: Deserializer<'de>>(
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
                    let name: String = map.next_value()?;
                    kind = Some(named(NormKind::ALL, NormKind::id, &name)?);
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

/// For `#[serde(serialize_with)]`.
///
/// # Errors
/// What the serializer says.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(super) fn write_skip<S: Serializer>(
    value: &Option<Skip>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(value.map_or(NONE, Skip::id))
}

/// For `#[serde(deserialize_with)]`: a name.
///
/// # Errors
/// What the deserializer says.
pub(super) fn read_skip<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Skip>, D::Error> {
    named(Skip::ALL, Skip::id, &String::deserialize(deserializer)?)
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

pub(super) fn is_default_scale(scale: &SkipScale) -> bool {
    scale.is_one()
}
