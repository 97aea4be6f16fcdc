//! The chapter's page as it is drawn and used.

use eframe::egui::{Theme, Vec2, vec2};
use egui_kittest::{Harness, kittest::Queryable as _};
use gradient_lab::gui::chapter::{self, Action};
use gradient_lab::gui::{App, Page};

use crate::{action, support};

fn window(size: Vec2, theme: Theme) -> Harness<'static, App> {
    let mut harness = Harness::builder()
        .with_size(size)
        .with_theme(theme)
        .with_max_steps(60)
        .renderer(support::CpuRenderer::default())
        .build_eframe(|creation| App::new(creation, None));
    harness.ctx.set_theme(theme);
    harness.run_steps(3);
    harness.get_by_label(Page::Chapter.label()).click();
    harness.run_steps(3);
    assert_eq!(harness.state().page(), Page::Chapter);
    harness
}

#[test]
fn the_page_is_drawn_in_both_themes_and_at_two_sizes() {
    for size in [vec2(1024.0, 640.0), vec2(1920.0, 1080.0)] {
        for theme in [Theme::Light, Theme::Dark] {
            let mut harness = window(size, theme);
            let picture = harness.render().expect("the rasterizer needs no hardware");
            let ground = picture.get_pixel(picture.width() - 40, picture.height() / 2);
            assert_eq!(ground.0[0] < 128, theme == Theme::Dark, "{ground:?}");
            let inked = picture.pixels().filter(|pixel| *pixel != ground).count();
            assert!(inked > 20_000, "{inked} pixels are not ground");
        }
    }
}

#[test]
fn every_button_sets_its_experiment_and_turns_to_its_page() {
    let mut harness = window(vec2(1280.0, 800.0), Theme::Light);
    for Action { label, page, .. } in chapter::actions() {
        harness.get_by_label(label).click_accesskit();
        harness.run_steps(2);
        assert_eq!(harness.state().lab().experiment, action(label), "{label}");
        assert_eq!(harness.state().page(), *page, "{label}");
        harness.get_by_label(Page::Chapter.label()).click();
        harness.run_steps(2);
    }
}

#[test]
fn the_contents_jump_and_answers_unfold() {
    let mut harness = window(vec2(1280.0, 800.0), Theme::Light);
    let entry = "Go to: 16.1: sigmoid, cross-entropy";
    harness.get_by_label(entry).click();
    harness.run_steps(20);
    let heading = harness.get_by_label("16.1: sigmoid, cross-entropy").rect();
    assert!((0.0..200.0).contains(&heading.top()), "{heading}");
    let heard = "In the worked example it is 0.793158";
    assert!(harness.query_by_label_contains(heard).is_none());
    harness.get_by_label("Answer to 16.1").click();
    harness.run_steps(20);
    assert!(harness.query_by_label_contains(heard).is_some());
}

#[test]
fn a_narrow_window_has_the_contents_in_a_menu() {
    let mut harness = window(vec2(700.0, 500.0), Theme::Light);
    harness.get_by_label("Contents").click();
    harness.run_steps(10);
    harness.get_by_label("Go to: What it costs").click_accesskit();
    harness.run_steps(20);
    // Beside the menu it is told where the page stands, and below it is the heading itself.
    let tops: Vec<f32> =
        harness.get_all_by_label("What it costs").map(|node| node.rect().top()).collect();
    assert_eq!(tops.len(), 2, "{tops:?}");
    assert!(tops.iter().all(|top| (0.0..200.0).contains(top)), "{tops:?}");
}

#[test]
fn the_keyboard_turns_the_page() {
    let mut harness = window(vec2(1280.0, 800.0), Theme::Light);
    let top = |harness: &Harness<'_, App>| harness.get_by_label(chapter::TITLE).rect().top();
    let start = top(&harness);
    harness.key_press(eframe::egui::Key::PageDown);
    harness.run_steps(30);
    assert!(top(&harness) < start - 400.0, "{} after {start}", top(&harness));
    harness.key_press(eframe::egui::Key::Home);
    harness.run_steps(60);
    assert!((top(&harness) - start).abs() < 1.0, "{} after {start}", top(&harness));
    harness.key_press(eframe::egui::Key::End);
    harness.run_steps(60);
    let end = harness.get_by_label("Answer to 16.5").rect();
    assert!((0.0..800.0).contains(&end.top()), "{end}");
}
