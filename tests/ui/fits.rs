//! Nothing is cut: small windows that ask, in a scaled window; what one sees first.

use eframe::egui::{Key, Modifiers, Rect, Theme, accesskit::Role};
use gradient_lab::gui::Page;

use super::window::{Window, keep};

/// A window of 1024 × 640 pixels where everything is half as large again.
const SCALED: [f32; 2] = [1024.0 / 1.5, 640.0 / 1.5];

fn assert_inside(window: &Window, names: &[(Role, &str)], what: &str) {
    let screen = window.harness.ctx.content_rect();
    for (role, name) in names {
        let place = window.place(*role, name, 0);
        assert!(screen.contains_rect(place), "{what}: “{name}” at {place:?} of {screen:?}");
    }
}

#[test]
fn windows_that_ask_fit_where_everything_is_larger() {
    use Role::{Button, SpinButton, TextInput};
    let mut window = Window::open_as(None, SCALED, Theme::Dark);
    window.menu("Help", "First steps");
    let ways = ["See it happen", "Read the chapter", "Bring your own"];
    assert_inside(&window, &ways.map(|way| (Button, way)), "the card");
    keep(&mut window, "fits-card");
    window.press(Modifiers::NONE, Key::Escape);
    for (key, verb) in [(Key::O, "Open"), (Key::S, "Save"), (Key::E, "Export")] {
        window.press(Modifiers::COMMAND, key);
        window.frames();
        let parts = [(TextInput, "File"), (Button, verb), (Button, "Cancel"), (Button, "Browse…")];
        assert_inside(&window, &parts, verb);
        if key == Key::E {
            let numbers = ["Size", "Density"].map(|name| (SpinButton, name));
            assert_inside(&window, &numbers, verb);
        }
        keep(&mut window, &format!("fits-{}", verb.to_lowercase()));
        window.press(Modifiers::NONE, Key::Escape);
    }
    window.press(Modifiers::COMMAND, Key::D);
    window.press(Modifiers::COMMAND, Key::N);
    let answers = ["Save", "Go on without saving", "Stay"];
    assert_inside(&window, &answers.map(|answer| (Button, answer)), "the question");
    keep(&mut window, "fits-question");
}

/// The window as it opens at the first start: the whole table in its width, and the figures above
/// it in their height.
#[test]
fn nothing_is_cut_at_the_first_start() {
    let mut window = Window::open_as(None, [1280.0, 860.0], Theme::Dark);
    assert_eq!(window.harness.state().page(), Page::Flow);
    keep(&mut window, "first-start");
    let below = window.places_of_text("Vanishing: ").iter().map(Rect::top).fold(f32::MAX, f32::min);
    let units = window.place(Role::Image, "Error signal |δⱼ⁽ˡ⁾| of every unit: Sigmoid", 0);
    // Room for the axis' numbers and its label.
    assert!(units.bottom() + 34.0 <= below, "{units:?} above {below}");
    for part in ["inactive", "saturated"] {
        let places = window.places_of_text(part);
        let header = places.iter().find(|place| place.top() > below).expect("a column");
        assert!(header.right() <= 1272.0, "{part} at {header:?}");
    }
}
