//! The way back in: an experiment from its TOML text or from a picture that the lab exported.

use std::io::Read;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::experiment::{Experiment, ExperimentError, FileHash, limits, shortened};

use crate::vector::{pdf, svg};

use super::data_file::{self, DataFileError};
use super::weights_file::{self, WeightsFileError};
use super::{atomic, png};

/// The eight bytes with which every PNG file begins.
const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The byte order marks with which UTF-16 text begins.
const UTF16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// Why a file gives no experiment. The words name no file; whoever shows them does.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such file.
    #[error(
        "there is no such file; check the name, or take a preset's (gradient-lab list shows them)."
    )]
    Missing,
    /// The path is a folder.
    #[error("it is a folder; name a file in it.")]
    Folder,
    /// Not ours to read.
    #[error("you have no permission to read it; change its permissions, or copy it elsewhere.")]
    Forbidden,
    /// A name longer than the system's, or links that lead in a circle.
    #[error("there can be no file of that name: {0}; check it.")]
    Unusable(std::io::Error),
    /// Whatever else the system says.
    #[error("reading it failed: {0}.")]
    Failed(std::io::Error),
    /// More text than any experiment has.
    #[error("it is larger than {} MiB, and an experiment takes at most that.", limits::FILE_BYTES / 1024 / 1024)]
    TooLarge,
    /// Neither UTF-8 text nor a PNG.
    #[error(
        "it is not UTF-8 text; an experiment is a TOML file in UTF-8, or a picture that the lab exported."
    )]
    NotText,
    /// What some editors call Unicode.
    #[error("it is UTF-16 text; save it as UTF-8.")]
    Utf16,
    /// A damaged picture.
    #[error(transparent)]
    Picture(#[from] png::Error),
    /// Some other program's picture.
    #[error(
        "this PNG carries no experiment before its pixels; give one that the lab itself exported, or a TOML file."
    )]
    NoExperiment,
    /// Some other program's drawing, or one that another program has rewritten.
    #[error(
        "this picture carries no experiment; give one as the lab itself exported it, or a TOML file."
    )]
    NoAttachment,
    /// The data's file.
    #[error("data.path = “{path}”: {error}")]
    Data {
        /// As the experiment names it.
        path: String,
        /// Why it gives no examples.
        error: DataFileError,
    },
    /// A variant's weights.
    #[error("variant “{variant}”, weights.file = “{path}”: {error}")]
    Weights {
        /// Whose.
        variant: String,
        /// As the experiment names it.
        path: String,
        /// Why it gives no weights.
        error: WeightsFileError,
    },
    /// The experiment itself is refused.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
}

/// Reads an experiment from a file: TOML, or a picture that the lab exported.
///
/// # Errors
/// [`OpenError`], in words that say what to do.
pub fn file(path: &Path) -> Result<Experiment, OpenError> {
    if path.is_dir() {
        return Err(OpenError::Folder);
    }
    let mut experiment = read(std::fs::File::open(path)?)?;
    take_files(&mut experiment, path.parent().unwrap_or(Path::new("")))?;
    Ok(experiment)
}

/// Reads the files that an experiment names, relative to a folder.
fn take_files(experiment: &mut Experiment, folder: &Path) -> Result<(), OpenError> {
    if experiment.is_complete() {
        return Ok(());
    }
    if let Some(path) = experiment.data_set.as_ref().and_then(|set| set.path.clone()) {
        let examples = data_file::read(&folder.join(&path));
        let examples = examples.map_err(|error| {
            let path = shortened(&path, SHOWN);
            OpenError::Data { path, error }
        })?;
        experiment.load_examples(examples)?;
        if let Some(set) = &mut experiment.data_set {
            set.sha256 = hash_of(&folder.join(&path), set.sha256.as_ref());
        }
    }
    for index in 0..experiment.variants.len() {
        let variant = &experiment.variants[index];
        let Some(file) = variant.weights_file.as_ref().map(|file| file.file.clone()) else {
            continue;
        };
        let given = weights_file::read(&folder.join(&file), experiment, index);
        let given = given.map_err(|error| {
            let (variant, path) = (variant.name.clone(), shortened(&file, SHOWN));
            OpenError::Weights { variant, path, error }
        })?;
        experiment.give(index, given);
        if let Some(weights) = &mut experiment.variants[index].weights_file {
            weights.sha256 = hash_of(&folder.join(&file), weights.sha256.as_ref());
        }
    }
    Ok(experiment.validate()?)
}

/// The SHA-256 of a file that has been read, beside the one that it should have; nothing of a pipe,
/// which is empty by now, or of a file that is gone meanwhile.
fn hash_of(path: &Path, before: Option<&FileHash>) -> Option<FileHash> {
    if !std::fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let (mut file, mut hash) = (std::fs::File::open(path).ok()?, Sha256::new());
    let mut bytes = vec![0; 1 << 16];
    loop {
        match file.read(&mut bytes) {
            Ok(0) => break,
            Ok(count) => hash.update(&bytes[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    let digits = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Some(FileHash::found(digits, before))
}

/// Letters of a path that a sentence shows.
const SHOWN: usize = 60;

/// Reads an experiment from a stream, such as standard input, with the files that it names relative
/// to the present folder. Nothing at all is a valid
/// experiment file: every field has its default.
///
/// # Errors
/// [`OpenError`], in words that say what to do.
pub fn from_reader(reader: impl Read) -> Result<Experiment, OpenError> {
    let mut experiment = read(reader)?;
    take_files(&mut experiment, Path::new(""))?;
    Ok(experiment)
}

/// Reads an experiment alone.
fn read(reader: impl Read) -> Result<Experiment, OpenError> {
    let mut bytes = Vec::new();
    reader.take(limits::FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.starts_with(PNG_SIGNATURE) {
        // A longer picture was cut; its experiment stands at its head.
        return from_picture(&bytes);
    }
    if bytes.starts_with(b"%PDF-") {
        return attached(&bytes, pdf::ATTACHED, str::to_owned);
    }
    if bytes.starts_with(b"<svg") || bytes.starts_with(b"<?xml") {
        return attached(&bytes, svg::ATTACHED, svg::unescaped);
    }
    if bytes.len() as u64 > limits::FILE_BYTES {
        return Err(OpenError::TooLarge);
    }
    if UTF16_MARKS.iter().any(|mark| bytes.starts_with(mark)) {
        return Err(OpenError::Utf16);
    }
    let text = String::from_utf8(bytes).map_err(|_| OpenError::NotText)?;
    if text.contains('\0') {
        return Err(OpenError::NotText);
    }
    let experiment = Experiment::from_toml(&text)?;
    // What the lab writes of it must fit as well, or it could not be opened again. The names
    // and settings that a short file leaves out take a few thousand bytes.
    let is_close = text.len() as u64 > limits::FILE_BYTES - 64 * 1024;
    if is_close && experiment.to_toml().len() as u64 > limits::FILE_BYTES {
        return Err(OpenError::TooLarge);
    }
    Ok(experiment)
}

/// The experiment between two marks in a drawing; the first pair counts.
fn attached(
    bytes: &[u8],
    [begin, end]: [&str; 2],
    plain: fn(&str) -> String,
) -> Result<Experiment, OpenError> {
    let place =
        |bytes: &[u8], of: &str| bytes.windows(of.len()).position(|window| window == of.as_bytes());
    let found = place(bytes, begin).and_then(|at| {
        let rest = &bytes[at + begin.len()..];
        Some(&rest[..place(rest, end)?])
    });
    let text = std::str::from_utf8(found.ok_or(OpenError::NoAttachment)?);
    Ok(Experiment::from_toml(&plain(text.map_err(|_| OpenError::NotText)?))?)
}

fn from_picture(bytes: &[u8]) -> Result<Experiment, OpenError> {
    let text = png::read_experiment(bytes)?.ok_or(OpenError::NoExperiment)?;
    Ok(Experiment::from_toml(&text)?)
}

impl From<std::io::Error> for OpenError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => Self::Missing,
            std::io::ErrorKind::PermissionDenied => Self::Forbidden,
            std::io::ErrorKind::IsADirectory => Self::Folder,
            _ if atomic::is_unusable(&error) => Self::Unusable(error),
            _ => Self::Failed(error),
        }
    }
}
