//! A batch that a frame cannot hold: its first example at once, the whole when it is there.

use eframe::egui::{Theme, accesskit::Role};
use gradient_lab::experiment::{Draws, Experiment};
use gradient_lab::gui::Command;

use super::window::Window;

/// Seconds of work in a debug build; one example of it is quick.
fn large() -> Experiment {
    let mut experiment = Experiment { draws: Draws::Layered, ..Experiment::default() };
    let architecture = &mut experiment.architecture;
    (architecture.depth, architecture.width, architecture.batch) = (40, 512, 512);
    experiment.variants.truncate(1);
    experiment
}

/// Sets the large experiment and waits for its preview, and for no more.
fn previewed(size: [f32; 2], theme: Theme) -> Window {
    let mut window = Window::open_as(None, size, theme);
    window.harness.state_mut().command(Command::Set(Box::new(large())));
    window.wait_for_text("Preview: 1 of 512 examples");
    window
}

fn exports(window: &mut Window) -> bool {
    window.find(Role::Button, "Export…", 0).click();
    window.frames();
    window.shows("Export picture")
}

#[test]
fn a_preview_says_so_and_does_not_leave_the_window() {
    let mut window = previewed([1280.0, 1500.0], Theme::Light);
    assert_eq!(window.lab().preview(), Some((1, 512)));
    assert_eq!(window.shown(), &large(), "it is of the present experiment");
    assert!(!exports(&mut window));

    window.find(Role::Button, "Cancel", 0).click();
    window.wait_for_text("the picture is a preview, 1 of 512 examples");
    assert_eq!(window.lab().preview(), Some((1, 512)), "what is there stays");
    assert!(!exports(&mut window));

    window.type_into(Role::SpinButton, "Batch", 0, "2");
    assert_eq!((window.shown().architecture.batch, window.lab().preview()), (2, None));
    assert!(exports(&mut window));
}

#[test]
fn the_whole_takes_the_previews_place() {
    let mut window = previewed([1280.0, 860.0], Theme::Light);
    window.settle();
    let draw = window.lab().result().expect("a result");
    assert_eq!((draw.examples, &draw.experiment), (512, &large()));
    assert!(!window.shows("Preview"), "{:#?}", window.texts());
}

#[test]
fn a_newer_setting_takes_the_previews_place() {
    let mut window = previewed([1280.0, 860.0], Theme::Light);
    let chapter = Box::new(Experiment::default());
    window.harness.state_mut().command(Command::Set(chapter));
    window.frames();
    window.settle();
    assert_eq!(window.shown(), &Experiment::default());
    assert!(!window.shows("Preview"), "{:#?}", window.texts());
}

#[test]
fn a_preview_is_named_in_every_size_and_theme() {
    for (size, theme) in [
        ([1024.0, 640.0], Theme::Light),
        ([1024.0, 640.0], Theme::Dark),
        ([1920.0, 1080.0], Theme::Light),
        ([1920.0, 1080.0], Theme::Dark),
    ] {
        let mut window = previewed(size, theme);
        let unnamed = window.harness.unnamed_widgets();
        assert!(unnamed.is_empty(), "{unnamed:#?}");
        // Where a person wants to look at it.
        if let Some(folder) = std::env::var_os("PAGES") {
            let picture = window.harness.render().expect("a picture");
            let name = format!("preview-{}-{theme:?}.png", size[0]);
            picture.save(std::path::Path::new(&folder).join(name)).expect("a file");
        }
        window.find(Role::Button, "Cancel", 0).click();
        window.wait_for_text("Cancelled");
        if let Some(folder) = std::env::var_os("PAGES") {
            let picture = window.harness.render().expect("a picture");
            let name = format!("preview-cancelled-{}-{theme:?}.png", size[0]);
            picture.save(std::path::Path::new(&folder).join(name)).expect("a file");
        }
    }
}

/// One frame takes a change and shows it, where the result comes at once. A busy machine may be late
/// now and then, and not always.
#[test]
fn the_frame_that_takes_a_change_shows_its_result() {
    let mut window = Window::open();
    let shown = (0..20).filter(|_| {
        let mut changed = window.experiment().clone();
        changed.next_seed();
        window.harness.state_mut().command(Command::Set(Box::new(changed.clone())));
        window.harness.step();
        let is_shown = *window.shown() == changed;
        window.settle();
        is_shown
    });
    assert!(shown.count() > 0);
}
