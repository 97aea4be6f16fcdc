//! The sweep page: it measures by itself at first, stays named and legible in every size, and
//! a cell of it becomes the experiment.

use eframe::egui::{Theme, accesskit::Role};

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
        if let Some(folder) = std::env::var_os("SWEEP_PICTURES") {
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
