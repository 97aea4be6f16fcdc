//! Single layers are set up by themselves in the panel of their variant.

use eframe::egui::{Key, Modifiers, Theme, accesskit::Role};
use gradient_lab::experiment::{Activation, Experiment, Init, LayerException, Scheme};

use super::window::Window;

fn exceptions(window: &Window) -> &[LayerException] {
    assert!(window.lab().refusal().is_none(), "{:?}", window.lab().refusal());
    assert_eq!(window.shown(), window.experiment(), "the picture is that of the setting");
    &window.experiment().variants[0].exceptions
}

#[test]
fn a_layer_gets_its_own_settings_and_loses_them() {
    let mut window = Window::open();
    window.click_nth("Add exception", 0);
    let first = LayerException { activation: Some(Activation::Sigmoid), ..LayerException::of(1) };
    assert_eq!(exceptions(&window), std::slice::from_ref(&first));

    window.type_into(Role::SpinButton, "Layer", 0, "3");
    window.choose("Activation", 1, "Tanh");
    window.choose("Weights", 1, Scheme::Identity.label());
    window.choose("Bias", 1, "Constant");
    window.type_into(Role::SpinButton, "Bias value", 0, "0.25");
    let third = LayerException {
        activation: Some(Activation::Tanh),
        init: Some(Init::of(Scheme::Identity)),
        bias: Some(Init { value: Some(0.25), ..Init::of(Scheme::Constant) }),
        ..LayerException::of(3)
    };
    assert_eq!(exceptions(&window), std::slice::from_ref(&third));

    // One more, of the first layer that is free, and not of the third again.
    window.click_nth("Add exception", 0);
    assert_eq!(exceptions(&window), [third.clone(), first.clone()]);
    window.type_into(Role::SpinButton, "Layer", 1, "3");
    assert_eq!(exceptions(&window), [third.clone(), first.clone()]);

    // As every setting they are taken back and done again.
    window.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(exceptions(&window), std::slice::from_ref(&third));
    window.press(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert_eq!(exceptions(&window), [third.clone(), first.clone()]);

    window.click_nth("Remove exception", 0);
    assert_eq!(exceptions(&window), std::slice::from_ref(&first));
    // Without a setting of its own a layer is no exception.
    window.choose("Activation", 1, "as the others");
    assert_eq!(exceptions(&window), []);
    assert_eq!(window.experiment(), &Experiment::default());
}

#[test]
fn exceptions_go_with_their_layers_and_come_back_with_undo() {
    let mut window = Window::open();
    window.click_nth("Add exception", 0);
    window.type_into(Role::SpinButton, "Layer", 0, "5");
    window.choose("Activation", 1, "Tanh");
    // 12 is typed as 1 first.
    window.type_into(Role::SpinButton, "Depth", 0, "12");
    assert_eq!(exceptions(&window)[0].index, 5);
    window.type_into(Role::SpinButton, "Depth", 0, "4");
    assert_eq!(exceptions(&window)[0].index, 5, "the output layer");
    window.type_into(Role::SpinButton, "Depth", 0, "3");
    assert_eq!(exceptions(&window), []);
    window.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(exceptions(&window)[0].index, 5);
    // The output's own choice stands in the exception's place.
    window.choose("Output", 0, "Linear");
    assert_eq!(exceptions(&window), []);
    // Then a bare exception does not reach it, however far it is moved.
    window.click_nth("Add exception", 0);
    window.type_into(Role::SpinButton, "Layer", 0, "99");
    assert_eq!(exceptions(&window)[0].index, 4);
    window.choose("Bias", 1, "Constant");
    window.type_into(Role::SpinButton, "Layer", 0, "99");
    assert_eq!(exceptions(&window).len(), 1);
    assert_eq!((exceptions(&window)[0].index, exceptions(&window)[0].activation), (5, None));
}

/// Given weights and a loss that decides leave nothing to set for the output layer; a file's two
/// thousand exceptions leave the window as quick as before.
#[test]
fn what_cannot_be_set_is_not_offered() {
    let all: String = (1..=2000)
        .map(|l| format!("[[variant.layer]]\nindex = {l}\nactivation = 'tanh'\n"))
        .collect();
    let text = format!("[architecture]\ndepth = 1999\nwidth = 2\n[[variant]]\n{all}");
    let mut window = Window::open_with(Experiment::from_toml(&text).ok());
    assert!(window.shows("… and 1988 more in the file"));
    window.click_nth("Remove exception", 0);
    assert_eq!(exceptions(&window).len(), 1999);

    let given = "[architecture]\ninput = 1\nhidden = [1]\nloss = 'bce'\n[[variant]]\n\
         weights = [[[1.0]], [[1.0]]]\nbiases = [[0.0], [0.0]]\n\
         [[variant.layer]]\nindex = 1\nactivation = 'tanh'";
    let mut window = Window::open_with(Experiment::from_toml(given).ok());
    window.click_nth("Add exception", 0);
    assert_eq!(exceptions(&window).len(), 1);
}

/// Pictures of the panel for a person to look at, with `PAGES=folder`.
#[test]
fn the_panel_of_exceptions_fits() {
    let text = "[architecture]\ndepth = 6\n[[variant]]\nactivation = 'relu'\n\
         init = { scheme = 'he_normal' }\n[[variant.layer]]\nindex = 3\nactivation = 'leaky_relu'\n\
         init = { scheme = 'he_normal', gain = 2.0, mode = 'fan_out' }\n\
         bias = { scheme = 'uniform', bound = 0.5 }\n[[variant.layer]]\nindex = 7\n\
         init = { scheme = 'identity' }";
    for (theme, ground) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        for size in [[1024.0, 640.0], [1920.0, 1080.0]] {
            let experiment = Experiment::from_toml(text).expect("valid");
            let mut window = Window::open_as(Some(experiment), size, theme);
            window.find(Role::Button, "Add exception", 0).scroll_to_me();
            window.frames();
            window.frames();
            let right = window.place(Role::Button, "Remove exception", 0).right();
            let panel = window.place(Role::TextInput, "Title", 0).right();
            assert!(right <= panel + 1.0, "{right} beyond {panel}");
            let picture = window.harness.render().expect("a picture");
            if let Some(folder) = std::env::var_os("PAGES") {
                let name = format!("exceptions-{ground}-{}.png", size[0]);
                picture.save(std::path::Path::new(&folder).join(name)).expect("a folder");
            }
        }
    }
}
