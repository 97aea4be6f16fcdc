//! The sizes of hidden layers one by one: as many as there may be, and none over another.

use eframe::egui::{Theme, accesskit::Role};
use gradient_lab::experiment::{Activation, Experiment};

use super::window::{Window, keep};

fn hidden(window: &Window) -> &[usize] {
    assert_eq!(window.shown(), window.experiment(), "the picture is that of the setting");
    window.experiment().architecture.hidden.as_deref().expect("sizes one by one")
}

#[test]
fn layers_are_added_removed_and_filled() {
    let mut window = Window::open();
    window.click("Sizes one by one");
    assert_eq!(hidden(&window), [20; 5]);
    window.type_into(Role::SpinButton, "Layer 2", 0, "7");
    window.click("Insert after layer 2");
    window.click("Remove layer 1");
    assert_eq!(hidden(&window), [7, 7, 20, 20, 20]);
    window.type_into(Role::SpinButton, "Hidden layers", 0, "12");
    assert_eq!(hidden(&window).len(), 12);
    window.type_into(Role::SpinButton, "Set all to", 0, "9");
    window.click("Fill");
    window.type_into(Role::SpinButton, "Layer 3", 0, "2");
    assert_eq!(hidden(&window), [9, 9, 2, 9, 9, 9, 9, 9, 9, 9, 9, 9], "one narrow layer");
    window.click("One width for all");
    let architecture = &window.experiment().architecture;
    assert_eq!((architecture.depth, architecture.width), (12, 9));
    window.click("Undo");
    assert_eq!(hidden(&window)[2], 2);
}

#[test]
fn exceptions_stay_with_their_layers() {
    let text = "[architecture]\nhidden = [4, 5, 6]\n[[variant]]\nactivation = 'relu'\n\
         [[variant.layer]]\nindex = 1\nactivation = 'sine'\n\
         [[variant.layer]]\nindex = 3\nactivation = 'tanh'";
    let mut window = Window::open_with(Experiment::from_toml(text).ok());
    let exceptions = |window: &Window| -> Vec<(usize, Option<Activation>)> {
        let all = &window.experiment().variants[0].exceptions;
        all.iter().map(|own| (own.index, own.activation)).collect()
    };
    window.click("Insert after layer 2");
    assert_eq!(exceptions(&window)[1], (4, Some(Activation::Tanh)));
    window.click("Remove layer 1");
    assert_eq!(exceptions(&window), [(3, Some(Activation::Tanh))]);
}

#[test]
fn two_thousand_layers_are_a_list_that_scrolls() {
    let text = format!("[architecture]\nhidden = [{}]", "3,".repeat(2000).trim_end_matches(','));
    let experiment = Experiment::from_toml(&text).expect("valid");
    let mut window = Window::open_with(Some(experiment));
    assert!(window.shows("Layer 1") && !window.shows("Layer 40"));
    let far = window.place(Role::Slider, "Inputs", 0).top();
    let first = window.place(Role::SpinButton, "Layer 1", 0).top();
    assert!(far - first < 260.0, "the list takes {} points", far - first);
    window.type_into(Role::SpinButton, "Layer 2", 0, "5");
    assert_eq!(hidden(&window)[1], 5);
    assert_eq!(hidden(&window).len(), 2000);
}

/// Nothing of the list overlaps or leaves the panel; with `PAGES=folder` pictures are kept.
#[test]
fn nothing_overlaps_at_any_width() {
    for (theme, ground) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        for size in [[900.0, 560.0], [1024.0, 640.0], [1920.0, 1080.0]] {
            let text = "[architecture]\nhidden = [4096, 4096, 3, 20, 20, 20, 20, 20, 20, 20, 20]\n\
                 [[variant]]\nactivation = 'relu'";
            let mut window = Window::open_as(Experiment::from_toml(text).ok(), size, theme);
            let panel = window.place(Role::TextInput, "Title", 0).right();
            for layer in 1..=5 {
                let name = format!("Layer {layer}");
                let add = format!("Insert after layer {layer}");
                let remove = format!("Remove layer {layer}");
                let row = [
                    window.place(Role::SpinButton, &name, 0),
                    window.place(Role::Button, &add, 0),
                    window.place(Role::Button, &remove, 0),
                ];
                assert!(row.windows(2).all(|pair| pair[0].right() <= pair[1].left()), "{row:?}");
                assert!(row[2].right() <= panel, "{row:?} beyond {panel}");
            }
            let [one, two] =
                [1, 2].map(|l| window.place(Role::SpinButton, &format!("Layer {l}"), 0));
            assert!(one.bottom() <= two.top(), "{one:?} {two:?}");
            keep(&mut window, &format!("sizes-{ground}-{}", size[0]));
        }
    }
}
