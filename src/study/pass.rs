//! A network's draws, pass and record on several threads, with the bits of one.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};

use crate::engine::{
    Executor, LayerRecord, Network, Pass, PendingArray, Real, Scaled, Serial, explain,
};

use super::parallel::{all_threads, each, in_pool};
use super::{Stopped, TaskContext};

// Measured on a 2-core machine with AVX-512, where starting and joining a thread takes 31 µs.

/// Numbers worth a second thread to draw: 0.14 ms.
const NUMBERS_WORTH_A_THREAD: usize = 200_000;
/// Multiply-adds of a pass worth waking the pool: in a batch 0.08 ms in f32, 0.2 ms in f64.
const PRODUCTS_WORTH_A_THREAD: usize = 10_000_000;
/// Entries of the layers worth recording them on two threads: 0.3 ms.
const ENTRIES_WORTH_A_THREAD: usize = 100_000;
/// Entries of z, a, φ′ or δ up to which a pass's memory is kept for the next: half a gigabyte
/// for all four.
const KEPT_ENTRIES: usize = 16_000_000;

/// Shares for so many at once, whichever threads of the pool take them.
pub(super) struct PoolExecutor(pub(super) usize);

impl Executor for PoolExecutor {
    fn threads(&self) -> usize {
        self.0
    }

    fn join<A: Send, B: Send>(
        &self,
        first: impl FnOnce() -> A + Send,
        second: impl FnOnce() -> B + Send,
    ) -> (A, B) {
        rayon::join(first, second)
    }
}

/// Draws every array and reports the share drawn; `false` when told to stop.
pub(super) fn draw_all(
    pending: &mut [PendingArray],
    threads: usize,
    task: &TaskContext<'_>,
) -> bool {
    let numbers = pending.iter().map(PendingArray::len).sum();
    let threads = worth(threads, numbers, NUMBERS_WORTH_A_THREAD);
    let drawn = AtomicUsize::new(0);
    let stop = || told(task, &drawn, numbers).is_err();
    each(pending.iter_mut(), threads, &TaskContext::new(&stop, &|_| {}), |array, _| {
        array.draw();
        drawn.fetch_add(array.len(), Ordering::Relaxed);
    })
    .is_ok()
}

/// Reports how much of the whole is done, and asks whether to go on.
fn told(task: &TaskContext<'_>, done: &AtomicUsize, whole: usize) -> Result<(), Stopped> {
    task.report(done.load(Ordering::Relaxed) as f32 / whole.max(1) as f32);
    task.proceed()
}

/// Forward and backward in the buffers of an earlier pass. Where there are threads for it, the
/// rows of every layer are shared out: each has its own bits, so nothing changes. A long pass
/// reports the share done.
///
/// # Errors
/// [`Stopped`] when told to stop.
///
/// ```
/// use gradient_lab::engine::{DrawCache, Network};
/// use gradient_lab::experiment::{Architecture, Experiment};
/// use gradient_lab::study::{TaskContext, pass};
/// let architecture = Architecture { width: 200, batch: 64, ..Architecture::default() };
/// let experiment = Experiment { architecture, ..Experiment::default() };
/// let (variant, mut cache) = (&experiment.variants[0], DrawCache::new());
/// let network = Network::<f32>::build(&experiment, variant, &mut cache, &mut || true)?;
/// let (mut buffers, task) = (None, TaskContext::unattended());
/// let alone = pass(&network, &mut buffers, 1, &task)?.layers[0].delta.rms_norm();
/// assert_eq!(pass(&network, &mut buffers, 2, &task)?.layers[0].delta.rms_norm(), alone);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn pass<'a, T: Real>(
    network: &Network<T>,
    buffers: &'a mut Option<Pass<T>>,
    threads: usize,
    task: &TaskContext<'_>,
) -> Result<&'a Pass<T>, Stopped> {
    if 2 * network.work() < PRODUCTS_WORTH_A_THREAD {
        let mut proceed = || task.proceed().is_ok();
        return network.pass_in(buffers, &Serial, &mut proceed).map_err(|_| Stopped);
    }
    // Once for each layer's product, forward and backward.
    let (asked, steps) = (AtomicUsize::new(0), 2 * network.depth());
    let stop = || told(task, &asked, steps).is_err();
    let task = TaskContext::new(&stop, &|_| {});
    let step = |goes_on: bool| {
        asked.fetch_add(1, Ordering::Relaxed);
        goes_on
    };
    let pool = PoolExecutor(threads.max(1));
    let shared = if network.most_shares(&pool) > 1 {
        in_pool(&task, |proceed| network.pass_in(buffers, &pool, &mut || step(proceed())).is_ok())
    } else {
        None
    };
    let passed = match shared {
        Some(passed) => passed?,
        None => network.pass_in(buffers, &Serial, &mut || step(task.proceed().is_ok())).is_ok(),
    };
    if passed { buffers.as_ref().ok_or(Stopped) } else { Err(Stopped) }
}

/// The pass of a network that is passed through once, on all threads.
///
/// # Errors
/// [`Stopped`] when told to stop.
pub(super) fn pass_once<T: Real>(
    network: &Network<T>,
    task: &TaskContext<'_>,
) -> Result<Pass<T>, Stopped> {
    let mut buffers = None;
    pass(network, &mut buffers, all_threads(), task)?;
    buffers.ok_or(Stopped)
}

/// Lets go of buffers that are too large to be kept from one pass to the next.
pub(super) fn leave<T: Real>(buffers: &mut Option<Pass<T>>) {
    let entries = |pass: &Pass<T>| pass.layers.iter().map(|trace| trace.slope.len()).sum::<usize>();
    *buffers = buffers.take().filter(|pass| entries(pass) <= KEPT_ENTRIES);
}

/// log10 of each unit's |δ|, `None` for a zero.
type Profile = Vec<Option<f64>>;

/// Taken here, on the studies' threads: a figure takes them for all units of a thousand layers.
pub(super) fn logarithms(numbers: Vec<Scaled>) -> Profile {
    numbers.into_iter().map(Scaled::log10).collect()
}

/// The record and the profile of every layer.
///
/// # Errors
/// [`Stopped`] when told to stop.
pub(super) fn record<T: Real>(
    network: &Network<T>,
    pass: &Pass<T>,
    threads: usize,
    task: &TaskContext<'_>,
) -> Result<(Vec<LayerRecord>, Vec<Profile>), Stopped> {
    let entries: usize = pass.layers.iter().map(|trace| trace.slope.len()).sum();
    let threads = worth(threads, entries, ENTRIES_WORTH_A_THREAD);
    let mut slots: Vec<Option<(LayerRecord, Profile)>> = vec![None; pass.layers.len()];
    let fill = |index: usize, slot: &mut Option<(LayerRecord, Profile)>| {
        let record = LayerRecord::of(network, pass, index);
        *slot = Some((record, logarithms(pass.layers[index].delta.profile())));
    };
    // The threads of the pass are there already, if no other study has them.
    let filled = if threads > 1 {
        in_pool(task, |proceed| {
            let slots = slots.par_iter_mut().enumerate().with_max_len(1);
            slots.for_each(|(index, slot)| {
                if proceed() {
                    fill(index, slot);
                }
            });
        })
    } else {
        None
    };
    match filled {
        Some(filled) => filled?,
        None => each(slots.iter_mut().enumerate(), threads, task, |(index, slot), _| {
            fill(index, slot);
        })?,
    }
    let (mut records, profile): (Vec<_>, Vec<_>) = slots.into_iter().flatten().unzip();
    explain(network, pass, &mut records);
    Ok((records, profile))
}

/// The threads, or one where there is not enough work for more.
fn worth(threads: usize, work: usize, enough: usize) -> usize {
    if work < enough { 1 } else { threads.max(1) }
}

#[cfg(test)]
mod tests {
    use crate::engine::DrawCache;
    use crate::experiment::{Activation, Architecture, Experiment, Loss, Variant};

    use super::*;

    fn experiment(activation: Activation, gain: f64, loss: Loss) -> Experiment {
        let mut variant = Variant::of(activation);
        variant.init.gain = Some(gain);
        let architecture = Architecture {
            depth: 8,
            width: 120,
            output: 3,
            batch: 50,
            loss,
            ..Architecture::default()
        };
        Experiment { architecture, variants: vec![variant], ..Experiment::default() }
    }

    /// Everything a pass leaves, on one thread and on several.
    fn same_bits<T: Real + crate::engine::FromDraws>(experiment: &Experiment) {
        let (variant, mut cache) = (&experiment.variants[0], DrawCache::new());
        let network = Network::<T>::build(experiment, variant, &mut cache, &mut || true).unwrap();
        let (mut buffers, task) = (None, TaskContext::unattended());
        let alone = network.pass();
        let recorded = crate::engine::record(&network, &alone);
        for threads in [1, 2, 3] {
            let pass = pass(&network, &mut buffers, threads, &task).unwrap();
            assert_eq!(format!("{pass:?}"), format!("{alone:?}"), "{threads} threads");
            let (records, _) = record(&network, pass, threads, &task).unwrap();
            // In any case shared out, even where another test has the pool.
            let mut own = None;
            let shared = network.pass_in(&mut own, &PoolExecutor(threads), &mut || true).unwrap();
            assert_eq!(format!("{shared:?}"), format!("{alone:?}"), "{threads} shares");
            assert_eq!(records, recorded);
        }
        assert_eq!(network.most_shares(&PoolExecutor(3)), 3);
    }

    /// One example of layers whose weights are worth three shares.
    #[test]
    fn one_example_is_shared_out_by_its_weights() {
        for activation in [Activation::Sigmoid, Activation::Relu] {
            let mut experiment = experiment(activation, 1.0, Loss::Mse);
            (experiment.architecture.width, experiment.architecture.batch) = (200, 1);
            same_bits::<f64>(&experiment);
            same_bits::<f32>(&experiment);
        }
    }

    #[test]
    fn threads_do_not_change_a_bit() {
        for (activation, gain, loss) in [
            (Activation::Sigmoid, 1.0, Loss::Mse),
            (Activation::Relu, 1e30, Loss::Mse),
            (Activation::Tanh, 300.0, Loss::SoftmaxCe),
            (Activation::Gelu, 1e-30, Loss::Mse),
        ] {
            let experiment = experiment(activation, gain, loss);
            same_bits::<f64>(&experiment);
            same_bits::<f32>(&experiment);
        }
    }
}
