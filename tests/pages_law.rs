//! The law page: driven by its accessible names, painted without a graphics card; its figures
//! and the command line against the studies' own numbers.

mod helpers;
mod support;

use std::time::{Duration, Instant};

use eframe::egui::{Theme, accesskit::Role};
use egui_kittest::{Harness, kittest::NodeT as _, kittest::Queryable as _};
use gradient_lab::experiment::{Experiment, Preset};
use gradient_lab::figure::{Chart, Figure, FigureId, MarkShape, Panel, View};
use gradient_lab::gui::App;
use gradient_lab::study::{
    EnsembleSettings, TaskContext, Theory, TheoryStudy, VariantEnsemble, ensemble, predict,
};

use helpers::{experiment, lab, lab_with_input};

/// A debug build on a busy machine still answers within this.
const PATIENCE: Duration = Duration::from_secs(120);

fn open(experiment: Experiment, size: [f32; 2], theme: Theme) -> Harness<'static, App> {
    let mut harness = Harness::builder()
        .with_size(size)
        .with_theme(theme)
        .with_max_steps(6)
        .with_render_cursor(false)
        .renderer(support::CpuRenderer::default())
        .build_eframe(|creation| App::new(creation, Some(experiment)));
    harness.run_ok();
    harness.get_by_role_and_label(Role::Button, "Ensemble and theory").click();
    harness
}

/// Lets frames pass until a text contains this.
fn wait_for(harness: &mut Harness<'static, App>, part: &str) {
    let start = Instant::now();
    loop {
        harness.run_ok();
        if harness.query_all_by_label_contains(part).next().is_some() {
            // Whatever came with the text is laid out by now.
            harness.run_ok();
            return;
        }
        assert!(start.elapsed() < PATIENCE, "no text has {part:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn preset(id: &str) -> Experiment {
    Preset::find(id).expect("it comes with the lab").experiment()
}

#[test]
fn the_page_draws_the_chapters_law() {
    let mut harness = open(Experiment::default(), [1280.0, 900.0], Theme::Light);
    wait_for(&mut harness, "1000 networks, seeds 42 to 1041");
    for words in ["standard errors of the mean", "is critical at σ_w²", "Engine: exact in law"] {
        assert!(harness.query_all_by_label_contains(words).next().is_some(), "{words}");
    }
    let picture = harness.render().expect("the rasterizer needs no hardware");
    let orange = picture.pixels().filter(|p| p.0[0] > 200 && p.0[2] < 60).count();
    assert!(orange > 300, "the ReLU's marks are there: {orange}");
}

#[test]
fn every_control_has_a_name() {
    let mut harness = open(Experiment::default(), [1280.0, 900.0], Theme::Light);
    wait_for(&mut harness, "1000 networks");
    for name in ["Seeds", "Layer"] {
        let found = harness.query_all_by_role(Role::Slider).any(|slider| {
            slider.accesskit_node().labelled_by().any(|word| word.value().as_deref() == Some(name))
        });
        assert!(found, "a slider is called {name}");
    }
    assert!(harness.query_by_role_and_label(Role::ComboBox, "Engine").is_some());
}

#[test]
fn what_has_no_theory_says_so() {
    let mut harness = open(preset("worked-example"), [1280.0, 900.0], Theme::Dark);
    wait_for(&mut harness, "No theory to compare with");
    harness.render().expect("the rasterizer needs no hardware");
}

/// Keeps a picture where `PAGES` says, for a person to look at.
fn keep(name: &str, harness: &mut Harness<'static, App>) {
    let picture = harness.render().expect("the rasterizer needs no hardware");
    if let Some(folder) = std::env::var_os("PAGES") {
        let file = std::path::Path::new(&folder).join(format!("law-{name}.png"));
        picture.save(file).expect("a folder that can be written");
    }
}

/// The page in a small dark and a large light window; for the pictures of all the presets set
/// `PAGES=folder`.
#[test]
fn the_page_is_drawn() {
    let all: &[&str] = &["chapter-16", "worked-example", "vanishing", "xavier-vs-he", "deep"];
    let shown = if std::env::var_os("PAGES").is_some() { all } else { &all[..1] };
    for id in shown {
        for (size, theme) in [([1024.0, 640.0], Theme::Dark), ([1920.0, 1080.0], Theme::Light)] {
            let mut harness = open(preset(id), size, theme);
            wait_for(&mut harness, "1000 networks, seeds");
            keep(&format!("{id}-{}", size[0]), &mut harness);
            if *id == "worked-example" || theme == Theme::Dark {
                continue;
            }
            harness.get_by_label("÷ theory").click();
            harness.run_ok();
            keep(&format!("{id}-relative"), &mut harness);
            harness.get_by_role_and_label(Role::Button, "Gradient flow").click();
            harness.run_ok();
            harness.get_by_label("theory").click();
            wait_for(&mut harness, "theory RMS");
            keep(&format!("{id}-flow"), &mut harness);
        }
    }
}

/// The first band comes from a part of the seeds; with `PAGES` set the time to it is told, and
/// for more presets.
#[test]
fn the_first_band_comes_before_the_last_seed() {
    let all: &[&str] = &["chapter-16", "vanishing", "xavier-vs-he", "deep"];
    let told = std::env::var_os("PAGES").is_some();
    for id in if told { all } else { &all[..1] } {
        let experiment = preset(id);
        let start = Instant::now();
        let theory = Theory::at_once(&experiment);
        let first = std::cell::Cell::new(None);
        let stop = || first.get().is_some();
        let settings = EnsembleSettings::default();
        let _ = ensemble(&experiment, &settings, &TaskContext::new(&stop, &|_| {}), |so_far| {
            Figure::ensemble(so_far, &theory, None);
            first.set(Some((so_far.seeds, start.elapsed())));
        });
        let (seeds, elapsed) = first.get().expect("one snapshot");
        assert!(seeds < settings.seeds, "{id}: {seeds}");
        if told {
            eprintln!("{id}: first band after {elapsed:?}");
        }
    }
}

fn chart(figure: &Figure, panel: usize) -> &Chart {
    let Panel::Chart(chart) = &figure.panels[panel] else { panic!("a chart") };
    chart
}

fn shape<'a>(chart: &'a Chart, name: &str) -> &'a MarkShape {
    &chart.marks.iter().find(|mark| mark.name == name).expect(name).shape
}

fn small() -> (gradient_lab::study::Ensemble, Theory) {
    let chapter = Experiment::default();
    let settings = EnsembleSettings { seeds: 300, ..EnsembleSettings::default() };
    let task = TaskContext::unattended();
    let measured = ensemble(&chapter, &settings, &task, |_| {}).expect("valid");
    (measured, TheoryStudy::new().run(&chapter, &task).expect("nobody stops it"))
}

#[test]
fn the_figures_show_the_studies_numbers() {
    let (measured, theory) = small();
    let figure = Figure::ensemble(&measured, &theory, None);
    let by_layer = chart(&figure, 0);
    let sigmoid: &VariantEnsemble = &measured.variants[0];
    let MarkShape::Band(band) = shape(by_layer, "Sigmoid · 5–95\u{a0}%") else {
        panic!("a band")
    };
    let MarkShape::Line(median) = shape(by_layer, "Sigmoid · median") else { panic!("a line") };
    let MarkShape::Dashed(rms) = shape(by_layer, "Sigmoid · theory RMS") else { panic!("dashed") };
    let predicted = predict(&measured.experiment, &measured.experiment.variants[0]);
    let predicted = predicted.expect("random weights");
    for (l, layer) in sigmoid.layers.iter().enumerate() {
        let x = (l + 1) as f64;
        let quantile = |p| layer.log10_quantile(p).expect("a sigmoid never dies");
        assert_eq!(band[l], [x, quantile(0.05), quantile(0.95)]);
        assert_eq!(median[l], [x, quantile(0.5)]);
        assert_eq!(Some(rms[l][1]), predicted.layers[l].delta.log10());
    }
    // ReLU's zeros stand apart, in per cent.
    let MarkShape::Line(zeros) = shape(chart(&figure, 1), "ReLU") else { panic!("a line") };
    assert_eq!(zeros[5], [6.0, 100.0 * measured.variants[1].layers[5].zero_share()]);
    let table = figure.table();
    let lower =
        table.rows.iter().find(|row| row[1] == "Sigmoid · 5–95\u{a0}%, lower").expect("there");
    assert_eq!(lower[4], band[0][1].to_string());
}

#[test]
fn divided_by_the_theory_the_theory_is_1() {
    let (measured, theory) = small();
    let figure = Figure::ensemble(&measured, &theory, None).divided_by(&theory);
    let MarkShape::Dashed(rms) = shape(chart(&figure, 0), "Sigmoid · theory RMS") else {
        panic!("dashed")
    };
    assert!(rms.len() == 6 && rms.iter().all(|point| point[1] == 0.0));
}

#[test]
fn histograms_have_the_living_share_as_their_area() {
    let (measured, theory) = small();
    for layer in [1, 6] {
        let figure = Figure::histogram(&measured, &theory, None, layer);
        for (index, variant) in measured.variants.iter().enumerate() {
            let name = format!("{} · networks", variant.name);
            let MarkShape::Columns(columns) = shape(chart(&figure, 0), &name) else {
                panic!("columns")
            };
            let area: f64 = columns.iter().map(|[from, to, height]| (to - from) * height).sum();
            let living = 1.0 - measured.variants[index].layers[layer - 1].zero_share();
            assert!((area - living).abs() < 1e-9, "{name} {layer}: {area} {living}");
        }
    }
}

#[test]
fn the_theory_stands_over_the_bars() {
    let task = TaskContext::unattended();
    let chapter = Experiment::default();
    for linear in [false, true] {
        let view = View { linear, theory: true, ..View::default() };
        let figure = FigureId::Norms.compute(&chapter, view, &task).expect("nobody stops it");
        let Panel::Bars(bars) = &figure.panels[0] else { panic!("bars") };
        assert_eq!(bars.overlays.len(), 2);
        let MarkShape::Dashed(points) = &bars.overlays[0].shape else { panic!("dashed") };
        let predicted = predict(&chapter, &chapter.variants[0]).expect("random weights");
        let delta = predicted.layers[5].delta;
        let expected = if linear { delta.to_f64() } else { delta.log10().expect("not 0") };
        // Drawn on the axis' own power of ten.
        let height = points[5][1];
        let ratio = if linear { height / expected } else { height - expected };
        assert!(if linear {
            (ratio.log10().round() - ratio.log10()).abs() < 1e-9
        } else {
            ratio == 0.0
        });
        assert!(points.iter().all(|point| point[1] <= bars.top));
    }
    let given = preset("worked-example");
    let view = View { theory: true, ..View::default() };
    let figure = FigureId::Norms.compute(&given, view, &task).expect("nobody stops it");
    assert!(figure.notes.iter().any(|note| note.text.starts_with("No theory: ")));
}

#[test]
fn the_command_line_prints_the_same_for_any_number_of_threads() {
    let csv = |threads: &str, engine: &str| {
        let out = lab(&[
            "ensemble",
            "chapter-16",
            "--seeds",
            "200",
            "--engine",
            engine,
            "--threads",
            threads,
            "--format",
            "csv",
        ]);
        assert!(out.status.success(), "{out:?}");
        assert!(out.stderr.is_empty(), "nobody watches: {out:?}");
        out.stdout
    };
    for engine in ["auto", "direct"] {
        let one = csv("1", engine);
        assert_eq!(one, csv("2", engine));
        let text = String::from_utf8(one).expect("UTF-8");
        assert_eq!(text.lines().count(), 1 + 2 * 6);
        assert!(text.starts_with("variant,engine,layer,networks,zeros,"));
    }
}

#[test]
fn the_command_line_says_what_to_mend() {
    let given = lab(&["theory", "worked-example"]);
    assert_eq!(given.status.code(), Some(2), "{given:?}");
    assert!(String::from_utf8_lossy(&given.stderr).contains("given numbers"));
    let uniform = lab_with_input(
        &["ensemble", "-", "--engine", "exact"],
        b"[[variant]]\nactivation = 'relu'\ninit = { scheme = 'he_uniform' }",
    );
    assert_eq!(uniform.status.code(), Some(2), "{uniform:?}");
    assert!(String::from_utf8_lossy(&uniform.stderr).contains("normal weights"));
    assert_eq!(lab(&["ensemble", "chapter-16", "--seeds", "0"]).status.code(), Some(2));
    let last = lab_with_input(&["ensemble", "-", "--seeds", "2"], b"seed = 4294967295");
    assert_eq!(last.status.code(), Some(2), "{last:?}");
}

#[test]
fn the_theory_is_printed_with_its_constants() {
    let out = lab(&["theory", "chapter-16"]);
    assert!(out.status.success(), "{out:?}");
    let json: serde_json::Value = serde_json::from_slice(&out.stdout).expect("JSON");
    let sigmoid = &json["variants"][0];
    let close = |value: &serde_json::Value, expected: f64| {
        (value.as_f64().expect("a number") / expected - 1.0).abs() < 1e-4
    };
    assert!(close(&sigmoid["limit"]["chi"], 0.055_721), "{sigmoid}");
    assert!(close(&sigmoid["limit"]["critical_weight_variance"], 103.01), "{sigmoid}");
    assert!(close(&sigmoid["layers"][0]["ratio"], 0.221_05), "{sigmoid}");
    let out = lab(&["theory", "chapter-16", "--format", "csv"]);
    assert_eq!(String::from_utf8_lossy(&out.stdout).lines().count(), 1 + 2 * 6);
}

#[test]
fn every_figure_computes_for_every_preset_that_is_small() {
    let task = TaskContext::unattended();
    for id in ["chapter-16", "worked-example", "xor"] {
        for figure in [FigureId::Ensemble, FigureId::Histogram, FigureId::Theory, FigureId::Chi] {
            let made = figure.compute(&preset(id), View::default(), &task);
            let made = made.expect("nobody stops it");
            assert_eq!(made.id, figure, "{id}");
            assert!(!made.notes.is_empty(), "{id} {figure:?}");
        }
    }
    let seeds = experiment("seed = 4294967290");
    let last = FigureId::Ensemble.compute(&seeds, View::default(), &task);
    assert!(last.expect("the seeds that are left").caption[2].starts_with("6 networks"));
}
