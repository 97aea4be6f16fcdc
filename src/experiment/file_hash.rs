//! What a file that an experiment names was when it was last read.

use serde::{Deserialize, Serialize};

/// Hexadecimal digits of a SHA-256.
const DIGITS: usize = 64;

/// The SHA-256 of a named file when it was last read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct FileHash {
    /// 64 hexadecimal digits.
    pub sha256: String,
    /// Whether the experiment came with another.
    pub is_changed: bool,
}

impl From<String> for FileHash {
    fn from(sha256: String) -> Self {
        Self { sha256, is_changed: false }
    }
}

impl From<FileHash> for String {
    fn from(hash: FileHash) -> Self {
        hash.sha256
    }
}

impl FileHash {
    /// Of a file that has been read, beside what the experiment said it would be.
    pub fn found(sha256: String, before: Option<&Self>) -> Self {
        let is_changed = before.is_some_and(|before| !before.sha256.eq_ignore_ascii_case(&sha256));
        Self { sha256, is_changed }
    }

    /// Whether it is written as one.
    pub fn is_valid(&self) -> bool {
        self.sha256.len() == DIGITS && self.sha256.bytes().all(|byte| byte.is_ascii_hexdigit())
    }
}
