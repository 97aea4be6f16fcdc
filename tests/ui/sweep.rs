//! The sweep page: it measures by itself at first, stays named and legible in every size, and
//! a cell of it becomes the experiment.

use eframe::egui::{Theme, accesskit::Role, pos2, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use gradient_lab::experiment::{Activation, Experiment, Init, Scheme, Variant};

use super::window::Window;

fn open(size: [f32; 2], theme: Theme) -> Window {
    let mut window = Window::open_as(None, size, theme);
    window.click("Sweep");
    window.wait_for_text("Start");
    window.frames();
    window
}

#[test]
fn the_page_is_named_in_every_size_and_theme() {
    for (size, theme) in [([1024.0, 640.0], Theme::Light), ([1920.0, 1080.0], Theme::Dark)] {
        let mut window = open(size, theme);
        let unnamed = window.harness.unnamed_widgets();
        assert!(unnamed.is_empty(), "{unnamed:#?}");
        // Where a person wants to look at it.
        if let Some(folder) = std::env::var_os("PAGES") {
            let picture = window.harness.render().expect("a picture");
            let name = format!("sweep-{}.png", size[0]);
            picture.save(std::path::Path::new(&folder).join(name)).expect("a file");
        }
    }
}

#[test]
fn the_chosen_cell_becomes_the_experiment() {
    let mut window = open([1280.0, 900.0], Theme::Light);
    window.type_into(Role::SpinButton, "Cell along σ_w", 0, "32");
    window.click("Load this cell");
    let variants = &window.experiment().variants;
    assert_eq!(variants.len(), 1);
    assert_eq!(variants[0].init.gain, Some(2.5));
    assert_eq!(variants[0].bias.std, Some(0.0));
    assert_eq!(window.experiment().architecture.depth, 30);
}

/// Waits until nothing is under way and the map or the curve stands whole.
fn wait_for_the_end(window: &mut Window) {
    window.wait_for_no_text("Measuring the first cells");
    window.wait_for_no_text("Cancel");
    window.frames();
}

/// A small map: few cells, one seed.
fn make_small(window: &mut Window) {
    for (name, number) in [("x cells", "9"), ("y cells", "9"), ("Seeds", "1")] {
        window.type_into(Role::SpinButton, name, 0, number);
    }
}

#[test]
fn a_click_on_the_map_marks_a_cell_and_the_next_one_loads_it() {
    let mut window = open([1280.0, 900.0], Theme::Light);
    wait_for_the_end(&mut window);
    // A point in the plot, between its axis on the left and its colour bar on the right.
    let at = pos2(820.0, 400.0);
    window.harness.hover_at(at);
    window.frames();
    let texts = window.texts();
    let cell = texts.iter().find(|text| text.starts_with("σ_w = ")).expect("the cell's settings");
    let numbers = cell.split(" · ").map(|part| part.split(" = ").nth(1).expect("a number"));
    let numbers: Vec<f64> = numbers.map(|number| number.parse().expect("a number")).collect();
    let before = window.experiment().clone();
    let click = |window: &mut Window| {
        window.harness.drag_at(at);
        window.harness.drop_at(at);
        window.settle();
    };
    assert!(window.shows("Click: mark this cell"));
    click(&mut window);
    assert_eq!(*window.experiment(), before, "marked alone");
    // A tooltip comes again once the pointer moves.
    window.harness.hover_at(at + vec2(0.0, 1.0));
    window.frames();
    assert!(window.shows("Click: this cell becomes the experiment"), "{:#?}", window.texts());
    click(&mut window);
    let variant = &window.experiment().variants[0];
    let set = [variant.init.gain, variant.bias.std].map(|value| value.expect("set by the cell"));
    for (set, shown) in set.into_iter().zip(numbers) {
        assert!((set - shown).abs() < 1e-3, "{set} {cell}");
    }
    assert_eq!(window.experiment().architecture.depth, 30);
    assert!(!window.shows("Load this cell"), "the first page is shown");
    window.click("Undo");
    assert_eq!(*window.experiment(), before);
}

#[test]
fn a_sweep_that_is_cancelled_keeps_what_it_has() {
    let mut window = open([1280.0, 900.0], Theme::Light);
    window.type_into(Role::SpinButton, "x cells", 0, "256");
    window.type_into(Role::SpinButton, "y cells", 0, "256");
    wait_for_the_end(&mut window);
    window.find(Role::Button, "Start", 0).click();
    window.wait_for_text("Cancel");
    // Coarse cells first: some of them are there long before the last.
    for _ in 0..60 {
        window.frames();
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    window.find(Role::Button, "Cancel", 0).click();
    window.wait_for_text("Stopped at ");
    let stopped = window.texts().into_iter().find(|text| text.starts_with("Stopped at "));
    let words = stopped.expect("a sentence");
    let done: usize = words.split(' ').nth(2).expect("a number").parse().expect("a number");
    assert!((1..65536).contains(&done), "{words}");
}

#[test]
fn one_setting_gives_a_curve() {
    let mut window = open([1280.0, 900.0], Theme::Light);
    wait_for_the_end(&mut window);
    make_small(&mut window);
    window.find(Role::CheckBox, "Second setting", 0).click();
    window.frames();
    window.click("Start");
    wait_for_the_end(&mut window);
    assert!(window.shows("quartiles") && window.shows("theory χ = 1"), "{:#?}", window.texts());
    assert!(!window.shows("Load this cell"), "a curve has no cell to choose");
}

#[test]
fn the_depth_by_gain_presets_are_measured() {
    for (preset, name) in [("Depth × gain, ReLU", "ReLU"), ("Depth × gain, sigmoid", "Sigmoid")] {
        let mut window = open([1280.0, 900.0], Theme::Dark);
        window.find(Role::ComboBox, "Sweep of", 0).click();
        window.frames();
        let entries = window.harness.query_all_by_role_and_label(Role::Button, preset);
        entries.last().expect("an entry").click();
        window.frames();
        wait_for_the_end(&mut window);
        let heading = format!("Decades per layer over Gain and Depth: {name}");
        assert!(window.shows(&heading), "{:#?}", window.texts());
    }
}

#[test]
fn the_present_experiment_is_taken_with_its_number_of_seeds() {
    let mut window = open([1280.0, 900.0], Theme::Light);
    wait_for_the_end(&mut window);
    window.click("Take the present experiment");
    // 20 units a layer: 320 over 20.
    let seeds = window.find(Role::SpinButton, "Seeds", 0).accesskit_node().value();
    assert_eq!(seeds.as_deref(), Some("16"));
}

/// What a sweep puts in the place of what is set is said before it is measured, where it can be
/// read in a small window.
#[test]
fn the_page_says_what_a_sweep_replaces() {
    let mut experiment = Experiment {
        variants: vec![Variant {
            init: Init::of(Scheme::HeNormal),
            ..Variant::of(Activation::Relu)
        }],
        ..Experiment::default()
    };
    experiment.architecture.hidden = Some(vec![50, 2, 50, 50]);
    let mut window = Window::open_as(Some(experiment), [1024.0, 640.0], Theme::Dark);
    window.click("Sweep");
    window.wait_for_text("Start");
    window.find(Role::ComboBox, "Sweep of", 0).click();
    window.frames();
    let entries = window.harness.query_all_by_role_and_label(Role::Button, "Depth × gain, ReLU");
    entries.last().expect("an entry").click();
    window.frames();
    wait_for_the_end(&mut window);
    make_small(&mut window);
    window.click("Take the present experiment");
    window.frames();
    for words in ["1 stands for its own gain of 1.4142", "The hidden sizes 50, 2, 50, 50 give way"]
    {
        let shown = window.texts().iter().any(|text| text.contains(words));
        assert!(shown, "{words}: {:#?}", window.texts());
    }
    window.click("Start");
    wait_for_the_end(&mut window);
    if let Some(folder) = std::env::var_os("PAGES") {
        let picture = window.harness.render().expect("a picture");
        let path = std::path::Path::new(&folder).join("sweep-replaces.png");
        picture.save(path).expect("a file");
    }
}
