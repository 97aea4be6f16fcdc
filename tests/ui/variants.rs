//! Variants come, go and are renamed.

use eframe::egui::Theme;
use eframe::egui::accesskit::Role;
use gradient_lab::experiment::{Activation, Experiment};

use super::window::{Window, keep};

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
fn a_name_that_cannot_be_is_typed_and_told_of() {
    let mut window = Window::open();
    window.type_into(Role::TextInput, "Name", 0, "ReLU");
    assert!(window.shows("Another variant has this name; until then it is “Sigmoid”."));
    assert_eq!(window.find(Role::TextInput, "Name", 0).value().as_deref(), Some("ReLU"));
    keep(&mut window, "taken-name");
    assert_eq!(names(&window), ["Sigmoid", "ReLU"]);
    // One letter more, and it is a name.
    window.type_into(Role::TextInput, "Name", 0, "ReLU 2");
    assert_eq!(names(&window), ["ReLU 2", "ReLU"]);
    assert!(!window.shows("Another variant has this name"));
    window.type_into(Role::TextInput, "Name", 0, "");
    assert!(window.shows("A variant needs a name; until then it is “ReLU 2”."));
    window.click("Undo");
    assert!(!window.shows("A variant needs a name"), "another name is there");
    assert_eq!(names(&window), ["Sigmoid", "ReLU"]);
}

#[test]
fn a_new_variant_is_open_and_variants_change_places() {
    // So tall that the second variant's buttons are in sight.
    let mut window = Window::open_as(None, [1280.0, 2200.0], Theme::Dark);
    for _ in 0..4 {
        window.click("Add variant");
    }
    let count = |window: &Window| {
        use egui_kittest::kittest::Queryable as _;
        window.harness.query_all_by_role_and_label(Role::TextInput, "Name").count()
    };
    keep(&mut window, "six-variants");
    assert_eq!(count(&window), 6, "all six are folded open");
    window.click_nth("Up", 1);
    assert_eq!(names(&window)[..2], ["ReLU", "Sigmoid"]);
    window.click_nth("Down", 1);
    assert_eq!(names(&window)[..3], ["ReLU", "Tanh", "Sigmoid"]);
}

/// A hidden variant leaves every picture and keeps its settings; the file keeps that too.
#[test]
fn a_variant_is_hidden_and_shown_again() {
    let mut window = Window::open_as(None, [1280.0, 1500.0], Theme::Dark);
    let before = window.experiment().clone();
    let header = "‖δ‖ Sigmoid";
    assert!(window.shows(header) && window.shows("‖δ‖ ReLU"));
    window.click_nth("Hide", 0);
    assert!(!window.shows(header) && window.shows("‖δ‖ ReLU"));
    assert!(window.shows("Sigmoid (hidden)") && !window.shows("Vanishing: "));
    assert_eq!(window.lab().view.variant, 1, "what is looked at is shown");
    keep(&mut window, "hidden-variant");
    window.find(Role::Button, "Hide", 0).hover();
    window.frames();
    assert!(window.shows("At least one variant is shown"));
    let hidden = window.experiment().clone();
    let text = hidden.to_toml();
    assert!(text.contains("shown = false"), "{text}");
    assert_eq!(Experiment::from_toml(&text), Ok(hidden));
    for page in ["Precision", "Ensemble and theory"] {
        window.click(page);
        window.wait_until_idle();
        keep(&mut window, &format!("hidden-variant-{}", page.to_lowercase()));
    }
    window.click("Undo");
    assert_eq!(*window.experiment(), before);
    window.click_nth("Hide", 1);
    // Where the only one that is shown is removed, another takes its place.
    window.click_nth("Remove", 0);
    assert_eq!(names(&window), ["ReLU"]);
    assert!(window.lab().refusal().is_none() && window.experiment().variants[0].shown);
}

#[test]
fn a_file_shows_at_least_one_variant() {
    let refused = Experiment::from_toml("[[variant]]\nshown = false").expect_err("none is shown");
    assert!(refused.to_string().contains("at least one is shown"), "{refused}");
}

#[test]
fn long_numbers_are_not_cut() {
    let mut window = Window::open_as(None, [1024.0, 640.0], Theme::Light);
    let panel = window.place(Role::TextInput, "Title", 0).right();
    window.choose("Weights", 0, "Constant");
    window.find(Role::SpinButton, "value", 0).scroll_to_me();
    window.frames();
    window.frames();
    for text in ["-123456.78912", "0.12345", "-7"] {
        window.type_into(Role::SpinButton, "value", 0, text);
        let set = window.experiment().variants[0].init.value;
        assert_eq!(set, text.parse().ok(), "as it was typed");
        let place = window.place(Role::SpinButton, "value", 0);
        assert!(place.right() <= panel, "{text}: {place:?} beyond {panel}");
        keep(&mut window, &format!("long-number-{text}"));
    }
}

#[test]
fn a_list_closes_on_enter() {
    use eframe::egui::{Key, Modifiers};
    let mut window = Window::open();
    window.find(Role::ComboBox, "Activation", 0).click();
    window.frames();
    window.find(Role::Button, "Softplus", 0).focus();
    window.frames();
    window.press(Modifiers::NONE, Key::Enter);
    assert_eq!(window.experiment().variants[0].activation, Activation::Softplus);
    assert!(!window.shows("GELU"), "the list is closed");
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

/// Each parameter of an activation has a field of its own, for the hidden layers and the output;
/// with `PAGES=folder` they are kept as pictures for a person to look at.
#[test]
fn parameters_of_activations_are_set() {
    for (theme, ground) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        let mut window = Window::open_as(None, [1024.0, 640.0], theme);
        for (activation, key, number) in
            [("Leaky ReLU", "Slope", 0.2), ("ELU", "Alpha", 0.5), ("Sine", "Omega", 30.0)]
        {
            window.choose("Activation", 0, activation);
            window.type_into(Role::SpinButton, key, 0, &number.to_string());
            window.choose("Output", 0, activation);
            window.find(Role::SpinButton, key, 1).scroll_to_me();
            window.frames();
            window.type_into(Role::SpinButton, key, 1, &(2.0 * number).to_string());
            let variant = &window.experiment().variants[0];
            let parameter = |activation: Activation| activation.parameter().expect(key).value;
            assert_eq!(parameter(variant.activation), number);
            assert_eq!(variant.output_activation.map(parameter), Some(2.0 * number));
            // Named after its activation, as long as nobody gives it a name.
            assert_eq!(variant.name, activation);
            keep(&mut window, &format!("parameter-{}-{ground}", key.to_lowercase()));
        }
        window.choose("Activation", 0, "Softplus");
        window.choose("Output", 0, "as hidden");
        assert_eq!(window.experiment().variants[0].activation, Activation::Softplus);
        assert!(!["Slope", "Alpha", "Omega"].iter().any(|key| window.shows(key)));
        window.find(Role::ComboBox, "Activation", 0).click();
        window.frames();
        keep(&mut window, &format!("parameter-list-{ground}"));
    }
}
