//! Tables of numbers as CSV and JSON: every figure's, and those that stand on a page without one.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::experiment::Experiment;
use crate::figure::{Figure, FigureId, Table, View};
use crate::study::{
    Draw, DrawStudy, Remedies, RemediesError, RemediesSettings, Steps, StepsError, Stopped,
    TaskContext, remedies, steps,
};

use super::{csv as records_csv, json as records_json, remedies as remedies_table};

/// Which table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableId {
    /// A figure's numbers.
    Figure(FigureId),
    /// Every layer's record: norms, means, standard deviations and shares.
    Records,
    /// The arrays of every step of the worked example.
    Steps,
    /// What could cure a variant, measured.
    Remedies,
}

impl TableId {
    /// Every table, in the order in which they are listed.
    pub fn all() -> impl Iterator<Item = Self> {
        FigureId::ALL.into_iter().map(Self::Figure).chain(Self::WITHOUT_FIGURE)
    }

    /// Those that are no figure's.
    pub const WITHOUT_FIGURE: [Self; 3] = [Self::Records, Self::Steps, Self::Remedies];

    /// The name on the command line and in files' names.
    pub fn id(self) -> &'static str {
        match self {
            Self::Figure(figure) => figure.id(),
            Self::Records => "records",
            Self::Steps => "steps",
            Self::Remedies => "remedies",
        }
    }

    /// What it holds, in a sentence.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Figure(figure) => figure.hint(),
            Self::Records => {
                "The table of norms: ‖δ‖, ‖∂W‖, ‖∂b‖, means, standard deviations and shares of every layer."
            }
            Self::Steps => {
                "The first example by hand: every number of every step, for a small network."
            }
            Self::Remedies => {
                "What could cure a variant, measured over many networks: one row for each remedy."
            }
        }
    }

    /// The table of that name.
    pub fn find(id: &str) -> Option<Self> {
        Self::all().find(|table| table.id() == id)
    }

    /// Runs the study that it needs, with its usual settings.
    ///
    /// # Errors
    /// [`StepsError`] when told to stop, and where a run by hand is refused.
    pub fn compute(
        self,
        experiment: &Experiment,
        view: View,
        task: &TaskContext<'_>,
    ) -> Result<Numbers, StepsError> {
        let mut study = DrawStudy::new();
        Ok(match self {
            Self::Figure(figure) => {
                Numbers::Figure(Arc::new(figure.compute(experiment, view, task)?))
            }
            Self::Records => Numbers::Records(Arc::new(study.run(experiment, task)?)),
            Self::Steps => {
                Numbers::Steps(Arc::new(steps(experiment, view.variant, 0, &mut study, task)?))
            }
            Self::Remedies => {
                Numbers::Remedies(Arc::new(usual_remedies(experiment, view.variant, task)?))
            }
        })
    }
}

/// Numbers that can leave the lab as a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// A figure's.
    Figure(Arc<Figure>),
    /// Every layer's record.
    Records(Arc<Draw>),
    /// A run by hand.
    Steps(Arc<Steps>),
    /// What could cure a variant.
    Remedies(Arc<Remedies>),
}

/// The remedies of a variant, or of the first where there is no such, on the usual number of networks.
fn usual_remedies(
    experiment: &Experiment,
    variant: usize,
    task: &TaskContext<'_>,
) -> Result<Remedies, Stopped> {
    let mut settings = RemediesSettings::default();
    settings.seeds = settings.seeds.min(experiment.seeds_left().try_into().unwrap_or(u32::MAX));
    let variant = experiment.shown_variant(variant);
    remedies(experiment, variant, settings, task, |_| {}).map_err(|error| match error {
        RemediesError::Stopped(stopped) => stopped,
        RemediesError::Seeds(_) | RemediesError::LastSeed(_) => {
            unreachable!("the usual number of seeds, and no more than there are")
        }
    })
}

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFormat {
    /// A header line and one line a row, in UTF-8.
    Csv,
    /// One object.
    Json,
}

impl TableFormat {
    /// What a path's ending says.
    pub fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?;
        let is = |word: &str| ending.eq_ignore_ascii_case(word);
        if is("csv") { Some(Self::Csv) } else { is("json").then_some(Self::Json) }
    }
}

impl Numbers {
    /// Which table it is.
    pub fn id(&self) -> TableId {
        match self {
            Self::Figure(figure) => TableId::Figure(figure.id),
            Self::Records(_) => TableId::Records,
            Self::Steps(_) => TableId::Steps,
            Self::Remedies(_) => TableId::Remedies,
        }
    }

    /// The bytes of a file.
    ///
    /// A figure's table has one number a row in CSV; JSON has one object a series, with an array
    /// for its places and one for its numbers, each named by what it holds. A number that no `f64`
    /// holds is null there, beside its log10.
    ///
    /// # Errors
    /// None in practice: memory takes every byte.
    pub fn encode(&self, format: TableFormat) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        match (self, format) {
            (Self::Figure(figure), TableFormat::Csv) => write_csv(&figure.table(), &mut bytes)?,
            (Self::Figure(figure), TableFormat::Json) => {
                records_json::write_pretty(&figure_json(figure), &mut bytes)?;
            }
            (Self::Records(draw), TableFormat::Csv) => records_csv::write(draw, &mut bytes)?,
            (Self::Records(draw), TableFormat::Json) => records_json::write(draw, &mut bytes)?,
            (Self::Steps(steps), TableFormat::Csv) => write_csv(&steps_table(steps), &mut bytes)?,
            (Self::Steps(steps), TableFormat::Json) => {
                records_json::write_pretty(&**steps, &mut bytes)?;
            }
            (Self::Remedies(table), TableFormat::Csv) => {
                remedies_table::write_csv(table, &mut bytes)?;
            }
            (Self::Remedies(table), TableFormat::Json) => {
                remedies_table::write_json(table, &mut bytes)?;
            }
        }
        Ok(bytes)
    }
}

fn write_csv(table: &Table, bytes: &mut Vec<u8>) -> std::io::Result<()> {
    records_csv::write_rows(table.header, table.rows.iter(), bytes)
}

/// One row for each entry of each array that a step computes.
fn steps_table(steps: &Steps) -> Table {
    let mut rows = Vec::new();
    for step in &steps.steps {
        for values in step.between.iter().chain([&step.result]) {
            for (row, entries) in values.rows.iter().enumerate() {
                for (column, value) in entries.iter().enumerate() {
                    rows.push(vec![
                        steps.variant.clone(),
                        steps.example.map_or(String::new(), |example| example.to_string()),
                        step.id.clone(),
                        values.part.symbol(),
                        (row + 1).to_string(),
                        (column + 1).to_string(),
                        value.to_string(),
                    ]);
                }
            }
        }
    }
    Table { header: &["variant", "example", "step", "array", "row", "column", "value"], rows }
}

fn figure_json(figure: &Figure) -> Value {
    let table = figure.table();
    let mut json = json!({
        "figure": figure.id.id(),
        "experiment": &*figure.experiment,
    });
    if table.header == Table::LONG {
        json["series"] = series(&table.rows);
    } else {
        json["rows"] = table.rows.len().into();
        for (column, name) in table.header.iter().enumerate() {
            json[name] = table.rows.iter().map(|row| number(&row[column], "")).collect();
        }
    }
    json
}

/// What tells series apart: the quantity, where it has places, whose it is, and the places' quantity.
type SeriesKey<'a> = [&'a str; 3];

/// Rows of the long form, those of one series in one object. Where there is no place, what is
/// told apart are the quantities.
fn series(rows: &[Vec<String>]) -> Value {
    fn of(row: &[String]) -> SeriesKey<'_> {
        let [quantity, series, x] = [&row[0], &row[1], &row[5]];
        [if x.is_empty() { "" } else { quantity }, series, x]
    }
    let mut groups: Vec<(SeriesKey<'_>, Vec<&Vec<String>>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for row in rows {
        let place = *places.entry(of(row)).or_insert_with_key(|key| {
            groups.push((*key, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(row);
    }
    groups.iter().map(|(key, rows)| object(*key, rows)).collect()
}

fn object([quantity, series, x]: SeriesKey<'_>, rows: &[&Vec<String>]) -> Value {
    let column = |of: usize| -> Value { rows.iter().map(|row| number(&row[of], "")).collect() };
    let mut json = Map::new();
    json.insert("series".to_owned(), series.into());
    json.insert("points".to_owned(), rows.len().into());
    let name = if x.is_empty() {
        json.insert("quantity".to_owned(), rows.iter().map(|row| row[0].as_str()).collect());
        "value".to_owned()
    } else {
        json.insert(format!("x_{}", key(x)), column(2));
        json.insert("quantity".to_owned(), quantity.into());
        key(quantity)
    };
    let values = rows.iter().map(|row| number(&row[3], &row[4])).collect();
    if rows.iter().any(|row| !row[4].is_empty()) {
        json.insert(format!("{name}_log10"), column(4));
    }
    json.insert(name, values);
    json.into()
}

/// A field: a number where it is one that `f64` holds, nothing where only its log10 says it.
fn number(field: &str, log10: &str) -> Value {
    match field.parse::<f64>() {
        Ok(number) if number.is_finite() && (number != 0.0 || log10.is_empty()) => {
            if number.fract() == 0.0 && number.abs() < 1e15 && !field.contains(['.', 'e']) {
                (number as i64).into()
            } else {
                number.into()
            }
        }
        _ if field.is_empty() || !log10.is_empty() => Value::Null,
        _ => field.into(),
    }
}

/// A quantity's words as the name of a key: `‖δ⁽ˡ⁾‖` is `delta_norm`.
fn key(words: &str) -> String {
    const WORDS: [(&str, &str); 16] = [
        ("‖δ⁽ˡ⁾‖", "delta norm"),
        ("|δⱼ⁽ˡ⁾|", "delta size"),
        ("∂L/∂θ", "derivative"),
        ("‖δ", "delta norm "),
        ("∂", "d"),
        ("δ", "delta"),
        ("σ", "sigma"),
        ("χ", "chi"),
        ("²", " squared"),
        ("%", " percent"),
        ("/", " over "),
        ("⁽¹⁾", " layer 1"),
        ("(1 is next to the input)", ""),
        ("κ", "kappa"),
        ("φ", "phi"),
        ("′", " prime"),
    ];
    let plain = WORDS.iter().fold(words.to_owned(), |text, (from, to)| text.replace(from, to));
    let parts = plain.split(|letter: char| !letter.is_ascii_alphanumeric());
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_").to_ascii_lowercase()
}
