//! What a cache keeps of the draws, and in which order it lets go.

use std::collections::VecDeque;
use std::sync::Arc;

use ahash::AHashMap;
use ndarray::Array2;

use super::Request;
use super::pending::Units;

/// A draw's name: its seed and what was asked for.
type Key = (u64, Request);

/// One array's units, in each precision from when it was first asked for.
#[derive(Default)]
pub(super) struct CacheEntry {
    pub(super) double: Option<Arc<Array2<f64>>>,
    pub(super) single: Option<Arc<Array2<f32>>>,
    pub(super) last_used: u64,
}

impl CacheEntry {
    pub(super) fn has(&self, single: bool) -> bool {
        if single { self.single.is_some() } else { self.double.is_some() }
    }

    pub(super) fn take(&mut self, units: Units, clock: u64) {
        self.last_used = clock;
        match units {
            Units::Double(units) => self.double = Some(Arc::new(units)),
            Units::Single(units) => self.single = Some(Arc::new(units)),
        }
    }

    /// Numbers of 64 bits.
    pub(super) fn len(&self) -> usize {
        self.double.as_ref().map_or(0, |units| units.len())
            + self.single.as_ref().map_or(0, |units| units.len()) / 2
    }
}

/// Draws, and when each was used.
#[derive(Default)]
pub(super) struct CacheEntries {
    pub(super) by_key: AHashMap<Key, CacheEntry>,
    /// Numbers of 64 bits in all of them.
    pub(super) numbers: usize,
    /// Uses in their order. The last of each draw is among them; earlier ones count no more.
    pub(super) uses: VecDeque<(u64, Key)>,
}

impl CacheEntries {
    /// Notes that a draw is used; whether it is there.
    pub(super) fn use_of(&mut self, key: Key, single: bool, clock: u64) -> bool {
        match self.by_key.get_mut(&key).filter(|entry| entry.has(single)) {
            Some(entry) => entry.last_used = clock,
            None => return false,
        }
        self.uses.push_back((clock, key));
        if self.uses.len() > 2 * self.by_key.len() + 64 {
            let entries = &self.by_key;
            self.uses.retain(|(clock, key)| is_latest(entries, *clock, key));
        }
        true
    }

    /// Keeps what has been drawn.
    pub(super) fn take(&mut self, key: Key, units: Units, clock: u64) {
        let entry = self.by_key.entry(key).or_default();
        self.numbers -= entry.len();
        entry.take(units, clock);
        self.numbers += entry.len();
        self.uses.push_back((clock, key));
    }

    /// When the draw was used that has not been for the longest time.
    pub(super) fn oldest(&mut self) -> Option<u64> {
        while let Some((clock, key)) = self.uses.front() {
            if is_latest(&self.by_key, *clock, key) {
                return Some(*clock);
            }
            self.uses.pop_front();
        }
        None
    }

    /// Lets go of the draws last used at that time or before.
    pub(super) fn forget(&mut self, until: u64, spare: &mut Spare) {
        while self.oldest().is_some_and(|oldest| oldest <= until) {
            let key = self.uses.pop_front().map(|(_, key)| key);
            if let Some(entry) = key.and_then(|key| self.by_key.remove(&key)) {
                self.numbers -= entry.len();
                spare.give(entry);
            }
        }
    }
}

/// Whether a draw has not been used since.
fn is_latest(entries: &AHashMap<Key, CacheEntry>, clock: u64, key: &Key) -> bool {
    entries.get(key).is_some_and(|entry| entry.last_used == clock)
}

/// Arrays that nobody uses any more.
#[derive(Default)]
pub(super) struct Spare {
    pub(super) double: Vec<Array2<f64>>,
    pub(super) single: Vec<Array2<f32>>,
}

impl Spare {
    /// Takes what no network holds.
    pub(super) fn give(&mut self, entry: CacheEntry) {
        self.double.extend(entry.double.and_then(Arc::into_inner));
        self.single.extend(entry.single.and_then(Arc::into_inner));
    }

    /// Takes back what was not drawn into.
    pub(super) fn give_back(&mut self, units: Units) {
        match units {
            Units::Double(array) => self.double.push(array),
            Units::Single(array) => self.single.push(array),
        }
    }

    /// Memory of that shape, where there is some.
    pub(super) fn take(&mut self, shape: (usize, usize), single: bool) -> Option<Units> {
        match single {
            true => take_fitting(&mut self.single, shape).map(Units::Single),
            false => take_fitting(&mut self.double, shape).map(Units::Double),
        }
    }
}

fn take_fitting<T>(spare: &mut Vec<Array2<T>>, shape: (usize, usize)) -> Option<Array2<T>> {
    let fitting = spare.iter().rposition(|array| array.dim() == shape)?;
    Some(spare.swap_remove(fitting))
}
