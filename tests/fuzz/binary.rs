//! Harmed files under the built binary, with little memory: it ends with a code that it chose,
//! and tells every refusal in a sentence.

use std::process::Output;
use std::time::Duration;

use gradient_lab::experiment::Experiment;
use gradient_lab::figure::FigureId;

use crate::corpus::{Corpus, Kind, kept};
use crate::helpers::process::{fault, limited, refusal};
use crate::mutate::Mutator;
use crate::parsing::{Verdict, fail, read};
use crate::{Clock, seed};

/// Kilobytes of address space for what is only to be refused.
const REFUSING: u32 = 500_000;
/// Kilobytes for a small network, its threads and a picture.
const COMPUTING: u32 = 4_000_000;
/// A refusal takes milliseconds, and a network this small much less than a second.
const HANG: Duration = Duration::from_secs(30);

/// Whether a draw takes milliseconds: others may take as long and as much as they need.
fn is_small(experiment: &Experiment) -> bool {
    let sizes = experiment.sizes();
    let weights: usize = sizes.windows(2).map(|pair| pair[0] * pair[1]).sum();
    let batch = experiment.architecture.batch;
    sizes.len() <= 40 && weights * batch <= 20_000
}

/// What is done with a file at `path`; `other` is a whole part of a sweep.
fn command(kind: Kind, path: &str, other: &str, mutator: &mut Mutator) -> Vec<String> {
    let figure = mutator.pick(&FigureId::ALL).id();
    let of: &[&str] = match (kind, mutator.below(8)) {
        (Kind::Part, 0..4) => &["sweep", "--join", path, other],
        (Kind::Part, _) => &["sweep", "--join", path],
        (_, 0) => &["run", path, "--format", "csv"],
        (_, 1) => &["theory", path],
        (_, 2) => &["ensemble", path, "--seeds", "3"],
        (_, 3) => &["sweep", path, "--x", "gain:0.5:2:2", "--seeds", "1"],
        (_, 4 | 5) => &[
            "render",
            path,
            "--figure",
            figure,
            "--size",
            "300x200",
            "--scale",
            "0.5",
            "--format",
            "png",
            "-o",
            "/dev/stdout",
        ],
        _ => &["run", path],
    };
    of.iter().map(|&word| word.to_owned()).collect()
}

/// What is wrong with how a command ended: it may do its work, with sentences beside it, or
/// refuse it in one.
fn judge(output: &Output, is_refused: bool) -> Result<(), String> {
    match output.status.code() {
        Some(0) if !is_refused => {
            let told = String::from_utf8_lossy(&output.stderr);
            let wrong = told.lines().find(|line| {
                line.strip_prefix("gradient-lab: ").is_none_or(|line| fault(line).is_some())
            });
            wrong.map_or(Ok(()), |line| Err(format!("it tells {line:?}")))
        }
        Some(1) if !is_refused => refusal(1, output).map(drop),
        _ => refusal(2, output).map(drop),
    }
}

#[test]
fn no_harmed_file_breaks_the_binary() {
    let corpus = Corpus::get();
    let (mut done, mut refused, mut large) = (0, 0, 0);
    let other = kept("other.json");
    std::fs::write(&other, &corpus.parts[1]).expect("a file");
    let other = other.to_str().expect("plain");
    let clock = Clock::start(0.6);
    let mut number = 0;
    while clock.goes_on() || number < 150 {
        // Other numbers than where files are only read.
        let mut mutator = Mutator::new(!seed(), number);
        let kind = Kind::ARGUMENTS[(number % Kind::ARGUMENTS.len() as u64) as usize];
        let bytes = corpus.harmed(kind, &mut mutator);
        number += 1;
        let fail = |wrong: &str| fail(number - 1, kind, &bytes, wrong);
        let is_refused = match read(kind, &bytes) {
            Ok(Verdict::Refused(_)) => true,
            Ok(Verdict::Accepted(experiment)) if kind != Kind::Part && !is_small(&experiment) => {
                large += 1;
                continue;
            }
            Ok(Verdict::Accepted(_)) => false,
            Err(wrong) => fail(&wrong),
        };
        let path = kept(&format!("run-now.{}", kind.ending()));
        std::fs::write(&path, &bytes).expect("a file");
        let arguments = command(kind, path.to_str().expect("plain"), other, &mut mutator);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let memory = if is_refused { REFUSING } else { COMPUTING };
        let (output, took) = limited(memory, &arguments, b"");
        if took > HANG {
            fail(&format!("{arguments:?} took {took:?}"));
        }
        if let Err(wrong) = judge(&output, is_refused) {
            fail(&format!("{arguments:?}: {wrong}"));
        }
        if output.status.success() { done += 1 } else { refused += 1 }
    }
    let report =
        format!("{number} made; done {done}, refused {refused}, too large to be run {large}\n");
    std::fs::write(kept("binary.txt"), &report).expect("a file");
    assert!(done > 5 && refused > 5, "too few to tell anything: {report}");
}
