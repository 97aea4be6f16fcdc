//! An experiment as TOML that is no longer than what was read.

use std::fmt::Write as _;

use toml::{Table, Value};

use super::limits;

/// Given numbers up to which lists are written for eyes. Beyond, they are written to fit: nobody
/// reads them, and a file that was accepted must not grow past what is accepted.
const FOR_EYES: usize = 10_000;

/// The text of a table and those in it.
pub(super) fn to_text(table: &Table) -> String {
    let mut writer = Writer { text: String::new(), compact: numbers(table) > FOR_EYES };
    writer.table("", table);
    writer.text
}

fn numbers(table: &Table) -> usize {
    fn within(value: &Value) -> usize {
        match value {
            Value::Array(items) => items.iter().map(within).sum(),
            Value::Table(table) => numbers(table),
            _ => 1,
        }
    }
    table.values().map(within).sum()
}

struct Writer {
    text: String,
    compact: bool,
}

impl Writer {
    /// Plain values first, for what follows a table's head belongs to that table.
    fn table(&mut self, path: &str, table: &Table) {
        let inner = |key: &str| {
            if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
        };
        let mut entries: Vec<(&String, &Value)> = table.iter().collect();
        entries.sort_by_key(|(key, _)| limits::position(&inner(key)));
        for (key, value) in &entries {
            if !value.is_table() && !is_tables(value) {
                self.text += &format!("{key} = ");
                self.value(value);
                self.text.push('\n');
            }
        }
        for (key, value) in &entries {
            if let Value::Table(table) = value {
                self.head(&format!("[{}]", inner(key)));
                self.table(&inner(key), table);
            }
        }
        for (key, value) in &entries {
            for item in value.as_array().filter(|_| is_tables(value)).into_iter().flatten() {
                self.head(&format!("[[{}]]", inner(key)));
                item.as_table().into_iter().for_each(|table| self.table(&inner(key), table));
            }
        }
    }

    fn head(&mut self, head: &str) {
        let gap = if self.text.is_empty() { "" } else { "\n" };
        self.text += &format!("{gap}{head}\n");
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Float(number) => self.number(*number),
            Value::Array(items) => {
                self.text.push('[');
                for (index, item) in items.iter().enumerate() {
                    match (index, self.compact) {
                        (0, _) => {}
                        (_, true) => self.text.push(','),
                        (_, false) => self.text += ", ",
                    }
                    self.value(item);
                }
                self.text.push(']');
            }
            other => {
                // Writing to a text cannot fail.
                let _ = write!(self.text, "{other}");
            }
        }
    }

    /// The shortest decimal that reads back to the last bit.
    fn number(&mut self, number: f64) {
        let is_minus_zero = number == 0.0 && number.is_sign_negative();
        let _ = if !number.is_finite() {
            write!(self.text, "{}", Value::Float(number))
        } else if self.compact && !is_minus_zero {
            let (plain, with_exponent) = (format!("{number}"), format!("{number:e}"));
            let shorter = if plain.len() <= with_exponent.len() { plain } else { with_exponent };
            write!(self.text, "{shorter}")
        } else {
            // An exponent where digits would go on and on.
            write!(self.text, "{number:?}")
        };
    }
}

/// A list of tables, which is not empty: an empty list stands as one.
fn is_tables(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.first().is_some_and(Value::is_table))
}
