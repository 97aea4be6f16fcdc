//! The table of remedies: what each row holds, and in which order rows stand.

use std::cmp::Ordering;

use super::change::Change;
use super::measure::Measured;
use super::verdict::Verdict;
use crate::experiment::{ChangedKey, Experiment};

/// Changes of an experiment, and what they make of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Remedy {
    /// What is done; nothing for the variant as it is.
    pub changes: Vec<Change>,
    /// The changed experiment, with the one variant.
    pub experiment: Experiment,
    /// The keys of the file that it changes.
    pub keys: Vec<ChangedKey>,
    /// Multiply-adds of a forward and a backward pass of one example.
    pub multiply_adds: u64,
}

/// A remedy and what it does.
#[derive(Clone, Debug, PartialEq)]
pub struct RemedyRow {
    /// What is done.
    pub remedy: Remedy,
    /// What is measured.
    pub measured: Measured,
    /// Whether it cures.
    pub verdict: Verdict,
    /// Where it stands among all that is tried, 0 being the variant as it is.
    pub place: usize,
}

/// What is known so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Remedies {
    /// The experiment with the one variant that is treated.
    pub experiment: Experiment,
    /// The variant as it is.
    pub before: RemedyRow,
    /// The remedies, the smallest that works first.
    pub rows: Vec<RemedyRow>,
    /// Whether every row has all of its networks.
    pub is_complete: bool,
}

/// What follows from a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Prescription<'t> {
    /// The variant is healthy as it is.
    Healthy,
    /// The smallest change that cures.
    Take(&'t RemedyRow),
    /// Nothing cures for sure; this comes nearest, and more networks would tell.
    Undecided(&'t RemedyRow),
    /// Nothing that was tried cures.
    Nothing,
}

impl Remedy {
    /// A name without spaces: `leaky_relu+he_normal+critical_gain`.
    pub fn id(&self) -> String {
        let ids: Vec<String> = self.changes.iter().map(|change| change.id()).collect();
        if ids.is_empty() { "as_it_is".to_owned() } else { ids.join("+") }
    }

    /// Whether it changes what all variants share, so that it cannot stand beside them.
    pub fn is_of_architecture(&self) -> bool {
        self.changes.iter().any(|change| change.is_of_architecture())
    }
}

impl RemedyRow {
    /// What cures comes first, and of that the smallest change: what leaves the architecture as it
    /// is, then what changes the fewest keys of the file, then the order of the remedies. What does
    /// not cure stands by its verdict and by how far its median lies from 0.
    fn order(&self, other: &Self) -> Ordering {
        let size = |row: &Self| {
            let remedy = &row.remedy;
            (remedy.is_of_architecture(), remedy.keys.len(), row.place)
        };
        let off = |row: &Self| row.measured.decades.median.abs();
        self.verdict.cmp(&other.verdict).then_with(|| match self.verdict {
            Verdict::Cures => size(self).cmp(&size(other)),
            _ => off(self).total_cmp(&off(other)).then(self.place.cmp(&other.place)),
        })
    }
}

impl Remedies {
    /// The first prescription: the smallest change that cures.
    pub fn first(&self) -> Option<&RemedyRow> {
        self.rows.first().filter(|row| row.verdict == Verdict::Cures)
    }

    /// What follows from the rows as far as they are known.
    pub fn prescription(&self) -> Prescription<'_> {
        match self.rows.first() {
            _ if self.before.verdict == Verdict::Cures => Prescription::Healthy,
            Some(row) if row.verdict == Verdict::Cures => Prescription::Take(row),
            Some(row) if row.verdict == Verdict::Undecided => Prescription::Undecided(row),
            _ => Prescription::Nothing,
        }
    }

    pub(super) fn beginning(experiment: &Experiment, before: RemedyRow) -> Self {
        let experiment = experiment.clone();
        Self { experiment, before, rows: Vec::new(), is_complete: false }
    }

    /// Puts the newest numbers of a place in, and everything in order.
    pub(super) fn take(&mut self, row: RemedyRow) {
        if row.place == 0 {
            self.before = row;
            return;
        }
        self.rows.retain(|known| known.place != row.place);
        self.rows.push(row);
        self.rows.sort_by(RemedyRow::order);
    }
}
