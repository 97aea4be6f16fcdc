//! The first page as it looks, in both themes. Painted by the lab's own rasterizer, so that
//! every machine gives the same pixels. After an intended change: look at the new pictures,
//! then `UPDATE_SNAPSHOTS=1 cargo test --test ui pictures`.

use eframe::egui::Theme;

use super::window::Window;

fn look(theme: Theme, name: &str) {
    let mut window = Window::open_as(None, [1024.0, 640.0], theme);
    window.harness.snapshot(name);
}

#[test]
fn the_first_page_is_light() {
    look(Theme::Light, "chapter-light");
}

#[test]
fn the_first_page_is_dark() {
    look(Theme::Dark, "chapter-dark");
}
