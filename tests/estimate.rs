//! What is said of a large network before it is computed is what it takes.
#![cfg(target_os = "linux")]

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use gradient_lab::experiment::Experiment;
use gradient_lab::study::Estimate;

/// The most memory that `gradient-lab run` had of this experiment, in bytes, as the system counts it.
fn peak(text: &str) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("net.toml");
    fs::write(&path, text).expect("a file");
    let mut child = Command::new(env!("CARGO_BIN_EXE_gradient-lab"))
        .arg("run")
        .arg(&path)
        .stdout(Stdio::null())
        .spawn()
        .expect("the lab");
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0.0_f64;
    while child.try_wait().expect("a child").is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
        most = kilobytes.map_or(most, |kilobytes| most.max(1024.0 * kilobytes));
        std::thread::sleep(Duration::from_millis(2));
    }
    most
}

/// The bound was chosen before the first measurement: what is said is right within a half.
#[test]
fn the_memory_is_what_was_said() {
    for (depth, width, batch, precision) in
        [(5, 1500, 1, "f64"), (5, 1500, 1, "f32"), (60, 50, 1000, "f64")]
    {
        let text = format!(
            "draws = 'layered'\n[architecture]\ndepth = {depth}\nwidth = {width}\nbatch = {batch}\n\
             precision = '{precision}'\n[[variant]]\nactivation = 'tanh'\n[[variant]]\n\
             activation = 'relu'\ninit = {{ scheme = 'he_uniform' }}"
        );
        let experiment = Experiment::from_toml(&text).expect("valid");
        let (said, taken) = (Estimate::of(&experiment).bytes, peak(&text));
        let ratio = taken / said;
        assert!((2.0 / 3.0..1.5).contains(&ratio), "{depth} × {width}, {batch}: {taken} of {said}");
    }
}
