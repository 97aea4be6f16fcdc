//! The window's pages can be looked at in tests without a graphics card.

mod support;

use eframe::egui;
use egui_kittest::{Harness, kittest::Queryable as _};
use gradient_lab::paint::fonts;
use image::RgbaImage;

/// A page with one switch, that shows a filled circle while it is on.
fn harness() -> Harness<'static, bool> {
    Harness::builder()
        .with_size([200.0, 60.0])
        .with_pixels_per_point(1.5)
        .with_context_setup(fonts::install)
        .renderer(support::CpuRenderer::default())
        .build_ui_state(
            |ui, on| {
                ui.checkbox(on, "Show ‖δ⁽ˡ⁾‖");
                if *on {
                    let color = egui::Color32::RED;
                    ui.painter().circle_filled(egui::pos2(150.0, 30.0), 20.0, color);
                }
            },
            false,
        )
}

fn red_area(picture: &RgbaImage) -> f32 {
    let red = picture.pixels().filter(|pixel| pixel.0 == [255, 0, 0, 255]);
    red.count() as f32
}

#[test]
fn a_click_changes_the_picture() {
    let mut harness = harness();
    let before = harness.render().expect("the rasterizer needs no hardware");
    assert_eq!(before.dimensions(), (300, 90));
    assert_eq!(red_area(&before), 0.0);

    harness.get_by_label("Show ‖δ⁽ˡ⁾‖").click();
    harness.run();
    let after = harness.render().expect("the rasterizer needs no hardware");
    // A disc of 20 points at 1.5 pixels a point, without its soft rim of about a pixel.
    let area = std::f32::consts::PI * 30.0 * 30.0;
    let inner = std::f32::consts::PI * 29.0 * 29.0;
    let red = red_area(&after);
    assert!((inner..area).contains(&red), "{inner} < {red} < {area}");
}
