//! Numbered tasks on a few threads, their results taken up in order: what is made of them
//! does not depend on the number of threads.

use std::cell::RefCell;
use std::iter::successors;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{LazyLock, Mutex, TryLockError};
use std::thread;
use std::time::Duration;

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::processor::keep_to_own;
use super::{Stopped, TaskContext};

/// The threads that this machine runs at once. The system is asked one time: it reads files to
/// answer, and the window wants to know at every change.
pub fn all_threads() -> usize {
    static ALL: LazyLock<usize> =
        LazyLock::new(|| thread::available_parallelism().map_or(1, usize::from));
    *ALL
}

/// How often a waiting study asks whether to go on.
const ASK_EVERY: Duration = Duration::from_millis(10);
/// Results that may wait for their turn, for each thread.
const WAITING: usize = 2;

/// Runs tasks 0…`count` − 1 on `threads` threads, each with a state of its own, and hands
/// the results to `fold` in the order of the tasks.
///
/// A job gets a `proceed` to ask often; it returns nothing only after that said no. Thread t
/// does the tasks t, t + threads, …, and runs ahead by at most two results. Where the system
/// gives no thread, the caller does the tasks itself.
///
/// # Errors
/// [`Stopped`] when told to stop.
pub(super) fn in_order<S, R: Send>(
    count: usize,
    threads: usize,
    task: &TaskContext<'_>,
    state: impl Fn() -> S + Sync,
    job: impl Fn(&mut S, usize, &dyn Fn() -> bool) -> Option<R> + Sync,
    mut fold: impl FnMut(usize, R),
) -> Result<(), Stopped> {
    let mut fold_all = |result: &dyn Fn(usize) -> Result<R, Stopped>| {
        (0..count).try_for_each(|index| {
            fold(index, result(index)?);
            task.proceed()
        })
    };
    let Some(pool) = pool("study", threads.clamp(1, count.max(1)), |_, _| {}) else {
        let own = RefCell::new(state());
        let proceed = || task.proceed().is_ok();
        return fold_all(&|index| job(&mut own.borrow_mut(), index, &proceed).ok_or(Stopped));
    };
    let threads = pool.current_num_threads();
    let stop = AtomicBool::new(false);
    let proceed = || !stop.load(Ordering::Relaxed);
    let work = |first: usize, results: &SyncSender<R>| {
        let mut state = state();
        for index in (first..count).step_by(threads) {
            // Nobody listens any more where the study was stopped.
            let result = job(&mut state, index, &proceed);
            if result.is_none_or(|result| results.send(result).is_err()) {
                return;
            }
        }
    };
    pool.in_place_scope(|scope| {
        let queue = |first: usize| {
            let (sender, receiver) = sync_channel(WAITING);
            let work = &work;
            scope.spawn(move |_| work(first, &sender));
            receiver
        };
        let queues: Vec<Receiver<R>> = (0..threads).map(queue).collect();
        let folded = fold_all(&|index| next(&queues[index % threads], task));
        stop.store(true, Ordering::Relaxed);
        folded
    })
}

/// Does the work of every item once, on `threads` threads, this one among them: whichever is
/// free takes the next. For work that is the same whoever does it; long work may ask the
/// `proceed` that it gets with its item.
///
/// # Errors
/// [`Stopped`] when told to stop, with some of the work undone.
pub(super) fn each<I: Send>(
    items: impl Iterator<Item = I> + Send,
    threads: usize,
    task: &TaskContext<'_>,
    work: impl Fn(I, &dyn Fn() -> bool) + Sync,
) -> Result<(), Stopped> {
    let queue = Mutex::new(items);
    let next = || queue.lock().ok()?.next();
    let stop = AtomicBool::new(false);
    let goes_on = || !stop.load(Ordering::Relaxed);
    let help = || {
        while let (true, Some(item)) = (goes_on(), next()) {
            work(item, &goes_on);
        }
    };
    let take_part = || {
        let proceed = || {
            if task.proceed().is_err() {
                stop.store(true, Ordering::Relaxed);
            }
            goes_on()
        };
        while let (true, Some(item)) = (proceed(), next()) {
            work(item, &proceed);
        }
    };
    match pool("study", threads.saturating_sub(1), |_, _| {}) {
        None => take_part(),
        Some(pool) => pool.in_place_scope(|scope| {
            (0..pool.current_num_threads()).for_each(|_| scope.spawn(|_| help()));
            take_part();
        }),
    }
    if goes_on() { Ok(()) } else { Err(Stopped) }
}

/// The threads that share out a single pass, one for each processor: they wait for work awake for a
/// while, so that a layer is worth handing out.
static POOL: LazyLock<Option<Mutex<ThreadPool>>> =
    LazyLock::new(|| pool("pass", all_threads(), keep_to_own).map(Mutex::new));

/// Runs `work` in the pool of threads; it may ask the `proceed` that it gets. This thread waits,
/// and asks meanwhile whether to go on. `None` where another study has the pool, or the system
/// refused it: of two passes in it one could wait for the other.
pub(super) fn in_pool<R: Send>(
    task: &TaskContext<'_>,
    work: impl FnOnce(&(dyn Fn() -> bool + Sync)) -> R + Send,
) -> Option<Result<R, Stopped>> {
    let pool = POOL.as_ref()?.try_lock();
    // A pass that panicked has left the threads as they were.
    let pool = match pool {
        Ok(pool) => pool,
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        Err(TryLockError::WouldBlock) => return None,
    };
    let stop = AtomicBool::new(false);
    let (sender, receiver) = sync_channel(1);
    Some(pool.in_place_scope(|scope| {
        let goes_on = || !stop.load(Ordering::Relaxed);
        scope.spawn(move |_| {
            // Nobody listens any more where the study was stopped.
            let _unheard = sender.send(work(&goes_on)).err();
        });
        next(&receiver, task).inspect_err(|_| stop.store(true, Ordering::Relaxed))
    }))
}

/// A pool of so many threads, or of fewer where the system refuses some; none of no threads. Each begins
/// with `begin` of its number and of theirs.
fn pool(name: &'static str, threads: usize, begin: fn(usize, usize)) -> Option<ThreadPool> {
    let fewer = successors(Some(threads), |threads| Some(threads / 2));
    fewer.take_while(|&threads| threads > 0).find_map(|threads| {
        let named = ThreadPoolBuilder::new().thread_name(move |number| format!("{name}-{number}"));
        named.num_threads(threads).start_handler(move |number| begin(number, threads)).build().ok()
    })
}

/// The next result of one thread, asking meanwhile whether to go on.
fn next<R>(queue: &Receiver<R>, task: &TaskContext<'_>) -> Result<R, Stopped> {
    loop {
        match queue.recv_timeout(ASK_EVERY) {
            Ok(result) => return Ok(result),
            Err(RecvTimeoutError::Timeout) => task.proceed()?,
            Err(RecvTimeoutError::Disconnected) => return Err(Stopped),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn squares(threads: usize, task: &TaskContext<'_>) -> Result<Vec<usize>, Stopped> {
        let mut folded = Vec::new();
        let square = |_: &mut (), index: usize, _: &dyn Fn() -> bool| Some(index * index);
        in_order(
            50,
            threads,
            task,
            || (),
            square,
            |index, square| {
                assert_eq!(index * index, square);
                folded.push(square);
            },
        )?;
        Ok(folded)
    }

    #[test]
    fn results_come_in_order() {
        let task = TaskContext::unattended();
        let alone = squares(1, &task).expect("not stopped");
        assert_eq!(alone.len(), 50);
        for threads in [0, 2, 3, 80] {
            assert_eq!(squares(threads, &task).expect("not stopped"), alone);
        }
    }

    #[test]
    fn each_item_is_worked_on_once() {
        for threads in [0, 1, 2, 5] {
            let mut numbers: Vec<usize> = (0..100).collect();
            let task = TaskContext::unattended();
            each(numbers.iter_mut(), threads, &task, |number, _| *number += 100)
                .expect("not stopped");
            assert!(numbers.iter().copied().eq(100..200));
        }
        let stopped = TaskContext::new(&|| true, &|_| {});
        assert_eq!(each([1].iter(), 1, &stopped, |_, _| panic!("stopped before")), Err(Stopped));
    }

    #[test]
    fn one_study_at_a_time_has_the_pool() {
        let within =
            |_: &(dyn Fn() -> bool + Sync)| in_pool(&TaskContext::unattended(), |_| ()).is_none();
        // Another test may have it.
        let refused = std::iter::repeat_with(|| in_pool(&TaskContext::unattended(), within));
        assert_eq!(refused.flatten().next(), Some(Ok(true)));
        let again = std::iter::repeat_with(|| in_pool(&TaskContext::unattended(), |_| 7));
        assert_eq!(again.flatten().next(), Some(Ok(7)));
    }

    /// Each thread of a pass has a processor of its own, where there are as many.
    #[cfg(target_os = "linux")]
    #[test]
    fn threads_of_a_pass_keep_apart() {
        use rustix::thread::sched_getaffinity;

        let allowed = || sched_getaffinity(None).expect("Linux tells");
        if allowed().count() as usize != all_threads() {
            return;
        }
        let sets = |_: &(dyn Fn() -> bool + Sync)| rayon::broadcast(|_| allowed());
        let asked = std::iter::repeat_with(|| in_pool(&TaskContext::unattended(), sets));
        let sets = asked.flatten().next().expect("sooner or later").expect("not stopped");
        assert_eq!(sets.len(), all_threads());
        assert!(sets.iter().all(|set| set.count() == 1));
        assert!((1..sets.len()).all(|later| sets[later] != sets[later - 1]));
    }

    #[test]
    fn a_stop_ends_it() {
        let asked = Cell::new(0);
        let stop = || {
            asked.set(asked.get() + 1);
            asked.get() > 3
        };
        let task = TaskContext::new(&stop, &|_| {});
        assert_eq!(squares(2, &task), Err(Stopped));
    }
}
