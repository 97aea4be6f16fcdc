//! The weights and the data of a draw as a safetensors file, so that another program can
//! check every number that the lab shows.

use std::collections::HashMap;
use std::io::{self, Write};

use safetensors::tensor::{Metadata, TensorInfo};
use safetensors::{Dtype, SafeTensorError};

use crate::engine::{FromDraws, Network, Real, in_precision};
use crate::experiment::{Experiment, Precision, Variant};
use crate::study::{DrawStudy, Stopped, TaskContext};

/// The metadata key that holds the experiment and the layout, as commented TOML.
pub const METADATA_KEY: &str = "gradient-lab-experiment";

/// What the tensors are, for whoever opens the file without the lab.
const LAYOUT: &str = "\
# x: examples × inputs. y: examples × outputs. All variants share them.
# <variant>.<l>.weight: W of layer l, from 1, outputs × inputs, so that z = W a + b.
# <variant>.<l>.bias: b of layer l; zeros where the variant has no bias.
# All row-major, F64 or, where the pass was computed in single precision, F32.
";

/// What there is besides where a variant is normalized.
const NORM_LAYOUT: &str = "\
# <variant>.<l>.norm.weight, <variant>.<l>.norm.bias: γ and β of a normalized layer.
";

/// Numbers that are turned into bytes at a time.
const CHUNK: usize = 8192;

/// Why the weights could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// Told to stop.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// Two tensors of one name, or a header past the format's limit.
    #[error("The weights do not fit in a safetensors file: {0}.")]
    Format(#[from] SafeTensorError),
    /// Whoever takes the bytes takes no more.
    #[error(transparent)]
    Write(#[from] io::Error),
}

/// Bytes of the file that [`write()`] makes of an experiment.
///
/// # Errors
/// [`WeightsError::Format`].
pub fn size(experiment: &Experiment) -> Result<u64, WeightsError> {
    let (header, data) = header(experiment)?;
    Ok(header.len() as u64 + data)
}

/// Writes a safetensors file with `x`, `y`, and each variant's weights and biases in the
/// precision of the experiment, as its pass used them. One network at a time is in memory.
///
/// # Shapes
/// `x` is B × n_0, `y` is B × n_L, `<variant>.<l>.weight` is n_l × n_{l−1} and
/// `<variant>.<l>.bias` has n_l numbers, as have `<variant>.<l>.norm.weight` and `.norm.bias` of a
/// normalized layer; l counts from 1. All variants share x and y.
///
/// # Errors
/// [`WeightsError`]: told to stop, or `out` takes no more.
pub fn write(
    experiment: &Experiment,
    study: &mut DrawStudy,
    task: &TaskContext<'_>,
    out: &mut impl Write,
) -> Result<(), WeightsError> {
    out.write_all(&header(experiment)?.0)?;
    in_precision!(experiment.architecture.precision, T => write_as::<T>(experiment, study, task, out))
}

/// What a pass in that precision computes with.
fn dtype(experiment: &Experiment) -> Dtype {
    match experiment.architecture.precision {
        Precision::F64 | Precision::Fp16 | Precision::Bf16 => Dtype::F64,
        Precision::F32 => Dtype::F32,
    }
}

/// All that comes before the numbers, and how many bytes those are.
fn header(experiment: &Experiment) -> Result<(Vec<u8>, u64), WeightsError> {
    let dtype = dtype(experiment);
    let (sizes, batch) = (experiment.sizes(), experiment.architecture.batch);
    let mut tensors = vec![
        ("x".to_owned(), dtype, vec![batch, sizes[0]]),
        ("y".to_owned(), dtype, vec![batch, sizes[sizes.len() - 1]]),
    ];
    for variant in &experiment.variants {
        tensors.extend(parameters(&sizes, variant, dtype));
    }
    let is_normalized = experiment.variants.iter().any(|variant| variant.normalization.is_some());
    let norms = if is_normalized { NORM_LAYOUT } else { "" };
    let text = format!("{LAYOUT}{norms}\n{}", experiment.to_toml());
    header_of(tensors, HashMap::from([(METADATA_KEY.to_owned(), text)]))
}

/// Name, type and shape of a tensor.
pub(super) type Tensor = (String, Dtype, Vec<usize>);

/// The tensors of a variant's parameters, in the order of [`write_network`].
pub(super) fn parameters(sizes: &[usize], variant: &Variant, dtype: Dtype) -> Vec<Tensor> {
    let mut tensors = Vec::new();
    for (layer, pair) in (1..).zip(sizes.windows(2)) {
        let mut add = |tensor: &str, shape: Vec<usize>| {
            tensors.push((format!("{}.{layer}.{tensor}", variant.name), dtype, shape));
        };
        add("weight", vec![pair[1], pair[0]]);
        add("bias", vec![pair[1]]);
        if variant.normalization.is_some() && layer < sizes.len() - 1 {
            add("norm.weight", vec![pair[1]]);
            add("norm.bias", vec![pair[1]]);
        }
    }
    tensors
}

/// All that comes before the numbers of these tensors, and how many bytes those are.
pub(super) fn header_of(
    tensors: Vec<Tensor>,
    metadata: HashMap<String, String>,
) -> Result<(Vec<u8>, u64), WeightsError> {
    let mut end = 0;
    let tensors = tensors.into_iter().map(|(name, dtype, shape)| {
        let start = end;
        end += shape.iter().product::<usize>() * dtype.bitsize() / 8;
        (name, TensorInfo { dtype, shape, data_offsets: (start, end) })
    });
    let tensors = tensors.collect();
    let metadata = Metadata::new(Some(metadata), tensors)?;
    let mut json = serde_json::to_vec(&metadata).map_err(SafeTensorError::from)?;
    // Spaces, so that the numbers begin at a multiple of eight bytes.
    json.resize(json.len().next_multiple_of(8), b' ');
    let mut header = (json.len() as u64).to_le_bytes().to_vec();
    header.append(&mut json);
    Ok((header, end as u64))
}

fn write_as<T: Number>(
    experiment: &Experiment,
    study: &mut DrawStudy,
    task: &TaskContext<'_>,
    out: &mut impl Write,
) -> Result<(), WeightsError> {
    for (index, variant) in experiment.variants.iter().enumerate() {
        let network: Network<T> = study.network(experiment, variant, task)?;
        if index == 0 {
            // Units × examples in the engine, examples × units in the file.
            write_numbers(network.input.mantissa.t().iter().copied(), out)?;
            write_numbers(network.target.mantissa.t().iter().copied(), out)?;
        }
        write_network(&network, &mut || task.proceed().is_ok(), out)?;
    }
    Ok(())
}

/// Writes all parameters of a network; `proceed` is asked before each layer.
pub(super) fn write_network<T: Number>(
    network: &Network<T>,
    proceed: &mut dyn FnMut() -> bool,
    out: &mut impl Write,
) -> Result<(), WeightsError> {
    for (index, dense) in network.denses().enumerate() {
        if !proceed() {
            return Err(Stopped.into());
        }
        write_numbers(dense.unit.iter().map(|&unit| unit * dense.scale), out)?;
        match &dense.bias {
            Some(bias) => write_numbers(bias.iter().copied(), out)?,
            None => write_numbers(vec![T::from_f64(0.0); dense.units()].into_iter(), out)?,
        }
        if let Some(norm) = network.norm(index) {
            let all = |of: &Option<Vec<T>>, number: f64| {
                of.clone().unwrap_or_else(|| vec![T::from_f64(number); norm.units])
            };
            write_numbers(all(&norm.gamma, 1.0).into_iter(), out)?;
            write_numbers(all(&norm.beta, 0.0).into_iter(), out)?;
        }
    }
    Ok(())
}

pub(super) fn write_numbers<T: Number>(
    mut numbers: impl Iterator<Item = T>,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        numbers.by_ref().take(CHUNK).for_each(|number| number.extend(&mut bytes));
        if bytes.is_empty() {
            return Ok(());
        }
        out.write_all(&bytes)?;
    }
}

/// A number that the file can hold.
pub trait Number: Real + FromDraws {
    /// Its type in the file.
    const DTYPE: Dtype;

    /// Appends its bytes.
    #[doc(hidden)]
    fn extend(self, bytes: &mut Vec<u8>);

    /// Numbers from their bytes.
    #[doc(hidden)]
    fn all(bytes: &[u8]) -> Vec<Self>;
}

macro_rules! number {
    ($number:ty, $dtype:ident) => {
        impl Number for $number {
            const DTYPE: Dtype = Dtype::$dtype;

            fn extend(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }

            fn all(bytes: &[u8]) -> Vec<Self> {
                let (numbers, _) = bytes.as_chunks();
                numbers.iter().map(|&number| Self::from_le_bytes(number)).collect()
            }
        }
    };
}

number!(f64, F64);
number!(f32, F32);
