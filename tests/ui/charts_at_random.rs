//! Drags, zooms and clicks at random on the charts of every page: none is ever empty, and nothing
//! panics. `CHARTS_SECONDS=120 CHARTS_SEED=7` goes on for longer, from another seed.

use std::time::{Duration, Instant};

use eframe::egui::{
    Color32, Event, Key, Modifiers, PointerButton, Pos2, Rect, Theme, accesskit::Role, pos2, vec2,
};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use gradient_lab::experiment::Preset;
use gradient_lab::gui::Page;
use image::RgbaImage;
use rand::{RngExt as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::window::Window;

const SIZE: [f32; 2] = [1280.0, 860.0];
/// Actions on a page before the next one.
const ON_A_PAGE: usize = 5;
/// A chart shows at least so many pixels of data: less than the thinnest line through it.
const LEAST: usize = 12;

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().expect("a number"))
}

/// The charts on the screen, each with its heading.
fn charts(window: &Window) -> Vec<(String, Rect)> {
    // Between the tabs and the line at the bottom; what is scrolled out of sight is not looked at.
    let screen = Rect::from_min_max(pos2(312.0, 26.0), pos2(SIZE[0], SIZE[1] - 28.0));
    let nodes = window.harness.query_all_by_role(Role::Image);
    let named = nodes.filter_map(|node| Some((node.accesskit_node().label()?, node.rect())));
    named.filter(|(_, place)| screen.contains_rect(*place)).collect()
}

/// Pixels of a chart that are neither ground nor grid, its corner with the way back left out.
fn painted(picture: &RgbaImage, place: Rect, ground: Color32) -> usize {
    // A line at an end of an axis lies on the edge.
    let inside = place.expand2(vec2(-2.0, 1.0));
    let corner = Rect::from_min_max(pos2(place.right() - 100.0, place.top()), place.max)
        .intersect(Rect::from_min_size(place.min, vec2(place.width(), 34.0)));
    let is_grey = |[r, g, b]: [u8; 3]| r.abs_diff(g) < 3 && g.abs_diff(b) < 3;
    let near = |[r, ..]: [u8; 3]| r.abs_diff(ground.r()) < 60;
    let mut count = 0;
    for y in inside.top() as u32..inside.bottom() as u32 {
        for x in inside.left() as u32..inside.right() as u32 {
            let [r, g, b, _] = picture.get_pixel(x, y).0;
            let is_ground = is_grey([r, g, b]) && near([r, g, b]);
            let is_corner = corner.contains(pos2(x as f32, y as f32));
            count += usize::from(!is_ground && !is_corner);
        }
    }
    count
}

fn act(window: &mut Window, random: &mut Xoshiro256PlusPlus, place: Rect) {
    let mut somewhere = |beyond: f32| {
        let place = place.expand(beyond);
        place.min
            + vec2(random.random::<f32>() * place.width(), random.random::<f32>() * place.height())
    };
    let points = [somewhere(0.0), somewhere(60.0), somewhere(200.0)];
    window.harness.hover_at(points[0]);
    window.harness.step();
    match random.random_range(0..10) {
        0..=3 => {
            let factor = (random.random::<f32>() * 4.0 - 1.0).exp();
            window.harness.event(Event::Zoom(factor));
        }
        4 | 5 => drag(window, PointerButton::Primary, &points),
        6 => drag(window, PointerButton::Secondary, &points),
        7 => {
            // The axis on the left or below.
            let left = random.random::<bool>();
            let at = if left {
                pos2(place.left() - 20.0, points[0].y)
            } else {
                pos2(points[0].x, place.bottom() + 10.0)
            };
            drag(window, PointerButton::Primary, &[at, points[1]]);
        }
        8 => drag(window, PointerButton::Primary, &points[..1]),
        _ => {
            drag(window, PointerButton::Secondary, &points[..1]);
            window.harness.key_press(Key::Escape);
        }
    }
    window.frames();
}

fn drag(window: &mut Window, button: PointerButton, points: &[Pos2]) {
    let modifiers = Modifiers::NONE;
    let event = |pos, pressed| Event::PointerButton { pos, button, pressed, modifiers };
    window.harness.hover_at(points[0]);
    window.harness.event(event(points[0], true));
    window.harness.step();
    for point in points {
        window.harness.hover_at(*point);
        window.harness.step();
    }
    window.harness.event(event(points[points.len() - 1], false));
    window.harness.step();
}

#[test]
#[expect(clippy::print_stdout, reason = "a long run tells what it has seen")]
fn no_chart_is_ever_empty() {
    let seed = setting("CHARTS_SEED", 1);
    let time = Duration::from_secs(setting("CHARTS_SECONDS", 0));
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    // Networks whose layers all have a δ: a chart of true zeros alone has nothing to paint.
    let experiment = Preset::find("vanishing").expect("a preset").experiment();
    let mut window = Window::open_as(Some(experiment), SIZE, Theme::Light);
    let ground = window.harness.ctx.style_of(Theme::Light).visuals.panel_fill;
    let (start, mut actions, mut looked_at) = (Instant::now(), 0, 0);
    let mut rounds = 0;
    while rounds == 0 || start.elapsed() < time {
        for page in Page::ALL {
            window.find(Role::Button, page.label(), 0).click();
            window.frames();
            window.wait_until_idle();
            for _ in 0..ON_A_PAGE {
                let all = charts(&window);
                if all.is_empty() {
                    break;
                }
                let (heading, place) = all[random.random_range(0..all.len())].clone();
                act(&mut window, &mut random, place);
                actions += 1;
                // Nothing lies over the charts.
                window.harness.hover_at(pos2(2.0, 2.0));
                window.frames();
                window.wait_until_idle();
                let picture = window.harness.render().expect("a picture");
                for (name, place) in charts(&window) {
                    let pixels = painted(&picture, place, ground);
                    if pixels < LEAST {
                        let file = std::env::temp_dir().join("empty-chart.png");
                        picture.save(&file).expect("a folder");
                        panic!(
                            "seed {seed}, action {actions} on “{heading}”: “{name}” of {page:?} shows {pixels} pixels; see {}",
                            file.display()
                        );
                    }
                    looked_at += 1;
                }
            }
        }
        rounds += 1;
    }
    println!("seed {seed}: {actions} actions, {looked_at} charts looked at, none empty");
    assert!(actions > 30, "charts are found on the pages: {actions}");
}
