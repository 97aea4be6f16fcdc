//! Arguments that are refused, and what is not bad at all.

use crate::helpers::{lab, lab_with_input};

#[test]
fn arguments() {
    for (arguments, words) in [
        (&["run"][..], &["<EXPERIMENT>"][..]),
        (&["run", "deep", "--format", "xml"], &["--format", "json", "csv"]),
        (&["run", "deep", "--seed", "3"], &["--seed"]),
        (&["render", "deep", "--figure", "bars"], &["--output"]),
        (
            &["render", "deep", "--figure", "bars", "-o", "a.png", "--size", "0x9"],
            &["200 to 10000"],
        ),
        (&["render", "deep", "--figure", "bars", "-o", "a.png", "--size", "9"], &["1200x800"]),
        (
            &["render", "deep", "--figure", "bars", "-o", "a.png", "--scale", "nan"],
            &["a number from 0.5"],
        ),
        (&["render", "deep", "--figure", "bars", "-o", "a.png", "--dpi", "0"], &["such as 300"]),
        (&["render", "deep", "--figure", "bars", "-o", "a.png", "--theme", "red"], &["light"]),
        (&["run", "chapter-17"], &["chapter-17", "no such file", "gradient-lab list"]),
    ] {
        let output = lab(arguments);
        let told = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        for word in words {
            assert!(told.contains(word), "{arguments:?}: {told}");
        }
    }
}

#[test]
fn what_is_not_bad() {
    assert!(lab(&["run", "-"]).status.success(), "nothing at all is the chapter");
    assert!(lab_with_input(&["run", "-"], b"\xef\xbb\xbfseed = 7").status.success());
    assert!(lab_with_input(&["run", "-"], b"seed = 7\r\n").status.success());
    for arguments in [&["--help"][..], &["run", "--help"], &["--version"], &["list"]] {
        let output = lab(arguments);
        assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}");
        assert!(!output.stdout.is_empty(), "{arguments:?}");
    }
}

/// A reader that has seen enough, as `head` has: no failure, no panic.
#[test]
fn a_closed_pipe_is_no_failure() {
    use std::process::{Command, Stdio};
    for arguments in [&["list"][..], &["run", "deep"], &["run", "deep", "--format", "csv"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_gradient-lab"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("the binary ends");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && told.is_empty(), "{arguments:?}: {told}");
    }
}

#[test]
fn every_name_is_listed() {
    let listed = String::from_utf8(lab(&["list"]).stdout).expect("UTF-8");
    let names = gradient_lab::experiment::Activation::ALL.map(|a| a.id()).into_iter();
    let names = names
        .chain(gradient_lab::experiment::Scheme::ALL.map(|s| s.id()))
        .chain(gradient_lab::experiment::Loss::ALL.map(|l| l.id()))
        .chain(gradient_lab::experiment::Preset::ALL.map(|p| p.id))
        .chain(gradient_lab::experiment::limits::KEYS.iter().map(|key| key.name.as_str()));
    for name in names {
        assert!(listed.lines().any(|line| line.trim().starts_with(name)), "{name} is not listed");
    }
}
