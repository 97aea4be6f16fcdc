//! What several tests need: the binary, and draws from a few lines of TOML.
#![allow(dead_code, reason = "each test uses its own part")]

#[cfg(unix)]
pub mod process;

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use gradient_lab::experiment::Experiment;
use gradient_lab::study::{Draw, DrawStudy, TaskContext};

/// Runs the binary with arguments, without a display, and text on its standard input.
pub fn lab_with_input(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_gradient-lab"))
        .args(arguments)
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    // The lab may refuse before it has read everything.
    let _ = child.stdin.take().expect("piped").write_all(input);
    child.wait_with_output().expect("the binary ends")
}

/// Runs the binary with arguments and nothing on its standard input.
pub fn lab(arguments: &[&str]) -> Output {
    lab_with_input(arguments, b"")
}

/// An experiment from TOML that is meant to be valid.
pub fn experiment(toml: &str) -> Experiment {
    Experiment::from_toml(toml).unwrap_or_else(|error| panic!("{error}\n{toml}"))
}

/// One draw of an experiment.
pub fn draw(experiment: &Experiment) -> Draw {
    DrawStudy::new().run(experiment, &TaskContext::unattended()).expect("nobody stops it")
}

/// |a − b| relative to |b|.
pub fn relative(a: f64, b: f64) -> f64 {
    if a == b { 0.0 } else { (a - b).abs() / b.abs() }
}
