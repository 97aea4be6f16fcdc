//! Large pages under a network's arrays, where the system gives them to who asks.
//!
//! A pass reads tens of megabytes from one end to the other, and the processor looks up each page's
//! place in memory: by pages of 4 KB that is thousands of times, and in a virtual machine each
//! takes several reads. Linux gives pages of 2 MB in place of them, as a rule only where it was
//! advised to before the memory is first written (`/sys/kernel/mm/transparent_hugepage`).
//!
//! glibc writes the length of an array before it, so that of arrays smaller than a large page some of
//! each page is written before it can be asked for: what gets large pages are arrays of several
//! megabytes (benches/README.md).

use std::ops::Range;

/// Bytes of a large page; less is not worth asking.
const LARGE: usize = 2 << 20;
/// Bytes between two arrays that are asked for together: what lies there gets a large page as well, or
/// is nobody's.
const GAP: usize = LARGE;

/// Where an array lies, by its addresses.
pub(super) fn place<T>(array: &[T]) -> Range<usize> {
    let Range { start, end } = array.as_ptr_range();
    start.addr()..end.addr()
}

/// Asks for large pages in places that nobody has written to yet. It changes no number: a hint,
/// which a system may ignore.
pub(super) fn prefer(places: impl IntoIterator<Item = Range<usize>>) {
    runs(places.into_iter().collect())
        .into_iter()
        .filter(|run| run.len() >= LARGE)
        .for_each(advise);
}

/// The places of arrays that lie one behind the other, put together.
fn runs(mut places: Vec<Range<usize>>) -> Vec<Range<usize>> {
    places.sort_by_key(|place| place.start);
    let mut runs: Vec<Range<usize>> = Vec::new();
    for place in places {
        match runs.last_mut() {
            Some(run) if place.start <= run.end + GAP => run.end = run.end.max(place.end),
            _ => runs.push(place),
        }
    }
    runs
}

#[cfg(target_os = "linux")]
fn advise(run: Range<usize>) {
    use rustix::mm::{Advice, madvise};

    let page = rustix::param::page_size();
    let start = run.start.next_multiple_of(page);
    let Some(length) = (run.end / page * page).checked_sub(start) else { return };
    let at = std::ptr::with_exposed_provenance_mut(start);
    // SAFETY: this advice changes how memory is mapped, and nothing of what it holds. Refused, as by
    // a system without large pages, it does no harm.
    let _ = unsafe { madvise(at, length, Advice::LinuxHugepage) };
}

#[cfg(not(target_os = "linux"))]
fn advise(_: Range<usize>) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_one_run() {
        let page = LARGE;
        let places = vec![9 * page..11 * page, 0..page, page + 16..3 * page, 7 * page..8 * page];
        assert_eq!(runs(places), vec![0..3 * page, 7 * page..11 * page]);
    }

    /// The numbers are what they were, whatever the system makes of it; and where it has large pages
    /// for who asks, it marks the place.
    #[test]
    fn a_hint_changes_no_number() {
        let arrays = [vec![1.0_f64; 600_000], vec![2.0; 3]];
        prefer(arrays.iter().map(|array| place(array)));
        assert!(arrays[0].iter().all(|&number| number == 1.0) && arrays[1] == [2.0; 3]);
        #[cfg(target_os = "linux")]
        if std::path::Path::new("/sys/kernel/mm/transparent_hugepage/enabled").exists() {
            let middle = place(&arrays[0]).start + LARGE;
            assert!(is_marked(middle), "no large page was asked for");
        }
    }

    /// Whether the system was asked for large pages at an address: `hg` among its flags.
    #[cfg(target_os = "linux")]
    fn is_marked(address: usize) -> bool {
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut is_there = false;
        for line in maps.lines() {
            let range = line.split_once(' ').and_then(|(range, _)| range.split_once('-'));
            let bounds =
                range.map(|(start, end)| [start, end].map(|at| usize::from_str_radix(at, 16)));
            if let Some([Ok(start), Ok(end)]) = bounds {
                is_there = (start..end).contains(&address);
            }
            if is_there && let Some(flags) = line.strip_prefix("VmFlags:") {
                return flags.split_whitespace().any(|flag| flag == "hg");
            }
        }
        false
    }
}
