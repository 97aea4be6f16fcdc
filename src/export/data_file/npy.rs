//! One array of numbers in NumPy's format (`numpy.lib.format`, versions 1 to 3).

use std::io::{ErrorKind, Read};

use crate::experiment::{limits, shortened};

/// Bytes of a header at most; NumPy's own has 128 for two axes of numbers.
const HEADER_BYTES: usize = 1 << 16;
/// Bytes that are read at once, a multiple of every size of a number.
const BLOCK: usize = 1 << 16;

/// Why an array is not taken. The words follow the array's name.
#[derive(Debug, thiserror::Error)]
pub enum ArrayError {
    /// Another format.
    #[error("it does not begin as an array that NumPy saved")]
    NoArray,
    /// A length that no array of numbers has.
    #[error("its header has {0} bytes, and those of numbers have at most {HEADER_BYTES}")]
    LongHeader(usize),
    /// Pickled objects, which could run any program.
    #[error("it holds Python objects, which the lab does not load: save it as numbers")]
    Objects,
    /// Texts, complex numbers, records.
    #[error(
        "its dtype is {0}, and the lab takes bool, integers, float32 and float64: convert it by astype"
    )]
    Dtype(String),
    /// More or fewer axes.
    #[error("its shape is {0}, and the lab takes rows and columns: reshape it to (examples, -1)")]
    Axes(String),
    /// More than is held in memory.
    #[error(
        "it has more than {} numbers, which is the most that the lab takes",
        limits::FILE_NUMBERS
    )]
    TooMany,
    /// More inputs than a network has.
    #[error("it has {0} columns, and the lab takes at most {most}", most = limits::WIDTH.end())]
    TooWide(usize),
    /// More than one target an example.
    #[error("it has {0} columns, and the lab takes one label or target for each example")]
    Targets(usize),
    /// No rows, or none with a number.
    #[error("it has no number")]
    Empty,
    /// NaN, or a number that is too large.
    #[error("{number} at {place:?} is not accepted: it takes {}", accepted())]
    Entry {
        /// What stands there.
        number: f64,
        /// Row and column, from 0.
        place: [usize; 2],
    },
    /// Cut off.
    #[error("it ends before all of its numbers are there")]
    Truncated,
    /// Something behind the numbers.
    #[error("it has more bytes than its shape says")]
    Longer,
    /// A damaged archive, or the system's words.
    #[error("reading it failed: {0}")]
    Read(std::io::Error),
}

impl From<std::io::Error> for ArrayError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::UnexpectedEof => Self::Truncated,
            _ => Self::Read(error),
        }
    }
}

/// The numbers that the lab takes, in words.
pub(super) fn accepted() -> String {
    format!("a number from {:e} to {:e}", limits::VALUE.start(), limits::VALUE.end())
}

/// Rows of numbers, one behind the other.
#[derive(Debug, PartialEq)]
pub struct Rows {
    pub rows: usize,
    /// Numbers of a row.
    pub columns: usize,
    pub numbers: Vec<f64>,
}

impl Rows {
    /// This array, if it has at most so many columns of numbers as the lab takes.
    pub fn checked(self, most_columns: usize) -> Result<Self, ArrayError> {
        match self.columns {
            _ if self.numbers.is_empty() => return Err(ArrayError::Empty),
            columns if columns > most_columns && most_columns == 1 => {
                return Err(ArrayError::Targets(columns));
            }
            columns if columns > most_columns => return Err(ArrayError::TooWide(columns)),
            _ => {}
        }
        match self.numbers.iter().position(|number| !limits::VALUE.contains(number)) {
            None => Ok(self),
            Some(at) => {
                let place = [at / self.columns, at % self.columns];
                Err(ArrayError::Entry { number: self.numbers[at], place })
            }
        }
    }
}

/// How a number is stored.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Dtype {
    kind: Kind,
    /// Bytes, at most 8.
    size: usize,
    is_big_endian: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Unsigned,
    Signed,
    Float,
}

/// What stands before the numbers.
struct Header {
    dtype: Dtype,
    /// Whether columns lie one behind the other, in place of rows.
    is_fortran: bool,
    rows: usize,
    columns: usize,
}

/// Reads an array of one axis, a column, or of two.
///
/// # Errors
/// [`ArrayError`].
pub fn read(mut from: impl Read) -> Result<Rows, ArrayError> {
    let Header { dtype, is_fortran, rows, columns } = Header::read(&mut from)?;
    let count = rows.checked_mul(columns).filter(|&count| count <= limits::FILE_NUMBERS);
    let count = count.ok_or(ArrayError::TooMany)?;
    let (mut numbers, mut block) = (Vec::new(), vec![0; BLOCK]);
    while numbers.len() < count {
        let bytes = BLOCK.min((count - numbers.len()) * dtype.size);
        from.read_exact(&mut block[..bytes])?;
        numbers.extend(block[..bytes].chunks_exact(dtype.size).map(|bytes| dtype.number(bytes)));
    }
    // At the end the archive's checksum is looked at.
    if from.read(&mut [0])? > 0 {
        return Err(ArrayError::Longer);
    }
    if is_fortran && rows > 1 && columns > 1 {
        let turned = (0..count).map(|at| numbers[at % columns * rows + at / columns]);
        numbers = turned.collect();
    }
    Ok(Rows { rows, columns, numbers })
}

impl Header {
    fn read(from: &mut impl Read) -> Result<Self, ArrayError> {
        let start: [u8; 8] = bytes(from)?;
        let [.., major, _] = start;
        if !start.starts_with(b"\x93NUMPY") || !(1..=3).contains(&major) {
            return Err(ArrayError::NoArray);
        }
        let length = match major {
            1 => usize::from(u16::from_le_bytes(bytes(from)?)),
            _ => u32::from_le_bytes(bytes(from)?) as usize,
        };
        if length > HEADER_BYTES {
            return Err(ArrayError::LongHeader(length));
        }
        let mut text = vec![0; length];
        from.read_exact(&mut text)?;
        let text = std::str::from_utf8(&text).map_err(|_| ArrayError::NoArray)?;
        let value = |key: &str| Some(text.split_once(&format!("'{key}':"))?.1.trim_start());
        let between = |text: &str, [begin, end]: [char; 2]| {
            Some(text.strip_prefix(begin)?.split_once(end)?.0.to_owned())
        };
        let dtype = value("descr").ok_or(ArrayError::NoArray)?;
        // A record has a list of its fields there.
        let dtype = between(dtype, ['\'', '\'']).unwrap_or_else(|| "that of records".to_owned());
        let shape = value("shape").and_then(|shape| between(shape, ['(', ')']));
        let shape = shape.ok_or(ArrayError::NoArray)?;
        let axes = shape.split(',').map(str::trim).filter(|axis| !axis.is_empty());
        let axes: Result<Vec<usize>, _> = axes.map(str::parse).collect();
        let [rows, columns] = match axes.as_deref() {
            Ok(&[rows]) => [rows, 1],
            Ok(&[rows, columns]) => [rows, columns],
            Ok(_) => return Err(ArrayError::Axes(format!("({})", shortened(&shape, 40)))),
            Err(_) => return Err(ArrayError::NoArray),
        };
        let is_fortran = value("fortran_order").is_some_and(|value| value.starts_with("True"));
        Ok(Self { dtype: Dtype::of(&dtype)?, is_fortran, rows, columns })
    }
}

impl Dtype {
    /// Of NumPy's word, such as `<f8`.
    fn of(word: &str) -> Result<Self, ArrayError> {
        let mut letters = word.chars();
        let (order, kind) = (letters.next(), letters.next());
        let (kind, sizes) = match kind {
            Some('b') => (Kind::Unsigned, &["1"][..]),
            Some('u') => (Kind::Unsigned, &["1", "2", "4", "8"][..]),
            Some('i') => (Kind::Signed, &["1", "2", "4", "8"][..]),
            Some('f') => (Kind::Float, &["4", "8"][..]),
            Some('O') => return Err(ArrayError::Objects),
            _ => (Kind::Float, &[][..]),
        };
        let is_big_endian = order == Some('>');
        let size = sizes.iter().find(|&&size| size == letters.as_str());
        match size.and_then(|size| size.parse().ok()) {
            Some(size) if matches!(order, Some('<' | '>' | '|')) => {
                Ok(Self { kind, size, is_big_endian })
            }
            _ => Err(ArrayError::Dtype(shortened(word, 40))),
        }
    }

    /// The nearest number to what these bytes hold.
    fn number(self, bytes: &[u8]) -> f64 {
        let mut full = [0; 8];
        full[..self.size].copy_from_slice(bytes);
        if self.is_big_endian {
            full[..self.size].reverse();
        }
        let bits = u64::from_le_bytes(full);
        match self.kind {
            Kind::Unsigned => bits as f64,
            Kind::Signed => {
                let above = 64 - 8 * self.size as u32;
                ((bits << above) as i64 >> above) as f64
            }
            Kind::Float if self.size == 4 => f32::from_bits(bits as u32).into(),
            Kind::Float => f64::from_bits(bits),
        }
    }
}

fn bytes<const N: usize>(from: &mut impl Read) -> Result<[u8; N], ArrayError> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => ArrayError::NoArray,
        _ => ArrayError::Read(error),
    })?;
    Ok(bytes)
}
