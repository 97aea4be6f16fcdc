//! The graph page, driven by its accessible names: both directions, and a study that takes long.

mod helpers;
#[path = "support/page.rs"]
mod page;
mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::{self, Theme, accesskit::Role};
use egui_kittest::kittest::Queryable as _;
use gradient_lab::engine::{Network, Scaled};
use gradient_lab::experiment::{Draws, Experiment, Preset};
use gradient_lab::figure::{Direction, Figure, Graph};
use gradient_lab::paint::{Medium, Painter, sheet, theme};
use gradient_lab::study::{DrawStudy, TaskContext, snapshot};
use page::{PageWindow, on_paper};

fn preset(name: &str) -> Experiment {
    Preset::find(name).expect("a preset").experiment()
}

#[test]
fn both_directions_of_every_net_are_shown() {
    for (name, size, theme) in [
        ("worked-example", [1024.0, 640.0], Theme::Light),
        ("chapter-16", [1024.0, 640.0], Theme::Dark),
        ("deep", [1920.0, 1080.0], Theme::Light),
    ] {
        let mut window = PageWindow::open(preset(name), size, theme, "Graph");
        window.wait_for("as a graph, backward");
        window.keep(&format!("graph-backward-{name}"));
        window.get_by_role_and_label(Role::Button, "forward").click();
        window.wait_for("as a graph, forward");
        window.keep(&format!("graph-forward-{name}"));
    }
}

#[test]
fn both_directions_are_printed() {
    for name in ["worked-example", "exploding"] {
        let experiment = preset(name);
        let task = TaskContext::unattended();
        let snapshot =
            snapshot(&mut DrawStudy::new(), &experiment, 0, 0, &task).expect("nobody stops it");
        for direction in [Direction::Forward, Direction::Backward] {
            on_paper(
                &Figure::graph(&experiment, &snapshot, direction),
                &format!("{name}-{direction:?}"),
            );
        }
    }
}

fn graph_of(experiment: &Experiment, example: usize, direction: Direction) -> Graph {
    let task = TaskContext::unattended();
    let snapshot =
        snapshot(&mut DrawStudy::new(), experiment, 0, example, &task).expect("nobody stops it");
    Graph::of(&snapshot, direction)
}

fn arrows(graph: &Graph) -> Vec<Option<&str>> {
    graph.columns.iter().map(|column| column.arrow.as_deref()).collect()
}

#[test]
fn forward_carries_a_and_backward_carries_delta() {
    let experiment = preset("worked-example");
    let forward = graph_of(&experiment, 0, Direction::Forward);
    assert_eq!(arrows(&forward), [None, Some("x"), Some("a⁽¹⁾"), Some("a⁽²⁾")]);
    assert_eq!(forward.columns[2].nodes[0].label, "a₁ 0.803");
    assert!(forward.columns[2].nodes[0].fill.is_some(), "coloured by |a|");
    assert_eq!(forward.quantity, "|aⱼ⁽ˡ⁾|");
    let backward = graph_of(&experiment, 0, Direction::Backward);
    assert_eq!(arrows(&backward), [None, None, Some("δ⁽²⁾"), Some("∇ₐL")]);
    assert_eq!(backward.columns[2].nodes[0].label, "δ₁ 0.125");
}

/// The horizontal lines and triangles of the arrows, as they are painted.
fn tips(direction: Direction) -> Vec<f32> {
    let figure = {
        let experiment = preset("worked-example");
        let task = TaskContext::unattended();
        let snapshot = snapshot(&mut DrawStudy::new(), &experiment, 0, 0, &task).expect("a pass");
        Arc::new(Figure::graph(&experiment, &snapshot, direction))
    };
    let context = egui::Context::default();
    theme::install(&context);
    let mut painter = Painter::new();
    let mut shapes = Vec::new();
    for _ in 0..2 {
        let size = egui::vec2(1000.0, 600.0);
        let screen_rect = Some(egui::Rect::from_min_size(egui::Pos2::ZERO, size));
        let input = egui::RawInput { screen_rect, ..Default::default() };
        let mut output = context.run_ui(input, |ui| {
            sheet::show(&mut painter, ui, &figure, Medium::Paper);
        });
        output.textures_delta.clear();
        shapes = output.shapes;
    }
    // A tip is a triangle; it points from its base to its first corner.
    let tip = |clipped: egui::epaint::ClippedShape| match clipped.shape {
        egui::Shape::Path(path) if path.points.len() == 3 => {
            Some((path.points[0].x - path.points[1].x).signum())
        }
        _ => None,
    };
    shapes.into_iter().filter_map(tip).collect()
}

#[test]
fn arrows_point_the_way_the_pass_goes() {
    assert_eq!(tips(Direction::Forward), [1.0; 3], "to the right");
    assert_eq!(tips(Direction::Backward), [-1.0; 2], "to the left");
}

#[test]
fn a_batch_says_which_example_and_whose_loss() {
    let experiment = preset("xor");
    let of = |example| graph_of(&experiment, example, Direction::Forward);
    let (first, last) = (of(0), of(3));
    assert_eq!(first.heading, "Sigmoid as a graph, forward: example 1 of 4");
    assert_eq!(last.heading, "Sigmoid as a graph, forward: example 4 of 4");
    let loss = |graph: &Graph| graph.columns.last().expect("a loss").clone();
    assert_eq!(loss(&last).subtitle, "of example 4");
    assert_ne!(loss(&first).nodes[0].label, loss(&last).nodes[0].label, "each its own");
    let story = &loss(&last).nodes[0].story;
    assert!(story[0].starts_with("L of example 4 of 4 = "), "{story:?}");
    assert!(story[2].starts_with("mean L of the batch = "), "{story:?}");
    assert!(first.key.contains("this example’s own"), "{}", first.key);
    let alone = graph_of(&preset("worked-example"), 0, Direction::Forward);
    assert_eq!(alone.heading, "Sigmoid as a graph, forward");
}

#[test]
fn a_softmax_is_called_one() {
    let toml = "[architecture]\noutput = 3\nloss = 'softmax_ce'\n[[variant]]\nactivation = 'tanh'";
    let experiment = Experiment::from_toml(toml).expect("valid");
    let graph = graph_of(&experiment, 0, Direction::Backward);
    let output = &graph.columns[graph.columns.len() - 2];
    assert_eq!(output.subtitle, "softmax");
    assert!(output.nodes[0].story.iter().any(|line| line.contains("= a − y")));
}

#[test]
fn an_example_is_chosen_by_its_button() {
    let mut window = PageWindow::open(preset("xor"), [1024.0, 640.0], Theme::Light, "Graph");
    window.wait_for("as a graph, backward: example 1 of 4");
    window.get_by_role_and_label(Role::Button, "Example 3").click();
    window.wait_for("as a graph, backward: example 3 of 4");
    window.keep("graph-example");
    let forward = window.get_by_role_and_label(Role::Button, "forward");
    forward.click();
    window.wait_for("as a graph, forward: example 3 of 4");
    window.keep("graph-example-forward");
}

/// The label of the loss.
fn loss_of(name: &str, gain: f64) -> String {
    let mut experiment = preset(name);
    experiment.variants[0].init.gain = Some(gain);
    let task = TaskContext::unattended();
    let snapshot =
        snapshot(&mut DrawStudy::new(), &experiment, 0, 0, &task).expect("nobody stops it");
    let graph = Graph::of(&snapshot, Direction::Backward);
    graph.columns.last().expect("a loss").nodes[0].label.clone()
}

#[test]
fn a_loss_is_readable_however_large() {
    assert_eq!(loss_of("chapter-16", 1.0), "L = 0.097610");
    let large = loss_of("exploding", 1000.0);
    assert!(large.starts_with("L = ") && large.contains("e+1") && large.len() < 16, "{large}");
    assert_eq!(large.matches(char::is_numeric).count(), 4 + 3, "{large}");
}

#[test]
fn a_long_pass_says_so_and_can_be_cancelled() {
    let mut experiment = Experiment { draws: Draws::Layered, ..Experiment::default() };
    let architecture = &mut experiment.architecture;
    (architecture.depth, architecture.width, architecture.batch) = (300, 400, 64);
    let mut window = PageWindow::open(experiment, [1024.0, 640.0], Theme::Dark, "Graph");
    wait_for_word_of_it(&mut window);
    window.get_by_role_and_label(Role::Button, "Cancel").click();
    window.wait_for("Cancelled");
    window.keep("graph-cancelled");
    window.get_by_role_and_label(Role::Button, "Compute again").click();
    wait_for_word_of_it(&mut window);
    window.get_by_role_and_label(Role::Button, "Cancel").click();
    window.wait_for("Cancelled");
}

/// What takes long says so; frames go by until it does.
fn wait_for_word_of_it(window: &mut PageWindow) {
    let start = Instant::now();
    while !window.texts().iter().any(|text| text.contains("Running a pass")) {
        assert!(start.elapsed() < Duration::from_secs(20), "{:#?}", window.texts());
        window.step();
    }
}

/// The heading of a long name and the tools beside it stand one above the other.
#[test]
fn a_long_name_is_not_printed_under_the_tools() {
    let mut experiment = preset("chapter-16");
    experiment.variants[0].name = "Linear, orthogonal, with a long name".to_owned();
    for size in [[1024.0, 640.0], [1920.0, 1080.0]] {
        let mut window = PageWindow::open(experiment.clone(), size, Theme::Dark, "Graph");
        window.wait_for("as a graph, backward");
        window.keep(&format!("graph-long-name-{}", size[0]));
        // The chart has the same name, and stands below.
        let mut named = window.get_all_by_label_contains("as a graph, backward");
        let heading = named.next().expect("a heading").rect();
        let tool = window.get_by_role_and_label(Role::Button, "forward").rect();
        assert!(!heading.intersects(tool), "{heading} {tool}");
    }
}

#[test]
fn units_that_are_not_shown_have_their_root_mean_square() {
    let experiment = preset("chapter-16");
    let (mut study, task) = (DrawStudy::new(), TaskContext::unattended());
    let seen = snapshot(&mut study, &experiment, 0, 0, &task).expect("nobody stops it");
    let network: Network<f64> =
        study.network(&experiment, &experiment.variants[0], &task).expect("nobody stops it");
    let pass = network.pass();
    let mut compared = 0;
    for layer in seen.layers.iter().filter(|layer| layer.layer > 0) {
        let Some(rest) = &layer.rest else { continue };
        let trace = &pass.layers[layer.layer - 1];
        let hidden = |column: Vec<Scaled>| -> f64 {
            let hidden = &column[column.len() - rest.count..];
            let squares: f64 = hidden.iter().map(|number| number.to_f64().powi(2)).sum();
            (squares / rest.count as f64).sqrt()
        };
        let rms_a = hidden(trace.a.column(0).into_iter().collect());
        let rms_delta = hidden(trace.delta.column(0).into_iter().collect());
        assert!((rest.rms_a / rms_a - 1.0).abs() < 1e-12, "{} {rms_a}", rest.rms_a);
        assert!((rest.rms_delta.to_f64() / rms_delta - 1.0).abs() < 1e-12, "{rms_delta}");
        compared += 1;
    }
    assert!(compared > 3, "only {compared} layers have units that are not shown");
}

/// With a normalization and skips δ is no product of two numbers, and is not said to be one.
#[test]
fn skips_are_drawn_and_normalizations_told() {
    let toml = "[architecture]\ninput = 3\ndepth = 4\nwidth = 5\noutput = 2\nbatch = 4\n[[variant]]\nactivation = 'relu'\nnormalization = 'layer'\nskip = 'pre'\nskip_scale = 0.5";
    let experiment = Experiment::from_toml(toml).expect("valid");
    let graph = graph_of(&experiment, 1, Direction::Backward);
    let skips: Vec<Option<&str>> =
        graph.columns.iter().map(|column| column.skip.as_deref()).collect();
    let skip = Some("skip, α = 0.5");
    assert_eq!(skips, [None, None, skip, skip, skip, None, None]);
    let story = &graph.columns[2].nodes[0].story;
    let starts = |start: &str| story.iter().any(|line| line.starts_with(start));
    let all = [
        "z₁⁽²⁾",
        "h₁⁽²⁾",
        "normalized",
        "γ = 1.000000, β = 0",
        "Σ W δ",
        "along the skip",
        "∂L/∂γ",
        "δ₁⁽²⁾",
    ];
    assert!(all.into_iter().all(starts) && !starts("σ′(z"), "{story:?}");
    assert!(!story.iter().any(|line| line.contains('×')), "{story:?}");
    for (size, theme) in [([1024.0, 640.0], Theme::Light), ([1920.0, 1080.0], Theme::Dark)] {
        let mut window = PageWindow::open(experiment.clone(), size, theme, "Graph");
        window.wait_for("as a graph, backward");
        window.keep(&format!("graph-skips-{}", size[0]));
    }
}
