//! Small harms to a file: what a slip of the keyboard, a broken disk or ill will makes of it.

use std::ops::Range;

use rand::{RngExt as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Numbers at which programs break.
const EXTREMES: [&str; 24] = [
    "0",
    "-0",
    "-0.0",
    "1",
    "-1",
    "2",
    "1e308",
    "-1e308",
    "1e309",
    "5e-324",
    "1e-400",
    "nan",
    "inf",
    "-inf",
    "1e19",
    "3e8",
    "4096",
    "65536",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "0.1",
    "1e6",
];

/// Letters with a meaning to terminals, to parsers or to the direction of writing.
const HOSTILE: [&[u8]; 14] = [
    b"\0",
    b"\x1b[31m",
    b"\r",
    b"\n",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xc3",
    b"\"",
    b"'",
    b"\"\"\"",
    "\u{202e}".as_bytes(),
    "\u{2028}".as_bytes(),
    "שלום".as_bytes(),
    b"\\u001b",
];

/// What can be opened again and again.
const OPENINGS: [&str; 7] = ["[", "{a=", "{\"a\":", "[[", "a.", "(", "\""];

/// A longer file is no new idea, only slower.
const LONGEST: usize = 300_000;

/// Numbers that follow from a seed and from which mutation it is.
pub struct Mutator(Xoshiro256PlusPlus);

impl Mutator {
    /// The `number`th mutation of a seed.
    pub fn new(seed: u64, number: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_mul(1 << 40).wrapping_add(number)))
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        self.0.random_range(0..end)
    }

    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// One of the files, harmed once or a few times.
    pub fn harmed(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = self.pick(corpus).clone();
        let times = *self.pick(&[1, 1, 1, 2, 3, 6]);
        for _ in 0..times {
            self.harm(&mut bytes, corpus);
        }
        bytes.truncate(LONGEST);
        bytes
    }

    fn harm(&mut self, bytes: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let length = bytes.len();
        match self.below(18) {
            0 if length > 0 => bytes[self.below(length)] ^= 1 << self.below(8),
            1 if length > 0 => bytes[self.below(length)] = self.below(256) as u8,
            2 => drop(bytes.drain(self.range(length))),
            3 => {
                let range = self.range(length);
                let again = bytes[range.clone()].repeat(1 + self.below(3));
                bytes.splice(range.end..range.end, again);
            }
            4 => bytes.truncate(self.below(length + 1)),
            5 => {
                let other = self.pick(corpus).clone();
                bytes.truncate(self.below(length + 1));
                bytes.extend_from_slice(&other[self.below(other.len() + 1)..]);
            }
            6 => {
                let at = self.below(length + 1);
                bytes.splice(at..at, self.pick(&HOSTILE).iter().copied());
            }
            7 => {
                let at = self.below(length + 1);
                let times = *self.pick(&[3, 100, 300, 20_000]);
                bytes.splice(at..at, self.pick(&OPENINGS).repeat(times).into_bytes());
            }
            8 => self.move_a_line(bytes),
            9..13 => self.replace_a_word(bytes, corpus),
            _ => self.replace_a_number(bytes, corpus),
        }
    }

    /// A stretch of at most 64 bytes.
    fn range(&mut self, length: usize) -> Range<usize> {
        let start = self.below(length + 1);
        start..length.min(start + self.below(65))
    }

    /// Takes a line out, and puts it in elsewhere, never or twice.
    fn move_a_line(&mut self, bytes: &mut Vec<u8>) {
        let mut lines: Vec<&[u8]> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
        if lines.is_empty() {
            return;
        }
        let line = lines.remove(self.below(lines.len()));
        for _ in 0..self.below(3) {
            lines.insert(self.below(lines.len() + 1), line);
        }
        *bytes = lines.concat();
    }

    /// A number becomes an extreme one, or one that stands elsewhere.
    fn replace_a_number(&mut self, bytes: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let number = match self.below(8) {
            0 => "9".repeat(1 + self.below(2000)).into_bytes(),
            1 => format!("[{}]", "1,".repeat(self.below(50))).into_bytes(),
            2..5 => self.token_of(corpus, is_number),
            _ => self.pick(&EXTREMES).as_bytes().to_vec(),
        };
        self.replace(bytes, is_number, number);
    }

    /// A key or a choice becomes another, of this file or of any.
    fn replace_a_word(&mut self, bytes: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let word = self.token_of(corpus, is_word);
        self.replace(bytes, is_word, word);
    }

    /// What stands somewhere in one of the files.
    fn token_of(&mut self, corpus: &[Vec<u8>], is: fn(&[u8]) -> bool) -> Vec<u8> {
        let file = self.pick(corpus);
        let all: Vec<_> = tokens(file).filter(|at| is(&file[at.clone()])).collect();
        if all.is_empty() { Vec::new() } else { file[self.pick(&all).clone()].to_vec() }
    }

    fn replace(&mut self, bytes: &mut Vec<u8>, is: fn(&[u8]) -> bool, by: Vec<u8>) {
        let all: Vec<_> = tokens(bytes).filter(|at| is(&bytes[at.clone()])).collect();
        if !all.is_empty() {
            bytes.splice(self.pick(&all).clone(), by);
        }
    }

    /// A picture whose chunks are harmed or moved, with lengths and checksums that fit again, so
    /// that what reads the chunks is reached.
    pub fn harmed_chunks(&mut self, picture: &[u8], corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut chunks = chunks(picture);
        let index = self.below(chunks.len());
        match self.below(5) {
            0 => drop(chunks.remove(index)),
            1 => chunks.insert(self.below(chunks.len()), chunks[index].clone()),
            2 => {
                let other = self.below(chunks.len());
                chunks.swap(index, other);
            }
            3 => chunks[index].0 = *self.pick(&[*b"iTXt", *b"zTXt", *b"tEXt", *b"iCCP", *b"IDAT"]),
            _ => (0..1 + self.below(3)).for_each(|_| self.harm(&mut chunks[index].1, corpus)),
        }
        let mut bytes = picture[..8].to_vec();
        for (kind, data) in &chunks {
            let body = [kind.as_slice(), data].concat();
            bytes.extend_from_slice(&(data.len() as u32).to_be_bytes());
            bytes.extend_from_slice(&body);
            bytes.extend_from_slice(&checksum(&body).to_be_bytes());
        }
        bytes.truncate(LONGEST);
        bytes
    }
}

fn is_number(token: &[u8]) -> bool {
    token.iter().all(|byte| !byte.is_ascii_alphabetic() || *byte == b'e')
}

fn is_word(token: &[u8]) -> bool {
    token[0].is_ascii_alphabetic()
}

/// Where words and numbers stand.
fn tokens(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let belongs = |byte: u8| byte.is_ascii_alphanumeric() || b"_.+-".contains(&byte);
    let mut start = 0;
    std::iter::from_fn(move || {
        start += bytes[start..].iter().position(|&byte| belongs(byte))?;
        let length = bytes[start..].iter().position(|&byte| !belongs(byte));
        let at = start..length.map_or(bytes.len(), |length| start + length);
        start = at.end;
        Some(at)
    })
}

/// Kinds and contents of a whole picture's chunks.
fn chunks(picture: &[u8]) -> Vec<([u8; 4], Vec<u8>)> {
    let mut chunks = Vec::new();
    let mut rest = &picture[8..];
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (kind, after) = after.split_first_chunk::<4>().expect("a kind");
        let (data, after) = after.split_at(u32::from_be_bytes(*length) as usize);
        chunks.push((*kind, data.to_vec()));
        rest = &after[4..];
    }
    chunks
}

/// CRC-32 as PNG has it: the reflected polynomial 0xEDB88320 (PNG specification, annex D).
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }
        })
    })
}

#[test]
fn a_picture_taken_apart_and_put_together_is_the_same() {
    assert_eq!(checksum(b"123456789"), 0xcbf4_3926, "the check value of CRC-32");
    let picture = &crate::corpus::Corpus::get().pictures[0];
    let parts = chunks(picture);
    assert_eq!(&parts[0].0, b"IHDR");
    assert!(parts.iter().any(|(kind, _)| kind == b"iTXt"));
    let length: usize = parts.iter().map(|(_, data)| 12 + data.len()).sum();
    assert_eq!(8 + length, picture.len());
}
