//! The pages of reasons and of proofs: their figures hold the studies' numbers, and each is
//! drawn without a graphics card.

mod support;

use std::time::{Duration, Instant};

use eframe::egui::{Theme, accesskit::Role};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use gradient_lab::experiment::{Experiment, Preset};
use gradient_lab::figure::why::StepWords;
use gradient_lab::figure::{Figure, FigureId, Panel, View, cost_row, cost_words};
use gradient_lab::gui::App;
use gradient_lab::study::{
    BackwardFactors, BackwardSettings, Cause, CheckSettings, Cost, DrawStudy, TaskContext,
    backward_factors, gradient_check,
};

/// A debug build on a busy machine still answers within this.
const PATIENCE: Duration = Duration::from_secs(120);

fn preset(name: &str) -> Experiment {
    Preset::find(name).expect("a preset").experiment()
}

fn taken_apart(experiment: &Experiment, variant: usize) -> BackwardFactors {
    let settings = BackwardSettings { variant, ..Default::default() };
    let (mut study, task) = (DrawStudy::new(), TaskContext::unattended());
    backward_factors(&mut study, experiment, settings, &|_| {}, &task).expect("nobody stops it")
}

/// The numbers of one series of a figure's table: x and value.
fn series(figure: &Figure, name: &str) -> Vec<(usize, f64)> {
    let rows = figure.table().rows.into_iter().filter(|row| row[1] == name);
    rows.map(|row| (row[2].parse().expect("a layer"), row[3].parse().expect("a number"))).collect()
}

fn text(figure: &Figure) -> String {
    figure.notes.iter().map(|note| note.text.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_factors_of_the_figure_multiply_to_the_measured_ratio() {
    let backward = taken_apart(&Experiment::default(), 0);
    let figure = Figure::of_backward_factors(FigureId::Factors, &backward, 1);
    let [gain, slope, ratio] =
        ["weight gain", "slope factor", "measured ratio"].map(|name| series(&figure, name));
    assert_eq!(ratio.len(), 5);
    for ((gain, slope), ratio) in gain.iter().zip(&slope).zip(&ratio) {
        assert_eq!((gain.0, slope.0), (ratio.0, ratio.0));
        // The table has seven digits.
        assert!((gain.1 * slope.1 / ratio.1 - 1.0).abs() < 1e-5, "{gain:?} {slope:?} {ratio:?}");
    }
    let whole: f64 = ratio.iter().map(|ratio| ratio.1).product();
    assert!((whole / 8.110576e-4 - 1.0).abs() < 1e-5, "the chapter's ratio: {whole}");
    assert!(text(&figure).contains("8.11e-04"), "{}", text(&figure));
}

#[test]
fn the_cumulative_product_is_the_measured_norm_even_at_a_thousand_layers() {
    let backward = taken_apart(&preset("deep"), 0);
    let figure = Figure::of_backward_factors(FigureId::Product, &backward, 1);
    let log10 = |name: &str| -> Vec<f64> {
        let rows = figure.table().rows.into_iter().filter(|row| row[1] == name);
        rows.map(|row| row[4].parse().expect("a log10")).collect()
    };
    let (measured, product) = (log10("measured"), log10("product"));
    assert_eq!((measured.len(), product.len()), (1001, 1001));
    assert!(measured[0] < -600.0);
    assert!(measured.iter().zip(&product).all(|(m, p)| (m - p).abs() < 1e-8));
}

#[test]
fn the_worked_example_has_one_step() {
    let backward = taken_apart(&preset("worked-example"), 0);
    let words = StepWords::of(&backward, 1).expect("a step");
    // ‖W2‖ = √(.40² + .45² + .50²).
    assert_eq!(words.factors[0], (Cause::Weights, "0.783".to_owned()));
    assert!(words.sentence.contains("mean |σ′| is 0.241"), "{}", words.sentence);
    assert_eq!(StepWords::of(&backward, 2), None);
}

#[test]
fn a_dead_output_is_a_sentence_and_no_product() {
    let backward = taken_apart(&Experiment::default(), 1);
    let figure = Figure::of_backward_factors(FigureId::Product, &backward, 1);
    assert!(text(&figure).contains("Dead output"), "{}", text(&figure));
    assert!(series(&figure, "measured").is_empty());
}

#[test]
fn too_wide_a_layer_is_a_sentence() {
    let mut experiment = Experiment::default();
    experiment.architecture.hidden = Some(vec![4, 300]);
    let figure = Figure::of_backward_factors(FigureId::Jacobian, &taken_apart(&experiment, 0), 1);
    assert!(figure.panels.is_empty() && text(&figure).contains("lower the width"));
}

#[test]
fn the_spectrum_has_every_singular_value() {
    let backward = taken_apart(&Experiment::default(), 0);
    let figure = Figure::of_backward_factors(FigureId::Spectrum, &backward, 2);
    let rows = figure.table().rows;
    let count: f64 = rows.iter().map(|row| row[3].parse::<f64>().expect("a count")).sum();
    assert_eq!(count, 20.0);
    let jacobian = Figure::of_backward_factors(FigureId::Jacobian, &backward, 2);
    let [largest, this, smallest] =
        ["largest", "this δ", "smallest"].map(|name| series(&jacobian, name));
    for ((largest, this), smallest) in largest.iter().zip(&this).zip(&smallest) {
        assert!(largest.1 * 1.000_01 >= this.1 && this.1 * 1.000_01 >= smallest.1);
    }
}

#[test]
fn the_cost_of_5_10_8_3_is_in_the_table_and_in_the_words() {
    let experiment = preset("cost-5-10-8-3");
    let cost = Cost::of_experiment(&experiment);
    assert_eq!(cost_row(&cost, 3), ["total", "154", "21", "154", "104", "154"]);
    assert_eq!(cost_row(&cost, 0), ["1", "50", "10", "50", "0", "50"]);
    assert!(cost_words(&cost)[0].starts_with("175 parameters"));
    let figure = Figure::cost(&experiment);
    for (name, total) in [("forward", 154.0), ("deltas", 104.0), ("∂W", 154.0)] {
        let sum: f64 = series(&figure, name).iter().map(|point| point.1).sum();
        assert_eq!(sum, total, "{name}");
    }
}

#[test]
fn the_check_figure_is_the_study() {
    let experiment = preset("cost-5-10-8-3");
    let (settings, task) = (CheckSettings::default(), TaskContext::unattended());
    let check = gradient_check(&experiment, 0, &settings, &mut DrawStudy::new(), &task);
    let check = check.expect("a check");
    assert_eq!(check.forward_passes, settings.forward_passes(175));
    let figure = FigureId::Check.compute(&experiment, View::default(), &task).expect("a figure");
    let rows: Vec<_> = figure.table().rows.into_iter().filter(|row| row[1] == "centred").collect();
    assert_eq!(rows.len(), check.steps.len());
    for (row, step) in rows.iter().zip(&check.steps) {
        let error: f64 = row[3].parse().expect("a number");
        let median = step.centred.as_ref().expect("all can be compared").median;
        assert!((error / median - 1.0).abs() < 1e-5);
    }
    assert!(text(&figure).contains("passes"), "{}", text(&figure));
}

/// The window at one page, once a text that only its result has is on the screen.
fn open(
    experiment: Experiment,
    tab: &str,
    until: &str,
    size: [f32; 2],
    theme: Theme,
) -> Harness<'static, App> {
    let mut harness = Harness::builder()
        .with_size(size)
        .with_theme(theme)
        .with_max_steps(12)
        .with_render_cursor(false)
        .renderer(support::CpuRenderer::default())
        .build_eframe(|creation| App::new(creation, Some(experiment)));
    harness.run_ok();
    harness.get_by_role_and_label(Role::Button, tab).click();
    let start = Instant::now();
    loop {
        harness.run_ok();
        let nodes = harness.root().children_recursive();
        let texts = nodes.flat_map(|node| {
            let node = node.accesskit_node();
            [node.label(), node.value()].into_iter().flatten().collect::<Vec<_>>()
        });
        let texts: Vec<String> = texts.collect();
        if texts.iter().any(|text| text.contains(until)) {
            return harness;
        }
        assert!(start.elapsed() < PATIENCE, "no “{until}”: {texts:#?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn keep(name: &str, harness: &mut Harness<'static, App>) {
    let picture = harness.render().expect("the rasterizer needs no hardware");
    if let Some(folder) = std::env::var_os("PAGES") {
        let file = std::path::Path::new(&folder).join(format!("{name}.png"));
        picture.save(file).expect("a written picture");
    }
}

/// Draws a page in both themes and leaves the pictures where `PAGES` says, if it says so.
fn draw(name: &str, tab: &str, until: &str) {
    draw_of(name, &preset(name), tab, until);
}

fn draw_of(name: &str, experiment: &Experiment, tab: &str, until: &str) {
    for (size, theme, place) in [
        ([1024.0, 640.0], Theme::Light, "small-light"),
        ([1920.0, 1080.0], Theme::Dark, "large-dark"),
    ] {
        let mut harness = open(experiment.clone(), tab, until, size, theme);
        assert_eq!(harness.unnamed_widgets().len(), 0, "{:#?}", harness.unnamed_widgets());
        keep(&format!("{}-{name}-{place}", tab.to_lowercase().replace(' ', "-")), &mut harness);
    }
}

#[test]
fn the_page_of_reasons_is_drawn() {
    for name in ["chapter-16", "deep", "cost-5-10-8-3", "worked-example"] {
        draw(name, "Why", "the length of any signal");
    }
}

const DEEP: &str = "[architecture]\ndepth = 40\nwidth = 12\n[[variant]]\nactivation = 'tanh'\n";

/// A deep net with what a remedy's keys make of it.
fn remedied(keys: &str) -> Experiment {
    Experiment::from_toml(&format!("{DEEP}{keys}")).unwrap_or_else(|e| panic!("{keys}: {e}"))
}

#[test]
fn the_page_of_reasons_shows_skips_normalizations_and_tied_weights() {
    for (name, keys, until) in [
        ("pre-layer", "skip = 'pre'\nnormalization = 'layer'", "round z of layer 40 is not in it"),
        ("post", "skip = 'post'\nskip_scale = 'inverse_sqrt_depth'", "the length of any signal"),
        ("post-norm", "skip = 'post_norm'\nnormalization = 'rms'", "the length of any signal"),
        ("tied", "tied = true", "share one W"),
    ] {
        draw_of(name, &remedied(keys), "Why", until);
    }
    let mut coupled = remedied("normalization = 'layer'");
    coupled.architecture.batch = 8;
    let norm = coupled.variants[0].normalization.as_mut().expect("layer");
    norm.kind = gradient_lab::experiment::NormKind::Batch;
    draw_of("batch", &coupled, "Why", "couples the 8 examples");
}

#[test]
fn the_factors_of_skips_and_normalizations_multiply_to_the_ratio() {
    let experiment = remedied("skip = 'pre'\nnormalization = 'layer'");
    let backward = taken_apart(&experiment, 0);
    let figure = Figure::of_backward_factors(FigureId::Factors, &backward, 1);
    let names = ["weight gain", "slope factor", "normalization", "skip", "measured ratio"];
    let all = names.map(|name| series(&figure, name));
    for step in 0..40 {
        let [product, ratio] = [&all[..4], &all[4..]]
            .map(|all| all.iter().map(|series| series[step].1).product::<f64>());
        assert!((product / ratio - 1.0).abs() < 1e-5, "{step}: {product} {ratio}");
    }
    let words = StepWords::of(&backward, 7).expect("a step");
    let causes: Vec<Cause> = words.factors.iter().map(|(cause, _)| *cause).collect();
    assert_eq!(causes, [Cause::Weights, Cause::Slopes, Cause::Normalization, Cause::Skip]);
    assert!(text(&figure).contains("from the skip"), "{}", text(&figure));
    // From the output, past which nothing leads: the whole of δ lies between the ends.
    let settings = BackwardSettings { top: Some(41), ..Default::default() };
    let (mut study, task) = (DrawStudy::new(), TaskContext::unattended());
    let backward = backward_factors(&mut study, &experiment, settings, &|_| {}, &task);
    let backward = backward.expect("nobody stops it");
    let jacobian = Figure::of_backward_factors(FigureId::Jacobian, &backward, 2);
    let [largest, this] = ["largest", "this δ"].map(|name| series(&jacobian, name));
    assert_eq!((largest.len(), this.len()), (41, 41));
    assert!(largest.iter().zip(&this).all(|(largest, this)| largest.1 * 1.000_01 >= this.1));
}

#[test]
fn tied_weights_have_their_bound_and_their_radius_beside_the_measured_steps() {
    let backward = taken_apart(&remedied("tied = true"), 0);
    let figure = Figure::of_backward_factors(FigureId::Factors, &backward, 1);
    let [bound, radius, ratio] =
        ["tied bound", "tied ρ(W)", "measured ratio"].map(|name| series(&figure, name));
    assert_eq!((bound.len(), radius.len(), ratio.len()), (39, 39, 40));
    assert!(bound.iter().zip(&ratio).all(|(bound, ratio)| ratio.1 <= bound.1 * 1.000_01));
    assert!(radius.iter().zip(&bound).all(|(radius, bound)| radius.1 <= bound.1 * 1.000_01));
    assert!(text(&figure).contains("share one W"), "{}", text(&figure));
}

#[test]
fn the_page_of_proofs_is_drawn() {
    for name in ["chapter-16", "cost-5-10-8-3", "worked-example"] {
        draw(name, "Check and cost", "Backpropagation passes");
    }
    draw("deep", "Check and cost", "forward passes");
}

/// A dead ReLU output as the only variant.
fn dead() -> Experiment {
    let mut experiment = Experiment::default();
    experiment.variants.remove(0);
    experiment
}

#[test]
fn a_dead_output_is_explained_on_the_page() {
    let mut harness = open(dead(), "Why", "Dead output", [1920.0, 1080.0], Theme::Light);
    keep("why-dead", &mut harness);
}

#[test]
fn a_softmax_with_a_batch_shows_its_outputs_and_one_h() {
    let mut experiment = dead();
    experiment.variants[0].activation = gradient_lab::experiment::Activation::Tanh;
    experiment.architecture.output = 12;
    experiment.architecture.batch = 4;
    experiment.architecture.hidden = Some(vec![9, 7]);
    experiment.architecture.loss = gradient_lab::experiment::Loss::SoftmaxCe;
    let size = [1920.0, 1080.0];
    let mut harness =
        open(experiment, "Check and cost", "Backpropagation passes", size, Theme::Light);
    harness.get_by_label("one h").click();
    harness.get_by_label("Measure the time").click();
    let start = Instant::now();
    while harness.query_all_by_label_contains("times as long").next().is_none()
        || harness.query_all_by_label_contains("at one h").next().is_none()
    {
        harness.run_ok();
        assert!(start.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(harness.query_by_label_contains("5 more have no room").is_some());
    keep("check-softmax", &mut harness);
}

#[test]
fn a_costly_check_waits_and_a_sample_is_quick() {
    let size = [1920.0, 1080.0];
    let mut harness = open(preset("deep"), "Check and cost", "waits for you", size, Theme::Light);
    harness.get_by_label_contains("Sample").click();
    let start = Instant::now();
    while harness.query_all_by_label_contains("agree with finite differences").next().is_none() {
        harness.run_ok();
        assert!(start.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(20));
    }
    keep("check-deep-sampled", &mut harness);
}

/// Every factor of a linear net with orthogonal weights is 1 but for rounding.
#[test]
fn rounding_noise_is_not_drawn_as_a_change() {
    let backward = taken_apart(&preset("orthogonal"), 0);
    for id in [FigureId::Factors, FigureId::Product] {
        let figure = Figure::of_backward_factors(id, &backward, 1);
        let Panel::Chart(chart) = &figure.panels[0] else { panic!("{id:?} is a chart") };
        let (low, high) = chart.y.range;
        assert!(high - low > 0.5 && low < 0.0 && high > 0.0, "{id:?}: {low} {high}");
    }
}
