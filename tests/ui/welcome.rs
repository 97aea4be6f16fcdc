//! The first minute: three ways in, pages by key, and every page usable from the first experiment.

use std::collections::BTreeMap;

use eframe::egui::{Key, Modifiers, Theme, accesskit::Role};
use gradient_lab::experiment::{Experiment, Preset};
use gradient_lab::gui::Page;

use super::window::{Window, keep};

/// A storage in which nothing is: the very first start.
struct Empty;

impl eframe::Storage for Empty {
    fn get_string(&self, _: &str) -> Option<String> {
        None
    }
    fn set_string(&mut self, _: &str, _: String) {}
    fn remove_string(&mut self, _: &str) {}
    fn flush(&mut self) {}
}

fn first_start(size: [f32; 2], theme: Theme) -> Window {
    Window::open_stored(Some(Box::new(Empty)), None, size, theme)
}

#[test]
fn the_first_start_has_three_ways_in() {
    let open = || first_start([1280.0, 860.0], Theme::Light);
    let mut window = open();
    window.click("See it happen");
    let vanishing = Preset::find("vanishing").expect("a preset").experiment();
    assert_eq!((window.shown(), window.harness.state().page()), (&vanishing, Page::Flow));
    assert!(!window.shows("Three ways in"));
    window.menu("Help", "First steps");
    assert!(window.shows("Three ways in"));

    let mut window = open();
    window.click("Read the chapter");
    assert_eq!(window.harness.state().page(), Page::Chapter);
    assert!(!window.shows("Three ways in"));

    let mut window = open();
    window.click("Bring your own");
    assert!(window.shows("Open experiment") && !window.shows("Three ways in"));

    let mut window = open();
    window.press(Modifiers::NONE, Key::Escape);
    assert!(!window.shows("Three ways in"));

    // Whoever sets something, or looks at something, has begun.
    for name in ["New seed", "Sweep"] {
        let mut window = open();
        window.click(name);
        assert!(!window.shows("Three ways in"), "{name}");
    }
}

#[test]
fn the_card_fits() {
    for (theme, ground) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        for size in [[900.0, 560.0], [1024.0, 640.0], [1920.0, 1080.0]] {
            let mut window = first_start(size, theme);
            for name in ["See it happen", "Read the chapter", "Bring your own"] {
                let place = window.place(Role::Button, name, 0);
                assert!(window.harness.ctx.content_rect().contains_rect(place), "{name} {place:?}");
            }
            keep(&mut window, &format!("welcome-{ground}-{}", size[0]));
        }
    }
}

#[test]
fn pages_have_keys() {
    let mut window = Window::open();
    let page = |window: &Window| window.harness.state().page();
    window.press(Modifiers::COMMAND, Key::Num2);
    assert_eq!(page(&window), Page::ALL[1]);
    window.press(Modifiers::COMMAND, Key::PageDown);
    assert_eq!(page(&window), Page::ALL[2]);
    window.press(Modifiers::COMMAND, Key::PageUp);
    window.press(Modifiers::COMMAND, Key::PageUp);
    window.press(Modifiers::COMMAND, Key::PageUp);
    assert_eq!(page(&window), Page::Chapter, "round the end");
}

#[test]
fn step_by_step_offers_a_small_copy() {
    let mut window = Window::open();
    window.click("Step by step");
    window.wait_for_text("Take a small copy of mine");
    window.click("Take a small copy of mine");
    window.wait_for_text("Step 1 of");
    let kinds = |experiment: &Experiment| -> BTreeMap<String, String> {
        let of = |v: &gradient_lab::experiment::Variant| (v.name.clone(), format!("{:?}", v.init));
        experiment.variants.iter().map(of).collect()
    };
    assert_eq!(kinds(window.experiment()), kinds(&Experiment::default()));
    window.click("Undo");
    assert_eq!(window.experiment(), &Experiment::default());
}

/// In one row of the narrowest window that is looked at.
#[test]
fn tabs_fit() {
    let window = Window::open_as(None, [1024.0, 640.0], Theme::Light);
    let places = Page::ALL.map(|page| window.place(Role::Button, page.label(), 0));
    let rows = places.map(|place| place.top().round() as i32);
    assert!(rows.iter().all(|top| *top == rows[0]), "one row: {rows:?}");
    let last = places[places.len() - 1].right();
    assert!(last <= 1024.0, "{last}");
}
