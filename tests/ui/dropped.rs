//! Files dropped on the window.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::DroppedFile;
use gradient_lab::experiment::{Experiment, Preset};
use gradient_lab::export::picture::{self, PictureFormat, PictureOptions};
use gradient_lab::figure::{FigureId, View};
use gradient_lab::study::TaskContext;
use tempfile::TempDir;

use super::window::Window;

/// A file as the system hands it over.
#[derive(Debug)]
struct Dropped(PathBuf);

impl DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

fn drop_on(window: &mut Window, path: &Path) {
    window.harness.input_mut().dropped_files.push(Arc::new(Dropped(path.to_owned())));
    window.frames();
    window.settle();
}

fn write(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("a file");
    path
}

#[test]
fn a_dropped_experiment_is_opened() {
    let folder = TempDir::new().expect("a folder");
    let mut window = Window::open();
    let xor = Preset::find("xor").expect("a preset").experiment();
    let path = write(&folder, "xor.toml", xor.to_toml().as_bytes());
    drop_on(&mut window, &path);
    assert_eq!(window.shown(), &xor);
    assert!(window.shows(&format!("Opened: {}", path.display())), "{:#?}", window.texts());
    window.click("Undo");
    assert_eq!(window.shown(), &Experiment::default(), "a step that can be taken back");
}

#[test]
fn a_dropped_picture_of_the_lab_is_opened() {
    let folder = TempDir::new().expect("a folder");
    let mut window = Window::open();
    let deep = Preset::find("xavier-vs-he").expect("a preset").experiment();
    let figure = FigureId::Strips.compute(&deep, View::default(), &TaskContext::unattended());
    let options = PictureOptions { size: [300.0, 200.0], scale: 1.0, dark: true };
    let png =
        picture::encode(&figure.expect("nobody stops it").into(), PictureFormat::Png, options);
    let path = write(&folder, "strips.png", &png.expect("a picture"));
    drop_on(&mut window, &path);
    assert_eq!(window.shown(), &deep);
}

#[test]
fn a_dropped_file_that_is_no_experiment_is_refused_in_a_sentence() {
    let folder = TempDir::new().expect("a folder");
    let mut window = Window::open();
    let cases = [
        (write(&folder, "range.toml", b"architecture.depth = 0"), "architecture.depth = 0"),
        (write(&folder, "photo.jpg", b"\xff\xd8\xff\xe0"), "it is not UTF-8 text"),
        (folder.path().to_owned(), "it is a folder"),
        (folder.path().join("gone.toml"), "there is no such file"),
    ];
    for (path, words) in cases {
        drop_on(&mut window, &path);
        assert!(window.shows(words), "{words}: {:#?}", window.texts());
        assert!(window.shows(&path.display().to_string()), "which file: {:#?}", window.texts());
        assert_eq!(window.shown(), &Experiment::default());
    }
    window.click("New seed");
    assert_eq!(window.shown().seed, 43, "the lab lives on");
}

#[test]
fn of_several_dropped_files_the_first_is_opened() {
    let folder = TempDir::new().expect("a folder");
    let mut window = Window::open();
    let first = write(&folder, "first.toml", b"seed = 7");
    let second = write(&folder, "second.toml", b"seed = 8");
    let files = &mut window.harness.input_mut().dropped_files;
    files.push(Arc::new(Dropped(first)));
    files.push(Arc::new(Dropped(second)));
    window.frames();
    window.settle();
    assert_eq!(window.shown().seed, 7);
}

/// Nobody writes into the pipe.
#[cfg(unix)]
#[test]
fn a_dropped_pipe_keeps_nothing_waiting() {
    let folder = TempDir::new().expect("a folder");
    let pipe = folder.path().join("pipe.toml");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
    assert!(made.success());
    let mut window = Window::open();
    window.harness.input_mut().dropped_files.push(Arc::new(Dropped(pipe.clone())));
    window.frames();
    assert!(window.shows(&format!("Opening: {}", pipe.display())), "{:#?}", window.texts());
    let good = write(&folder, "good.toml", b"seed = 7");
    drop_on(&mut window, &good);
    assert_eq!(window.shown().seed, 7, "the newest one counts");
    // Both ends: the one that waits is let go.
    drop(std::fs::File::create(&pipe).expect("a writer"));
    std::thread::sleep(std::time::Duration::from_millis(200));
    window.frames();
    assert_eq!(window.experiment().seed, 7, "what comes too late is not taken");
}
