//! The table of norms: its column of layers stays in sight while the others scroll sideways.

use eframe::egui::{
    Event, Modifiers, MouseWheelSource, MouseWheelUnit, Rect, Theme, TouchPhase, accesskit::Role,
    vec2,
};

use super::window::{Window, keep};

/// The header of a column and the cell in its first row: the texts at the bottom of the window.
fn header(window: &Window, name: &str) -> Rect {
    let places = window.places_of_text(name);
    *places.iter().max_by(|a, b| a.top().total_cmp(&b.top())).expect("a header")
}

/// The layers' numbers below their header, in the order of the rows.
fn layers(window: &Window, header: Rect) -> Vec<Rect> {
    let found = (1..=6).filter_map(|layer| {
        let all = window.labels(&layer.to_string());
        all.into_iter()
            .find(|at| at.top() > header.top() && (at.right() - header.right()).abs() < 3.0)
    });
    found.collect()
}

#[test]
fn the_column_of_layers_stays_while_the_table_scrolls_sideways() {
    for (theme, name) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        let mut window = Window::open_as(None, [1024.0, 640.0], theme);
        let before = header(&window, "fan_in→fan_out");
        let layer = window.place(Role::Label, "l", 0);
        let rows = layers(&window, layer);
        assert!(rows.len() >= 2, "{rows:?}");
        // Into the table, then the wheel sideways.
        window.harness.hover_at(before.center() + vec2(60.0, 30.0));
        window.frames();
        for _ in 0..4 {
            window.harness.event(Event::MouseWheel {
                unit: MouseWheelUnit::Point,
                delta: vec2(-160.0, 0.0),
                phase: TouchPhase::Move,
                source: MouseWheelSource::Wheel,
                modifiers: Modifiers::NONE,
            });
            window.frames();
        }
        let after = header(&window, "fan_in→fan_out");
        keep(&mut window, &format!("table-scrolled-{name}"));
        assert!(after.left() < before.left() - 200.0, "it has scrolled: {before:?} {after:?}");
        assert_eq!(window.place(Role::Label, "l", 0), layer, "the header stays");
        assert_eq!(layers(&window, layer), rows, "so do the layers");
    }
}
