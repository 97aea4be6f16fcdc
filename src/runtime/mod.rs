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
mod tests;
