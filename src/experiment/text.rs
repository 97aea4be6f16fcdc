//! Text from outside, made fit to stand in a sentence.

use std::path::Path;

/// Letters of a path that a sentence shows.
const PATH_LETTERS: usize = 300;

/// Text as it may be shown on a terminal or in a line: control characters, line breaks, and
/// letters that turn the direction of writing or cannot be seen stand as escapes.
///
/// ```
/// use gradient_lab::experiment::visible;
/// assert_eq!(visible("red \u{1b}[31m"), "red \\u{1b}[31m");
/// assert_eq!(visible("one\nline, ‖δ‖ – שלום"), "one\\nline, ‖δ‖ – שלום");
/// ```
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_hidden(letter) {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// [`visible`], and at most so many letters of it, so that a sentence stays a sentence.
pub fn shortened(text: &str, letters: usize) -> String {
    // Much longer text is not looked through to its end.
    let beginning: String = text.chars().take(letters + 1).collect();
    let line = visible(&beginning);
    if line.chars().count() <= letters {
        return line;
    }
    let mut short: String = line.chars().take(letters.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// A path as it may stand in a sentence: [`visible`], and no longer than a few lines.
pub fn short_path(path: &Path) -> String {
    shortened(&path.to_string_lossy(), PATH_LETTERS)
}

/// Controls (C0, C1, delete), separators of lines and paragraphs, marks that turn the direction
/// of writing, letters without width, tags.
pub fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_gets_through() {
        for letter in (0..0x11_0000).filter_map(char::from_u32) {
            let shown = visible(&letter.to_string());
            assert!(!shown.chars().any(char::is_control), "{letter:?}");
        }
        for turned in ["a\u{202e}b", "a\u{2066}b", "a\u{200f}b"] {
            assert!(visible(turned).is_ascii(), "{turned:?}");
        }
    }

    #[test]
    fn what_is_shown_has_an_end() {
        for text in ["x".repeat(1000), "\u{1b}".repeat(1000), "\u{e0001}".repeat(61)] {
            let shown = shortened(&text, 60);
            assert!(shown.chars().count() <= 60 && shown.ends_with('…'), "{shown}");
        }
        assert_eq!(shortened(&"x".repeat(60), 60), "x".repeat(60));
    }
}
