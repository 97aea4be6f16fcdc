//! Kills at random moments while the lab writes: the file is the old one or the new one, and
//! nothing is left over, at the latest after the next run in the folder.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::helpers::lab_with_input;
use crate::helpers::process::{endable, names_in, signal};
use crate::mutate::Mutator;
use crate::{seed, setting};

/// Seconds of kills, unless `KILLS` says how many.
const SECONDS: f64 = 10.0;
const SIGNALS: [&str; 4] = ["KILL", "INT", "TERM", "HUP"];
/// Some megabytes of weights.
const NETWORK: &str = "draws = 'layered'\n[architecture]\ndepth = 8\nwidth = 200\n";

/// Something that the lab writes.
struct Job {
    /// The name in the folder, which arguments end in.
    name: &'static str,
    arguments: Vec<String>,
    /// What a whole run writes.
    whole: Vec<u8>,
    /// How long a whole run takes.
    takes: Duration,
}

impl Job {
    fn new(folder: &Path, name: &'static str, arguments: &[&str]) -> Self {
        let path = folder.join(name).to_str().expect("plain").to_owned();
        let arguments: Vec<String> =
            arguments.iter().map(|&word| word.to_owned()).chain([path.clone()]).collect();
        let times = [(); 3].map(|()| {
            let start = Instant::now();
            let mut child = endable("INT,TERM,HUP", "").args(&arguments).spawn().expect("a shell");
            assert!(child.wait().expect("it ends").success(), "{arguments:?}");
            start.elapsed()
        });
        let takes = times.into_iter().min().expect("three");
        Self { name, whole: std::fs::read(path).expect("written"), arguments, takes }
    }

    fn all(folder: &Path) -> [Self; 3] {
        let network = folder.join("network.toml");
        std::fs::write(&network, NETWORK).expect("a file");
        let network = network.to_str().expect("plain");
        let picture = ["render", "worked-example", "--figure", "sheet", "-o"];
        let sweep =
            ["sweep", "chapter-16", "--x", "gain:0.5:2:24", "--seeds", "8", "--threads", "1"];
        [
            Self::new(folder, "a.png", &picture),
            Self::new(folder, "a.safetensors", &["run", network, "--weights"]),
            Self::new(folder, "a.json", &[&sweep[..], &["--shard", "0/2", "-o"]].concat()),
        ]
    }
}

/// What happened in all.
#[derive(Debug, Default)]
struct Counts {
    kills: u64,
    /// Runs that were faster than the kill.
    finished: u64,
    /// Kills after which the old file was still there.
    old: u64,
    /// Kills that left an unfinished file, for the next run.
    leftovers: u64,
}

#[test]
fn killed_runs_leave_whole_files_and_nothing_over_after_the_next() {
    const OLD: &[u8] = b"what was there before";
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let jobs = Job::all(folder.path());
    let names = names_in(folder.path());
    assert_eq!(names, ["a.json", "a.png", "a.safetensors", "network.toml"]);
    let end = Instant::now() + Duration::from_secs_f64(SECONDS);
    let most = std::env::var_os("KILLS").map(|_| setting("KILLS", 0.0) as u64);
    let mut counts = Counts::default();
    let goes_on = |kills: u64| match most {
        Some(most) => kills < most,
        None => Instant::now() < end || kills < 40,
    };
    while goes_on(counts.kills) {
        let mut mutator = Mutator::new(seed(), counts.kills);
        let name = SIGNALS[counts.kills as usize % SIGNALS.len()];
        let job = mutator.pick(&jobs);
        let path = folder.path().join(job.name);
        std::fs::write(&path, OLD).expect("a file");
        let wait = job.takes.mul_f64(mutator.below(1100) as f64 / 1000.0);
        let what = format!("kill {}: {name} after {wait:?} of {:?}", counts.kills, job.arguments);

        let mut child = endable("INT,TERM,HUP", "").args(&job.arguments).spawn().expect("a shell");
        std::thread::sleep(wait);
        counts.kills += 1;
        if child.try_wait().expect("a child").is_some() {
            counts.finished += 1;
        } else {
            signal(&child, name);
            child.wait().expect("it ends");
        }

        let found = std::fs::read(&path).expect("there, old or new");
        assert!(found == OLD || found == job.whole, "{what}: {} bytes, half written", found.len());
        counts.old += u64::from(found == OLD);
        let left = names_in(folder.path());
        if name == "KILL" && left.len() > names.len() {
            counts.leftovers += left.len() as u64 - names.len() as u64;
            let next = folder.path().join("a.csv");
            let next = next.to_str().expect("plain");
            let sweep = ["sweep", "-", "--x", "gain:1:1:1", "--seeds", "1", "--format", "csv"];
            let output = lab_with_input(&[&sweep[..], &["-o", next]].concat(), b"");
            assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
            std::fs::remove_file(next).expect("written");
        }
        let left = names_in(folder.path());
        assert_eq!(left, names, "{what}: left over");
    }
    let report = format!("{counts:?}\n");
    std::fs::write(crate::corpus::kept("kills.txt"), &report).expect("a file");
    // At random moments both happen, or the moments were none of writing.
    assert!(
        counts.leftovers > 0 && counts.old > 0 && counts.old < counts.kills,
        "too few to tell anything: {report}"
    );
}
