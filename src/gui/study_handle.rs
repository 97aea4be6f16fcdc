//! A question to a worker and its last answer: what every page with a study of its own holds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::Context;

use crate::runtime::{Deliver, Outcome, Worker};
use crate::study::{Stopped, TaskContext};

/// A question of type `Q`, asked again whenever it changes, and the last answer. While a new
/// answer is on its way the old one stays.
pub struct StudyHandle<Q, A> {
    worker: Result<Worker<Q, A>, String>,
    submitted: Option<Q>,
    /// The ticket of the newest request, and its question.
    newest: u64,
    answer: Option<(u64, Arc<A>)>,
    failure: Option<String>,
    /// Whether the worker had not come to its end when its answer was last asked for.
    under_way: bool,
    /// Since when it has not been idle, nor come to the end of a request.
    busy_since: Instant,
}

/// What is answered sooner than this is not worth a word that it is under way.
pub const SOON: Duration = Duration::from_millis(200);

/// How long a live study may work on its first answer after its setting was changed again: a
/// slider that is dragged brings a new setting with every frame.
const WHILE_DRAGGED: Duration = SOON;

/// What the list of pages does with a study, whatever it asks and answers.
pub trait Study {
    /// Takes the worker's answer; true where there is a new one.
    fn poll(&mut self) -> bool;

    /// Whether the worker works at this moment.
    fn is_busy(&self) -> bool;
}

impl<Q: Clone + PartialEq + Send + 'static, A: Send + 'static> StudyHandle<Q, A> {
    /// Starts the worker; `context` is woken when it has an answer. What is under way stops as
    /// soon as something else is asked.
    pub fn new(
        context: &Context,
        name: &str,
        job: impl FnMut(Q, &TaskContext<'_>, Deliver<'_, A>) -> Result<A, Stopped> + Send + 'static,
    ) -> Self {
        Self::with_patience(context, name, Duration::ZERO, job)
    }

    /// A study that is watched while a slider is dragged: what comes soon is shown, as the answer
    /// to an earlier question, although another is asked already.
    pub fn live(
        context: &Context,
        name: &str,
        job: impl FnMut(Q, &TaskContext<'_>, Deliver<'_, A>) -> Result<A, Stopped> + Send + 'static,
    ) -> Self {
        Self::with_patience(context, name, WHILE_DRAGGED, job)
    }

    fn with_patience(
        context: &Context,
        name: &str,
        patience: Duration,
        job: impl FnMut(Q, &TaskContext<'_>, Deliver<'_, A>) -> Result<A, Stopped> + Send + 'static,
    ) -> Self {
        let waker = context.clone();
        let worker = Worker::spawn(name, patience, job, move || waker.request_repaint());
        let worker = worker.map_err(|error| {
            format!("The system gave no thread to compute on: {error}. Close other programs and start again.")
        });
        Self {
            worker,
            submitted: None,
            newest: 0,
            answer: None,
            failure: None,
            under_way: false,
            busy_since: Instant::now(),
        }
    }

    /// Asks, unless this is what was asked last, and tells whether it did.
    pub fn ask(&mut self, question: &Q) -> bool {
        if self.submitted.as_ref() == Some(question) {
            return false;
        }
        self.submitted = Some(question.clone());
        self.failure = None;
        match &self.worker {
            Ok(worker) => {
                if !self.under_way {
                    self.busy_since = Instant::now();
                }
                self.newest = worker.submit(question.clone());
                self.under_way = true;
            }
            Err(reason) => self.failure = Some(reason.clone()),
        }
        true
    }

    /// Whether the last question is one that `same` recognizes, so that it need not be made
    /// anew to be compared.
    pub fn has_asked(&self, same: impl FnOnce(&Q) -> bool) -> bool {
        self.submitted.as_ref().is_some_and(same)
    }

    /// Asks the last question again: after it was cancelled.
    pub fn ask_again(&mut self) {
        if let Some(question) = self.submitted.take() {
            self.ask(&question);
        }
    }

    /// Asks the same question again at the next [`Self::ask`].
    pub fn forget_question(&mut self) {
        self.submitted = None;
    }

    /// The last answer.
    pub fn answer(&self) -> Option<&Arc<A>> {
        self.answer.as_ref().map(|(_, answer)| answer)
    }

    /// Waits for an answer that is under way, until `deadline` at the latest; true where there is
    /// a new one.
    pub fn wait_until(&mut self, deadline: Instant) -> bool {
        let longest = deadline.saturating_duration_since(Instant::now());
        if let Ok(worker) = &self.worker
            && self.under_way
            && !longest.is_zero()
        {
            worker.wait(longest);
        }
        self.poll()
    }

    /// Whether the last answer is that of an earlier question.
    pub fn is_stale(&self) -> bool {
        self.answer.as_ref().is_some_and(|(ticket, _)| *ticket != self.newest)
    }

    /// Why the last question has no answer, where it failed.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// The share done of what is under way, where something is.
    pub fn progress(&self) -> Option<f32> {
        self.worker.as_ref().ok().filter(|_| self.under_way).map(Worker::progress)
    }

    /// Whether what is under way takes so long that one should say so.
    pub fn takes_long(&self) -> bool {
        self.under_way && self.busy_since.elapsed() >= SOON
    }

    /// Stops what is under way; the last answer stays.
    pub fn cancel(&self) {
        if let Ok(worker) = &self.worker {
            worker.cancel();
        }
    }
}

impl<Q: Clone + PartialEq + Send + 'static, A: Send + 'static> Study for StudyHandle<Q, A> {
    fn poll(&mut self) -> bool {
        // Before the answer is taken: a worker that ends meanwhile counts as under way until
        // its answer is here too.
        self.under_way = self.is_busy();
        match self.worker.as_ref().ok().and_then(Worker::take) {
            Some(Outcome::Answer { ticket, answer, last }) => {
                if last || ticket != self.newest {
                    // What is under way now is another request, which has just begun.
                    self.busy_since = Instant::now();
                }
                self.answer = Some((ticket, Arc::new(answer)));
                true
            }
            Some(Outcome::Failed { reason, .. }) => {
                self.failure = Some(format!(
                    "The computation failed: {reason}. Undo the last change; what is shown is the result before it."
                ));
                false
            }
            None => false,
        }
    }

    fn is_busy(&self) -> bool {
        self.worker.as_ref().is_ok_and(Worker::is_busy)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// A study that says when it begins and answers the question itself when the gate opens.
    fn gated(live: bool) -> (StudyHandle<u32, u32>, Receiver<()>, Sender<()>) {
        let (begin, begun) = channel::<()>();
        let (go, gate) = channel::<()>();
        let job = move |question: u32, _: &TaskContext<'_>, _: Deliver<'_, u32>| {
            // The test listens as long as it has to know.
            let _ = begin.send(());
            gate.recv().expect("the test opens the gate");
            Ok(question)
        };
        let context = Context::default();
        let study = if live {
            StudyHandle::live(&context, "test", job)
        } else {
            StudyHandle::new(&context, "test", job)
        };
        (study, begun, go)
    }

    fn until_answered(study: &mut StudyHandle<u32, u32>) -> u32 {
        while !study.wait_until(Instant::now() + SOON) {}
        **study.answer().expect("it was just given")
    }

    /// A study whose second question came while the first was under way, which then goes on.
    fn asked_twice(live: bool) -> (StudyHandle<u32, u32>, Sender<()>) {
        let (mut study, begun, go) = gated(live);
        study.ask(&1);
        begun.recv().unwrap();
        study.ask(&2);
        go.send(()).unwrap();
        (study, go)
    }

    #[test]
    fn a_live_study_shows_what_comes_soon_as_the_last_result() {
        let (mut study, go) = asked_twice(true);
        assert_eq!(until_answered(&mut study), 1);
        assert!(study.is_stale() && study.progress().is_some());
        go.send(()).unwrap();
        assert_eq!(until_answered(&mut study), 2);
        assert!(!study.is_stale());
    }

    #[test]
    fn another_study_has_nothing_for_an_earlier_question() {
        let (mut study, go) = asked_twice(false);
        go.send(()).unwrap();
        assert_eq!(until_answered(&mut study), 2);
    }

    #[test]
    fn time_counts_from_the_last_result() {
        let (mut study, _, go) = gated(true);
        study.ask(&1);
        std::thread::sleep(SOON);
        assert!(study.takes_long());
        study.ask(&2);
        go.send(()).unwrap();
        go.send(()).unwrap();
        while !study.poll() {}
        assert!(!study.takes_long());
    }
}
