//! The run by hand through normalization, skips and shared weights, beside a network written out
//! in the test and its finite differences.

mod latex;
mod net;

use std::collections::HashMap;

use gradient_lab::experiment::{Experiment, Loss};
use gradient_lab::export::table::{TableFormat, TableId};
use gradient_lab::figure::View;
use gradient_lab::study::{DrawStudy, Given, Part, Step, StepKind, Steps, TaskContext, steps};

use latex::evaluate;
use net::{Net, Rows, zipped};

/// Which example runs where they are not coupled, from 0.
const EXAMPLE: usize = 1;

fn task() -> TaskContext<'static> {
    TaskContext::unattended()
}

fn run(experiment: &Experiment) -> Steps {
    steps(experiment, 0, EXAMPLE, &mut DrawStudy::new(), &task()).unwrap()
}

/// Three hidden layers of three tanh units, a batch of three.
fn experiment(remedies: &str) -> Experiment {
    Experiment::from_toml(&format!(
        "seed = 3\ndraws = 'layered'\nlearning_rate = 0.2\n[architecture]\ninput = 2\ndepth = 3\n\
         width = 3\noutput = 2\nbatch = 3\n[[variant]]\nactivation = 'tanh'\n\
         bias = {{ scheme = 'normal', std = 0.4 }}\n{remedies}"
    ))
    .unwrap_or_else(|error| panic!("{error}\n{remedies}"))
}

/// Every normalization with every skip that goes with it, tied or not, clipped or not.
fn all() -> Vec<String> {
    let mut all = Vec::new();
    for (n, norm) in ["none", "batch", "layer", "rms"].into_iter().enumerate() {
        for (s, skip) in ["none", "post", "pre", "post_norm"].into_iter().enumerate() {
            if (norm, skip) == ("none", "post_norm") {
                continue;
            }
            for tied in [false, true] {
                let scale = match (skip, (n + s) % 3) {
                    ("none", _) | (_, 0) => "",
                    (_, 1) => "\nskip_scale = 'inverse_sqrt_depth'",
                    _ => "\nskip_scale = -0.6",
                };
                let clip = ["", "\nclip = { norm = 0.05 }", "\nclip = { value = 0.01 }"];
                let clip = clip[(n + 2 * s + usize::from(tied)) % 3];
                all.push(format!(
                    "normalization = '{norm}'\nskip = '{skip}'\ntied = {tied}{scale}{clip}"
                ));
            }
        }
    }
    all
}

/// γ and β other than at the start, where weights can be given.
fn with_given_norms(mut experiment: Experiment) -> Experiment {
    if experiment.variants[0].tied {
        return experiment;
    }
    given(&experiment).fill(&mut experiment, 0);
    for norm in &mut experiment.variants[0].norms {
        let by = |place: usize| 0.3 * ((norm.index * 3 + place) as f64).sin();
        let [gamma, beta] = [|x: f64| 1.0 + x, |x: f64| x];
        norm.gamma = (0..3).map(|place| gamma(by(place))).collect();
        norm.beta = (0..3).map(|place| beta(by(place + 1))).collect();
    }
    experiment.validate().unwrap();
    experiment
}

fn given(experiment: &Experiment) -> Given {
    Given::of(experiment, &experiment.variants[0], &mut DrawStudy::new(), &task()).unwrap()
}

fn transposed(rows: &[Vec<f64>]) -> Rows {
    (0..rows[0].len()).map(|j| rows.iter().map(|row| row[j]).collect()).collect()
}

fn column(numbers: &[f64]) -> Rows {
    numbers.iter().map(|number| vec![*number]).collect()
}

/// The network of the first variant, with the examples that its run has.
fn net(experiment: &Experiment) -> Net {
    let (variant, given) = (&experiment.variants[0], given(experiment));
    let chosen = |rows: &[Vec<f64>]| match variant.couples_examples() {
        true => transposed(rows),
        false => column(&rows[EXAMPLE]),
    };
    let norm = |layer: usize| {
        let found = given.norms.iter().find(|norm| norm.index == layer);
        found.map_or([vec![], vec![]], |norm| [column(&norm.gamma), column(&norm.beta)])
    };
    Net {
        data: [chosen(&given.data.x), chosen(&given.data.y)],
        biases: given.biases.iter().map(|bias| column(bias)).collect(),
        norms: (1..=3).map(norm).collect(),
        weights: given.weights,
        normalization: variant.normalization,
        skip: variant.skip,
        alpha: variant.skip_scale.of_depth(3),
    }
}

/// Whether two arrays agree to so much of their largest entry, and of 1.
fn compare(what: &str, found: &Rows, expected: &Rows, tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().flatten().fold(1.0_f64, |top, x| top.max(x.abs()));
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found.len(), expected.len(), "{what}");
        for (found, expected) in found.iter().zip(expected) {
            let error = (found - expected).abs();
            assert!(error <= tolerance * scale, "{what}: {found} and not {expected}");
        }
    }
}

/// Of which array a step's result is the derivative.
fn differentiated(part: Part) -> Option<Part> {
    Some(match part {
        Part::Delta(l) => Part::Preactivation(l),
        Part::NormOutputError(l) => Part::NormOutput(l),
        Part::BranchError(l) => Part::Branch(l),
        Part::SumError(l) => Part::Sum(l),
        Part::HandedOnError(l) => Part::HandedOn(l),
        Part::WeightGradient(l) => Part::Weight(l),
        Part::SharedWeightGradient => Part::SharedWeight,
        Part::BiasGradient(l) => Part::Bias(l),
        Part::SharedBiasGradient => Part::SharedBias,
        Part::GammaGradient(l) => Part::Gamma(l),
        Part::BetaGradient(l) => Part::Beta(l),
        _ => return None,
    })
}

fn is_error(part: Part) -> bool {
    !matches!(
        part,
        Part::WeightGradient(_)
            | Part::SharedWeightGradient
            | Part::BiasGradient(_)
            | Part::SharedBiasGradient
            | Part::GammaGradient(_)
            | Part::BetaGradient(_)
    )
}

/// Forward arrays beside the test’s own network, error signals and gradients beside differences of
/// its loss: δ of an example is that of the sum of the losses.
#[test]
fn every_array_is_that_of_a_network_written_out() {
    for remedies in all() {
        let experiment = with_given_norms(experiment(&remedies));
        let (run, net) = (run(&experiment), net(&experiment));
        let (made, loss) = net.forward(None);
        let batch = net.data[0][0].len() as f64;
        assert!((run.loss - loss).abs() < 1e-13, "{remedies}: {} {loss}", run.loss);
        let mut derivatives = 0;
        for step in run.steps.iter().take_while(|step| step.kind != StepKind::Update) {
            let (part, what) = (step.result.part, format!("{remedies}: {}", step.id));
            let rows = &step.result.rows;
            if let Some(of) = differentiated(part) {
                let expected = net.derivative(of, (rows.len(), rows[0].len()));
                let factor = if is_error(part) { batch } else { 1.0 };
                let expected = expected.iter().map(|row| row.iter().map(|x| factor * x).collect());
                compare(&what, rows, &expected.collect(), 1e-9);
                derivatives += 1;
            } else if step.kind == StepKind::Forward {
                compare(&what, rows, &made[&part], 1e-13);
            }
        }
        assert!(derivatives >= 4 + 2 * 3, "{remedies}: {derivatives}");
        check_parts(&remedies, &run);
    }
}

/// g⊥ and g∥ add up to what was split; g⊥ has no mean (but of RMS normalization) and nothing
/// along ẑ, in each group.
fn check_parts(remedies: &str, run: &Steps) {
    let rows: HashMap<Part, &Rows> =
        run.steps.iter().rev().map(|step| (step.result.part, &step.result.rows)).collect();
    for layer in 1..=3 {
        let Some(across) = rows.get(&Part::AcrossError(layer)) else { continue };
        let along = rows[&Part::AlongError(layer)];
        let centred = rows.get(&Part::CentredError(layer));
        let whole = centred.unwrap_or(&rows[&Part::NormError(layer)]);
        compare(remedies, &zipped(along, across, |a, b| a + b), whole, 1e-14);
        let products = zipped(across, rows[&Part::Normalized(layer)], |g, z| g * z);
        let sums = |rows: &Rows| -> Vec<f64> {
            match rows[0].len() {
                1 => vec![rows.iter().flatten().sum()],
                _ => rows.iter().map(|row| row.iter().sum()).collect(),
            }
        };
        let means = if centred.is_some() { sums(across) } else { Vec::new() };
        for sum in sums(&products).into_iter().chain(means) {
            assert!(sum.abs() < 1e-13, "{remedies}: {sum}");
        }
    }
}

/// θ − η g, with the gradient clipped over all parameters; then the test’s own network with the
/// new ones has the loss, and the arrays, of the second pass.
#[test]
fn the_update_is_one_step_and_the_loss_after_it_is_that_of_its_network() {
    for remedies in all() {
        let experiment = with_given_norms(experiment(&remedies));
        let (run, mut net) = (run(&experiment), net(&experiment));
        let gradients: HashMap<Part, &Rows> = run
            .steps
            .iter()
            .filter_map(|step| {
                let of =
                    differentiated(step.result.part).filter(|_| !is_error(step.result.part))?;
                Some((of, &step.result.rows))
            })
            .collect();
        let norm = gradients.values().flat_map(|rows| rows.iter().flatten());
        let norm = norm.map(|g| g * g).sum::<f64>().sqrt();
        let clipped = |g: f64| match remedies.split_once("clip") {
            None => g,
            Some((_, clip)) if clip.contains("norm") => g * (0.05 / (norm + 1e-6)).min(1.0),
            Some(_) => g.clamp(-0.01, 0.01),
        };
        let mut updates = 0;
        for step in run.steps.iter().filter(|step| step.kind == StepKind::Update) {
            let part = step.result.part;
            let layers = match part {
                Part::SharedWeight | Part::SharedBias => vec![2, 3],
                _ => vec![step.layer.unwrap()],
            };
            for layer in layers {
                let old = match part {
                    Part::Weight(_) | Part::SharedWeight => &mut net.weights[layer - 1],
                    Part::Bias(_) | Part::SharedBias => &mut net.biases[layer - 1],
                    Part::Gamma(_) => &mut net.norms[layer - 1][0],
                    Part::Beta(_) => &mut net.norms[layer - 1][1],
                    other => panic!("{other:?}"),
                };
                let new = zipped(old, gradients[&part], |old, g| old - 0.2 * clipped(g));
                compare(&format!("{remedies}: {}", step.id), &step.result.rows, &new, 1e-14);
                *old = new;
            }
            updates += 1;
        }
        assert_eq!(updates, gradients.len(), "{remedies}");
        let (made, loss) = net.forward(None);
        assert!((run.loss_after - loss).abs() < 1e-13, "{remedies}: {} {loss}", run.loss_after);
        for step in run.steps.iter().filter(|step| step.kind == StepKind::ForwardAgain) {
            let what = format!("{remedies}: {}", step.id);
            compare(&what, &step.result.rows, &made[&step.result.part], 1e-13);
        }
    }
}

/// What a step prints, side by side: each side’s interval meets the next one’s and holds the
/// result.
fn check_printed(what: &str, step: &Step) {
    let what = format!("{what}: {} {}", step.id, step.numbers);
    let sides = step.numbers.split('=').filter(|side| !side.contains("softmax"));
    let sides: Vec<_> = sides.map(|side| evaluate(side, f64::tanh)).collect();
    for side in &sides {
        assert_eq!(
            (side.len(), side[0].len()),
            (step.result.rows.len(), step.result.rows[0].len())
        );
        for (interval, value) in side.iter().flatten().zip(step.result.rows.iter().flatten()) {
            assert!(interval.0 <= *value && *value <= interval.1, "{what}: {interval:?} {value}");
            assert!(interval.width() < 2e-3 * (1.0 + value.abs()), "{what}: {interval:?}");
        }
    }
    for pair in sides.windows(2) {
        let mut entries = pair[0].iter().flatten().zip(pair[1].iter().flatten());
        assert!(entries.all(|(left, right)| left.meets(*right)), "{what}");
    }
}

#[test]
fn every_printed_equation_holds_to_its_digits() {
    let mut equations = 0;
    for remedies in all() {
        let experiment = with_given_norms(experiment(&remedies));
        for step in &run(&experiment).steps {
            check_printed(&remedies, step);
            equations += 1;
        }
    }
    assert!(equations > 1500, "{equations}");
}

/// Normalizing two numbers leaves next to nothing along the way back, and g⊥ is exactly 0.
#[test]
fn of_two_normalized_numbers_nothing_is_left_across() {
    for (norm, batch) in [("layer", 1), ("batch", 2)] {
        let experiment = Experiment::from_toml(&format!(
            "seed = 1\n[architecture]\ninput = 2\ndepth = 2\nwidth = 2\nbatch = {batch}\n\
             [[variant]]\nactivation = 'tanh'\nnormalization = '{norm}'"
        ))
        .unwrap();
        let run = steps(&experiment, 0, 0, &mut DrawStudy::new(), &task()).unwrap();
        let across = &run.find("bp2-g-across1").unwrap().result.rows;
        assert!(across.iter().flatten().all(|g| *g == 0.0), "{norm}: {across:?}");
        let [delta, g] = ["bp2-1", "bp2-g1"].map(|id| run.find(id).unwrap().result.rows[0][0]);
        assert!(delta != 0.0 && delta.abs() < 1e-2 * g.abs(), "{norm}: {delta} {g}");
    }
}

/// A batch has the equations of its mean loss, whatever the loss.
#[test]
fn the_mean_loss_of_a_batch_is_written_out() {
    for loss in Loss::ALL {
        let experiment = Experiment::from_toml(&format!(
            "seed = 5\n[architecture]\ninput = 2\ndepth = 1\nwidth = 3\noutput = 2\nbatch = 4\n\
             loss = '{}'\n[[variant]]\nactivation = 'tanh'\nnormalization = 'batch'",
            loss.id()
        ))
        .unwrap();
        let run = run(&experiment);
        assert_eq!(run.example, None);
        for id in ["loss", "again-loss"] {
            check_printed(loss.id(), run.find(id).unwrap());
        }
        let bias = run.find("bp4-1").unwrap();
        assert!(bias.title.contains("batch normalization takes off again"), "{}", bias.title);
        assert!(bias.result.rows.iter().flatten().all(|b| *b == 0.0));
        assert_eq!(run.find("bp1").unwrap().result.rows[0].len(), 4);
    }
}

/// LaTeX that parses, names that no other step has, and tables that have every number.
#[test]
fn steps_with_remedies_leave_the_lab_as_tables() {
    for remedies in all() {
        let experiment = experiment(&remedies);
        let run = run(&experiment);
        let mut ids: Vec<&str> = run.steps.iter().map(|step| step.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), run.steps.len(), "{remedies}");
        for step in &run.steps {
            let between = step.between.iter().chain([&step.result]).map(|values| values.equation());
            for latex in [step.symbols.clone(), step.numbers.clone()].into_iter().chain(between) {
                ratex_parser::parse(&latex).unwrap_or_else(|error| panic!("{latex}: {error}"));
                assert!(!latex.contains("--") && !latex.contains("NaN"), "{remedies}: {latex}");
            }
            let latex = step.latex();
            assert_eq!(latex.matches(r"\left(").count(), latex.matches(r"\right)").count());
        }
        let numbers = TableId::Steps.compute(&experiment, View::default(), &task()).unwrap();
        let csv = String::from_utf8(numbers.encode(TableFormat::Csv).unwrap()).unwrap();
        let json = numbers.encode(TableFormat::Json).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        for step in &run.steps {
            assert!(csv.contains(&format!(",{},", step.id)), "{remedies}: {}", step.id);
        }
        assert_eq!(json["steps"].as_array().unwrap().len(), run.steps.len());
        let tied = experiment.variants[0].tied;
        let shared = json["steps"].as_array().unwrap().iter();
        let shared = shared.filter(|step| step["result"]["array"] == "shared_weight");
        assert_eq!(shared.count(), usize::from(tied), "one update of what is shared");
        let [normalized, skips] =
            [experiment.variants[0].normalization.is_some(), experiment.variants[0].skip.is_some()];
        assert_eq!(csv.contains(",h2,"), skips, "{remedies}");
        assert_eq!(csv.contains(",bp2-g-along1,"), normalized, "{remedies}");
        assert_eq!(csv.contains(",update-gamma1,"), normalized, "{remedies}");
    }
}
