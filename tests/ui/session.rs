//! Nothing is lost: the next session opens on this one, files are saved and opened again, and
//! unsaved work does not go without a question.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use eframe::App as _;
use eframe::egui::{
    Key, Modifiers, Theme, ViewportCommand, ViewportEvent, ViewportId, accesskit::Role,
};
use gradient_lab::experiment::{Experiment, Preset};
use gradient_lab::export::open;
use gradient_lab::gui::Page;
use tempfile::TempDir;

use super::window::{Window, keep};

/// Storage that a test can read.
#[derive(Default)]
struct Memory(BTreeMap<String, String>);

impl eframe::Storage for Memory {
    fn get_string(&self, key: &str) -> Option<String> {
        self.0.get(key).cloned()
    }

    fn set_string(&mut self, key: &str, value: String) {
        self.0.insert(key.to_owned(), value);
    }

    fn remove_string(&mut self, key: &str) {
        self.0.remove(key);
    }

    fn flush(&mut self) {}
}

/// What the window leaves when it is killed right after it saved.
fn left(window: &mut Window) -> Memory {
    let mut memory = Memory::default();
    window.harness.state_mut().save(&mut memory);
    memory
}

/// The next start, with an experiment as argument or without.
fn started(memory: Memory, experiment: Option<Experiment>) -> Window {
    Window::open_stored(Some(Box::new(memory)), experiment, [1280.0, 1500.0], Theme::Light)
}

fn title(window: &Window) -> String {
    window.harness.state().title().to_owned()
}

fn save_as(window: &mut Window, path: &Path) {
    window.menu("File", "Save as…");
    window.answer_path(path, "Save");
    window.wait_for_text("Written: ");
}

#[test]
fn the_next_session_opens_on_this_one() {
    let mut window = started(Memory::default(), None);
    assert_eq!(window.experiment(), &Experiment::default(), "the very first start");
    assert_eq!(title(&window), "Gradient lab");
    window.type_into(Role::TextInput, "Title", 0, "To be kept");
    window.choose("Activation", 0, "Tanh");
    window.click("theory");
    window.click("linear");
    window.click("Panels");
    window.click("Why");
    let experiment = window.experiment().clone();
    assert!(window.harness.state().auto_save_interval() <= Duration::from_secs(3));
    let memory = left(&mut window);
    let next = started(memory, None);
    assert_eq!(next.shown(), &experiment);
    assert_eq!(next.harness.state().page(), Page::Why);
    assert!(next.lab().view.theory && next.lab().view.linear && next.lab().folded);
    assert_eq!(title(&next), "Untitled* – Gradient lab", "no file has it yet");
}

#[test]
fn unsaved_work_outlives_a_start_on_something_else() {
    let mut window = started(Memory::default(), None);
    window.click("New seed");
    let xor = Preset::find("xor").expect("a preset").experiment();
    // Twice, as one who looks at two files would.
    let mut next = started(left(&mut window), Some(xor.clone()));
    assert_eq!(next.shown(), &xor);
    let mut next = started(left(&mut next), Some(xor));
    next.menu("File", "Reopen earlier unsaved work");
    assert_eq!(next.shown().seed, 43);
}

#[test]
fn a_file_is_saved_again_without_a_question() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("net.toml");
    let mut window = Window::open();
    window.type_into(Role::SpinButton, "Depth", 0, "7");
    assert_eq!(title(&window), "Untitled* – Gradient lab");
    save_as(&mut window, &path);
    assert_eq!(title(&window), "net.toml – Gradient lab");
    window.type_into(Role::SpinButton, "Depth", 0, "9");
    assert_eq!(title(&window), "net.toml* – Gradient lab");
    window.press(Modifiers::COMMAND, Key::S);
    window.wait_for_text("Written: ");
    assert!(!window.shows("Save experiment"), "no path is asked for");
    assert_eq!(title(&window), "net.toml – Gradient lab");
    assert_eq!(&open::file(&path).expect("its own file"), window.experiment());
    // To where it was before the file was saved: the file has another state.
    window.click("Undo");
    assert_eq!(title(&window), "net.toml* – Gradient lab");
    let next = started(left(&mut window), None);
    assert_eq!(next.experiment().architecture.depth, 7);
    assert_eq!(title(&next), "net.toml* – Gradient lab");
}

#[test]
fn recent_files_are_offered_again() {
    let folder = TempDir::new().expect("a folder");
    let mut window = Window::open();
    for name in ["first.toml", "second.toml"] {
        window.click("New seed");
        save_as(&mut window, &folder.path().join(name));
    }
    let mut next = started(left(&mut window), None);
    next.find(Role::Button, "File", 0).click();
    next.frames();
    next.find(Role::Button, "Open recent", 0).click();
    next.frames();
    assert!(next.shows("second.toml"));
    next.click("first.toml");
    assert_eq!(next.shown().seed, 43);
    assert_eq!(title(&next), "first.toml – Gradient lab");
}

#[test]
fn unsaved_work_goes_after_a_question_only() {
    let mut window = Window::open();
    window.choose("Preset", 0, "xor");
    window.choose("Preset", 0, "deep");
    assert!(!window.shows("Unsaved changes"), "a preset as it comes is no work");
    window.click("New seed");
    let changed = window.experiment().clone();
    window.choose("Preset", 0, "xor");
    assert!(window.shows("“Untitled” has changes that are in no file."), "{:#?}", window.texts());
    keep(&mut window, "unsaved-changes");
    window.press(Modifiers::NONE, Key::Escape);
    assert_eq!(window.experiment(), &changed);
    window.press(Modifiers::COMMAND, Key::N);
    window.click("Stay");
    assert_eq!(window.experiment(), &changed);
    window.press(Modifiers::COMMAND, Key::N);
    window.click("Go on without saving");
    assert_eq!(window.shown(), &Experiment::default());
    assert_eq!(title(&window), "Gradient lab");
    window.click("Undo");
    assert_eq!(window.shown(), &changed);
    assert_eq!(title(&window), "Untitled* – Gradient lab");
}

#[test]
fn what_is_saved_first_goes_on_to_what_was_asked() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("mine.toml");
    let mut window = Window::open();
    window.click("New seed");
    window.choose("Preset", 0, "xor");
    window.click("Save");
    window.answer_path(&path, "Save");
    window.wait("the preset", |window| {
        Preset::of(window.experiment()).is_some_and(|p| p.id == "xor")
    });
    assert_eq!(open::file(&path).expect("saved").seed, 43);
    assert_eq!(title(&window), "Gradient lab");
    // Back to the file's state, which is that of the file's document.
    window.click("Undo");
    assert_eq!(title(&window), "mine.toml – Gradient lab");
    // Where the file is known, nothing else is asked.
    window.click("New seed");
    window.press(Modifiers::COMMAND, Key::O);
    window.answer_path(&path, "Open");
    window.click("Save");
    window.wait_for_text("Opened: ");
    assert_eq!(window.shown().seed, 44);
}

/// The window's commands of the next frame, after the system has asked it to close.
fn asked_to_close(window: &mut Window) -> Vec<ViewportCommand> {
    let viewports = &mut window.harness.input_mut().viewports;
    viewports.entry(ViewportId::ROOT).or_default().events.push(ViewportEvent::Close);
    window.harness.step();
    window.harness.output().viewport_output[&ViewportId::ROOT].commands.clone()
}

#[test]
fn the_window_closes_after_a_question_where_work_is_unsaved() {
    let mut window = Window::open();
    assert!(!asked_to_close(&mut window).contains(&ViewportCommand::CancelClose));
    window.click("New seed");
    assert!(asked_to_close(&mut window).contains(&ViewportCommand::CancelClose));
    window.frames();
    window.find(Role::Button, "Close without saving", 0).click();
    let mut commands = Vec::new();
    for _ in 0..4 {
        window.harness.step();
        let output = &window.harness.output().viewport_output[&ViewportId::ROOT];
        commands.extend(output.commands.clone());
    }
    assert!(commands.contains(&ViewportCommand::Close), "{commands:?}");
    assert!(!asked_to_close(&mut window).contains(&ViewportCommand::CancelClose));
}

#[test]
fn what_is_typed_is_one_step_back() {
    let mut window = Window::open();
    let mut typed = |role, name: &str, text: &str| {
        window.find(role, name, 0).click();
        window.frames();
        window.press(Modifiers::COMMAND, Key::A);
        for letter in text.chars() {
            window.harness.event(eframe::egui::Event::Text(letter.to_string()));
            window.frames();
        }
        window.press(Modifiers::NONE, Key::Enter);
    };
    typed(Role::SpinButton, "Seed", "4096");
    typed(Role::TextInput, "Title", "Anew");
    assert_eq!(window.experiment().seed, 4096);
    assert_eq!(window.experiment().title, "Anew");
    window.click("Undo");
    assert_eq!(window.experiment().title, Experiment::default().title);
    assert_eq!(window.experiment().seed, 4096);
    window.click("Undo");
    assert_eq!(window.experiment(), &Experiment::default());
    window.click("Redo");
    assert_eq!(window.experiment().seed, 4096);
}

#[test]
fn a_drag_after_a_word_is_a_step_of_its_own() {
    let mut window = Window::open();
    window.find(Role::TextInput, "Title", 0).click();
    window.frames();
    window.harness.event(eframe::egui::Event::Text("!".to_owned()));
    window.frames();
    let rail = window.place(Role::Slider, "Depth", 0);
    let at = |share: f32| eframe::egui::pos2(rail.left() + share * rail.width(), rail.center().y);
    window.drag(&[at(0.2), at(0.4), at(0.6)]);
    window.settle();
    assert_ne!(window.experiment().architecture.depth, 5);
    window.press(Modifiers::NONE, Key::Escape);
    window.click("Undo");
    assert_eq!(window.experiment().architecture.depth, 5);
    assert!(window.experiment().title.contains('!'));
}
