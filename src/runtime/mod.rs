//! One named worker thread. The newest request wins; the last answer is kept by whoever asked.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::study::{Stopped, TaskContext};

/// What the worker did with a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome<A> {
    /// An answer; `last` is false for a preview that will be followed by a better one.
    Answer {
        /// Which request this answers.
        ticket: u64,
        /// The answer.
        answer: A,
        /// Whether the request is done.
        last: bool,
    },
    /// The computation failed in a way that it should not have.
    Failed {
        /// Which request failed.
        ticket: u64,
        /// What is known of it.
        reason: String,
    },
}

/// Hands an answer out, more than once where a request has previews.
pub type Deliver<'a, A> = &'a dyn Fn(A);

/// A thread that answers requests of type `Q`, newest first and newest only.
///
/// A request that comes while another is under way tells that one to stop: at once, or where the
/// worker has patience, as soon as it has answered something or the patience is over.
pub struct Worker<Q, A> {
    shared: Arc<Shared<Q, A>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared<Q, A> {
    state: Mutex<State<Q, A>>,
    wake: Condvar,
    /// An outcome is there.
    answered: Condvar,
    /// The newest ticket; a computation with an older one stops.
    newest: AtomicU64,
    /// The newest ticket that was cancelled: patience does not hold for it.
    cancelled: AtomicU64,
    /// How long a request may work on its first answer although a newer one waits.
    patience: Duration,
    /// Share done, in thousandths.
    progress: AtomicU32,
    busy: AtomicBool,
}

struct State<Q, A> {
    request: Option<(u64, Q)>,
    outcome: Option<Outcome<A>>,
    /// Whether somebody waits for the outcome and need not be woken by other means.
    is_awaited: bool,
    closing: bool,
}

impl<Q: Send + 'static, A: Send + 'static> Worker<Q, A> {
    /// Starts the thread. `job` answers one request; `notify` is called from the thread
    /// after each outcome, so that a sleeping window can wake up.
    ///
    /// With `patience`, requests that come faster than they are answered do not stop each other
    /// for ever: one is let go on to its first answer, unless that takes longer.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn spawn(
        name: &str,
        patience: Duration,
        mut job: impl FnMut(Q, &TaskContext<'_>, Deliver<'_, A>) -> Result<A, Stopped> + Send + 'static,
        notify: impl Fn() + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::new(patience));
        let mine = shared.clone();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            while let Some((ticket, request)) = mine.next() {
                let outcome = mine.answer(ticket, request, &mut job, &notify);
                mine.put(ticket, outcome, &notify);
            }
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Asks, and tells whatever is under way to stop when its time has come. Returns the request's
    /// ticket.
    pub fn submit(&self, request: Q) -> u64 {
        // One step for the worker too: what it puts down meanwhile does not make it idle.
        let mut state = self.shared.lock();
        let ticket = self.shared.newest.fetch_add(1, Ordering::SeqCst) + 1;
        self.shared.progress.store(0, Ordering::Relaxed);
        self.shared.busy.store(true, Ordering::SeqCst);
        state.request = Some((ticket, request));
        drop(state);
        self.shared.wake.notify_one();
        ticket
    }

    /// The newest outcome that has not been taken yet.
    pub fn take(&self) -> Option<Outcome<A>> {
        self.shared.lock().outcome.take()
    }

    /// Sleeps until there is an outcome, for `longest` at the most. One that comes meanwhile
    /// notifies nobody else.
    pub fn wait(&self, longest: Duration) {
        let mut state = self.shared.lock();
        state.is_awaited = true;
        let waited = self
            .shared
            .answered
            .wait_timeout_while(state, longest, |state| state.outcome.is_none());
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.is_awaited = false;
    }

    /// Stops what is under way and forgets what waits.
    pub fn cancel(&self) {
        self.shared.cancel();
    }

    /// Whether a request waits or is under way.
    pub fn is_busy(&self) -> bool {
        self.shared.busy.load(Ordering::SeqCst)
    }

    /// The share done of what is under way, from 0 to 1.
    pub fn progress(&self) -> f32 {
        self.shared.progress.load(Ordering::Relaxed) as f32 / 1000.0
    }
}

impl<Q, A> Drop for Worker<Q, A> {
    fn drop(&mut self) {
        self.shared.cancel();
        self.shared.lock().closing = true;
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.take() {
            // The thread caught its job's panics; there is nothing left to report.
            let _ = thread.join();
        }
    }
}

impl<Q, A> Shared<Q, A> {
    fn new(patience: Duration) -> Self {
        Self {
            state: Mutex::new(State {
                request: None,
                outcome: None,
                is_awaited: false,
                closing: false,
            }),
            wake: Condvar::new(),
            answered: Condvar::new(),
            newest: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
            patience,
            progress: AtomicU32::new(0),
            busy: AtomicBool::new(false),
        }
    }

    /// A poisoned lock holds plain data that is whole at every step.
    fn lock(&self) -> MutexGuard<'_, State<Q, A>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a request; `None` when the worker closes.
    fn next(&self) -> Option<(u64, Q)> {
        let mut state = self.lock();
        loop {
            if state.closing {
                return None;
            }
            if let Some(request) = state.request.take() {
                return Some(request);
            }
            self.busy.store(false, Ordering::SeqCst);
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn answer(
        &self,
        ticket: u64,
        request: Q,
        job: &mut impl FnMut(Q, &TaskContext<'_>, Deliver<'_, A>) -> Result<A, Stopped>,
        notify: &impl Fn(),
    ) -> Option<Outcome<A>> {
        let (begun, has_answered) = (Instant::now(), AtomicBool::new(false));
        let stop = || {
            self.newest.load(Ordering::SeqCst) != ticket
                && (self.is_cancelled(ticket)
                    || has_answered.load(Ordering::Relaxed)
                    || begun.elapsed() >= self.patience)
        };
        let report = |share: f32| {
            self.progress.store((share.clamp(0.0, 1.0) * 1000.0) as u32, Ordering::Relaxed);
        };
        let deliver = |answer: A| {
            has_answered.store(true, Ordering::Relaxed);
            self.put(ticket, Some(Outcome::Answer { ticket, answer, last: false }), notify);
        };
        let task = TaskContext::new(&stop, &report);
        let result = catch_unwind(AssertUnwindSafe(|| job(request, &task, &deliver)));
        match result {
            Ok(Ok(answer)) => Some(Outcome::Answer { ticket, answer, last: true }),
            Ok(Err(Stopped)) => None,
            Err(panic) => Some(Outcome::Failed { ticket, reason: words_of(panic.as_ref()) }),
        }
    }

    fn cancel(&self) {
        let newest = self.newest.fetch_add(1, Ordering::SeqCst);
        self.cancelled.store(newest, Ordering::SeqCst);
        self.lock().request = None;
    }

    fn is_cancelled(&self, ticket: u64) -> bool {
        self.cancelled.load(Ordering::SeqCst) >= ticket
    }

    /// Whether an outcome is still worth being seen: a late answer is, where there is patience.
    fn is_wanted(&self, ticket: u64, outcome: &Outcome<A>) -> bool {
        let is_late_answer = matches!(outcome, Outcome::Answer { .. }) && !self.patience.is_zero();
        self.newest.load(Ordering::SeqCst) == ticket || is_late_answer && !self.is_cancelled(ticket)
    }

    /// Leaves an outcome to be taken, unless nobody wants it any more, and wakes whoever
    /// sleeps. With nothing else waiting the worker counts as idle from here on.
    fn put(&self, ticket: u64, outcome: Option<Outcome<A>>, notify: &impl Fn()) {
        let mut state = self.lock();
        if let Some(outcome) = outcome.filter(|outcome| self.is_wanted(ticket, outcome)) {
            let done = !matches!(outcome, Outcome::Answer { last: false, .. });
            state.outcome = Some(outcome);
            if done && state.request.is_none() {
                self.busy.store(false, Ordering::SeqCst);
            }
            if state.is_awaited {
                self.answered.notify_one();
                return;
            }
        }
        drop(state);
        notify();
    }
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no reason given".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_is_given_the_answer_and_others_are_notified_later() {
        let (go, gate) = std::sync::mpsc::channel::<()>();
        let notified = Arc::new(AtomicU32::new(0));
        let count = notified.clone();
        let job = move |request: u32, _: &TaskContext<'_>, _: Deliver<'_, u32>| {
            gate.recv().expect("the test opens the gate");
            Ok(request)
        };
        let notify = move || {
            count.fetch_add(1, Ordering::SeqCst);
        };
        let worker = Worker::spawn("test", Duration::ZERO, job, notify).expect("a thread");
        worker.submit(7);
        // Nobody answers in time; the answer that comes afterwards is told of.
        worker.wait(Duration::from_millis(5));
        assert!(worker.take().is_none());
        go.send(()).expect("the worker listens");
        let first = wait(&worker);
        assert!(matches!(first, Outcome::Answer { answer: 7, .. }), "{first:?}");
        // The answer lies there when the wait is over.
        worker.submit(8);
        go.send(()).expect("the worker listens");
        worker.wait(Duration::from_secs(60));
        let second = worker.take();
        assert!(matches!(second, Some(Outcome::Answer { answer: 8, .. })), "{second:?}");
        drop(worker);
        assert!((1..=2).contains(&notified.load(Ordering::SeqCst)), "the first at least");
    }

    fn wait<A: Send + 'static>(worker: &Worker<u32, A>) -> Outcome<A> {
        let start = Instant::now();
        loop {
            if let Some(outcome) = worker.take() {
                return outcome;
            }
            assert!(start.elapsed() < Duration::from_secs(10), "no answer");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn the_newest_request_wins() {
        let worker = Worker::spawn(
            "test",
            Duration::ZERO,
            |request: u32, task: &TaskContext<'_>, _: Deliver<'_, u32>| {
                // Runs until told to stop, unless it is the last request.
                if request == 9 {
                    return Ok(request);
                }
                loop {
                    task.proceed()?;
                    std::thread::yield_now();
                }
            },
            || {},
        )
        .expect("a thread");
        for request in 0..10 {
            worker.submit(request);
        }
        assert_eq!(wait(&worker), Outcome::Answer { ticket: 10, answer: 9, last: true });
        assert!(!worker.is_busy());
    }

    /// A worker with so much patience. Request 1 goes on until it is told to stop, others answer
    /// themselves when the gate opens.
    fn patient(patience: Duration) -> (Worker<u32, u32>, std::sync::mpsc::Sender<()>) {
        let (go, gate) = std::sync::mpsc::channel::<()>();
        let job = move |request: u32, task: &TaskContext<'_>, _: Deliver<'_, u32>| {
            if request == 1 {
                loop {
                    task.proceed()?;
                    std::thread::yield_now();
                }
            }
            gate.recv().expect("the test opens the gate");
            task.proceed()?;
            Ok(request)
        };
        (Worker::spawn("test", patience, job, || {}).expect("a thread"), go)
    }

    fn until_begun(worker: &Worker<u32, u32>) {
        while worker.shared.lock().request.is_some() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn with_patience_a_request_is_answered_although_a_newer_one_waits() {
        let (worker, go) = patient(Duration::from_secs(60));
        worker.submit(2);
        until_begun(&worker);
        worker.submit(3);
        worker.submit(4);
        go.send(()).unwrap();
        assert_eq!(wait(&worker), Outcome::Answer { ticket: 1, answer: 2, last: true });
        assert!(worker.is_busy());
        go.send(()).unwrap();
        assert_eq!(wait(&worker), Outcome::Answer { ticket: 3, answer: 4, last: true });
        assert!(!worker.is_busy());
    }

    #[test]
    fn patience_comes_to_an_end() {
        let (worker, go) = patient(Duration::from_millis(20));
        worker.submit(1);
        until_begun(&worker);
        worker.submit(2);
        go.send(()).unwrap();
        assert_eq!(wait(&worker), Outcome::Answer { ticket: 2, answer: 2, last: true });
    }

    #[test]
    fn what_is_cancelled_is_not_let_go_on() {
        let (worker, go) = patient(Duration::from_secs(3600));
        worker.submit(1);
        until_begun(&worker);
        worker.cancel();
        worker.submit(2);
        go.send(()).unwrap();
        assert_eq!(wait(&worker), Outcome::Answer { ticket: 3, answer: 2, last: true });
    }

    #[test]
    fn a_panic_is_an_outcome_and_the_worker_lives_on() {
        let worker = Worker::spawn(
            "test",
            Duration::ZERO,
            |request: u32, _: &TaskContext<'_>, _: Deliver<'_, u32>| {
                assert!(request != 1, "one is refused");
                Ok(request)
            },
            || {},
        )
        .expect("a thread");
        worker.submit(1);
        assert!(
            matches!(wait(&worker), Outcome::Failed { reason, .. } if reason.contains("refused"))
        );
        worker.submit(2);
        assert!(matches!(wait(&worker), Outcome::Answer { answer: 2, .. }));
    }

    #[test]
    fn cancel_stops_what_is_under_way() {
        let worker = Worker::spawn(
            "test",
            Duration::ZERO,
            |_: u32, task: &TaskContext<'_>, _: Deliver<'_, u32>| loop {
                task.proceed()?;
                std::thread::yield_now();
            },
            || {},
        )
        .expect("a thread");
        worker.submit(1);
        worker.cancel();
        let start = Instant::now();
        while worker.is_busy() {
            assert!(start.elapsed() < Duration::from_secs(10), "still busy");
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(worker.take(), None);
    }

    #[test]
    fn a_newer_request_takes_the_place_of_one_that_was_previewed() {
        use crate::experiment::{Draws, Experiment};
        use crate::study::{Draw, DrawStudy};

        let mut large = Experiment { draws: Draws::Layered, ..Experiment::default() };
        let architecture = &mut large.architecture;
        (architecture.depth, architecture.width, architecture.batch) = (50, 320, 512);
        let (previewed, preview) = std::sync::mpsc::channel();
        let (go_on, newer) = std::sync::mpsc::channel();
        let mut study = DrawStudy::new();
        let worker = Worker::spawn(
            "test",
            Duration::ZERO,
            move |request: Experiment, task: &TaskContext<'_>, deliver: Deliver<'_, Draw>| {
                study.run_with_preview(&request, task, &|draw| {
                    deliver(draw);
                    // The whole begins when the newer request waits.
                    previewed.send(()).unwrap();
                    newer.recv().unwrap();
                })
            },
            || {},
        )
        .expect("a thread");
        worker.submit(large);
        preview.recv().unwrap();
        let first = worker.take();
        assert!(
            matches!(&first, Some(Outcome::Answer { ticket: 1, answer, last: false }) if answer.is_preview())
        );
        worker.submit(Experiment::default());
        go_on.send(()).unwrap();
        let start = Instant::now();
        let answer = loop {
            if let Some(outcome) = worker.take() {
                break outcome;
            }
            assert!(start.elapsed() < Duration::from_secs(10), "no answer");
            std::thread::sleep(Duration::from_millis(1));
        };
        assert!(
            matches!(answer, Outcome::Answer { ticket: 2, answer, last: true } if answer.experiment == Experiment::default())
        );
    }
}
