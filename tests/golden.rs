//! What each command prints, letter for letter. After an intended change: read the difference,
//! then `UPDATE_GOLDEN=1 cargo test --test golden`.

mod helpers;

use std::fs;
use std::path::Path;

/// Two variants with biases and a batch, small enough to be read.
const EXPERIMENT: &str = r#"
title = "Golden"
seed = 7
draws = "layered"

[architecture]
input = 3
depth = 4
width = 5
output = 2
batch = 2

[[variant]]
name = "Sigmoid"
activation = "sigmoid"
init = { scheme = "xavier_normal" }

[[variant]]
name = "ReLU"
activation = "relu"
init = { scheme = "he_normal" }
bias = { scheme = "normal", std = 0.1 }
"#;

/// A file of this folder, and the arguments that print it.
const COMMANDS: [(&str, &[&str]); 12] = [
    ("run.json", &["run", "-"]),
    ("run.csv", &["run", "-", "--format", "csv"]),
    ("theory.json", &["theory", "-"]),
    ("theory.csv", &["theory", "-", "--format", "csv"]),
    ("ensemble.json", &["ensemble", "-", "--seeds", "40"]),
    ("ensemble.csv", &["ensemble", "-", "--seeds", "40", "--format", "csv"]),
    ("sweep.json", &["sweep", "-", "--x", "gain:0.5:2:3:log", "--y", "depth:2:6:2"]),
    ("sweep.csv", &["sweep", "-", "--x", "gain:0.5:2:3:log", "--format", "csv"]),
    ("remedies.txt", &["remedies", "-", "--seeds", "30"]),
    ("remedies.csv", &["remedies", "-", "--seeds", "30", "--variant", "ReLU", "--format", "csv"]),
    ("remedies.json", &["remedies", "-", "--seeds", "30", "--format", "json"]),
    ("list.txt", &["list"]),
];

#[test]
fn every_command_prints_what_it_printed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/golden");
    let is_update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut changed = Vec::new();
    for (name, arguments) in COMMANDS {
        let output = helpers::lab_with_input(arguments, EXPERIMENT.as_bytes());
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let printed = String::from_utf8(output.stdout).expect("text");
        let path = folder.join(name);
        if is_update {
            fs::write(&path, &printed).expect("a written file");
        }
        let frozen = fs::read_to_string(&path).unwrap_or_default();
        let lines = || frozen.lines().zip(printed.lines());
        if let Some((number, (was, is))) = lines().enumerate().find(|(_, (was, is))| was != is) {
            changed.push(format!("{name}, line {}:\n  {was}\n  {is}", number + 1));
        } else if frozen != printed {
            changed.push(format!("{name}: another number of lines"));
        }
    }
    assert!(changed.is_empty(), "{}", changed.join("\n"));
}

#[test]
fn weights_are_written_as_they_were() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    let arguments = ["run", "-", "--weights", path.to_str().expect("plain")];
    assert!(helpers::lab_with_input(&arguments, EXPERIMENT.as_bytes()).status.success());
    let bytes = fs::read(&path).expect("a written file");
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    assert_eq!(hash, 0x6cf3_1f26_7264_e844, "FNV-1a of {} bytes: {hash:#018x}", bytes.len());
}
