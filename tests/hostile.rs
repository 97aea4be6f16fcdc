//! Inputs made to break the lab: each is refused with exit code 2 and one plain sentence, before
//! anything is allocated or repeated for it.
#![cfg(unix)]

mod helpers;

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use helpers::{lab, process};
use serde_json::{Value, json};

/// Kilobytes of address space for what is only to be refused.
const MEMORY: u32 = 500_000;
/// Longest time for a refusal. It takes some milliseconds; other tests run beside this one.
const TIME: Duration = Duration::from_secs(5);

/// Runs the lab with little memory, with text on its standard input.
fn limited(arguments: &[&str], input: &[u8]) -> Output {
    let (output, took) = process::limited(MEMORY, arguments, input);
    assert!(took < TIME, "{arguments:?} took {took:?}");
    output
}

/// The sentence of a refusal: one line without control characters, and no double full stop.
fn sentence(what: &str, output: &Output) -> String {
    process::refusal(2, output).unwrap_or_else(|wrong| panic!("{what}: {wrong}"))
}

fn refused(toml: &str, words: &[&str]) {
    let what: String = toml.chars().take(200).collect();
    let told = sentence(&what, &limited(&["run", "-"], toml.as_bytes()));
    for word in words {
        assert!(told.contains(word), "{what}\n{told} does not say {word}");
    }
}

#[test]
fn lists_are_not_tables() {
    refused("architecture = [3, 2, 4]", &["architecture = [3, 2, 4]", "it takes a table"]);
    refused("[[architecture]]\ndepth = 3", &["architecture = ", "it takes a table"]);
    refused("data = [[[1]], [[1]]]", &["data = ", "a table with x and y"]);
    let init = "[[variant]]\ninit = ['he_normal', 2.0]";
    refused(init, &["variant 1, init = [\"he_normal\", 2.0]", "a table such as { scheme ="]);
    let bias = "[[variant]]\nbias = ['normal', 2.0]";
    refused(bias, &["variant 1, bias = [\"normal\", 2.0]", "a table such as { scheme ="]);
    refused("variant = [['A', 'relu']]", &["variant 1 = [\"A\", \"relu\"]", "1 to 6 tables"]);
    refused("variant = [{ name = 'A' }, []]", &["variant 2 = []", "1 to 6 tables"]);
    refused("[[variant]]\nactivation = ['relu']", &["variant 1, activation", "one of linear"]);
    refused("[[variant]]\nactivation = { relu = {} }", &["variant 1, activation", "one of linear"]);
    refused("draws = { numpy = [] }", &["draws = ", "\"numpy\" or \"layered\""]);
}

#[test]
fn dates_are_no_texts() {
    refused("title = 1979-05-27T07:32:00Z", &["title = 1979-05-27T07:32:00Z"]);
    refused("[[variant]]\nname = 07:32:00", &["variant 1, name = 07:32:00"]);
    refused("draws = 1979-05-27", &["draws = 1979-05-27", "\"numpy\" or \"layered\""]);
}

#[test]
fn a_key_without_letters_is_seen() {
    refused("\"\" = 1", &["\"\" is not a key"]);
    refused("[architecture]\n\"\" = 1", &["architecture.\"\" is not a key"]);
}

#[test]
fn variants_are_counted_before_they_are_named() {
    for count in [7, 2000, 50_000] {
        let tables = "[[variant]]\n".repeat(count);
        refused(&tables, &[&format!("variant has {count} tables"), "1 to 6 tables"]);
    }
}

#[test]
fn what_a_file_holds_moves_no_cursor() {
    refused("\"\\u001b[31mred\" = 1", &["\\u{1b}[31mred is not a key", "title, seed"]);
    refused("\u{1b}]0;pwned\u{7} = = 1", &["line 1", "TOML", "\\u{1b}]0;pwned\\u{7}"]);
    refused("\"a\\nb\" = 1", &["a\\nb is not a key"]);
    refused("\"a`b\" = 1", &["a`b is not a key", "title, seed"]);
    refused("\"a`, expected b\" = 1", &["a`, expected b is not a key", "title, seed"]);
    refused("\"\\u202egnp\" = 1", &["\\u{202e}gnp is not a key"]);
    refused("title = '\u{202e}\u{9b}31m\u{2028}'\nseed = -1", &["seed = -1"]);
    let long = "x".repeat(100_000);
    refused(&format!("{long} = 1"), &["xxx… is not a key"]);
    refused(&format!("[architecture]\n{long} = 1"), &["architecture.xxx", "xxx… is not a key"]);
    refused(&format!("[[variant]]\n{long} = 1"), &["variant 1, xxx", "xxx… is not a key"]);
    refused(&format!("seed = '{long}'"), &["seed = \"xxx", "xxx… is not accepted"]);
    refused(&format!("{long} = 1\n{long} = 2"), &["line 2", "duplicate key"]);
    refused(&format!("draws = \"{}\"", "\\u001b".repeat(50)), &["draws = ", "…"]);
    let name = format!("[[variant]]\nname = \"{}\"", "\\u202e".repeat(61));
    refused(&name, &["variant 1, name = \"\\u{202e}", "1 to 60 letters"]);
}

#[test]
fn deep_nesting_is_refused() {
    refused(&format!("seed = {}", "[".repeat(200_000)), &["TOML"]);
    refused(&format!("{}b = 1", "a.".repeat(200_000)), &[]);
    refused(&format!("[{}b]", "a.".repeat(200_000)), &[]);
    refused(&format!("seed = {}", "{a=".repeat(200_000)), &["TOML"]);
}

/// A part of a sweep as the lab writes it, with something changed.
fn part(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let cell = json!({"value": -0.5, "quartiles": [-0.6, -0.4], "zero_share": 0.0});
    let mut part = json!({
        "experiment": { "architecture": { "depth": 5 }, "variant": [{ "name": "A" }] },
        "variant": "A",
        "x": { "setting": "gain", "from": 1.0, "to": 2.0, "cells": 2, "spacing": "linear" },
        "y": null,
        "quantity": "decades_per_layer",
        "seeds": 2,
        "cells": [cell, cell],
    });
    change(&mut part);
    serde_json::to_vec(&part).expect("plain data")
}

fn joined(what: &str, bytes: &[u8]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("part.json");
    std::fs::write(&path, bytes).expect(what);
    limited(&["sweep", "--join", path.to_str().expect("plain")], b"")
}

#[test]
fn parts_are_checked_before_anything_is_made_of_them() {
    let whole = joined("whole", &part(|_| {}));
    assert!(whole.status.success(), "{}", String::from_utf8_lossy(&whole.stderr));
    let told = |what: &str, change: &dyn Fn(&mut Value)| {
        let told = sentence(what, &joined(what, &part(change)));
        assert!(told.contains("part.json"), "{told}");
        told
    };
    for to in [3e8, 1e15, 1e19, 1e300] {
        for setting in ["depth", "width", "batch"] {
            let told = told("axis", &|part| {
                part["x"]["setting"] = json!(setting);
                part["x"]["to"] = json!(to);
            });
            assert!(told.contains(&format!("architecture.{setting} = ")), "{told}");
        }
    }
    let depth =
        told("depth", &|part| part["experiment"]["architecture"]["depth"] = json!(1u64 << 32));
    assert!(depth.contains("architecture.depth = 4294967296"), "{depth}");
    let list = told("list", &|part| part["experiment"]["architecture"] = json!([3, 2, 4]));
    assert!(list.contains("expected a table"), "{list}");
    let names = told("names", &|part| part["experiment"]["variant"] = json!([{}, {}]));
    assert!(names.contains("variant 1, name"), "{names}");
    told("other variants", &|part| {
        let many: Vec<Value> = (0..1000).map(|n| json!({ "name": n.to_string() })).collect();
        part["experiment"]["variant"] = json!(many);
        part["variant"] = json!("0");
    });
    for (cell, key, value) in [
        (0, "zero_share", json!(-5)),
        (1, "zero_share", json!(1.5)),
        (0, "quartiles", json!([0.5, 0.4])),
        (1, "value", Value::Null),
    ] {
        let told = told(key, &|part| part["cells"][cell][key] = value.clone());
        assert!(told.contains(&format!("cell {}", cell + 1)), "{told}");
    }
    told("share", &|part| part["quantity"] = json!("dead_share"));
    told("cells as lists", &|part| part["cells"][0] = json!([0.1, [0.1, 0.1], 0.0]));
    told("axes as lists", &|part| part["x"] = json!(["gain", 1.0, 2.0, 2, "linear"]));
    told("seeds", &|part| part["seeds"] = json!(u32::MAX));
    told("last seed", &|part| part["experiment"]["seed"] = json!(u32::MAX));
    let key = told("key", &|part| part["\u{1b}[31m\n".repeat(1000)] = json!(1));
    assert!(key.contains("\\u{1b}[31m") || key.contains("\\u{1b}"), "{key}");
    for bytes in [&b"[]"[..], b"", b"null", b"{", &[b'['; 100_000], &b"{\"x\":".repeat(50_000)] {
        sentence("no part", &joined("no part", bytes));
    }
}

#[test]
fn endless_files_end() {
    sentence("zeros", &limited(&["sweep", "--join", "/dev/zero"], b""));
    sentence("zeros", &limited(&["run", "/dev/zero"], b""));
    sentence("noise", &limited(&["run", "/dev/urandom"], b""));
    sentence("folder", &limited(&["sweep", "--join", "/"], b""));
}

#[test]
fn sweeps_are_checked_before_they_begin() {
    let told = |more: &[&str], input: &[u8]| {
        sentence(&format!("{more:?}"), &limited(&[&["sweep", "-"][..], more].concat(), input))
    };
    for (axis, key) in [
        ("depth:1:1e15:5", "architecture.depth"),
        ("depth:1:1e19:5", "architecture.depth"),
        ("depth:3e8:3e8:1", "architecture.depth"),
        ("width:1:1e15:5", "architecture.width"),
        ("batch:1:1e300:5", "architecture.batch"),
    ] {
        let told = told(&["--x", axis], b"");
        assert!(told.contains(key), "{told}");
    }
    let gain = ["--x", "gain:1:2:3"];
    let last = [&gain[..], &["--seeds", "3"]].concat();
    assert!(told(&last, b"seed = 4294967295").contains("beyond 4294967295"));
    assert!(told(&last, b"draws = 'layered'\nseed = 9223372036854775806").contains("beyond"));
    for arguments in [
        &["sweep", "chapter-16", "--x", "gain:1:2:3", "--seeds", "4294967295"][..],
        &["sweep", "--join", "a.json", "--seeds", "3"],
        &["sweep", "--join", "a.json", "--quantity", "dead_share"],
        &["sweep", "--join", "a.json", "--threads", "1"],
    ] {
        assert_eq!(limited(arguments, b"").status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn clap_shows_arguments_escaped() {
    let output = limited(&["run", "a", "\u{1b}[31m\u{202e}b"], b"");
    let told = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(2));
    assert!(told.contains("\\u{202e}b") && !told.contains(['\u{1b}', '\u{202e}']), "{told:?}");
}

/// A system that gives no thread: the same numbers, only later.
#[test]
fn no_thread_to_be_had_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let picture = folder.path().join("a.png");
    let picture = picture.to_str().expect("plain");
    for arguments in [
        &["run", "chapter-16"][..],
        &["ensemble", "chapter-16", "--seeds", "40", "--threads", "3"],
        &["sweep", "chapter-16", "--x", "gain:1:2:3", "--seeds", "2", "--threads", "3"],
        &["render", "chapter-16", "--figure", "norms", "-o", picture],
    ] {
        // No system has room for a stack of a petabyte.
        let output = Command::new(env!("CARGO_BIN_EXE_gradient-lab"))
            .args(arguments)
            .env("RUST_MIN_STACK", "1000000000000000")
            .output()
            .expect("it starts");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && told.is_empty(), "{arguments:?}: {told}");
        let painted = std::fs::read(picture).ok();
        assert_eq!(lab(arguments).stdout, output.stdout, "{arguments:?}");
        assert_eq!(std::fs::read(picture).ok().filter(|_| painted.is_some()), painted);
    }
    assert!(Path::new(picture).exists());
}

/// The lab in a shell, which can close, limit and redirect; its exit code and what it told.
fn in_shell(script: &str) -> (Option<i32>, String) {
    let output = Command::new("bash")
        .args(["-c", &script.replace("LAB", env!("CARGO_BIN_EXE_gradient-lab"))])
        .output()
        .expect("a shell");
    (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
}

#[test]
fn what_standard_output_does_not_take_is_a_failure() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out.json");
    let out = out.to_str().expect("plain");
    for script in [
        "LAB --help > /dev/full",
        "LAB --version > /dev/full",
        "LAB list > /dev/full",
        "LAB run chapter-16 > /dev/full",
        // Open for reading alone.
        "LAB run chapter-16 1< /dev/null",
        &format!("ulimit -f 1; LAB run chapter-16 > {out}"),
    ] {
        let (code, told) = in_shell(script);
        assert_eq!(code, Some(1), "{script}: {told}");
        assert!(told.starts_with("gradient-lab: Standard output could not be written"), "{told}");
    }
    assert_eq!(in_shell("LAB --help | true; exit ${PIPESTATUS[0]}"), (Some(0), String::new()));
}

#[test]
fn names_that_no_file_can_have_are_refused_in_few_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let [here, there] = ["here.png", "there.png"].map(|name| folder.path().join(name));
    std::os::unix::fs::symlink(&here, &there).expect("a link");
    std::os::unix::fs::symlink(&there, &here).expect("a link");
    let (circle, long) = (here.to_str().expect("plain"), "x/".repeat(3000) + "a.png");
    for path in [circle, &long, &"x".repeat(300)] {
        let told = sentence("reading", &limited(&["run", path], b""));
        assert!(told.chars().count() < 600, "{told}");
        let write = ["render", "chapter-16", "--figure", "norms", "--format", "png", "-o", path];
        let told = sentence("writing", &limited(&write, b""));
        assert!(told.chars().count() < 600, "{told}");
    }
}

#[test]
fn a_picture_that_cuts_something_is_refused_with_the_size_that_it_takes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.png");
    let path = path.to_str().expect("plain");
    let render = |size: &str| {
        let figure = ["render", "chapter-16", "--figure", "sheet", "--scale", "1", "--size", size];
        limited(&[&figure[..], &["-o", path]].concat(), b"")
    };
    let told = sentence("small", &render("200x200"));
    let least = told.split("at least ").nth(1).expect("a size").trim().trim_end_matches('.');
    let least = least.replace(" × ", "x");
    assert!(render(&least).status.success(), "{least}");
}

#[test]
fn without_memory_for_a_picture_nothing_is_begun() {
    let render = ["render", "chapter-16", "--figure", "norms", "--size", "10000x10000"];
    let output = limited(&[&render[..], &["--scale", "1.4", "-o", "a.png"]].concat(), b"");
    let told = sentence("memory", &output);
    assert!(told.contains("no memory for a picture of 14000 × 14000 pixels"), "{told}");
}

#[test]
fn scripts_without_a_font_are_told_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.png");
    let render = ["render", "-", "--figure", "strips", "--scale", "1", "-o"];
    let arguments = [&render[..], &[path.to_str().expect("plain")]].concat();
    let output = limited(&arguments, "title = 'שלום'".as_bytes());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && told.contains("U+05E9, U+05DC, U+05D5 and 1 more"),
        "{told}"
    );
    assert_eq!(told.matches("The fonts have no").count(), 1, "{told}");
}
