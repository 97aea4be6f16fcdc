//! Sweeps: the phase diagram is where theory has it, coarse comes first, parts make the whole.

use gradient_lab::experiment::{Activation, Architecture, Experiment, Variant};
use gradient_lab::figure::{FigureId, View};
use gradient_lab::study::{
    Axis, BiasLaw, Engine, Quantity, Setting, Shard, Spacing, Sweep, SweepError, SweepMap,
    TaskContext, critical_line, critical_weight_variance, sweep,
};

fn axis(setting: Setting, from: f64, to: f64, cells: usize) -> Axis {
    Axis { setting, from, to, cells, spacing: Spacing::Linear }
}

/// tanh over σ_w and σ_b: 8 layers of 30.
fn phase_diagram() -> Sweep {
    let architecture = Architecture { depth: 8, width: 30, ..Architecture::default() };
    Sweep {
        experiment: Experiment {
            architecture,
            variants: vec![Variant::of(Activation::Tanh)],
            ..Experiment::default()
        },
        variant: 0,
        x: axis(Setting::WeightStd, 0.8, 2.0, 13),
        y: Some(axis(Setting::BiasStd, 0.0, 0.4, 3)),
        quantity: Quantity::DecadesPerLayer,
        seeds: 6,
        engine: None,
    }
}

fn run(request: &Sweep, shard: Shard, threads: usize) -> SweepMap {
    sweep(request, shard, threads, &TaskContext::unattended(), |_| {}).expect("valid")
}

fn value(map: &SweepMap, x: usize, y: usize) -> f64 {
    map.cell(x, y).and_then(|cell| cell.value).expect("measured and not zero")
}

#[test]
fn the_critical_line_parts_vanishing_from_exploding() {
    let mut request = phase_diagram();
    // Deep and wide enough that neither the first layers nor chance decide.
    (request.experiment.architecture.depth, request.experiment.architecture.width) = (40, 300);
    let map = run(&request, Shard::WHOLE, 2);
    for y in 0..3 {
        let bias_std: f64 = request.y.expect("two axes").value(y);
        let critical =
            critical_weight_variance(Activation::Tanh, BiasLaw::normal(bias_std * bias_std))
                .expect("it exists");
        for x in 0..13 {
            let weight_std: f64 = request.x.value(x);
            let beyond = weight_std - critical.sqrt();
            if beyond.abs() > 0.35 {
                let decades = value(&map, x, y);
                assert!(decades * beyond > 0.0, "σ_w {weight_std}, σ_b {bias_std}: {decades}");
            }
        }
    }
}

#[test]
fn threads_and_parts_change_nothing() {
    let request = phase_diagram();
    let whole = run(&request, Shard::WHOLE, 1);
    assert_eq!(run(&request, Shard::WHOLE, 2), whole);
    let parts: Vec<SweepMap> =
        (0..4).map(|index| run(&request, Shard { index, of: 4 }, 2)).collect();
    assert!(parts[0] != whole);
    assert_eq!(SweepMap::join(&parts), Ok(whole.clone()));
    let mut other = parts[0].clone();
    other.cells.iter_mut().flatten().for_each(|cell| cell.value = Some(7.0));
    assert_eq!(SweepMap::join(&[whole, other]), Err(SweepError::Parts));
}

#[test]
fn coarse_comes_first() {
    let mut request = phase_diagram();
    (request.x.cells, request.seeds) = (17, 1);
    request.y = Some(axis(Setting::Depth, 1.0, 9.0, 9));
    let mut done = Vec::new();
    let map = sweep(&request, Shard::WHOLE, 2, &TaskContext::unattended(), |map| {
        done.push(map.cells.iter().flatten().count());
        if done.len() == 6 {
            let coarse = [0, 8].iter().flat_map(|&y| [0, 8, 16].map(|x| map.cell(x, y)));
            assert_eq!(coarse.flatten().count(), 6);
        }
    });
    assert_eq!(map.expect("valid").cells.len(), 17 * 9);
    assert_eq!(done, (1..=17 * 9).collect::<Vec<_>>());
}

#[test]
fn shares_of_dead_and_saturated_units() {
    let mut request = phase_diagram();
    (request.y, request.quantity) = (None, Quantity::SaturatedShare);
    request.x = Axis { spacing: Spacing::Logarithmic, ..axis(Setting::Gain, 0.1, 1e3, 3) };
    for engine in Engine::ALL {
        request.engine = Some(engine);
        let map = run(&request, Shard::WHOLE, 2);
        assert_eq!(value(&map, 0, 0), 0.0);
        assert!(value(&map, 2, 0) > 0.95, "{engine:?}");
    }
    request.quantity = Quantity::DeadShare;
    request.experiment.variants = vec![Variant::of(Activation::Relu)];
    for engine in Engine::ALL {
        request.engine = Some(engine);
        let map = run(&request, Shard::WHOLE, 2);
        assert!((value(&map, 1, 0) - 0.5).abs() < 0.05, "{engine:?}");
    }
}

#[test]
fn nonsense_is_refused() {
    let refusal = |change: &dyn Fn(&mut Sweep)| {
        let mut request = phase_diagram();
        change(&mut request);
        sweep(&request, Shard::WHOLE, 1, &TaskContext::unattended(), |_| {}).expect_err("nonsense")
    };
    assert_eq!(refusal(&|s| s.x.cells = 257), SweepError::Axis(Setting::WeightStd));
    assert_eq!(refusal(&|s| s.y = Some(s.x)), SweepError::Twice);
    let from_zero = |s: &mut Sweep| (s.x.from, s.x.spacing) = (0.0, Spacing::Logarithmic);
    assert_eq!(refusal(&from_zero), SweepError::Axis(Setting::WeightStd));
    assert_eq!(refusal(&|s| s.variant = 1), SweepError::Request);
    let refused = refusal(&|s| s.x = axis(Setting::Width, 1.0, 1e5, 3));
    assert!(matches!(refused, SweepError::Setting(_)), "{refused}");
}

/// The zero of the measured decades per layer, between cells, against χ = 1: a coarse map of
/// 13 × 3 cells a tenth apart, nets of 100 layers of 400, six seeds. The zero lies above the
/// line by less than half a cell with biases. Without them χ − 1 grows with the square of
/// σ_w − 1, so that finite depth and width move the zero further: less than two cells.
#[test]
fn the_measured_zero_lies_along_the_critical_line() {
    let mut request = phase_diagram();
    (request.experiment.architecture.depth, request.experiment.architecture.width) = (100, 400);
    let map = run(&request, Shard::WHOLE, 2);
    let line = critical_line(&request, &TaskContext::unattended()).expect("nobody stops it");
    for y in 0..3 {
        let bias_std = request.y.expect("two axes").value(y);
        let critical = line.iter().find(|point| point[1] == bias_std).expect("each row has one")[0];
        let crossing = (1..13).find(|&x| value(&map, x, y) > 0.0).expect("it explodes at last");
        let (low, high) = (value(&map, crossing - 1, y), value(&map, crossing, y));
        let share = low / (low - high);
        let (from, to): (f64, f64) = (request.x.value(crossing - 1), request.x.value(crossing));
        let zero = from + share * (to - from);
        let tolerance = if bias_std > 0.0 { 0.05 } else { 0.2 };
        assert!((zero - critical).abs() < tolerance, "σ_b {bias_std}: {zero} against {critical}");
    }
}

#[test]
fn a_figure_that_cannot_be_measured_says_why() {
    let mut experiment = phase_diagram().experiment;
    experiment.architecture.width = 5000;
    let task = TaskContext::unattended();
    let figure = FigureId::Sweep.compute(&experiment, View::default(), &task);
    let figure = figure.expect("nobody stops it");
    let note = &figure.notes[0].text;
    assert!(note.starts_with("Nothing is measured: ") && note.contains("5000"), "{note}");
    experiment.architecture.width = 4;
    experiment.architecture.depth = 1;
    let figure = FigureId::Sweep.compute(&experiment, View::default(), &task);
    assert!(figure.expect("nobody stops it").notes.is_empty());
}

/// Where theory lets nothing through nothing is learned, and near its critical line much is.
#[test]
fn a_map_of_what_is_learned_follows_theory() {
    let text = "draws = 'layered'\n[architecture]\nwidth = 32\nbatch = 32\nloss = 'softmax_ce'\nprecision = 'f32'\n[data]\nset = 'clusters'\nexamples = 64\n[training]\noptimizer = 'adam'\nlearning_rate = 0.003\nsteps = 60\n[[variant]]\nactivation = 'tanh'";
    let request = Sweep {
        experiment: Experiment::from_toml(text).expect("valid"),
        variant: 0,
        x: Axis {
            setting: Setting::WeightStd,
            from: 0.4,
            to: 1.0,
            cells: 3,
            spacing: Spacing::Linear,
        },
        y: Some(Axis {
            setting: Setting::Depth,
            from: 2.0,
            to: 30.0,
            cells: 2,
            spacing: Spacing::Linear,
        }),
        quantity: Quantity::Learned,
        seeds: 2,
        engine: None,
    };
    let task = TaskContext::unattended();
    let map = |threads| sweep(&request, Shard::WHOLE, threads, &task, |_| {}).expect("valid");
    let one = map(1);
    assert_eq!(one, map(2), "for any number of threads");
    let learned = |x, y| one.cell(x, y).and_then(|cell| cell.value).expect("a share");
    assert!(learned(0, 0) > 0.5 && learned(2, 1) > 0.5, "{one:?}");
    assert!(learned(0, 1) < 0.1, "{one:?}");
    // ξ of σ_w = .7 without biases: −1/ln .49; at σ_w = 1 it is beyond every depth.
    let line = critical_line(&request, &task).expect("nobody stops it");
    let at = |value: f64| line.iter().find(|point| (point[0] - value).abs() < 1e-9);
    let expected = -6.0 / 0.49_f64.ln();
    assert!((at(0.7).expect("on the map")[1] - expected).abs() < 1e-6, "{line:?}");
    assert_eq!(at(1.0).expect("at the edge")[1], 30.0);
    let mut rate = request.clone();
    rate.x = Axis::usual(Setting::LearningRate);
    assert!(rate.validate().is_ok());
    rate.quantity = Quantity::DeadShare;
    assert!(
        rate.validate()
            .expect_err("no training")
            .to_string()
            .contains("moves nothing but a training")
    );
}
