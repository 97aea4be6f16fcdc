//! The page “Step by step”: the chapter's numbers, its buttons and keys, and its own numbers.

mod support;

use std::time::{Duration, Instant};

use eframe::egui::{Key, OutputCommand, Theme, accesskit::Role};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use gradient_lab::experiment::{Experiment, Preset};
use gradient_lab::gui::App;

/// A debug build on a busy machine still answers within this.
const PATIENCE: Duration = Duration::from_secs(60);

type Window = Harness<'static, App>;

fn preset(name: &str) -> Experiment {
    Preset::find(name).expect("a preset").experiment()
}

fn texts(window: &Window) -> Vec<String> {
    let nodes = window.root().children_recursive();
    let texts = nodes.flat_map(|node| {
        let node = node.accesskit_node();
        [node.label(), node.value()].into_iter().flatten().collect::<Vec<_>>()
    });
    texts.collect()
}

fn shows(window: &Window, text: &str) -> bool {
    texts(window).iter().any(|shown| shown.contains(text))
}

fn wait(window: &mut Window, until: &str) {
    let start = Instant::now();
    loop {
        window.run_ok();
        if shows(window, until) {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "no “{until}”: {:#?}", texts(window));
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn open(experiment: Experiment, until: &str, size: [f32; 2], theme: Theme) -> Window {
    let mut window = Harness::builder()
        .with_size(size)
        .with_theme(theme)
        .with_max_steps(12)
        .with_render_cursor(false)
        .renderer(support::CpuRenderer::default())
        .build_eframe(|creation| App::new(creation, Some(experiment)));
    window.run_ok();
    click(&mut window, "Step by step");
    wait(&mut window, until);
    window
}

fn large(name: &str, until: &str) -> Window {
    open(preset(name), until, [1400.0, 1000.0], Theme::Light)
}

fn click(window: &mut Window, button: &str) {
    window.get_by_role_and_label(Role::Button, button).click();
    window.run_ok();
}

fn unfold(window: &mut Window) {
    window.get_by_role_and_label(Role::DisclosureTriangle, "Numbers").click();
    window.run_ok();
}

#[test]
fn the_chapters_numbers_are_shown_step_by_step() {
    let mut window = large("worked-example", "Step 1 of");
    assert!(shows(&window, ".377500"), "{:#?}", texts(&window));
    click(&mut window, "BP1  δ⁽²⁾");
    for number in [".125394", ".158095", ".803158"] {
        assert!(shows(&window, number), "{number}: {:#?}", texts(&window));
    }
    click(&mut window, "BP2  δ⁽¹⁾");
    assert!(shows(&window, ".050158") && shows(&window, ".012103"));
    click(&mut window, "Last");
    assert!(shows(&window, "lowers the loss: 0.314550 before"));
}

#[test]
fn buttons_and_keys_move_from_step_to_step() {
    let mut window = large("worked-example", "Step 1 of");
    click(&mut window, "Next");
    assert!(shows(&window, "Step 2 of") && shows(&window, "Apply Sigmoid"));
    // The arrows act while one of the page's buttons has the focus, and while nothing has.
    for (key, step) in [
        (Key::ArrowRight, "Step 3 of"),
        (Key::ArrowRight, "Step 4 of"),
        (Key::ArrowLeft, "Step 3 of"),
    ] {
        window.key_press(key);
        window.run_ok();
        assert!(shows(&window, step), "{step}: {:#?}", texts(&window));
    }
    click(&mut window, "Back");
    assert!(shows(&window, "Step 2 of"));
    click(&mut window, "Play");
    window.get_by_role_and_label(Role::Button, "Pause");
    for _ in 0..400 {
        window.step();
    }
    assert!(!shows(&window, "Step 2 of"), "it plays on");
    click(&mut window, "Last");
    window.run_ok();
    click(&mut window, "First");
    assert!(shows(&window, "Step 1 of"));
}

#[test]
fn a_changed_input_changes_the_numbers() {
    let mut window = large("worked-example", "Step 1 of");
    unfold(&mut window);
    window.run_ok();
    assert!(window.unnamed_widgets().is_empty(), "{:#?}", window.unnamed_widgets());
    window.get_by_label("x, entry 1").click();
    window.run_ok();
    window.get_by_label("x, entry 1").type_text("1");
    window.key_press(Key::Enter);
    window.run_ok();
    let data = window.state().lab().experiment.data.clone().expect("given data");
    assert_eq!(data.x, [[1.0, 0.1]]);
    // .15 · 1 + .20 · .10 + .35.
    wait(&mut window, ".520000");
    click(&mut window, "Undo");
    wait(&mut window, ".377500");
}

#[test]
fn drawn_numbers_can_be_taken_as_given() {
    let mut window = large("xor", "Step 1 of");
    let before = window.state().lab().experiment.clone();
    unfold(&mut window);
    window.run_ok();
    click(&mut window, "Take the drawn numbers as given");
    let after = window.state().lab().experiment.clone();
    after.validate().expect("a valid experiment");
    assert_eq!(after.data, before.data);
    let sizes =
        |w: &Vec<Vec<Vec<f64>>>| w.iter().map(|w| (w.len(), w[0].len())).collect::<Vec<_>>();
    assert_eq!(after.variants[0].weights.as_ref().map(sizes), Some(vec![(2, 2), (1, 2)]));
    wait(&mut window, "b⁽²⁾, entry 1");
    assert!(window.unnamed_widgets().is_empty(), "{:#?}", window.unnamed_widgets());
}

/// XOR has four examples: the page says that it takes one, and lets one choose.
#[test]
fn every_example_of_xor_can_be_stepped_through() {
    let mut window = large("xor", "Step 1 of");
    assert!(shows(&window, "One example of 4 at a time: loss, gradients and update are its own"));
    let mut losses = Vec::new();
    for (example, x) in [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]].iter().enumerate() {
        click(&mut window, &format!("Example {}", example + 1));
        click(&mut window, "First");
        wait(&mut window, &format!("[{}; {}]", x[0], x[1]));
        click(&mut window, "Last");
        let whose = format!("loss of example {} of 4", example + 1);
        wait(&mut window, &whose);
        losses.push(texts(&window).into_iter().find(|text| text.contains(&whose)));
    }
    losses.dedup();
    assert_eq!(losses.len(), 4, "each example has a loss of its own: {losses:#?}");
    assert!(window.unnamed_widgets().is_empty(), "{:#?}", window.unnamed_widgets());
}

#[test]
fn a_softmax_is_called_one() {
    let toml = "[architecture]\ninput = 2\ndepth = 1\nwidth = 2\noutput = 2\nloss = 'softmax_ce'\n\
         [[variant]]\nactivation = 'tanh'";
    let experiment = Experiment::from_toml(toml).expect("valid");
    let mut window = open(experiment, "Step 1 of", [1400.0, 1000.0], Theme::Light);
    (0..3).for_each(|_| click(&mut window, "Next"));
    wait(&mut window, "Apply the softmax in layer 2");
    click(&mut window, "Check and cost");
    wait(&mut window, "the softmax outputs of Tanh");
}

#[test]
fn too_large_a_network_is_a_sentence_and_two_ways_out() {
    let mut window = large("chapter-16", "a run by hand shows at most");
    assert!(window.unnamed_widgets().is_empty(), "{:#?}", window.unnamed_widgets());
    click(&mut window, "The worked example");
    wait(&mut window, "Step 1 of");
    assert_eq!(window.state().lab().experiment, preset("worked-example"));
}

/// Leaves the pictures where `PAGES` says, if it says so.
#[test]
fn the_page_is_drawn() {
    for (size, theme, place) in [
        ([1024.0, 640.0], Theme::Light, "small-light"),
        ([1920.0, 1080.0], Theme::Dark, "large-dark"),
    ] {
        let mut window = open(preset("worked-example"), "Step 1 of", size, theme);
        for (entry, name) in [("BP2  δ⁽¹⁾", "bp2"), ("BP3  ∂L/∂W⁽¹⁾", "bp3")] {
            click(&mut window, entry);
            window.run_ok();
            let unnamed = window.unnamed_widgets();
            assert!(unnamed.is_empty(), "{unnamed:#?}");
            let picture = window.render().expect("the rasterizer needs no hardware");
            let Some(folder) = std::env::var_os("PAGES") else { continue };
            let file = format!("steps-{name}-{place}.png");
            picture.save(std::path::Path::new(&folder).join(file)).expect("a written picture");
            if name == "bp3" {
                unfold(&mut window);
                window.run_ok();
                let picture = window.render().expect("the rasterizer needs no hardware");
                let file = format!("steps-numbers-{place}.png");
                picture.save(std::path::Path::new(&folder).join(file)).expect("a picture");
            }
        }
    }
}

#[test]
fn a_step_is_copied_as_latex_and_as_a_picture() {
    let mut window = large("worked-example", "Step 1 of");
    click(&mut window, "BP2  δ⁽¹⁾");
    let mut copied = |button: &str| {
        window.get_by_role_and_label(Role::Button, button).click();
        let start = Instant::now();
        loop {
            window.step();
            let commands = &window.output().platform_output.commands;
            if let Some(command) = commands.first() {
                return command.clone();
            }
            assert!(start.elapsed() < PATIENCE, "nothing is copied");
        }
    };
    let OutputCommand::CopyText(text) = copied("Copy LaTeX") else { panic!("a text") };
    assert!(text.starts_with("\\begin{align*}\n\\delta^{(1)}&=") && text.contains(".012103"));
    assert_eq!(text.matches("\\begin").count(), text.matches("\\end").count());
    let OutputCommand::CopyImage(image) = copied("Copy picture") else { panic!("a picture") };
    assert!(image.width() > 1200 && image.height() > 500, "{:?}", image.size);
    let ground = image.pixels[0];
    // Nothing touches the edges, and something is there.
    let (width, height) = (image.width(), image.height());
    let is_edge =
        |i: usize| [0, width - 1].contains(&(i % width)) || [0, height - 1].contains(&(i / width));
    let pixels = || image.pixels.iter().enumerate();
    assert!(pixels().all(|(i, pixel)| !is_edge(i) || *pixel == ground), "it is cut");
    assert!(pixels().filter(|(_, pixel)| **pixel != ground).count() > 5000);
    if let Some(folder) = std::env::var_os("PAGES") {
        let bytes = image.as_raw().to_vec();
        let picture = image::RgbaImage::from_raw(width as u32, height as u32, bytes);
        let file = std::path::Path::new(&folder).join("step.png");
        picture.expect("a picture").save(file).expect("a written picture");
    }
}
