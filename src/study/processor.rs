//! Threads that keep to a processor each.

/// Has this thread, the `number`th of as many as there are processors that it may use, run on one of
/// them and on no other. Where there are more processors than threads, or the system does not do it,
/// nothing changes: other programs would choose the same ones.
///
/// Linux starts a thread that was asleep on the processor of the one that woke it, unless it knows an
/// idle one with which that shares a cache. On a virtual machine it often knows of none, and two
/// threads of a pass then take turns on one processor until the next tick, for as long as a pass takes.
#[cfg(target_os = "linux")]
pub(super) fn keep_to_own(number: usize, threads: usize) {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    let Ok(allowed) = sched_getaffinity(None) else { return };
    if allowed.count() as usize != threads {
        return;
    }
    let own = (0..CpuSet::MAX_CPU).filter(|&processor| allowed.is_set(processor)).nth(number);
    if let Some(processor) = own {
        let mut only = CpuSet::new();
        only.set(processor);
        // A thread that may run anywhere is only slower.
        let _refused = sched_setaffinity(None, &only).err();
    }
}

/// Other systems choose for themselves.
#[cfg(not(target_os = "linux"))]
pub(super) fn keep_to_own(_: usize, _: usize) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu};

    #[test]
    fn each_of_as_many_threads_keeps_to_one_processor() {
        let processors = |set: &CpuSet| -> Vec<usize> {
            (0..CpuSet::MAX_CPU).filter(|&processor| set.is_set(processor)).collect()
        };
        let kept = |number: usize, threads: usize| {
            let thread = std::thread::spawn(move || {
                keep_to_own(number, threads);
                (processors(&sched_getaffinity(None).expect("Linux tells")), sched_getcpu())
            });
            thread.join().expect("it does not panic")
        };
        let all = processors(&sched_getaffinity(None).expect("Linux tells"));
        for (number, &processor) in all.iter().enumerate() {
            assert_eq!(kept(number, all.len()), (vec![processor], processor));
            assert_eq!(kept(number, all.len() + 1).0, all, "other threads than processors");
        }
        assert_eq!(kept(all.len(), all.len()).0, all, "a thread too many runs anywhere");
    }
}
