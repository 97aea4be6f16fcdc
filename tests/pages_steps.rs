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

fn remedied(batch: usize, remedies: &str) -> Experiment {
    Experiment::from_toml(&format!(
        "seed = 3\ndraws = 'layered'\n[architecture]\ninput = 2\ndepth = 3\nwidth = 3\noutput = 1\n\
         batch = {batch}\n[[variant]]\nactivation = 'tanh'\n{remedies}"
    ))
    .expect("valid")
}

/// Layer normalization before the activation, beside a skip: every step is there, named, and said
/// in words.
#[test]
fn normalization_and_skips_have_steps_of_their_own() {
    let remedies = "normalization = 'layer'\nskip = 'pre'";
    let mut window = open(remedied(1, remedies), "Step 1 of", [1400.0, 1000.0], Theme::Light);
    for (entry, title) in [
        ("μ⁽¹⁾", "The mean of layer 1 over its units"),
        ("norm⁽²⁾", "Normalize layer 2"),
        ("h⁽²⁾", "Add the skip: what layer 1 hands on"),
        ("BP2  ∂L/∂u⁽²⁾", "passes the activation of layer 2"),
        ("BP2  e⁽²⁾", "of layer 2 only the share of ε goes through"),
        ("BP2  ∂L/∂h⁽²⁾", "the skip of layer 3 joins the way back"),
        ("BP2  δ⁽²⁾", "the whole of it along the skip to layer 1"),
        ("∂L/∂γ⁽³⁾", "The gradient of γ of layer 3"),
        ("new  β⁽¹⁾", "Move the β of layer 1 down the slope"),
    ] {
        click_first(&mut window, entry);
        assert!(shows(&window, title), "{entry}: {:#?}", texts(&window));
        let tex = texts(&window).into_iter().find(|text| text.contains('\\'));
        assert_eq!(tex, None, "{entry} is said without TeX");
    }
    click(&mut window, "Last");
    assert!(shows(&window, "the loss: "), "{:#?}", texts(&window));
    assert!(window.unnamed_widgets().is_empty(), "{:#?}", window.unnamed_widgets());
    unfold(&mut window);
    click(&mut window, "Take the drawn numbers as given");
    wait(&mut window, "γ⁽³⁾, entry 3");
    let experiment = window.state().lab().experiment.clone();
    experiment.validate().expect("a valid experiment");
    assert_eq!(experiment.variants[0].norms.len(), 3);
}

/// An array may be made twice: the first pass’s entry.
fn click_first(window: &mut Window, entry: &str) {
    window.get_all_by_role_and_label(Role::Button, entry).next().expect(entry).click_accesskit();
    window.run_ok();
}

#[test]
fn coupled_examples_stand_side_by_side() {
    let batch_norm = "normalization = 'batch'";
    let mut window = open(remedied(2, batch_norm), "Step 1 of", [1400.0, 1000.0], Theme::Light);
    assert!(shows(&window, "All 2 examples side by side, a column each"));
    assert!(!shows(&window, "Example 2"), "there is none to choose");
    click(&mut window, "Last");
    assert!(shows(&window, "the mean of the 2 examples"), "{:#?}", texts(&window));
    unfold(&mut window);
    click(&mut window, "Take the drawn numbers as given");
    wait(&mut window, "x of example 2, entry 1");
    assert!(window.unnamed_widgets().is_empty(), "{:#?}", window.unnamed_widgets());
    let window =
        open(remedied(9, batch_norm), "at most 4 examples", [1400.0, 1000.0], Theme::Light);
    assert!(shows(&window, "lower the batch"));
}

#[test]
fn shared_weights_are_moved_once_and_cannot_be_given() {
    let mut window = open(remedied(1, "tied = true"), "Step 1 of", [1400.0, 1000.0], Theme::Light);
    click(&mut window, "BP3  ∂L/∂W");
    assert!(shows(&window, "of layers 2 to 3, which share them"), "{:#?}", texts(&window));
    window.get_by_role_and_label(Role::Button, "new  W");
    unfold(&mut window);
    assert!(shows(&window, "untie the weights to change them"));
}

/// Leaves the pictures where `PAGES` says, if it says so.
#[test]
fn steps_with_remedies_are_drawn() {
    let layer = "normalization = 'layer'\nskip = 'pre'";
    let batch = "normalization = 'batch'\nskip = 'post_norm'\nskip_scale = 0.5\ntied = true";
    for (size, theme, place) in [
        ([1024.0, 640.0], Theme::Light, "small-light"),
        ([1024.0, 640.0], Theme::Dark, "small-dark"),
        ([1920.0, 1080.0], Theme::Light, "large-light"),
        ([1920.0, 1080.0], Theme::Dark, "large-dark"),
    ] {
        for (examples, remedies, name) in [(1, layer, "layer-pre"), (3, batch, "batch-post")] {
            let mut window = open(remedied(examples, remedies), "Step 1 of", size, theme);
            for (number, entry) in [
                "v⁽²⁾",
                "norm⁽²⁾",
                "h⁽²⁾",
                "BP2  g⁽²⁾ − mean",
                "BP2  c⁽²⁾",
                "BP2  e⁽²⁾",
                "BP2  ∂L/∂h⁽²⁾",
                "BP2  δ⁽¹⁾",
                "BP3  ∂L/∂W",
                "∂L/∂γ⁽²⁾",
            ]
            .into_iter()
            .enumerate()
            {
                // Each network has its own: e where a skip joins, W where it is shared.
                let entry = match (name, entry) {
                    ("batch-post", "BP2  e⁽²⁾") => "BP2  ∂L/∂s⁽²⁾",
                    ("layer-pre", "BP3  ∂L/∂W") => "BP3  ∂L/∂W⁽²⁾",
                    (_, entry) => entry,
                };
                click_first(&mut window, entry);
                assert!(window.unnamed_widgets().is_empty());
                let picture = window.render().expect("the rasterizer needs no hardware");
                let Some(folder) = std::env::var_os("PAGES") else { continue };
                let file = format!("steps-{name}-{number}-{place}.png");
                picture.save(std::path::Path::new(&folder).join(file)).expect("a picture");
            }
            if let Some(folder) = std::env::var_os("PAGES") {
                let OutputCommand::CopyImage(image) = copied(&mut window, "Copy picture") else {
                    panic!("a picture")
                };
                save(
                    &image,
                    &std::path::Path::new(&folder).join(format!("step-{name}-{place}.png")),
                );
            }
        }
    }
}

fn save(image: &eframe::egui::ColorImage, path: &std::path::Path) {
    let bytes = image.as_raw().to_vec();
    let [width, height] = [image.width() as u32, image.height() as u32];
    let picture = image::RgbaImage::from_raw(width, height, bytes).expect("a picture");
    picture.save(path).expect("a written picture");
}

/// What a button puts on the clipboard.
fn copied(window: &mut Window, button: &str) -> OutputCommand {
    window.get_by_role_and_label(Role::Button, button).click();
    let start = Instant::now();
    loop {
        window.step();
        if let Some(command) = window.output().platform_output.commands.first() {
            return command.clone();
        }
        assert!(start.elapsed() < PATIENCE, "nothing is copied");
    }
}

#[test]
fn a_step_is_copied_as_latex_and_as_a_picture() {
    let mut window = large("worked-example", "Step 1 of");
    click(&mut window, "BP2  δ⁽¹⁾");
    let OutputCommand::CopyText(text) = copied(&mut window, "Copy LaTeX") else { panic!("a text") };
    assert!(text.starts_with("\\begin{align*}\n\\delta^{(1)}&=") && text.contains(".012103"));
    assert_eq!(text.matches("\\begin").count(), text.matches("\\end").count());
    let OutputCommand::CopyImage(image) = copied(&mut window, "Copy picture") else {
        panic!("a picture")
    };
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
        save(&image, &std::path::Path::new(&folder).join("step.png"));
    }
}
