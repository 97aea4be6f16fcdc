//! Imports run one way, and the numeric core names no GUI.

use std::path::{Path, PathBuf};

/// What each folder of `src` must not name, in any line of any of its files.
const FORBIDDEN: [(&str, &[&str]); 7] = [
    ("experiment", &["engine", "study", "runtime", "figure", "gui", "export", "cli"]),
    ("engine", &["study", "runtime", "figure", "gui", "export", "cli"]),
    ("study", &["runtime", "figure", "gui", "export", "cli"]),
    ("runtime", &["figure", "gui", "export", "cli"]),
    ("figure", &["runtime", "gui", "export", "cli"]),
    ("gui", &["cli"]),
    ("export", &["cli"]),
];

/// Folders that compute, and the crates of the screen.
const WITHOUT_SCREEN: [&str; 4] = ["experiment", "engine", "study", "runtime"];
const SCREEN: [&str; 7] = ["egui", "eframe", "egui_plot", "egui_extras", "rfd", "epaint", "winit"];

/// Every Rust file of a folder of `src`, and `src/<folder>.rs`.
fn files(folder: &str) -> Vec<PathBuf> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![src.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.extend(Some(src.join(format!("{folder}.rs"))).filter(|path| path.exists()));
    found
}

/// The lines of code: comments may name whatever explains best.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("a readable source");
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn imports_run_one_way() {
    for (folder, forbidden) in FORBIDDEN {
        for path in files(folder) {
            let code = code(&path);
            for other in forbidden {
                let is_named = code.contains(&format!("crate::{other}"))
                    || code.contains(&format!("gradient_lab::{other}"));
                assert!(!is_named, "{} names {other}", path.display());
            }
            assert!(!code.contains("crate::{"), "{}: one module a line", path.display());
        }
    }
}

#[test]
fn what_computes_names_no_screen() {
    for folder in WITHOUT_SCREEN {
        for path in files(folder) {
            let code = code(&path);
            for name in SCREEN {
                let is_named = [format!("{name}::"), format!("use {name}")]
                    .iter()
                    .any(|text| code.contains(text));
                assert!(!is_named, "{} names {name}", path.display());
            }
        }
    }
}

#[test]
fn the_core_is_found() {
    for folder in ["experiment", "engine", "study"] {
        assert!(files(folder).len() > 2, "src/{folder} has moved: mend this test");
    }
}
