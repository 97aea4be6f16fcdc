//! Every widget has a name, and every word has all its signs.
//!
//! The harness itself panics when a laid out sign is missing or a widget has no name; these
//! tests bring up what is hidden at first: menus, small windows, lists, tooltips.

use eframe::egui::{FontFamily, FontId, Key, Modifiers, accesskit::Role};
use gradient_lab::experiment::{
    Activation, Draws, FanMode, Loss, Precision, Preset, Scheme, limits,
};
use gradient_lab::figure::{FigureId, with_minus};
use gradient_lab::gui::Page;
use gradient_lab::paint::fonts;

use super::window::Window;

/// Signs of the texts without a glyph in a family.
fn missing(window: &Window, texts: &[String]) -> String {
    let mut missing = String::new();
    for family in [FontFamily::Proportional, fonts::bold(), FontFamily::Monospace] {
        let font = FontId::new(14.0, family);
        window.harness.ctx.fonts_mut(|fonts| {
            let signs = texts.iter().flat_map(|text| text.chars());
            let absent = signs.filter(|sign| *sign != '\n' && !fonts.has_glyph(&font, *sign));
            missing.extend(absent);
        });
    }
    missing
}

fn check(window: &Window) {
    let unnamed = window.harness.unnamed_widgets();
    assert!(unnamed.is_empty(), "{unnamed:#?}");
    let texts = window.texts();
    assert!(texts.len() > 20, "{texts:?}");
    assert_eq!(missing(window, &texts), "");
    // The chapter's numbers are formulas: what is painted is not what is read aloud.
    let is_painted = window.harness.state().page() != Page::Chapter;
    let hyphens: Vec<&String> =
        texts.iter().filter(|text| is_painted && with_minus(text) != **text).collect();
    assert!(hyphens.is_empty(), "a hyphen for a minus sign: {hyphens:#?}");
}

#[test]
fn every_page_is_named_and_legible() {
    let mut window = Window::open();
    for page in Page::ALL {
        window.click(page.label());
        window.wait_for_no_text("Computing");
        check(&window);
    }
}

#[test]
fn negative_numbers_have_minus_signs() {
    // Means of a, outputs and errors below 0, weights and signed δ.
    let experiment = Preset::find("worked-example").expect("a preset").experiment();
    let mut tanh = experiment.clone();
    tanh.variants[0].activation = Activation::Tanh;
    for experiment in [experiment, tanh] {
        let mut window = Window::open_with(Some(experiment));
        let mut negative = 0;
        for page in Page::ALL {
            window.click(page.label());
            window.wait_for_no_text("Computing");
            check(&window);
            let texts = window.texts();
            negative += texts.iter().filter(|text| text.contains('−')).count();
        }
        assert!(negative > 5, "{negative}");
    }
}

#[test]
fn menus_and_small_windows_are_named_and_legible() {
    let mut window = Window::open();
    for menu in ["File", "Edit", "View", "Help"] {
        window.find(Role::Button, menu, 0).click();
        window.frames();
        check(&window);
        window.press(Modifiers::NONE, Key::Escape);
    }
    for key in [Key::O, Key::S, Key::E] {
        window.press(Modifiers::COMMAND, key);
        check(&window);
        window.press(Modifiers::NONE, Key::Escape);
    }
    window.press(Modifiers::NONE, Key::F1);
    check(&window);
}

#[test]
fn every_scheme_and_parameter_is_named_and_legible() {
    let mut window = Window::open();
    for scheme in Scheme::ALL {
        window.choose("Weights", 0, scheme.label());
        assert_eq!(window.experiment().variants[0].init.scheme, scheme);
        check(&window);
    }
    for scheme in Scheme::FOR_BIAS {
        window.choose("Bias", 0, scheme.label());
        assert_eq!(window.experiment().variants[0].bias.scheme, scheme);
        check(&window);
    }
}

#[test]
fn the_hidden_sizes_one_by_one_are_named() {
    let mut window = Window::open();
    window.click("Sizes one by one");
    check(&window);
    window.click("One width for all");
    assert_eq!(window.experiment().architecture.hidden, None);
}

#[test]
fn every_label_and_hint_has_its_signs() {
    let window = Window::open();
    let mut words: Vec<&str> = Vec::new();
    words.extend(Activation::ALL.iter().flat_map(|a| [a.label(), a.hint()]));
    words.extend(Scheme::ALL.iter().flat_map(|s| [s.label(), s.hint()]));
    words.extend(Loss::ALL.iter().flat_map(|l| [l.label(), l.hint()]));
    words.extend(Precision::ALL.iter().flat_map(|p| [p.id(), p.hint()]));
    words.extend(Draws::ALL.iter().flat_map(|d| [d.label(), d.hint()]));
    words.extend(FanMode::ALL.iter().map(|m| m.id()));
    words.extend(Preset::ALL.iter().flat_map(|p| [p.id, p.hint]));
    words.extend(Page::ALL.iter().flat_map(|p| [p.label(), p.hint()]));
    words.extend(FigureId::ALL.iter().flat_map(|f| [f.label(), f.hint()]));
    words.extend(limits::KEYS.iter().flat_map(|(key, accepted)| [*key, accepted.as_str()]));
    let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
    assert_eq!(missing(&window, &words), "");
}
