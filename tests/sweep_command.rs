//! `gradient-lab sweep`: parts joined are the whole, and refusals are sentences.

mod helpers;

use helpers::lab;

const MAP: [&str; 10] = [
    "sweep",
    "chapter-16",
    "--variant",
    "Sigmoid",
    "--x",
    "gain:0.5:8:5:log",
    "--y",
    "depth:2:6:3",
    "--seeds",
    "3",
];

fn with(more: &[&str]) -> Vec<u8> {
    let output = lab(&[&MAP[..], more].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "progress is for terminals");
    output.stdout
}

#[test]
fn joined_parts_are_the_whole_byte_for_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let whole = with(&["--threads", "1"]);
    assert_eq!(with(&["--threads", "2"]), whole);
    let parts = [path("0.json"), path("1.json"), path("2.json")];
    for (index, part) in parts.iter().enumerate() {
        with(&["--shard", &format!("{index}/3"), "-o", part]);
    }
    let joined = lab(&["sweep", "--join", &parts[2], &parts[0], &parts[1]]);
    assert_eq!(String::from_utf8(joined.stdout), String::from_utf8(whole));
    let table = lab(&["sweep", "--format", "csv", "--join", &parts[0], &parts[1], &parts[2]]);
    assert_eq!(table.stdout, with(&["--format", "csv"]));
    let incomplete = lab(&["sweep", "--join", &parts[0], &parts[1]]);
    assert_eq!(incomplete.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&incomplete.stderr).contains("no part has measured: 5."));
}

#[test]
fn bad_arguments_are_refused_in_a_sentence() {
    let of = ["sweep", "chapter-16"];
    for (arguments, part) in [
        (&["--x", "gain:1:2"][..], "SETTING:FROM:TO:CELLS"),
        (&["--x", "colour:1:2:3"], "one of gain, weight_std"),
        (&["--x", "gain:2:1:3"], "the smaller one first"),
        (&["--x", "gain:1:2:257"], "from 1 to 256"),
        (&["--x", "gain:0:2:3:log"], "from above 0"),
        (&["--x", "gain:1:2:3", "--y", "gain:1:2:3"], "x and y are of different settings"),
        (&["--x", "depth:1:3000:3"], "depth"),
        (&["--x", "depth:2:1e308:2", "--y", "bias_std:0:1:2"], "depth = 18446744073709551615"),
        (&["--x", "width:2:1e308:2", "--y", "depth:1:1e19:2"], "a whole number from 1 to"),
        (&["--x", "gain:1:2:3", "--quantity", "joy"], "decades_per_layer"),
        (&["--x", "gain:1:2:3", "--shard", "2/2"], "such as 0/4"),
        (&["--x", "gain:1:2:3", "--seeds", "0"], "seeds"),
        (&["--x", "gain:1:2:3", "--variant", "Tanh"], "Sigmoid, ReLU"),
        (&[], "--x"),
    ] {
        let output = lab(&[&of[..], arguments].concat());
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {words}");
        assert!(words.contains(part), "{arguments:?}: {words}");
    }
    let output = lab(&["sweep", "--join", "Cargo.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no sweep that the lab wrote"));
}
