//! Where controls stand, written down for the test of the real window (`tests/window/run.sh`):
//! its mouse must find them, and here they are found by name.

use std::fmt::Write as _;
use std::path::Path;

use eframe::egui::{Theme, accesskit::Role};

use super::window::Window;

/// The size in which the real window opens.
const OPENED: [f32; 2] = [1280.0, 860.0];
/// What the real mouse drags.
const SLIDERS: [&str; 5] = ["Depth", "Width", "Inputs", "Outputs", "Batch"];

#[test]
fn controls_stand_where_the_mouse_will_look_for_them() {
    let window = Window::open_as(None, OPENED, Theme::Dark);
    let mut text = String::new();
    for name in SLIDERS {
        let place = window.place(Role::Slider, name, 0);
        assert!(place.width() > 80.0 && place.bottom() < OPENED[1], "{name} {place}");
        let [left, right] = [place.left(), place.right()].map(|x| x.round());
        writeln!(text, "{name} {left} {right} {}", place.center().y.round()).expect("a string");
    }
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("places.txt");
    std::fs::write(file, text).expect("the target directory can be written");
}
