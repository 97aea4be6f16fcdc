//! Numbers on their way out: the window and `gradient-lab table` write the same, to the last digit.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;

use eframe::egui::{Theme, accesskit::Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use gradient_lab::experiment::{Experiment, Preset};
use gradient_lab::export::table::{TableFormat, TableId};
use gradient_lab::figure::{FigureId, View};
use gradient_lab::gui;
use gradient_lab::study::TaskContext;
use serde_json::Value;
use tempfile::TempDir;

use super::window::Window;

/// What the command prints.
fn printed(experiment: &str, id: &str, format: &str) -> Vec<u8> {
    let arguments = ["table", experiment, "--figure", id, "--format", format];
    let output = Command::new(env!("CARGO_BIN_EXE_gradient-lab")).args(arguments).output();
    let output = output.expect("the binary starts");
    assert!(output.status.success(), "{id}: {}", String::from_utf8_lossy(&output.stderr));
    assert!(!output.stdout.is_empty() && output.stderr.is_empty(), "{id}");
    output.stdout
}

/// Writes what a small window asks for to this file, and reads it.
fn exported(window: &mut Window, file: &Path) -> Vec<u8> {
    window.frames();
    window.answer_path(file, "Export");
    window.wait("a file", |window| !window.shows("Export numbers"));
    std::fs::read(file).expect("the file is there")
}

#[test]
fn every_table_is_the_windows() {
    let folder = TempDir::new().expect("a folder");
    let experiment = Preset::find("worked-example").expect("a preset").experiment();
    let mut window = Window::open_with(Some(experiment.clone()));
    let mut count = 0;
    for id in TableId::all() {
        let numbers = id.compute(&experiment, View::default(), &TaskContext::unattended());
        let numbers = numbers.expect("nobody stops it");
        for format in ["csv", "json"] {
            window.harness.state_mut().command(gui::Command::AskTable(numbers.clone()));
            let file = folder.path().join(format!("{}.{format}", id.id()));
            let text = exported(&mut window, &file);
            assert!(text == printed("worked-example", id.id(), format), "{} {format}", id.id());
        }
        count += 1;
    }
    assert_eq!(count, FigureId::ALL.len() + 3);
}

/// Every button “CSV…” of every page, as it is when the page is opened.
#[test]
fn what_pages_export_is_what_the_command_prints() {
    let folder = TempDir::new().expect("a folder");
    let mut window = Window::open_as(None, [1600.0, 2000.0], Theme::Light);
    let mut seen = HashSet::new();
    // The sweep's page asks a question of its own.
    for page in gui::Page::ALL.into_iter().filter(|page| *page != gui::Page::Sweep) {
        window.click(page.label());
        window.wait_until_idle();
        let count = window.harness.query_all_by_role_and_label(Role::Button, "CSV…").count();
        for index in 0..count {
            window.click_nth("CSV…", index);
            let name = window.find(Role::TextInput, "File", 0).accesskit_node().value();
            let name = name.expect("a path").trim_end_matches(".csv").to_owned();
            let found = TableId::all().filter(|id| name.ends_with(&format!("-{}", id.id())));
            let id = found.max_by_key(|id| id.id().len()).expect("a table's name");
            let text = exported(&mut window, &folder.path().join("numbers.csv"));
            assert!(text == printed("chapter-16", id.id(), "csv"), "{}", id.id());
            seen.insert(id.id());
        }
    }
    let missing: Vec<_> = TableId::all().map(TableId::id).filter(|id| !seen.contains(id)).collect();
    // What stands behind a choice, in a menu, needs a smaller network, or waits for Play.
    let hidden = [
        "sheet",
        "theory",
        "sweep",
        "dist-z",
        "dist-a",
        "dist-w",
        "dist-dw",
        "ridge-z",
        "ridge-a",
        "ridge-delta",
        "ridge-w",
        "ridge-dw",
        "training",
        "training-layers",
        "training-activations",
        "training-heat",
        "loss-scale",
        "decision-surface",
        "rate-test",
        "steps",
    ];
    assert_eq!(missing, hidden);
}

/// The numbers of the CSV's rows and those of the JSON's arrays, quantity by quantity.
#[test]
fn json_has_the_same_numbers_under_names_that_say_what_they_are() {
    let number = |field: &str| field.parse::<f64>().ok();
    for experiment in ["chapter-16", "deep"] {
        let experiment = Preset::find(experiment).expect("a preset").experiment();
        for id in FigureId::ALL {
            if experiment.architecture.depth > 100 && !id.is_of_draw() {
                continue;
            }
            let figure = id.compute(&experiment, View::default(), &TaskContext::unattended());
            let figure = std::sync::Arc::new(figure.expect("nobody stops it"));
            let table = figure.table();
            let json = gradient_lab::export::table::Numbers::Figure(figure);
            let json = json.encode(TableFormat::Json).expect("memory");
            let json: Value = serde_json::from_slice(&json).expect("JSON");
            let mut values: Vec<Option<f64>> = Vec::new();
            let keys = |object: &Value| object.as_object().expect("an object").clone();
            for series in json["series"].as_array().into_iter().flatten() {
                let points = series["points"].as_u64().expect("a count") as usize;
                for (key, array) in keys(series) {
                    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter == '_';
                    let is_digit = |letter: char| letter.is_ascii_digit();
                    assert!(key.chars().all(|c| is_plain(c) || is_digit(c)), "{key}");
                    let Some(array) = array.as_array() else { continue };
                    assert_eq!(array.len(), points, "{} {key}", id.id());
                    if !key.starts_with("x_") && !key.ends_with("_log10") && key != "quantity" {
                        values.extend(array.iter().map(Value::as_f64));
                    }
                }
            }
            if id == FigureId::Derivatives {
                assert_eq!(json["rows"], table.rows.len());
                continue;
            }
            // A number that no f64 holds is null, and so is one that is no number.
            let held = |row: &Vec<String>| {
                number(&row[3]).filter(|value| row[4].is_empty() || *value != 0.0)
            };
            let mut rows: Vec<Option<f64>> = table.rows.iter().map(held).collect();
            let order = |a: &Option<f64>, b: &Option<f64>| a.partial_cmp(b).expect("no NaN");
            values.sort_by(order);
            rows.sort_by(order);
            assert_eq!(values, rows, "{}", id.id());
        }
    }
}

#[test]
fn a_sheets_numbers_stand_once_and_with_all_digits() {
    let experiment = Experiment::default();
    let task = TaskContext::unattended();
    let figure = FigureId::Sheet.compute(&experiment, View::default(), &task).expect("a sheet");
    let table = figure.table();
    let draw = gradient_lab::study::DrawStudy::new().run(&experiment, &task).expect("a draw");
    let mut places = HashSet::new();
    for row in &table.rows {
        assert!(places.insert(row[..3].to_vec()), "{row:?} twice");
    }
    let norms: Vec<_> = table.rows.iter().filter(|row| row[0] == "‖δ⁽ˡ⁾‖").collect();
    assert_eq!(norms.len(), 12);
    for row in norms.iter().filter(|row| row[1] == "Sigmoid") {
        let layer: usize = row[2].parse().expect("a layer");
        let exact = draw.variants[0].layers[layer - 1].delta.to_f64();
        assert_eq!(row[3].parse(), Ok(exact));
    }
}

#[test]
fn a_table_that_there_is_not_is_refused_with_those_that_there_are() {
    let lab = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_gradient-lab")).args(arguments).output();
        let output = output.expect("the binary starts");
        assert!(output.stdout.is_empty());
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).expect("text")
    };
    let told = lab(&["table", "chapter-16", "--figure", "moon"]);
    assert!(told.starts_with("gradient-lab: --figure “moon” has no table. Choose one of norms, "));
    assert!(told.ends_with(", records, steps, remedies.\n") && told.lines().count() == 1, "{told}");
    let told = lab(&["table", "chapter-16", "--figure", "norms", "-o", "norms.xls"]);
    assert!(told.contains("let it end in .csv or .json, or add --format."), "{told}");
    let told = lab(&["table", "chapter-16", "--figure", "steps"]);
    assert!(told.contains("a run by hand shows at most"), "{told}");
}
