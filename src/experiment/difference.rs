//! What stands differently in the files of two experiments.

use toml::{Table, Value};

use super::Experiment;

/// A key that two files do not have alike.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangedKey {
    /// With the tables that it stands in, for example `variant.init.gain`.
    pub key: String,
    /// What stands in the second file, as TOML; nothing where the key does not stand there.
    pub value: Option<String>,
}

impl std::fmt::Display for ChangedKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.value {
            Some(value) => write!(out, "{} = {value}", self.key),
            None => write!(out, "no {}", self.key),
        }
    }
}

impl Experiment {
    /// The keys by which the file of `changed` differs from this experiment's, in the order of the
    /// file. Only the first variant of each counts, and neither titles nor names do.
    ///
    /// ```
    /// use gradient_lab::experiment::Experiment;
    /// let plain = Experiment::default();
    /// let mut changed = plain.clone();
    /// changed.variants[0].init.gain = Some(2.0);
    /// let keys: Vec<String> = plain.changed_keys(&changed).iter().map(|k| k.to_string()).collect();
    /// assert_eq!(keys, ["variant.init.gain = 2.0"]);
    /// ```
    pub fn changed_keys(&self, changed: &Self) -> Vec<ChangedKey> {
        let mut keys = Vec::new();
        compare("", &self.table_of_first(), &changed.table_of_first(), &mut keys);
        keys
    }

    /// The file's table, with the first variant under `variant`.
    fn table_of_first(&self) -> Table {
        let mut first = self.clone();
        first.variants.truncate(1);
        // What the lab writes it reads: tests write and read every kind of experiment.
        let mut table: Table = first.to_toml().parse().unwrap_or_default();
        let variant = match table.remove("variant") {
            Some(Value::Array(mut variants)) if !variants.is_empty() => variants.swap_remove(0),
            _ => Value::Table(Table::new()),
        };
        table.remove("title");
        if let Value::Table(mut variant) = variant {
            variant.remove("name");
            table.insert("variant".to_owned(), Value::Table(variant));
        }
        table
    }
}

fn compare(path: &str, before: &Table, after: &Table, keys: &mut Vec<ChangedKey>) {
    let inner = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    for (key, value) in after {
        match (before.get(key), value) {
            (Some(Value::Table(before)), Value::Table(after)) => {
                compare(&inner(key), before, after, keys);
            }
            (Some(before), after) if before == after => {}
            _ => keys.push(ChangedKey { key: inner(key), value: Some(value.to_string()) }),
        }
    }
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        keys.push(ChangedKey { key: inner(key), value: None });
    }
}
