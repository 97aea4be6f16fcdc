//! No false picture: what is refused or large is dimmed and explained where one looks, and what is
//! said goes with its cause.

use std::path::Path;

use eframe::egui::{Key, Modifiers, Theme, accesskit::Role};
use gradient_lab::experiment::{Draws, Experiment, Loss};
use gradient_lab::gui::Page;
use tempfile::TempDir;

use super::window::{Window, keep};

const SIZES: [[f32; 2]; 2] = [[1024.0, 640.0], [1920.0, 1080.0]];

#[test]
fn a_refused_setting_is_explained_at_the_control_and_over_the_picture() {
    for (theme, ground) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        for size in SIZES {
            let mut window = Window::open_as(None, size, theme);
            window.choose("Loss", 0, Loss::SoftmaxCe.label());
            let reason = "architecture.output = 1 is not accepted";
            assert!(window.shows("What is dimmed is the last result."));
            let controls = window.place(Role::TextInput, "Title", 0).right();
            let outputs = window.place(Role::Slider, "Outputs", 0);
            let places: Vec<_> = window.places_of_text(reason);
            assert!(places.iter().any(|place| place.left() < controls
                && place.top() > outputs.top()
                && place.top() < outputs.bottom() + 20.0));
            let over = places.iter().find(|place| place.left() > controls && place.top() > 60.0);
            assert!(over.is_some_and(|place| place.bottom() < size[1] - 30.0), "{places:?}");
            assert!(places.iter().any(|place| place.top() > size[1] - 30.0), "{places:?}");
            keep(&mut window, &format!("refused-{ground}-{}", size[0]));
            window.click("Undo the change");
            assert!(!window.shows("is not accepted"), "it goes with its cause");
            assert_eq!(window.shown(), &Experiment::default());
        }
    }
}

#[test]
fn every_page_with_a_picture_says_what_is_refused() {
    let mut window = Window::open();
    window.choose("Loss", 0, Loss::SoftmaxCe.label());
    for page in Page::ALL {
        window.click(page.label());
        let told = window.shows("Undo the change");
        assert_eq!(told, page.has_controls(), "{page:?}");
    }
    // What is refused is not what the next session opens on.
    assert_eq!(window.lab().acceptable(), &Experiment::default());
}

#[test]
fn a_large_network_says_what_it_takes_and_waits() {
    let mut experiment = Experiment { draws: Draws::Layered, ..Experiment::default() };
    let architecture = &mut experiment.architecture;
    (architecture.depth, architecture.width, architecture.batch) = (1, 2, 1);
    let mut window = Window::open_with(Some(experiment));
    let before = window.shown().clone();
    // 134 million weights of 8 bytes, and 38 million activations of 32.
    window.type_into(Role::SpinButton, "Batch", 0, "1024");
    window.type_into(Role::SpinButton, "Width", 0, "4096");
    window.type_into(Role::SpinButton, "Depth", 0, "9");
    assert!(window.shows("This network takes about 2.3 GB of memory"), "{:#?}", window.texts());
    assert!(window.lab().is_held() && window.lab().progress().is_none());
    assert_ne!(window.shown(), window.experiment());
    keep(&mut window, "large");
    window.type_into(Role::SpinButton, "Width", 0, "2");
    window.type_into(Role::SpinButton, "Depth", 0, "1");
    assert!(!window.shows("GB of memory"), "it goes with its cause");
    window.type_into(Role::SpinButton, "Batch", 0, "1");
    assert_eq!(window.shown(), &before);
}

#[test]
fn a_wrong_path_keeps_the_dialog_with_its_input() {
    let folder = TempDir::new().expect("a folder");
    let mut window = Window::open();
    let wrong = folder.path().join("nowhere.toml");
    window.press(Modifiers::COMMAND, Key::O);
    window.answer_path(&wrong, "Open");
    window.wait_for_text("there is no such file");
    assert!(window.shows("Open experiment"), "the dialog is still there");
    assert!(window.shows(&wrong.display().to_string()));
    keep(&mut window, "wrong-path");
    // One letter less, and what was said of the path is gone.
    let good = folder.path().join("here.toml");
    std::fs::write(&good, "seed = 7").expect("a file");
    window.type_path(&good);
    assert!(!window.shows("there is no such file"), "{:#?}", window.texts());
    window.click("Open");
    assert_eq!(window.shown().seed, 7);
    assert!(!window.shows("Open experiment"));
}

#[test]
fn a_picture_that_cannot_be_written_keeps_the_dialog() {
    let folder = TempDir::new().expect("a folder");
    let mut window = Window::open();
    window.click("Export…");
    window.click("1×");
    window.answer_path(&folder.path().join("missing/a.png"), "Export");
    window.wait_for_text("Export picture");
    window.wait("a refusal", |window| !window.shows("Writing…"));
    assert!(window.shows("Export picture") && window.shows("missing"), "{:#?}", window.texts());
    window.answer_path(&folder.path().join("a.png"), "Export");
    window.wait_for_text("Written: ");
    assert!(!window.shows("Export picture"));
    assert!(Path::new(&folder.path().join("a.png")).exists());
}
