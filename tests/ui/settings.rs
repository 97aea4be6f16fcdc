//! Depth, initialization, draw, steps back: what is set is what is computed and shown.

use eframe::egui::{Key, Modifiers, accesskit::Role};
use gradient_lab::experiment::{Activation, Experiment, Preset, Scheme};

use super::window::Window;

fn depth(window: &Window) -> usize {
    assert_eq!(window.shown(), window.experiment(), "the picture is that of the setting");
    let depth = window.experiment().architecture.depth;
    let layers = window.lab().result().expect("a result").variants[0].layers.len();
    assert_eq!(layers, depth + 1, "each layer has its record");
    depth
}

#[test]
fn the_lab_opens_on_the_chapters_figure() {
    let window = Window::open();
    assert_eq!(window.shown(), &Experiment::default());
    assert_eq!(depth(&window), 5);
    // The chapter's own digits of the first layer's norm stand in the table.
    assert!(window.shows("7.002996e-05"), "{:#?}", window.texts());
    assert!(window.shows("Sigmoid") && window.shows("ReLU"));
}

#[test]
fn arrows_move_the_depth() {
    let mut window = Window::open();
    window.find(Role::Slider, "Depth", 0).focus();
    window.settle();
    window.press(Modifiers::NONE, Key::ArrowRight);
    let deeper = depth(&window);
    assert!(deeper > 5, "{deeper}");
    window.press(Modifiers::NONE, Key::ArrowLeft);
    assert_eq!(depth(&window), 5);
}

#[test]
fn a_depth_can_be_typed() {
    let mut window = Window::open();
    window.type_into(Role::SpinButton, "Depth", 0, "37");
    assert_eq!(depth(&window), 37);
    window.type_into(Role::SpinButton, "Depth", 0, "99999");
    assert_eq!(depth(&window), 2000, "what is too much becomes the most");
}

#[test]
fn letters_are_no_number() {
    let mut window = Window::open();
    for words in ["nan", "inf", "-inf", "hello", "", "1e999"] {
        window.type_into(Role::SpinButton, "Gain", 0, words);
        let init = window.experiment().variants[0].init;
        assert!(init.gain().is_finite(), "{words}: {}", init.gain());
        window.type_into(Role::SpinButton, "Depth", 0, words);
        assert!((1..=2000).contains(&depth(&window)), "{words}");
        window.type_into(Role::SpinButton, "Depth", 0, "5");
        assert_eq!(depth(&window), 5);
    }
}

#[test]
fn combo_boxes_set_activation_and_initialization() {
    let mut window = Window::open();
    window.choose("Activation", 0, "Tanh");
    window.choose("Weights", 0, Scheme::HeNormal.label());
    let variant = &window.shown().variants[0];
    assert_eq!(variant.activation, Activation::Tanh);
    assert_eq!(variant.init.scheme, Scheme::HeNormal);
    assert_eq!(variant.name, "Tanh", "the name follows its activation");
    assert_eq!(window.shown().variants[1], Experiment::default().variants[1]);
}

#[test]
fn presets_are_chosen_by_name() {
    let mut window = Window::open();
    for preset in Preset::ALL {
        window.choose("Preset", 0, preset.id);
        assert_eq!(window.shown(), &preset.experiment(), "{}", preset.id);
    }
}

#[test]
fn a_new_draw_is_the_next_seed() {
    let mut window = Window::open();
    window.click("New seed");
    assert_eq!(window.shown().seed, 43);
    window.press(Modifiers::COMMAND, Key::D);
    assert_eq!(window.shown().seed, 44);
    // Where all numbers are given, there is nothing to draw.
    window.choose("Preset", 0, "worked-example");
    window.click("Go on without saving");
    window.press(Modifiers::COMMAND, Key::D);
    assert_eq!(window.shown(), &Preset::find("worked-example").expect("a preset").experiment());
}

#[test]
fn steps_go_back_and_forward() {
    let mut window = Window::open();
    window.type_into(Role::SpinButton, "Depth", 0, "9");
    window.click("New seed");
    let last = window.experiment().clone();

    window.click("Undo");
    assert_eq!((depth(&window), window.experiment().seed), (9, 42));
    window.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(window.shown(), &Experiment::default());

    window.click("Redo");
    assert_eq!(depth(&window), 9);
    window.press(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert_eq!(window.shown(), &last);
}

#[test]
fn a_whole_drag_is_one_step_back() {
    let mut window = Window::open();
    let rail = window.place(Role::Slider, "Depth", 0);
    let y = rail.center().y;
    let points: Vec<_> =
        (0..12).map(|i| eframe::egui::pos2(rail.left() + 30.0 + 5.0 * i as f32, y)).collect();
    window.drag(&points);
    window.settle();
    assert_ne!(depth(&window), 5);
    window.click("Undo");
    assert_eq!(depth(&window), 5);
}

/// A control's hint stands beside the panel, whichever of its two parts the mouse rests on.
#[test]
fn hints_cover_no_other_control() {
    let mut window = Window::open();
    let right = window.place(Role::TextInput, "Title", 0).right();
    for (role, name, hint) in [
        (Role::Slider, "Depth", "Number of hidden layers"),
        (Role::ComboBox, "Activation", &*Activation::Sigmoid.hint()),
        (Role::SpinButton, "Gain", "Multiplies the scheme's scale"),
    ] {
        let place = window.place(role, name, 0);
        window.harness.hover_at(place.center());
        for _ in 0..90 {
            window.harness.step();
        }
        let places = window.places_of_text(hint);
        assert!(!places.is_empty(), "no hint of {name}: {:#?}", window.texts());
        assert!(places.iter().all(|hint| hint.left() >= right - 4.0), "{name}: {places:?}");
    }
}
