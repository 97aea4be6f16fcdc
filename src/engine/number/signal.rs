//! A layer's signal, x, z, a or δ: mantissas by the column, and what they cannot hold.

use crate::engine::kernels;
use crate::engine::number::{
    Real, Scaled, ScaledColumns, exponent_of, halves, ldexp, root_mean_square,
};
use ndarray::ArrayViewMut1;

/// n units × B examples of which no entry is lost: each column has mantissas and an exponent of
/// its own, and entries that a mantissa cannot hold beside the column's largest, or not with all
/// digits, are kept apart in full.
///
/// Kernels work on the mantissas. All other readers get entries, columns and norms that include
/// what underflowed.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal<T> {
    columns: ScaledColumns<T>,
    /// Sorted by example, then by unit.
    underflowed: Vec<Entry>,
}

/// An entry that its column's mantissas cannot hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Entry {
    /// Which row.
    pub unit: usize,
    /// Which column.
    pub example: usize,
    /// The number.
    pub value: Scaled,
}

impl<T> From<ScaledColumns<T>> for Signal<T> {
    fn from(columns: ScaledColumns<T>) -> Self {
        Self { columns, underflowed: Vec::new() }
    }
}

impl<T: Real> Signal<T> {
    /// n × B zeros.
    pub(crate) fn zeros(units: usize, batch: usize) -> Self {
        ScaledColumns::zeros(units, batch).into()
    }

    /// Becomes a copy of another of the same shape, in its own memory.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.columns.entries_mut().copy_from_slice(other.columns.entries());
        self.columns.exponent.copy_from_slice(&other.columns.exponent);
        self.underflowed.clone_from(&other.underflowed);
    }

    /// n.
    pub fn units(&self) -> usize {
        self.columns.units()
    }

    /// B.
    pub fn batch(&self) -> usize {
        self.columns.batch()
    }

    /// One entry.
    pub fn entry(&self, unit: usize, example: usize) -> Scaled {
        let place = (example, unit);
        match self.underflowed.binary_search_by_key(&place, |entry| (entry.example, entry.unit)) {
            Ok(index) => self.underflowed[index].value,
            Err(_) => self.columns.get(unit, example),
        }
    }

    /// One example's column, entry by entry.
    pub fn column(&self, example: usize) -> Vec<Scaled> {
        let mut column = self.columns.column(example);
        for entry in self.underflowed_of(example) {
            column[entry.unit] = entry.value;
        }
        column
    }

    /// Every entry's sign as 1, 0 or −1, row by row.
    pub fn signs(&self) -> Vec<i8> {
        let sign = |positive: bool, negative: bool| i8::from(positive) - i8::from(negative);
        let mantissas = self.columns.mantissa.iter();
        let mut signs: Vec<i8> = mantissas.map(|m| sign(*m > T::ZERO, *m < T::ZERO)).collect();
        for entry in &self.underflowed {
            let mantissa = entry.value.mantissa();
            signs[entry.unit * self.batch() + entry.example] = sign(mantissa > 0.0, mantissa < 0.0);
        }
        signs
    }

    /// The largest |entry| of one example's column, or `None` where all are true zeros.
    pub fn largest(&self, example: usize) -> Option<Scaled> {
        self.columns.largest(example)
    }

    /// The Euclidean norm of one example's column.
    pub fn norm(&self, example: usize) -> Scaled {
        self.columns.norm(example)
    }

    /// The Euclidean norm of every example's column.
    pub fn norms(&self) -> Vec<Scaled> {
        self.columns.norms()
    }

    /// The root mean square over the examples of the columns' norms: for a batch of one, the
    /// norm itself.
    pub fn rms_norm(&self) -> Scaled {
        self.columns.rms_norm()
    }

    /// Every unit's root mean square over the examples; for a batch of one, its magnitude.
    pub fn profile(&self) -> Vec<Scaled> {
        let mut profile = self.columns.rms_entries();
        let mut units: Vec<usize> = self.underflowed.iter().map(|entry| entry.unit).collect();
        units.sort_unstable();
        units.dedup();
        for unit in units {
            profile[unit] = root_mean_square((0..self.batch()).map(|b| self.entry(unit, b)));
        }
        profile
    }

    /// Whether every entry is its plain mantissa.
    pub(crate) fn is_plain(&self) -> bool {
        self.underflowed.is_empty() && self.columns.exponent.iter().all(|&exponent| exponent == 0)
    }

    /// The mantissas alone, for kernels and for what the largest entries decide.
    pub(crate) fn columns(&self) -> &ScaledColumns<T> {
        &self.columns
    }

    /// The mantissas alone, for kernels that fill them.
    pub(crate) fn columns_mut(&mut self) -> &mut ScaledColumns<T> {
        &mut self.columns
    }

    /// What underflowed, of all examples.
    pub(crate) fn underflowed(&self) -> &[Entry] {
        &self.underflowed
    }

    /// What underflowed of one example.
    pub(crate) fn underflowed_of(&self, example: usize) -> &[Entry] {
        of_example(&self.underflowed, example)
    }

    /// Takes out what underflowed: the mantissas are all that is left.
    pub(crate) fn take_underflowed(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.underflowed)
    }

    /// Forgets what underflowed, and keeps the memory.
    pub(crate) fn clear_underflowed(&mut self) {
        self.underflowed.clear();
    }

    /// Sets one example's column to 0.
    pub(crate) fn clear(&mut self, example: usize) {
        self.columns.mantissa.column_mut(example).fill(T::ZERO);
        self.columns.exponent[example] = 0;
        self.underflowed.retain(|entry| entry.example != example);
    }

    /// Keeps an entry apart; entries come by example, then by unit.
    pub(crate) fn push(&mut self, entry: Entry) {
        let last = self.underflowed.last().map(|last| (last.example, last.unit));
        debug_assert!(last < Some((entry.example, entry.unit)), "out of order");
        self.underflowed.push(entry);
    }

    /// Sets one example's column, its largest entry's mantissa in [½, 1). No later example may
    /// have entries kept apart.
    pub(crate) fn set_column(&mut self, example: usize, entries: &[Scaled]) {
        self.set_over(example, entries, top_of(entries).unwrap_or(0));
    }

    /// Sets one example's column: plain numbers where its largest is one that a product may
    /// take, otherwise that one's mantissa in [½, 1). No later example may have entries kept
    /// apart.
    pub(crate) fn set_settled(&mut self, example: usize, entries: &[Scaled]) {
        let far = top_of(entries).filter(|top| top.abs() >= T::COMFORT);
        self.set_over(example, entries, far.unwrap_or(0));
    }

    fn set_over(&mut self, example: usize, entries: &[Scaled], exponent: i64) {
        let smallest = smallest::<T>();
        for (unit, &value) in entries.iter().enumerate() {
            let mantissa = T::from_f64(value.over_power_of_two(exponent));
            self.columns.mantissa[[unit, example]] = mantissa;
            if mantissa.abs() < smallest && !value.is_zero() {
                self.push(Entry { unit, example, value });
            }
        }
        self.columns.exponent[example] = exponent;
    }

    /// Folds a column's exponent back where plain numbers do, and brings the column's largest
    /// entry near 1 where they do not. Nothing may have underflowed in it or later ones yet.
    pub(crate) fn settle(&mut self, example: usize) {
        let column = self.columns.mantissa.column(example);
        let top = column.fold(T::ZERO, |top, m| if m.abs() > top { m.abs() } else { top });
        self.settle_column(example, top);
    }

    /// [`Self::settle`] for every column.
    pub(crate) fn settle_all(&mut self) {
        self.settle_within(kernels::range(self.columns.entries()));
    }

    /// [`Self::settle_all`] with the smallest and the largest |mantissa|.
    pub(crate) fn settle_within(&mut self, ends: [T; 2]) {
        let entries = self.columns.entries();
        if self.is_plain() && stays_plain(ends, entries, self.batch()) {
            return;
        }
        let mut tops = vec![T::ZERO; self.batch()];
        kernels::column_tops(entries, &mut tops);
        self.settle_under(&tops);
    }

    /// [`Self::settle_all`] with each column's largest |mantissa|.
    pub(crate) fn settle_under(&mut self, tops: &[T]) {
        assert_eq!(tops.len(), self.batch(), "a top for each column");
        if self.is_plain() && stays_plain(kernels::range(tops), tops, tops.len()) {
            return;
        }
        tops.iter().enumerate().for_each(|(example, &top)| self.settle_column(example, top));
    }

    fn settle_column(&mut self, example: usize, top: T) {
        let exponent = self.columns.exponent[example];
        if top == T::ZERO {
            self.columns.exponent[example] = 0;
            return;
        }
        let shift = exponent_of(top.to_f64());
        let plain = (shift + exponent).abs() < T::COMFORT;
        let (power, exponent) = match plain {
            true if exponent == 0 => return,
            true => (exponent, 0),
            false => (-shift, shift + exponent),
        };
        let floor = ldexp(1.0, T::SMALLEST_EXPONENT - power.min(0));
        let holds = |m: &T| power >= 0 || *m == T::ZERO || m.abs().to_f64() >= floor;
        if self.columns.mantissa.column(example).iter().all(holds) {
            rescale(&mut self.columns.mantissa.column_mut(example), power);
            self.columns.exponent[example] = exponent;
        } else {
            let entries = self.columns.column(example);
            self.set_settled(example, &entries);
        }
    }
}

/// Whether no column of plain entries needs an exponent, as [`Signal::settle`] would find; of all
/// of them the smallest and the largest magnitude are known.
pub(crate) fn stays_plain<T: Real>([least, top]: [T; 2], entries: &[T], batch: usize) -> bool {
    let plain = |top: T| top == T::ZERO || exponent_of(top.to_f64()).abs() < T::COMFORT;
    if batch == 1 || top == T::ZERO {
        return plain(top);
    }
    // Each column's largest lies between the two.
    if least > T::ZERO && plain(least) && plain(top) {
        return true;
    }
    let mut tops = vec![T::ZERO; batch];
    kernels::column_tops(entries, &mut tops);
    tops.into_iter().all(plain)
}

/// The part of a sorted list that belongs to an example.
pub(crate) fn of_example(list: &[Entry], example: usize) -> &[Entry] {
    let from = list.partition_point(|entry| entry.example < example);
    let until = list.partition_point(|entry| entry.example <= example);
    &list[from..until]
}

/// The exponent of the largest entry; none where all are zero.
fn top_of(entries: &[Scaled]) -> Option<i64> {
    entries.iter().filter(|entry| !entry.is_zero()).map(|entry| entry.exponent()).max()
}

/// Multiplies by 2^power, which loses nothing but what lies far below the column's largest.
fn rescale<T: Real>(column: &mut ArrayViewMut1<'_, T>, power: i64) {
    let factors = halves(power).map(T::from_f64);
    for value in column {
        *value = *value * factors[0] * factors[1];
    }
}

/// The smallest normal number.
pub(crate) fn smallest<T: Real>() -> T {
    T::from_f64(ldexp(1.0, T::SMALLEST_EXPONENT))
}
