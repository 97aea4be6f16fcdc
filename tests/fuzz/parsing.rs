//! Harmed files in this process: no panic, no hang, refusals in a sentence, and what is accepted
//! comes back the same when it is saved.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use gradient_lab::experiment::Experiment;
use gradient_lab::export::{open, sweep};
use gradient_lab::figure::words::sweep::sentence;

use crate::corpus::{Corpus, Kind, kept};
use crate::helpers::process::fault;
use crate::mutate::Mutator;
use crate::{Clock, seed, states};

/// Reading takes milliseconds; this is only exceeded by what hangs.
const HANG: Duration = Duration::from_secs(5);

/// What became of a file.
pub enum Verdict {
    /// An experiment, its own or its sweep's.
    Accepted(Box<Experiment>),
    /// Not accepted, in these words.
    Refused(String),
}

/// Reads a file as the lab would.
///
/// # Errors
/// What the lab should not have done.
pub fn read(kind: Kind, bytes: &[u8]) -> Result<Verdict, String> {
    let start = Instant::now();
    let read = catch_unwind(AssertUnwindSafe(|| match kind {
        Kind::Toml | Kind::Picture => read_experiment(bytes),
        Kind::Part => read_part(bytes),
        Kind::State => states::read(bytes),
    }));
    let verdict = read.unwrap_or_else(|_| Err("it panicked".to_owned()))?;
    let took = start.elapsed();
    if took > HANG {
        return Err(format!("it took {took:?}"));
    }
    match &verdict {
        Verdict::Refused(words) => match fault(words) {
            Some(wrong) => Err(format!("{wrong}: {words:?}")),
            None => Ok(verdict),
        },
        Verdict::Accepted(_) => Ok(verdict),
    }
}

fn read_experiment(bytes: &[u8]) -> Result<Verdict, String> {
    let opened = match open::from_reader(bytes) {
        Ok(experiment) => experiment,
        Err(refusal) => return Ok(Verdict::Refused(refusal.to_string())),
    };
    let text = opened.to_toml();
    match Experiment::from_toml(&text) {
        Ok(again) if again == opened => Ok(Verdict::Accepted(Box::new(opened))),
        Ok(_) => Err(format!("it comes back as another experiment:\n{text}")),
        Err(error) => Err(format!("what it saves is refused: {error}\n{text}")),
    }
}

fn read_part(bytes: &[u8]) -> Result<Verdict, String> {
    let (request, map) = match sweep::read_json(bytes) {
        Ok(part) => part,
        // The command line ends the sentence.
        Err(refusal) => return Ok(Verdict::Refused(format!("{refusal}."))),
    };
    for finding in request.findings(&map) {
        let told = sentence(&finding);
        if told.chars().any(char::is_control) || told.contains("NaN") {
            return Err(format!("it tells {told:?}"));
        }
    }
    let mut written = Vec::new();
    sweep::write_json(&request, &map, &mut written).map_err(|error| error.to_string())?;
    match sweep::read_json(&written) {
        Ok((again, cells)) if again == request && cells == map => {
            Ok(Verdict::Accepted(Box::new(request.experiment)))
        }
        Ok(_) => Err("it comes back as another sweep".to_owned()),
        Err(error) => Err(format!("what it saves is refused: {error}")),
    }
}

/// Keeps what failed and says where.
pub fn fail(number: u64, kind: Kind, bytes: &[u8], wrong: &str) -> ! {
    let path: PathBuf = kept(&format!("failed-{}-{number}.{}", seed(), kind.ending()));
    std::fs::write(&path, bytes).expect("a file");
    panic!("mutation {number} of FUZZ_SEED={}, kept as {}: {wrong}", seed(), path.display());
}

#[test]
fn no_harmed_file_breaks_what_reads_it() {
    let corpus = Corpus::get();
    let mut counts = [[0u64; 2]; Kind::ALL.len()];
    let clock = Clock::start(0.4);
    let mut number = 0;
    // On a busy machine the time is over before there is anything to tell.
    while clock.goes_on() || number < 900 {
        let mut mutator = Mutator::new(seed(), number);
        let index = (number % Kind::ALL.len() as u64) as usize;
        let kind = Kind::ALL[index];
        let bytes = corpus.harmed(kind, &mut mutator);
        // A stack that overflows or a refused allocation ends this process: it stays there then,
        // and so it does under whoever looks for what hangs.
        std::fs::write(kept("read-now"), &bytes).expect("a file");
        match read(kind, &bytes) {
            Ok(Verdict::Accepted(_)) => counts[index][0] += 1,
            Ok(Verdict::Refused(_)) => counts[index][1] += 1,
            Err(wrong) => fail(number, kind, &bytes, &wrong),
        }
        number += 1;
    }
    let report = format!("{number} read; accepted and refused {:?}: {counts:?}\n", Kind::ALL);
    std::fs::write(kept("read.txt"), &report).expect("a file");
    let both = counts.iter().all(|counts| counts.iter().all(|&count| count > 2));
    assert!(both, "too few of a kind to tell anything: {report}");
}
