//! The training page, driven by its accessible names, and what is found in trainings whose course
//! is known.

mod helpers;
#[path = "support/page.rs"]
mod page;
mod support;

use eframe::egui::{Key, Modifiers, Theme, accesskit::Role};
use egui_kittest::kittest::Queryable as _;
use gradient_lab::engine::{DrawCache, Format, Network, Pass};
use gradient_lab::experiment::{Experiment, Precision, Preset, SetKind};
use gradient_lab::figure::{Figure, words};
use gradient_lab::gui::Page;
use gradient_lab::study::{
    DrawStudy, LiveTraining, RateRange, SURFACE_CELLS, TaskContext, TrainingFinding, TrainingState,
    VariantTraining, rate_test,
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

/// Twelve sigmoid layers whose gradients are below what fp16 holds.
fn in_fp16(training: &str) -> Experiment {
    experiment(&format!(
        "draws = 'numpy'\n[architecture]\ninput = 6\ndepth = 12\nwidth = 12\noutput = 2\nbatch = 8\nprecision = 'fp16'\n[training]\nsteps = 60\n{training}\n[[variant]]\nactivation = 'sigmoid'\noutput_activation = 'linear'\n"
    ))
}

/// The network of an experiment in double precision, its exact pass and one in fp16 with a loss scale.
fn passes(experiment: &Experiment, power: i64) -> (Network<f64>, Pass<f64>, Pass<f32>) {
    let variant = &experiment.variants[0];
    let network = Network::<f64>::build(experiment, variant, &mut DrawCache::new(), &mut || true);
    let network = network.expect("nobody stops it");
    let mut stored = network.emulated_forward(Format::Fp16, &mut || true).expect("nobody");
    network.emulated_backward(Format::Fp16, power, &mut stored, &mut || true).expect("nobody");
    let exact = network.pass();
    (network, exact, stored)
}

fn stored_gradient(pass: &Pass<f32>, index: usize) -> Vec<f32> {
    let mut all = Vec::new();
    let taken = pass.stored_weight_gradient(Format::Fp16, index, &mut |_, row| {
        all.extend(row);
        true
    });
    taken.expect("nobody stops it");
    all
}

/// The shares of each layer's gradient that fp16 stores as 0; nothing where something overflows.
fn flushed(experiment: &Experiment, power: i64) -> Option<Vec<f64>> {
    let (network, exact, pass) = passes(experiment, power);
    let share = |index: usize| {
        let stored = stored_gradient(&pass, index);
        let exact = exact.weight_gradient(index);
        let (rows, columns) = exact.dim();
        let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        let pairs: Vec<_> = places.map(|(r, c)| exact.get(r, c)).zip(&stored).collect();
        let real = pairs.iter().filter(|(exact, _)| !exact.is_zero());
        let lost = real.clone().filter(|(_, stored)| **stored == 0.0).count();
        let is_finite = stored.iter().all(|entry| entry.is_finite());
        is_finite.then(|| lost as f64 / real.count() as f64)
    };
    (0..network.depth()).map(share).collect()
}

#[test]
fn a_step_in_fp16_moves_master_weights_by_the_stored_gradient() {
    let task = TaskContext::unattended();
    let experiment = in_fp16("loss_scale = 1024\nlearning_rate = 0.1");
    let mut live = LiveTraining::new(&experiment, &mut DrawStudy::new(), &task).expect("trains");
    live.run_to(5, 1, &task).expect("nobody stops it");
    let before = live.experiment_now().expect("in range");
    live.run_to(6, 1, &task).expect("nobody stops it");
    let after = live.experiment_now().expect("in range");
    let (network, _, pass) = passes(&before, 10);
    let weights = |experiment: &Experiment| experiment.variants[0].weights.clone().expect("given");
    let (old, new) = (weights(&before), weights(&after));
    for index in 0..network.depth() {
        let gradient = stored_gradient(&pass, index);
        assert!(gradient.iter().any(|entry| *entry != 0.0));
        let old = old[index].iter().flatten().map(|&weight| weight as f32);
        let expected = old.zip(&gradient).map(|(old, g)| (-0.1_f32).mul_add(g / 1024.0, old));
        let new: Vec<f32> = new[index].iter().flatten().map(|&weight| weight as f32).collect();
        for (new, expected) in new.iter().zip(expected) {
            // The product may be rounded by itself or not.
            assert!((new - expected).abs() <= f32::EPSILON * new.abs(), "{new} {expected}");
        }
    }
}

#[test]
fn what_flushes_to_zero_is_told_with_the_scale_that_saves_it() {
    let task = TaskContext::unattended();
    let course = |training: &str| {
        // Adam's steps do not get smaller with the gradient.
        let experiment = in_fp16(&format!("optimizer = 'adam'\nlearning_rate = 0.003\n{training}"));
        let mut live =
            LiveTraining::new(&experiment, &mut DrawStudy::new(), &task).expect("trains");
        live.run_to(59, 1, &task).expect("nobody stops it");
        let before = live.experiment_now().expect("in range");
        live.run_to(60, 1, &task).expect("nobody stops it");
        let state = live.state();
        verify(&state, &state.variants[0]);
        (before, live.experiment_now().expect("in range"), state.variants[0].clone())
    };
    let find = |variant: &VariantTraining| {
        variant.findings.iter().find_map(|finding| match finding {
            TrainingFinding::Flushed { layer, share, power, needed } => {
                Some((*layer, *share, *power, *needed))
            }
            _ => None,
        })
    };
    let (before, after, ruined) = course("");
    let (layer, share, power, needed) = find(&ruined).expect("gradients are lost");
    assert_eq!(power, 0);
    assert_eq!(flushed(&before, 0).expect("finite")[layer - 1], share);
    let needed = needed.expect("a scale saves it");
    let is_kept = |power| flushed(&after, power).is_some_and(|all| all.iter().all(|s| *s < 0.01));
    assert!(is_kept(needed) && (0..needed).all(|power| !is_kept(power)), "{needed}");
    // The weights go another way with it: twice the least leaves room for that.
    let (_, _, saved) = course(&format!("loss_scale = {}", 1 << (needed + 1).min(15)));
    assert_eq!(find(&saved), None);
    // A dynamic scale begins at the largest, and only falls where something overflows.
    let (_, _, dynamic) = course("loss_scale = 'dynamic'");
    assert_eq!(find(&dynamic), None);
    let mut power = 15;
    for record in &dynamic.records {
        let mixed = record.mixed.as_ref().expect("a narrow format");
        assert_eq!(mixed.power, power);
        power -= i64::from(mixed.is_skipped);
    }
    let moved = |variant: &VariantTraining| variant.moved[0].expect("W is not 0");
    assert!(moved(&ruined) < 0.1 * moved(&saved), "{:?} {:?}", ruined.moved, saved.moved);
}

#[test]
fn an_overflow_skips_the_step_and_halves_a_dynamic_scale() {
    let large = "[data]\nx = [[1.0, 2.0], [2.0, -1.0]]\ny = [[300.0], [-200.0]]\n";
    let text = |scale: &str, normalization: &str| {
        format!(
            "{large}[architecture]\ninput = 2\ndepth = 3\nwidth = 6\noutput = 1\nbatch = 2\nprecision = 'fp16'\n[training]\nsteps = 30\nlearning_rate = 1e-6\nloss_scale = {scale}\n[[variant]]\nactivation = 'tanh'\noutput_activation = 'linear'\n{normalization}\n"
        )
    };
    for normalization in ["", "normalization = 'layer'"] {
        let fixed = trained(&experiment(&text("32768", normalization)));
        verify(&fixed, &fixed.variants[0]);
        let all = TrainingFinding::Skipped { skipped: 30, steps: 30 };
        assert!(fixed.variants[0].findings.contains(&all), "{:?}", fixed.variants[0].findings);
        assert!(fixed.variants[0].moved.iter().all(|moved| *moved == Some(0.0)));
        let dynamic = trained(&experiment(&text("'dynamic'", normalization)));
        verify(&dynamic, &dynamic.variants[0]);
        let records = &dynamic.variants[0].records;
        let powers: Vec<i64> =
            records.iter().map(|record| record.mixed.as_ref().expect("narrow").power).collect();
        assert!(powers[0] == 15 && powers[29] < 15 && powers.is_sorted_by(|a, b| a >= b));
        assert!(dynamic.variants[0].moved.iter().all(|moved| *moved > Some(0.0)));
        let figure = Figure::loss_scale(&dynamic).expect("a narrow format");
        let rows = figure.table().rows;
        let scales = rows.iter().filter(|row| row[0] == "loss scale");
        for (row, power) in scales.zip(&powers) {
            let scale = row[3].parse::<f64>().expect("a number");
            assert!((scale / (*power as f64).exp2() - 1.0).abs() < 1e-9, "{row:?}");
        }
        on_paper(&figure, "overflow");
    }
    assert!(Figure::loss_scale(&trained(&experiment(DEEP))).is_none());
}

#[test]
fn loss_scales_stand_in_the_file_and_bad_ones_are_refused() {
    for scale in ["1024", "'dynamic'"] {
        let set = in_fp16(&format!("loss_scale = {scale}"));
        assert!(set.training.expect("a table").loss_scale.is_some());
        assert_eq!(experiment(&set.to_toml()), set);
    }
    let told = |text: &str| Experiment::from_toml(text).expect_err("refused").to_string();
    let narrow = "[architecture]\nprecision = 'fp16'\n[training]\nloss_scale =";
    for bad in ["1000", "0", "65536", "-2", "nan", "'large'", "true"] {
        let words = told(&format!("{narrow} {bad}"));
        assert!(words.contains("a power of two from 1 to 32768, or \"dynamic\""), "{words}");
    }
    let words = told("[training]\nloss_scale = 1024");
    assert!(words.contains("set the precision to \"fp16\""), "{words}");
    // Another precision drops it.
    let mut other = in_fp16("loss_scale = 8");
    other.architecture.precision = Precision::F32;
    other.forget_misfits();
    assert!(other.validate().is_ok() && other.training.expect("a table").loss_scale.is_none());
}

#[test]
fn it_is_seen_at_other_sizes() {
    let mut window = PageWindow::open(experiment(DEEP), [1920.0, 1080.0], Theme::Dark, "Training");
    window.wait_for("press Play");
    window.get_by_role_and_label(Role::Button, "Play").click();
    window.wait_for("300 of 300 steps");
    window.wait_for("It learns");
    window.keep("training-1920");
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

fn is_still(finding: &TrainingFinding) -> bool {
    matches!(finding, TrainingFinding::Still { .. })
}

/// Each finding again, from the records and the weights alone.
fn verify(state: &TrainingState, variant: &VariantTraining) {
    for finding in &variant.findings {
        match finding {
            TrainingFinding::Diverged { step, largest } => {
                let divergence = variant.divergence.expect("it diverged");
                assert_eq!(divergence.step, *step);
                if let Some((layer, ratio)) = largest {
                    let count = variant.records.len().div_ceil(10);
                    let last = &variant.records[variant.records.len() - count..];
                    let all = last.iter().flat_map(|record| record.layers.iter());
                    let most = all.filter_map(|layer| layer.update_ratio).fold(0.0, f64::max);
                    assert!(most == *ratio && *ratio > 0.1);
                    let of = |r: &&gradient_lab::study::TrainingRecord| {
                        r.layers[layer - 1].update_ratio == Some(*ratio)
                    };
                    assert!(last.iter().any(|record| of(&record)));
                }
            }
            TrainingFinding::Still { layers, moved, most } => {
                let all: Vec<f64> = layers.clone().filter_map(|l| variant.moved[l - 1]).collect();
                assert!(!all.is_empty() && all.iter().all(|share| share <= moved && *share < 1e-3));
                assert!(variant.moved[most.0 - 1] == Some(most.1) && most.1 > 0.01);
                let beyond = [layers.start() - 1, layers.end() + 1];
                let inside = beyond.into_iter().filter(|l| (1..=variant.moved.len()).contains(l));
                assert!(inside.into_iter().all(|l| variant.moved[l - 1].is_none_or(|m| m >= 1e-3)));
            }
            TrainingFinding::Dies { layer, step } => {
                let (before, after): (Vec<_>, Vec<_>) =
                    variant.records.iter().partition(|record| record.step < *step);
                let is_dead = |r: &&gradient_lab::study::TrainingRecord| {
                    r.layers[layer - 1].dead_share == 1.0
                };
                assert!(after.iter().all(is_dead) && !is_dead(before.last().expect("alive")));
            }
            TrainingFinding::Flushed { layer, share, power, .. } => {
                let last = variant.records.last().expect("records").mixed.as_ref().expect("narrow");
                assert!(last.power == *power && last.flushed[layer - 1] == *share);
                assert!(*share >= 0.01 && last.flushed.iter().all(|other| other <= share));
            }
            TrainingFinding::Skipped { skipped, steps } => {
                // Every step of a short training leaves a record.
                let mixed = variant.records.iter().filter_map(|record| record.mixed.as_ref());
                assert_eq!(mixed.filter(|mixed| mixed.is_skipped).count(), *skipped);
                assert_eq!(variant.records.len(), *steps);
            }
            TrainingFinding::Loss { first, last, step } => {
                let count = variant.records.len().div_ceil(10);
                let mean =
                    |records: &mut dyn Iterator<Item = f64>| records.sum::<f64>() / count as f64;
                let losses = || variant.records.iter().map(|record| record.loss);
                let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * a.abs();
                let few = count.min(5);
                let start = losses().take(few).sum::<f64>() / few as f64;
                assert!(close(*first, start.min(variant.records[0].loss)));
                assert!(close(*last, mean(&mut losses().rev().take(count))));
                assert_eq!(*step, variant.records.last().expect("records").step);
            }
            TrainingFinding::Accuracy { minibatch, test } => {
                let last = variant.records.last().expect("records");
                assert_eq!(last.accuracy, Some(*minibatch));
                assert_eq!(last.test.and_then(|score| score.accuracy), *test);
            }
        }
    }
    assert!(state.steps_taken == 0 || !words::training::sentences(variant).contains("NaN"));
}

#[test]
fn planted_courses_are_named_and_healthy_ones_are_not_accused() {
    let course = |architecture: &str, variant: &str, training: &str| {
        let text = format!(
            "[architecture]\ninput = 6\nwidth = 16\noutput = 2\nbatch = 16\n{architecture}\n[training]\nsteps = 300\n{training}\n[[variant]]\noutput_activation = 'linear'\n{variant}\n"
        );
        let state = trained(&experiment(&text));
        verify(&state, &state.variants[0]);
        state.variants[0].findings.clone()
    };
    let he = "activation = 'relu'\ninit = { scheme = 'he_normal' }";
    let diverging = course("depth = 4", he, "learning_rate = 1000.0");
    assert!(matches!(diverging[0], TrainingFinding::Diverged { .. }), "{diverging:?}");
    let dying = course("depth = 4", he, "learning_rate = 3.0\noptimizer = 'adam'");
    assert!(dying.iter().any(|f| matches!(f, TrainingFinding::Dies { .. })), "{dying:?}");
    let frozen = course("depth = 20", "activation = 'sigmoid'", "learning_rate = 0.1");
    assert!(frozen.iter().any(is_still), "{frozen:?}");
    for healthy in [
        course("depth = 3", "activation = 'tanh'", "learning_rate = 0.1"),
        course("depth = 3", he, "learning_rate = 0.001\noptimizer = 'adam'"),
    ] {
        let is_accused = |f: &TrainingFinding| {
            is_still(f)
                || matches!(f, TrainingFinding::Diverged { .. } | TrainingFinding::Dies { .. })
        };
        assert!(!healthy.iter().any(is_accused), "{healthy:?}");
        let learns = |f: &TrainingFinding| matches!(f, TrainingFinding::Loss { first, last, .. } if last < &(0.5 * first));
        assert!(healthy.iter().any(learns), "{healthy:?}");
    }
}
