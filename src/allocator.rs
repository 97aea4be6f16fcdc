//! The allocator of all programs of the lab.
//!
//! A pass reads tens of megabytes from one end to the other, and the processor looks up where each page
//! of memory lies: thousands of times with pages of 4 KB. mimalloc asks the system for pages of 2 MB,
//! which Linux gives, as a rule, only to who asks before the memory is first written
//! (benches/README.md). glibc writes the length of each array before it, which is too early.

use std::alloc::{GlobalAlloc, Layout};
use std::ffi::c_void;

use libmimalloc_sys as mi;

/// mimalloc, asked for an alignment only where it is more than any memory has.
///
/// To be sure of an alignment mimalloc takes some bytes more than it was asked for: an array of 16 KB would lie
/// in a place of 20, and one of 2 MB in 2.5.
struct Mimalloc;

#[global_allocator]
static ALLOCATOR: Mimalloc = Mimalloc;

/// What memory of at least as many bytes is aligned to, whoever asks: mimalloc's `MI_MAX_ALIGN_SIZE`.
const ALIGNED_TO: usize = 16;

/// Whether memory of that size has the alignment without being asked for it.
fn is_aligned_anyway(layout: Layout) -> bool {
    layout.align() <= ALIGNED_TO && layout.align() <= layout.size()
}

/// Asks for memory by the function that is not told an alignment, where that will do.
///
/// # Safety
/// These are mimalloc's, which take any size and any power of two.
#[inline(always)]
unsafe fn ask(
    layout: Layout,
    anyhow: unsafe extern "C" fn(usize) -> *mut c_void,
    aligned: unsafe extern "C" fn(usize, usize) -> *mut c_void,
) -> *mut u8 {
    // SAFETY: as the function has it.
    let memory = unsafe {
        match is_aligned_anyway(layout) {
            true => anyhow(layout.size()),
            false => aligned(layout.size(), layout.align()),
        }
    };
    memory.cast()
}

// SAFETY: mimalloc's functions fulfil malloc's contract, which is the trait's where memory is aligned
// anyway; where it is not, those are called that are told the alignment.
unsafe impl GlobalAlloc for Mimalloc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: they are mimalloc's.
        unsafe { ask(layout, mi::mi_malloc, mi::mi_malloc_aligned) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: they are mimalloc's.
        unsafe { ask(layout, mi::mi_zalloc, mi::mi_zalloc_aligned) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, _: Layout) {
        // SAFETY: the caller has it from one of the others.
        unsafe { mi::mi_free(memory.cast()) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller vouches for the size, and the alignment was one before.
        let fits =
            is_aligned_anyway(unsafe { Layout::from_size_align_unchecked(size, layout.align()) });
        // SAFETY: the caller has the memory from one of the others.
        let memory = unsafe {
            match fits {
                true => mi::mi_realloc(memory.cast(), size),
                false => mi::mi_realloc_aligned(memory.cast(), size, layout.align()),
            }
        };
        memory.cast()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every alignment holds, and memory that was asked to be zero is, also where it was used before.
    #[test]
    fn memory_is_aligned_and_zero() {
        let sizes = (1..200).chain([1000, 4096, 5000, 16384, 65536, 100_000, 2 << 20, 5 << 20]);
        for size in sizes {
            for align in [1, 2, 4, 8, 16, 32, 64, 4096] {
                let layout = Layout::from_size_align(size, align).unwrap();
                let grown = Layout::from_size_align(2 * size + 1, align).unwrap();
                for _ in 0..3 {
                    // SAFETY: the size is not 0, writes stay within it, and each is freed once.
                    unsafe {
                        let memory = std::alloc::alloc_zeroed(layout);
                        assert_eq!(memory.addr() % align, 0, "{size} {align}");
                        let bytes = std::slice::from_raw_parts_mut(memory, size);
                        assert!(bytes.iter().all(|&byte| byte == 0), "{size} {align}");
                        bytes.fill(7);
                        let memory = std::alloc::realloc(memory, layout, grown.size());
                        assert_eq!(memory.addr() % align, 0, "{size} {align}");
                        let bytes = std::slice::from_raw_parts(memory, size);
                        assert!(bytes.iter().all(|&byte| byte == 7), "{size} {align}");
                        std::alloc::dealloc(memory, grown);
                        let memory = std::alloc::alloc(layout);
                        assert_eq!(memory.addr() % align, 0, "{size} {align}");
                        std::alloc::dealloc(memory, layout);
                    }
                }
            }
        }
    }

    /// An array of a size that mimalloc has a class for has a neighbour behind its last byte.
    #[test]
    fn arrays_take_no_more_than_they_need() {
        const BYTES: usize = 16 << 10;
        let arrays: Vec<Vec<u8>> = (0..40).map(|_| vec![0; BYTES]).collect();
        let mut places: Vec<usize> = arrays.iter().map(|array| array.as_ptr().addr()).collect();
        places.sort_unstable();
        assert!(places.windows(2).any(|pair| pair[1] - pair[0] == BYTES), "{places:x?}");
    }

    /// What kernels are fast with: rows that fill lines of the cache are not cut by them.
    #[test]
    fn arrays_begin_at_a_line_of_the_cache() {
        for size in (1 << 10..1 << 20).step_by(3000) {
            let arrays: Vec<Vec<f32>> = (0..5).map(|_| vec![0.0; size / 4]).collect();
            assert!(arrays.iter().all(|array| array.as_ptr().addr() % 64 == 0), "{size}");
        }
    }

    /// On Linux, where the system has large pages for who asks, a large array was asked for.
    #[cfg(target_os = "linux")]
    #[test]
    fn large_pages_are_asked_for() {
        let modes = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
        if modes.is_ok_and(|modes| !modes.contains("[never]")) {
            let array = vec![0.0_f64; 1_000_000];
            assert!(is_marked(array.as_ptr().addr() + (2 << 20)), "no large page was asked for");
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
