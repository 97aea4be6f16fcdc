//! Weights from a safetensors file: the lab's own, or a PyTorch state dict of linear layers and
//! normalizations in their order, named `….N.weight` and `….N.bias`.

use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::experiment::{Experiment, GivenNetwork, GivenNorm, limits};

use super::weights::Number as _;

/// Bytes of a file at most: as many as the weights of a network take in memory beside their copies.
const MOST_BYTES: u64 = 256 << 20;

/// Why a file gives no weights. The words name no file; whoever shows them does.
#[derive(Debug, thiserror::Error)]
pub enum WeightsFileError {
    /// The system's words.
    #[error("it cannot be read: {0}.")]
    Read(std::io::Error),
    /// More than is held in memory.
    #[error("it is larger than {} MiB, which is the most that the lab reads.", MOST_BYTES >> 20)]
    TooLarge,
    /// Not a safetensors file, or a damaged one.
    #[error("it is no whole safetensors file: {0}.")]
    Format(safetensors::SafeTensorError),
    /// No layers, or not as many as the network has.
    #[error("it has {found} matrices of weights, and the network has {expected} layers.")]
    Layers {
        /// Those of the file.
        found: usize,
        /// L.
        expected: usize,
    },
    /// A tensor that does not follow the ones before it.
    #[error("its tensor “{name}” is {found} where {expected} must stand.")]
    Shape {
        /// The tensor.
        name: String,
        /// Its shape.
        found: String,
        /// The one that goes with the architecture.
        expected: String,
    },
    /// A number type that no pass computes with.
    #[error("its tensor “{name}” has numbers of type {dtype:?}: save F64 or F32.")]
    Type {
        /// The tensor.
        name: String,
        /// Its type.
        dtype: Dtype,
    },
    /// A NaN, or a number that is too large.
    #[error("its tensor “{name}” has {number:e}: numbers from {least:e} to {most:e} are accepted.", least = limits::VALUE.start(), most = limits::VALUE.end())]
    Number {
        /// The tensor.
        name: String,
        /// The first that is refused.
        number: f64,
    },
    /// A normalization that the variant has not.
    #[error(
        "its tensor “{0}” normalizes a layer, and the variant does not: set the variant's normalization."
    )]
    Normalization(String),
    /// A name that says neither what it is nor where it belongs.
    #[error(
        "its tensor “{0}” is no weight or bias of a layer in a row: names such as 0.weight and 0.bias are accepted."
    )]
    Name(String),
}

type Result<T> = std::result::Result<T, WeightsFileError>;

/// One module of a state dict.
#[derive(Default)]
struct Module<'a> {
    number: u64,
    weight: Option<(String, TensorView<'a>)>,
    bias: Option<(String, TensorView<'a>)>,
    /// γ and β of a normalization that shares the number, as in the lab's own files.
    norm: [Option<(String, TensorView<'a>)>; 2],
}

/// Reads what a variant's `weights = { file = … }` names.
///
/// # Errors
/// [`WeightsFileError`], in words that name the tensor.
pub fn read(path: &Path, experiment: &Experiment, variant: usize) -> Result<GivenNetwork> {
    let there = std::fs::metadata(path).map_err(WeightsFileError::Read)?;
    if there.len() > MOST_BYTES {
        return Err(WeightsFileError::TooLarge);
    }
    let bytes = std::fs::read(path).map_err(WeightsFileError::Read)?;
    from_bytes(&bytes, experiment, variant)
}

/// Reads a safetensors file's bytes for a variant.
///
/// # Errors
/// [`WeightsFileError`], in words that name the tensor.
pub fn from_bytes(bytes: &[u8], experiment: &Experiment, variant: usize) -> Result<GivenNetwork> {
    let file = SafeTensors::deserialize(bytes).map_err(WeightsFileError::Format)?;
    let variant = &experiment.variants[variant];
    let sizes = experiment.sizes();
    let mut given = GivenNetwork::default();
    for module in modules(&file, &variant.name)? {
        let Module { weight, bias, norm, .. } = module;
        match weight {
            Some((name, weight)) if weight.shape().len() == 2 => {
                let layer = given.weights.len() + 1;
                if layer >= sizes.len() {
                    let expected = sizes.len() - 1;
                    return Err(WeightsFileError::Layers { found: layer, expected });
                }
                let (units, inputs) = (sizes[layer], sizes[layer - 1]);
                let weight = numbers(&name, &weight, &[units, inputs])?;
                given.weights.push(weight.chunks_exact(inputs).map(<[f64]>::to_vec).collect());
                let bias = bias.map(|(name, bias)| numbers(&name, &bias, &[units])).transpose()?;
                given.biases.push(bias.unwrap_or_else(|| vec![0.0; units]));
                let [gamma, beta] = norm;
                if let Some(gamma) = gamma {
                    take_norm(&mut given, gamma, beta, units, variant.normalization.is_some())?;
                }
            }
            Some(gamma) => {
                let Some(last) = given.biases.last() else {
                    return Err(WeightsFileError::Normalization(gamma.0));
                };
                let units = last.len();
                take_norm(&mut given, gamma, bias, units, variant.normalization.is_some())?;
            }
            None => {
                let name = bias.map(|(name, _)| name);
                return Err(WeightsFileError::Name(name.unwrap_or_default()));
            }
        }
    }
    let (found, expected) = (given.weights.len(), sizes.len() - 1);
    if found != expected {
        return Err(WeightsFileError::Layers { found, expected });
    }
    Ok(given)
}

/// γ and β of the last layer so far.
fn take_norm(
    given: &mut GivenNetwork,
    (name, gamma): (String, TensorView<'_>),
    beta: Option<(String, TensorView<'_>)>,
    units: usize,
    is_normalized: bool,
) -> Result<()> {
    let gamma = numbers(&name, &gamma, &[units])?;
    let beta = beta.map(|(name, beta)| numbers(&name, &beta, &[units])).transpose()?;
    let index = given.weights.len();
    if !is_normalized || given.norms.last().is_some_and(|norm| norm.index == index) {
        return Err(WeightsFileError::Normalization(name));
    }
    let beta = beta.unwrap_or_else(|| vec![0.0; units]);
    given.norms.push(GivenNorm { index, gamma, beta });
    Ok(())
}

/// A file's modules by their numbers; of several networks in one file those of the variant's name.
fn modules<'a>(file: &SafeTensors<'a>, variant: &str) -> Result<Vec<Module<'a>>> {
    let own = format!("{variant}.");
    let mut names = file.names();
    names.sort_unstable();
    let is_own = names.iter().any(|name| name.starts_with(&own));
    let mut modules: Vec<Module<'a>> = Vec::new();
    for full in names {
        let rest = match is_own {
            true => full.strip_prefix(&own),
            // The data of the lab's own files.
            false => Some(full).filter(|name| !matches!(*name, "x" | "y")),
        };
        let Some(rest) = rest else { continue };
        let unknown = || WeightsFileError::Name(full.to_owned());
        let is_state = ["running_mean", "running_var", "num_batches_tracked"]
            .into_iter()
            .chain(["momentum_buffer", "exp_avg", "exp_avg_sq"])
            .any(|state| rest.ends_with(&format!(".{state}")));
        let is_state = is_state || rest.rsplit('.').next() == Some("loss_scaler");
        if is_state {
            continue;
        }
        let (module, part) = rest.rsplit_once('.').ok_or_else(unknown)?;
        let (module, is_norm) = match module.strip_suffix(".norm") {
            Some(module) => (module, true),
            None => (module, false),
        };
        let number = module.rsplit('.').next().and_then(|number| number.parse().ok());
        let number: u64 = number.ok_or_else(unknown)?;
        let place = modules.iter().position(|module| module.number == number);
        let place = place.unwrap_or_else(|| {
            modules.push(Module { number, ..Module::default() });
            modules.len() - 1
        });
        let module = &mut modules[place];
        let slot = match (is_norm, part) {
            (false, "weight") => &mut module.weight,
            (false, "bias") => &mut module.bias,
            (true, "weight") => &mut module.norm[0],
            (true, "bias") => &mut module.norm[1],
            _ => return Err(unknown()),
        };
        let tensor = file.tensor(full).map_err(WeightsFileError::Format)?;
        // Two networks in one file have the same numbers under other names.
        if slot.replace((full.to_owned(), tensor)).is_some() {
            return Err(unknown());
        }
    }
    modules.sort_by_key(|module| module.number);
    Ok(modules)
}

fn numbers(name: &str, tensor: &TensorView<'_>, shape: &[usize]) -> Result<Vec<f64>> {
    let words = |shape: &[usize]| {
        let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
        match shape.len() {
            0 => "a single number".to_owned(),
            1 => format!("{} numbers", sizes[0]),
            _ => sizes.join(" × "),
        }
    };
    if tensor.shape() != shape {
        let (found, expected) = (words(tensor.shape()), words(shape));
        return Err(WeightsFileError::Shape { name: name.to_owned(), found, expected });
    }
    let numbers: Vec<f64> = match tensor.dtype() {
        Dtype::F64 => f64::all(tensor.data()),
        Dtype::F32 => f32::all(tensor.data()).into_iter().map(f64::from).collect(),
        dtype => return Err(WeightsFileError::Type { name: name.to_owned(), dtype }),
    };
    match numbers.iter().find(|number| !limits::VALUE.contains(number)) {
        Some(&number) => Err(WeightsFileError::Number { name: name.to_owned(), number }),
        None => Ok(numbers),
    }
}
