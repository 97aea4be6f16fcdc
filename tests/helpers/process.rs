//! The binary with little memory, its refusals, signals to it, and the folders that it writes to.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Runs the binary with so many kilobytes of address space, a minute of processor time and text
/// on its standard input, and tells how long it took.
pub fn limited(kilobytes: u32, arguments: &[&str], input: &[u8]) -> (Output, Duration) {
    let start = Instant::now();
    let mut child = Command::new("sh")
        .args(["-c", &format!("ulimit -v {kilobytes}; ulimit -t 60; exec \"$0\" \"$@\"")])
        .arg(env!("CARGO_BIN_EXE_gradient-lab"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a shell");
    // The lab may refuse before it has read everything.
    let _ = child.stdin.take().expect("piped").write_all(input);
    let output = child.wait_with_output().expect("it ends");
    (output, start.elapsed())
}

/// What is wrong with a sentence that tells a person why something is refused.
pub fn fault(sentence: &str) -> Option<&'static str> {
    let hidden = |letter: char| letter.is_control() || ('\u{202a}'..='\u{202e}').contains(&letter);
    // What it quotes may end as it likes.
    let quoted = sentence.find('“').zip(sentence.rfind('”')).filter(|(from, to)| from < to);
    let (before, after) =
        quoted.map_or((sentence, ""), |(from, to)| (&sentence[..from], &sentence[to..]));
    let is_joined = |part: &str| part.contains(".: ");
    [
        (!sentence.ends_with('.'), "no full stop at its end"),
        (sentence.ends_with("..") || is_joined(before) || is_joined(after), "a full stop too many"),
        (sentence.chars().count() >= 400, "too long"),
        (sentence.contains(hidden), "letters that move the cursor"),
        (sentence.contains("panicked"), "a panic"),
    ]
    .into_iter()
    .find_map(|(is_wrong, what)| is_wrong.then_some(what))
}

/// The sentence of a refusal with that exit code: one line and nothing on standard output.
///
/// # Errors
/// What is wrong with it.
pub fn refusal(code: i32, output: &Output) -> Result<String, String> {
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = told.strip_suffix('\n').and_then(|line| line.strip_prefix("gradient-lab: "));
    let wrong = match line.map(fault) {
        _ if output.status.code() != Some(code) => "another exit code",
        _ if !output.stdout.is_empty() => "something on standard output",
        None => "no line of the lab's",
        Some(Some(wrong)) => wrong,
        Some(None) => return Ok(told),
    };
    Err(format!("{wrong}, {}: {told:?}", output.status))
}

/// The names of what is in a folder, in order.
pub fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("plain"))
        .collect();
    names.sort();
    names
}

/// Sends a signal, such as `TERM`.
pub fn signal(child: &Child, name: &str) {
    let kill = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(kill.expect("kill").success());
}

/// The binary, to be ended by these signals, such as `INT,TERM`: a shell's background job, which
/// the test may be, ignores some. `before` is what the shell does first.
pub fn endable(signals: &str, before: &str) -> Command {
    let script = format!("{before} exec env --default-signal={signals} \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_gradient-lab")]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}
