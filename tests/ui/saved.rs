//! What a session leaves for the next.

use std::collections::BTreeMap;

use eframe::App as _;
use eframe::egui::accesskit::Role;

use super::window::Window;

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

#[test]
fn the_experiment_and_the_page_are_saved() {
    let mut window = Window::open();
    window.type_into(Role::TextInput, "Title", 0, "To be kept");
    window.click("Why");
    let mut memory = Memory::default();
    window.harness.state_mut().save(&mut memory);
    let saved = memory.0.get("gradient-lab").expect("something is saved");
    assert!(saved.contains("To be kept"), "{saved}");
    assert!(saved.contains("page:Why") || saved.contains("page: Why"), "{saved}");
}
