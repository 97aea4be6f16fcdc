//! For a class: a figure alone, panels folded away, full screen, and a clicker's keys.

use eframe::egui::{Event, Key, Modifiers, Theme, ViewportCommand, accesskit::Role};
use gradient_lab::gui::Page;

use super::window::{Window, keep};

fn screen() -> Window {
    Window::open_as(None, [1920.0, 1080.0], Theme::Dark)
}

fn has_controls(window: &Window) -> bool {
    window.shows("Depth")
}

#[test]
fn a_figure_alone_fills_the_window_until_escape() {
    let mut window = screen();
    let place = window.places_of_text("Norm of the error signal")[0];
    for name in ["Alone", "F5"] {
        match name {
            "F5" => window.press(Modifiers::NONE, Key::F5),
            name => window.click(name),
        }
        window.frames();
        let scale = window.harness.ctx.zoom_factor();
        assert!(scale > 1.9, "{name}: type is {scale} times as large");
        // Its title and its diagnosis are there, and large.
        assert!(window.shows("Dead output"));
        let heading = window.places_of_text("Norm of the error signal");
        assert!(heading.iter().any(|rect| scale * rect.height() > 1.8 * place.height()));
        keep(&mut window, "alone");
        window.press(Modifiers::NONE, Key::Escape);
        window.frames();
        assert_eq!(window.harness.ctx.zoom_factor(), 1.0);
        assert_eq!(window.places_of_text("Norm of the error signal")[0], place);
    }
}

#[test]
fn another_page_ends_it() {
    let mut window = screen();
    window.press(Modifiers::NONE, Key::F5);
    window.press(Modifiers::NONE, Key::PageDown);
    window.frames();
    assert_eq!(window.harness.state().page(), Page::Spread);
    assert_eq!(window.harness.ctx.zoom_factor(), 1.0);
    // A page without a figure has none to be alone.
    window.click("The chapter");
    window.press(Modifiers::NONE, Key::F5);
    window.frames();
    assert_eq!(window.harness.ctx.zoom_factor(), 1.0);
}

#[test]
fn every_pages_first_figure_can_be_alone() {
    let mut window = screen();
    for page in Page::ALL {
        window.click(page.label());
        window.wait_until_idle();
        window.press(Modifiers::NONE, Key::F5);
        window.frames();
        // The training page has figures once it has been played.
        let has_figure =
            !matches!(page, Page::Chapter | Page::Steps | Page::Remedies | Page::Training);
        let scale = window.harness.ctx.zoom_factor();
        keep(&mut window, &format!("alone-{}", page.label()));
        assert_eq!(scale > 1.0, has_figure, "{page:?}: {scale}");
        window.press(Modifiers::NONE, Key::Escape);
        window.frames();
        assert_eq!(window.harness.ctx.zoom_factor(), 1.0, "{page:?}");
    }
}

#[test]
fn panels_fold_away_and_come_back() {
    let mut window = screen();
    assert!(has_controls(&window) && window.shows("Every layer in numbers"));
    window.click("Panels");
    assert!(!has_controls(&window) && !window.shows("Every layer in numbers"));
    keep(&mut window, "folded");
    window.press(Modifiers::COMMAND, Key::B);
    assert!(has_controls(&window) && window.shows("Every layer in numbers"));
    window.menu("View", "Fold the panels away");
    assert!(!has_controls(&window));
}

#[test]
fn a_clicker_turns_pages_and_leaves_texts_alone() {
    let mut window = screen();
    window.press(Modifiers::NONE, Key::PageUp);
    assert_eq!(window.harness.state().page(), Page::Chapter);
    // The chapter is a text, and scrolls.
    window.press(Modifiers::NONE, Key::PageDown);
    assert_eq!(window.harness.state().page(), Page::Chapter);
    window.press(Modifiers::COMMAND, Key::PageDown);
    assert_eq!(window.harness.state().page(), Page::Flow);
    window.find(Role::TextInput, "Title", 0).click();
    window.frames();
    window.press(Modifiers::NONE, Key::PageDown);
    assert_eq!(window.harness.state().page(), Page::Flow);
}

#[test]
fn f11_asks_for_the_whole_screen() {
    let mut window = screen();
    // The harness would let the key go in a frame of its own, the last one.
    window.harness.input_mut().events.push(Event::Key {
        key: Key::F11,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::NONE,
    });
    window.harness.step();
    let viewports = &window.harness.output().viewport_output;
    let mut commands = viewports.values().flat_map(|viewport| &viewport.commands);
    assert!(commands.any(|command| *command == ViewportCommand::Fullscreen(true)));
}
