//! The graph page, driven by its accessible names: both directions, and a study that takes long.

mod helpers;
#[path = "support/page.rs"]
mod page;
mod support;

use std::time::{Duration, Instant};

use eframe::egui::{Theme, accesskit::Role};
use egui_kittest::kittest::Queryable as _;
use gradient_lab::engine::{Network, Scaled};
use gradient_lab::experiment::{Draws, Experiment, Preset};
use gradient_lab::figure::{Direction, Figure, Graph};
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
        let heading = window.get_by_label_contains("as a graph, backward").rect();
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
