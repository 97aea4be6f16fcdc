//! `[data]` and `weights` stand for numbers or for where they are from. The file has one key for
//! both, the experiment a field for each.

use toml::{Table, Value};

use super::{ExperimentError, SetKind};

/// The file's key, and the fields of numbers and of their source.
const DATA: [&str; 2] = ["data", "data_set"];
const WEIGHTS: [&str; 2] = ["weights", "weights_file"];

/// Gives sources the keys of their own fields, and the sizes that a set fixes.
pub(super) fn take_apart(table: &mut Table) -> Result<(), ExperimentError> {
    let is_there = |table: &Table, key: &str| table.contains_key(key);
    if is_there(table, DATA[1]) {
        return Err(unknown(DATA));
    }
    let has_set = |data: &Table| data.contains_key("set");
    if let Some(data) = table.get(DATA[0]).and_then(Value::as_table).filter(|data| has_set(data)) {
        if let Some(key) = ["x", "y"].into_iter().find(|key| data.contains_key(*key)) {
            return Err(ExperimentError::Conflict(format!(
                "data.{key} and data.set exclude each other: leave one of them out."
            )));
        }
        fix_sizes(table);
        rename(table, DATA);
    }
    let variants = table.get_mut("variant").and_then(Value::as_array_mut).into_iter().flatten();
    for variant in variants.filter_map(Value::as_table_mut) {
        if is_there(variant, WEIGHTS[1]) {
            return Err(unknown(WEIGHTS));
        }
        if variant.get(WEIGHTS[0]).is_some_and(Value::is_table) {
            if let Some(key) = ["biases", "norm"].into_iter().find(|key| is_there(variant, key)) {
                return Err(ExperimentError::Conflict(format!(
                    "{key} does not go with weights = {{ file = … }}, which has them: leave one of them out."
                )));
            }
            rename(variant, WEIGHTS);
        }
    }
    Ok(())
}

fn unknown([key, field]: [&str; 2]) -> ExperimentError {
    ExperimentError::Conflict(format!("{field} is not a key of an experiment: write {key}."))
}

fn rename(table: &mut Table, [from, to]: [&str; 2]) {
    if let Some(value) = table.remove(from) {
        table.insert(to.to_owned(), value);
    }
}

/// Sizes that the file leaves out are the set's.
fn fix_sizes(table: &mut Table) {
    let set = table.get(DATA[0]).and_then(|data| data.get("set")).and_then(Value::as_str);
    let Some(set) = SetKind::ALL.into_iter().find(|kind| Some(kind.id()) == set) else { return };
    let architecture =
        table.entry("architecture").or_insert_with(|| Value::Table(Table::new())).as_table_mut();
    let Some(architecture) = architecture else { return };
    let is_softmax = architecture.get("loss").and_then(Value::as_str) == Some("softmax_ce");
    let [inputs, outputs] = match set.inputs_and_classes() {
        Some([inputs, classes]) if classes > 2 || is_softmax => [inputs, classes],
        Some([inputs, _]) => [inputs, 1],
        // Those of a file are not known before it is read.
        None => [1, if is_softmax { 2 } else { 1 }],
    };
    for (key, size) in [("input", inputs), ("output", outputs)] {
        architecture.entry(key).or_insert(Value::Integer(size as i64));
    }
}

/// The experiment's table as the file has it: a source in place of its numbers.
pub(super) fn put_together(table: &mut Table) {
    put_back(table, DATA);
    let variants = table.get_mut("variant").and_then(Value::as_array_mut).into_iter().flatten();
    for variant in variants.filter_map(Value::as_table_mut) {
        if put_back(variant, WEIGHTS) {
            variant.remove("biases");
            variant.remove("norm");
        }
    }
}

fn put_back(table: &mut Table, [key, field]: [&str; 2]) -> bool {
    let source = table.remove(field);
    let is_there = source.is_some();
    source.into_iter().for_each(|source| drop(table.insert(key.to_owned(), source)));
    is_there
}

/// A field's path as the file has it.
pub(super) fn in_the_file(path: &str) -> String {
    path.replace(DATA[1], DATA[0]).replace(WEIGHTS[1], WEIGHTS[0])
}

/// The keys that the table at this path of the file takes, of its fields.
pub(super) fn keys_in_the_file<'a>(
    path: &str,
    fields: impl Iterator<Item = &'a str>,
) -> Vec<&'a str> {
    let is_key = |field: &&str| ![DATA[1], WEIGHTS[1]].contains(field);
    let mut keys: Vec<&str> = fields.filter(is_key).collect();
    // Without a set the table is read as numbers, where one could stand.
    if path.split('.').next() == Some(DATA[0]) && !keys.contains(&"set") {
        keys.push("set");
    }
    keys
}

#[cfg(test)]
mod tests {
    use crate::experiment::Experiment;

    /// Whoever writes a key that the sentence names is not told that it is none.
    #[test]
    fn what_is_said_to_be_accepted_is_a_key() {
        for table in ["", "[data]\n", "[data]\nset = 'xor'\n", "[[variant]]\n"] {
            let with = |key: &str| {
                let text = format!("{table}{key} = 1");
                Experiment::from_toml(&text).err().map_or_else(String::new, |e| e.to_string())
            };
            let sentence = with("nonsense");
            let (_, keys) = sentence.split_once("accepted here are ").expect("the keys");
            let keys: Vec<&str> = keys.trim_end_matches('.').split(", ").collect();
            for key in &keys {
                let answer = with(key);
                assert!(!answer.contains("is not a key"), "{table}{key}: {answer}");
            }
            assert_eq!(keys.contains(&"set"), table.starts_with("[data]"), "{sentence}");
            assert_eq!(keys.contains(&"weights"), table.starts_with("[[variant]]"));
        }
    }
}
