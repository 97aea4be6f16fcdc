//! Sweeps: what their words say of gains, sizes, given numbers and dead networks, against the
//! experiments and the norms of each cell.

use gradient_lab::experiment::{Activation, Data, Experiment, Init, Scheme, Skip, Variant};
use gradient_lab::figure::{Figure, Panel, words};
use gradient_lab::study::{
    Axis, Cell, Quantity, Sampler, Setting, Shard, Spacing, Sweep, SweepFinding, SweepMap,
    SweepResult, TaskContext, critical_line, sweep,
};

use crate::helpers;

fn axis(setting: Setting, from: f64, to: f64, cells: usize) -> Axis {
    Axis { setting, from, to, cells, spacing: Spacing::Linear }
}

fn of(experiment: Experiment, x: Axis, seeds: u32) -> Sweep {
    let quantity = Quantity::DecadesPerLayer;
    Sweep { experiment, variant: 0, x, y: None, quantity, seeds, engine: None }
}

fn run(request: &Sweep) -> SweepMap {
    sweep(request, Shard::WHOLE, 1, &TaskContext::unattended(), |_| {}).expect("valid")
}

fn he() -> Experiment {
    let mut experiment = Experiment {
        variants: vec![Variant {
            init: Init::of(Scheme::HeNormal),
            output_activation: Some(Activation::Linear),
            ..Variant::of(Activation::Relu)
        }],
        ..Experiment::default()
    };
    (experiment.architecture.depth, experiment.architecture.width) = (20, 64);
    experiment.architecture.input = 64;
    experiment
}

/// Factor 1 is the scheme as it is, for every scheme that has a gain.
#[test]
fn gain_1_is_the_scheme_as_it_is() {
    for scheme in
        Scheme::ALL.into_iter().filter(|s| s.takes(gradient_lab::experiment::Parameter::Gain))
    {
        let mut experiment = he();
        experiment.variants[0].init = Init::of(scheme);
        let request = of(experiment.clone(), axis(Setting::Gain, 1.0, 2.0, 2), 3);
        let [one, two] = [0, 1].map(|x| request.experiment_at((x, 0)).variants[0].init);
        let own = experiment.variants[0].init;
        assert_eq!(one.scale(64, 64), own.scale(64, 64), "{scheme:?}");
        assert!((two.scale(64, 64) / own.scale(64, 64) - 2.0).abs() < 1e-12, "{scheme:?}");
        let told =
            request.replaces().iter().any(|f| matches!(f, SweepFinding::GainOfScheme { .. }));
        assert_eq!(told, own.gain() != 1.0, "{scheme:?}");
    }
    // He's is healthy at 1, and critical there.
    let request = of(he(), axis(Setting::Gain, 1.0, 1.5, 2), 15);
    let map = run(&request);
    let at_1 = map.cell(0, 0).and_then(|cell| cell.value).expect("it lives");
    assert!(at_1.abs() < 0.03, "{at_1}");
    let line = critical_line(&request, &TaskContext::unattended()).expect("not stopped");
    assert!((line[0][0] - 1.0).abs() < 1e-9, "{line:?}");
}

#[test]
fn a_gain_that_gives_way_is_told() {
    let mut experiment = he();
    experiment.variants[0].init.gain = Some(3.0);
    let request = of(experiment, axis(Setting::Gain, 1.0, 2.0, 2), 1);
    let told = request.replaces();
    assert!(told.contains(&SweepFinding::GainReplaced { gain: 3.0 }), "{told:?}");
    assert_eq!(request.experiment_at((0, 0)).variants[0].init.gain(), 2_f64.sqrt());
}

#[test]
fn explicit_sizes_give_way_aloud() {
    let mut experiment = he();
    experiment.architecture.hidden = Some(vec![50, 2, 50, 50]);
    for (setting, sizes) in
        [(Setting::Depth, vec![64, 50, 50, 1]), (Setting::Width, vec![64, 2, 2, 2, 2, 1])]
    {
        let request = of(experiment.clone(), axis(setting, 2.0, 3.0, 2), 1);
        assert_eq!(request.experiment_at((0, 0)).sizes(), sizes);
        let [SweepFinding::SizesReplaced { sizes, width, depth }] = &request.replaces()[..] else {
            panic!("{:?}", request.replaces())
        };
        assert_eq!(sizes, &[50, 2, 50, 50]);
        assert_eq!(
            (*width, *depth),
            match setting {
                Setting::Depth => (Some(50), None),
                _ => (None, Some(4)),
            }
        );
    }
    // Another setting leaves them as they are, and says nothing.
    let request = of(experiment.clone(), axis(Setting::BiasStd, 0.0, 1.0, 2), 1);
    assert_eq!(request.experiment_at((1, 0)).sizes(), experiment.sizes());
    assert_eq!(request.replaces(), []);
    // Equal ones lose nothing by it.
    experiment.architecture.hidden = Some(vec![7, 7]);
    assert_eq!(of(experiment, axis(Setting::Depth, 1.0, 3.0, 3), 1).replaces(), []);
}

/// No cell keeps given numbers that another has lost.
#[test]
fn given_numbers_give_way_in_every_cell_or_in_none() {
    let mut experiment = he();
    experiment.architecture.hidden = Some(vec![2, 2]);
    experiment.architecture.input = 2;
    experiment.variants[0].weights =
        Some(vec![vec![vec![0.5; 2]; 2], vec![vec![0.5; 2]; 2], vec![vec![0.5; 2]; 1]]);
    experiment.variants[0].biases = Some(vec![vec![0.1; 2], vec![0.1; 2], vec![0.1]]);
    experiment.data = Some(Data { x: vec![vec![1.0, 2.0]], y: vec![vec![1.0]] });
    for setting in Setting::ALL {
        // α is that of a skip.
        experiment.variants[0].skip = (setting == Setting::SkipScale).then_some(Skip::Post);
        let mut request = of(experiment.clone(), axis(setting, 1.0, 3.0, 3), 1);
        if setting == Setting::LearningRate {
            request.quantity = Quantity::Learned;
        }
        request.validate().expect("it can be swept");
        let cells = [0, 1, 2].map(|x| request.experiment_at((x, 0)));
        let told = request.replaces();
        let says = |is: fn(&SweepFinding) -> bool| told.iter().any(is);
        let all = |keeps: &dyn Fn(&Experiment) -> bool| {
            let keep = cells.iter().filter(|cell| keeps(cell)).count();
            assert!(keep == 0 || keep == 3, "{setting:?}");
            keep == 0
        };
        let weights = all(&|cell| cell.variants[0].weights.is_some());
        assert_eq!(says(|f| matches!(f, SweepFinding::WeightsReplaced { .. })), weights);
        let biases = all(&|cell| cell.variants[0].biases.is_some());
        assert_eq!(says(|f| matches!(f, SweepFinding::BiasesReplaced { .. })), biases);
        let data = all(&|cell| cell.data.is_some());
        assert_eq!(says(|f| matches!(f, SweepFinding::DataReplaced)), data);
        assert_eq!(weights || biases || data, !told.is_empty(), "{setting:?} {told:?}");
    }
}

/// The cell again, from the norms alone: dead networks stand below all that live.
fn cell_of(request: &Sweep, x: usize) -> Cell {
    let experiment = request.experiment_at((x, 0));
    let mut sampler = Sampler::new(&experiment, None).expect("any scheme");
    let mut values = Vec::new();
    for seed in 0..u64::from(request.seeds) {
        let norms = sampler.sample(experiment.seed + seed, &|| true).expect("not stopped");
        let steps = norms.len() - 1;
        let log10 = norms[0].log10().map(|first| first - norms[steps].log10().expect("above"));
        values.push(log10.map_or(f64::NEG_INFINITY, |log10| log10 / steps as f64));
    }
    values.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let rank = share * (values.len() - 1) as f64;
        let (low, high) = (values[rank.floor() as usize], values[rank.ceil() as usize]);
        (low.is_finite() && high.is_finite()).then(|| low + rank.fract() * (high - low))
    };
    let dead = values.iter().filter(|v| v.is_infinite()).count();
    let quartiles = [at(0.25), at(0.75)];
    Cell {
        value: at(0.5),
        quartiles: quartiles.iter().any(Option::is_some).then_some(quartiles),
        zero_share: dead as f64 / values.len() as f64,
    }
}

/// The chapter's ReLU net is dead in half of all draws: medians, quartiles and marks over a
/// range of widths at which more or fewer die.
#[test]
fn medians_count_the_dead() {
    let relu =
        Experiment { variants: vec![Variant::of(Activation::Relu)], ..Experiment::default() };
    let (mut zero, mut half) = (0, 0);
    for seed in 0..12 {
        let experiment = Experiment { seed: 100 * seed, ..relu.clone() };
        let request = of(experiment, axis(Setting::Width, 2.0, 20.0, 4), 9);
        let map = run(&request);
        let mut dead = 0;
        for x in 0..4 {
            let (told, own) = (map.cell(x, 0).expect("measured"), cell_of(&request, x));
            let near = |a: Option<f64>, b: Option<f64>| match (a, b) {
                (Some(a), Some(b)) => (a - b).abs() < 1e-12,
                (a, b) => a == b,
            };
            assert!(
                near(told.value, own.value) && told.zero_share == own.zero_share,
                "{told:?} {own:?}"
            );
            let ends = |cell: &Cell| cell.quartiles.unwrap_or([None; 2]);
            assert!((0..2).all(|end| near(ends(&told)[end], ends(&own)[end])), "{told:?} {own:?}");
            // Nine networks: the fifth is the median.
            assert_eq!(told.value.is_none(), told.zero_share > 0.5);
            dead += usize::from(told.value.is_none());
            half += usize::from(told.value.is_none() && told.zero_share < 1.0);
        }
        zero += dead;
        let expected = (dead > 0).then_some(SweepFinding::DeadMedians { cells: dead, of: 4 });
        assert_eq!(map.dead_medians(), expected);
        let result = SweepResult { sweep: request, map, critical: Vec::new() };
        let figure = Figure::sweep(&result, None);
        assert_eq!(figure.notes.len(), usize::from(dead > 0));
        let Panel::Chart(chart) = &figure.panels[0] else { panic!("a curve") };
        let mark = chart.marks.iter().find(|mark| mark.name == "median is a true zero");
        assert_eq!(mark.map_or(0, |mark| mark.readings().len()), dead);
        // Far from the healthy 0.
        assert!(mark.is_none_or(|mark| mark.readings().iter().all(|[_, y]| *y < 0.0)));
    }
    assert!(zero > 8 && half > 4, "{zero} {half}");
}

/// The command line says on standard error what the figure and the JSON say, and an old part,
/// whose gain meant something else, is not joined.
#[test]
fn the_command_line_says_what_is_replaced() {
    let input = he().to_toml();
    let arguments = ["sweep", "-", "--x", "gain:0.5:1.5:3", "--seeds", "2"];
    let output = helpers::lab_with_input(&arguments, input.as_bytes());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let request = of(he(), axis(Setting::Gain, 0.5, 1.5, 3), 2);
    let sentence = words::sweep::sentence(&request.replaces()[0]);
    assert!(told.contains(&sentence) && sentence.contains("1.4142"), "{told}");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(json["notes"][0], sentence.as_str());
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("old.json");
    let mut old = json.clone();
    old.as_object_mut().expect("an object").remove("notes");
    std::fs::write(&path, old.to_string()).expect("it can be written");
    let path = path.display().to_string();
    let refused = helpers::lab(&["sweep", "--join", &path]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("an earlier lab"), "{refused:?}");
    std::fs::write(&path, json.to_string()).expect("it can be written");
    assert!(helpers::lab(&["sweep", "--join", &path]).status.success());
}
