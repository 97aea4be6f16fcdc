//! Ways of looking change the picture and nothing else.

use eframe::egui::Theme;
use gradient_lab::experiment::Experiment;

use super::window::Window;

#[test]
fn bars_stand_on_a_logarithmic_or_a_linear_axis() {
    let mut window = Window::open();
    assert!(!window.lab().view.linear);
    let logarithmic = window.harness.render().expect("a picture");
    window.click("linear");
    assert!(window.lab().view.linear);
    let linear = window.harness.render().expect("a picture");
    assert!(linear != logarithmic);
    window.menu("View", "Bars on a log axis");
    assert!(!window.lab().view.linear);
    assert_eq!(window.experiment(), &Experiment::default());
}

#[test]
fn themes_are_chosen_in_the_menu() {
    let mut window = Window::open();
    for (name, theme) in [("Dark", Theme::Dark), ("Light", Theme::Light)] {
        window.menu("View", name);
        assert_eq!(window.harness.ctx.theme(), theme);
    }
}

#[test]
fn the_keys_are_listed() {
    let mut window = Window::open();
    window.menu("Help", "Keys");
    assert!(window.shows("Ctrl+Shift+Z"), "{:#?}", window.texts());
}
