//! Charts that one cannot lose: they pan and zoom within the data and lead back, and what lies
//! under the pointer can be copied, exported, asked for its reasons.

use eframe::egui::{
    Event, Modifiers, MouseWheelSource, MouseWheelUnit, OutputCommand, PointerButton, Pos2, Rect,
    Theme, TouchPhase, accesskit::Role, vec2,
};
use gradient_lab::experiment::{Experiment, Preset};
use gradient_lab::gui::Page;

use super::window::{Window, keep};

const NORMS: &str = "Norm of the error signal ‖δ⁽ˡ⁾‖ by layer";
const BACK: &str = "Reset view";

fn deep(layers: usize) -> Experiment {
    let mut experiment = Preset::find("vanishing").expect("a preset").experiment();
    (experiment.architecture.depth, experiment.architecture.width) = (layers, 8);
    experiment
}

fn open(layers: usize) -> Window {
    Window::open_as(Some(deep(layers)), [1280.0, 860.0], Theme::Light)
}

/// The frame of a chart that is named after its heading.
fn chart(window: &Window, heading: &str) -> Rect {
    window.place(Role::Image, heading, 0)
}

/// Where a share of the chart's width and height stands.
fn at(window: &Window, heading: &str, x: f32, y: f32) -> Pos2 {
    let frame = chart(window, heading);
    frame.min + vec2(x * frame.width(), y * frame.height())
}

fn zoom(window: &mut Window, place: Pos2, factor: f32) {
    window.harness.hover_at(place);
    window.frames();
    window.harness.event(Event::Zoom(factor));
    window.frames();
}

fn drag_with(window: &mut Window, button: PointerButton, points: &[Pos2]) {
    let press = |pos: Pos2, pressed: bool| Event::PointerButton {
        pos,
        button,
        pressed,
        modifiers: Modifiers::NONE,
    };
    window.harness.hover_at(points[0]);
    window.harness.step();
    window.harness.event(press(points[0], true));
    window.harness.step();
    for point in points {
        window.harness.hover_at(*point);
        window.harness.step();
    }
    window.harness.event(press(points[points.len() - 1], false));
    window.frames();
}

fn click(window: &mut Window, button: PointerButton, place: Pos2) {
    drag_with(window, button, &[place]);
}

/// The layers that a tooltip tells of at the left and the right edge of a chart.
fn layers_seen(window: &mut Window, heading: &str) -> [usize; 2] {
    [0.02, 0.98].map(|share| {
        let place = at(window, heading, share, 0.5);
        window.harness.hover_at(place);
        window.frames();
        let texts = window.texts();
        let told = texts.iter().find_map(|text| text.strip_prefix("Layer ")?.split(' ').next());
        told.unwrap_or_else(|| panic!("no tooltip: {texts:#?}")).parse().expect("a number")
    })
}

#[test]
fn a_chart_zooms_pans_within_the_data_and_leads_back() {
    let mut window = open(30);
    assert_eq!(layers_seen(&mut window, NORMS), [1, 31]);
    let middle = at(&window, NORMS, 0.5, 0.5);
    // There is nothing beyond the whole, and nothing to go back from.
    zoom(&mut window, middle, 0.2);
    drag_with(&mut window, PointerButton::Primary, &[middle, middle + vec2(300.0, 90.0)]);
    assert_eq!(layers_seen(&mut window, NORMS), [1, 31]);
    assert!(!window.shows(BACK));
    zoom(&mut window, middle, 3.0);
    let [left, right] = layers_seen(&mut window, NORMS);
    assert!(10 <= left && right <= 22 && right - left >= 9, "a third: {left} to {right}");
    keep(&mut window, "chart-zoomed");
    // However far it is dragged, the last layers stay.
    for _ in 0..4 {
        drag_with(&mut window, PointerButton::Primary, &[middle, middle - vec2(380.0, 200.0)]);
    }
    assert_eq!(layers_seen(&mut window, NORMS)[1], 31);
    assert!(layers_seen(&mut window, NORMS)[0] > 15);
    window.click(BACK);
    assert_eq!(layers_seen(&mut window, NORMS), [1, 31]);
    assert!(!window.shows(BACK));
}

#[test]
fn a_box_and_an_axis_zoom_too() {
    let mut window = open(30);
    let [from, to] = [0.2, 0.4].map(|x| at(&window, NORMS, x, 0.5));
    drag_with(&mut window, PointerButton::Secondary, &[from, from + vec2(30.0, 3.0), to]);
    let [left, right] = layers_seen(&mut window, NORMS);
    assert!((6..=8).contains(&left) && (12..=14).contains(&right), "{left} to {right}");
    window.click(BACK);
    let axis = at(&window, NORMS, 0.5, 1.0) + vec2(0.0, 8.0);
    drag_with(&mut window, PointerButton::Primary, &[axis, axis + vec2(80.0, 0.0)]);
    let [left, right] = layers_seen(&mut window, NORMS);
    assert!(left > 5 && right < 27, "{left} to {right}");
    window.frames();
    window.click(BACK);
    assert_eq!(layers_seen(&mut window, NORMS), [1, 31]);
}

#[test]
fn other_layers_and_another_experiment_are_seen_whole() {
    let mut window = open(30);
    let middle = at(&window, NORMS, 0.5, 0.5);
    zoom(&mut window, middle, 4.0);
    assert!(window.shows(BACK));
    window.type_into(Role::SpinButton, "Depth", 0, "12");
    assert!(!window.shows(BACK));
    assert_eq!(layers_seen(&mut window, NORMS), [1, 13]);
    zoom(&mut window, middle, 4.0);
    window.click("New seed");
    assert!(!window.shows(BACK));
    zoom(&mut window, middle, 4.0);
    window.click("linear");
    assert!(!window.shows(BACK), "heights on another axis");
}

#[test]
fn what_lies_under_the_pointer_is_copied_and_exported() {
    let mut window = open(30);
    let place = at(&window, NORMS, 0.5, 0.9);
    click(&mut window, PointerButton::Secondary, place);
    keep(&mut window, "chart-menu");
    for entry in ["Copy picture", "Export picture…", "Export numbers…"] {
        assert!(window.shows(entry), "{entry}");
    }
    let texts = window.texts();
    let value = texts.iter().find_map(|text| text.strip_prefix("Copy value ")).expect("an entry");
    let number: f64 = value.parse().expect("a number as programs read it");
    let draw = window.lab().result().expect("a result");
    let layers = draw.variants.iter().map(|variant| &variant.layers[15]);
    let is_of = |norm: f64| (norm - number).abs() <= 1e-6 * number;
    assert!(layers.map(|layer| layer.delta.to_f64()).any(is_of), "{number}");
    let entry = format!("Copy value {value}");
    let value = value.to_owned();
    window.find(Role::Button, &entry, 0).click();
    window.harness.step();
    let commands = &window.harness.output().platform_output.commands;
    assert!(commands.contains(&OutputCommand::CopyText(value)), "{commands:?}");
    window.frames();
    click(&mut window, PointerButton::Secondary, place);
    window.find(Role::Button, "Export numbers…", 0).click();
    window.wait_for_text("-norms.csv");
}

#[test]
fn a_click_on_a_layer_leads_to_its_reasons() {
    let mut window = open(30);
    let place = at(&window, NORMS, 0.2, 0.95);
    window.harness.hover_at(place);
    window.frames();
    let texts = window.texts();
    let words = texts.iter().find_map(|text| text.strip_prefix("Click: layer "));
    let layer = words.and_then(|words| words.strip_suffix(" in Why")).expect("a hint").to_owned();
    keep(&mut window, "chart-hint");
    click(&mut window, PointerButton::Primary, place);
    window.wait_until_idle();
    assert_eq!(window.harness.state().page(), Page::Why);
    assert_eq!(window.find(Role::SpinButton, "Layer l", 0).value(), Some(layer));
}

#[test]
fn a_click_on_a_cell_leads_to_its_layer_and_variant() {
    let mut window = Window::open_as(None, [1280.0, 860.0], Theme::Dark);
    let texts = window.texts();
    let heading = texts
        .iter()
        .find(|text| text.contains("The same norms as strips"))
        .expect("strips")
        .clone();
    let place = at(&window, &heading, 0.5, 0.8);
    window.harness.hover_at(place);
    window.frames();
    let texts = window.texts();
    let told = texts.iter().find_map(|text| text.strip_prefix("Layer ")?.split(' ').next());
    let layer = told.expect("a tooltip").to_owned();
    click(&mut window, PointerButton::Primary, place);
    window.wait_until_idle();
    assert_eq!(window.harness.state().page(), Page::Why);
    assert_eq!(window.lab().view.variant, 1, "the lower strip is the ReLU's");
    assert_eq!(window.find(Role::SpinButton, "Layer l", 0).value(), Some(layer));
}

/// Scrolling a page over its charts is no zoom.
#[test]
fn a_wheel_scrolls_the_page() {
    let mut window = open(30);
    let middle = at(&window, NORMS, 0.5, 0.5);
    window.harness.hover_at(middle);
    window.harness.event(Event::MouseWheel {
        unit: MouseWheelUnit::Line,
        delta: vec2(0.0, -2.0),
        phase: TouchPhase::Move,
        source: MouseWheelSource::Wheel,
        modifiers: Modifiers::NONE,
    });
    window.frames();
    assert!(!window.shows(BACK));
}
