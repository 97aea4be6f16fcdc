//! Texts from outside, of any length and kind, in every field that takes one.

use std::time::{Duration, Instant};

use eframe::egui::accesskit::Role;
use eframe::egui::{
    Event, ImeEvent, Key, Modifiers, Vec2, ViewportCommand, ViewportId, pos2, vec2,
};
use eframe::epaint::text::MissingGlyphPolicy;

use super::window::Window;

/// What ended wgpu.
const MANY: usize = 3_500_000;
/// What egui takes for a frame, whatever is pasted; a debug build on a busy machine is slow.
const HANG: Duration = Duration::from_secs(2);

/// Hands events to the field that has the keyboard; a frame must come soon.
fn hand(window: &mut Window, events: impl IntoIterator<Item = Event>) {
    let start = Instant::now();
    for event in events {
        window.harness.event(event);
    }
    window.harness.step();
    assert!(start.elapsed() < HANG, "a frame took {:?}", start.elapsed());
}

/// Letters of the longest text on the screen.
fn longest(window: &Window) -> usize {
    window.texts().iter().map(|text| text.chars().count()).max().unwrap_or(0)
}

#[test]
fn millions_of_letters_are_refused_in_a_sentence_in_every_field() {
    let mut window = Window::open();
    let many = "9".repeat(MANY);
    for (role, name) in
        [(Role::TextInput, "Title"), (Role::TextInput, "Name"), (Role::SpinButton, "Depth")]
    {
        window.find(role, name, 0).click();
        window.frames();
        for event in [
            Event::Paste(many.clone()),
            Event::Text(many.clone()),
            Event::Ime(ImeEvent::Commit(many.clone())),
            Event::Ime(ImeEvent::Preedit { text: many.clone(), active_range_chars: None }),
            Event::MiddleClickPaste { pos: pos2(100.0, 100.0), text: many.clone() },
        ] {
            let what = format!("{name}: {:.20}…", format!("{event:?}"));
            hand(&mut window, [event]);
            assert!(longest(&window) < 10_000, "{what} was laid out");
            assert!(window.shows("has 3500000 letters, and a field takes at most 4096"), "{what}");
        }
        window.harness.key_press(Key::Escape);
        window.settle();
        // The sentence goes with the next change.
        window.click("New seed");
        assert!(!window.shows("3500000 letters"), "{:#?}", window.texts());
    }
    assert_eq!(window.experiment().architecture.depth, 5, "nothing was put in");
}

/// A key that is held down pastes with every repetition.
#[test]
fn pastes_one_after_the_other_end_too() {
    let mut window = Window::open();
    for (role, name) in [(Role::SpinButton, "Depth"), (Role::TextInput, "Title")] {
        window.find(role, name, 0).click();
        window.frames();
        for _ in 0..50 {
            let pastes = (0..20).map(|_| Event::Paste("9".repeat(1000)));
            hand(&mut window, pastes);
        }
        assert!(longest(&window) < 10_000, "{name}: {} letters", longest(&window));
        assert!(window.shows("has received 4096 letters"), "{name}: {:#?}", window.texts());
        window.harness.key_press(Key::Escape);
        window.settle();
    }
    window.type_into(Role::SpinButton, "Depth", 0, "7");
    assert_eq!(window.experiment().architecture.depth, 7, "the field works on");
}

#[test]
fn a_screen_readers_value_is_bounded_too() {
    let mut window = Window::open();
    let title = window.find(Role::TextInput, "Title", 0);
    title.set_text_value_accesskit(&"x".repeat(MANY));
    hand(&mut window, []);
    assert!(window.shows("has 3500000 letters"), "{:#?}", window.texts());
    assert!(longest(&window) < 10_000);
}

#[test]
fn what_is_pasted_into_a_path_has_an_end() {
    let mut window = Window::open();
    window.press(Modifiers::COMMAND, Key::O);
    let path = "x".repeat(3000);
    hand(&mut window, [Event::Paste(path.clone())]);
    assert!(window.shows(&path), "an ordinary text is put in");
    hand(&mut window, [Event::Paste(path)]);
    assert!(window.shows("has received 4096 letters"), "{:#?}", window.texts());
    window.harness.key_press(Key::Enter);
    window.settle();
    assert!(longest(&window) < 10_000);
}

#[test]
fn control_and_bidi_letters_do_no_harm() {
    let mut window = Window::open();
    // As outside of tests, where it is no mistake of the lab's to show such a letter.
    window.harness.ctx.set_missing_glyph_policy(MissingGlyphPolicy::Tofu);
    for text in ["\u{1b}[31m\0\u{7}", "\u{202e}שלום\u{2028}", "\r\n\r\n", "\u{fffd}\u{10ffff}"]
    {
        for (role, name) in
            [(Role::TextInput, "Title"), (Role::TextInput, "Name"), (Role::SpinButton, "Depth")]
        {
            window.find(role, name, 0).click();
            window.frames();
            hand(&mut window, [Event::Paste(text.to_owned())]);
            window.harness.key_press(Key::Enter);
            window.settle();
            window.harness.render().expect("a picture");
        }
        let again = gradient_lab::experiment::Experiment::from_toml(&window.experiment().to_toml());
        if window.lab().refusal().is_none() {
            assert_eq!(&again.expect("what it saves, it opens"), window.experiment(), "{text:?}");
        }
    }
}

/// The size that the window asks for in this frame.
fn asked_size(window: &Window) -> Option<Vec2> {
    let commands = &window.harness.output().viewport_output[&ViewportId::ROOT].commands;
    commands.iter().find_map(|command| match command {
        ViewportCommand::InnerSize(size) => Some(*size),
        _ => None,
    })
}

#[test]
fn a_window_beyond_the_graphics_card_is_made_smaller() {
    let mut window = Window::open();
    window.harness.input_mut().max_texture_side = Some(2048);
    for (size, scale, fitting) in [
        (vec2(3000.0, 700.0), 1.0, vec2(2048.0, 700.0)),
        (vec2(1000.0, 2100.0), 1.0, vec2(1000.0, 2048.0)),
        (vec2(1280.0, 600.0), 2.0, vec2(1024.0, 600.0)),
    ] {
        let viewports = &mut window.harness.input_mut().viewports;
        viewports.get_mut(&ViewportId::ROOT).expect("there").native_pixels_per_point = Some(scale);
        window.harness.set_size(size);
        window.harness.step();
        // The scale takes a frame to be in force.
        let asked = asked_size(&window).or_else(|| {
            window.harness.step();
            asked_size(&window)
        });
        assert_eq!(asked, Some(fitting), "{size:?} at {scale}");
        assert!(window.shows("the graphics card paints at most 2048"), "{:#?}", window.texts());
        window.harness.step();
        assert_eq!(asked_size(&window), None, "once for each size");
        window.harness.set_size(vec2(900.0, 560.0));
        window.frames();
        assert_eq!(asked_size(&window), None);
    }
}
