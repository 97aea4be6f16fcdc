//! `gradient-lab train`, data and weights from files, and what is refused of them.

mod bad;
#[path = "../helpers/mod.rs"]
mod helpers;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use bad::ON_A_FILE;
use gradient_lab::experiment::Examples;
use gradient_lab::export::{data_file, open};
use gradient_lab::study::{DrawStudy, TaskContext};
use helpers::lab;
use helpers::process::refusal;
use serde::Deserialize;

const TRAINING: &str = "[architecture]\nhidden = [8, 6]\nbatch = 16\nloss = 'bce'\n[data]\nset = 'circles'\nexamples = 120\n[training]\nsteps = 60\noptimizer = 'adam'\nlearning_rate = 0.01\n[[variant]]\nname = 'Plain'\nactivation = 'tanh'\n[[variant]]\nname = 'Batch'\nactivation = 'relu'\nnormalization = 'batch'\ntraining = { optimizer = 'momentum' }\nclip = { norm = 1.0 }";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> String {
        fs::write(self.path(name), contents).expect("written");
        self.path(name)
    }
}

fn succeeded(output: &Output) -> String {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    String::from_utf8(output.stdout.clone()).expect("text")
}

#[test]
fn a_training_is_the_same_on_any_number_of_threads() {
    let folder = Folder::new();
    let experiment = folder.file("circles.toml", TRAINING);
    let run = |threads: &str| {
        let (log, weights) = (folder.path("run.csv"), folder.path("run.safetensors"));
        let told = lab(&[
            "train",
            &experiment,
            "--log",
            &log,
            "--weights",
            &weights,
            "--threads",
            threads,
        ]);
        assert_eq!(succeeded(&told), "");
        (fs::read_to_string(log).expect("a log"), fs::read(weights).expect("weights"))
    };
    let (log, weights) = run("1");
    assert!(run("2") == (log.clone(), weights.clone()) && run("5") == (log.clone(), weights));
    assert_eq!(succeeded(&lab(&["train", &experiment])), log);
    assert_eq!(log.lines().count(), 1 + 2 * 60 * 3);
}

/// So many steps were chosen after seeing that 60 are too few for circles of 96 examples.
#[test]
fn it_learns_what_it_has_not_seen() {
    let folder = Folder::new();
    let text = TRAINING.replace("steps = 60", "steps = 400");
    let log = succeeded(&lab(&["train", &folder.file("circles.toml", text)]));
    let mut reader = csv::Reader::from_reader(log.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), 2 * 400 * 3);
    let number = |row: usize, column: usize| rows[row][column].parse::<f64>().expect("a number");
    for first in [0, 1200] {
        let [before, after] = [first, first + 1199].map(|row| number(row, 5));
        assert!(after < 0.5 * before, "test loss {before} {after}");
        assert!(number(first + 1199, 6) > 0.9);
    }
}

#[test]
fn a_training_that_goes_on_is_the_whole_one_bit_by_bit() {
    let folder = Folder::new();
    let whole = folder.file("whole.toml", TRAINING);
    let half = folder.file("half.toml", TRAINING.replace("steps = 60", "steps = 25"));
    let [first, second, all] =
        ["1", "2", "3"].map(|name| folder.path(&format!("{name}.safetensors")));
    succeeded(&lab(&["train", &half, "--weights", &first]));
    succeeded(&lab(&["train", &whole, "--weights", &second, "--resume", &first]));
    succeeded(&lab(&["train", &whole, "--weights", &all]));
    assert!(fs::read(&second).expect("written") == fs::read(&all).expect("written"));
    let again = lab(&["train", &whole, "--resume", &all]);
    let sentence = refusal(2, &again).expect("a sentence");
    assert!(sentence.contains("written after 60 steps, and this training takes 60"), "{sentence}");
    let weights = folder.path("w.safetensors");
    succeeded(&lab(&["run", &whole, "--weights", &weights]));
    let sentence = refusal(2, &lab(&["train", &whole, "--resume", &weights])).expect("a sentence");
    assert!(sentence.contains("does not say after how many steps"), "{sentence}");
}

/// A dynamic loss scale that begins so high that steps are skipped before and after the halt.
#[test]
fn in_a_narrow_format_it_goes_on_with_its_loss_scale() {
    let folder = Folder::new();
    for precision in ["fp16", "bf16"] {
        let text = TRAINING
            .replace("[architecture]", &format!("[architecture]\nprecision = '{precision}'"))
            .replace("[training]", "[training]\nloss_scale = 'dynamic'")
            .replace(
                "activation = 'tanh'",
                "activation = 'relu'\ninit = { scheme = 'he_normal', gain = 30.0 }",
            );
        let whole = folder.file("whole.toml", &text);
        let half = folder.file("half.toml", text.replace("steps = 60", "steps = 25"));
        let [first, second, all] =
            ["1", "2", "3"].map(|name| folder.path(&format!("{name}.safetensors")));
        succeeded(&lab(&["train", &half, "--weights", &first]));
        let rest = succeeded(&lab(&["train", &whole, "--weights", &second, "--resume", &first]));
        let log = succeeded(&lab(&["train", &whole, "--weights", &all]));
        assert!(fs::read(&second).expect("written") == fs::read(&all).expect("written"));
        let bytes = fs::read(&first).expect("written");
        let file = safetensors::SafeTensors::deserialize(&bytes).expect("whole");
        let state = file.tensor("Plain.loss_scaler").expect("it is kept");
        let (numbers, _) = state.data().as_chunks();
        let [power, _, skipped] = [0, 1, 2].map(|place: usize| i64::from_le_bytes(numbers[place]));
        let most = if precision == "fp16" { 15 } else { 24 };
        assert_eq!(power, most - skipped, "a step that is skipped halves the scale");
        assert_eq!(skipped > 0, precision == "fp16", "{skipped} steps of {precision}");
        // What the resumed one tells is what the whole one tells of the same steps.
        let of_step = |log: &str, from: usize| -> Vec<String> {
            let step = |line: &str| line.split(',').nth(1).and_then(|step| step.parse().ok());
            let later = |line: &&str| step(line).is_some_and(|step: usize| step >= from);
            log.lines().filter(later).map(str::to_owned).collect()
        };
        assert!(of_step(&rest, 25) == of_step(&log, 25) && of_step(&rest, 0).len() == 2 * 35 * 3);
        let header = log.lines().next().expect("a header");
        assert!(header.ends_with("activation_rms,loss_scale,flushed_share"), "{header}");
        let scales = log.lines().skip(1).map(|line| {
            let mut ends = line.rsplit(',');
            let share = ends.next().expect("a share").to_owned();
            (ends.next().expect("a scale").parse::<f64>().expect("a number"), share)
        });
        let (scales, shares): (Vec<f64>, Vec<String>) = scales.unzip();
        assert_eq!(scales[0], 2_f64.powi(most as i32));
        let unknown = shares.iter().any(String::is_empty);
        assert_eq!(unknown, skipped > 0, "a share that is not known is empty");
        let known = shares.iter().filter(|share| !share.is_empty());
        assert!(
            known.map(|s| s.parse::<f64>().expect("a number")).all(|s| (0.0..=1.0).contains(&s))
        );
    }
}

/// As the files of fp16 were before they kept the loss scale.
#[test]
fn a_narrow_training_without_its_loss_scale_is_refused_and_still_gives_its_networks() {
    let folder = Folder::new();
    let text = TRAINING.replace("[architecture]", "[architecture]\nprecision = 'fp16'");
    let single = folder.file("single.toml", text.replace("'fp16'", "'f32'"));
    let narrow = folder.file("narrow.toml", text.replace("steps = 60", "steps = 70"));
    let old = folder.path("old.safetensors");
    succeeded(&lab(&["train", &single, "--weights", &old]));
    let sentence = refusal(2, &lab(&["train", &narrow, "--resume", &old])).expect("a sentence");
    assert!(sentence.contains("keeps neither the loss scale"), "{sentence}");
    let new = folder.path("new.safetensors");
    succeeded(&lab(&["train", &narrow, "--weights", &new]));
    let given =
        text.replace("name = 'Plain'", "name = 'Plain'\nweights = { file = 'new.safetensors' }");
    succeeded(&lab(&["run", &folder.file("given.toml", given)]));
}

#[cfg(unix)]
#[test]
fn a_stopped_training_keeps_what_it_has_and_a_killed_one_the_old_file() {
    let folder = Folder::new();
    let long = folder.file("long.toml", TRAINING.replace("steps = 60", "steps = 10000000"));
    let weights = folder.file("run.safetensors", "what was there");
    // Not SIGINT, which a test that runs in the background ignores.
    for (signal, keeps) in [("-KILL", false), ("-TERM", true)] {
        let log = folder.path("run.csv");
        let child = Command::new(env!("CARGO_BIN_EXE_gradient-lab"))
            .args(["train", &long, "--log", &log, "--weights", &weights])
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        std::thread::sleep(Duration::from_secs(3));
        let process = child.id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().expect("kill").success());
        let output = child.wait_with_output().expect("it ends");
        let now = fs::read(&weights).expect("a file");
        assert_eq!(output.status.success(), keeps);
        assert_eq!(now != b"what was there", keeps);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(told.contains("of 10000000 steps; what was learned is kept."), keeps, "{told}");
        if keeps {
            let records = fs::read_to_string(log).expect("a log").lines().count();
            assert!((2..=1 + 2 * 1024 * 3).contains(&records));
        }
    }
}

#[test]
fn a_diverging_variant_stops_with_a_sentence_and_the_other_goes_on() {
    let folder = Folder::new();
    let text = "[training]\nsteps = 40\n[[variant]]\nname = 'Wild'\nactivation = 'relu'\noutput_activation = 'linear'\ninit = { scheme = 'identity' }\ntraining = { learning_rate = 1e6 }\n[[variant]]\nname = 'Calm'";
    let experiment = folder.file("wild.toml", text);
    let weights = folder.path("w.safetensors");
    let output = lab(&["train", &experiment, "--weights", &weights]);
    let log = succeeded(&output);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("Variant “Wild” diverged in step"), "{told}");
    assert_eq!(log.lines().filter(|line| line.starts_with("Calm")).count(), 40 * 6);
    let file = fs::read(&weights).expect("weights");
    let file = safetensors::SafeTensors::deserialize(&file).expect("whole");
    for (_, tensor) in file.tensors() {
        assert!(tensor.data().chunks_exact(8).all(|number| {
            f64::from_le_bytes(number.try_into().expect("eight bytes")).is_finite()
        }));
    }
}

/// What state_dicts.py leaves of one network.
#[derive(Deserialize)]
struct StateDict {
    experiment: String,
    loss: f64,
    delta_norms: Vec<f64>,
}

#[test]
fn networks_of_pytorch_have_autograd_s_error_signals() {
    let from = Path::new("tests/data/training");
    let text = fs::read_to_string(from.join("state_dicts.json")).expect("the script's own");
    let cases: Vec<StateDict> = serde_json::from_str(&text).expect("the script's own");
    let folder = Folder::new();
    for name in ["plain", "batch", "layer"] {
        let name = format!("{name}.safetensors");
        fs::copy(from.join(&name), folder.path(&name)).expect("copied");
    }
    for case in cases {
        let path = folder.file("case.toml", &case.experiment);
        let experiment = open::file(Path::new(&path)).unwrap_or_else(|e| panic!("{e}"));
        let task = TaskContext::unattended();
        let draw = DrawStudy::new().run(&experiment, &task).expect("not stopped");
        let variant = &draw.variants[0];
        assert!((variant.loss.to_f64() - case.loss).abs() < 1e-12 * case.loss);
        assert_eq!(variant.layers.len(), case.delta_norms.len());
        for (layer, expected) in variant.layers.iter().zip(&case.delta_norms) {
            let error = (layer.delta.to_f64() - expected).abs() / expected;
            assert!(error < 1e-10, "layer {}: {error:e}\n{}", layer.layer, case.experiment);
        }
        let again = experiment.to_toml();
        assert!(again.contains("weights = {") || again.contains("[variant.weights]"), "{again}");
        let path = folder.file("again.toml", &again);
        assert_eq!(
            open::file(Path::new(&path)).unwrap_or_else(|e| panic!("{e}\n{again}")),
            experiment
        );
    }
}

#[test]
fn the_lab_s_own_weights_are_read_back() {
    let folder = Folder::new();
    let experiment = folder.file("circles.toml", TRAINING);
    let weights = folder.path("own.safetensors");
    succeeded(&lab(&["train", &experiment, "--weights", &weights]));
    let own = TRAINING
        .replace("activation = '", "weights = { file = 'own.safetensors' }\nactivation = '");
    let own = folder.file("own.toml", own);
    let experiment = open::file(Path::new(&own)).unwrap_or_else(|e| panic!("{e}"));
    let file = fs::read(&weights).expect("weights");
    let file = safetensors::SafeTensors::deserialize(&file).expect("whole");
    let tensor = |name: &str| -> Vec<f64> {
        let tensor = file.tensor(name).expect(name);
        let number = |bytes: &[u8]| f64::from_le_bytes(bytes.try_into().expect("eight bytes"));
        tensor.data().chunks_exact(8).map(number).collect()
    };
    for variant in &experiment.variants {
        let given = variant.weights.as_ref().expect("read");
        assert_eq!(given[1].concat(), tensor(&format!("{}.2.weight", variant.name)));
    }
    let norm = experiment.variants[1].given_norm(2).expect("normalized");
    assert_eq!(norm.gamma, tensor("Batch.2.norm.weight"));
}

/// Whatever NumPy made of them, they are the same examples.
#[test]
fn archives_of_numpy_are_read() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/npz"));
    for name in ["plain", "compressed", "in_order"] {
        let read = data_file::read(&folder.join(name).with_extension("npz"));
        let Examples { inputs, x, targets } = read.unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!((inputs, x.len(), targets.len()), (3, 120, 40));
        for (i, row) in x.chunks(3).enumerate() {
            let first = (7 * i % 11) as f64 / 4.0;
            assert_eq!((row, targets[i]), (&[first, first - 1.0, first - 2.0][..], (i % 2) as f64));
        }
    }
}

#[test]
fn a_data_file_feeds_every_command() {
    let folder = Folder::new();
    let rows: String = (0..40).map(|i| format!("{},{},{}\n", i % 7, i % 3, i % 2)).collect();
    folder.file("d.csv", format!("a,b,label\n{rows}"));
    let experiment =
        folder.file("d.toml", format!("{ON_A_FILE}\nstandardize = true\n[training]\nsteps = 20"));
    assert!(succeeded(&lab(&["run", &experiment])).contains("delta_norm"));
    assert_eq!(succeeded(&lab(&["train", &experiment])).lines().count(), 1 + 2 * 20 * 2);
    let read = open::file(Path::new(&experiment)).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((read.architecture.input, read.architecture.output), (2, 1));
    let split = read.split().expect("labels").expect("a set");
    assert_eq!((split.training.x.len(), split.test.x.len()), (32, 8));
}

/// The digits are those of sha256sum.
const SHA256: &str = "4fbf148e524fa9fbb10d470aaa8ea371b5bd598c365803c9263c833007af5c5e";

#[test]
fn a_picture_tells_when_a_file_that_it_names_has_changed() {
    let folder = Folder::new();
    let rows: String = (0..40).map(|i| format!("{},{},{}\n", i % 7, i % 3, i % 2)).collect();
    folder.file("d.csv", format!("a,b,label\n{rows}"));
    let experiment = folder.file("d.toml", format!("{ON_A_FILE}\n[training]\nsteps = 2"));
    let own = folder.path("own.safetensors");
    succeeded(&lab(&["train", &experiment, "--weights", &own]));
    let both = format!(
        "{ON_A_FILE}\n[[variant]]\nname = 'Sigmoid'\nweights = {{ file = 'own.safetensors' }}"
    );
    let both = folder.file("both.toml", both);
    let pictures = ["png", "svg", "pdf"].map(|ending| folder.path(&format!("picture.{ending}")));
    for picture in &pictures {
        succeeded(&lab(&["render", &both, "--figure", "norms", "-o", picture]));
        let told = lab(&["run", picture]);
        succeeded(&told);
        assert_eq!(String::from_utf8_lossy(&told.stderr), "");
        let read = open::file(Path::new(picture)).unwrap_or_else(|e| panic!("{e}"));
        let hash = read.data_set.as_ref().and_then(|set| set.sha256.clone()).expect("a hash");
        assert_eq!((hash.sha256.as_str(), hash.is_changed), (SHA256, false));
        assert!(read.variants[0].weights_file.as_ref().is_some_and(|file| file.sha256.is_some()));
    }
    // One number of forty rows, and weights of two more steps.
    folder.file("d.csv", format!("a,b,label\n{}", rows.replacen("1,1,1", "1,2,1", 1)));
    let more = folder.file("more.toml", format!("{ON_A_FILE}\n[training]\nsteps = 4"));
    succeeded(&lab(&["train", &more, "--weights", &own]));
    for picture in &pictures {
        let told = lab(&["run", picture]);
        succeeded(&told);
        let told = String::from_utf8_lossy(&told.stderr);
        assert!(told.contains("data.path = “d.csv” is not the file with which"), "{told}");
        assert!(told.contains("weights.file = “own.safetensors” is not the file"), "{told}");
        let read = open::file(Path::new(picture)).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(read.changed_files().len(), 2);
        // What is written of it now is of the files as they are.
        let again = folder.file("again.toml", read.to_toml());
        let again = open::file(Path::new(&again)).unwrap_or_else(|e| panic!("{e}"));
        assert!(again.changed_files().is_empty());
    }
}
