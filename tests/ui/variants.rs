//! Variants come, go and are renamed.

use eframe::egui::accesskit::Role;

use super::window::Window;

fn names(window: &Window) -> Vec<&str> {
    let draw = window.lab().result().expect("a result");
    draw.variants.iter().map(|variant| variant.name.as_str()).collect()
}

#[test]
fn variants_are_added_duplicated_and_removed() {
    let mut window = Window::open();
    window.click("Add variant");
    assert_eq!(names(&window), ["Sigmoid", "ReLU", "Tanh"]);
    window.click_nth("Duplicate", 0);
    assert_eq!(names(&window).len(), 4);
    assert!(names(&window)[1].starts_with("Sigmoid"), "{:?}", names(&window));
    window.click_nth("Remove", 0);
    window.click_nth("Remove", 0);
    assert_eq!(names(&window), ["ReLU", "Tanh"]);
}

#[test]
fn there_are_one_to_six_variants() {
    let mut window = Window::open();
    for _ in 0..6 {
        window.click("Add variant");
    }
    assert_eq!(names(&window).len(), 6);
    for _ in 0..2 {
        window.click_nth("Remove", 0);
    }
    assert_eq!(names(&window).len(), 4);
}

#[test]
fn the_last_variant_stays() {
    let mut window = Window::open();
    for _ in 0..3 {
        window.click_nth("Remove", 0);
    }
    assert_eq!(names(&window), ["ReLU"]);
}

#[test]
fn a_name_can_be_changed() {
    let mut window = Window::open();
    window.type_into(Role::TextInput, "Name", 0, "Our ‖δ‖");
    assert_eq!(names(&window), ["Our ‖δ‖", "ReLU"]);
}

#[test]
fn an_empty_or_a_taken_name_leaves_the_last_good_one() {
    let mut window = Window::open();
    window.type_into(Role::TextInput, "Name", 0, "");
    assert!(!names(&window)[0].is_empty());
    window.type_into(Role::TextInput, "Name", 0, "ReLU");
    let names = names(&window);
    assert_ne!(names[0], names[1]);
    assert!(window.lab().refusal().is_none());
}
