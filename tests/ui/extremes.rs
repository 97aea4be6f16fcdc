//! Whatever is dragged, however fast, the lab neither falls nor hangs.

use eframe::egui::{Pos2, Rect, accesskit::Role, pos2, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use gradient_lab::experiment::Experiment;
use gradient_lab::gui::{Command, Page};

use super::window::Window;

/// The places and names of all sliders on the screen.
fn sliders(window: &Window) -> Vec<(String, Rect)> {
    let all = window.harness.query_all_by_role(Role::Slider);
    all.map(|node| (node.accesskit_node().label().unwrap_or_default(), node.rect())).collect()
}

/// Far left, far right and back, in long jumps, to the given end.
fn sweep(rail: Rect, end: f32) -> Vec<Pos2> {
    let at = |x: f32| pos2(x, rail.center().y);
    let (left, right) = (rail.left() - 200.0, rail.right() + 200.0);
    let path = [rail.center().x, left, right, rail.center().x, left, right, end];
    path.map(at).to_vec()
}

#[test]
fn every_slider_survives_fast_drags_to_its_ends() {
    let mut window = Window::open();
    window.choose("Weights", 0, "Constant");
    window.choose("Bias", 1, "Normal");
    let names: Vec<String> = sliders(&window).into_iter().map(|(name, _)| name).collect();
    assert!(names.len() >= 7, "{names:?}");
    for index in 0..names.len() {
        // To the left last, so that the next one starts from little work.
        let (_, rail) = sliders(&window).remove(index);
        window.drag(&sweep(rail, rail.left() - 200.0));
        window.frames();
    }
    window.settle();
    assert_eq!(window.experiment().sizes(), [1, 1, 1], "each stands at its lower end");
    assert!(window.lab().refusal().is_none());
}

#[test]
fn every_slider_at_its_upper_end_is_computed_or_refused() {
    let mut window = Window::open();
    for index in 0..sliders(&window).len() {
        let (name, rail) = sliders(&window).remove(index);
        window.drag(&sweep(rail, rail.right() + 200.0));
        window.frames();
        // One at a time: all together are refused, which the last lines see.
        if name != "Depth" && name != "Width" {
            window.settle();
        }
    }
    window.settle();
    let architecture = &window.experiment().architecture;
    assert_eq!((architecture.depth, architecture.width), (2000, 4096));
    assert!(window.lab().refusal().is_some());
}

#[test]
fn too_large_a_network_is_refused_and_the_picture_stays() {
    let mut window = Window::open();
    window.type_into(Role::SpinButton, "Width", 0, "4096");
    let shown = window.shown().clone();
    window.type_into(Role::SpinButton, "Depth", 0, "2000");
    assert!(window.shows("the lab accepts at most"), "{:#?}", window.texts());
    assert_eq!(window.shown(), &shown, "the old picture stays");
    assert!(window.lab().is_stale(), "and is known to be old");
    window.type_into(Role::SpinButton, "Width", 0, "20");
    window.type_into(Role::SpinButton, "Depth", 0, "5");
    assert_eq!(window.shown(), &Experiment::default());
    assert!(window.lab().refusal().is_none());
}

#[test]
fn a_thousand_layers_fit_into_a_small_window() {
    let mut window = Window::open_as(None, [900.0, 560.0], eframe::egui::Theme::Dark);
    window.type_into(Role::SpinButton, "Depth", 0, "1000");
    assert_eq!(window.shown().architecture.depth, 1000);
    window.harness.render().expect("a picture");
}

/// Without one who manages windows, nothing keeps the smallest size.
#[test]
fn every_page_survives_every_small_window() {
    let mut window = Window::open();
    for page in Page::ALL {
        window.harness.state_mut().command(Command::Go(page));
        window.frames();
        for width in [1.0, 20.0, 64.0, 200.0, 300.0, 330.0, 900.0] {
            for height in [1.0, 30.0, 64.0, 150.0, 560.0] {
                window.harness.set_size(vec2(width, height));
                window.harness.step();
                window.harness.step();
            }
        }
        window.harness.set_size(vec2(1280.0, 860.0));
        window.settle();
    }
}
