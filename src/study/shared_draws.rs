//! The unit draws that several studies share, each array once in memory.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::Duration;

use crate::engine::{DrawCache, Drawing, FromDraws, Network, Real};
use crate::experiment::{Experiment, Variant};

use super::pass::draw_all;
use super::{Stopped, TaskContext};

/// How often a study that does not go first asks whether the draws are free.
const ASK_EVERY: Duration = Duration::from_millis(1);

/// A cache of draws that one study at a time draws into.
///
/// The others wait meanwhile, for what they ask is mostly the same network: drawn side by side,
/// the largest one would take its 2 GB for each of them.
#[derive(Default)]
pub(super) struct SharedDraws {
    cache: Mutex<DrawCache>,
    /// Studies that go first and wait for the cache.
    waiting: AtomicUsize,
}

impl SharedDraws {
    /// A variant's network. One that does not go first makes way for one that does, and goes on
    /// afterwards with what it has drawn.
    ///
    /// # Errors
    /// [`Stopped`] when told to stop.
    pub(super) fn build<T: FromDraws + Real>(
        &self,
        experiment: &Experiment,
        variant: &Variant,
        goes_first: bool,
        threads: usize,
        task: &TaskContext<'_>,
    ) -> Result<Network<T>, Stopped> {
        let makes_way = Cell::new(false);
        let stop = || {
            makes_way.set(!goes_first && self.waiting.load(Ordering::SeqCst) > 0);
            makes_way.get() || task.proceed().is_err()
        };
        let report = |share: f32| task.report(share);
        let both = TaskContext::new(&stop, &report);
        let mut draw = |drawing: Drawing<'_>| match drawing {
            Drawing::Arrays(pending) => draw_all(pending, threads, &both),
            Drawing::Share(share) => {
                both.report(share);
                both.proceed().is_ok()
            }
        };
        loop {
            let mut cache = self.lock(goes_first, task)?;
            match Network::build_by(experiment, variant, &mut cache, &mut draw) {
                Ok(network) => return Ok(network),
                Err(_) if makes_way.get() => {}
                Err(_) => return Err(Stopped),
            }
        }
    }

    /// The cache, as soon as it is this study's turn. Where a study panicked while it drew, the
    /// cache holds what was drawn before.
    fn lock(
        &self,
        goes_first: bool,
        task: &TaskContext<'_>,
    ) -> Result<MutexGuard<'_, DrawCache>, Stopped> {
        if goes_first {
            self.waiting.fetch_add(1, Ordering::SeqCst);
            let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            return Ok(cache);
        }
        loop {
            task.proceed()?;
            if self.waiting.load(Ordering::SeqCst) == 0 {
                match self.cache.try_lock() {
                    Ok(cache) => return Ok(cache),
                    Err(TryLockError::Poisoned(cache)) => return Ok(cache.into_inner()),
                    Err(TryLockError::WouldBlock) => {}
                }
            }
            thread::sleep(ASK_EVERY);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::experiment::Draws;
    use crate::study::DrawStudy;

    fn deep(seed: u64) -> Experiment {
        let mut experiment = Experiment { draws: Draws::Layered, seed, ..Experiment::default() };
        experiment.architecture.depth = 50;
        experiment
    }

    fn build(
        study: &mut DrawStudy,
        experiment: &Experiment,
        task: &TaskContext<'_>,
    ) -> Network<f64> {
        study.network(experiment, &experiment.variants[0], task).expect("nobody stops it")
    }

    #[test]
    fn studies_side_by_side_hold_a_network_once() {
        let mut first = DrawStudy::new();
        let mut second = first.beside();
        let task = TaskContext::unattended();
        for seed in [1, 2] {
            let one = build(&mut first, &deep(seed), &task);
            let other = build(&mut second, &deep(seed), &task);
            let mut layers = one.denses().zip(other.denses());
            assert!(layers.all(|(one, other)| Arc::ptr_eq(&one.unit, &other.unit)));
        }
    }

    #[test]
    fn the_study_beside_makes_way_and_draws_the_same() {
        let mut first = DrawStudy::on_threads(1);
        let mut second = first.beside();
        let draws = second.draws().clone();
        let (begun, done) = (AtomicBool::new(false), AtomicBool::new(false));
        thread::scope(|scope| {
            let beside = scope.spawn(|| {
                let wait = || {
                    // Only once it draws is there something to make way from.
                    if draws.cache.try_lock().is_err() && !begun.swap(true, Ordering::SeqCst) {
                        while draws.waiting.load(Ordering::SeqCst) == 0 {
                            thread::yield_now();
                        }
                    }
                    false
                };
                let network = build(&mut second, &deep(1), &TaskContext::new(&wait, &|_| {}));
                done.store(true, Ordering::SeqCst);
                network
            });
            while !begun.load(Ordering::SeqCst) {
                thread::yield_now();
            }
            let task = TaskContext::unattended();
            // Asks while it goes first, so that nothing is drawn beside it.
            let look = || {
                assert!(!done.load(Ordering::SeqCst), "the first one had to wait for the whole");
                false
            };
            build(&mut first, &deep(2), &TaskContext::new(&look, &|_| {}));
            let drawn = beside.join().expect("no panic");
            let alone = build(&mut DrawStudy::on_threads(1), &deep(1), &task);
            let mut layers = drawn.denses().zip(alone.denses());
            assert!(layers.all(|(drawn, alone)| drawn.unit == alone.unit));
        });
    }
}
