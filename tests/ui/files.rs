//! What leaves the window and comes back: pictures, numbers, experiments.

use std::path::{Path, PathBuf};

use eframe::egui::{Key, Modifiers, accesskit::Role};
use gradient_lab::experiment::Experiment;
use gradient_lab::export::open;
use gradient_lab::export::picture::{self, PictureFormat, PictureOptions};
use gradient_lab::figure::{Figure, FigureId, View};
use tempfile::TempDir;

use super::window::Window;

fn open_in(folder: &TempDir) -> Window {
    let mut window = Window::open();
    window.harness.state_mut().set_folder(folder.path().to_owned());
    window
}

/// The one file of a folder, once the window has said that it is written.
fn written(window: &mut Window, folder: &Path) -> PathBuf {
    window.wait_for_text("Written: ");
    let files: Vec<_> = std::fs::read_dir(folder).expect("a folder").flatten().collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].path()
}

#[test]
fn the_exported_picture_is_the_renderers() {
    let folder = TempDir::new().expect("a folder");
    let mut window = open_in(&folder);
    window.type_into(Role::SpinButton, "Depth", 0, "7");
    window.click("Export…");
    window.click("1×");
    window.click("Export");
    let path = written(&mut window, folder.path());

    let bytes = std::fs::read(&path).expect("the file is there");
    let draw = window.lab().result().expect("a result");
    let options = PictureOptions { size: FigureId::Sheet.default_size(), scale: 1.0, dark: false };
    let figure = Figure::of_draw(FigureId::Sheet, draw, View::default());
    let direct = picture::encode(&figure.into(), PictureFormat::Png, options).expect("a picture");
    let [exported, direct] =
        [&bytes, &direct].map(|png| image::load_from_memory(png).expect("a PNG").to_rgba8());
    assert_eq!(exported.dimensions(), (1100, 1320));
    assert!(exported == direct, "the same pixels");
    assert_eq!(&open::file(&path).expect("an experiment in the picture"), window.experiment());
}

/// The path's ending says what kind of picture it is; one that does not is asked for again.
#[test]
fn a_picture_is_what_its_ending_says() {
    let folder = TempDir::new().expect("a folder");
    let mut window = Window::open();
    for (name, begin) in [("a.svg", "<svg"), ("a.pdf", "%PDF")] {
        window.click("Export…");
        window.answer_path(&folder.path().join("a.jpeg"), "Export");
        window.wait_for_text("ends in .png, .svg or .pdf");
        let path = folder.path().join(name);
        window.answer_path(&path, "Export");
        window.wait("a file", |window| !window.shows("Export picture"));
        let bytes = std::fs::read(&path).expect("the file is there");
        assert!(bytes.starts_with(begin.as_bytes()), "{name}");
    }
}

#[test]
fn an_exported_picture_opens_again() {
    let folder = TempDir::new().expect("a folder");
    let mut window = open_in(&folder);
    window.click("New seed");
    window.press(Modifiers::COMMAND, Key::E);
    window.click("1×");
    window.click("Export");
    let path = written(&mut window, folder.path());
    window.click("Undo");
    window.press(Modifiers::COMMAND, Key::O);
    window.answer_path(&path, "Open");
    assert_eq!(window.shown().seed, 43);
}

#[test]
fn a_changed_file_of_an_experiment_is_told_at_the_bottom() {
    let folder = TempDir::new().expect("a folder");
    let mut window = open_in(&folder);
    std::fs::write(folder.path().join("d.csv"), "0.5,0.25,1\n0.75,1.5,0\n").expect("written");
    let text = |hash: &str| format!("[data]\nset = 'file'\npath = 'd.csv'\n{hash}");
    for (hash, words) in [
        ("", "Opened: "),
        (&format!("sha256 = '{}'", "0".repeat(64)), "d.csv” is not the file with which"),
    ] {
        let path = folder.path().join("on-a-file.toml");
        std::fs::write(&path, text(hash)).expect("written");
        window.press(Modifiers::COMMAND, Key::O);
        window.answer_path(&path, "Open");
        window.wait_for_text(words);
        assert_eq!(window.shown().architecture.input, 2);
    }
}

#[test]
fn the_numbers_are_exported() {
    let folder = TempDir::new().expect("a folder");
    let mut window = open_in(&folder);
    window.press(Modifiers::COMMAND | Modifiers::SHIFT, Key::E);
    window.click("Export");
    let path = written(&mut window, folder.path());
    assert_eq!(path.extension().expect("an extension"), "csv");
    let text = std::fs::read_to_string(&path).expect("text");
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let width = rows.headers().expect("a header").len();
    let count = rows.records().map(|row| assert_eq!(row.expect("a row").len(), width)).count();
    assert!(count >= 6, "{text}");
}

#[test]
fn an_experiment_is_saved_and_opened() {
    let folder = TempDir::new().expect("a folder");
    let mut window = open_in(&folder);
    window.type_into(Role::SpinButton, "Depth", 0, "11");
    window.choose("Activation", 1, "GELU");
    let saved = window.experiment().clone();
    window.menu("File", "Save as…");
    window.click("Save");
    let path = written(&mut window, folder.path());

    window.choose("Preset", 0, "chapter-16");
    assert_eq!(window.shown(), &Experiment::default());
    window.menu("File", "Open experiment…");
    window.answer_path(&path, "Open");
    assert_eq!(window.shown(), &saved);
}

#[test]
fn a_bad_file_is_refused_in_a_sentence() {
    let folder = TempDir::new().expect("a folder");
    let mut window = open_in(&folder);
    let bad = [
        ("syntax.toml", &b"seed = = 7"[..], "TOML"),
        ("range.toml", b"architecture.depth = 0", "architecture.depth = 0"),
        ("binary.toml", b"\xff\xfe\x00", "UTF-8"),
        ("cut.png", b"\x89PNG\r\n\x1a\n", "png"),
    ];
    for (name, bytes, words) in bad {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        window.press(Modifiers::COMMAND, Key::O);
        window.answer_path(&path, "Open");
        window.wait_for_text(words);
        assert_eq!(window.shown(), &Experiment::default(), "{name}");
    }
    window.press(Modifiers::COMMAND, Key::O);
    window.answer_path(&folder.path().join("nowhere.toml"), "Open");
    window.wait_for_text("there is no such file");
    window.click("New seed");
    assert_eq!(window.shown().seed, 43, "the lab lives on");
}

#[test]
fn a_folder_that_takes_no_file_is_a_sentence() {
    let folder = TempDir::new().expect("a folder");
    let mut window = open_in(&folder);
    window.press(Modifiers::COMMAND, Key::S);
    window.answer_path(&folder.path().join("missing/experiment.toml"), "Save");
    window.wait_for_text("missing");
    window.click("New seed");
    assert_eq!(window.shown().seed, 43, "the lab lives on");
}

#[test]
fn a_small_window_is_left_with_escape_or_cancel() {
    let mut window = Window::open();
    window.click("Export…");
    assert!(window.shows("Export picture"));
    window.press(Modifiers::NONE, Key::Escape);
    assert!(!window.shows("Export picture"));
    window.press(Modifiers::COMMAND, Key::S);
    assert!(window.shows("Save experiment"));
    window.click("Cancel");
    assert!(!window.shows("Save experiment"));
}
