//! The page of distributions: its figures hold the study's counts, the command line renders
//! them, and the page is driven by its accessible names.

mod helpers;
#[path = "support/page.rs"]
mod page;
mod support;

use std::sync::Arc;

use eframe::egui::{Theme, accesskit::Role};
use egui_kittest::kittest::Queryable as _;
use gradient_lab::experiment::{Activation, Experiment, Loss, Preset, Variant};
use gradient_lab::figure::{Figure, FigureId, Panel, Rows, SpreadForm, View};
use gradient_lab::study::{
    DrawStudy, SpreadSettings, SpreadSignal, TaskContext, ValueAxis, spread,
};
use page::{PageWindow, on_paper};

fn preset(name: &str) -> Experiment {
    Preset::find(name).expect("a preset").experiment()
}

fn figure(experiment: &Experiment, settings: SpreadSettings, form: SpreadForm) -> Figure {
    let task = TaskContext::unattended();
    let spread = spread(&mut DrawStudy::new(), experiment, settings, &task);
    Figure::spread(&Arc::new(spread.expect("nobody stops it")), form)
}

/// Softmax over twelve classes, a batch of eight.
fn softmax() -> Experiment {
    let mut experiment = preset("xavier-vs-he");
    experiment.architecture.loss = Loss::SoftmaxCe;
    experiment.architecture.output = 12;
    experiment.architecture.batch = 8;
    experiment.variants.iter_mut().for_each(|variant| variant.output_activation = None);
    experiment
}

/// One hidden layer of one unit.
fn smallest() -> Experiment {
    let mut experiment = Experiment::default();
    (experiment.architecture.depth, experiment.architecture.width) = (1, 1);
    experiment.architecture.loss = Loss::Bce;
    experiment.variants = vec![Variant::of(Activation::Sigmoid)];
    experiment
}

/// As many layers as there can be.
fn deepest() -> Experiment {
    let mut experiment = Experiment::default();
    (experiment.architecture.depth, experiment.architecture.width) = (2000, 5);
    experiment.variants = vec![Variant::of(Activation::Tanh)];
    experiment
}

fn extremes() -> [(&'static str, Experiment); 6] {
    [
        ("chapter-16", Experiment::default()),
        ("deep", preset("deep")),
        ("exploding", preset("exploding")),
        ("softmax", softmax()),
        ("smallest", smallest()),
        ("deepest", deepest()),
    ]
}

#[test]
fn the_table_counts_every_entry_once() {
    let mut experiment = Experiment::default();
    experiment.architecture.batch = 3;
    for (signal, form) in
        [(SpreadSignal::Z, SpreadForm::Heat), (SpreadSignal::Delta, SpreadForm::Ridge)]
    {
        for axis in ValueAxis::ALL {
            let settings = SpreadSettings { variant: 1, signal, axis: Some(axis) };
            let table = figure(&experiment, settings, form).table();
            let counts = format!("count of {}", signal.letter());
            for (layer, units) in [20, 20, 20, 20, 20, 1].into_iter().enumerate() {
                let rows = table
                    .rows
                    .iter()
                    .filter(|row| row[0] == counts && row[2] == (layer + 1).to_string());
                let sum: u64 = rows.map(|row| row[3].parse::<u64>().expect("a count")).sum();
                assert_eq!(sum, 3 * units, "{signal:?} {axis:?} {layer}");
            }
        }
    }
}

#[test]
fn the_cells_are_the_shares_and_zeros_have_a_row() {
    let settings =
        SpreadSettings { variant: 1, signal: SpreadSignal::A, axis: Some(ValueAxis::Log) };
    let figure = figure(&Experiment::default(), settings, SpreadForm::Heat);
    let Panel::Heat(heat) = &figure.panels[0] else { panic!("a heatmap") };
    let Rows::Values { spread, .. } = &heat.rows else { panic!("values") };
    let share = |row: usize, layer: usize| {
        heat.cell(row, layer).log10().map_or(0.0, |log10| 10_f64.powf(log10))
    };
    for (layer, counted) in spread.layers.iter().enumerate() {
        let sum: f64 = (0..heat.rows.count()).map(|row| share(row, layer)).sum();
        assert!((sum - 1.0).abs() < 1e-12, "{layer}: {sum}");
        assert!((share(0, layer) - counted.dead_share).abs() < 1e-12);
        assert_eq!(share(1, layer), 0.0, "a gap");
    }
    assert_eq!(heat.rows.name(0), "exactly 0");
}

#[test]
fn the_deep_preset_keeps_its_decades_in_the_figure() {
    let figure = FigureId::Dist(SpreadSignal::Delta)
        .compute(&preset("deep"), View::default(), &TaskContext::unattended())
        .expect("nobody stops it");
    let rows = figure.table().rows;
    let row = |series: &str| {
        let row = rows.iter().find(|row| row[1] == series && row[2] == "1").expect(series);
        row[4].parse::<f64>().expect("a logarithm")
    };
    let draw = helpers::draw(&preset("deep"));
    let norm = draw.variants[0].layers[0].delta.log10().expect("not zero");
    assert!(norm < -600.0 && (row("rms") - norm).abs() < 2.0, "{norm} {}", row("rms"));
    assert!(row("median") <= row("95 %") && row("5 %") <= row("median"));
}

#[test]
fn every_figure_is_rendered_for_every_extreme() {
    let task = TaskContext::unattended();
    for (name, experiment) in extremes() {
        experiment.validate().expect("within the limits");
        for signal in SpreadSignal::ALL {
            for form in [SpreadForm::Heat, SpreadForm::Ridge] {
                let id = form.id(signal);
                let figure = id.compute(&experiment, View::default(), &task).expect("a figure");
                assert_eq!((figure.id, figure.panels.len()), (id, 2));
                on_paper(&figure, name);
            }
        }
    }
}

#[test]
fn the_command_line_renders_them() {
    let folder = tempfile::TempDir::new().expect("a folder");
    for id in ["dist-z", "dist-a", "dist-delta", "ridge-delta"] {
        let file = folder.path().join(id).with_extension("png");
        let path = file.display().to_string();
        let out =
            helpers::lab(&["render", "chapter-16", "--figure", id, "-o", &path, "--scale", "1"]);
        assert!(out.status.success(), "{out:?}");
        let picture = image::open(&file).expect("a PNG");
        assert_eq!((picture.width(), picture.height()), (960, 720));
    }
    let list = helpers::lab(&["list"]);
    assert!(String::from_utf8_lossy(&list.stdout).contains("ridge-a"));
}

/// The window at the page, once the sentence of a result is on the screen.
fn open(experiment: Experiment, size: [f32; 2], theme: Theme) -> PageWindow {
    let mut window = PageWindow::open(experiment, size, theme, "Distributions");
    window.wait_for("Line: the median");
    window
}

#[test]
fn every_choice_changes_what_is_shown() {
    let mut harness = open(Experiment::default(), [1280.0, 900.0], Theme::Light);
    assert!(harness.texts().iter().any(|text| text.contains("The median |δ| is")));
    harness.get_by_role_and_label(Role::Button, "z").click();
    harness.wait_for("The median z is");
    harness.get_by_role_and_label(Role::Button, "signed log").click();
    harness.wait_for("Signed log: v stands at");
    harness.get_by_role_and_label(Role::Button, "linear").click();
    harness.wait_for("The median z is");
    assert!(!harness.texts().iter().any(|text| text.contains("Signed log: v stands at")));
    harness.get_by_role_and_label(Role::Button, "ridge").click();
    harness.wait_for("scaled to its own tallest bin");
    harness.get_by_role_and_label(Role::Button, "a").click();
    harness.wait_for("The median a is");
    harness.get_by_role_and_label(Role::Button, "log").click();
    harness.wait_for("The median |a| is");
    harness.get_by_role_and_label(Role::ComboBox, "Variant shown").click();
    harness.run_ok();
    harness.get_all_by_role_and_label(Role::Button, "ReLU").last().expect("an entry").click();
    harness.wait_for("Exact zeros stand apart");
    harness.get_by_role_and_label(Role::Button, "δ").click();
    harness.wait_for("Every δ is exactly 0");
    assert_eq!(harness.unnamed_widgets().len(), 0, "{:#?}", harness.unnamed_widgets());
}

#[test]
fn hovering_tells_the_exact_counts() {
    let mut harness = open(Experiment::default(), [1280.0, 900.0], Theme::Light);
    // Somewhere in the figure, right of the controls.
    harness.hover_at(eframe::egui::pos2(700.0, 420.0));
    harness.wait_for("of 20 entries");
    harness.get_by_role_and_label(Role::Button, "ridge").click();
    harness.run_ok();
    harness.hover_at(eframe::egui::pos2(701.0, 420.0));
    harness.wait_for("exactly 0: 0 of 20 entries");
}

#[test]
fn the_page_is_drawn() {
    for (name, experiment) in extremes() {
        for (size, theme, place) in [
            ([1024.0, 640.0], Theme::Light, "small-light"),
            ([1920.0, 1080.0], Theme::Dark, "large-dark"),
        ] {
            let mut harness = open(experiment.clone(), size, theme);
            let unnamed = harness.unnamed_widgets();
            assert!(unnamed.is_empty(), "{unnamed:#?}");
            harness.keep(&format!("spread-{name}-{place}-heat-delta"));
            harness.get_by_role_and_label(Role::Button, "z").click();
            harness.wait_for("The median z is");
            harness.keep(&format!("spread-{name}-{place}-heat-z"));
            harness.get_by_role_and_label(Role::Button, "ridge").click();
            harness.wait_for("scaled to its own tallest bin");
            harness.keep(&format!("spread-{name}-{place}-ridge-z"));
        }
    }
}
