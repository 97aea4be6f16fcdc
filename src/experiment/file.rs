//! The experiment file: TOML in, TOML out.

use super::error::{SHOWN, in_words};
use super::text::shortened;
use super::validate::validate_variant_count;
use super::{Experiment, ExperimentError, Init, limits, sources, write};

impl Experiment {
    /// Reads and validates an experiment file's text. Every field is optional; what is
    /// absent is the chapter's.
    ///
    /// # Errors
    /// A sentence naming the key, its value and the accepted range, or the line where
    /// the text stops being TOML.
    pub fn from_toml(text: &str) -> Result<Self, ExperimentError> {
        let mut table = parse_table(text)?;
        refuse_conflicts(&table)?;
        refuse_dates("", &table)?;
        sources::take_apart(&mut table)?;
        // Before each is made and its name looked for among all the others'.
        if let Some(variants) = table.get("variant").and_then(toml::Value::as_array) {
            validate_variant_count(variants.len())?;
        }
        let read = serde_path_to_error::deserialize(toml::Value::Table(table));
        let mut experiment: Self = match read {
            Ok(experiment) => experiment,
            // Read again for the sentence: a table kept for it would take as much memory as all
            // the numbers of a large file once more.
            Err(error) => {
                let mut table = parse_table(text)?;
                sources::take_apart(&mut table)?;
                return Err(explain(&error, &table));
            }
        };
        experiment.fill_names();
        experiment.take_examples();
        experiment.validate()?;
        Ok(experiment)
    }

    /// The experiment as a file's text; [`Self::from_toml`] reads it back unchanged.
    pub fn to_toml(&self) -> String {
        let mut tidy = self.clone();
        for variant in &mut tidy.variants {
            variant.init.tidy();
            variant.bias.tidy();
            for exception in &mut variant.exceptions {
                exception.init.iter_mut().chain(&mut exception.bias).for_each(Init::tidy);
            }
        }
        let mut table = match toml::Table::try_from(&tidy) {
            Ok(table) => table,
            // Every field is a number, a text or a table, all of which TOML has; should a later
            // field not be, the file says so in place of losing the reason.
            Err(error) => return format!("# This experiment could not be written: {error}\n"),
        };
        if tidy.architecture.hidden.is_some()
            && let Some(architecture) =
                table.get_mut("architecture").and_then(toml::Value::as_table_mut)
        {
            architecture.remove("depth");
            architecture.remove("width");
        }
        sources::put_together(&mut table);
        write::to_text(&table)
    }

    /// Gives each variant without a name its activation's, numbered where that is taken.
    fn fill_names(&mut self) {
        for index in 0..self.variants.len() {
            if self.variants[index].name.is_empty() {
                let label = self.variants[index].activation.label();
                self.variants[index].name = self.free_name(label);
            }
        }
    }

    /// `wish`, or `wish 2`, `wish 3`… where a variant has that name already.
    pub fn free_name(&self, wish: &str) -> String {
        let taken = |name: &str| self.variants.iter().any(|v| v.name == name);
        if !taken(wish) {
            return wish.to_owned();
        }
        let numbered = |n: usize| format!("{wish} {n}");
        (2..=self.variants.len() + 2)
            .map(numbered)
            .find(|name| !taken(name))
            .unwrap_or_else(|| wish.to_owned())
    }
}

fn parse_table(text: &str) -> Result<toml::Table, ExperimentError> {
    text.parse::<toml::Table>().map_err(|error| {
        let at = error.span().map_or(0, |span| span.start.min(text.len()));
        let before = text.as_bytes()[..at].iter().filter(|&&byte| byte == b'\n').count();
        let near = match text.lines().nth(before).map(str::trim) {
            Some(near) if !near.is_empty() => format!(" (“{}”)", shortened(near, SHOWN)),
            _ => String::new(),
        };
        let message = shortened(&error.message().replace('\n', ", "), 3 * SHOWN);
        ExperimentError::Syntax { line: before + 1, message, near }
    })
}

/// `hidden` stands in place of depth and width: a file that has both would mean two things.
fn refuse_conflicts(table: &toml::Table) -> Result<(), ExperimentError> {
    let Some(architecture) = table.get("architecture").and_then(toml::Value::as_table) else {
        return Ok(());
    };
    let both = ["depth", "width"].into_iter().find(|key| architecture.contains_key(*key));
    match both {
        Some(key) if architecture.contains_key("hidden") => {
            Err(ExperimentError::Conflict(format!(
                "architecture.{key} and architecture.hidden exclude each other: hidden is {}.",
                limits::accepted("architecture.hidden").map_or("", |key| &key.words)
            )))
        }
        _ => Ok(()),
    }
}

/// TOML's own dates and times, which serde would take for texts.
fn refuse_dates(place: &str, table: &toml::Table) -> Result<(), ExperimentError> {
    for (key, value) in table {
        let path = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
        refuse_date(&path, value)?;
    }
    Ok(())
}

fn refuse_date(path: &str, value: &toml::Value) -> Result<(), ExperimentError> {
    match value {
        toml::Value::Datetime(_) => Err(ExperimentError::value(path, value.to_string())),
        toml::Value::Table(table) => refuse_dates(path, table),
        toml::Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| refuse_date(&format!("{path}[{index}]"), item)),
        _ => Ok(()),
    }
}

/// serde's error as a sentence with the key, the value and the accepted range.
fn explain(
    error: &serde_path_to_error::Error<toml::de::Error>,
    table: &toml::Table,
) -> ExperimentError {
    let place = error.path().to_string();
    let path = sources::in_the_file(&place);
    let message = error.inner().message();
    if let Some(rest) = message.strip_prefix("unknown field `") {
        // The key itself may hold any letter; what is accepted comes last.
        let (name, accepted) = rest.rsplit_once("`, expected ").unwrap_or((rest, ""));
        let accepted =
            accepted.trim_start_matches("one of ").replace('`', "").replace(" or ", ", ");
        let key = unknown_in_words(&path, name);
        let is_there = |home: &str| home.contains('.') && key.ends_with(home);
        let hint = home_of(name).filter(|home| !is_there(home.trim_start_matches("variant.")));
        return ExperimentError::UnknownKey {
            key: shortened(&key, SHOWN),
            accepted: sources::keys_in_the_file(&path, accepted.split(", ")).join(", "),
            hint: hint.map_or_else(String::new, |home| format!("; there is the key {home}")),
        };
    }
    if let Some(missing) = message.strip_prefix("missing field `") {
        let name = missing.trim_end_matches('`');
        let key = if path == "." { name.to_owned() } else { format!("{path}.{name}") };
        return ExperimentError::missing(&key);
    }
    let value = find(table, &place).map_or_else(|| message.to_owned(), |v| v.to_string());
    ExperimentError::value(&path, value)
}

/// Where a key of that name belongs, for whoever wrote it elsewhere.
fn home_of(name: &str) -> Option<&'static str> {
    let suffix = format!(".{name}");
    limits::KEYS.iter().map(|key| key.name.as_str()).find(|key| key.ends_with(&suffix))
}

/// An unknown key and where it stands, in words. serde's path may end in the key or not.
fn unknown_in_words(path: &str, name: &str) -> String {
    let table = path.strip_suffix(name).unwrap_or(path).trim_end_matches('.');
    let gap = if table.ends_with(']') { ", " } else { "." };
    // A name of no letters would not be seen.
    let name = if name.is_empty() { "\"\"" } else { name };
    match table {
        "" => name.to_owned(),
        _ => format!("{}{gap}{name}", in_words(table)),
    }
}

/// The value at a path such as `variant[1].init.gain`.
fn find<'t>(table: &'t toml::Table, path: &str) -> Option<&'t toml::Value> {
    let mut parts = path.split(['.', '[', ']']).filter(|part| !part.is_empty());
    let mut value = table.get(parts.next()?)?;
    for part in parts {
        value = match part.parse::<usize>() {
            Ok(index) => value.get(index)?,
            Err(_) => value.get(part)?,
        };
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Preset, Variant};

    #[test]
    fn every_preset_survives_the_file() {
        for preset in Preset::ALL {
            let experiment = preset.experiment();
            let text = experiment.to_toml();
            assert_eq!(Experiment::from_toml(&text), Ok(experiment), "{text}");
        }
    }

    #[test]
    fn hidden_sizes_survive_the_file() {
        let mut experiment = Experiment::default();
        experiment.architecture.hidden = Some(vec![7, 3, 9]);
        let read = Experiment::from_toml(&experiment.to_toml()).expect("its own file");
        assert_eq!(read.sizes(), [10, 7, 3, 9, 1]);
    }

    #[test]
    fn unnamed_variants_are_named_after_their_activation() {
        let text = "[[variant]]\nactivation = 'tanh'\n[[variant]]\nactivation = 'tanh'";
        let names: Vec<String> = Experiment::from_toml(text)
            .expect("valid")
            .variants
            .into_iter()
            .map(|v: Variant| v.name)
            .collect();
        assert_eq!(names, ["Tanh", "Tanh 2"]);
    }
}
