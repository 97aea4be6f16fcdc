//! The training page, driven by its accessible names, and what is found in trainings whose course
//! is known.

mod findings;
#[path = "../helpers/mod.rs"]
mod helpers;
mod mixed;
#[path = "../support/page.rs"]
mod page;
#[path = "../support/mod.rs"]
mod support;

use eframe::egui::{Key, Modifiers, Theme, accesskit::Role};
use egui_kittest::kittest::Queryable as _;
use gradient_lab::experiment::{Experiment, Preset, SetKind};
use gradient_lab::figure::Figure;
use gradient_lab::gui::Page;
use gradient_lab::study::{
    DrawStudy, LiveTraining, RateRange, SURFACE_CELLS, TaskContext, TrainingState, rate_test,
};
use page::{PageWindow, on_paper};

/// Twenty sigmoid layers as they are, and with what lets them learn.
const DEEP: &str = r#"
title = "Twenty sigmoid layers"
[architecture]
input = 10
depth = 20
width = 24
output = 2
batch = 16
[training]
optimizer = "adam"
steps = 300
[[variant]]
name = "Sigmoid"
activation = "sigmoid"
output_activation = "linear"
[[variant]]
name = "with batch norm, skips"
activation = "sigmoid"
output_activation = "linear"
normalization = "batch"
skip = "post"
"#;

fn experiment(text: &str) -> Experiment {
    Experiment::from_toml(text).unwrap_or_else(|refusal| panic!("{refusal}\n{text}"))
}

fn trained(experiment: &Experiment) -> TrainingState {
    let task = TaskContext::unattended();
    let mut live = LiveTraining::new(experiment, &mut DrawStudy::new(), &task).expect("trains");
    live.run_to(usize::MAX, 1, &task).expect("nobody stops it");
    live.state()
}

#[test]
fn it_plays_pauses_steps_and_begins_anew() {
    let mut window = PageWindow::open(experiment(DEEP), [1024.0, 640.0], Theme::Light, "Training");
    window.wait_for("press Play");
    window.get_by_role_and_label(Role::Button, "Step").click();
    window.wait_for("1 of 300 steps");
    window.get_by_role_and_label(Role::Button, "Play").click();
    window.wait_for("300 of 300 steps");
    window.wait_for("It learns");
    window.keep("training-1024");
    window.get_by_role_and_label(Role::Button, "Reset").click();
    window.wait_for("0 of 300 steps");
    // Nothing has learned, nothing ails.
    assert!(window.query_by_role_and_label(Role::Button, "What cures it?").is_none());
}

#[test]
fn a_pause_acts_at_once_and_play_goes_on() {
    let endless = DEEP.replace("steps = 300", "steps = 1000000");
    let mut window =
        PageWindow::open(experiment(&endless), [1024.0, 640.0], Theme::Dark, "Training");
    window.wait_for("press Play");
    let taken = |window: &PageWindow| {
        let texts = window.texts();
        let text = texts.iter().find_map(|text| text.strip_suffix(" of 1000000 steps"));
        text.expect("a bar of steps").parse::<usize>().expect("a number")
    };
    let mut last = 0;
    for _ in 0..2 {
        window.get_by_role_and_label(Role::Button, "Play").click();
        while taken(&window) <= last {
            window.run_ok();
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        window.get_by_role_and_label(Role::Button, "Pause").click();
        // Nothing is under way any more.
        window.wait_for("of 1000000 steps");
        let paused = taken(&window);
        assert!(last < paused && paused < 1_000_000);
        for _ in 0..5 {
            std::thread::sleep(std::time::Duration::from_millis(20));
            window.run_ok();
        }
        assert_eq!(taken(&window), paused);
        last = paused;
    }
}

#[test]
fn data_are_chosen_from_the_list() {
    let mut window = PageWindow::open(experiment(DEEP), [1024.0, 640.0], Theme::Light, "Training");
    window.wait_for("press Play");
    window.get_by_role_and_label(Role::ComboBox, "Data").click();
    window.run_ok();
    window.get_by_role_and_label(Role::Button, "spirals").click();
    window.wait_for("press Play");
    let set = &window.state().lab().experiment;
    assert_eq!(set.data_set.as_ref().map(|set| set.set), Some(SetKind::Spirals));
    assert_eq!((set.architecture.input, set.architecture.output), (2, 1));
    assert!(set.validate().is_ok());
}

#[test]
fn the_finder_gives_a_rate_that_is_taken() {
    let mut window = PageWindow::open(experiment(DEEP), [1024.0, 640.0], Theme::Light, "Training");
    window.wait_for("press Play");
    window.get_by_role_and_label(Role::Button, "Find a rate").click();
    window.wait_for("Take η =");
    window.keep("training-rates-1024");
    let texts = window.texts();
    let words =
        texts.iter().find_map(|text| text.strip_prefix("Use η = ")?.strip_suffix(" for all"));
    let rate: f64 = words.expect("a button").parse().expect("a number");
    window
        .get_by_role_and_label(Role::Button, &format!("Use η = {} for all", words.expect("it")))
        .click();
    window.wait_for("Take η =");
    let training = window.state().lab().experiment.training.expect("a table");
    assert_eq!(training.learning_rate, Some(rate));
    window.get_by_role_and_label(Role::Button, "Use each its own").click();
    window.wait_for("Take η =");
    let own: Vec<Option<f64>> = {
        let variants = &window.state().lab().experiment.variants;
        variants.iter().map(|v| v.training.and_then(|own| own.learning_rate)).collect()
    };
    assert_eq!(own.iter().flatten().copied().min_by(f64::total_cmp), Some(rate));
}

#[test]
fn the_networks_of_a_step_are_seen_on_every_page() {
    let mut window = PageWindow::open(experiment(DEEP), [1024.0, 640.0], Theme::Dark, "Training");
    window.wait_for("press Play");
    window.get_by_role_and_label(Role::Button, "Play").click();
    window.wait_for("300 of 300 steps");
    window.get_by_role_and_label(Role::Button, "See these networks everywhere").click();
    window.wait_for("given numbers");
    assert_eq!(window.state().page(), Page::Flow);
    window.keep("sent-1024");
    let task = TaskContext::unattended();
    let mut live =
        LiveTraining::new(&experiment(DEEP), &mut DrawStudy::new(), &task).expect("trains");
    live.run_to(300, 1, &task).expect("nobody stops it");
    assert_eq!(window.state().lab().experiment, live.experiment_now().expect("in range"));
    window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.run_ok();
    assert_eq!(window.state().lab().experiment, experiment(DEEP));
}

/// What other pages see is what was trained: its loss is that of the next record.
#[test]
fn the_networks_of_a_step_go_through_the_file() {
    for text in
        ["", "normalization = 'batch'\nskip = 'post'", "normalization = 'layer'", "tied = true"]
    {
        let text = format!(
            "draws = 'numpy'\n[architecture]\ninput = 6\ndepth = 4\nwidth = 8\noutput = 2\nbatch = 8\n[training]\nsteps = 40\nlearning_rate = 0.1\n[[variant]]\nactivation = 'tanh'\n{text}\n"
        );
        let task = TaskContext::unattended();
        let mut live =
            LiveTraining::new(&experiment(&text), &mut DrawStudy::new(), &task).expect("trains");
        live.run_to(20, 1, &task).expect("nobody stops it");
        let now = live.experiment_now().expect("in range");
        let read = experiment(&now.to_toml());
        assert_eq!(read, now);
        live.run_to(21, 1, &task).expect("nobody stops it");
        let loss = live.state().variants[0].records[20].loss;
        let draw = DrawStudy::new().run(&read, &task).expect("nobody stops it");
        let seen = draw.variants[0].loss.to_f64();
        assert!((seen / loss - 1.0).abs() < 1e-12, "{text}: {seen} {loss}");
        assert_eq!(read.variants[0].norms.is_empty(), !text.contains("normalization"));
    }
}

#[test]
fn a_decision_surface_parts_two_clusters() {
    let text = "[data]\nset = 'clusters'\nnoise = 0.3\n[architecture]\ndepth = 2\nwidth = 8\nbatch = 16\n[training]\nsteps = 400\nlearning_rate = 0.5\n[[variant]]\nactivation = 'tanh'\noutput_activation = 'sigmoid'";
    let state = trained(&experiment(text));
    let surface = state.variants[0].surface.as_ref().expect("two inputs");
    let cell = |x: f64| {
        let (low, high) = surface.range;
        ((x - low) / (high - low) * SURFACE_CELLS as f64) as usize
    };
    let at = |x: f64, y: f64| surface.values[cell(y) * SURFACE_CELLS + cell(x)];
    let class = |x: f64, y: f64| {
        let near = surface.examples.iter().min_by(|a, b| {
            let far = |e: &([f64; 2], f64)| (e.0[0] - x).hypot(e.0[1] - y);
            far(a).total_cmp(&far(b))
        });
        near.expect("examples").1
    };
    // The first class lies about (1, 1), the second about (−1, −1).
    assert_eq!([class(1.0, 1.0), class(-1.0, -1.0)], [0.0, 1.0]);
    assert!(at(1.0, 1.0) < 0.1 && at(-1.0, -1.0) > 0.9);
    // Rows are the second input: a network that looks at it alone tells them apart.
    let [up, right] = [at(-0.2, 1.0), at(1.0, -0.2)];
    assert!((0.0..=1.0).contains(&up) && (0.0..=1.0).contains(&right));
    let mut one_sided = experiment(text);
    one_sided.variants[0].weights =
        Some(vec![vec![vec![0.0, 1.0]; 8], vec![vec![0.125; 8]; 8], vec![vec![-1.0; 8]]]);
    one_sided.training.get_or_insert_default().steps = Some(1);
    one_sided.training.get_or_insert_default().learning_rate = Some(0.0);
    let state = trained(&one_sided);
    let surface = state.variants[0].surface.as_ref().expect("two inputs");
    let at = |x: f64, y: f64| surface.values[cell(y) * SURFACE_CELLS + cell(x)];
    assert_eq!(at(-0.9, 0.9), at(0.9, 0.9));
    assert!(at(0.0, 0.9) < 0.5 && at(0.0, -0.9) > 0.5);
}

/// Every number of the figures is that of a record, at its place.
#[test]
fn figures_have_the_records_numbers() {
    let state = trained(&experiment(DEEP));
    let table = |figure: &Figure| figure.table().rows;
    let value = |row: &[String]| row[3].parse::<f64>().expect("a number");
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs();
    let at = |step: usize, index: usize| {
        let records = &state.variants[index].records;
        records.iter().rfind(|record| record.step <= step).expect("a record")
    };
    let index = |series: &str| {
        let names = state.variants.iter().position(|variant| series.starts_with(&variant.name));
        names.expect("a variant")
    };
    let mut checked = 0;
    for step in [0, 137, usize::MAX] {
        let mut rows = table(&Figure::training_layers(&state, step));
        rows.extend(table(&Figure::training_activations(&state, step)));
        for row in rows.iter().filter(|row| row[1] != "1e-3") {
            let layer = &at(step, index(&row[1])).layers[row[2].parse::<usize>().expect("l") - 1];
            let number = match row[0].as_str() {
                "‖∂L/∂W⁽ˡ⁾‖" => layer.gradient.to_f64(),
                "‖ΔW⁽ˡ⁾‖/‖W⁽ˡ⁾‖" => layer.update_ratio.expect("W is not 0"),
                "RMS of a⁽ˡ⁾" => layer.activation.to_f64(),
                "share of the layer" => layer.dead_share,
                other => panic!("{other}"),
            };
            assert!(close(value(row), number), "{row:?} {number}");
            checked += 1;
        }
    }
    assert_eq!(checked, 3 * 2 * 21 * 4);
    let heat = Figure::training_heat(&state, 1);
    let rows = table(&heat);
    assert_eq!(rows.len(), 300 * 21);
    for row in &rows {
        let step: usize = row[1].strip_prefix("step ").expect("a step").parse().expect("a number");
        let layer = row[2].parse::<usize>().expect("l") - 1;
        assert!(close(value(row), at(step, 1).layers[layer].gradient.to_f64()), "{row:?}");
    }
    // Two records make one point of the loss, at their mean step.
    let losses = table(&Figure::training(&state));
    let first = losses.iter().find(|row| row[0] == "loss" && row[1].ends_with("minibatch"));
    let first = first.expect("a loss");
    let records = &state.variants[index(&first[1])].records;
    assert!(close(value(first), 0.5 * (records[0].loss + records[1].loss)), "{first:?}");
    assert_eq!(first[2].parse::<f64>(), Ok(0.5));
}

#[test]
fn activations_of_a_record_are_those_of_a_pass() {
    let experiment = experiment(DEEP);
    let task = TaskContext::unattended();
    let draw = DrawStudy::new().run(&experiment, &task).expect("nobody stops it");
    let mut live = LiveTraining::new(&experiment, &mut DrawStudy::new(), &task).expect("trains");
    live.run_to(1, 1, &task).expect("nobody stops it");
    for (seen, variant) in draw.variants.iter().zip(&live.state().variants) {
        for (record, layer) in seen.layers.iter().zip(variant.records[0].layers.iter()) {
            let moments = [record.activation_mean, record.activation_std];
            let [mean, std] = moments.map(|number| number.expect("finite").to_f64());
            let rms = layer.activation.to_f64();
            assert!((rms / mean.hypot(std) - 1.0).abs() < 1e-9, "{rms} {mean} {std}");
            assert_eq!(layer.dead_share, record.dead_share);
        }
    }
}

#[test]
fn it_is_seen_at_other_sizes() {
    let mut window = PageWindow::open(experiment(DEEP), [1920.0, 1080.0], Theme::Dark, "Training");
    window.wait_for("press Play");
    window.get_by_role_and_label(Role::Button, "Play").click();
    window.wait_for("300 of 300 steps");
    window.wait_for("It learns");
    window.keep("training-1920");
    window.get_by_role_and_label(Role::Button, "What cures it?").click();
    window.run_ok();
    assert_eq!(window.state().page(), Page::Remedies);
    assert_eq!(window.state().lab().view.variant, 0, "the sigmoids have not moved");
    let state = trained(&Preset::find("xor").expect("a preset").experiment());
    on_paper(&Figure::training(&state), "xor");
    on_paper(&Figure::training_layers(&state, 100), "xor");
    on_paper(&Figure::training_activations(&state, 100), "xor");
    let test = rate_test(
        &experiment(DEEP),
        RateRange::default(),
        &mut DrawStudy::new(),
        &TaskContext::unattended(),
    );
    on_paper(&Figure::rate_test(&test.expect("trains")), "deep");
    on_paper(&Figure::training_heat(&state, 0), "xor");
}
