//! The weights and the data of a draw as a safetensors file, so that another program can
//! check every number that the lab shows.

use std::borrow::Cow;
use std::collections::HashMap;

use safetensors::{Dtype, SafeTensorError, View};

use crate::engine::{Columns, FromDraws, Layer, Network, Real};
use crate::experiment::{Experiment, Precision};
use crate::study::{DrawStudy, Stopped, Watch};

/// The metadata key that holds the experiment and the layout, as commented TOML.
pub const METADATA_KEY: &str = "gradient-lab-experiment";

/// What the tensors are, for whoever opens the file without the lab.
const LAYOUT: &str = "\
# x: examples × inputs. y: examples × outputs. All variants share them.
# <variant>.<l>.weight: W of layer l, from 1, outputs × inputs, so that z = W a + b.
# <variant>.<l>.bias: b of layer l; zeros where the variant has no bias.
# All row-major, F64 or, where the pass was computed in single precision, F32.
";

/// Why the weights could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// Told to stop.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// Two tensors of one name, or a header past the format's limit.
    #[error("The weights do not fit in a safetensors file: {0}.")]
    Format(#[from] SafeTensorError),
}

/// The bytes of a safetensors file with `x`, `y`, and each variant's weights and biases in the
/// precision of the experiment, as its pass used them.
///
/// # Shapes
/// `x` is B × n_0, `y` is B × n_L, `<variant>.<l>.weight` is n_l × n_{l−1} and
/// `<variant>.<l>.bias` has n_l numbers; l counts from 1. All variants share x and y.
///
/// # Errors
/// [`WeightsError::Stopped`] when told to stop.
pub fn encode(
    experiment: &Experiment,
    study: &mut DrawStudy,
    watch: &Watch<'_>,
) -> Result<Vec<u8>, WeightsError> {
    match experiment.architecture.precision {
        Precision::F64 | Precision::Fp16 | Precision::Bf16 => {
            encode_as::<f64>(experiment, study, watch)
        }
        Precision::F32 => encode_as::<f32>(experiment, study, watch),
    }
}

fn encode_as<T: Number>(
    experiment: &Experiment,
    study: &mut DrawStudy,
    watch: &Watch<'_>,
) -> Result<Vec<u8>, WeightsError> {
    let mut tensors = Vec::new();
    for variant in &experiment.variants {
        let network: Network<T> = study.network(experiment, variant, watch)?;
        if tensors.is_empty() {
            tensors.push(("x".to_owned(), Tensor::data(network.input)));
            tensors.push(("y".to_owned(), Tensor::data(network.target)));
        }
        for (index, layer) in network.layers.into_iter().enumerate() {
            let name = format!("{}.{}", variant.name, index + 1);
            tensors.push((format!("{name}.bias"), Tensor::bias(&layer)));
            tensors.push((format!("{name}.weight"), Tensor::weight(layer)));
        }
    }
    let text = format!("{LAYOUT}\n{}", experiment.to_toml());
    let metadata = HashMap::from([(METADATA_KEY.to_owned(), text)]);
    Ok(safetensors::serialize(tensors, Some(metadata))?)
}

/// One tensor of the file. Its bytes are made when the file asks for them: a large network's
/// weights should not stand in memory once more.
struct Tensor<T> {
    shape: Vec<usize>,
    content: Content<T>,
}

enum Content<T> {
    /// x or y: units × examples in the engine, examples × units in the file.
    Data(Columns<T>),
    /// W = scale · U.
    Weight(Layer<T>),
    /// b; none are zeros.
    Bias(Option<Vec<T>>),
}

/// A number that the file can hold.
trait Number: Real + FromDraws {
    const DTYPE: Dtype;

    fn extend(self, bytes: &mut Vec<u8>);
}

impl Number for f64 {
    const DTYPE: Dtype = Dtype::F64;

    fn extend(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }
}

impl Number for f32 {
    const DTYPE: Dtype = Dtype::F32;

    fn extend(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }
}

impl<T: Number> Tensor<T> {
    fn data(columns: Columns<T>) -> Self {
        Self { shape: vec![columns.batch(), columns.units()], content: Content::Data(columns) }
    }

    fn weight(layer: Layer<T>) -> Self {
        Self { shape: layer.unit.shape().to_vec(), content: Content::Weight(layer) }
    }

    fn bias(layer: &Layer<T>) -> Self {
        Self { shape: vec![layer.unit.nrows()], content: Content::Bias(layer.bias.clone()) }
    }
}

impl<T: Number> View for Tensor<T> {
    fn dtype(&self) -> Dtype {
        T::DTYPE
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Owned(match &self.content {
            Content::Data(columns) => bytes_of(columns.mantissa.t().iter().copied()),
            Content::Weight(layer) => bytes_of(layer.unit.iter().map(|&u| u * layer.scale)),
            Content::Bias(Some(bias)) => bytes_of(bias.iter().copied()),
            Content::Bias(None) => vec![0; self.data_len()],
        })
    }

    fn data_len(&self) -> usize {
        self.shape.iter().product::<usize>() * T::DTYPE.bitsize() / 8
    }
}

fn bytes_of<T: Number>(numbers: impl ExactSizeIterator<Item = T>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(numbers.len() * T::DTYPE.bitsize() / 8);
    numbers.for_each(|number| number.extend(&mut bytes));
    bytes
}
