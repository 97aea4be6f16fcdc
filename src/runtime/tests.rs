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

/// A worker without patience.
fn worker<Q: Send + 'static, A: Send + 'static>(
    job: impl FnMut(Q, &TaskContext<'_>, Deliver<'_, A>) -> Result<A, Stopped> + Send + 'static,
) -> Worker<Q, A> {
    Worker::spawn("test", Duration::ZERO, job, || {}).expect("a thread")
}

/// Works until it is told to stop.
fn stopped(task: &TaskContext<'_>) -> Stopped {
    loop {
        if let Err(stopped) = task.proceed() {
            return stopped;
        }
        std::thread::yield_now();
    }
}

fn wait<Q: Send + 'static, A: Send + 'static>(worker: &Worker<Q, A>) -> Outcome<A> {
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
    let worker = worker(
        |request: u32, task: &TaskContext<'_>, _: Deliver<'_, u32>| {
            if request == 9 { Ok(request) } else { Err(stopped(task)) }
        },
    );
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
            return Err(stopped(task));
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
    let worker = worker(|request: u32, _: &TaskContext<'_>, _: Deliver<'_, u32>| {
        assert!(request != 1, "one is refused");
        Ok(request)
    });
    worker.submit(1);
    assert!(matches!(wait(&worker), Outcome::Failed { reason, .. } if reason.contains("refused")));
    worker.submit(2);
    assert!(matches!(wait(&worker), Outcome::Answer { answer: 2, .. }));
}

#[test]
fn cancel_stops_what_is_under_way() {
    let worker = worker(|_: u32, task: &TaskContext<'_>, _: Deliver<'_, u32>| Err(stopped(task)));
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
    let job = move |request: Experiment, task: &TaskContext<'_>, deliver: Deliver<'_, Draw>| {
        study.run_with_preview(&request, task, &|draw| {
            deliver(draw);
            // The whole begins when the newer request waits.
            previewed.send(()).unwrap();
            newer.recv().unwrap();
        })
    };
    let worker = worker(job);
    worker.submit(large);
    preview.recv().unwrap();
    let first = worker.take();
    assert!(
        matches!(&first, Some(Outcome::Answer { ticket: 1, answer, last: false }) if answer.is_preview())
    );
    worker.submit(Experiment::default());
    go_on.send(()).unwrap();
    let answer = wait(&worker);
    assert!(
        matches!(answer, Outcome::Answer { ticket: 2, answer, last: true } if answer.experiment == Experiment::default())
    );
}
