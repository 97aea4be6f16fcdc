//! Training in a narrow format, verified on raw passes.

use gradient_lab::engine::{DrawCache, Format, Network, Pass};
use gradient_lab::experiment::{Experiment, Precision};
use gradient_lab::figure::Figure;
use gradient_lab::study::{DrawStudy, LiveTraining, TaskContext, TrainingFinding, VariantTraining};

use crate::findings::verify;
use crate::page::on_paper;
use crate::{DEEP, experiment, trained};

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
