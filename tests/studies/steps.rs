//! The run by hand against the chapter’s digits.

use gradient_lab::experiment::{Activation, Experiment, Loss, Preset};
use gradient_lab::study::{DrawStudy, Part, Steps, TaskContext, small_copy, steps};

fn run(experiment: &Experiment, example: usize) -> Steps {
    experiment.validate().unwrap();
    steps(experiment, 0, example, &mut DrawStudy::new(), &TaskContext::unattended()).unwrap()
}

fn worked_example() -> Experiment {
    Preset::find("worked-example").unwrap().experiment()
}

/// The result of a step, or what it computes between, rounded as it is printed.
fn printed(run: &Steps, id: &str, part: Option<Part>, decimals: usize) -> Vec<String> {
    let step = run.find(id).unwrap_or_else(|| panic!("no step {id}"));
    let values = match part {
        None => &step.result,
        Some(part) => step.between.iter().find(|values| values.part == part).unwrap(),
    };
    let digits = |v: &f64| format!("{v:.decimals$}").trim_start_matches('0').to_owned();
    values.rows.iter().flatten().map(digits).collect()
}

#[test]
fn every_printed_digit_of_section_16_5() {
    let run = run(&worked_example(), 0);
    let six = |id| printed(&run, id, None, 6);
    let eight = |id| printed(&run, id, None, 8);
    assert_eq!(six("z1"), [".377500", ".392500", ".407500"]);
    assert_eq!(six("a1"), [".593270", ".596884", ".600488"]);
    assert_eq!(six("z2"), ["1.406150"]);
    assert_eq!(six("a2"), [".803158"]);
    assert_eq!(six("loss"), [".314550"]);
    assert_eq!(printed(&run, "bp1", Some(Part::Slope(2)), 6), [".158095"]);
    assert_eq!(six("bp1"), [".125394"]);
    let sent = printed(&run, "bp2-1", Some(Part::SentBack(2)), 6);
    assert_eq!(sent, [".050158", ".056428", ".062697"]);
    let slope = printed(&run, "bp2-1", Some(Part::Slope(1)), 6);
    assert_eq!(slope, [".241301", ".240613", ".239902"]);
    assert_eq!(six("bp2-1"), [".012103", ".013577", ".015041"]);
    assert_eq!(six("bp3-2"), [".074393", ".074846", ".075298"]);
    let first = [".00060516", ".00121031", ".00067886", ".00135772", ".00075206", ".00150412"];
    assert_eq!(eight("bp3-1"), first);
    assert_eq!(six("bp4-2"), [".125394"]);
    assert_eq!(six("bp4-1"), [".012103", ".013577", ".015041"]);
    assert_eq!(eight("update-w2"), [".36280361", ".41257699", ".46235104"]);
    let first = [".14969742", ".19939484", ".24966057", ".29932114", ".34962397", ".39924794"];
    assert_eq!(eight("update-w1"), first);
    assert_eq!(six("again-a2"), [".781491"]);
    assert_eq!(six("again-loss"), [".297599"]);
    assert_eq!(format!("{:.6} {:.6}", run.loss, run.loss_after), "0.314550 0.297599");
}

#[test]
fn the_equations_carry_the_same_digits() {
    let run = run(&worked_example(), 0);
    let numbers = |id| run.find(id).unwrap().numbers.as_str();
    assert_eq!(
        numbers("z1"),
        r"\begin{pmatrix}.15&.2\\.25&.3\\.35&.4\end{pmatrix}\begin{pmatrix}.05\\.1\end{pmatrix}+\begin{pmatrix}.35\\.35\\.35\end{pmatrix}=\begin{pmatrix}.377500\\.392500\\.407500\end{pmatrix}"
    );
    assert_eq!(numbers("loss"), r"\tfrac12(.803158-.01)^2=.314550");
    assert!(
        numbers("bp2-1").contains(r"=\begin{pmatrix}.050158\\.056428\\.062697\end{pmatrix}\odot")
    );
    assert!(numbers("bp3-1").ends_with(
        r"=\begin{pmatrix}.00060516&.00121031\\.00067886&.00135772\\.00075206&.00150412\end{pmatrix}"
    ));
    assert!(numbers("update-w2").contains(r"-.5\cdot\begin{pmatrix}.074393&.074846&.075298"));
    assert!(numbers("update-w2").ends_with(r".36280361&.41257699&.46235104\end{pmatrix}"));
    assert!(numbers("again-z2").contains(".36280361"));
    let mut ids: Vec<&str> = run.steps.iter().map(|step| step.id.as_str()).collect();
    assert_eq!(ids.len(), 5 + 2 + 4 + 4 + 5);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 20);
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// One step of descent on 2-2-2, written out unit by unit: loss before, new W1, loss after.
fn naive(experiment: &Experiment, example: usize) -> (f64, [[f64; 2]; 2], f64) {
    let variant = &experiment.variants[0];
    let (w, b) = (variant.weights.clone().unwrap(), variant.biases.clone().unwrap());
    let data = experiment.data.as_ref().unwrap();
    let (x, y, rate) = (&data.x[example], &data.y[example], experiment.step_rate());
    let forward = |w: &[Vec<Vec<f64>>], b: &[Vec<f64>]| {
        let unit = |l: usize, j: usize, input: &[f64]| {
            w[l][j][0] * input[0] + w[l][j][1] * input[1] + b[l][j]
        };
        let hidden = [0, 1].map(|j| unit(0, j, x).tanh());
        let output = [0, 1].map(|j| sigmoid(unit(1, j, &hidden)));
        let cost = |j: usize| -(y[j] * output[j].ln() + (1.0 - y[j]) * (1.0 - output[j]).ln());
        (hidden, output, cost(0) + cost(1))
    };
    let (hidden, output, loss) = forward(&w, &b);
    let (mut new_w, mut new_b, mut first) = (w.clone(), b.clone(), [[0.0; 2]; 2]);
    for j in 0..2 {
        let error = output[j] - y[j];
        let back = (0..2).map(|i| w[1][i][j] * (output[i] - y[i])).sum::<f64>();
        let below = back * (1.0 - hidden[j] * hidden[j]);
        for k in 0..2 {
            new_w[1][j][k] -= rate * error * hidden[k];
            new_w[0][j][k] -= rate * below * x[k];
            first[j][k] = new_w[0][j][k];
        }
        new_b[1][j] -= rate * error;
        new_b[0][j] -= rate * below;
    }
    (loss, first, forward(&new_w, &new_b).2)
}

#[test]
fn other_numbers_agree_with_a_run_written_out_by_hand() {
    let experiment = Experiment::from_toml(
        "learning_rate = 0.25\n[architecture]\ninput = 2\nhidden = [2]\noutput = 2\nbatch = 2\n\
         loss = \"bce\"\n[data]\nx = [[0.5, -1.5], [2.0, 0.25]]\ny = [[1.0, 0.0], [0.0, 0.75]]\n\
         [[variant]]\nactivation = \"tanh\"\n\
         weights = [[[0.3, -0.8], [1.1, 0.2]], [[0.7, -0.4], [-1.2, 0.9]]]\n\
         biases = [[0.1, -0.2], [0.05, 0.6]]",
    )
    .unwrap();
    for example in [0, 1] {
        let run = run(&experiment, example);
        let (loss, first, after) = naive(&experiment, example);
        assert!((run.loss - loss).abs() < 1e-14 && (run.loss_after - after).abs() < 1e-14);
        let updated = &run.find("update-w1").unwrap().result.rows;
        for (row, expected) in updated.iter().zip(&first) {
            row.iter().zip(expected).for_each(|(w, e)| assert!((w - e).abs() < 1e-15));
        }
        assert!(run.find("bp1").unwrap().symbols.ends_with("-y"));
        assert_eq!(run.example, Some(example + 1));
    }
}

#[test]
fn every_edit_is_followed() {
    let mut experiment = worked_example();
    let before = run(&experiment, 0);
    experiment.learning_rate = Some(0.0);
    let still = run(&experiment, 0);
    assert_eq!(still.loss_after, before.loss);
    experiment.data.as_mut().unwrap().x[0][0] = 0.75;
    experiment.variants[0].biases.as_mut().unwrap()[1][0] = -2.0;
    let edited = run(&experiment, 0);
    assert!(edited.find("z1").unwrap().numbers.contains(".75"));
    assert!(edited.find("z2").unwrap().numbers.contains("+(-2)="));
    assert!(edited.loss != before.loss);
}

#[test]
fn every_loss_and_activation_has_its_equations() {
    for loss in Loss::ALL {
        for activation in Activation::ALL {
            let mut experiment = Experiment::default();
            experiment.variants.truncate(1);
            experiment.variants[0].activation = activation;
            let architecture = &mut experiment.architecture;
            (architecture.input, architecture.output, architecture.loss) = (3, 2, loss);
            architecture.hidden = Some(vec![4, 3]);
            let run = run(&experiment, 0);
            for step in &run.steps {
                assert_eq!(step.numbers.matches("--").count(), 0, "{}", step.numbers);
                for latex in [&step.symbols, &step.numbers] {
                    ratex_parser::parse(latex).unwrap_or_else(|error| panic!("{latex}: {error}"));
                }
            }
            let json = serde_json::to_value(&run).unwrap();
            assert_eq!(json["steps"][0]["result"]["array"], "preactivation");
            assert_eq!(json["steps"][0]["result"]["layer"], 1);
        }
    }
}

#[test]
fn what_cannot_be_read_is_refused() {
    let mut study = DrawStudy::new();
    let mut refusal = |experiment: &Experiment, variant, example| {
        steps(experiment, variant, example, &mut study, &TaskContext::unattended())
            .unwrap_err()
            .to_string()
    };
    assert!(refusal(&Experiment::default(), 0, 0).contains("6 layers"));
    let wide = Experiment::from_toml("[architecture]\ninput = 2\nhidden = [20]").unwrap();
    assert!(refusal(&wide, 0, 0).starts_with("Layer 1 has 20 units"));
    let worked = worked_example();
    assert!(refusal(&worked, 0, 1).contains("no example 2"));
    assert!(refusal(&worked, 1, 0).contains("no variant 2"));
    let coupled = Experiment::from_toml(
        "[architecture]\ninput = 2\nhidden = [3]\nbatch = 5\n[[variant]]\nnormalization = 'batch'",
    )
    .unwrap();
    let words = refusal(&coupled, 0, 0);
    assert!(words.contains("batch of 5") && words.contains("lower the batch"), "{words}");
    let copy = small_copy(&coupled);
    assert_eq!((copy.architecture.batch, &copy.variants), (4, &coupled.variants));
    assert_eq!(run(&copy, 0).example, None);
}
